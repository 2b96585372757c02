/* The state machine of a contact: waiting -> offered -> connected -> wrapping -> out, with every
 * way back and out.  Each fact is a function; what it needs is allocated before anything changes.
 */
#include "state.h"
#include <tl_mem.h>

#define NO_TEXT ((struct tl_str){0})

/* ---- telling ----------------------------------------------------------------------------------
 */

static void note_step(struct acd *acd, const struct decide *d)
{
    struct cell *c = cell_at(acd, d->contact);
    struct step *s = &c->steps[c->n_steps % ACD_HISTORY];

    if (d->kind == ACD_FORGET)
        return;
    *s = (struct step){.at_ms = (uint32_t)((acd->now - c->c.enqueued) / 1000),
                       .agent = d->agent,
                       .kind = (uint8_t)d->kind,
                       .cause = (uint8_t)d->cause,
                       .ring = c->c.ring};
    if (d->why) {
        s->considered = (uint16_t)TL_LOWER(d->why->considered, UINT16_MAX);
        s->busy = (uint16_t)TL_LOWER(d->why->rejected[ACD_REJECT_BUSY], UINT16_MAX);
        s->n_fit = (uint8_t)TL_LOWER(d->why->rejected[ACD_FIT], UINT8_MAX);
    }
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
                               .presence_was = d->presence_was};
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

/* ---- ends ---------------------------------------------------------------------------------------
 */

/* Takes a contact out of whatever it is in.  Its agent, if any, is refreshed but not matched. */
static void dismiss(struct acd *acd, uint32_t contact, enum acd_cause cause, struct tl_str text)
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
    } else if (c->in_tree) {
        unstand(acd, contact);
    }
    tell(acd, &(struct decide){.kind = ACD_DISMISS,
                               .cause = cause,
                               .contact = contact,
                               .agent = ACD_NONE,
                               .text = text,
                               .lasted = waited});
    remember_gone(acd, &c->c.id, c->c.attempt, true);
    cell_drop(acd, contact);
    if (agent != ACD_NONE)
        refresh_agent(acd, agent);
}

static void sign_out_if_drained(struct acd *acd, uint32_t agent)
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
    remember_gone(acd, &cell_at(acd, contact)->c.id, cell_at(acd, contact)->c.attempt, false);
    cell_drop(acd, contact);
    post_at(acd, agent)->a.idle_since = acd->now;
    refresh_agent(acd, agent);
    match_agent(acd, agent);
    sign_out_if_drained(acd, agent);
}

static void end_wrap(struct acd *acd, uint32_t contact, enum acd_cause cause)
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
static void let_go(struct acd *acd, uint32_t contact, bool wrap, enum acd_cause cause,
                   struct tl_str text)
{
    struct cell *c = cell_at(acd, contact);
    uint32_t agent = c->c.agent;
    struct acd_agent *a = &post_at(acd, agent)->a;
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

/* ---- a contact comes
 * ------------------------------------------------------------------------------ */

static bool needs_fit(const struct acd *acd, const struct acd_need *n, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (n[i].skill >= acd->policy->n_skills)
            return false;
    return true;
}

static bool needs_in_range(const struct acd_need *n, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (n[i].least < 1 || n[i].least > 5)
            return false;
    return true;
}

static bool same_needs(const struct acd_need *a, const struct acd_need *b, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (a[i].skill != b[i].skill || a[i].least != b[i].least)
            return false;
    return true;
}

/* A repeat is harmless; the same id with other content is a mistake of the sender. */
static enum acd_outcome queued_again(const struct acd_contact *c, const struct acd_fact *f)
{
    if (f->attempt < c->attempt)
        return ACD_OVER;
    if (f->queue != c->queue && !c->overflowed)
        return ACD_CONFLICT;
    if (f->channel != (enum acd_channel)c->channel && c->channel != ACD_CALLBACK)
        return ACD_CONFLICT;
    if (f->n_required != c->n_required || f->n_preferred != c->n_preferred ||
        !same_needs(f->required, c->required, c->n_required) ||
        !same_needs(f->preferred, c->preferred_skills, c->n_preferred))
        return ACD_CONFLICT;
    return ACD_OK;
}

static enum acd_outcome may_queue(const struct acd *acd, const struct acd_fact *f)
{
    struct tl_id id;
    const struct gone *gone = find_gone(acd, f->contact);

