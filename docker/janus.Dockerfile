# Janus with the two plugins and the one transport that the media relay uses.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
RUN apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends janus \
    && rm -rf /var/lib/apt/lists/* /etc/janus/* \
    && ln -s /usr/lib/*-linux-gnu/janus /usr/lib/janus-here \
    && cd /usr/lib/janus-here \
    && find plugins -name '*.so' ! -name libjanus_nosip.so ! -name libjanus_videoroom.so -delete \
    && find transports -name '*.so' ! -name libjanus_websockets.so -delete \
    && rm -f events/*.so loggers/*.so \
    && useradd --uid 10001 --no-create-home threadline
USER 10001:10001
ENTRYPOINT ["/usr/bin/janus", "-F", "/conf/janus", "-C", "/conf/janus/janus.jcfg"]
