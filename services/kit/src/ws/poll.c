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

enum { EVENTS = 128 }; /* of one round; the others of the loop come before the next */

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

/* The next ones: of the second its own memory, of the first then its owner's. */
static void fetch(const struct epoll_event *next, int n)
{
    if (n > 0)
        __builtin_prefetch(((struct tl_ws *)next[0].data.ptr)->arg);
    if (n > 1) {
        __builtin_prefetch(next[1].data.ptr);
        __builtin_prefetch((char *)next[1].data.ptr + 64);
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
    for (int i = 0; i < n; i++) {
        struct tl_ws *ws = got[i].data.ptr;

        fetch(&got[i + 1], n - i - 1);
        if (ws->state != WS_DEAD)
            on_socket(ws, got[i].events);
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
