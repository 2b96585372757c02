/*
 * One contract for both buses: memory and NATS.  Then what only the real one can show: a killed
 * server, a requester that comes before its responder, redelivery and dead letters.
 */
#include "server.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <tl_bus.h>

#include <cmocka.h>

static struct server nats;
static struct tl_loop *loop;
static struct tl_bus *bus;
static pthread_t loop_thread;

struct got {
    int n, err, code;
    char text[64], reason[64];
};

static void take(void *arg, const struct tl_msg *m)
{
    struct got *g = arg;

    assert_true(pthread_equal(pthread_self(), loop_thread));
    g->n++;
    snprintf(g->text, sizeof(g->text), "%.*s", (int)m->n, (const char *)m->data);
    if (tl_msg_header(m, "x-colour"))
        snprintf(g->reason, sizeof(g->reason), "%s", tl_msg_header(m, "X-Colour"));
}

static void answer(void *arg, const struct tl_msg *m)
{
    TL_UNUSED(arg);
    if (m->n == 3 && memcmp(m->data, "bad", 3) == 0)
        tl_bus_refuse(bus, m->reply, 409, "old epoch");
    else
        tl_bus_reply(bus, m->reply, m->data, m->n);
}

static void replied(void *arg, const struct tl_reply *r)
{
    struct got *g = arg;

    g->n++;
    g->err = r->err;
    g->code = r->code;
    snprintf(g->text, sizeof(g->text), "%.*s", (int)r->n, r->n ? (const char *)r->data : "");
    snprintf(g->reason, sizeof(g->reason), "%s", r->reason ? r->reason : "");
}

static void stored(void *arg, int err)
{
    struct got *g = arg;

    g->n++;
    g->err = err;
}

static void flag_up(void *arg)
{
    ++*(int *)arg;
}

/* ---- the contract --------------------------------------------------------------------------- */

static void a_message_reaches_every_subscriber_and_one_of_a_group(void **state)
{
    struct got plain = {0}, one = {0}, other = {0}, elsewhere = {0};
    struct tl_sub *s[4];
    const struct tl_header h = {"X-Colour", "green"};

    TL_UNUSED(state);
    assert_int_equal(tl_bus_subscribe(&s[0], bus, "t.a.*", NULL, take, &plain), 0);
    assert_int_equal(tl_bus_subscribe(&s[1], bus, "t.a.b", "g", take, &one), 0);
    assert_int_equal(tl_bus_subscribe(&s[2], bus, "t.>", "g2", take, &other), 0);
    assert_int_equal(tl_bus_subscribe(&s[3], bus, "t.a.b.c", NULL, take, &elsewhere), 0);
    assert_int_equal(tl_bus_publish_h(bus, "t.a.b", &h, 1, "hello", 5), 0);
    assert_true(turn_until(loop, &plain.n));
    assert_true(turn_until(loop, &one.n));
    assert_true(turn_until(loop, &other.n));
    turn_for(loop, TL_MSEC(20));
    assert_int_equal(plain.n, 1);
    assert_int_equal(one.n, 1);
    assert_string_equal(plain.text, "hello");
    assert_string_equal(plain.reason, "green");
    assert_int_equal(elsewhere.n, 0);
    for (int i = 0; i < 4; i++)
        tl_sub_free(s[i]);
    assert_int_equal(tl_bus_publish(bus, "t.a.b", "again", 5), 0);
    turn_for(loop, TL_MSEC(30));
    assert_int_equal(plain.n, 1);
}

static void a_request_is_answered_refused_or_times_out(void **state)
{
    struct got g = {0};
    struct tl_sub *s;

    TL_UNUSED(state);
    assert_int_equal(tl_bus_subscribe(&s, bus, "t.cmd", "svc", answer, NULL), 0);
    assert_int_equal(tl_bus_request(bus, "t.cmd", "42", 2, 0, 0, replied, &g), 0);
    assert_int_equal(g.n, 0); /* never inside the call */
    assert_true(turn_until(loop, &g.n));
    assert_int_equal(g.err, 0);
    assert_string_equal(g.text, "42");

    g = (struct got){0};
    assert_int_equal(tl_bus_request(bus, "t.cmd", "bad", 3, 0, 0, replied, &g), 0);
    assert_true(turn_until(loop, &g.n));
    assert_int_equal(g.err, -EREMOTEIO);
    assert_int_equal(g.code, 409);
    assert_string_equal(g.reason, "old epoch");
    tl_sub_free(s);

    g = (struct got){0};
    assert_int_equal(tl_bus_request(bus, "t.nobody", "x", 1, TL_MSEC(50), 2, replied, &g), 0);
    assert_true(turn_until(loop, &g.n));
    assert_int_equal(g.err, -EAGAIN);
    assert_int_equal(g.n, 1);
}

