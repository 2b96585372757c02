/* The rules in force, and exchanging them: new tables are made beside the old ones, with a line for
 * every contact; only when nothing can fail any more are people carried over. */
#include "state.h"
#include <tl_mem.h>

/* ---- the rules' tables ---- */

void tables_free(struct acd *acd)
{
    lines_free(acd);
    if (acd->queues)
        for (uint32_t q = 0; q < acd->policy->n_queues; q++)
            tl_free(acd->queues[q].members);
    acd->queues = tl_free(acd->queues);
    acd->signed_in = tl_free(acd->signed_in);
    acd->ready = tl_free(acd->ready);
    for (int l = 0; l < ACD_LOADS; l++)
        acd->open[l] = tl_free(acd->open[l]);
}

static void tables_forget(struct acd *acd)
{
    acd->queues = NULL;
    acd->signed_in = acd->ready = NULL;
    memset(acd->open, 0, sizeof(acd->open));
    memset(acd->n_open, 0, sizeof(acd->n_open));
    memset(acd->waiting, 0, sizeof(acd->waiting));
    acd->lines = NULL;
    acd->heads = NULL;
    acd->rows = NULL;
    acd->line_ids = (struct ids){0};
    acd->n_lines = acd->lines_cap = acd->row_words = 0;
}

static int tables_make(struct acd *acd)
{
    const struct acd_policy *p = acd->policy;
    int err = 0;

    acd->words = BITS_WORDS(TL_HIGHER(acd->n_posts, 64));
    acd->signed_in = tl_alloc(acd->words, sizeof(uint64_t));
    acd->ready = tl_alloc(acd->words, sizeof(uint64_t));
    for (int l = 0; l < ACD_LOADS; l++) {
        acd->open[l] = tl_alloc(acd->words, sizeof(uint64_t));
        err = acd->open[l] ? err : -ENOMEM;
    }
    acd->queues = tl_alloc(p->n_queues, sizeof(*acd->queues));
    if (err || !acd->signed_in || !acd->ready || !acd->queues)
        return -ENOMEM;
    for (uint32_t q = 0; q < p->n_queues; q++) {
        acd->queues[q].first_line = ACD_NONE;
        acd->queues[q].closed = p->queues[q].closed;
        acd->queues[q].members = tl_alloc(acd->words, sizeof(uint64_t));
        if (!acd->queues[q].members)
            return -ENOMEM;
    }
    for (uint32_t a = 0; a < acd->n_posts; a++) {
        const struct post *post = post_at(acd, a);
        bit_put(acd->signed_in, a, post->a.signed_in);
        if (post->profile == ACD_NONE)
            continue;
        const struct acd_agent_profile *prof = &p->agents[post->profile];
        for (unsigned i = 0; i < prof->n_queues; i++) {
            bit_put(acd->queues[prof->queues[i]].members, a, true);
            acd->queues[prof->queues[i]].staffed += post->a.signed_in;
        }
    }
    return 0;
}

/* ---- exchanging the rules ---- */

struct renaming {
    uint32_t *queues, *skills,
        *profiles; /* old index -> new; profiles: by handle, what they were */
};

static void renaming_done(struct renaming *r)
{
    tl_free(r->queues);
    tl_free(r->skills);
    tl_free(r->profiles);
}

uint32_t find_queue(const struct acd_policy *p, struct tl_str name)
{
    for (uint32_t q = 0; q < p->n_queues; q++)
        if (tl_str_eq(tl_id_str(&p->queues[q].name), name))
            return q;
    return ACD_NONE;
}

uint32_t find_skill(const struct acd_policy *p, struct tl_str name)
{
    for (uint32_t s = 0; s < p->n_skills; s++)
        if (tl_str_eq(tl_id_str(&p->skills[s]), name))
            return s;
    return ACD_NONE;
}

static void take_profile(struct post *p, const struct acd_policy *of, uint32_t profile)
{
    p->profile = profile;
    if (profile != ACD_NONE)
        memcpy(p->capacity, of->agents[profile].capacity, sizeof(p->capacity));
}

static int renaming_make(const struct acd *acd, const struct acd_policy *to, struct renaming *r)
{
    const struct acd_policy *was = acd->policy;

    r->queues = tl_alloc(was ? was->n_queues + 1 : 1, sizeof(uint32_t));
    r->skills = tl_alloc(was ? was->n_skills + 1 : 1, sizeof(uint32_t));
    r->profiles = tl_alloc(acd->n_posts + 1, sizeof(uint32_t));
    if (!r->queues || !r->skills || !r->profiles) {
        r->profiles = tl_free(r->profiles); /* nothing to go back to */
        return -ENOMEM;
    }
    for (uint32_t q = 0; was && q < was->n_queues; q++)
        r->queues[q] = find_queue(to, tl_id_str(&was->queues[q].name));
    for (uint32_t s = 0; was && s < was->n_skills; s++)
        r->skills[s] = find_skill(to, tl_id_str(&was->skills[s]));
    for (uint32_t a = 0; a < acd->n_posts; a++) {
        r->profiles[a] = post_at(acd, a)->profile;
        post_at(acd, a)->profile = ACD_NONE;
    }
    for (uint32_t i = 0; i < to->n_agents; i++)
        take_profile(post_at(acd, acd_find_agent(acd, tl_id_str(&to->agents[i].id))), to, i);
    return 0;
}

