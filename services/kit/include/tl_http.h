/**
 * @file tl_http.h  An HTTP/1.1 server on the loop (libmicrohttpd inside), strict by RFC 9110 and
 * 9112. Limits and the answers to bad requests: 32 KiB for the whole head (about 28 of them for
 * headers) and 100 headers (431), URI 8 KiB (414), body
 * by route (413), Content-Length twice or beside Transfer-Encoding (400), unknown path 404, wrong
 * method 405 with Allow.
 */
#ifndef TL_HTTP_H
#define TL_HTTP_H

#include <tl_buf.h>
#include <tl_loop.h>

struct tl_http;
struct tl_http_req;

struct tl_http_opts {
    const char *address;  /**< NULL: 127.0.0.1 */
    uint16_t port;        /**< 0: any, see tl_http_port() */
    const char *proxies;  /**< networks whose X-Real-IP tells the peer; NULL: 127.0.0.0/8 */
    unsigned connections; /**< most at once; 0: 19000 */
    unsigned per_ip;      /**< most from one address; 0: no limit (a proxy is in front) */
    unsigned in_flight;   /**< most requests without an answer, then 503; 0: 4096 */
    tl_dur head_timeout;  /**< for a request's head, then 408; 0: 10 s */
    tl_dur body_timeout;  /**< for a body slower than 1 KiB/s, then 408; 0: 30 s */
    tl_dur idle_timeout;  /**< between two requests, then closed; 0: 65 s */
    tl_dur answer_within; /**< for the service, then 504; 0: 30 s */
};

int tl_http_new(struct tl_http **ret, struct tl_loop *loop, const struct tl_http_opts *opts);
/** Answers what is still open with 503 and closes. */
struct tl_http *tl_http_free(struct tl_http *h);
uint16_t tl_http_port(const struct tl_http *h);
/** No new connections; those that are open finish. */
void tl_http_quiesce(struct tl_http *h);
/** Requests without an answer yet. */
unsigned tl_http_in_flight(const struct tl_http *h);

/** Called once, when the whole body is here.  Must lead to exactly one tl_http_reply, problem or
 * tl_ws_accept, now or later; the request is gone after it.  A request left alone for 30 s is
 * answered with 504; without tl_http_on_gone() it still waits for the service's own answer, which
 * then goes nowhere. */
typedef void tl_http_fn(void *arg, struct tl_http_req *req);

struct tl_route {
    const char *method;
    const char *path; /**< "/v1/contacts/{id}"; a last part "{rest*}" takes the rest with slashes */
    tl_http_fn *fn;
    void *arg;
    size_t body_max;  /**< 0: no body allowed */
    const char *type; /**< required content type, e.g. "application/json"; NULL: any */
};

int tl_http_route(struct tl_http *h, const struct tl_route *route);

struct tl_str tl_http_method(const struct tl_http_req *req);
struct tl_str tl_http_path(const struct tl_http_req *req);
/** Value of {name} in the route's path; empty if none. */
struct tl_str tl_http_param(const struct tl_http_req *req, const char *name);
/** Query argument, decoded; s NULL if absent. */
struct tl_str tl_http_query(const struct tl_http_req *req, const char *name);
/** Request header; s NULL if absent. */
struct tl_str tl_http_header(const struct tl_http_req *req, const char *name);
struct tl_str tl_http_body(const struct tl_http_req *req);
/** Peer address; X-Real-IP when the connection comes from one of opts.proxies. */
struct tl_str tl_http_peer(const struct tl_http_req *req);

/** Adds a header to the coming answer.  429 and 503 have "Retry-After: 1" unless another is added.
 */
int tl_http_add_header(struct tl_http_req *req, const char *name, const char *value);
/** Answers; body is copied.  type NULL: no Content-Type. */
void tl_http_reply(struct tl_http_req *req, int status, const char *type, const void *body,
                   size_t n);
/** Answers with application/problem+json (RFC 9457): title is fixed text, detail may be NULL,
 *  pointer is a JSON pointer to what is wrong or NULL. */
void tl_http_problem(struct tl_http_req *req, int status, const char *title, const char *detail,
                     const char *pointer);

/**
 * For late answers: fn runs when the request dies before it was answered (peer gone, too late,
 * server stopping); afterwards req must not be touched.  Who does not ask answers as usual.
 */
void tl_http_on_gone(struct tl_http_req *req, tl_fn *fn, void *arg);

#endif
