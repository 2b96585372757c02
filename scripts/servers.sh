# usage: . scripts/servers.sh     Prepare the servers below TL_RUN_DIR: secrets, settings, first-time data.
#
# Everything here may be repeated: secrets are made once, a settings file is only replaced when it
# would differ, and CHANGED lists the servers whose settings did.  Needs lib.sh.

CHANGED=""
# The same templates serve the containers (docker/prepare.sh), with other places and addresses.
export LISTEN=${LISTEN:-127.0.0.1} DATA=${DATA:-$TL_RUN_DIR} CONF=${CONF:-$TL_RUN_DIR}
NATS_MIN_FILE=$((256 * 1024 * 1024))

# secret_once NAME COMMAND...: the file .run/secrets/NAME, made by COMMAND when it is not there.
secret_once() {
    local file=$TL_RUN_DIR/secrets/$1
    shift
    [ -s "$file" ] && return
    (umask 077 && "$@" | tr -d '\n' >"$file.new" && mv "$file.new" "$file")
}

make_secrets() {
    local name
    mkdir -p "$TL_RUN_DIR/secrets" && chmod 700 "$TL_RUN_DIR/secrets"
    for name in $TL_NATS_USERS; do secret_once "nats-$name" openssl rand -hex 20; done
    for name in $TL_REDIS_USERS; do secret_once "redis-$name" openssl rand -hex 20; done
    for name in postgres-postgres postgres-conversation janus-api janus-admin janus-room token-key site-key; do
        secret_once "$name" openssl rand -hex 32
    done
    secret_once demo-password openssl rand -base64 9
    make_agent_hashes
}

# One Argon2id line per demo agent; a new agent in the rules gets one, the others keep theirs.
make_agent_hashes() {
    local file=$TL_RUN_DIR/secrets/agents.passwd id
    (umask 077 && touch "$file")
    for id in $(demo_agents); do
        grep -q "^$id:" "$file" && continue
        printf '%s:%s\n' "$id" "$(argon2 "$(openssl rand -hex 8)" -id -t 2 -m 16 -p 1 -e <"$TL_RUN_DIR/secrets/demo-password")" >>"$file"
    done
}

demo_agents() {
    local ids
    ids=$(sed -n 's/^ *\(- *\)\{0,1\}{\{0,1\} *id: *"\{0,1\}\([a-z0-9-]*\).*/\2/p' "$TL_CONFIG_DIR/agents.yaml" 2>/dev/null)
    echo ${ids:-agent-1 agent-2 agent-3 supervisor-1}
}

# render SERVER TEMPLATE FILE: fill in @NAME@ from the environment.
render() {
    local new
    new=$(perl -pe 's/\@(\w+)\@/exists $ENV{$1} ? $ENV{$1} : die "no value for $1\n"/ge' "$TL_ROOT/deploy/servers/$2") || die "$2 cannot be filled in"
    replace_if_other "$1" "$3" "$new"
}

replace_if_other() {
    [ -e "$2" ] && [ "$(cat "$2")" = "$3" ] && return
    (umask 077 && printf '%s\n' "$3" >"$2.new" && mv "$2.new" "$2")
    CHANGED="$CHANGED $1"
}

# The servers that refuse to be root run as their distribution's user.
server_user() { [ "$(id -u)" = 0 ] && echo "${1:-}"; }

max_files() {
    local hard
    hard=$(ulimit -Hn)
    [ "$hard" = unlimited ] || [ "$hard" -gt 65536 ] && hard=65536
    echo "$hard"
}

# ---- one server each --------------------------------------------------------------------------
prepare_nats() {
    local free name
    mkdir -p "$TL_RUN_DIR/nats"
    # Kept from the first time, so that a filling disk does not restart the server.
    if [ ! -s "$TL_RUN_DIR/nats/max-file" ]; then
        free=$(df -B1 --output=avail "$TL_RUN_DIR" | tail -1)
        free=$((free * 7 / 10))
        [ $free -gt $((8 << 30)) ] && free=$((8 << 30))
        [ $free -lt $NATS_MIN_FILE ] && warn "little disk space is left below $TL_RUN_DIR"
        echo $free >"$TL_RUN_DIR/nats/max-file"
    fi
    (
        for name in $TL_NATS_USERS; do export "NATS_$name=$(secret "nats-$name")"; done
        export NATS_MAX_FILE
        NATS_MAX_FILE=$(cat "$TL_RUN_DIR/nats/max-file") NATS_PORT=$((TL_PORT_BASE + 22)) NATS_MONITOR_PORT=$((TL_PORT_BASE + 23)) \
            render nats nats/nats.conf "$TL_RUN_DIR/nats.conf"
        echo "$CHANGED"
    ) >"$TL_RUN_DIR/changed.nats"
    CHANGED="$CHANGED $(cat "$TL_RUN_DIR/changed.nats")"
}

