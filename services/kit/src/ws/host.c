/*
 * What connections share.
 *
 * All callbacks run inside a batch.  A connection that ends in one keeps its memory until the
 * batch is over, and frames that were queued in one are written together at its end.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>
#include <unistd.h>

#include "ws.h"

void ws_bad_input(const char *class_name)
{
    tl_bad_input("websocket", class_name);
    if (tl_log_allow(class_name))
        tl_warn("bad input", TL_S("edge", "websocket"), TL_S("class", class_name));
}

/* ---- batches -------------------------------------------------------------------------------- */

static struct tl_ws *of_batch(struct tl_link *k)
{
    return TL_CONTAINER(k, struct tl_ws, batch);
}

static void list_add(struct tl_list *l, struct tl_ws *ws, enum ws_list in)
{
    tl_list_append(l, &ws->batch);
    ws->batch_in = in;
}

static void list_remove(struct tl_list *l, struct tl_ws *ws)
{
    tl_list_remove(l, &ws->batch);
    ws->batch_in = WS_NOWHERE;
}

void ws_dirty(struct tl_ws *ws)
{
    if (ws->batch_in == WS_NOWHERE)
        list_add(&ws->host->dirty, ws, WS_DIRTY);
}

static void free_dead(struct ws_host *host)
{
    tl_list_for_each (&host->dead, k) {
        struct tl_ws *ws = of_batch(k);

        if (ws->waits_fd)
            continue;
        tl_list_remove(&host->dead, k);
        tl_free(ws);
    }
}

void ws_enter(struct ws_host *host)
{
    host->depth++;
}

static void client_host_unref(struct ws_host *host);

void ws_leave(struct ws_host *host)
{
    struct tl_link *k;

    if (host->depth > 1) {
        host->depth--;
        return;
    }
    while ((k = tl_list_first(&host->dirty))) {
        list_remove(&host->dirty, of_batch(k));
        ws_flush(of_batch(k)); /* may tell an owner, who may dirty another */
    }
    host->depth = 0;
    if (host->in_round)
        return;
    free_dead(host);
    client_host_unref(host);
}

/* ---- hosts ---------------------------------------------------------------------------------- */

static void on_soon(void *arg)
{
    struct ws_host *host = arg;
    struct tl_link *k;

    ws_enter(host);
    while ((k = tl_list_first(&host->fresh))) {
        struct tl_ws *ws = of_batch(k);
        struct tl_buf early = ws->rest;

        list_remove(&host->fresh, ws);
        ws->rest = TL_BUF(early.max);
        if (early.n)
            ws_feed(ws, (uint8_t *)early.p, early.n);
        if (ws->state != WS_DEAD)
            ws_flush(ws);
        tl_buf_done(&early);
    }
    ws_leave(host);
}

static void on_retire(void *arg)
{
    struct ws_host *host = arg;
    unsigned quota = host->n / TL_HIGHER(host->retire_left, 1U) + 1;

    ws_enter(host);
    for (unsigned i = 0; i < WS_SLOTS && quota; i++) {
        struct tl_link *head = &host->slots[(host->slot + i) % WS_SLOTS], *next;

        for (struct tl_link *k = head->next; k != head && quota; k = next) {
            struct tl_ws *ws = TL_CONTAINER(k, struct tl_ws, wheel);

            next = k->next;
            if (ws->state > WS_OPEN)
                continue;
            tl_ws_close(ws, host->retire_code, host->retire_reason);
            quota--;
        }
    }
    ws_leave(host);
    if (host->retire_left && --host->retire_left == 0)
        tl_timer_stop(host->retire);
}

int ws_host_new(struct ws_host **ret, struct tl_loop *loop)
{
    struct ws_host *host = tl_alloc(1, sizeof(*host));
    int err = -ENOMEM;

    if (!host)
        return -ENOMEM;
    host->loop = loop;
    host->epoll = -1;
    ws_wheel_new(host);
    tl_list_init(&host->fresh);
    tl_list_init(&host->dirty);
    tl_list_init(&host->dead);
    host->spare = TL_BUF(WS_OUT_MAX);
    host->scratch = tl_alloc(1, WS_SCRATCH + WS_REST_MAX);
    if (!host->scratch)
        goto out;
    err = ws_poll_new(host);
    if (!err)
        err = tl_timer_new(&host->tick, loop, ws_tick, host);
    if (!err)
        err = tl_timer_new(&host->soon, loop, on_soon, host);
    if (!err)
        err = tl_timer_new(&host->retire, loop, on_retire, host);
    if (err)
        goto out;
    *ret = host;
    return 0;
out:
    ws_host_free(host);
    return err;
}

