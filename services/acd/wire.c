/* Requests in, answers and refusals out; events, pushes and records are in wire_out.c. */
#include "wire.h"
#include "wire_pb.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tl_mem.h>
#include <tl_pb.h>

static const struct {
    const char *name;
    const ProtobufCMessageDescriptor *type;
} methods[WIRE_METHODS] = {
    [WIRE_ENQUEUE] = {"enqueue", &threadline__acd__v1__enqueue_request__descriptor},
    [WIRE_DEQUEUE] = {"dequeue", &threadline__acd__v1__dequeue_request__descriptor},
    [WIRE_ACCEPT] = {"accept", &threadline__acd__v1__accept_request__descriptor},
    [WIRE_DECLINE] = {"decline", &threadline__acd__v1__decline_request__descriptor},
    [WIRE_SET_AGENT_STATE] = {"set_agent_state",
                              &threadline__acd__v1__set_agent_state_request__descriptor},
    [WIRE_RELEASE] = {"release", &threadline__acd__v1__release_request__descriptor},
    [WIRE_COMPLETE_WRAP_UP] = {"complete_wrap_up",
                               &threadline__acd__v1__complete_wrap_up_request__descriptor},
    [WIRE_TRANSFER] = {"transfer", &threadline__acd__v1__transfer_request__descriptor},
    [WIRE_PICK] = {"pick", &threadline__acd__v1__pick_request__descriptor},
    [WIRE_REPRIORITISE] = {"reprioritise", &threadline__acd__v1__reprioritise_request__descriptor},
    [WIRE_KEEP_PLACE_FOR_CALLBACK] =
        {"keep_place_for_callback",
         &threadline__acd__v1__keep_place_for_callback_request__descriptor},
    [WIRE_SET_QUEUE_OPEN] = {"set_queue_open",
                             &threadline__acd__v1__set_queue_open_request__descriptor},
    [WIRE_DRAIN_AGENT] = {"drain_agent", &threadline__acd__v1__drain_agent_request__descriptor},
    [WIRE_HEARTBEAT] = {"heartbeat", &threadline__acd__v1__heartbeat_request__descriptor},
    [WIRE_GET_AGENT] = {"get_agent", &threadline__acd__v1__get_agent_request__descriptor},
    [WIRE_LIST_CONTACTS] = {"list_contacts",
                            &threadline__acd__v1__list_contacts_request__descriptor},
    [WIRE_EXPLAIN] = {"explain", &threadline__acd__v1__explain_request__descriptor},
};

const char *wire_method_name(enum wire_method m)
{
    return methods[m].name;
}

enum wire_method wire_method_find(struct tl_str name)
{
    int m = 0;

    while (m < WIRE_METHODS && !tl_str_eq(tl_str(methods[m].name), name))
        m++;
    return (enum wire_method)m;
}

int wire_status(enum acd_outcome o)
{
    switch (o) {
    case ACD_OK: return 200;
    case ACD_UNKNOWN_CONTACT:
    case ACD_UNKNOWN_AGENT:
    case ACD_UNKNOWN_QUEUE:
    case ACD_UNKNOWN_SKILL: return 404;
    case ACD_OUT_OF_RANGE: return 400;
    case ACD_CLOSED:
    case ACD_NO_STAFF: return 422;
    case ACD_FULL:
    case ACD_TOO_VARIED: return 503;
    default: return 409;
    }
}

void wire_offer_id(char out[24], uint64_t offer)
{
    (void)snprintf(out, 24, "o%016llx", (unsigned long long)offer);
}

/* 0 for anything that is not an offer id: no offer has that number. */
static uint64_t offer_number(const char *id)
{
    char *end;

    if (id[0] != 'o' || strlen(id) != 17)
        return 0;
    unsigned long long n = strtoull(id + 1, &end, 16);
    return *end ? 0 : n;
}

/* ---- requests
 * ------------------------------------------------------------------------------------ */

static bool read_needs(struct wire_request *r, const struct acd *acd, size_t n,
                       Threadline__Acd__V1__SkillNeed **from, struct acd_need *to, uint8_t *ret_n)
{
    if (n > ACD_NEEDS_MAX) {
        r->outcome = ACD_OUT_OF_RANGE;
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t skill = acd_skill_find(acd, tl_str(from[i]->skill));
        int32_t least = from[i]->min_proficiency ? from[i]->min_proficiency : 1;
        if (skill == ACD_NONE || least < 1 || least > 5) {
            r->outcome = skill == ACD_NONE ? ACD_UNKNOWN_SKILL : ACD_OUT_OF_RANGE;
            return false;
        }
        to[i] = (struct acd_need){(uint16_t)skill, (uint8_t)least};
    }
    *ret_n = (uint8_t)n;
    return true;
}