static unsigned rename_needs(const struct renaming *r, struct acd_need *needs, unsigned n)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < n; i++)
        if (r->skills[needs[i].skill] != ACD_NONE) {
            needs[kept] = needs[i];
            needs[kept++].skill = (uint16_t)r->skills[needs[i].skill];
        }
    return kept;
}

/* The contact under the new rules.  One whose queue is no more goes to the first. */
static struct acd_contact renamed(const struct acd *acd, const struct renaming *r,
                                  const struct acd_contact *c)
{
    struct acd_contact n = *c;
    uint32_t q = r->queues[c->queue];

    if (q == ACD_NONE) {
        n.queue = 0;
        n.ring = 0;
        n.overflowed = true; /* its id came with another queue: a repeat is not a conflict */
    } else {
        n.queue = (uint16_t)q;
        n.ring = TL_LOWER(c->ring, acd->policy->queues[q].n_rings);
    }
    n.n_required = (uint8_t)rename_needs(r, n.required, c->n_required);
    n.n_preferred = (uint8_t)rename_needs(r, n.preferred_skills, c->n_preferred);
    return n;
}

/* What may fail: the new tables with a line for every contact.  *fresh has the new policy. */
static int prepare(struct acd *fresh, const struct renaming *r)
{
    int err = tables_make(fresh);

    for (uint32_t at = 0; at < fresh->n_cells && !err; at++) {
        const struct cell *c = cell_at(fresh, at);
        if (c->c.state == ACD_FREE_SLOT)
            continue;
        struct acd_contact n = renamed(fresh, r, &c->c);
        uint32_t line = ring_line(fresh, &n, n.ring, &err);
        if (line != ACD_NONE)
            fresh->lines[line]->users++; /* so that it is not given away */
    }
    return err;
}

static void carry_measures(struct acd *acd, const struct acd *was, const struct renaming *r)
{
    for (uint32_t q = 0; was->policy && q < was->policy->n_queues; q++) {
        if (r->queues[q] == ACD_NONE)
            continue;
        struct queue *to = &acd->queues[r->queues[q]];
        const struct queue *from = &was->queues[q];
        to->closed = from->closed;
        to->pass = from->pass;
        to->gap_us = from->gap_us;
        to->handle_us = from->handle_us;
        to->n_gaps = from->n_gaps;
        to->n_handled = from->n_handled;
        to->moved = from->moved;
        to->error = from->error;
        to->error_long = from->error_long;
    }
}

static void carry_contact(struct acd *acd, const struct renaming *r, uint32_t at)
{
    struct cell *c = cell_at(acd, at);
    bool stranded = r->queues[c->c.queue] == ACD_NONE;
    int err;

    c->c = renamed(acd, r, &c->c);
    c->line = ring_line(acd, &c->c, c->c.ring, &err); /* prepared: it is there */
    c->in_tree = c->personal = false;
    switch (c->c.state) {
    case ACD_OFFERED: acd->queues[c->c.queue].ringing++; break;
    case ACD_CONNECTED: acd->queues[c->c.queue].connected++; break;
    case ACD_WAITING: stand(acd, at); break;
    default: break;
    }
    contact_changed(acd, at);
    if (stranded)
        tell(acd, &(struct decide){
                      .kind = ACD_MOVE, .cause = ACD_NEW_POLICY, .contact = at, .agent = ACD_NONE});
}

/* Agents without a place in the new rules finish what they have. */
static void carry_agent(struct acd *acd, uint32_t agent)
{
    struct post *p = post_at(acd, agent);

    p->a.retired = p->profile == ACD_NONE;
    if (p->a.retired && p->a.signed_in)
        p->a.draining = true;
    p->open = 0;
    refresh_agent(acd, agent);
    if (p->a.draining && p->a.contacts == ACD_NONE)
        sign_out(acd, agent, ACD_SHIFT_END);
}

int acd_set_policy(struct acd *acd, const struct acd_policy *policy, tl_time now)
{
    struct renaming r = {0};
    struct acd fresh;
    int err;

    if (now > acd->now)
        acd->now = now;
    err = posts_for(acd, policy);
    if (err)
        return err;
    err = renaming_make(acd, policy, &r);
    fresh = *acd;
    fresh.policy = policy;
    tables_forget(&fresh);
    if (!err)
        err = prepare(&fresh, &r);
    if (err) {
        for (uint32_t a = 0; r.profiles && a < acd->n_posts; a++)
            take_profile(post_at(acd, a), acd->policy, r.profiles[a]);
        tables_free(&fresh);
        goto out;
    }
    struct acd old = *acd;
    *acd = fresh;
    carry_measures(acd, &old, &r);
    if (old.policy)
        tables_free(&old);
    for (uint32_t a = 0; a < acd->n_posts; a++)
        post_at(acd, a)->personal = TREE_EMPTY;
    for (uint32_t at = 0; at < acd->n_cells; at++)
        if (cell_at(acd, at)->c.state != ACD_FREE_SLOT)
            carry_contact(acd, &r, at);
    for (uint32_t a = 0; a < acd->n_posts; a++)
        carry_agent(acd, a);
    for (uint32_t a = 0; a < acd->n_posts; a++)
        match_agent(acd, a);
out:
    renaming_done(&r);
    return err;
}
