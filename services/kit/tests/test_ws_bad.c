/* What wrong frames, floods and slow or silent peers get: a code, a count, and nobody else is
 * harmed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "ws_server.h"

struct bad_case {
    const char *name;
    unsigned first;
    const char *payload;
    size_t n;
    int code;
    const char *class_name;
};

#define BAD(name, first, literal, code, class_name)                 \
    {                                                               \
        name, first, literal, sizeof(literal) - 1, code, class_name \
    }

static const struct bad_case bad_cases[] = {
    BAD("reserved bit 1", FIN | RSV1 | TL_WS_TEXT, "x", 1002, "protocol"),
    BAD("reserved bit 2", FIN | RSV2 | TL_WS_TEXT, "x", 1002, "protocol"),
    BAD("reserved bit 3", FIN | RSV3 | TL_WS_PING, "x", 1002, "protocol"),
    BAD("opcode 3", FIN | 3, "x", 1002, "protocol"),
    BAD("opcode 7", FIN | 7, "", 1002, "protocol"),
    BAD("opcode 11", FIN | 11, "x", 1002, "protocol"),
    BAD("opcode 15", FIN | 15, "", 1002, "protocol"),
    BAD("fragmented ping", TL_WS_PING, "x", 1002, "protocol"),
    BAD("fragmented close", TL_WS_CLOSE, "", 1002, "protocol"),
    BAD("orphan continuation", FIN | TL_WS_CONT, "x", 1002, "protocol"),
    BAD("orphan continuation, open", TL_WS_CONT, "x", 1002, "protocol"),
    BAD("close with one byte", FIN | TL_WS_CLOSE, "\x03", 1002, "protocol"),
    BAD("close code 0", FIN | TL_WS_CLOSE, "\0\0", 1002, "protocol"),
    BAD("close code 999", FIN | TL_WS_CLOSE, "\x03\xe7", 1002, "protocol"),
    BAD("close code 1004", FIN | TL_WS_CLOSE, "\x03\xec", 1002, "protocol"),
    BAD("close code 1005", FIN | TL_WS_CLOSE, "\x03\xed", 1002, "protocol"),
    BAD("close code 1006", FIN | TL_WS_CLOSE, "\x03\xee", 1002, "protocol"),
    BAD("close code 1015", FIN | TL_WS_CLOSE, "\x03\xf7", 1002, "protocol"),
    BAD("close code 1016", FIN | TL_WS_CLOSE, "\x03\xf8", 1002, "protocol"),
    BAD("close code 2999", FIN | TL_WS_CLOSE, "\x0b\xb7", 1002, "protocol"),
    BAD("close code 5000", FIN | TL_WS_CLOSE, "\x13\x88", 1002, "protocol"),
    BAD("close code 65535", FIN | TL_WS_CLOSE, "\xff\xff", 1002, "protocol"),
    BAD("close reason that is no UTF-8", FIN | TL_WS_CLOSE, "\x03\xe8\xff", 1007, "utf8"),
    BAD("close reason cut short", FIN | TL_WS_CLOSE, "\x03\xe8\xe2\x82", 1007, "utf8"),
    BAD("text that is no UTF-8", FIN | TL_WS_TEXT, "a\xff", 1007, "utf8"),
    BAD("text cut inside a character", FIN | TL_WS_TEXT, "\xe2\x82", 1007, "utf8"),
    BAD("surrogate", FIN | TL_WS_TEXT, "\xed\xa0\x80", 1007, "utf8"),
    BAD("overlong form", FIN | TL_WS_TEXT, "\xc0\xaf", 1007, "utf8"),
    BAD("beyond U+10FFFF", FIN | TL_WS_TEXT, "\xf4\x90\x80\x80", 1007, "utf8"),
    BAD("wrong at once, in an open fragment", TL_WS_TEXT, "ok so far \xf8", 1007, "utf8"),
};

static void wrong_frames_get_their_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < TL_LEN(bad_cases); i++) {
        const struct bad_case *k = &bad_cases[i];
        double before = bad(k->class_name);

        join(UPGRADE("/echo"));
        frame(k->first, k->payload, k->n);
        is_closed(k->name, k->code);
        told(k->name, k->code);
        if (bad(k->class_name) != before + 1)
            fail_msg("%s: not counted once as %s", k->name, k->class_name);
    }
    assert_int_equal(messages, 0);
    assert_int_equal(tl_ws_count(http), 0);
}

static void wrong_lengths_and_masks_get_1002(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t n;
    } cases[] = {
        {"not masked", "\x81\x02hi", 4},
        {"long ping", "\x89\xfe\x00\x7e....", 8},
        {"16 bits for 5", "\x82\xfe\x00\x05....", 8},
        {"64 bits for 65535", "\x82\xff\0\0\0\0\0\0\xff\xff....", 14},
        {"negative", "\x82\xff\x80\0\0\0\0\0\0\0....", 14},
    };

    (void)state;
    for (size_t i = 0; i < TL_LEN(cases); i++) {
        join(UPGRADE("/echo"));
        client_send(&c, cases[i].bytes, cases[i].n);
        is_closed(cases[i].name, 1002);
    }
}

static void a_new_message_inside_another_gets_1002(void **state)
{
    (void)state;
    join(UPGRADE("/echo"));
    FRAME(TL_WS_TEXT, "a");
    FRAME(FIN | TL_WS_TEXT, "b");
    is_closed("text inside text", 1002);
}

static void wrong_text_fails_at_its_first_byte(void **state)
{
    uint8_t bytes[64];

    (void)state;
    join(UPGRADE("/echo"));
    (void)make_frame(bytes, FIN | TL_WS_TEXT, "abc\xff and twenty more bytes", 25);
    client_send(&c, bytes, 6 + 4); /* the rest never comes */
    is_closed("first wrong byte", 1007);
}

