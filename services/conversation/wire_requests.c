/* What we ask of others: visits, agents, lists, and the work that contacts owe. */
#include "wire_inner.h"

#include <threadline/acd/v1/commands.pb-c.h>
#include <threadline/clickstream/v1/commands.pb-c.h>
#include <threadline/cobrowse/v1/commands.pb-c.h>
#include <threadline/ivr/v1/commands.pb-c.h>
#include <threadline/media/v1/commands.pb-c.h>
#include <threadline/signaling/v1/gateways.pb-c.h>

int wire_get_visit(const struct tl_id *visit, const struct tl_id *visitor, struct tl_buf *out)
{
    WIRE_MSG(Clickstream__V1__GetVisitRequest, CLICKSTREAM__V1__GET_VISIT_REQUEST, m);

    m.visit_id = wire_id(visit);
    m.visitor_id = wire_id(visitor);
    return tl_pb_pack(&m, out);
}

int wire_get_agent(const struct tl_id *agent, struct tl_buf *out)
{
    WIRE_MSG(Acd__V1__GetAgentRequest, ACD__V1__GET_AGENT_REQUEST, m);

    m.agent_id = wire_id(agent);
    return tl_pb_pack(&m, out);
}

int wire_acd_list(const struct tl_id *after, struct tl_buf *out)
{
    WIRE_MSG(Acd__V1__ListContactsRequest, ACD__V1__LIST_CONTACTS_REQUEST, m);

    m.after_contact_id = wire_id(after);
    m.limit = 1000;
    return tl_pb_pack(&m, out);
}

int wire_gathered(uint64_t epoch, struct tl_buf *out)
{
    WIRE_MSG(Acd__V1__GatheredRequest, ACD__V1__GATHERED_REQUEST, m);

    m.epoch = epoch;
    return tl_pb_pack(&m, out);
}

int wire_list_unknown(const struct tl_id *const *sessions, size_t n, struct tl_buf *out)
{
    WIRE_MSG(Signaling__V1__ListUnknownRequest, SIGNALING__V1__LIST_UNKNOWN_REQUEST, m);
    char *ids[WIRE_SESSIONS_MAX];

    for (size_t i = 0; i < n; i++)
        ids[i] = wire_id(sessions[i]);
    m.n_session_ids = n;
    m.session_ids = ids;
    return tl_pb_pack(&m, out);
}

static int out_route(const struct contact *c, struct tl_buf *out)
{
    WIRE_MSG(Ivr__V1__StartFlowRequest, IVR__V1__START_FLOW_REQUEST, m);

    m.contact_id = wire_id(&c->id);
    m.thread_id = wire_id(&c->thread);
    m.channel = (Threadline__Common__V1__Channel)c->channel;
    m.section = wire_text(c->section);
    m.tier = wire_text(c->tier);
    m.known_customer = !tl_id_empty(&c->customer);
    return tl_pb_pack(&m, out);
}

static int out_prepare(const struct contact *c, struct tl_buf *out)
{
    WIRE_MSG(Media__V1__PrepareContactRequest, MEDIA__V1__PREPARE_CONTACT_REQUEST, m);
    char *prompts[CONTACT_LIST_MAX];

    m.contact_id = wire_id(&c->id);
    m.thread_id = wire_id(&c->thread);
    m.customer_session_id = wire_id(&c->session);
    m.channel = (Threadline__Common__V1__Channel)c->channel;
    m.n_announcements = wire_list(&c->route.announcements, prompts);
    m.announcements = prompts;
    m.music = wire_id(&c->route.music);
    return tl_pb_pack(&m, out);
}

static int out_enqueue(const struct contact *c, struct tl_buf *out)
{
    WIRE_MSG(Acd__V1__EnqueueRequest, ACD__V1__ENQUEUE_REQUEST, m);
    Threadline__Acd__V1__SkillNeed needs[CONTACT_LIST_MAX], *rows[CONTACT_LIST_MAX];

    m.contact_id = wire_id(&c->id);
    m.thread_id = wire_id(&c->thread);
    m.channel = (Threadline__Common__V1__Channel)c->channel;
    m.queue = wire_id(&c->route.queue);
    m.priority = c->route.priority;
    m.enqueued_at_us = c->enqueued_at;
    m.attempt = (uint32_t)c->attempt;
    m.n_required = (size_t)c->route.skills.n;
    m.required = rows;
    for (size_t i = 0; i < m.n_required; i++) {
        needs[i] = (Threadline__Acd__V1__SkillNeed)THREADLINE__ACD__V1__SKILL_NEED__INIT;
        needs[i].skill = wire_id(&c->route.skills.at[i]);
        rows[i] = &needs[i];
    }
    return tl_pb_pack(&m, out);
}

