/* EVENTS -> wire -> board and gaps; four times a second a look at what there is to say. */
#include "handlers.h"

#include <time.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>
#include <tl_seen.h>

#include "core/gaps.h"
#include "wire.h"

#define TICK       TL_MSEC(250) /* the board changes at most so often */
#define BOARD_IDLE TL_SEC(1)    /* and is told at least so often */
#define WINDOW     100000
#define DURABLE    "analytics-metrics"

struct analytics_handlers {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct tl_events *events;
    struct analytics_board *board;
    struct analytics_gaps *gaps;
    struct tl_seen *seen;
    struct tl_consumer *consumer;
    struct tl_sub *supply;
    struct tl_timer *tick, *start;
    tl_time day, published_at; /* wall; monotonic */
    uint64_t published_version;
    bool asked, freed;
    struct tl_metric *facts, *found, *behind;
};

tl_time analytics_midnight(tl_time now)
{
    time_t s = (time_t)(now / TL_SEC(1));
    struct tm tm;

    localtime_r(&s, &tm);
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    tm.tm_isdst = -1; /* the offset of midnight, not of now */
    return TL_SEC((tl_time)mktime(&tm));
}

static void on_delivery(void *arg, const struct tl_msg *m, uint64_t token)
{
    struct analytics_handlers *h = arg;
    struct analytics_event e;
    const char *why;
    int err = analytics_wire_read(&e, m->subject, m->data, m->n, &why);

    if (err == -EBADMSG || err == -EMSGSIZE) {
        tl_consumer_ack(h->consumer, token); /* the bridge puts it to the dead letters */
        return;
    }
    if (!err && tl_seen_has(h->seen, tl_id_str(&e.event_id))) {
        tl_consumer_ack(h->consumer, token);
        return;
    }
    if (!err)
        err = analytics_gaps_seen(h->gaps, &e.producer, &e.boot, e.seq, tl_clock_wall());
    if (!err || err == -EALREADY)
        err = analytics_board_step(h->board, &e.fact);
    if (err) {
        tl_consumer_retry(h->consumer, token);
        return;
    }
    if (e.is_gap)
        analytics_gaps_reported(h->gaps, &e.gap);
    tl_metric_add(h->facts, 1);
    tl_metric_set(h->behind, (double)(tl_clock_wall() - e.fact.at) / 1e6);
    (void)tl_seen_add(h->seen, tl_id_str(&e.event_id)); /* its id was read as one */
    tl_consumer_ack(h->consumer, token);
}

static void on_supply(void *arg, const struct tl_msg *m)
{
    struct analytics_handlers *h = arg;

    if (analytics_wire_supply(h->board, m->data, m->n))
        tl_bad_input("nats", "supply");
}

static void report_gaps(struct analytics_handlers *h, tl_time now)
{
    struct analytics_gap gap;

    while (analytics_gaps_take(h->gaps, now, &gap)) {
        tl_metric_add(h->found, (double)(gap.last - gap.first + 1));
        tl_error("events are missing", TL_T("producer", tl_id_str(&gap.producer)),
                 TL_T("boot", tl_id_str(&gap.boot)), TL_I("first", gap.first),
                 TL_I("last", gap.last));
        if (analytics_wire_emit_gap(h->events, &gap))
            tl_warn("gap not published", TL_T("producer", tl_id_str(&gap.producer)));
    }
}

static void publish(struct analytics_handlers *h, tl_time now)
{
    struct tl_buf out = TL_BUF(TL_PB_MAX);
    int err = analytics_wire_board(&out, h->board, now);

    if (!err)
        err = tl_bus_publish(h->bus, "tl.analytics.board", out.p ? out.p : "", out.n);
    if (!err) {
        h->published_version = analytics_board_version(h->board);
        h->published_at = tl_clock_mono();
    } else if (err != -EAGAIN && tl_log_allow("board")) {
        tl_warn("board not published", TL_E(err));
    }
    tl_buf_done(&out);
}

static void on_tick(void *arg)
{
    struct analytics_handlers *h = arg;
    tl_time now = tl_clock_wall(), midnight = analytics_midnight(now);

    if (midnight != h->day) {
        h->day = midnight;
        analytics_board_day(h->board, midnight);
    }
    analytics_board_tick(h->board, now);
    report_gaps(h, now);
    if (analytics_board_version(h->board) != h->published_version ||
        tl_clock_mono() - h->published_at >= BOARD_IDLE - TICK / 2)
        publish(h, now);
}

