/* Redis for real: answers, scripts, a refused connection, a killed and a stopped server. */
#include "resolver.h"
#include "server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <tl_redis.h>

#include <cmocka.h>

static struct server server;
static struct tl_loop *loop;
static struct tl_redis *redis;
static int connected;

struct got {
    int n, err;
    long long integer;
    char text[64];
};

static void take(void *arg, int err, redisReply *r)
{
    struct got *g = arg;

    g->n++;
    g->err = err;
    if (r && r->type == REDIS_REPLY_INTEGER)
        g->integer = r->integer;
    if (r && r->str)
        snprintf(g->text, sizeof(g->text), "%s", r->str);
}

static void on_connect(void *arg)
{
    ++*(int *)arg;
}

static void a_command_is_answered_after_the_call(void **state)
{
    struct got set = {0}, get = {0}, wrong = {0};

    TL_UNUSED(state);
    assert_int_equal(tl_redis_cmd(redis, take, &set, "SET %s %b", "k", "a b", (size_t)3), 0);
    assert_int_equal(tl_redis_cmd(redis, take, &get, "GET k"), 0);
    assert_int_equal(tl_redis_cmd(redis, take, &wrong, "INCR k"), 0);
    assert_int_equal(tl_redis_cmd(redis, NULL, NULL, "DEL k"), 0);
    assert_int_equal(set.n, 0);
    assert_true(turn_until(loop, &wrong.n));
    assert_string_equal(set.text, "OK");
    assert_string_equal(get.text, "a b");
    assert_int_equal(wrong.err, -EIO);
}

static void a_script_is_learnt_again_after_a_flush(void **state)
{
    static struct tl_script script = {.text = "return redis.call('INCRBY', KEYS[1], ARGV[1])"};
    const char *argv[] = {"n", "5"};

    TL_UNUSED(state);
    for (int i = 1; i <= 3; i++) {
        struct got g = {0}, flush = {0};

        assert_int_equal(tl_redis_eval(redis, &script, take, &g, 1, 2, argv, NULL), 0);
        assert_true(turn_until(loop, &g.n));
        assert_int_equal(g.err, 0);
        assert_int_equal(g.integer, 5 * i);
        if (i == 2) {
            assert_int_equal(tl_redis_cmd(redis, take, &flush, "SCRIPT FLUSH"), 0);
            assert_true(turn_until(loop, &flush.n));
        }
    }
    assert_int_equal(strlen(script.sha), 40);
}

static void a_killed_server_is_found_again(void **state)
{
    struct got lost = {0}, again = {0};

    TL_UNUSED(state);
    assert_int_equal(tl_redis_cmd(redis, take, &lost, "BLPOP never 0"), 0);
    turn_for(loop, TL_MSEC(20));
    server_kill(&server);
    assert_true(turn_until(loop, &lost.n));
    assert_int_equal(lost.err, -ECONNRESET);
    turn_for(loop, TL_MSEC(300)); /* some refused attempts */
    assert_false(tl_redis_ready(redis));
    assert_int_equal(tl_redis_cmd(redis, take, &again, "PING"), -EAGAIN);
    connected = 0;
    server_start(&server);
    assert_true(turn_until(loop, &connected));
    assert_int_equal(tl_redis_cmd(redis, take, &again, "PING"), 0);
    assert_true(turn_until(loop, &again.n));
    assert_int_equal(again.err, 0);
}

static void a_silent_server_costs_the_deadline_and_no_more(void **state)
{
    struct got slow = {0};

    TL_UNUSED(state);
    kill(server.pid, SIGSTOP);
    assert_int_equal(tl_redis_cmd(redis, take, &slow, "PING"), 0);
    assert_true(turn_until(loop, &slow.n));
    assert_int_equal(slow.err, -ETIMEDOUT);
    assert_false(tl_redis_ready(redis));
    connected = 0;
    kill(server.pid, SIGCONT);
    assert_true(turn_until(loop, &connected));
}

