# usage: . scripts/groups.sh     Which process groups are ours: .run/pids/NAME holds "group start-time" (bash).
#
# A number alone could by now belong to somebody else.  The start time tells: a living leader with
# another one is not ours, and while orphans of a dead leader live its number is not given out again.

start_time() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

group_note() {
    mkdir -p "$TL_RUN_DIR/pids"
    echo "$2 $(start_time "$2")" >"$TL_RUN_DIR/pids/$1"
}

# group_of NAME: its number, when any process of it lives.
group_of() {
    local group started now
    read -r group started 2>/dev/null <"$TL_RUN_DIR/pids/$1" || return 1
    now=$(start_time "$group")
    [ -z "$now" ] || [ "$now" = "$started" ] || return 1
    kill -0 -- "-$group" 2>/dev/null && echo "$group"
}

# group_kill SIGNAL NAME
group_kill() {
    local group
    group=$(group_of "$2") && kill "-$1" -- "-$group" 2>/dev/null
    return 0
}

groups_alive() {
    local f
    for f in "$TL_RUN_DIR"/pids/*; do
        [ -e "$f" ] && group_of "${f##*/}" >/dev/null && echo "${f##*/}"
    done
}
