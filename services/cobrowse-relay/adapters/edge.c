/*
 * The ticket is redeemed before the upgrade is answered, so a bad one gets a plain 401 and no
 * socket. A socket's argument is its seat; NULL once it has none, and then what still arrives means
 * nothing.
 */
#include "adapters/edge.h"
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>
#include <tl_ws.h>

#define PROTOCOL   "threadline.cobrowse.v1"
#define TICKET_MAX 64

struct edge {
    struct edge_opts o;
    struct tl_list openings; /* tickets being redeemed */
};

struct opening {
    struct edge *e;          /* NULL: the edge has gone */
    struct tl_http_req *req; /* NULL: the client has gone */
    struct tl_link link;
};

/* ---- sockets ---- */

static void on_message(struct tl_ws *ws, struct tl_str message, bool binary)
{
    struct seat *seat = tl_ws_arg(ws);

    TL_UNUSED(binary); /* refused by the kit with 1003 */
    if (seat)
        relay_frame(seat, message);
}

static void on_close(struct tl_ws *ws, int code)
{
    struct seat *seat = tl_ws_arg(ws);

    TL_UNUSED(code);
    if (seat)
        relay_left(seat);
}

/* A picture and its envelope; how many and how fast is the room's business. */
static const struct tl_ws_ops customer_ops = {
    .message_max = 2 * 1024 * 1024 + 4096, .on_message = on_message, .on_close = on_close};
/* An agent who joins late gets the picture and all changes at once. */
static const struct tl_ws_ops agent_ops = {
    .queue_max = 8 * 1024 * 1024, .on_message = on_message, .on_close = on_close};

static int socket_send(void *socket, struct tl_str json)
{
    return tl_ws_send(socket, json, false);
}

static void socket_close(void *socket, int code, const char *reason)
{
    tl_ws_set_arg(socket, NULL);
    tl_ws_close(socket, code, reason);
}

const struct relay_sockets edge_sockets = {.send = socket_send, .close = socket_close};

/* ---- opening ---- */

static void reject(struct tl_http_req *req, const char *class_name, int status, const char *title,
                   const char *detail)
{
    tl_bad_input("http", class_name);
    if (tl_log_allow(class_name))
        tl_warn("request refused", TL_S("class", class_name), TL_I("status", status));
    if (status == 401)
        (void)tl_http_add_header(req, "WWW-Authenticate", "Bearer");
    tl_http_problem(req, status, title, detail, NULL);
}

static void busy(struct tl_http_req *req)
{
    tl_http_problem(req, 503, "Busy", "tickets cannot be read now", NULL);
}

static void on_gone(void *arg)
{
    ((struct opening *)arg)->req = NULL;
}

static void enter(struct edge *e, struct tl_http_req *req, enum room_role role,
                  const struct room_names *names)
{
    const struct tl_ws_ops *ops = role == ROOM_CUSTOMER ? &customer_ops : &agent_ops;
    struct tl_ws *ws = NULL;
    struct seat *seat;

    if (tl_ws_accept(&ws, req, ops, PROTOCOL, NULL))
        return;
    seat = relay_joined(e->o.relay, role, names, ws);
    if (seat)
        tl_ws_set_arg(ws, seat);
    else
        tl_ws_close(ws, TL_WS_INTERNAL, "out of memory");
}

static void on_redeemed(void *arg, int err, enum room_role role, const struct room_names *names)
{
    struct opening *o = arg;

    if (o->e)
        tl_list_remove(&o->e->openings, &o->link);
    if (o->e && o->req && !err)
        enter(o->e, o->req, role, names);
    else if (o->e && o->req && err == -ENOENT)
        reject(o->req, "ticket", 401, "Unauthorized", "the ticket is unknown, used or too old");
    else if (o->e && o->req)
        busy(o->req);
    tl_free(o);
}

static bool offered(const struct tl_http_req *req, struct tl_str *ret_ticket)
{
    struct tl_str p;
    struct tl_id id;
    size_t at = 0;
    bool protocol = false, ticket = false;

    while (tl_ws_offered(req, &at, &p)) {
        if (tl_str_eq(p, TL_STR(PROTOCOL))) {
            protocol = true;
        } else if (tl_str_starts(p, TL_STR("ticket."))) {
            *ret_ticket = (struct tl_str){.s = p.s + 7, .n = p.n - 7};
            ticket = !tl_id_parse(&id, *ret_ticket);
        }
    }
    return protocol && ticket;
}

static void on_ws(void *arg, struct tl_http_req *req)
{
    struct edge *e = arg;
    struct tl_str ticket = {0}, origin = tl_http_header(req, "Origin");
    struct opening *o;

    if (tl_ws_check(req))
        return;
    if (!origin.s || !tl_str_listed(e->o.origins, origin)) {
        reject(req, "origin", 403, "Forbidden", "this Origin is not allowed");
        return;
    }
    if (!offered(req, &ticket)) {
        reject(req, "ticket", 401, "Unauthorized",
               "sub-protocols " PROTOCOL " and ticket.<ticket> are needed");
        return;
    }
    o = tl_alloc(1, sizeof(*o));
    if (!o) {
        busy(req);
        return;
    }
    *o = (struct opening){.e = e, .req = req};
    tl_list_append(&e->openings, &o->link);
    tl_http_on_gone(req, on_gone, o);
    if (e->o.store->ops->redeem(e->o.store, ticket, on_redeemed, o)) {
        tl_list_remove(&e->openings, &o->link);
        tl_free(o);
        busy(req);
    }
}

int edge_new(struct edge **ret, const struct edge_opts *opts)
{
    struct edge *e = tl_alloc(1, sizeof(*e));
    int err;

    if (!e)
        return -ENOMEM;
    e->o = *opts;
    tl_list_init(&e->openings);
    err = tl_http_route(
        opts->http,
        &(struct tl_route){.method = "GET", .path = "/v1/cobrowse", .fn = on_ws, .arg = e});
    if (err)
        return edge_free(e), err;
    *ret = e;
    return 0;
}

struct edge *edge_free(struct edge *e)
{
    if (!e)
        return NULL;
    tl_list_for_each (&e->openings, k) {
        struct opening *o = TL_CONTAINER(k, struct opening, link);

        tl_list_remove(&e->openings, k);
        o->e = NULL;
    }
    return tl_free(e);
}
