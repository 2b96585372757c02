/**
 * @file sink.h  Where the bridge delivers to: Kafka, or a list for tests.
 */
#ifndef ANALYTICS_SINK_H
#define ANALYTICS_SINK_H

#include <tl_kafka.h>

/** As tl_kafka_send(): fn exactly once per accepted record; -ENOBUFS: later. */
struct analytics_sink {
    int (*send)(void *arg, const char *topic, const char *key, const struct tl_header *headers,
                size_t n_headers, const void *data, size_t n, tl_kafka_fn *fn, void *fn_arg);
    void *arg;
};

#endif