    if (tl_id_parse(&id, f->contact) || (f->thread.n && tl_id_parse(&id, f->thread)))
        return ACD_OUT_OF_RANGE;
    if (f->queue >= acd->policy->n_queues)
        return ACD_UNKNOWN_QUEUE;
    if (f->channel < ACD_VIDEO || f->channel >= ACD_CHANNELS)
        return ACD_OUT_OF_RANGE;
    if (f->priority < -ACD_PRIORITY_MAX || f->priority > ACD_PRIORITY_MAX || f->enqueued < 0 ||
        f->enqueued > acd->now + TL_MIN(5))
        return ACD_OUT_OF_RANGE;
    if (f->n_required > ACD_NEEDS_MAX || f->n_preferred > ACD_NEEDS_MAX ||
        !needs_in_range(f->required, f->n_required) ||
        !needs_in_range(f->preferred, f->n_preferred))
        return ACD_OUT_OF_RANGE;
    if (!needs_fit(acd, f->required, f->n_required) ||
        !needs_fit(acd, f->preferred, f->n_preferred))
        return ACD_UNKNOWN_SKILL;
    if (f->direct && acd_find_agent(acd, f->preferred_agent) == ACD_NONE)
        return ACD_UNKNOWN_AGENT;
    if (gone && (gone->left || f->attempt <= gone->attempt))
        return ACD_OVER;
    if (acd->queues[f->queue].closed)
        return ACD_CLOSED;
    if (acd->queues[f->queue].waiting >= queue_policy(acd, f->queue)->max_waiting ||
        acd->n_contacts >= ACD_CONTACTS_MAX)
        return ACD_FULL;
    return ACD_OK;
}

static void fill_contact(struct acd *acd, struct acd_contact *c, const struct acd_fact *f)
{
    (void)tl_id_parse(&c->id, f->contact); /* may_queue() checked it */
    if (f->thread.n)
        (void)tl_id_parse(&c->thread, f->thread); /* likewise */
    c->state = ACD_WAITING;
    c->channel = (uint8_t)f->channel;
    c->queue = (uint16_t)f->queue;
    c->priority = f->priority;
    c->attempt = f->attempt;
    c->enqueued = f->enqueued && f->enqueued < acd->now ? f->enqueued : acd->now;
    c->queued = c->since = acd->now;
    c->arrival = ++acd->arrivals;
    c->preferred = f->preferred_agent.n ? acd_find_agent(acd, f->preferred_agent) : ACD_NONE;
    c->direct = f->direct;
    c->n_required = f->n_required;
    c->n_preferred = f->n_preferred;
    for (unsigned i = 0; i < f->n_required; i++)
        c->required[i] = f->required[i];
    for (unsigned i = 0; i < f->n_preferred; i++)
        c->preferred_skills[i] = f->preferred[i];
}

static int move_to(struct acd *acd, uint32_t contact, uint32_t queue, enum acd_cause cause);

/* Nobody signed in could ever serve it, in any ring. */
static bool without_staff(const struct acd *acd, const struct cell *c)
{
    if (c->personal)
        return false;
    return acd->lines[c->line]->staffed == 0 &&
           queue_policy(acd, c->c.queue)->no_staff != ACD_STAFF_WAIT;
}

/* The policy's rule for a line without staff; true if the contact went elsewhere. */
bool apply_staff_rules(struct acd *acd, uint32_t contact)
{
    struct cell *c = cell_at(acd, contact);
    const struct acd_queue_policy *q = queue_policy(acd, c->c.queue);

    if (!c->in_tree || !without_staff(acd, c))
        return false;
    if (q->no_staff == ACD_STAFF_OVERFLOW && q->overflow_to != ACD_NONE && !c->c.overflowed) {
        if (move_to(acd, contact, q->overflow_to, ACD_NOBODY_STAFFED))
            return false;                  /* no memory: it stays for now */
        (void)match_contact(acd, contact); /* nobody free: it waits there */
        return true;
    }
    if (q->no_staff != ACD_STAFF_CLOSE)
        return false;
    dismiss(acd, contact, ACD_NOBODY_STAFFED, NO_TEXT);
    return true;
}

static int contact_queued(struct acd *acd, const struct acd_fact *f, enum acd_outcome *out)
{
    uint32_t at = contact_by_id(acd, f->contact);
    int err = 0;

    if (at != ACD_NONE) {
        *out = queued_again(&cell_at(acd, at)->c, f);
        return 0;
    }
    *out = may_queue(acd, f);
    if (*out != ACD_OK)
        return 0;
    err = cells_grow(acd);
    if (err)
        return err;
    struct acd_contact c = {.agent = ACD_NONE, .parent = ACD_NONE};
    fill_contact(acd, &c, f);
    uint32_t line = ring_line(acd, &c, 0, &err);
    if (line == ACD_NONE) {
        acd->arrivals--;
        *out = ACD_TOO_VARIED;
        return err == -ENOSPC ? 0 : err;
    }
    if (!acd->lines[line]->staffed && !c.direct && queue_policy(acd, f->queue)->n_rings == 0 &&
        queue_policy(acd, f->queue)->no_staff == ACD_STAFF_CLOSE) {
        acd->arrivals--;
        *out = ACD_NO_STAFF;
        return 0;
    }
    at = cell_take(acd);
    struct cell *cell = cell_at(acd, at);
    cell->c = c;
    cell->line = line;
    acd->lines[line]->users++;
    ids_add(&acd->contact_ids, ids_hash(f->contact), at);
    (void)advance_ring(acd, at); /* no memory: ring 0 until the timer */
    stand(acd, at);
    forecast(acd, at);
    contact_changed(acd, at);
    tell(acd, &(struct decide){.kind = ACD_ADMIT, .contact = at, .agent = ACD_NONE});
    if (!apply_staff_rules(acd, at))
        (void)match_contact(acd, at); /* nobody free: it waits */
    return 0;
}

/* ---- what happens to a contact
 * ------------------------------------------------------------------------ */

static enum acd_outcome contact_left(struct acd *acd, const struct acd_fact *f)
{
    uint32_t at = contact_by_id(acd, f->contact);
    struct tl_id id;

