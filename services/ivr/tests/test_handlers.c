/* StartFlow on the bus in memory: the answer, what is told, and what junk gets. */
#include "flow_file.h"
#include "handlers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <tl_events.h>
#include <tl_log.h>
#include <tl_loop.h>
#include <tl_mem.h>
#include <tl_metrics.h>
#include <tl_pb.h>

#include <cmocka.h>

#include <threadline/ivr/v1/commands.pb-c.h>
#include <threadline/ivr/v1/events.pb-c.h>

static const char text[] = "flow: web\nstart: hi\nsteps:\n"
                           "  hi: {say: welcome, next: q}\n  q: {enqueue: {queue: sales}}\n";
static const char other[] = "flow: shut\nstart: bye\nsteps:\n"
                            "  bye: {close: {cause: closed, message: Bye}}\n";

struct world {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct tl_events *events;
    struct ivr *ivr;
    struct tl_sub *subs[2];
    int told, code;
    uint64_t seq;
    Threadline__Ivr__V1__StartFlowResponse *answer;
};

static struct world w;

static void on_answer(void *arg, const struct tl_reply *r)
{
    TL_UNUSED(arg);
    w.code = r->err == -EREMOTEIO ? r->code : r->err;
    w.answer = tl_pb_free(w.answer);
    if (!r->err)
        assert_int_equal(
            TL_PB_UNPACK(threadline__ivr__v1__start_flow_response, r->data, r->n, &w.answer), 0);
}

static void on_event(void *arg, const struct tl_msg *m)
{
    Threadline__Ivr__V1__IvrEvent *e = NULL;

    TL_UNUSED(arg);
    assert_int_equal(TL_PB_UNPACK(threadline__ivr__v1__ivr_event, m->data, m->n, &e), 0);
    assert_int_equal(e->meta->seq, ++w.seq);
    assert_string_equal(e->meta->contact_id, "c1");
    w.told++;
    tl_pb_free(e);
}

static struct ivr_flow *flow(const char *yaml)
{
    struct ivr_flow *f = NULL;
    struct tl_buf why = TL_BUF(4096);

    assert_int_equal(ivr_flow_parse(&f, tl_str(yaml), "test", &why), 0);
    tl_buf_done(&why);
    return f;
}

static int setup(void **state)
{
    TL_UNUSED(state);
    w = (struct world){0};
    assert_int_equal(tl_loop_new(&w.loop), 0);
    assert_int_equal(tl_bus_open_memory(&w.bus, w.loop), 0);
    assert_int_equal(tl_events_new(&w.events, w.bus, "ivr", "tl.events.ivr"), 0);
    assert_int_equal(ivr_new(&w.ivr, w.bus, w.events, flow(text)), 0);
    assert_int_equal(tl_bus_subscribe(&w.subs[0], w.bus, "tl.events.ivr.>", NULL, on_event, NULL),
                     0);
    return 0;
}

static int teardown(void **state)
{
    TL_UNUSED(state);
    tl_pb_free(w.answer);
    ivr_free(w.ivr);
    tl_events_free(w.events);
    tl_sub_free(w.subs[0]);
    tl_bus_close(w.bus);
    tl_loop_free(w.loop);
    return 0;
}

static void ask_raw(const char *method, const void *data, size_t n)
{
    w.code = -1;
    assert_int_equal(tl_bus_request(w.bus, method, data, n, 0, 1, on_answer, NULL), 0);
    for (int i = 0; i < 30; i++)
        (void)tl_loop_turn(w.loop);
}

static void ask(int channel)
{
    Threadline__Ivr__V1__StartFlowRequest m = THREADLINE__IVR__V1__START_FLOW_REQUEST__INIT;
    struct tl_buf b = TL_BUF(4096);

    m.contact_id = "c1";
    m.thread_id = "t1";
    m.channel = (Threadline__Common__V1__Channel)channel;
    m.section = "checkout";
    assert_int_equal(tl_pb_pack(&m, &b), 0);
    ask_raw("tl.cmd.ivr.start_flow", b.p, b.n);
    tl_buf_done(&b);
}

static void a_contact_is_told_where_to_go(void **state)
{
    TL_UNUSED(state);
    ask(1);
    assert_int_equal(w.code, 0);
    assert_int_equal(w.answer->next_case, THREADLINE__IVR__V1__START_FLOW_RESPONSE__NEXT_ENQUEUE);
    assert_string_equal(w.answer->enqueue->queue, "sales");
    assert_string_equal(w.answer->announcements[0], "welcome");
    assert_int_equal(w.told, 4); /* started, hi, q, finished */
    ask(1);
    assert_string_equal(w.answer->enqueue->queue, "sales");
    assert_int_equal(w.told, 4); /* a repeat is not told again */
}

static void a_new_flow_holds_for_the_next_contact(void **state)
{
    TL_UNUSED(state);
    ivr_set_flow(w.ivr, flow(other));
    ask(3);
    assert_int_equal(w.answer->next_case, THREADLINE__IVR__V1__START_FLOW_RESPONSE__NEXT_CLOSE);
    assert_string_equal(w.answer->close->message, "Bye");
}

static void junk_harms_nobody(void **state)
{
    double before = tl_metric_value(
        tl_counter("tl_ivr_bad_input_total", "edge=\"nats\",class=\"malformed\"", ""));

    TL_UNUSED(state);
    ask_raw("tl.cmd.ivr.start_flow", "\xff\xff\xff", 3);
    assert_int_equal(w.code, 400);
    ask_raw("tl.cmd.ivr.start_flow", "", 0);
    assert_int_equal(w.code, 422);
    ask_raw("tl.cmd.ivr.dance", "", 0);
    assert_int_equal(w.code, 404);
    ask(4);
    assert_int_equal(w.code, 422); /* the telephone has no rendering yet */
    assert_true(tl_metric_value(tl_counter("tl_ivr_bad_input_total",
                                           "edge=\"nats\",class=\"malformed\"", "")) > before);
    ask(1);
    assert_int_equal(w.code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_contact_is_told_where_to_go, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_flow_holds_for_the_next_contact, setup, teardown),
        cmocka_unit_test_setup_teardown(junk_harms_nobody, setup, teardown),
    };

    tl_log_setup("ivr", TL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
