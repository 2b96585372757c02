/* Numbers that arrive, and the holes that are found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <tl_mem.h>

#include "core/gaps.h"

#define T0 TL_SEC(1700000000)

static const struct tl_id acd = {"acd"}, b1 = {"BOOT1"}, b2 = {"BOOT2"};

static struct analytics_gaps *fresh(void)
{
    struct analytics_gaps *g = NULL;

    assert_int_equal(analytics_gaps_new(&g), 0);
    return g;
}

static void seen(struct analytics_gaps *g, const struct tl_id *boot, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i <= to; i++)
        assert_int_equal(analytics_gaps_seen(g, &acd, boot, i, T0), 0);
}

static void expect_gap(struct analytics_gaps *g, tl_time now, uint64_t first, uint64_t last)
{
    struct analytics_gap gap;

    assert_true(analytics_gaps_take(g, now, &gap));
    assert_int_equal(gap.first, first);
    assert_int_equal(gap.last, last);
}

static void expect_none(struct analytics_gaps *g, tl_time now)
{
    struct analytics_gap gap;

    assert_false(analytics_gaps_take(g, now, &gap));
}

static void a_hole_is_reported_once_after_its_time(void **state)
{
    struct analytics_gaps *g = fresh();

    TL_UNUSED(state);
    seen(g, &b1, 1, 5);
    seen(g, &b1, 9, 10);
    expect_none(g, T0 + ANALYTICS_GAP_GRACE - 1);
    expect_gap(g, T0 + ANALYTICS_GAP_GRACE, 6, 8);
    expect_none(g, T0 + TL_HOUR(1));
    analytics_gaps_free(g);
}

static void a_late_event_fills_its_hole(void **state)
{
    struct analytics_gaps *g = fresh();

    TL_UNUSED(state);
    seen(g, &b1, 1, 1);
    seen(g, &b1, 7, 7);
    seen(g, &b1, 4, 4); /* the middle: two holes are left */
    seen(g, &b1, 2, 3);
    expect_gap(g, T0 + ANALYTICS_GAP_GRACE, 5, 6);
    expect_none(g, T0 + TL_HOUR(1));
    assert_int_equal(analytics_gaps_seen(g, &acd, &b1, 4, T0), -EALREADY);
    analytics_gaps_free(g);
}

static void counting_begins_where_we_come_in_but_a_new_life_begins_at_one(void **state)
{
    struct analytics_gaps *g = fresh();

    TL_UNUSED(state);
    seen(g, &b1, 500, 501);
    expect_none(g, T0 + TL_HOUR(1));
    seen(g, &b2, 3, 3);
    expect_gap(g, T0 + TL_HOUR(1), 1, 2);
    analytics_gaps_free(g);
}

static void a_hole_that_was_reported_before_a_restart_is_not_reported_again(void **state)
{
    struct analytics_gaps *g = fresh();
    struct analytics_gap known = {acd, b1, 6, 8};

    TL_UNUSED(state);
    seen(g, &b1, 1, 5);
    seen(g, &b1, 9, 9);
    analytics_gaps_reported(g, &known);
    expect_none(g, T0 + TL_HOUR(1));
    analytics_gaps_free(g);
}

/* Random losses, doubles and disorder: exactly what never came is reported. */
static void random_streams_account_for_every_number(void **state)
{
    enum { N = 300 };

    TL_UNUSED(state);
    srand(5);
    for (int round = 0; round < 200; round++) {
        struct analytics_gaps *g = fresh();
        struct analytics_gap gap;
        bool lost[N + 1] = {false}, reported[N + 1] = {false};
        uint64_t held = 0;
        int holes = 0;

        seen(g, &b1, 1, 1);
        for (uint64_t i = 2; i < N; i++) {
            if (rand() % 20 == 0 && ++holes < ANALYTICS_HOLES_MAX) {
                lost[i] = true;
            } else if (!held && rand() % 5 == 0 && ++holes < ANALYTICS_HOLES_MAX) {
                held = i;
            } else {
                assert_int_equal(analytics_gaps_seen(g, &acd, &b1, i, T0), 0);
                if (held && rand() % 3 == 0) {
                    assert_int_equal(analytics_gaps_seen(g, &acd, &b1, held, T0), 0);
                    held = 0;
                }
            }
        }
        if (held)
            assert_int_equal(analytics_gaps_seen(g, &acd, &b1, held, T0), 0);
        assert_int_equal(analytics_gaps_seen(g, &acd, &b1, N, T0), 0);
        while (analytics_gaps_take(g, T0 + TL_HOUR(1), &gap))
            for (uint64_t i = gap.first; i <= gap.last; i++)
                reported[i] = true;
        assert_memory_equal(lost, reported, sizeof(lost));
        analytics_gaps_free(g);
    }
}

/* No row for the second half of a hole that is cut in two. */
static void a_full_row_of_holes_says_too_much_rather_than_too_little(void **state)
{
    enum { FIRST = 10, LAST = FIRST + 2 * (ANALYTICS_HOLES_MAX - 1) };
    struct analytics_gaps *g = fresh();
    struct analytics_gap gap;
    bool reported[LAST + 1] = {false};

    TL_UNUSED(state);
    seen(g, &b1, 1, 1);
    for (uint64_t i = FIRST; i <= LAST; i += 2)
        assert_int_equal(analytics_gaps_seen(g, &acd, &b1, i, T0), 0);
    assert_int_equal(analytics_gaps_seen(g, &acd, &b1, 5, T0), 0);
    while (analytics_gaps_take(g, T0 + TL_HOUR(1), &gap))
        for (uint64_t i = gap.first; i <= gap.last; i++)
            reported[i] = true;
    for (uint64_t i = 2; i < FIRST; i++)
        assert_true(reported[i] || i == 5);
    for (uint64_t i = FIRST + 1; i < LAST; i += 2)
        assert_true(reported[i]);
    analytics_gaps_free(g);
}

static void many_lives_are_bounded(void **state)
{
    struct analytics_gaps *g = fresh();

    TL_UNUSED(state);
    for (int i = 0; i < ANALYTICS_PRODUCERS_MAX + 100; i++) {
        struct tl_id boot;

        snprintf(boot.s, sizeof(boot.s), "B%d", i);
        assert_int_equal(analytics_gaps_seen(g, &acd, &boot, 1, T0), 0);
    }
    expect_none(g, T0 + TL_HOUR(1));
    analytics_gaps_free(g);
}

static void a_failed_allocation_records_nothing(void **state)
{
    TL_UNUSED(state);
    for (int n = 0; n < 6; n++) {
        struct analytics_gaps *g = fresh();
        int err;

        tl_mem_fail_after(n);
        err = analytics_gaps_seen(g, &acd, &b1, 1, T0);
        tl_mem_fail_after(-1);
        assert_true(err == 0 || err == -ENOMEM);
        assert_int_equal(analytics_gaps_seen(g, &acd, &b1, 1, T0), err ? 0 : -EALREADY);
        analytics_gaps_free(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hole_is_reported_once_after_its_time),
        cmocka_unit_test(a_late_event_fills_its_hole),
        cmocka_unit_test(counting_begins_where_we_come_in_but_a_new_life_begins_at_one),
        cmocka_unit_test(a_hole_that_was_reported_before_a_restart_is_not_reported_again),
        cmocka_unit_test(random_streams_account_for_every_number),
        cmocka_unit_test(a_full_row_of_holes_says_too_much_rather_than_too_little),
        cmocka_unit_test(many_lives_are_bounded),
        cmocka_unit_test(a_failed_allocation_records_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
