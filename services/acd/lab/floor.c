/* The day in virtual time: the loop takes the soonest of next customer, next shift, agenda and the
 * core's own wake-up.  See floor.h. */
#include "floor_in.h"
#include <stdio.h>
#include <tl_mem.h>

/* ---- facts ---- */

static int step(struct hall *h, const struct acd_fact *f, enum acd_outcome *out)
{
    int err = acd_step(h->acd, f, h->now, out);

    h->r->facts++;
    if (!err)
        err = h->err;
    return err || !h->o->check ? err : h->o->check(h->o->arg, h->acd);
}

/* One of the floor's own facts: the core must take it. */
static int must(struct hall *h, const struct acd_fact *f)
{
    enum acd_outcome out = ACD_OK;
    int err = step(h, f, &out);

    return err ? err : out == ACD_OK ? 0 : -EPROTO;
}

static void fetch(struct hall *h)
{
    tl_time before = h->coming.at;

    h->more = h->o->source(h->o->arg, &h->coming);
    h->number++;
    if (h->more)
        h->coming.at = TL_HIGHER(h->coming.at, before);
    else
        h->closing = before;
}

static int arrive(struct hall *h)
{
    const struct floor_call *c = &h->coming;
    enum acd_outcome out = ACD_OK;
    char id[24];
    struct acd_fact f = {.kind = ACD_CONTACT_QUEUED,
                         .queue = c->queue,
                         .channel = c->channel,
                         .priority = c->priority,
                         .n_required = c->n_required};
    int err;

    (void)snprintf(id, sizeof(id), "c%llu", (unsigned long long)h->number);
    f.contact = tl_str(id);
    for (unsigned i = 0; i < c->n_required; i++)
        f.required[i] = c->required[i];
    if (h->r->total.offered++ == 0)
        h->r->first = c->at;
    h->r->last = c->at;
    err = step(h, &f, &out);
    if (err)
        return err;
    if (out == ACD_FULL || out == ACD_CLOSED || out == ACD_NO_STAFF || out == ACD_TOO_VARIED) {
        h->r->queues[c->queue].offered++;
        h->r->queues[c->queue].flowed_out++;
        h->r->total.flowed_out++;
    } else if (out != ACD_OK) {
        return -EPROTO;
    }
    if (h->o->progress && h->r->total.offered % 8192 == 0)
        h->o->progress(h->o->arg, h->now, h->r->total.offered);
    fetch(h);
    return 0;
}

static int agent_fact(struct hall *h, enum acd_fact_kind kind, struct tl_str agent)
{
    const struct acd_fact f = {
        .kind = kind, .agent = agent, .session = agent, .cause = TL_STR("away")};

    return must(h, &f);
}

static int take_shift(struct hall *h)
{
    const struct floor_shift *s = &h->o->shifts[h->shift++];
    static const enum acd_fact_kind kinds[] = {[FLOOR_OFF] = ACD_AGENT_DRAINED,
                                               [FLOOR_AWAY] = ACD_AGENT_NOT_READY,
                                               [FLOOR_READY] = ACD_AGENT_READY};

    return agent_fact(h, kinds[s->duty], tl_id_str(&h->policy.agents[s->agent].id));
}

static int come_back(struct hall *h, uint32_t agent)
{
    const struct acd_agent *a = acd_agent(h->acd, agent);

    if (!a->signed_in || a->ready || !tl_str_eq(tl_id_str(&a->reason), TL_STR("rona")))
        return 0;
    return agent_fact(h, ACD_AGENT_READY, tl_id_str(&a->id));
}

static int do_item(struct hall *h, const struct agenda_item *i)
{
    const struct acd_contact *c;
    struct acd_fact f = {.kind = ACD_TICK};

    if (i->kind == BACK)
        return come_back(h, i->who);
    c = acd_contact(h->acd, i->who);
    if (!c || (i->kind == ACCEPT ? h->guests[i->who].offer : h->guests[i->who].number) != i->stamp)
        return 0; /* that one is gone, or that offer is over */
    f.contact = tl_id_str(&c->id);
    switch ((enum kind)i->kind) {
    case HANG_UP:
        if (c->state != ACD_WAITING && c->state != ACD_OFFERED)
            return 0;
        f.kind = ACD_CONTACT_LEFT;
        break;
    case ACCEPT:
        if (c->state != ACD_OFFERED)
            return 0;
        f.kind = ACD_OFFER_ACCEPTED;
        f.agent = tl_id_str(&acd_agent(h->acd, c->agent)->id);
        f.offer = c->offer;
        break;
    case HANG_OFF:
        if (c->state != ACD_CONNECTED)
            return 0;
        f.kind = ACD_CONTACT_RELEASED;
        break;
    default:
        if (c->state != ACD_WRAPPING)
            return 0;
        f.kind = ACD_WRAP_UP_DONE;
    }
    return must(h, &f);
}

