#!/usr/bin/env bash
# usage: count-tests.sh BUILD-FOLDER    Add up what the test programs below it reported.
set -u
passed=$(find "$1" -name '*.out' -path '*test_*' -exec grep -h '\[  PASSED  \]' {} + | awk '{n+=$4} END{print n+0}')
failed=$(find "$1" -name '*.out' -path '*test_*' -exec grep -h '\[  FAILED  \].*test(s)' {} + | awk '{n+=$4} END{print n+0}')
echo "unit: $passed passed, $failed failed"
