/* Commands of conversation, and what the journal is told: who and how much, never what was seen. */
#include "wire.h"
#include "threadline/cobrowse/v1/commands.pb-c.h"
#include "threadline/cobrowse/v1/events.pb-c.h"
#include <tl_events.h>

int wire_open_room(struct room_names *ret, const void *data, size_t n)
{
    Threadline__Cobrowse__V1__OpenRoomRequest *m = NULL;
    int err = TL_PB_UNPACK(threadline__cobrowse__v1__open_room_request, data, n, &m);

    if (err)
        return err;
    *ret = (struct room_names){0};
    if (tl_id_parse(&ret->contact, tl_str(m->contact_id)) ||
        (m->thread_id[0] && tl_id_parse(&ret->thread, tl_str(m->thread_id))) ||
        tl_id_parse(&ret->session, tl_str(m->customer_session_id)) ||
        tl_id_parse(&ret->agent, tl_str(m->agent_id)))
        err = -EINVAL;
    tl_pb_free(m);
    return err;
}

int wire_opened(const struct tl_id tickets[ROOM_ROLES], struct tl_buf *answer)
{
    Threadline__Cobrowse__V1__OpenRoomResponse m =
        THREADLINE__COBROWSE__V1__OPEN_ROOM_RESPONSE__INIT;

    m.customer_ticket = (char *)tickets[ROOM_CUSTOMER].s;
    m.agent_ticket = (char *)tickets[ROOM_AGENT].s;
    return tl_pb_pack(&m, answer);
}

int wire_close_room(struct tl_id *ret_contact, char ret_cause[40], const void *data, size_t n)
{
    Threadline__Cobrowse__V1__CloseRoomRequest *m = NULL;
    int err = TL_PB_UNPACK(threadline__cobrowse__v1__close_room_request, data, n, &m);

    if (err)
        return err;
    if (tl_id_parse(ret_contact, tl_str(m->contact_id)))
        err = -EINVAL;
    tl_str_put(ret_cause, 40, tl_str(m->cause));
    tl_pb_free(m);
    return err;
}

#define EVENT(name) THREADLINE__COBROWSE__V1__COBROWSE_EVENT__EVENT_##name

static int emit(struct tl_events *e, int tag, void *body, const struct room_names *n)
{
    Threadline__Cobrowse__V1__CobrowseEvent m = THREADLINE__COBROWSE__V1__COBROWSE_EVENT__INIT;

    m.event_case = (Threadline__Cobrowse__V1__CobrowseEvent__EventCase)tag;
    m.room_opened = body; /* every member is a pointer in the same place */
    return tl_events_emit(e, &m.base, n->thread.s, n->contact.s, n->thread.s);
}

static Threadline__Common__V1__Role role_of(enum room_role role)
{
    return role == ROOM_CUSTOMER ? THREADLINE__COMMON__V1__ROLE__ROLE_CUSTOMER
                                 : THREADLINE__COMMON__V1__ROLE__ROLE_AGENT;
}

int wire_room_opened(struct tl_events *e, const struct room_names *n)
{
    Threadline__Cobrowse__V1__RoomOpened m = THREADLINE__COBROWSE__V1__ROOM_OPENED__INIT;

    return emit(e, EVENT(ROOM_OPENED), &m, n);
}

int wire_room_closed(struct tl_events *e, const struct room_names *n, const char *cause,
                     uint64_t frames, uint64_t bytes)
{
    Threadline__Cobrowse__V1__RoomClosed m = THREADLINE__COBROWSE__V1__ROOM_CLOSED__INIT;

    m.cause = (char *)cause;
    m.frames = frames;
    m.bytes = bytes;
    return emit(e, EVENT(ROOM_CLOSED), &m, n);
}

int wire_joined(struct tl_events *e, const struct room_names *n, enum room_role role)
{
    Threadline__Cobrowse__V1__ParticipantJoined m =
        THREADLINE__COBROWSE__V1__PARTICIPANT_JOINED__INIT;

    m.role = role_of(role);
    return emit(e, EVENT(PARTICIPANT_JOINED), &m, n);
}

int wire_left(struct tl_events *e, const struct room_names *n, enum room_role role)
{
    Threadline__Cobrowse__V1__ParticipantLeft m = THREADLINE__COBROWSE__V1__PARTICIPANT_LEFT__INIT;

    m.role = role_of(role);
    return emit(e, EVENT(PARTICIPANT_LEFT), &m, n);
}
