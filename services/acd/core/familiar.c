/* Who spoke with a thread's customer last: preferred when the customer comes again within the
 * look-back. A table of the newest, one slot a hash; a new owner of the partition begins with an
 * empty one, and then nobody is preferred. */
#include "state.h"

void remember_agent(struct acd *acd, const struct acd_contact *c)
{
    uint64_t hash = ids_hash(tl_id_str(&c->thread));

    if (!acd->policy->look_back || tl_id_empty(&c->thread))
        return;
    acd->last_agents[hash % LAST_AGENTS] = (struct last_agent){
        .hash = hash, .until = acd->now + acd->policy->look_back, .agent = c->agent};
}

uint32_t last_agent(const struct acd *acd, const struct tl_id *thread, uint32_t queue)
{
    uint64_t hash = ids_hash(tl_id_str(thread));
    const struct last_agent *l = &acd->last_agents[hash % LAST_AGENTS];

    if (l->hash != hash || l->until <= acd->now || !bit_has(acd->queues[queue].members, l->agent))
        return ACD_NONE;
    return l->agent;
}
