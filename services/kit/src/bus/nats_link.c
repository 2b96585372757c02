/*
 * Traps of libnats 3.4 that this file closes:
 * - the adapter it comes with can be attached first on the loop's thread only, which blocks it
 *   while a server does not answer, and fails when the first attempt did: ours hops;
 * - it closes its socket on any thread, and the number may be somebody else's a moment later: we
 *   watch a double;
 * - a write event with nothing to write is taken for a closed connection;
 * - it gives up for good when a server it has never been on does not answer in time, or refuses our
 *   name twice: we begin anew;
 * - a silent cut is heard after minutes unless it pings: two unanswered pings of 1 s.
 */
#include "nats_link.h"

#include <fcntl.h>
#include <stdlib.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <unistd.h>

#define AGAIN TL_MSEC(250)

enum {
    OUT_MAX = 16 << 20, /* not taken by the server: further publishes are refused */
    OUT_MUCH = 64 << 10 /* is written without waiting for the end of the turn */
};

/* ---- life ------------------------------------------------------------------------------------ */

static void enter(struct nats_link *l)
{
    l->busy++;
}

static void leave(struct nats_link *l)
{
    if (--l->busy || !l->freed)
        return;
    natsConnection_Destroy(l->nc);
    natsOptions_Destroy(l->opts);
    l->ops->gone(l->arg);
    tl_free(l);
}

static void stop_watching(struct nats_link *l)
{
    l->io = tl_io_free(l->io);
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    l->blocked = false;
}

/* ---- reading and writing --------------------------------------------------------------------- */

static void write_out(struct nats_link *l)
{
    l->unsent = 0;
    if (natsConnection_Buffered(l->nc) > 0)
        natsConnection_ProcessWriteEvent(l->nc); /* calls ev_write() when all is out */
    else
        l->hop->write = false;
    l->blocked = l->hop->write;
    (void)tl_io_watch(l->io, TL_READABLE | (l->blocked ? TL_WRITABLE : 0)); /* fd is ours: 0 */
}

void nats_link_hurry(struct nats_link *l)
{
    if (l->hop->write && !l->blocked && l->nc && l->io)
        write_out(l);
}

static void on_turn_ends(uv_prepare_t *p)
{
    nats_link_hurry(p->data);
}

static void on_io(void *arg, int events, int err)
{
    struct nats_link *l = arg;

    enter(l); /* the socket's error, if any, comes out of reading it */
    if (events & TL_WRITABLE)
        write_out(l);
    if (events & TL_READABLE) {
        natsConnection_ProcessReadEvent(l->nc);
        l->ops->arrived(l->arg);
    }
    if (err)
        stop_watching(l); /* libnats has seen it, too, and comes with another socket */
    leave(l);
}

static void start_watching(struct nats_link *l)
{
    if (l->nc && l->io)
        (void)tl_io_watch(l->io, TL_READABLE); /* fd is ours: 0 */
}

static void attach(struct nats_link *l, int fd)
{
    stop_watching(l);
    l->fd = fd;
    if (tl_io_new(&l->io, l->loop, fd, on_io, l)) {
        tl_error("out of memory: nats is not heard until its next connection");
        stop_watching(l);
    }
    start_watching(l);
}

void nats_link_wrote(struct nats_link *l, size_t n)
{
    l->unsent += n;
    if (l->unsent > OUT_MUCH && !l->blocked && l->io)
        write_out(l);
}

bool nats_link_room(const struct nats_link *l)
{
    return !l->blocked || natsConnection_Buffered(l->nc) < OUT_MAX;
}

/* ---- what libnats calls, on any thread ---- */

static natsStatus ev_put(struct nats_hop *hop, int kind, int fd)
{
    struct nats_item it = {.kind = kind, .fd = fd};

    return nats_hop_put(hop, it) ? NATS_NO_MEMORY : NATS_OK;
}

