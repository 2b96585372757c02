/* The invariants, checked from scratch against what the core keeps incrementally: I2 one owner, I3
 * nobody over capacity, I5 nobody past a deadline, I6 order within lines, and that nobody waits
 * whom somebody free could serve. */
#include "check.h"
#include <core/state.h>
#include <stdio.h>

struct report {
    char *line;
    size_t size;
    bool broken;
};

#define BREAK(r, ...)                                          \
    do {                                                       \
        if (!(r)->broken)                                      \
            (void)snprintf((r)->line, (r)->size, __VA_ARGS__); \
        (r)->broken = true;                                    \
    } while (0)

static bool in_list_of(const struct acd *acd, uint32_t agent, uint32_t contact)
{
    uint32_t c = post_at(acd, agent)->a.contacts;

    while (c != ACD_NONE && c != contact)
        c = cell_at(acd, c)->next;
    return c == contact;
}

/* Seats belong to a contact that goes on, are told apart by what they are, and nobody sits twice.
 */
static void check_seat(const struct acd *acd, struct report *r, uint32_t at)
{
    const struct acd_contact *c = &cell_at(acd, at)->c, *of = acd_contact(acd, c->parent);

    if (!of || of->parent != ACD_NONE || c->n_seats) {
        BREAK(r, "seat %s: of no contact", c->id.s);
        return;
    }
    if (c->seat != ACD_CONSULT && c->seat != ACD_JOINED)
        BREAK(r, "seat %s: of no kind", c->id.s);
    if (c->state != ACD_WRAPPING && of->state != ACD_CONNECTED)
        BREAK(r, "I5 seat %s: %s at a contact that is %s", c->id.s,
              acd_contact_state_name((enum acd_contact_state)c->state),
              acd_contact_state_name((enum acd_contact_state)of->state));
    if (c->seat == ACD_JOINED && (c->state == ACD_WAITING || c->state == ACD_OFFERED))
        BREAK(r, "seat %s: joined before it was taken", c->id.s);
    if (c->state == ACD_CONNECTED && !post_at(acd, c->agent)->a.signed_in)
        BREAK(r, "I5 seat %s: its agent is not here", c->id.s);
    if (c->state == ACD_WAITING && c->direct && !post_at(acd, c->preferred)->a.signed_in)
        BREAK(r, "I5 seat %s: waits for an agent who is not here", c->id.s);
}

static void check_seats(const struct acd *acd, struct report *r, uint32_t at)
{
    const struct acd_contact *c = &cell_at(acd, at)->c;
    uint32_t n = 0, live = 0;

    for (uint32_t s = 0; s < acd->n_cells; s++) {
        const struct acd_contact *x = &cell_at(acd, s)->c;
        if (x->state == ACD_FREE_SLOT || x->parent != at)
            continue;
        n++;
        live += x->state != ACD_WRAPPING;
        for (uint32_t o = 0; o < acd->n_cells && x->state != ACD_WRAPPING; o++) {
            const struct acd_contact *y = &cell_at(acd, o)->c;
            if (o != s && y->state != ACD_FREE_SLOT && y->state != ACD_WRAPPING &&
                (o == at || y->parent == at) && x->agent != ACD_NONE && x->agent == y->agent)
                BREAK(r, "I2 %s: %s sits there twice", c->id.s, post_at(acd, x->agent)->a.id.s);
        }
    }
    if (n != c->n_seats || n > ACD_SEATS_MAX)
        BREAK(r, "%s: %u seats, counted %u", c->id.s, n, c->n_seats);
    if (live && !post_at(acd, c->agent)->a.signed_in)
        BREAK(r, "I5 %s: its agent is gone and others still sit there", c->id.s);
}

static void check_contact(const struct acd *acd, struct report *r, uint32_t at)
{
    const struct cell *c = cell_at(acd, at);
    const char *id = c->c.id.s;

    if ((c->c.state == ACD_WAITING) != c->in_tree)
        BREAK(r, "%s: %s but %s in a line", id, acd_contact_state_name(c->c.state),
              c->in_tree ? "stands" : "does not stand");
    if ((c->c.state == ACD_WAITING) != (c->c.agent == ACD_NONE))
        BREAK(r, "I2 %s: %s with%s agent", id, acd_contact_state_name(c->c.state),
              c->c.agent == ACD_NONE ? "out" : "");
    if (c->c.agent != ACD_NONE && !in_list_of(acd, c->c.agent, at))
        BREAK(r, "I2 %s: its agent does not have it", id);
    bool timed = c->c.state == ACD_OFFERED || c->c.state == ACD_WRAPPING;
    if (timed != (c->c.deadline != 0))
        BREAK(r, "I5 %s: %s with%s deadline", id, acd_contact_state_name(c->c.state),
              c->c.deadline ? "" : "out");
    if (c->c.deadline && c->c.deadline + TL_SEC(5) < acd->now)
        BREAK(r, "I5 %s: past its deadline", id);
    if (place_by_id(acd, tl_id_str(&c->c.id)) != at)
        BREAK(r, "%s: not found by its id", id);
    if (c->c.parent != ACD_NONE)
        check_seat(acd, r, at);
    else if (acd->seat_ids.n)
        check_seats(acd, r, at);
    if (c->line == ACD_NONE || acd->lines[c->line]->queue != c->c.queue)
        BREAK(r, "%s: line of another queue", id);
}

