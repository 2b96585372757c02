/*
 * Server side: an upgrade request becomes a connection (RFC 6455 4.2).
 *
 * The socket comes as a duplicate of libmicrohttpd's, which forgets its own, so an idle connection
 * costs none of its memory.  Bytes that the client sent right behind its request come along and are
 * read before the socket: for them no event will ever be reported.
 */
#include <tl_mem.h>
#include <unistd.h>

#include "../http/http.h"
#include "ws.h"

static unsigned count(const void *host)
{
    return ((const struct ws_host *)host)->n;
}

static void close_all(void *arg, int code, const char *reason, tl_dur spread)
{
    struct ws_host *host = arg;

    host->retire_code = code;
    (void)tl_str_put(host->retire_reason, sizeof(host->retire_reason), tl_str(reason)); /* cut */
    host->retire_left = spread ? WS_RETIRE_BATCHES : 1;
    if (host->n)
        tl_timer_every(host->retire, spread / WS_RETIRE_BATCHES);
}

static void free_host(void *host)
{
    ws_host_free(host);
}

static const struct http_ws_ops host_ops = {count, close_all, free_host};

static int host_of(struct ws_host **ret, struct tl_http *h)
{
    struct ws_host *host;
    int err;

    if (!h->ws) {
        err = ws_host_new(&host, h->loop);
        if (err)
            return err;
        h->ws = host;
        h->ws_ops = &host_ops;
    }
    *ret = h->ws;
    return 0;
}

unsigned tl_ws_count(const struct tl_http *h)
{
    return h->ws ? count(h->ws) : 0;
}

void tl_ws_close_all(struct tl_http *h, int code, const char *reason, tl_dur spread)
{
    if (h->ws)
        close_all(h->ws, code, reason, spread);
}

/* ---- the request ---------------------------------------------------------------------------- */

static bool has_word(struct tl_str list, const char *word)
{
    struct tl_str part;

    while (tl_str_split(&list, ',', &part))
        if (tl_str_ieq(tl_str_trim(part), tl_str(word)))
            return true;
    return false;
}

bool tl_ws_offered(const struct tl_http_req *req, size_t *at, struct tl_str *ret)
{
    struct tl_str all = tl_http_header(req, "Sec-WebSocket-Protocol"), rest, part;

    while (*at < all.n) {
        rest = (struct tl_str){all.s + *at, all.n - *at};
        if (!tl_str_split(&rest, ',', &part))
            return false;
        *at += part.n + 1;
        part = tl_str_trim(part);
        if (part.n) {
            *ret = part;
            return true;
        }
    }
    return false;
}

static int refuse(struct tl_http_req *req, int status, const char *title)
{
    ws_bad_input("handshake");
    tl_http_problem(req, status, title, NULL, NULL);
    return -EPROTO;
}

static int check(struct tl_http_req *req, char accept_key[29])
{
    if (!http_is_11(req))
        return refuse(req, 400, "A WebSocket needs HTTP/1.1");
    if (!has_word(tl_http_header(req, "Upgrade"), "websocket")) {
        (void)tl_http_add_header(req, "Upgrade", "websocket"); /* out of memory: goes without */
        return refuse(req, 426, "This is a WebSocket");
    }
    if (!has_word(tl_http_header(req, "Connection"), "upgrade"))
        return refuse(req, 400, "Connection: Upgrade is needed");
    if (!tl_str_eq(tl_http_header(req, "Sec-WebSocket-Version"), TL_STR("13"))) {
        (void)tl_http_add_header(req, "Sec-WebSocket-Version", "13"); /* as above */
        (void)tl_http_add_header(req, "Upgrade", "websocket");
        return refuse(req, 426, "Version 13 is spoken here");
    }
    if (!tl_ws_accept_key(accept_key, tl_http_header(req, "Sec-WebSocket-Key")))
        return refuse(req, 400, "Sec-WebSocket-Key is not 16 bytes in base64");
    return 0;
}

int tl_ws_check(struct tl_http_req *req)
{
    char key[29];

    return check(req, key);
}

/* ---- the socket ----------------------------------------------------------------------------- */

/* True when nobody wants the socket any more. */
static bool unwanted(struct tl_ws *ws)
{
    struct ws_host *host = ws->host;

    ws->waits_fd = false;
    if (!host) { /* the server's WebSockets are gone */
        tl_free(ws);
        return true;
    }
    if (ws->state != WS_DEAD)
        return false;
    ws_enter(host);
    ws_leave(host); /* frees it */
    return true;
}

static void on_opened(void *arg, int fd, const void *extra, size_t n)
{
    struct tl_ws *ws = arg;

    if (unwanted(ws)) {
        close(fd);
        return;
    }
    if (ws_open(ws, fd) || tl_buf_add(&ws->rest, extra, n))
        ws_end(ws, TL_WS_ABNORMAL, false);
    else
        ws_soon(ws);
}

static void on_failed(void *arg)
{
    struct tl_ws *ws = arg;

    if (!unwanted(ws))
        ws_end(ws, TL_WS_ABNORMAL, false);
}

static const struct http_upgrade upgrade = {on_opened, on_failed};

int tl_ws_accept(struct tl_ws **ret, struct tl_http_req *req, const struct tl_ws_ops *ops,
                 const char *protocol, void *arg)
{
    char key[29];
    const char *const headers[][2] = {{"Upgrade", "websocket"},
                                      {"Sec-WebSocket-Accept", key},
                                      {"Sec-WebSocket-Protocol", protocol}};
    struct ws_host *host;
    struct tl_ws *ws = NULL;
    int err = check(req, key);

    if (err)
        return err;
    if (!req->http) {
        tl_http_problem(req, 503, "Stopping", NULL, NULL);
        return -EPIPE;
    }
    err = host_of(&host, req->http);
    if (!err)
        err = ws_new(&ws, host, ops, arg);
    if (err) {
        tl_http_problem(req, 503, "Out of memory", NULL, NULL);
        return err;
    }
    ws->waits_fd = true;
    err = http_upgrade(req, headers, protocol ? 3 : 2, &upgrade, ws);
    if (err) {
        ws->waits_fd = false;
        tl_ws_abort(ws);
        return err;
    }
    *ret = ws;
    return 0;
}
