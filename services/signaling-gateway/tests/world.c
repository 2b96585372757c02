#include "world.h"

struct world w;
tl_dur world_grace, world_idle;

/* ---- sockets ---- */

static int socket_send(void *socket, struct tl_str json)
{
    struct socket *s = socket;
    size_t at = strlen(s->said);

    assert_false(s->closed);
    s->frames++;
    snprintf(s->said + at, sizeof(s->said) - at, "%.*s\n", (int)json.n, json.s);
    return 0;
}

static void socket_close(void *socket, int code, const char *reason)
{
    struct socket *s = socket;

    TL_UNUSED(reason);
    s->closed = code;
    s->session = NULL;
}

static const struct gateway_sockets sockets = {socket_send, socket_close};

bool heard(const struct socket *s, const char *text)
{
    return strstr(s->said, text) != NULL;
}

void says(struct socket *s, const char *frame)
{
    assert_non_null(s->session);
    gateway_frame(s->session, tl_str(frame));
}

void goes(struct socket *s, bool bye)
{
    struct session *x = s->session;

    s->session = NULL;
    s->closed = bye ? 1000 : 1006;
    if (x)
        gateway_closed(x, s, bye);
}

/* ---- people ---- */

struct who a_customer(void)
{
    struct who who = {.session = tl_id_new(), .role = ROLE_CUSTOMER, .subject = tl_id_new()};

    tl_str_put(who.tier, sizeof(who.tier), TL_STR("gold"));
    return who;
}

struct who an_agent(const char *id)
{
    struct who who = {.session = tl_id_new(), .role = ROLE_AGENT};

    tl_str_put(who.subject.s, sizeof(who.subject.s), tl_str(id));
    return who;
}

struct door {
    int g;
    struct socket *socket;
    int done;
};

static void on_redeemed(void *arg, int err, const struct store_redeemed *got)
{
    struct door *d = arg;

    assert_int_equal(err, 0);
    *d->socket = (struct socket){0};
    d->socket->session = gateway_opened(w.gateway[d->g], got, d->socket);
    d->done = 1;
}

static void on_ticket(void *arg, int err)
{
    struct door *d = arg;

    assert_int_equal(err, 0);
    d->done = 1;
}

static void enter(int g, struct socket *s, const struct who *who, bool resume)
{
    struct tl_id ticket = tl_ticket_new();
    struct door d = {.g = g, .socket = s};
    struct store *st = w.store[g];

    assert_int_equal(resume ? st->ops->ticket_resume(st, tl_id_str(&ticket),
                                                     tl_id_str(&who->session), on_ticket, &d)
                            : st->ops->ticket(st, tl_id_str(&ticket), who, on_ticket, &d),
                     0);
    world_until(d.done);
    d.done = 0;
    assert_int_equal(st->ops->redeem(st, tl_id_str(&ticket), on_redeemed, &d), 0);
    world_until(d.done);
}

void comes(int g, struct socket *s, const struct who *who)
{
    enter(g, s, who, false);
}

void resumes(int g, struct socket *s, const struct who *who)
{
    enter(g, s, who, true);
}

/* ---- the other services ---- */

static bool deaf(const struct tl_msg *m)
{
    if (w.conversation_deaf)
        (void)tl_bus_refuse(w.bus, m->reply, 503, "unwell");
    return w.conversation_deaf;
}

void answer_snapshot(const char *reply)
{
    Threadline__Conversation__V1__GetSnapshotResponse r =
        THREADLINE__CONVERSATION__V1__GET_SNAPSHOT_RESPONSE__INIT;
    Threadline__Signaling__V1__Snapshot snapshot = THREADLINE__SIGNALING__V1__SNAPSHOT__INIT;
    Threadline__Signaling__V1__ContactState c = THREADLINE__SIGNALING__V1__CONTACT_STATE__INIT;
    Threadline__Signaling__V1__ContactState *contacts[] = {&c};
    struct tl_buf out = TL_BUF(1000);

    c.contact_id = (char *)"c-from-conversation";
    snapshot.n_contacts = w.no_contact ? 0 : 1;
    snapshot.contacts = contacts;
    r.snapshot = &snapshot;
    tl_pb_pack(&r, &out);
    (void)tl_bus_reply(w.bus, reply, out.p, out.n);
    tl_buf_done(&out);
}

