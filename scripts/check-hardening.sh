#!/usr/bin/env bash
# usage: check-hardening.sh BUILD     Each program: position independent, full RELRO, no executable stack, canaries, fortified.
set -u
bad=0 seen=0
for program in "$1"/tl "$1"/tl-*; do
    { [ -f "$program" ] && [ -x "$program" ]; } || continue
    seen=$((seen + 1))
    has() { # has WHAT PATTERN < output
        grep -qE "$2" || { echo "$program: no $1"; bad=1; }
    }
    readelf -hW "$program" | has "PIE" 'Type: +DYN'
    readelf -lW "$program" | has "RELRO" 'GNU_RELRO'
    readelf -dW "$program" | has "immediate binding" 'BIND_NOW|FLAGS.* NOW'
    readelf -lW "$program" | has "stack that is not executable" 'GNU_STACK.* RW  '
    readelf -sW "$program" | has "stack protector" '__stack_chk_fail'
    readelf -sW "$program" | has "fortified calls" '__[a-z]+_chk'
done
[ $seen -gt 0 ] || { echo "nothing is built in $1"; exit 1; }
exit $bad
