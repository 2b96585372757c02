#!/usr/bin/env bash
# usage: test.sh     Everything: install, build, unit tests under sanitizers, web tests, checks, stories, journey.
# Runs on ports and a data folder of its own, so that a running demo is not disturbed; stops what it started.
set -u
cd "$(dirname "$0")/.." || exit 1
unset MAKEFLAGS MAKELEVEL
for name in ${!TL_@}; do [[ $name == TL_TEST_* ]] || unset "$name"; done # of a running platform, say
export TL_TEST_NO_SKIP=1 # install.sh has brought every server: a test without its server failed
export TL_PORT_BASE=${TL_TEST_PORT_BASE:-24000} TL_RUN_DIR=${TL_TEST_RUN_DIR:-.run-test}
. scripts/lib.sh
PHASE_LOGS=$TL_RUN_DIR/test-logs
. scripts/phases.sh
begin=$SECONDS
MAKE="make --no-print-directory" # integration-tests/docs reads below which targets are run

finish() {
    scripts/stop.sh >/dev/null 2>&1
    wait
}
trap finish EXIT
trap 'exit 130' INT TERM

unit_san() {
    local code
    $MAKE -k -j"$(nproc)" unit-san
    code=$?
    # make stops before the count when a test failed
    [ $code = 0 ] || scripts/count-tests.sh build-san
    return $code
}
web_unit() {
    scripts/npm-ci.sh services/portal/web || return 1
    local out code
    out=$(cd services/portal/web && NO_COLOR=1 npm test 2>&1)
    code=$?
    printf '%s\n' "$out"
    sed -nE 's/^ *Tests +(([0-9]+) failed \| )?([0-9]+) passed( \| ([0-9]+) skipped)?.*/\3 ,\2 ,\5/p' <<<"$out" | tail -1 |
        { IFS=' ,' read -r p f s && echo "web: $p passed, ${f:-0} failed, ${s:-0} skipped"; }
    return $code
}
build() { $MAKE -j"$(nproc)" BUILD="$(realpath -m --relative-to=. "$TL_BUILD")" build web "$(realpath -m --relative-to=. "$TL_BUILD")/gen/descriptors.pb"; }

echo "make test (output of each step: $PHASE_LOGS)"
finish # a run that was cut short
phase install $MAKE install || { sum_up; exit 1; }
if phase build build; then
    phase_start start scripts/run.sh start
    phase_start web web_unit
    phase unit-san unit_san
    phase_end web
    phase check $MAKE check
    if phase_end start; then
        phase stories $MAKE integration
        phase journey $MAKE journey
    fi
    phase stop $MAKE stop
fi
echo "  $((SECONDS - begin)) s in all"
sum_up
