#!/usr/bin/env bash
# usage: bench.sh [NAME...]     Run the benchmarks; each prints ratios, percentiles or bytes, and asserts nothing.
# Programs are services/*/bench/bench_*.c; integration-tests/bench/*.mjs run against the platform, which is
# started when it is not running.  The direct browser-to-browser call of the journey is in its figures line.
set -u
. "$(dirname "$0")/lib.sh"
. "$TL_ROOT/scripts/stories.sh"
cd "$TL_ROOT" || exit 1
unset MAKEFLAGS MAKELEVEL
build=$(realpath -m --relative-to=. "$TL_BUILD")
code=0

wanted() { # wanted FILE NAME...
    local base
    base=$(basename "$1")
    shift
    [ $# = 0 ] && return 0
    for n in "$@"; do [[ $base == *"$n"* ]] && return 0; done
    return 1
}

programs=$(ls services/*/bench/bench_*.c 2>/dev/null)
for source in $programs; do
    wanted "$source" "$@" || continue
    program=$build/${source%.c}
    make --no-print-directory BUILD="$build" "$program" || { code=1; continue; }
    echo "== ${source%.c}"
    "$program" || code=1
done

live=$(ls integration-tests/bench/*.mjs 2>/dev/null)
for file in $live; do
    wanted "$file" "$@" || continue
    supervisor_pid >/dev/null || scripts/run.sh || exit 1
    scripts/npm-ci.sh integration-tests || exit 1
    find_broker
    echo "== ${file%.mjs}"
    node "$file" || code=1
done
exit $code
