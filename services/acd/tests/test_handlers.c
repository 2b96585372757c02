/* Requests as services send them, on a bus and a store in memory: what is said, when, and by whom.
 */
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

static const char rules[] = "queues: [{name: help, wrap_up: 30s}]\n"
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
    char offer_id[24];
    uint64_t epoch;
    int done;
};

static void on_push(void *arg, const struct tl_msg *m)
{
    struct world *w = arg;
    Threadline__Signaling__V1__ServerMessage *s = NULL;

    assert_int_equal(TL_PB_UNPACK(threadline__signaling__v1__server_message, m->data, m->n, &s), 0);
    if (s->body_case == THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_OFFER) {
        w->n_offers++;
        w->epoch = s->offer->epoch;
        (void)tl_str_put(w->offer_id, sizeof(w->offer_id), tl_str(s->offer->offer_id));
    }
    w->n_rescinded +=
        s->body_case == THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_OFFER_RESCINDED;
    tl_pb_free(s);
}

static void on_feed(void *arg, const struct tl_msg *m)
{
    struct world *w = arg;

    if (tl_str_eq(m->subject, TL_STR("tl.acd.supply")))
        w->n_supply++;
    else
        w->n_positions++;
}

static void turn(struct world *w)
{
    for (int i = 0; i < 60; i++) {
        (void)tl_loop_turn(w->loop);
        usleep(100);
    }
}

static struct handlers *join(struct world *w, const char *name)
{
    struct tl_buf why = TL_BUF(4096);
    struct policy_file *p = NULL;
    struct handlers *h = NULL;
    struct handlers_opts o = {.loop = w->loop,
                              .bus = w->bus,
                              .store = store_memory_share(w->store),
                              .policy_path = "no-such-file",
                              .instance = name,
                              .lease = TL_MSEC(400)};

    assert_int_equal(policy_parse(&p, tl_str(rules), "rules", &why), 0);
    o.policy = p;
    assert_int_equal(handlers_new(&h, &o), 0);
    handlers_start(h);
    turn(w);
    return h;
}

static void on_reply(void *arg, const struct tl_reply *r)
{
    struct world *w = arg;

    w->replies++;
    w->code = r->err == -EREMOTEIO ? r->code : r->err;
    (void)snprintf(w->reason, sizeof(w->reason), "%s", r->reason ? r->reason : "");
    w->reply_n = TL_LOWER(r->n, sizeof(w->reply));
    memcpy(w->reply, r->data ? r->data : "", r->data ? w->reply_n : 0);
}

/* Sends and does not wait for the commit. */
static void send(struct world *w, const char *method, const void *message)
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
static int ask(struct world *w, const char *method, const void *message)
{
    send(w, method, message);
    turn(w);
    assert_int_equal(w->replies, 1);
    return w->code;
}

static int set_agent(struct world *w, const char *agent, bool ready)
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

static Threadline__Acd__V1__EnqueueRequest contact(const char *id)
{
    Threadline__Acd__V1__EnqueueRequest q = THREADLINE__ACD__V1__ENQUEUE_REQUEST__INIT;

    q.contact_id = (char *)(uintptr_t)id;
    q.thread_id = (char *)(uintptr_t) "T1";
    q.queue = (char *)(uintptr_t) "help";
    q.channel = THREADLINE__COMMON__V1__CHANNEL__CHANNEL_VIDEO;
    return q;
}

static int enqueue(struct world *w, const char *id)
{
    Threadline__Acd__V1__EnqueueRequest q = contact(id);

    return ask(w, "enqueue", &q);
}

static int accept_as(struct world *w, const char *agent, int role, uint64_t epoch)
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
static const char *state_of(struct world *w, const char *id)
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

static void from_enqueue_to_ready_again(void **state)
{
    struct world *w = *state;
    Threadline__Acd__V1__ReleaseRequest release = THREADLINE__ACD__V1__RELEASE_REQUEST__INIT;
    Threadline__Acd__V1__CompleteWrapUpRequest wrap =
        THREADLINE__ACD__V1__COMPLETE_WRAP_UP_REQUEST__INIT;

    assert_int_equal(set_agent(w, "a1", true), 0);
    assert_int_equal(enqueue(w, "C1"), 0);
    assert_int_equal(w->n_offers, 1);
    assert_string_equal(state_of(w, "C1"), "offered a1");
    assert_int_equal(accept_as(w, "a1", THREADLINE__COMMON__V1__ROLE__ROLE_AGENT, w->epoch), 0);
    assert_string_equal(state_of(w, "C1"), "connected a1");
    release.contact_id = wrap.contact_id = (char *)(uintptr_t) "C1";
    assert_int_equal(ask(w, "release", &release), 0);
    assert_string_equal(state_of(w, "C1"), "wrapping a1");
    assert_int_equal(ask(w, "complete_wrap_up", &wrap), 0);
    assert_string_equal(state_of(w, "C1"), "");
    assert_int_equal(store_memory_count(w->store, 'c'), 0);
    assert_int_equal(store_memory_count(w->store, 'a'), 1);
    assert_int_equal(store_memory_count(w->store, 'e'), 0); /* JetStream has them all */
    assert_true(w->n_supply > 0);
}

