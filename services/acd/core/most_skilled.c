/* The agent with the highest sum of levels in what the contact requires. */
#include "state.h"

double most_skilled(const struct acd *acd, uint32_t agent, const struct acd_contact *c)
{
    const struct acd_queue_policy *q = queue_policy(acd, c->queue);
    unsigned sum = 0;

    for (unsigned i = 0; i < c->n_required; i++)
        sum += level_of(acd, agent, c->required[i].skill);
    for (unsigned i = 0; i < q->n_required; i++)
        sum += level_of(acd, agent, q->required[i].skill);
    return sum;
}
