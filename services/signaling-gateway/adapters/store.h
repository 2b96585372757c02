/**
 * @file store.h  Tickets and session records that any gateway can read, so that a session outlives
 * the gateway it was at.  Two implementations with one contract test: Redis and memory.
 *
 * Gateways say once a second that they live.  The sessions of one that stayed silent are adopted by
 * another, which then waits for them as for its own.
 */
#ifndef SIGNALING_STORE_H
#define SIGNALING_STORE_H

#include "core/who.h"
#include <tl_loop.h>

#define TICKET_LIFE        TL_SEC(30)
#define STORE_SILENT_AFTER TL_SEC(3) /**< a gateway silent for this long has died */
#define STORE_ADOPT_MAX    100       /**< sessions adopted at once */
#define STORE_ASK_MAX      500       /**< sessions asked about at once */

struct store;

/** A redeemed ticket. */
struct store_redeemed {
    struct who who;
    bool known;           /**< the session existed before */
    struct tl_id gateway; /**< where it was last; empty when new */
};

struct store_adopted {
    struct who who;
    tl_dur away; /**< since its gateway was last heard */
};

/* Every callback comes exactly once, never inside the call.  err: 0; -ENOENT as each function says;
 * -EAGAIN and others: the store cannot be asked now. */
typedef void store_done_fn(void *arg, int err);
typedef void store_redeem_fn(void *arg, int err, const struct store_redeemed *got);
typedef void store_adopt_fn(void *arg, int err, const struct store_adopted *rows, size_t n);
/** there: one for each session that was asked about, in order; NULL unless err is 0. */
typedef void store_exist_fn(void *arg, int err, const bool *there);

struct store_ops {
    struct store *(*free)(struct store *s);
    /** Keep a ticket for a session that will begin with it. */
    int (*ticket)(struct store *s, struct tl_str ticket, const struct who *who, store_done_fn *done,
                  void *arg);
    /** Keep a ticket for a session that lives.  -ENOENT: it is over. */
    int (*ticket_resume)(struct store *s, struct tl_str ticket, struct tl_str session,
                         store_done_fn *done, void *arg);
    /** Use up a ticket; the session is this gateway's from now on.  -ENOENT: no such ticket, used,
     * too old, or its session is over. */
    int (*redeem)(struct store *s, struct tl_str ticket, store_redeem_fn *done, void *arg);
    /** The session may not be resumed any more; its record stays until forgotten. */
    int (*over)(struct store *s, struct tl_str session);
    /** Everybody who must know that it is over does. */
    int (*forget)(struct store *s, struct tl_str session);
    /** This gateway lives.  -ENOENT: the store did not know of it; save its sessions again. */
    int (*beat)(struct store *s, store_done_fn *done, void *arg);
    /** Write a session's record again. */
    int (*save)(struct store *s, const struct who *who);
    /** Take over up to STORE_ADOPT_MAX sessions of gateways that are silent. */
    int (*adopt)(struct store *s, store_adopt_fn *done, void *arg);
    /** Which of these sessions have a record, at whichever gateway; n: 1 to STORE_ASK_MAX. */
    int (*exist)(struct store *s, const struct tl_id *sessions, size_t n, store_exist_fn *done,
                 void *arg);
};

/** First member of each implementation. */
struct store {
    const struct store_ops *ops;
};

struct tl_redis;
/** gateway: this process's name, different in each life.  redis is borrowed.  0 or -ENOMEM. */
int store_redis_new(struct store **ret, struct tl_redis *redis, struct tl_str gateway);

/** For tests: the part that several gateways share, and one gateway's view of it. */
struct store_shared;
struct store_shared *store_shared_new(void);
struct store_shared *store_shared_free(struct store_shared *m);
/** Moves the shared clock. */
void store_shared_wait(struct store_shared *m, tl_dur d);
/** It restarts empty. */
void store_shared_forget(struct store_shared *m);
int store_memory_new(struct store **ret, struct tl_loop *loop, struct store_shared *m,
                     struct tl_str gateway);
/** -EAGAIN from everything while on. */
void store_memory_break(struct store *s, bool on);

#endif
