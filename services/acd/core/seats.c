/* Seats: places of other agents at a connected contact.  One who is in it asks another for advice
 * (consult); then the other takes the contact over (transfer), joins it (conference), or goes.
 * A seat is a cell beside its contact's: it waits, rings and wraps up as a contact does, so
 * capacity, time-outs and refusals are the same.  The contact itself is always somebody's: when its
 * holder goes and others talk with the customer, one of them takes his place. */
#include "state.h"

/* ---- who is in the contact ---- */

static uint64_t seat_hash(uint32_t contact)
{
    return ids_hash((struct tl_str){(const char *)&contact, sizeof(contact)});
}

int seats_grow(struct acd *acd)
{
    return ids_reserve(&acd->seat_ids, acd->seat_ids.n + 1);
}

void seat_add(struct acd *acd, uint32_t seat)
{
    uint32_t of = cell_at(acd, seat)->c.parent;

    ids_add(&acd->seat_ids, seat_hash(of), seat);
    cell_at(acd, of)->c.n_seats++;
}

void seat_remove(struct acd *acd, uint32_t seat)
{
    uint32_t of = cell_at(acd, seat)->c.parent;

    ids_remove(&acd->seat_ids, seat_hash(of), seat);
    cell_at(acd, of)->c.n_seats--;
    contact_changed(acd, of);
}

unsigned acd_seats(const struct acd *acd, uint32_t contact, uint32_t ret[ACD_SEATS_MAX])
{
    unsigned n = 0;

    ids_each(&acd->seat_ids, seat_hash(contact), at)
    {
        unsigned i = n;
        if (cell_at(acd, at)->c.parent != contact)
            continue;
        for (n++; i > 0 && cell_at(acd, ret[i - 1])->c.arrival > cell_at(acd, at)->c.arrival; i--)
            ret[i] = ret[i - 1];
        ret[i] = at;
    }
    return n;
}

static bool is_of(const struct acd *acd, uint32_t place, uint32_t contact)
{
    return place == contact || cell_at(acd, place)->c.parent == contact;
}

bool in_contact(const struct acd *acd, uint32_t contact, uint32_t agent)
{
    uint32_t at = post_at(acd, agent)->a.contacts;

    while (at != ACD_NONE && !is_of(acd, at, contact))
        at = cell_at(acd, at)->next;
    return at != ACD_NONE;
}

uint32_t sits_at(const struct acd *acd, uint32_t contact, uint32_t agent,
                 enum acd_contact_state state)
{
    uint32_t at = post_at(acd, agent)->a.contacts;

    while (at != ACD_NONE && !(is_of(acd, at, contact) && cell_at(acd, at)->c.state == state))
        at = cell_at(acd, at)->next;
    return at;
}

/* The agent's place if it talks with the customer. */
static uint32_t talks_at(const struct acd *acd, uint32_t contact, uint32_t agent)
{
    uint32_t at = sits_at(acd, contact, agent, ACD_CONNECTED);

    return at != ACD_NONE && cell_at(acd, at)->c.seat == ACD_CONSULT ? ACD_NONE : at;
}

uint32_t heir(const struct acd *acd, uint32_t contact)
{
    uint32_t seats[ACD_SEATS_MAX];
    unsigned n = acd_seats(acd, contact, seats);

    for (unsigned i = 0; i < n; i++) {
        const struct acd_contact *c = &cell_at(acd, seats[i])->c;
        if (c->seat == ACD_JOINED && c->state == ACD_CONNECTED)
            return seats[i];
    }
    return ACD_NONE;
}

bool has_live_seats(const struct acd *acd, uint32_t contact)
{
    uint32_t seats[ACD_SEATS_MAX];
    unsigned n = acd_seats(acd, contact, seats);

    while (n > 0 && cell_at(acd, seats[n - 1])->c.state == ACD_WRAPPING)
        n--;
    return n > 0;
}

/* ---- changing hands ---- */

/* The seat's agent gets the contact, the contact's agent the seat, which is of the contact's queue
 * from now on: that is what the agent has worked for and will wrap up. */
void hand_over(struct acd *acd, uint32_t contact, uint32_t seat, enum acd_cause cause)
{
    struct cell *x = cell_at(acd, contact), *s = cell_at(acd, seat);
    const struct acd_contact was = x->c;
    uint32_t from = x->c.agent, to = s->c.agent;

    detach(acd, contact);
    detach(acd, seat);
    x->c.since = s->c.since;
    x->c.offer = s->c.offer;
    s->c.since = was.since;
    s->c.offer = was.offer;
    acd->queues[s->c.queue].connected--;
    acd->queues[x->c.queue].connected++;
    acd->lines[s->line]->users--;
    acd->lines[x->line]->users++;
    s->line = x->line;
    s->c.queue = x->c.queue;
    s->c.ring = x->c.ring;
    s->c.seat = ACD_JOINED;
    s->c.preferred = ACD_NONE;
    s->c.direct = false;
    attach(acd, contact, to);
    attach(acd, seat, from);
    contact_changed(acd, contact);
    tell(acd, &(struct decide){.kind = ACD_HAND_OVER,
                               .cause = cause,
                               .contact = contact,
                               .agent = to,
                               .text = tl_id_str(&post_at(acd, from)->a.id)});
}

