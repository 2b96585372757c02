/*
 * Timers, file descriptors and signals: each is one allocation with libuv's handle inside.  Freeing
 * one stops it at once; the memory goes in libuv's close callback, so it is safe inside its own
 * callback.
 */
#include "loop.h"

#include <tl_clock.h>
#include <tl_mem.h>

struct tl_timer {
    struct loop_handle h;
    tl_fn *fn;
    void *arg;
};

struct tl_io {
    struct loop_handle h;
    tl_io_fn *fn;
    void *arg;
    int events;
};

struct loop_signal {
    struct loop_handle h;
    tl_fn *fn;
    void *arg;
};

void loop_handle_add(struct tl_loop *loop, struct loop_handle *h)
{
    h->loop = loop;
    h->uv.any.data = h;
    tl_list_append(&loop->handles, &h->link);
}

static void on_closed(uv_handle_t *u)
{
    tl_free(u->data);
}

void loop_handle_close(struct loop_handle *h)
{
    tl_list_remove(&h->loop->handles, &h->link);
    uv_close(&h->uv.any, on_closed);
}

/* ---- timers ------------------------------------------------------------------------------ */

int tl_timer_new(struct tl_timer **ret, struct tl_loop *loop, tl_fn *fn, void *arg)
{
    struct tl_timer *t = tl_alloc(1, sizeof(*t));

    if (!t)
        return -ENOMEM;
    t->fn = fn;
    t->arg = arg;
    (void)uv_timer_init(&loop->uv, &t->h.uv.timer); /* always 0 */
    loop_handle_add(loop, &t->h);
    *ret = t;
    return 0;
}

struct tl_timer *tl_timer_free(struct tl_timer *t)
{
    if (t)
        loop_handle_close(&t->h);
    return NULL;
}

static void on_timer(uv_timer_t *u)
{
    struct tl_timer *t = u->data;

    t->fn(t->arg);
}

/* libuv counts whole milliseconds from a time that it took at the start of the turn: count from
 * now, and never fire early. */
static uint64_t wait_ms(struct tl_timer *t, tl_dur after)
{
    tl_time due;

    if (after <= 0)
        return 0;
    due = tl_clock_mono() + after;
    uv_update_time(&t->h.loop->uv);
    return (uint64_t)((due + 999) / 1000) - uv_now(&t->h.loop->uv);
}

void tl_timer_start(struct tl_timer *t, tl_dur after)
{
    (void)uv_timer_start(&t->h.uv.timer, on_timer, wait_ms(t, after), 0); /* has a callback: 0 */
}

void tl_timer_every(struct tl_timer *t, tl_dur period)
{
    uint64_t ms = (uint64_t)TL_HIGHER((period + 999) / 1000, 1);

    (void)uv_timer_start(&t->h.uv.timer, on_timer, ms, ms); /* has a callback: 0 */
}

void tl_timer_stop(struct tl_timer *t)
{
    (void)uv_timer_stop(&t->h.uv.timer); /* always 0 */
}

bool tl_timer_active(const struct tl_timer *t)
{
    return uv_is_active(&t->h.uv.any);
}

/* ---- file descriptors -------------------------------------------------------------------- */

int tl_io_new(struct tl_io **ret, struct tl_loop *loop, int fd, tl_io_fn *fn, void *arg)
{
    struct tl_io *io = tl_alloc(1, sizeof(*io));
    int err;

    if (!io)
        return -ENOMEM;
    io->fn = fn;
    io->arg = arg;
    err = uv_poll_init(&loop->uv, &io->h.uv.poll, fd);
    if (err) {
        tl_free(io);
        return err;
    }
    loop_handle_add(loop, &io->h);
    *ret = io;
    return 0;
}

struct tl_io *tl_io_free(struct tl_io *io)
{
    if (io)
        loop_handle_close(&io->h);
    return NULL;
}

static void on_io(uv_poll_t *u, int status, int events)
{
    struct tl_io *io = TL_CONTAINER(u, struct tl_io, h.uv.poll); /* nearer than what data tells */
    int bits = 0;

    if (status < 0) {
        /* libuv calls EPOLLERR a bad descriptor and stops watching.  Whoever asked must still
         * read or write to learn the real error, or a refused connection is never noticed. */
        bits = io->events;
        io->events = 0;
        io->fn(io->arg, bits, status);
        return;
    }
    if (events & (UV_READABLE | UV_DISCONNECT))
        bits |= TL_READABLE;
    if (events & UV_WRITABLE)
        bits |= TL_WRITABLE;
    io->fn(io->arg, bits, 0);
}

int tl_io_watch(struct tl_io *io, int events)
{
    int uv = 0;

    if (events == io->events)
        return 0;
    io->events = events;
    if (events & TL_READABLE)
        uv |= UV_READABLE;
    if (events & TL_WRITABLE)
        uv |= UV_WRITABLE;
    return uv ? uv_poll_start(&io->h.uv.poll, uv, on_io) : uv_poll_stop(&io->h.uv.poll);
}

/* ---- signals ----------------------------------------------------------------------------- */

static void on_signal(uv_signal_t *u, int signum)
{
    struct loop_signal *s = u->data;

    TL_UNUSED(signum);
    s->fn(s->arg);
}

int tl_loop_signal(struct tl_loop *loop, int signum, tl_fn *fn, void *arg)
{
    struct loop_signal *s = tl_alloc(1, sizeof(*s));
    int err;

    if (!s)
        return -ENOMEM;
    s->fn = fn;
    s->arg = arg;
    err = uv_signal_init(&loop->uv, &s->h.uv.signal);
    if (err) {
        tl_free(s);
        return err;
    }
    loop_handle_add(loop, &s->h);
    err = uv_signal_start(&s->h.uv.signal, on_signal, signum);
    if (err)
        loop_handle_close(&s->h);
    else
        uv_unref(&s->h.uv.any);
    return err;
}
