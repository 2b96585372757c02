/*
 * Traps that this file closes: a silent cut is noticed (two unanswered pings of 1 s); nothing ever
 * blocks the loop, neither a name that does not resolve nor a server that does not answer; a write
 * that fails says nothing here, because reading the same socket tells it and once is enough; a
 * callback may close the bus it was called by.
 */
#include "nats_link.h"

#include <jansson.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <unistd.h>

#define PATIENCE   TL_SEC(2) /* with an attempt */
#define RETRY      TL_MSEC(250)
#define PING_EVERY TL_SEC(1)

enum {
    PINGS_SILENT = 2,
    OUT_MAX = 16 << 20,     /* not taken by the server: further publishes are refused */
    OUT_MUCH = 64 << 10,    /* is written without waiting for the end of the turn */
    IN_SIZE = 64 << 10,     /* usually; a larger message makes it grow for a while */
    PAYLOAD_MOST = 64 << 20 /* the largest that a server can be configured to allow */
};

static void attempt(struct nats_link *l);

/* ---- life ------------------------------------------------------------------------------------ */

static void free_handle(uv_handle_t *h)
{
    tl_free(h);
}

static void enter(struct nats_link *l)
{
    l->busy++;
}

static void leave(struct nats_link *l)
{
    if (--l->busy || !l->freed)
        return;
    tl_buf_done(&l->out);
    tl_free(l->in);
    tl_free(l->name);
    tl_free(l->user);
    if (l->password)
        explicit_bzero(l->password, strlen(l->password));
    tl_free(l->password);
    l->ops->gone(l->arg);
    tl_free(l);
}

/* Back to nothing: no socket, nothing read or to be written. */
static void hang_up(struct nats_link *l)
{
    l->lookup = nats_lookup_cancel(l->lookup);
    l->io = tl_io_free(l->io);
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    l->state = LINK_DOWN;
    tl_buf_clear(&l->out);
    l->out_at = l->in_at = l->in_n = 0;
    l->pings = l->pongs = 0;
    l->silent = 0;
    l->blocked = false;
}

static void lost(struct nats_link *l, int err)
{
    bool was_up = l->state == LINK_UP;
    uint16_t jitter;

    hang_up(l);
    tl_random(&jitter, sizeof(jitter)); /* not all services at once */
    if (was_up) {
        tl_warn("nats lost: reconnecting", TL_E(err));
        tl_timer_start(l->timer, TL_MSEC(jitter % 100));
        l->ops->down(l->arg);
    } else {
        if (!l->told)
            tl_warn("nats cannot be reached: trying again", TL_E(err));
        l->told = true;
        tl_timer_start(l->timer, RETRY + TL_MSEC(jitter % 250));
    }
}

/* ---- writing --------------------------------------------------------------------------------- */

static void flush(struct nats_link *l)
{
    while (l->out_at < l->out.n) {
        ssize_t n =
            send(l->fd, l->out.p + l->out_at, l->out.n - l->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0)
            break; /* full; or broken, which reading finds out */
        l->out_at += (size_t)n;
    }
    if (l->out_at == l->out.n) {
        if (l->out.cap > IN_SIZE * 4)
            tl_buf_done(&l->out);
        tl_buf_clear(&l->out);
        l->out_at = 0;
        l->blocked = false;
        (void)tl_io_watch(l->io, TL_READABLE); /* as below */
        return;
    }
    l->blocked = true;
    if (l->out_at > l->out.n / 2) {
        tl_buf_eat(&l->out, l->out_at);
        l->out_at = 0;
    }
    (void)tl_io_watch(l->io, TL_READABLE | TL_WRITABLE); /* fails only for a closed fd */
}

static void on_turn_ends(uv_prepare_t *p)
{
    struct nats_link *l = p->data;

    if (l->out.n && !l->blocked)
        flush(l);
}

void nats_link_wrote(struct nats_link *l)
{
    if (l->out.n > OUT_MUCH && !l->blocked)
        flush(l);
}

