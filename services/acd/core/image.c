/* Storing what changed and loading what was stored. */
#include "state.h"

void acd_take_changed(struct acd *acd, void (*contact)(void *arg, const struct acd_contact *c),
                      void (*agent)(void *arg, const struct acd_agent *a), void *arg)
{
    while (acd->changed_agent != ACD_NONE) {
        struct post *p = post_at(acd, acd->changed_agent);
        acd->changed_agent = p->next_changed;
        p->changed = false;
        agent(arg, &p->a);
    }
    while (acd->changed_contact != ACD_NONE) {
        struct cell *c = cell_at(acd, acd->changed_contact);
        acd->changed_contact = c->next_changed;
        c->changed = false;
        if (c->c.state != ACD_FREE_SLOT)
            contact(arg, &c->c);
    }
}

void acd_touch_all(struct acd *acd)
{
    for (uint32_t a = 0; a < acd->n_posts; a++)
        agent_changed(acd, a);
    for (uint32_t at = 0; at < acd->n_cells; at++)
        if (cell_at(acd, at)->c.state != ACD_FREE_SLOT)
            contact_changed(acd, at);
    touch_familiar(acd);
}

void acd_offers_from(struct acd *acd, uint64_t base)
{
    acd->offers = TL_HIGHER(acd->offers, base);
}

int acd_restore_agent(struct acd *acd, const struct acd_agent *a, tl_time now)
{
    uint32_t at = acd_find_agent(acd, tl_id_str(&a->id));

    acd->quiet = true;
    acd->now = TL_HIGHER(acd->now, now);
    if (at == ACD_NONE)
        return -EINVAL;
    struct post *p = post_at(acd, at);
    if (p->a.signed_in)
        return -EEXIST;
    if (!a->signed_in)
        return 0;
    sign_in(acd, at, tl_id_str(&a->session));
    p->a.reason = a->reason;
    p->a.since = TL_LOWER(a->since, acd->now);
    p->a.idle_since = TL_LOWER(a->idle_since, acd->now);
    p->a.last_offered = TL_LOWER(a->last_offered, acd->now);
    p->a.signed_in_at = TL_LOWER(a->signed_in_at, acd->now);
    p->a.busy_total = a->busy_total;
    p->a.rona = a->rona;
    p->a.ready = a->ready;
    p->a.draining = a->draining || p->a.retired;
    p->a.presence = a->presence;
    return 0;
}

/* Loaded deadlines come from another clock: never farther away than the policy allows. */
static tl_time nearer(tl_time deadline, tl_time latest)
{
    return TL_LOWER(deadline, latest);
}

static void restore_held(struct acd *acd, uint32_t at, uint32_t agent)
{
    struct cell *c = cell_at(acd, at);
    struct acd_agent *a = &post_at(acd, agent)->a;
    const struct acd_queue_policy *q = queue_policy(acd, c->c.queue);

    attach(acd, at, agent);
    switch (c->c.state) {
    case ACD_OFFERED:
        a->n_offered++;
        acd->queues[c->c.queue].ringing++;
        c->c.deadline = nearer(c->c.deadline, acd->now + q->offer_timeout);
        break;
    case ACD_CONNECTED:
        a->n_connected++;
        acd->queues[c->c.queue].connected++;
        break;
    default: a->n_wrapping++; c->c.deadline = nearer(c->c.deadline, acd->now + q->wrap_up);
    }
    arm(acd, at);
}

