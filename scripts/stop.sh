#!/usr/bin/env bash
# usage: stop.sh     Stop everything that run.sh started in TL_RUN_DIR and check that nothing is left.
set -u
. "$(dirname "$0")/lib.sh"
. "$TL_ROOT/scripts/servers.sh"
. "$TL_ROOT/scripts/supervise.sh"

[ -d "$TL_RUN_DIR" ] || exit 0
exec 9>"$TL_RUN_DIR/lock"
flock -w 120 9 || die "another run or stop is going on in $TL_RUN_DIR"

if pid=$(supervisor_pid); then
    /usr/bin/python3 "$TL_ROOT/scripts/stop-all.py" "$SUPERVISOR_SOCK" $(services_table | cut -d' ' -f1) 9>&- || kill -TERM "$pid"
    for _ in $(seq 200); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null
fi
reap

if [ -s "$TL_RUN_DIR/janus/own-interface" ]; then
    ip link del "$(cat "$TL_RUN_DIR/janus/own-interface")" 2>/dev/null
    rm -f "$TL_RUN_DIR/janus/own-interface"
fi
left=$(groups_alive | paste -sd' ')
[ -z "$left" ] || die "these are still there: $left"
say "stopped"