static natsStatus ev_attach(void **data, void *loop, natsConnection *nc, natsSock sock)
{
    struct nats_hop *hop = loop;
    int fd = fcntl(sock, F_DUPFD_CLOEXEC, 3);

    TL_UNUSED(nc);
    if (fd < 0)
        return NATS_IO_ERROR;
    if (!*data)
        nats_hop_ref(hop); /* until ev_detach() */
    *data = hop;
    return ev_put(hop, NATS_ATTACH, fd);
}

static natsStatus ev_read(void *data, bool add)
{
    return add ? NATS_OK : ev_put(data, NATS_STOP, -1);
}

static natsStatus ev_write(void *data, bool add)
{
    struct nats_hop *hop = data;

    if (!pthread_equal(pthread_self(), hop->loop))
        return add ? ev_put(hop, NATS_WRITE, -1) : NATS_OK;
    hop->write = add;
    return NATS_OK;
}

static natsStatus ev_detach(void *data)
{
    nats_hop_unref(data);
    return NATS_OK;
}

static void on_up(natsConnection *nc, void *hop)
{
    TL_UNUSED(nc);
    (void)ev_put(hop, NATS_UP, -1); /* out of memory: not ready until the next connection */
}

static void on_down(natsConnection *nc, void *hop)
{
    TL_UNUSED(nc);
    (void)ev_put(hop, NATS_DOWN, -1); /* as above; publishes look at the status themselves */
}

/* The library's last word about this connection, but for ev_detach(). */
static void on_closed(natsConnection *nc, void *hop)
{
    TL_UNUSED(nc);
    (void)ev_put(hop, NATS_CLOSED, -1); /* out of memory: not ready until we are restarted */
    nats_hop_unref(hop);
}

static void on_error(natsConnection *nc, natsSubscription *ns, natsStatus err, void *hop)
{
    TL_UNUSED(nc);
    TL_UNUSED(ns);
    TL_UNUSED(hop);
    if (tl_log_allow("nats error"))
        tl_warn("nats error", TL_S("reason", natsStatus_GetText(err)));
}

/* ---- giving up, which is not ours */

static int connect_start(struct nats_link *l);

/* libnats has closed by itself. */
static void on_again(void *arg)
{
    struct nats_link *l = arg;

    enter(l);
    l->ops->unmake(l->arg);
    natsConnection_Destroy(l->nc);
    l->nc = NULL;
    l->early_up = false;
    if (connect_start(l))
        tl_timer_start(l->again, AGAIN);
    leave(l);
}

static void begin_again(struct nats_link *l)
{
    if (!l->freed && l->nc && natsConnection_IsClosed(l->nc) && !tl_timer_active(l->again))
        tl_timer_start(l->again, AGAIN);
}

/* ---- what comes of it, on the loop's thread ---- */

static void set_up(struct nats_link *l, bool up)
{
    if (l->up == up)
        return;
    l->up = up;
    if (up) {
        tl_info("nats connected");
        l->ops->up(l->arg);
    } else {
        tl_warn("nats lost: reconnecting");
        l->ops->down(l->arg);
    }
}

static void take(void *arg, struct nats_item *it)
{
    struct nats_link *l = arg;

    enter(l);
    switch (it->kind) {
    case NATS_ATTACH:
        attach(l, it->fd);
        it->fd = -1;
        break;
    case NATS_STOP: stop_watching(l); break;
    case NATS_WRITE: l->hop->write = true; break;
    case NATS_UP:
        l->early_up = !l->nc;
        if (l->nc)
            set_up(l, true);
        break;
    case NATS_DOWN:
        l->early_up = false;
        set_up(l, false);
        break;
    case NATS_MSG:
        l->ops->hopped(l->arg, it->sub, it->msg);
        it->msg = NULL;
        break;
    case NATS_CLOSED: begin_again(l); break;
    case NATS_SUB_DONE: break; /* whoever drops the item drops it */
    }
    leave(l);
}

bool nats_link_up(const struct nats_link *l)
{
    return l && l->up && !l->freed && natsConnection_Status(l->nc) == NATS_CONN_STATUS_CONNECTED;
}

/* ---- work elsewhere ---- */

