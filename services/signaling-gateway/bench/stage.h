/*
 * The processes of a bench: nats-server, redis-server, gateways (wired as in main.c) and a stand-in
 * for conversation and the ACD, which answers every question and passes typing on.
 */
#ifndef SIGNALING_BENCH_STAGE_H
#define SIGNALING_BENCH_STAGE_H

#include "../../kit/bench/process.h"
#include "../../kit/tests/server.h"

#include <sys/resource.h>
#include <tl_log.h>
#include <tl_redis.h>

#include "adapters/edge.h"
#include "people.h"
#include "threadline/acd/v1/commands.pb-c.h"
#include "threadline/conversation/v1/commands.pb-c.h"

enum { STAGE_GRACE_S = 15 };

static struct server stage_nats, stage_redis;
static char stage_nats_url[64], stage_redis_url[64];
static struct tl_token_key stage_key = {{7}};

/* ---- a gateway ---- */

static inline const struct agents *stage_no_agents(void *arg)
{
    TL_UNUSED(arg);
    return NULL;
}

static inline const struct wire_choices *stage_no_choices(void *arg)
{
    static const struct wire_choices none;

    TL_UNUSED(arg);
    return &none;
}

static inline void serve_gateway(int tell)
{
    struct tl_loop *loop = NULL;
    struct tl_http *http = NULL;
    struct tl_bus *bus = NULL;
    struct tl_redis *r = NULL;
    struct store *store = NULL;
    struct tl_events *events = NULL;
    struct gateway *g = NULL;
    struct edge *e = NULL;
    struct gateway_opts o = {.key = &stage_key,
                             .sockets = &edge_sockets,
                             .choices = stage_no_choices,
                             .media_instance = "m1",
                             .grace = TL_SEC(STAGE_GRACE_S),
                             .idle = TL_SEC(1800),
                             .id = tl_id_new()};

    tl_log_setup("signaling", TL_ERROR);
    if (tl_loop_new(&loop) || tl_http_new(&http, loop, &(struct tl_http_opts){0}) ||
        tl_bus_open(&bus, loop,
                    &(struct tl_bus_opts){.url = stage_nats_url, .name = "signaling"}) ||
        tl_redis_open(&r, loop, &(struct tl_redis_opts){.url = stage_redis_url}) ||
        store_redis_new(&store, r, tl_id_str(&o.id)) ||
        tl_events_new(&events, bus, "signaling", "tl.bench.signaling"))
        _exit(1);
    o.loop = loop;
    o.bus = bus;
    o.store = store;
    o.events = events;
    if (gateway_new(&g, &o) || edge_new(&e, &(struct edge_opts){.loop = loop,
                                                                .http = http,
                                                                .gateway = g,
                                                                .store = store,
                                                                .key = &stage_key,
                                                                .agents = stage_no_agents,
                                                                .origins = ORIGIN}))
        _exit(1);
    while (!tl_bus_ready(bus) || !tl_redis_ready(r)) {
        (void)tl_loop_turn(loop);
        usleep(1000);
    }
    process_tell(tell, tl_http_port(http));
    tl_loop_run(loop);
}

/* ---- a stand-in for conversation and the ACD ---- */

static struct tl_bus *stand_in_bus;

static inline void on_anything(void *arg, const struct tl_msg *m)
{
    TL_UNUSED(arg);
    (void)tl_bus_reply(stand_in_bus, m->reply, "", 0); /* the gateway would ask again */
}

static inline void on_get_agent(void *arg, const struct tl_msg *m)
{
    Threadline__Acd__V1__GetAgentResponse r = THREADLINE__ACD__V1__GET_AGENT_RESPONSE__INIT;
    Threadline__Signaling__V1__AgentState state = THREADLINE__SIGNALING__V1__AGENT_STATE__INIT;
    struct tl_buf out = TL_BUF(200);

    TL_UNUSED(arg);
    state.presence = THREADLINE__SIGNALING__V1__AGENT_PRESENCE__AGENT_PRESENCE_NOT_READY;
    r.state = &state;
    if (!tl_pb_pack(&r, &out))
        (void)tl_bus_reply(stand_in_bus, m->reply, out.p, out.n);
    tl_buf_done(&out);
}

