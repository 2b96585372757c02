/* Dice throw facts at the core: sensible ones, repeated ones, late ones and nonsense.  After each,
 * acd_check() and an own book-keeping of contacts: in = gone + here (conservation), nobody has two
 * owners (I2), offers only to agents who may have them. */
#include "random_run.h"
#include "check.h"
#include "crowd.h"
#include <stdio.h>
#include <stdlib.h>
#include <tl_mem.h>

#define IDS 64 /* contact ids in play; they come back */

struct book {
    struct random_result *r;
    struct acd *acd;
    uint64_t here, gone;
    uint32_t owner[IDS];   /* by our own reading of the decisions */
    uint32_t seat_of[IDS]; /* 1 + the contact's number; 0: is a contact itself */
    bool in[IDS];
    uint64_t last_offer;
};

static uint32_t id_number(const struct acd_contact *c)
{
    return (uint32_t)strtoul(c->id.s + 1, NULL, 10);
}

static void broke(struct book *b, const char *what, const char *who)
{
    if (!b->r->broken[0])
        (void)snprintf(b->r->broken, sizeof(b->r->broken), "fact %llu: %s (%s)",
                       (unsigned long long)b->r->facts, what, who);
}

/* The seat of the one who has it now goes to the one who had it. */
static void note_handed_over(struct book *b, const struct acd_decision *d, uint32_t i)
{
    uint32_t seat = ACD_NONE, from = acd_find_agent(b->acd, d->text);

    for (uint32_t s = 0; s < IDS; s++)
        if (b->in[s] && b->seat_of[s] == i + 1 && b->owner[s] == d->agent_at)
            seat = s;
    if (b->owner[i] != from || seat == ACD_NONE) {
        broke(b, "I2 handed over by or to somebody else", d->contact->id.s);
        return;
    }
    b->r->handed_over++;
    b->owner[seat] = from;
    b->owner[i] = d->agent_at;
}

static void note(void *arg, const struct acd_decision *d)
{
    struct book *b = arg;
    uint32_t i = d->contact ? id_number(d->contact) : 0;

    switch (d->kind) {
    case ACD_ADMIT:
        if (b->in[i])
            broke(b, "admitted twice", d->contact->id.s);
        b->in[i] = true;
        b->owner[i] = ACD_NONE;
        b->seat_of[i] = 0;
        b->r->seats += d->contact->parent != ACD_NONE;
        if (d->contact->parent != ACD_NONE)
            b->seat_of[i] = 1 + id_number(acd_contact(b->acd, d->contact->parent));
        b->here++;
        b->r->in++;
        break;
    case ACD_OFFER:
        if (b->owner[i] != ACD_NONE)
            broke(b, "I2 offered while somebody has it", d->contact->id.s);
        if (d->offer <= b->last_offer)
            broke(b, "offer numbers go back", d->contact->id.s);
        if (!d->agent->ready || !d->agent->signed_in)
            broke(b, "offered to somebody not ready", d->agent->id.s);
        if (!acd_serves(b->acd, d->agent_at, d->contact->queue) && !d->contact->direct &&
            d->contact->preferred != d->agent_at)
            broke(b, "offered to somebody of another queue", d->agent->id.s);
        b->last_offer = d->offer;
        b->owner[i] = d->agent_at;
        b->r->offers++;
        break;
    case ACD_TIME_OUT: b->r->timeouts++; /* fallthrough */
    case ACD_TAKE_BACK:
    case ACD_TURN_DOWN:
        if (b->owner[i] != d->agent_at)
            broke(b, "I2 taken from somebody who did not have it", d->contact->id.s);
        b->owner[i] = ACD_NONE;
        break;
    case ACD_LET_GO:
        if (b->owner[i] != d->agent_at)
            broke(b, "I2 conversation with somebody else", d->contact->id.s);
        if (d->cause == ACD_TRANSFER)
            b->owner[i] = ACD_NONE;
        break;
    case ACD_JOIN: b->r->joined++; break;
    case ACD_HAND_OVER: note_handed_over(b, d, i); break;
    case ACD_CONNECT:
        if (b->owner[i] != d->agent_at)
            broke(b, "I2 connected to somebody else", d->contact->id.s);
        b->r->answered++;
        break;
    case ACD_DISMISS: b->r->left++; break;
    case ACD_FORGET:
        if (!b->in[i])
            broke(b, "forgotten twice", d->contact->id.s);
        b->in[i] = false;
        b->here--;
        b->gone++;
        break;
    default: break;
    }
}

