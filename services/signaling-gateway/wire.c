/*
 * Every member of ClientMessage that goes to another service is one row: the subject, the request's
 * and the answer's type, and which member of ServerMessage carries the answer.  Requests are filled
 * by name: a field "actor" from the session, a field of the body's own type with the body, any
 * other from the body's field of the same name.
 */
#include "wire_pb.h"

#include "threadline/acd/v1/commands.pb-c.h"
#include "threadline/conversation/v1/commands.pb-c.h"
#include "threadline/media/v1/commands.pb-c.h"
#include <stdio.h>
#include <string.h>

#define CONVERSATION "tl.cmd.conversation."
#define ACD          "tl.cmd.acd.p0."

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

/* ---- messages by their descriptors ---- */

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

/* ---- frames ---- */

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

/* ---- answers ---- */

int wire_ok(const char *in_reply_to, struct tl_buf *json)
{
    Threadline__Signaling__V1__Ok ok = THREADLINE__SIGNALING__V1__OK__INIT;

    if (!in_reply_to[0])
        return 0;
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