static inline void push_message(const char *to, const char *id,
                                const Threadline__Signaling__V1__ServerMessage *push)
{
    struct tl_buf out = TL_BUF(1000);
    char subject[64];

    snprintf(subject, sizeof(subject), "tl.%s.%.26s", to, id);
    if (!tl_pb_pack(push, &out))
        (void)tl_bus_publish(stand_in_bus, subject, out.p, out.n);
    tl_buf_done(&out);
}

/* The gateway hears who talks with whom from the customer's contact_state. */
static inline void tell_connected(const char *session, char *contact)
{
    Threadline__Signaling__V1__ServerMessage push = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__INIT;
    Threadline__Signaling__V1__ContactState c = THREADLINE__SIGNALING__V1__CONTACT_STATE__INIT;
    Threadline__Common__V1__Person agent = THREADLINE__COMMON__V1__PERSON__INIT;

    agent.id = contact;
    c.contact_id = contact;
    c.phase = THREADLINE__SIGNALING__V1__CONTACT_PHASE__CONTACT_PHASE_CONNECTED;
    c.agent = &agent;
    push.body_case = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_CONTACT_STATE;
    push.contact_state = &c;
    push_message("session", session, &push);
}

/* The contact's id is the agent's id.  "on":false asks for the contact's state as well. */
static inline void on_typing(void *arg, const struct tl_msg *m)
{
    Threadline__Conversation__V1__RelayTypingRequest *r = NULL;
    Threadline__Signaling__V1__ServerMessage push = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__INIT;

    TL_UNUSED(arg);
    if (TL_PB_UNPACK(threadline__conversation__v1__relay_typing_request, m->data, m->n, &r))
        return;
    push.body_case = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_TYPING;
    push.typing = r->typing;
    push_message("agent", r->typing->contact_id, &push);
    if (!r->typing->on)
        tell_connected(r->actor->session_id, r->typing->contact_id);
    (void)tl_bus_reply(stand_in_bus, m->reply, "", 0);
    tl_pb_free(r);
}

/* Events are acknowledged as JetStream would, so that none is sent again. */
static inline void on_event(void *arg, const struct tl_msg *m)
{
    static const char ack[] = "{\"stream\":\"EVENTS\",\"seq\":1}";

    TL_UNUSED(arg);
    (void)tl_bus_reply(stand_in_bus, m->reply, ack, sizeof(ack) - 1);
}

static inline void serve_stand_in(int tell)
{
    static const struct {
        const char *subject;
        tl_msg_fn *fn;
    } subs[] = {{"tl.cmd.conversation.get_snapshot", on_anything},
                {"tl.cmd.conversation.session_lost", on_anything},
                {"tl.cmd.conversation.relay_typing", on_typing},
                {"tl.cmd.acd.p0.heartbeat", on_anything},
                {"tl.cmd.acd.p0.get_agent", on_get_agent},
                {"tl.bench.signaling.>", on_event}};
    struct tl_loop *loop = NULL;
    struct tl_sub *sub;

    use_core(CORE_LOAD);
    tl_log_setup("bench", TL_ERROR);
    if (tl_loop_new(&loop) ||
        tl_bus_open(&stand_in_bus, loop,
                    &(struct tl_bus_opts){.url = stage_nats_url, .name = "bench"}))
        _exit(1);
    for (size_t i = 0; i < TL_LEN(subs); i++)
        if (tl_bus_subscribe(&sub, stand_in_bus, subs[i].subject, NULL, subs[i].fn, NULL))
            _exit(1);
    while (!tl_bus_ready(stand_in_bus)) {
        (void)tl_loop_turn(loop);
        usleep(1000);
    }
    process_tell(tell, 1);
    tl_loop_run(loop);
}

