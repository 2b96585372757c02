/**
 * @file test_splice.c  Each story is a list of packets that come in and how they must go out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/splice.h"

#include <stdlib.h>

enum { DROP = -1, STRIP = -2 };

struct step {
    int at_ms;
    uint32_t source, ssrc, clock;
    uint16_t seq;
    uint32_t ts;
    int out_seq; /* or DROP, or STRIP: taken out, nothing goes out */
    uint32_t out_ts;
    bool marker;
};

#define OPUS(at, source, ssrc, seq, ts) at, source, ssrc, 48000, seq, ts
#define PCMU(at, source, ssrc, seq, ts) at, source, ssrc, 8000, seq, ts
#define TAKEN_OUT                       STRIP, 0, false
#define DROPPED                         DROP, 0, false

/* The outgoing stream begins at sequence 100; its clock stands at 5000 before the first packet. */
static const struct step one_source[] = {
    {OPUS(0, 1, 7, 10, 1000), 100, 5960, true},   {OPUS(20, 1, 7, 11, 1960), 101, 6920, false},
    {OPUS(60, 1, 7, 13, 3880), 103, 8840, false}, /* a loss stays visible */
    {OPUS(61, 1, 7, 12, 2920), 102, 7880, false}, /* and so does reordering */
    {OPUS(80, 1, 7, 14, 4840), 104, 9800, false}, {0},
};
static const struct step switching_leaves_no_hole[] = {
    {OPUS(0, 1, 7, 10, 1000), 100, 5960, true},
    {OPUS(20, 2, 8, 60000, 99), 101, 6920, true},
    {OPUS(40, 2, 8, 60001, 1059), 102, 7880, false},
    {OPUS(60, 1, 7, 500, 44), 103, 8840, true},
    {0},
};
static const struct step a_pause_is_real_time[] = {
    {OPUS(0, 1, 7, 10, 1000), 100, 5960, true},
    {OPUS(1000, 2, 8, 3, 0), 101, 5960 + 50 * 960, true},
    {OPUS(1009, 1, 7, 11, 0), 102, 5960 + 51 * 960, true}, /* too early: still one frame on */
    {0},
};
static const struct step a_late_one_of_before_the_switch_is_dropped[] = {
    {OPUS(0, 1, 7, 10, 1000), 100, 5960, true},
    {OPUS(20, 1, 7, 9, 40), DROPPED},
    {OPUS(20, 1, 7, 11, 1960), 101, 6920, false},
    {0},
};
static const struct step a_new_ssrc_of_the_same_source[] = {
    {OPUS(0, 1, 7, 10, 1000), 100, 5960, true},
    {OPUS(20, 1, 9, 40000, 7), 101, 6920, true},
    {0},
};
static const struct step another_clock_counts_in_its_own_frames[] = {
    {OPUS(0, 1, 7, 10, 1000), 100, 5960, true},
    {PCMU(20, 2, 8, 1, 0), 101, 5960 + 160, true},
    {PCMU(40, 2, 8, 2, 160), 102, 5960 + 320, false},
    {OPUS(60, 1, 7, 12, 2920), 103, 5960 + 320 + 960, true},
    {0},
};
static const struct step digits_are_taken_out_without_a_hole[] = {
    {OPUS(0, 1, 7, 10, 1000), 100, 5960, true},   {OPUS(20, 1, 7, 11, 1960), TAKEN_OUT},
    {OPUS(40, 1, 7, 12, 1960), TAKEN_OUT},        {OPUS(60, 1, 7, 13, 3880), 101, 8840, false},
    {OPUS(61, 1, 7, 12, 1960), DROPPED}, /* comes late: its number is taken */
    {OPUS(80, 1, 7, 14, 4840), 102, 9800, false}, {0},
};
static const struct step a_digit_twice_or_late_takes_no_number[] = {
    {OPUS(0, 1, 7, 10, 1000), 100, 5960, true},    {OPUS(20, 1, 7, 11, 1960), TAKEN_OUT},
    {OPUS(21, 1, 7, 11, 1960), TAKEN_OUT},         {OPUS(40, 1, 7, 12, 2920), 101, 7880, false},
    {OPUS(60, 1, 7, 14, 4840), 103, 9800, false},  {OPUS(70, 1, 7, 13, 1960), TAKEN_OUT},
    {OPUS(80, 1, 7, 15, 5800), 104, 10760, false}, {0},
};
static const struct step a_digit_before_anything_is_nothing[] = {
    {OPUS(0, 1, 7, 9, 40), TAKEN_OUT},
    {OPUS(20, 1, 7, 10, 1000), 100, 5960, true},
    {0},
};
static const struct step a_sender_that_begins_anew[] = {
    {OPUS(0, 1, 7, 10, 1000), 100, 5960, true},
    {OPUS(20, 1, 7, 30010, 1960), 101, 6920, true},     /* its sequence jumped */
    {OPUS(40, 1, 7, 30011, 90000000), 102, 7880, true}, /* its clock jumped */
    {0},
};
static const struct step silence_of_the_sender_is_no_jump[] = {
    {OPUS(0, 1, 7, 10, 1000), 100, 5960, true},
    {OPUS(60000, 1, 7, 11, 1000 + 3000 * 960), 101, 5960 + 3000 * 960, false},
    {0},
};

