#!/usr/bin/env bash
# usage: start.sh NAME COMMAND...     Become a server or service of this checkout (for the supervisor).
#
# The supervisor gives each program its own process group; its number is kept in .run/pids/NAME, so
# that a predecessor's orphans (a killed nginx leaves its worker with the port) are ended first and
# `make stop` finds everything even when the supervisor itself was killed.
. "$(dirname "$0")/env.sh"
. "$TL_ROOT/scripts/groups.sh"
name=$1
shift

group_kill KILL "$name"
group_note "$name" $$

# A service gets the settings of the last `make run` and none that the supervisor was started with.
if [ -n "${TL_SETTINGS_SUM:-}" ]; then
    settings=$TL_RUN_DIR/environment
    unset "${!TL_@}"
    . "$settings"
fi
case $name in
acd-standby) export TL_ACD_PORT=$TL_STANDBY_ACD_PORT ;;
media-plane) rm -f "$TL_MEDIA_PLANE_SOCKET" ;; # a dead plane's socket would look alive
esac
exec "$@"
