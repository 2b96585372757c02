/*
 * NATS through cnats: one connection, reconnecting for ever, heard dead after two unanswered pings
 * of 1 s.
 *
 * Traps that this file closes: writes leave at once (SendAsap; else a flusher thread adds 1 ms); a
 * silent cut is noticed (ping interval); callbacks hop to the loop's thread; publishes while the
 * server is away are refused instead of being buffered and sent behind the caller's back.
 */
#include "nats.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>
#include <uv.h>

struct item {
    struct item *next;
    enum { ITEM_MSG, ITEM_SUB_DONE, ITEM_STATE } kind;
    natsMsg *msg;
    struct nats_sub *sub;
    bool connected;
};

/* Outlives the bus until the library has let go of the last subscription. */
struct hop {
    pthread_mutex_t lock;
    struct item *first, **last;
    uv_async_t *async; /* NULL once the bus is closed */
    struct nats_bus *nb;
    atomic_int refs;
};

static void hop_unref(struct hop *hop)
{
    if (atomic_fetch_sub(&hop->refs, 1) > 1)
        return;
    pthread_mutex_destroy(&hop->lock);
    free(hop);
}

static void sub_drop(struct nats_sub *s)
{
    struct hop *hop = s->hop;

    natsSubscription_Destroy(s->ns);
    free(s->subject);
    free(s->queue);
    free(s);
    hop_unref(hop);
}

static void item_drop(struct item *it)
{
    natsMsg_Destroy(it->msg);
    if (it->kind == ITEM_SUB_DONE)
        sub_drop(it->sub);
    free(it);
}

/* From any thread.  Plain malloc: the library's threads are outside the tests' allocation failures.
 */
static void hop_put(struct hop *hop, int kind, natsMsg *msg, struct nats_sub *sub, bool connected)
{
    struct item *it = calloc(1, sizeof(*it));
    bool open;

    if (!it) {
        natsMsg_Destroy(msg);
        return;
    }
    it->kind = kind;
    it->msg = msg;
    it->sub = sub;
    it->connected = connected;
    pthread_mutex_lock(&hop->lock);
    open = hop->async != NULL;
    if (open) {
        *hop->last = it;
        hop->last = &it->next;
        uv_async_send(hop->async);
    }
    pthread_mutex_unlock(&hop->lock);
    if (!open)
        item_drop(it);
}

void nats_describe(struct tl_msg *m, natsMsg *msg, struct tl_header *headers, size_t cap)
{
    const char **keys = NULL;
    int n = 0;

    *m = (struct tl_msg){.subject = tl_str(natsMsg_GetSubject(msg)),
                         .reply = natsMsg_GetReply(msg),
                         .data = natsMsg_GetData(msg),
                         .n = (size_t)natsMsg_GetDataLength(msg),
                         .headers = headers};
    if (natsMsgHeader_Keys(msg, &keys, &n) != NATS_OK)
        return;
    for (int i = 0; i < n && m->n_headers < cap; i++) {
        struct tl_header *h = &headers[m->n_headers];

        h->name = keys[i];
        if (natsMsgHeader_Get(msg, keys[i], &h->value) == NATS_OK)
            m->n_headers++;
    }
    free((void *)keys); /* the array is ours, the names are the message's */
}

static void deliver(struct nats_sub *s, natsMsg *msg)
{
    struct tl_header headers[32];
    struct tl_msg m;

    nats_describe(&m, msg, headers, TL_LEN(headers));
    if (m.n > s->sub.bus->message_max) {
        tl_bad_input("bus", "oversize");
        return;
    }
    s->fn(s->arg, &m);
}

static void state_changed(struct nats_bus *nb, bool connected)
{
    if (nb->ready == connected)
        return;
    nb->ready = connected;
    if (connected) {
        tl_info("nats connected");
        bus_connected(&nb->bus);
    } else {
        tl_warn("nats lost: reconnecting");
    }
}

