/*
 * Every member of ClientMessage that goes to another service is one row: the subject, the request's
 * and the answer's type, and which member of ServerMessage carries the answer.  Requests are filled
 * by name: a field "actor" from the session, a field of the body's own type with the body, any
 * other from the body's field of the same name.
 */
#include "wire.h"
#include "threadline/acd/v1/commands.pb-c.h"
#include "threadline/conversation/v1/commands.pb-c.h"
#include "threadline/media/v1/commands.pb-c.h"
#include "threadline/signaling/v1/client.pb-c.h"
#include "threadline/signaling/v1/events.pb-c.h"
#include "threadline/signaling/v1/gateways.pb-c.h"
#include "threadline/signaling/v1/http.pb-c.h"
#include <stdio.h>
#include <string.h>
#include <tl_events.h>
#include <tl_mem.h>
#include <tl_token.h>

typedef Threadline__Signaling__V1__ClientMessage ClientMessage;
typedef Threadline__Signaling__V1__ServerMessage ServerMessage;
typedef Threadline__Common__V1__Actor Actor;

#define CONVERSATION "tl.cmd.conversation."
#define ACD          "tl.cmd.acd.p0."
#define TAG(name)    THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_##name

struct wire_row {
    const char *member;
    const char *subject; /* with %s where the body's field instance goes */
    const ProtobufCMessageDescriptor *request;
    const ProtobufCMessageDescriptor *answer;
    int answer_tag; /* member of ServerMessage made of the answer's message; OK: nothing of it */
    tl_dur timeout; /* of one try; 0: as tl_bus_request() */
};

#define CALL(member_, subject_, service, method, tag, timeout_)                  \
    {                                                                            \
        .member = (member_), .subject = (subject_),                              \
        .request = &threadline__##service##__v1__##method##_request__descriptor, \
        .answer = &threadline__##service##__v1__##method##_response__descriptor, \
        .answer_tag = (tag), .timeout = (timeout_)                               \
    }

/* A session description takes Janus some 100 ms, and more while many arrive at once. */
#define SDP_TIME TL_SEC(2)

static const struct wire_row rows[] = {
    CALL("request_contact", CONVERSATION "request_contact", conversation, request_contact,
         TAG(CONTACT_ACCEPTED), TL_SEC(1)),
    CALL("end_contact", CONVERSATION "end_contact", conversation, end_contact, TAG(OK), 0),
    CALL("send_message", CONVERSATION "post_message", conversation, post_message, TAG(OK), 0),
    CALL("typing", CONVERSATION "relay_typing", conversation, relay_typing, TAG(OK), 0),
    CALL("answer_survey", CONVERSATION "answer_survey", conversation, answer_survey, TAG(OK), 0),
    CALL("set_hold", CONVERSATION "set_hold", conversation, set_hold, TAG(OK), 0),
    CALL("cobrowse_consent", CONVERSATION "cobrowse_consent", conversation, cobrowse_consent,
         TAG(OK), 0),
    CALL("cobrowse_ask", CONVERSATION "cobrowse_ask", conversation, cobrowse_ask, TAG(OK), 0),
    CALL("complete_wrap_up", CONVERSATION "complete_wrap_up", conversation, complete_wrap_up,
         TAG(OK), 0),
    CALL("set_agent_state", ACD "set_agent_state", acd, set_agent_state, TAG(AGENT_STATE), 0),
    CALL("accept_offer", ACD "accept", acd, accept, TAG(OK), 0),
    CALL("decline_offer", ACD "decline", acd, decline, TAG(OK), 0),
    CALL("media_offer", "tl.cmd.media.%s.offer_leg", media, offer_leg, TAG(MEDIA_ANSWER), SDP_TIME),
    CALL("media_answer", "tl.cmd.media.%s.answer_leg", media, answer_leg, TAG(OK), SDP_TIME),
    CALL("media_close", "tl.cmd.media.%s.close_leg", media, close_leg, TAG(OK), 0),
};

/* ---- messages by their descriptors ------------------------------------------------------------
 */

static void *field_at(const void *message, const ProtobufCFieldDescriptor *f)
{
    return (char *)message + f->offset;
}

