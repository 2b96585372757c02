#!/usr/bin/env bash
# usage: run-test.sh PROGRAM OK-FILE    Run one test program; keep its output beside it; touch OK-FILE if it passed.
set -u
# With TL_TEST_NO_SKIP=1 a test that did not find its server ("skipped: ...") failed.
out="$1.out"
if CMOCKA_MESSAGE_OUTPUT=stdout timeout "${TL_TEST_TIMEOUT:-300}" "$1" >"$out" 2>&1; then
    if [ -n "${TL_TEST_NO_SKIP:-}" ] && grep '^skipped:' "$out"; then
        echo "[  FAILED  ] 1 test(s)" >>"$out"
        echo "FAILED (skipped): $1"
        exit 1
    fi
    touch "$2"
else
    code=$?
    tail -n 60 "$out"
    echo "FAILED ($code): $1   (whole output: $out)"
    exit 1
fi