static void on_async(uv_async_t *async)
{
    struct hop *hop = async->data;
    struct item *it;

    pthread_mutex_lock(&hop->lock);
    it = hop->first;
    hop->first = NULL;
    hop->last = &hop->first;
    pthread_mutex_unlock(&hop->lock);
    for (struct item *next; it; it = next) {
        next = it->next;
        if (it->kind == ITEM_STATE && hop->nb) {
            state_changed(hop->nb, it->connected);
        } else if (it->kind == ITEM_MSG && !it->sub->dead) {
            if (it->sub->raw) {
                it->sub->raw(it->sub->arg, it->msg);
                it->msg = NULL;
            } else {
                deliver(it->sub, it->msg);
            }
        }
        item_drop(it);
    }
}

static void on_msg(natsConnection *nc, natsSubscription *ns, natsMsg *msg, void *closure)
{
    struct nats_sub *s = closure;

    TL_UNUSED(nc);
    TL_UNUSED(ns);
    hop_put(s->hop, ITEM_MSG, msg, s, false);
}

static void on_sub_done(void *closure)
{
    struct nats_sub *s = closure;

    hop_put(s->hop, ITEM_SUB_DONE, NULL, s, false);
}

static void on_up(natsConnection *nc, void *closure)
{
    TL_UNUSED(nc);
    hop_put(closure, ITEM_STATE, NULL, NULL, true);
}

static void on_down(natsConnection *nc, void *closure)
{
    TL_UNUSED(nc);
    hop_put(closure, ITEM_STATE, NULL, NULL, false);
}

/* The library's last word about this connection: it lets go of the hop. */
static void on_closed(natsConnection *nc, void *closure)
{
    TL_UNUSED(nc);
    hop_unref(closure);
}

static void on_error(natsConnection *nc, natsSubscription *ns, natsStatus err, void *closure)
{
    TL_UNUSED(nc);
    TL_UNUSED(ns);
    TL_UNUSED(closure);
    if (tl_log_allow("nats error"))
        tl_warn("nats error", TL_S("reason", natsStatus_GetText(err)));
}

int nats_errno(natsStatus s)
{
    switch (s) {
    case NATS_OK: return 0;
    case NATS_NO_MEMORY: return -ENOMEM;
    case NATS_TIMEOUT: return -ETIMEDOUT;
    case NATS_INVALID_ARG:
    case NATS_INVALID_SUBJECT: return -EINVAL;
    case NATS_MAX_PAYLOAD: return -EMSGSIZE;
    default: return -EAGAIN;
    }
}

int nats_options(natsOptions **ret, const struct tl_bus_opts *o)
{
    natsOptions *opts = NULL;
    natsStatus s = natsOptions_Create(&opts);

    if (s == NATS_OK)
        s = natsOptions_SetURL(opts, o->url);
    if (s == NATS_OK && o->user && *o->user)
        s = natsOptions_SetUserInfo(opts, o->user, o->password ? o->password : "");
    if (s == NATS_OK)
        s = natsOptions_SetName(opts, o->name);
    if (s == NATS_OK)
        s = natsOptions_SetSendAsap(opts, true);
    if (s == NATS_OK)
        s = natsOptions_UseGlobalMessageDelivery(opts, true);
    if (s == NATS_OK)
        s = natsOptions_SetPingInterval(opts, 1000);
    if (s == NATS_OK)
        s = natsOptions_SetMaxPingsOut(opts, 2);
    if (s == NATS_OK)
        s = natsOptions_SetMaxReconnect(opts, -1);
    if (s == NATS_OK)
        s = natsOptions_SetReconnectWait(opts, 250);
    if (s == NATS_OK)
        s = natsOptions_SetReconnectJitter(opts, 250, 250);
    if (s == NATS_OK)
        s = natsOptions_SetTimeout(opts, 2000);
    if (s != NATS_OK) {
        natsOptions_Destroy(opts);
        return nats_errno(s);
    }
    *ret = opts;
    return 0;
}

