/**
 * @file store.h  Where the core's state is kept: one owner at a time, fenced by an epoch.
 * Two versions: Redis (store_redis.c) and memory for tests (store_memory.c); same contract test.
 *
 * ARCHITECTURE.md, "Invariants", says what fencing is for.
 */
#ifndef ACD_STORE_H
#define ACD_STORE_H

#include <tl_buf.h>
#include <tl_id.h>
#include <tl_redis.h>

struct store;

/** One commit: applied as a whole, or not at all.  Text and bytes are borrowed until done. */
struct store_batch {
    uint64_t epoch;
    uint64_t number; /**< 1, 2, 3 ... in an epoch: the same batch sent twice is applied once */
    size_t n_forget, n_contacts, n_agents, n_gone, n_events;
    const struct tl_str *forget;   /**< contact ids */
    const struct tl_str *contacts; /**< id, record, id, record ... (2 * n_contacts) */
    const struct tl_str *agents;   /**< id, record ... (2 * n_agents) */
    const struct tl_str *gone;     /**< agent ids */
    const struct tl_str *events;
};

/** err 0: committed.  -ESTALE: another owner has a higher epoch.  -ENODATA: the store lost
 *  everything (flushed).  -EAGAIN: outcome unknown or not reachable, send the same batch again. */
typedef void store_done_fn(void *arg, int err);

/** What is found when ownership is taken, piece by piece: kind 'a' agent, 'c' contact, 'e' an event
 *  of the outbox (key: its entry). */
typedef void store_row_fn(void *arg, char kind, struct tl_str key, struct tl_str value);
/** err 0: owner now, with this epoch; -EBUSY: somebody else is; -ENODATA: nobody is, but the store
 *  has never heard of an owner; -EAGAIN. */
typedef void store_own_fn(void *arg, int err, uint64_t epoch);

struct store_claim {
    const char *instance;
    tl_dur lease;
    uint64_t at_least; /**< the epoch will be higher */
    bool empty_too;    /**< also of a store that holds nothing: an owner that was flushed, or the
                          first ever; a standby waits for the owner to write everything again */
};

struct store_ops {
    /** Takes ownership if it is free (or ours); then rows, then done. */
    void (*own)(struct store *s, const struct store_claim *claim, store_row_fn *row,
                store_own_fn *done, void *arg);
    /** Keeps it; done -ESTALE: lost. */
    void (*keep)(struct store *s, const char *instance, tl_dur lease, store_done_fn *done,
                 void *arg);
    void (*leave)(struct store *s, const char *instance, store_done_fn *done, void *arg);
    /** One at a time. */
    void (*commit)(struct store *s, const struct store_batch *b, store_done_fn *done, void *arg);
    /** The events of these batches are in JetStream: they leave the outbox. */
    void (*published)(struct store *s, const struct tl_str *entries, size_t n);
    struct store *(*close)(struct store *s);
};

struct store {
    const struct store_ops *ops;
};

/** An entry of the outbox holds up to STORE_ENTRY_EVENTS events of one batch and is named
 *  "<epoch>-<number * 1000 + part>"; event: index in the batch. */
#define STORE_ENTRY_EVENTS 1000
void store_entry(char out[44], uint64_t epoch, uint64_t number, size_t event);

int store_redis_open(struct store **ret, struct tl_loop *loop, struct tl_redis *redis,
                     const char *partition);
int store_memory_open(struct store **ret, struct tl_loop *loop);
/** Tests: what the memory does next. */
void store_memory_fail(struct store *s, int err);
/** Mute: answers nothing until it may again, then all; begun while nothing is under way. */
void store_memory_mute(struct store *s, bool mute);
void store_memory_flush(struct store *s);
/** As if the holder had been silent for too long. */
void store_memory_end_lease(struct store *s);
/** The same store once more, for a rival; each is closed. */
struct store *store_memory_share(struct store *s);
size_t store_memory_count(const struct store *s, char kind);

#endif
