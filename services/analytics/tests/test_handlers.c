/* Events on a bus in memory, and the board that is published. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <tl_clock.h>
#include <tl_mem.h>
#include <tl_metrics.h>
#include <tl_pb.h>

#include "handlers.h"
#include "threadline/acd/v1/events.pb-c.h"
#include "threadline/acd/v1/supply.pb-c.h"
#include "threadline/signaling/v1/client.pb-c.h"
#include "wire.h"

struct world {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct tl_events *events;
    struct analytics_handlers *handlers;
    struct tl_sub *sub, *jetstream;
    Threadline__Signaling__V1__Board *board; /* the last one published */
    int boards;
    uint64_t seq;
};

static void on_board(void *arg, const struct tl_msg *m)
{
    struct world *w = arg;

    w->board = tl_pb_free(w->board);
    w->boards++;
    assert_int_equal(TL_PB_UNPACK(threadline__signaling__v1__board, m->data, m->n, &w->board), 0);
}

static void wait_ms(struct world *w, int ms)
{
    tl_time end = tl_clock_mono() + TL_MSEC(ms);

    while (tl_clock_mono() < end)
        (void)tl_loop_turn(w->loop);
}

static void on_delete(void *arg, const struct tl_msg *m)
{
    static const char answer[] = "{\"success\":true}";

    (void)tl_bus_reply(((struct world *)arg)->bus, m->reply, answer, sizeof(answer) - 1);
}

static void jetstream_answers(struct world *w)
{
    assert_int_equal(tl_bus_subscribe(&w->jetstream, w->bus,
                                      "$JS.API.CONSUMER.DELETE.EVENTS.analytics-metrics", NULL,
                                      on_delete, w),
                     0);
}

static int set_up_without_jetstream(void **state)
{
    struct world *w = tl_alloc(1, sizeof(*w));

    setenv("TZ", "UTC", 1);
    tl_metrics_reset();
    assert_int_equal(tl_loop_new(&w->loop), 0);
    assert_int_equal(tl_bus_open_memory(&w->bus, w->loop), 0);
    assert_int_equal(tl_events_new(&w->events, w->bus, "analytics", "tl.events.analytics"), 0);
    assert_int_equal(tl_bus_subscribe(&w->sub, w->bus, "tl.analytics.board", NULL, on_board, w), 0);
    assert_int_equal(analytics_handlers_new(&w->handlers, w->loop, w->bus, w->events), 0);
    wait_ms(w, 30);
    *state = w;
    return 0;
}

static int set_up(void **state)
{
    int err = set_up_without_jetstream(state);

    jetstream_answers(*state);
    wait_ms(*state, 1100); /* it is asked again */
    return err;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    analytics_handlers_free(w->handlers);
    tl_events_free(w->events);
    tl_sub_free(w->sub);
    tl_sub_free(w->jetstream);
    wait_ms(w, 10);
    tl_bus_close(w->bus);
    tl_loop_free(w->loop);
    tl_pb_free(w->board);
    tl_free(w);
    return 0;
}

static void on_stored(void *arg, int err)
{
    TL_UNUSED(arg);
    assert_int_equal(err, 0);
}

static void tell(struct world *w, Threadline__Acd__V1__AcdEvent *e, const char *contact)
{
    Threadline__Event__V1__Meta meta = THREADLINE__EVENT__V1__META__INIT;
    struct tl_id id = tl_id_new();
    struct tl_buf out = TL_BUF(4096);
    char acd[] = "acd", boot[] = "BOOT";

    meta.event_id = id.s;
    meta.contact_id = (char *)(uintptr_t)contact;
    meta.producer = acd;
    meta.boot = boot;
    meta.seq = ++w->seq;
    meta.occurred_at_us = tl_clock_wall();
    e->meta = &meta;
    assert_int_equal(tl_pb_pack(e, &out), 0);
    assert_int_equal(
        tl_bus_store(w->bus, "tl.events.acd.story.t", id.s, NULL, 0, out.p, out.n, on_stored, w),
        0);
    tl_buf_done(&out);
}

static void queued(struct world *w, const char *contact)
{
    Threadline__Acd__V1__AcdEvent e = THREADLINE__ACD__V1__ACD_EVENT__INIT;
    Threadline__Acd__V1__ContactQueued q = THREADLINE__ACD__V1__CONTACT_QUEUED__INIT;
    char sales[] = "sales";

    q.queue = sales;
    e.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_QUEUED;
    e.contact_queued = &q;
    tell(w, &e, contact);
}

