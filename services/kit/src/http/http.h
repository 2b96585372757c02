/**
 * @file http.h  What the files of the HTTP server share.
 *
 * server.c  the daemon: one epoll descriptor in the loop, connections and their deadlines
 * request.c one request from its first byte to its end
 * answer.c  what the service says to it
 * check.c   the strictness that libmicrohttpd lacks
 * route.c   paths (pure)
 * proxies.c whose word about the peer's address counts (pure)
 * target.c  the request target: decoding (pure)
 */
#ifndef TL_HTTP_INSIDE_H
#define TL_HTTP_INSIDE_H

#include <microhttpd.h>
#include <tl_http.h>
#include <tl_list.h>

enum {
    HTTP_URI_MAX = 8 * 1024,
    HTTP_HEAD_MAX = 32 * 1024,
    HTTP_HEADERS_MAX = 100,
    /* libmicrohttpd's memory for one request, the head and its index.  Above 32 KiB it maps and
     * unmaps pages for each connection, which costs a handshake three times the CPU. */
    HTTP_POOL = 32 * 1024,
    HTTP_PARAMS = 8,
    HTTP_ROUTES = 64,
};

/** Part of a path that matched a {name}. */
struct http_param {
    struct tl_str name, value;
};

struct http_match {
    size_t literal; /**< characters of the pattern that stood there literally */
    unsigned n;
    struct http_param params[HTTP_PARAMS];
};

/** Does the path fit the pattern?  Values point into path. */
bool http_route_match(const char *pattern, struct tl_str path, struct http_match *ret);

/**
 * Cut a raw request target into path and query and decode the path in place.
 * 0; -EBADMSG: not origin-form or absolute-form, bad %, NUL, control character, bad UTF-8, an
 * encoded slash, or a "." or ".." segment.
 */
int http_target_split(char *target, struct tl_str *ret_path, struct tl_str *ret_query);
/** Decode a query value (+ and %) into out, which has room for in.n bytes.  Length or -EBADMSG. */
int http_query_decode(struct tl_str in, char *out);

/** What is wrong with a request; status 0: nothing. */
struct http_fault {
    unsigned status;
    const char *class_name; /**< for the metric */
    const char *title;
};

/** IPv4 networks, in the host's byte order. */
struct http_network {
    uint32_t address, mask;
};

struct http_proxies {
    struct http_network at[8];
    unsigned n;
};

/** "127.0.0.0/8 172.28.0.2": networks and addresses between spaces, at most 8.  0 or -EINVAL. */
int http_proxies_read(struct http_proxies *ret, const char *text);
bool http_proxies_have(const struct http_proxies *p, uint32_t address);

struct http_body {
    bool chunked;
    bool has_length;
    uint64_t length;
};

/** Checks of the head that do not depend on the route. */
struct http_fault http_check_head(struct MHD_Connection *c, const char *method, const char *version,
                                  struct http_body *ret_body);

/** A connection that libmicrohttpd serves. */
struct http_conn {
    struct tl_link link;
    struct tl_http *http;
    int fd;
    enum http_phase { HTTP_NEW, HTTP_IDLE, HTTP_BODY, HTTP_WORK } phase;
    tl_time since;      /**< in this phase */
    tl_time late_since; /**< an idle connection has sent a part of a head since; 0: has not */
    uint64_t heard;     /**< bytes received when it fell idle */
    uint64_t body_bytes;
    struct tl_http_req *req;
};

/** Handed to http_upgrade(): exactly one of them is called. */
struct http_upgrade {
    /** fd is the caller's now; extra is what the client sent behind its request. */
    void (*opened)(void *arg, int fd, const void *extra, size_t n);
    void (*failed)(void *arg);
};

/** A header to add, or a decoded query value. */
struct http_text {
    struct http_text *next;
    const char *name; /**< of a header; NULL: a query value */
    const char *value;
    size_t n;
    char room[];
};

