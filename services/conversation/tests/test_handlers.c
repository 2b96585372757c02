/* Journeys of contacts through the whole service, on the bus and store in memory. */
#include "world.c"

#include <stdlib.h>
#include <tl_log.h>

static void the_main_journey(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", 1, false);
    struct contact c;

    assert_int_equal(w->code, 0);
    assert_words(w->asked, "visit route prepare enqueue");
    assert_words(w->pushes, "s:WAITING s:WAITING");
    assert_words(w->events, "thread_opened contact_requested contact_routed");
    c = world_contact(w, id);
    assert_int_equal(c.phase, PHASE_WAITING);
    assert_int_equal(c.owed, 0);
    assert_string_equal(c.name, "Ada");
    assert_string_equal(c.route.queue.s, "orders");

    world_forget(w);
    world_acd(w, OFFERED, id, "agent-1");
    assert_words(w->pushes, "s:RINGING a:contact_card");
    world_acd(w, ACCEPTED, id, "agent-1");
    assert_words(w->pushes, "s:RINGING a:contact_card s:CONNECTED a:CONNECTED a:contact_card");
    assert_words(w->asked, "connect");
    assert_words(w->events, "contact_connected");
    c = world_contact(w, id);
    assert_string_equal(c.agent_name, "Demo Agent 1");

    world_forget(w);
    world_end(w, agent_actor("agent-1"), id);
    assert_int_equal(w->code, 0);
    assert_words(w->asked, "release hang_up");
    assert_words(w->pushes, "s:ENDED a:WRAP_UP s:survey a:WRAP_UP");
    assert_words(w->events, "contact_ended");

    world_forget(w);
    world_wrap_up(w, "agent-1", id, "no such");
    assert_int_equal(w->code, 422);
    world_wrap_up(w, "agent-1", id, "done");
    assert_int_equal(w->code, 0);
    assert_words(w->asked, "finish");
    assert_words(w->events, "wrap_up_completed");
    c = world_contact(w, id);
    assert_int_equal(c.phase, PHASE_ENDED);
    assert_int_equal(c.outcome, OUTCOME_COMPLETED);
    assert_int_equal(c.owed, 0);
    assert_true(conversation_idle(w->conv));
}

static void a_chat_has_no_media(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", 3, false);

    world_acd(w, OFFERED, id, "agent-1");
    world_acd(w, ACCEPTED, id, "agent-1");
    world_end(w, customer_actor("s1"), id);
    assert_words(w->asked, "visit route enqueue release");
}

static void the_same_request_gives_the_same_contact(void **state)
{
    struct world *w = *state;
    char first[40];

    (void)snprintf(first, sizeof first, "%s", world_request(w, "s1", "r1", 1, false));
    world_forget(w);
    assert_string_equal(world_request(w, "s1", "r1", 1, false), first);
    assert_int_equal(w->code, 0);
    assert_words(w->events, "");
    (void)world_request(w, "s2", "r1", 1, false);
    assert_int_equal(w->code, 409); /* somebody else's request id */
}

static struct store_ops slow_ops;
static int (*commit_now)(struct store *, const struct store_change *, store_done_fn *, void *);
static struct tl_loop *the_loop;
static int too_late; /* commits that somebody else was faster than */

struct late {
    store_done_fn *fn;
    void *arg;
};

static void say_late(void *arg)
{
    struct late late = *(struct late *)arg;

    free(arg);
    late.fn(late.arg, -EAGAIN);
}

static int commit_late(struct store *s, const struct store_change *ch, store_done_fn *fn, void *arg)
{
    struct late *late;

    if (too_late-- <= 0)
        return commit_now(s, ch, fn, arg);
    late = malloc(sizeof *late);
    assert_non_null(late);
    *late = (struct late){fn, arg};
    return tl_loop_defer(the_loop, say_late, late);
}

