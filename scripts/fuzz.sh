#!/usr/bin/env bash
# Runs every fuzz target of the module, each for the given time.
set -euo pipefail

fuzztime=${1:?usage: fuzz.sh DURATION}
count=0
while IFS=: read -r file target; do
  package=./$(dirname "$file")
  echo "== $package $target"
  go test -run='^$' -fuzz="^$target\$" -fuzztime="$fuzztime" "$package"
  count=$((count + 1))
done < <(grep -rhoE --include='*_test.go' -H '^func Fuzz[A-Za-z0-9_]+' internal cmd |
  sed -E 's/:func /:/' | sort)

if [ "$count" -eq 0 ]; then
  echo 'no fuzz target found' >&2
  exit 1
fi
echo "$count fuzz targets held for $fuzztime each"
