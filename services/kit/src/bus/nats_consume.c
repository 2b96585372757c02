/*
 * JetStream pull consumers without blocking: ask for a batch, take what comes, ask again.
 *
 * Each consumer has one inbox.  A pull ends when its batch is complete, when the server says so
 * (status 404, 408, 409), or when nothing was heard of it for longer than it lives (the answer was
 * lost with a connection). A delivery keeps its message until it is acknowledged, so that poison
 * can be copied to the dead letters.
 */
#include "nats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tl_list.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>

#define PULL_LIFE TL_SEC(5)

struct consumer {
    struct tl_consumer c;
    struct nats_bus *nb;
    struct nats_sub *sub;
    struct tl_timer *watchdog;
    struct tl_timer *make_again; /* while the stream or its server is away */
    struct tl_list unacked;
    char *stream, *durable, *filter;
    struct tl_consume_opts opts;
    tl_delivery_fn *fn;
    void *arg;
    char inbox[160];
    int open;     /* messages the running pull may still bring */
    bool made;    /* the server knows the durable */
    bool closing; /* freed by its user; waits for its last store */
    int stores;   /* dead letters on their way */
};

struct delivery {
    struct tl_link link;
    struct consumer *owner;
    natsMsg *msg;
    uint64_t deliveries;
    bool storing; /* a dead letter on its way */
    char reason[64];
};

static void make_consumer(void *arg);

static void consumer_release(struct consumer *c)
{
    if (c->stores)
        return;
    tl_free(c->stream);
    tl_free(c->durable);
    tl_free(c->filter);
    tl_free(c);
}

static void delivery_drop(struct delivery *d)
{
    struct consumer *c = d->owner;

    tl_list_remove(&c->unacked, &d->link);
    natsMsg_Destroy(d->msg);
    tl_free(d);
}

static void send_ack(struct delivery *d, const char *text)
{
    const char *reply = natsMsg_GetReply(d->msg);

    /* Lost with a connection: the message comes again, and consumers are idempotent. */
    if (reply && !d->owner->opts.no_ack)
        (void)tl_bus_publish(&d->owner->nb->bus, reply, text, strlen(text));
}

static void pull(struct consumer *c)
{
    char subject[200], body[80];
    int err;

    if (c->closing || !c->made || c->open > 0)
        return;
    snprintf(subject, sizeof(subject), "$JS.API.CONSUMER.MSG.NEXT.%s.%s", c->stream, c->durable);
    snprintf(body, sizeof(body), "{\"batch\":%d,\"expires\":%lld}", c->opts.batch,
             (long long)PULL_LIFE * 1000);
    err = c->nb->bus.ops->publish(&c->nb->bus, subject, c->inbox, NULL, 0, body, strlen(body));
    if (!err)
        c->open = c->opts.batch;
    tl_timer_start(c->watchdog, err ? TL_MSEC(250) : PULL_LIFE + TL_SEC(1));
}

static void on_watchdog(void *arg)
{
    struct consumer *c = arg;

    c->open = 0;
    pull(c);
}

/* "$JS.ACK.<stream>.<durable>.<deliveries>.<stream seq>...."; newer servers put two tokens in
 * front. */
static void read_ack_subject(const char *reply, struct tl_msg *m)
{
    struct tl_str rest = tl_str(reply), part;
    struct tl_str parts[12];
    size_t n = 0, first;
    int64_t number;

    while (n < TL_LEN(parts) && tl_str_split(&rest, '.', &part))
        parts[n++] = part;
    first = n >= 11 ? 6 : 4;
    if (n < first + 2)
        return;
    if (!tl_str_int(parts[first], 0, INT64_MAX, &number))
        m->deliveries = (uint64_t)number;
    if (!tl_str_int(parts[first + 1], 0, INT64_MAX, &number))
        m->stream_seq = (uint64_t)number;
}

static bool is_status(const struct tl_msg *m)
{
    return m->n == 0 && !m->reply && tl_msg_header(m, "Status") != NULL;
}

