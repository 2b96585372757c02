/*
 * libmicrohttpd in the loop: its epoll descriptor is watched, and it is run when that is readable,
 * when its own time-out comes, and when we kick it.
 *
 * libmicrohttpd knows one time-out, counted from the last byte.  That lets a slow sender hold a
 * connection for ever, and suspended connections are not watched at all.  So each connection has
 * a phase and a deadline of ours, looked at once a second.
 */
#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>
#include <unistd.h>

#include "../metrics/metrics.h"
#include "http.h"

/* ---- running the daemon ------------------------------------------------------------------- */

static void pump(void *arg)
{
    struct tl_http *h = arg;
    MHD_UNSIGNED_LONG_LONG ms;

    h->kicked = false;
    (void)MHD_run(h->daemon); /* fails only for a daemon in another mode */
    if (h->kicked)
        tl_timer_start(h->pump, 0); /* from inside one of its callbacks */
    else if (MHD_get_timeout(h->daemon, &ms) == MHD_YES)
        tl_timer_start(h->pump, TL_MSEC((tl_dur)TL_LOWER(ms, 60000ULL)));
    else
        tl_timer_stop(h->pump);
}

static void on_readable(void *arg, int events, int err)
{
    TL_UNUSED(events);
    TL_UNUSED(err); /* an epoll descriptor has no errors of its own */
    pump(arg);
}

void http_kick(struct tl_http *h)
{
    h->kicked = true;
    tl_timer_start(h->pump, 0);
}

/* ---- bad input ----------------------------------------------------------------------------- */

void http_bad_input(const char *class_name)
{
    tl_bad_input("http", class_name);
    if (tl_log_allow(class_name))
        tl_warn("bad input", TL_S("edge", "http"), TL_S("class", class_name));
}

static const char *class_of_status(unsigned status)
{
    switch (status) {
    case 413: return "body_large";
    case 414: return "uri_long";
    case 431: return "headers_large";
    case 501: return "encoding";
    case 505: return "version";
    default: return "malformed";
    }
}

/* What libmicrohttpd refuses by itself shows only in its log: "Error processing request (HTTP
 * response code is %u ..." */
static void on_mhd_log(void *cls, const char *fmt, va_list ap) TL_PRINTF(2, 0);

static void on_mhd_log(void *cls, const char *fmt, va_list ap)
{
    TL_UNUSED(cls);
    if (strncmp(fmt, "Error processing request", 24) == 0)
        http_bad_input(class_of_status(va_arg(ap, unsigned)));
}

static const char *reason(unsigned status)
{
    return status == 408   ? "Request Timeout"
           : status == 413 ? "Content Too Large"
                           : "Service Unavailable";
}

void http_slam(struct http_conn *conn, unsigned status, const char *class_name)
{
    char text[160];
    int n = snprintf(text, sizeof(text),
                     "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", status,
                     reason(status));

    if (class_name)
        http_bad_input(class_name);
    (void)!send(conn->fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL); /* best effort */
    (void)shutdown(conn->fd, SHUT_RDWR); /* libmicrohttpd sees the end and closes */
}

/* ---- connections and their deadlines -------------------------------------------------------- */

static uint64_t bytes_received(int fd)
{
    struct tcp_info info = {0};
    socklen_t n = sizeof(info);

    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 ? info.tcpi_bytes_received : 0;
}

void http_conn_phase(struct http_conn *conn, enum http_phase phase)
{
    conn->phase = phase;
    conn->since = tl_loop_now(conn->http->loop);
    conn->late_since = 0;
    if (phase == HTTP_IDLE)
        conn->heard = bytes_received(conn->fd);
    if (phase == HTTP_BODY)
        conn->body_bytes = 0;
}

static void on_connection(void *cls, struct MHD_Connection *c, void **at,
                          enum MHD_ConnectionNotificationCode code)
{
    struct tl_http *h = cls;
    const union MHD_ConnectionInfo *fd;
    struct http_conn *conn = *at;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (!conn)
            return;
        tl_list_remove(&h->conns, &conn->link);
        if (conn->req)
            conn->req->conn = NULL;
        *at = tl_free(conn);
        if (!h->conns.n && h->sweep)
            tl_timer_stop(h->sweep);
        return;
    }
    conn = tl_alloc(1, sizeof(*conn));
    fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (!conn || !fd) {
        tl_free(conn); /* its requests will be refused: see http_on_uri() */
        return;
    }
    conn->http = h;
    conn->fd = fd->connect_fd;
    http_conn_phase(conn, HTTP_NEW);
    tl_list_append(&h->conns, &conn->link);
    if (h->conns.n == 1)
        tl_timer_every(h->sweep, TL_SEC(1));
    *at = conn;
}

