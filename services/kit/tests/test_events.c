/* Events: Meta and headers are filled in, numbers have no holes, nothing is lost while the bus is
 * broken. */
#include "server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <tl_events.h>

#include "threadline/event/v1/meta.pb-c.h"
#include "threadline/signaling/v1/client.pb-c.h"
#include "threadline/signaling/v1/events.pb-c.h"

#include <cmocka.h>

static struct tl_loop *loop;
static struct tl_bus *bus;

struct got {
    int n;
    uint64_t seqs[16];
    char type[80], subject[100], boot[40], ids[16][40], thread[40], parent[80];
};

static void take(void *arg, const struct tl_msg *m)
{
    struct got *g = arg;
    Threadline__Signaling__V1__SignalingEvent *ev = NULL;

    assert_int_equal(TL_PB_UNPACK(threadline__signaling__v1__signaling_event, m->data, m->n, &ev),
                     0);
    snprintf(g->type, sizeof(g->type), "%s", tl_msg_header(m, "ce_type"));
    snprintf(g->thread, sizeof(g->thread), "%s", tl_msg_header(m, "ce_subject"));
    snprintf(g->parent, sizeof(g->parent), "%s", tl_msg_header(m, "traceparent"));
    snprintf(g->subject, sizeof(g->subject), "%.*s", (int)m->subject.n, m->subject.s);
    snprintf(g->boot, sizeof(g->boot), "%s", ev->meta->boot);
    snprintf(g->ids[g->n], sizeof(g->ids[0]), "%s", ev->meta->event_id);
    assert_string_equal(tl_msg_header(m, "Nats-Msg-Id"), ev->meta->event_id);
    assert_string_equal(tl_msg_header(m, "ce_source"), "signaling.g1");
    assert_true(ev->meta->occurred_at_us > 0);
    assert_string_equal(ev->meta->trace_id, "01563e3ab5d3d6764c61efb99302bd5b");
    g->seqs[g->n++] = ev->meta->seq;
    tl_pb_free(ev);
}

#define CONTACT "01ARZ3NDEKTSV4RRFFQ69G5FAV"

static void emit(struct tl_events *e, int want)
{
    Threadline__Signaling__V1__SessionEnded ended = THREADLINE__SIGNALING__V1__SESSION_ENDED__INIT;
    Threadline__Signaling__V1__SignalingEvent ev = THREADLINE__SIGNALING__V1__SIGNALING_EVENT__INIT;

    ended.session_id = (char *)"s1";
    ev.event_case = THREADLINE__SIGNALING__V1__SIGNALING_EVENT__EVENT_SESSION_ENDED;
    ev.session_ended = &ended;
    assert_int_equal(tl_events_emit(e, &ev.base, "T1", CONTACT, "T1"), want);
    assert_null(ev.meta);
}

static void an_event_carries_meta_and_headers(void **state)
{
    struct tl_events *e = NULL;
    struct got g = {0};
    struct tl_sub *s;

    TL_UNUSED(state);
    assert_int_equal(tl_events_new(&e, bus, "signaling.g1", "tl.events.signaling"), 0);
    tl_bus_subscribe(&s, bus, "tl.events.>", NULL, take, &g);
    emit(e, 0);
    emit(e, 0);
    turn_for(loop, TL_MSEC(10));
    assert_int_equal(g.n, 2);
    assert_string_equal(g.type, "threadline.signaling.v1.SessionEnded");
    assert_string_equal(g.subject, "tl.events.signaling.session_ended.T1");
    assert_string_equal(g.thread, "T1");
    assert_memory_equal(g.parent, "00-01563e3ab5d3d6764c61efb99302bd5b-", 36);
    assert_int_equal(g.seqs[0], 1);
    assert_int_equal(g.seqs[1], 2);
    assert_string_not_equal(g.ids[0], g.ids[1]);
    assert_int_equal(tl_events_waiting(e), 0);
    tl_sub_free(s);
    tl_events_free(e);
}

static void a_broken_bus_delays_and_loses_nothing(void **state)
{
    struct tl_events *e = NULL;
    struct got g = {0};
    struct tl_sub *s;

    TL_UNUSED(state);
    assert_int_equal(tl_events_new(&e, bus, "signaling.g1", "tl.events.signaling"), 0);
    tl_bus_subscribe(&s, bus, "tl.events.>", NULL, take, &g);
    tl_bus_memory_break(bus, true);
    for (int i = 0; i < 5; i++)
        emit(e, 0);
    turn_for(loop, TL_MSEC(300));
    assert_int_equal(g.n, 0);
    assert_int_equal(tl_events_waiting(e), 5);
    tl_bus_memory_break(bus, false);
    for (int i = 0; i < 200 && g.n < 5; i++)
        turn_for(loop, TL_MSEC(10));
    assert_int_equal(g.n, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(g.seqs[i], i + 1);
    turn_for(loop, TL_MSEC(10));
    assert_int_equal(tl_events_waiting(e), 0);
    tl_sub_free(s);
    tl_events_free(e);
}

static void too_many_waiting_are_refused_and_leave_a_hole(void **state)
{
    struct tl_events *e = NULL;

    TL_UNUSED(state);
    tl_bus_memory_break(bus, true);
    assert_int_equal(tl_events_new(&e, bus, "signaling.g1", "tl.events.signaling"), 0);
    for (int i = 0; i < 10000; i++)
        emit(e, 0);
    emit(e, -ENOBUFS);
    assert_int_equal(tl_events_waiting(e), 10000);
    tl_events_free(e);
    tl_bus_memory_break(bus, false);
}

static int start(void **state)
{
    TL_UNUSED(state);
    return tl_loop_new(&loop) || tl_bus_open_memory(&bus, loop);
}

static int stop(void **state)
{
    TL_UNUSED(state);
    turn_for(loop, TL_MSEC(10));
    bus = tl_bus_close(bus);
    turn_for(loop, TL_MSEC(10));
    loop = tl_loop_free(loop);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_event_carries_meta_and_headers, start, stop),
        cmocka_unit_test_setup_teardown(a_broken_bus_delays_and_loses_nothing, start, stop),
        cmocka_unit_test_setup_teardown(too_many_waiting_are_refused_and_leave_a_hole, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
