#!/usr/bin/env bash
# usage: tl.sh ARGUMENT...     The command line (build/tl) with this checkout's settings, as its own user.
. "$(dirname "$0")/env.sh"
exec "$TL_BUILD/tl" "$@"
