#!/usr/bin/env bash
# usage: check-names.sh     Every file and function that ARCHITECTURE.md's life of a call names exists, the function in the file.
set -u
cd "$(dirname "$0")/.." || exit 1
code=0
complain() { echo "ARCHITECTURE.md: $*" >&2; code=1; }

# Words in backquotes of that chapter, one a line; a path without a service goes on from the one before.
service='' file=''
while IFS= read -r word; do
    case $word in
    *'()')
        name=${word%()}
        [ -n "$file" ] && grep -qE "\b$name\(" "$file" || complain "$name() is not in ${file:-any file named before it}" ;;
    *.c | *.h | *.ts)
        if [ -e "services/$word" ]; then service=${word%%/*} file=services/$word
        elif [ -n "$service" ] && [ -e "services/$service/$word" ]; then file=services/$service/$word
        else complain "there is no $word" && file=''; fi ;;
    esac
done < <(sed -n '/^1\. /,/^## Who may/p;/^## Who may/q' ARCHITECTURE.md | grep -oE '`[^`]+`' | tr -d '`')
exit $code
