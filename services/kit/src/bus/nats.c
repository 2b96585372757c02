/*
 * Subscriptions and publishes over one connection.  Subscriptions are kept here and said again at
 * every (re)connection, so they may be asked for at any time.
 *
 * Traps that this file closes: publishes while the server is away are refused instead of being
 * buffered and sent behind the caller's back; a message for a subscription that was freed a moment
 * ago finds nobody, even when its place has a new owner.
 */
#include "nats.h"

#include "nats_link.h"

#include <string.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>

enum { PLACE_BITS = 24 };

struct nats_sub {
    struct tl_sub sub;
    uint64_t sid;  /* place in the table and, above it, which owner of the place */
    bool any_size; /* also larger than the bus allows: its owner deals with them */
    tl_msg_fn *fn;
    void *arg;
    char *subject, *queue;
};

struct nats_bus {
    struct tl_bus bus;
    struct nats_link *link;
    struct nats_sub **subs; /* by place; NULL: free */
    size_t n_subs;
    uint64_t made;
    struct {
        tl_fn *done;
        void *arg;
        uint64_t pong; /* when this many have come, everything before is out */
        struct tl_timer *limit;
    } drain;
};

/* ---- subscriptions --------------------------------------------------------------------------- */

static struct nats_sub *find(const struct nats_bus *nb, uint64_t sid)
{
    size_t place = sid & ((UINT64_C(1) << PLACE_BITS) - 1);
    struct nats_sub *s = place < nb->n_subs ? nb->subs[place] : NULL;

    return s && s->sid == sid ? s : NULL;
}

static int take_place(struct nats_bus *nb, struct nats_sub *s)
{
    size_t place = 0, n = nb->n_subs ? nb->n_subs * 2 : 16;
    struct nats_sub **more;

    while (place < nb->n_subs && nb->subs[place])
        place++;
    if (place == nb->n_subs) {
        more = n >> PLACE_BITS ? NULL : tl_resize(nb->subs, n, sizeof(*more));
        if (!more)
            return -ENOMEM;
        memset(more + nb->n_subs, 0, (n - nb->n_subs) * sizeof(*more));
        nb->subs = more;
        nb->n_subs = n;
    }
    nb->subs[place] = s;
    s->sid = ++nb->made << PLACE_BITS | place;
    return 0;
}

static int announce(struct nats_bus *nb, const struct nats_sub *s)
{
    int err = nats_write_sub(&nb->link->out, s->subject, s->queue, s->sid);

    if (!err)
        nats_link_wrote(nb->link);
    return err;
}

static void sub_drop(struct nats_sub *s)
{
    tl_free(s->subject);
    tl_free(s->queue);
    tl_free(s);
}

int nats_subscribe(struct tl_sub **ret, struct tl_bus *bus, const char *subject, const char *queue,
                   bool any_size, tl_msg_fn *fn, void *arg)
{
    struct nats_bus *nb = (struct nats_bus *)bus;
    struct nats_sub *s;
    int err = -ENOMEM;

    if (!nats_subject_ok(subject) || (queue && !nats_subject_ok(queue)))
        return -EINVAL;
    s = tl_alloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    s->sub.bus = bus;
    s->any_size = any_size;
    s->fn = fn;
    s->arg = arg;
    s->subject = tl_copy(subject, strlen(subject));
    s->queue = queue ? tl_copy(queue, strlen(queue)) : NULL;
    if (s->subject && (s->queue || !queue))
        err = take_place(nb, s);
    if (err) {
        sub_drop(s);
        return err;
    }
    if (nats_link_up(nb->link))
        err = announce(nb, s);
    if (err) {
        tl_sub_free(&s->sub);
        return err == -EMSGSIZE ? -EAGAIN : err;
    }
    if (ret)
        *ret = &s->sub;
    return 0;
}

static int subscribe(struct tl_sub **ret, struct tl_bus *bus, const char *subject,
                     const char *queue, tl_msg_fn *fn, void *arg)
{
    return nats_subscribe(ret, bus, subject, queue, false, fn, arg);
}

static void sub_free(struct tl_sub *sub)
{
    struct nats_sub *s = (struct nats_sub *)sub;
    struct nats_bus *nb = (struct nats_bus *)sub->bus;

    nb->subs[s->sid & ((UINT64_C(1) << PLACE_BITS) - 1)] = NULL;
    if (nats_link_up(nb->link) && nats_write_unsub(&nb->link->out, s->sid) == 0)
        nats_link_wrote(nb->link); /* without memory its messages find nobody here */
    sub_drop(s);
}

/* ---- what the connection tells -----------------------------------------------------------------
 */

