#!/usr/bin/env bash
# usage: docker/prepare.sh     Make the secrets and server settings that docker-compose.yml mounts (.run-compose/).
# They come from the same templates as those of `make run`; secrets are made once and kept.  Needs root,
# because the secrets are given to the user that the services run as.
set -eu
[ "$(id -u)" = 0 ] || { echo "prepare.sh: run it as root" >&2; exit 1; }
export TL_PORT_BASE=18000 TL_RUN_DIR=.run-compose LISTEN=0.0.0.0 DATA=/data CONF=/conf TL_KAFKA_BROKERS=kafka:18092
# What the browser types; compose publishes it on this port.
origin=${TL_PUBLIC_ORIGIN:-http://127.0.0.1:${TL_ORIGIN_PORT:-18000}}
export SIGNALING_HOST=signaling-gateway CLICKSTREAM_HOST=clickstream-tracker COBROWSE_HOST=cobrowse-relay PORTAL_HOST=portal
export NGINX_USER='' JANUS_INTERFACE=eth0 JANUS_LIB=/usr/lib/janus-here
. "$(dirname "$0")/../scripts/lib.sh"
. "$TL_ROOT/scripts/servers.sh"
TL_PUBLIC_ORIGIN=$origin

mkdir -p "$TL_RUN_DIR/log"
make_secrets
for server in nats redis janus nginx; do "prepare_$server"; done
rm -f "$TL_RUN_DIR"/changed.*
# Who may say anything is for stories and benchmarks only.
sed -i '/# The load generator/,/_INBOX.bench/d' "$TL_RUN_DIR/nats.conf"
rm -f "$TL_RUN_DIR/secrets/nats-bench"

# Services refuse a secret that others may read, so each belongs to their user (and to the database's
# group); server settings are readable inside their container.  The folder itself stays closed.
chmod 700 "$TL_RUN_DIR"
chown 10001:999 "$TL_RUN_DIR"/secrets/*
chmod 440 "$TL_RUN_DIR"/secrets/*
find "$TL_RUN_DIR/nginx" "$TL_RUN_DIR/redis" "$TL_RUN_DIR/janus" "$TL_RUN_DIR/nats.conf" -type f -exec chmod 444 {} +
echo "sign in as $(demo_agents | sed 's/ /, /g') with the password $(secret demo-password)"
