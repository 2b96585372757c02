/* What several facts do to a contact: change its phase, owe, tell, stop the clocks, end it. */
#include "core/contact_inner.h"

struct contact_event *step_event(struct step *s, enum contact_event_kind kind)
{
    struct contact_event *e = &s->d->events[s->d->n_events++];

    *e = (struct contact_event){.kind = kind, .agent = s->c->agent};
    s->d->changed = true;
    return e;
}

void event_word(struct contact_event *e, const char *text)
{
    (void)tl_str_put(e->word, sizeof e->word, tl_str(text)); /* a longer cause may be cut */
}

void step_enter(struct step *s, enum contact_phase phase)
{
    s->c->phase = phase;
    s->c->since = s->now;
    s->d->changed = true;
}

void step_owe(struct step *s, unsigned work)
{
    if (work & ~s->c->owed)
        s->d->changed = true;
    s->c->owed |= work;
}

void step_tell(struct step *s, unsigned whom)
{
    s->d->tell |= whom;
}

void step_refuse(struct step *s, int code, const char *reason)
{
    s->d->code = code;
    s->d->reason = reason;
}

bool step_is_stale(struct step *s)
{
    const struct contact_fact *f = s->f;
    struct contact *c = s->c;

    if (!f->seq)
        return false;
    if (f->epoch < c->epoch || (f->epoch == c->epoch && f->seq <= c->acd_seq))
        return true;
    c->epoch = f->epoch;
    c->acd_seq = f->seq;
    return false;
}

void step_stop_idle(struct step *s)
{
    s->c->unanswered_at = 0;
    s->c->idle_asked = false;
}

void step_stop_hold(struct step *s)
{
    struct contact *c = s->c;

    if (c->held_at)
        c->held += s->now - c->held_at;
    c->held_at = 0;
}

void step_stop_talk(struct step *s)
{
    struct contact *c = s->c;
    tl_dur held = c->held;

    step_stop_hold(s);
    if (c->connected_at)
        c->talked += s->now - c->connected_at - (c->held - held);
    c->connected_at = 0;
    step_stop_idle(s);
}

void step_stop_cobrowse(struct step *s, const char *by)
{
    struct contact *c = s->c;

    c->owed &= ~(unsigned)WORK_OPEN_ROOM;
    if (!c->cobrowse_active)
        return;
    c->cobrowse_active = false;
    event_word(step_event(s, EVENT_STOPPED), by);
    step_owe(s, WORK_CLOSE_ROOM);
    step_tell(s, TELL_STOPPED);
}

void step_finish(struct step *s, enum contact_outcome outcome, enum contact_role by,
                 const char *cause)
{
    struct contact *c = s->c;
    bool talked = contact_is_talking(c),
         queued = c->phase == PHASE_WAITING || c->phase == PHASE_RINGING;
    bool enqueuing = c->phase == PHASE_ROUTED || (c->owed & WORK_ENQUEUE);
    struct contact_event *e;

    if (!talked && !c->waited && c->enqueued_at)
        c->waited = s->now - c->enqueued_at;
    step_stop_cobrowse(s, "contact_ended");
    step_stop_talk(s);
    if (!talked) { /* who rang did not talk */
        c->agent = (struct tl_id){0};
        c->agent_name[0] = '\0';
    }
    c->owed &= WORK_CLOSE_ROOM | WORK_RELEASE;
    c->outcome = outcome;
    c->ended_at = s->now;
    e = step_event(s, EVENT_ENDED);
    e->by = by;
    event_word(e, cause);

    if (talked)
        step_owe(s, WORK_RELEASE);
    if (queued || enqueuing)
        step_owe(s, WORK_DEQUEUE);
    if (contact_has_audio(c) && c->phase != PHASE_REQUESTED)
        step_owe(s, WORK_HANG_UP);
    c->wrap_up_ends_at = 0;
    step_enter(s, talked ? PHASE_WRAP_UP : PHASE_ENDED);
    step_tell(s, TELL_CUSTOMER | (talked ? TELL_AGENT | TELL_SURVEY : 0));
}

void step_queue_again(struct step *s, unsigned before)
{
    struct contact *c = s->c;

    step_stop_cobrowse(s, "lost");
    if (contact_is_talking(c)) {
        s->d->former = c->agent;
        step_tell(s, TELL_FORMER);
        step_stop_talk(s);
    }
    c->owed &= ~(unsigned)(WORK_CONNECT | WORK_HOLD);
    step_owe(s, before | WORK_ENQUEUE | (contact_has_audio(c) ? WORK_PREPARE : 0));
    c->agent = c->offer = (struct tl_id){0};
    c->agent_name[0] = '\0';
    c->ring_ends_at = 0;
    c->attempt++;
    step_enter(s, PHASE_WAITING);
    step_tell(s, TELL_CUSTOMER);
}
