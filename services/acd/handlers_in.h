/**
 * @file handlers_in.h  What handlers.c, requests.c, commit.c, owner.c, stored.c and feeds.c share:
 * nobody else's business.
 */
#ifndef ACD_HANDLERS_IN_H
#define ACD_HANDLERS_IN_H

#include "batch.h"
#include "handlers.h"
#include "outbox.h"
#include "wire.h"
#include <tl_metrics.h>

enum role { STANDING_BY, TAKING, OWNER, LEAVING };

struct endpoint {
    struct handlers *h;
    enum wire_method method;
    struct tl_sub *sub;
};

struct handlers {
    struct handlers_opts o;
    const char *partition;
    char instance[TL_ID_MAX + 1];
    struct acd *acd;
    struct outbox *outbox;
    enum role role;
    bool somebody_owns;  /* seen while standing by */
    bool owner_known;    /* ever seen */
    tl_time empty_since; /* standing by: the store holds nothing; monotonic, 0: it does */
    bool found;          /* taking: the store held something */
    tl_time gathering;   /* who waited before this moment of the wall clock is awaited; 0: nobody */
    uint64_t epoch, batches;
    uint64_t epoch_from; /* ours since: a store that was flushed raises the epoch of its owner */
    struct tl_id boot;
    uint64_t seq;
    tl_dur offset; /* the core's time is the monotonic clock plus this */
    struct batch batch[2], *open, *flying;
    bool flush_due;
    struct tl_timer *wake, *lease, *again, *supply, *positions, *hours;
    uint8_t *queue_open; /* by queue: what its calendar said last, 2: nothing yet */
    tl_time supply_sent, wake_at;
    bool supply_changed, positions_changed;
    unsigned positions_idle;
    struct endpoint endpoints[WIRE_METHODS];
    tl_fn *drained;
    void *drained_arg;
    struct tl_metric *facts[ACD_FACTS], *refused, *commits, *commit_s, *fenced;
    struct tl_buf scratch;
};

/* handlers.c */
tl_time core_now(const struct handlers *h);
struct wire_scene scene(const struct handlers *h);
void on_decision(void *arg, const struct acd_decision *d);
void after_step(struct handlers *h);
void flush_soon(struct handlers *h);
void add_event(struct handlers *h, const char *name, const struct tl_id *key);
struct wire_meta next_meta(struct handlers *h, struct tl_id *id);
void repair(const char *kind);

/* requests.c */
/** A queue that was closed by hand is still closed after a take-over: a row among the agents. */
#define CLOSED_ROW "!closed."
/** Likewise, as long as an owner gathers: a second loss must not end it. */
#define GATHERING_ROW "!gathering"
void store_queue(struct handlers *h, uint32_t queue);
/** Likewise, who spoke with a customer last: a row for each of the core's places. */
#define FAMILIAR_ROW "!familiar."
int subscribe_all(struct handlers *h);
void unsubscribe_all(struct handlers *h);

/* commit.c */
void start_commit(struct handlers *h);
void maybe_leave(struct handlers *h);

/* stored.c */
/** One that cannot be used is counted as a repair. */
void load_row(struct handlers *h, char kind, struct tl_str key, struct tl_str value);

/* owner.c */
void on_lease(void *arg);
void step_down(struct handlers *h, const char *why);
/** The store was flushed: all is written again. */
void store_was_lost(struct handlers *h);
void gathering_may_be_over(struct handlers *h);

/* feeds.c */
int feeds_new(struct handlers *h);
void feeds_start(struct handlers *h);
void feeds_stop(struct handlers *h);
void feeds_free(struct handlers *h);
void feeds_changed(struct handlers *h);
/** Queues open and close by their calendars; at once for a new owner or new rules. */
void hours_start(struct handlers *h);

#endif