# Nobody can be the default user, but Redis is when it reads its log again: a transaction in it (each
# script writes one) needs the right to every command, or all of it is left out.
prepare_redis() {
    local name acl="user default off resetpass ~* &* +@all"
    mkdir -p "$TL_RUN_DIR/redis"
    for name in $TL_REDIS_USERS; do
        local hash keys="~$name:* &$name:*" may="-@admin -@dangerous +info"
        hash=$(printf %s "$(secret "redis-$name")" | sha256sum | cut -d' ' -f1)
        [ "$name" = setup ] && keys="~* &*" may=""
        acl="$acl
user $name on #$hash $keys +@all $may"
    done
    replace_if_other redis "$TL_RUN_DIR/redis/users.acl" "$acl"
    REDIS_PORT=$((TL_PORT_BASE + 79)) render redis redis/redis.conf "$TL_RUN_DIR/redis/redis.conf"
}

# PostgreSQL refuses root and its user must be able to reach the folder: a checkout below /root
# gets its database in /var/lib instead.
postgres_dir() {
    local user dir=$TL_RUN_DIR/postgres
    user=$(server_user postgres)
    if [ -n "$user" ] && ! setpriv --reuid="$user" --regid="$user" --clear-groups test -x "$TL_RUN_DIR"; then
        dir=/var/lib/threadline/$(printf %s "$TL_RUN_DIR" | sha256sum | cut -c1-12)/postgres
    fi
    echo "$dir"
}

# database_of_another DIR SUM: made with another password, by its mark; by its age where it has none.
database_of_another() {
    [ -e "$1/data" ] || return 1
    if [ -e "$1/password.sum" ]; then
        [ "$(cat "$1/password.sum")" != "$2" ]
    else
        [ "$TL_RUN_DIR/secrets/postgres-postgres" -nt "$1/data/PG_VERSION" ]
    fi
}