static void check_agent(const struct acd *acd, struct report *r, uint32_t at)
{
    const struct post *p = post_at(acd, at);
    unsigned n[ACD_CONTACT_STATES] = {0}, load[ACD_LOADS] = {0};

    for (uint32_t c = p->a.contacts; c != ACD_NONE; c = cell_at(acd, c)->next) {
        if (cell_at(acd, c)->c.agent != at)
            BREAK(r, "I2 %s: has a contact of somebody else", p->a.id.s);
        n[cell_at(acd, c)->c.state]++;
        load[acd_load_of((enum acd_channel)cell_at(acd, c)->c.channel)]++;
    }
    if (n[ACD_OFFERED] != p->a.n_offered || n[ACD_CONNECTED] != p->a.n_connected ||
        n[ACD_WRAPPING] != p->a.n_wrapping || n[ACD_WAITING])
        BREAK(r, "%s: counts are wrong", p->a.id.s);
    if (n[ACD_OFFERED] > 1)
        BREAK(r, "I3 %s: rings twice", p->a.id.s);
    for (int l = 0; l < ACD_LOADS; l++) {
        if (load[l] != p->a.load[l])
            BREAK(r, "%s: load is wrong", p->a.id.s);
        if (p->profile != ACD_NONE && load[l] > acd->policy->agents[p->profile].capacity[l])
            BREAK(r, "I3 %s: over capacity", p->a.id.s);
        if (bit_has(acd->open[l], at) != (p->open >> l & 1) || acd->n_open[l] > acd->n_posts)
            BREAK(r, "%s: open set is wrong", p->a.id.s);
    }
    if (p->idle != (p->open != 0) ||
        (p->idle && tree_at(&acd->idle_nodes, at)->key != p->a.idle_since))
        BREAK(r, "%s: not in its place among the idle", p->a.id.s);
    if (p->open != open_loads(acd, p))
        BREAK(r, "%s: open for the wrong loads", p->a.id.s);
    if (bit_has(acd->signed_in, at) != p->a.signed_in || p->leased != p->a.signed_in)
        BREAK(r, "%s: signed in, or not", p->a.id.s);
    if (p->a.presence == ACD_OFFLINE && (p->a.n_offered || p->a.n_wrapping))
        BREAK(r, "I5 %s: offline with an offer or wrap-up", p->a.id.s);
}

/* Keys, FIFO within one priority, sizes, heads. */
static uint32_t check_tree(const struct acd *acd, struct report *r, const struct tree *t)
{
    uint32_t n = 0, before = TREE_NONE;

    for (uint32_t c = t->first; c != TREE_NONE; c = tree_next(&acd->nodes, c)) {
        const struct acd_contact *x = &cell_at(acd, c)->c;
        n++;
        if (tree_at(&acd->nodes, c)->key != contact_key(acd, x))
            BREAK(r, "%s: stands under an old key", x->id.s);
        if (before != TREE_NONE) {
            const struct acd_contact *b = &cell_at(acd, before)->c;
            if (b->priority == x->priority && b->queue == x->queue && b->enqueued > x->enqueued)
                BREAK(r, "I6 %s stands before %s, who came earlier", b->id.s, x->id.s);
        }
        before = c;
    }
    if (t->last != before || n != tree_size(&acd->nodes, t))
        BREAK(r, "a line has lost count: %u stand, %u counted", n, tree_size(&acd->nodes, t));
    return n;
}

