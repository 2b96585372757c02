/*
 * What connections share.
 *
 * Deadlines live in one wheel: each connection is in the slot of the next moment it must be looked
 * at, so ten thousand idle ones cost a few hundred looks a second and no timer of their own.
 *
 * All callbacks run inside a batch.  A connection that ends in one keeps its memory until the
 * batch is over, and frames that were queued in one are written together at its end.
 */
#include <fcntl.h>
#include <malloc.h>
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
    free_dead(host);
    client_host_unref(host);
}

/* ---- the wheel ------------------------------------------------------------------------------ */

static void ring_add(struct tl_link *head, struct tl_link *k)
{
    k->prev = head->prev;
    k->next = head;
    head->prev->next = k;
    head->prev = k;
}

static void ring_remove(struct tl_link *k)
{
    if (!tl_link_used(k))
        return;
    k->prev->next = k->next;
    k->next->prev = k->prev;
    k->prev = k->next = NULL;
}

void ws_look_after(struct tl_ws *ws, tl_dur after)
{
    struct ws_host *host = ws->host;
    tl_dur ticks = (TL_HIGHER(after, 0) + WS_TICK - 1) / WS_TICK;

    /* Farther than the wheel reaches: looked at early, and put back. */
    ticks = TL_HIGHER(1, TL_LOWER(ticks, WS_SLOTS - 1));
    ring_remove(&ws->wheel);
    ring_add(&host->slots[(host->slot + (unsigned)ticks - 1) % WS_SLOTS], &ws->wheel);
}

static tl_dur ping_every(const struct tl_ws *ws)
{
    return ws->ops->ping_every ? ws->ops->ping_every : TL_SEC(20);
}

static tl_dur dead_after(const struct tl_ws *ws)
{
    return ws->ops->dead_after ? ws->ops->dead_after : TL_SEC(45);
}

/* What is due on a connection; returns when to look again. */
static tl_dur look(struct tl_ws *ws, tl_time now)
{
    tl_time quiet_since = TL_HIGHER(ws->heard, ws->pinged), next;

    if (ws->end_by && now >= ws->end_by) {
        ws_end(ws, ws->state == WS_OPENING ? TL_WS_ABNORMAL : ws->code, false);
        return 0;
    }
    if (ws->state == WS_FAILED && ws->lost && !ws->shut && !ws->out.n) {
        /* Its close will not be recognised.  Ours must have arrived by now: ending while the peer
         * still talks makes a reset, which eats it. */
        (void)shutdown(ws->fd, SHUT_WR);
        ws->shut = true;
    }
    if (ws->state == WS_OPENING)
        return ws->end_by ? ws->end_by - now : WS_HANDSHAKE;
    if (now - ws->heard >= dead_after(ws)) {
        ws_end(ws, TL_WS_ABNORMAL, false);
        return 0;
    }
    if (ws->state == WS_OPEN && ws->out.n && now - ws->moved >= WS_STUCK) {
        ws_fail(ws, TL_WS_OVERLOAD, "slow_reader");
        return WS_CLOSING;
    }
    if (ws->state == WS_OPEN && now - quiet_since >= ping_every(ws)) {
        (void)ws_put(ws, TL_WS_PING, NULL, 0); /* out of memory: the next one may do */
        ws->pinged = quiet_since = now;
    }
    next = TL_LOWER(quiet_since + ping_every(ws), ws->heard + dead_after(ws));
    if (ws->end_by)
        next = TL_LOWER(next, ws->end_by);
    if (ws->out.n)
        next = TL_LOWER(next, ws->moved + WS_STUCK);
    return next - now;
}

/* The library keeps the memory of thousands who left at once; it is asked to let go of it when
 * those who do not come back are forgotten. */
static void give_back(struct ws_host *host, tl_time now)
{
    if (host->ended >= WS_MANY && now - host->ended_at >= WS_QUIET) {
        host->ended = 0;
        (void)malloc_trim(0); /* tells whether anything went: nobody asks */
    }
    if (!host->n && host->ended < WS_MANY)
        tl_timer_stop(host->tick);
}

static void on_tick(void *arg)
{
    struct ws_host *host = arg;
    struct tl_link *slot = &host->slots[host->slot];
    tl_time now = tl_loop_now(host->loop);
    struct tl_link *k, mark = {0};

    host->slot = (host->slot + 1) % WS_SLOTS;
    ws_enter(host);
    /* One that is put back into this very slot (a whole turn later) goes behind the mark. */
    ring_add(slot, &mark);
    while ((k = slot->next) != &mark) {
        struct tl_ws *ws = TL_CONTAINER(k, struct tl_ws, wheel);
        tl_dur again;

        ring_remove(k);
        again = look(ws, now);
        if (ws->state != WS_DEAD)
            ws_look_after(ws, again);
    }
    ring_remove(&mark);
    give_back(host, now);
    ws_leave(host);
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
        ws_watch(ws);
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
    for (size_t i = 0; i < WS_SLOTS; i++)
        host->slots[i].prev = host->slots[i].next = &host->slots[i];
    tl_list_init(&host->fresh);
    tl_list_init(&host->dirty);
    tl_list_init(&host->dead);
    host->spare = TL_BUF(WS_OUT_MAX);
    host->scratch = tl_alloc(1, WS_SCRATCH + WS_REST_MAX);
    if (!host->scratch)
        goto out;
    err = tl_timer_new(&host->tick, loop, on_tick, host);
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
    if (host->n++ == 0 && !tl_timer_active(host->tick))
        tl_timer_every(host->tick, WS_TICK);
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
    ws_look_after(ws, ping_every(ws));
    return ws->io ? 0 : tl_io_new(&ws->io, ws->host->loop, fd, ws_on_io, ws);
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
    ws->io = tl_io_free(ws->io);
    ws->client = ws_client_free(ws->client);
    if (ws->fd >= 0) {
        (void)shutdown(ws->fd, SHUT_RDWR); /* libmicrohttpd may hold its own for another turn */
        close(ws->fd);
    }
    ws->fd = -1;
    tl_buf_done(&ws->rest);
    tl_buf_done(&ws->message);
    tl_buf_done(&ws->out);
    ring_remove(&ws->wheel);
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