    if (at == ACD_NONE) {
        /* a dequeue that overtook its enqueue must still win */
        if (tl_id_parse(&id, f->contact))
            return ACD_OUT_OF_RANGE;
        remember_gone(acd, &id, UINT32_MAX, true);
        return ACD_OK;
    }
    uint32_t agent = cell_at(acd, at)->c.agent;
    switch (cell_at(acd, at)->c.state) {
    case ACD_CONNECTED: let_go(acd, at, false, ACD_CUSTOMER_LEFT, f->cause); break;
    case ACD_WRAPPING: break; /* its conversation was over before */
    default:
        dismiss(acd, at, ACD_CUSTOMER_LEFT, f->cause);
        if (agent != ACD_NONE)
            match_agent(acd, agent);
    }
    return ACD_OK;
}

static enum acd_outcome contact_released(struct acd *acd, const struct acd_fact *f)
{
    uint32_t at = contact_by_id(acd, f->contact);

    if (at == ACD_NONE || cell_at(acd, at)->c.state == ACD_WRAPPING)
        return ACD_OK;
    if (cell_at(acd, at)->c.state != ACD_CONNECTED)
        return contact_left(acd, f);
    let_go(acd, at, true, ACD_BY_REQUEST, f->cause);
    return ACD_OK;
}

static enum acd_outcome wrap_up_done(struct acd *acd, const struct acd_fact *f)
{
    uint32_t at = contact_by_id(acd, f->contact);

    if (at == ACD_NONE)
        return ACD_OK;
    const struct acd_contact *c = &cell_at(acd, at)->c;
    if (f->agent.n &&
        (c->agent == ACD_NONE || !tl_str_eq(tl_id_str(&post_at(acd, c->agent)->a.id), f->agent)))
        return ACD_WRONG_STATE;
    if (c->state != ACD_WRAPPING)
        return ACD_WRONG_STATE;
    end_wrap(acd, at, ACD_BY_REQUEST);
    return ACD_OK;
}

/* The agent's contact that this offer is about. */
static uint32_t offered_contact(const struct acd *acd, uint32_t agent, uint64_t offer_no)
{
    uint32_t at = post_at(acd, agent)->a.contacts;

    while (at != ACD_NONE && cell_at(acd, at)->c.offer != offer_no)
        at = cell_at(acd, at)->next;
    return at;
}

static enum acd_outcome offer_accepted(struct acd *acd, const struct acd_fact *f)
{
    uint32_t agent = acd_find_agent(acd, f->agent);