static void on_raw(void *arg, natsMsg *msg)
{
    struct consumer *c = arg;
    struct tl_header headers[32];
    struct delivery *d;
    struct tl_msg m;

    nats_describe(&m, msg, headers, TL_LEN(headers));
    if (is_status(&m)) {
        const char *status = tl_msg_header(&m, "Status");

        if (strncmp(status, "100", 3) != 0) { /* 100 is a heartbeat; others end the pull */
            c->open = 0;
            tl_timer_start(c->watchdog, TL_MSEC(strncmp(status, "503", 3) == 0 ? 500 : 1));
        }
        natsMsg_Destroy(msg); /* status is inside */
        return;
    }
    d = tl_alloc(1, sizeof(*d));
    if (!d) {
        natsMsg_Destroy(msg); /* comes again after ack_wait */
        return;
    }
    d->owner = c;
    d->msg = msg;
    tl_list_append(&c->unacked, &d->link);
    read_ack_subject(m.reply, &m);
    d->deliveries = m.deliveries;
    if (--c->open <= 0)
        pull(c);
    if (m.n > c->nb->bus.message_max) {
        tl_bad_input("bus", "oversize");
        nats_poison(&c->c, (uint64_t)(uintptr_t)d, "oversize");
    } else {
        c->fn(c->arg, &m, (uint64_t)(uintptr_t)d);
    }
}

void nats_ack(struct tl_consumer *tc, uint64_t token)
{
    struct delivery *d = (struct delivery *)(uintptr_t)token;

    TL_UNUSED(tc);
    send_ack(d, "+ACK");
    delivery_drop(d);
}

void nats_retry(struct tl_consumer *tc, uint64_t token)
{
    struct consumer *c = (struct consumer *)tc;
    struct delivery *d = (struct delivery *)(uintptr_t)token;

    if (d->deliveries >= (uint64_t)c->opts.max_deliver) {
        nats_poison(tc, token, "too many deliveries");
        return;
    }
    send_ack(d, "-NAK {\"delay\": 1000000000}");
    delivery_drop(d);
}

static void dead_letter_stored(void *arg, int err)
{
    struct delivery *d = arg;
    struct consumer *c = d->owner;

    c->stores--;
    if (!err)
        send_ack(d, "+TERM"); /* else it comes again and is judged again */
    delivery_drop(d);
    if (c->closing)
        consumer_release(c);
}

void nats_poison(struct tl_consumer *tc, uint64_t token, const char *reason)
{
    struct consumer *c = (struct consumer *)tc;
    struct delivery *d = (struct delivery *)(uintptr_t)token;
    struct tl_header headers[33] = {{"Tl-Reason", d->reason}};
    struct tl_header old[32];
    char subject[300], id[160];
    struct tl_msg m;
    size_t n = 1;

    tl_str_put(d->reason, sizeof(d->reason), tl_str(reason));
    nats_describe(&m, d->msg, old, TL_LEN(old));
    for (size_t i = 0; i < m.n_headers && n < 20; i++)
        if (strncmp(old[i].name, "Nats-", 5) != 0)
            headers[n++] = old[i];
    read_ack_subject(m.reply ? m.reply : "", &m);
    snprintf(subject, sizeof(subject), "tl.dlq.%.*s", (int)TL_LOWER(m.subject.n, 250), m.subject.s);
    snprintf(id, sizeof(id), "dlq.%s.%s.%llu", c->stream, c->durable,
             (unsigned long long)m.stream_seq);
    tl_metric_add(
        tl_counter("tl_bus_dead_letters_total", NULL, "messages given up and kept in tl.dlq"), 1);
    if (tl_log_allow("dead letter"))
        tl_warn("message is poison: moved to the dead letters", TL_T("subject", m.subject),
                TL_S("reason", d->reason));
    c->stores++;
    d->storing = true;
    if (tl_bus_store(&c->nb->bus, subject, id, headers, n, m.data,
                     TL_LOWER(m.n, c->nb->bus.message_max), dead_letter_stored, d))
        dead_letter_stored(d, -ENOMEM);
}