static void check_line(const struct acd *acd, struct report *r, uint32_t at)
{
    const struct line *l = acd->lines[at];
    uint32_t staffed = 0, ready = 0;

    for (uint32_t a = 0; a < acd->n_posts; a++) {
        bool fit = fits_needs(acd, a, l->queue, l->needs, l->n_needs);
        if (fit != bit_has(l->fits, a) || fit != bit_has(row_of(acd, a), at))
            BREAK(r, "line %u: %s fits, or not", at, post_at(acd, a)->a.id.s);
        staffed += fit && post_at(acd, a)->a.signed_in;
        ready += fit && bit_has(acd->ready, a);
    }
    if (staffed != l->staffed || ready != l->ready)
        BREAK(r, "line %u: staffed %u ready %u, counted %u %u", at, staffed, ready, l->staffed,
              l->ready);
    bool waits = l->tree.first != TREE_NONE && !queue_policy(acd, l->queue)->manual;
    if (waits != bit_has(acd->waiting[l->load], at))
        BREAK(r, "line %u: somebody waits, or not", at);
    if (l->tree.first != TREE_NONE &&
        acd->heads[at].key != tree_at(&acd->nodes, l->tree.first)->key)
        BREAK(r, "line %u: head is old", at);
}

static void check_queue(const struct acd *acd, struct report *r, uint32_t at)
{
    const struct queue *q = &acd->queues[at];
    uint32_t staffed = 0, ready = 0, ringing = 0, connected = 0;

    for (uint32_t c = 0; c < acd->n_cells; c++) {
        ringing += cell_at(acd, c)->c.queue == at && cell_at(acd, c)->c.state == ACD_OFFERED;
        connected += cell_at(acd, c)->c.queue == at && cell_at(acd, c)->c.state == ACD_CONNECTED;
    }
    if (ringing != q->ringing || connected != q->connected)
        BREAK(r, "queue %u: ringing %u connected %u, counted %u %u", at, ringing, connected,
              q->ringing, q->connected);
    for (uint32_t a = 0; a < acd->n_posts; a++) {
        staffed += bit_has(q->members, a) && bit_has(acd->signed_in, a);
        ready += bit_has(q->members, a) && bit_has(acd->ready, a);
    }
    if (staffed != q->staffed || ready != q->ready)
        BREAK(r, "queue %u: staffed %u ready %u, counted %u %u", at, staffed, ready, q->staffed,
              q->ready);
}

static bool could_serve(const struct acd *acd, uint32_t contact, uint32_t agent)
{
    const struct cell *c = cell_at(acd, contact);
    const struct post *p = post_at(acd, agent);

    if (!(p->open >> acd_load_of((enum acd_channel)c->c.channel) & 1) ||
        excluded(acd, &c->c, agent))
        return false;
    if (c->personal)
        return c->c.preferred == agent;
    return !queue_policy(acd, c->c.queue)->manual && bit_has(acd->lines[c->line]->fits, agent);
}

/* While anybody is open, nobody who fits waits (once the ticks that are due have come, and all are
 * back after a loss of the store). */
static void check_work(const struct acd *acd, struct report *r)
{
    for (uint32_t a = 0; a < acd->n_posts && !acd->gather_until; a++) {
        if (!post_at(acd, a)->open)
            continue;
        for (uint32_t c = 0; c < acd->n_cells; c++)
            if (cell_at(acd, c)->in_tree && could_serve(acd, c, a))
                BREAK(r, "I5 %s waits although %s is free", cell_at(acd, c)->c.id.s,
                      post_at(acd, a)->a.id.s);
    }
}

int acd_check(const struct acd *acd, char *line, size_t size)
{
    struct report r = {line, size, false};
    uint32_t waiting = 0, stood = 0, n = 0, in_queues = 0;

    for (uint32_t at = 0; at < acd->n_cells; at++)
        if (cell_at(acd, at)->c.state != ACD_FREE_SLOT) {
            check_contact(acd, &r, at);
            waiting += cell_at(acd, at)->in_tree;
            n++;
        }
    if (n != acd->n_contacts)
        BREAK(&r, "%u contacts, counted %u", n, acd->n_contacts);
    for (uint32_t a = 0; a < acd->n_posts; a++) {
        check_agent(acd, &r, a);
        stood += check_tree(acd, &r, &post_at(acd, a)->personal);
    }
    for (uint32_t l = 0; l < acd->n_lines; l++) {
        check_line(acd, &r, l);
        stood += check_tree(acd, &r, &acd->lines[l]->tree);
    }
    for (uint32_t q = 0; q < acd->policy->n_queues; q++) {
        in_queues += acd->queues[q].waiting;
        check_queue(acd, &r, q);
    }
    if (waiting != stood || waiting != in_queues)
        BREAK(&r, "%u wait, %u stand in lines, queues say %u", waiting, stood, in_queues);
    if (acd_next_wake(acd) > acd->now)
        check_work(acd, &r);
    return r.broken ? -EPROTO : 0;
}
