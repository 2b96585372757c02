/**
 * @file ws_server.h  The server of the WebSocket tests, and a client that says exactly what it is
 * told. Include after cmocka.
 */
#ifndef TL_TEST_WS_SERVER_H
#define TL_TEST_WS_SERVER_H

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
static struct tl_ws *rivals[2]; /* who says something first ends the other; NULL: nobody does */
static struct client c;

static unsigned unprepared; /* messages that came before all they would look at was asked for */

/* arg, where there is one: the steps that were asked for. */
static inline const void *look_ahead(struct tl_ws *ws, unsigned step)
{
    unsigned *steps = tl_ws_arg(ws);

    if (steps)
        *steps |= 1U << step;
    return steps;
}

static inline void echo(struct tl_ws *ws, struct tl_str m, bool binary)
{
    const unsigned *steps = tl_ws_arg(ws);

    messages++;
    if (steps && *steps != (1U << TL_WS_AHEAD) - 1)
        unprepared++;
    if (rivals[0])
        tl_ws_abort(ws == rivals[0] ? rivals[1] : rivals[0]);
    if (abort_on_message)
        tl_ws_abort(ws);
    else
        (void)tl_ws_send(ws, m, binary); /* a refusal shows in on_close */
}

static inline void on_close(struct tl_ws *ws, int code)
{
    if (ws == last)
        last = NULL;
    closed_with = code;
}

static const struct tl_ws_ops echo_ops = {
    .on_message = echo, .on_close = on_close, .allow_binary = true, .ahead = look_ahead};
static const struct tl_ws_ops text_ops = {
    .on_message = echo, .on_close = on_close, .rate = 5, .burst = 5};
static const struct tl_ws_ops small_ops = {.on_message = echo,
                                           .on_close = on_close,
                                           .queue_max = 1024 * 1024,
                                           .allow_binary = true,
                                           .ping_every = TL_MSEC(500),
                                           .dead_after = TL_MSEC(1500)};

static inline void on_accept(void *arg, struct tl_http_req *req)
{
    struct tl_str offer;
    size_t at = 0;
    bool ours = false;

    while (tl_ws_offered(req, &at, &offer))
        if (tl_str_eq(offer, TL_STR("threadline.v1")))
            ours = true;
    (void)tl_ws_accept(&last, req, arg, ours ? "threadline.v1" : NULL, NULL); /* answers itself */
}

static inline void on_accept_later(void *arg, struct tl_http_req *req)
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

static inline int setup(void **state)
{
    (void)state;
    last = NULL;
    waiting = NULL;
    closed_with = 0;
    messages = 0;
    abort_on_message = false;
    rivals[0] = rivals[1] = NULL;
    unprepared = 0;
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

static inline int teardown(void **state)
{
    (void)state;
    client_close(&c);
    http = tl_http_free(http);
    loop = tl_loop_free(loop);
    tl_metrics_reset();
    return 0;
}

/* ---- saying frames ---- */

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define UPGRADE(path)                                                                   \
    "GET " path                                                                         \
    " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" \
    "Sec-WebSocket-Version: 13\r\n" KEY "\r\n"

static inline void join(const char *request)
{
    client_close(&c);
    client_open(&c, loop, tl_http_port(http));
    closed_with = 0;
    client_say(&c, request);
    assert_true(client_sees(&c, "\r\n\r\n"));
    assert_non_null(strstr(c.in, "101 Switching"));
    c.n = 0;
}

static inline size_t make_frame(uint8_t *out, unsigned first, const void *p, size_t n)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    size_t at = tl_ws_head_write(out, (enum tl_ws_op)(first & 15), first & 0x80, n, mask);

    out[0] = (uint8_t)first; /* also reserved bits, and what else may not be */
    memcpy(out + at, p, n);
    tl_ws_mask(out + at, n, mask, 0);
    return at + n;
}

static inline void frame(unsigned first, const void *p, size_t n)
{
    uint8_t *out = malloc(n + 14);

    assert_non_null(out);
    client_send(&c, out, make_frame(out, first, p, n));
    free(out);
}

#define FRAME(first, literal) frame((first), (literal), sizeof(literal) - 1)

enum { FIN = 0x80, RSV1 = 0x40, RSV2 = 0x20, RSV3 = 0x10 };

/* The next frame from the server, with its whole payload; false at the end of the connection. */
static inline bool next_frame(struct tl_ws_head *h, char *payload, size_t size)
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

static inline void hears(enum tl_ws_op op, const char *text)
{
    static char payload[256 * 1024];
    struct tl_ws_head h;

    assert_true(next_frame(&h, payload, sizeof(payload)));
    assert_int_equal(h.op, op);
    assert_true(h.fin);
    assert_string_equal(payload, text);
}

/* A close with this code (0: without), then the end of the connection. */
static inline void is_closed(const char *name, int code)
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
static inline void told(const char *name, int code)
{
    client_close(&c);
    client_open(&c, loop, tl_http_port(http));
    for (int i = 0; i < 5000 && !closed_with; i++)
        client_turn(&c);
    if (closed_with != code)
        fail_msg("%s: the owner was told %d", name, closed_with);
}

static inline double bad(const char *class_name)
{
    char labels[80];

    (void)snprintf(labels, sizeof(labels), "edge=\"websocket\",class=\"%s\"", class_name);
    return tl_metric_value(tl_counter("tl_kit_bad_input_total", labels, ""));
}

#endif
