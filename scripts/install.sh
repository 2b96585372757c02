#!/usr/bin/env bash
# usage: install.sh     Install what a bare Debian 12 machine lacks; says nothing when it lacks nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
    # compile
    build-essential pkg-config protobuf-compiler protobuf-c-compiler libuv1-dev libnats-dev librdkafka-dev
    libprotobuf-c-dev libjansson-dev libssl-dev libsodium-dev libpq-dev libyaml-dev libmicrohttpd-dev
    libhiredis-dev libcmocka-dev libopus-dev uthash-dev
    # run
    nats-server redis-server postgresql janus nginx-light supervisor openjdk-17-jre-headless maven

    curl ca-certificates tzdata iproute2 procps util-linux psmisc argon2 openssl jq git python3 python3-confluent-kafka
    # check and test
    clang clang-format clang-tidy cppcheck kcat chromium docker-compose binutils sox espeak-ng opus-tools wrk
)

missing=()
installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p')
for p in "${packages[@]}"; do
    grep -qxF "$p" <<<"$installed" || missing+=("$p")
done
node_major=$({ node --version 2>/dev/null || true; } | sed -n 's/^v\([0-9]*\).*/\1/p')
if [ "${node_major:-0}" -lt 18 ]; then
    missing+=(nodejs npm)
fi

if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" != 0 ]; then
        echo "install.sh: these packages are missing: ${missing[*]}; run make install as root, then this again" >&2
        exit 1
    fi
    echo "installing ${#missing[@]} packages: ${missing[*]}"
    # The distribution would start its own nats, redis, postgres, nginx and janus: never.
    guard=/usr/sbin/policy-rc.d
    if [ ! -e $guard ]; then
        trap 'rm -f $guard' EXIT
        printf '#!/bin/sh\nexit 101\n' >$guard
        chmod 755 $guard
    fi
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    if ! { apt-get update -q && apt-get install -y -q --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        echo "install.sh: apt-get failed; its whole output is in $log" >&2
        exit 1
    fi
    rm -f "$log"
fi

scripts/kafka-jars.sh >/dev/null || true # it says why; the platform runs without a broker
