/* The agent to whom the last offer was made longest ago: everybody's turn comes. */
#include "state.h"

double round_robin(const struct acd *acd, uint32_t agent, const struct acd_contact *c)
{
    TL_UNUSED(c);
    return (double)(acd->now - post_at(acd, agent)->a.last_offered);
}
