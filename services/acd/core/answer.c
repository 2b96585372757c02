/* What becomes of an offer: accepted, declined, missed; and picking by hand. */
#include "state.h"

/* The agent's contact that this offer is about. */
static uint32_t offered_contact(const struct acd *acd, uint32_t agent, uint64_t offer_no)
{
    uint32_t at = post_at(acd, agent)->a.contacts;

    while (at != ACD_NONE && cell_at(acd, at)->c.offer != offer_no)
        at = cell_at(acd, at)->next;
    return at;
}

enum acd_outcome offer_accepted(struct acd *acd, const struct acd_fact *f)
{
    uint32_t agent = acd_find_agent(acd, f->agent);

    if (agent == ACD_NONE)
        return ACD_UNKNOWN_AGENT;
    uint32_t at = offered_contact(acd, agent, f->offer);
    if (at == ACD_NONE || cell_at(acd, at)->c.state == ACD_WRAPPING)
        return ACD_STALE_OFFER;
    struct cell *c = cell_at(acd, at);
    struct acd_agent *a = &post_at(acd, agent)->a;
    if (c->c.state == ACD_CONNECTED)
        return ACD_OK;
    tl_dur rang = acd->now - c->c.since;
    a->n_offered--;
    a->n_connected++;
    a->rona = 0;
    acd->queues[c->c.queue].ringing--;
    acd->queues[c->c.queue].connected++;
    c->c.state = ACD_CONNECTED;
    c->c.since = acd->now;
    c->c.deadline = 0;
    c->handed = false;
    arm(acd, at);
    contact_changed(acd, at);
    tell(acd, &(struct decide){.kind = ACD_CONNECT, .contact = at, .agent = agent, .lasted = rang});
    refresh_agent(acd, agent);
    match_agent(acd, agent); /* chats: there may be room for more */
    return ACD_OK;
}

/* The contact returns, the agent goes to the end of the line and both look again. */
void refused(struct acd *acd, uint32_t contact, enum acd_decision_kind kind, enum acd_cause cause,
             struct tl_str text)
{
    const struct acd_contact *c = &cell_at(acd, contact)->c;
    uint32_t agent = c->agent;
    struct acd_agent *a = &post_at(acd, agent)->a;

    exclude(acd, contact, agent);
    a->idle_since = acd->now;
    if (kind == ACD_TIME_OUT && ++a->rona >= acd->policy->rona_limit) {
        a->ready = false;
        a->reason = (struct tl_id){"rona"};
    }
    end_offer(acd, contact, kind, cause, text);
    refresh_agent(acd, agent);
    if (c->seat && c->direct) /* nobody else was asked for */
        dismiss(acd, contact, kind == ACD_TIME_OUT ? ACD_RONA : ACD_DECLINED, text);
    else
        (void)match_contact(acd, contact); /* nobody else free: it waits */
    match_agent(acd, agent);
    sign_out_if_drained(acd, agent);
}

enum acd_outcome offer_declined(struct acd *acd, const struct acd_fact *f)
{
    uint32_t agent = acd_find_agent(acd, f->agent);

    if (agent == ACD_NONE)
        return ACD_UNKNOWN_AGENT;
    uint32_t at = offered_contact(acd, agent, f->offer);
    if (at == ACD_NONE || cell_at(acd, at)->c.state != ACD_OFFERED)
        return ACD_STALE_OFFER;
    refused(acd, at, ACD_TURN_DOWN, ACD_BY_REQUEST, f->cause);
    return ACD_OK;
}

enum acd_outcome picked(struct acd *acd, const struct acd_fact *f)
{
    uint32_t at = place_by_id(acd, f->contact), agent = acd_find_agent(acd, f->agent);

    if (at == ACD_NONE)
        return ACD_UNKNOWN_CONTACT;
    if (agent == ACD_NONE)
        return ACD_UNKNOWN_AGENT;
    struct cell *c = cell_at(acd, at);
    if (c->c.agent == agent)
        return ACD_OK;
    if (c->c.parent != ACD_NONE && (c->c.direct || in_contact(acd, c->c.parent, agent)))
        return ACD_WRONG_STATE;
    if (c->c.state != ACD_WAITING || !bit_has(acd->queues[c->c.queue].members, agent))
        return ACD_WRONG_STATE;
    if (!(post_at(acd, agent)->open >> acd_load_of((enum acd_channel)c->c.channel) & 1))
        return ACD_WRONG_STATE;
    acd->why = (struct acd_why){.method = queue_policy(acd, c->c.queue)->choice, .by_hand = true};
    offer(acd, at, agent);
    return ACD_OK;
}