/* Waiting ones first, so that no agent who comes free is rung for a seat that is about to go. */
void end_seats(struct acd *acd, uint32_t contact, bool wrap, enum acd_cause cause)
{
    uint32_t seats[ACD_SEATS_MAX];
    unsigned n = acd_seats(acd, contact, seats);

    for (int state = ACD_WAITING; state <= ACD_CONNECTED; state++)
        for (unsigned i = 0; i < n; i++) {
            if (cell_at(acd, seats[i])->c.state != state)
                continue;
            if (state == ACD_CONNECTED)
                let_go(acd, seats[i], wrap, cause, NO_TEXT);
            else
                dismiss_and_match(acd, seats[i], cause, NO_TEXT);
        }
}

/* ---- what is asked for ---- */

/* Who is wanted: an agent by name, or whoever a queue has. */
static enum acd_outcome read_wish(const struct acd *acd, const struct acd_fact *f,
                                  struct acd_contact *seat)
{
    const struct acd_contact *of = &cell_at(acd, seat->parent)->c;

    seat->preferred = ACD_NONE;
    seat->queue = of->queue;
    seat->direct = f->preferred_agent.n > 0;
    if (seat->direct) {
        seat->preferred = acd_find_agent(acd, f->preferred_agent);
        return seat->preferred == ACD_NONE ? ACD_UNKNOWN_AGENT : ACD_OK;
    }
    if (f->queue >= acd->policy->n_queues)
        return ACD_UNKNOWN_QUEUE;
    seat->queue = (uint16_t)f->queue;
    return ACD_OK;
}

static enum acd_outcome asked_again(const struct acd_contact *c, const struct acd_contact *wish)
{
    if (c->parent != wish->parent)
        return ACD_CONFLICT;
    if (c->state >= ACD_CONNECTED) /* it may have got another queue since */
        return ACD_OK;
    return c->preferred == wish->preferred && (c->overflowed || c->queue == wish->queue)
               ? ACD_OK
               : ACD_CONFLICT;
}

static enum acd_outcome may_come(const struct acd *acd, const struct acd_contact *seat)
{
    if (seat->direct) {
        if (!post_at(acd, seat->preferred)->a.signed_in)
            return ACD_WRONG_STATE;
        return in_contact(acd, seat->parent, seat->preferred) ? ACD_SEATED : ACD_OK;
    }
    if (acd->queues[seat->queue].closed)
        return ACD_CLOSED;
    return acd->queues[seat->queue].waiting >= queue_policy(acd, seat->queue)->max_waiting
               ? ACD_FULL
               : ACD_OK;
}

static enum acd_outcome may_ask(const struct acd *acd, const struct acd_fact *f, uint32_t by,
                                struct acd_contact *seat)
{
    const struct acd_contact *of = &cell_at(acd, seat->parent)->c;

    if (tl_id_parse(&seat->id, f->seat))
        return ACD_OUT_OF_RANGE;
    if (find_gone(acd, f->seat))
        return ACD_OVER;
    if (of->state != ACD_CONNECTED || !post_at(acd, by)->a.signed_in)
        return ACD_WRONG_STATE;
    if (talks_at(acd, seat->parent, by) == ACD_NONE)
        return ACD_NOT_IN_CONTACT;
    if (of->n_seats >= ACD_SEATS_MAX)
        return ACD_TOO_MANY_SEATS;
    if (acd->n_contacts >= ACD_CONTACTS_MAX)
        return ACD_FULL;
    return may_come(acd, seat);
}

int consult_asked(struct acd *acd, const struct acd_fact *f, enum acd_outcome *out)
{
    uint32_t of = contact_by_id(acd, f->contact), by = acd_find_agent(acd, f->agent);
    uint32_t at = place_by_id(acd, f->seat), line;
    struct acd_contact seat = {.agent = ACD_NONE, .parent = of, .seat = ACD_CONSULT};
    int err;

    *out = of == ACD_NONE ? ACD_UNKNOWN_CONTACT : by == ACD_NONE ? ACD_UNKNOWN_AGENT : ACD_OK;
    if (*out == ACD_OK)
        *out = read_wish(acd, f, &seat);
    if (*out == ACD_OK)
        *out =
            at != ACD_NONE ? asked_again(&cell_at(acd, at)->c, &seat) : may_ask(acd, f, by, &seat);
    if (*out != ACD_OK || at != ACD_NONE)
        return 0;
    err = cells_grow(acd);
    if (!err)
        err = seats_grow(acd);
    if (err)
        return err;
    const struct acd_contact *c = &cell_at(acd, of)->c;
    seat.channel = c->channel;
    line = ring_line(acd, &seat, 0, &err);
    if (line == ACD_NONE) {
        *out = ACD_TOO_VARIED;
        return err == -ENOSPC ? 0 : err;
    }
    seat.thread = c->thread;
    seat.state = ACD_WAITING;
    seat.priority = c->priority;
    seat.enqueued = seat.queued = seat.since = acd->now;
    admit(acd, &seat, line, by);
    return 0;
}