static void a_second_try_tells_the_visit_once(void **state)
{
    struct world *w = *state;
    Threadline__Conversation__V1__GetSnapshotRequest m =
        THREADLINE__CONVERSATION__V1__GET_SNAPSHOT_REQUEST__INIT;
    Threadline__Conversation__V1__GetSnapshotResponse *got = NULL;
    Threadline__Common__V1__Actor actor = agent_actor("agent-1");

    the_loop = w->loop;
    slow_ops = *w->store->ops;
    commit_now = slow_ops.commit;
    slow_ops.commit = commit_late;
    w->store->ops = &slow_ops;
    too_late = 1;
    (void)world_talk(w, "s1", false);
    m.actor = &actor;
    world_ask(w, "get_snapshot", &m);
    assert_int_equal(TL_PB_UNPACK(threadline__conversation__v1__get_snapshot_response, w->answer.p,
                                  w->answer.n, &got),
                     0);
    assert_int_equal(got->snapshot->cards[0]->visit->n_path, 1);
    tl_pb_free(got);
}

static void one_live_contact_of_a_kind(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", 1, false);
    char first[40];

    (void)snprintf(first, sizeof first, "%s", id);
    (void)world_request(w, "s1", "r2", 2, false);
    assert_int_equal(w->code, 409);
    (void)world_request(w, "s1", "r3", 3, false);
    assert_int_equal(w->code, 0); /* a chat beside the call */
    world_end(w, customer_actor("s1"), first);
    (void)world_request(w, "s1", "r4", 1, false);
    assert_int_equal(w->code, 0);
}

static void contacts_of_one_visitor_share_a_thread(void **state)
{
    struct world *w = *state;
    struct contact a, b;

    a = world_contact(w, world_request(w, "s1", "r1", 1, false));
    b = world_contact(w, world_request(w, "s1", "r2", 3, false));
    assert_string_equal(a.thread.s, b.thread.s);
}

static void nobody_touches_what_is_not_theirs(void **state)
{
    struct world *w = *state;
    const char *id = world_talk(w, "s1", false);

    world_end(w, customer_actor("s2"), id);
    assert_int_equal(w->code, 404);
    world_end(w, agent_actor("agent-2"), id);
    assert_int_equal(w->code, 404);
    world_wrap_up(w, "agent-2", id, "done");
    assert_int_equal(w->code, 404);
    world_end(w, customer_actor("s1"), "no-such-contact");
    assert_int_equal(w->code, 404);
    assert_int_equal(world_contact(w, id).phase, PHASE_CONNECTED);
}

static void the_customer_leaves_while_it_rings(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", 1, false);

    world_acd(w, OFFERED, id, "agent-1");
    world_forget(w);
    world_end(w, customer_actor("s1"), id);
    assert_words(w->asked, "dequeue hang_up");
    assert_words(w->pushes, "s:ENDED");
    assert_int_equal(world_contact(w, id).outcome, OUTCOME_ABANDONED);

    world_forget(w); /* the agent's click was under way */
    world_acd(w, ACCEPTED, id, "agent-1");
    assert_words(w->pushes, "a:ENDED");
    assert_words(w->asked, "dequeue");
    assert_words(w->events, ""); /* one outcome, once */
    assert_int_equal(world_contact(w, id).outcome, OUTCOME_ABANDONED);
    assert_int_equal(world_contact(w, id).owed, 0);
}

static void lose_session(struct world *w, Threadline__Common__V1__Actor actor)
{
    Threadline__Conversation__V1__SessionLostRequest m =
        THREADLINE__CONVERSATION__V1__SESSION_LOST_REQUEST__INIT;

    m.actor = &actor;
    m.cause = "lost";
    world_ask(w, "session_lost", &m);
    assert_int_equal(w->code, 0);
}

static void a_lost_agent_puts_the_customer_back_in_line(void **state)
{
    struct world *w = *state;
    const char *id = world_talk(w, "s1", false);
    struct contact before = world_contact(w, id), c;

    world_forget(w);
    lose_session(w, agent_actor("agent-1"));
    c = world_contact(w, id);
    assert_int_equal(c.phase, PHASE_WAITING);
    assert_true(c.enqueued_at == before.enqueued_at);
    assert_words(w->asked, "release prepare enqueue");
    assert_words(w->pushes, "s:WAITING a:ENDED");

    world_forget(w);
    world_acd(w, OFFERED, id, "agent-2");
    world_acd(w, ACCEPTED, id, "agent-2");
    assert_words(w->asked, "connect");
    assert_words(w->events, "contact_connected");
    world_end(w, customer_actor("s1"), id);
    assert_int_equal(world_contact(w, id).outcome, OUTCOME_COMPLETED);
}

