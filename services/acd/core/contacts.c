/* Contacts: their cells, their place in line and what is due for them next.
 * A contact stands in exactly one tree while it waits and in none otherwise. */
#include "state.h"
#include <tl_mem.h>

int cells_grow(struct acd *acd)
{
    if (acd->free_cell != ACD_NONE)
        return 0;
    if (acd->n_cells == acd->n_chunks << 10) {
        struct cell **chunks = tl_resize(acd->cells, acd->n_chunks + 1, sizeof(*chunks));
        if (!chunks)
            return -ENOMEM;
        acd->cells = chunks;
        chunks[acd->n_chunks] = tl_alloc(1024, sizeof(**chunks));
        if (!chunks[acd->n_chunks])
            return -ENOMEM;
        acd->n_chunks++;
    }
    if (tree_pool_reserve(&acd->nodes, acd->n_cells + 1) ||
        wheel_reserve(&acd->wheel, acd->n_cells + 1) ||
        ids_reserve(&acd->contact_ids, acd->n_contacts + 1))
        return -ENOMEM;
    return 0;
}

uint32_t cell_take(struct acd *acd)
{
    uint32_t at = acd->free_cell;

    if (at == ACD_NONE)
        at = acd->n_cells++;
    else
        acd->free_cell = cell_at(acd, at)->next;
    struct cell *c = cell_at(acd, at);
    uint32_t next_changed = c->next_changed;
    bool changed = c->changed;
    *c = (struct cell){.line = ACD_NONE,
                       .next = ACD_NONE,
                       .prev = ACD_NONE,
                       .next_changed = next_changed,
                       .changed = changed,
                       .forecast_ms = -1};
    c->c.agent = c->c.preferred = c->c.parent = ACD_NONE;
    acd->n_contacts++;
    return at;
}

void cell_drop(struct acd *acd, uint32_t at)
{
    struct cell *c = cell_at(acd, at);

    tell(acd, &(struct decide){.kind = ACD_FORGET, .contact = at, .agent = ACD_NONE});
    wheel_set(&acd->wheel, at, TL_NEVER);
    acd->lines[c->line]->users--;
    ids_remove(&acd->contact_ids, ids_hash(tl_id_str(&c->c.id)), at);
    if (c->c.parent != ACD_NONE)
        seat_remove(acd, at);
    c->c.state = ACD_FREE_SLOT;
    c->next = acd->free_cell;
    acd->free_cell = at;
    acd->n_contacts--;
}

uint32_t contact_by_id(const struct acd *acd, struct tl_str id)
{
    uint32_t at = place_by_id(acd, id);

    return at == ACD_NONE || cell_at(acd, at)->c.parent == ACD_NONE ? at : ACD_NONE;
}

uint32_t place_by_id(const struct acd *acd, struct tl_str id)
{
    uint64_t hash = ids_hash(id);

    ids_each(&acd->contact_ids, hash, at)
    {
        if (tl_str_eq(tl_id_str(&cell_at(acd, at)->c.id), id))
            return at;
    }
    return ACD_NONE;
}

void attach(struct acd *acd, uint32_t contact, uint32_t agent)
{
    struct cell *c = cell_at(acd, contact);
    struct acd_agent *a = &post_at(acd, agent)->a;

    c->c.agent = agent;
    c->prev = ACD_NONE;
    c->next = a->contacts;
    if (c->next != ACD_NONE)
        cell_at(acd, c->next)->prev = contact;
    a->contacts = contact;
    a->load[acd_load_of((enum acd_channel)c->c.channel)]++;
}

void detach(struct acd *acd, uint32_t contact)
{
    struct cell *c = cell_at(acd, contact);
    struct acd_agent *a = &post_at(acd, c->c.agent)->a;

    if (c->prev == ACD_NONE)
        a->contacts = c->next;
    else
        cell_at(acd, c->prev)->next = c->next;
    if (c->next != ACD_NONE)
        cell_at(acd, c->next)->prev = c->prev;
    a->load[acd_load_of((enum acd_channel)c->c.channel)]--;
    c->next = c->prev = ACD_NONE;
    c->c.agent = ACD_NONE;
}

bool excluded(const struct acd *acd, const struct acd_contact *c, uint32_t agent)
{
    return refused_it(acd, c, agent) ||
           (c->parent != ACD_NONE && in_contact(acd, c->parent, agent));
}

bool refused_it(const struct acd *acd, const struct acd_contact *c, uint32_t agent)
{
    for (unsigned i = 0; i < c->n_excluded; i++)
        if (c->excluded[i].agent == agent &&
            c->enqueued + TL_SEC(c->excluded[i].until_s) > acd->now)
            return true;
    return false;
}

void exclude(struct acd *acd, uint32_t contact, uint32_t agent)
{
    struct acd_contact *c = &cell_at(acd, contact)->c;
    tl_dur until = acd->now + acd->policy->retry_refused - c->enqueued;
    unsigned i = 0;

    while (i < c->n_excluded && c->excluded[i].agent != agent)
        i++;
    if (i == ACD_EXCLUDED_MAX) { /* the oldest refusal is forgotten */
        for (i = 0; i + 1 < ACD_EXCLUDED_MAX; i++)
            c->excluded[i] = c->excluded[i + 1];
    } else if (i == c->n_excluded) {
        c->n_excluded++;
    }
    c->excluded[i].agent = agent;
    c->excluded[i].until_s = (uint32_t)((until + TL_SEC(1) - 1) / TL_SEC(1));
}

/* ---- rings ---- */

/* The ring that time and staff allow: one that nobody signed in could satisfy is skipped, unless
 * that is true of all that are left. */
