/* WebSocket connections: how they begin, talk and end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "ws_server.h"

/* ---- the handshake ---- */

static void the_handshake_of_the_rfc(void **state)
{
    (void)state;
    client_say(&c,
               "GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, threadline.v1\r\n" KEY
               "\r\n");
    assert_true(client_sees(&c, "\r\n\r\n"));
    assert_non_null(strstr(c.in, "101 Switching Protocols"));
    assert_non_null(strstr(c.in, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert_non_null(strstr(c.in, "Sec-WebSocket-Protocol: threadline.v1\r\n"));
    assert_int_equal(tl_ws_count(http), 1);
    assert_int_equal(tl_http_in_flight(http), 0);
}

static void bad_handshakes_are_refused(void **state)
{
    static const struct {
        const char *request, *answer;
    } cases[] = {
        {"GET /echo HTTP/1.0\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\n" KEY "\r\n",
         "400 Bad"},
        {"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n", "426 Upgrade"},
        {"GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\n" KEY "\r\n",
         "400 Bad"},
        {"GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 8\r\n" KEY "\r\n",
         "426 Upgrade"},
        {"GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\n\r\n",
         "400 Bad"},
        {"GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2hvcnQ=\r\n\r\n",
         "400 Bad"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nContent-Length: 0\r\n" KEY "\r\n",
         "405 Method"},
    };

    (void)state;
    for (size_t i = 0; i < TL_LEN(cases); i++) {
        client_close(&c);
        client_open(&c, loop, tl_http_port(http));
        client_say(&c, cases[i].request);
        if (!client_sees(&c, cases[i].answer))
            fail_msg("case %zu: %.80s", i, c.in);
    }
    assert_non_null(strstr(c.in, "Allow: GET"));
    assert_true(bad("handshake") == 6);
    assert_int_equal(tl_ws_count(http), 0);
}

/* The trap: libmicrohttpd has already read what came with the request, and no event tells of it. */
static void a_frame_that_came_with_the_request_is_not_lost(void **state)
{
    uint8_t bytes[1024];
    size_t n = strlen(UPGRADE("/echo"));

    (void)state;
    memcpy(bytes, UPGRADE("/echo"), n);
    n += make_frame(bytes + n, FIN | TL_WS_TEXT, "hi", 2); /* 8 bytes */
    client_send(&c, bytes, n);
    assert_true(client_sees(&c, "\r\n\r\n\x81\x02hi"));
    assert_int_equal(messages, 1);
}

static void half_a_frame_that_came_with_the_request_waits_for_the_rest(void **state)
{
    uint8_t bytes[1024];
    size_t n = strlen(UPGRADE("/echo"));

    (void)state;
    memcpy(bytes, UPGRADE("/echo"), n);
    n += make_frame(bytes + n, FIN | TL_WS_TEXT, "hello", 5);
    client_send(&c, bytes, n - 8); /* cut inside the head */
    client_wait(&c, TL_MSEC(50));
    assert_int_equal(messages, 0);
    client_send(&c, bytes + n - 8, 8);
    client_wait(&c, TL_MSEC(50));
    assert_int_equal(messages, 1);
}

static void a_peer_that_leaves_before_the_upgrade_is_told_as_closed(void **state)
{
    (void)state;
    client_say(&c, "GET /later HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Version: 13\r\n" KEY "\r\n");
    while (!waiting)
        client_turn(&c);
    client_close(&c);
    client_open(&c, loop, tl_http_port(http));
    assert_int_equal(tl_ws_accept(&last, waiting, &echo_ops, NULL, NULL), 0);
    for (int i = 0; i < 5000 && !closed_with; i++)
        client_turn(&c);
    assert_int_equal(closed_with, TL_WS_ABNORMAL);
    assert_int_equal(tl_ws_count(http), 0);
}

static void a_connection_may_be_ended_before_it_opens(void **state)
{
    (void)state;
    client_say(&c, "GET /later HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Version: 13\r\n" KEY "\r\n");
    while (!waiting)
        client_turn(&c);
    assert_int_equal(tl_ws_accept(&last, waiting, &echo_ops, NULL, NULL), 0);
    tl_ws_abort(last);
    assert_true(client_ends(&c));
    assert_int_equal(closed_with, 0);
}

static void what_is_sent_before_it_opens_arrives(void **state)
{
    (void)state;
    client_say(&c, "GET /later HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Version: 13\r\n" KEY "\r\n");
    while (!waiting)
        client_turn(&c);
    assert_int_equal(tl_ws_accept(&last, waiting, &echo_ops, NULL, NULL), 0);
    assert_int_equal(tl_ws_send(last, TL_STR("welcome"), false), 0);
    assert_true(client_sees(&c, "\r\n\r\n\x81\x07welcome"));
}

/* ---- messages ---- */

static void messages_are_echoed(void **state)
{
    static char big[65536 + 1];
    static const size_t sizes[] = {0, 1, 125, 126, 127, 128, 65535, 65536};

    (void)state;
    join(UPGRADE("/echo"));
    FRAME(FIN | TL_WS_TEXT, "Hello");
    hears(TL_WS_TEXT, "Hello");
    for (size_t i = 0; i < TL_LEN(sizes); i++) {
        memset(big, '*', sizes[i]);
        big[sizes[i]] = '\0';
        frame(FIN | TL_WS_BINARY, big, sizes[i]);
        hears(TL_WS_BINARY, big);
    }
}

static void fragments_are_joined_and_pings_answered_between_them(void **state)
{
    (void)state;
    join(UPGRADE("/echo"));
    FRAME(TL_WS_TEXT, "Hel");
    FRAME(FIN | TL_WS_PING, "are you there?");
    hears(TL_WS_PONG, "are you there?");
    FRAME(TL_WS_CONT, "");
    FRAME(FIN | TL_WS_PONG, "unasked");
    FRAME(FIN | TL_WS_CONT, "lo");
    hears(TL_WS_TEXT, "Hello");
    FRAME(TL_WS_TEXT, "");
    FRAME(FIN | TL_WS_CONT, "");
    hears(TL_WS_TEXT, "");
}

/* Every split of a stream must be understood alike. */
static void bytes_may_come_one_by_one(void **state)
{
    uint8_t bytes[512];
    size_t n = 0;

    (void)state;
    join(UPGRADE("/echo"));
    n += make_frame(bytes + n, TL_WS_TEXT, "\xce\xba\xe1\xbd", 4); /* cut inside a character */
    n += make_frame(bytes + n, FIN | TL_WS_PING, "p", 1);
    n += make_frame(bytes + n, FIN | TL_WS_CONT, "\xb9\xcf\x83", 3);
    for (size_t i = 0; i < n; i++)
        client_send(&c, bytes + i, 1);
    hears(TL_WS_PONG, "p");
    hears(TL_WS_TEXT, "\xce\xba\xe1\xbd\xb9\xcf\x83");
}

static void many_messages_in_one_read_are_answered_in_order(void **state)
{
    uint8_t bytes[4096];
    size_t n = 0;
    char text[16];

    (void)state;
    join(UPGRADE("/echo"));
    for (int i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof(text), "%d", i);
        n += make_frame(bytes + n, FIN | TL_WS_TEXT, text, strlen(text));
    }
    client_send(&c, bytes, n);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof(text), "%d", i);
        hears(TL_WS_TEXT, text);
    }
}