/* Between requests: a client that has begun the next one must finish its head in time. */
static void sweep_idle(struct tl_http *h, struct http_conn *conn, tl_time now)
{
    if (!conn->late_since && bytes_received(conn->fd) != conn->heard)
        conn->late_since = now;
    if (conn->late_since && now - conn->late_since >= h->opts.head_timeout)
        http_slam(conn, 408, "slow");
    else if (!conn->late_since && now - conn->since >= h->opts.idle_timeout)
        (void)shutdown(conn->fd, SHUT_RDWR); /* an idle connection ends without a word */
}

static void sweep_new(struct tl_http *h, struct http_conn *conn, tl_time now)
{
    if (now - conn->since < h->opts.head_timeout)
        return;
    if (bytes_received(conn->fd))
        http_slam(conn, 408, "slow");
    else
        (void)shutdown(conn->fd, SHUT_RDWR); /* said nothing: gets no answer */
}

static void sweep_body(struct tl_http *h, struct http_conn *conn, tl_time now)
{
    tl_dur took = now - conn->since;

    if (took >= h->opts.body_timeout && conn->body_bytes < (uint64_t)(took / TL_SEC(1)) * 1024)
        http_slam(conn, 408, "slow");
}

/* libmicrohttpd does not watch a suspended connection; as nginx does, a closed peer counts as
 * gone. */
static bool peer_gone(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};

    return poll(&p, 1, 0) == 1 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static void sweep_work(struct tl_http *h, struct http_conn *conn, tl_time now)
{
    struct tl_http_req *req = conn->req;

    if (!req || !req->held || req->refused)
        return;
    if (now - req->since >= h->opts.answer_within)
        http_give_up(req, 504, "No answer in time");
    else if (req->gone && peer_gone(conn->fd))
        http_give_up(req, 503, "Gone");
}

static void sweep(void *arg)
{
    struct tl_http *h = arg;
    tl_time now = tl_loop_now(h->loop);

    tl_list_for_each (&h->conns, k) {
        struct http_conn *conn = TL_CONTAINER(k, struct http_conn, link);

        switch (conn->phase) {
        case HTTP_NEW: sweep_new(h, conn, now); break;
        case HTTP_IDLE: sweep_idle(h, conn, now); break;
        case HTTP_BODY: sweep_body(h, conn, now); break;
        case HTTP_WORK: sweep_work(h, conn, now); break;
        }
    }
}

/* ---- life ----------------------------------------------------------------------------------- */

/* Targets are decoded in target.c, where a bad one can be refused. */
static size_t keep_escaped(void *cls, struct MHD_Connection *c, char *s)
{
    TL_UNUSED(cls);
    TL_UNUSED(c);
    return strlen(s);
}

static void set_defaults(struct tl_http_opts *o)
{
    if (!o->address)
        o->address = "127.0.0.1";
    if (!o->proxies)
        o->proxies = "127.0.0.0/8";
    if (!o->connections)
        o->connections = 19000;
    if (!o->in_flight)
        o->in_flight = 4096;
    if (!o->head_timeout)
        o->head_timeout = TL_SEC(10);
    if (!o->body_timeout)
        o->body_timeout = TL_SEC(30);
    if (!o->idle_timeout)
        o->idle_timeout = TL_SEC(65);
    if (!o->answer_within)
        o->answer_within = TL_SEC(30);
}