struct tl_http_req {
    struct tl_http *http;     /**< NULL: the server is gone */
    struct http_conn *conn;   /**< NULL: the connection is gone */
    struct MHD_Connection *c; /**< likewise */
    const struct tl_route *route;
    struct tl_str path, query;
    struct http_match match;
    struct http_body body_is;
    struct tl_buf body;
    bool is_10;      /**< HTTP/1.0 */
    bool framed;     /**< it is known where the body ends */
    bool checked;    /**< the head was looked at */
    bool refused;    /**< answered by the kit, before the service saw it */
    bool held;       /**< the service has it and has not answered */
    bool in_handler; /**< libmicrohttpd waits for what we return */
    bool suspended;
    unsigned status;               /**< of response */
    struct MHD_Response *response; /**< answer that libmicrohttpd has not taken yet */
    struct http_text *texts;
    tl_fn *gone;
    void *gone_arg;
    tl_time since;
    const struct http_upgrade *upgrade;
    void *upgrade_arg;
    char peer[48];
    size_t target_n;
    char target[]; /**< as sent, then decoded in place */
};

/** How a server reaches its WebSockets, without every service linking them. */
struct http_ws_ops {
    unsigned (*count)(const void *ws);
    void (*close_all)(void *ws, int code, const char *reason, tl_dur spread);
    void (*free)(void *ws);
};

struct tl_http {
    struct tl_loop *loop;
    struct tl_http_opts opts;
    struct http_proxies proxies;
    struct MHD_Daemon *daemon;
    struct tl_io *io;
    struct tl_timer *pump;  /**< what libmicrohttpd wants done later, and kicks */
    struct tl_timer *sweep; /**< deadlines, once a second while there are connections */
    struct tl_list conns;
    struct tl_route routes[HTTP_ROUTES];
    size_t n_routes;
    unsigned in_flight;
    bool kicked; /**< since MHD_run() began */
    bool quiesced;
    bool stopping;
    struct tl_metric *answers[6];
    struct tl_metric *seconds;
    void *ws; /**< the WebSocket endpoint's state, set with the functions when one is accepted */
    const struct http_ws_ops *ws_ops;
};

/* server.c */
/** Have libmicrohttpd look again: after every resume and every end of an upgrade, because without
 * its own thread nothing wakes it. */
void http_kick(struct tl_http *h);
void http_conn_phase(struct http_conn *conn, enum http_phase phase);
/** A short answer past libmicrohttpd, for when it cannot give one, and the end of the connection.
 * class_name NULL: the client did no wrong. */
void http_slam(struct http_conn *conn, unsigned status, const char *class_name);
void http_bad_input(const char *class_name);

/* request.c: callbacks of the daemon */
void *http_on_uri(void *cls, const char *uri, struct MHD_Connection *c);
enum MHD_Result http_on_request(void *cls, struct MHD_Connection *c, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *n, void **req_at);
void http_on_completed(void *cls, struct MHD_Connection *c, void **req_at,
                       enum MHD_RequestTerminationCode why);
/** Lives as long as the request; NULL: out of memory. */
struct http_text *http_text_new(struct tl_http_req *req, size_t room);

/* answer.c */
void http_req_free(struct tl_http_req *req);
/** r is the request's now, with the headers that were added to it; NULL: out of memory. */
void http_set_response(struct tl_http_req *req, unsigned status, struct MHD_Response *r);
/** application/problem+json; detail and pointer may be NULL.  NULL: out of memory. */
struct MHD_Response *http_problem_new(unsigned status, const char *title, const char *detail,
                                      const char *pointer);
/** The service lost its right to answer; status is what the client gets if it is still there. */
void http_give_up(struct tl_http_req *req, unsigned status, const char *title);

/** Answer with 101 and hand the socket over. */
int http_upgrade(struct tl_http_req *req, const char *const (*headers)[2], size_t n,
                 const struct http_upgrade *upgrade, void *arg);
bool http_is_11(const struct tl_http_req *req);

#endif
