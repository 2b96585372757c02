/* Beginning, end, and looking things up. */
#include "state.h"
#include <tl_mem.h>

int acd_new(struct acd **ret, const struct acd_policy *policy, uint64_t offer_base,
            acd_sink_fn *sink, void *arg)
{
    struct acd *acd = tl_alloc(1, sizeof(*acd));
    int err = -ENOMEM;

    if (!acd)
        return err;
    acd->sink = sink;
    acd->arg = arg;
    acd->offers = offer_base;
    acd->free_cell = acd->changed_contact = acd->changed_agent = acd->changed_slot = ACD_NONE;
    acd->lease_first = acd->lease_last = ACD_NONE;
    acd->idle = TREE_EMPTY;
    wheel_init(&acd->wheel);
    acd->gone = tl_alloc(GONE_SLOTS, sizeof(*acd->gone));
    acd->last_agents = tl_alloc(ACD_FAMILIAR_MAX, sizeof(*acd->last_agents));
    if (acd->gone && acd->last_agents)
        err = acd_set_policy(acd, policy, 0);
    if (err) {
        acd_free(acd);
        return err;
    }
    *ret = acd;
    return 0;
}

struct acd *acd_free(struct acd *acd)
{
    if (!acd)
        return NULL;
    if (acd->policy)
        tables_free(acd);
    for (uint32_t i = 0; i < acd->n_chunks; i++)
        tl_free(acd->cells[i]);
    tl_free(acd->cells);
    for (uint32_t i = 0; i < acd->post_chunks; i++)
        tl_free(acd->posts[i]);
    tl_free(acd->posts);
    tree_pool_done(&acd->nodes);
    tree_pool_done(&acd->idle_nodes);
    wheel_done(&acd->wheel);
    ids_done(&acd->contact_ids);
    ids_done(&acd->seat_ids);
    ids_done(&acd->agent_ids);
    tl_free(acd->gone);
    tl_free(acd->last_agents);
    return tl_free(acd);
}

/* ---- looking ---- */

const struct acd_policy *acd_policy(const struct acd *acd)
{
    return acd->policy;
}

uint32_t acd_queue_find(const struct acd *acd, struct tl_str name)
{
    return find_queue(acd->policy, name);
}

uint32_t acd_skill_find(const struct acd *acd, struct tl_str name)
{
    return find_skill(acd->policy, name);
}

uint32_t acd_find_agent(const struct acd *acd, struct tl_str id)
{
    uint64_t hash = ids_hash(id);

    ids_each(&acd->agent_ids, hash, at)
    {
        if (tl_str_eq(tl_id_str(&post_at(acd, at)->a.id), id))
            return at;
    }
    return ACD_NONE;
}

uint32_t acd_find_contact(const struct acd *acd, struct tl_str id)
{
    return place_by_id(acd, id);
}

const struct acd_agent *acd_agent(const struct acd *acd, uint32_t at)
{
    return at < acd->n_posts ? &post_at(acd, at)->a : NULL;
}

const struct acd_contact *acd_contact(const struct acd *acd, uint32_t at)
{
    if (at >= acd->n_cells || cell_at(acd, at)->c.state == ACD_FREE_SLOT)
        return NULL;
    return &cell_at(acd, at)->c;
}

const struct acd_agent_profile *acd_profile(const struct acd *acd, uint32_t agent)
{
    uint32_t at = agent < acd->n_posts ? post_at(acd, agent)->profile : ACD_NONE;

    return at == ACD_NONE ? NULL : &acd->policy->agents[at];
}

uint32_t acd_next_agent(const struct acd *acd, uint32_t at)
{
    at = at == ACD_NONE ? 0 : at + 1;
    return at < acd->n_posts ? at : ACD_NONE;
}

uint32_t acd_next_contact(const struct acd *acd, uint32_t at)
{
    for (at = at == ACD_NONE ? 0 : at + 1; at < acd->n_cells; at++)
        if (cell_at(acd, at)->c.state != ACD_FREE_SLOT)
            return at;
    return ACD_NONE;
}

uint32_t acd_next_of_agent(const struct acd *acd, uint32_t agent, uint32_t at)
{
    return at == ACD_NONE ? post_at(acd, agent)->a.contacts : cell_at(acd, at)->next;
}

bool acd_queue_closed(const struct acd *acd, uint32_t queue)
{
    return acd->queues[queue].closed;
}

bool acd_serves(const struct acd *acd, uint32_t agent, uint32_t queue)
{
    return bit_has(acd->queues[queue].members, agent);
}

struct acd_size acd_size(const struct acd *acd)
{
    return (struct acd_size){
        .contact_bytes = sizeof(struct cell) + TREE_BYTES + sizeof(struct wheel_entry) +
                         4 * sizeof(acd->contact_ids.slots[0]),
        .agent_bytes = sizeof(struct post) + TREE_BYTES + acd->row_words * sizeof(uint64_t) +
                       4 * sizeof(acd->agent_ids.slots[0]) + acd->n_lines / 8 +
                       acd->policy->n_queues / 8 + 1,
        .contacts = acd->n_contacts,
        .agents = acd->n_posts,
        .lines = acd->n_lines,
    };
}