static void nothing_is_said_before_the_commit(void **state)
{
    struct world *w = *state;
    Threadline__Acd__V1__EnqueueRequest q = contact("C1");

    assert_int_equal(set_agent(w, "a1", true), 0);
    store_memory_fail(w->store, -EAGAIN);
    send(w, "enqueue", &q);
    turn(w);
    assert_int_equal(w->replies, 0);
    assert_int_equal(w->n_offers, 0);
    store_memory_fail(w->store, 0);
    usleep(60000);
    turn(w);
    assert_int_equal(w->replies, 1);
    assert_int_equal(w->code, 0);
    assert_int_equal(w->n_offers, 1);
}

static void a_refusal_names_its_reason(void **state)
{
    struct world *w = *state;
    Threadline__Acd__V1__EnqueueRequest q = contact("C1");
    Threadline__Acd__V1__GetAgentRequest get = THREADLINE__ACD__V1__GET_AGENT_REQUEST__INIT;
    Threadline__Acd__V1__ExplainRequest why = THREADLINE__ACD__V1__EXPLAIN_REQUEST__INIT;

    q.queue = (char *)(uintptr_t) "nowhere";
    assert_int_equal(ask(w, "enqueue", &q), 404);
    assert_string_equal(w->reason, "unknown queue");
    q = contact("C1");
    q.channel = THREADLINE__COMMON__V1__CHANNEL__CHANNEL_UNSPECIFIED;
    assert_int_equal(ask(w, "enqueue", &q), 400);
    q = contact("C1");
    q.enqueued_at_us = -5;
    assert_int_equal(ask(w, "enqueue", &q), 400);
    q = contact("");
    assert_int_equal(ask(w, "enqueue", &q), 400);
    assert_int_equal(set_agent(w, "nobody", true), 404);
    assert_int_equal(set_agent(w, "", true), 403);
    (void)snprintf(w->offer_id, sizeof(w->offer_id), "junk");
    assert_int_equal(accept_as(w, "a1", THREADLINE__COMMON__V1__ROLE__ROLE_AGENT, 0), 409);
    assert_int_equal(accept_as(w, "a1", THREADLINE__COMMON__V1__ROLE__ROLE_CUSTOMER, 0), 403);
    get.agent_id = (char *)(uintptr_t) "nobody";
    assert_int_equal(ask(w, "get_agent", &get), 404);
    assert_int_equal(ask(w, "explain", &why), 404);
}

static void junk_is_told_and_counted(void **state)
{
    struct world *w = *state;
    double before = tl_metric_value(
        tl_counter("tl_acd_bad_input_total", "edge=\"nats\",class=\"malformed\"", ""));

    w->replies = 0;
    assert_int_equal(tl_bus_request(w->bus, "tl.cmd.acd.p0.enqueue", "\x0a\xff\xff", 3, TL_SEC(5),
                                    1, on_reply, w),
                     0);
    turn(w);
    assert_int_equal(w->replies, 1);
    assert_int_equal(w->code, 400);
    assert_true(tl_metric_value(tl_counter("tl_acd_bad_input_total",
                                           "edge=\"nats\",class=\"malformed\"", "")) > before);
    assert_int_equal(enqueue(w, "C1"), 0); /* the neighbour is served */
}

static void an_old_epoch_is_refused(void **state)
{
    struct world *w = *state;

    assert_int_equal(set_agent(w, "a1", true), 0);
    assert_int_equal(enqueue(w, "C1"), 0);
    assert_int_equal(accept_as(w, "a1", THREADLINE__COMMON__V1__ROLE__ROLE_AGENT, w->epoch - 1),
                     409);
    assert_string_equal(w->reason, "old epoch");
    assert_string_equal(state_of(w, "C1"), "offered a1");
}

static void a_standby_takes_over_and_the_late_owner_is_refused(void **state)
{
    struct world *w = *state;
    uint64_t first;
    int offers;

    w->rival = join(w, "two");
    assert_false(handlers_own(w->rival));
    assert_true(handlers_ready(w->rival));
    assert_int_equal(set_agent(w, "a1", true), 0);
    assert_int_equal(enqueue(w, "C1"), 0);
    assert_int_equal(enqueue(w, "C2"), 0);
    first = w->epoch;
    offers = w->n_offers;
    /* the owner is silent (stopped): its lease ends, the standby asks every 100 ms */
    store_memory_end_lease(w->store);
    for (int i = 0; i < 60 && !handlers_own(w->rival); i++)
        turn(w);
    assert_true(handlers_own(w->rival));
    turn(w);
    assert_true(w->epoch > first);
    assert_int_equal(w->n_offers, offers + 1); /* the open offer rings under the new epoch */
    /* the first one's next commit is fenced; it says nothing and stands by */
    for (int i = 0; i < 60 && handlers_own(w->h); i++)
        turn(w);
    assert_false(handlers_own(w->h));
    assert_string_equal(state_of(w, "C1"), "offered a1");
    assert_string_equal(state_of(w, "C2"), "waiting ");
    assert_int_equal(accept_as(w, "a1", THREADLINE__COMMON__V1__ROLE__ROLE_AGENT, first), 409);
    assert_int_equal(accept_as(w, "a1", THREADLINE__COMMON__V1__ROLE__ROLE_AGENT, w->epoch), 0);
}