static void binary_where_text_is_expected_gets_1003(void **state)
{
    (void)state;
    join(UPGRADE("/text"));
    FRAME(FIN | TL_WS_BINARY, "x");
    is_closed("binary", 1003);
    assert_true(bad("binary") == 1);
}

static void a_large_message_gets_1009(void **state)
{
    static char big[40000];

    (void)state;
    memset(big, 'x', sizeof(big));
    join(UPGRADE("/echo"));
    client_send(&c, "\x82\xff\0\0\0\0\0\x01\0\x01....", 14); /* refused on its announcement */
    is_closed("one large frame", 1009);
    join(UPGRADE("/echo"));
    frame(TL_WS_TEXT, big, sizeof(big));
    frame(FIN | TL_WS_CONT, big, sizeof(big));
    is_closed("two frames", 1009);
    assert_true(bad("large") == 2);
}

static void floods_get_1008(void **state)
{
    (void)state;
    join(UPGRADE("/text"));
    for (int i = 0; i < 6; i++)
        FRAME(FIN | TL_WS_TEXT, "m");
    is_closed("rate", 1008);
    assert_int_equal(messages, 5);

    join(UPGRADE("/echo"));
    for (int i = 0; i < 11; i++)
        FRAME(FIN | TL_WS_PING, "");
    is_closed("pings", 1008);

    join(UPGRADE("/echo"));
    FRAME(TL_WS_TEXT, "a");
    for (int i = 0; i < 1001; i++)
        FRAME(TL_WS_CONT, "");
    is_closed("empty fragments", 1008);

    join(UPGRADE("/echo"));
    FRAME(TL_WS_TEXT, "a");
    for (int i = 0; i < 64; i++)
        FRAME(TL_WS_CONT, "b");
    is_closed("fragments", 1008);
    assert_true(bad("rate") == 1 && bad("pings") == 1 && bad("fragments") == 2);
}

/* A peer that goes on talking must still hear our close: ending early would make a reset, which
 * eats it. */
