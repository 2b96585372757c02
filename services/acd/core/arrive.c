/* A contact comes: checked, remembered, put in line, matched.  A repeat is harmless; a late copy of
 * something that is over brings nobody back. */
#include "state.h"

/* ---- a contact comes ---- */

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
    if (c->parent != ACD_NONE) /* the id of a seat */
        return ACD_CONFLICT;
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

/* After a conversation, while its agents still note the result. */
static bool comes_again(const struct acd_contact *c, const struct acd_fact *f)
{
    return c->parent == ACD_NONE && c->state == ACD_WRAPPING && f->attempt > c->attempt;
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
    if (acd->n_contacts >= ACD_CONTACTS_MAX)
        return ACD_FULL;
    if (was_in_line(acd, f))
        return ACD_OK;
    if (acd->queues[f->queue].closed)
        return ACD_CLOSED;
    if (acd->queues[f->queue].waiting >= queue_policy(acd, f->queue)->max_waiting)
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
    c->preferred = f->preferred_agent.n ? acd_find_agent(acd, f->preferred_agent)
                                        : last_agent(acd, &c->thread, f->queue);
    c->direct = f->direct;
    c->n_required = f->n_required;
    c->n_preferred = f->n_preferred;
    for (unsigned i = 0; i < f->n_required; i++)
        c->required[i] = f->required[i];
    for (unsigned i = 0; i < f->n_preferred; i++)
        c->preferred_skills[i] = f->preferred[i];
}

/* Nobody signed in could ever serve it, in any ring. */
static bool without_staff(const struct acd *acd, const struct cell *c)
{
    if (c->personal || acd->gather_until)
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
        if (move_to(acd, contact, q->overflow_to, ACD_NOBODY_STAFFED, NO_TEXT))
            return false;                  /* no memory: it stays for now */
        (void)match_contact(acd, contact); /* nobody free: it waits there */
        return true;
    }
    if (q->no_staff != ACD_STAFF_CLOSE)
        return false;
    dismiss(acd, contact, ACD_NOBODY_STAFFED, NO_TEXT);
    return true;
}

void admit(struct acd *acd, const struct acd_contact *c, uint32_t line, uint32_t by)
{
    uint32_t at = cell_take(acd);
    struct cell *cell = cell_at(acd, at);

    cell->c = *c;
    cell->c.arrival = ++acd->arrivals;
    cell->line = line;
    acd->lines[line]->users++;
    ids_add(&acd->contact_ids, ids_hash(tl_id_str(&c->id)), at);
    if (c->parent != ACD_NONE)
        seat_add(acd, at);
    stand(acd, at);
    contact_changed(acd, at);
    tell(acd, &(struct decide){.kind = ACD_ADMIT, .contact = at, .agent = by});
    (void)advance_ring(acd, at); /* no memory: ring 0 until the timer */
    forecast(acd, at);
    settle(acd, at);
}

int contact_queued(struct acd *acd, const struct acd_fact *f, enum acd_outcome *out)
{
    uint32_t at = place_by_id(acd, f->contact);
    int err = 0;

    if (at != ACD_NONE && !comes_again(&cell_at(acd, at)->c, f)) {
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
        *out = ACD_TOO_VARIED;
        return err == -ENOSPC ? 0 : err;
    }
    if (!acd->gather_until && !acd->lines[line]->staffed && !c.direct &&
        queue_policy(acd, f->queue)->n_rings == 0 &&
        queue_policy(acd, f->queue)->no_staff == ACD_STAFF_CLOSE) {
        *out = ACD_NO_STAFF;
        return 0;
    }
    while (at != ACD_NONE) { /* the notes about the last time end for whom is here again */
        end_wrap(acd, at, ACD_BY_REQUEST);
        at = place_by_id(acd, f->contact);
    }
    admit(acd, &c, line, ACD_NONE);
    return 0;
}
