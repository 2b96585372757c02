/* Bringing contact and agent together, from either side, and taking it back. */
#include "state.h"

static choice_fn *const choices[ACD_AGENT_CHOICES] = {
    [ACD_LONGEST_IDLE] = longest_idle,
    [ACD_LEAST_OCCUPIED] = least_occupied,
    [ACD_MOST_SKILLED] = most_skilled,
    [ACD_ROUND_ROBIN] = round_robin,
};

/* How many of the preferred skills the agent has: counts before the method. */
static unsigned preferred_met(const struct acd *acd, uint32_t agent, const struct acd_contact *c)
{
    unsigned met = 0;

    for (unsigned i = 0; i < c->n_preferred; i++)
        met += level_of(acd, agent, c->preferred_skills[i].skill) >= c->preferred_skills[i].least;
    return met;
}

struct rank {
    uint32_t agent;
    unsigned met;
    double score;
    tl_dur idle;
};

static bool better(const struct rank *a, const struct rank *b)
{
    if (a->met != b->met)
        return a->met > b->met;
    if (a->score != b->score)
        return a->score > b->score;
    if (a->idle != b->idle)
        return a->idle > b->idle;
    return a->agent < b->agent;
}

/* ---- why ---- */

/* Open agents of the line who are not asked: they have refused, or are in the contact already. */
static uint32_t count_refused(const struct acd *acd, const struct line *l,
                              const struct acd_contact *c)
{
    const uint64_t *open = acd->open[l->load];
    uint32_t n = 0, places[ACD_SEATS_MAX + 1];
    unsigned n_places = 0;

    for (unsigned i = 0; i < c->n_excluded; i++) {
        uint32_t a = c->excluded[i].agent;
        n += bit_has(l->fits, a) && bit_has(open, a) && refused_it(acd, c, a);
    }
    if (c->parent == ACD_NONE)
        return n;
    n_places = acd_seats(acd, c->parent, places);
    places[n_places++] = c->parent;
    for (unsigned i = 0; i < n_places; i++) {
        uint32_t a = cell_at(acd, places[i])->c.agent;
        n += a != ACD_NONE && bit_has(l->fits, a) && bit_has(open, a) && !refused_it(acd, c, a);
    }
    return n;
}

/* Counts who was considered and why the others were not; before anybody is reserved. */
static void why_count(struct acd *acd, const struct cell *c, bool by_agent, bool by_hand)
{
    const struct line *l = acd->lines[c->line];
    const struct queue *q = &acd->queues[c->c.queue];
    uint32_t refused = count_refused(acd, l, &c->c), free_now = 1;

    if (acd->n_open[l->load] > 1 || !by_agent || by_hand)
        free_now = bits_count_both(l->fits, acd->open[l->load], acd->words);
    acd->why = (struct acd_why){.method = queue_policy(acd, c->c.queue)->choice,
                                .by_agent = by_agent,
                                .by_hand = by_hand,
                                .considered = q->staffed};
    acd->why.rejected[ACD_REJECT_SKILL] = q->staffed - l->staffed;
    acd->why.rejected[ACD_REJECT_NOT_READY] = l->staffed - l->ready;
    acd->why.rejected[ACD_REJECT_BUSY] = l->ready - free_now;
    acd->why.rejected[ACD_REJECT_REFUSED] = refused;
    acd->why.rejected[ACD_FIT] = free_now - refused;
}

static void why_candidate(struct acd *acd, const struct rank *r)
{
    struct acd_why *w = &acd->why;
    uint32_t i = w->n;

    if (w->n < ACD_WHY_MAX)
        w->n++;
    else if (w->candidates[--i].score >= r->score)
        return;
    while (i > 0 && w->candidates[i - 1].score < r->score) {
        w->candidates[i] = w->candidates[i - 1];
        i--;
    }
    w->candidates[i].agent = r->agent;
    w->candidates[i].score = r->score;
    w->candidates[i].idle = r->idle;
}

static struct rank rank_agent(const struct acd *acd, uint32_t agent, const struct acd_contact *c)
{
    return (struct rank){.agent = agent,
                         .met = preferred_met(acd, agent, c),
                         .score = choices[queue_policy(acd, c->queue)->choice](acd, agent, c),
                         .idle = acd->now - post_at(acd, agent)->a.idle_since};
}

/* ---- offering ---- */