static void an_owner_may_end_it_inside_a_message(void **state)
{
    (void)state;
    join(UPGRADE("/echo"));
    abort_on_message = true;
    FRAME(TL_WS_TEXT, "first piece, ");
    FRAME(FIN | TL_WS_CONT, "second piece");
    assert_true(client_ends(&c));
    assert_int_equal(messages, 1);
    assert_int_equal(closed_with, 0);
    assert_int_equal(tl_ws_count(http), 0);
}

/* One more connection beside c's; ret: both of the server's. */
static struct client *join_two(struct tl_ws *ret[2])
{
    struct client *other = malloc(sizeof(*other));

    assert_non_null(other);
    client_open(other, loop, tl_http_port(http));
    client_say(other, UPGRADE("/echo"));
    assert_true(client_sees(other, "\r\n\r\n"));
    ret[0] = last;
    join(UPGRADE("/echo"));
    ret[1] = last;
    client_wait(&c, TL_MSEC(20)); /* both are open */
    return other;
}

/* Both have something to be read in the same round. */
static void both_say(const struct client *other)
{
    uint8_t bytes[64];
    size_t n = make_frame(bytes, FIN | TL_WS_TEXT, "me", 2);

    assert_int_equal(send(other->fd, bytes, n, 0), n);
    assert_int_equal(send(c.fd, bytes, n, 0), n);
    client_wait(&c, TL_MSEC(20));
}

static void an_owner_may_end_the_one_that_comes_next(void **state)
{
    struct client *other = join_two(rivals);

    (void)state;
    both_say(other);
    assert_int_equal(messages, 1);
    assert_int_equal(tl_ws_count(http), 1);
    client_close(other);
    free(other);
}

/* What a message will look at is asked for before the message is there; of one that ended, no more.
 */
static void who_comes_next_is_prepared(void **state)
{
    struct tl_ws *both[2];
    struct client *other = join_two(both);
    unsigned steps[2] = {0};

    (void)state;
    for (int i = 0; i < 2; i++)
        tl_ws_set_arg(both[i], &steps[i]);
    both_say(other);
    assert_int_equal(messages, 2);
    assert_int_equal(unprepared, 0);
    assert_int_equal(steps[0], (1U << TL_WS_AHEAD) - 1);
    assert_int_equal(steps[1], (1U << TL_WS_AHEAD) - 1);
    client_close(other);
    free(other);
}

/* ---- closing ---- */