static void play(const struct step *s)
{
    struct splice splice;

    splice_init(&splice, 100, 5000);
    for (; s->clock; s++) {
        const struct splice_in in = {s->source, s->ssrc, s->clock, s->seq, s->ts, false};
        struct splice_out out;
        bool sent;

        if (s->out_seq == STRIP) {
            splice_strip(&splice, &in);
            continue;
        }
        sent = splice_packet(&splice, &in, 1000000 + s->at_ms * 1000LL, &out);
        if (!sent) {
            assert_int_equal(s->out_seq, DROP);
            continue;
        }
        assert_int_equal(out.seq, s->out_seq);
        assert_int_equal(out.ts, s->out_ts);
        assert_int_equal(out.marker, s->marker);
    }
}

#define STORY(name)                       \
    static void test_##name(void **state) \
    {                                     \
        (void)state;                      \
        play(name);                       \
    }
STORY(one_source)
STORY(switching_leaves_no_hole)
STORY(a_pause_is_real_time)
STORY(a_late_one_of_before_the_switch_is_dropped)
STORY(a_new_ssrc_of_the_same_source)
STORY(another_clock_counts_in_its_own_frames)
STORY(digits_are_taken_out_without_a_hole)
STORY(a_digit_twice_or_late_takes_no_number)
STORY(a_digit_before_anything_is_nothing)
STORY(a_sender_that_begins_anew)
STORY(silence_of_the_sender_is_no_jump)

/* Hours of packets with switches at random times: numbers go up by one, time never goes back. */
static void a_long_life_wraps_without_a_break(void **state)
{
    struct splice s;
    uint16_t expect = 65500;
    uint32_t ts = 0;
    uint16_t seq[2] = {65000, 12};
    uint32_t clock[2] = {0xffff0000u, 77};

    (void)state;
    srand(1);
    splice_init(&s, 65500, 0);
    for (int i = 0, source = 0; i < 400000; i++) {
        struct splice_out out;
        struct splice_in in;

        if (rand() % 500 == 0)
            source = !source;
        for (int k = 0; k < 2; k++) {
            seq[k]++;
            clock[k] += 960;
        }
        in = (struct splice_in){(uint32_t)source, (uint32_t)source, 48000,
                                seq[source],      clock[source],    false};
        assert_true(splice_packet(&s, &in, 20000LL * i, &out));
        assert_int_equal(out.seq, expect);
        if (i > 0)
            assert_int_equal(out.ts - ts, 960);
        ts = out.ts;
        expect++;
    }
    assert_true(s.segments > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_source),
        cmocka_unit_test(test_switching_leaves_no_hole),
        cmocka_unit_test(test_a_pause_is_real_time),
        cmocka_unit_test(test_a_late_one_of_before_the_switch_is_dropped),
        cmocka_unit_test(test_a_new_ssrc_of_the_same_source),
        cmocka_unit_test(test_another_clock_counts_in_its_own_frames),
        cmocka_unit_test(test_digits_are_taken_out_without_a_hole),
        cmocka_unit_test(test_a_digit_twice_or_late_takes_no_number),
        cmocka_unit_test(test_a_digit_before_anything_is_nothing),
        cmocka_unit_test(test_a_sender_that_begins_anew),
        cmocka_unit_test(test_silence_of_the_sender_is_no_jump),
        cmocka_unit_test(a_long_life_wraps_without_a_break),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
