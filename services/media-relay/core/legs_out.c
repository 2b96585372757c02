/**
 * @file legs_out.c  The queue of decisions, and the words in which they are made.
 */
#include "core/legs_inner.h"

#include <assert.h>
#include <tl_mem.h>

int queue_reserve(struct legs *g, size_t more)
{
    size_t cap = g->queue_cap ? g->queue_cap : 64;
    struct legs_decision *ring;

    while (cap < g->queue_n + more)
        cap *= 2;
    if (cap == g->queue_cap)
        return 0;
    ring = tl_alloc(cap, sizeof *ring);
    if (!ring)
        return -ENOMEM;
    for (size_t i = 0; i < g->queue_n; i++)
        ring[i] = g->queue[(g->queue_at + i) % g->queue_cap];
    tl_free(g->queue);
    g->queue = ring;
    g->queue_cap = cap;
    g->queue_at = 0;
    return 0;
}

struct legs_decision *decide(struct legs *g, enum legs_decision_kind kind)
{
    struct legs_decision *d = &g->queue[(g->queue_at + g->queue_n++) % g->queue_cap];

    assert(g->queue_n <= g->queue_cap);
    memset(d, 0, sizeof *d);
    d->kind = kind;
    return d;
}

bool legs_next(struct legs *g, struct legs_decision *ret)
{
    if (g->queue_n == 0)
        return false;
    *ret = g->queue[g->queue_at];
    g->queue_n--;
    /* An empty ring begins anew, so that only as much of it is ever touched as was needed. */
    g->queue_at = g->queue_n ? (g->queue_at + 1) % g->queue_cap : 0;
    return true;
}

static void put_text(struct legs_decision *d, const char *text)
{
    (void)tl_str_put(d->text, sizeof d->text, tl_str(text)); /* names are shorter by construction */
}

void decide_seat(struct legs *g, enum legs_decision_kind kind, const struct seat *s,
                 const char *text)
{
    struct legs_decision *d = decide(g, kind);

    memcpy(d->key, s->key, sizeof d->key);
    put_text(d, text);
}

static void put_contact(struct legs_decision *d, const struct contact *c)
{
    if (!c)
        return;
    d->contact = c->id;
    d->thread = c->thread;
    d->session = c->session;
}

void decide_leg(struct legs *g, enum legs_decision_kind kind, const struct leg *leg,
                const char *text)
{
    struct legs_decision *d = decide(g, kind);

    d->leg = leg->id;
    d->media = leg->kind;
    d->handle = leg->handle;
    d->agent = leg->agent;
    put_contact(d, leg->contact);
    if (leg->feed) {
        d->feed = leg->feed->id;
        d->shows = leg->feed->kind;
    }
    if (leg->seat)
        memcpy(d->key, leg->seat->key, sizeof d->key);
    put_text(d, text);
}

/* To whoever has the PeerConnection: the agent, or the customer's session. */
void say_closed(struct legs *g, const struct leg *leg, const char *reason)
{
    decide_leg(g, LEGS_SAY_CLOSED, leg, reason);
}

void say_reoffer(struct legs *g, const struct seat *s, const char *reason)
{
    struct legs_decision *d = decide(g, LEGS_SAY_REOFFER);

    d->agent = s->agent;
    put_contact(d, s->contact);
    put_text(d, reason);
}

void tell_down(struct legs *g, const struct leg *leg, const char *cause)
{
    struct legs_decision *d;

    decide_leg(g, LEGS_TELL_DOWN, leg, cause);
    d = &g->queue[(g->queue_at + g->queue_n - 1) % g->queue_cap];
    if (leg->seat) {
        d->packets = leg->seat->packets - leg->seat->packets_before;
        d->lost = leg->seat->lost - leg->seat->lost_before;
        d->jitter_us = leg->seat->jitter_us;
    }
}

void tell_contact(struct legs *g, enum legs_decision_kind kind, const struct contact *c)
{
    struct legs_decision *d = decide(g, kind);

    put_contact(d, c);
    d->agent = c->agent;
}
