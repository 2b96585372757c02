#!/usr/bin/env bash
# usage: journey.sh     The main journey in two real browsers against the running platform.
# Ends with one line of key=value figures, which the journey writes to $TL_RUN_DIR/journey.figures.
set -u
. "$(dirname "$0")/lib.sh"
. "$TL_ROOT/scripts/stories.sh"
cd "$TL_ROOT" || exit 1
supervisor_pid >/dev/null || scripts/run.sh || exit 1
scripts/npm-ci.sh integration-tests || exit 1

export TL_JOURNEY_FIGURES=$TL_RUN_DIR/journey.figures
rm -f "$TL_JOURNEY_FIGURES"
run_stories $(find integration-tests/journey -name '*.test.mjs' | sort)
code=$?
[ -s "$TL_JOURNEY_FIGURES" ] || { warn "the journey measured nothing"; exit 1; }
tail -n 1 "$TL_JOURNEY_FIGURES"
exit $code
