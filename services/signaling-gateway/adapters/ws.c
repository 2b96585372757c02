/*
 * The WebSocket endpoint.  The ticket is redeemed before the upgrade is answered, so a bad one gets
 * a plain 401 and no socket.  A socket's argument is its session; NULL once the session has another
 * socket, and then what still arrives on it means nothing.
 */
#include "adapters/edge_private.h"
#include "core/pairs.h"
#include <tl_mem.h>
#include <tl_ws.h>

#define PROTOCOL   "threadline.v1"
#define TICKET_MAX 64

static void on_message(struct tl_ws *ws, struct tl_str message, bool binary)
{
    struct session *x = tl_ws_arg(ws);

    TL_UNUSED(binary); /* refused by the kit with 1003 */
    if (x)
        gateway_frame(x, message);
}

static void on_close(struct tl_ws *ws, int code)
{
    struct session *x = tl_ws_arg(ws);

    if (x)
        gateway_closed(x, ws, code == TL_WS_NORMAL);
}

static const void *on_ahead(struct tl_ws *ws, unsigned step)
{
    const struct session *x = tl_ws_arg(ws);

    return !x ? NULL : step == 0 ? x : step <= 4 ? pairs_ahead(x, step - 1) : NULL;
}

/* Limits (docs/limits.md): an agent's desk talks more than a customer's widget. */
static const struct tl_ws_ops agent_ops = {
    .rate = 50, .burst = 200, .on_message = on_message, .on_close = on_close, .ahead = on_ahead};
static const struct tl_ws_ops customer_ops = {
    .rate = 10, .burst = 40, .on_message = on_message, .on_close = on_close, .ahead = on_ahead};

static int socket_send(void *socket, struct tl_str json)
{
    return tl_ws_send(socket, json, false);
}

static void socket_close(void *socket, int code, const char *reason)
{
    tl_ws_set_arg(socket, NULL);
    tl_ws_close(socket, code, reason);
}

const struct gateway_sockets edge_sockets = {.send = socket_send, .close = socket_close};

/* ---- opening ---- */

struct opening {
    struct edge *e;          /* NULL: the edge has gone */
    struct tl_http_req *req; /* NULL: the client has gone */
    struct tl_link link;
};

void edge_forget_openings(struct edge *e)
{
    tl_list_for_each (&e->openings, k) {
        struct opening *o = TL_CONTAINER(k, struct opening, link);

        tl_list_remove(&e->openings, k);
        o->e = NULL;
    }
}

static void on_opening_gone(void *arg)
{
    ((struct opening *)arg)->req = NULL;
}

/* The session is ours now, whether or not its client still waits: an absent one gets its grace. */
static void open_session(struct edge *e, struct tl_http_req *req, const struct store_redeemed *got)
{
    const struct tl_ws_ops *ops = got->who.role == ROLE_CUSTOMER ? &customer_ops : &agent_ops;
    struct session *x;
    struct tl_ws *ws = NULL;

    if (!req || tl_ws_accept(&ws, req, ops, PROTOCOL, NULL)) {
        gateway_missed(e->o.gateway, got);
        return;
    }
    x = gateway_opened(e->o.gateway, got, ws);
    if (x)
        tl_ws_set_arg(ws, x);
    else
        tl_ws_close(ws, TL_WS_INTERNAL, "out of memory");
}

static void on_redeemed(void *arg, int err, const struct store_redeemed *got)
{
    struct opening *o = arg;

    if (o->e)
        tl_list_remove(&o->e->openings, &o->link);
    if (o->e && !err) {
        open_session(o->e, o->req, got);
    } else if (o->req && err == -ENOENT) {
        edge_reject(o->req, "ticket", 401, "Unauthorized",
                    "the ticket is unknown, used or too old");
    } else if (o->req) {
        tl_http_problem(o->req, 503, "Busy", "sessions cannot be read now", NULL);
    }
    tl_free(o);
}

static bool offered(const struct tl_http_req *req, struct tl_str *ret_ticket)
{
    struct tl_str p;
    size_t at = 0;
    bool protocol = false, ticket = false;

    while (tl_ws_offered(req, &at, &p)) {
        if (tl_str_eq(p, TL_STR(PROTOCOL))) {
            protocol = true;
        } else if (tl_str_starts(p, TL_STR("ticket.")) && p.n - 7 <= TICKET_MAX) {
            *ret_ticket = (struct tl_str){.s = p.s + 7, .n = p.n - 7};
            ticket = ret_ticket->n > 0;
        }
    }
    return protocol && ticket;
}

void edge_on_ws(void *arg, struct tl_http_req *req)
{
    struct edge *e = arg;
    struct tl_str ticket = {0};
    struct opening *o;
    struct tl_id id;

    if (tl_ws_check(req) || !edge_origin_ok(e, req, true) || !edge_peer_ok(e, req))
        return;
    if (e->o.sockets_max && tl_ws_count(e->o.http) >= (unsigned)e->o.sockets_max) {
        (void)tl_http_add_header(req, "Retry-After", "5");
        edge_reject(req, "sockets", 503, "Full", "too many are connected here");
        return;
    }
    if (!offered(req, &ticket) || tl_id_parse(&id, ticket)) {
        edge_reject(req, "ticket", 401, "Unauthorized",
                    "sub-protocols " PROTOCOL " and ticket.<ticket> are needed");
        return;
    }
    o = tl_alloc(1, sizeof(*o));
    if (!o) {
        tl_http_problem(req, 503, "Busy", "try again", NULL);
        return;
    }
    *o = (struct opening){.e = e, .req = req};
    tl_list_append(&e->openings, &o->link);
    tl_http_on_gone(req, on_opening_gone, o);
    if (e->o.store->ops->redeem(e->o.store, ticket, on_redeemed, o)) {
        tl_list_remove(&e->openings, &o->link);
        tl_free(o);
        tl_http_problem(req, 503, "Busy", "sessions cannot be read now", NULL);
    }
}

/* ---- /echo, for conformance suites ---- */

static void on_echo_message(struct tl_ws *ws, struct tl_str message, bool binary)
{
    (void)tl_ws_send(ws, message, binary); /* a slow reader is closed by the kit */
}

static void on_echo_close(struct tl_ws *ws, int code)
{
    TL_UNUSED(ws);
    TL_UNUSED(code);
}

static const struct tl_ws_ops echo_ops = {.message_max = 64 * 1024 * 1024,
                                          .queue_max = 128 * 1024 * 1024,
                                          .allow_binary = true,
                                          .fragments_max = UINT32_MAX,
                                          .on_message = on_echo_message,
                                          .on_close = on_echo_close};

void edge_on_echo(void *arg, struct tl_http_req *req)
{
    struct tl_ws *ws = NULL;

    TL_UNUSED(arg);
    (void)tl_ws_accept(&ws, req, &echo_ops, NULL, NULL); /* has answered by itself */
}