static bool nats_ready(const struct tl_bus *bus)
{
    const struct nats_bus *nb = (const struct nats_bus *)bus;

    return nb->ready && natsConnection_Status(nb->nc) == NATS_CONN_STATUS_CONNECTED;
}

static int nats_publish(struct tl_bus *bus, const char *subject, const char *reply,
                        const struct tl_header *headers, size_t n_headers, const void *data,
                        size_t n)
{
    struct nats_bus *nb = (struct nats_bus *)bus;
    natsMsg *msg = NULL;
    natsStatus s;

    if (!nb->nc || natsConnection_Status(nb->nc) != NATS_CONN_STATUS_CONNECTED)
        return -EAGAIN;
    if (!n_headers)
        return nats_errno(reply
                              ? natsConnection_PublishRequest(nb->nc, subject, reply, data, (int)n)
                              : natsConnection_Publish(nb->nc, subject, data, (int)n));
    s = natsMsg_Create(&msg, subject, reply, data, (int)n);
    for (size_t i = 0; s == NATS_OK && i < n_headers; i++)
        s = natsMsgHeader_Set(msg, headers[i].name, headers[i].value);
    if (s == NATS_OK)
        s = natsConnection_PublishMsg(nb->nc, msg);
    natsMsg_Destroy(msg);
    return nats_errno(s);
}

/* The library's side of a subscription. */
static int sub_make(struct nats_bus *nb, struct nats_sub *s)
{
    natsStatus st;

    if (s->queue)
        st = natsConnection_QueueSubscribe(&s->ns, nb->nc, s->subject, s->queue, on_msg, s);
    else
        st = natsConnection_Subscribe(&s->ns, nb->nc, s->subject, on_msg, s);
    if (st != NATS_OK)
        return nats_errno(st);
    (void)natsSubscription_SetPendingLimits(s->ns, -1,
                                            -1); /* bounded by the consumers of the loop */
    (void)natsSubscription_SetOnCompleteCB(s->ns, on_sub_done, s); /* fails only after a close */
    return 0;
}

int nats_subscribe(struct nats_sub **ret, struct nats_bus *nb, const char *subject,
                   const char *queue)
{
    struct nats_sub *s = calloc(1, sizeof(*s));
    int err;

    if (!s)
        return -ENOMEM;
    s->sub.bus = &nb->bus;
    s->hop = nb->hop;
    atomic_fetch_add(&nb->hop->refs, 1);
    s->subject = strdup(subject);
    s->queue = queue ? strdup(queue) : NULL;
    err = !s->subject || (queue && !s->queue) ? -ENOMEM : sub_make(nb, s);
    if (err) {
        sub_drop(s);
        return err;
    }
    *ret = s;
    return 0;
}

static int nats_sub_new(struct tl_sub **ret, struct tl_bus *bus, const char *subject,
                        const char *queue, tl_msg_fn *fn, void *arg)
{
    struct nats_sub *s;
    int err = nats_subscribe(&s, (struct nats_bus *)bus, subject, queue);

    if (err)
        return err;
    /* The first message hops to this thread, so it cannot overtake these two lines. */
    s->fn = fn;
    s->arg = arg;
    if (ret)
        *ret = &s->sub;
    return 0;
}

static void nats_sub_free(struct tl_sub *sub)
{
    struct nats_sub *s = (struct nats_sub *)sub;

    s->dead = true;
    (void)natsSubscription_Unsubscribe(
        s->ns); /* when closed already, the completion is on its way */
}

static void free_async(uv_handle_t *h)
{
    free(h);
}

