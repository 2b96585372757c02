/* Our events: packed without numbers into the outbox, numbered when they leave. */
#include "wire_inner.h"

#include <tl_events.h>

#include <threadline/conversation/v1/events.pb-c.h>

typedef Threadline__Conversation__V1__ConversationEvent Event;

#define CASE(NAME) THREADLINE__CONVERSATION__V1__CONVERSATION_EVENT__EVENT_##NAME

const char *wire_event_name(enum contact_event_kind kind)
{
    static const char *const names[] = {
        [EVENT_THREAD_OPENED] = "thread_opened", [EVENT_THREAD_LINKED] = "thread_linked",
        [EVENT_REQUESTED] = "contact_requested", [EVENT_ROUTED] = "contact_routed",
        [EVENT_CONNECTED] = "contact_connected", [EVENT_HELD] = "contact_held",
        [EVENT_RETRIEVED] = "contact_retrieved", [EVENT_ENDED] = "contact_ended",
        [EVENT_MESSAGE] = "message_posted",      [EVENT_WRAPPED_UP] = "wrap_up_completed",
        [EVENT_SURVEY] = "survey_answered",      [EVENT_CONSENTED] = "cobrowse_consented",
        [EVENT_STOPPED] = "cobrowse_stopped",    [EVENT_REPAIRED] = "contact_repaired",
    };

    return names[kind];
}

static int64_t ms(tl_dur d)
{
    return d / 1000;
}

union body {
    Threadline__Conversation__V1__ThreadOpened opened;
    Threadline__Conversation__V1__ThreadLinked linked;
    Threadline__Conversation__V1__ContactRequested requested;
    Threadline__Conversation__V1__ContactRouted routed;
    Threadline__Conversation__V1__ContactConnected connected;
    Threadline__Conversation__V1__ContactHeld held;
    Threadline__Conversation__V1__ContactRetrieved retrieved;
    Threadline__Conversation__V1__ContactEnded ended;
    Threadline__Conversation__V1__MessagePosted message;
    Threadline__Conversation__V1__WrapUpCompleted wrap_up;
    Threadline__Conversation__V1__SurveyAnswered survey;
    Threadline__Conversation__V1__CobrowseConsented consented;
    Threadline__Conversation__V1__CobrowseStopped stopped;
    Threadline__Conversation__V1__ContactRepaired repaired;
};

#define BODY(member, CASE_NAME, field, init)                  \
    threadline__conversation__v1__##init##__init(&b->member); \
    m->event_case = CASE(CASE_NAME);                          \
    m->field = &b->member

static void fill_early(Event *m, union body *b, const struct contact_event *e,
                       const struct contact *c, char **skills)
{
    switch (e->kind) {
    case EVENT_THREAD_OPENED:
        BODY(opened, THREAD_OPENED, thread_opened, thread_opened);
        b->opened.visitor_id = wire_text(c->visitor.s);
        b->opened.customer_id = wire_text(c->customer.s);
        break;
    case EVENT_THREAD_LINKED:
        BODY(linked, THREAD_LINKED, thread_linked, thread_linked);
        b->linked.visitor_id = wire_text(c->visitor.s);
        b->linked.customer_id = wire_text(c->customer.s);
        break;
    case EVENT_REQUESTED:
        BODY(requested, CONTACT_REQUESTED, contact_requested, contact_requested);
        b->requested.channel = (Threadline__Common__V1__Channel)c->channel;
        b->requested.section = wire_text(c->section);
        b->requested.visit_id = wire_text(c->visit.s);
        b->requested.visitor_id = wire_text(c->visitor.s);
        b->requested.customer_id = wire_text(c->customer.s);
        b->requested.tier = wire_text(c->tier);
        b->requested.invitation_id = wire_text(c->invitation.s);
        b->requested.consent = true; /* else the request was refused */
        b->requested.cobrowse_consent = c->cobrowse_consent;
        break;
    case EVENT_ROUTED:
        BODY(routed, CONTACT_ROUTED, contact_routed, contact_routed);
        b->routed.queue = wire_text(c->route.queue.s);
        for (int i = 0; i < c->route.skills.n; i++)
            skills[i] = wire_text(c->route.skills.at[i].s);
        b->routed.n_skills = (size_t)c->route.skills.n;
        b->routed.skills = skills;
        b->routed.priority = c->route.priority;
        b->routed.flow = wire_text(c->route.flow);
        break;
    case EVENT_CONNECTED:
        BODY(connected, CONTACT_CONNECTED, contact_connected, contact_connected);
        b->connected.agent_id = wire_text(e->agent.s);
        b->connected.waited_ms = ms(c->waited);
        b->connected.queue = wire_text(c->route.queue.s);
        b->connected.channel = (Threadline__Common__V1__Channel)c->channel;
        break;
    default: break;
    }
}