static ProtobufCMessage *message_at(const void *message, const ProtobufCFieldDescriptor *f)
{
    return *(ProtobufCMessage **)field_at(message, f);
}

static ProtobufCMessage *body_of(const struct wire_frame *f)
{
    const ProtobufCFieldDescriptor *d = tl_pb_which(f->message);

    return d ? message_at(f->message, d) : NULL;
}

static const char *text_field(const ProtobufCMessage *m, const char *name)
{
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field_by_name(m->descriptor, name);

    return f && f->type == PROTOBUF_C_TYPE_STRING ? *(char **)field_at(m, f) : NULL;
}

static size_t size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING: return sizeof(char *);
    case PROTOBUF_C_TYPE_BOOL: return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64: return sizeof(uint64_t);
    default: return sizeof(uint32_t); /* int32, uint32, enum */
    }
}

/* Text of a core type as a protobuf field; the message lives shorter than the text. */
static char *lend(const char *s)
{
    return (char *)s;
}

static void actor_of(Actor *a, const struct who *w)
{
    threadline__common__v1__actor__init(a);
    a->role = (Threadline__Common__V1__Role)w->role;
    a->session_id = lend(w->session.s);
    if (w->role == ROLE_CUSTOMER) {
        a->visitor_id = lend(w->subject.s);
        a->customer_id = lend(w->customer.s);
        a->tier = lend(w->tier);
    } else {
        a->agent_id = lend(w->subject.s);
    }
}

static void person_of(Threadline__Common__V1__Person *p, const struct who *w)
{
    threadline__common__v1__person__init(p);
    p->id = lend(w->subject.s);
    p->display_name = lend(w->name);
    p->role = (Threadline__Common__V1__Role)w->role;
}

/* ---- frames -----------------------------------------------------------------------------------
 */

int wire_frame(struct wire_frame *ret, struct tl_str json, struct tl_buf *why)
{
    const ProtobufCFieldDescriptor *member;
    ClientMessage *m = NULL;
    ProtobufCMessage *any = NULL;
    int err =
        tl_pb_from_json(&threadline__signaling__v1__client_message__descriptor, json, &any, why);

    if (err)
        return err;
    m = (ClientMessage *)any;
    member = tl_pb_which(m);
    if (!member || strlen(m->id) > WIRE_REPLY_ID_MAX) {
        (void)tl_buf_puts(why, member ? "/id: longer than 64 bytes" : "/: no message in the frame");
        tl_pb_free(any);
        return -EINVAL;
    }
    *ret = (struct wire_frame){.message = any, .member = tl_str(member->name)};
    tl_str_put(ret->id, sizeof(ret->id), tl_str(m->id));
    return 0;
}

void wire_frame_done(struct wire_frame *f)
{
    f->message = tl_pb_free(f->message);
}

static const ClientMessage *client(const struct wire_frame *f)
{
    return (const ClientMessage *)f->message;
}

bool wire_is_subscribe_board(const struct wire_frame *f, bool *ret_on)
{
    const ClientMessage *m = client(f);

    if (m->body_case != THREADLINE__SIGNALING__V1__CLIENT_MESSAGE__BODY_SUBSCRIBE_BOARD)
        return false;
    *ret_on = m->subscribe_board->on;
    return true;
}

bool wire_is_agent_state(const struct wire_frame *f, bool *ret_ready, struct tl_str *ret_reason)
{
    const ClientMessage *m = client(f);

    if (m->body_case != THREADLINE__SIGNALING__V1__CLIENT_MESSAGE__BODY_SET_AGENT_STATE)
        return false;
    *ret_ready = m->set_agent_state->ready;
    *ret_reason = tl_str(m->set_agent_state->reason);
    return true;
}