static void nats_close(struct tl_bus *bus)
{
    struct nats_bus *nb = (struct nats_bus *)bus;
    struct hop *hop = nb->hop;
    struct item *it;

    if (hop) {
        pthread_mutex_lock(&hop->lock);
        if (hop->async)
            uv_close((uv_handle_t *)hop->async, free_async);
        hop->async = NULL;
        hop->nb = NULL;
        it = hop->first;
        hop->first = NULL;
        pthread_mutex_unlock(&hop->lock);
        for (struct item *next; it; it = next) {
            next = it->next;
            item_drop(it);
        }
    }
    natsConnection_Close(nb->nc);
    natsConnection_Destroy(nb->nc);
    natsOptions_Destroy(nb->opts);
    if (hop)
        hop_unref(hop);
    tl_free(nb);
}

/* Drain: subscriptions end, what is buffered goes out; blocking, so on the pool. */
struct drain {
    struct nats_bus *nb;
    tl_fn *done;
    void *arg;
};

static void drain_work(void *arg)
{
    struct drain *d = arg;

    (void)natsConnection_FlushTimeout(d->nb->nc, 1000); /* a dead server: nothing more to do */
}

static void drain_done(void *arg)
{
    struct drain *d = arg;

    d->done(d->arg);
    tl_free(d);
}

static void nats_drain(struct tl_bus *bus, tl_fn *done, void *arg)
{
    struct drain *d = tl_alloc(1, sizeof(*d));

    if (d)
        *d = (struct drain){(struct nats_bus *)bus, done, arg};
    if (!d || tl_loop_work(bus->loop, drain_work, drain_done, d)) {
        tl_free(d);
        done(arg);
    }
}

static const struct bus_ops nats_ops = {
    .close = nats_close,
    .ready = nats_ready,
    .drain = nats_drain,
    .publish = nats_publish,
    .subscribe = nats_sub_new,
    .sub_free = nats_sub_free,
    .consume = nats_consume,
    .consumer_free = nats_consumer_free,
    .ack = nats_ack,
    .retry = nats_retry,
    .poison = nats_poison,
};

static int hop_new(struct nats_bus *nb, struct tl_loop *loop)
{
    struct hop *hop = calloc(1, sizeof(*hop));
    uv_async_t *async = calloc(1, sizeof(*async));

    if (!hop || !async || uv_async_init(tl_loop_uv(loop), async, on_async)) {
        free(hop);
        free(async);
        return -ENOMEM;
    }
    pthread_mutex_init(&hop->lock, NULL);
    hop->last = &hop->first;
    hop->async = async;
    hop->nb = nb;
    atomic_init(&hop->refs, 1);
    async->data = hop;
    nb->hop = hop;
    return 0;
}

int tl_bus_open(struct tl_bus **ret, struct tl_loop *loop, const struct tl_bus_opts *opts)
{
    struct nats_bus *nb = tl_alloc(1, sizeof(*nb));
    natsStatus s;
    int err;

    if (!nb)
        return -ENOMEM;
    bus_init(&nb->bus, &nats_ops, loop, opts->name);
    if (opts->message_max)
        nb->bus.message_max = opts->message_max;
    nats_SetMessageDeliveryPoolSize(1);
    err = hop_new(nb, loop);
    if (!err)
        err = nats_options(&nb->opts, opts);
    if (err)
        goto out;
    natsOptions_SetRetryOnFailedConnect(nb->opts, true, on_up, nb->hop);
    natsOptions_SetReconnectedCB(nb->opts, on_up, nb->hop);
    natsOptions_SetDisconnectedCB(nb->opts, on_down, nb->hop);
    natsOptions_SetClosedCB(nb->opts, on_closed, nb->hop);
    natsOptions_SetErrorHandler(nb->opts, on_error, nb->hop);
    s = natsConnection_Connect(&nb->nc, nb->opts);
    if (s == NATS_OK || s == NATS_NOT_YET_CONNECTED)
        atomic_fetch_add(&nb->hop->refs, 1); /* the library's, until on_closed() */
    else
        err = nats_errno(s);
    if (s == NATS_OK)
        hop_put(nb->hop, ITEM_STATE, NULL, NULL, true);
out:
    if (err) {
        nats_close(&nb->bus);
        return err;
    }
    *ret = &nb->bus;
    return 0;
}
