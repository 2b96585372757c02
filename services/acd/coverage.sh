#!/usr/bin/env bash
# usage: coverage.sh BUILD     Which branches of the core do its stories and random lives take?  Prints those that
# nobody takes, a line for each file, and branches= covered= percent=.  Fails below ACD_COVERAGE_LEAST percent (100).
set -eu
cd "$(dirname "$0")/../.."
build=$(realpath -m "$1")
work=$build/coverage
rm -rf "$work" && mkdir -p "$work/core" "$work/rest"
flags="-std=gnu17 -O0 -g -D_GNU_SOURCE -Iservices/kit/include -Iservices/acd"
tests="test_acd test_acd_rules test_seats test_parts test_core_bounds test_core_rules test_core_words test_core_seats test_condition test_gather test_familiar test_random"

for f in services/acd/core/*.c; do
    gcc $flags --coverage -fprofile-abs-path -c "$f" -o "$work/core/$(basename "$f" .c).o"
done
for f in services/acd/lab/{crowd,random_run,check}.c services/acd/adapters/{policy_yaml,policy_condition,policy_queues,policy_staff,zone}.c \
         services/kit/src/base/*.c services/kit/src/yaml/*.c $(printf 'services/acd/tests/%s.c ' $tests); do
    [ ! -e "$f" ] || gcc $flags -c "$f" -o "$work/rest/$(basename "$f" .c).o"
done
for t in $tests; do
    [ -e "$work/rest/$t.o" ] || continue
    gcc --coverage -o "$work/$t" "$work/rest/$t.o" $(ls "$work"/rest/*.o | grep -v '/test_') "$work"/core/*.o \
        -lcmocka -lm -lyaml -lcrypto
    ACD_SEEDS=40 ACD_FACTS=1500 "$work/$t" >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }
done
cd "$work/core"
for f in *.gcda; do gcov -b -c -t "$f" 2>/dev/null | awk -v want="core/${f%.gcda}.c" -v file="${f%.gcda}.c" '
    /^ *-: *0:Source:/ { mine = index($0, want) > 0 }
    !mine { next }
    match($0, /^ *[^:]*: *[0-9]+:/) { split($0, part, ":"); line = part[2] + 0; text = substr($0, RLENGTH + 1) }
    /^branch +[0-9]+ / {
        n++
        if ($0 ~ /never executed/ || $0 ~ /taken 0( |$)/) { printf "  %s:%d: %s\n", file, line, text } else covered++
    }
    END { printf "%-20s branches %4d covered %4d %6.1f %%\n", file, n, covered, n ? 100 * covered / n : 100 }'
done | tee "$work/list" | grep '^  ' || true
grep -v '^  ' "$work/list"
awk -v least="${ACD_COVERAGE_LEAST:-100}" '!/^  / { n += $3; c += $5 }
    END { p = n ? 100 * c / n : 0; printf "branches=%d covered=%d percent=%.1f\n", n, c, p; exit p < least }' "$work/list"
