/* Which contact is next.  A key is fixed while a contact waits, so lines never have to be sorted
 * again: ageing and time-to-target are linear in time, and what is linear for everybody keeps its
 * order.  Lower keys are served first. */
#include "state.h"

/* Strict priority: 11 bits of priority above 51 bits of time [us], good until the year 2041. */
static int64_t strict_key(const struct acd_contact *c)
{
    int64_t time = c->enqueued & ((INT64_C(1) << 51) - 1);

    return ((int64_t)(ACD_PRIORITY_MAX - c->priority) << 51) | time;
}

int64_t contact_key(const struct acd *acd, const struct acd_contact *c)
{
    switch (acd->policy->contact_choice) {
    case ACD_BY_AGEING: return c->enqueued - c->priority * acd->policy->ageing;
    case ACD_BY_SLA:
        return c->enqueued + queue_policy(acd, c->queue)->service_target -
               c->priority * acd->policy->ageing;
    default: return strict_key(c);
    }
}

/* Stride scheduling: each contact served moves its queue on by 1/weight. */
void fair_serve(struct acd *acd, uint32_t queue)
{
    if (acd->policy->fair)
        acd->queues[queue].pass += (UINT64_C(1) << 20) / queue_policy(acd, queue)->weight;
}

void fair_join(struct acd *acd, uint32_t queue)
{
    uint64_t least = UINT64_MAX;

    if (!acd->policy->fair || acd->queues[queue].waiting > 0)
        return;
    for (uint32_t q = 0; q < acd->policy->n_queues; q++)
        if (acd->queues[q].waiting && acd->queues[q].pass < least)
            least = acd->queues[q].pass;
    if (least != UINT64_MAX && acd->queues[queue].pass < least)
        acd->queues[queue].pass = least;
}
