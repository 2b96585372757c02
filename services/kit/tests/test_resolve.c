/* Names become addresses while the loop goes on. */
#include "resolver.h"
#include "server.h"

#include <setjmp.h>
#include <stdarg.h>

#include "../src/net/resolve.h"

#include <cmocka.h>

static struct tl_loop *loop;

struct got {
    int told;
    struct resolved all;
};

static void take(void *arg, const struct resolved *all)
{
    struct got *g = arg;

    g->told++;
    g->all = *all;
}

static void count(void *arg)
{
    ++*(int *)arg;
}

static void an_address_is_its_own_answer(void **state)
{
    struct resolve *r;
    struct got g = {0}, six = {0};

    TL_UNUSED(state);
    assert_int_equal(resolve_start(&r, loop, "127.0.0.9", take, &g), 0);
    assert_null(r);
    assert_int_equal(g.told, 1);
    assert_string_equal(g.all.address[0], "127.0.0.9");
    assert_int_equal(resolve_start(&r, loop, "::1", take, &six), 0);
    assert_string_equal(six.all.address[0], "::1");
}

static void a_name_is_told_later_and_once(void **state)
{
    struct resolve *r;
    struct got g = {0};
    bool here = false;

    TL_UNUSED(state);
    assert_int_equal(resolve_start(&r, loop, "localhost", take, &g), 0);
    assert_non_null(r);
    assert_int_equal(g.told, 0);
    assert_true(turn_until(loop, &g.told));
    assert_in_range(g.all.n, 1, RESOLVE_MOST);
    for (int i = 0; i < g.all.n; i++)
        here |= strcmp(g.all.address[i], "127.0.0.1") == 0 || strcmp(g.all.address[i], "::1") == 0;
    assert_true(here);
    turn_for(loop, TL_MSEC(20));
    assert_int_equal(g.told, 1);
}

static void a_name_that_nobody_knows_has_no_address(void **state)
{
    struct resolve *r;
    struct got g = {0};
    char long_name[400];

    TL_UNUSED(state);
    assert_int_equal(resolve_start(&r, loop, "nobody.test", take, &g), 0);
    assert_true(turn_until(loop, &g.told));
    assert_int_equal(g.all.n, 0);
    memset(long_name, 'x', sizeof(long_name));
    long_name[sizeof(long_name) - 1] = '\0';
    assert_int_equal(resolve_start(&r, loop, long_name, take, &g), -EINVAL);
    assert_null(r);
    assert_int_equal(g.told, 1);
}

static void a_slow_resolver_does_not_stop_the_loop(void **state)
{
    struct tl_timer *tick = NULL;
    struct resolve *r;
    struct got g = {0};
    int ticks = 0;

    TL_UNUSED(state);
    assert_int_equal(tl_timer_new(&tick, loop, count, &ticks), 0);
    tl_timer_every(tick, TL_MSEC(10));
    assert_int_equal(resolve_start(&r, loop, "slow.test", take, &g), 0);
    assert_true(turn_until(loop, &g.told));
    assert_string_equal(g.all.address[0], "127.0.0.1");
    assert_true(ticks >= SLOW_US / 10000 / 2);
    tl_timer_free(tick);
}

static void what_was_dropped_is_not_told(void **state)
{
    struct resolve *r[8];
    struct got g = {0};

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(r); i++) /* more than there are threads: some never begin */
        assert_int_equal(resolve_start(&r[i], loop, "slow.test", take, &g), 0);
    turn_for(loop, TL_MSEC(20));
    for (size_t i = 0; i < TL_LEN(r); i++)
        assert_null(resolve_drop(r[i]));
    turn_for(loop, SLOW_US * 3 / 2);
    assert_int_equal(g.told, 0);
    assert_null(resolve_drop(NULL));
}

static int start(void **state)
{
    TL_UNUSED(state);
    return tl_loop_new(&loop);
}

static int stop(void **state)
{
    TL_UNUSED(state);
    loop = tl_loop_free(loop);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_its_own_answer),
        cmocka_unit_test(a_name_is_told_later_and_once),
        cmocka_unit_test(a_name_that_nobody_knows_has_no_address),
        cmocka_unit_test(a_slow_resolver_does_not_stop_the_loop),
        cmocka_unit_test(what_was_dropped_is_not_told),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