static void dequeued(struct world *w, const char *contact, const char *cause, int64_t waited_ms)
{
    Threadline__Acd__V1__AcdEvent e = THREADLINE__ACD__V1__ACD_EVENT__INIT;
    Threadline__Acd__V1__ContactDequeued d = THREADLINE__ACD__V1__CONTACT_DEQUEUED__INIT;

    d.cause = (char *)(uintptr_t)cause;
    d.waited_ms = waited_ms;
    e.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_DEQUEUED;
    e.contact_dequeued = &d;
    tell(w, &e, contact);
}

static void agent(struct world *w, const char *id,
                  Threadline__Signaling__V1__AgentPresence presence)
{
    Threadline__Acd__V1__AcdEvent e = THREADLINE__ACD__V1__ACD_EVENT__INIT;
    Threadline__Acd__V1__AgentStateChanged a = THREADLINE__ACD__V1__AGENT_STATE_CHANGED__INIT;
    char sales[] = "sales", name[] = "Agent", *queues[] = {sales};

    a.agent_id = (char *)(uintptr_t)id;
    a.presence = presence;
    a.display_name = name;
    a.queues = queues;
    a.n_queues = 1;
    e.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_AGENT_STATE_CHANGED;
    e.agent_state_changed = &a;
    tell(w, &e, "");
}

static void the_board_follows_the_events(void **state)
{
    struct world *w = *state;

    agent(w, "agent-1", THREADLINE__SIGNALING__V1__AGENT_PRESENCE__AGENT_PRESENCE_READY);
    queued(w, "c1");
    queued(w, "c2");
    queued(w, "c3");
    dequeued(w, "c2", "customer_left", 9000);
    dequeued(w, "c3", "no_staff", 9000); /* our doing: no abandon */
    wait_ms(w, 400);
    assert_non_null(w->board);
    assert_int_equal(w->board->n_queues, 1);
    assert_string_equal(w->board->queues[0]->queue, "sales");
    assert_int_equal(w->board->queues[0]->waiting, 1);
    assert_int_equal(w->board->queues[0]->offered, 3);
    assert_int_equal(w->board->queues[0]->abandoned, 1);
    assert_int_equal(w->board->queues[0]->staffed, 1);
    assert_int_equal(w->board->queues[0]->idle, 1);
    assert_int_equal(w->board->queues[0]->expected_wait_ms, -1);
    assert_int_equal(w->board->n_agents, 1);
    assert_string_equal(w->board->agents[0]->display_name, "Agent");
    assert_int_equal(w->board->total->waiting, 1);
    assert_string_equal(w->board->total->service_level_formula, ANALYTICS_SL_FORMULA);
}

/* Else the old consumer goes on in the middle, and the board never learns what was before. */
static void nothing_is_read_before_the_old_consumer_is_gone(void **state)
{
    struct world *w = *state;

    queued(w, "c1");
    wait_ms(w, 1300);
    assert_non_null(w->board);
    assert_int_equal(w->board->n_queues, 0);
    jetstream_answers(w);
    wait_ms(w, 1500);
    assert_int_equal(w->board->total->waiting, 1);
}

static void only_the_customer_abandons(void **state)
{
    static const char *const ours[] = {"no_staff", "max_wait", "closed", "interflow:p1"};
    struct world *w = *state;
    Threadline__Acd__V1__AcdEvent e = THREADLINE__ACD__V1__ACD_EVENT__INIT;
    Threadline__Acd__V1__SeatAsked asked = THREADLINE__ACD__V1__SEAT_ASKED__INIT;
    char sales[] = "sales";

    for (size_t i = 0; i < TL_LEN(ours); i++) {
        char contact[8];

        snprintf(contact, sizeof(contact), "o%zu", i);
        queued(w, contact);
        dequeued(w, contact, ours[i], 9000);
    }
    queued(w, "c1");
    asked.queue = sales; /* an agent wants advice: nobody came, nobody waits */
    e.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_SEAT_ASKED;
    e.seat_asked = &asked;
    tell(w, &e, "c1");
    wait_ms(w, 400);
    assert_int_equal(w->board->queues[0]->offered, 5);
    assert_int_equal(w->board->queues[0]->waiting, 1);
    assert_int_equal(w->board->queues[0]->abandoned, 0);
}

static void the_board_is_told_once_a_second_and_at_most_four_times(void **state)
{
    struct world *w = *state;
    tl_time began;
    int before;

    wait_ms(w, 300);
    before = w->boards;
    began = tl_clock_mono();
    wait_ms(w, 2100); /* nothing happens */
    assert_in_range(w->boards - before, 1, 1 + (tl_clock_mono() - began) / TL_MSEC(750));
    before = w->boards;
    began = tl_clock_mono();
    for (int i = 0; i < 100; i++) { /* a busy machine may take longer for it */
        char contact[16];

        snprintf(contact, sizeof(contact), "c%d", i);
        queued(w, contact);
        wait_ms(w, 10);
    }
    assert_in_range(w->boards - before, 2, 1 + (tl_clock_mono() - began) / TL_MSEC(250));
}

