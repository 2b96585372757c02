#!/usr/bin/env bash
# usage: npm-ci.sh FOLDER     Install the packages of FOLDER's lock file when they are not there yet.
#
# No package may run a script of its own while it is installed.  `npm ci` refuses a lock file that was
# written where some other processor's optional package could not be had; the versions and checksums
# of the lock hold in `npm install --no-save` as well, which does not mind.
set -euo pipefail
cd "$1"
# npm writes its own copy of the lock last, so an interrupted installation is repeated.
[ node_modules/.package-lock.json -nt package-lock.json ] && exit 0
echo "  NPM   $1"
options=(--ignore-scripts --no-audit --no-fund --loglevel=error)
npm ci "${options[@]}" >/dev/null 2>&1 || npm install --no-save "${options[@]}"
touch node_modules/.package-lock.json