/* Whether a stored seat still has its place at a contact that goes on. */
static bool seat_fits(const struct acd *acd, const struct acd_contact *seat)
{
    const struct acd_contact *of = acd_contact(acd, seat->parent);

    if (!of || of->parent != ACD_NONE || of->n_seats >= ACD_SEATS_MAX || seat->seat > ACD_JOINED ||
        seat->channel != of->channel)
        return false;
    if (seat->state != ACD_WRAPPING &&
        (of->state != ACD_CONNECTED || !post_at(acd, of->agent)->a.signed_in))
        return false;
    if (seat->state != ACD_WAITING)
        return post_at(acd, seat->agent)->a.signed_in &&
               !in_contact(acd, seat->parent, seat->agent);
    return seat->seat == ACD_CONSULT &&
           (!seat->direct ||
            (seat->preferred != ACD_NONE && post_at(acd, seat->preferred)->a.signed_in));
}

int acd_restore_contact(struct acd *acd, const struct acd_contact *in, tl_time now)
{
    struct acd_contact image = *in;
    int err;

    acd->quiet = true;
    acd->now = TL_HIGHER(acd->now, now);
    if (place_by_id(acd, tl_id_str(&in->id)) != ACD_NONE)
        return -EEXIST;
    bool held = in->state == ACD_OFFERED || in->state == ACD_CONNECTED || in->state == ACD_WRAPPING;
    if (in->queue >= acd->policy->n_queues || (!held && in->state != ACD_WAITING) ||
        (held && in->agent >= acd->n_posts))
        return -EINVAL;
    err = cells_grow(acd);
    if (err)
        return err;
    /* Whoever was offered to an agent who is not here any more waits again. */
    if (held && in->state != ACD_CONNECTED && !post_at(acd, in->agent)->a.signed_in) {
        if (in->state == ACD_WRAPPING)
            return -EINVAL;
        held = false;
        image.state = ACD_WAITING;
        image.deadline = 0;
    }
    image.n_seats = 0;
    if (image.seat == ACD_NO_SEAT)
        image.parent = ACD_NONE;
    if (image.parent != ACD_NONE && !seat_fits(acd, &image))
        return -EINVAL;
    if (image.parent != ACD_NONE && (err = seats_grow(acd)))
        return err;
    image.ring = TL_LOWER(image.ring, queue_policy(acd, image.queue)->n_rings);
    uint32_t line = ring_line(acd, &image, image.ring, &err);
    if (line == ACD_NONE)
        return err;
    uint32_t at = cell_take(acd);
    struct cell *c = cell_at(acd, at);
    c->c = image;
    c->c.agent = ACD_NONE;
    c->c.enqueued = TL_LOWER(c->c.enqueued, acd->now);
    c->c.queued = TL_LOWER(c->c.queued, acd->now);
    c->c.since = TL_LOWER(c->c.since, acd->now);
    c->line = line;
    acd->lines[line]->users++;
    acd->arrivals = TL_HIGHER(acd->arrivals, image.arrival);
    ids_add(&acd->contact_ids, ids_hash(tl_id_str(&image.id)), at);
    if (image.parent != ACD_NONE)
        seat_add(acd, at);
    if (held)
        restore_held(acd, at, in->agent);
    else
        stand(acd, at);
    contact_changed(acd, at);
    return 0;
}

void acd_restored(struct acd *acd, tl_time now)
{
    acd->now = TL_HIGHER(acd->now, now);
    for (uint32_t a = 0; a < acd->n_posts; a++)
        refresh_agent(acd, a);
    acd->quiet = false;
    for (uint32_t a = 0; a < acd->n_posts; a++) {
        struct post *p = post_at(acd, a);
        if (!p->a.signed_in && p->a.contacts == ACD_NONE)
            continue;
        tell(acd, &(struct decide){.kind = ACD_SHOW_AGENT,
                                   .contact = ACD_NONE,
                                   .agent = a,
                                   .lasted = acd->now - p->a.since,
                                   .presence_was = p->a.presence});
    }
    for (uint32_t a = 0; a < acd->n_posts; a++)
        match_agent(acd, a);
    for (uint32_t at = 0; at < acd->n_cells; at++)
        if (cell_at(acd, at)->in_tree)
            (void)apply_staff_rules(acd, at); /* stays or goes by its queue's rule */
}