static void fill_late(Event *m, union body *b, const struct contact_event *e,
                      const struct contact *c)
{
    switch (e->kind) {
    case EVENT_HELD:
        BODY(held, CONTACT_HELD, contact_held, contact_held);
        b->held.agent_id = wire_text(e->agent.s);
        break;
    case EVENT_RETRIEVED:
        BODY(retrieved, CONTACT_RETRIEVED, contact_retrieved, contact_retrieved);
        b->retrieved.agent_id = wire_text(e->agent.s);
        b->retrieved.held_ms = ms(e->lasted);
        break;
    case EVENT_ENDED:
        BODY(ended, CONTACT_ENDED, contact_ended, contact_ended);
        b->ended.outcome = (Threadline__Signaling__V1__ContactOutcome)c->outcome;
        b->ended.ended_by = (Threadline__Common__V1__Role)e->by;
        b->ended.cause = wire_text(e->word);
        b->ended.agent_id = wire_text(e->agent.s);
        b->ended.queue = wire_text(c->route.queue.s);
        b->ended.waited_ms = ms(c->waited);
        b->ended.talked_ms = ms(c->talked);
        b->ended.held_ms = ms(c->held);
        b->ended.channel = (Threadline__Common__V1__Channel)c->channel;
        break;
    case EVENT_MESSAGE:
        BODY(message, MESSAGE_POSTED, message_posted, message_posted);
        b->message.message_id = wire_text(e->other.s);
        b->message.from_role = (Threadline__Common__V1__Role)e->by;
        b->message.length = e->number;
        break;
    case EVENT_WRAPPED_UP:
        BODY(wrap_up, WRAP_UP_COMPLETED, wrap_up_completed, wrap_up_completed);
        b->wrap_up.agent_id = wire_text(e->agent.s);
        b->wrap_up.disposition = wire_text(e->word);
        b->wrap_up.wrap_up_ms = ms(e->lasted);
        b->wrap_up.by_timer = e->by_timer;
        b->wrap_up.late = e->late;
        break;
    case EVENT_SURVEY:
        BODY(survey, SURVEY_ANSWERED, survey_answered, survey_answered);
        b->survey.score = e->number;
        break;
    case EVENT_CONSENTED:
        BODY(consented, COBROWSE_CONSENTED, cobrowse_consented, cobrowse_consented);
        break;
    case EVENT_STOPPED:
        BODY(stopped, COBROWSE_STOPPED, cobrowse_stopped, cobrowse_stopped);
        b->stopped.by = wire_text(e->word);
        break;
    case EVENT_REPAIRED:
        BODY(repaired, CONTACT_REPAIRED, contact_repaired, contact_repaired);
        b->repaired.kind = wire_text(e->word);
        break;
    default: break;
    }
}

int wire_event(const struct contact_event *e, const struct contact *c, const struct tl_id *id,
               tl_time at, struct tl_buf *out)
{
    Event m = THREADLINE__CONVERSATION__V1__CONVERSATION_EVENT__INIT;
    Threadline__Event__V1__Meta meta = THREADLINE__EVENT__V1__META__INIT;
    union body b;
    char *skills[CONTACT_LIST_MAX], trace_id[TL_TRACE_ID_N + 1];

    fill_early(&m, &b, e, c, skills);
    fill_late(&m, &b, e, c);
    meta.event_id = wire_text(id->s);
    meta.occurred_at_us = at;
    meta.thread_id = wire_text(c->thread.s);
    meta.contact_id = wire_text(e->kind == EVENT_THREAD_OPENED ? "" : c->id.s);
    meta.producer = wire_text("conversation");
    tl_trace_id(trace_id, tl_str(meta.contact_id));
    meta.trace_id = trace_id;
    m.meta = &meta;
    return tl_pb_pack(&m, out);
}

int wire_numbered(const struct outbox_row *row, struct tl_buf *out, const char **type)
{
    Event *m = NULL;
    char *boot = NULL;
    int err = TL_PB_UNPACK(threadline__conversation__v1__conversation_event, row->payload.s,
                           row->payload.n, &m);

    if (err)
        goto out;
    err = -EBADMSG;
    if (!m->meta || !tl_event_type(m))
        goto out;
    *type = tl_event_type(m); /* static text of the descriptor */
    boot = m->meta->boot;     /* ours for a moment: the message must free what it allocated */
    m->meta->boot = wire_text(row->boot.s);
    m->meta->seq = row->seq;
    m->thread_seq = row->thread_seq;
    err = tl_pb_pack(m, out);
    m->meta->boot = boot;
out:
    tl_pb_free(m);
    return err;
}
