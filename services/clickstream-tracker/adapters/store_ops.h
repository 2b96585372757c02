/** @file store_ops.h  What an implementation of store.h provides. */
#ifndef CLICKSTREAM_STORE_OPS_H
#define CLICKSTREAM_STORE_OPS_H

#include "store.h"

struct clickstream_store_ops {
    void (*free)(struct clickstream_store *s);
    int (*load)(struct clickstream_store *s, const struct tl_id *visitor, clickstream_store_fn *fn,
                void *arg);
    int (*save)(struct clickstream_store *s, const struct tl_id *visitor,
                const struct clickstream_record *r, clickstream_store_fn *fn, void *arg);
};

/** First member of every implementation. */
struct clickstream_store {
    const struct clickstream_store_ops *ops;
};

#endif
