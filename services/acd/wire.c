/* Requests: bytes become facts, names become handles.  What goes out is in wire_answers.c,
 * wire_events.c, wire_seats.c, wire_out.c and wire_store.c. */
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
    [WIRE_CONSULT] = {"consult", &threadline__acd__v1__consult_request__descriptor},
    [WIRE_COMPLETE_CONSULT] = {"complete_consult",
                               &threadline__acd__v1__complete_consult_request__descriptor},
    [WIRE_MERGE_CONSULT] = {"merge_consult",
                            &threadline__acd__v1__merge_consult_request__descriptor},
    [WIRE_CANCEL_CONSULT] = {"cancel_consult",
                             &threadline__acd__v1__cancel_consult_request__descriptor},
    [WIRE_LEAVE_SEAT] = {"leave_seat", &threadline__acd__v1__leave_seat_request__descriptor},
    [WIRE_GATHERED] = {"gathered", &threadline__acd__v1__gathered_request__descriptor},
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
    case ACD_UNKNOWN_SKILL:
    case ACD_UNKNOWN_SEAT: return 404;
    case ACD_NOT_IN_CONTACT: return 403;
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

/* ---- requests ---- */

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

static void read_consult(struct wire_request *r, const struct acd *acd)
{
    const Threadline__Acd__V1__ConsultRequest *q = r->message;

    read_actor(r, q->actor);
    r->fact.kind = ACD_CONSULT_ASKED;
    r->fact.contact = tl_str(q->contact_id);
    r->fact.seat = tl_str(q->seat_id);
    if (!*q->queue == !*q->agent_id)
        r->outcome = ACD_OUT_OF_RANGE;
    r->fact.preferred_agent = tl_str(q->agent_id);
    r->fact.queue = acd_queue_find(acd, tl_str(q->queue));
}

/* Three requests of one shape: who, which contact, which seat. */
static void read_about_seat(struct wire_request *r, enum acd_fact_kind kind,
                            const Threadline__Common__V1__Actor *actor, const char *contact,
                            const char *seat)
{
    read_actor(r, actor);
    r->fact.kind = kind;
    r->fact.contact = tl_str(contact);
    r->fact.seat = tl_str(seat);
}

static void read_seat_fact(struct wire_request *r, const struct acd *acd)
{
    switch (r->method) {
    case WIRE_CONSULT: read_consult(r, acd); break;
    case WIRE_COMPLETE_CONSULT: {
        const Threadline__Acd__V1__CompleteConsultRequest *q = r->message;
        read_about_seat(r, ACD_CONSULT_COMPLETED, q->actor, q->contact_id, q->seat_id);
        break;
    }
    case WIRE_MERGE_CONSULT: {
        const Threadline__Acd__V1__MergeConsultRequest *q = r->message;
        read_about_seat(r, ACD_CONSULT_MERGED, q->actor, q->contact_id, q->seat_id);
        break;
    }
    case WIRE_CANCEL_CONSULT: {
        const Threadline__Acd__V1__CancelConsultRequest *q = r->message;
        read_about_seat(r, ACD_CONSULT_CANCELLED, q->actor, q->contact_id, q->seat_id);
        break;
    }
    case WIRE_LEAVE_SEAT: {
        const Threadline__Acd__V1__LeaveSeatRequest *q = r->message;
        read_about_seat(r, ACD_SEAT_LEFT, q->actor, q->contact_id, "");
        break;
    }
    default: break; /* these only look */
    }
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
    case WIRE_GATHERED: {
        const Threadline__Acd__V1__GatheredRequest *q = r->message;
        f->kind = ACD_GATHERED;
        r->epoch = q->epoch;
        break;
    }
    case WIRE_SET_QUEUE_OPEN: read_set_queue_open(r, acd); break;
    case WIRE_DRAIN_AGENT: read_drain_agent(r); break;
    default: read_seat_fact(r, acd); break;
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
