/* Taking, keeping and losing the partition. */
#include "handlers_in.h"
#include <stdio.h>
#include <string.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>

#define POLL TL_MSEC(100) /* how often a standby asks */

/* How long a standby that knew an owner leaves an emptied store to it.  Longer than either needs to
 * find Redis again (1 s), so that the one with everything in memory comes first. */
#define EMPTY_GRACE TL_MSEC(1500)

/* ---- losing ---- */

void step_down(struct handlers *h, const char *why)
{
    tl_warn("no longer the owner", TL_S("why", why), TL_I("epoch", h->epoch));
    unsubscribe_all(h);
    feeds_stop(h);
    tl_timer_stop(h->wake);
    tl_timer_stop(h->again);
    h->acd = acd_free(h->acd);
    h->outbox = outbox_free(h->outbox);
    h->flying = NULL;
    batch_clear(&h->batch[0]);
    batch_clear(&h->batch[1]);
    if (h->role == LEAVING)
        h->drained(h->drained_arg);
    h->role = STANDING_BY;
    h->somebody_owns = h->owner_known = true;
    tl_timer_start(h->lease, POLL);
}

/* ---- gathering: nothing was stored, so those who waited are awaited ---- */

static void store_gathering(struct handlers *h)
{
    char since[24];
    int n = snprintf(since, sizeof(since), "%lld", (long long)h->gathering);

    batch_add(h->open, PIECE_AGENT, TL_STR(GATHERING_ROW), since, (size_t)n);
}

static void maybe_gather(struct handlers *h)
{
    if (!h->o.gather || (h->found && !h->gathering))
        return;
    if (!h->gathering)
        h->gathering = tl_clock_wall();
    acd_gather(h->acd, h->gathering - scene(h).skew, core_now(h) + h->o.gather);
    store_gathering(h);
    tl_info("nothing was stored: nobody is offered until those who waited are back");
}

void gathering_may_be_over(struct handlers *h)
{
    if (!h->gathering || acd_gathers_since(h->acd))
        return;
    h->gathering = 0;
    batch_add(h->open, PIECE_GONE, TL_STR(GATHERING_ROW), NULL, 0);
    tl_info("offers begin", TL_I("contacts", acd_size(h->acd).contacts));
}

/* ---- taking ---- */

static int core_make(struct handlers *h)
{
    int err;

    if (h->acd)
        return 0;
    err = acd_new(&h->acd, policy_of(h->o.policy), 0, on_decision, h);
    if (!err && !h->outbox)
        err = outbox_new(&h->outbox, h->o.bus, h->o.store);
    return err;
}

static void on_row(void *arg, char kind, struct tl_str key, struct tl_str value)
{
    struct handlers *h = arg;

    if (h->role != TAKING)
        return; /* we hold the truth and only claim it again */
    h->found = true;
    if (core_make(h))
        return; /* told by on_own() */
    load_row(h, kind, key, value);
}

/* Offers that are open ring again, under the new epoch. */
static void announce_offers(struct handlers *h)
{
    struct wire_scene s = scene(h);
    uint32_t at = ACD_NONE;

    while ((at = acd_next_contact(h->acd, at)) != ACD_NONE) {
        const struct acd_contact *c = acd_contact(h->acd, at);
        const struct acd_why why = {.again = true};
        const struct acd_decision d = {.kind = ACD_OFFER,
                                       .contact = c,
                                       .contact_at = at,
                                       .agent_at = c->agent,
                                       .agent = acd_agent(h->acd, c->agent),
                                       .why = &why,
                                       .offer = c->offer};
        char subject[80];
        if (c->state != ACD_OFFERED)
            continue;
        tl_buf_clear(&h->scratch);
        if (wire_push(&s, &d, &h->scratch))
            continue;
        (void)snprintf(subject, sizeof(subject), "tl.agent.%s", d.agent->id.s);
        batch_add(h->open, PIECE_PUSH, tl_str(subject), h->scratch.p, h->scratch.n);
    }
}

