/**
 * @file test_ogg.c  A small Ogg Opus file, and the ways in which one can be unfit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/ogg.h"

#include <errno.h>
#include <string.h>

struct file {
    uint8_t data[4096];
    size_t n;
};

static uint32_t crc(const uint8_t *p, size_t n)
{
    uint32_t r = 0;

    for (size_t i = 0; i < n; i++) {
        r ^= (uint32_t)p[i] << 24;
        for (int bit = 0; bit < 8; bit++)
            r = r & 0x80000000u ? r << 1 ^ 0x04c11db7u : r << 1;
    }
    return r;
}

/* A page with the segment lengths of `lacing` and a body to match. */
static void page(struct file *f, uint32_t serial, const uint8_t *lacing, uint8_t n,
                 const void *body)
{
    uint8_t *p = f->data + f->n;
    size_t body_n = 0;
    uint32_t sum;

    memset(p, 0, 27);
    memcpy(p, "OggS", 4);
    memcpy(p + 14, &serial, 4); /* both ends are little-endian here */
    p[26] = n;
    memcpy(p + 27, lacing, n);
    for (int i = 0; i < n; i++)
        body_n += lacing[i];
    memcpy(p + 27 + n, body, body_n);
    sum = crc(p, 27u + n + body_n);
    memcpy(p + 22, &sum, 4);
    f->n += 27u + n + body_n;
}

static void heads(struct file *f, uint8_t channels)
{
    char head[19] = "OpusHead\x01";

    head[9] = (char)channels;
    page(f, 5, (const uint8_t[]){19}, 1, head);
    page(f, 5, (const uint8_t[]){16}, 1, "OpusTags12345678");
}

static void refused(const struct file *f, const char *expected)
{
    struct ogg_sound s;
    const char *why = NULL;

    assert_int_equal(ogg_read(&s, f->data, f->n, &why), -EBADMSG);
    assert_string_equal(why, expected);
}

static void frames_come_out_as_they_went_in(void **state)
{
    struct file f = {0};
    uint8_t big[300];
    struct ogg_sound s;
    const char *why;

    (void)state;
    memset(big, 0xf8, sizeof big);
    heads(&f, 1);
    /* Two frames, and the beginning of a third that goes on in the next page. */
    memcpy(big, "\xf8\x01\xf8\x02\x03", 5);
    page(&f, 5, (const uint8_t[]){2, 3, 255}, 3, big);
    page(&f, 5, (const uint8_t[]){10}, 1, big);
    assert_int_equal(ogg_read(&s, f.data, f.n, &why), 0);
    assert_int_equal(s.n, 3);
    assert_int_equal(s.frames[0].len, 2);
    assert_int_equal(s.frames[1].len, 3);
    assert_memory_equal(s.store + s.frames[1].at, "\xf8\x02\x03", 3);
    assert_int_equal(s.frames[2].len, 265);
    ogg_done(&s);
}

static void what_would_play_wrong_is_refused(void **state)
{
    struct file text = {.data = "hello", .n = 5}, empty = {.n = 0}, stereo = {.n = 0},
                frames60 = {.n = 0}, two = {.n = 0}, mute = {.n = 0}, flac = {.n = 0};

    (void)state;
    refused(&text, "not an Ogg file");
    refused(&empty, "not an Ogg file");
    heads(&stereo, 2);
    refused(&stereo, "more than one channel");
    heads(&frames60, 1);
    page(&frames60, 5, (const uint8_t[]){2}, 1, "\x18\x00"); /* SILK, 60 ms */
    refused(&frames60, "not in single frames of 20 ms");
    heads(&two, 1);
    page(&two, 6, (const uint8_t[]){2}, 1, "\xf8\x00");
    refused(&two, "more than one stream");
    heads(&mute, 1);
    refused(&mute, "no sound in it");
    page(&flac, 5, (const uint8_t[]){4}, 1, "fLaC");
    refused(&flac, "not an Opus stream");
}

static void damage_is_found(void **state)
{
    struct file f = {0};

    (void)state;
    heads(&f, 1);
    page(&f, 5, (const uint8_t[]){2}, 1, "\xf8\x00");
    f.n--;
    refused(&f, "cut off");
    f.n++;
    f.data[f.n - 1] ^= 1;
    refused(&f, "damaged page");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_out_as_they_went_in),
        cmocka_unit_test(what_would_play_wrong_is_refused),
        cmocka_unit_test(damage_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