struct life {
    struct rng dice;
    struct crowd *crowd;
    struct acd *acd;
    struct crowd_opts opts;
    tl_time now;
    char contact[24], agent[24], session[32], seat[24], thread[24];
};

static void pick_contact(struct life *l, struct acd_fact *f)
{
    (void)snprintf(l->contact, sizeof(l->contact), "c%u", rng_below(&l->dice, IDS));
    f->contact = tl_str(l->contact);
}

static void pick_agent(struct life *l, struct acd_fact *f)
{
    (void)snprintf(l->agent, sizeof(l->agent), "a%u", rng_below(&l->dice, l->opts.agents));
    (void)snprintf(l->session, sizeof(l->session), "S%s%s", l->agent,
                   rng_below(&l->dice, 10) ? "" : "x");
    f->agent = tl_str(l->agent);
    f->session = tl_str(l->session);
}

/* Mostly an offer that is open, by the agent who has it. */
static void pick_offer(struct life *l, struct acd_fact *f)
{
    uint32_t n = rng_below(&l->dice, 8), at = ACD_NONE;

    pick_agent(l, f);
    f->offer = rng_below(&l->dice, 200);
    while ((at = acd_next_contact(l->acd, at)) != ACD_NONE) {
        const struct acd_contact *c = acd_contact(l->acd, at);
        if (c->state != ACD_OFFERED)
            continue;
        f->offer = c->offer;
        if (rng_below(&l->dice, 10))
            f->agent = tl_id_str(&acd_agent(l->acd, c->agent)->id);
        if (n-- == 0 || (c->seat && rng_below(&l->dice, 2)))
            return;
    }
}

static void pick_needs(struct life *l, struct acd_fact *f)
{
    f->n_required = (uint8_t)rng_below(&l->dice, 3);
    f->n_preferred = (uint8_t)rng_below(&l->dice, 2);
    for (unsigned i = 0; i < f->n_required; i++)
        f->required[i] = (struct acd_need){(uint16_t)rng_below(&l->dice, l->opts.skills),
                                           (uint8_t)(1 + rng_below(&l->dice, 4))};
    for (unsigned i = 0; i < f->n_preferred; i++)
        f->preferred[i] = (struct acd_need){(uint16_t)rng_below(&l->dice, l->opts.skills), 2};
    if (rng_below(&l->dice, 2)) {
        (void)snprintf(l->thread, sizeof(l->thread), "T%u", rng_below(&l->dice, 8));
        f->thread = tl_str(l->thread);
    }
    f->channel = (enum acd_channel)(1 + rng_below(&l->dice, ACD_CHANNELS - 1));
    f->priority = (int32_t)rng_below(&l->dice, 4) - 1;
    f->attempt = rng_below(&l->dice, 4) ? 1000000 : 0;
    f->enqueued = rng_below(&l->dice, 3) ? 0 : l->now - TL_SEC(rng_below(&l->dice, 90));
    if (rng_below(&l->dice, 8) == 0) {
        pick_agent(l, f);
        f->preferred_agent = f->agent;
        f->direct = rng_below(&l->dice, 2);
    }
}