prepare_postgres() {
    local dir user data sum as=()
    [ -n "$PG_BIN" ] || die "PostgreSQL is not installed; run make install"
    dir=$(postgres_dir)
    data=$dir/data
    user=$(server_user postgres)
    if [ -n "$user" ]; then as=(setpriv --reuid="$user" --regid="$user" --clear-groups); fi
    sum=$(sha256sum <"$TL_RUN_DIR/secrets/postgres-postgres" | cut -c1-16)
    if database_of_another "$dir" "$sum"; then
        warn "the database of an earlier $TL_RUN_DIR is put aside: $data.before"
        rm -rf "$data.before"
        mv "$data" "$data.before"
    fi
    if [ ! -e "$data/PG_VERSION" ]; then
        mkdir -p "$dir"
        rm -rf "$data"
        [ -z "$user" ] || chown "$user" "$dir"
        install -m 600 ${user:+-o "$user"} "$TL_RUN_DIR/secrets/postgres-postgres" "$dir/password"
        (cd / && "${as[@]}" "$PG_BIN/initdb" -D "$data" -U postgres -A scram-sha-256 -E UTF8 --locale=C.UTF-8 \
            --pwfile="$dir/password" >"$TL_RUN_DIR/log/initdb.log" 2>&1) ||
            die "initdb failed, see $TL_RUN_DIR/log/initdb.log"
        rm -f "$dir/password"
    fi
    echo "$sum" >"$dir/password.sum"
    POSTGRES_PORT=$((TL_PORT_BASE + 54)) render postgres postgres/postgresql.conf "$dir/postgresql.conf"
    render postgres postgres/pg_hba.conf "$dir/pg_hba.conf"
    [ -z "$user" ] || chown "$user" "$dir"/*.conf
    export PG_DIR=$dir PG_USER=$user
}

# Kafka may be missing; then TL_KAFKA_BROKERS is empty and everything else runs.
prepare_kafka() {
    local dir=$TL_RUN_DIR/kafka id
    mkdir -p "$dir"
    if ! KAFKA_LIBS=$("$TL_ROOT/scripts/kafka-jars.sh"); then
        rm -f "$dir/available"
        export TL_KAFKA_BROKERS=
        return 0
    fi
    export KAFKA_LIBS
    KAFKA_PORT=$((TL_PORT_BASE + 92)) KAFKA_CONTROLLER_PORT=$((TL_PORT_BASE + 93)) \
        render kafka kafka/server.properties "$dir/server.properties"
    render kafka kafka/log4j2.properties "$dir/log4j2.properties"
    if [ ! -e "$dir/data/meta.properties" ]; then
        id=$(openssl rand -base64 16 | tr '+/' '-_' | tr -d '=')
        id=A${id#?} # the command line takes a leading dash for an option
        java -Xmx128m -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile="$dir/log4j2.properties" -cp "$KAFKA_LIBS/*" \
            kafka.tools.StorageTool format -t "$id" -c "$dir/server.properties" >"$TL_RUN_DIR/log/kafka-format.log" 2>&1 ||
            die "the broker's storage could not be formatted, see $TL_RUN_DIR/log/kafka-format.log"
    fi
    touch "$dir/available"
    export TL_KAFKA_BROKERS=127.0.0.1:$((TL_PORT_BASE + 92))
}

# The interface browsers on this machine meet Janus on: never loopback, which Janus skips.
janus_interface() {
    local dev
    dev=$(ip -o -4 route show default 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -1)
    [ -n "$dev" ] || dev=$(ip -o -4 addr show up scope global 2>/dev/null | awk '{print $2; exit}')
    if [ -z "$dev" ]; then
        dev=tl$TL_PORT_BASE
        ip link add "$dev" type dummy 2>/dev/null || ip link add "$dev" type veth peer name "${dev}p" ||
            die "this machine has only loopback and no interface can be added; Janus needs one"
        ip addr add "198.18.$((TL_PORT_BASE / 256 % 256)).1/30" dev "$dev"
        ip link set "$dev" up
        [ -e "/sys/class/net/${dev}p" ] && ip link set "${dev}p" up
        echo "$dev" >"$TL_RUN_DIR/janus/own-interface"
        warn "only loopback was found; $dev was added for Janus and goes away with make stop"
    fi
    echo "$dev"
}

# but_not FOLDER KEEP...: every module below FOLDER that is not to be loaded, with commas.
but_not() {
    local folder=$1
    shift
    ls "$folder" 2>/dev/null | grep '\.so$' | grep -vxF -f <(printf '%s\n' "$@") | paste -sd,
}

prepare_janus() {
    local lib f
    mkdir -p "$TL_RUN_DIR/janus"
    lib=$(dirname "$(ls -d /usr/lib/*/janus/plugins /usr/lib/janus/plugins 2>/dev/null | head -1)")
    export JANUS_LIB=${JANUS_LIB:-$lib}
    JANUS_INTERFACE=${JANUS_INTERFACE:-$(janus_interface)} || exit 1
    export JANUS_INTERFACE
    export JANUS_NO_PLUGINS=$(but_not "$lib/plugins" libjanus_nosip.so libjanus_videoroom.so)
    export JANUS_NO_TRANSPORTS=$(but_not "$lib/transports" libjanus_websockets.so)
    export JANUS_NO_LOGGERS=$(but_not "$lib/loggers" none) JANUS_NO_EVENTS=$(but_not "$lib/events" none)
    export JANUS_PORT=$((TL_PORT_BASE + 88)) JANUS_ADMIN_PORT=$((TL_PORT_BASE + 89))
    export JANUS_ICE_PORTS=$((TL_PORT_BASE + 2000))-$((TL_PORT_BASE + 2999))
    export JANUS_NOSIP_PORTS=$((TL_PORT_BASE + 3000))-$((TL_PORT_BASE + 3999))
    (
        export JANUS_API=$(secret janus-api) JANUS_ADMIN=$(secret janus-admin) JANUS_ROOM=$(secret janus-room)
        for f in janus.jcfg janus.transport.websockets.jcfg janus.plugin.nosip.jcfg janus.plugin.videoroom.jcfg; do
            render janus "janus/$f" "$TL_RUN_DIR/janus/$f"
        done
        echo "$CHANGED"
    ) >"$TL_RUN_DIR/changed.janus" || exit 1
    CHANGED="$CHANGED $(cat "$TL_RUN_DIR/changed.janus")"
}

