/*
 * Which sessions are nowhere?  The conversation service asks, so that nobody waits for a customer
 * whose browser and gateway are both gone.  Saying "unknown" of a session that lives would hang up
 * on somebody: when in doubt the question is refused, and asked again later.
 */
#include "gateway.h"
#include <tl_clock.h>
#include <tl_mem.h>

_Static_assert(WIRE_UNKNOWN_MAX <= STORE_ASK_MAX, "one question to the store");

struct check {
    struct gateway *g;
    struct tl_id *ids; /* those that are not here */
    size_t n;
    char reply[200];
};

static struct check *check_free(struct check *c)
{
    if (c)
        tl_free(c->ids);
    return tl_free(c);
}

/* The store was away or empty a moment ago: gateways may still be writing their records again. */
static bool in_doubt(const struct gateway *g)
{
    return g->stopping || !g->beaten || g->saving || tl_clock_mono() < g->may_adopt;
}

static void answer(const struct check *c)
{
    struct gateway *g = c->g;

    tl_buf_clear(&g->request);
    if (wire_unknown(c->ids, c->n, &g->request))
        (void)tl_bus_refuse(g->o.bus, c->reply, 503, "out of memory"); /* else it times out */
    else
        (void)tl_bus_reply(g->o.bus, c->reply, g->request.p, g->request.n); /* likewise */
}

static void on_exist(void *arg, int err, const bool *there)
{
    struct check *c = arg;
    struct gateway *g = c->g;
    size_t kept = 0;

    if (gateway_hears(g)) {
        for (size_t i = 0; !err && i < c->n; i++)
            if (!there[i] && !sessions_find(g->sessions, tl_id_str(&c->ids[i])))
                c->ids[kept++] = c->ids[i];
        c->n = kept;
        if (err || in_doubt(g))
            (void)tl_bus_refuse(g->o.bus, c->reply, 503, "the store is away"); /* or times out */
        else
            answer(c);
    }
    check_free(c);
}

static void leave_out_ours(struct check *c)
{
    size_t kept = 0;

    for (size_t i = 0; i < c->n; i++)
        if (!sessions_find(c->g->sessions, tl_id_str(&c->ids[i])))
            c->ids[kept++] = c->ids[i];
    c->n = kept;
}

void known_asked(void *arg, const struct tl_msg *m)
{
    struct gateway *g = arg;
    struct check *c = tl_alloc(1, sizeof(*c));
    int err = c ? wire_list_unknown_read(m->data, m->n, &c->ids, &c->n) : -ENOMEM;

    if (err == -EBADMSG)
        tl_bad_input("nats", "list_unknown");
    if (!err && (!m->reply || !tl_str_put(c->reply, sizeof(c->reply), tl_str(m->reply))))
        err = -EBADMSG;
    if (!err && in_doubt(g))
        err = -EAGAIN;
    if (!err) {
        c->g = g;
        leave_out_ours(c);
        if (c->n) {
            err = g->o.store->ops->exist(g->o.store, c->ids, c->n, on_exist, c);
            if (!err) {
                gateway_asks(g);
                return;
            }
        } else {
            answer(c);
        }
    }
    if (err)
        (void)tl_bus_refuse(g->o.bus, m->reply, err == -EBADMSG ? 400 : 503,
                            err == -EBADMSG ? "cannot be read" : "the store is away");
    check_free(c);
}