uint64_t nats_link_ping(struct nats_link *l)
{
    size_t mark = l->out.n;

    tl_buf_puts(&l->out, "PING\r\n");
    if (nats_write_end(&l->out, mark) == 0)
        l->pings++; /* else the pong of an earlier one must do */
    return l->pings;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void on_info(struct nats_link *l, struct tl_str text)
{
    json_t *info = json_loadb(text.s, text.n, 0, NULL);
    json_int_t most = json_integer_value(json_object_get(info, "max_payload"));
    bool tls = json_is_true(json_object_get(info, "tls_required"));

    json_decref(info);
    if (most > 0)
        l->payload_max = (size_t)TL_LOWER(most, PAYLOAD_MOST);
    if (l->state != LINK_GREETING)
        return; /* news of a cluster */
    if (tls) {
        if (!l->told)
            tl_error("nats wants TLS, which this client does not speak");
        lost(l, -EPROTONOSUPPORT);
        return;
    }
    l->state = LINK_JOINING;
    if (nats_write_connect(&l->out, l->name, l->user, l->password))
        lost(l, -ENOMEM);
    else
        (void)nats_link_ping(l); /* its pong says that we are welcome */
}

static void on_pong(struct nats_link *l)
{
    l->pongs++;
    if (l->state != LINK_JOINING) {
        l->ops->pong(l->arg);
        return;
    }
    l->state = LINK_UP;
    l->told = false;
    tl_timer_every(l->timer, PING_EVERY);
    tl_info("nats connected");
    l->ops->up(l->arg);
}

static void on_frame(struct nats_link *l, const struct nats_frame *f)
{
    size_t mark = l->out.n;

    switch (f->op) {
    case NATS_MSG: l->ops->msg(l->arg, f->sid, &f->msg); break;
    case NATS_INFO: on_info(l, f->text); break;
    case NATS_PONG: on_pong(l); break;
    case NATS_PING:
        tl_buf_puts(&l->out, "PONG\r\n");
        (void)nats_write_end(&l->out, mark); /* without memory it asks again */
        break;
    case NATS_ERR:
        if (tl_log_allow("nats error"))
            tl_warn("nats error", TL_T("reason", f->text));
        break; /* if it is serious the server hangs up by itself */
    case NATS_OK:
    case NATS_MORE: break;
    }
}

/* All whole frames; what is left of the next one moves to the front. */
static void take_frames(struct nats_link *l)
{
    struct nats_frame f;
    int fd = l->fd, err;

    while (l->in_at < l->in_n) {
        err = nats_read(&f, l->in + l->in_at, l->in_n - l->in_at, PAYLOAD_MOST);
        if (err) {
            lost(l, err);
            return;
        }
        if (f.op == NATS_MORE)
            break;
        l->in_at += f.size;
        on_frame(l, &f);
        if (l->fd != fd)
            return;
    }
    l->in_n -= l->in_at;
    if (l->in_n && l->in_at)
        memmove(l->in, l->in + l->in_at, l->in_n);
    l->in_at = 0;
}

/* Room for the rest of the frame that has begun, if any. */
static int make_room(struct nats_link *l)
{
    size_t want = TL_HIGHER(IN_SIZE, l->in_n + IN_SIZE / 8);
    struct nats_frame f;
    char *p;

    if (l->in_n && nats_read(&f, l->in, l->in_n, PAYLOAD_MOST) == 0)
        want = TL_HIGHER(want, f.size);
    if (l->in_cap >= want && (l->in_n || l->in_cap == want))
        return 0;
    p = tl_resize(l->in, want, 1);
    if (!p)
        return -ENOMEM;
    l->in = p;
    l->in_cap = want;
    return 0;
}

static void read_some(struct nats_link *l)
{
    ssize_t n;

    if (make_room(l)) {
        lost(l, -ENOMEM);
        return;
    }
    n = recv(l->fd, l->in + l->in_n, l->in_cap - l->in_n, MSG_DONTWAIT);
    if (n > 0) {
        l->in_n += (size_t)n;
        l->silent = 0;
        take_frames(l);
    } else if (n == 0) {
        lost(l, -ECONNRESET);
    } else if (errno != EAGAIN && errno != EINTR) {
        lost(l, -errno);
    }
}

/* ---- connecting ------------------------------------------------------------------------------ */

static void connected(struct nats_link *l)
{
    int err = 0;
    socklen_t n = sizeof(err);

    if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &err, &n))
        err = errno;
    if (err) {
        lost(l, -err);
        return;
    }
    l->state = LINK_GREETING;
    (void)tl_io_watch(l->io, TL_READABLE); /* fails only for a closed fd */
}

