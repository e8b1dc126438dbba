#!/usr/bin/env bash
# The main job, on a sample site: a fresh lake, the whole pipeline, its tables,
# and a question in SQL.
set -euo pipefail

wplake=$(cd "$(dirname "${1:?usage: demo.sh WPLAKE DIR}")" && pwd)/$(basename "$1")
directory=${2:?usage: demo.sh WPLAKE DIR}
question=$(cd "$(dirname "$0")/.." && pwd)/examples/most-read-posts.sql

# Only a lake is ever removed here, never a folder that holds something else.
if [ -e "$directory" ] && [ ! -e "$directory/wplake.yaml" ]; then
  echo "$directory is there and is no lake: move it away, or name another folder with make demo DEMO=FOLDER" >&2
  exit 2
fi
rm -rf "$directory"

show() {
  printf '\n$ %s\n' "$*"
}

show wplake init "$directory" --source sample
"$wplake" init "$directory" --source sample
cd "$directory"
show wplake run
"$wplake" run
show wplake tables
"$wplake" tables
show wplake query --file examples/most-read-posts.sql
"$wplake" query --file "$question"

printf '\nThe lake is in %s. Go on there with:\n  %s shell\n' "$PWD" "$wplake"
