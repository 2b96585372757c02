/* Facts from the flow, from those whose work was owed, from the clock and from the reconciler. */
#include "core/contact_inner.h"

void fact_routed(struct step *s)
{
    struct contact *c = s->c;

    if (c->phase != PHASE_REQUESTED)
        return;
    c->route = *s->f->route;
    c->enqueued_at = s->now;
    c->owed &= ~(unsigned)WORK_ROUTE;
    step_enter(s, PHASE_ROUTED);
    (void)step_event(s, EVENT_ROUTED);
    step_owe(s, WORK_ENQUEUE | (contact_has_audio(c) ? WORK_PREPARE : 0));
}

void fact_flow_closed(struct step *s)
{
    if (s->c->phase != PHASE_REQUESTED)
        return;
    (void)tl_str_put(s->c->farewell, sizeof s->c->farewell,
                     tl_str(s->f->farewell ? s->f->farewell : ""));
    step_finish(s, OUTCOME_CLOSED, ROLE_SYSTEM,
                s->f->cause && *s->f->cause ? s->f->cause : "closed");
}

/* ---- confirmations ---------------------------------------------------------------------- */

void fact_work_done(struct step *s)
{
    struct contact *c = s->c;
    unsigned work = s->f->work & c->owed;

    if ((work & WORK_CONNECT) && !tl_id_eq(&c->agent, &s->f->agent))
        work &= ~(unsigned)WORK_CONNECT; /* with an agent who is gone: still owed */
    if ((work & WORK_HOLD) && s->f->on != (c->phase == PHASE_HELD))
        work &= ~(unsigned)WORK_HOLD; /* changed their mind meanwhile */
    if (!work)
        return;
    c->owed &= ~work;
    s->d->changed = true;
    if ((work & WORK_ENQUEUE) && c->phase == PHASE_ROUTED) {
        step_enter(s, PHASE_WAITING);
        step_tell(s, TELL_CUSTOMER);
    }
    if ((work & WORK_RELEASE) && c->phase == PHASE_WRAP_UP) {
        c->wrap_up_ends_at = s->f->until;
        step_tell(s, TELL_AGENT);
        if (!s->f->until) { /* this queue has no wrap-up */
            step_enter(s, PHASE_ENDED);
            step_event(s, EVENT_WRAPPED_UP)->by_timer = true;
        }
    }
}

/** What cannot be undone or repeated: before the talk it ends the contact, afterwards it is
 * settled: the other side does not know the contact any more. */
void fact_work_refused(struct step *s)
{
    struct contact *c = s->c;
    unsigned work = s->f->work & c->owed;

    if (!work)
        return;
    if ((work & WORK_ENQUEUE) && (s->f->code == 422 || s->f->code == 409)) {
        step_finish(s, OUTCOME_CLOSED, ROLE_SYSTEM,
                    "no_staff"); /* closed, nobody there, or over already */
        return;
    }
    if (work & (WORK_ROUTE | WORK_PREPARE | WORK_ENQUEUE)) {
        step_finish(s, OUTCOME_FAILED, ROLE_SYSTEM, contact_work_name(work));
        return;
    }
    if ((work & WORK_CONNECT) && s->f->code == 404) { /* media lost it: bring it again */
        step_owe(s, WORK_PREPARE);
        return;
    }
    if (work & WORK_OPEN_ROOM)
        step_stop_cobrowse(s, "lost");
    c->owed &= ~work;
    s->d->changed = true;
    if ((work & WORK_RELEASE) && c->phase == PHASE_WRAP_UP) {
        c->wrap_up_ends_at = s->now + s->rules->wrap_up_max;
        step_tell(s, TELL_AGENT);
    }
}

/** A chat whose customer is silent: a question first, then the end.  False: it is not that. */
static bool nobody_answers(struct step *s)
{
    struct contact *c = s->c;
    tl_time end = c->unanswered_at + s->rules->idle_max;

    if (s->now >= end) {
        step_finish(s, OUTCOME_COMPLETED, ROLE_SYSTEM, "customer_idle");
        s->d->says = SAYS_IDLE_GOODBYE;
    } else if (!c->idle_asked && s->now >= end - s->rules->idle_warning) {
        c->idle_asked = true;
        s->d->changed = true;
        s->d->says = SAYS_IDLE_QUESTION;
    } else {
        return false;
    }
    return true;
}

void fact_deadline(struct step *s)
{
    struct contact *c = s->c;

    if (s->now < contact_due(c, s->rules))
        return;
    switch (c->phase) {
    case PHASE_REQUESTED:
    case PHASE_ROUTED: step_finish(s, OUTCOME_FAILED, ROLE_SYSTEM, "setup_timeout"); break;
    case PHASE_WAITING: step_finish(s, OUTCOME_CLOSED, ROLE_SYSTEM, "longest_wait"); break;
    case PHASE_RINGING: /* nobody told us how the ring ended: ask for a place in line again */
        c->agent = c->offer = (struct tl_id){0};
        c->ring_ends_at = 0;
        step_owe(s, WORK_ENQUEUE);
        step_enter(s, PHASE_WAITING);
        step_tell(s, TELL_CUSTOMER);
        break;
    case PHASE_CONNECTED:
    case PHASE_HELD:
        if (c->unanswered_at && nobody_answers(s))
            break;
        step_finish(s, c->owed & WORK_CONNECT ? OUTCOME_FAILED : OUTCOME_COMPLETED, ROLE_SYSTEM,
                    c->owed & WORK_CONNECT ? "media_lost" : "longest_talk");
        break;
    case PHASE_WRAP_UP:
        fact_wrap_up_timeout(s);
        step_owe(s, WORK_FINISH);
        break;
    case PHASE_ENDED: break;
    }
}

/** Work that fits the phase. */
static unsigned fitting(const struct contact *c)
{
    switch (c->phase) {
    case PHASE_WAITING:
    case PHASE_RINGING: return WORK_ENQUEUE | (contact_has_audio(c) ? WORK_PREPARE : 0);
    case PHASE_CONNECTED:
    case PHASE_HELD: return contact_has_audio(c) ? WORK_PREPARE | WORK_CONNECT : 0;
    case PHASE_WRAP_UP: return WORK_RELEASE | WORK_HANG_UP;
    case PHASE_ENDED: return WORK_FINISH | WORK_DEQUEUE | WORK_HANG_UP;
    default: return 0;
    }
}

void fact_mended(struct step *s)
{
    unsigned work = s->f->work & fitting(s->c) & ~s->c->owed;

    if (!work)
        return;
    if (tl_id_empty(&s->c->agent))
        s->c->agent = s->f->agent; /* whom the ACD believes to be with it */
    step_owe(s, work);
}
