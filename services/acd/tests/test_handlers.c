/* Requests as services send them, on a bus and a store in memory: what is said, when, and by whom.
 */
#include "handlers_world.h"
#include <stdlib.h>

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
    assert_int_equal(store_memory_count(w->store, 'a'), 2); /* and whom T1 spoke with */
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

/* What it shows of the queue "help". */
static int figure(struct handlers *h, const char *name)
{
    handlers_measure(h);
    return (int)tl_metric_value(tl_gauge(name, "queue=\"help\"", ""));
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
    assert_int_equal(figure(w->h, "tl_acd_waiting"), 1); /* the other one rings */
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
    assert_int_equal(figure(w->h, "tl_acd_waiting"), 0); /* they are another's now */
    assert_int_equal(figure(w->rival, "tl_acd_waiting"), 1);
    assert_string_equal(state_of(w, "C1"), "offered a1");
    assert_string_equal(state_of(w, "C2"), "waiting ");
    assert_int_equal(accept_as(w, "a1", THREADLINE__COMMON__V1__ROLE__ROLE_AGENT, first), 409);
    assert_int_equal(accept_as(w, "a1", THREADLINE__COMMON__V1__ROLE__ROLE_AGENT, w->epoch), 0);
}

/* It asks for the lease every 100 ms; one that waits for the answer has lost nothing. */
static void a_standby_is_ready_while_it_asks(void **state)
{
    struct world *w = *state;

    w->rival = join(w, "two");
    store_memory_mute(w->store, true);
    for (int i = 0; i < 20; i++)
        turn(w);
    assert_true(handlers_ready(w->rival));
    store_memory_mute(w->store, false);
    turn(w);
    assert_true(handlers_ready(w->rival));
}

