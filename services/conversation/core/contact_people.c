/* Facts from people: they hang up, are lost, hold, consent, wrap up. */
#include "core/contact_inner.h"

void fact_hung_up(struct step *s)
{
    struct contact *c = s->c;
    bool talked = contact_is_talking(c);

    if (!contact_is_live(c))
        return;
    if (s->f->by != ROLE_CUSTOMER && !talked) {
        step_refuse(s, 409, "not connected: decline the offer instead");
        return;
    }
    step_finish(s, talked || c->talked ? OUTCOME_COMPLETED : OUTCOME_ABANDONED, s->f->by,
                talked ? "hangup" : "abandoned");
}

void fact_customer_lost(struct step *s)
{
    struct contact *c = s->c;

    if (contact_is_live(c))
        step_finish(s, contact_is_talking(c) || c->talked ? OUTCOME_COMPLETED : OUTCOME_ABANDONED,
                    ROLE_CUSTOMER, s->f->cause ? s->f->cause : "session_lost");
}

void fact_agent_lost(struct step *s)
{
    if (contact_is_talking(s->c) &&
        (tl_id_empty(&s->f->agent) || tl_id_eq(&s->c->agent, &s->f->agent)))
        step_queue_again(s, WORK_RELEASE);
}

void fact_hold_asked(struct step *s)
{
    struct contact *c = s->c;

    if (c->phase == PHASE_HELD)
        return;
    if (c->phase != PHASE_CONNECTED) {
        step_refuse(s, 409, "not connected");
        return;
    }
    c->held_at = s->now;
    step_stop_idle(s); /* now the customer waits for the agent */
    step_enter(s, PHASE_HELD);
    (void)step_event(s, EVENT_HELD);
    if (contact_has_audio(c))
        step_owe(s, WORK_HOLD);
    step_tell(s, TELL_CUSTOMER | TELL_AGENT);
}

void fact_retrieve_asked(struct step *s)
{
    struct contact *c = s->c;

    if (c->phase == PHASE_CONNECTED)
        return;
    if (c->phase != PHASE_HELD) {
        step_refuse(s, 409, "not on hold");
        return;
    }
    step_event(s, EVENT_RETRIEVED)->lasted = s->now - c->held_at;
    step_stop_hold(s);
    /* The conversation's clock goes on without the time on hold. */
    c->connected_at += s->now - c->since;
    step_enter(s, PHASE_CONNECTED);
    if (contact_has_audio(c))
        step_owe(s, WORK_HOLD);
    step_tell(s, TELL_CUSTOMER | TELL_AGENT);
}

void fact_consented(struct step *s)
{
    struct contact *c = s->c;

    if (!contact_is_live(c)) {
        step_refuse(s, 409, "the contact is over");
        return;
    }
    if (!c->cobrowse_consent)
        s->d->changed = true;
    c->cobrowse_consent = true;
    if (!contact_is_talking(c) || c->cobrowse_active)
        return;
    c->cobrowse_active = true;
    (void)step_event(s, EVENT_CONSENTED);
    c->owed &= ~(unsigned)WORK_CLOSE_ROOM;
    step_owe(s, WORK_OPEN_ROOM);
    step_tell(s, TELL_CUSTOMER | TELL_AGENT);
}

void fact_withdrawn(struct step *s)
{
    struct contact *c = s->c;

    if (c->cobrowse_consent)
        s->d->changed = true;
    c->cobrowse_consent = false;
    if (!c->cobrowse_active)
        return;
    step_stop_cobrowse(s, s->f->by == ROLE_CUSTOMER ? "customer"
                          : s->f->by == ROLE_AGENT  ? "agent"
                                                    : "lost");
    step_tell(s, TELL_CUSTOMER | TELL_AGENT);
}

void fact_room_closed(struct step *s)
{
    if ((s->c->owed & WORK_OPEN_ROOM) || !s->c->cobrowse_active)
        return; /* about the room before */
    fact_withdrawn(s);
    s->c->owed &= ~(unsigned)WORK_CLOSE_ROOM;
}

/** The timer was first: only how it went is new, and only once. */
static void result_is_late(struct step *s)
{
    struct contact_event *e;

    if (s->c->resulted || !s->f->disposition[0])
        return; /* a repeat; or the note alone, which is stored */
    s->c->resulted = true;
    e = step_event(s, EVENT_WRAPPED_UP);
    e->late = true;
    event_word(e, s->f->disposition);
}

void fact_wrapped_up(struct step *s)
{
    struct contact *c = s->c;
    struct contact_event *e;
    bool note_alone = c->phase == PHASE_ENDED && !s->f->disposition[0];

    if (!note_alone && !rules_knows(s->rules, s->f->disposition)) {
        step_refuse(s, 422, "no such disposition");
        return;
    }
    if (c->phase == PHASE_ENDED) {
        result_is_late(s);
        return;
    }
    if (c->phase != PHASE_WRAP_UP) {
        step_refuse(s, 409, "not in wrap-up");
        return;
    }
    c->resulted = true;
    e = step_event(s, EVENT_WRAPPED_UP);
    e->lasted = s->now - c->since;
    event_word(e, s->f->disposition);
    step_owe(s, WORK_FINISH);
    step_enter(s, PHASE_ENDED);
    step_tell(s, TELL_AGENT);
}