static void on_snapshot(void *arg, const struct tl_msg *m)
{
    TL_UNUSED(arg);
    w.snapshots++;
    if (deaf(m))
        return;
    if (w.hold)
        snprintf(w.hold_reply, sizeof(w.hold_reply), "%s", m->reply);
    else
        answer_snapshot(m->reply);
}

static void on_lost(void *arg, const struct tl_msg *m)
{
    Threadline__Conversation__V1__SessionLostRequest *r = NULL;

    TL_UNUSED(arg);
    if (deaf(m))
        return;
    assert_int_equal(
        TL_PB_UNPACK(threadline__conversation__v1__session_lost_request, m->data, m->n, &r), 0);
    w.losts++;
    snprintf(w.lost_session, sizeof(w.lost_session), "%s", r->actor->session_id);
    snprintf(w.lost_cause, sizeof(w.lost_cause), "%s", r->cause);
    tl_pb_free(r);
    (void)tl_bus_reply(w.bus, m->reply, "", 0);
}

static void on_typing(void *arg, const struct tl_msg *m)
{
    TL_UNUSED(arg);
    w.typings++;
    if (w.hold)
        snprintf(w.hold_reply, sizeof(w.hold_reply), "%s", m->reply);
    else if (w.typing_refusal)
        (void)tl_bus_refuse(w.bus, m->reply, w.typing_refusal, "not yours");
    else
        (void)tl_bus_reply(w.bus, m->reply, "", 0);
}

static void reply_state(const struct tl_msg *m, const char *agent, bool ready, bool offline)
{
    Threadline__Acd__V1__SetAgentStateResponse r =
        THREADLINE__ACD__V1__SET_AGENT_STATE_RESPONSE__INIT;
    Threadline__Signaling__V1__AgentState s = THREADLINE__SIGNALING__V1__AGENT_STATE__INIT;
    struct tl_buf out = TL_BUF(1000);

    s.agent_id = (char *)agent;
    s.presence = offline ? 1 : ready ? 3 : 2;
    r.state = &s;
    tl_pb_pack(&r, &out);
    (void)tl_bus_reply(w.bus, m->reply, out.p, out.n);
    tl_buf_done(&out);
}

static void on_get_agent(void *arg, const struct tl_msg *m)
{
    TL_UNUSED(arg);
    w.agents_asked++;
    if (w.acd_deaf)
        (void)tl_bus_refuse(w.bus, m->reply, 503, "unwell");
    else if (w.acd_knows)
        reply_state(m, "bob", true, false);
    else
        (void)tl_bus_refuse(w.bus, m->reply, 404, "who?");
}

static void on_set_agent(void *arg, const struct tl_msg *m)
{
    Threadline__Acd__V1__SetAgentStateRequest *r = NULL;

    TL_UNUSED(arg);
    assert_int_equal(TL_PB_UNPACK(threadline__acd__v1__set_agent_state_request, m->data, m->n, &r),
                     0);
    w.sets++;
    w.set_ready = r->ready;
    w.set_offline = r->offline;
    snprintf(w.set_reason, sizeof(w.set_reason), "%s", r->reason);
    w.acd_knows = !r->offline;
    w.acd_forgot = false;
    reply_state(m, r->actor->agent_id, r->ready, r->offline);
    tl_pb_free(r);
}

static void on_heartbeat(void *arg, const struct tl_msg *m)
{
    Threadline__Acd__V1__HeartbeatRequest *r = NULL;
    Threadline__Acd__V1__HeartbeatResponse a = THREADLINE__ACD__V1__HEARTBEAT_RESPONSE__INIT;
    struct tl_buf out = TL_BUF(1000);

    TL_UNUSED(arg);
    assert_int_equal(TL_PB_UNPACK(threadline__acd__v1__heartbeat_request, m->data, m->n, &r), 0);
    w.heartbeats++;
    w.beat_agents[0] = '\0';
    for (size_t i = 0; i < r->n_agents; i++)
        snprintf(w.beat_agents + strlen(w.beat_agents), 60, "%s:%s ", r->agents[i]->agent_id,
                 r->agents[i]->session_id);
    if (w.acd_forgot && r->n_agents) {
        a.n_unknown_agent_ids = 1;
        a.unknown_agent_ids = &r->agents[0]->agent_id;
    }
    tl_pb_pack(&a, &out);
    (void)tl_bus_reply(w.bus, m->reply, out.p, out.n);
    tl_buf_done(&out);
    tl_pb_free(r);
}

