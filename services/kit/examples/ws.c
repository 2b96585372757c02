/* A WebSocket echo server and a client that talks to it, in one process on one loop. */
#include <stdio.h>
#include <tl_ws.h>

static struct tl_loop *loop;
static int rc = 1;

/* ---- server ---- */

static void echo(struct tl_ws *ws, struct tl_str m, bool binary)
{
    (void)tl_ws_send(ws, m, binary); /* a peer that is too slow is closed by the kit */
}

static const struct tl_ws_ops server_ops = {.on_message = echo, .rate = 50, .burst = 200};

static void on_request(void *arg, struct tl_http_req *req)
{
    struct tl_ws *ws;

    (void)arg; /* a real one checks Origin and ticket here */
    (void)tl_ws_accept(&ws, req, &server_ops, NULL, NULL); /* on failure it has answered */
}

/* ---- client ---- */

static void on_open(struct tl_ws *ws)
{
    (void)tl_ws_send(ws, TL_STR("hello"), false); /* fails only when closing */
}

static void on_answer(struct tl_ws *ws, struct tl_str m, bool binary)
{
    (void)binary;
    printf("heard: %.*s\n", (int)m.n, m.s);
    tl_ws_close(ws, TL_WS_NORMAL, "done");
}

static void on_close(struct tl_ws *ws, int code)
{
    (void)ws;
    printf("closed: %d\n", code);
    rc = code == TL_WS_NORMAL ? 0 : 1;
    tl_loop_stop(loop);
}

static const struct tl_ws_ops client_ops = {.on_message = on_answer, .on_close = on_close};

int main(void)
{
    const struct tl_route route = {.method = "GET", .path = "/echo", .fn = on_request};
    struct tl_http *http = NULL;
    struct tl_ws *ws;
    char url[64];

    if (tl_loop_new(&loop) || tl_http_new(&http, loop, &(struct tl_http_opts){0}) ||
        tl_http_route(http, &route))
        return 1;
    (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%u/echo", tl_http_port(http));
    if (tl_ws_connect(&ws, loop, url, NULL, &client_ops, on_open, NULL) == 0)
        tl_loop_run(loop);
    tl_http_free(http);
    tl_loop_free(loop);
    return rc;
}
