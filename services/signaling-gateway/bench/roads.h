/*
 * Messages on their way through a server: each trip goes in at one socket and comes out at another
 * (an echo: at the same).  A road is a server with its trips, which take turns.
 */
#ifndef SIGNALING_BENCH_ROADS_H
#define SIGNALING_BENCH_ROADS_H

#include "../../kit/bench/bare.h"
#include "../../kit/bench/compare.h"
#include "stage.h"

enum { SLICE = 1000, SLICES = 8, BURST = 100 };

struct trip {
    int from, to;
    bool answered; /* the sender hears ok */
    uint8_t frame[512];
    size_t n;
    char mark[27]; /* in what comes out */
};

struct road {
    pid_t pid;
    struct trip *trips;
    unsigned n, turn;
    tl_time rested;  /* for the rate limit: then said was right */
    double said;     /* messages of one customer that the gateway has not forgotten */
    unsigned passed; /* since then, of all */
};

static inline void road_add(struct road *r, int from, int to, const char *contact, const char *text)
{
    struct trip *t;

    r->trips = realloc(r->trips, (r->n + 1) * sizeof(*t));
    if (!r->trips)
        die("trips");
    t = &r->trips[r->n++];
    *t = (struct trip){.from = from, .to = to, .answered = strstr(text, "\"id\"") != NULL};
    memcpy(t->mark, contact, 26);
    t->n = frame_write(t->frame, TL_WS_TEXT, text);
}

/* "Is typing", as the desk and the widget say it. */
static inline void road_add_typing(struct road *r, int from, int to, const char *contact)
{
    char text[128];

    snprintf(text, sizeof(text), "{\"typing\":{\"contact_id\":\"%s\",\"on\":true}}", contact);
    road_add(r, from, to, contact, text);
}

/* The same in a spelling that is not passed from socket to socket, and with an answer. */
static inline void road_add_by_bus(struct road *r, int from, int to, const char *contact)
{
    char text[128];

    snprintf(text, sizeof(text), "{\"id\":\"1\",\"typing\":{\"on\":true,\"contact_id\":\"%s\"}}",
             contact);
    road_add(r, from, to, contact, text);
}

static inline void trip_begins(const struct trip *t)
{
    if (send(t->from, t->frame, t->n, MSG_NOSIGNAL) != (ssize_t)t->n)
        die("send");
}

/* The next frame, which is alone or follows pings. */
static inline void hear_one(int fd, const char *mark)
{
    struct tl_ws_head h;
    char in[1024];
    size_t n = 0, at = 0;

    for (;;) {
        ssize_t got = recv(fd, in + n, sizeof(in) - n, 0);

        if (got <= 0)
            die("frame");
        n += (size_t)got;
        while (tl_ws_head_parse(&h, (uint8_t *)in + at, n - at) == 1 &&
               h.head_size + h.length <= n - at) {
            at += h.head_size + h.length;
            if (h.op == TL_WS_PING) {
                say_alive(fd);
                continue;
            }
            if (at != n || !memmem(in, n, mark, strlen(mark)))
                die("not what was sent");
            return;
        }
    }
}

static inline void trip_ends(const struct trip *t)
{
    hear_one(t->to, t->mark);
    if (t->answered)
        hear_one(t->from, "\"ok\"");
}

static inline struct trip *road_next(struct road *r)
{
    return &r->trips[r->turn++ % r->n];
}

/* n messages, some of them under way at a time.  Returns CPU for each. */
static inline double road_pass(struct road *r, unsigned n, unsigned at_once, double *ret_ms)
{
    double before = cpu_us(r->pid);

    for (unsigned i = 0; i < n; i += at_once) {
        unsigned first = r->turn;
        tl_time began = tl_clock_mono();

        for (unsigned k = 0; k < at_once; k++)
            trip_begins(road_next(r));
        for (unsigned k = 0; k < at_once; k++)
            trip_ends(&r->trips[(first + k) % r->n]);
        if (ret_ms)
            *ret_ms++ = (double)(tl_clock_mono() - began) / 1000;
    }
    r->passed += n;
    return (cpu_us(r->pid) - before) / n;
}

/* A customer may say 10 messages a second, and 40 at once: on all roads, which share customers. */
static inline void road_rest(struct road *r)
{
    const double a_second = 8, at_once = 12;
    tl_time now = tl_clock_mono();

    r->said = TL_HIGHER(r->said - a_second * (double)(now - r->rested) / 1e6, 0);
    r->said += (double)r->passed / r->n;
    r->rested = now;
    r->passed = 0;
    if (r->said > at_once)
        usleep((useconds_t)(1e6 * (r->said - at_once) / a_second));
}

static inline double road_side_pass(void *road, unsigned n, unsigned at_once, double *ret_ms)
{
    return road_pass(road, n, at_once, ret_ms);
}

static inline void road_side_rest(void *road)
{
    road_rest(road);
}

static inline struct compared road_compare(struct road *r, struct road *floor, unsigned at_once,
                                           double *ret_ms)
{
    const struct side a = {road_side_pass, road_side_rest, r};
    const struct side b = {road_side_pass, road_side_rest, floor};

    return compare(&a, &b, SLICE, SLICES, at_once, ret_ms);
}

#endif