    if (agent == ACD_NONE)
        return ACD_UNKNOWN_AGENT;
    uint32_t at = offered_contact(acd, agent, f->offer);
    if (at == ACD_NONE || cell_at(acd, at)->c.state == ACD_WRAPPING)
        return ACD_STALE_OFFER;
    struct cell *c = cell_at(acd, at);
    struct acd_agent *a = &post_at(acd, agent)->a;
    if (c->c.state == ACD_CONNECTED)
        return ACD_OK;
    tl_dur rang = acd->now - c->c.since;
    measure_answer(acd, at);
    a->n_offered--;
    a->n_connected++;
    a->rona = 0;
    acd->queues[c->c.queue].ringing--;
    acd->queues[c->c.queue].connected++;
    c->c.state = ACD_CONNECTED;
    c->c.since = acd->now;
    c->c.deadline = 0;
    c->handed = false;
    arm(acd, at);
    contact_changed(acd, at);
    tell(acd, &(struct decide){.kind = ACD_CONNECT, .contact = at, .agent = agent, .lasted = rang});
    refresh_agent(acd, agent);
    match_agent(acd, agent); /* chats: there may be room for more */
    return ACD_OK;
}

/* The contact returns, the agent goes to the end of the line and both look again. */
static void refused(struct acd *acd, uint32_t contact, enum acd_decision_kind kind,
                    enum acd_cause cause, struct tl_str text)
{
    uint32_t agent = cell_at(acd, contact)->c.agent;
    struct acd_agent *a = &post_at(acd, agent)->a;

    exclude(acd, contact, agent);
    a->idle_since = acd->now;
    if (kind == ACD_TIME_OUT && ++a->rona >= acd->policy->rona_limit) {
        a->ready = false;
        a->reason = (struct tl_id){"rona"};
    }
    end_offer(acd, contact, kind, cause, text);
    refresh_agent(acd, agent);
    (void)match_contact(acd, contact); /* nobody else free: it waits */
    match_agent(acd, agent);
    sign_out_if_drained(acd, agent);
}

static enum acd_outcome offer_declined(struct acd *acd, const struct acd_fact *f)
{
    uint32_t agent = acd_find_agent(acd, f->agent);

    if (agent == ACD_NONE)
        return ACD_UNKNOWN_AGENT;
    uint32_t at = offered_contact(acd, agent, f->offer);
    if (at == ACD_NONE || cell_at(acd, at)->c.state != ACD_OFFERED)
        return ACD_STALE_OFFER;
    refused(acd, at, ACD_TURN_DOWN, ACD_BY_REQUEST, f->cause);
    return ACD_OK;
}

static enum acd_outcome reprioritised(struct acd *acd, const struct acd_fact *f)
{
    uint32_t at = contact_by_id(acd, f->contact);

