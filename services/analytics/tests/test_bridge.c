/* From a stream in memory to a Kafka in memory that can be slow, full or wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <tl_clock.h>
#include <tl_mem.h>
#include <tl_metrics.h>
#include <tl_pb.h>

#include "bridge.h"
#include "threadline/acd/v1/events.pb-c.h"

#define MAX 64

struct record {
    char topic[64], key[64], ce_id[64];
    size_t n;
    tl_kafka_fn *fn;
    void *arg;
};

struct world {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct analytics_bridge *bridge;
    struct record records[MAX]; /* what Kafka was given, in order */
    size_t n_records, n_confirmed;
    bool full, slow;
    int stored;
    char dead_reason[64];
    struct tl_sub *dead, *jetstream;
};

static int sink_send(void *arg, const char *topic, const char *key, const struct tl_header *headers,
                     size_t n_headers, const void *data, size_t n, tl_kafka_fn *fn, void *fn_arg)
{
    struct world *w = arg;
    struct record *r = &w->records[w->n_records];

    TL_UNUSED(data);
    if (w->full)
        return -ENOBUFS;
    assert_true(w->n_records < MAX);
    w->n_records++;
    *r = (struct record){.n = n, .fn = fn, .arg = fn_arg};
    tl_str_put(r->topic, sizeof(r->topic), tl_str(topic));
    tl_str_put(r->key, sizeof(r->key), tl_str(key));
    for (size_t i = 0; i < n_headers; i++) {
        assert_int_not_equal(strncmp(headers[i].name, "Nats-", 5), 0);
        if (strcmp(headers[i].name, "ce_id") == 0)
            tl_str_put(r->ce_id, sizeof(r->ce_id), tl_str(headers[i].value));
    }
    return 0;
}

static void confirm(struct world *w, int err)
{
    while (w->n_confirmed < w->n_records) {
        struct record *r = &w->records[w->n_confirmed++];

        r->fn(r->arg, err, 0, (int64_t)w->n_confirmed);
    }
}

static void turn(struct world *w)
{
    for (int i = 0; i < 100; i++) {
        (void)tl_loop_turn(w->loop);
        if (!w->slow)
            confirm(w, 0);
    }
}

static void wait_ms(struct world *w, int ms)
{
    tl_time end = tl_clock_mono() + TL_MSEC(ms);

    while (tl_clock_mono() < end)
        turn(w);
}

static void on_dead(void *arg, const struct tl_msg *m)
{
    struct world *w = arg;

    /* The memory bus has one stream for all subjects: it gives us the dead letters to read as well.
     */
    if (!tl_str_starts(m->subject, TL_STR("tl.dlq.tl.dlq.")))
        tl_str_put(w->dead_reason, sizeof(w->dead_reason), tl_str(tl_msg_header(m, "Tl-Reason")));
}

static void on_info(void *arg, const struct tl_msg *m)
{
    static const char answer[] = "{\"num_ack_pending\":0}";

    (void)tl_bus_reply(((struct world *)arg)->bus, m->reply, answer, sizeof(answer) - 1);
}

static void jetstream_answers(struct world *w)
{
    assert_int_equal(tl_bus_subscribe(&w->jetstream, w->bus,
                                      "$JS.API.CONSUMER.INFO.EVENTS.analytics-kafka", NULL, on_info,
                                      w),
                     0);
}