/* ---- who comes ---- */

/* A pair becomes known: the first one goes by the bus. */
static inline void teach(struct person *from, struct person *to)
{
    char text[1024];

    snprintf(text, sizeof(text), "{\"id\":\"1\",\"typing\":{\"contact_id\":\"%s\",\"on\":false}}",
             to->contact);
    say_frame(from->fd, text);
    do
        (void)hear_frame(to->fd, text, sizeof(text));
    while (!strstr(text, "\"typing\"")); /* an agent hears of their state too */
    (void)hear_frame(from->fd, text, sizeof(text));
    (void)hear_frame(from->fd, text, sizeof(text)); /* ok and contact_state, in any order */
}

/* A customer and an agent, and so on, each two in a contact. */
static inline void come_in_pairs(struct person *people, int n, uint16_t port)
{
    int http = dial(port);
    char token[TL_TOKEN_MAX + 1];

    for (int i = 0; i < n; i += 2) {
        struct person *customer = &people[i], *agent = customer + 1;

        strcpy(agent->contact, tl_id_new().s);
        strcpy(customer->contact, agent->contact);
        token_of(&stage_key, NULL, token, sizeof(token));
        come(customer, port, http, token);
        token_of(&stage_key, agent->contact, token, sizeof(token));
        come(agent, port, http, token);
        teach(customer, agent);
    }
    close(http);
}

/* Visitors who say nothing. */
static inline void come_idle(struct person *people, int n, uint16_t port)
{
    int http = dial(port);
    char token[TL_TOKEN_MAX + 1];

    for (int i = 0; i < n; i++) {
        token_of(&stage_key, NULL, token, sizeof(token));
        come(&people[i], port, http, token);
    }
    close(http);
}

/* A process that says for everybody here that they live, while something else is measured.  It
 * holds their sockets too: end it before they are to close. */
static inline struct process keep_alive(const struct person *people, int n)
{
    struct process p = {.pid = fork()};

    if (p.pid < 0)
        die("fork");
    if (p.pid)
        return p;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;; sleep(15))
        for (int i = 0; i < n; i++)
            if (people[i].fd > 0)
                say_alive(people[i].fd);
}

/* ---- all of it ---- */

static struct process stage_stand_in;

/* False, and said so, where the servers are not installed. */
static inline bool stage_set(void)
{
    static char nats_port[16], redis_port[16];
    struct rlimit limit;

    use_core(CORE_LOAD);
    if (!program_there("nats-server") || !program_there("redis-server")) {
        printf("not evaluated: nats-server and redis-server are needed\n");
        return false;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit))
        die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* if too few, opening fails and says so */
    server_prepare(&stage_nats);
    server_prepare(&stage_redis);
    snprintf(nats_port, sizeof(nats_port), "%d", stage_nats.port);
    snprintf(redis_port, sizeof(redis_port), "%d", stage_redis.port);
    snprintf(stage_nats_url, sizeof(stage_nats_url), "nats://127.0.0.1:%d", stage_nats.port);
    snprintf(stage_redis_url, sizeof(stage_redis_url), "redis://127.0.0.1:%d", stage_redis.port);
    const char *n[] = {"/usr/sbin/nats-server", "-a", "127.0.0.1", "-p", nats_port, NULL};
    const char *r[] = {"redis-server", "--port", redis_port, "--bind",        "127.0.0.1",
                       "--save",       "",       "--dir",    stage_redis.dir, NULL};
    memcpy(stage_nats.argv, n, sizeof(n));
    memcpy(stage_redis.argv, r, sizeof(r));
    server_start(&stage_nats);
    server_start(&stage_redis);
    stage_stand_in = process_start(serve_stand_in);
    return true;
}

static inline void stage_clear(void)
{
    process_end(&stage_stand_in);
    server_done(&stage_nats);
    server_done(&stage_redis);
}

#endif
