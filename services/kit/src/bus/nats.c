/*
 * Subscriptions and publishes over one connection.  Subscriptions are kept here and made when there
 * is a connection to make them on, so they may be asked for at any time; libnats says them again at
 * each reconnection.
 *
 * They are read on the loop's thread, right after what came was parsed there, without a thread in
 * between.  One is not: the inbox of our requests.  Reading it that way, libnats says "no
 * responders" without saying to whom, so it calls back on its thread, and the message hops here.
 * The inbox of our stores needs no more than that (requests.c), and there are many of them.
 *
 * Traps that this file closes: publishes while the server is away are refused instead of being
 * buffered and sent behind the caller's back; freeing a message wakes a thread of libnats, so they
 * are freed by the hundred.
 */
#include "nats.h"

#include "nats_link.h"

#include <stdlib.h>
#include <string.h>
#include <tl_list.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>

enum { HEADERS_MAX = 32, USED_MAX = 256, USED_BYTES = 1 << 20 };

struct nats_sub {
    struct tl_sub sub;
    struct tl_link link;
    struct nats_hop *hop;
    natsSubscription *ns; /* NULL: not made yet */
    bool threaded;        /* comes by libnats' thread, which has the last word */
    bool any_size;        /* also larger than the bus allows: its owner deals with them */
    bool dead;            /* freed by its user; what is still on its way is dropped */
    tl_msg_fn *fn;
    void *arg;
    char *subject, *queue;
};

struct nats_bus {
    struct tl_bus bus;
    struct nats_link *link;
    struct tl_list subs;
    uint64_t changes; /* of the list: who walks it begins anew */
    natsMsg *used[USED_MAX];
    size_t n_used, used_bytes;
    tl_fn *drained;
    void *drained_arg;
};

/* ---- messages -------------------------------------------------------------------------------- */

static void describe(struct tl_msg *m, natsMsg *msg, struct tl_header *headers)
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
    for (int i = 0; i < n && m->n_headers < HEADERS_MAX; i++) {
        struct tl_header *h = &headers[m->n_headers];

        h->name = keys[i];
        if (natsMsgHeader_Get(msg, keys[i], &h->value) == NATS_OK)
            m->n_headers++;
    }
    free((void *)keys); /* the array is ours, the names are the message's */
}

static void free_used(struct nats_bus *nb)
{
    for (size_t i = 0; i < nb->n_used; i++)
        natsMsg_Destroy(nb->used[i]);
    nb->n_used = nb->used_bytes = 0;
}

static void used_up(struct nats_bus *nb, natsMsg *msg)
{
    if (!msg)
        return;
    nb->used[nb->n_used++] = msg;
    nb->used_bytes += (size_t)natsMsg_GetDataLength(msg);
    if (nb->n_used == USED_MAX || nb->used_bytes > USED_BYTES)
        free_used(nb);
}

/* The callback may free the subscription, and close the bus: nothing of them is touched after. */
static void tell(struct nats_bus *nb, const struct nats_sub *s, const struct tl_msg *m)
{
    if (m->n <= nb->bus.message_max || s->any_size) {
        s->fn(s->arg, m);
        return;
    }
    tl_bad_input("nats", "oversize");
    (void)tl_bus_refuse(&nb->bus, m->reply, 413, "too large"); /* lost: whoever asked asks again */
}

static void deliver(struct nats_bus *nb, const struct nats_sub *s, natsMsg *msg)
{
    struct tl_header headers[HEADERS_MAX];
    struct tl_msg m;

    describe(&m, msg, headers);
    tell(nb, s, &m);
    used_up(nb, msg); /* the bus outlives its callbacks: see on_gone() */
}

/* libnats makes an error of it when it is read: only JetStream is asked this way. */
static void deliver_nobody(struct nats_bus *nb, const struct nats_sub *s)
{
    const struct tl_header status = {"Status", "503"};
    const struct tl_msg m = {.subject = TL_STR(""), .data = "", .headers = &status, .n_headers = 1};

    tell(nb, s, &m);
}

