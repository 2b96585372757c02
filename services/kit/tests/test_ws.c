/* WebSocket connections, met by a client that says exactly what it wants, and by our own client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <tl_log.h>
#include <tl_metrics.h>
#include <tl_ws.h>

#include "client.h"

static struct tl_loop *loop;
static struct tl_http *http;
static struct tl_ws *last; /* the server's newest connection */
static struct tl_http_req *waiting;
static int closed_with; /* what on_close said; 0: nothing yet */
static unsigned messages;
static bool abort_on_message;
static struct client c;

static void echo(struct tl_ws *ws, struct tl_str m, bool binary)
{
    messages++;
    if (abort_on_message)
        tl_ws_abort(ws);
    else
        (void)tl_ws_send(ws, m, binary); /* a refusal shows in on_close */
}

static void on_close(struct tl_ws *ws, int code)
{
    if (ws == last)
        last = NULL;
    closed_with = code;
}

static const struct tl_ws_ops echo_ops = {
    .on_message = echo, .on_close = on_close, .allow_binary = true};
static const struct tl_ws_ops text_ops = {
    .on_message = echo, .on_close = on_close, .rate = 5, .burst = 5};
static const struct tl_ws_ops small_ops = {.on_message = echo,
                                           .on_close = on_close,
                                           .queue_max = 1024 * 1024,
                                           .allow_binary = true,
                                           .ping_every = TL_MSEC(500),
                                           .dead_after = TL_MSEC(1500)};

static void on_accept(void *arg, struct tl_http_req *req)
{
    struct tl_str offer;
    size_t at = 0;
    bool ours = false;

    while (tl_ws_offered(req, &at, &offer))
        if (tl_str_eq(offer, TL_STR("threadline.v1")))
            ours = true;
    (void)tl_ws_accept(&last, req, arg, ours ? "threadline.v1" : NULL, NULL); /* answers itself */
}

static void on_accept_later(void *arg, struct tl_http_req *req)
{
    (void)arg;
    waiting = req;
}

static const struct tl_route routes[] = {
    {.method = "GET", .path = "/echo", .fn = on_accept, .arg = (void *)(uintptr_t)&echo_ops},
    {.method = "GET", .path = "/text", .fn = on_accept, .arg = (void *)(uintptr_t)&text_ops},
    {.method = "GET", .path = "/small", .fn = on_accept, .arg = (void *)(uintptr_t)&small_ops},
    {.method = "GET", .path = "/later", .fn = on_accept_later},
};

static int setup(void **state)
{
    (void)state;
    last = NULL;
    waiting = NULL;
    closed_with = 0;
    messages = 0;
    abort_on_message = false;
    tl_metrics_reset();
    tl_log_setup("kit", TL_ERROR);
    if (tl_loop_new(&loop) || tl_http_new(&http, loop, &(struct tl_http_opts){0}))
        return -1;
    for (size_t i = 0; i < TL_LEN(routes); i++)
        if (tl_http_route(http, &routes[i]))
            return -1;
    client_open(&c, loop, tl_http_port(http));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    client_close(&c);
    http = tl_http_free(http);
    loop = tl_loop_free(loop);
    tl_metrics_reset();
    return 0;
}

/* ---- saying frames ----------------------------------------------------------------------------
 */

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define UPGRADE(path)                                                                   \
    "GET " path                                                                         \
    " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" \
    "Sec-WebSocket-Version: 13\r\n" KEY "\r\n"

static void join(const char *request)
{
    client_close(&c);
    client_open(&c, loop, tl_http_port(http));
    closed_with = 0;
    client_say(&c, request);
    assert_true(client_sees(&c, "\r\n\r\n"));
    assert_non_null(strstr(c.in, "101 Switching"));
    c.n = 0;
}

static size_t make_frame(uint8_t *out, unsigned first, const void *p, size_t n)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    size_t at = tl_ws_head_write(out, (enum tl_ws_op)(first & 15), first & 0x80, n, mask);

    out[0] = (uint8_t)first; /* also reserved bits, and what else may not be */
    memcpy(out + at, p, n);
    tl_ws_mask(out + at, n, mask, 0);
    return at + n;
}

static void frame(unsigned first, const void *p, size_t n)
{
    uint8_t *out = malloc(n + 14);

    assert_non_null(out);
    client_send(&c, out, make_frame(out, first, p, n));
    free(out);
}

#define FRAME(first, literal) frame((first), (literal), sizeof(literal) - 1)

enum { FIN = 0x80, RSV1 = 0x40, RSV2 = 0x20, RSV3 = 0x10 };

/* The next frame from the server, with its whole payload; false at the end of the connection. */
static bool next_frame(struct tl_ws_head *h, char *payload, size_t size)
{
    tl_time end = tl_clock_mono() + TL_SEC(3);

    while (tl_clock_mono() < end) {
        int r = tl_ws_head_parse(h, (const uint8_t *)c.in, c.n);

        assert_true(r >= 0);
        if (r > 0 && c.n >= h->head_size + h->length) {
            size_t whole = h->head_size + (size_t)h->length;

            assert_false(h->masked);
            assert_true(h->length < size);
            memcpy(payload, c.in + h->head_size, (size_t)h->length);
            payload[h->length] = '\0';
            memmove(c.in, c.in + whole, c.n - whole);
            c.n -= whole;
            return true;
        }
        if (c.ended)
            return false;
        client_turn(&c);
    }
    return false;
}

static void hears(enum tl_ws_op op, const char *text)
{
    static char payload[256 * 1024];
    struct tl_ws_head h;

    assert_true(next_frame(&h, payload, sizeof(payload)));
    assert_int_equal(h.op, op);
    assert_true(h.fin);
    assert_string_equal(payload, text);
}

