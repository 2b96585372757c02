/* Agents: signing in and out, what they are open for, and the lease their heartbeats renew. */
#include "state.h"
#include <tl_mem.h>

uint8_t open_loads(const struct acd *acd, const struct post *p)
{
    const struct acd_agent *a = &p->a;
    uint8_t open = 0;

    if (!a->signed_in || !a->ready || a->draining || a->n_offered || p->profile == ACD_NONE)
        return 0;
    for (int comes = 0; comes < ACD_LOADS; comes++) {
        bool room = a->load[comes] < p->capacity[comes];
        for (int has = 0; has < ACD_LOADS && room; has++)
            if (has != comes && a->load[has] && !acd->policy->yields[has][comes])
                room = false;
        open = (uint8_t)(open | room << comes);
    }
    return open;
}

static enum acd_presence presence_of(const struct acd_agent *a)
{
    if (!a->signed_in)
        return ACD_OFFLINE;
    if (a->n_offered)
        return ACD_RINGING;
    if (a->n_connected)
        return ACD_BUSY;
    if (a->n_wrapping)
        return ACD_WRAP_UP;
    return a->ready ? ACD_READY : ACD_NOT_READY;
}

/* Lines and queues know how many of theirs are signed in and ready; both change seldom. */
static void count_agent(struct acd *acd, uint32_t agent, uint32_t staffed, uint32_t ready)
{
    const uint64_t *row = row_of(acd, agent);
    uint32_t at = post_at(acd, agent)->profile;
    const struct acd_agent_profile *p = at == ACD_NONE ? NULL : &acd->policy->agents[at];

    for (uint32_t w = 0; w < acd->row_words; w++)
        for (uint64_t bits = row[w]; bits;) {
            struct line *l = acd->lines[w * 64 + bits_pop(&bits)];
            l->staffed += staffed;
            l->ready += ready;
        }
    for (unsigned i = 0; p && i < p->n_queues; i++) {
        acd->queues[p->queues[i]].staffed += staffed;
        acd->queues[p->queues[i]].ready += ready;
    }
}

static void note_ready(struct acd *acd, uint32_t agent, bool ready)
{
    if (bit_has(acd->ready, agent) == ready)
        return;
    bit_put(acd->ready, agent, ready);
    count_agent(acd, agent, 0, ready ? 1 : UINT32_MAX); /* + or - 1 */
}

static void note_signed_in(struct acd *acd, uint32_t agent, bool here)
{
    bit_put(acd->signed_in, agent, here);
    count_agent(acd, agent, here ? 1 : UINT32_MAX, 0);
}

static void note_idle(struct acd *acd, uint32_t agent)
{
    struct post *p = post_at(acd, agent);

    if (p->idle && (!p->open || tree_at(&acd->idle_nodes, agent)->key != p->a.idle_since)) {
        tree_remove(&acd->idle_nodes, &acd->idle, agent);
        p->idle = false;
    }
    if (!p->idle && p->open) {
        tree_add(&acd->idle_nodes, &acd->idle, agent, p->a.idle_since, agent);
        p->idle = true;
    }
}

void refresh_agent(struct acd *acd, uint32_t agent)
{
    struct post *p = post_at(acd, agent);
    uint8_t open = open_loads(acd, p), was = p->a.presence;

    for (int l = 0; l < ACD_LOADS && open != p->open; l++) {
        acd->n_open[l] += (open >> l & 1u) - (p->open >> l & 1u);
        bit_put(acd->open[l], agent, open >> l & 1);
    }
    p->open = open;
    note_idle(acd, agent);
    note_ready(acd, agent, p->a.signed_in && p->a.ready && !p->a.draining);
    agent_changed(acd, agent);
    p->a.presence = (uint8_t)presence_of(&p->a);
    if (p->a.presence == was)
        return;
    tl_dur lasted = p->a.since ? acd->now - p->a.since : 0; /* 0: never seen before */
    p->a.since = acd->now;
    tell(acd, &(struct decide){.kind = ACD_SHOW_AGENT,
                               .contact = ACD_NONE,
                               .agent = agent,
                               .lasted = lasted,
                               .presence_was = was});
}

/* ---- lease: a list ordered by last heartbeat ---- */

void lease_end(struct acd *acd, uint32_t agent)
{
    struct post *p = post_at(acd, agent);

    if (!p->leased)
        return;
    if (p->lease_prev == ACD_NONE)
        acd->lease_first = p->lease_next;
    else
        post_at(acd, p->lease_prev)->lease_next = p->lease_next;
    if (p->lease_next == ACD_NONE)
        acd->lease_last = p->lease_prev;
    else
        post_at(acd, p->lease_next)->lease_prev = p->lease_prev;
    p->leased = false;
}

void lease_renew(struct acd *acd, uint32_t agent)
{
    struct post *p = post_at(acd, agent);

    lease_end(acd, agent);
    p->a.seen = acd->now;
    p->lease_prev = acd->lease_last;
    p->lease_next = ACD_NONE;
    if (acd->lease_last == ACD_NONE)
        acd->lease_first = agent;
    else
        post_at(acd, acd->lease_last)->lease_next = agent;
    acd->lease_last = agent;
    p->leased = true;
}

/* ---- staff changes move contacts between rings ---- */

static void advance_all(struct acd *acd, uint32_t line)
{
    uint32_t next;

    for (uint32_t c = acd->lines[line]->tree.first; c != TREE_NONE; c = next) {
        next = tree_next(&acd->nodes, c);
        (void)advance_ring(acd, c); /* false: stays */
        if (!apply_staff_rules(acd, c))
            (void)match_contact(acd, c); /* nobody free: it waits there */
    }
}