static int start_daemon(struct tl_http *h, const struct sockaddr_in *at)
{
    unsigned idle_s = (unsigned)(h->opts.idle_timeout / TL_SEC(1)) + 10;

    errno = 0;
    h->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG, 0, NULL,
        NULL, http_on_request, h, MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, NULL,
        MHD_OPTION_SOCK_ADDR, at, MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, h,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_URI_LOG_CALLBACK, http_on_uri, h,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escaped, NULL, MHD_OPTION_CONNECTION_LIMIT,
        h->opts.connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT, h->opts.per_ip,
        MHD_OPTION_CONNECTION_TIMEOUT, idle_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HTTP_POOL, MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024u, MHD_OPTION_SIGPIPE_HANDLED_BY_APP,
        1, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (h->daemon)
        return 0;
    return errno ? -errno : -EINVAL;
}

static void make_metrics(struct tl_http *h)
{
    char name[96], label[24];

    metrics_name(name, "http_answers_total");
    for (unsigned i = 1; i < TL_LEN(h->answers); i++) {
        (void)snprintf(label, sizeof(label), "code=\"%uxx\"", i);
        h->answers[i] = tl_counter(name, label, "HTTP answers by class of status.");
    }
    metrics_name(name, "http_seconds");
    h->seconds = tl_histogram(name, NULL, "From a whole HTTP request to its answer.");
}

int tl_http_new(struct tl_http **ret, struct tl_loop *loop, const struct tl_http_opts *opts)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    struct tl_http *h = tl_alloc(1, sizeof(*h));
    const union MHD_DaemonInfo *info;
    int err;

    if (!h)
        return -ENOMEM;
    h->loop = loop;
    h->opts = *opts;
    tl_list_init(&h->conns);
    set_defaults(&h->opts);
    at.sin_port = htons(h->opts.port);
    if (inet_pton(AF_INET, h->opts.address, &at.sin_addr) != 1 ||
        http_proxies_read(&h->proxies, h->opts.proxies)) {
        err = -EINVAL;
        goto out;
    }
    err = tl_timer_new(&h->pump, loop, pump, h);
    if (!err)
        err = tl_timer_new(&h->sweep, loop, sweep, h);
    if (!err)
        err = start_daemon(h, &at);
    if (err)
        goto out;
    info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    err = info ? tl_io_new(&h->io, loop, info->epoll_fd, on_readable, h) : -EINVAL;
    if (!err)
        err = tl_io_watch(h->io, TL_READABLE);
    if (err)
        goto out;
    make_metrics(h);
    *ret = h;
    return 0;
out:
    tl_http_free(h);
    return err;
}

/* Suspended connections must be resumed before the daemon stops: answer what is open and let the
 * answers out. */
static void finish_all(struct tl_http *h)
{
    h->stopping = true;
    tl_list_for_each (&h->conns, k) {
        struct http_conn *conn = TL_CONTAINER(k, struct http_conn, link);

        if (conn->req && conn->req->held && !conn->req->refused)
            http_give_up(conn->req, 503, "Stopping");
    }
    for (int i = 0; i < 3; i++) /* resume, answer, clean up */
        pump(h);
}

struct tl_http *tl_http_free(struct tl_http *h)
{
    if (!h)
        return NULL;
    if (h->daemon)
        finish_all(h);
    if (h->ws)
        h->ws_ops->free(h->ws);
    h->io = tl_io_free(h->io);
    if (h->daemon)
        MHD_stop_daemon(h->daemon);
    tl_timer_free(h->sweep);
    tl_timer_free(h->pump);
    return tl_free(h);
}

uint16_t tl_http_port(const struct tl_http *h)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_BIND_PORT);

    return info ? info->port : 0;
}

void tl_http_quiesce(struct tl_http *h)
{
    if (!h->quiesced) {
        MHD_socket fd = MHD_quiesce_daemon(h->daemon);

        h->quiesced = true;
        if (fd != MHD_INVALID_SOCKET)
            close(fd);
    }
    tl_list_for_each (&h->conns, k) {
        struct http_conn *conn = TL_CONTAINER(k, struct http_conn, link);

        if (conn->phase == HTTP_IDLE && bytes_received(conn->fd) == conn->heard)
            (void)shutdown(conn->fd, SHUT_RDWR);
    }
}

unsigned tl_http_in_flight(const struct tl_http *h)
{
    return h->in_flight;
}

int tl_http_route(struct tl_http *h, const struct tl_route *route)
{
    if (h->n_routes == HTTP_ROUTES)
        return -ENOSPC;
    h->routes[h->n_routes++] = *route;
    return 0;
}
