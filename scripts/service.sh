#!/usr/bin/env bash
# usage: service.sh NAME PROGRAM     Become a service of this checkout, with its settings (for the supervisor).
. "$(dirname "$0")/env.sh"
case $1 in
acd-standby) export TL_ACD_PORT=$TL_ACD_STANDBY_PORT ;;
esac
exec "$TL_BUILD/$2"
