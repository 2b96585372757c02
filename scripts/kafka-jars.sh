#!/usr/bin/env bash
# usage: kafka-jars.sh     Print the folder with the broker's jars, fetched from Maven Central when missing.
set -u
pom=$(cd "$(dirname "$0")/.." && pwd)/deploy/servers/kafka/pom.xml
version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$pom")
dir=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/threadline/kafka-$version

if [ ! -e "$dir/complete" ]; then
    if ! command -v mvn >/dev/null || ! command -v java >/dev/null; then
        echo "kafka: no broker (Maven or Java is missing); events wait in JetStream" >&2
        exit 1
    fi
    mkdir -p "$dir"
    # Where it could not be fetched, the next start of the platform shall not wait for it again.
    if [ -n "$(find "$dir/failed" -mmin -10 2>/dev/null)" ]; then
        echo "kafka: no broker (its jars could not be fetched a moment ago); events wait in JetStream" >&2
        exit 1
    fi
    echo "kafka: fetching the broker $version from Maven Central (once, about 55 MB)" >&2
    if ! mvn -B -q -f "$pom" dependency:copy-dependencies -DincludeScope=runtime \
        -DoutputDirectory="$dir/libs" >"$dir/mvn.log" 2>&1; then
        touch "$dir/failed"
        echo "kafka: no broker (its jars could not be fetched, see $dir/mvn.log); events wait in JetStream" >&2
        exit 1
    fi
    touch "$dir/complete"
fi
echo "$dir/libs"
