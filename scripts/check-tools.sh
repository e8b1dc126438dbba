#!/usr/bin/env bash
# Says which tools are missing and how to install them. Installs nothing.
set -u

missing=0

# explain WHAT DEBIAN FEDORA MACOS
explain() {
  missing=1
  {
    printf 'missing: %s\n' "$1"
    printf '  Debian, Ubuntu:  %s\n' "$2"
    printf '  Fedora:          %s\n' "$3"
    printf '  macOS:           %s\n' "$4"
  } >&2
}

explain_go() {
  explain "$1" \
    'sudo apt-get install golang-go   (older than 1.21? take the archive from the Go download page)' \
    'sudo dnf install golang' \
    'brew install go'
}

# A Go of 1.21 or later fetches the version that go.mod asks for by itself,
# unless GOTOOLCHAIN=local forbids it; so ask which version really runs here.
if ! command -v go >/dev/null 2>&1; then
  explain_go 'Go 1.26 or later'
elif ! version=$(go env GOVERSION 2>&1); then
  explain_go "Go 1.26 or later (the go command says: $version)"
else
  numbers=${version#go}
  major=${numbers%%.*}
  rest=${numbers#*.}
  minor=${rest%%[!0-9]*}
  if [ "$major" -lt 1 ] || { [ "$major" -eq 1 ] && [ "$minor" -lt 26 ]; }; then
    explain_go "Go 1.26 or later (this is $version)"
  fi
fi

# DuckDB is linked statically and is C++, so the linker needs C++'s library.
library=-lstdc++
[ "$(uname -s)" = Darwin ] && library=-lc++
compiler=${CC:-$(go env CC 2>/dev/null || echo cc)}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo 'int main(void) { return 0; }' >"$scratch/probe.c"
# $compiler may hold flags as well, as the go command allows.
# shellcheck disable=SC2086
if ! $compiler "$scratch/probe.c" $library -o "$scratch/probe" >/dev/null 2>&1; then
  explain "a C compiler with the C++ library ($compiler $library does not link)" \
    'sudo apt-get install build-essential' \
    'sudo dnf install gcc gcc-c++' \
    'xcode-select --install'
fi

exit "$missing"