static void the_peer_may_close(void **state)
{
    static const struct {
        const char *payload;
        size_t n;
        int code, told;
    } cases[] = {
        {"", 0, 0, 1005},
        {"\x03\xe8", 2, 1000, 1000},
        {"\x03\xe9"
         "bye",
         5, 1001, 1001},
        {"\x03\xeb", 2, 1003, 1003},
        {"\x03\xf6", 2, 1014, 1014},
        {"\x0b\xb8", 2, 3000, 3000},
        {"\x13\x87", 2, 4999, 4999},
    };

    (void)state;
    for (size_t i = 0; i < TL_LEN(cases); i++) {
        join(UPGRADE("/echo"));
        frame(FIN | TL_WS_CLOSE, cases[i].payload, cases[i].n);
        is_closed("peer's close", cases[i].code);
        assert_int_equal(closed_with, cases[i].told);
    }
}

static void the_server_may_close(void **state)
{
    (void)state;
    join(UPGRADE("/echo"));
    tl_ws_close(last, TL_WS_SUPERSEDED, "newer session");
    assert_int_equal(tl_ws_send(last, TL_STR("x"), false), -EPIPE);
    FRAME(FIN | TL_WS_TEXT, "already on its way");
    assert_true(client_sees(&c, "newer session"));
    assert_int_equal(closed_with, 0); /* waits for the answer */
    frame(FIN | TL_WS_CLOSE, "\x0f\xa9", 2);
    assert_true(client_ends(&c));
    assert_int_equal(closed_with, TL_WS_SUPERSEDED);
    assert_int_equal(messages, 0);
}

static void a_close_that_is_not_answered_ends_after_2_s(void **state)
{
    tl_time start = tl_clock_mono();

    (void)state;
    join(UPGRADE("/echo"));
    tl_ws_close(last, TL_WS_RESTART, "restart");
    assert_true(client_ends(&c));
    assert_true(tl_clock_mono() - start >= TL_MSEC(1900));
    assert_int_equal(closed_with, TL_WS_RESTART);
}

static void all_can_be_closed_at_once(void **state)
{
    struct client *other = malloc(sizeof(*other));

    (void)state;
    assert_non_null(other);
    client_open(other, loop, tl_http_port(http));
    client_say(other, UPGRADE("/echo"));
    assert_true(client_sees(other, "\r\n\r\n"));
    join(UPGRADE("/echo"));
    assert_int_equal(tl_ws_count(http), 2);
    tl_ws_close_all(http, TL_WS_RESTART, "restart", TL_MSEC(200));
    assert_true(client_sees(&c, "restart"));
    assert_true(client_sees(other, "restart"));
    client_close(other);
    free(other);
}

static void a_vanished_peer_is_told_as_1006(void **state)
{
    (void)state;
    join(UPGRADE("/echo"));
    client_close(&c);
    client_open(&c, loop, tl_http_port(http));
    for (int i = 0; i < 5000 && !closed_with; i++)
        client_turn(&c);
    assert_int_equal(closed_with, TL_WS_ABNORMAL);
}

/* Whoever sends must not find their connection gone behind the call: they may hold it still. */
static void sending_to_a_vanished_peer_ends_nothing_inside_the_call(void **state)
{
    const struct linger reset = {.l_onoff = 1};

    (void)state;
    join(UPGRADE("/echo"));
    client_wait(&c, TL_MSEC(20));
    assert_int_equal(setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
    close(c.fd);
    c.fd = -1;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tl_ws_send(last, TL_STR("are you there?"), false), 0);
        assert_int_equal(closed_with, 0);
    }
    tl_ws_close(last, TL_WS_RESTART, "restart");
    assert_int_equal(closed_with, 0);
    for (int i = 0; i < 1000 && !closed_with; i++)
        (void)tl_loop_turn(loop);
    assert_int_equal(closed_with, TL_WS_RESTART);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_handshake_of_the_rfc),
        T(bad_handshakes_are_refused),
        T(a_frame_that_came_with_the_request_is_not_lost),
        T(half_a_frame_that_came_with_the_request_waits_for_the_rest),
        T(a_peer_that_leaves_before_the_upgrade_is_told_as_closed),
        T(a_connection_may_be_ended_before_it_opens),
        T(what_is_sent_before_it_opens_arrives),
        T(messages_are_echoed),
        T(fragments_are_joined_and_pings_answered_between_them),
        T(bytes_may_come_one_by_one),
        T(many_messages_in_one_read_are_answered_in_order),
        T(an_owner_may_end_it_inside_a_message),
        T(an_owner_may_end_the_one_that_comes_next),
        T(who_comes_next_is_prepared),
        T(the_peer_may_close),
        T(the_server_may_close),
        T(a_close_that_is_not_answered_ends_after_2_s),
        T(all_can_be_closed_at_once),
        T(a_vanished_peer_is_told_as_1006),
        T(sending_to_a_vanished_peer_ends_nothing_inside_the_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