static void on_io(void *arg, int events, int err)
{
    struct nats_link *l = arg;

    enter(l); /* the socket's error, if any, comes out of reading it */
    if (l->state == LINK_CONNECTING) {
        connected(l);
    } else {
        if (events & TL_WRITABLE)
            flush(l);
        if (events & TL_READABLE)
            read_some(l);
        if (err && l->io && !l->freed)
            (void)tl_io_watch(l->io, TL_READABLE); /* libuv has stopped, though all is well */
    }
    leave(l);
}

static void on_address(void *arg, int err, const struct sockaddr *a, socklen_t n)
{
    struct nats_link *l = arg;
    int one = 1;

    enter(l);
    if (!err) {
        l->fd = socket(a->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (l->fd < 0)
            err = -errno;
    }
    if (!err) {
        (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* slower without */
        if (connect(l->fd, a, n) && errno != EINPROGRESS)
            err = -errno;
    }
    if (!err)
        err = tl_io_new(&l->io, l->loop, l->fd, on_io, l);
    if (!err)
        err = tl_io_watch(l->io, TL_WRITABLE);
    if (err)
        lost(l, err);
    else
        l->state = LINK_CONNECTING;
    leave(l);
}

static void attempt(struct nats_link *l)
{
    l->state = LINK_LOOKING;
    tl_timer_start(l->timer, PATIENCE);
    nats_lookup(&l->lookup, l->loop, &l->servers, l->attempts++, on_address, l);
}

static void on_timer(void *arg)
{
    struct nats_link *l = arg;

    enter(l);
    if (l->state == LINK_DOWN) {
        attempt(l);
    } else if (l->state != LINK_UP || l->silent >= PINGS_SILENT) {
        lost(l, -ETIMEDOUT);
    } else {
        l->silent++;
        (void)nats_link_ping(l);
    }
    leave(l);
}

/* ---- opening and closing -----------------------------------------------------------------------
 */

static int writer_new(struct nats_link *l)
{
    l->writer = tl_alloc(1, sizeof(*l->writer));
    if (!l->writer)
        return -ENOMEM;
    (void)uv_prepare_init(tl_loop_uv(l->loop), l->writer); /* always 0 */
    l->writer->data = l;
    /* Always on: one that starts while others of its kind run would miss this turn. */
    (void)uv_prepare_start(l->writer, on_turn_ends); /* has a callback: 0 */
    uv_unref((uv_handle_t *)l->writer);
    return 0;
}

static char *copy_or_null(const char *s)
{
    return s && *s ? tl_copy(s, strlen(s)) : NULL;
}

int nats_link_new(struct nats_link **ret, struct tl_loop *loop, const struct tl_bus_opts *opts,
                  const struct nats_link_ops *ops, void *arg)
{
    struct nats_link *l = tl_alloc(1, sizeof(*l));
    int err;

    if (!l)
        return -ENOMEM;
    l->loop = loop;
    l->ops = ops;
    l->arg = arg;
    l->fd = -1;
    l->out = TL_BUF(OUT_MAX);
    l->payload_max = 1 << 20;
    err = nats_servers_parse(&l->servers, opts->url);
    l->name = copy_or_null(opts->name);
    l->user = copy_or_null(opts->user ? opts->user : l->servers.user);
    l->password = copy_or_null(opts->user ? opts->password : l->servers.password);
    if (!err && !l->name)
        err = -ENOMEM;
    if (!err)
        err = tl_timer_new(&l->timer, loop, on_timer, l);
    if (!err)
        err = writer_new(l);
    *ret = l;
    if (!err)
        attempt(l);
    return err;
}

struct nats_link *nats_link_free(struct nats_link *l)
{
    if (!l || l->freed)
        return NULL;
    enter(l);
    if (l->state == LINK_UP)
        flush(l);
    hang_up(l);
    tl_timer_free(l->timer);
    if (l->writer)
        uv_close((uv_handle_t *)l->writer, free_handle);
    l->freed = true;
    leave(l);
    return NULL;
}