void offer(struct acd *acd, uint32_t contact, uint32_t agent)
{
    struct cell *c = cell_at(acd, contact);
    struct acd_agent *a = &post_at(acd, agent)->a;

    measure_taking(acd, contact);
    unstand(acd, contact);
    fair_serve(acd, c->c.queue);
    attach(acd, contact, agent);
    c->c.state = ACD_OFFERED;
    c->c.since = acd->now;
    c->c.deadline = acd->now + queue_policy(acd, c->c.queue)->offer_timeout;
    c->c.offer = ++acd->offers;
    a->n_offered++;
    a->last_offered = acd->now;
    acd->queues[c->c.queue].ringing++;
    arm(acd, contact);
    contact_changed(acd, contact);
    tell(acd,
         &(struct decide){.kind = ACD_OFFER, .contact = contact, .agent = agent, .why = &acd->why});
    refresh_agent(acd, agent);
}

void end_offer(struct acd *acd, uint32_t contact, enum acd_decision_kind kind, enum acd_cause cause,
               struct tl_str text)
{
    struct cell *c = cell_at(acd, contact);
    uint32_t agent = c->c.agent;
    tl_dur rang = acd->now - c->c.since;

    detach(acd, contact);
    post_at(acd, agent)->a.n_offered--;
    acd->queues[c->c.queue].ringing--;
    c->c.state = ACD_WAITING;
    c->c.since = acd->now;
    c->c.deadline = 0;
    contact_changed(acd, contact);
    if (kind == ACD_TIME_OUT)
        why_now(acd, contact, agent);
    tell(acd, &(struct decide){.kind = kind,
                               .cause = cause,
                               .contact = contact,
                               .agent = agent,
                               .text = text,
                               .lasted = rang,
                               .why = kind == ACD_TIME_OUT ? &acd->why : NULL});
    if (c->handed && kind != ACD_TAKE_BACK) {
        c->c.direct = c->handed = false;
        c->c.preferred = ACD_NONE;
    }
    stand(acd, contact);
    (void)advance_ring(acd, contact);
}

/* ---- a contact looks for an agent ---- */

static bool match_personal(struct acd *acd, uint32_t contact)
{
    struct cell *c = cell_at(acd, contact);
    uint32_t agent = c->c.preferred;
    enum acd_load load = acd_load_of((enum acd_channel)c->c.channel);

    if (!bit_has(acd->open[load], agent) || excluded(acd, &c->c, agent))
        return false;
    why_count(acd, c, false, true);
    struct rank r = rank_agent(acd, agent, &c->c);
    why_candidate(acd, &r);
    offer(acd, contact, agent);
    return true;
}

/* Asks everybody who fits and is open. */
static struct rank best_of_all(struct acd *acd, const struct cell *c)
{
    const struct line *l = acd->lines[c->line];
    struct rank best = {.agent = ACD_NONE};

    for (uint32_t w = 0; w < acd->words; w++)
        for (uint64_t bits = l->fits[w] & acd->open[l->load][w]; bits;) {
            uint32_t agent = w * 64 + bits_pop(&bits);
            if (excluded(acd, &c->c, agent))
                continue;
            struct rank r = rank_agent(acd, agent, &c->c);
            why_candidate(acd, &r);
            if (best.agent == ACD_NONE || better(&r, &best))
                best = r;
        }
    return best;
}

/* Where many fit and the longest idle is wanted: from the longest idle on, the first who fits.
 * There are more of them than are shown, so the end of the idle is never reached. */
static struct rank first_of_idle(struct acd *acd, const struct cell *c)
{
    const struct line *l = acd->lines[c->line];
    struct rank best = {.agent = ACD_NONE};
    unsigned more = 4 * ACD_WHY_MAX; /* some others, to be shown beside */

    for (uint32_t a = acd->idle.first;; a = tree_next(&acd->idle_nodes, a)) {
        if (best.agent != ACD_NONE && (more-- == 0 || acd->why.n == ACD_WHY_MAX))
            break;
        if (!bit_has(l->fits, a) || !bit_has(acd->open[l->load], a) || excluded(acd, &c->c, a))
            continue;
        /* the tree has it all: nobody's post is touched */
        struct rank r = {.agent = a, .idle = acd->now - tree_at(&acd->idle_nodes, a)->key};
        r.score = (double)r.idle;
        why_candidate(acd, &r);
        if (best.agent == ACD_NONE)
            best = r;
    }
    return best;
}

#define MANY 64

