/*
 * A relay wired as in main.c, but for its bus and store, which frames never meet: the bus is in
 * memory, and the store knows a room and two tickets for everybody who will come.
 */
#ifndef COBROWSE_BENCH_STAGE_H
#define COBROWSE_BENCH_STAGE_H

#include "../../kit/bench/process.h"

#include <sys/resource.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_token.h>

#include "adapters/edge.h"

#define ORIGIN "http://bench"

enum { ROOMS = 1000 };

static struct {
    struct room_names names;
    struct tl_id tickets[ROOM_ROLES];
} stage_rooms[ROOMS];

static inline void stage_set(void)
{
    struct rlimit limit;

    use_core(CORE_LOAD);
    for (int i = 0; i < ROOMS; i++) {
        stage_rooms[i].names.contact = tl_id_new();
        stage_rooms[i].names.thread = tl_id_new();
        stage_rooms[i].names.session = tl_id_new();
        stage_rooms[i].names.agent = tl_id_new();
        for (int k = 0; k < ROOM_ROLES; k++)
            stage_rooms[i].tickets[k] = tl_ticket_new();
    }
    if (getrlimit(RLIMIT_NOFILE, &limit))
        die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* if too few, opening fails and says so */
}

/* ---- the store ---- */

struct stage_answer {
    store_redeem_fn *done;
    void *arg;
    int room;
    enum room_role role;
};

static struct tl_loop *stage_loop;

static inline void stage_answer(void *arg)
{
    struct stage_answer a = *(struct stage_answer *)arg;

    tl_free(arg);
    a.done(a.arg, 0, a.role, &stage_rooms[a.room].names);
}

static inline int stage_redeem(struct store *s, struct tl_str ticket, store_redeem_fn *done,
                               void *arg)
{
    struct stage_answer *a = tl_alloc(1, sizeof(*a));

    TL_UNUSED(s);
    for (int i = 0; a && i < ROOMS * ROOM_ROLES; i++) {
        *a = (struct stage_answer){done, arg, i / ROOM_ROLES, (enum room_role)(i % ROOM_ROLES)};
        if (tl_str_eq(tl_id_str(&stage_rooms[a->room].tickets[a->role]), ticket))
            return tl_loop_defer(stage_loop, stage_answer, a);
    }
    _exit(1); /* nobody else comes */
}

/* Closing a room is told to nobody: the bench ends before. */
static const struct store_ops stage_store_ops = {.redeem = stage_redeem};

/* ---- the relay ---- */

static inline void serve_relay(int tell)
{
    struct tl_loop *loop = NULL;
    struct tl_http *http = NULL;
    struct tl_bus *bus = NULL;
    struct tl_events *events = NULL;
    struct store store = {&stage_store_ops};
    struct relay *relay = NULL;
    struct edge *edge = NULL;

    tl_log_setup("cobrowse", TL_ERROR);
    if (tl_loop_new(&loop) || tl_http_new(&http, loop, &(struct tl_http_opts){0}) ||
        tl_bus_open_memory(&bus, loop) ||
        tl_events_new(&events, bus, "cobrowse", "tl.bench.cobrowse") ||
        relay_new(&relay, &(struct relay_opts){.loop = loop,
                                               .bus = bus,
                                               .store = &store,
                                               .events = events,
                                               .sockets = &edge_sockets,
                                               .limits = room_limits_default}) ||
        edge_new(&edge, &(struct edge_opts){
                            .http = http, .relay = relay, .store = &store, .origins = ORIGIN}))
        _exit(1);
    stage_loop = loop;
    process_tell(tell, tl_http_port(http));
    tl_loop_run(loop);
}

/* A browser with its ticket; what it is told first stays unread. */
static inline int come(uint16_t port, const struct tl_id *ticket)
{
    char text[2048];
    int fd = dial(port);
    int n = snprintf(text, sizeof(text),
                     "GET /v1/cobrowse HTTP/1.1\r\nHost: b\r\nOrigin: " ORIGIN "\r\n"
                     "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     "Sec-WebSocket-Protocol: threadline.cobrowse.v1, ticket.%s\r\n\r\n",
                     ticket->s);

    say(fd, text, (size_t)n);
    for (n = 0; n < 4 || memcmp(text + n - 4, "\r\n\r\n", 4) != 0; n++)
        if (recv(fd, text + n, 1, 0) != 1)
            die("upgrade");
    if (memcmp(text, "HTTP/1.1 101", 12) != 0)
        die("upgrade refused");
    return fd;
}

#endif