/* The instance becomes a part of a subject: nothing but a plain name may get there. */
static bool instance_ok(const char *s)
{
    size_t n = s ? strlen(s) : 0;

    return n >= 1 && n <= 20 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static int subject_of(char *out, size_t size, const struct wire_row *row,
                      const ProtobufCMessage *body, struct tl_buf *why)
{
    const char *hole = strstr(row->subject, "%s");
    const char *instance = hole ? text_field(body, "instance") : "";

    if (hole && !instance_ok(instance)) {
        (void)tl_buf_printf(why, "/%s/instance: must be 1 to 20 of a-z, 0-9 and -", row->member);
        return -EINVAL;
    }
    if (hole)
        snprintf(out, size, "%.*s%s%s", (int)(hole - row->subject), row->subject, instance,
                 hole + 2);
    else
        snprintf(out, size, "%s", row->subject);
    return 0;
}

/* The request borrows everything from actor and body, so only its own block is to be freed. */
static int request_of(const struct wire_row *row, Actor *actor, const ProtobufCMessage *body,
                      struct tl_buf *out)
{
    union { /* room for every request; they are a handful of pointers each */
        ProtobufCMessage base;
        uint64_t room[32];
    } request;
    const ProtobufCMessageDescriptor *d = row->request;

    if (d->sizeof_message > sizeof(request))
        return -EMSGSIZE;
    protobuf_c_message_init(d, &request.base);
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i], *from;

        if (strcmp(f->name, "actor") == 0) {
            *(Actor **)field_at(&request, f) = actor;
        } else if (f->type == PROTOBUF_C_TYPE_MESSAGE && f->descriptor == body->descriptor) {
            *(const ProtobufCMessage **)field_at(&request, f) = body;
        } else {
            from = protobuf_c_message_descriptor_get_field_by_name(body->descriptor, f->name);
            if (from && from->type == f->type)
                memcpy(field_at(&request, f), field_at(body, from), size_of(f->type));
        }
    }
    return tl_pb_pack(&request, out);
}

int wire_call(struct wire_call *ret, struct tl_buf *request, const struct wire_frame *f,
              const struct who *who, struct tl_buf *why)
{
    const ProtobufCMessage *body = body_of(f);
    Actor actor;
    int err;

    for (size_t i = 0; i < TL_LEN(rows); i++) {
        if (!tl_str_eq(f->member, tl_str(rows[i].member)))
            continue;
        *ret = (struct wire_call){.row = &rows[i], .timeout = rows[i].timeout, .tries = 3};
        err = subject_of(ret->subject, sizeof(ret->subject), &rows[i], body, why);
        if (err)
            return err;
        actor_of(&actor, who);
        return request_of(&rows[i], &actor, body, request);
    }
    (void)tl_buf_printf(why, "/%.*s: nobody serves this", (int)f->member.n, f->member.s);
    return -EINVAL;
}

/* ---- answers and pushes -----------------------------------------------------------------------
 */

static int server_frame(const char *in_reply_to, int tag, void *body, struct tl_buf *json)
{
    ServerMessage m = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__INIT;

    m.in_reply_to = lend(in_reply_to);
    m.body_case = (Threadline__Signaling__V1__ServerMessage__BodyCase)tag;
    m.ok = body; /* every member is a pointer in the same place */
    return tl_pb_to_json(&m, json);
}

int wire_ok(const char *in_reply_to, struct tl_buf *json)
{
    Threadline__Signaling__V1__Ok ok = THREADLINE__SIGNALING__V1__OK__INIT;

    return server_frame(in_reply_to, TAG(OK), &ok, json);
}

int wire_error(const char *in_reply_to, int code, const char *reason, struct tl_buf *json)
{
    Threadline__Signaling__V1__Error e = THREADLINE__SIGNALING__V1__ERROR__INIT;

    e.code = code;
    e.reason = lend(reason);
    return server_frame(in_reply_to, TAG(ERROR), &e, json);
}

int wire_answer(const struct wire_call *call, const char *in_reply_to, const void *data, size_t n,
                struct tl_buf *json)
{
    ProtobufCMessage *answer = NULL, *part = NULL;
    int err = tl_pb_unpack(call->row->answer, data, n, &answer);