static int out_release(const struct contact *c, struct tl_buf *out)
{
    WIRE_MSG(Acd__V1__ReleaseRequest, ACD__V1__RELEASE_REQUEST, m);

    m.contact_id = wire_id(&c->id);
    m.cause = wire_text(contact_is_live(c) ? "agent_lost" : "ended");
    return tl_pb_pack(&m, out);
}

static int out_dequeue(const struct contact *c, struct tl_buf *out)
{
    WIRE_MSG(Acd__V1__DequeueRequest, ACD__V1__DEQUEUE_REQUEST, m);

    m.contact_id = wire_id(&c->id);
    m.cause = wire_text(c->outcome == OUTCOME_ABANDONED ? "abandoned" : "closed");
    return tl_pb_pack(&m, out);
}

static int out_finish(const struct contact *c, struct tl_buf *out)
{
    WIRE_MSG(Acd__V1__CompleteWrapUpRequest, ACD__V1__COMPLETE_WRAP_UP_REQUEST, m);

    m.contact_id = wire_id(&c->id);
    m.agent_id = wire_id(&c->agent);
    return tl_pb_pack(&m, out);
}

static int out_connect(const struct contact *c, struct tl_buf *out)
{
    WIRE_MSG(Media__V1__ConnectContactRequest, MEDIA__V1__CONNECT_CONTACT_REQUEST, m);

    m.contact_id = wire_id(&c->id);
    m.agent_id = wire_id(&c->agent);
    m.epoch = c->epoch;
    return tl_pb_pack(&m, out);
}

static int out_hold(const struct contact *c, struct tl_buf *out)
{
    WIRE_MSG(Media__V1__HoldContactRequest, MEDIA__V1__HOLD_CONTACT_REQUEST, m);

    m.contact_id = wire_id(&c->id);
    m.on = c->phase == PHASE_HELD;
    return tl_pb_pack(&m, out);
}

static int out_hang_up(const struct contact *c, struct tl_buf *out)
{
    WIRE_MSG(Media__V1__ReleaseContactRequest, MEDIA__V1__RELEASE_CONTACT_REQUEST, m);

    m.contact_id = wire_id(&c->id);
    return tl_pb_pack(&m, out);
}

static int out_open_room(const struct contact *c, struct tl_buf *out)
{
    WIRE_MSG(Cobrowse__V1__OpenRoomRequest, COBROWSE__V1__OPEN_ROOM_REQUEST, m);

    m.contact_id = wire_id(&c->id);
    m.thread_id = wire_id(&c->thread);
    m.customer_session_id = wire_id(&c->session);
    m.agent_id = wire_id(&c->agent);
    return tl_pb_pack(&m, out);
}

static int out_close_room(const struct contact *c, struct tl_buf *out)
{
    WIRE_MSG(Cobrowse__V1__CloseRoomRequest, COBROWSE__V1__CLOSE_ROOM_REQUEST, m);

    m.contact_id = wire_id(&c->id);
    m.cause = wire_text(contact_is_live(c) ? "stopped" : "contact_ended");
    return tl_pb_pack(&m, out);
}

int wire_work(const struct contact *c, unsigned work, struct tl_buf *out)
{
    switch (work) {
    case WORK_ROUTE: return out_route(c, out);
    case WORK_RELEASE: return out_release(c, out);
    case WORK_DEQUEUE: return out_dequeue(c, out);
    case WORK_FINISH: return out_finish(c, out);
    case WORK_PREPARE: return out_prepare(c, out);
    case WORK_ENQUEUE: return out_enqueue(c, out);
    case WORK_CONNECT: return out_connect(c, out);
    case WORK_HOLD: return out_hold(c, out);
    case WORK_HANG_UP: return out_hang_up(c, out);
    case WORK_OPEN_ROOM: return out_open_room(c, out);
    case WORK_CLOSE_ROOM: return out_close_room(c, out);
    default: return -EINVAL;
    }
}
