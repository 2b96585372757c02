/**
 * @file test_table.c  Who hears whom: packets in at one leg, packets out at the others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <tl_mem.h>

enum { A, B, C, LEGS, MS = 1000 };

/* What went out, newest last: "b:hello" is the payload hello sent to leg b. */
struct world {
    struct table t;
    char heard[4096];
    uint16_t seq[LEGS];
    struct rtp_packet last[LEGS];
    uint8_t copy[LEGS][RTP_MAX];
    int out[LEGS];
};

static void note(void *arg, int leg, const uint8_t *data, size_t n)
{
    struct world *w = arg;

    memcpy(w->copy[leg], data, n);
    assert_int_equal(rtp_parse(&w->last[leg], w->copy[leg], n), RTP_FINE);
    w->out[leg]++;
    if (strlen(w->heard) < sizeof w->heard - 32)
        snprintf(w->heard + strlen(w->heard), 32, "%c:%.*s ", "abc"[leg],
                 (int)w -> last[leg].payload_len, (const char *)w->last[leg].payload);
}

/* A sound of n frames that read "<letter>0", "<letter>1", ... */
static void add_sound(struct table *t, const char *name, char letter, int n)
{
    struct ogg_sound s = {.store = tl_alloc((size_t)n, 2),
                          .frames = tl_alloc((size_t)n, sizeof *s.frames),
                          .n = (size_t)n};

    for (int i = 0; i < n; i++) {
        s.store[2 * i] = (uint8_t)letter;
        s.store[2 * i + 1] = (uint8_t)('0' + i);
        s.frames[i] = (struct ogg_frame){(uint32_t)(2 * i), 2};
    }
    assert_int_equal(table_add_sound(t, name, &s), 0);
}

static int set_up(void **state)
{
    const struct leg_format format[LEGS] = {
        {111, 0, {126, 110}, 1}, {96, 0, {126, 255}, 3}, {109, 255, {255, 255}, 0}};
    struct world *w = tl_alloc(1, sizeof *w);

    assert_int_equal(table_init(&w->t, LEGS, note, w), 0);
    add_sound(&w->t, "music", 'm', 3);
    add_sound(&w->t, "welcome", 'w', 2);
    for (int i = 0; i < LEGS; i++) {
        const char key[] = {(char)('a' + i), 0};

        assert_int_equal(table_open(&w->t, key, (const uint32_t[]){50 + (uint32_t)i, 9, 9}), i);
        table_set_peer(&w->t, i, &format[i]);
    }
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    table_done(&w->t);
    tl_free(w);
    return 0;
}

static void say(struct world *w, int leg, uint8_t pt, const char *text, int64_t at_ms)
{
    uint8_t data[RTP_MAX];
    uint16_t seq = w->seq[leg]++;

    rtp_write(data, &(struct rtp_header){pt, false, seq, seq * 960u, 7u + (uint32_t)leg});
    memcpy(data + RTP_HEADER, text, strlen(text));
    table_packet(&w->t, leg, data, RTP_HEADER + strlen(text), 1000 * MS + at_ms * MS);
}

static void ticks(struct world *w, int64_t from_ms, int n)
{
    for (int i = 0; i < n; i++)
        table_tick(&w->t, 1000 * MS + (from_ms + 20 * i) * MS);
}

static void two_parties_hear_each_other(void **state)
{
    struct world *w = *state;

    table_hear(&w->t, A, (struct hear){HEAR_LEG, B});
    table_hear(&w->t, B, (struct hear){HEAR_LEG, A});
    say(w, A, 111, "hello", 0);
    say(w, B, 96, "hi", 5);
    assert_string_equal(w->heard, "b:hello a:hi ");
    assert_int_equal(w->last[B].pt, 96); /* each in its own numbers */
    assert_int_equal(w->last[A].pt, 111);
    assert_int_equal(w->last[B].ssrc, 51);
}

static void who_waits_hears_announcements_then_music(void **state)
{
    struct world *w = *state;

    table_hear(&w->t, A, (struct hear){HEAR_SOUND, table_find_sound(&w->t, "music")});
    table_play(&w->t, A, (const int[]){table_find_sound(&w->t, "welcome")}, 1);
    table_drop_peer(&w->t, B);
    table_drop_peer(&w->t, C);
    ticks(w, 0, 6);
    assert_string_equal(w->heard, "a:w0 a:w1 a:m0 a:m1 a:m2 a:m0 ");
}

/* The numbers the listener sees never break, whatever it is switched to. */
static void accept_takes_music_away_in_one_step(void **state)
{
    struct world *w = *state;
    uint16_t seq;

    table_hear(&w->t, A, (struct hear){HEAR_SOUND, 0});
    ticks(w, 0, 2);
    seq = w->last[A].seq;
    table_hear(&w->t, A, (struct hear){HEAR_LEG, B});
    say(w, B, 96, "hi", 40);
    assert_int_equal(w->last[A].seq, (uint16_t)(seq + 1));
    assert_true(w->last[A].marker);
    assert_memory_equal(w->last[A].payload, "hi", 2);
}

