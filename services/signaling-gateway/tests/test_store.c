/*
 * One contract for both stores: memory, and Redis if there is one to start.
 */
#include "../../kit/tests/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <tl_mem.h>
#include <tl_redis.h>
#include <tl_token.h>

#include <cmocka.h>

#include "adapters/store.h"

static struct tl_loop *loop;
static struct server server;
static struct tl_redis *redis;
static struct store_shared *shared; /* NULL: Redis */
static struct store *a, *b;         /* as two gateways see it */

struct got {
    int n, err;
    struct store_redeemed redeemed;
    struct store_adopted rows[STORE_ADOPT_MAX];
    size_t n_rows;
    bool there[STORE_ASK_MAX];
};

static void on_done(void *arg, int err)
{
    struct got *g = arg;

    g->err = err;
    g->n++;
}

static void on_redeemed(void *arg, int err, const struct store_redeemed *r)
{
    struct got *g = arg;

    if (r)
        g->redeemed = *r;
    on_done(g, err);
}

static void on_adopted(void *arg, int err, const struct store_adopted *rows, size_t n)
{
    struct got *g = arg;

    if (n)
        memcpy(g->rows, rows, n * sizeof(*rows));
    g->n_rows = n;
    on_done(g, err);
}

static void on_exist(void *arg, int err, const bool *there)
{
    struct got *g = arg;

    if (there)
        memcpy(g->there, there, sizeof(*there) * 2);
    on_done(g, err);
}

static int answer_of(struct got *g, int err)
{
    assert_int_equal(err, 0);
    assert_int_equal(g->n, 0); /* never inside the call */
    assert_true(turn_until(loop, &g->n));
    return g->err;
}

static int ticket(struct store *s, const char *t, const struct who *w)
{
    struct got g = {0};

    return answer_of(&g, s->ops->ticket(s, tl_str(t), w, on_done, &g));
}

static int ticket_resume(struct store *s, const char *t, const struct who *w)
{
    struct got g = {0};

    return answer_of(&g, s->ops->ticket_resume(s, tl_str(t), tl_id_str(&w->session), on_done, &g));
}

static int redeem(struct store *s, const char *t, struct store_redeemed *ret)
{
    struct got g = {0};
    int err = answer_of(&g, s->ops->redeem(s, tl_str(t), on_redeemed, &g));

    *ret = g.redeemed;
    return err;
}

static int beat(struct store *s)
{
    struct got g = {0};

    return answer_of(&g, s->ops->beat(s, on_done, &g));
}

static struct who ann(void)
{
    struct who w = {.session = tl_id_new(),
                    .role = ROLE_CUSTOMER,
                    .subject = tl_id_new(),
                    .customer = {"cust-7"},
                    .name = "Ann \"the\" \xc3\x84nn",
                    .tier = "gold"};

    return w;
}

static struct who bob(void)
{
    struct who w = {.session = tl_id_new(), .role = ROLE_AGENT, .subject = {"bob"}};

    return w;
}

static void a_ticket_is_used_once(void **state)
{
    struct store_redeemed r;
    struct who w = ann();

    TL_UNUSED(state);
    assert_int_equal(ticket(a, "t1", &w), 0);
    assert_int_equal(redeem(b, "t1", &r), 0);
    assert_memory_equal(&r.who, &w, sizeof(w));
    assert_false(r.known);
    assert_true(tl_id_empty(&r.gateway));
    assert_int_equal(redeem(b, "t1", &r), -ENOENT);
    assert_int_equal(redeem(a, "never", &r), -ENOENT);
}

static void a_session_that_lives_is_resumed(void **state)
{
    struct store_redeemed r;
    struct who w = bob();

    TL_UNUSED(state);
    assert_int_equal(ticket_resume(a, "t2", &w), -ENOENT);
    assert_int_equal(ticket(a, "t2", &w), 0);
    assert_int_equal(redeem(a, "t2", &r), 0);
    assert_int_equal(ticket_resume(b, "t3", &w), 0);
    assert_int_equal(redeem(b, "t3", &r), 0);
    assert_true(r.known);
    assert_memory_equal(&r.who, &w, sizeof(w));
    assert_string_equal(r.gateway.s, "ga");
}

