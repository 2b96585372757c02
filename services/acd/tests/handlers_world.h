/**
 * @file handlers_world.h  The service on a bus and a store in memory, and somebody who asks it.
 */
#ifndef ACD_HANDLERS_WORLD_H
#define ACD_HANDLERS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <handlers.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>
#include <tl_pb.h>
#include <unistd.h>
#include <wire_pb.h>

static const char rules[] = "look_back: 1h\n"
                            "queues: [{name: help, wrap_up: 30s}]\n"
                            "agents: [{id: a1, queues: [help], display_name: Ann},\n"
                            "         {id: a2, queues: [help]}]\n";

struct world {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct store *store;
    struct handlers *h, *rival;
    struct tl_sub *pushes, *feeds;
    int replies, code;
    char reason[80];
    char reply[4096];
    size_t reply_n;
    int n_offers, n_rescinded, n_supply, n_positions;
    char offer_id[24], seat_id[40], why[200];
    uint64_t epoch;
    int done;
    tl_dur gather; /* of who joins next */
};

static inline void on_push(void *arg, const struct tl_msg *m)
{
    struct world *w = arg;
    Threadline__Signaling__V1__ServerMessage *s = NULL;

    assert_int_equal(TL_PB_UNPACK(threadline__signaling__v1__server_message, m->data, m->n, &s), 0);
    if (s->body_case == THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_OFFER) {
        w->n_offers++;
        w->epoch = s->offer->epoch;
        (void)tl_str_put(w->offer_id, sizeof(w->offer_id), tl_str(s->offer->offer_id));
        (void)tl_str_put(w->why, sizeof(w->why), tl_str(s->offer->why));
        (void)tl_str_put(w->seat_id, sizeof(w->seat_id), tl_str(s->offer->seat_id));
    }
    w->n_rescinded +=
        s->body_case == THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_OFFER_RESCINDED;
    tl_pb_free(s);
}

static inline void on_feed(void *arg, const struct tl_msg *m)
{
    struct world *w = arg;

    if (tl_str_eq(m->subject, TL_STR("tl.acd.supply")))
        w->n_supply++;
    else
        w->n_positions++;
}

static inline void turn(struct world *w)
{
    for (int i = 0; i < 60; i++) {
        (void)tl_loop_turn(w->loop);
        usleep(100);
    }
}

static inline struct handlers *join(struct world *w, const char *name)
{
    struct tl_buf why = TL_BUF(4096);
    struct policy_file *p = NULL;
    struct handlers *h = NULL;
    struct handlers_opts o = {.loop = w->loop,
                              .bus = w->bus,
                              .store = store_memory_share(w->store),
                              .policy_path = "no-such-file",
                              .instance = name,
                              .lease = TL_MSEC(400),
                              .gather = w->gather};

    assert_int_equal(policy_parse(&p, tl_str(rules), "rules", &why), 0);
    o.policy = p;
    assert_int_equal(handlers_new(&h, &o), 0);
    handlers_start(h);
    turn(w);
    return h;
}

static inline void on_reply(void *arg, const struct tl_reply *r)
{
    struct world *w = arg;

    w->replies++;
    w->code = r->err == -EREMOTEIO ? r->code : r->err;
    (void)snprintf(w->reason, sizeof(w->reason), "%s", r->reason ? r->reason : "");
    w->reply_n = TL_LOWER(r->n, sizeof(w->reply));
    memcpy(w->reply, r->data ? r->data : "", r->data ? w->reply_n : 0);
}

/* Sends and does not wait for the commit. */
static inline void send(struct world *w, const char *method, const void *message)
{
    struct tl_buf b = TL_BUF(65536);
    char subject[80];

    (void)snprintf(subject, sizeof(subject), "tl.cmd.acd.p0.%s", method);
    assert_int_equal(tl_pb_pack(message, &b), 0);
    w->replies = 0;
    w->code = 1;
    assert_int_equal(
        tl_bus_request(w->bus, subject, b.p ? b.p : "", b.n, TL_SEC(5), 1, on_reply, w), 0);
    tl_buf_done(&b);
}