    if (at == ACD_NONE)
        return ACD_UNKNOWN_CONTACT;
    if (f->priority < -ACD_PRIORITY_MAX || f->priority > ACD_PRIORITY_MAX)
        return ACD_OUT_OF_RANGE;
    struct cell *c = cell_at(acd, at);
    if (c->c.priority == f->priority)
        return ACD_OK;
    bool stood = c->in_tree;
    if (stood)
        unstand(acd, at);
    c->c.priority = f->priority;
    if (stood)
        stand(acd, at);
    contact_changed(acd, at);
    return ACD_OK;
}

/* Into another queue, from the line or from a conversation; keeps its first time. */
static int move_to(struct acd *acd, uint32_t contact, uint32_t queue, enum acd_cause cause)
{
    struct cell *c = cell_at(acd, contact);
    struct acd_contact there = c->c;
    uint32_t line;
    int err;

    there.queue = (uint16_t)queue;
    line = ring_line(acd, &there, 0, &err);
    if (line == ACD_NONE)
        return err;
    if (c->in_tree)
        unstand(acd, contact);
    acd->lines[c->line]->users--;
    acd->lines[line]->users++;
    c->line = line;
    c->c.queue = (uint16_t)queue;
    c->c.queued = c->c.since = acd->now;
    c->c.ring = 0;
    c->c.state = ACD_WAITING;
    c->c.deadline = 0;
    c->c.overflowed = c->c.overflowed || cause == ACD_OVERFLOW || cause == ACD_NOBODY_STAFFED;
    c->forecast_ms = -1;              /* what was told was about another queue */
    (void)advance_ring(acd, contact); /* no memory: ring 0 until the timer */
    stand(acd, contact);
    contact_changed(acd, contact);
    tell(acd,
         &(struct decide){.kind = ACD_MOVE, .cause = cause, .contact = contact, .agent = ACD_NONE});
    return 0;
}

/* A connected or ringing contact comes loose from its agent, who is free at once. */
static void come_loose(struct acd *acd, uint32_t contact)
{
    struct cell *c = cell_at(acd, contact);
    uint32_t agent = c->c.agent;
    struct acd_agent *a = &post_at(acd, agent)->a;

    if (c->c.state == ACD_OFFERED) {
        end_offer(acd, contact, ACD_TAKE_BACK, ACD_TRANSFER, NO_TEXT);
    } else {
        tl_dur talked = acd->now - c->c.since;
        a->n_connected--;
        a->busy_total += talked;
        a->idle_since = acd->now;
        acd->queues[c->c.queue].connected--;
        measure_handled(acd, c->c.queue, talked);
        tell(acd, &(struct decide){.kind = ACD_LET_GO,
                                   .cause = ACD_TRANSFER,
                                   .contact = contact,
                                   .agent = agent,
                                   .lasted = talked});
        detach(acd, contact);
        c->c.state = ACD_WAITING;
        c->c.since = acd->now;
    }
    refresh_agent(acd, agent);
}

static int moved(struct acd *acd, const struct acd_fact *f, enum acd_outcome *out)
{
    uint32_t at = contact_by_id(acd, f->contact), line;
    int err;

    *out = ACD_OK;
    if (at == ACD_NONE)
        *out = ACD_UNKNOWN_CONTACT;
    else if (f->queue >= acd->policy->n_queues)
        *out = ACD_UNKNOWN_QUEUE;
    else if (cell_at(acd, at)->c.state == ACD_WRAPPING)
        *out = ACD_WRONG_STATE;
    else if (cell_at(acd, at)->c.queue == f->queue && cell_at(acd, at)->in_tree)
        return 0;
    else if (acd->queues[f->queue].closed)
        *out = ACD_CLOSED;
    if (*out != ACD_OK)
        return 0;
    struct acd_contact there = cell_at(acd, at)->c;
    uint32_t agent = there.agent;
    there.queue = (uint16_t)f->queue;
    line = ring_line(acd, &there, 0, &err); /* what may fail, first */
    if (line == ACD_NONE) {
        *out = ACD_TOO_VARIED;
        return err == -ENOSPC ? 0 : err;
    }
    if (agent != ACD_NONE)
        come_loose(acd, at);
    struct cell *c = cell_at(acd, at);
    if (c->in_tree)
        unstand(acd, at);
    c->c.preferred = ACD_NONE;
    c->c.direct = c->handed = false;
    if (agent != ACD_NONE)
        exclude(acd, at, agent); /* whoever passes it on does not get it back at once */
    err = move_to(acd, at, f->queue, ACD_TRANSFER);
    if (!apply_staff_rules(acd, at))
        (void)match_contact(acd, at); /* nobody free: it waits */
    if (agent != ACD_NONE) {
        match_agent(acd, agent);
        sign_out_if_drained(acd, agent);
    }
    return err;
}

/* Whoever is asked by name is asked, whatever was refused before. */
static void forgive(struct acd_contact *c, uint32_t agent)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < c->n_excluded; i++)
        if (c->excluded[i].agent != agent)
            c->excluded[kept++] = c->excluded[i];
    c->n_excluded = (uint8_t)kept;
}

static enum acd_outcome handed(struct acd *acd, const struct acd_fact *f)
{
    uint32_t at = contact_by_id(acd, f->contact), to = acd_find_agent(acd, f->agent);

    if (at == ACD_NONE)
        return ACD_UNKNOWN_CONTACT;
    if (to == ACD_NONE)
        return ACD_UNKNOWN_AGENT;
    struct cell *c = cell_at(acd, at);
    if (c->c.state == ACD_WRAPPING || !post_at(acd, to)->a.signed_in)
        return ACD_WRONG_STATE;
    if (c->c.agent == to || (c->personal && c->c.preferred == to))
        return ACD_OK;
    uint32_t agent = c->c.agent;
    if (agent != ACD_NONE)
        come_loose(acd, at);
    if (c->in_tree)
        unstand(acd, at);
    c->c.preferred = to;
    c->c.direct = c->handed = true;
    forgive(&c->c, to);
    stand(acd, at);
    contact_changed(acd, at);
    tell(acd,
         &(struct decide){.kind = ACD_MOVE, .cause = ACD_TRANSFER, .contact = at, .agent = to});
    (void)match_contact(acd, at); /* busy: it waits for that agent */
    if (agent != ACD_NONE) {
        match_agent(acd, agent);
        sign_out_if_drained(acd, agent);
    }
    return ACD_OK;
}

