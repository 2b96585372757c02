/**
 * @file wire_pb.h  What the wire files share: core types as fields of messages, and the frame
 * around every ServerMessage.  Only they include it.
 */
#ifndef SIGNALING_WIRE_PB_H
#define SIGNALING_WIRE_PB_H

#include "wire.h"

#include "threadline/signaling/v1/client.pb-c.h"

typedef Threadline__Signaling__V1__ClientMessage ClientMessage;
typedef Threadline__Signaling__V1__ServerMessage ServerMessage;
typedef Threadline__Common__V1__Actor Actor;

/** A member of ServerMessage. */
#define TAG(name) THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_##name

/** Text of a core type as a protobuf field; the message lives shorter than the text. */
static inline char *lend(const char *s)
{
    return (char *)s;
}

static inline void actor_of(Actor *a, const struct who *w)
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

static inline void person_of(Threadline__Common__V1__Person *p, const struct who *w)
{
    threadline__common__v1__person__init(p);
    p->id = lend(w->subject.s);
    p->display_name = lend(w->name);
    p->role = (Threadline__Common__V1__Role)w->role;
}

/** body: the member itself; NULL in_reply_to is not allowed, empty is. */
static inline int server_frame(const char *in_reply_to, int tag, void *body, struct tl_buf *json)
{
    ServerMessage m = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__INIT;

    m.in_reply_to = lend(in_reply_to);
    m.body_case = (Threadline__Signaling__V1__ServerMessage__BodyCase)tag;
    m.ok = body; /* every member is a pointer in the same place */
    return tl_pb_to_json(&m, json);
}

#endif