static void too_large_a_message_is_refused(void **state)
{
    static char big[256 * 1024 + 1];
    struct got g = {0};

    TL_UNUSED(state);
    assert_int_equal(tl_bus_publish(bus, "t.big", big, sizeof(big)), -EMSGSIZE);
    assert_int_equal(tl_bus_request(bus, "t.big", big, sizeof(big), 0, 0, replied, &g), -EMSGSIZE);
}

/* What a consumer got, and what it should say to it. */
struct seen {
    struct tl_consumer *c;
    int n, retries, poison_text, mute;
    uint64_t last_deliveries;
    char order[64], subject[64];
};

static void consume(void *arg, const struct tl_msg *m, uint64_t token)
{
    struct seen *s = arg;
    char c = *(const char *)m->data;

    s->n++;
    s->last_deliveries = m->deliveries;
    s->order[strlen(s->order)] = c;
    if (s->mute)
        return;
    if (s->poison_text && c == 'p')
        tl_consumer_poison(s->c, token, "not for us");
    else if (c == 'r' && s->retries-- > 0)
        tl_consumer_retry(s->c, token);
    else
        tl_consumer_ack(s->c, token);
    snprintf(s->subject, sizeof(s->subject), "%s", m->subject.s); /* good until we return */
}

/* Stores again what JetStream does not have yet, as callers do: it comes up after the server's
 * port. */
static void put(const char *subject, const char *id, const char *text)
{
    struct got g = {.err = -EAGAIN};

    for (int i = 0; i < 50 && g.err == -EAGAIN; i++) {
        g = (struct got){.err = 1};
        assert_int_equal(tl_bus_store(bus, subject, id, NULL, 0, text, strlen(text), stored, &g),
                         0);
        assert_int_equal(g.n, 0);
        assert_true(turn_until(loop, &g.n));
        if (g.err)
            turn_for(loop, TL_MSEC(100));
    }
    assert_int_equal(g.err, 0);
}

static void a_stored_message_is_consumed_in_order_once_acknowledged(void **state)
{
    struct seen s = {.retries = 3, .poison_text = 1};
    struct got dead = {0};
    struct tl_sub *dlq;
    const struct tl_consume_opts opts = {.stream = "T",
                                         .durable = "d1",
                                         .filter = "t.ev.>",
                                         .ack_wait = TL_SEC(1),
                                         .max_deliver = 2};

    TL_UNUSED(state);
    put("t.ev.a", "1", "a");
    put("t.ev.b", "2", "b");
    put("t.ev.b", "2", "b"); /* a repeated id is stored once */
    assert_int_equal(tl_bus_subscribe(&dlq, bus, "tl.dlq.>", NULL, take, &dead), 0);
    assert_int_equal(tl_bus_consume(&s.c, bus, &opts, consume, &s), 0);
    for (int i = 0; i < 400 && s.n < 2; i++)
        turn_for(loop, TL_MSEC(5));
    assert_string_equal(s.order, "ab");
    assert_string_equal(s.subject, "t.ev.b"); /* not the inbox it came by */
    /* Three times "not now", which is longer than ack_wait: it comes again each time, is not
     * delivered anew, and does not become poison. */
    put("t.ev.r", "3", "r");
    for (int i = 0; i < 1600 && s.n < 6; i++)
        turn_for(loop, TL_MSEC(5));
    turn_for(loop, TL_MSEC(50));
    assert_string_equal(s.order, "abrrrr");
    assert_int_equal(s.last_deliveries, 1);
    assert_int_equal(dead.n, 0);
    put("t.ev.p", "4", "poison");
    assert_true(turn_until(loop, &dead.n));
    assert_string_equal(dead.text, "poison");
    assert_string_equal(s.order, "abrrrrp");
    tl_consumer_free(s.c);
    tl_sub_free(dlq);
    turn_for(loop, TL_MSEC(20));
}