static enum acd_outcome picked(struct acd *acd, const struct acd_fact *f)
{
    uint32_t at = contact_by_id(acd, f->contact), agent = acd_find_agent(acd, f->agent);

    if (at == ACD_NONE)
        return ACD_UNKNOWN_CONTACT;
    if (agent == ACD_NONE)
        return ACD_UNKNOWN_AGENT;
    struct cell *c = cell_at(acd, at);
    if (c->c.agent == agent)
        return ACD_OK;
    if (c->c.state != ACD_WAITING || !bit_has(acd->queues[c->c.queue].members, agent))
        return ACD_WRONG_STATE;
    if (!(post_at(acd, agent)->open >> acd_load_of((enum acd_channel)c->c.channel) & 1))
        return ACD_WRONG_STATE;
    acd->why = (struct acd_why){.method = queue_policy(acd, c->c.queue)->choice, .by_hand = true};
    offer(acd, at, agent);
    return ACD_OK;
}

static int callback_wanted(struct acd *acd, const struct acd_fact *f, enum acd_outcome *out)
{
    uint32_t at = contact_by_id(acd, f->contact), line;
    int err;

    *out = ACD_UNKNOWN_CONTACT;
    if (at == ACD_NONE)
        return 0;
    struct cell *c = cell_at(acd, at);
    *out = ACD_OK;
    if (c->c.channel == ACD_CALLBACK)
        return 0;
    *out = ACD_WRONG_STATE;
    if (c->c.state != ACD_WAITING)
        return 0;
    struct acd_contact as = c->c;
    as.channel = ACD_CALLBACK;
    line = ring_line(acd, &as, c->c.ring, &err);
    *out = ACD_TOO_VARIED;
    if (line == ACD_NONE)
        return err == -ENOSPC ? 0 : err;
    *out = ACD_OK;
    unstand(acd, at);
    acd->lines[c->line]->users--;
    acd->lines[line]->users++;
    c->line = line;
    c->c.channel = ACD_CALLBACK;
    stand(acd, at);
    contact_changed(acd, at);
    (void)match_contact(acd, at); /* nobody free: it waits */
    return 0;
}

/* ---- what happens to an agent
 * --------------------------------------------------------------------------- */

static enum acd_outcome agent_ready(struct acd *acd, uint32_t agent, const struct acd_fact *f)
{
    struct acd_agent *a = &post_at(acd, agent)->a;

    if (a->retired)
        return ACD_UNKNOWN_AGENT;
    bool was = a->ready && a->signed_in && !a->draining;
    sign_in(acd, agent, f->session);
    if (was)
        return ACD_OK;
    a->ready = true;
    a->draining = false;
    a->rona = 0;
    a->reason = (struct tl_id){""};
    a->idle_since = acd->now;
    refresh_agent(acd, agent);
    match_agent(acd, agent);
    return ACD_OK;
}

static enum acd_outcome agent_not_ready(struct acd *acd, uint32_t agent, const struct acd_fact *f)
{
    struct acd_agent *a = &post_at(acd, agent)->a;
    uint32_t next, again = ACD_NONE;

    if (a->retired)
        return ACD_UNKNOWN_AGENT;
    if (f->cause.n > TL_ID_MAX)
        return ACD_OUT_OF_RANGE;
    bool same = a->signed_in && !a->ready && tl_str_eq(tl_id_str(&a->reason), f->cause);
    sign_in(acd, agent, f->session);
    if (same)
        return ACD_OK;
    uint8_t was = a->presence;
    a->ready = false;
    (void)tl_str_put(a->reason.s, sizeof(a->reason.s), f->cause); /* fits */
    for (uint32_t c = a->contacts; c != ACD_NONE; c = next) {
        next = cell_at(acd, c)->next;
        if (cell_at(acd, c)->c.state != ACD_OFFERED)
            continue;
        end_offer(acd, c, ACD_TAKE_BACK, ACD_AGENT_NOT_READY_CAUSE, NO_TEXT);
        again = c;
    }
    refresh_agent(acd, agent);
    if (a->presence == was) /* only the reason is new */
        tell(acd, &(struct decide){.kind = ACD_SHOW_AGENT,
                                   .contact = ACD_NONE,
                                   .agent = agent,
                                   .lasted = acd->now - a->since,
                                   .presence_was = was});
    if (again != ACD_NONE)
        (void)match_contact(acd, again); /* nobody else free: it waits */
    return ACD_OK;
}

