/* Facts from the ACD: who rings, who has accepted, who is gone. */
#include "core/contact_inner.h"

void fact_offered(struct step *s)
{
    struct contact *c = s->c;

    if (step_is_stale(s))
        return;
    if (c->phase == PHASE_ENDED)
        step_owe(s, WORK_DEQUEUE); /* a late enqueue has brought it back */
    if (!contact_is_in_line(c))
        return;
    c->owed &= ~(unsigned)(WORK_ENQUEUE); /* it is in line, whether or not we heard the answer */
    c->offer = s->f->offer;
    c->agent = s->f->agent;
    c->ring_ends_at = s->f->until;
    step_enter(s, PHASE_RINGING);
    step_tell(s, TELL_CUSTOMER | TELL_CARD);
}

void fact_offer_over(struct step *s)
{
    struct contact *c = s->c;

    if (step_is_stale(s) || c->phase != PHASE_RINGING)
        return;
    if (!tl_id_empty(&s->f->offer) && !tl_id_eq(&c->offer, &s->f->offer))
        return;
    c->agent = c->offer = (struct tl_id){0};
    c->ring_ends_at = 0;
    step_enter(s, PHASE_WAITING);
    step_tell(s, TELL_CUSTOMER);
}

/** The customer was gone before the agent's click arrived: give the agent back at once. */
static void accepted_too_late(struct step *s)
{
    step_owe(s, WORK_DEQUEUE); /* frees the agent, without a wrap-up */
    s->d->former = s->f->agent;
    step_tell(s, TELL_FORMER);
}

void fact_accepted(struct step *s)
{
    struct contact *c = s->c;
    bool first = !c->waited;

    if (step_is_stale(s))
        return;
    if (!contact_is_live(c)) {
        if (c->phase == PHASE_ENDED)
            accepted_too_late(s);
        return;
    }
    if (contact_is_talking(c)) {
        if (tl_id_eq(&c->agent, &s->f->agent))
            return;
        s->d->former = c->agent; /* we missed that the first agent was lost */
        step_tell(s, TELL_FORMER);
        step_stop_cobrowse(s, "lost");
        step_stop_talk(s);
    }
    c->owed &= ~(unsigned)(WORK_ENQUEUE | WORK_ROUTE | WORK_HOLD | WORK_RELEASE);
    c->offer = s->f->offer;
    c->agent = s->f->agent;
    (void)tl_str_put(c->agent_name, sizeof c->agent_name, tl_str(s->f->agent_name));
    c->ring_ends_at = 0;
    c->connected_at = s->now;
    if (first)
        c->waited = TL_HIGHER(s->now - c->enqueued_at, 1);
    step_enter(s, PHASE_CONNECTED);
    (void)step_event(s, EVENT_CONNECTED);
    if (contact_has_audio(c))
        step_owe(s, WORK_CONNECT);
    if (c->cobrowse_consent) {
        c->cobrowse_active = true;
        step_owe(s, WORK_OPEN_ROOM);
        (void)step_event(s, EVENT_CONSENTED);
    }
    step_tell(s, TELL_CUSTOMER | TELL_AGENT | TELL_CARD);
}

void fact_named(struct step *s)
{
    struct contact *c = s->c;

    if (!contact_is_talking(c) || !tl_id_eq(&c->agent, &s->f->agent) ||
        strcmp(c->agent_name, s->f->agent_name) == 0)
        return;
    (void)tl_str_put(c->agent_name, sizeof c->agent_name, tl_str(s->f->agent_name));
    s->d->changed = true;
    step_tell(s, TELL_CUSTOMER | TELL_AGENT);
}

void fact_dequeued(struct step *s)
{
    if (step_is_stale(s) || !contact_is_in_line(s->c))
        return;
    if (s->c->owed & WORK_ENQUEUE)
        return; /* about an earlier stay in the queue */
    step_finish(s, OUTCOME_CLOSED, ROLE_SYSTEM,
                s->f->cause && *s->f->cause ? s->f->cause : "closed");
    s->c->owed &= ~(unsigned)WORK_DEQUEUE;
}

void fact_released(struct step *s)
{
    if (step_is_stale(s) || !contact_is_talking(s->c))
        return;
    step_queue_again(s, 0); /* not by us: the agent is gone */
}

void fact_wrap_up_timeout(struct step *s)
{
    struct contact *c = s->c;
    struct contact_event *e;

    if (step_is_stale(s) || c->phase != PHASE_WRAP_UP)
        return;
    c->owed &= ~(unsigned)WORK_RELEASE; /* the wrap-up began, so it was released */
    e = step_event(s, EVENT_WRAPPED_UP);
    e->lasted = s->now - c->since;
    e->by_timer = true;
    step_enter(s, PHASE_ENDED);
    step_tell(s, TELL_AGENT);
}