/* 0 or the refusal's code. */
static inline int ask(struct world *w, const char *method, const void *message)
{
    send(w, method, message);
    turn(w);
    assert_int_equal(w->replies, 1);
    return w->code;
}

static inline int set_agent(struct world *w, const char *agent, bool ready)
{
    Threadline__Acd__V1__SetAgentStateRequest q =
        THREADLINE__ACD__V1__SET_AGENT_STATE_REQUEST__INIT;
    Threadline__Common__V1__Actor a = THREADLINE__COMMON__V1__ACTOR__INIT;

    a.role = THREADLINE__COMMON__V1__ROLE__ROLE_AGENT;
    a.agent_id = (char *)(uintptr_t)agent;
    a.session_id = (char *)(uintptr_t) "S1";
    q.actor = &a;
    q.ready = ready;
    return ask(w, "set_agent_state", &q);
}

static inline Threadline__Acd__V1__EnqueueRequest contact(const char *id)
{
    Threadline__Acd__V1__EnqueueRequest q = THREADLINE__ACD__V1__ENQUEUE_REQUEST__INIT;

    q.contact_id = (char *)(uintptr_t)id;
    q.thread_id = (char *)(uintptr_t) "T1";
    q.queue = (char *)(uintptr_t) "help";
    q.channel = THREADLINE__COMMON__V1__CHANNEL__CHANNEL_VIDEO;
    return q;
}

static inline int enqueue(struct world *w, const char *id)
{
    Threadline__Acd__V1__EnqueueRequest q = contact(id);

    return ask(w, "enqueue", &q);
}

static inline int accept_as(struct world *w, const char *agent, int role, uint64_t epoch)
{
    Threadline__Acd__V1__AcceptRequest q = THREADLINE__ACD__V1__ACCEPT_REQUEST__INIT;
    Threadline__Common__V1__Actor a = THREADLINE__COMMON__V1__ACTOR__INIT;

    a.role = (Threadline__Common__V1__Role)role;
    a.agent_id = (char *)(uintptr_t)agent;
    q.actor = &a;
    q.offer_id = w->offer_id;
    q.epoch = epoch;
    return ask(w, "accept", &q);
}

/* State and holder of a contact in the owner's list; "" when it is not there. */
static inline const char *state_of(struct world *w, const char *id)
{
    static char state[64];
    Threadline__Acd__V1__ListContactsRequest q = THREADLINE__ACD__V1__LIST_CONTACTS_REQUEST__INIT;
    Threadline__Acd__V1__ListContactsResponse *r = NULL;

    assert_int_equal(ask(w, "list_contacts", &q), 0);
    assert_int_equal(
        TL_PB_UNPACK(threadline__acd__v1__list_contacts_response, w->reply, w->reply_n, &r), 0);
    state[0] = '\0';
    for (size_t i = 0; i < r->n_contacts; i++)
        if (strcmp(r->contacts[i]->contact_id, id) == 0)
            (void)snprintf(state, sizeof(state), "%s %s", r->contacts[i]->state,
                           r->contacts[i]->agent_id);
    tl_pb_free(r);
    return state;
}

static inline int begin(void **state)
{
    struct world *w = tl_alloc(1, sizeof(*w));

    *state = w;
    tl_log_setup("acd", TL_ERROR + 1);
    if (tl_loop_new(&w->loop) || tl_bus_open_memory(&w->bus, w->loop) ||
        store_memory_open(&w->store, w->loop) ||
        tl_bus_subscribe(&w->pushes, w->bus, "tl.agent.*", NULL, on_push, w) ||
        tl_bus_subscribe(&w->feeds, w->bus, "tl.acd.*", NULL, on_feed, w))
        return -1;
    w->h = join(w, "one");
    return handlers_own(w->h) ? 0 : -1;
}

static inline int end(void **state)
{
    struct world *w = *state;

    turn(w);
    handlers_free(w->h);
    handlers_free(w->rival);
    tl_sub_free(w->pushes);
    tl_sub_free(w->feeds);
    w->store->ops->close(w->store);
    tl_bus_close(w->bus);
    tl_loop_free(w->loop);
    tl_free(w);
    tl_metrics_reset();
    return 0;
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, begin, end)

#endif