/* Rings that nobody could satisfy have somebody now. */
static void staff_came(struct acd *acd, uint32_t agent)
{
    const struct post *p = post_at(acd, agent);
    const struct acd_agent_profile *prof =
        p->profile == ACD_NONE ? NULL : &acd->policy->agents[p->profile];

    for (unsigned i = 0; prof && i < prof->n_queues; i++) {
        if (!queue_policy(acd, prof->queues[i])->n_rings)
            continue;
        for (uint32_t l = acd->queues[prof->queues[i]].first_line; l != ACD_NONE;
             l = acd->lines[l]->next_in_queue)
            if (!acd->lines[l]->staffed)
                advance_all(acd, l);
    }
}

static void staff_left(struct acd *acd, uint32_t agent)
{
    for (uint32_t w = 0; w < acd->row_words; w++)
        for (uint64_t bits = row_of(acd, agent)[w]; bits;) {
            uint32_t l = w * 64 + bits_pop(&bits);
            if (!acd->lines[l]->staffed)
                advance_all(acd, l);
        }
}

void sign_in(struct acd *acd, uint32_t agent, struct tl_str session)
{
    struct post *p = post_at(acd, agent);

    (void)tl_str_put(p->a.session.s, sizeof(p->a.session.s), session); /* facts fit: step checked */
    lease_renew(acd, agent);
    if (p->a.signed_in)
        return;
    p->a.signed_in = true;
    p->a.draining = false;
    p->a.rona = 0;
    p->a.signed_in_at = p->a.idle_since = acd->now;
    p->a.busy_total = 0;
    note_signed_in(acd, agent, true);
    staff_came(acd, agent);
}

/* Who waits for this agent by preference goes to the line; who wants nobody else stays. */
static void release_personal(struct acd *acd, uint32_t agent, enum acd_cause cause)
{
    uint32_t next;

    for (uint32_t c = post_at(acd, agent)->personal.first; c != TREE_NONE; c = next) {
        next = tree_next(&acd->nodes, c);
        if (cell_at(acd, c)->c.seat) {
            dismiss(acd, c, cause, NO_TEXT);
            continue;
        }
        if (cell_at(acd, c)->c.direct && !post_at(acd, agent)->a.retired)
            continue;
        unstand(acd, c);
        stand(acd, c);
        (void)match_contact(acd, c); /* nobody free: it waits there */
    }
}

/* What of the agent's ends now: everything but a conversation that nobody else can go on with. */
static uint32_t first_to_end(const struct acd *acd, uint32_t agent)
{
    uint32_t at = post_at(acd, agent)->a.contacts;

    while (at != ACD_NONE && cell_at(acd, at)->c.state == ACD_CONNECTED &&
           !cell_at(acd, at)->c.seat && !has_live_seats(acd, at))
        at = cell_at(acd, at)->next;
    return at;
}

/* The agent's part in a conversation is over.  Others who talk with the customer go on; who was
 * only consulted has nobody to talk to. */
static void leave_conversation(struct acd *acd, uint32_t contact, enum acd_cause cause)
{
    uint32_t seat = cell_at(acd, contact)->c.seat ? contact : heir(acd, contact);

    if (seat == ACD_NONE) {
        end_seats(acd, contact, true, cause);
        return;
    }
    if (seat != contact)
        hand_over(acd, contact, seat, cause);
    let_go(acd, seat, false, cause, NO_TEXT);
}

void sign_out(struct acd *acd, uint32_t agent, enum acd_cause cause)
{
    struct post *p = post_at(acd, agent);
    uint32_t c;

    if (!p->a.signed_in)
        return;
    lease_end(acd, agent);
    p->a.signed_in = p->a.ready = false;
    p->a.session = (struct tl_id){""};
    note_ready(acd, agent, false);
    note_signed_in(acd, agent, false);
    while ((c = first_to_end(acd, agent)) != ACD_NONE)
        switch (cell_at(acd, c)->c.state) {
        case ACD_OFFERED:
            end_offer(acd, c, ACD_TAKE_BACK, cause, NO_TEXT);
            refresh_agent(acd, agent);
            (void)match_contact(acd, c); /* nobody free: it waits */
            break;
        case ACD_WRAPPING: end_wrap(acd, c, cause); break;
        default: leave_conversation(acd, c, cause);
        }
    refresh_agent(acd, agent);
    staff_left(acd, agent);
    release_personal(acd, agent, cause);
}

/* ---- places for the agents of a policy ---- */

int posts_for(struct acd *acd, const struct acd_policy *policy)
{
    for (uint32_t i = 0; i < policy->n_agents; i++) {
        const struct acd_agent_profile *prof = &policy->agents[i];
        if (acd_find_agent(acd, tl_id_str(&prof->id)) != ACD_NONE)
            continue;
        if (acd->n_posts == acd->post_chunks << 8) {
            struct post **posts = tl_resize(acd->posts, acd->post_chunks + 1, sizeof(*posts));
            if (!posts)
                return -ENOMEM;
            acd->posts = posts;
            posts[acd->post_chunks] = tl_alloc(256, sizeof(**posts));
            if (!posts[acd->post_chunks])
                return -ENOMEM;
            acd->post_chunks++;
        }
        if (ids_reserve(&acd->agent_ids, acd->n_posts + 1) ||
            tree_pool_reserve(&acd->idle_nodes, acd->n_posts + 1))
            return -ENOMEM;
        struct post *p = post_at(acd, acd->n_posts);
        *p = (struct post){.profile = ACD_NONE, .personal = TREE_EMPTY};
        p->a.id = prof->id;
        p->a.contacts = ACD_NONE;
        p->a.presence = ACD_OFFLINE;
        p->a.retired = true; /* until the policy is in force */
        ids_add(&acd->agent_ids, ids_hash(tl_id_str(&prof->id)), acd->n_posts++);
    }
    return 0;
}
