/*
 * Which sockets have something for us.
 *
 * A host's sockets are in an epoll of its own, which the loop watches as one descriptor.  So a
 * socket costs no handle of libuv (200 bytes and three cache lines for each message), and since we
 * see who comes next, its memory is on its way while the one before is served: with thousands of
 * sockets none of it is in a cache.
 *
 * What ends while a round of events is gone through keeps its memory until the round is over: a
 * later event may name it.
 */
#include <sys/epoll.h>
#include <unistd.h>

#include "ws.h"

enum {
    EVENTS = 128, /* of one round; the others of the loop come before the next */
    AHEAD = TL_WS_AHEAD + 1,
};

static uint8_t wanted(const struct tl_ws *ws)
{
    bool to_send = ws->client ? ws_client_asks(ws->client) : ws->out.n > 0;

    return (uint8_t)(EPOLLIN | (to_send ? EPOLLOUT : 0));
}

static int ask(struct tl_ws *ws, int op, uint8_t events)
{
    struct epoll_event ev = {.events = events, .data.ptr = ws};

    ws->watched = events;
    return epoll_ctl(ws->host->epoll, op, ws->fd, &ev) < 0 ? -errno : 0;
}

int ws_watch_first(struct tl_ws *ws)
{
    return ask(ws, EPOLL_CTL_ADD, wanted(ws));
}

void ws_watch(struct tl_ws *ws)
{
    uint8_t events = wanted(ws);

    if (ws->watched && ws->watched != events)
        (void)ask(ws, EPOLL_CTL_MOD, events); /* it is in it, which needs no more memory */
}

void ws_unwatch(struct tl_ws *ws)
{
    if (ws->watched)
        (void)ask(ws, EPOLL_CTL_DEL, 0); /* of a socket that is in it, or was refused */
}

/* An error is found by whoever reads or writes. */
static void on_socket(struct tl_ws *ws, uint32_t events)
{
    bool ends = events & (EPOLLERR | EPOLLHUP);

    ws_on_io(ws, (ends || (events & EPOLLIN) ? TL_READABLE : 0) |
                     (ends || (events & EPOLLOUT) ? TL_WRITABLE : 0));
}

static void fetch(const void *p)
{
    __builtin_prefetch(p);
    __builtin_prefetch((const char *)p + 64);
}

/* Those who come next, each a step nearer than the one after it: the first step is its own memory,
 * and what its owner will look at follows.  i: who is served now, and -AHEAD before the first. */
static void fetch_ahead(const struct epoll_event *got, int n, int i)
{
    for (int step = 0; step < AHEAD; step++) {
        const int at = i + AHEAD - step;
        struct tl_ws *ws = at >= 0 && at < n ? got[at].data.ptr : NULL;

        if (ws && step == 0)
            fetch(ws);
        else if (ws && ws->state == WS_OPEN && ws->ops->ahead)
            fetch(ws->ops->ahead(ws, (unsigned)step - 1));
    }
}

static void on_ready(void *arg, int events, int err)
{
    struct ws_host *host = arg;
    struct epoll_event got[EVENTS];
    int n = epoll_wait(host->epoll, got, EVENTS, 0);

    TL_UNUSED(events);
    TL_UNUSED(err); /* of an epoll: never */
    host->in_round = true;
    for (int i = n > 1 ? -AHEAD : 0; i < n; i++) { /* one alone is served at once */
        fetch_ahead(got, n, i);
        if (i >= 0 && ((struct tl_ws *)got[i].data.ptr)->state != WS_DEAD)
            on_socket(got[i].data.ptr, got[i].events);
    }
    host->in_round = false;
    ws_enter(host);
    ws_leave(host); /* frees those that ended */
}

int ws_poll_new(struct ws_host *host)
{
    host->epoll = epoll_create1(EPOLL_CLOEXEC);
    return host->epoll < 0 ? -errno
                           : tl_io_new(&host->ready, host->loop, host->epoll, on_ready, host);
}

void ws_poll_on(struct ws_host *host, bool on)
{
    /* libuv refuses only what it cannot watch, and this descriptor it took when it was made */
    (void)tl_io_watch(host->ready, on ? TL_READABLE : 0);
}

void ws_poll_free(struct ws_host *host)
{
    host->ready = tl_io_free(host->ready);
    if (host->epoll >= 0)
        close(host->epoll);
}