static void on_event(void *arg, const struct tl_msg *m)
{
    TL_UNUSED(arg);
    w.events_seen++;
    snprintf(w.last_event, sizeof(w.last_event), "%.*s", (int)m->subject.n, m->subject.s);
}

void push(const char *subject, int tag, void *body)
{
    Threadline__Signaling__V1__ServerMessage m = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__INIT;
    struct tl_buf out = TL_BUF(10000);

    m.body_case = (Threadline__Signaling__V1__ServerMessage__BodyCase)tag;
    m.ok = body;
    tl_pb_pack(&m, &out);
    assert_int_equal(tl_bus_publish(w.bus, subject, out.p, out.n), 0);
    tl_buf_done(&out);
}

/* ---- start and stop ---- */

static const struct wire_choices *choices(void *arg)
{
    static const struct wire_choices none;

    TL_UNUSED(arg);
    return &none;
}

static void serve(const char *subject, tl_msg_fn *fn)
{
    assert_int_equal(tl_bus_subscribe(&w.subs[w.n_subs++], w.bus, subject, NULL, fn, NULL), 0);
}

static void start_gateway(int g)
{
    char id[8];
    struct gateway_opts o = {.loop = w.loop,
                             .bus = w.bus,
                             .events = w.events,
                             .key = &w.key,
                             .sockets = &sockets,
                             .choices = choices,
                             .media_instance = "m1",
                             .grace = world_grace ? world_grace : GRACE,
                             .idle = world_idle,
                             .beat = BEAT};

    snprintf(id, sizeof(id), "g%d", g);
    tl_str_put(o.id.s, sizeof(o.id.s), tl_str(id));
    assert_int_equal(store_memory_new(&w.store[g], w.loop, w.shared, tl_str(id)), 0);
    o.store = w.store[g];
    assert_int_equal(gateway_new(&w.gateway[g], &o), 0);
}

void world_start(void)
{
    memset(&w, 0, sizeof(w));
    assert_int_equal(tl_loop_new(&w.loop), 0);
    assert_int_equal(tl_bus_open_memory(&w.bus, w.loop), 0);
    assert_int_equal(tl_events_new(&w.events, w.bus, "signaling", "tl.events.signaling"), 0);
    w.shared = store_shared_new();
    assert_non_null(w.shared);
    serve("tl.cmd.conversation.get_snapshot", on_snapshot);
    serve("tl.cmd.conversation.session_lost", on_lost);
    serve("tl.cmd.conversation.relay_typing", on_typing);
    serve("tl.cmd.acd.p0.get_agent", on_get_agent);
    serve("tl.cmd.acd.p0.set_agent_state", on_set_agent);
    serve("tl.cmd.acd.p0.heartbeat", on_heartbeat);
    serve("tl.events.>", on_event);
    start_gateway(0);
    start_gateway(1);
}

void world_stop(void)
{
    for (int g = 0; g < 2; g++) {
        gateway_free(w.gateway[g]);
        w.store[g]->ops->free(w.store[g]);
    }
    world_turn(TL_MSEC(5)); /* answers under way */
    tl_events_free(w.events);
    for (size_t i = 0; i < w.n_subs; i++)
        tl_sub_free(w.subs[i]);
    tl_bus_close(w.bus);
    store_shared_free(w.shared);
    tl_loop_free(w.loop);
    tl_metrics_reset();
}

void world_turn(tl_dur d)
{
    tl_time end = tl_clock_mono() + d;

    do {
        (void)tl_loop_turn(w.loop);
        usleep(100);
    } while (tl_clock_mono() < end);
}

int world_set_up(void **state)
{
    TL_UNUSED(state);
    world_start();
    return 0;
}

int world_tear_down(void **state)
{
    TL_UNUSED(state);
    world_stop();
    return 0;
}

void wait_for_greeting(struct socket *s)
{
    world_until(heard(s, "\"snapshot\""));
}