/* ---- start and stop ------------------------------------------------------------------------- */

static void on_deleted(void *arg, const struct tl_reply *r);

/* The next consumer begins at the oldest event only where there is no old one, so this is asked
 * until it is answered. */
static void delete_old(void *arg)
{
    struct analytics_handlers *h = arg;

    h->asked = !tl_bus_request(h->bus, "$JS.API.CONSUMER.DELETE.EVENTS." DURABLE, "", 0, TL_SEC(1),
                               3, on_deleted, h);
    if (!h->asked)
        tl_timer_start(h->start, TL_SEC(1));
}

/* Gone, or it never was. */
static void on_deleted(void *arg, const struct tl_reply *r)
{
    struct analytics_handlers *h = arg;
    const struct tl_consume_opts o = {
        .stream = "EVENTS", .durable = DURABLE, .batch = 1024, .no_ack = true};

    h->asked = false;
    if (h->freed)
        tl_free(h);
    else if (r->err || tl_bus_consume(&h->consumer, h->bus, &o, on_delivery, h))
        tl_timer_start(h->start, TL_SEC(1));
}

/* Everything from the beginning: what a lost connection had under way is lost to its consumer. */
static int begin_anew(struct analytics_handlers *h)
{
    struct analytics_board *board = NULL;
    struct analytics_gaps *gaps = NULL;
    struct tl_seen *seen = NULL;
    int err = analytics_board_new(&board);

    if (!err)
        err = analytics_gaps_new(&gaps);
    if (!err)
        err = tl_seen_new(&seen, WINDOW);
    if (err) {
        analytics_board_free(board);
        analytics_gaps_free(gaps);
        return err;
    }
    analytics_board_free(h->board);
    analytics_gaps_free(h->gaps);
    tl_seen_free(h->seen);
    h->board = board;
    h->gaps = gaps;
    h->seen = seen;
    h->day = analytics_midnight(tl_clock_wall());
    analytics_board_day(board, h->day);
    return 0;
}

static void on_connect(void *arg)
{
    struct analytics_handlers *h = arg;

    if (h->asked)
        return;
    h->consumer = tl_consumer_free(h->consumer);
    if (begin_anew(h) && tl_log_allow("board"))
        tl_warn("no memory to rebuild the board: it may miss what happened meanwhile");
    tl_timer_stop(h->start);
    delete_old(h);
}

static int open_all(struct analytics_handlers *h)
{
    int err = begin_anew(h);

    if (!err)
        err = tl_timer_new(&h->tick, h->loop, on_tick, h);
    if (!err)
        err = tl_timer_new(&h->start, h->loop, delete_old, h);
    if (!err)
        err = tl_bus_subscribe(&h->supply, h->bus, "tl.acd.supply", NULL, on_supply, h);
    return err;
}

int analytics_handlers_new(struct analytics_handlers **ret, struct tl_loop *loop,
                           struct tl_bus *bus, struct tl_events *events)
{
    struct analytics_handlers *h = tl_alloc(1, sizeof(*h));
    int err;

    if (!h)
        return -ENOMEM;
    h->loop = loop;
    h->bus = bus;
    h->events = events;
    h->facts = tl_counter("tl_analytics_events_total", NULL, "events read for the board");
    h->found = tl_counter("tl_analytics_missing_events_total", NULL, "holes in producers' numbers");
    h->behind = tl_gauge("tl_analytics_board_age_seconds", NULL, "age of the newest event read");
    err = open_all(h);
    if (err) {
        analytics_handlers_free(h);
        return err;
    }
    tl_timer_every(h->tick, TICK);
    tl_bus_on_connect(bus, on_connect, h);
    *ret = h;
    return 0;
}

struct analytics_handlers *analytics_handlers_free(struct analytics_handlers *h)
{
    if (!h)
        return NULL;
    tl_timer_free(h->tick);
    tl_timer_free(h->start);
    tl_consumer_free(h->consumer);
    tl_sub_free(h->supply);
    tl_seen_free(h->seen);
    analytics_gaps_free(h->gaps);
    analytics_board_free(h->board);
    h->freed = true;
    if (!h->asked) /* else the answer frees it */
        tl_free(h);
    return NULL;
}

const struct analytics_board *analytics_handlers_board(const struct analytics_handlers *h)
{
    return h->board;
}