    if (err)
        return err;
    for (unsigned i = 0; i < answer->descriptor->n_fields; i++)
        if (answer->descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            part = message_at(answer, &answer->descriptor->fields[i]);
    if (call->row->answer_tag == TAG(OK))
        err = wire_ok(in_reply_to, json);
    else
        err = part ? server_frame(in_reply_to, call->row->answer_tag, part, json) : -EBADMSG;
    tl_pb_free(answer);
    return err;
}

static void learn_contact(struct wire_learned *l, const Threadline__Signaling__V1__ContactState *c)
{
    l->contact_state = true;
    l->talking = c->agent &&
                 (c->phase == THREADLINE__SIGNALING__V1__CONTACT_PHASE__CONTACT_PHASE_CONNECTED ||
                  c->phase == THREADLINE__SIGNALING__V1__CONTACT_PHASE__CONTACT_PHASE_HELD);
    tl_str_put(l->contact, sizeof(l->contact), tl_str(c->contact_id));
    tl_str_put(l->agent, sizeof(l->agent), tl_str(c->agent ? c->agent->id : ""));
}

static void learn(struct wire_learned *l, const ServerMessage *m)
{
    Threadline__Signaling__V1__AgentPresence p;

    *l = (struct wire_learned){0};
    if (m->body_case == TAG(CONTACT_STATE))
        learn_contact(l, m->contact_state);
    if (m->body_case != TAG(AGENT_STATE))
        return;
    p = m->agent_state->presence;
    l->agent_state = p != THREADLINE__SIGNALING__V1__AGENT_PRESENCE__AGENT_PRESENCE_UNSPECIFIED &&
                     p != THREADLINE__SIGNALING__V1__AGENT_PRESENCE__AGENT_PRESENCE_OFFLINE;
    l->ready = p != THREADLINE__SIGNALING__V1__AGENT_PRESENCE__AGENT_PRESENCE_NOT_READY;
    tl_str_put(l->reason, sizeof(l->reason), tl_str(m->agent_state->reason));
}

int wire_push(const void *data, size_t n, struct wire_learned *learned, struct tl_buf *json)
{
    ServerMessage *m = NULL;
    int err = TL_PB_UNPACK(threadline__signaling__v1__server_message, data, n, &m);

    if (err)
        return err;
    if (m->body_case == TAG(_NOT_SET))
        err = -EBADMSG;
    else
        err = tl_pb_to_json(m, json);
    if (!err && learned)
        learn(learned, m);
    tl_pb_free(m);
    return err;
}

int wire_board(const void *data, size_t n, struct tl_buf *frame, struct tl_buf *board)
{
    Threadline__Signaling__V1__Board *b = NULL;
    int err = TL_PB_UNPACK(threadline__signaling__v1__board, data, n, &b);

    if (err)
        return err;
    err = server_frame("", TAG(BOARD), b, frame);
    if (!err)
        err = tl_pb_to_json(b, board);
    tl_pb_free(b);
    return err;
}

int wire_welcome(const struct wire_welcome *w, struct tl_buf *json)
{
    enum { REASONS_MAX = 32 };
    Threadline__Signaling__V1__Welcome m = THREADLINE__SIGNALING__V1__WELCOME__INIT;
    Threadline__Signaling__V1__NotReadyReason reasons[REASONS_MAX], *at[REASONS_MAX];
    Threadline__Common__V1__Person self;
    const struct wire_choices *c = w->choices;

    person_of(&self, w->who);
    m.session_id = lend(w->who->session.s);
    m.role = (Threadline__Common__V1__Role)w->who->role;
    m.resume_token = lend(w->resume_token);
    m.self = &self;
    m.media_instance = lend(w->media_instance);
    m.heartbeat_s = 20;
    m.resumed = w->resumed;
    m.n_ice_servers = w->n_ice_servers;
    m.ice_servers = (char **)(uintptr_t)w->ice_servers;
    if (c) {
        m.n_not_ready_reasons = TL_LOWER(c->n_reasons, (size_t)REASONS_MAX);
        for (size_t i = 0; i < m.n_not_ready_reasons; i++) {
            threadline__signaling__v1__not_ready_reason__init(&reasons[i]);
            reasons[i].id = lend(c->reason_ids[i]);
            reasons[i].label = lend(c->reason_labels[i]);
            at[i] = &reasons[i];
        }
        m.not_ready_reasons = at;
        m.n_dispositions = c->n_dispositions;
        m.dispositions = (char **)(uintptr_t)c->dispositions;
    }
    return server_frame("", TAG(WELCOME), &m, json);
}

/* ---- what the gateway asks by itself ----------------------------------------------------------
 */

int wire_get_snapshot(const struct who *who, struct tl_buf *request)
{
    Threadline__Conversation__V1__GetSnapshotRequest m =
        THREADLINE__CONVERSATION__V1__GET_SNAPSHOT_REQUEST__INIT;
    Actor actor;

    actor_of(&actor, who);
    m.actor = &actor;
    return tl_pb_pack(&m, request);
}

int wire_session_lost(const struct who *who, const char *cause, struct tl_buf *request)
{
    Threadline__Conversation__V1__SessionLostRequest m =
        THREADLINE__CONVERSATION__V1__SESSION_LOST_REQUEST__INIT;
    Actor actor;

    actor_of(&actor, who);
    m.actor = &actor;
    m.cause = lend(cause);
    return tl_pb_pack(&m, request);
}

int wire_get_agent(const struct tl_id *agent, struct tl_buf *request)
{
    Threadline__Acd__V1__GetAgentRequest m = THREADLINE__ACD__V1__GET_AGENT_REQUEST__INIT;

    m.agent_id = lend(agent->s);
    return tl_pb_pack(&m, request);
}

int wire_set_agent(const struct who *who, bool ready, bool offline, const char *reason,
                   struct tl_buf *request)
{
    Threadline__Acd__V1__SetAgentStateRequest m =
        THREADLINE__ACD__V1__SET_AGENT_STATE_REQUEST__INIT;
    Actor actor;

