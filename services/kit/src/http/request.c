/*
 * One request.
 *
 *   on_uri       its target is known: the request is made
 *   on_request   first call: the head is checked, a route found, or an answer given at once
 *                more calls: the body
 *                last call: the service gets it; if it does not answer at once, suspended
 *                after a resume: the answer is handed to libmicrohttpd
 *   on_completed it is over, however it went
 *
 * What the service answers is in answer.c.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <tl_mem.h>
#include <tl_metrics.h>

#include "http.h"

/* ---- what a request is ---------------------------------------------------------------------- */

struct tl_str tl_http_method(const struct tl_http_req *req)
{
    return tl_str(req->route ? req->route->method : "");
}

struct tl_str tl_http_path(const struct tl_http_req *req)
{
    return req->path;
}

struct tl_str tl_http_param(const struct tl_http_req *req, const char *name)
{
    for (unsigned i = 0; i < req->match.n; i++)
        if (tl_str_eq(req->match.params[i].name, tl_str(name)))
            return req->match.params[i].value;
    return (struct tl_str){.s = "", .n = 0};
}

struct tl_str tl_http_header(const struct tl_http_req *req, const char *name)
{
    const char *value = NULL;
    size_t n = 0;

    if (!req->c || MHD_lookup_connection_value_n(req->c, MHD_HEADER_KIND, name, strlen(name),
                                                 &value, &n) != MHD_YES)
        return (struct tl_str){0};
    return tl_str_trim((struct tl_str){value, n});
}

struct tl_str tl_http_body(const struct tl_http_req *req)
{
    return tl_buf_str(&req->body);
}

struct tl_str tl_http_peer(const struct tl_http_req *req)
{
    return tl_str(req->peer);
}

struct http_text *http_text_new(struct tl_http_req *req, size_t room)
{
    struct http_text *t = tl_alloc(1, sizeof(*t) + room);

    if (t) {
        t->next = req->texts;
        req->texts = t;
    }
    return t;
}

struct tl_str tl_http_query(const struct tl_http_req *req, const char *name)
{
    struct tl_str rest = req->query, pair;

    while (tl_str_split(&rest, '&', &pair)) {
        struct tl_str value = pair, key;
        struct http_text *t;
        int n;

        if (!tl_str_split(&value, '=', &key) || !tl_str_eq(key, tl_str(name)))
            continue;
        /* Decoded text lives as long as the request, which a reader may not otherwise change. */
        t = http_text_new((struct tl_http_req *)(uintptr_t)req, value.n + 1);
        n = t ? http_query_decode(value, t->room) : -ENOMEM;
        return n < 0 ? (struct tl_str){0} : (struct tl_str){t->room, (size_t)n};
    }
    return (struct tl_str){0};
}

bool http_is_11(const struct tl_http_req *req)
{
    return !req->is_10;
}

static void find_peer(struct tl_http_req *req)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(req->c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr_in *a = i ? (const void *)i->client_addr : NULL;
    struct tl_str real = tl_http_header(req, "X-Real-IP");
    struct in6_addr any;
    char text[sizeof(req->peer)];

    if (!a || a->sin_family != AF_INET)
        return;
    (void)inet_ntop(AF_INET, &a->sin_addr, req->peer, sizeof(req->peer)); /* it fits */
    if (real.n && http_proxies_have(&req->http->proxies, ntohl(a->sin_addr.s_addr)) &&
        tl_str_put(text, sizeof(text), real) &&
        (inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1))
        memcpy(req->peer, text, sizeof(text));
}

/* ---- callbacks of the daemon ---------------------------------------------------------------- */

void *http_on_uri(void *cls, const char *uri, struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    size_t n = strlen(uri);
    struct tl_http_req *req = tl_alloc(1, sizeof(*req) + n + 1);

    if (!req || !i || !i->socket_context)
        return tl_free(req); /* on_request drops the connection */
    req->http = cls;
    req->c = c;
    req->conn = i->socket_context;
    req->conn->req = req;
    req->target_n = n;
    memcpy(req->target, uri, n + 1);
    return req;
}

static enum MHD_Result fetch(struct tl_http_req *req)
{
    struct MHD_Response *r = req->response;
    enum MHD_Result ok;

    req->response = NULL;
    if (!r)
        return MHD_NO;
    ok = MHD_queue_response(req->c, req->status, r);
    MHD_destroy_response(r); /* the queue keeps its own reference */
    return ok;
}

static enum MHD_Result refuse(struct tl_http_req *req, struct http_fault f)
{
    req->refused = true;
    if (f.class_name)
        http_bad_input(f.class_name);
    http_set_response(req, f.status, http_problem_new(f.status, f.title, NULL, NULL));
    if (req->response && !req->http->quiesced &&
        (f.status == 400 || f.status == 408 || f.status == 431))
        (void)MHD_add_response_header(req->response, "Connection", "close"); /* best effort */
    /* Answering before the body was read costs the connection, so where there is none the answer
     * waits for the next call. */
    return req->framed && !req->body_is.chunked && !req->body_is.length ? MHD_YES : fetch(req);
}

static struct http_fault fault(unsigned status, const char *class_name, const char *title)
{
    return (struct http_fault){status, class_name, title};
}

/* The route whose pattern says most about the path literally; *ret_allow lists the methods of all
 * that fit. */
static const struct tl_route *find_route(const struct tl_http *h, const char *method,
                                         struct tl_http_req *req, char allow[128])
{
    const struct tl_route *best = NULL;
    size_t best_literal = 0;

