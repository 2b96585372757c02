/* What follows from each decision: numbers, agents' time, and what will happen next.  See floor.h.
 */
#include "floor_in.h"
#include <tl_mem.h>

/* ---- agents' time ---- */

void floor_count_time(struct hall *h, tl_time now)
{
    tl_time until = TL_LOWER(now, h->closing);

    if (until <= h->counted)
        return;
    h->busy += (double)(until - h->counted) * h->n_busy;
    h->available += (double)(until - h->counted) * h->n_available;
    h->counted = until;
}

void floor_close_clerk(struct hall *h, struct clerk *c, tl_time now)
{
    tl_time until = TL_LOWER(now, h->closing);
    double lasted = until > c->since ? (double)(until - c->since) : 0;

    c->busy += c->is_busy ? lasted : 0;
    c->available += c->is_available ? lasted : 0;
    c->since = now;
}

static void show_agent(struct hall *h, const struct acd_decision *d)
{
    struct clerk *c = &h->clerks[d->agent_at];
    uint8_t p = d->agent->presence;
    bool busy = p == ACD_RINGING || p == ACD_BUSY || p == ACD_WRAP_UP;
    bool available = busy || p == ACD_READY;

    floor_count_time(h, d->now);
    floor_close_clerk(h, c, d->now);
    h->n_busy += (uint32_t)busy - (uint32_t)c->is_busy;
    h->n_available += (uint32_t)available - (uint32_t)c->is_available;
    c->is_busy = busy;
    c->is_available = available;
}

/* ---- what follows from a decision ---- */

static void plan(struct hall *h, enum kind kind, uint32_t who, uint64_t stamp, tl_dur in)
{
    struct agenda_item item = {.stamp = stamp, .kind = kind, .who = who};

    if (in == TL_NEVER)
        return;
    item.at = h->now + in;
    if (agenda_add(&h->agenda, &item))
        h->err = -ENOMEM;
}

static void enter(struct hall *h, struct guest *g, uint32_t queue)
{
    struct numbers *q = &h->r->queues[queue];

    g->queue = queue;
    g->entered = h->now;
    g->offered = g->late = false;
    q->offered++;
    q->now_waiting++;
    q->most_waiting = TL_HIGHER(q->most_waiting, q->now_waiting);
}

static void admit(struct hall *h, uint32_t at)
{
    struct numbers *t = &h->r->total;

    if (at >= h->room) {
        uint32_t room = TL_HIGHER(at + 1, h->room * 2);
        struct guest *more = tl_resize(h->guests, room, sizeof(*more));
        if (!more) {
            h->err = -ENOMEM;
            return;
        }
        h->guests = more;
        h->room = room;
    }
    h->guests[at] = (struct guest){.call = h->coming, .number = h->number};
    enter(h, &h->guests[at], h->coming.queue);
    t->now_waiting++;
    t->most_waiting = TL_HIGHER(t->most_waiting, t->now_waiting);
    plan(h, HANG_UP, at, h->number, h->coming.patience);
}

static void note_wait(struct numbers *n, tl_dur wait, bool late)
{
    n->wait_of_all += (double)wait;
    n->longest_wait = TL_HIGHER(n->longest_wait, wait);
    n->delayed += late;
}

enum way { ANSWERED, ABANDONED, FLOWED };

static void count_end(struct numbers *n, enum way way, tl_dur wait, tl_dur target, bool late)
{
    note_wait(n, wait, late);
    n->now_waiting--;
    switch (way) {
    case ANSWERED:
        n->answered++;
        n->wait_of_answered += (double)wait;
        n->answered_in_time += wait <= target;
        break;
    case ABANDONED:
        n->abandoned++;
        n->short_abandoned += wait <= NUMBERS_SHORT;
        n->abandoned_in_time += wait <= target;
        break;
    case FLOWED: n->flowed_out++; break;
    }
}

static void wait_ends(struct hall *h, struct guest *g, enum way way)
{
    tl_dur target = h->policy.queues[g->queue].service_target;
    bool late = g->late || !g->offered;
    tl_dur wait = h->now - g->call.at;

    count_end(&h->r->queues[g->queue], way, h->now - g->entered, target, late);
    count_end(&h->r->total, way, wait, target, late);
    if (!h->o->ended)
        return;
    floor_count_time(h, h->now);
    h->o->ended(h->o->arg, &(struct floor_end){.now = h->now,
                                               .wait = wait,
                                               .answered = way == ANSWERED,
                                               .abandoned = way == ABANDONED,
                                               .delayed = late,
                                               .busy = h->busy,
                                               .available = h->available});
}

static void change_queue(struct hall *h, struct guest *g, uint32_t queue)
{
    struct numbers *old = &h->r->queues[g->queue];

    if (g->queue == queue)
        return; /* another ring */
    count_end(old, FLOWED, h->now - g->entered, 0, g->late || !g->offered);
    enter(h, g, queue);
}

static void ring(struct hall *h, struct guest *g, const struct acd_decision *d)
{
    if (!g->offered) {
        g->offered = true;
        g->late = h->now > g->entered;
    }
    g->offer = d->offer;
    plan(h, ACCEPT, d->contact_at, d->offer, g->call.answer);
}

static void add_handled(struct hall *h, const struct guest *g, tl_dur lasted, bool released)
{
    struct numbers *q = &h->r->queues[g->queue];

    q->handled += (double)lasted;
    q->released += released;
    h->r->total.handled += (double)lasted;
    h->r->total.released += released;
}

void floor_decided(void *arg, const struct acd_decision *d)
{
    struct hall *h = arg;
    struct guest *g = NULL;

    h->now = d->now;
    if (h->o->decided)
        h->o->decided(h->o->arg, d);
    if (d->kind == ACD_ADMIT)
        admit(h, d->contact_at);
    if (h->err)
        return;
    if (d->contact_at != ACD_NONE)
        g = &h->guests[d->contact_at];
    switch (d->kind) {
    case ACD_OFFER: ring(h, g, d); break;
    case ACD_CONNECT:
        wait_ends(h, g, ANSWERED);
        plan(h, HANG_OFF, d->contact_at, g->number, g->call.talk);
        break;
    case ACD_DISMISS: wait_ends(h, g, d->cause == ACD_CUSTOMER_LEFT ? ABANDONED : FLOWED); break;
    case ACD_MOVE: change_queue(h, g, d->contact->queue); break;
    case ACD_LET_GO: add_handled(h, g, d->lasted, true); break;
    case ACD_START_WRAP: plan(h, WRAPPED, d->contact_at, g->number, g->call.wrap_up); break;
    case ACD_END_WRAP: add_handled(h, g, d->lasted, false); break;
    case ACD_SHOW_AGENT:
        show_agent(h, d);
        if (d->agent->presence == ACD_NOT_READY &&
            tl_str_eq(tl_id_str(&d->agent->reason), TL_STR("rona")))
            plan(h, BACK, d->agent_at, 0, h->o->back_after ? h->o->back_after : TL_MIN(1));
        break;
    default: break;
    }
}