    actor_of(&actor, who);
    m.actor = &actor;
    m.ready = ready;
    m.offline = offline;
    m.reason = lend(reason);
    return tl_pb_pack(&m, request);
}

static bool is_online(const Threadline__Signaling__V1__AgentState *s)
{
    return s &&
           s->presence != THREADLINE__SIGNALING__V1__AGENT_PRESENCE__AGENT_PRESENCE_UNSPECIFIED &&
           s->presence != THREADLINE__SIGNALING__V1__AGENT_PRESENCE__AGENT_PRESENCE_OFFLINE;
}

int wire_agent_online(const void *data, size_t n, bool *ret_online)
{
    Threadline__Acd__V1__GetAgentResponse *a = NULL;
    int err = TL_PB_UNPACK(threadline__acd__v1__get_agent_response, data, n, &a);

    if (err)
        return err;
    *ret_online = is_online(a->state);
    tl_pb_free(a);
    return 0;
}

/* SetAgentStateResponse is a GetAgentResponse without offers: the same field 1. */
int wire_snapshot(const void *snapshot, size_t n_snapshot, const void *agent, size_t n_agent,
                  struct tl_buf *json)
{
    Threadline__Signaling__V1__Snapshot m = THREADLINE__SIGNALING__V1__SNAPSHOT__INIT;
    Threadline__Conversation__V1__GetSnapshotResponse *s = NULL;
    Threadline__Acd__V1__GetAgentResponse *a = NULL;
    int err =
        TL_PB_UNPACK(threadline__conversation__v1__get_snapshot_response, snapshot, n_snapshot, &s);

    if (!err && n_agent)
        err = TL_PB_UNPACK(threadline__acd__v1__get_agent_response, agent, n_agent, &a);
    if (err)
        goto out;
    if (s->snapshot)
        m = *s->snapshot;
    if (a) {
        m.agent_state = a->state;
        m.n_offers = a->n_offers;
        m.offers = a->offers;
    }
    err = server_frame("", TAG(SNAPSHOT), &m, json);
out:
    tl_pb_free(s);
    tl_pb_free(a);
    return err;
}

int wire_heartbeat(const char *gateway, const struct wire_agent_session *agents, size_t n,
                   struct tl_buf *request)
{
    Threadline__Acd__V1__HeartbeatRequest m = THREADLINE__ACD__V1__HEARTBEAT_REQUEST__INIT;
    Threadline__Acd__V1__AgentSession *rows_ = tl_alloc(n ? n : 1, sizeof(*rows_));
    Threadline__Acd__V1__AgentSession **at = tl_alloc(n ? n : 1, sizeof(*at));
    int err = rows_ && at ? 0 : -ENOMEM;

