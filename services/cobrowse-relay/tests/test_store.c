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
static struct store *store;

struct got {
    int n, err;
    enum room_role role;
    struct room_names names;
};

struct pair {
    struct tl_id tickets[ROOM_ROLES];
};

static void on_done(void *arg, int err)
{
    struct got *g = arg;

    g->err = err;
    g->n++;
}

static void on_redeemed(void *arg, int err, enum room_role role, const struct room_names *names)
{
    struct got *g = arg;

    g->role = role;
    g->names = *names;
    on_done(g, err);
}

static int answer_of(struct got *g, int err)
{
    assert_int_equal(err, 0);
    assert_int_equal(g->n, 0); /* never inside the call */
    assert_true(turn_until(loop, &g->n));
    return g->err;
}

static struct pair open_room(const char *agent)
{
    struct room_names names = {.contact = {"c1"}, .thread = {"t1"}, .session = {"s1"}};
    struct pair p = {{tl_ticket_new(), tl_ticket_new()}};
    struct got g = {0};

    tl_str_put(names.agent.s, sizeof(names.agent.s), tl_str(agent));
    assert_int_equal(
        answer_of(&g, store->ops->open(store, &names, p.tickets, TL_MIN(1), on_done, &g)), 0);
    return p;
}

static void close_room(void)
{
    struct tl_id contact = {"c1"};
    struct got g = {0};

    assert_int_equal(answer_of(&g, store->ops->close(store, &contact, on_done, &g)), 0);
}

static int redeem(const struct tl_id *ticket, struct got *g)
{
    *g = (struct got){0};
    return answer_of(g, store->ops->redeem(store, tl_id_str(ticket), on_redeemed, g));
}

static void a_ticket_leads_into_its_room_once(void **state)
{
    struct pair p = open_room("bob");
    struct got g;

    TL_UNUSED(state);
    for (int i = 0; i < ROOM_ROLES; i++) {
        assert_int_equal(redeem(&p.tickets[i], &g), 0);
        assert_int_equal(g.role, i);
        assert_string_equal(g.names.contact.s, "c1");
        assert_string_equal(g.names.thread.s, "t1");
        assert_string_equal(g.names.session.s, "s1");
        assert_string_equal(g.names.agent.s, "bob");
        assert_int_equal(redeem(&p.tickets[i], &g), -ENOENT);
    }
    close_room();
    assert_int_equal(redeem(&(struct tl_id){"unknown"}, &g), -ENOENT);
}

static void a_second_pair_leaves_the_first_alone(void **state)
{
    struct pair first = open_room("bob"), second = open_room("bob");
    struct got g;

    TL_UNUSED(state);
    assert_int_equal(redeem(&first.tickets[ROOM_AGENT], &g), 0);
    assert_int_equal(redeem(&second.tickets[ROOM_CUSTOMER], &g), 0);
    close_room();
}

static void a_ticket_does_not_outlive_its_room(void **state)
{
    struct pair before = open_room("bob"), after;
    struct got g;

    TL_UNUSED(state);
    close_room();
    after = open_room("bob");
    for (int i = 0; i < ROOM_ROLES; i++)
        assert_int_equal(redeem(&before.tickets[i], &g), -ENOENT);
    assert_int_equal(redeem(&after.tickets[ROOM_AGENT], &g), 0);
    close_room();
}

static void a_ticket_is_for_the_agent_for_whom_it_was_made(void **state)
{
    struct pair bobs = open_room("bob"), eves = open_room("eve");
    struct got g;

    TL_UNUSED(state);
    assert_int_equal(redeem(&bobs.tickets[ROOM_AGENT], &g), -ENOENT);
    assert_int_equal(redeem(&eves.tickets[ROOM_AGENT], &g), 0);
    assert_string_equal(g.names.agent.s, "eve");
    close_room();
}

static int open_memory(void **state)
{
    TL_UNUSED(state);
    assert_int_equal(tl_loop_new(&loop), 0);
    return store_memory_new(&store, loop);
}

static int open_redis(void **state)
{
    static char port[16], url[64];
    struct tl_redis_opts opts = {.url = url};
    tl_time end;

    TL_UNUSED(state);
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
    return store_redis_new(&store, redis);
}

static int close_all(void **state)
{
    TL_UNUSED(state);
    store = store->ops->free(store);
    redis = tl_redis_close(redis);
    loop = tl_loop_free(loop);
    if (server.dir[0])
        server_done(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticket_leads_into_its_room_once),
        cmocka_unit_test(a_second_pair_leaves_the_first_alone),
        cmocka_unit_test(a_ticket_does_not_outlive_its_room),
        cmocka_unit_test(a_ticket_is_for_the_agent_for_whom_it_was_made),
    };
    int failed = cmocka_run_group_tests_name("store in memory", tests, open_memory, close_all);

    if (program_there("redis-server"))
        failed += cmocka_run_group_tests_name("store in redis", tests, open_redis, close_all);
    return failed;
}