static void on_msg(void *arg, uint64_t sid, const struct tl_msg *m)
{
    struct nats_bus *nb = arg;
    struct nats_sub *s = find(nb, sid);

    if (!s)
        return;
    if (m->n <= nb->bus.message_max || s->any_size) {
        s->fn(s->arg, m);
        return;
    }
    tl_bad_input("bus", "oversize");
    (void)tl_bus_refuse(&nb->bus, m->reply, 413, "too large"); /* lost: whoever asked asks again */
}

static void drained(struct nats_bus *nb)
{
    tl_fn *done = nb->drain.done;

    nb->drain.limit = tl_timer_free(nb->drain.limit);
    nb->drain.done = NULL;
    if (done)
        done(nb->drain.arg);
}

static void on_up(void *arg)
{
    struct nats_bus *nb = arg;

    for (size_t i = 0; i < nb->n_subs; i++)
        if (nb->subs[i] && announce(nb, nb->subs[i]) && tl_log_allow("nats subscribe"))
            tl_error("out of memory: a subscription waits for the next connection");
    bus_connected(&nb->bus);
}

static void on_down(void *arg)
{
    drained(arg);
}

static void on_pong(void *arg)
{
    struct nats_bus *nb = arg;

    if (nb->drain.done && nb->link->pongs >= nb->drain.pong)
        drained(nb);
}

static void on_gone(void *arg)
{
    struct nats_bus *nb = arg;

    tl_free(nb->subs);
    tl_free(nb);
}

static const struct nats_link_ops link_ops = {
    .up = on_up, .down = on_down, .pong = on_pong, .msg = on_msg, .gone = on_gone};

/* ---- the bus ------------------------------------------------------------------------------------
 */

static bool ready(const struct tl_bus *bus)
{
    return nats_link_up(((const struct nats_bus *)bus)->link);
}

static int publish(struct tl_bus *bus, const char *subject, const char *reply,
                   const struct tl_header *headers, size_t n_headers, const void *data, size_t n)
{
    struct nats_link *l = ((struct nats_bus *)bus)->link;
    int err;

    if (!nats_link_up(l))
        return -EAGAIN;
    if (n + nats_headers_size(headers, n_headers) > l->payload_max)
        return -EMSGSIZE;
    err = nats_write_pub(&l->out, subject, reply, headers, n_headers, data, n);
    if (!err)
        nats_link_wrote(l);
    return err == -EMSGSIZE ? -EAGAIN : err; /* the server is far behind */
}

static void on_limit(void *arg)
{
    drained(arg);
}

/* No more commands; our inboxes stay, for the answers and acknowledgements that are on their way.
 * The pong comes behind everything that was sent to us before. */
static void drain(struct tl_bus *bus, tl_fn *done, void *arg)
{
    struct nats_bus *nb = (struct nats_bus *)bus;

    if (!nats_link_up(nb->link) || nb->drain.limit ||
        tl_timer_new(&nb->drain.limit, bus->loop, on_limit, nb)) {
        done(arg);
        return;
    }
    nb->drain.done = done;
    nb->drain.arg = arg;
    for (size_t i = 0; i < nb->n_subs; i++)
        if (nb->subs[i] && !tl_str_starts(tl_str(nb->subs[i]->subject), tl_str(bus->inbox)))
            (void)nats_write_unsub(&nb->link->out,
                                   nb->subs[i]->sid); /* then the end is a crash's */
    nb->drain.pong = nats_link_ping(nb->link);
    tl_timer_start(nb->drain.limit, TL_SEC(1));
}

static void close_bus(struct tl_bus *bus)
{
    struct nats_bus *nb = (struct nats_bus *)bus;

    bus->n_on_connect = 0;
    nb->drain.limit = tl_timer_free(nb->drain.limit);
    for (size_t i = 0; i < nb->n_subs; i++)
        if (nb->subs[i])
            sub_drop(nb->subs[i]);
    nb->n_subs = 0;
    nats_link_free(nb->link); /* its last word frees the bus */
}

static const struct bus_ops nats_ops = {
    .close = close_bus,
    .ready = ready,
    .drain = drain,
    .publish = publish,
    .subscribe = subscribe,
    .sub_free = sub_free,
    .consume = nats_consume,
    .consumer_free = nats_consumer_free,
    .ack = nats_ack,
    .retry = nats_retry,
    .poison = nats_poison,
};

int tl_bus_open(struct tl_bus **ret, struct tl_loop *loop, const struct tl_bus_opts *opts)
{
    struct nats_bus *nb = tl_alloc(1, sizeof(*nb));
    int err;

    if (!nb)
        return -ENOMEM;
    bus_init(&nb->bus, &nats_ops, loop, opts->name);
    if (opts->message_max)
        nb->bus.message_max = opts->message_max;
    err = nats_link_new(&nb->link, loop, opts, &link_ops, nb);
    if (err) {
        if (nb->link)
            nats_link_free(nb->link);
        else
            tl_free(nb);
        return err;
    }
    *ret = &nb->bus;
    return 0;
}
