#!/usr/bin/env bash
# usage: check-metrics.sh     Every metric of the sources is explained in docs/metrics.md, and every name there is counted.
set -u
cd "$(dirname "$0")/.." || exit 1
code=0

# Names are literals; what every service has is told once, as tl_<svc>_x.
sources=$(git ls-files 'services/*.c' | grep -vE '/(tests|examples|bench|fuzz|tsan)/')
made=$(perl -0ne 'print "$1\n" while /\b\w+\(\s*"((?:tl|process)_[a-z_]+)"/g; print "tl_x_$1\n" while /metrics_name\(\w+, "([a-z_]+)"/g' $sources | sort -u)
told=$(grep -oE '`(tl|process)_(<svc>_)?[a-z_]+' docs/metrics.md | tr -d '`' | sort -u)
general=$(sed -n 's/^tl_<svc>//p' <<<"$told")

for name in $made; do
    grep -qxF "$name" <<<"$told" || grep -qxF "_${name#tl_*_}" <<<"$general" ||
        { echo "docs/metrics.md does not explain $name" >&2; code=1; }
done
for name in $told; do
    grep -qxF "${name/#tl_<svc>_/}" <<<"$made" || grep -qE "_${name#tl_<svc>_}\$" <<<"$made" ||
        { echo "docs/metrics.md explains $name, which nothing counts" >&2; code=1; }
done
exit $code
