/* A new owner that found nothing stored: who waited before is on the way back, and so are the
 * agents, in any order.  Until all are here, or it has taken too long, contacts stand in line and
 * nobody is offered; else whoever came back first would take the place of who has waited longest.
 * Nor is anybody refused a place that they had, or sent away because no agent is back yet. */
#include "state.h"

void acd_gather(struct acd *acd, tl_time since, tl_time until)
{
    acd->gather_since = since;
    acd->gather_until = until;
}

tl_time acd_gathers_since(const struct acd *acd)
{
    return acd->gather_until ? acd->gather_since : 0;
}

bool was_in_line(const struct acd *acd, const struct acd_fact *f)
{
    return acd->gather_until && f->enqueued && f->enqueued < acd->gather_since;
}

/* As after every step from here on: nobody who could be served waits. */
void gathered(struct acd *acd)
{
    if (!acd->gather_until)
        return;
    acd->gather_until = 0;
    for (uint32_t a = 0; a < acd->n_posts; a++)
        match_agent(acd, a);
    for (uint32_t at = 0; at < acd->n_cells; at++)
        if (cell_at(acd, at)->in_tree)
            settle(acd, at);
}
