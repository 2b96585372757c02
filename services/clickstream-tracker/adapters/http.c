/* HTTP <-> handlers.  A client that leaves before its answer is forgotten; its events are not. */
#include "http.h"

#include <stdio.h>
#include <tl_mem.h>
#include <tl_metrics.h>

#define BODY_MAX (64 * 1024)

struct clickstream_http {
    struct clickstream_handlers *handlers;
    const char *own_origin, *origins;
};

struct pending {
    struct tl_http_req *req; /* NULL: the client is gone */
};

/* Origin absent (not a browser, or same-origin GET) or allowed; then the answer says so. */
static bool cors(struct clickstream_http *c, struct tl_http_req *req)
{
    struct tl_str origin = tl_http_header(req, "Origin");
    char value[256];

    if (!origin.s)
        return true;
    if (!origin.n || !tl_str_put(value, sizeof(value), origin) ||
        (!tl_str_listed(c->own_origin, origin) && !tl_str_listed(c->origins, origin))) {
        tl_bad_input("http", "origin");
        tl_http_problem(req, 403, "This origin may not send", NULL, NULL);
        return false;
    }
    /* Out of memory for a header: the browser will not show the answer to the page; not harmful. */
    (void)tl_http_add_header(req, "Access-Control-Allow-Origin", value);
    (void)tl_http_add_header(req, "Vary", "Origin");
    return true;
}

static void on_preflight(void *arg, struct tl_http_req *req)
{
    if (!cors(arg, req))
        return;
    (void)tl_http_add_header(req, "Access-Control-Allow-Methods", "POST");
    (void)tl_http_add_header(req, "Access-Control-Allow-Headers", "Content-Type");
    (void)tl_http_add_header(req, "Access-Control-Max-Age", "7200");
    tl_http_reply(req, 204, NULL, "", 0);
}

static void on_gone(void *arg)
{
    struct pending *p = arg;

    p->req = NULL;
}

static void on_answer(void *arg, const struct clickstream_http_answer *a)
{
    struct pending *p = arg;

    if (p->req && a->status == 200) {
        (void)tl_http_add_header(p->req, "Cache-Control", "no-store");
        tl_http_reply(p->req, 200, "application/json", a->json.s, a->json.n);
    } else if (p->req) {
        tl_http_problem(p->req, a->status, a->title, a->detail, a->pointer);
    }
    tl_free(p);
}

static void on_collect(void *arg, struct tl_http_req *req)
{
    struct clickstream_http *c = arg;
    struct pending *p;

    if (!cors(c, req))
        return;
    p = tl_alloc(1, sizeof(*p));
    if (!p) {
        tl_http_problem(req, 503, "Out of memory", NULL, NULL);
        return;
    }
    p->req = req;
    tl_http_on_gone(req, on_gone, p);
    clickstream_collect(c->handlers, tl_http_body(req), tl_http_header(req, "User-Agent"),
                        tl_http_peer(req), on_answer, p);
}

int clickstream_http_new(struct clickstream_http **ret, struct tl_http *http,
                         struct clickstream_handlers *handlers, const char *own_origin,
                         const char *origins)
{
    struct clickstream_http *c = tl_alloc(1, sizeof(*c));
    struct tl_route collect = {"POST", "/v1/collect", on_collect, c, BODY_MAX, "application/json"};
    struct tl_route preflight = {
        .method = "OPTIONS", .path = "/v1/collect", .fn = on_preflight, .arg = c};
    int err;

    if (!c)
        return -ENOMEM;
    c->handlers = handlers;
    c->own_origin = own_origin;
    c->origins = origins;
    err = tl_http_route(http, &collect);
    if (!err)
        err = tl_http_route(http, &preflight);
    if (err) {
        tl_free(c);
        return err;
    }
    *ret = c;
    return 0;
}

struct clickstream_http *clickstream_http_free(struct clickstream_http *c)
{
    return tl_free(c);
}