static void a_session_that_is_over_is_not(void **state)
{
    struct store_redeemed r;
    struct who w = ann();

    TL_UNUSED(state);
    assert_int_equal(ticket(a, "t4", &w), 0);
    assert_int_equal(redeem(a, "t4", &r), 0);
    assert_int_equal(ticket_resume(a, "t5", &w), 0);
    assert_int_equal(b->ops->over(b, tl_id_str(&w.session)), 0); /* not b's: means nothing */
    assert_int_equal(ticket_resume(a, "t6", &w), 0);
    assert_int_equal(a->ops->over(a, tl_id_str(&w.session)), 0);
    assert_int_equal(ticket_resume(a, "t7", &w), -ENOENT);
    assert_int_equal(redeem(a, "t5", &r), -ENOENT); /* a ticket from before does not help */
    assert_int_equal(a->ops->forget(a, tl_id_str(&w.session)), 0);
    assert_int_equal(ticket_resume(a, "t8", &w), -ENOENT);
}

static void sessions_of_a_silent_gateway_are_adopted(void **state)
{
    struct who w1 = ann(), w2 = bob();
    struct store_redeemed r;
    struct got g = {0};

    TL_UNUSED(state);
    assert_int_equal(beat(a), -ENOENT);
    assert_int_equal(beat(a), 0);
    assert_int_equal(beat(b), -ENOENT);
    assert_int_equal(ticket(a, "t9", &w1), 0);
    assert_int_equal(redeem(a, "t9", &r), 0);
    assert_int_equal(a->ops->save(a, &w2), 0);
    assert_int_equal(answer_of(&g, b->ops->adopt(b, on_adopted, &g)), 0);
    assert_int_equal(g.n_rows, 0); /* a lives */
    if (shared)
        store_shared_wait(shared, STORE_SILENT_AFTER);
    else
        turn_for(loop, STORE_SILENT_AFTER + TL_MSEC(50));
    assert_int_equal(beat(b), 0);
    g = (struct got){0};
    assert_int_equal(answer_of(&g, b->ops->adopt(b, on_adopted, &g)), 0);
    assert_int_equal(g.n_rows, 2);
    for (size_t i = 0; i < 2; i++) {
        bool first = tl_id_eq(&g.rows[i].who.session, &w1.session);
        assert_memory_equal(&g.rows[i].who, first ? &w1 : &w2, sizeof(w1));
        assert_true(g.rows[i].away >= STORE_SILENT_AFTER);
        assert_true(g.rows[i].away < STORE_SILENT_AFTER + TL_SEC(5));
    }
    g = (struct got){0};
    assert_int_equal(answer_of(&g, b->ops->adopt(b, on_adopted, &g)), 0);
    assert_int_equal(g.n_rows, 0); /* and only once */
    assert_int_equal(ticket_resume(b, "t10", &w1), 0);
    assert_int_equal(redeem(b, "t10", &r), 0);
    assert_string_equal(r.gateway.s, "gb");
    assert_int_equal(beat(a), -ENOENT); /* it was taken for dead: it writes its sessions again */
}

static void a_record_is_seen_by_all(void **state)
{
    struct who w = ann();
    struct tl_id ids[STORE_ASK_MAX];
    struct got g = {0};

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(ids); i++)
        ids[i] = tl_id_new();
    ids[1] = w.session;
    assert_int_equal(a->ops->save(a, &w), 0);
    assert_int_equal(answer_of(&g, b->ops->exist(b, ids, TL_LEN(ids), on_exist, &g)), 0);
    assert_false(g.there[0]);
    assert_true(g.there[1]);
    assert_int_equal(a->ops->forget(a, tl_id_str(&w.session)), 0);
    g = (struct got){0};
    assert_int_equal(answer_of(&g, b->ops->exist(b, ids, 2, on_exist, &g)), 0);
    assert_false(g.there[0] || g.there[1]);
}

