#!/usr/bin/env bash
# usage: fuzz.sh BUILD SECONDS     Run every fuzzer below BUILD/fuzz for SECONDS; what it finds is kept.
# Seeds are services/<name>/fuzz/corpus/<fuzzer>/; new inputs and findings go to BUILD/fuzz-work/<fuzzer>/.
set -u
cd "$(dirname "$0")/.." || exit 1
build=$1 seconds=$2 passed=0 failed=0
for fuzzer in $(find "$build/fuzz" -type f -name 'fuzz_*' -perm -u+x | sort); do
    name=$(basename "$fuzzer")
    service=${fuzzer#"$build/fuzz/"}
    service=${service%%/*}
    work=$build/fuzz-work/$name
    seeds=services/$service/fuzz/corpus/$name
    mkdir -p "$work"
    if "$fuzzer" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$work/" "$work" $([ -d "$seeds" ] && echo "$seeds") >"$work.log" 2>&1; then
        passed=$((passed + 1))
        echo "  ok    $name $(sed -n 's/stat::number_of_executed_units: */runs=/p' "$work.log")"
    else
        failed=$((failed + 1))
        echo "  FAIL  $name (input in $work/)"
        tail -n 30 "$work.log"
    fi
done
echo "fuzz: $passed passed, $failed failed"
[ $failed = 0 ] && [ $passed -gt 0 ]