/* The seat that is meant, of a contact where the agent talks with the customer. */
static enum acd_outcome find_seat(const struct acd *acd, const struct acd_fact *f, uint32_t *ret_of,
                                  uint32_t *ret_by, uint32_t *ret_seat)
{
    *ret_of = contact_by_id(acd, f->contact);
    *ret_by = acd_find_agent(acd, f->agent);
    *ret_seat = place_by_id(acd, f->seat);
    if (*ret_of == ACD_NONE)
        return ACD_UNKNOWN_CONTACT;
    if (*ret_by == ACD_NONE)
        return ACD_UNKNOWN_AGENT;
    if (*ret_seat == ACD_NONE || cell_at(acd, *ret_seat)->c.parent != *ret_of)
        return find_gone(acd, f->seat) ? ACD_OVER : ACD_UNKNOWN_SEAT;
    if (cell_at(acd, *ret_seat)->c.state == ACD_WRAPPING) /* a repeat, or too late */
        return cell_at(acd, *ret_seat)->c.agent == *ret_by ? ACD_OK : ACD_OVER;
    return talks_at(acd, *ret_of, *ret_by) == ACD_NONE ? ACD_NOT_IN_CONTACT : ACD_OK;
}

static void join(struct acd *acd, uint32_t seat)
{
    struct acd_contact *c = &cell_at(acd, seat)->c;

    c->seat = ACD_JOINED;
    contact_changed(acd, seat);
    tell(acd, &(struct decide){.kind = ACD_JOIN, .contact = seat, .agent = c->agent});
}

/* Goes to wrap-up; if it holds the contact, then as the holder of `other`, which takes over. */
static void leave_to(struct acd *acd, uint32_t contact, uint32_t place, uint32_t other,
                     enum acd_cause cause)
{
    if (place == contact && other != ACD_NONE) {
        hand_over(acd, contact, other, cause);
        place = other;
    }
    let_go(acd, place, true, cause, NO_TEXT);
}

enum acd_outcome consult_completed(struct acd *acd, const struct acd_fact *f)
{
    uint32_t of, by, seat;
    enum acd_outcome out = find_seat(acd, f, &of, &by, &seat);

    if (out != ACD_OK || cell_at(acd, seat)->c.state == ACD_WRAPPING)
        return out;
    if (cell_at(acd, seat)->c.state != ACD_CONNECTED || cell_at(acd, seat)->c.seat != ACD_CONSULT)
        return ACD_WRONG_STATE;
    uint32_t place = talks_at(acd, of, by);
    join(acd, seat);
    leave_to(acd, of, place, seat, ACD_TRANSFER);
    return ACD_OK;
}

enum acd_outcome consult_merged(struct acd *acd, const struct acd_fact *f)
{
    uint32_t of, by, seat;
    enum acd_outcome out = find_seat(acd, f, &of, &by, &seat);

    if (out != ACD_OK)
        return out;
    if (cell_at(acd, seat)->c.state != ACD_CONNECTED)
        return ACD_WRONG_STATE;
    if (cell_at(acd, seat)->c.seat == ACD_CONSULT)
        join(acd, seat);
    return ACD_OK;
}

enum acd_outcome consult_cancelled(struct acd *acd, const struct acd_fact *f)
{
    uint32_t of, by, seat;
    enum acd_outcome out = find_seat(acd, f, &of, &by, &seat);

    if (out == ACD_OVER)
        return ACD_OK;
    if (out != ACD_OK || cell_at(acd, seat)->c.state == ACD_WRAPPING)
        return out;
    if (cell_at(acd, seat)->c.seat == ACD_JOINED)
        return ACD_WRONG_STATE;
    if (cell_at(acd, seat)->c.state == ACD_CONNECTED)
        let_go(acd, seat, true, ACD_BY_REQUEST, f->cause);
    else
        dismiss_and_match(acd, seat, ACD_BY_REQUEST, f->cause);
    return ACD_OK;
}

enum acd_outcome seat_left(struct acd *acd, const struct acd_fact *f)
{
    uint32_t of = contact_by_id(acd, f->contact), agent = acd_find_agent(acd, f->agent);

    if (of == ACD_NONE)
        return ACD_UNKNOWN_CONTACT;
    if (agent == ACD_NONE)
        return ACD_UNKNOWN_AGENT;
    uint32_t place = sits_at(acd, of, agent, ACD_CONNECTED);
    if (place == ACD_NONE)
        return sits_at(acd, of, agent, ACD_WRAPPING) == ACD_NONE ? ACD_NOT_IN_CONTACT : ACD_OK;
    leave_to(acd, of, place, heir(acd, of), ACD_BY_REQUEST);
    return ACD_OK;
}
