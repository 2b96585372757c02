/* Between deciding and speaking: what was decided is stored, and only then said. */
#include "handlers_in.h"
#include <tl_clock.h>
#include <tl_log.h>

/* Replies and pushes that are lost are asked for again, or seen in the next snapshot. */
static void say_to_people(struct handlers *h, const struct batch *b, const struct piece *p)
{
    struct tl_str key = batch_key(b, p), data = batch_data(b, p);

    switch (p->kind) {
    case PIECE_REPLY: (void)tl_bus_reply(h->o.bus, key.s, data.s, data.n); break;
    case PIECE_REFUSAL: (void)tl_bus_refuse(h->o.bus, key.s, p->code, data.s); break;
    case PIECE_PUSH: (void)tl_bus_publish(h->o.bus, key.s, data.s, data.n); break;
    default: break;
    }
}

/* After the commit: first who waits for it, in order; then the record, through the outbox's relay.
 */
static void say(struct handlers *h, struct batch *b)
{
    char entry[44];
    size_t event = 0;

    for (size_t i = 0; i < b->n_pieces; i++)
        say_to_people(h, b, &b->pieces[i]);
    tl_bus_hurry(h->o.bus);
    for (size_t i = 0; i < b->n_pieces; i++) {
        struct tl_str data = batch_data(b, &b->pieces[i]);
        if (b->pieces[i].kind != PIECE_EVENT)
            continue;
        store_entry(entry, h->epoch, b->number, event++);
        if (outbox_add(h->outbox, entry, data.s, data.n))
            tl_error("event stays in the outbox until the next take-over");
    }
}

static void commit_done(void *arg, int err);

void start_commit(struct handlers *h)
{
    struct store_batch sb;

    if (!h->flying) {
        h->flying = h->open;
        h->open = h->open == &h->batch[0] ? &h->batch[1] : &h->batch[0];
        if (!batch_writes(h->flying)) { /* only answers */
            struct batch *b = h->flying;
            h->flying = NULL;
            say(h, b);
            batch_clear(b);
            return;
        }
        h->flying->number = ++h->batches;
    }
    if (batch_for_store(h->flying, h->epoch, &sb)) {
        tl_timer_start(h->again, TL_MSEC(50));
        return;
    }
    h->o.store->ops->commit(h->o.store, &sb, commit_done, h);
}

static void leave_done(void *arg, int err)
{
    struct handlers *h = arg;

    TL_UNUSED(err); /* the lease ends by itself */
    h->drained(h->drained_arg);
}

void maybe_leave(struct handlers *h)
{
    if (h->role == LEAVING && !h->flying)
        h->o.store->ops->leave(h->o.store, h->instance, leave_done, h);
}

static void commit_done(void *arg, int err)
{
    struct handlers *h = arg;
    struct batch *b = h->flying;

    if (!b || (h->role != OWNER && h->role != LEAVING))
        return; /* stepped down meanwhile */
    if (err == -EAGAIN) {
        tl_timer_start(h->again, TL_MSEC(50));
        return;
    }
    if (err == -ENODATA) {
        store_was_lost(h);
        return;
    }
    if (err) {
        tl_metric_add(h->fenced, 1);
        step_down(h, "another owner has a higher epoch");
        return;
    }
    tl_metric_add(h->commits, 1);
    tl_metric_observe(h->commit_s, (double)(tl_clock_mono() - b->began) / 1e6);
    h->flying = NULL;
    say(h, b);
    batch_clear(b);
    maybe_leave(h);
    flush_soon(h); /* what came meanwhile */
}