/* A close with this code (0: without), then the end of the connection. */
static void is_closed(const char *name, int code)
{
    char payload[130];
    struct tl_ws_head h;
    int got;

    do {
        if (!next_frame(&h, payload, sizeof(payload)))
            fail_msg("%s: no close", name);
    } while (h.op != TL_WS_CLOSE);
    got = h.length >= 2 ? (uint8_t)payload[0] << 8 | (uint8_t)payload[1] : 0;
    if (got != code)
        fail_msg("%s: closed with %d instead of %d", name, got, code);
    frame(FIN | TL_WS_CLOSE, payload, got ? 2 : 0); /* as a well-behaved peer does */
    if (!client_ends(&c))
        fail_msg("%s: the connection did not end", name);
}

/* Once the peer has ended its side too, the owner is told. */
static void told(const char *name, int code)
{
    client_close(&c);
    client_open(&c, loop, tl_http_port(http));
    for (int i = 0; i < 5000 && !closed_with; i++)
        client_turn(&c);
    if (closed_with != code)
        fail_msg("%s: the owner was told %d", name, closed_with);
}

static double bad(const char *class_name)
{
    char labels[80];

    (void)snprintf(labels, sizeof(labels), "edge=\"websocket\",class=\"%s\"", class_name);
    return tl_metric_value(tl_counter("tl_kit_bad_input_total", labels, ""));
}

/* ---- the handshake ----------------------------------------------------------------------------
 */

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

/* ---- messages ---------------------------------------------------------------------------------
 */

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

/* ---- closing ------------------------------------------------------------------------------------
 */

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

/* ---- bad input ----------------------------------------------------------------------------------
 */

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

/* ---- our own client -----------------------------------------------------------------------------
 */

static struct {
    struct tl_ws *ws;
    bool opened;
    int closed;
    char heard[64];
} mine;

static void mine_open(struct tl_ws *ws)
{
    mine.opened = true;
    assert_ptr_equal(tl_ws_arg(ws), &mine);
    assert_int_equal(tl_ws_send(ws, TL_STR("from the client"), false), 0);
}

static void mine_message(struct tl_ws *ws, struct tl_str m, bool binary)
{
    (void)ws;
    assert_false(binary);
    (void)tl_str_put(mine.heard, sizeof(mine.heard), m);
}

static void mine_close(struct tl_ws *ws, int code)
{
    (void)ws;
    mine.closed = code;
    mine.ws = NULL;
}

static const struct tl_ws_ops mine_ops = {.on_message = mine_message, .on_close = mine_close};

static void connect_mine(const char *path, const char *protocol)
{
    char url[64];

    memset(&mine, 0, sizeof(mine));
    (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%u%s", tl_http_port(http), path);
    assert_int_equal(tl_ws_connect(&mine.ws, loop, url, protocol, &mine_ops, mine_open, &mine), 0);
    assert_false(mine.opened);
}

static void turn_until(const bool *flag, const int *number)
{
    for (int i = 0; i < 15000 && !(flag && *flag) && !(number && *number); i++)
        client_turn(&c);
}

static void client_and_server_talk_and_part(void **state)
{
    bool heard = false;

    (void)state;
    connect_mine("/echo", "threadline.v1");
    turn_until(&mine.opened, &mine.closed);
    assert_true(mine.opened);
    for (int i = 0; i < 5000 && !heard; i++) {
        client_turn(&c);
        heard = mine.heard[0];
    }
    assert_string_equal(mine.heard, "from the client");
    tl_ws_close(mine.ws, TL_WS_NORMAL, "done");
    turn_until(NULL, &mine.closed);
    assert_int_equal(mine.closed, TL_WS_NORMAL);
    assert_int_equal(closed_with, TL_WS_NORMAL);

    connect_mine("/echo", "threadline.v1");
    turn_until(&mine.opened, NULL);
    tl_ws_close(last, TL_WS_GOING_AWAY, "bye");
    turn_until(NULL, &mine.closed);
    assert_int_equal(mine.closed, TL_WS_GOING_AWAY);
}

static void a_client_learns_that_it_cannot_connect(void **state)
{
    (void)state;
    connect_mine("/nowhere", NULL);
    turn_until(NULL, &mine.closed);
    assert_int_equal(mine.closed, TL_WS_ABNORMAL);

    connect_mine("/echo", "not.known.there");
    turn_until(NULL, &mine.closed);
    assert_int_equal(mine.closed, TL_WS_ABNORMAL);
    assert_false(mine.opened);

    memset(&mine, 0, sizeof(mine));
    assert_int_equal(
        tl_ws_connect(&mine.ws, loop, "ws://127.0.0.1:1/", NULL, &mine_ops, mine_open, &mine), 0);
    turn_until(NULL, &mine.closed);
    assert_int_equal(mine.closed, TL_WS_ABNORMAL);
    assert_int_equal(tl_ws_connect(&mine.ws, loop, "http://x/", NULL, &mine_ops, NULL, NULL),
                     -EINVAL);
}

static void a_client_may_give_up(void **state)
{
    (void)state;
    connect_mine("/echo", NULL);
    tl_ws_abort(mine.ws);
    connect_mine("/echo", NULL);
    turn_until(&mine.opened, NULL);
    tl_ws_abort(mine.ws);
    turn_until(NULL, &closed_with);
    assert_int_equal(mine.closed, 0);
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
        T(the_peer_may_close),
        T(the_server_may_close),
        T(a_close_that_is_not_answered_ends_after_2_s),
        T(all_can_be_closed_at_once),
        T(a_vanished_peer_is_told_as_1006),
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
        T(client_and_server_talk_and_part),
        T(a_client_learns_that_it_cannot_connect),
        T(a_client_may_give_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