/* ---- only NATS ---- */

static struct tl_bus_opts nats_opts(void)
{
    static char url[64];

    snprintf(url, sizeof(url), "nats://127.0.0.1:%d", nats.port);
    return (struct tl_bus_opts){.url = url, .name = "test"};
}

static void a_service_may_start_before_its_server(void **state)
{
    struct tl_bus *early = NULL;
    struct tl_bus_opts opts = nats_opts();
    int up = 0;

    TL_UNUSED(state);
    server_kill(&nats);
    assert_int_equal(tl_bus_open(&early, loop, &opts), 0);
    tl_bus_on_connect(early, flag_up, &up);
    assert_false(tl_bus_ready(early));
    assert_int_equal(tl_bus_publish(early, "t.x", "", 0), -EAGAIN);
    server_start(&nats);
    assert_true(turn_until(loop, &up));
    assert_true(tl_bus_ready(early));
    tl_bus_close(early);
    turn_for(loop, TL_MSEC(20));
}

/* A message that kills whoever takes it: delivered max_deliver times, and then set aside. */
static void a_message_that_nobody_survives_is_set_aside(void **state)
{
    struct seen s = {.mute = 1};
    struct got dead = {0};
    struct tl_sub *dlq;
    const struct tl_consume_opts opts = {.stream = "T",
                                         .durable = "d3",
                                         .filter = "t.ev.k",
                                         .ack_wait = TL_MSEC(200),
                                         .max_deliver = 2};

    TL_UNUSED(state);
    assert_int_equal(tl_bus_subscribe(&dlq, bus, "tl.dlq.t.ev.k", NULL, take, &dead), 0);
    assert_int_equal(tl_bus_consume(&s.c, bus, &opts, consume, &s), 0);
    put("t.ev.k", "k1", "k");
    assert_true(turn_until(loop, &dead.n));
    assert_string_equal(dead.text, "k");
    assert_string_equal(s.order, "kk");
    turn_for(loop, TL_MSEC(600));
    assert_int_equal(s.n, 2); /* it does not come again */
    tl_consumer_free(s.c);
    tl_sub_free(dlq);
    turn_for(loop, TL_MSEC(20));
}

/* What waits for its retry when the service goes is another one's at once, not after ack_wait. */
static void what_waits_goes_to_the_next_consumer(void **state)
{
    struct seen s = {.retries = 1}, next = {0};
    const struct tl_consume_opts opts = {.stream = "T", .durable = "d4", .filter = "t.ev.w"};

    TL_UNUSED(state);
    assert_int_equal(tl_bus_consume(&s.c, bus, &opts, consume, &s), 0);
    put("t.ev.w", "w1", "r");
    assert_true(turn_until(loop, &s.n));
    tl_consumer_free(s.c);
    turn_for(loop, TL_MSEC(20));
    assert_int_equal(tl_bus_consume(&next.c, bus, &opts, consume, &next), 0);
    assert_true(turn_until(loop, &next.n)); /* ack_wait is 30 s */
    tl_consumer_free(next.c);
    turn_for(loop, TL_MSEC(20));
}

/* An asker who sends too much hears so, instead of waiting for an answer. */
static void too_large_a_request_is_refused(void **state)
{
    struct tl_bus_opts opts = nats_opts();
    struct tl_bus *asker = NULL;
    struct got g = {0}, none = {0};
    struct tl_sub *s;
    static char big[300 * 1024];
    int up = 0;

    TL_UNUSED(state);
    opts.message_max = sizeof(big);
    assert_int_equal(tl_bus_open(&asker, loop, &opts), 0);
    assert_int_equal(tl_bus_subscribe(&s, bus, "t.cmd", NULL, take, &none), 0);
    tl_bus_on_connect(asker, flag_up, &up);
    assert_true(turn_until(loop, &up));
    turn_for(loop, TL_MSEC(20));
    assert_int_equal(tl_bus_request(asker, "t.cmd", big, sizeof(big), 0, 0, replied, &g), 0);
    assert_true(turn_until(loop, &g.n));
    assert_int_equal(g.err, -EREMOTEIO);
    assert_int_equal(g.code, 413);
    assert_int_equal(none.n, 0);
    tl_sub_free(s);
    tl_bus_close(asker);
    turn_for(loop, TL_MSEC(20));
}

