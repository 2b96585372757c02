/* Answers to requests that were stepped, or that only look. */
#include "wire_pb.h"
#include <stdlib.h>
#include <string.h>
#include <tl_mem.h>
#include <tl_pb.h>

static int answer_enqueue(const struct wire_scene *s, const struct wire_request *r,
                          struct tl_buf *out)
{
    Threadline__Acd__V1__EnqueueResponse a = THREADLINE__ACD__V1__ENQUEUE_RESPONSE__INIT;
    uint32_t at = acd_find_contact(s->acd, r->fact.contact);

    a.epoch = s->epoch;
    a.expected_wait_ms = -1;
    if (at != ACD_NONE) {
        uint32_t position = acd_position(s->acd, at);
        tl_dur wait =
            position ? acd_expected_wait(s->acd, acd_contact(s->acd, at)->queue, position) : 0;
        a.position = (int32_t)position;
        a.expected_wait_ms = wait < 0 ? -1 : wait / 1000;
    }
    return tl_pb_pack(&a, out);
}

static int answer_accept(const struct wire_scene *s, const struct wire_request *r,
                         struct tl_buf *out)
{
    Threadline__Acd__V1__AcceptResponse a = THREADLINE__ACD__V1__ACCEPT_RESPONSE__INIT;
    uint32_t agent = acd_find_agent(s->acd, r->fact.agent), at = ACD_NONE;

    while (agent != ACD_NONE && (at = acd_next_of_agent(s->acd, agent, at)) != ACD_NONE)
        if (acd_contact(s->acd, at)->offer == r->fact.offer)
            a.contact_id = lent(wire_contact_of(s->acd, acd_contact(s->acd, at))->id.s);
    return tl_pb_pack(&a, out);
}

static int answer_release(const struct wire_scene *s, const struct wire_request *r,
                          struct tl_buf *out)
{
    Threadline__Acd__V1__ReleaseResponse a = THREADLINE__ACD__V1__RELEASE_RESPONSE__INIT;
    uint32_t at = acd_find_contact(s->acd, r->fact.contact);

    if (at != ACD_NONE && acd_contact(s->acd, at)->state == ACD_WRAPPING)
        a.wrap_up_ends_at_us = acd_contact(s->acd, at)->deadline + s->skew;
    return tl_pb_pack(&a, out);
}

static int answer_set_agent_state(const struct wire_scene *s, const struct wire_request *r,
                                  struct tl_buf *out)
{
    Threadline__Acd__V1__SetAgentStateResponse a =
        THREADLINE__ACD__V1__SET_AGENT_STATE_RESPONSE__INIT;
    Threadline__Signaling__V1__AgentState state;

    wire_agent_state(s, acd_find_agent(s->acd, r->fact.agent), &state);
    a.state = &state;
    return tl_pb_pack(&a, out);
}

static int answer_get_agent(const struct wire_scene *s, const struct wire_request *r,
                            struct tl_buf *out)
{
    const Threadline__Acd__V1__GetAgentRequest *q = r->message;
    Threadline__Acd__V1__GetAgentResponse a = THREADLINE__ACD__V1__GET_AGENT_RESPONSE__INIT;
    Threadline__Signaling__V1__AgentState state;
    struct wire_offer offers[4];
    Threadline__Signaling__V1__Offer *offer_list[4];
    char *ids[ACD_LOADS * ACD_CAPACITY_MAX];
    uint32_t agent = acd_find_agent(s->acd, tl_str(q->agent_id)), at = ACD_NONE;

    if (agent == ACD_NONE)
        return -ENOENT;
    wire_agent_state(s, agent, &state);
    a.state = &state;
    a.offers = offer_list;
    a.contact_ids = ids;
    while ((at = acd_next_of_agent(s->acd, agent, at)) != ACD_NONE) {
        const struct acd_contact *c = acd_contact(s->acd, at);
        if (c->state == ACD_OFFERED && a.n_offers < TL_LEN(offers)) {
            wire_offer(s, c, "", &offers[a.n_offers]);
            offer_list[a.n_offers] = &offers[a.n_offers].message;
            a.n_offers++;
        } else if (c->state != ACD_OFFERED && a.n_contact_ids < TL_LEN(ids)) {
            ids[a.n_contact_ids++] = lent(wire_contact_of(s->acd, c)->id.s);
        }
    }
    return tl_pb_pack(&a, out);
}

