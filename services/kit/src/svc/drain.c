/*
 * The end, in an order that loses nothing:
 *
 *   1 /readyz says no, no new connections, WebSockets are closed with 1012
 *   2 wait for requests and WebSockets that are open, at most 5 s
 *   3 the service's own steps, one after the other
 *   4 the bus: deliveries stop, acknowledgements and publishes go out
 *   5 the loop stops
 *
 * All of it gets TL_DRAIN_S; then it stops where it is.  A second signal does not wait.
 */
#include <unistd.h>

#include "../http/http.h"
#include "svc.h"

static void advance(struct tl_svc *svc);

static void finish(struct tl_svc *svc)
{
    svc->phase = SVC_STOPPED;
    tl_timer_stop(svc->drain_check);
    tl_timer_stop(svc->drain_end);
    tl_loop_stop(svc->loop);
}

static void on_too_late(void *arg)
{
    struct tl_svc *svc = arg;

    tl_warn("drain took too long, stopping", TL_I("phase", svc->phase), TL_I("step", svc->step),
            TL_I("in_flight", tl_http_in_flight(svc->http)));
    finish(svc);
}

static unsigned open_sockets(const struct tl_svc *svc)
{
    return svc->http->ws ? svc->http->ws_ops->count(svc->http->ws) : 0;
}

/** Every 10 ms: may the end go on? */
static void on_check(void *arg)
{
    struct tl_svc *svc = arg;
    bool idle = !tl_http_in_flight(svc->http) && !open_sockets(svc);

    if (svc->waits_for && svc->waits_for->idle(svc->waits_for->arg))
        tl_svc_drained(svc);
    if (svc->phase != SVC_FINISHING || (!idle && tl_loop_now(svc->loop) < svc->finish_by))
        return;
    svc->phase = SVC_STEPS;
    advance(svc);
}

static void on_bus_drained(void *arg)
{
    finish(arg);
}

/* The next step of the service, or what follows the last. */
static void advance(struct tl_svc *svc)
{
    struct svc_hook *h;

    if (svc->step < svc->drain.n) {
        h = &svc->drain.at[svc->step];
        if (h->fn)
            h->fn(h->arg);
        else
            svc->waits_for = h;
        return;
    }
    svc->phase = SVC_BUS;
    if (svc->bus)
        tl_bus_drain(svc->bus, on_bus_drained, svc);
    else
        finish(svc);
}

static void on_drained(void *arg)
{
    struct tl_svc *svc = arg;

    if (svc->phase == SVC_STEPS)
        advance(svc);
}

void tl_svc_drained(struct tl_svc *svc)
{
    if (svc->phase != SVC_STEPS)
        return;
    svc->step++;
    svc->waits_for = NULL;
    /* A step may end inside its own call: the next one starts from the loop.  Without memory for
     * that it starts here. */
    if (tl_loop_defer(svc->loop, on_drained, svc))
        advance(svc);
}

static void on_leave(void *arg)
{
    struct tl_svc *svc = arg;

    if (svc->phase == SVC_RUNNING)
        svc_on_term(svc);
}

void tl_svc_leave(struct tl_svc *svc)
{
    if (!svc->leaving) /* out of memory: who asks again may succeed */
        svc->leaving = !tl_loop_defer(svc->loop, on_leave, svc);
}

void svc_on_term(void *arg)
{
    struct tl_svc *svc = arg;

    if (svc->phase != SVC_RUNNING)
        _exit(1);
    svc->phase = SVC_FINISHING;
    tl_info("draining");
    if (tl_timer_new(&svc->drain_end, svc->loop, on_too_late, svc) ||
        tl_timer_new(&svc->drain_check, svc->loop, on_check, svc)) {
        tl_loop_stop(svc->loop); /* no memory to be polite */
        return;
    }
    tl_timer_start(svc->drain_end, TL_SEC(svc->conf.drain_s));
    svc->finish_by = tl_loop_now(svc->loop) + TL_LOWER(TL_SEC(5), TL_SEC(svc->conf.drain_s) / 2);
    tl_http_quiesce(svc->http);
    if (svc->http->ws)
        svc->http->ws_ops->close_all(svc->http->ws, 1012, "restart", TL_SEC(1));
    tl_timer_every(svc->drain_check, TL_MSEC(10));
}