prepare_nginx() {
    mkdir -p "$TL_RUN_DIR/nginx"
    ORIGIN_PORT=$TL_PORT_BASE AT_SIGNALING=${SIGNALING_HOST:-127.0.0.1}:$TL_SIGNALING_PORT \
        AT_CLICKSTREAM=${CLICKSTREAM_HOST:-127.0.0.1}:$TL_CLICKSTREAM_PORT \
        AT_COBROWSE=${COBROWSE_HOST:-127.0.0.1}:$TL_COBROWSE_PORT AT_PORTAL=${PORTAL_HOST:-127.0.0.1}:$TL_PORTAL_PORT \
        NGINX_USER=${NGINX_USER-$([ "$(id -u)" = 0 ] && echo "user www-data;")} WS_ORIGIN=${TL_PUBLIC_ORIGIN/http/ws} MAX_FILES=$(max_files) \
        render nginx nginx/nginx.conf "$TL_RUN_DIR/nginx/nginx.conf"
}

# The slow first-time work (initdb, formatting the broker's log) goes on side by side.
prepare_servers() {
    mkdir -p "$TL_RUN_DIR/log" "$TL_RUN_DIR/conf.d" "$TL_RUN_DIR/media"
    make_secrets
    (prepare_kafka; echo "$CHANGED" >"$TL_RUN_DIR/changed.kafka") &
    local kafka=$!
    prepare_postgres
    prepare_nats
    prepare_redis
    prepare_janus
    prepare_nginx
    wait $kafka || exit 1
    CHANGED="$CHANGED $(cat "$TL_RUN_DIR/changed.kafka")"
    rm -f "$TL_RUN_DIR"/changed.*
    export TL_KAFKA_BROKERS=
    if [ -e "$TL_RUN_DIR/kafka/available" ]; then
        KAFKA_LIBS=$("$TL_ROOT/scripts/kafka-jars.sh") # of the subshell above nothing is known here
        export KAFKA_LIBS TL_KAFKA_BROKERS=127.0.0.1:$((TL_PORT_BASE + 92))
    fi
}

# ---- once they answer -------------------------------------------------------------------------
psql_as() {
    local user=$1
    shift
    PGPASSWORD=$(secret "postgres-$user") PGOPTIONS=--client-min-messages=warning \
        "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p $((TL_PORT_BASE + 54)) -U "$user" "$@"
}

setup_postgres() {
    local sum schema=$TL_ROOT/services/conversation/schema.sql done=$TL_RUN_DIR/postgres.sum
    sum=$(cat "$schema" 2>/dev/null | cat - "$TL_RUN_DIR/secrets/postgres-conversation" | sha256sum)
    [ "$(cat "$done" 2>/dev/null)" = "$sum" ] && return
    psql_as postgres -d postgres -v pw="$(secret postgres-conversation)" <<'SQL' || return 1
SELECT 'CREATE ROLE conversation LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'conversation') \gexec
ALTER ROLE conversation PASSWORD :'pw';
SELECT 'CREATE DATABASE threadline OWNER conversation' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'threadline') \gexec
REVOKE CONNECT ON DATABASE threadline FROM PUBLIC;
SQL
    if [ -e "$schema" ]; then
        psql_as conversation -d threadline -1 -f "$schema" >/dev/null || return 1
    fi
    echo "$sum" >"$done"
}

setup_kafka() {
    [ -n "$TL_KAFKA_BROKERS" ] || return 0
    /usr/bin/python3 "$TL_ROOT/scripts/kafka-topics.py" "$TL_KAFKA_BROKERS" "$TL_RUN_DIR/kafka/topics"
}

setup_streams() {
    [ -x "$TL_BUILD/tl" ] || return 0
    "$TL_BUILD/tl" setup >"$TL_RUN_DIR/log/setup.log" 2>&1 ||
        { warn "tl setup failed: $(tail -n 3 "$TL_RUN_DIR/log/setup.log")"; return 1; }
}