static void read_enqueue(struct wire_request *r, const struct acd *acd, tl_dur skew)
{
    const Threadline__Acd__V1__EnqueueRequest *q = r->message;
    struct acd_fact *f = &r->fact;

    f->kind = ACD_CONTACT_QUEUED;
    f->contact = tl_str(q->contact_id);
    f->thread = tl_str(q->thread_id);
    f->queue = acd_queue_find(acd, tl_str(q->queue));
    f->channel = (enum acd_channel)q->channel;
    f->priority = q->priority;
    f->preferred_agent = tl_str(q->preferred_agent_id);
    f->attempt = q->attempt;
    f->direct = q->direct;
    if (q->enqueued_at_us < 0)
        r->outcome = ACD_OUT_OF_RANGE;
    else if (q->enqueued_at_us > 0)
        f->enqueued = q->enqueued_at_us - skew > 0 ? q->enqueued_at_us - skew : 1;
    if (read_needs(r, acd, q->n_required, q->required, f->required, &f->n_required))
        (void)read_needs(r, acd, q->n_preferred, q->preferred, f->preferred, &f->n_preferred);
}

/* Agents speak for themselves; supervisors and the system for anybody. */
static void read_actor(struct wire_request *r, const Threadline__Common__V1__Actor *a)
{
    if (!a || !*a->agent_id) {
        r->forbidden = true;
        return;
    }
    r->fact.agent = tl_str(a->agent_id);
    r->fact.session = tl_str(a->session_id);
    r->forbidden = a->role == THREADLINE__COMMON__V1__ROLE__ROLE_CUSTOMER;
}

static void read_set_agent_state(struct wire_request *r)
{
    const Threadline__Acd__V1__SetAgentStateRequest *q = r->message;

    read_actor(r, q->actor);
    r->fact.cause = tl_str(q->reason);
    r->fact.kind = q->offline ? ACD_AGENT_GONE : q->ready ? ACD_AGENT_READY : ACD_AGENT_NOT_READY;
}

static void read_transfer(struct wire_request *r, const struct acd *acd)
{
    const Threadline__Acd__V1__TransferRequest *q = r->message;

    r->fact.contact = tl_str(q->contact_id);
    if (!*q->queue == !*q->agent_id) {
        r->outcome = ACD_OUT_OF_RANGE;
    } else if (*q->queue) {
        r->fact.kind = ACD_MOVED;
        r->fact.queue = acd_queue_find(acd, tl_str(q->queue));
    } else {
        r->fact.kind = ACD_HANDED;
        r->fact.agent = tl_str(q->agent_id);
    }
}

static void read_set_queue_open(struct wire_request *r, const struct acd *acd)
{
    const Threadline__Acd__V1__SetQueueOpenRequest *q = r->message;

    r->forbidden = !q->actor || (q->actor->role != THREADLINE__COMMON__V1__ROLE__ROLE_SUPERVISOR &&
                                 q->actor->role != THREADLINE__COMMON__V1__ROLE__ROLE_SYSTEM);
    r->fact.kind = q->open ? ACD_QUEUE_OPENED : ACD_QUEUE_CLOSED;
    r->fact.queue = acd_queue_find(acd, tl_str(q->queue));
    r->fact.emergency = q->emergency;
}

static void read_drain_agent(struct wire_request *r)
{
    const Threadline__Acd__V1__DrainAgentRequest *q = r->message;

    read_actor(r, q->actor);
    if (!r->forbidden && q->actor->role == THREADLINE__COMMON__V1__ROLE__ROLE_AGENT &&
        strcmp(q->actor->agent_id, q->agent_id) != 0)
        r->forbidden = true;
    r->fact.kind = ACD_AGENT_DRAINED;
    r->fact.agent = tl_str(q->agent_id);
}

