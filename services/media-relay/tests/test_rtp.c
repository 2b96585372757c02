/**
 * @file test_rtp.c  Packets that are fine, and each way in which one can be wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rtp.h"

#include <string.h>

struct story {
    const char *what;
    const char *bytes;
    size_t n;
    enum rtp_fault fault;
};

#define BYTES(text) (text), sizeof(text) - 1
#define HEAD        "\x00\x01\x00\x00\x03\xc0\xde\xad\xbe\xef"

static const struct story stories[] = {
    {"a plain packet", BYTES("\x80\x6f" HEAD "abc"), RTP_FINE},
    {"an empty datagram", BYTES(""), RTP_SHORT},
    {"a header without payload", BYTES("\x80\x6f" HEAD), RTP_SHORT},
    {"version 1", BYTES("\x40\x6f" HEAD "abc"), RTP_VERSION},
    {"a sender report on the wrong port", BYTES("\x80\xc8" HEAD "abc"), RTP_RTCP},
    {"two CSRCs", BYTES("\x82\x6f" HEAD "11112222abc"), RTP_FINE},
    {"fifteen CSRCs that are not there", BYTES("\x8f\x6f" HEAD "abc"), RTP_OVERFLOW},
    {"an extension cut off in its header", BYTES("\x90\x6f" HEAD "\xbe\xde\x00"), RTP_OVERFLOW},
    {"an extension longer than the packet",
     BYTES("\x90\x6f" HEAD "\xbe\xde\x00\x02\x10\x05\x00\x00"), RTP_OVERFLOW},
    {"only an extension", BYTES("\x90\x6f" HEAD "\xbe\xde\x00\x01\x10\x05\x00\x00"), RTP_SHORT},
    {"padding", BYTES("\xa0\x6f" HEAD "abc\x00\x02"), RTP_FINE},
    {"padding of nothing", BYTES("\xa0\x6f" HEAD "abc\x00"), RTP_OVERFLOW},
    {"padding longer than the payload", BYTES("\xa0\x6f" HEAD "abc\x09"), RTP_OVERFLOW},
    {"nothing but padding", BYTES("\xa0\x6f" HEAD "\x00\x02"), RTP_SHORT},
};

static void each_datagram_is_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        struct rtp_packet p;
        enum rtp_fault fault = rtp_parse(&p, (const uint8_t *)stories[i].bytes, stories[i].n);

        if (fault != stories[i].fault)
            fail_msg("%s: %s", stories[i].what, rtp_fault_name(fault));
        if (fault == RTP_FINE) {
            assert_memory_equal(p.payload, "abc", 3);
            assert_int_equal(p.payload_len, 3);
            assert_int_equal(p.pt, 111);
            assert_int_equal(p.seq, 1);
            assert_int_equal(p.ts, 960);
            assert_int_equal(p.ssrc, 0xdeadbeef);
        }
    }
}

static void a_giant_is_refused(void **state)
{
    uint8_t data[RTP_MAX + 1] = {0x80, 111};
    struct rtp_packet p;

    (void)state;
    assert_int_equal(rtp_parse(&p, data, sizeof data), RTP_LONG);
    assert_int_equal(rtp_parse(&p, data, RTP_MAX), RTP_FINE);
}

/* Element 3 (two bytes), a filler, then the level (id 1): speaking, -5 dBov. */
static void the_level_is_found_among_extensions(void **state)
{
    const char bytes[] = "\x90\x6f" HEAD "\xbe\xde\x00\x02\x31\xaa\xbb\x00\x10\x85\x00\x00"
                         "abc";
    struct rtp_packet p;

    (void)state;
    assert_int_equal(rtp_parse(&p, (const uint8_t *)bytes, sizeof bytes - 1), RTP_FINE);
    assert_int_equal(rtp_level(&p, 1), 5);
    assert_int_equal(rtp_level(&p, 2), -1);
}

static void an_element_past_the_end_is_no_level(void **state)
{
    const char bytes[] = "\x90\x6f" HEAD "\xbe\xde\x00\x01\x00\x00\x00\x1f"
                         "abc";
    struct rtp_packet p;

    (void)state;
    assert_int_equal(rtp_parse(&p, (const uint8_t *)bytes, sizeof bytes - 1), RTP_FINE);
    assert_int_equal(rtp_level(&p, 1), -1);
}

static void what_is_written_reads_back(void **state)
{
    const struct rtp_header h = {
        .pt = 96, .marker = true, .seq = 65535, .ts = 0xfffffc40, .ssrc = 7};
    uint8_t data[RTP_HEADER + 1] = {0};
    struct rtp_packet p;

    (void)state;
    rtp_write(data, &h);
    assert_int_equal(rtp_parse(&p, data, sizeof data), RTP_FINE);
    assert_int_equal(p.pt, h.pt);
    assert_true(p.marker);
    assert_int_equal(p.seq, h.seq);
    assert_int_equal(p.ts, h.ts);
    assert_int_equal(p.ssrc, h.ssrc);
    assert_null(p.ext);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_datagram_is_judged),
        cmocka_unit_test(a_giant_is_refused),
        cmocka_unit_test(the_level_is_found_among_extensions),
        cmocka_unit_test(an_element_past_the_end_is_no_level),
        cmocka_unit_test(what_is_written_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