static int set_up(void **state)
{
    struct world *w = tl_alloc(1, sizeof(*w));
    struct analytics_sink sink = {sink_send, w};
    struct analytics_bridge_opts opts = {"EVENTS", "analytics-kafka", 1000};

    tl_metrics_reset();
    assert_int_equal(tl_loop_new(&w->loop), 0);
    assert_int_equal(tl_bus_open_memory(&w->bus, w->loop), 0);
    assert_int_equal(tl_bus_subscribe(&w->dead, w->bus, "tl.dlq.>", NULL, on_dead, w), 0);
    assert_int_equal(analytics_bridge_new(&w->bridge, w->loop, w->bus, &sink, &opts), 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    confirm(w, -ECANCELED);
    analytics_bridge_free(w->bridge);
    tl_sub_free(w->dead);
    tl_sub_free(w->jetstream);
    turn(w);
    tl_bus_close(w->bus);
    tl_loop_free(w->loop);
    tl_free(w);
    return 0;
}

static void on_stored(void *arg, int err)
{
    assert_int_equal(err, 0);
    ((struct world *)arg)->stored++;
}

static void store(struct world *w, const char *subject, const char *id, const char *msg_id)
{
    Threadline__Acd__V1__AcdEvent e = THREADLINE__ACD__V1__ACD_EVENT__INIT;
    Threadline__Acd__V1__ContactQueued q = THREADLINE__ACD__V1__CONTACT_QUEUED__INIT;
    Threadline__Event__V1__Meta meta = THREADLINE__EVENT__V1__META__INIT;
    const struct tl_header headers[] = {{"ce_id", id}};
    struct tl_buf out = TL_BUF(4096);
    char acd[] = "acd", boot[] = "BOOT";

    meta.event_id = (char *)(uintptr_t)id;
    meta.producer = acd;
    meta.boot = boot;
    meta.seq = 1;
    meta.occurred_at_us = 1;
    e.meta = &meta;
    e.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_QUEUED;
    e.contact_queued = &q;
    assert_int_equal(tl_pb_pack(&e, &out), 0);
    assert_int_equal(tl_bus_store(w->bus, subject, msg_id, headers, 1, out.p, out.n, on_stored, w),
                     0);
    tl_buf_done(&out);
    turn(w);
}

static void start(struct world *w)
{
    jetstream_answers(w);
    analytics_bridge_start(w->bridge);
    wait_ms(w, 20);
}

static void an_event_becomes_one_record_with_its_key(void **state)
{
    struct world *w = *state;

    start(w);
    store(w, "tl.events.acd.contact_queued.thread-7", "E1", "E1");
    store(w, "tl.events.acd.contact_queued.-", "E2", "E2");
    wait_ms(w, 20);
    assert_int_equal(w->n_records, 2);
    assert_string_equal(w->records[0].topic, "threadline.acd.v1");
    assert_string_equal(w->records[0].key, "thread-7");
    assert_string_equal(w->records[0].ce_id, "E1");
    assert_string_equal(w->records[1].key, "E2"); /* no thread: the event itself */
    assert_int_equal(analytics_bridge_held(w->bridge), 0);
}

/* What an earlier life left unconfirmed must come before newer events. */
static void nothing_is_read_before_it_is_known_what_an_earlier_life_left(void **state)
{
    struct world *w = *state;

    analytics_bridge_start(w->bridge);
    store(w, "tl.events.acd.contact_queued.t", "E1", "E1");
    wait_ms(w, 50);
    assert_int_equal(w->n_records, 0);
    jetstream_answers(w);
    wait_ms(w, 1200);
    assert_int_equal(w->n_records, 1);
}

static void what_came_twice_is_told_once(void **state)
{
    struct world *w = *state;

    start(w);
    w->slow = true;
    store(w, "tl.events.acd.contact_queued.t", "E1", "m1");
    store(w, "tl.events.acd.contact_queued.t", "E1", "m2"); /* while the first is under way */
    wait_ms(w, 20);
    assert_int_equal(w->n_records, 1);
    w->slow = false;
    wait_ms(w, 20);
    store(w, "tl.events.acd.contact_queued.t", "E1", "m3"); /* and after it is stored */
    wait_ms(w, 20);
    assert_int_equal(w->n_records, 1);
    assert_int_equal(analytics_bridge_held(w->bridge), 0);
}

static void what_kafka_had_before_a_crash_is_not_told_again(void **state)
{
    struct world *w = *state;

    analytics_bridge_known(w->bridge, TL_STR("E1"));
    start(w);
    store(w, "tl.events.acd.contact_queued.t", "E1", "E1");
    store(w, "tl.events.acd.contact_queued.t", "E2", "E2");
    wait_ms(w, 20);
    assert_int_equal(w->n_records, 1);
    assert_string_equal(w->records[0].ce_id, "E2");
}

static void while_kafka_is_full_events_wait_in_order(void **state)
{
    struct world *w = *state;
    char id[16];

    start(w);
    w->full = true;
    for (int i = 0; i < 10; i++) {
        snprintf(id, sizeof(id), "E%d", i);
        store(w, "tl.events.acd.contact_queued.t", id, id);
    }
    wait_ms(w, 80);
    assert_int_equal(w->n_records, 0);
    assert_int_equal(analytics_bridge_held(w->bridge), 10);
    w->full = false;
    store(w, "tl.events.acd.contact_queued.t", "E10", "E10"); /* may not overtake */
    wait_ms(w, 120);
    assert_int_equal(w->n_records, 11);
    for (int i = 0; i < 11; i++) {
        snprintf(id, sizeof(id), "E%d", i);
        assert_string_equal(w->records[i].ce_id, id);
    }
    assert_int_equal(analytics_bridge_held(w->bridge), 0);
}

static void a_record_that_failed_goes_again(void **state)
{
    struct world *w = *state;

    start(w);
    w->slow = true;
    store(w, "tl.events.acd.contact_queued.t", "E1", "E1");
    wait_ms(w, 20);
    confirm(w, -EIO);
    assert_int_equal(analytics_bridge_held(w->bridge), 1);
    w->slow = false;
    wait_ms(w, 1100);
    assert_int_equal(w->n_records, 2);
    assert_int_equal(analytics_bridge_held(w->bridge), 0);
}

static void junk_goes_to_the_dead_letters_and_the_rest_goes_on(void **state)
{
    static const struct {
        const char *subject, *data, *reason;
    } junk[] = {
        {"tl.events.acd.x.t", "\xff\xff\xff", "not a message of its schema"},
        {"tl.events.acd.x.t", "", "no event in its envelope"},
        {"tl.events.elsewhere.x.t", "", "no service of ours"},
        {"tl.events.acd.x.t", "\x52\x00", "its header (meta) is missing or incomplete"},
    };
    struct world *w = *state;
    char id[16];

    start(w);
    for (size_t i = 0; i < TL_LEN(junk); i++) {
        size_t n = i == 3 ? 2 : strlen(junk[i].data);

        w->dead_reason[0] = '\0';
        snprintf(id, sizeof(id), "J%zu", i);
        assert_int_equal(
            tl_bus_store(w->bus, junk[i].subject, id, NULL, 0, junk[i].data, n, on_stored, w), 0);
        wait_ms(w, 20);
        assert_string_equal(w->dead_reason, junk[i].reason);
    }
    store(w, "tl.events.acd.contact_queued.t", "E1", "E1");
    wait_ms(w, 20);
    assert_int_equal(w->n_records, 1);
}

static void a_bridge_that_is_leaving_takes_nothing_new(void **state)
{
    struct world *w = *state;

    start(w);
    w->slow = true;
    store(w, "tl.events.acd.contact_queued.t", "E1", "E1");
    wait_ms(w, 20);
    analytics_bridge_quiesce(w->bridge);
    store(w, "tl.events.acd.contact_queued.t", "E2", "E2");
    wait_ms(w, 20);
    assert_int_equal(w->n_records, 1);
    w->slow = false;
    wait_ms(w, 20);
    assert_int_equal(analytics_bridge_held(w->bridge), 0);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(an_event_becomes_one_record_with_its_key),
        STORY(nothing_is_read_before_it_is_known_what_an_earlier_life_left),
        STORY(what_came_twice_is_told_once),
        STORY(what_kafka_had_before_a_crash_is_not_told_again),
        STORY(while_kafka_is_full_events_wait_in_order),
        STORY(a_record_that_failed_goes_again),
        STORY(junk_goes_to_the_dead_letters_and_the_rest_goes_on),
        STORY(a_bridge_that_is_leaving_takes_nothing_new),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