static void begin_owning(struct handlers *h)
{
    struct tl_id id, none = {""};
    struct wire_meta m;
    struct wire_scene s;

    h->role = OWNER;
    h->epoch_from = h->epoch;
    h->boot = tl_id_new();
    h->seq = 0;
    h->batches = 0;
    m = next_meta(h, &id);
    s = scene(h);
    tl_buf_clear(&h->scratch);
    if (wire_ownership_event(&s, h->instance, &m, &h->scratch) == 0)
        add_event(h, "ownership_taken", &none);
    announce_offers(h);
    acd_offers_from(h->acd, h->epoch << 32);
    maybe_gather(h);
    acd_restored(h->acd, core_now(h));
    tl_info("owner of the partition", TL_S("partition", h->partition), TL_I("epoch", h->epoch),
            TL_I("contacts", acd_size(h->acd).contacts), TL_I("agents", acd_size(h->acd).agents));
    feeds_start(h);
    if (subscribe_all(h))
        step_down(h, "cannot subscribe");
    else
        after_step(h);
}

/* Ours again after the store lost it: the batch under way goes first, then everything. */
static void claim_again(struct handlers *h, int err)
{
    if (err == -EBUSY) {
        step_down(h, "another owner took the empty store");
        return;
    }
    if (err) {
        tl_timer_start(h->again, TL_MSEC(50)); /* ends in -ENODATA again */
        return;
    }
    h->batches = 1;
    acd_touch_all(h->acd);
    for (uint32_t q = 0; q < acd_policy(h->acd)->n_queues; q++)
        if (acd_queue_closed(h->acd, q))
            store_queue(h, q);
    if (h->gathering)
        store_gathering(h);
    if (h->flying) {
        h->flying->number = 1;
        start_commit(h);
    }
    if (h->role == OWNER)
        flush_soon(h);
}

static void on_own(void *arg, int err, uint64_t epoch)
{
    struct handlers *h = arg;

    if (!err)
        h->epoch = epoch;
    if (h->role == OWNER || h->role == LEAVING) {
        claim_again(h, err);
        return;
    }
    if (!err)
        err = core_make(h);
    if (err) {
        h->role = STANDING_BY;
        h->somebody_owns = err == -EBUSY;
        h->owner_known = h->owner_known || err == -EBUSY;
        if (err != -ENODATA)
            h->empty_since = 0;
        else if (!h->empty_since)
            h->empty_since = tl_clock_mono();
        h->acd = acd_free(h->acd);
        h->outbox = outbox_free(h->outbox);
        tl_timer_start(h->lease, POLL);
        return;
    }
    h->empty_since = 0;
    begin_owning(h);
    tl_timer_start(h->lease, h->o.lease / 4);
}

static void take(struct handlers *h)
{
    const struct store_claim claim = {
        .instance = h->instance,
        .lease = h->o.lease,
        .at_least = h->epoch,
        .empty_too = h->role != TAKING || !h->owner_known ||
                     (h->empty_since && tl_clock_mono() - h->empty_since >= EMPTY_GRACE)};

    if (h->role == TAKING) {
        h->found = false;
        h->gathering = 0;
    }
    h->o.store->ops->own(h->o.store, &claim, on_row, on_own, h);
}

/* The store was flushed: what we hold is the truth.  Own it again and write everything. */
void store_was_lost(struct handlers *h)
{
    tl_warn("the store has lost its state: writing all of it again",
            TL_I("contacts", acd_size(h->acd).contacts));
    repair("store_lost");
    take(h);
}

static void on_kept(void *arg, int err)
{
    struct handlers *h = arg;

    if (h->role != OWNER)
        return;
    if (err == -ESTALE) {
        step_down(h, "the lease went to another");
        return;
    }
    tl_timer_start(h->lease, h->o.lease / 4);
    if (err == -ENODATA && !h->flying) {
        h->open->err = 0;
        store_was_lost(h);
    }
}

void on_lease(void *arg)
{
    struct handlers *h = arg;

    switch (h->role) {
    case STANDING_BY:
        if (!tl_bus_ready(h->o.bus)) { /* an owner that nobody can reach is of no use */
            tl_timer_start(h->lease, POLL);
            break;
        }
        h->role = TAKING;
        take(h);
        break;
    case OWNER: h->o.store->ops->keep(h->o.store, h->instance, h->o.lease, on_kept, h); break;
    default: break;
    }
}

void handlers_start(struct handlers *h)
{
    tl_timer_start(h->lease, 0);
}

void handlers_drain(struct handlers *h, tl_fn *done, void *arg)
{
    h->drained = done;
    h->drained_arg = arg;
    tl_timer_stop(h->lease);
    if (h->role != OWNER) {
        h->role = STANDING_BY;
        done(arg);
        return;
    }
    unsubscribe_all(h);
    feeds_stop(h);
    tl_timer_stop(h->wake);
    if (!h->flying && h->open->n_pieces)
        start_commit(h);
    h->role = LEAVING;
    maybe_leave(h);
}
