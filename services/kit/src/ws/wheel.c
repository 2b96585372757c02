/*
 * Deadlines of connections.
 *
 * All are in one wheel: each connection is in the slot of the next moment it must be looked at, so
 * ten thousand idle ones cost a few hundred looks a second and no timer of their own.
 */
#include <malloc.h>
#include <sys/socket.h>

#include "ws.h"

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

void ws_wheel_new(struct ws_host *host)
{
    for (size_t i = 0; i < WS_SLOTS; i++)
        host->slots[i].prev = host->slots[i].next = &host->slots[i];
}

void ws_forget(struct tl_ws *ws)
{
    ring_remove(&ws->wheel);
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
    if (ws->state == WS_OPEN && now - quiet_since >= ws_ping_every(ws)) {
        (void)ws_put(ws, TL_WS_PING, NULL, 0); /* out of memory: the next one may do */
        ws->pinged = quiet_since = now;
    }
    next = TL_LOWER(quiet_since + ws_ping_every(ws), ws->heard + dead_after(ws));
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
    if (!host->n && host->ended < WS_MANY) {
        tl_timer_stop(host->tick);
        ws_poll_on(host, false);
    }
}

void ws_tick(void *arg)
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
