#!/usr/bin/env bash
# usage: bench/run.sh BUILD [PICTURE]     Core on one processor; service and Redis on the others.  The last line has
# the figures that are promised, the line before all of them; the growth curves are drawn to docs/acd-growth.svg.
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
all="$(tail -n1 "$out/core") $(tail -n1 "$out/durable") $(tail -n1 "$out/dispatch")"
echo "load average $(cut -d' ' -f1 /proc/loadavg)"
echo "$all"
line=""
for name in core_facts_per_s core_growth durable_facts_per_s durable_ratio_to_hset commit_p99_ms dispatch_p50_us \
    dispatch_p99_us idle_cpu_pct bytes_per_contact takeover_ms; do
    pair=$(tr ' ' '\n' <<<"$all" | grep "^$name=") || { echo "no figure of $name" >&2; exit 1; }
    line="$line$pair "
done
echo "${line% }"
