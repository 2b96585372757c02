/**
 * @file http_server.h  The server of the HTTP tests, and a client that says exactly what it is
 * told. Include after cmocka.
 */
#ifndef TL_TEST_HTTP_SERVER_H
#define TL_TEST_HTTP_SERVER_H

#include <stdio.h>
#include <stdlib.h>
#include <tl_http.h>
#include <tl_log.h>
#include <tl_metrics.h>

#include "client.h"

static struct tl_loop *loop;
static struct tl_http *http;
static struct tl_http_req *kept; /* what /later got and has not answered */
static unsigned gone;
static struct client c;

static inline void on_hello(void *arg, struct tl_http_req *req)
{
    (void)arg;
    tl_http_reply(req, 200, "text/plain", "hello", 5);
}

static inline void on_echo(void *arg, struct tl_http_req *req)
{
    struct tl_str body = tl_http_body(req);

    (void)arg;
    assert_int_equal(tl_http_add_header(req, "X-Was", "echoed"), 0);
    assert_int_equal(tl_http_add_header(req, "X-Was", "no\r\nSet-Cookie: x"), -EINVAL);
    tl_http_reply(req, 201, "text/plain", body.s, body.n);
}

static inline void on_show(void *arg, struct tl_http_req *req)
{
    struct tl_str id = tl_http_param(req, "id"), q = tl_http_query(req, "q"),
                  peer = tl_http_peer(req);
    char text[512];
    int n = snprintf(text, sizeof(text), "id=%.*s q=%.*s%s peer=%.*s", (int)id.n, id.s, (int)q.n,
                     q.s ? q.s : "", q.s ? "" : "(none)", (int)peer.n, peer.s);

    (void)arg;
    tl_http_reply(req, 200, "text/plain", text, (size_t)n);
}

static inline void on_gone(void *arg)
{
    (void)arg;
    gone++;
    kept = NULL;
}

static inline void on_later(void *arg, struct tl_http_req *req)
{
    kept = req;
    if (arg)
        tl_http_on_gone(req, on_gone, NULL);
}

static inline void answer_kept(void *arg)
{
    (void)arg;
    tl_http_reply(kept, 200, "text/plain", "late", 4);
    kept = NULL;
}

static const struct tl_route routes[] = {
    {.method = "GET", .path = "/hello", .fn = on_hello},
    {.method = "POST", .path = "/echo", .fn = on_echo, .body_max = 16, .type = "text/plain"},
    {.method = "GET", .path = "/things/{id}", .fn = on_show},
    {.method = "GET", .path = "/things/special", .fn = on_hello},
    {.method = "GET", .path = "/files/{id*}", .fn = on_show},
    {.method = "GET", .path = "/later", .fn = on_later, .arg = &gone},
    {.method = "GET", .path = "/forgotten", .fn = on_later},
};

static inline int setup(void **state)
{
    const struct tl_http_opts opts = {.head_timeout = TL_MSEC(900),
                                      .body_timeout = TL_MSEC(900),
                                      .idle_timeout = TL_MSEC(1500),
                                      .answer_within = TL_MSEC(1500)};

    (void)state;
    gone = 0;
    kept = NULL;
    tl_metrics_reset();
    tl_log_setup("kit", TL_ERROR);
    if (tl_loop_new(&loop) || tl_http_new(&http, loop, &opts))
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

/* The next one comes on a connection of its own. */
static inline void next_client(void)
{
    client_close(&c);
    client_open(&c, loop, tl_http_port(http));
}

static inline double bad(const char *class_name)
{
    char labels[80];

    (void)snprintf(labels, sizeof(labels), "edge=\"http\",class=\"%s\"", class_name);
    return tl_metric_value(tl_counter("tl_kit_bad_input_total", labels, ""));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