static void a_flood_hears_its_close_to_the_end(void **state)
{
    (void)state;
    join(UPGRADE("/text"));
    for (int i = 0; i < 3000; i++)
        FRAME(FIN | TL_WS_TEXT, "{\"typing\":{\"contact_id\":\"x\"}}");
    assert_false(c.ended); /* the server waits for our close */
    is_closed("flood", 1008);
    assert_int_equal(messages, 5);

    join(UPGRADE("/echo"));
    for (int i = 0; i < 3000; i++)
        FRAME(FIN | TL_WS_PING, "");
    assert_false(c.ended);
    is_closed("pings", 1008);
}

static void who_never_answers_a_close_is_ended(void **state)
{
    tl_time start = tl_clock_mono();

    (void)state;
    join(UPGRADE("/text"));
    FRAME(FIN | TL_WS_BINARY, "x");
    assert_true(client_ends(&c));
    assert_true(tl_clock_mono() - start < TL_SEC(3));
    assert_int_equal(closed_with, TL_WS_UNSUPPORTED);
}

/* What waits for a slow reader is bounded; it gets 1013 behind the frame that has begun. */
static void a_slow_reader_gets_1013(void **state)
{
    static char big[64 * 1024];
    int err = 0;
    struct tl_ws_head h;
    unsigned sent = 0, whole = 0;
    size_t at = 0;

    (void)state;
    client_close(&c);
    client_open(&c, loop, tl_http_port(http));
    client_say(&c, UPGRADE("/small"));
    assert_true(client_sees(&c, "\r\n\r\n"));
    c.n = 0;
    memset(big, 'x', sizeof(big));
    while (!err && sent < 1000) {
        err = tl_ws_send(last, (struct tl_str){big, sizeof(big)}, false);
        tl_loop_turn(loop);
        sent++;
    }
    assert_int_equal(err, -ENOBUFS);
    assert_true(tl_ws_queued(last) < 128 * 1024);
    assert_int_equal(tl_ws_send(last, TL_STR("x"), false), -EPIPE);
    /* It wakes up: whole frames, then the close. */
    h.op = TL_WS_TEXT;
    for (tl_time end = tl_clock_mono() + TL_SEC(5); tl_clock_mono() < end;) {
        client_turn(&c);
        while (tl_ws_head_parse(&h, (uint8_t *)c.in, c.n) == 1 && c.n >= h.head_size + h.length) {
            at = h.head_size + (size_t)h.length;
            if (h.op == TL_WS_CLOSE)
                assert_memory_equal(c.in + 2, "\x03\xf5", 2);
            memmove(c.in, c.in + at, c.n - at);
            c.n -= at;
            whole++;
        }
        if (c.ended)
            break;
    }
    assert_int_equal(h.op, TL_WS_CLOSE);
    assert_true(whole > 1 && whole < sent);
    assert_true(c.ended);
    assert_true(bad("slow_reader") == 1);
}

static void quiet_peers_are_pinged_and_silent_ones_given_up(void **state)
{
    tl_time start = tl_clock_mono();

    (void)state;
    join(UPGRADE("/small"));
    hears(TL_WS_PING, "");
    FRAME(FIN | TL_WS_PONG, "");
    hears(TL_WS_PING, "");
    assert_int_equal(closed_with, 0);
    assert_true(client_ends(&c)); /* no pong this time */
    assert_int_equal(closed_with, TL_WS_ABNORMAL);
    assert_true(tl_clock_mono() - start >= TL_MSEC(1900));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(wrong_frames_get_their_code),
        T(wrong_lengths_and_masks_get_1002),
        T(a_new_message_inside_another_gets_1002),
        T(wrong_text_fails_at_its_first_byte),
        T(binary_where_text_is_expected_gets_1003),
        T(a_large_message_gets_1009),
        T(floods_get_1008),
        T(a_flood_hears_its_close_to_the_end),
        T(who_never_answers_a_close_is_ended),
        T(a_slow_reader_gets_1013),
        T(quiet_peers_are_pinged_and_silent_ones_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
