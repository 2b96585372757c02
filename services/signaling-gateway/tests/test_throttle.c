/*
 * Five tries in a minute, for each key; the quietest key is forgotten when there are too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <tl_mem.h>

#include <cmocka.h>

#include "core/throttle.h"

#define KEY(text) tl_str(text)

static void sixth_try_waits(void **state)
{
    struct throttle *t = NULL;

    TL_UNUSED(state);
    assert_int_equal(throttle_new(&t, 100, TL_MIN(1), 1), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(throttle_try(t, KEY("bob"), TL_SEC(i)), 0);
    assert_int_equal(throttle_try(t, KEY("bob"), TL_SEC(10)), TL_SEC(50));
    assert_int_equal(throttle_try(t, KEY("bob"), TL_SEC(59)), TL_SEC(1));
    assert_int_equal(throttle_try(t, KEY("eve"), TL_SEC(59)), 0);
    assert_int_equal(throttle_try(t, KEY("bob"), TL_SEC(60)),
                     0); /* the first one is a minute old */
    assert_int_equal(throttle_try(t, KEY("bob"), TL_SEC(60)), TL_SEC(1));
    assert_int_equal(throttle_try(t, KEY("bob"), TL_SEC(61)), 0);
    throttle_free(t);
}

static void who_proves_themselves_begins_anew(void **state)
{
    struct throttle *t = NULL;

    TL_UNUSED(state);
    assert_int_equal(throttle_new(&t, 100, TL_MIN(1), 1), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(throttle_try(t, KEY("bob"), 0), 0);
    throttle_forgive(t, KEY("bob"));
    throttle_forgive(t, KEY("nobody"));
    for (int i = 0; i < 5; i++)
        assert_int_equal(throttle_try(t, KEY("bob"), 1), 0);
    assert_true(throttle_try(t, KEY("bob"), 2) > 0);
    throttle_free(t);
}

static void the_quietest_is_forgotten(void **state)
{
    struct throttle *t = NULL;
    char key[200];

    TL_UNUSED(state);
    assert_int_equal(throttle_new(&t, 8, TL_MIN(1), 1), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(throttle_try(t, KEY("bob"), 0), 0);
    for (int i = 0; i < 7; i++) {
        snprintf(key, sizeof(key), "stranger %d", i);
        assert_int_equal(throttle_try(t, KEY(key), 1), 0);
    }
    assert_true(throttle_try(t, KEY("bob"), 2) > 0); /* still known */
    memset(key, 'x', sizeof(key) - 1);
    key[sizeof(key) - 1] = '\0';
    assert_int_equal(throttle_try(t, KEY(key), 2), 0); /* bob was the quietest */
    assert_int_equal(throttle_try(t, KEY("bob"), 2), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(throttle_try(t, KEY(key), 2), 0);
    key[THROTTLE_KEY] = '\0';
    assert_true(throttle_try(t, KEY(key), 2) > 0); /* a long key counts as its beginning */
    throttle_free(t);
}

static void no_memory(void **state)
{
    TL_UNUSED(state);
    for (int i = 0; i < 3; i++) {
        struct throttle *t = NULL;

        tl_mem_fail_after(i);
        assert_int_equal(throttle_new(&t, 8, TL_MIN(1), 1), -ENOMEM);
        tl_mem_fail_after(-1);
        assert_null(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixth_try_waits),
        cmocka_unit_test(who_proves_themselves_begins_anew),
        cmocka_unit_test(the_quietest_is_forgotten),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests_name("throttle", tests, NULL, NULL);
}