/* Mostly a contact that is connected, by an agent who is in it, and a seat of it. */
static void pick_seat(struct life *l, struct acd_fact *f)
{
    uint32_t n = rng_below(&l->dice, 6), at = ACD_NONE, seats[ACD_SEATS_MAX];

    pick_agent(l, f);
    for (int tries = 0; tries < 4; tries++) {
        (void)snprintf(l->seat, sizeof(l->seat), "c%u", rng_below(&l->dice, IDS));
        f->seat = tl_str(l->seat);
        if (acd_find_contact(l->acd, f->seat) == ACD_NONE)
            break;
    }
    while ((at = acd_next_contact(l->acd, at)) != ACD_NONE) {
        const struct acd_contact *c = acd_contact(l->acd, at);
        if (c->state != ACD_CONNECTED || c->parent != ACD_NONE)
            continue;
        unsigned n_seats = acd_seats(l->acd, at, seats);
        if (!n_seats && f->kind != ACD_CONSULT_ASKED && rng_below(&l->dice, 20))
            continue;
        f->contact = tl_id_str(&c->id);
        const struct acd_contact *s =
            n_seats ? acd_contact(l->acd, seats[rng_below(&l->dice, n_seats)]) : NULL;
        if (s && f->kind != ACD_CONSULT_ASKED)
            f->seat = tl_id_str(&s->id);
        if (s && s->agent != ACD_NONE && rng_below(&l->dice, 3) == 0)
            c = s;
        if (rng_below(&l->dice, 10))
            f->agent = tl_id_str(&acd_agent(l->acd, c->agent)->id);
        if (n-- == 0)
            break;
    }
    if (rng_below(&l->dice, 2)) {
        uint32_t a = rng_below(&l->dice, l->opts.agents);
        for (int tries = 0; tries < 6 && acd_agent(l->acd, a)->presence != ACD_READY; tries++)
            a = rng_below(&l->dice, l->opts.agents);
        f->preferred_agent = tl_id_str(&acd_agent(l->acd, a)->id);
    }
}

static void throw_fact(struct life *l, struct acd_fact *f)
{
    static const uint8_t often[] = {
        ACD_TICK,
        ACD_TICK,
        ACD_TICK,
        ACD_CONTACT_QUEUED,
        ACD_CONTACT_QUEUED,
        ACD_CONTACT_QUEUED,
        ACD_CONTACT_QUEUED,
        ACD_OFFER_ACCEPTED,
        ACD_OFFER_ACCEPTED,
        ACD_OFFER_ACCEPTED,
        ACD_CONTACT_RELEASED,
        ACD_CONTACT_RELEASED,
        ACD_WRAP_UP_DONE,
        ACD_WRAP_UP_DONE,
        ACD_AGENT_READY,
        ACD_AGENT_READY,
        ACD_AGENT_ALIVE,
        ACD_CONTACT_LEFT,
        ACD_OFFER_DECLINED,
        ACD_CONSULT_ASKED,
        ACD_CONSULT_ASKED,
        ACD_CONSULT_ASKED,
        ACD_CONSULT_COMPLETED,
        ACD_CONSULT_MERGED,
        ACD_CONSULT_MERGED,
    };
    uint32_t kind = rng_below(&l->dice, 4) ? often[rng_below(&l->dice, sizeof(often))]
                                           : rng_below(&l->dice, ACD_FACTS + 1);

    *f = (struct acd_fact){.kind = (enum acd_fact_kind)kind};
    l->now += rng_below(&l->dice, 50) ? TL_MSEC(rng_below(&l->dice, 2000))
                                      : TL_SEC(rng_below(&l->dice, 60));
    pick_contact(l, f);
    f->queue = rng_below(&l->dice, l->opts.queues + (rng_below(&l->dice, 50) == 0));
    switch (kind) {
    case ACD_CONTACT_QUEUED: pick_needs(l, f); break;
    case ACD_OFFER_ACCEPTED:
    case ACD_OFFER_DECLINED: pick_offer(l, f); break;
    case ACD_REPRIORITISED: f->priority = (int32_t)rng_below(&l->dice, 5); break;
    case ACD_QUEUE_CLOSED: f->emergency = rng_below(&l->dice, 4) == 0; break;
    case ACD_WRAP_UP_DONE:
        if (rng_below(&l->dice, 4) == 0)
            pick_agent(l, f);
        break;
    case ACD_CONSULT_ASKED:
    case ACD_CONSULT_COMPLETED:
    case ACD_CONSULT_MERGED:
    case ACD_CONSULT_CANCELLED:
    case ACD_SEAT_LEFT: pick_seat(l, f); break;
    default: pick_agent(l, f); break;
    }
}

/* Stored and loaded: another core that must satisfy everything too. */
struct images {
    struct acd_contact c[IDS];
    struct tl_id of[IDS]; /* whose seat, by name: handles change */
    struct acd_agent a[64];
    struct acd_familiar f[ACD_FAMILIAR_MAX];
    uint32_t n_c, n_a, n_f;
};