    for (size_t i = 0; !err && i < n; i++) {
        threadline__acd__v1__agent_session__init(&rows_[i]);
        rows_[i].agent_id = lend(agents[i].agent_id);
        rows_[i].session_id = lend(agents[i].session_id);
        at[i] = &rows_[i];
    }
    if (!err) {
        m.gateway_id = lend(gateway);
        m.agents = at;
        m.n_agents = n;
        err = tl_pb_pack(&m, request);
    }
    tl_free(rows_);
    tl_free(at);
    return err;
}

int wire_heartbeat_unknown(const void *data, size_t n, void (*fn)(void *arg, struct tl_str agent),
                           void *arg)
{
    Threadline__Acd__V1__HeartbeatResponse *m = NULL;
    int err = TL_PB_UNPACK(threadline__acd__v1__heartbeat_response, data, n, &m);

    if (err)
        return err;
    for (size_t i = 0; i < m->n_unknown_agent_ids; i++)
        fn(arg, tl_str(m->unknown_agent_ids[i]));
    tl_pb_free(m);
    return 0;
}

int wire_taken(struct tl_str session, const char *gateway, struct tl_buf *out)
{
    Threadline__Signaling__V1__SessionTaken m = THREADLINE__SIGNALING__V1__SESSION_TAKEN__INIT;
    char id[TL_ID_MAX + 1];

    tl_str_put(id, sizeof(id), session);
    m.session_id = id;
    m.gateway_id = lend(gateway);
    return tl_pb_pack(&m, out);
}

int wire_taken_read(const void *data, size_t n, struct tl_id *ret_session,
                    struct tl_id *ret_gateway)
{
    Threadline__Signaling__V1__SessionTaken *m = NULL;
    int err = TL_PB_UNPACK(threadline__signaling__v1__session_taken, data, n, &m);