static void a_killed_server_comes_back_with_subscriptions_and_stream(void **state)
{
    struct got g = {0}, late = {0};
    struct seen s = {0};
    struct tl_sub *sub;
    const struct tl_consume_opts opts = {.stream = "T", .durable = "d2", .filter = "t.ev.z"};

    TL_UNUSED(state);
    assert_int_equal(tl_bus_subscribe(&sub, bus, "t.again", NULL, take, &g), 0);
    assert_int_equal(tl_bus_consume(&s.c, bus, &opts, consume, &s), 0);
    put("t.ev.z", "z1", "1");
    for (int i = 0; i < 400 && s.n < 1; i++)
        turn_for(loop, TL_MSEC(5));
    server_kill(&nats);
    for (int i = 0; i < 800 && tl_bus_ready(bus); i++)
        turn_for(loop, TL_MSEC(5));
    assert_false(tl_bus_ready(bus));
    assert_int_equal(tl_bus_request(bus, "t.later", "x", 1, TL_SEC(1), 6, replied, &late), 0);
    server_start(&nats);
    for (int i = 0; i < 1600 && !tl_bus_ready(bus); i++)
        turn_for(loop, TL_MSEC(5));
    assert_true(tl_bus_ready(bus));
    assert_int_equal(tl_bus_publish(bus, "t.again", "hi", 2), 0);
    assert_true(turn_until(loop, &g.n));
    put("t.ev.z", "z2", "2");
    for (int i = 0; i < 2000 && !strchr(s.order, '2'); i++)
        turn_for(loop, TL_MSEC(5));
    assert_non_null(strchr(s.order, '2'));
    /* The request that was asked while the server was away finds a responder that came even later.
     */
    tl_sub_free(sub);
    assert_int_equal(tl_bus_subscribe(&sub, bus, "t.later", NULL, answer, NULL), 0);
    assert_true(turn_until(loop, &late.n));
    assert_int_equal(late.err, 0);
    tl_sub_free(sub);
    tl_consumer_free(s.c);
    turn_for(loop, TL_MSEC(20));
}

/* "No responders" names the one request it belongs to, and a store need not wait for its time-out.
 */
static void nobody_there_is_said_of_the_right_request(void **state)
{
    struct got fine = {0}, lost = {0};
    struct tl_sub *s;
    tl_time from = tl_clock_mono();

    TL_UNUSED(state);
    assert_int_equal(tl_bus_subscribe(&s, bus, "t.cmd", NULL, answer, NULL), 0);
    assert_int_equal(tl_bus_store(bus, "t.nowhere", "n1", NULL, 0, "x", 1, stored, &lost), 0);
    assert_int_equal(tl_bus_request(bus, "t.cmd", "42", 2, 0, 0, replied, &fine), 0);
    assert_true(turn_until(loop, &lost.n));
    assert_true(turn_until(loop, &fine.n));
    assert_int_equal(lost.err, -EAGAIN);
    assert_int_equal(fine.err, 0);
    assert_true(tl_clock_mono() - from < TL_MSEC(500));
    tl_sub_free(s);
}

/* What was said goes out, what was sent to us arrives, new messages go to others; and it is quick.
 */
