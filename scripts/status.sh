#!/usr/bin/env bash
# usage: status.sh     Each server and service with its port, its process and its health.
set -u
. "$(dirname "$0")/lib.sh"
good= poor= plain=
[ -t 1 ] && good=$'\e[32m' poor=$'\e[31m' plain=$'\e[0m'

if ! supervisor_pid >/dev/null; then
    say "not running (make run starts it)"
    exit 1
fi
states=$(ctl status 2>/dev/null)
answers=$(mktemp -d)
trap 'rm -rf "$answers"' EXIT

# row NAME PORT: asked side by side, printed in order.
row() {
    local state pid word colour=$good
    state=$(awk -v n="$1" '$1 == n {print $2}' <<<"$states")
    pid=$(group_of "$1")
    case ${state:-none} in
    RUNNING | STARTING) word=$(health "$1" "$2") ;;
    none) [ "$1" = kafka ] && word="off (no broker)" || word="not built" ;;
    *) word=$(tr '[:upper:]' '[:lower:]' <<<"$state") ;;
    esac
    [ "$word" = ok ] || colour=$poor
    printf '%-21s %6s %8s  %s%s%s\n' "$1" "$2" "${pid:--}" "$colour" "$word" "$plain"
}

printf '%-21s %6s %8s  %s\n' NAME PORT PID HEALTH
{ servers_table; services_table | awk '{print $1, $3}'; } >"$answers/table"
n=0
while read -r name port; do
    n=$((n + 1))
    row "$name" "$port" >"$answers/$(printf %02d $n)" &
done <"$answers/table"
wait
cat "$answers"/[0-9]*
! grep -qvE ' ok(.\[0m)?$|off \(no broker\)' "$answers"/[0-9]*
