#!/usr/bin/env bash
# usage: check-layers.sh [BUILD]     Cores are pure: what they include, and what their objects call.
#
# A core (services/*/core) may include its own headers, the quiet half of the kit and plain C.  The
# quiet half obeys the same rule.  With a BUILD folder the compiled cores are asked as well: none may
# call a clock, a file, a socket, randomness, the environment or the heap behind tl_mem's back.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-}
quiet=" tl_base.h tl_mem.h tl_str.h tl_buf.h tl_list.h tl_map.h tl_id.h tl_ws_frame.h "
plain=" assert.h ctype.h errno.h float.h inttypes.h limits.h math.h stdalign.h stdarg.h stdbool.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h "
loud='time|clock|clock_gettime|gettimeofday|nanosleep|usleep|sleep|rand|random|srand|getrandom|arc4random|getenv|fopen|fopen64|open|open64|read|write|socket|connect|send|sendto|recv|recvfrom|printf|__printf_chk|puts|putchar|fprintf|__fprintf_chk|vfprintf|fputs|fputc|stdout|stderr|stdin|syslog|system|fork|pthread_create|pthread_mutex_lock'
heap='malloc|calloc|realloc|free|strdup|strndup'
bad=0
complain() { echo "$1: $2"; bad=1; }

# check FILE FOLDER: FOLDER is where its own headers live.
check() {
    local file=$1 folder=$2 line name
    while IFS= read -r line; do
        name=$(sed -E 's/.*[<"]([^>"]+)[>"].*/\1/' <<<"$line")
        case $line in
        *'<'*)
            [[ $quiet == *" $name "* || $plain == *" $name "* ]] || complain "$file" "a core may not include <$name>" ;;
        *)
            [ -e "$(dirname "$file")/$name" ] || { [ "$folder" != kit ] && [ -e "$folder/../$name" ] && [[ $name == core/* ]]; } ||
                { [ "$folder" = kit ] && [ -e "services/kit/src/$name" ]; } ||
                complain "$file" "a core may not include \"$name\"" ;;
        esac
    done < <(grep -hE '^[[:space:]]*#[[:space:]]*include' "$file")
}

for file in $(find services -path '*/core/*.[ch]' -not -path '*/node_modules/*' | sort); do
    check "$file" "${file%%/core/*}/core"
done
for name in $quiet; do
    check "services/kit/include/$name" kit
    for file in $(find services/kit/src -name "${name%.h}.c" -o -name "$(sed 's/^tl_//; s/\.h$/.c/' <<<"$name")"); do
        check "$file" kit
    done
done

if [ -n "$build" ]; then
    for object in $(find "$build/services" -path '*/core/*.o' 2>/dev/null | sort); do
        calls=$(nm -u "$object" | awk '{print $2}' | sed 's/@.*//' | grep -xE "$loud|$heap" | paste -sd' ')
        [ -z "$calls" ] || complain "${object#"$build"/}" "a core may not call: $calls"
    done
fi
exit $bad
