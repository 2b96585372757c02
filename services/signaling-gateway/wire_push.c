/*
 * What is pushed to browsers: what the services say to sessions and agents, the board, welcome and
 * snapshot.  What the gateway itself learns from a push (who talks with whom, who wants to be
 * ready) is taken out on its way.
 */
#include "wire_pb.h"

#include "threadline/acd/v1/commands.pb-c.h"
#include "threadline/conversation/v1/commands.pb-c.h"

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