static int find_ring(struct acd *acd, const struct acd_contact *c, unsigned *ret_ring,
                     uint32_t *ret_line, enum acd_cause *ret_cause)
{
    const struct acd_queue_policy *q = queue_policy(acd, c->queue);
    unsigned ring = c->ring;
    int err;

    while (ring < q->n_rings && acd->now - c->queued >= q->rings[ring].after)
        ring++;
    *ret_ring = ring;
    *ret_cause = ACD_NEXT_RING;
    *ret_line = ring_line(acd, c, ring, &err);
    if (*ret_line == ACD_NONE)
        return err;
    if (acd->lines[*ret_line]->staffed)
        return 0;
    while (++ring <= q->n_rings) {
        uint32_t line = ring_line(acd, c, ring, &err);
        if (line == ACD_NONE)
            return err;
        if (acd->lines[line]->staffed) {
            *ret_ring = ring;
            *ret_line = line;
            *ret_cause = ACD_RING_SKIPPED;
            return 0;
        }
    }
    return 0;
}

/* Keeps its present line if there is no memory for another; the timer tries again. */
bool advance_ring(struct acd *acd, uint32_t contact)
{
    struct cell *c = cell_at(acd, contact);
    uint8_t was = c->c.ring;
    enum acd_cause cause;
    unsigned ring;
    uint32_t line;

    if (c->personal || find_ring(acd, &c->c, &ring, &line, &cause) || ring == was)
        return false;
    unstand(acd, contact);
    acd->lines[c->line]->users--;
    acd->lines[line]->users++;
    c->line = line;
    c->c.ring = (uint8_t)ring;
    stand(acd, contact);
    contact_changed(acd, contact);
    why_now(acd, contact, ACD_NONE);
    tell(acd, &(struct decide){.kind = ACD_MOVE,
                               .cause = cause,
                               .contact = contact,
                               .agent = ACD_NONE,
                               .ring_was = was,
                               .why = &acd->why});
    return true;
}

/* ---- standing in line ---- */

static bool waits_for_one(const struct acd *acd, const struct acd_contact *c)
{
    if (c->preferred == ACD_NONE || post_at(acd, c->preferred)->a.retired)
        return false;
    if (c->direct)
        return true;
    return post_at(acd, c->preferred)->a.signed_in && !excluded(acd, c, c->preferred) &&
           acd->now - c->queued < queue_policy(acd, c->queue)->preferred_timeout;
}

void stand(struct acd *acd, uint32_t contact)
{
    struct cell *c = cell_at(acd, contact);
    struct queue *q = &acd->queues[c->c.queue];
    int64_t key = contact_key(acd, &c->c);

    fair_join(acd, c->c.queue);
    if (q->waiting++ == 0)
        q->moved = TL_HIGHER(q->moved, c->c.since);
    c->in_tree = true;
    c->personal = waits_for_one(acd, &c->c);
    if (c->personal) {
        tree_add(&acd->nodes, &post_at(acd, c->c.preferred)->personal, contact, key, c->c.arrival);
    } else {
        tree_add(&acd->nodes, &acd->lines[c->line]->tree, contact, key, c->c.arrival);
        line_changed(acd, c->line);
    }
    arm(acd, contact);
}

void unstand(struct acd *acd, uint32_t contact)
{
    struct cell *c = cell_at(acd, contact);
    struct queue *q = &acd->queues[c->c.queue];

    if (c->personal) {
        tree_remove(&acd->nodes, &post_at(acd, c->c.preferred)->personal, contact);
    } else {
        tree_remove(&acd->nodes, &acd->lines[c->line]->tree, contact);
        line_changed(acd, c->line);
    }
    c->in_tree = c->personal = false;
    q->waiting--;
}

/* The next moment at which something is due.  What should have happened already (a tick was late,
 * or memory was short) is due in a second; refusals that are over need no timer: whoever stands
 * again is matched again. */
void arm(struct acd *acd, uint32_t contact)
{
    const struct cell *cell = cell_at(acd, contact);
    const struct acd_contact *c = &cell->c;
    const struct acd_queue_policy *q = queue_policy(acd, c->queue);
    tl_time due[4], at = TL_NEVER;
    unsigned n = 0;

    if (c->state != ACD_WAITING) {
        wheel_set(&acd->wheel, contact, c->deadline ? c->deadline : TL_NEVER);
        return;
    }
    if (c->ring < q->n_rings)
        due[n++] = c->queued + q->rings[c->ring].after;
    if (cell->personal && (!c->direct || c->seat))
        due[n++] = c->queued + q->preferred_timeout;
    if (q->max_wait)
        due[n++] = c->queued + q->max_wait;
    due[n++] = overflow_due(acd, c);
    for (unsigned i = 0; i < n; i++)
        at = TL_LOWER(at, due[i] > acd->now ? due[i] : acd->now + TL_SEC(1));
    for (unsigned i = 0; i < c->n_excluded; i++) {
        tl_time over = c->enqueued + TL_SEC(c->excluded[i].until_s);
        if (over > acd->now)
            at = TL_LOWER(at, over);
    }
    wheel_set(&acd->wheel, contact, at);
}

/* ---- who was here ---- */

/* Late and repeated commands about a contact that is over must not bring it back. */
void remember_gone(struct acd *acd, const struct tl_id *id, uint32_t attempt, bool left)
{
    uint64_t hash = ids_hash(tl_id_str(id));

    acd->gone[hash % GONE_SLOTS] = (struct gone){
        .hash = hash, .until = acd->now + TL_SEC(left ? 60 : 5), .attempt = attempt, .left = left};
}

const struct gone *find_gone(const struct acd *acd, struct tl_str id)
{
    uint64_t hash = ids_hash(id);
    const struct gone *g = &acd->gone[hash % GONE_SLOTS];

    return g->hash == hash && g->until > acd->now ? g : NULL;
}