static void read_fact(struct wire_request *r, const struct acd *acd, tl_dur skew)
{
    struct acd_fact *f = &r->fact;

    switch (r->method) {
    case WIRE_ENQUEUE: read_enqueue(r, acd, skew); break;
    case WIRE_DEQUEUE: {
        const Threadline__Acd__V1__DequeueRequest *q = r->message;
        f->kind = ACD_CONTACT_LEFT;
        f->contact = tl_str(q->contact_id);
        f->cause = tl_str(q->cause);
        break;
    }
    case WIRE_ACCEPT: {
        const Threadline__Acd__V1__AcceptRequest *q = r->message;
        read_actor(r, q->actor);
        f->kind = ACD_OFFER_ACCEPTED;
        f->offer = offer_number(q->offer_id);
        r->epoch = q->epoch;
        break;
    }
    case WIRE_DECLINE: {
        const Threadline__Acd__V1__DeclineRequest *q = r->message;
        read_actor(r, q->actor);
        f->kind = ACD_OFFER_DECLINED;
        f->offer = offer_number(q->offer_id);
        f->cause = tl_str(q->reason);
        r->epoch = q->epoch;
        break;
    }
    case WIRE_SET_AGENT_STATE: read_set_agent_state(r); break;
    case WIRE_RELEASE: {
        const Threadline__Acd__V1__ReleaseRequest *q = r->message;
        f->kind = ACD_CONTACT_RELEASED;
        f->contact = tl_str(q->contact_id);
        f->cause = tl_str(q->cause);
        break;
    }
    case WIRE_COMPLETE_WRAP_UP: {
        const Threadline__Acd__V1__CompleteWrapUpRequest *q = r->message;
        f->kind = ACD_WRAP_UP_DONE;
        f->contact = tl_str(q->contact_id);
        f->agent = tl_str(q->agent_id);
        break;
    }
    case WIRE_TRANSFER: read_transfer(r, acd); break;
    case WIRE_PICK: {
        const Threadline__Acd__V1__PickRequest *q = r->message;
        read_actor(r, q->actor);
        f->kind = ACD_PICKED;
        f->contact = tl_str(q->contact_id);
        break;
    }
    case WIRE_REPRIORITISE: {
        const Threadline__Acd__V1__ReprioritiseRequest *q = r->message;
        f->kind = ACD_REPRIORITISED;
        f->contact = tl_str(q->contact_id);
        f->priority = q->priority;
        break;
    }
    case WIRE_KEEP_PLACE_FOR_CALLBACK: {
        const Threadline__Acd__V1__KeepPlaceForCallbackRequest *q = r->message;
        f->kind = ACD_CALLBACK_WANTED;
        f->contact = tl_str(q->contact_id);
        break;
    }
    case WIRE_SET_QUEUE_OPEN: read_set_queue_open(r, acd); break;
    case WIRE_DRAIN_AGENT: read_drain_agent(r); break;
    default: break; /* these only look */
    }
}

int wire_request(struct wire_request *ret, const struct acd *acd, enum wire_method m,
                 const void *data, size_t n, tl_dur skew)
{
    ProtobufCMessage *message = NULL;
    int err = tl_pb_unpack(methods[m].type, data, n, &message);

    if (err)
        return err;
    *ret = (struct wire_request){.method = m, .message = message, .outcome = ACD_OK};
    read_fact(ret, acd, skew);
    return 0;
}

void wire_request_done(struct wire_request *r)
{
    r->message = tl_pb_free(r->message);
}

/* ---- answers
 * -------------------------------------------------------------------------------------- */

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
            a.contact_id = (char *)(uintptr_t)acd_contact(s->acd, at)->id.s;
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
            ids[a.n_contact_ids++] = (char *)(uintptr_t)c->id.s;
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
    struct wire_row *rows = tl_alloc(limit + 1, sizeof(*rows));
    Threadline__Acd__V1__ContactRow **list = tl_alloc(limit + 1, sizeof(*list));
    int err = -ENOMEM;

    if (!all || !rows || !list)
        goto out;
    while ((at = acd_next_contact(s->acd, at)) != ACD_NONE)
        if (strcmp(acd_contact(s->acd, at)->id.s, q->after_contact_id) > 0)
            all[n++] = acd_contact(s->acd, at);
    qsort(all, n, sizeof(*all), by_id);
    a.epoch = s->epoch;
    a.contacts = list;
    for (; a.n_contacts < limit && a.n_contacts < n; a.n_contacts++) {
        wire_row(s, all[a.n_contacts], &rows[a.n_contacts]);
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
    char text[ACD_HISTORY][WIRE_WHY_MAX], *lines[ACD_HISTORY];

    if (at == ACD_NONE)
        return -ENOENT;
    a.lines = lines;
    while (a.n_lines < ACD_HISTORY &&
           acd_history(s->acd, at, (unsigned)a.n_lines, text[a.n_lines], WIRE_WHY_MAX)) {
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
