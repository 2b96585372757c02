#!/usr/bin/env bash
# usage: build-web.sh BUILD     Build shop, widget, desk and board into BUILD/web when a source is newer.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:-build}")/web
web=services/portal/web

scripts/npm-ci.sh "$web"
if [ -e "$out/.built" ] && [ -z "$(find "$web" -path "$web/node_modules" -prune -o -type f -newer "$out/.built" -print -quit)" ]; then
    exit 0
fi
echo "  WEB   $web"
mkdir -p "$out"
(cd "$web" && TL_WEB_OUT=$out npm run --silent build)
touch "$out/.built"
