#!/usr/bin/env bash
# usage: run.sh [all|start|servers]     Install, build and start everything and print the addresses.
#   all      (default) install, build, start          start    start what is built already
#   servers  only NATS, Redis, PostgreSQL, Kafka, Janus and nginx
# A second run changes nothing; a newly built service, or a server with other settings, is started again.
set -u
. "$(dirname "$0")/lib.sh"
. "$TL_ROOT/scripts/servers.sh"
. "$TL_ROOT/scripts/supervise.sh"
only=${1:-all}
case $only in
all | start | servers) ;;
*) sed -n 2,5p "$0" | sed 's/^# //' >&2; exit 2 ;;
esac
cd "$TL_ROOT" || exit 1
unset MAKEFLAGS MAKELEVEL

# From 32768 on the kernel gives ports to clients, and the highest of ours is TL_PORT_BASE + 4999.
[ "$TL_PORT_BASE" -le 27700 ] || warn "TL_PORT_BASE is high: some port may be taken by a client now and then"

mkdir -p "$TL_RUN_DIR"
exec 9>"$TL_RUN_DIR/lock"
flock -w 120 9 || die "another run or stop is going on in $TL_RUN_DIR"

[ "$only" = start ] || scripts/install.sh 9>&- || exit 1
find_postgres # it may have come just now
if [ "$only" = all ]; then
    make -s -j"$(nproc)" BUILD="$(realpath -m --relative-to=. "$TL_BUILD")" build web \
        "$(realpath -m --relative-to=. "$TL_BUILD")/gen/descriptors.pb" 9>&- || exit 1
fi

# ---- servers -----------------------------------------------------------------------------------
prepare_servers
write_supervisor_conf
write_servers_conf
if supervisor_pid >/dev/null; then
    ctl update >/dev/null 2>&1 9>&-
    for name in $(printf '%s\n' $CHANGED | sort -u); do ctl restart "$name" >/dev/null 2>&1 9>&- & done
    wait
else
    rm -f "$TL_RUN_DIR/conf.d/services.conf" # services come after their servers
    start_supervisor
fi

bad=0
while read -r name port; do
    [ "$name" = kafka ] && [ -z "$TL_KAFKA_BROKERS" ] && continue
    wait_ok "$name" "$port" 30 && continue
    warn "$name is not up, see $TL_RUN_DIR/log/$name.log"
    [ "$name" = kafka ] && warn "the events wait in JetStream" || bad=1
done < <(servers_table)
[ $bad = 0 ] || exit 1
setup_kafka 9>&- &
setup_postgres || die "the database could not be prepared"
setup_streams || bad=1
wait $! || warn "the topics could not be made; events wait in JetStream"

if [ "$only" = servers ]; then
    say "servers are up: NATS $TL_NATS_URL, Redis $TL_REDIS_URL, PostgreSQL port $((TL_PORT_BASE + 54)), Kafka ${TL_KAFKA_BROKERS:-none}, Janus $TL_MEDIA_JANUS_URL, origin $TL_PUBLIC_ORIGIN"
    exit $bad
fi

# ---- services ----------------------------------------------------------------------------------
# A process whose program was built again since it started runs a deleted or another file.
stale() {
    local pid=$1 binary=$2
    [ "$(stat -Lc %d:%i "/proc/$pid/exe" 2>/dev/null)" != "$(stat -c %d:%i "$binary")" ]
}
write_services_conf
ctl update >/dev/null 2>&1 9>&-
states=$(ctl status)
pids=$(awk '$2 == "RUNNING" {sub(",", "", $4); print $1, $4}' <<<"$states")
for name in $(awk '$2 ~ /^(BACKOFF|FATAL|STOPPED|EXITED)$/ {print $1}' <<<"$states"); do
    ctl restart "$name" >/dev/null 2>&1 9>&- & # stopped by hand, or told to wait long
done
while read -r name binary port; do
    pid=$(awk -v n="$name" '$1 == n {print $2}' <<<"$pids")
    if [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != start.sh ] && stale "$pid" "$TL_BUILD/$binary"; then
        say "$name was built again: restarting it"
        ctl restart "$name" >/dev/null 2>&1 9>&- &
    fi
done < <(services_table)
wait
deadline=$((SECONDS + 25))

while read -r name binary port; do
    if [ ! -x "$TL_BUILD/$binary" ]; then
        warn "$name is not built"
    elif ! wait_ok "$name" "$port" $((SECONDS < deadline ? deadline - SECONDS : 1)); then
        warn "$name is not ready ($(health "$name" "$port")), see $TL_RUN_DIR/log/$name.log"
        bad=1
    fi
done < <(services_table)

password=$(secret demo-password)
events=${TL_KAFKA_BROKERS:+Kafka at $TL_KAFKA_BROKERS}
events=${events:-in JetStream (no Kafka broker on this machine)}
cat <<T

  Threadline is running.
    shop    $TL_PUBLIC_ORIGIN/shop/
    desk    $TL_PUBLIC_ORIGIN/desk/
    board   $TL_PUBLIC_ORIGIN/board/
    sign in to the desk as $(demo_agents | sed 's/ /, /g') with the password $password
    events  ${events}
    make status shows everything; make stop stops it.
T
exit $bad
