#!/usr/bin/env bash
# usage: check.sh     Layers, format, proto lint, API documents, static analysis, compose, hardening.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${TL_BUILD:-build}
. scripts/phases.sh
trap 'rm -rf "$PHASE_LOGS"' EXIT
tools=scripts/tools/node_modules

tracked() { git ls-files -z -- "$@"; }

layers() { scripts/check-layers.sh "$build"; }
format() { tracked '*.c' '*.h' | xargs -0r clang-format --dry-run -Werror; }
scripts_parse() { for f in scripts/*.sh .ci/run; do bash -n "$f" || return 1; done; }
proto() {
    local before
    $tools/@bufbuild/buf-linux-*/bin/buf lint proto || return 1
    # What is published may grow and never change: compared with the last release, until there is one with the commit before.
    before=$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null || git rev-parse --verify -q HEAD~1) || return 0
    rm -rf "$PHASE_LOGS/proto" && mkdir -p "$PHASE_LOGS/proto" && git archive "$before" proto | tar -x -C "$PHASE_LOGS" || return 1
    $tools/@bufbuild/buf-linux-*/bin/buf breaking proto --against "$PHASE_LOGS/proto"
}
api() {
    local files
    # Every message, event and route of the sources is in the documents, and nothing else.
    node docs/api/generate.mjs --check || return 1
    files=$(ls docs/api/*.yaml 2>/dev/null)
    [ -z "$files" ] || node scripts/tools/check-api.mjs $files
}
metrics() { scripts/check-metrics.sh; }
names() { scripts/check-names.sh; }
analysis() {
    # gcc warns of what is not initialised; settings tables hide the writing from cppcheck.  Messages
    # are put together from locals while they are packed, and compound literals confuse it.
    # It does not know __VA_OPT__, with which the log's macros are made: it sees declarations instead.
    mkdir -p "$PHASE_LOGS/include"
    cp services/kit/include/*.h "$PHASE_LOGS/include/"
    perl -i -0pe 's/#define tl_(debug|info|warn|error)\((?:[^\n]*\\\n)*[^\n]*\n/void tl_$1(const char *phrase, ...);\n/g' "$PHASE_LOGS/include/tl_log.h"
    tracked 'services/*.c' | tr '\0' '\n' | grep -v '/tests/' >"$PHASE_LOGS/files"
    cppcheck --quiet --error-exitcode=1 --enable=warning,portability --inline-suppr --std=c11 -j"$(nproc)" \
        --suppress=missingInclude --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=uninitvar --suppress=legacyUninitvar --suppress=autoVariables --suppress=internalAstError --suppress=nullPointer:services/kit/src/ws/write.c --suppress=shiftTooManyBitsSigned \
        -I"$PHASE_LOGS/include" --file-list="$PHASE_LOGS/files"
}
compose() { docker-compose -f docker-compose.yml config -q && /usr/bin/python3 scripts/check-compose.py docker-compose.yml "$build"; }
lockfiles() { # a lock file that names a registry only works where that registry is
    ! tracked '*package-lock.json' | xargs -0r grep -nE '"resolved": *"https?:'
}
hardening() { scripts/check-hardening.sh "$build"; }

scripts/npm-ci.sh scripts/tools || exit 1
phase_start analysis analysis
for step in layers format scripts_parse proto api metrics names compose lockfiles hardening; do phase "$step" "$step"; done
phase_end analysis
sum_up