static void a_pause_of_the_other_is_filled_with_silence(void **state)
{
    struct world *w = *state;
    int before;

    table_hear(&w->t, A, (struct hear){HEAR_LEG, B});
    say(w, B, 96, "hi", 0);
    ticks(w, 20, 9); /* 180 ms: may still be the network */
    assert_int_equal(w->out[A], 1);
    before = w->out[A];
    ticks(w, 200, 50);
    assert_int_equal(w->out[A] - before, 50);
    assert_int_equal(w->last[A].payload_len, 3);
    say(w, B, 96, "back", 1200);
    assert_memory_equal(w->last[A].payload, "back", 4);
    before = w->out[A];
    ticks(w, 1220, 5);
    assert_int_equal(w->out[A], before);
}

static void digits_are_not_for_other_ears(void **state)
{
    struct world *w = *state;
    uint16_t seq;

    table_hear(&w->t, B, (struct hear){HEAR_LEG, A});
    say(w, A, 111, "one", 0);
    seq = w->last[B].seq;
    say(w, A, 126, "dtmf", 20);
    say(w, A, 110, "dtmf", 40);
    say(w, A, 111, "two", 60);
    assert_string_equal(w->heard, "b:one b:two ");
    assert_int_equal(w->last[B].seq, (uint16_t)(seq + 1));
    assert_int_equal(w->t.legs[A].dtmf, 2);
    assert_true(w->t.legs[A].in.jitter_ms < 40); /* their clock is not that of the voice */
}

static void a_codec_the_listener_lacks_is_dropped(void **state)
{
    struct world *w = *state;

    table_hear(&w->t, C, (struct hear){HEAR_LEG, A});
    say(w, A, 0, "mu-law", 0);
    assert_string_equal(w->heard, "");
    assert_int_equal(w->t.legs[A].dropped, 1);
    say(w, A, 77, "nonsense", 20);
    assert_int_equal(w->t.legs[A].dropped, 2);
}

static void junk_is_counted_and_harms_nobody(void **state)
{
    struct world *w = *state;
    uint8_t junk[RTP_MAX + 1] = {0x47};

    table_hear(&w->t, B, (struct hear){HEAR_LEG, A});
    table_packet(&w->t, A, junk, 5, 1000 * MS);
    table_packet(&w->t, A, junk, 100, 1000 * MS);
    table_packet(&w->t, A, junk, RTP_MAX + 1, 1000 * MS);
    assert_int_equal(w->t.faults[RTP_SHORT], 1);
    assert_int_equal(w->t.faults[RTP_VERSION], 1);
    assert_int_equal(w->t.faults[RTP_LONG], 1);
    say(w, A, 111, "fine", 0);
    assert_string_equal(w->heard, "b:fine ");
}

static void a_closed_leg_leaves_silence(void **state)
{
    struct world *w = *state;

    table_hear(&w->t, A, (struct hear){HEAR_LEG, B});
    table_close(&w->t, B);
    assert_int_equal(w->t.legs[A].hear.kind, HEAR_SILENCE);
    assert_int_equal(table_find_leg(&w->t, "b"), -ENOENT);
    assert_int_equal(table_open(&w->t, "b2", (const uint32_t[]){1, 2, 3}), B);
    assert_int_equal(table_open(&w->t, "a", (const uint32_t[]){1, 2, 3}), -EEXIST);
    assert_int_equal(table_open(&w->t, "more", (const uint32_t[]){1, 2, 3}), -ENOSPC);
}

/* A reload: the far end is another one, the listener's stream and the totals go on. */
static void a_reload_is_a_new_peer_on_the_same_leg(void **state)
{
    struct world *w = *state;
    const struct leg_format other = {45, 255, {255, 255}, 0};
    uint16_t seq;

    table_hear(&w->t, B, (struct hear){HEAR_LEG, A});
    say(w, A, 111, "old", 0);
    seq = w->last[B].seq;
    table_drop_peer(&w->t, A);
    say(w, A, 111, "ghost", 20);
    table_set_peer(&w->t, A, &other);
    w->seq[A] = 40000;
    say(w, A, 45, "new", 40);
    assert_string_equal(w->heard, "b:old b:new ");
    assert_int_equal(w->last[B].seq, (uint16_t)(seq + 1));
    assert_int_equal(w->t.legs[A].in.packets, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(two_parties_hear_each_other),
        TEST(who_waits_hears_announcements_then_music),
        TEST(accept_takes_music_away_in_one_step),
        TEST(a_pause_of_the_other_is_filled_with_silence),
        TEST(digits_are_not_for_other_ears),
        TEST(a_codec_the_listener_lacks_is_dropped),
        TEST(junk_is_counted_and_harms_nobody),
        TEST(a_closed_leg_leaves_silence),
        TEST(a_reload_is_a_new_peer_on_the_same_leg),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