static void a_drain_lets_everything_out_and_nothing_more_in(void **state)
{
    struct tl_bus_opts opts = nats_opts();
    struct tl_bus *leaving = NULL;
    struct got got = {0}, other = {0};
    struct tl_sub *s;
    tl_time from;
    int up = 0, done = 0;

    TL_UNUSED(state);
    assert_int_equal(tl_bus_open(&leaving, loop, &opts), 0);
    assert_int_equal(tl_bus_subscribe(NULL, leaving, "t.in", NULL, take, &got), 0);
    assert_int_equal(tl_bus_subscribe(&s, bus, "t.out", NULL, take, &other), 0);
    tl_bus_on_connect(leaving, flag_up, &up);
    assert_true(turn_until(loop, &up));
    turn_for(loop, TL_MSEC(20));
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(tl_bus_publish(bus, "t.in", "i", 1), 0);
        assert_int_equal(tl_bus_publish(leaving, "t.out", "o", 1), 0);
    }
    assert_true(turn_until(loop, &got.n)); /* some are here, some are on their way */
    from = tl_clock_mono();
    tl_bus_drain(leaving, flag_up, &done);
    assert_true(turn_until(loop, &done));
    assert_true(tl_clock_mono() - from < TL_MSEC(500));
    up = got.n;
    assert_int_equal(tl_bus_publish(bus, "t.in", "late", 4), 0);
    for (int i = 0; i < 1000 && other.n < 1000; i++)
        turn_for(loop, TL_MSEC(5));
    turn_for(loop, TL_MSEC(20));
    assert_int_equal(other.n, 1000);
    assert_int_equal(got.n, up);
    done = 0;
    tl_bus_drain(leaving, flag_up, &done);
    tl_bus_close(leaving); /* a drain that was under way is not heard of again */
    turn_for(loop, TL_MSEC(20));
    assert_int_equal(done, 0);
    tl_sub_free(s);
}

static int start_nats(void **state)
{
    static char port[8];
    char why[256] = "";
    struct tl_bus_opts opts;
    const struct tl_stream streams[] = {
        {.name = "T", .subjects = {"t.ev.>"}, .max_bytes = 1 << 24, .dedup = TL_SEC(60)},
        {.name = "DLQ", .subjects = {"tl.dlq.>"}, .max_bytes = 1 << 24, .dedup = TL_SEC(60)},
    };
    static int up; /* told again at every reconnection */

    TL_UNUSED(state);
    server_prepare(&nats);
    snprintf(port, sizeof(port), "%d", nats.port);
    const char *argv[] = {"nats-server", "-a",  "127.0.0.1", "-p", port,
                          "-js",         "-sd", nats.dir,    NULL};
    memcpy(nats.argv, argv, sizeof(argv));
    server_start(&nats);
    opts = nats_opts();
    if (tl_bus_setup(&opts, streams, 2, why) || tl_bus_setup(&opts, streams, 2, why)) {
        fprintf(stderr, "set-up: %s\n", why);
        return -1;
    }
    if (tl_loop_new(&loop) || tl_bus_open(&bus, loop, &opts))
        return -1;
    up = 0;
    tl_bus_on_connect(bus, flag_up, &up);
    return turn_until(loop, &up) ? 0 : -1;
}

static int start_memory(void **state)
{
    TL_UNUSED(state);
    memset(&nats, 0, sizeof(nats));
    return tl_loop_new(&loop) || tl_bus_open_memory(&bus, loop);
}

static int stop(void **state)
{
    TL_UNUSED(state);
    bus = tl_bus_close(bus);
    turn_for(loop, TL_MSEC(100));
    loop = tl_loop_free(loop);
    server_done(&nats);
    return 0;
}

#define CONTRACT                                                             \
    cmocka_unit_test(a_message_reaches_every_subscriber_and_one_of_a_group), \
        cmocka_unit_test(a_request_is_answered_refused_or_times_out),        \
        cmocka_unit_test(too_large_a_message_is_refused),                    \
        cmocka_unit_test(a_stored_message_is_consumed_in_order_once_acknowledged)

int main(void)
{
    const struct CMUnitTest memory[] = {CONTRACT};
    const struct CMUnitTest real[] = {
        CONTRACT,
        cmocka_unit_test(nobody_there_is_said_of_the_right_request),
        cmocka_unit_test(a_drain_lets_everything_out_and_nothing_more_in),
        cmocka_unit_test(a_message_that_nobody_survives_is_set_aside),
        cmocka_unit_test(what_waits_goes_to_the_next_consumer),
        cmocka_unit_test(too_large_a_request_is_refused),
        cmocka_unit_test(a_service_may_start_before_its_server),
        cmocka_unit_test(a_killed_server_comes_back_with_subscriptions_and_stream),
    };
    int failed;

    loop_thread = pthread_self();
    failed = cmocka_run_group_tests_name("memory", memory, start_memory, stop);

    if (program_there("nats-server"))
        failed += cmocka_run_group_tests_name("nats", real, start_nats, stop);
    else
        printf("skipped: no nats-server on this machine\n");
    return failed;
}
