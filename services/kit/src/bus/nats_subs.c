/*
 * What a bus listens to.  Subscriptions are kept here and made when there is a connection to make
 * them on, so they may be asked for at any time; libnats says them again at each reconnection.
 *
 * They are read on the loop's thread, right after what came was parsed there, without a thread in
 * between.  One is not: the inbox of our requests.  Reading it that way, libnats says "no
 * responders" without saying to whom, so it calls back on its thread, and the message hops here.
 * The inbox of our stores needs no more than that (requests.c), and there are many of them.
 *
 * Trap that this file closes: freeing a message wakes a thread of libnats, so they are freed by the
 * hundred.
 */
#include "nats_subs.h"

#include <stdlib.h>
#include <string.h>
#include <tl_log.h>
#include <tl_metrics.h>

enum { HEADERS_MAX = 32 };

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

void nats_free_used(struct nats_bus *nb)
{
    for (size_t i = 0; i < nb->n_used; i++)
        natsMsg_Destroy(nb->used[i]);
    nb->n_used = nb->used_bytes = 0;
}

void nats_used_up(struct nats_bus *nb, natsMsg *msg)
{
    if (!msg)
        return;
    nb->used[nb->n_used++] = msg;
    nb->used_bytes += (size_t)natsMsg_GetDataLength(msg);
    if (nb->n_used == USED_MAX || nb->used_bytes > USED_BYTES)
        nats_free_used(nb);
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
    nats_used_up(nb, msg); /* the bus outlives its callbacks: see on_gone() */
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
void nats_subs_drop(void *arg)
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

bool nats_subject_ok(const char *s)
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

    if (!nats_subject_ok(subject) || (queue && !nats_subject_ok(queue)))
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

int nats_sub_plain(struct tl_sub **ret, struct tl_bus *bus, const char *subject, const char *queue,
                   tl_msg_fn *fn, void *arg)
{
    return nats_subscribe(ret, bus, subject, queue, false, fn, arg);
}

void nats_sub_free(struct tl_sub *sub)
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

void nats_subs_arrived(void *arg)
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

void nats_subs_hopped(void *arg, void *sub, natsMsg *msg)
{
    struct nats_bus *nb = arg;
    struct nats_sub *s = sub;

    if (s->dead)
        nats_used_up(nb, msg);
    else
        deliver(nb, s, msg);
}

void nats_subs_made(void *arg)
{
    struct nats_bus *nb = arg;

    tl_list_for_each (&nb->subs, link) {
        struct nats_sub *s = TL_CONTAINER(link, struct nats_sub, link);

        if (!s->ns && sub_make(nb, s) && !natsConnection_IsClosed(nb->link->nc))
            tl_error("out of memory: a subscription is missing");
    }
}

void nats_subs_unmake(void *arg)
{
    struct nats_bus *nb = arg;

    tl_list_for_each (&nb->subs, link) {
        struct nats_sub *s = TL_CONTAINER(link, struct nats_sub, link);

        if (s->threaded)
            continue; /* see nats_subs_drop() */
        natsSubscription_Destroy(s->ns);
        s->ns = NULL;
    }
}
