/*
 * Events on tl.events.signaling.>; their key is the agent's or the visitor's id.
 */
#include "wire_pb.h"

#include "threadline/signaling/v1/events.pb-c.h"
#include <tl_events.h>

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