/* ---- subscriptions --------------------------------------------------------------------------- */

static void sub_free_now(void *arg)
{
    struct nats_sub *s = arg;

    natsSubscription_Destroy(s->ns);
    free(s->subject);
    free(s->queue);
    free(s);
}

static int sub_make(struct nats_bus *nb, struct nats_sub *s);

/* libnats' thread is done with it: freed by its user, or its connection has gone. */
static void thread_done(void *arg)
{
    struct nats_sub *s = arg;
    struct nats_bus *nb = (struct nats_bus *)s->sub.bus;

    if (s->dead) {
        sub_free_now(s);
        return;
    }
    natsSubscription_Destroy(s->ns);
    s->ns = NULL;
    if (nb->link->nc && !natsConnection_IsClosed(nb->link->nc) && sub_make(nb, s))
        tl_error("out of memory: no more answers from nats");
}

static void on_threaded_msg(natsConnection *nc, natsSubscription *ns, natsMsg *msg, void *closure)
{
    struct nats_sub *s = closure;

    TL_UNUSED(nc);
    TL_UNUSED(ns);
    (void)nats_hop_put(s->hop, (struct nats_item){.kind = NATS_MSG,
                                                  .fd = -1,
                                                  .msg = msg,
                                                  .sub = s}); /* lost: the request asks again */
}

static void on_threaded_done(void *closure)
{
    struct nats_sub *s = closure;
    struct nats_hop *hop = s->hop;

    (void)nats_hop_put(hop, (struct nats_item){.kind = NATS_SUB_DONE, .fd = -1, .sub = s});
    nats_hop_unref(hop);
}

/* The library's side of a subscription. */
static int sub_make(struct nats_bus *nb, struct nats_sub *s)
{
    natsConnection *nc = nb->link->nc;
    natsStatus st;

    if (s->threaded)
        st = natsConnection_Subscribe(&s->ns, nc, s->subject, on_threaded_msg, s);
    else if (s->queue)
        st = natsConnection_QueueSubscribeSync(&s->ns, nc, s->subject, s->queue);
    else
        st = natsConnection_SubscribeSync(&s->ns, nc, s->subject);
    if (st != NATS_OK)
        return nats_errno(st);
    (void)natsSubscription_SetPendingLimits(s->ns, -1, -1); /* read at once; fails after a close */
    if (s->threaded) {
        nats_hop_ref(s->hop); /* until on_threaded_done() */
        (void)natsSubscription_SetOnCompleteCB(s->ns, on_threaded_done, s); /* as above */
    }
    nats_link_wrote(nb->link, 0);
    return 0;
}

static bool is_requests_inbox(const struct tl_bus *bus, const char *subject)
{
    size_t n = strlen(bus->inbox);

    return strncmp(subject, bus->inbox, n) == 0 && strcmp(subject + n, ".*") == 0;
}

static bool subject_ok(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;

    while (*p > ' ' && *p != 127)
        p++;
    return p != (const unsigned char *)s && !*p;
}

int nats_subscribe(struct tl_sub **ret, struct tl_bus *bus, const char *subject, const char *queue,
                   bool any_size, tl_msg_fn *fn, void *arg)
{
    struct nats_bus *nb = (struct nats_bus *)bus;
    struct nats_sub *s;
    int err = -ENOMEM;

    if (!subject_ok(subject) || (queue && !subject_ok(queue)))
        return -EINVAL;
    s = calloc(1, sizeof(*s)); /* libnats' thread may be the one that frees it */
    if (!s)
        return -ENOMEM;
    s->sub.bus = bus;
    s->hop = nb->link->hop;
    s->threaded = is_requests_inbox(bus, subject);
    s->any_size = any_size;
    s->fn = fn;
    s->arg = arg;
    s->subject = strdup(subject);
    s->queue = queue ? strdup(queue) : NULL;
    if (s->subject && (s->queue || !queue))
        err = nb->link->nc ? sub_make(nb, s) : 0;
    if (err) {
        sub_free_now(s);
        return err;
    }
    tl_list_append(&nb->subs, &s->link);
    if (ret)
        *ret = &s->sub;
    return 0;
}

