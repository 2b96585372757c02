#!/usr/bin/env bash
# usage: mutants/run.sh BUILD [NAME...]     Plant each bug (a patch) into a copy of the core, one at a time, and
# see whether the stories or the random lives notice.  Ends with caught= planted=; fails unless all are caught.
set -u
cd "$(dirname "$0")/../../.." || exit 1
build=$(realpath -m "$1")
shift
work=$build/mutants
rm -rf "$work" && mkdir -p "$work/clean"
tests="test_acd test_acd_rules test_condition test_gather test_familiar test_seats test_core_seats"
limit=600 # seconds; then five times what it takes without a bug
flags="-std=gnu17 -O1 -D_GNU_SOURCE -Iservices/kit/include"
libs="-lcmocka -lm -lyaml -lcrypto"
caught=0 planted=0 missed=""

compile() { # compile ROOT INCLUDE FILE OBJECT
    gcc $flags -I"$2" -c "$1/$3" -o "$4" || exit 1
}

for f in services/acd/core/*.c services/acd/lab/crowd.c services/acd/lab/random_run.c services/acd/lab/check.c services/acd/adapters/policy_*.c services/acd/adapters/zone.c \
         services/kit/src/base/*.c services/kit/src/yaml/*.c services/acd/tests/test_acd.c services/acd/tests/test_acd_rules.c services/acd/tests/test_seats.c \
         services/acd/tests/test_core_seats.c services/acd/tests/test_condition.c services/acd/tests/test_gather.c services/acd/tests/test_familiar.c services/acd/tests/test_random.c; do
    compile . services/acd "$f" "$work/clean/$(basename "$f" .c).o"
done

# link OBJECTS-FOLDER: the test programs
link() {
    for t in $tests test_random; do
        gcc -o "$1/$t" "$1/$t.o" $(ls "$1"/*.o | grep -v '/test_') $libs || exit 1
    done
}

noticed() { # noticed FOLDER
    (
        for t in $tests; do timeout $limit "$1/$t" || exit; done
        ACD_SEEDS=150 ACD_FACTS=1500 timeout $limit "$1/test_random"
    ) >"$1/out" 2>&1
    code=$?
    [ $code != 124 ] || echo "told nothing: does not end" >>"$1/out"
    [ $code != 0 ]
}

link "$work/clean"
began=$SECONDS
if noticed "$work/clean"; then
    cat "$work/clean/out"
    echo "the tests fail without any planted bug"
    exit 1
fi
limit=$(((SECONDS - began) * 5 + 60))
for patch in services/acd/mutants/*.patch; do
    name=$(basename "$patch" .patch)
    [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
    planted=$((planted + 1))
    rm -rf "$work/now" "$work/tree"
    mkdir -p "$work/tree/services/acd"
    cp -r services/acd/core services/acd/lab services/acd/adapters "$work/tree/services/acd/"
    (cd "$work/tree" && patch -s -p1 <"$OLDPWD/$patch") || { echo "$name: does not apply"; missed="$missed $name"; continue; }
    cp -r "$work/clean" "$work/now"
    rm -f "$work"/now/test_{acd,acd_rules,condition,gather,familiar,seats,core_seats,random}
    file=$(sed -n 's|^+++ b/||p' "$patch")
    compile "$work/tree" "$work/tree/services/acd" "$file" "$work/now/$(basename "$file" .c).o"
    link "$work/now"
    if noticed "$work/now"; then
        caught=$((caught + 1))
        printf '  caught  %-40s %s\n' "$name" "$(grep -m1 -oE 'told .*|seed [0-9]+: .*|Segmentation.*|[a-z_]+\.c:[0-9]+: error.*' "$work/now/out" | cut -c1-90)"
    else
        missed="$missed $name"
        printf '  MISSED  %s\n' "$name"
    fi
done
rm -rf "$work"
echo "caught=$caught planted=$planted"
[ "$caught" = "$planted" ]
