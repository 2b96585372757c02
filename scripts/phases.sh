# usage: . scripts/phases.sh     Run named steps, keep their output in files, count, and report (bash).
#
# A step that says "N passed, M failed" (and perhaps ", K skipped") in its output counts as that many; any
# other counts as one.

PASSED=0 FAILED=0 SKIPPED=0
PHASE_LOGS=${PHASE_LOGS:-$(mktemp -d)}
mkdir -p "$PHASE_LOGS"

# phase_start NAME COMMAND...: in the background; phase_end NAME waits for it and reports.
phase_start() {
    local name=$1
    shift
    rm -f "$PHASE_LOGS/$name".{log,result}
    (
        begin=$SECONDS
        "$@" >"$PHASE_LOGS/$name.log" 2>&1 </dev/null
        echo "$? $((SECONDS - begin))" >"$PHASE_LOGS/$name.result"
    ) &
    eval "PHASE_PID_${name//[^a-z]/_}=$!"
}

phase_end() {
    local name=$1 pid code=1 seconds=0 passed failed skipped
    pid=PHASE_PID_${name//[^a-z]/_}
    wait "${!pid}"
    read -r code seconds <"$PHASE_LOGS/$name.result"
    read -r passed _ failed _ skipped _ < <(grep -oE '[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?' "$PHASE_LOGS/$name.log" | tail -1)
    if [ -z "$passed" ]; then
        passed=$((code == 0)) failed=$((code != 0))
    elif [ "$code" != 0 ] && [ "$failed" = 0 ]; then
        failed=1 # it broke before it could count
    fi
    PASSED=$((PASSED + passed)) FAILED=$((FAILED + failed)) SKIPPED=$((SKIPPED + ${skipped:-0}))
    if [ "$code" = 0 ] && [ "$failed" = 0 ]; then
        printf '  ok    %-18s %4d s   %s passed\n' "$name" "$seconds" "$passed"
    else
        printf '  FAIL  %-18s %4d s   %s passed, %s failed   (all of it: %s)\n' "$name" "$seconds" "$passed" "$failed" "$PHASE_LOGS/$name.log"
        { grep -nE 'FAILED|FAIL |not ok|[Ee]rror[: ]' "$PHASE_LOGS/$name.log" | head -n 20; echo ...; tail -n 20 "$PHASE_LOGS/$name.log"; } | cut -c1-200 | sed 's/^/        /'
        return 1
    fi
}

phase() {
    phase_start "$@"
    phase_end "$1"
}

# The one line that sums up; true when nothing failed.
sum_up() {
    echo "$PASSED passed, $FAILED failed$([ "$SKIPPED" = 0 ] || echo ", $SKIPPED skipped")"
    [ "$FAILED" = 0 ]
}