struct connecting {
    struct nats_link *l;
    natsConnection *nc;
    natsStatus s;
};

static void connect_work(void *arg)
{
    struct connecting *c = arg;

    c->s = natsConnection_Connect(&c->nc, c->l->opts);
}

static void connect_done(void *arg)
{
    struct connecting *c = arg;
    struct nats_link *l = c->l;

    if (c->s == NATS_OK || c->s == NATS_NOT_YET_CONNECTED) {
        l->nc = c->nc;
        if (c->s != NATS_OK && !l->freed && !l->told)
            tl_warn("nats cannot be reached: trying again");
        l->told = c->s != NATS_OK;
    } else {
        nats_hop_unref(l->hop); /* there is no connection to be closed */
        if (!l->told)
            tl_error("nats: cannot connect", TL_S("reason", natsStatus_GetText(c->s)));
        l->told = true;
        if (!l->freed)
            tl_timer_start(l->again, AGAIN);
    }
    if (l->freed) {
        natsConnection_Close(l->nc);
    } else if (l->nc) {
        l->ops->made(l->arg);
        start_watching(l);
        if (c->s == NATS_OK || l->early_up)
            set_up(l, true);
        begin_again(l);
    }
    tl_free(c);
    leave(l);
}

static void flush_work(void *arg)
{
    struct nats_link *l = arg;

    (void)natsConnection_FlushTimeout(l->nc, 1000); /* a dead server: nothing more to do */
}

static void flush_done(void *arg)
{
    struct nats_link *l = arg;

    if (!l->freed) {
        l->ops->arrived(l->arg);
        if (!l->freed)
            l->ops->flushed(l->arg);
    }
    leave(l);
}

int nats_link_flush(struct nats_link *l)
{
    enter(l);
    if (!tl_loop_work(l->loop, flush_work, flush_done, l))
        return 0;
    leave(l);
    return -ENOMEM;
}

/* ---- opening and closing ---- */

static void free_handle(uv_handle_t *h)
{
    tl_free(h);
}

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

static int connect_start(struct nats_link *l)
{
    struct connecting *c = tl_alloc(1, sizeof(*c));

    if (!c)
        return -ENOMEM;
    c->l = l;
    enter(l);
    nats_hop_ref(l->hop); /* the library's, until on_closed() */
    if (!tl_loop_work(l->loop, connect_work, connect_done, c))
        return 0;
    nats_hop_unref(l->hop);
    l->busy--;
    tl_free(c);
    return -ENOMEM;
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
    *ret = l;
    nats_SetMessageDeliveryPoolSize(1);
    err = nats_hop_new(&l->hop, loop);
    if (err)
        return err;
    l->hop->take = take;
    l->hop->drop_sub = ops->drop_sub;
    l->hop->arg = l;
    err = nats_options(&l->opts, opts);
    if (!err)
        err = tl_timer_new(&l->again, loop, on_again, l);
    if (!err)
        err = writer_new(l);
    if (err)
        return err;
    natsOptions_SetEventLoop(l->opts, l->hop, ev_attach, ev_read, ev_write, ev_detach);
    natsOptions_SetRetryOnFailedConnect(l->opts, true, on_up, l->hop);
    natsOptions_SetReconnectedCB(l->opts, on_up, l->hop);
    natsOptions_SetDisconnectedCB(l->opts, on_down, l->hop);
    natsOptions_SetClosedCB(l->opts, on_closed, l->hop);
    natsOptions_SetErrorHandler(l->opts, on_error, l->hop);
    return connect_start(l);
}

struct nats_link *nats_link_free(struct nats_link *l)
{
    if (!l || l->freed)
        return NULL;
    enter(l);
    l->freed = true;
    if (l->nc && l->io && l->hop->write)
        write_out(l);
    stop_watching(l);
    l->again = tl_timer_free(l->again);
    if (l->writer)
        uv_close((uv_handle_t *)l->writer, free_handle);
    natsConnection_Close(l->nc);
    if (l->hop)
        nats_hop_close(l->hop);
    leave(l);
    return NULL;
}
