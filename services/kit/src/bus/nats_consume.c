/*
 * JetStream pull consumers without blocking: ask for a batch, take what comes, ask again.
 *
 * Each consumer has one inbox.  A pull ends when its batch is complete, when the server says so
 * (status 404, 408, 409), or when nothing was heard of it for longer than it lives (the answer was
 * lost with a connection).  What becomes of a message that came is in nats_delivery.c.
 */
#include "nats_consume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>

#define PULL_LIFE TL_SEC(5)

static void make_consumer(void *arg);

void consumer_release(struct consumer *c)
{
    if (c->stores)
        return;
    tl_free(c->stream);
    tl_free(c->durable);
    tl_free(c->filter);
    tl_free(c);
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
    err = c->c.bus->ops->publish(c->c.bus, subject, c->inbox, NULL, 0, body, strlen(body));
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

static bool is_status(const struct tl_msg *m)
{
    return m->n == 0 && !m->reply && tl_msg_header(m, "Status") != NULL;
}

/* 100 is a heartbeat; all others end the pull. */
static void on_status(struct consumer *c, const char *status)
{
    if (strncmp(status, "100", 3) == 0)
        return;
    c->open = 0;
    tl_timer_start(c->watchdog, TL_MSEC(strncmp(status, "503", 3) == 0 ? 500 : 1));
}

static void on_message(void *arg, const struct tl_msg *m)
{
    struct consumer *c = arg;

    if (is_status(m)) {
        on_status(c, tl_msg_header(m, "Status"));
        return;
    }
    if (--c->open <= 0)
        pull(c);
    delivery_arrived(c, m);
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
    if (tl_bus_request(c->c.bus, subject, body, strlen(body), TL_SEC(2), 1, made_reply, c)) {
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
    struct consumer *c = tl_alloc(1, sizeof(*c));
    int err = -ENOMEM;

    if (!c)
        return -ENOMEM;
    c->c.bus = bus;
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
        err = nats_subscribe(&c->sub, bus, c->inbox, NULL, true, on_message, c);
    if (err) {
        tl_timer_free(c->watchdog);
        tl_timer_free(c->make_again);
        consumer_release(c);
        return err;
    }
    *ret = &c->c;
    tl_bus_on_connect(bus, on_connected, c);
    return 0;
}

void nats_consumer_free(struct tl_consumer *tc)
{
    struct consumer *c = (struct consumer *)tc;

    bus_forget_on_connect(c->c.bus, c);
    c->closing = true;
    tl_sub_free(c->sub);
    tl_timer_free(c->watchdog);
    tl_timer_free(c->make_again);
    delivery_end_all(c);
    consumer_release(c);
}
