/**
 * @file test_rx.c  Loss, jitter, loudness and the guard against floods.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rx.h"

enum { QUIET = 100, LOUD = 10, SSRC = 7 };

static void take(struct rx *rx, int i, int level)
{
    rx_packet(rx, SSRC, (uint16_t)(65530 + i), (uint32_t)(960 * i), 48000, 80, level,
              1000000 + 20000LL * i);
}

static void losses_are_counted_and_late_ones_taken_back(void **state)
{
    struct rx rx = {0};

    (void)state;
    for (int i = 0; i < 100; i++)
        if (i != 10 && i != 11 && i != 50)
            take(&rx, i, QUIET);
    assert_int_equal(rx.packets, 97);
    assert_int_equal(rx_lost(&rx), 3);
    take(&rx, 50, QUIET);
    assert_int_equal(rx_lost(&rx), 2);
}

static void a_new_sender_keeps_the_old_losses(void **state)
{
    struct rx rx = {0};

    (void)state;
    take(&rx, 0, QUIET);
    take(&rx, 5, QUIET);
    rx_packet(&rx, SSRC + 1, 9, 0, 48000, 80, -1, 2000000);
    assert_int_equal(rx_lost(&rx), 4);
    assert_int_equal(rx.packets, 3);
}

/* RFC 3550 A.8: a constant spacing has no jitter; one packet d late moves it by d / 16. */
static void jitter_follows_the_formula(void **state)
{
    struct rx rx = {0};

    (void)state;
    for (int i = 0; i < 50; i++)
        take(&rx, i, QUIET);
    assert_true(rx.jitter_ms < 0.001);
    rx_packet(&rx, SSRC, (uint16_t)(65530 + 50), 960 * 50, 48000, 80, -1,
              1000000 + 1000000 + 16000);
    assert_true(rx.jitter_ms > 0.99 && rx.jitter_ms < 1.01);
}

static void talking_starts_at_once_and_stops_after_a_pause(void **state)
{
    struct rx rx = {0};

    (void)state;
    take(&rx, 0, LOUD);
    take(&rx, 1, LOUD);
    assert_false(rx.talking);
    take(&rx, 2, LOUD);
    assert_true(rx.talking);
    for (int i = 3; i < 27; i++)
        take(&rx, i, QUIET);
    assert_true(rx.talking);
    take(&rx, 27, QUIET);
    assert_false(rx.talking);
}

static void a_flood_is_cut(void **state)
{
    struct rx rx = {0};
    int passed = 0;

    (void)state;
    for (int i = 0; i < 1000; i++)
        passed += rx_admit(&rx, SSRC, 5000000 + i * 500);
    assert_int_equal(passed, RX_MAX_PPS);
    assert_true(rx_admit(&rx, SSRC, 6000000));
}

static void a_stranger_waits_until_the_first_is_silent(void **state)
{
    struct rx rx = {0};

    (void)state;
    take(&rx, 0, QUIET);
    assert_false(rx_admit(&rx, SSRC + 1, 1020000));
    assert_true(rx_admit(&rx, SSRC + 1, 1300000));
    rx_rebase(&rx);
    assert_true(rx_admit(&rx, SSRC + 1, 1020000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_are_counted_and_late_ones_taken_back),
        cmocka_unit_test(a_new_sender_keeps_the_old_losses),
        cmocka_unit_test(jitter_follows_the_formula),
        cmocka_unit_test(talking_starts_at_once_and_stops_after_a_pause),
        cmocka_unit_test(a_flood_is_cut),
        cmocka_unit_test(a_stranger_waits_until_the_first_is_silent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