static void tickets_grow_old(void **state)
{
    struct store_redeemed r;
    struct who w = ann();

    TL_UNUSED(state);
    assert_int_equal(ticket(a, "t11", &w), 0);
    if (shared) {
        store_shared_wait(shared, TICKET_LIFE - 1);
        assert_int_equal(redeem(a, "t11", &r), 0);
        assert_int_equal(ticket(a, "t12", &w), 0);
        store_shared_wait(shared, TICKET_LIFE);
        assert_int_equal(redeem(a, "t12", &r), -ENOENT);
    } else {
        assert_int_equal(tl_redis_cmd(redis, NULL, NULL, "PEXPIRE signaling:ticket:t11 1"), 0);
        turn_for(loop, TL_MSEC(20));
        assert_int_equal(redeem(a, "t11", &r), -ENOENT);
    }
}

static void what_cannot_be_asked_says_so(void **state)
{
    struct who w = ann();
    struct got g = {0};

    TL_UNUSED(state);
    if (shared)
        store_memory_break(a, true);
    else
        server_kill(&server);
    if (!shared)
        turn_for(loop, TL_MSEC(100));
    assert_int_equal(a->ops->ticket(a, TL_STR("t"), &w, on_done, &g), -EAGAIN);
    assert_int_equal(a->ops->redeem(a, TL_STR("t"), on_redeemed, &g), -EAGAIN);
    assert_int_equal(a->ops->beat(a, on_done, &g), -EAGAIN);
    assert_int_equal(a->ops->adopt(a, on_adopted, &g), -EAGAIN);
    assert_int_equal(a->ops->exist(a, &w.session, 1, on_exist, &g), -EAGAIN);
    assert_int_equal(a->ops->over(a, TL_STR("s")), -EAGAIN);
    assert_int_equal(a->ops->forget(a, TL_STR("s")), -EAGAIN);
    assert_int_equal(a->ops->save(a, &w), -EAGAIN);
    assert_int_equal(g.n, 0);
}

static int open_memory(void **state)
{
    TL_UNUSED(state);
    assert_int_equal(tl_loop_new(&loop), 0);
    shared = store_shared_new();
    assert_int_equal(store_memory_new(&a, loop, shared, TL_STR("ga")), 0);
    return store_memory_new(&b, loop, shared, TL_STR("gb"));
}

static int open_redis(void **state)
{
    static char port[16];
    static char url[64];
    struct tl_redis_opts opts = {.url = url};
    tl_time end;

    TL_UNUSED(state);
    if (!program_there("redis-server")) {
        print_message("no redis-server: only the memory store is tested\n");
        return -1;
    }
    server_prepare(&server);
    snprintf(port, sizeof(port), "%d", server.port);
    snprintf(url, sizeof(url), "redis://127.0.0.1:%d", server.port);
    const char *argv[] = {"redis-server", "--port", port,    "--bind",   "127.0.0.1",
                          "--save",       "",       "--dir", server.dir, NULL};
    memcpy(server.argv, argv, sizeof(argv));
    server_start(&server);
    assert_int_equal(tl_loop_new(&loop), 0);
    assert_int_equal(tl_redis_open(&redis, loop, &opts), 0);
    for (end = tl_clock_mono() + TL_SEC(5); !tl_redis_ready(redis) && tl_clock_mono() < end;)
        turn_for(loop, TL_MSEC(5));
    assert_int_equal(store_redis_new(&a, redis, TL_STR("ga")), 0);
    return store_redis_new(&b, redis, TL_STR("gb"));
}

static int close_all(void **state)
{
    TL_UNUSED(state);
    if (a)
        a->ops->free(a);
    if (b)
        b->ops->free(b);
    a = b = NULL;
    redis = tl_redis_close(redis);
    shared = store_shared_free(shared);
    loop = tl_loop_free(loop);
    if (server.dir[0])
        server_done(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticket_is_used_once),
        cmocka_unit_test(a_session_that_lives_is_resumed),
        cmocka_unit_test(a_session_that_is_over_is_not),
        cmocka_unit_test(sessions_of_a_silent_gateway_are_adopted),
        cmocka_unit_test(a_record_is_seen_by_all),
        cmocka_unit_test(tickets_grow_old),
        cmocka_unit_test(what_cannot_be_asked_says_so),
    };
    int failed = cmocka_run_group_tests_name("store in memory", tests, open_memory, close_all);

    if (program_there("redis-server"))
        failed += cmocka_run_group_tests_name("store in redis", tests, open_redis, close_all);
    return failed;
}