/* Counts everybody, ranks the free ones, and returns the best. */
static struct rank find_best(struct acd *acd, const struct cell *c)
{
    why_count(acd, c, false, false);
    if (acd->why.rejected[ACD_FIT] > MANY && acd->why.method == ACD_LONGEST_IDLE &&
        c->c.n_preferred == 0)
        return first_of_idle(acd, c);
    return best_of_all(acd, c);
}

void why_now(struct acd *acd, uint32_t contact, uint32_t missed)
{
    const struct cell *c = cell_at(acd, contact);

    (void)find_best(acd, c); /* nobody is offered it yet */
    if (missed != ACD_NONE && bit_has(acd->lines[c->line]->fits, missed)) {
        acd->why.rejected[ACD_REJECT_BUSY]--; /* is still counted as ringing */
        acd->why.rejected[ACD_REJECT_REFUSED]++;
    }
}

bool match_contact(struct acd *acd, uint32_t contact)
{
    struct cell *c = cell_at(acd, contact);
    struct rank best;

    if (acd->quiet || acd->gather_until || !c->in_tree)
        return false;
    if (c->personal)
        return match_personal(acd, contact);
    if (queue_policy(acd, c->c.queue)->manual || acd->n_open[acd->lines[c->line]->load] == 0)
        return false;
    best = find_best(acd, c);
    if (best.agent == ACD_NONE)
        return false;
    offer(acd, contact, best.agent);
    return true;
}

/* ---- an agent looks for a contact ---- */

struct best {
    uint32_t contact;
    uint64_t pass;
    int64_t key;
    uint64_t tie;
};

static void consider(struct acd *acd, struct best *b, uint32_t contact)
{
    const struct tree_node *n = tree_at(&acd->nodes, contact);
    uint64_t pass = acd->policy->fair ? acd->queues[cell_at(acd, contact)->c.queue].pass : 0;

    if (b->contact != ACD_NONE && pass > b->pass)
        return;
    if (b->contact == ACD_NONE || pass < b->pass || tree_before(n->key, n->tie, b->key, b->tie))
        *b = (struct best){contact, pass, n->key, n->tie};
}

/* First of a tree that this agent has not refused lately. */
static uint32_t first_willing(const struct acd *acd, const struct tree *t, uint32_t agent)
{
    uint32_t c = t->first;

    while (c != TREE_NONE && excluded(acd, &cell_at(acd, c)->c, agent))
        c = tree_next(&acd->nodes, c);
    return c;
}

static void consider_personal(struct acd *acd, struct best *b, uint32_t agent)
{
    const struct post *p = post_at(acd, agent);

    for (uint32_t c = p->personal.first; c != TREE_NONE; c = tree_next(&acd->nodes, c)) {
        const struct cell *cell = cell_at(acd, c);
        if (p->open >> acd_load_of((enum acd_channel)cell->c.channel) & 1 &&
            !excluded(acd, &cell->c, agent)) {
            consider(acd, b, c);
            return;
        }
    }
}

static void consider_line(struct acd *acd, struct best *b, uint32_t agent, uint32_t line)
{
    const struct line *l = acd->lines[line];
    const struct head *h = &acd->heads[line];

    if (b->contact != ACD_NONE && !acd->policy->fair &&
        !tree_before(h->key, h->tie, b->key, b->tie))
        return;
    uint32_t c = first_willing(acd, &l->tree, agent);
    if (c != TREE_NONE)
        consider(acd, b, c);
}

void match_agent(struct acd *acd, uint32_t agent)
{
    const struct post *p = post_at(acd, agent);
    struct best b = {.contact = ACD_NONE};
    const uint64_t *row = row_of(acd, agent);

    if (acd->quiet || acd->gather_until || !p->open)
        return;
    consider_personal(acd, &b, agent);
    for (uint32_t w = 0; w < acd->row_words; w++) {
        uint64_t waiting = 0;
        for (int l = 0; l < ACD_LOADS; l++)
            if (p->open >> l & 1)
                waiting |= acd->waiting[l][w];
        for (waiting &= row[w]; waiting;)
            consider_line(acd, &b, agent, w * 64 + bits_pop(&waiting));
    }
    if (b.contact == ACD_NONE)
        return;
    const struct cell *c = cell_at(acd, b.contact);
    why_count(acd, c, true, c->personal);
    struct rank r = rank_agent(acd, agent, &c->c);
    why_candidate(acd, &r);
    offer(acd, b.contact, agent);
}
