# usage: . scripts/env.sh     Every setting of the platform, from TL_PORT_BASE and TL_RUN_DIR (bash).
#
# Two checkouts run side by side when their TL_PORT_BASE differ by at least 5000 (make test takes 24000);
# everything else follows from it.  Services read the concrete variables below and never TL_PORT_BASE itself.

TL_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
: "${TL_PORT_BASE:=18000}" "${TL_RUN_DIR:=.run}" "${TL_BUILD:=build}"
case $TL_RUN_DIR in /*) ;; *) TL_RUN_DIR=$TL_ROOT/$TL_RUN_DIR ;; esac
case $TL_BUILD in /*) ;; *) TL_BUILD=$TL_ROOT/$TL_BUILD ;; esac
export TL_ROOT TL_PORT_BASE TL_RUN_DIR TL_BUILD

_tl_port() { echo $((TL_PORT_BASE + $1)); }
_tl_secrets=$TL_RUN_DIR/secrets

# ---- the one origin and each service's own port ---------------------------------------------
export TL_PUBLIC_ORIGIN=http://127.0.0.1:$TL_PORT_BASE
export TL_CONFIG_DIR=${TL_CONFIG_DIR:-$TL_ROOT/deploy/config}
export TL_LOG_LEVEL=${TL_LOG_LEVEL:-info}
export TL_SIGNALING_PORT=$(_tl_port 10)
export TL_MEDIA_PORT=$(_tl_port 11)
export TL_CONVERSATION_PORT=$(_tl_port 12)
export TL_IVR_PORT=$(_tl_port 13)
export TL_ACD_PORT=$(_tl_port 14)
export TL_STANDBY_ACD_PORT=$(_tl_port 24)
export TL_CLICKSTREAM_PORT=$(_tl_port 15)
export TL_COBROWSE_PORT=$(_tl_port 16)
export TL_ANALYTICS_PORT=$(_tl_port 17)
export TL_PORTAL_PORT=$(_tl_port 18)

# ---- the servers ----------------------------------------------------------------------------
export TL_NATS_URL=nats://127.0.0.1:$(_tl_port 22)
export TL_NATS_MONITOR_URL=http://127.0.0.1:$(_tl_port 23)
export TL_REDIS_URL=redis://127.0.0.1:$(_tl_port 79)
export TL_CONVERSATION_DB="host=127.0.0.1 port=$(_tl_port 54) dbname=threadline user=conversation"
export TL_CONVERSATION_DB_PASSWORD_FILE=$_tl_secrets/postgres-conversation
export TL_MEDIA_JANUS_URL=ws://127.0.0.1:$(_tl_port 88)
export TL_MEDIA_JANUS_SECRET_FILE=$_tl_secrets/janus-api
export TL_MEDIA_JANUS_ROOM_KEY_FILE=$_tl_secrets/janus-room
export TL_MEDIA_PLANE_SOCKET=$TL_RUN_DIR/media/plane.sock
export TL_MEDIA_SOUNDS_DIR=$TL_BUILD/media
export TL_MEDIA_RTP_PORTS=$(_tl_port 4000)-$(_tl_port 4999)
# Kafka is optional: without its jars the events wait in JetStream until a broker is configured.
if [ -z "${TL_KAFKA_BROKERS+set}" ]; then
    if [ -e "$TL_RUN_DIR/kafka/available" ]; then
        TL_KAFKA_BROKERS=127.0.0.1:$(_tl_port 92)
    else
        TL_KAFKA_BROKERS=
    fi
fi
export TL_KAFKA_BROKERS

# ---- who may speak to them -------------------------------------------------------------------
# TL_<SVC>_NATS_USER/_NATS_PASSWORD_FILE for all; setup, tl and bench are tools, not services.
TL_NATS_USERS="signaling media conversation ivr acd clickstream cobrowse analytics setup tl bench"
TL_REDIS_USERS="signaling media acd clickstream cobrowse setup"
for _tl_svc in $TL_NATS_USERS; do
    export "TL_${_tl_svc^^}_NATS_USER=$_tl_svc" "TL_${_tl_svc^^}_NATS_PASSWORD_FILE=$_tl_secrets/nats-$_tl_svc"
done
for _tl_svc in $TL_REDIS_USERS; do
    export "TL_${_tl_svc^^}_REDIS_USER=$_tl_svc" "TL_${_tl_svc^^}_REDIS_PASSWORD_FILE=$_tl_secrets/redis-$_tl_svc"
done
unset _tl_svc

# ---- keys, the demo's sign-in, and what is served ---------------------------------------------
export TL_TOKEN_KEY_FILE=$_tl_secrets/token-key
export TL_SITE_KEY_FILE=$_tl_secrets/site-key
export TL_SIGNALING_PASSWORDS_FILE=$_tl_secrets/agents.passwd
export TL_SIGNALING_SCHEMAS=$TL_BUILD/gen/descriptors.pb
export TL_PORTAL_WEB_DIR=$TL_BUILD/web
export TL_PORTAL_DEMO=${TL_PORTAL_DEMO-1}
unset _tl_secrets