static void a_silent_server_is_noticed_by_who_asks_nothing(void **state)
{
    TL_UNUSED(state);
    kill(server.pid, SIGSTOP);
    for (int i = 0; i < 600 && tl_redis_ready(redis); i++)
        turn_for(loop, TL_MSEC(5));
    assert_false(tl_redis_ready(redis));
    connected = 0;
    kill(server.pid, SIGCONT);
    assert_true(turn_until(loop, &connected));
}

static void closing_ends_what_is_under_way(void **state)
{
    struct got g = {0};

    TL_UNUSED(state);
    assert_int_equal(tl_redis_cmd(redis, take, &g, "BLPOP never 0"), 0);
    redis = tl_redis_close(redis);
    assert_int_equal(g.n, 1);
    assert_int_equal(g.err, -ECANCELED);
}

static void a_slow_resolver_does_not_stop_the_loop(void **state)
{
    char by_name[64];
    struct tl_redis_opts opts = {.url = by_name};
    struct tl_redis *named = NULL, *nobody = NULL;
    struct tl_timer *tick = NULL;
    int there = 0, ticks = 0;

    TL_UNUSED(state);
    assert_int_equal(tl_timer_new(&tick, loop, on_connect, &ticks), 0);
    tl_timer_every(tick, TL_MSEC(10));
    snprintf(by_name, sizeof(by_name), "redis://slow.test:%d", server.port);
    assert_int_equal(tl_redis_open(&named, loop, &opts), 0);
    tl_redis_on_connect(named, on_connect, &there);
    assert_true(turn_until(loop, &there));
    assert_true(ticks >= SLOW_US / 10000 / 2);
    tl_timer_free(tick);
    opts.url = "redis://nobody.test:6379";
    assert_int_equal(tl_redis_open(&nobody, loop, &opts), 0);
    turn_for(loop, TL_MSEC(300)); /* tries, and the loop goes on */
    assert_false(tl_redis_ready(nobody));
    tl_redis_close(nobody); /* perhaps in the middle of it */
    tl_redis_close(named);
}

static void an_address_where_nobody_listens_is_not_the_last(void **state)
{
    char by_name[64];
    struct tl_redis_opts opts = {.url = by_name};
    struct tl_redis *named = NULL;
    int there = 0;

    TL_UNUSED(state);
    snprintf(by_name, sizeof(by_name), "redis://two.test:%d", server.port);
    assert_int_equal(tl_redis_open(&named, loop, &opts), 0);
    tl_redis_on_connect(named, on_connect, &there);
    assert_true(turn_until(loop, &there));
    tl_redis_close(named);
}

static int start(void **state)
{
    static char port[8], url[64];
    struct tl_redis_opts opts = {.url = url};

    TL_UNUSED(state);
    server_prepare(&server);
    snprintf(port, sizeof(port), "%d", server.port);
    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", server.port);
    const char *argv[] = {"redis-server", "--bind",   "127.0.0.1", "--port", port,
                          "--dir",        server.dir, "--save",    "",       NULL};
    memcpy(server.argv, argv, sizeof(argv));
    server_start(&server);
    if (tl_loop_new(&loop) || tl_redis_open(&redis, loop, &opts))
        return -1;
    tl_redis_on_connect(redis, on_connect, &connected);
    return turn_until(loop, &connected) ? 0 : -1;
}

static int stop(void **state)
{
    TL_UNUSED(state);
    redis = tl_redis_close(redis);
    turn_for(loop, TL_MSEC(20));
    loop = tl_loop_free(loop);
    server_done(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_answered_after_the_call),
        cmocka_unit_test(a_script_is_learnt_again_after_a_flush),
        cmocka_unit_test(a_slow_resolver_does_not_stop_the_loop),
        cmocka_unit_test(an_address_where_nobody_listens_is_not_the_last),
        cmocka_unit_test(a_killed_server_is_found_again),
        cmocka_unit_test(a_silent_server_costs_the_deadline_and_no_more),
        cmocka_unit_test(a_silent_server_is_noticed_by_who_asks_nothing),
        cmocka_unit_test(closing_ends_what_is_under_way),
    };

    if (!program_there("redis-server")) {
        printf("skipped: no redis-server on this machine\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, start, stop);
}
