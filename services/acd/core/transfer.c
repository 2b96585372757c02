/* A contact changes queue, agent, channel or priority, and keeps its first time. */
#include "state.h"

enum acd_outcome reprioritised(struct acd *acd, const struct acd_fact *f)
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
    contact_changed(acd, at);
    if (stood) {
        stand(acd, at);
        (void)match_contact(acd, at); /* nobody free: it waits */
    }
    return ACD_OK;
}

/* Into another queue, from the line or from a conversation; keeps its first time. */
int move_to(struct acd *acd, uint32_t contact, uint32_t queue, enum acd_cause cause,
            struct tl_str text)
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
    c->c.overflowed = c->c.overflowed || cause == ACD_OVERFLOW || cause == ACD_OVERFLOW_WHEN ||
                      cause == ACD_NOBODY_STAFFED;
    c->forecast_ms = -1; /* what was told was about another queue */
    c->taken = false;
    stand(acd, contact);
    contact_changed(acd, contact);
    tell(
        acd,
        &(struct decide){
            .kind = ACD_MOVE, .cause = cause, .contact = contact, .agent = ACD_NONE, .text = text});
    (void)advance_ring(acd, contact); /* no memory: ring 0 until the timer */
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
        end_seats(acd, contact, true, ACD_TRANSFER);
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

int moved(struct acd *acd, const struct acd_fact *f, enum acd_outcome *out)
{
    uint32_t at = contact_by_id(acd, f->contact), line;
    int err;

    *out = ACD_OK;
    if (at == ACD_NONE)
        *out = ACD_UNKNOWN_CONTACT;
    else if (f->queue >= acd->policy->n_queues)
        *out = ACD_UNKNOWN_QUEUE;
    else if (cell_at(acd, at)->c.state == ACD_WRAPPING || heir(acd, at) != ACD_NONE)
        *out = ACD_WRONG_STATE; /* who talks with others leaves instead */
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
    err = move_to(acd, at, f->queue, ACD_TRANSFER, NO_TEXT);
    settle(acd, at);
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

enum acd_outcome handed(struct acd *acd, const struct acd_fact *f)
{
    uint32_t at = contact_by_id(acd, f->contact), to = acd_find_agent(acd, f->agent);

    if (at == ACD_NONE)
        return ACD_UNKNOWN_CONTACT;
    if (to == ACD_NONE)
        return ACD_UNKNOWN_AGENT;
    struct cell *c = cell_at(acd, at);
    if (c->c.state == ACD_WRAPPING || !post_at(acd, to)->a.signed_in || heir(acd, at) != ACD_NONE)
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

int callback_wanted(struct acd *acd, const struct acd_fact *f, enum acd_outcome *out)
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
