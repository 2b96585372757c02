/* What comes over the bus (GetVisit from conversation, the ACD's supply), and the life of it all.
 */
#include "tracker.h"

#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>

#include "wire.h"

static void let_go(struct clickstream_handlers *h)
{
    if (h->busy || !h->over)
        return;
    tl_map_done(&h->at_work);
    tl_free(h);
}

void tracker_begins(struct clickstream_handlers *h)
{
    h->busy++;
}

void tracker_ends(struct clickstream_handlers *h)
{
    h->busy--;
    let_go(h);
}

/* ---- GetVisit and the supply ---------------------------------------------------------------- */

struct get_visit {
    struct clickstream_handlers *h;
    struct tl_id visit;
    char reply[256];
};

static void on_visit_loaded(void *arg, int err, const struct clickstream_record *r)
{
    struct get_visit *g = arg;
    struct clickstream_handlers *h = g->h;
    struct clickstream_visit *v = NULL;
    struct tl_buf out = TL_BUF(TL_PB_MAX);

    if (h->over)
        err = -ECANCELED;
    if (!err)
        err = clickstream_wire_get_visit(&v, r->visit);
    if (!err && v && tl_id_eq(&v->id, &g->visit))
        err = clickstream_wire_get_visit_response(&out, v);
    else if (!err)
        err = -ENOENT;
    /* A reply that cannot go out is a time-out for who asked: the contact goes on without it. */
    if (!err)
        (void)tl_bus_reply(h->bus, g->reply, out.p ? out.p : "", out.n);
    else if (err == -ENOENT)
        (void)tl_bus_refuse(h->bus, g->reply, 404, "no such visit of this visitor");
    else
        (void)tl_bus_refuse(h->bus, g->reply, 503, "visits cannot be read now");
    clickstream_visit_free(v);
    tl_buf_done(&out);
    tl_free(g);
    tracker_ends(h);
}

static void on_get_visit(void *arg, const struct tl_msg *m)
{
    struct clickstream_handlers *h = arg;
    struct get_visit *g = NULL;
    struct tl_id visitor;
    int err;

    if (!m->reply)
        return;
    g = tl_alloc(1, sizeof(*g));
    if (!g)
        return; /* asked again */
    g->h = h;
    tracker_begins(h);
    tl_str_put(g->reply, sizeof(g->reply), tl_str(m->reply));
    err = clickstream_wire_get_visit_request(&g->visit, &visitor, m->data, m->n);
    if (err) {
        tl_bad_input("nats", "get_visit");
        (void)tl_bus_refuse(h->bus, m->reply, 400, "malformed"); /* as above */
    } else {
        err = clickstream_store_load(h->store, &visitor, on_visit_loaded, g);
        if (err)
            (void)tl_bus_refuse(h->bus, m->reply, 503, "visits cannot be read now");
    }
    if (err) {
        tl_free(g);
        tracker_ends(h);
    }
}

static void on_supply(void *arg, const struct tl_msg *m)
{
    struct clickstream_handlers *h = arg;

    if (clickstream_wire_supply(&h->supply, h->rules, m->data, m->n))
        tl_bad_input("nats", "supply");
    else
        h->supply.at = tl_clock_wall();
}

int clickstream_handlers_new(struct clickstream_handlers **ret, struct tl_loop *loop,
                             struct tl_bus *bus, struct tl_events *events,
                             struct clickstream_store *store,
                             const struct clickstream_settings *settings)
{
    struct clickstream_handlers *h = tl_alloc(1, sizeof(*h));
    uint64_t seed;
    int err;

    if (!h)
        return -ENOMEM;
    tl_random(&seed, sizeof(seed));
    h->at_work = TL_MAP(seed);
    h->loop = loop;
    h->bus = bus;
    h->events = events;
    h->store = store;
    h->set = *settings;
    h->seconds = tl_histogram("tl_clickstream_collect_seconds", NULL, "request to answer");
    h->conflicts = tl_counter("tl_clickstream_save_conflicts_total", NULL,
                              "two requests of one visitor overlapped");
    h->lost_saves = tl_counter("tl_clickstream_saves_lost_total", NULL,
                               "a visit could not be saved after its answer");
    err = tl_limiter_new(&h->by_visitor, settings->visitor_rate, settings->visitor_burst, seed);
    if (!err)
        err = tl_limiter_new(&h->by_peer, settings->peer_rate, settings->peer_burst, ~seed);
    if (!err)
        err = tl_bus_subscribe(&h->supply_sub, bus, "tl.acd.supply", NULL, on_supply, h);
    if (!err)
        err = tl_bus_subscribe(&h->visit_sub, bus, "tl.cmd.clickstream.get_visit", "clickstream",
                               on_get_visit, h);
    if (err) {
        clickstream_handlers_free(h);
        return err;
    }
    *ret = h;
    return 0;
}

struct clickstream_handlers *clickstream_handlers_free(struct clickstream_handlers *h)
{
    if (!h)
        return NULL;
    tl_sub_free(h->supply_sub);
    tl_sub_free(h->visit_sub);
    tl_limiter_free(h->by_visitor);
    tl_limiter_free(h->by_peer);
    h->rules = tl_free(h->rules);
    h->over = true;
    let_go(h); /* else the last request under way does */
    return NULL;
}

void clickstream_handlers_rules(struct clickstream_handlers *h, struct clickstream_rules *rules)
{
    tl_free(h->rules);
    h->rules = rules;
}

size_t clickstream_handlers_busy(const struct clickstream_handlers *h)
{
    return h->busy;
}