static void a_flushed_store_is_written_again(void **state)
{
    struct world *w = *state;
    uint64_t first;

    assert_int_equal(set_agent(w, "a1", true), 0);
    assert_int_equal(enqueue(w, "C1"), 0);
    assert_int_equal(enqueue(w, "C2"), 0);
    first = w->epoch;
    store_memory_flush(w->store);
    assert_int_equal(enqueue(w, "C3"), 0);
    turn(w);
    assert_int_equal(store_memory_count(w->store, 'c'), 3);
    assert_int_equal(store_memory_count(w->store, 'a'), 1);
    assert_int_equal(w->n_offers, 1); /* nobody was offered twice */
    assert_true(handlers_own(w->h));
    /* what rang before the flush may still be accepted */
    assert_int_equal(accept_as(w, "a1", THREADLINE__COMMON__V1__ROLE__ROLE_AGENT, first), 0);
}

static void set_flag(void *arg)
{
    ((struct world *)arg)->done = 1;
}

static void a_queue_closed_by_hand_stays_closed(void **state)
{
    struct world *w = *state;
    Threadline__Acd__V1__SetQueueOpenRequest q = THREADLINE__ACD__V1__SET_QUEUE_OPEN_REQUEST__INIT;
    Threadline__Common__V1__Actor a = THREADLINE__COMMON__V1__ACTOR__INIT;

    q.actor = &a;
    q.queue = (char *)(uintptr_t) "help";
    a.role = THREADLINE__COMMON__V1__ROLE__ROLE_AGENT;
    assert_int_equal(ask(w, "set_queue_open", &q), 403);
    a.role = THREADLINE__COMMON__V1__ROLE__ROLE_SUPERVISOR;
    assert_int_equal(ask(w, "set_queue_open", &q), 0);
    assert_int_equal(enqueue(w, "C1"), 422);
    handlers_drain(w->h, set_flag, w);
    turn(w);
    w->rival = join(w, "two");
    assert_int_equal(enqueue(w, "C1"), 422);
    q.open = true;
    assert_int_equal(ask(w, "set_queue_open", &q), 0);
    assert_int_equal(enqueue(w, "C1"), 0);
}

static void heartbeats_name_the_unknown(void **state)
{
    struct world *w = *state;
    Threadline__Acd__V1__HeartbeatRequest q = THREADLINE__ACD__V1__HEARTBEAT_REQUEST__INIT;
    Threadline__Acd__V1__AgentSession one = THREADLINE__ACD__V1__AGENT_SESSION__INIT, two = one;
    Threadline__Acd__V1__AgentSession *list[] = {&one, &two};
    Threadline__Acd__V1__HeartbeatResponse *r = NULL;

    assert_int_equal(set_agent(w, "a1", true), 0);
    one.agent_id = (char *)(uintptr_t) "a1";
    two.agent_id = (char *)(uintptr_t) "a2";
    q.agents = list;
    q.n_agents = 2;
    assert_int_equal(ask(w, "heartbeat", &q), 0);
    assert_int_equal(
        TL_PB_UNPACK(threadline__acd__v1__heartbeat_response, w->reply, w->reply_n, &r), 0);
    assert_int_equal(r->n_unknown_agent_ids, 1);
    assert_string_equal(r->unknown_agent_ids[0], "a2");
    tl_pb_free(r);
}

static void draining_gives_the_partition_back(void **state)
{
    struct world *w = *state;

    assert_int_equal(set_agent(w, "a1", true), 0);
    assert_int_equal(enqueue(w, "C1"), 0);
    handlers_drain(w->h, set_flag, w);
    turn(w);
    assert_int_equal(w->done, 1);
    assert_int_equal(store_memory_count(w->store, 'c'), 1);
    w->rival = join(w, "two");
    assert_true(handlers_own(w->rival));
    assert_string_equal(state_of(w, "C1"), "offered a1");
}

static void a_bad_policy_file_keeps_the_old_one(void **state)
{
    struct world *w = *state;

    handlers_reload(w->h);
    assert_int_equal(set_agent(w, "a1", true), 0);
}

static int begin(void **state)
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

static int end(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(from_enqueue_to_ready_again),
        STORY(nothing_is_said_before_the_commit),
        STORY(a_refusal_names_its_reason),
        STORY(junk_is_told_and_counted),
        STORY(an_old_epoch_is_refused),
        STORY(a_standby_takes_over_and_the_late_owner_is_refused),
        STORY(a_flushed_store_is_written_again),
        STORY(a_queue_closed_by_hand_stays_closed),
        STORY(heartbeats_name_the_unknown),
        STORY(draining_gives_the_partition_back),
        STORY(a_bad_policy_file_keeps_the_old_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