    if (err)
        return err;
    if (tl_id_parse_ulid(ret_session, tl_str(m->session_id)) ||
        tl_id_parse(ret_gateway, tl_str(m->gateway_id)))
        err = -EBADMSG;
    tl_pb_free(m);
    return err;
}

int wire_list_unknown_read(const void *data, size_t n, struct tl_id **ret, size_t *ret_n)
{
    Threadline__Signaling__V1__ListUnknownRequest *m = NULL;
    struct tl_id *ids = NULL;
    int err = TL_PB_UNPACK(threadline__signaling__v1__list_unknown_request, data, n, &m);

    if (!err && m->n_session_ids > WIRE_UNKNOWN_MAX)
        err = -EBADMSG;
    if (!err && m->n_session_ids) {
        ids = tl_alloc(m->n_session_ids, sizeof(*ids));
        err = ids ? 0 : -ENOMEM;
    }
    for (size_t i = 0; !err && i < m->n_session_ids; i++)
        if (tl_id_parse(&ids[i], tl_str(m->session_ids[i])))
            err = -EBADMSG;
    *ret_n = err ? 0 : m->n_session_ids;
    *ret = err ? tl_free(ids) : ids;
    tl_pb_free(m);
    return err;
}

int wire_unknown(const struct tl_id *sessions, size_t n, struct tl_buf *out)
{
    Threadline__Signaling__V1__ListUnknownResponse m =
        THREADLINE__SIGNALING__V1__LIST_UNKNOWN_RESPONSE__INIT;
    char *ids[WIRE_UNKNOWN_MAX];

    for (size_t i = 0; i < n; i++)
        ids[i] = lend(sessions[i].s);
    m.n_unknown_session_ids = n;
    m.unknown_session_ids = ids;
    return tl_pb_pack(&m, out);
}

/* ---- events -----------------------------------------------------------------------------------
 */

#define EVENT(name) THREADLINE__SIGNALING__V1__SIGNALING_EVENT__EVENT_##name

static int emit(struct tl_events *e, int tag, void *body, const struct who *who)
{
    Threadline__Signaling__V1__SignalingEvent m = THREADLINE__SIGNALING__V1__SIGNALING_EVENT__INIT;

    m.event_case = (Threadline__Signaling__V1__SignalingEvent__EventCase)tag;
    m.session_started = body; /* every member is a pointer in the same place */
    return tl_events_emit(e, &m.base, "", "", who->subject.s);
}

#define FILL(m, who_)                                          \
    do {                                                       \
        (m).session_id = lend((who_)->session.s);              \
        (m).role = (Threadline__Common__V1__Role)(who_)->role; \
        (m).subject_id = lend((who_)->subject.s);              \
    } while (0)

int wire_session_started(struct tl_events *e, const struct who *who)
{
    Threadline__Signaling__V1__SessionStarted m = THREADLINE__SIGNALING__V1__SESSION_STARTED__INIT;

    FILL(m, who);
    return emit(e, EVENT(SESSION_STARTED), &m, who);
}

int wire_session_resumed(struct tl_events *e, const struct who *who, tl_dur away)
{
    Threadline__Signaling__V1__SessionResumed m = THREADLINE__SIGNALING__V1__SESSION_RESUMED__INIT;

    FILL(m, who);
    m.away_ms = away / 1000;
    return emit(e, EVENT(SESSION_RESUMED), &m, who);
}

int wire_session_ended(struct tl_events *e, const struct who *who, const char *cause)
{
    Threadline__Signaling__V1__SessionEnded m = THREADLINE__SIGNALING__V1__SESSION_ENDED__INIT;

    FILL(m, who);
    m.cause = lend(cause);
    return emit(e, EVENT(SESSION_ENDED), &m, who);
}

int wire_agent_signed_in(struct tl_events *e, const struct who *who)
{
    Threadline__Signaling__V1__AgentSignedIn m = THREADLINE__SIGNALING__V1__AGENT_SIGNED_IN__INIT;

    m.agent_id = lend(who->subject.s);
    m.session_id = lend(who->session.s);
    return emit(e, EVENT(AGENT_SIGNED_IN), &m, who);
}

int wire_agent_signed_out(struct tl_events *e, const struct who *who, const char *cause)
{
    Threadline__Signaling__V1__AgentSignedOut m = THREADLINE__SIGNALING__V1__AGENT_SIGNED_OUT__INIT;

    m.agent_id = lend(who->subject.s);
    m.session_id = lend(who->session.s);
    m.cause = lend(cause);
    return emit(e, EVENT(AGENT_SIGNED_OUT), &m, who);
}

/* ---- bodies of the REST API -------------------------------------------------------------------
 */

int wire_sign_in_read(struct wire_sign_in *ret, struct tl_str json, struct tl_buf *why)
{
    Threadline__Signaling__V1__SignInRequest *m = NULL;
    int err = tl_pb_from_json(&threadline__signaling__v1__sign_in_request__descriptor, json,
                              (ProtobufCMessage **)&m, why);

    if (err)
        return err;
    if (!m->username[0] || !m->password[0] ||
        !tl_str_put(ret->username, sizeof(ret->username), tl_str(m->username)) ||
        !tl_str_put(ret->password, sizeof(ret->password), tl_str(m->password))) {
        (void)tl_buf_puts(why, "/: username and password are needed");
        err = -EINVAL;
    }
    tl_pb_free(m);
    return err;
}

int wire_signed_in(const char *token, const struct who *who, tl_dur life, struct tl_buf *json)
{
    Threadline__Signaling__V1__SignInResponse m = THREADLINE__SIGNALING__V1__SIGN_IN_RESPONSE__INIT;
    Threadline__Common__V1__Person person;

    person_of(&person, who);
    m.token = lend(token);
    m.agent = &person;
    m.expires_in_s = life / TL_SEC(1);
    return tl_pb_to_json(&m, json);
}

int wire_new_session_read(struct tl_buf *resume_token, struct tl_str json, struct tl_buf *why)
{
    Threadline__Signaling__V1__NewSessionRequest *m = NULL;
    int err = tl_pb_from_json(&threadline__signaling__v1__new_session_request__descriptor, json,
                              (ProtobufCMessage **)&m, why);

    if (err)
        return err;
    if (strlen(m->resume_token) > TL_TOKEN_MAX) {
        (void)tl_buf_puts(why, "/resume_token: too long");
        err = -EINVAL;
    } else {
        err = tl_buf_puts(resume_token, m->resume_token);
    }
    tl_pb_free(m);
    return err;
}

int wire_new_session(const char *ticket, tl_dur life, struct tl_buf *json)
{
    Threadline__Signaling__V1__NewSessionResponse m =
        THREADLINE__SIGNALING__V1__NEW_SESSION_RESPONSE__INIT;

    m.ticket = lend(ticket);
    m.expires_in_s = life / TL_SEC(1);
    return tl_pb_to_json(&m, json);
}