static enum acd_outcome agent_fact(struct acd *acd, const struct acd_fact *f)
{
    uint32_t agent = acd_find_agent(acd, f->agent);

    if (agent == ACD_NONE)
        return ACD_UNKNOWN_AGENT;
    struct acd_agent *a = &post_at(acd, agent)->a;
    if (f->session.n > TL_ID_MAX)
        return ACD_OUT_OF_RANGE;
    bool other = f->session.n && !tl_str_eq(tl_id_str(&a->session), f->session);
    switch (f->kind) {
    case ACD_AGENT_READY: return agent_ready(acd, agent, f);
    case ACD_AGENT_NOT_READY: return agent_not_ready(acd, agent, f);
    case ACD_AGENT_ALIVE:
        if (!a->signed_in)
            return ACD_UNKNOWN_AGENT;
        if (other)
            (void)tl_str_put(a->session.s, sizeof(a->session.s), f->session); /* fits */
        lease_renew(acd, agent);
        return ACD_OK;
    case ACD_AGENT_DRAINED:
        if (!a->signed_in)
            return ACD_OK;
        a->draining = true;
        refresh_agent(acd, agent);
        sign_out_if_drained(acd, agent);
        return ACD_OK;
    default:
        /* one of several tabs: the others were heard of just now */
        if (a->signed_in && other && acd->now - a->seen < TL_SEC(5))
            return ACD_OLD_SESSION;
        sign_out(acd, agent, ACD_AGENT_LEFT);
        return ACD_OK;
    }
}

/* ---- queues open and close
 * -------------------------------------------------------------------------------- */

static void close_at_once(struct acd *acd, uint32_t queue)
{
    for (uint32_t at = acd_next_contact(acd, ACD_NONE), next; at != ACD_NONE; at = next) {
        const struct acd_contact *c = &cell_at(acd, at)->c;
        uint32_t agent = c->agent;
        next = acd_next_contact(acd, at);
        if (c->queue != queue || (c->state != ACD_WAITING && c->state != ACD_OFFERED))
            continue;
        dismiss(acd, at, ACD_QUEUE_EMERGENCY, NO_TEXT);
        if (agent != ACD_NONE)
            match_agent(acd, agent);
    }
}

static enum acd_outcome queue_fact(struct acd *acd, const struct acd_fact *f)
{
    if (f->queue >= acd->policy->n_queues)
        return ACD_UNKNOWN_QUEUE;
    acd->queues[f->queue].closed = f->kind == ACD_QUEUE_CLOSED;
    if (f->kind == ACD_QUEUE_CLOSED && f->emergency)
        close_at_once(acd, f->queue);
    return ACD_OK;
}

/* ---- time
 * ----------------------------------------------------------------------------------------------------
 */

static void waiting_due(struct acd *acd, uint32_t at)
{
    struct cell *c = cell_at(acd, at);
    const struct acd_queue_policy *q = queue_policy(acd, c->c.queue);
    tl_dur here = acd->now - c->c.queued;

    if (q->max_wait && here >= q->max_wait) {
        dismiss(acd, at, ACD_MAX_WAIT, NO_TEXT);
        return;
    }
    if (q->overflow_after && here >= q->overflow_after && !c->c.overflowed) {
        if (!tl_id_empty(&q->interflow_to)) {
            dismiss(acd, at, ACD_INTERFLOW, tl_id_str(&q->interflow_to));
            return;
        }
        if (move_to(acd, at, q->overflow_to, ACD_OVERFLOW) == 0) {
            (void)match_contact(acd, at); /* nobody free: it waits there */
            return;
        }
    }
    if (c->personal && !c->c.direct && here >= q->preferred_timeout) {
        unstand(acd, at);
        stand(acd, at);
    }
    if (!c->personal)
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
    return at;
}

/* ---- the door
 * ----------------------------------------------------------------------------------------------------
 */

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