static void made_reply(void *arg, const struct tl_reply *r)
{
    struct consumer *c = arg;

    c->stores--;
    if (c->closing) {
        consumer_release(c);
        return;
    }
    c->made = !r->err && r->n && !memmem(r->data, r->n, "\"error\"", 7);
    if (!c->made) {
        if (tl_log_allow("consumer refused"))
            tl_warn("stream is not ready: trying again", TL_S("stream", c->stream),
                    TL_S("durable", c->durable), TL_E(r->err ? r->err : -EIO));
        tl_timer_start(c->make_again, TL_SEC(1));
        return;
    }
    c->open = 0;
    pull(c);
}

static void make_consumer(void *arg)
{
    struct consumer *c = arg;
    char subject[200], body[900];
    int n;

    if (c->stores)
        return; /* one attempt at a time */
    snprintf(subject, sizeof(subject), "$JS.API.CONSUMER.DURABLE.CREATE.%s.%s", c->stream,
             c->durable);
    n = snprintf(body, sizeof(body),
                 "{\"stream_name\":\"%s\",\"config\":{\"durable_name\":\"%s\","
                 "\"deliver_policy\":\"all\",\"max_deliver\":-1",
                 c->stream, c->durable);
    if (c->opts.no_ack)
        n += snprintf(body + n, sizeof(body) - (size_t)n, ",\"ack_policy\":\"none\"");
    else
        n += snprintf(body + n, sizeof(body) - (size_t)n,
                      ",\"ack_policy\":\"explicit\",\"ack_wait\":%lld,\"max_ack_pending\":%d",
                      (long long)c->opts.ack_wait * 1000, c->opts.batch * 4);
    if (c->filter)
        n += snprintf(body + n, sizeof(body) - (size_t)n, ",\"filter_subject\":\"%s\"", c->filter);
    snprintf(body + n, sizeof(body) - (size_t)n, "}}");
    c->stores++;
    if (tl_bus_request(&c->nb->bus, subject, body, strlen(body), TL_SEC(2), 1, made_reply, c)) {
        c->stores--;
        tl_timer_start(c->make_again, TL_SEC(1));
    }
}

static void on_connected(void *arg)
{
    struct consumer *c = arg;

    if (c->made)
        on_watchdog(c); /* the pull died with the old connection */
    else
        make_consumer(c);
}

int nats_consume(struct tl_consumer **ret, struct tl_bus *bus, const struct tl_consume_opts *opts,
                 tl_delivery_fn *fn, void *arg)
{
    struct nats_bus *nb = (struct nats_bus *)bus;
    struct consumer *c = tl_alloc(1, sizeof(*c));
    int err = -ENOMEM;

    if (!c)
        return -ENOMEM;
    c->c.bus = bus;
    c->nb = nb;
    c->opts = *opts;
    c->fn = fn;
    c->arg = arg;
    tl_list_init(&c->unacked);
    c->stream = tl_copy(opts->stream, strlen(opts->stream));
    c->durable = tl_copy(opts->durable, strlen(opts->durable));
    c->filter = opts->filter ? tl_copy(opts->filter, strlen(opts->filter)) : NULL;
    snprintf(c->inbox, sizeof(c->inbox), "%s.pull.%s", bus->inbox, opts->durable);
    if (c->stream && c->durable && (c->filter || !opts->filter) &&
        !tl_timer_new(&c->watchdog, bus->loop, on_watchdog, c) &&
        !tl_timer_new(&c->make_again, bus->loop, make_consumer, c))
        err = nats_subscribe(&c->sub, nb, c->inbox, NULL);
    if (err) {
        tl_timer_free(c->watchdog);
        tl_timer_free(c->make_again);
        consumer_release(c);
        return err;
    }
    c->sub->raw = on_raw;
    c->sub->arg = c;
    *ret = &c->c;
    tl_bus_on_connect(bus, on_connected, c);
    return 0;
}

void nats_consumer_free(struct tl_consumer *tc)
{
    struct consumer *c = (struct consumer *)tc;

    bus_forget_on_connect(&c->nb->bus, c);
    c->closing = true;
    tl_sub_free(&c->sub->sub);
    tl_timer_free(c->watchdog);
    tl_timer_free(c->make_again);
    tl_list_for_each (&c->unacked, link) {
        struct delivery *d = TL_CONTAINER(link, struct delivery, link);

        if (!d->storing)
            delivery_drop(d);
    }
    consumer_release(c);
}
