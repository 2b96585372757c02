/* The agent whose last contact ended longest ago. */
#include "state.h"

double longest_idle(const struct acd *acd, uint32_t agent, const struct acd_contact *c)
{
    TL_UNUSED(c);
    return (double)(acd->now - post_at(acd, agent)->a.idle_since);
}
