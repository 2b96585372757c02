# usage: . scripts/stories.sh     Run files of Node's test runner one after the other and add up (bash).

# The settings may have been read before the broker was there; without it its stories would be skipped.
find_broker() {
    local port=$((TL_PORT_BASE + 92))
    [ -n "$TL_KAFKA_BROKERS" ] || ! port_open $port || export TL_KAFKA_BROKERS=127.0.0.1:$port
}

# run_stories FILE...: needs the platform's settings (env.sh) in the environment.
run_stories() {
    local file out passed=0 failed=0 skipped=0 code=0 p f s
    out=$(mktemp)
    find_broker
    for file in "$@"; do
        echo "# $file"
        timeout "${TL_STORY_TIMEOUT_S:-300}" node --test --test-reporter=tap "$file" >"$out" 2>&1 || code=1
        cat "$out"
        p=$(sed -n 's/^# pass \([0-9]*\)$/\1/p' "$out" | tail -1)
        f=$(sed -n 's/^# fail \([0-9]*\)$/\1/p' "$out" | tail -1)
        s=$(sed -n 's/^# skipped \([0-9]*\)$/\1/p' "$out" | tail -1)
        # A file that was cut short, or told nothing, failed.
        [ -n "$p" ] && [ $((p + f)) -gt 0 ] || { p=${p:-0} f=1 code=1; }
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + ${s:-0}))
    done
    rm -f "$out"
    echo "stories: $passed passed, $failed failed, $skipped skipped"
    return $code
}
