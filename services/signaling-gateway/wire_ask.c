/*
 * What the gateway asks by itself, and what gateways tell each other.
 */
#include "wire_pb.h"

#include "threadline/acd/v1/commands.pb-c.h"
#include "threadline/conversation/v1/commands.pb-c.h"
#include "threadline/signaling/v1/gateways.pb-c.h"
#include <tl_mem.h>

int wire_get_snapshot(const struct who *who, struct tl_buf *request)
{
    Threadline__Conversation__V1__GetSnapshotRequest m =
        THREADLINE__CONVERSATION__V1__GET_SNAPSHOT_REQUEST__INIT;
    Actor actor;

    actor_of(&actor, who);
    m.actor = &actor;
    return tl_pb_pack(&m, request);
}

int wire_snapshot_contacts(const void *data, size_t n, size_t *ret)
{
    Threadline__Conversation__V1__GetSnapshotResponse *r = NULL;
    int err = TL_PB_UNPACK(threadline__conversation__v1__get_snapshot_response, data, n, &r);

    if (err)
        return err;
    *ret = r->snapshot ? r->snapshot->n_contacts : 0;
    tl_pb_free(r);
    return 0;
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
