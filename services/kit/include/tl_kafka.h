/**
 * @file tl_kafka.h  A Kafka producer on the loop: idempotent, acks=all; delivery is reported for
 * each record.
 */
#ifndef TL_KAFKA_H
#define TL_KAFKA_H

#include <tl_bus.h>

struct tl_kafka;

struct tl_kafka_opts {
    const char *brokers; /**< "127.0.0.1:18092" */
    const char *client_id;
    tl_dur linger;            /**< 0: 5 ms */
    tl_dur timeout;           /**< for a record; 0: 30 s */
    const char *const *extra; /**< NULL-terminated librdkafka name, value pairs, or NULL */
};

int tl_kafka_open(struct tl_kafka **ret, struct tl_loop *loop, const struct tl_kafka_opts *opts);
/** Flushes for up to 3 s; the rest is reported as -ECANCELED. */
struct tl_kafka *tl_kafka_close(struct tl_kafka *k);
/** A broker has answered lately. */
bool tl_kafka_ready(const struct tl_kafka *k);
/** A fatal error of the producer: it takes nothing any more; close it, or let the process begin
 * anew. */
bool tl_kafka_broken(const struct tl_kafka *k);

/** err: 0 stored; -ETIMEDOUT, -EIO: not stored as far as known; -ECANCELED.  Exactly once for each
 * send. */
typedef void tl_kafka_fn(void *arg, int err, int32_t partition, int64_t offset);

/** Copies key, headers and data.  0; else fn is not called: -ENOBUFS: local queue full, stop and
 * try later; -ENOMEM; -EIO: refused (too large, or the producer is broken). */
int tl_kafka_send(struct tl_kafka *k, const char *topic, const char *key,
                  const struct tl_header *headers, size_t n_headers, const void *data, size_t n,
                  tl_kafka_fn *fn, void *arg);

#endif
