/**
 * @file store.h  Where visits are kept: one record per visitor, saved only over the version read.
 * Two implementations: Redis, and memory for tests (same contract test).
 */
#ifndef CLICKSTREAM_STORE_H
#define CLICKSTREAM_STORE_H

#include <tl_buf.h>
#include <tl_id.h>
#include <tl_redis.h>

struct clickstream_store;

/** Bytes as wire.h makes them; borrowed. */
struct clickstream_record {
    uint64_t version;    /**< 0: there is none */
    struct tl_str visit; /**< empty: none, or gone with its idle time */
    struct tl_str visitor;
};

/** err: 0; -EEXIST (save only): somebody saved meanwhile, r is what is there now; -EAGAIN,
 * -ETIMEDOUT, -ECONNRESET, -EIO: the store is in trouble. */
typedef void clickstream_store_fn(void *arg, int err, const struct clickstream_record *r);

/** visit_ttl: how long an untouched visit stays; visitor_ttl: what is remembered of the visitor. */
int clickstream_store_redis(struct clickstream_store **ret, struct tl_redis *redis,
                            tl_dur visit_ttl, tl_dur visitor_ttl);
int clickstream_store_memory(struct clickstream_store **ret, struct tl_loop *loop);
struct clickstream_store *clickstream_store_free(struct clickstream_store *s);

/** One round trip.  fn is called exactly once, never inside this call, unless an error is
 * returned: -EAGAIN, -ENOMEM. */
int clickstream_store_load(struct clickstream_store *s, const struct tl_id *visitor,
                           clickstream_store_fn *fn, void *arg);
/** Saves as version r->version + 1 if r->version is what is there; r is copied. */
int clickstream_store_save(struct clickstream_store *s, const struct tl_id *visitor,
                           const struct clickstream_record *r, clickstream_store_fn *fn, void *arg);

/** Tests of the memory store: fail the next n calls with -EAGAIN. */
void clickstream_store_break(struct clickstream_store *s, int n);

#endif
