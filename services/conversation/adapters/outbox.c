#include "adapters/outbox.h"

#include "wire.h"
#include <stdio.h>
#include <tl_events.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>

#define BATCH      64
#define LOOK_EVERY TL_MSEC(250) /* other replicas commit, too */

/** One batch at a time: read, store each, then forget them together. */
struct outbox {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct store *store;
    struct tl_timer *timer;
    bool busy, kicked, empty;
    struct outbox_row rows[BATCH];
    struct tl_buf payloads[BATCH];
    int n, at;
    uint64_t stored; /**< seq that JetStream has */
};

static void look(struct outbox *o);
static void send(struct outbox *o);

/** Free for the next look; at once when somebody has asked meanwhile. */
static void rest(struct outbox *o, bool more)
{
    o->busy = false;
    if (more || o->kicked)
        look(o);
}

static void forgotten(void *arg, int err)
{
    struct outbox *o = arg;

    rest(o, !err); /* on an error they come again and JetStream drops the repeats */
}

static void forget(struct outbox *o)
{
    if (!o->stored || o->store->ops->sent(o->store, o->stored, forgotten, o))
        rest(o, false);
}

static void stored(void *arg, int err)
{
    struct outbox *o = arg;

    if (err) {
        if (tl_log_allow("outbox"))
            tl_warn("event waits in the outbox", TL_S("event_id", o->rows[o->at].id.s), TL_E(err));
        forget(o);
        return;
    }
    o->stored = o->rows[o->at].seq;
    o->at++;
    tl_metric_add(tl_counter("tl_conversation_events_total", NULL, "events stored in JetStream"),
                  1);
    send(o);
}

static void send(struct outbox *o)
{
    const struct outbox_row *r = &o->rows[o->at];
    struct tl_buf m = TL_BUF(256 * 1024);
    char subject[160];
    const char *type = NULL;
    struct tl_event_head head;
    int err;

    if (o->at >= o->n) {
        forget(o);
        return;
    }
    err = wire_numbered(r, &m, &type);
    if (!err) {
        (void)snprintf(subject, sizeof subject, "tl.events.conversation.%s.%s", r->name,
                       r->thread.s);
        head = (struct tl_event_head){.event_id = r->id.s,
                                      .type = type,
                                      .source = "conversation",
                                      .subject = r->thread.s,
                                      .contact_id = r->contact.s,
                                      .occurred_at = r->at};
        err = tl_event_send(o->bus, subject, &head, m.p, m.n, stored, o);
    }
    tl_buf_done(&m);
    if (err == -EBADMSG) { /* our own writing: cannot happen, but must not block what follows */
        tl_error("event in the outbox is junk", TL_S("event_id", r->id.s));
        stored(o, 0);
    } else if (err) {
        forget(o);
    }
}

static void read(void *arg, int err, const struct outbox_row *rows, int n)
{
    struct outbox *o = arg;

    o->n = o->at = 0;
    o->stored = 0;
    for (int i = 0; !err && i < n && i < BATCH; i++) {
        tl_buf_clear(&o->payloads[i]);
        err = tl_buf_add(&o->payloads[i], rows[i].payload.s, rows[i].payload.n);
        o->rows[i] = rows[i];
        o->rows[i].payload = tl_buf_str(&o->payloads[i]);
        o->n += !err;
    }
    o->empty = !n;
    if (o->n)
        send(o);
    else
        rest(o, false);
}

static void look(struct outbox *o)
{
    o->kicked = false;
    if (o->busy) {
        o->kicked = true;
        return;
    }
    if (!o->store->ops->leads(o->store) || !tl_bus_ready(o->bus))
        return;
    o->busy = true;
    if (o->store->ops->outbox(o->store, BATCH, read, o))
        o->busy = false;
}

static void on_timer(void *arg)
{
    look(arg);
}

void outbox_kick(struct outbox *o)
{
    o->empty = false;
    look(o);
}

bool outbox_idle(const struct outbox *o)
{
    return !o->busy && (o->empty || !o->store->ops->leads(o->store));
}

int outbox_new(struct outbox **ret, struct tl_loop *loop, struct tl_bus *bus, struct store *store)
{
    struct outbox *o = tl_alloc(1, sizeof *o);
    int err = o ? 0 : -ENOMEM;

    if (err)
        goto out;
    o->loop = loop;
    o->bus = bus;
    o->store = store;
    for (int i = 0; i < BATCH; i++)
        o->payloads[i] = TL_BUF(64 * 1024);
    err = tl_timer_new(&o->timer, loop, on_timer, o);
    if (err)
        goto out;
    tl_timer_every(o->timer, LOOK_EVERY);
    *ret = o;
    o = NULL;
out:
    outbox_free(o);
    return err;
}

struct outbox *outbox_free(struct outbox *o)
{
    if (o) {
        tl_timer_free(o->timer);
        for (int i = 0; i < BATCH; i++)
            tl_buf_done(&o->payloads[i]);
    }
    return tl_free(o);
}
