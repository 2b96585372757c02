/* The agent with the smallest share of signed-in time spent on contacts.  Occupancy counts what has
 * ended: an agent who is free now has, apart from chats, nothing under way. */
#include "state.h"

double least_occupied(const struct acd *acd, uint32_t agent, const struct acd_contact *c)
{
    const struct acd_agent *a = &post_at(acd, agent)->a;
    tl_dur signed_in = acd->now - a->signed_in_at;

    TL_UNUSED(c);
    return signed_in > 0 ? -(double)a->busy_total / (double)signed_in : 0;
}
