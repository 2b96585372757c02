/* The door: every fact comes in here, every decision goes out here, and what time brings is due
 * here. The life of a contact is waiting -> offered -> connected -> wrapping -> out; each way along
 * it is a file: arrive.c, match.c, answer.c, transfer.c, leave.c, presence.c.  What a fact needs is
 * allocated before anything changes. */
#include "state.h"

/* ---- telling ---- */

static void note_step(struct acd *acd, const struct decide *d)
{
    const struct cell *about = cell_at(acd, d->contact);
    bool seat = about->c.parent != ACD_NONE;
    struct cell *c = seat ? cell_at(acd, about->c.parent) : cell_at(acd, d->contact);
    struct step *s = &c->steps[c->n_steps % ACD_HISTORY];

    if (d->kind == ACD_FORGET)
        return;
    *s = (struct step){.at_ms = (uint32_t)((acd->now - c->c.enqueued) / 1000),
                       .agent = d->kind == ACD_MOVE && d->why ? d->ring_was : d->agent,
                       .kind = (uint8_t)(d->kind | (seat ? STEP_OF_SEAT : 0)),
                       .cause = (uint8_t)d->cause,
                       .ring = about->c.ring};
    for (int i = 0; d->why && i < ACD_REJECTIONS; i++)
        s->counts[i] = (uint8_t)TL_LOWER(d->why->rejected[i], UINT8_MAX);
    c->n_steps++;
    if (c->n_steps == 0) /* wrapped: stay in the range where all slots count as used */
        c->n_steps = ACD_HISTORY;
}

void tell(struct acd *acd, const struct decide *d)
{
    if (d->contact != ACD_NONE)
        note_step(acd, d);
    if (acd->quiet || !acd->sink)
        return;
    struct acd_decision out = {.kind = d->kind,
                               .now = acd->now,
                               .contact_at = d->contact,
                               .agent_at = d->agent,
                               .why = d->why,
                               .cause = d->cause,
                               .text = d->text,
                               .lasted = d->lasted,
                               .presence_was = d->presence_was,
                               .ring_was = d->ring_was};
    if (d->contact != ACD_NONE) {
        out.contact = &cell_at(acd, d->contact)->c;
        out.offer = out.contact->offer;
    }
    if (d->agent != ACD_NONE)
        out.agent = &post_at(acd, d->agent)->a;
    acd->sink(acd->arg, &out);
}

void contact_changed(struct acd *acd, uint32_t at)
{
    struct cell *c = cell_at(acd, at);

    if (c->c.parent != ACD_NONE) { /* a seat is stored with its contact */
        at = c->c.parent;
        c = cell_at(acd, at);
    }
    if (c->changed)
        return;
    c->changed = true;
    c->next_changed = acd->changed_contact;
    acd->changed_contact = at;
}

void agent_changed(struct acd *acd, uint32_t at)
{
    struct post *p = post_at(acd, at);

    if (p->changed)
        return;
    p->changed = true;
    p->next_changed = acd->changed_agent;
    acd->changed_agent = at;
}

/* ---- time ---- */

static void waiting_due(struct acd *acd, uint32_t at)
{
    struct cell *c = cell_at(acd, at);
    const struct acd_queue_policy *q = queue_policy(acd, c->c.queue);
    tl_dur here = acd->now - c->c.queued;

    if (q->max_wait && here >= q->max_wait) {
        dismiss(acd, at, ACD_MAX_WAIT, NO_TEXT);
        return;
    }
    if (overflow(acd, at))
        return;
    if (c->personal && here >= q->preferred_timeout && c->c.seat) {
        dismiss(acd, at, ACD_MAX_WAIT, NO_TEXT); /* a consult with somebody who has no time */
        return;
    }
    if (c->personal && !c->c.direct && here >= q->preferred_timeout) {
        unstand(acd, at);
        stand(acd, at);
    }
    (void)advance_ring(acd, at); /* false: stays */
    arm(acd, at);
    if (!apply_staff_rules(acd, at))
        (void)match_contact(acd, at); /* nobody free: it waits on */
}

static void due(struct acd *acd, uint32_t at)
{
    const struct acd_contact *c = &cell_at(acd, at)->c;

    switch (c->state) {
    case ACD_WAITING: waiting_due(acd, at); break;
    case ACD_OFFERED: refused(acd, at, ACD_TIME_OUT, ACD_RONA, NO_TEXT); break;
    case ACD_WRAPPING: end_wrap(acd, at, ACD_BY_TIMER); break;
    default: break; /* nothing of a connected contact is due */
    }
}

static void tick(struct acd *acd)
{
    uint32_t at;

    if (acd->gather_until <= acd->now)
        gathered(acd);
    while ((at = wheel_pop(&acd->wheel, acd->now)) != WHEEL_NONE)
        due(acd, at);
    while ((at = acd->lease_first) != ACD_NONE &&
           post_at(acd, at)->a.seen + acd->policy->lease <= acd->now)
        sign_out(acd, at, ACD_AGENT_LOST);
}

tl_time acd_next_wake(const struct acd *acd)
{
    tl_time at = wheel_next(&acd->wheel);

    if (acd->lease_first != ACD_NONE) {
        tl_time lost = post_at(acd, acd->lease_first)->a.seen + acd->policy->lease;
        at = TL_LOWER(at, lost);
    }
    return acd->gather_until ? TL_LOWER(at, acd->gather_until) : at;
}

/* ---- the door ---- */

int acd_step(struct acd *acd, const struct acd_fact *f, tl_time now, enum acd_outcome *ret_outcome)
{
    enum acd_outcome out = ACD_OK;
    int err = 0;

    if (now > acd->now)
        acd->now = now;
    switch (f->kind) {
    case ACD_TICK: tick(acd); break;
    case ACD_CONTACT_QUEUED: err = contact_queued(acd, f, &out); break;
    case ACD_CONTACT_LEFT: out = contact_left(acd, f); break;
    case ACD_CONTACT_RELEASED: out = contact_released(acd, f); break;
    case ACD_WRAP_UP_DONE: out = wrap_up_done(acd, f); break;
    case ACD_OFFER_ACCEPTED: out = offer_accepted(acd, f); break;
    case ACD_OFFER_DECLINED: out = offer_declined(acd, f); break;
    case ACD_REPRIORITISED: out = reprioritised(acd, f); break;
    case ACD_MOVED: err = moved(acd, f, &out); break;
    case ACD_HANDED: out = handed(acd, f); break;
    case ACD_PICKED: out = picked(acd, f); break;
    case ACD_CALLBACK_WANTED: err = callback_wanted(acd, f, &out); break;
    case ACD_CONSULT_ASKED: err = consult_asked(acd, f, &out); break;
    case ACD_CONSULT_COMPLETED: out = consult_completed(acd, f); break;
    case ACD_CONSULT_MERGED: out = consult_merged(acd, f); break;
    case ACD_CONSULT_CANCELLED: out = consult_cancelled(acd, f); break;
    case ACD_SEAT_LEFT: out = seat_left(acd, f); break;
    case ACD_GATHERED: gathered(acd); break;
    case ACD_QUEUE_OPENED:
    case ACD_QUEUE_CLOSED: out = queue_fact(acd, f); break;
    case ACD_AGENT_READY:
    case ACD_AGENT_NOT_READY:
    case ACD_AGENT_GONE:
    case ACD_AGENT_ALIVE:
    case ACD_AGENT_DRAINED: out = agent_fact(acd, f); break;
    default: out = ACD_OUT_OF_RANGE; break;
    }
    if (!err && ret_outcome)
        *ret_outcome = out;
    return err;
}
