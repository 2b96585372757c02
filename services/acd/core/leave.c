/* A contact goes: from the line, from a ringing agent, after the conversation, after the wrap-up.
 */
#include "state.h"

/* ---- ends ---- */

/* The place is nobody's any more.  A contact whose other agents still note their results lives on
 * as the oldest of theirs. */
static void vacate(struct acd *acd, uint32_t at, bool left)
{
    struct cell *c = cell_at(acd, at);
    uint32_t seats[ACD_SEATS_MAX];

    remember_gone(acd, &c->c.id, c->c.attempt, left);
    if (acd_seats(acd, at, seats)) {
        uint32_t seat = seats[0];
        struct cell *s = cell_at(acd, seat);
        uint32_t agent = s->c.agent;
        detach(acd, seat);
        c->c.state = ACD_WRAPPING;
        c->c.since = s->c.since;
        c->c.deadline = s->c.deadline;
        c->c.offer = s->c.offer;
        attach(acd, at, agent);
        arm(acd, at);
        remember_gone(acd, &s->c.id, s->c.attempt, false);
        at = seat;
    }
    cell_drop(acd, at);
}

/* Takes a contact out of whatever it is in.  Its agent, if any, is refreshed but not matched. */
void dismiss(struct acd *acd, uint32_t contact, enum acd_cause cause, struct tl_str text)
{
    struct cell *c = cell_at(acd, contact);
    uint32_t agent = c->c.agent;
    tl_dur waited = acd->now - c->c.enqueued;

    if (c->c.state == ACD_OFFERED) {
        tell(acd, &(struct decide){.kind = ACD_TAKE_BACK,
                                   .cause = cause,
                                   .contact = contact,
                                   .agent = agent,
                                   .text = text,
                                   .lasted = acd->now - c->c.since});
        detach(acd, contact);
        post_at(acd, agent)->a.n_offered--;
        acd->queues[c->c.queue].ringing--;
    } else {
        unstand(acd, contact);
    }
    tell(acd, &(struct decide){.kind = ACD_DISMISS,
                               .cause = cause,
                               .contact = contact,
                               .agent = ACD_NONE,
                               .text = text,
                               .lasted = waited});
    vacate(acd, contact, true);
    if (agent != ACD_NONE)
        refresh_agent(acd, agent);
}

void dismiss_and_match(struct acd *acd, uint32_t contact, enum acd_cause cause, struct tl_str text)
{
    uint32_t agent = cell_at(acd, contact)->c.agent;

    dismiss(acd, contact, cause, text);
    if (agent == ACD_NONE)
        return;
    match_agent(acd, agent);
    sign_out_if_drained(acd, agent);
}

void sign_out_if_drained(struct acd *acd, uint32_t agent)
{
    struct acd_agent *a = &post_at(acd, agent)->a;

    if (a->draining && a->contacts == ACD_NONE)
        sign_out(acd, agent, ACD_SHIFT_END);
}

/* The agent's part in the contact is over; the agent may take another. */
static void finish(struct acd *acd, uint32_t contact)
{
    uint32_t agent = cell_at(acd, contact)->c.agent;

    detach(acd, contact);
    vacate(acd, contact, false);
    post_at(acd, agent)->a.idle_since = acd->now;
    refresh_agent(acd, agent);
    match_agent(acd, agent);
    sign_out_if_drained(acd, agent);
}

void end_wrap(struct acd *acd, uint32_t contact, enum acd_cause cause)
{
    struct cell *c = cell_at(acd, contact);
    struct acd_agent *a = &post_at(acd, c->c.agent)->a;
    tl_dur lasted = acd->now - c->c.since;

    a->n_wrapping--;
    a->busy_total += lasted;
    measure_handled(acd, c->c.queue, lasted);
    tell(acd, &(struct decide){.kind = ACD_END_WRAP,
                               .cause = cause,
                               .contact = contact,
                               .agent = c->c.agent,
                               .lasted = lasted});
    finish(acd, contact);
}

