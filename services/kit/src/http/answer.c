/*
 * What the service says to a request: a reply, a problem, an upgrade, or nothing in time.
 *
 * Two sides hold a request: libmicrohttpd until on_completed (request.c), and the service until it
 * answers.  Memory goes with the later one, so an answer that comes after the client has left is
 * harmless.
 */
#include <fcntl.h>
#include <string.h>
#include <tl_mem.h>
#include <tl_metrics.h>

#include "http.h"

void http_req_free(struct tl_http_req *req)
{
    for (struct http_text *t = req->texts, *next; t; t = next) {
        next = t->next;
        tl_free(t);
    }
    if (req->response)
        MHD_destroy_response(req->response); /* libmicrohttpd never came to fetch it */
    tl_buf_done(&req->body);
    tl_free(req);
}

int tl_http_add_header(struct tl_http_req *req, const char *name, const char *value)
{
    size_t name_n = strlen(name) + 1, n = strlen(value);
    struct http_text *t;

    if (strpbrk(name, "\r\n: ") || strpbrk(value, "\r\n"))
        return -EINVAL;
    t = http_text_new(req, name_n + n + 1);
    if (!t)
        return -ENOMEM;
    memcpy(t->room, name, name_n);
    memcpy(t->room + name_n, value, n + 1);
    t->name = t->room;
    t->value = t->room + name_n;
    return 0;
}

static void count_answer(struct tl_http_req *req, unsigned status)
{
    struct tl_http *h = req->http;

    if (!h)
        return;
    if (status / 100 < TL_LEN(h->answers))
        tl_metric_add(h->answers[status / 100], 1);
    if (req->since)
        tl_metric_observe(h->seconds, (double)(tl_loop_now(h->loop) - req->since) / 1e6);
}

/* The service has spoken, or lost its right to. */
static void let_go(struct tl_http_req *req)
{
    if (req->held) {
        req->held = false;
        if (req->http)
            req->http->in_flight--;
    }
    req->gone = NULL;
}

void http_set_response(struct tl_http_req *req, unsigned status, struct MHD_Response *r)
{
    req->status = status;
    req->response = r;
    for (const struct http_text *t = req->texts; r && t; t = t->next)
        if (t->name)
            (void)MHD_add_response_header(r, t->name, t->value); /* out of memory: goes without */
    if (r && (status == 503 || status == 429) && !MHD_get_response_header(r, "Retry-After"))
        (void)MHD_add_response_header(r, "Retry-After", "1"); /* as above */
    if (r && req->http && req->http->quiesced)
        (void)MHD_add_response_header(r, "Connection", "close");
    count_answer(req, status);
}

/* Have libmicrohttpd fetch the answer, unless it is waiting for it right now. */
static void send_response(struct tl_http_req *req)
{
    if (!req->in_handler && req->suspended) {
        req->suspended = false;
        MHD_resume_connection(req->c);
        http_kick(req->http);
    }
}

static void answer(struct tl_http_req *req, unsigned status, struct MHD_Response *r)
{
    let_go(req);
    http_set_response(req, status, r);
    send_response(req);
}

/* The service answers a request that nobody waits for any more. */
static bool is_orphan(struct tl_http_req *req)
{
    if (req->c && !req->refused)
        return false;
    req->held = false;
    if (!req->c)
        http_req_free(req);
    return true;
}

static struct MHD_Response *response_new(const char *type, const void *body, size_t n)
{
    struct MHD_Response *r =
        MHD_create_response_from_buffer(n, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);

    if (r && type)
        (void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type); /* as above */
    return r;
}

void tl_http_reply(struct tl_http_req *req, int status, const char *type, const void *body,
                   size_t n)
{
    if (!is_orphan(req))
        answer(req, (unsigned)status, response_new(type, n ? body : "", n));
}

struct MHD_Response *http_problem_new(unsigned status, const char *title, const char *detail,
                                      const char *pointer)
{
    struct tl_buf b = TL_BUF(8192);
    struct MHD_Response *r;

    tl_buf_printf(&b, "{\"status\":%u,\"title\":", status);
    tl_buf_json_str(&b, tl_str(title));
    if (detail) {
        tl_buf_puts(&b, ",\"detail\":");
        tl_buf_json_str(&b, tl_str(detail));
    }
    if (pointer) {
        tl_buf_puts(&b, ",\"pointer\":");
        tl_buf_json_str(&b, tl_str(pointer));
    }
    tl_buf_puts(&b, "}");
    r = response_new("application/problem+json", b.err ? "{}" : b.p, b.err ? 2 : b.n);
    tl_buf_done(&b);
    return r;
}

void tl_http_problem(struct tl_http_req *req, int status, const char *title, const char *detail,
                     const char *pointer)
{
    if (!is_orphan(req))
        answer(req, (unsigned)status, http_problem_new((unsigned)status, title, detail, pointer));
}

void tl_http_on_gone(struct tl_http_req *req, tl_fn *fn, void *arg)
{
    req->gone = fn;
    req->gone_arg = arg;
}

void http_give_up(struct tl_http_req *req, unsigned status, const char *title)
{
    tl_fn *gone = req->gone;
    void *arg = req->gone_arg;

    req->refused = true;
    if (req->http)
        req->http->in_flight--;
    http_set_response(req, status, http_problem_new(status, title, NULL, NULL));
    req->gone = NULL;
    if (gone)
        req->held = false; /* the service is told, and will not touch it again */
    send_response(req);
    if (gone)
        gone(arg);
}

/* ---- upgrade -------------------------------------------------------------------------------- */

static void on_upgraded(void *cls, struct MHD_Connection *c, void *con_cls, const char *extra,
                        size_t n, MHD_socket fd, struct MHD_UpgradeResponseHandle *urh)
{
    struct tl_http_req *req = cls;
    const struct http_upgrade *up = req->upgrade;
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);

    TL_UNUSED(c);
    TL_UNUSED(con_cls);
    req->upgrade = NULL;
    if (own >= 0)
        up->opened(req->upgrade_arg, own, extra, n);
    else
        up->failed(req->upgrade_arg);
    /* Our duplicate lives on; libmicrohttpd may forget its connection and its memory. */
    (void)MHD_upgrade_action(urh, MHD_UPGRADE_ACTION_CLOSE);
    http_kick(req->http);
}

int http_upgrade(struct tl_http_req *req, const char *const (*headers)[2], size_t n,
                 const struct http_upgrade *upgrade, void *arg)
{
    struct MHD_Response *r;

    if (is_orphan(req))
        return -EPIPE;
    r = MHD_create_response_for_upgrade(on_upgraded, req);
    for (size_t i = 0; r && i < n; i++)
        if (MHD_add_response_header(r, headers[i][0], headers[i][1]) != MHD_YES) {
            MHD_destroy_response(r);
            r = NULL;
        }
    if (!r) {
        tl_http_problem(req, 503, "Out of memory", NULL, NULL);
        return -ENOMEM;
    }
    req->upgrade = upgrade;
    req->upgrade_arg = arg;
    answer(req, MHD_HTTP_SWITCHING_PROTOCOLS, r);
    return 0;
}
