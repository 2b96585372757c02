# usage: . scripts/lib.sh     What run, stop and status share: the tables, health, the supervisor (bash).

. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
. "$TL_ROOT/scripts/groups.sh"

SUPERVISOR_CONF=$TL_RUN_DIR/supervisord.conf
SUPERVISOR_SOCK=$TL_RUN_DIR/supervisor.sock
find_postgres() { PG_BIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1); }
find_postgres

say() { printf '%s\n' "$*"; }
warn() { printf 'threadline: %s\n' "$*" >&2; }
die() { warn "$*"; exit 1; }

# name, port
servers_table() {
    cat <<T
nats $((TL_PORT_BASE + 22))
redis $((TL_PORT_BASE + 79))
postgres $((TL_PORT_BASE + 54))
kafka $((TL_PORT_BASE + 92))
janus $((TL_PORT_BASE + 88))
nginx $TL_PORT_BASE
T
}

# process name, program, port ("-": no HTTP)
services_table() {
    cat <<T
media-plane tl-media-plane -
media-relay tl-media-relay $TL_MEDIA_PORT
acd tl-acd $TL_ACD_PORT
acd-standby tl-acd $TL_STANDBY_ACD_PORT
ivr tl-ivr $TL_IVR_PORT
conversation tl-conversation $TL_CONVERSATION_PORT
clickstream-tracker tl-clickstream-tracker $TL_CLICKSTREAM_PORT
cobrowse-relay tl-cobrowse-relay $TL_COBROWSE_PORT
analytics tl-analytics $TL_ANALYTICS_PORT
signaling-gateway tl-signaling-gateway $TL_SIGNALING_PORT
portal tl-portal $TL_PORTAL_PORT
T
}

ctl() { supervisorctl -c "$SUPERVISOR_CONF" "$@"; }
supervisor_pid() {
    local pid
    pid=$(cat "$TL_RUN_DIR/supervisord.pid" 2>/dev/null) || return 1
    [ -n "$pid" ] && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$SUPERVISOR_CONF" && echo "$pid"
}

port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
http_code() { curl -s -o /dev/null -m 2 -w '%{http_code}' "$1"; }
secret() { cat "$TL_RUN_DIR/secrets/$1"; }

# health NAME PORT: "ok", or a few words that say what is wrong.
health() {
    local name=$1 port=$2 code
    case $name in
    nats) [ "$(http_code "$TL_NATS_MONITOR_URL/healthz")" = 200 ] && echo ok || echo "no answer" ;;
    redis)
        [ "$(REDISCLI_AUTH=$(secret redis-setup) redis-cli -p "$port" --user setup ping 2>/dev/null)" = PONG ] &&
            echo ok || echo "no answer" ;;
    postgres) "$PG_BIN/pg_isready" -q -h 127.0.0.1 -p "$port" && echo ok || echo "not accepting" ;;
    kafka)
        if [ -z "$TL_KAFKA_BROKERS" ]; then echo "off (no broker)"
        else port_open "$port" && echo ok || echo "no answer"; fi ;;
    janus | nginx) port_open "$port" && echo ok || echo "no answer" ;;
    media-plane) [ -S "$TL_MEDIA_PLANE_SOCKET" ] && group_of media-plane >/dev/null && echo ok || echo "no socket" ;;
    *)
        code=$(http_code "http://127.0.0.1:$port/readyz")
        case $code in 200) echo ok ;; 503) echo "not ready" ;; 000) echo "no answer" ;; *) echo "HTTP $code" ;; esac ;;
    esac
}

# wait_ok NAME PORT SECONDS
wait_ok() {
    local tries=$(($3 * 10))
    while [ "$(health "$1" "$2")" != ok ]; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.1
    done
}
