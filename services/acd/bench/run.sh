#!/usr/bin/env bash
# usage: bench/run.sh BUILD [PICTURE]     Core on one processor; service and Redis on the others.  The last line has
# every figure; the growth curves are drawn to docs/acd-growth.svg.
set -u
cd "$(dirname "$0")/../../.." || exit 1
build=$1
out=$build/bench-acd
mkdir -p "$out"
one=""
[ "$(nproc)" -gt 1 ] && one="taskset -c 0"
$one "$build/services/acd/bench/bench_core" | tee "$out/core"
"$build/services/acd/bench/bench_durable" | grep -v '^{' | tee "$out/durable"
"$build/services/acd/bench/bench_dispatch" "$build/tl-acd" | grep -v '^{' | tee "$out/dispatch"
services/acd/bench/growth.awk "$out/core" >"${2:-docs/acd-growth.svg}"
echo "load average $(cut -d' ' -f1 /proc/loadavg)"
echo "$(tail -n1 "$out/core") $(tail -n1 "$out/durable") $(tail -n1 "$out/dispatch")"