static int subscribe(struct tl_sub **ret, struct tl_bus *bus, const char *subject,
                     const char *queue, tl_msg_fn *fn, void *arg)
{
    return nats_subscribe(ret, bus, subject, queue, false, fn, arg);
}

static void sub_free(struct tl_sub *sub)
{
    struct nats_sub *s = (struct nats_sub *)sub;
    struct nats_bus *nb = (struct nats_bus *)sub->bus;

    tl_list_remove(&nb->subs, &s->link);
    nb->changes++;
    s->dead = true;
    if (s->ns)
        (void)natsSubscription_Unsubscribe(s->ns); /* fails after a close: it is gone then */
    if (!s->threaded || !s->ns)
        sub_free_now(s);
}

/* ---- what the connection tells ---- */

static bool has_more(const struct nats_sub *s)
{
    uint64_t n = 0;

    return s->ns && !s->threaded && natsSubscription_QueuedMsgs(s->ns, &n) == NATS_OK && n > 0;
}

/* All that waits in one; false when the list has changed meanwhile. */
static bool read_sub(struct nats_bus *nb, struct nats_sub *s)
{
    uint64_t changes = nb->changes;
    natsMsg *msg;
    natsStatus st;

    while (has_more(s)) {
        st = natsSubscription_NextMsg(&msg, s->ns, 0);
        if (st == NATS_OK)
            deliver(nb, s, msg);
        else if (st == NATS_NO_RESPONDERS)
            deliver_nobody(nb, s);
        else
            break;
        if (nb->changes != changes)
            return false;
    }
    return true;
}

static void on_arrived(void *arg)
{
    struct nats_bus *nb = arg;
    bool again;

    do {
        again = false;
        tl_list_for_each (&nb->subs, link)
            if (!read_sub(nb, TL_CONTAINER(link, struct nats_sub, link))) {
                again = true;
                break;
            }
    } while (again);
}

static void on_hopped(void *arg, void *sub, natsMsg *msg)
{
    struct nats_bus *nb = arg;
    struct nats_sub *s = sub;

    if (s->dead)
        used_up(nb, msg);
    else
        deliver(nb, s, msg);
}

static void on_made(void *arg)
{
    struct nats_bus *nb = arg;

    tl_list_for_each (&nb->subs, link) {
        struct nats_sub *s = TL_CONTAINER(link, struct nats_sub, link);

        if (!s->ns && sub_make(nb, s) && !natsConnection_IsClosed(nb->link->nc))
            tl_error("out of memory: a subscription is missing");
    }
}

static void on_unmake(void *arg)
{
    struct nats_bus *nb = arg;

    tl_list_for_each (&nb->subs, link) {
        struct nats_sub *s = TL_CONTAINER(link, struct nats_sub, link);

        if (s->threaded)
            continue; /* see thread_done() */
        natsSubscription_Destroy(s->ns);
        s->ns = NULL;
    }
}

static void on_up(void *arg)
{
    bus_connected(&((struct nats_bus *)arg)->bus);
}

static void on_flushed(void *arg)
{
    struct nats_bus *nb = arg;
    tl_fn *done = nb->drained;

    nb->drained = NULL;
    if (done)
        done(nb->drained_arg);
}

/* A flush that is under way ends by itself when the connection is lost. */
static void on_down(void *arg)
{
    TL_UNUSED(arg);
}

static void on_gone(void *arg)
{
    struct nats_bus *nb = arg;

    free_used(nb);
    tl_free(nb);
}

static const struct nats_link_ops link_ops = {.made = on_made,
                                              .unmake = on_unmake,
                                              .up = on_up,
                                              .down = on_down,
                                              .arrived = on_arrived,
                                              .hopped = on_hopped,
                                              .flushed = on_flushed,
                                              .gone = on_gone,
                                              .drop_sub = thread_done};

/* ---- the bus ---- */