static void a_lost_customer_abandons_or_ends(void **state)
{
    struct world *w = *state;
    char waiting[40];
    const char *id;

    (void)snprintf(waiting, sizeof waiting, "%s", world_request(w, "s1", "r1", 1, false));
    lose_session(w, customer_actor("s1"));
    assert_int_equal(world_contact(w, waiting).outcome, OUTCOME_ABANDONED);
    id = world_talk(w, "s2", false);
    lose_session(w, customer_actor("s2"));
    assert_int_equal(world_contact(w, id).outcome, OUTCOME_COMPLETED);
    assert_int_equal(world_contact(w, id).phase, PHASE_WRAP_UP);
    lose_session(w, customer_actor("s2")); /* again: nothing */
}

static void the_flow_says_goodbye(void **state)
{
    struct world *w = *state;
    const char *id;

    w->flow_closes = true;
    id = world_request(w, "s1", "r1", 1, false);
    assert_int_equal(world_contact(w, id).outcome, OUTCOME_CLOSED);
    assert_words(w->asked, "visit route");
    assert_words(w->pushes, "s:WAITING s:ENDED");
    assert_string_equal(w->farewell, "Back at nine.");
}

static void the_acd_closes_who_cannot_be_served(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", 1, false);

    world_acd(w, DEQUEUED, id, "");
    assert_int_equal(world_contact(w, id).outcome, OUTCOME_CLOSED);
    assert_int_equal(world_contact(w, id).owed, 0);
}

static void an_unknown_queue_fails_the_contact(void **state)
{
    struct world *w = *state;
    const char *id;

    world_neighbour(w, "enqueue")->refuse = 404;
    id = world_request(w, "s1", "r1", 1, false);
    assert_int_equal(world_contact(w, id).outcome, OUTCOME_FAILED);
    assert_non_null(strstr(w->asked, "hang_up"));
}

static void positions_reach_who_waits(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", 1, false);
    Threadline__Acd__V1__Positions m = THREADLINE__ACD__V1__POSITIONS__INIT;
    Threadline__Acd__V1__Position p = THREADLINE__ACD__V1__POSITION__INIT, *rows[] = {&p};
    struct tl_buf b = TL_BUF(4096);

    p.contact_id = (char *)(uintptr_t)id;
    p.position = 2;
    p.expected_wait_ms = 4200;
    m.n_rows = 1;
    m.rows = rows;
    pack(&m, &b);
    world_forget(w);
    (void)tl_bus_publish(w->bus, "tl.acd.positions", b.p, b.n);
    assert_words(w->pushes, "s:queue_progress");
    (void)tl_bus_publish(w->bus, "tl.acd.positions", "\xff\xff", 2);
    world_acd(w, OFFERED, id, "agent-1");
    world_acd(w, ACCEPTED, id, "agent-1");
    world_forget(w);
    (void)tl_bus_publish(w->bus, "tl.acd.positions", b.p, b.n);
    assert_words(w->pushes, "");
    tl_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_main_journey),
        STORY(a_chat_has_no_media),
        STORY(the_same_request_gives_the_same_contact),
        STORY(a_second_try_tells_the_visit_once),
        STORY(one_live_contact_of_a_kind),
        STORY(contacts_of_one_visitor_share_a_thread),
        STORY(nobody_touches_what_is_not_theirs),
        STORY(the_customer_leaves_while_it_rings),
        STORY(a_lost_agent_puts_the_customer_back_in_line),
        STORY(a_lost_customer_abandons_or_ends),
        STORY(the_flow_says_goodbye),
        STORY(the_acd_closes_who_cannot_be_served),
        STORY(an_unknown_queue_fails_the_contact),
        STORY(positions_reach_who_waits),
    };

    tl_log_setup("conversation", TL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
