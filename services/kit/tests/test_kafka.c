/*
 * The producer against librdkafka's own mock cluster (brokers that can be made to fail at will):
 * every record is reported exactly once, injected errors are survived, an outage is told and
 * healed.
 */
#include "server.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <tl_kafka.h>

#include <cmocka.h>

static struct tl_loop *loop;
static rd_kafka_t *holder;
static rd_kafka_mock_cluster_t *cluster;

struct got {
    int n, ok, failed;
};

static void delivered(void *arg, int err, int32_t partition, int64_t offset)
{
    struct got *g = arg;

    TL_UNUSED(partition);
    TL_UNUSED(offset);
    g->n++;
    if (err)
        g->failed++;
    else
        g->ok++;
}

static struct tl_kafka *open_kafka(tl_dur timeout)
{
    struct tl_kafka *k = NULL;
    const struct tl_kafka_opts opts = {.brokers = rd_kafka_mock_cluster_bootstraps(cluster),
                                       .client_id = "test",
                                       .timeout = timeout};

    assert_int_equal(tl_kafka_open(&k, loop, &opts), 0);
    for (int i = 0; i < 2000 && !tl_kafka_ready(k); i++)
        turn_for(loop, TL_MSEC(5));
    assert_true(tl_kafka_ready(k));
    return k;
}

static void send_some(struct tl_kafka *k, int n, struct got *g)
{
    const struct tl_header h = {"ce_id", "1"};

    for (int i = 0; i < n; i++)
        assert_int_equal(tl_kafka_send(k, "t", "key", &h, 1, "value", 5, delivered, g), 0);
}

static void wait_for(struct got *g, int n)
{
    for (int i = 0; i < 4000 && g->n < n; i++)
        turn_for(loop, TL_MSEC(5));
    assert_int_equal(g->n, n);
}

static void every_record_is_reported_once(void **state)
{
    struct tl_kafka *k = open_kafka(0);
    struct got g = {0};

    TL_UNUSED(state);
    send_some(k, 1000, &g);
    assert_int_equal(g.n, 0);
    wait_for(&g, 1000);
    assert_int_equal(g.ok, 1000);
    assert_null(tl_kafka_close(k));
    turn_for(loop, TL_MSEC(50));
}

static void a_passing_error_of_the_broker_is_survived(void **state)
{
    struct tl_kafka *k = open_kafka(0);
    struct got g = {0};

    TL_UNUSED(state);
    rd_kafka_mock_push_request_errors(
        cluster, 0 /* Produce */, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    send_some(k, 100, &g);
    wait_for(&g, 100);
    assert_int_equal(g.ok, 100);
    tl_kafka_close(k);
    turn_for(loop, TL_MSEC(50));
}

static void an_outage_is_told_and_healed(void **state)
{
    struct tl_kafka *k = open_kafka(TL_SEC(2));
    struct got g = {0};

    TL_UNUSED(state);
    rd_kafka_mock_broker_set_down(cluster, 1);
    send_some(k, 5, &g);
    wait_for(&g, 5);
    assert_int_equal(g.failed, 5);
    for (int i = 0; i < 2000 && tl_kafka_ready(k); i++)
        turn_for(loop, TL_MSEC(5));
    assert_false(tl_kafka_ready(k));
    rd_kafka_mock_broker_set_up(cluster, 1);
    for (int i = 0; i < 4000 && !tl_kafka_ready(k); i++)
        turn_for(loop, TL_MSEC(5));
    assert_true(tl_kafka_ready(k));
    g = (struct got){0};
    send_some(k, 5, &g);
    wait_for(&g, 5);
    assert_int_equal(g.ok, 5);
    tl_kafka_close(k);
    turn_for(loop, TL_MSEC(50));
}

/* A broker that refuses at once speaks before the producer's bell is there: it is heard all the
 * same, and so is everything after. */
static void who_is_refused_at_once_is_told_too(void **state)
{
    const struct tl_kafka_opts opts = {
        .brokers = "127.0.0.1:1", .client_id = "test", .timeout = TL_MSEC(300)};
    struct tl_kafka *k[20] = {0};
    struct got g = {0};

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(k); i++) {
        assert_int_equal(tl_kafka_open(&k[i], loop, &opts), 0);
        send_some(k[i], 1, &g);
    }
    wait_for(&g, TL_LEN(k));
    assert_int_equal(g.failed, TL_LEN(k));
    for (size_t i = 0; i < TL_LEN(k); i++) {
        assert_false(tl_kafka_ready(k[i]));
        tl_kafka_close(k[i]);
    }
}

static void after_a_fatal_error_it_says_that_it_is_of_no_use(void **state)
{
    struct tl_kafka *k = NULL;
    const struct tl_kafka_opts opts = {.brokers = rd_kafka_mock_cluster_bootstraps(cluster),
                                       .client_id = "test"};

    TL_UNUSED(state);
    rd_kafka_mock_push_request_errors(cluster, 22 /* InitProducerId */, 1,
                                      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
    assert_int_equal(tl_kafka_open(&k, loop, &opts), 0);
    assert_false(tl_kafka_broken(k));
    for (int i = 0; i < 2000 && !tl_kafka_broken(k); i++)
        turn_for(loop, TL_MSEC(5));
    assert_true(tl_kafka_broken(k));
    assert_false(tl_kafka_ready(k));
    tl_kafka_close(k);
    turn_for(loop, TL_MSEC(50));
}

static int start(void **state)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[200];

    TL_UNUSED(state);
    rd_kafka_conf_set(conf, "log_level", "0", NULL, 0);
    holder = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    cluster = holder ? rd_kafka_mock_cluster_new(holder, 1) : NULL;
    return !cluster || tl_loop_new(&loop);
}

static int stop(void **state)
{
    TL_UNUSED(state);
    turn_for(loop, TL_SEC(3)); /* a probe may still be on the pool */
    tl_loop_free(loop);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(holder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_is_reported_once),
        cmocka_unit_test(a_passing_error_of_the_broker_is_survived),
        cmocka_unit_test(an_outage_is_told_and_healed),
        cmocka_unit_test(who_is_refused_at_once_is_told_too),
        cmocka_unit_test(after_a_fatal_error_it_says_that_it_is_of_no_use),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
