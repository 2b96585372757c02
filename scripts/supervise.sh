# usage: . scripts/supervise.sh     Write the supervisor's settings and start it (bash).  Needs lib.sh, servers.sh.
#
# What dies is started again: at once when it had run for a second, else after 1, 2, 3... seconds.
# "At once" needs the metronome: the supervisor looks at its children when one of its pipes has
# something to read or a second has passed, so a line ten times a second makes 0.1 s of that second.

# program NAME COMMAND [ENVIRONMENT [LINE...]]
program() {
    local name=$1 command=$2 more=${3:+,$3}
    shift 2
    [ $# = 0 ] || shift
    cat <<P
[program:$name]
command=$TL_ROOT/scripts/start.sh $name $command
environment=TL_PORT_BASE="$TL_PORT_BASE",TL_RUN_DIR="$TL_RUN_DIR",TL_BUILD="$TL_BUILD"$more
autorestart=true
startsecs=1
startretries=1000000
stopwaitsecs=12
killasgroup=true
redirect_stderr=true
stdout_logfile=$TL_RUN_DIR/log/$name.log
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=1
P
    printf '%s\n' "$@" ""
}

write_supervisor_conf() {
    [ ${#SUPERVISOR_SOCK} -lt 100 ] || die "the path of TL_RUN_DIR is too long for a socket: $TL_RUN_DIR"
    cat >"$SUPERVISOR_CONF" <<C
[unix_http_server]
file=$SUPERVISOR_SOCK
chmod=0700

[supervisord]
logfile=$TL_RUN_DIR/log/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
pidfile=$TL_RUN_DIR/supervisord.pid
childlogdir=$TL_RUN_DIR/log
directory=$TL_ROOT
minfds=$(max_files)
$([ "$(id -u)" = 0 ] && echo user=root)

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl=unix://$SUPERVISOR_SOCK

[include]
files=$TL_RUN_DIR/conf.d/*.conf
C
}

write_servers_conf() {
    local run=$TL_RUN_DIR
    {
        program nats "$(command -v nats-server) -c $run/nats.conf"
        program redis "$(command -v redis-server) $run/redis/redis.conf"
        program postgres "${PG_USER:+setpriv --reuid=$PG_USER --regid=$PG_USER --clear-groups }$PG_BIN/postgres -D $PG_DIR/data -c config_file=$PG_DIR/postgresql.conf -c hba_file=$PG_DIR/pg_hba.conf" \
            "" stopsignal=INT directory=/
        program janus "$(command -v janus) -F $run/janus -C $run/janus/janus.jcfg"
        program nginx "$(command -v nginx) -p $run/nginx/ -e stderr -c $run/nginx/nginx.conf -g 'daemon off;'"
        program metronome "perl -e '\$|=1;while(1){select(undef,undef,undef,0.1);print\"\\n\"}'" "" stdout_logfile=NONE
        if [ -n "$TL_KAFKA_BROKERS" ]; then
            program kafka "java -Xms256m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile=$run/kafka/log4j2.properties -cp $KAFKA_LIBS/* kafka.Kafka $run/kafka/server.properties"
        fi
    } >"$run/conf.d/servers.conf"
}

write_services_conf() {
    local name binary port sum
    declare -px | grep '^declare -x TL_' | grep -vE '^declare -x TL_(SETTINGS_SUM=|TEST_)' | sort >"$TL_RUN_DIR/environment"
    sum=$(sha256sum "$TL_RUN_DIR/environment" | cut -c1-16) # other settings: start again
    {
        while read -r name binary port; do
            [ -x "$TL_BUILD/$binary" ] || continue
            program "$name" "$TL_BUILD/$binary" "TL_SETTINGS_SUM=\"$sum\""
        done < <(services_table)
    } >"$TL_RUN_DIR/conf.d/services.conf"
}

start_supervisor() {
    local name port pid
    supervisor_pid >/dev/null && return
    reap
    while read -r name port; do
        if port_open "$port"; then
            die "port $port ($name) is in use by somebody else; set TL_PORT_BASE to run beside it"
        fi
    done < <(servers_table)
    rm -f "$SUPERVISOR_SOCK"
    supervisord -c "$SUPERVISOR_CONF" 9>&- || die "the supervisor did not start"
}

# End what a killed supervisor left behind.
reap() {
    local name tries=100 signal=TERM
    while [ -n "$(groups_alive)" ] && [ $tries -gt 0 ]; do
        case $tries in
        100 | 20) for name in $(groups_alive); do group_kill $signal "$name"; done; signal=KILL ;;
        esac
        tries=$((tries - 1))
        sleep 0.1
    done
}