static void the_acds_expected_waits_and_their_error_are_shown(void **state)
{
    struct world *w = *state;
    Threadline__Acd__V1__Supply m = THREADLINE__ACD__V1__SUPPLY__INIT;
    Threadline__Acd__V1__QueueSupply q[2], *rows[2] = {&q[0], &q[1]};
    struct tl_buf out = TL_BUF(1024);
    char sales[] = "sales", travel[] = "travel";

    threadline__acd__v1__queue_supply__init(&q[0]);
    q[0].queue = sales;
    q[0].expected_wait_ms = 42000;
    q[0].forecast_error = 0.9;
    q[0].forecasts = 30;
    q[0].forecast_error_long = 0.5;
    q[0].forecasts_long = 10;
    threadline__acd__v1__queue_supply__init(&q[1]);
    q[1].queue = travel;
    q[1].forecast_error = 0.5;
    q[1].forecasts = 10;
    m.queues = rows;
    m.n_queues = 2;
    assert_int_equal(tl_pb_pack(&m, &out), 0);
    assert_int_equal(tl_bus_publish(w->bus, "tl.acd.supply", out.p, out.n), 0);
    assert_int_equal(tl_bus_publish(w->bus, "tl.acd.supply", "\xff", 1), 0); /* junk: counted */
    tl_buf_done(&out);
    wait_ms(w, 400);
    assert_int_equal(w->board->queues[0]->expected_wait_ms, 42000);
    assert_float_equal(w->board->queues[0]->forecast_error, 0.9, 1e-9);
    assert_int_equal(w->board->queues[0]->forecasts, 30);
    assert_float_equal(w->board->queues[0]->forecast_error_long, 0.5, 1e-9);
    assert_int_equal(w->board->queues[0]->forecasts_long, 10);
    assert_float_equal(w->board->total->forecast_error, 0.8, 1e-9);
    assert_int_equal(w->board->total->forecasts, 40);
    assert_float_equal(w->board->total->forecast_error_long, 0.5, 1e-9);
}

static void a_broken_bus_is_not_the_end(void **state)
{
    struct world *w = *state;

    tl_bus_memory_break(w->bus, true);
    wait_ms(w, 600);
    tl_bus_memory_break(w->bus, false);
    queued(w, "c1");
    wait_ms(w, 1400);
    assert_non_null(w->board);
    assert_int_equal(w->board->total->waiting, 1);
}

static void subjects_name_service_and_key(void **state)
{
    static const struct {
        const char *subject, *service, *key;
    } cases[] = {
        {"tl.events.acd.contact_queued.T1", "acd", "T1"},
        {"tl.events.acd.agent_state_changed.agent.with.dots", "acd", "agent.with.dots"},
        {"tl.events.media.leg_up.-", "media", ""},
        {"tl.clicks.page_viewed.V1", "clickstream", "V1"},
        {"tl.events.acd", "acd", ""},
        {"tl.other.acd.x.y", "", ""},
        {"", "", ""},
    };

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(cases); i++) {
        struct tl_str s = tl_str(cases[i].subject);

        assert_true(tl_str_eq(analytics_wire_service(s), tl_str(cases[i].service)));
        if (cases[i].service[0])
            assert_true(tl_str_eq(analytics_wire_key(s), tl_str(cases[i].key)));
    }
}

static void midnight_is_midnight_of_the_zone(void **state)
{
    TL_UNUSED(state);
    setenv("TZ", "UTC", 1);
    assert_int_equal(analytics_midnight(TL_SEC(1700000000)), TL_SEC(1699920000));
    setenv("TZ", "EST5", 1); /* 2023-11-14 17:13 there: the day began at 05:00 UTC */
    assert_int_equal(analytics_midnight(TL_SEC(1700000000)), TL_SEC(1699938000));
    setenv("TZ", "UTC", 1);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_board_follows_the_events),
        cmocka_unit_test_setup_teardown(nothing_is_read_before_the_old_consumer_is_gone,
                                        set_up_without_jetstream, tear_down),
        STORY(only_the_customer_abandons),
        STORY(the_board_is_told_once_a_second_and_at_most_four_times),
        STORY(the_acds_expected_waits_and_their_error_are_shown),
        STORY(a_broken_bus_is_not_the_end),
        cmocka_unit_test(subjects_name_service_and_key),
        cmocka_unit_test(midnight_is_midnight_of_the_zone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