static void keep_familiar(void *arg, const struct acd_familiar *f)
{
    struct images *m = arg;

    m->f[m->n_f++] = *f;
}

static int store_and_load(struct life *l, struct book *b)
{
    static struct images m;
    uint32_t at = ACD_NONE;
    int err;

    m.n_c = m.n_a = m.n_f = 0;
    while ((at = acd_next_contact(l->acd, at)) != ACD_NONE) {
        const struct acd_contact *c = m.c + m.n_c;
        m.c[m.n_c] = *acd_contact(l->acd, at);
        m.of[m.n_c++] =
            c->parent == ACD_NONE ? (struct tl_id){""} : acd_contact(l->acd, c->parent)->id;
    }
    while ((at = acd_next_agent(l->acd, at)) != ACD_NONE)
        m.a[m.n_a++] = *acd_agent(l->acd, at);
    acd_touch_all(l->acd);
    acd_take_familiar(l->acd, keep_familiar, &m);
    l->acd = b->acd = acd_free(l->acd);
    err = acd_new(&l->acd, crowd_policy(l->crowd), b->last_offer + 1000, note, b);
    if (err)
        return err;
    b->acd = l->acd;
    for (uint32_t i = 0; i < m.n_a && !err; i++)
        err = acd_restore_agent(l->acd, &m.a[i], l->now);
    for (uint32_t i = 0; i < m.n_f && !err; i++)
        acd_restore_familiar(l->acd, &m.f[i], l->now);
    for (int seats = 0; seats < 2; seats++) /* a seat after its contact */
        for (uint32_t i = 0; i < m.n_c && !err; i++) {
            if (tl_id_empty(&m.of[i]) == seats)
                continue;
            m.c[i].parent = acd_find_contact(l->acd, tl_id_str(&m.of[i]));
            err = acd_restore_contact(l->acd, &m.c[i], l->now);
        }
    if (rng_below(&l->dice, 3) == 0) /* as if it were a part of all there was */
        acd_gather(l->acd, l->now, l->now + TL_SEC(1 + rng_below(&l->dice, 30)));
    if (!err)
        acd_restored(l->acd, l->now);
    return err;
}

static int exchange(struct life *l)
{
    struct crowd *next;
    int err;

    l->opts.seed++;
    err = crowd_new(&next, &l->opts);
    if (err)
        return err;
    err = acd_set_policy(l->acd, crowd_policy(next), l->now);
    if (err) {
        crowd_free(next);
        return err;
    }
    crowd_free(l->crowd);
    l->crowd = next;
    return 0;
}

int random_run(const struct random_run *run, struct random_result *ret)
{
    struct life l = {.dice = rng_seed(run->seed),
                     .now = INT64_C(1700000000000000),
                     .opts = {.queues = 3,
                              .skills = 6,
                              .agents = 6,
                              .skills_per_agent = 3,
                              .queues_per_agent = 2,
                              .rich = true,
                              .seed = run->seed * 1000}};
    struct book b = {.r = ret};
    struct acd_fact f;
    int err;

    *ret = (struct random_result){0};
    err = crowd_new(&l.crowd, &l.opts);
    if (!err)
        err = acd_new(&l.acd, crowd_policy(l.crowd), 0, note, &b);
    b.acd = l.acd;
    for (ret->facts = 0; ret->facts < run->facts && !err && !ret->broken[0]; ret->facts++) {
        throw_fact(&l, &f);
        /* the shell's timer is never more than a little late */
        if (acd_next_wake(l.acd) < l.now - TL_SEC(2))
            err = acd_step(l.acd, &(struct acd_fact){.kind = ACD_TICK}, l.now, NULL);
        if (!err)
            err = acd_step(l.acd, &f, l.now, NULL);
        if (!err && run->reload && rng_below(&l.dice, 300) == 0)
            err = exchange(&l);
        if (!err && run->reload && rng_below(&l.dice, 300) == 0)
            err = store_and_load(&l, &b);
        if (!err && acd_check(l.acd, ret->broken, sizeof(ret->broken)) == 0 &&
            b.here != acd_size(l.acd).contacts)
            broke(&b, "conservation: contacts were lost or made", "book");
    }
    acd_free(l.acd);
    crowd_free(l.crowd);
    return err ? err : ret->broken[0] ? -EPROTO : 0;
}