/* False: nothing will ever happen again. */
static bool next_moment(struct hall *h, tl_time *ret)
{
    tl_time t = h->more ? h->coming.at : TL_NEVER;

    if (h->shift < h->o->n_shifts)
        t = TL_LOWER(t, h->o->shifts[h->shift].at);
    t = TL_LOWER(t, agenda_next(&h->agenda));
    if (t != TL_NEVER || acd_size(h->acd).contacts)
        t = TL_LOWER(t, acd_next_wake(h->acd));
    *ret = TL_HIGHER(t, h->now);
    return t != TL_NEVER && t < h->r->first + ALWAYS / 2;
}

static int run(struct hall *h)
{
    struct agenda_item item;
    int err = 0;

    fetch(h);
    h->r->first = h->now = h->counted = h->more ? h->coming.at : 0;
    if (h->o->n_shifts && h->o->shifts[0].at < h->now)
        h->r->first = h->now = h->counted = h->o->shifts[0].at;
    while (!err && next_moment(h, &h->now)) {
        if (acd_next_wake(h->acd) <= h->now) {
            err = must(h, &(struct acd_fact){.kind = ACD_TICK});
        } else if (h->shift < h->o->n_shifts && h->o->shifts[h->shift].at <= h->now) {
            err = take_shift(h);
        } else if (agenda_next(&h->agenda) <= h->now) {
            item = agenda_pop(&h->agenda);
            err = do_item(h, &item);
        } else if (h->more) {
            err = arrive(h);
        }
    }
    return err;
}

static void sum_up(struct hall *h)
{
    struct floor_result *r = h->r;
    struct acd_supply s;

    floor_count_time(h, h->now);
    r->total.busy = h->busy;
    r->total.available = h->available;
    r->end = h->now;
    for (uint32_t q = 0; q < r->n_queues; q++) {
        struct numbers *n = &r->queues[q];
        acd_supply(h->acd, q, h->now, &s);
        n->waiting = n->now_waiting;
        n->forecasts = s.mape_n;
        n->forecast_error = s.mape_n ? s.mape * (double)s.mape_n : 0;
        n->forecasts_long = s.mape_long_n;
        n->forecast_error_long = s.mape_long_n ? s.mape_long * (double)s.mape_long_n : 0;
        r->total.waiting += n->waiting;
        r->total.forecasts += n->forecasts;
        r->total.forecast_error += n->forecast_error;
        r->total.forecasts_long += n->forecasts_long;
        r->total.forecast_error_long += n->forecast_error_long;
    }
    for (uint32_t a = 0; a < h->policy.n_agents; a++) {
        const struct acd_agent_profile *p = &h->policy.agents[a];
        uint32_t at = acd_find_agent(h->acd, tl_id_str(&p->id));
        floor_close_clerk(h, &h->clerks[at], h->now);
        for (unsigned i = 0; i < p->n_queues; i++) {
            r->queues[p->queues[i]].busy += h->clerks[at].busy;
            r->queues[p->queues[i]].available += h->clerks[at].available;
        }
    }
}

int floor_run(const struct floor_opts *opts, struct floor_result *ret)
{
    struct hall h = {.o = opts, .r = ret, .policy = *opts->policy, .closing = TL_NEVER};
    int err;

    *ret = (struct floor_result){.n_queues = opts->policy->n_queues};
    h.policy.lease = ALWAYS;
    ret->queues = tl_alloc(ret->n_queues, sizeof(*ret->queues));
    h.clerks = tl_alloc((size_t)opts->policy->n_agents + 1, sizeof(*h.clerks));
    err = ret->queues && h.clerks ? acd_new(&h.acd, &h.policy, 0, floor_decided, &h) : -ENOMEM;
    if (!err)
        err = run(&h);
    if (!err)
        sum_up(&h);
    else
        floor_done(ret);
    acd_free(h.acd);
    agenda_done(&h.agenda);
    tl_free(h.guests);
    tl_free(h.clerks);
    return err;
}

void floor_done(struct floor_result *r)
{
    r->queues = tl_free(r->queues);
    r->n_queues = 0;
}
