#!/usr/bin/env bash
# usage: integration.sh [STORY...]     The stories of integration-tests/ against the running platform.
# A story is integration-tests/<story>/*.test.mjs; the platform is started when it is not running.
# Without a name: all but the journey, and chaos, which kills everything at random for a minute (make chaos).
set -u
. "$(dirname "$0")/lib.sh"
. "$TL_ROOT/scripts/stories.sh"
cd "$TL_ROOT" || exit 1
supervisor_pid >/dev/null || scripts/run.sh || exit 1
[ ! -e integration-tests/package-lock.json ] || scripts/npm-ci.sh integration-tests || exit 1

if [ $# -gt 0 ]; then
    files=$(for s in "$@"; do find "integration-tests/$s" -name '*.test.mjs'; done)
else
    files=$(find integration-tests -name '*.test.mjs' -not -path '*/node_modules/*' -not -path '*/journey/*' -not -path '*/chaos/*' | sort)
fi
[ -n "$files" ] || die "no story found"
run_stories $files
