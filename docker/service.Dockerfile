# One image per service: docker build --build-arg SERVICE=acd -f docker/service.Dockerfile -t threadline/acd .
#
# SERVICE is a folder below services/.  The image holds the stripped program, the libraries it loads,
# what it needs to resolve names and check certificates, and nothing else: no shell, no package
# manager, no root.  media-relay also holds its plane and its sounds, portal the built pages.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
ARG SERVICE
RUN apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        gcc libc6-dev make pkg-config binutils ca-certificates perl \
        protobuf-compiler protobuf-c-compiler libuv1-dev libnats-dev librdkafka-dev libprotobuf-c-dev \
        libjansson-dev libssl-dev libsodium-dev libpq-dev libyaml-dev libmicrohttpd-dev libhiredis-dev \
        libopus-dev uthash-dev \
        $(case $SERVICE in portal) echo nodejs npm ;; media-relay) echo espeak-ng sox opus-tools ;; esac) \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN sh docker/collect.sh "$SERVICE" /out

FROM scratch
ARG SERVICE
COPY --from=build /out/ /
USER 10001:10001
ENV TL_CONFIG_DIR=/etc/threadline TL_MEDIA_SOUNDS_DIR=/usr/share/threadline/media \
    TL_PORTAL_WEB_DIR=/usr/share/threadline/web TL_SIGNALING_SCHEMAS=/usr/share/threadline/descriptors.pb
LABEL org.opencontainers.image.title="threadline/${SERVICE}"
# The program is /service in every image, because the exec form knows no variables.
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["/service", "--health"]
ENTRYPOINT ["/service"]