/* In the order of their ids, so that the next page begins after the last. */
static int by_id(const void *a, const void *b)
{
    return strcmp((*(const struct acd_contact *const *)a)->id.s,
                  (*(const struct acd_contact *const *)b)->id.s);
}

static int answer_list_contacts(const struct wire_scene *s, const struct wire_request *r,
                                struct tl_buf *out)
{
    const Threadline__Acd__V1__ListContactsRequest *q = r->message;
    Threadline__Acd__V1__ListContactsResponse a = THREADLINE__ACD__V1__LIST_CONTACTS_RESPONSE__INIT;
    uint32_t at = ACD_NONE, n = 0, total = acd_size(s->acd).contacts;
    size_t limit = q->limit < 1 || q->limit > 1000 ? 1000 : (size_t)q->limit;
    const struct acd_contact **all = tl_alloc(total + 1, sizeof(*all));
    struct wire_row *rows = tl_alloc(TL_LOWER(limit, total) + 1, sizeof(*rows));
    Threadline__Acd__V1__ContactRow **list = tl_alloc(limit + 1, sizeof(*list));
    int err = -ENOMEM;

    if (!all || !rows || !list)
        goto out;
    while ((at = acd_next_contact(s->acd, at)) != ACD_NONE) {
        const struct acd_contact *c = acd_contact(s->acd, at);
        if (c->parent == ACD_NONE && strcmp(c->id.s, q->after_contact_id) > 0)
            all[n++] = c;
    }
    qsort(all, n, sizeof(*all), by_id);
    a.epoch = s->epoch;
    if (acd_gathers_since(s->acd))
        a.gathering_since_us = acd_gathers_since(s->acd) + s->skew;
    a.contacts = list;
    for (; a.n_contacts < limit && a.n_contacts < n; a.n_contacts++) {
        wire_row(s, acd_find_contact(s->acd, tl_id_str(&all[a.n_contacts]->id)),
                 &rows[a.n_contacts]);
        list[a.n_contacts] = &rows[a.n_contacts].message;
    }
    err = tl_pb_pack(&a, out);
out:
    tl_free(all);
    tl_free(rows);
    tl_free(list);
    return err;
}

static int answer_explain(const struct wire_scene *s, const struct wire_request *r,
                          struct tl_buf *out)
{
    const Threadline__Acd__V1__ExplainRequest *q = r->message;
    Threadline__Acd__V1__ExplainResponse a = THREADLINE__ACD__V1__EXPLAIN_RESPONSE__INIT;
    uint32_t at = acd_find_contact(s->acd, tl_str(q->contact_id));
    char text[1 + ACD_HISTORY][WIRE_WHY_MAX], *lines[1 + ACD_HISTORY];
    unsigned i = 0;

    if (at == ACD_NONE)
        return -ENOENT;
    a.lines = lines;
    a.thread_id = lent(acd_contact(s->acd, at)->thread.s);
    (void)acd_now_line(s->acd, at, text[0], WIRE_WHY_MAX);
    lines[a.n_lines++] = text[0];
    while (i < ACD_HISTORY && acd_history(s->acd, at, i++, text[a.n_lines], WIRE_WHY_MAX)) {
        lines[a.n_lines] = text[a.n_lines];
        a.n_lines++;
    }
    return tl_pb_pack(&a, out);
}

int wire_answer(const struct wire_scene *s, const struct wire_request *r, struct tl_buf *out)
{
    switch (r->method) {
    case WIRE_ENQUEUE: return answer_enqueue(s, r, out);
    case WIRE_ACCEPT: return answer_accept(s, r, out);
    case WIRE_RELEASE: return answer_release(s, r, out);
    case WIRE_SET_AGENT_STATE: return answer_set_agent_state(s, r, out);
    case WIRE_GET_AGENT: return answer_get_agent(s, r, out);
    case WIRE_LIST_CONTACTS: return answer_list_contacts(s, r, out);
    case WIRE_EXPLAIN: return answer_explain(s, r, out);
    default: return 0; /* these answers are empty messages: no bytes */
    }
}
