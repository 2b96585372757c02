#!/usr/bin/env bash
# usage: count-tests.sh BUILD-FOLDER    Add up what the test programs below it reported (those whose source is still there).
set -u
cd "$(dirname "$0")/.." || exit 1
outs=$(find "$1" -name 'test_*.out' | while read -r out; do
    source=${out#"$1"/}
    [ ! -e "${source%.out}.c" ] || echo "$out"
done)
count() { { grep -hE "$1" $outs /dev/null || true; } | awk '{n += $4} END {print n + 0}'; }
echo "unit: $(count '\[  PASSED  \]') passed, $(count '\[  FAILED  \] [0-9]+ test\(s\)') failed, $(count '\[  SKIPPED \] [0-9]+ test') skipped"