void ws_host_free(struct ws_host *host)
{
    ws_enter(host);
    for (size_t i = 0; i < WS_SLOTS; i++) {
        struct tl_link *head = &host->slots[i];

        while (head->next != head)
            ws_end(TL_CONTAINER(head->next, struct tl_ws, wheel), TL_WS_ABNORMAL, true);
    }
    free_dead(host);
    tl_list_for_each (&host->dead, k) {
        of_batch(k)->host = NULL; /* accept.c frees it when libmicrohttpd lets go of it */
        tl_list_remove(&host->dead, k);
    }
    ws_poll_free(host);
    tl_timer_free(host->tick);
    tl_timer_free(host->soon);
    tl_timer_free(host->retire);
    tl_buf_done(&host->spare);
    tl_free(host->scratch);
    tl_free(host);
}

/* Client connections have no server to share with: one host per loop, while there are any. */
static _Thread_local struct ws_host *shared;

int ws_client_host(struct ws_host **ret, struct tl_loop *loop)
{
    struct ws_host *host = shared;
    int err = 0;

    while (host && host->loop != loop)
        host = host->next;
    if (!host) {
        err = ws_host_new(&host, loop);
        if (err)
            return err;
        host->shared = true;
        host->next = shared;
        shared = host;
    }
    *ret = host;
    return 0;
}

static void client_host_unref(struct ws_host *host)
{
    struct ws_host **at = &shared;

    if (!host->shared || host->n || host->dead.n)
        return;
    while (*at && *at != host)
        at = &(*at)->next;
    if (*at)
        *at = host->next;
    ws_host_free(host);
}

/* ---- connections ---------------------------------------------------------------------------- */

int ws_new(struct tl_ws **ret, struct ws_host *host, const struct tl_ws_ops *ops, void *arg)
{
    struct tl_ws *ws = tl_alloc(1, sizeof(*ws));

    if (!ws)
        return -ENOMEM;
    ws->host = host;
    ws->ops = ops;
    ws->arg = arg;
    ws->fd = -1;
    ws->code = TL_WS_ABNORMAL;
    ws->rest = TL_BUF(WS_SCRATCH);
    ws->message = TL_BUF(ws_message_max(ws));
    ws->out = TL_BUF(WS_OUT_MAX); /* its limit is queue_max, in write.c */
    ws->heard = ws->paid_at = tl_loop_now(host->loop);
    ws->tokens = (float)ops->burst;
    if (host->n++ == 0 && !tl_timer_active(host->tick)) {
        tl_timer_every(host->tick, WS_TICK);
        ws_poll_on(host, true);
    }
    ws_look_after(ws, WS_HANDSHAKE);
    *ret = ws;
    return 0;
}

int ws_open(struct tl_ws *ws, int fd)
{
    int one = 1, flags = fcntl(fd, F_GETFL);

    ws->fd = fd;
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* only slower without */
    ws->heard = tl_loop_now(ws->host->loop);
    if (ws->state == WS_OPENING) {
        ws->state = WS_OPEN;
        ws->end_by = 0;
    }
    ws_look_after(ws, ws_ping_every(ws));
    return ws->watched ? 0 : ws_watch_first(ws);
}

void ws_soon(struct tl_ws *ws)
{
    list_add(&ws->host->fresh, ws, WS_FRESH);
    tl_timer_start(ws->host->soon, 0);
}

void ws_end(struct tl_ws *ws, int code, bool quiet)
{
    struct ws_host *host = ws->host;

    if (ws->state == WS_DEAD)
        return;
    ws_enter(host);
    ws->state = WS_DEAD;
    ws_unwatch(ws);
    ws->client = ws_client_free(ws->client);
    if (ws->fd >= 0) {
        (void)shutdown(ws->fd, SHUT_RDWR); /* libmicrohttpd may hold its own for another turn */
        close(ws->fd);
    }
    ws->fd = -1;
    tl_buf_done(&ws->rest);
    tl_buf_done(&ws->message);
    tl_buf_done(&ws->out);
    ws_forget(ws);
    if (ws->batch_in == WS_FRESH)
        list_remove(&host->fresh, ws);
    else if (ws->batch_in == WS_DIRTY)
        list_remove(&host->dirty, ws);
    list_add(&host->dead, ws, WS_OVER);
    host->n--;
    host->ended++;
    host->ended_at = tl_loop_now(host->loop);
    if (!quiet && ws->ops->on_close)
        ws->ops->on_close(ws, code);
    ws_leave(host);
}

void *tl_ws_arg(const struct tl_ws *ws)
{
    return ws->arg;
}

void tl_ws_set_arg(struct tl_ws *ws, void *arg)
{
    ws->arg = arg;
}

void tl_ws_abort(struct tl_ws *ws)
{
    ws_end(ws, TL_WS_ABNORMAL, true);
}

size_t tl_ws_queued(const struct tl_ws *ws)
{
    return ws->out.n;
}