static bool ready(const struct tl_bus *bus)
{
    return nats_link_up(((const struct nats_bus *)bus)->link);
}

static natsStatus publish_headers(struct nats_bus *nb, const char *subject, const char *reply,
                                  const struct tl_header *headers, size_t n_headers,
                                  const void *data, size_t n)
{
    natsMsg *msg = NULL;
    natsStatus s = natsMsg_Create(&msg, subject, reply, data, (int)n);

    for (size_t i = 0; s == NATS_OK && i < n_headers; i++)
        s = natsMsgHeader_Set(msg, headers[i].name, headers[i].value);
    if (s == NATS_OK)
        s = natsConnection_PublishMsg(nb->link->nc, msg);
    used_up(nb, msg);
    return s;
}

static int publish(struct tl_bus *bus, const char *subject, const char *reply,
                   const struct tl_header *headers, size_t n_headers, const void *data, size_t n)
{
    struct nats_bus *nb = (struct nats_bus *)bus;
    struct nats_link *l = nb->link;
    natsStatus s;

    if (!nats_link_up(l) || !nats_link_room(l))
        return -EAGAIN;
    if (!subject_ok(subject))
        return -EINVAL;
    if (n_headers)
        s = publish_headers(nb, subject, reply, headers, n_headers, data, n);
    else if (reply)
        s = natsConnection_PublishRequest(l->nc, subject, reply, data, (int)n);
    else
        s = natsConnection_Publish(l->nc, subject, data, (int)n);
    if (s == NATS_OK)
        nats_link_wrote(l, n);
    return nats_errno(s);
}

static void hurry(struct tl_bus *bus)
{
    nats_link_hurry(((struct nats_bus *)bus)->link);
}

/* No more commands; our inboxes stay, for the answers and acknowledgements that are on their way.
 * The flush ends behind everything that was sent to us before. */
static void drain(struct tl_bus *bus, tl_fn *done, void *arg)
{
    struct nats_bus *nb = (struct nats_bus *)bus;

    if (!nats_link_up(nb->link) || nb->drained) {
        done(arg);
        return;
    }
    tl_list_for_each (&nb->subs, link) {
        struct nats_sub *s = TL_CONTAINER(link, struct nats_sub, link);

        if (s->ns && !tl_str_starts(tl_str(s->subject), tl_str(bus->inbox)))
            (void)natsSubscription_Drain(s->ns); /* then the end is a crash's */
    }
    nb->drained = done;
    nb->drained_arg = arg;
    if (nats_link_flush(nb->link))
        on_flushed(nb);
}

static void close_bus(struct tl_bus *bus)
{
    struct nats_bus *nb = (struct nats_bus *)bus;

    bus->n_on_connect = 0;
    tl_list_for_each (&nb->subs, link)
        sub_free(&TL_CONTAINER(link, struct nats_sub, link)->sub);
    nats_link_free(nb->link); /* its last word frees the bus */
}

static const struct bus_ops nats_ops = {
    .close = close_bus,
    .ready = ready,
    .drain = drain,
    .publish = publish,
    .hurry = hurry,
    .subscribe = subscribe,
    .sub_free = sub_free,
    .consume = nats_consume,
    .consumer_free = nats_consumer_free,
    .ack = nats_ack,
    .retry = nats_retry,
    .poison = nats_poison,
};

int tl_bus_open(struct tl_bus **ret, struct tl_loop *loop, const struct tl_bus_opts *opts)
{
    struct nats_bus *nb = tl_alloc(1, sizeof(*nb));
    int err;

    if (!nb)
        return -ENOMEM;
    bus_init(&nb->bus, &nats_ops, loop, opts->name);
    if (opts->message_max)
        nb->bus.message_max = opts->message_max;
    tl_list_init(&nb->subs);
    err = nats_link_new(&nb->link, loop, opts, &link_ops, nb);
    if (err) {
        if (nb->link)
            nats_link_free(nb->link);
        else
            tl_free(nb);
        return err;
    }
    *ret = &nb->bus;
    return 0;
}