/* The conversation is over: after-call work, or out at once. */
void let_go(struct acd *acd, uint32_t contact, bool wrap, enum acd_cause cause, struct tl_str text)
{
    struct cell *c = cell_at(acd, contact);
    uint32_t agent = c->c.agent;
    struct acd_agent *a = &post_at(acd, agent)->a;

    if (c->c.seat != ACD_CONSULT)
        remember_agent(acd, &c->c);
    end_seats(acd, contact, wrap, cause);
    tl_dur talked = acd->now - c->c.since, wrap_up = queue_policy(acd, c->c.queue)->wrap_up;

    a->n_connected--;
    a->busy_total += talked;
    acd->queues[c->c.queue].connected--;
    measure_handled(acd, c->c.queue, talked);
    tell(acd, &(struct decide){.kind = ACD_LET_GO,
                               .cause = cause,
                               .contact = contact,
                               .agent = agent,
                               .text = text,
                               .lasted = talked});
    if (!wrap || wrap_up == 0 || !a->signed_in) {
        finish(acd, contact);
        return;
    }
    a->n_wrapping++;
    c->c.state = ACD_WRAPPING;
    c->c.since = acd->now;
    c->c.deadline = acd->now + wrap_up;
    arm(acd, contact);
    contact_changed(acd, contact);
    tell(acd, &(struct decide){.kind = ACD_START_WRAP, .contact = contact, .agent = agent});
    refresh_agent(acd, agent);
    match_agent(acd, agent); /* chats: there may be room beside the wrap-up */
}

/* ---- what happens to a contact ---- */

enum acd_outcome contact_left(struct acd *acd, const struct acd_fact *f)
{
    uint32_t at = place_by_id(acd, f->contact);
    struct tl_id id;

    if (at != ACD_NONE && cell_at(acd, at)->c.parent != ACD_NONE)
        return ACD_UNKNOWN_CONTACT; /* a seat is left by its own command */
    if (at == ACD_NONE) {
        /* a dequeue that overtook its enqueue must still win */
        if (tl_id_parse(&id, f->contact))
            return ACD_OUT_OF_RANGE;
        remember_gone(acd, &id, UINT32_MAX, true);
        return ACD_OK;
    }
    switch (cell_at(acd, at)->c.state) {
    case ACD_CONNECTED: let_go(acd, at, false, ACD_CUSTOMER_LEFT, f->cause); break;
    case ACD_WRAPPING: break; /* its conversation was over before */
    default: dismiss_and_match(acd, at, ACD_CUSTOMER_LEFT, f->cause);
    }
    return ACD_OK;
}

enum acd_outcome contact_released(struct acd *acd, const struct acd_fact *f)
{
    uint32_t at = contact_by_id(acd, f->contact);

    if (at == ACD_NONE || cell_at(acd, at)->c.state == ACD_WRAPPING)
        return ACD_OK;
    if (cell_at(acd, at)->c.state != ACD_CONNECTED)
        return contact_left(acd, f);
    let_go(acd, at, true, ACD_BY_REQUEST, f->cause);
    return ACD_OK;
}

enum acd_outcome wrap_up_done(struct acd *acd, const struct acd_fact *f)
{
    uint32_t at = contact_by_id(acd, f->contact);

    if (at == ACD_NONE)
        return ACD_OK;
    if (f->agent.n) { /* the contact's own, or one of its seats */
        uint32_t agent = acd_find_agent(acd, f->agent);
        at = agent == ACD_NONE ? ACD_NONE : sits_at(acd, at, agent, ACD_WRAPPING);
    }
    if (at == ACD_NONE || cell_at(acd, at)->c.state != ACD_WRAPPING)
        return ACD_WRONG_STATE;
    end_wrap(acd, at, ACD_BY_REQUEST);
    return ACD_OK;
}