/* a1 is preferred for the thread's next contact although a2 has been idle for longer. */
static void who_spoke_with_the_customer_is_known_after_a_take_over(void **state)
{
    struct world *w = *state;
    Threadline__Acd__V1__ReleaseRequest release = THREADLINE__ACD__V1__RELEASE_REQUEST__INIT;
    Threadline__Acd__V1__CompleteWrapUpRequest wrap =
        THREADLINE__ACD__V1__COMPLETE_WRAP_UP_REQUEST__INIT;

    release.contact_id = wrap.contact_id = (char *)(uintptr_t) "C1";
    assert_int_equal(set_agent(w, "a1", true), 0);
    assert_int_equal(enqueue(w, "C1"), 0);
    assert_int_equal(accept_as(w, "a1", THREADLINE__COMMON__V1__ROLE__ROLE_AGENT, w->epoch), 0);
    assert_int_equal(set_agent(w, "a2", true), 0);
    assert_int_equal(ask(w, "release", &release), 0);
    assert_int_equal(ask(w, "complete_wrap_up", &wrap), 0);
    assert_int_equal(store_memory_count(w->store, 'a'), 3); /* and whom T1 spoke with */
    for (int flushed = 0; flushed < 2; flushed++) {
        if (flushed) { /* the owner writes it again, and the next one reads it */
            store_memory_flush(w->store);
            for (int i = 0; i < 60 && store_memory_count(w->store, 'a') < 3; i++)
                turn(w);
        }
        handlers_free(w->h);
        store_memory_end_lease(w->store);
        w->h = join(w, flushed ? "three" : "two");
        assert_true(handlers_own(w->h));
    }
    assert_int_equal(enqueue(w, "C2"), 0);
    assert_string_equal(state_of(w, "C2"), "offered a1");
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

/* Who gathers, and since when, as conversation hears it. */
static tl_time gathering(struct world *w)
{
    Threadline__Acd__V1__ListContactsRequest q = THREADLINE__ACD__V1__LIST_CONTACTS_REQUEST__INIT;
    Threadline__Acd__V1__ListContactsResponse *r = NULL;
    tl_time since;

    assert_int_equal(ask(w, "list_contacts", &q), 0);
    assert_int_equal(
        TL_PB_UNPACK(threadline__acd__v1__list_contacts_response, w->reply, w->reply_n, &r), 0);
    since = r->gathering_since_us;
    w->epoch = r->epoch;
    tl_pb_free(r);
    return since;
}

static int say_gathered(struct world *w, uint64_t epoch)
{
    Threadline__Acd__V1__GatheredRequest q = THREADLINE__ACD__V1__GATHERED_REQUEST__INIT;

    q.epoch = epoch;
    return ask(w, "gathered", &q);
}

static int comes_back(struct world *w, const char *id, tl_dur waited)
{
    Threadline__Acd__V1__EnqueueRequest q = contact(id);

    q.enqueued_at_us = tl_clock_wall() - waited;
    return ask(w, "enqueue", &q);
}

/* The owner dies with its store; who takes over next gathers for so long. */
static void lose_everything(struct world *w, tl_dur gather)
{
    handlers_free(w->h);
    store_memory_flush(w->store);
    w->gather = gather;
    w->h = join(w, "three");
    assert_true(handlers_own(w->h));
}

static void places_are_kept_when_store_and_owner_are_lost_together(void **state)
{
    struct world *w = *state;
    tl_time since;

    assert_int_equal(gathering(w), 0);
    lose_everything(w, TL_SEC(60));
    since = gathering(w);
    assert_true(since && since <= tl_clock_wall());
    assert_int_equal(set_agent(w, "a1", true), 0);
    assert_int_equal(comes_back(w, "C2", TL_SEC(5)), 0); /* first of those who come back */
    assert_int_equal(w->n_offers, 0);
    /* the next owner finds half of them, and awaits the rest, too */
    handlers_free(w->h);
    store_memory_end_lease(w->store);
    w->h = join(w, "four");
    assert_true(llabs(gathering(w) - since) < TL_MSEC(1)); /* two clocks were read for it */
    assert_int_equal(comes_back(w, "C1", TL_SEC(60)), 0);
    assert_int_equal(say_gathered(w, w->epoch - 1), 409);
    assert_int_equal(w->n_offers, 0);
    assert_int_equal(say_gathered(w, w->epoch), 0);
    assert_int_equal(w->n_offers, 1);
    assert_string_equal(state_of(w, "C1"), "offered a1");
    assert_string_equal(state_of(w, "C2"), "waiting ");
    assert_int_equal(gathering(w), 0);
    /* it is over for the next owner as well */
    handlers_free(w->h);
    store_memory_end_lease(w->store);
    w->h = join(w, "five");
    assert_int_equal(gathering(w), 0);
}

static void nobody_is_awaited_for_ever(void **state)
{
    struct world *w = *state;

    lose_everything(w, TL_SEC(2));
    assert_int_equal(set_agent(w, "a1", true), 0);
    assert_int_equal(comes_back(w, "C1", TL_SEC(5)), 0);
    assert_int_equal(w->n_offers, 0);
    /* flushed once more: who gathers says so again */
    store_memory_flush(w->store);
    assert_int_equal(comes_back(w, "C2", TL_SEC(4)), 0);
    assert_int_equal(store_memory_count(w->store, 'a'), 2); /* a1, and that it gathers */
    for (tl_time end = tl_clock_mono() + TL_SEC(5); !w->n_offers && tl_clock_mono() < end;)
        turn(w);
    assert_int_equal(w->n_offers, 1);
    assert_string_equal(state_of(w, "C1"), "offered a1");
    assert_int_equal(store_memory_count(w->store, 'a'), 1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(from_enqueue_to_ready_again),
        STORY(nothing_is_said_before_the_commit),
        STORY(a_standby_takes_over_and_the_late_owner_is_refused),
        STORY(a_standby_is_ready_while_it_asks),
        STORY(who_spoke_with_the_customer_is_known_after_a_take_over),
        STORY(a_flushed_store_is_written_again),
        STORY(places_are_kept_when_store_and_owner_are_lost_together),
        STORY(nobody_is_awaited_for_ever),
        STORY(a_queue_closed_by_hand_stays_closed),
        STORY(heartbeats_name_the_unknown),
        STORY(draining_gives_the_partition_back),
        STORY(a_bad_policy_file_keeps_the_old_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
