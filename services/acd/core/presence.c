/* What agents say of themselves, and queues that open and close. */
#include "state.h"

/* ---- what happens to an agent ---- */

static enum acd_outcome agent_ready(struct acd *acd, uint32_t agent, const struct acd_fact *f)
{
    struct acd_agent *a = &post_at(acd, agent)->a;

    if (a->retired)
        return ACD_UNKNOWN_AGENT;
    bool was = a->ready && !a->draining; /* who is ready is signed in */
    sign_in(acd, agent, f->session);
    if (was)
        return ACD_OK;
    a->ready = true;
    a->draining = false;
    a->rona = 0;
    a->reason = (struct tl_id){""};
    a->idle_since = acd->now;
    refresh_agent(acd, agent);
    match_agent(acd, agent);
    return ACD_OK;
}

static enum acd_outcome agent_not_ready(struct acd *acd, uint32_t agent, const struct acd_fact *f)
{
    struct acd_agent *a = &post_at(acd, agent)->a;
    uint32_t next, again = ACD_NONE;

    if (a->retired)
        return ACD_UNKNOWN_AGENT;
    if (f->cause.n > TL_ID_MAX)
        return ACD_OUT_OF_RANGE;
    bool same = a->signed_in && !a->ready && tl_str_eq(tl_id_str(&a->reason), f->cause);
    sign_in(acd, agent, f->session);
    if (same)
        return ACD_OK;
    uint8_t was = a->presence;
    a->ready = false;
    (void)tl_str_put(a->reason.s, sizeof(a->reason.s), f->cause); /* fits */
    for (uint32_t c = a->contacts; c != ACD_NONE; c = next) {
        next = cell_at(acd, c)->next;
        if (cell_at(acd, c)->c.state != ACD_OFFERED)
            continue;
        end_offer(acd, c, ACD_TAKE_BACK, ACD_AGENT_NOT_READY_CAUSE, NO_TEXT);
        again = c;
    }
    refresh_agent(acd, agent);
    if (a->presence == was) /* only the reason is new */
        tell(acd, &(struct decide){.kind = ACD_SHOW_AGENT,
                                   .contact = ACD_NONE,
                                   .agent = agent,
                                   .lasted = acd->now - a->since,
                                   .presence_was = was});
    if (again != ACD_NONE)
        (void)match_contact(acd, again); /* nobody else free: it waits */
    return ACD_OK;
}

enum acd_outcome agent_fact(struct acd *acd, const struct acd_fact *f)
{
    uint32_t agent = acd_find_agent(acd, f->agent);

    if (agent == ACD_NONE)
        return ACD_UNKNOWN_AGENT;
    struct acd_agent *a = &post_at(acd, agent)->a;
    if (f->session.n > TL_ID_MAX)
        return ACD_OUT_OF_RANGE;
    bool other = f->session.n && !tl_str_eq(tl_id_str(&a->session), f->session);
    switch (f->kind) {
    case ACD_AGENT_READY: return agent_ready(acd, agent, f);
    case ACD_AGENT_NOT_READY: return agent_not_ready(acd, agent, f);
    case ACD_AGENT_ALIVE:
        if (!a->signed_in)
            return ACD_UNKNOWN_AGENT;
        if (other)
            (void)tl_str_put(a->session.s, sizeof(a->session.s), f->session); /* fits */
        lease_renew(acd, agent);
        return ACD_OK;
    case ACD_AGENT_DRAINED:
        if (!a->signed_in)
            return ACD_OK;
        a->draining = true;
        refresh_agent(acd, agent);
        sign_out_if_drained(acd, agent);
        return ACD_OK;
    default:
        /* one of several tabs: the others were heard of just now */
        if (a->signed_in && other && acd->now - a->seen < TL_SEC(5))
            return ACD_OLD_SESSION;
        sign_out(acd, agent, ACD_AGENT_LEFT);
        return ACD_OK;
    }
}

/* ---- queues open and close ---- */

/* Waiting ones first, so that no agent who comes free is rung for somebody who is about to go. */
static void close_at_once(struct acd *acd, uint32_t queue, enum acd_contact_state state)
{
    for (uint32_t at = acd_next_contact(acd, ACD_NONE), next; at != ACD_NONE; at = next) {
        const struct acd_contact *c = &cell_at(acd, at)->c;
        next = acd_next_contact(acd, at);
        if (c->queue == queue && c->state == state)
            dismiss_and_match(acd, at, ACD_QUEUE_EMERGENCY, NO_TEXT);
    }
}

enum acd_outcome queue_fact(struct acd *acd, const struct acd_fact *f)
{
    if (f->queue >= acd->policy->n_queues)
        return ACD_UNKNOWN_QUEUE;
    acd->queues[f->queue].closed = f->kind == ACD_QUEUE_CLOSED;
    if (f->kind == ACD_QUEUE_CLOSED && f->emergency) {
        close_at_once(acd, f->queue, ACD_WAITING);
        close_at_once(acd, f->queue, ACD_OFFERED);
    }
    return ACD_OK;
}