    for (size_t i = 0; i < h->n_routes; i++) {
        const struct tl_route *r = &h->routes[i];
        bool same = strcmp(r->method, method) == 0 ||
                    (strcmp(method, "HEAD") == 0 && strcmp(r->method, "GET") == 0);
        struct http_match m;
        size_t n = strlen(allow);

        if (!http_route_match(r->path, req->path, &m))
            continue;
        if (!strstr(allow, r->method))
            (void)snprintf(allow + n, 128 - n, "%s%s", n ? ", " : "", r->method);
        if (same && (!best || m.literal > best_literal)) {
            best = r;
            best_literal = m.literal;
            req->match = m;
        }
    }
    return best;
}

static bool type_fits(struct tl_str have, const char *want)
{
    struct tl_str media;

    return tl_str_split(&have, ';', &media) && tl_str_ieq(tl_str_trim(media), tl_str(want));
}

static struct http_fault check_body(struct tl_http_req *req)
{
    const struct tl_route *r = req->route;
    const struct http_body *b = &req->body_is;
    bool some = b->chunked || b->length;

    if (b->length > r->body_max || (b->chunked && !r->body_max))
        return fault(413, "body_large", "The body is too large");
    if (r->body_max && !b->chunked && !b->has_length &&
        (strcmp(r->method, "POST") == 0 || strcmp(r->method, "PUT") == 0 ||
         strcmp(r->method, "PATCH") == 0))
        return fault(411, "length_missing", "Content-Length is needed");
    if (r->type && some && !type_fits(tl_http_header(req, "Content-Type"), r->type))
        return fault(415, "type", "Another content type is expected");
    return fault(0, NULL, NULL);
}

static struct http_fault check(struct tl_http_req *req, const char *method, const char *url,
                               const char *version)
{
    struct tl_http *h = req->http;
    struct http_fault f;
    char allow[128] = "";

    if (req->target_n > HTTP_URI_MAX)
        return fault(414, "uri_long", "The address is too long");
    if ((uintptr_t)url != (uintptr_t)method + strlen(method) + 1 ||
        (uintptr_t)version != (uintptr_t)url + req->target_n + 1)
        return fault(400, "malformed", "One space, the address, one space");
    f = http_check_head(req->c, method, version, &req->body_is);
    if (f.status)
        return f;
    req->framed = true;
    req->is_10 = strcmp(version, "HTTP/1.0") == 0;
    if (http_target_split(req->target, &req->path, &req->query))
        return fault(400, "malformed", "The address is malformed");
    req->route = find_route(h, method, req, allow);
    if (!req->route && !*allow)
        return fault(404, NULL, "Nothing here");
    if (!req->route) {
        (void)tl_http_add_header(req, "Allow", allow); /* out of memory: goes without */
        return fault(405, "method", "Another method is expected");
    }
    if (h->stopping || h->in_flight >= h->opts.in_flight)
        return fault(503, NULL, "Busy");
    f = check_body(req);
    if (!f.status)
        find_peer(req);
    return f;
}

static enum MHD_Result first_call(struct tl_http_req *req, const char *method, const char *url,
                                  const char *version)
{
    struct http_fault f;

    req->checked = true;
    f = check(req, method, url, version);
    if (f.status)
        return refuse(req, f);
    req->body = TL_BUF(req->route->body_max);
    http_conn_phase(req->conn, HTTP_BODY);
    return MHD_YES;
}

static enum MHD_Result take_body(struct tl_http_req *req, const char *data, size_t *n)
{
    int err = tl_buf_add(&req->body, data, *n);

    req->conn->body_bytes += *n;
    *n = 0;
    if (!err)
        return MHD_YES;
    /* A chunked body does not say how long it will be, and libmicrohttpd cannot answer in the
     * middle of one. */
    if (err == -EMSGSIZE)
        http_slam(req->conn, 413, "body_large");
    else
        http_slam(req->conn, 503, NULL);
    return MHD_NO;
}

static enum MHD_Result dispatch(struct tl_http_req *req)
{
    struct tl_http *h = req->http;

    http_conn_phase(req->conn, HTTP_WORK);
    req->since = tl_loop_now(h->loop);
    req->held = true;
    h->in_flight++;
    req->in_handler = true;
    req->route->fn(req->route->arg, req);
    req->in_handler = false;
    if (!req->held)
        return fetch(req);
    req->suspended = true;
    MHD_suspend_connection(req->c);
    return MHD_YES;
}

enum MHD_Result http_on_request(void *cls, struct MHD_Connection *c, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *n, void **req_at)
{
    struct tl_http_req *req = *req_at;

    TL_UNUSED(cls);
    TL_UNUSED(c);
    if (!req)
        return MHD_NO; /* no memory for it */
    if (!req->checked)
        return first_call(req, method, url, version);
    if (req->response)
        return fetch(req);
    if (req->since || req->refused)
        return MHD_NO; /* called again without an answer: no memory for it */
    if (*n)
        return take_body(req, data, n);
    return dispatch(req);
}

void http_on_completed(void *cls, struct MHD_Connection *c, void **req_at,
                       enum MHD_RequestTerminationCode why)
{
    struct tl_http_req *req = *req_at;

    TL_UNUSED(cls);
    TL_UNUSED(c);
    TL_UNUSED(why);
    *req_at = NULL;
    if (!req)
        return;
    if (req->upgrade) {
        req->upgrade->failed(req->upgrade_arg);
        req->upgrade = NULL;
    }
    if (req->conn) {
        req->conn->req = NULL;
        http_conn_phase(req->conn, HTTP_IDLE);
    }
    req->c = NULL;
    req->conn = NULL;
    req->http = NULL;
    if (!req->held)
        http_req_free(req);
}
