/* The public face of the bus: checks that both implementations share. */
#include "bus.h"

#include <stdio.h>
#include <string.h>
#include <tl_clock.h>
#include <tl_metrics.h>

void bus_init(struct tl_bus *bus, const struct bus_ops *ops, struct tl_loop *loop, const char *name)
{
    struct tl_id id = tl_id_new();

    bus->ops = ops;
    bus->loop = loop;
    bus->message_max = 256 * 1024;
    snprintf(bus->inbox, sizeof(bus->inbox), "_INBOX.%s.%s", name, id.s);
}

void bus_connected(struct tl_bus *bus)
{
    for (int i = 0; i < bus->n_on_connect; i++)
        bus->on_connect[i].fn(bus->on_connect[i].arg);
}

void bus_forget_on_connect(struct tl_bus *bus, void *arg)
{
    for (int i = 0; i < bus->n_on_connect; i++)
        if (bus->on_connect[i].arg == arg)
            bus->on_connect[i--] = bus->on_connect[--bus->n_on_connect];
}

bool bus_subject_match(const char *filter, struct tl_str subject)
{
    struct tl_str f = tl_str(filter), want, have;

    while (tl_str_split(&f, '.', &want)) {
        if (tl_str_eq(want, TL_STR(">")))
            return subject.n > 0;
        if (!tl_str_split(&subject, '.', &have))
            return false;
        if (!tl_str_eq(want, TL_STR("*")) && !tl_str_eq(want, have))
            return false;
    }
    return subject.n == 0;
}

const char *tl_msg_header(const struct tl_msg *m, const char *name)
{
    for (size_t i = 0; i < m->n_headers; i++)
        if (tl_str_ieq(tl_str(m->headers[i].name), tl_str(name)))
            return m->headers[i].value;
    return NULL;
}

struct tl_bus *tl_bus_close(struct tl_bus *bus)
{
    if (bus) {
        requests_free(bus->requests);
        requests_free(bus->stores);
        bus->requests = bus->stores = NULL;
        bus->ops->close(bus);
    }
    return NULL;
}

struct tl_loop *tl_bus_loop(const struct tl_bus *bus)
{
    return bus->loop;
}

bool tl_bus_ready(const struct tl_bus *bus)
{
    return bus && bus->ops->ready(bus);
}

void tl_bus_on_connect(struct tl_bus *bus, tl_fn *fn, void *arg)
{
    if ((size_t)bus->n_on_connect < TL_LEN(bus->on_connect)) {
        bus->on_connect[bus->n_on_connect].fn = fn;
        bus->on_connect[bus->n_on_connect++].arg = arg;
    }
    if (tl_bus_ready(bus))
        (void)tl_loop_defer(bus->loop, fn, arg); /* out of memory: the next reconnection tells */
}

void tl_bus_drain(struct tl_bus *bus, tl_fn *done, void *arg)
{
    bus->ops->drain(bus, done, arg);
}

int tl_bus_publish_h(struct tl_bus *bus, const char *subject, const struct tl_header *headers,
                     size_t n_headers, const void *data, size_t n)
{
    if (n > bus->message_max) {
        tl_bad_input("nats", "oversize_out");
        return -EMSGSIZE;
    }
    return bus->ops->publish(bus, subject, NULL, headers, n_headers, data, n);
}

int tl_bus_publish(struct tl_bus *bus, const char *subject, const void *data, size_t n)
{
    return tl_bus_publish_h(bus, subject, NULL, 0, data, n);
}

void tl_bus_hurry(struct tl_bus *bus)
{
    bus->ops->hurry(bus);
}

int tl_bus_subscribe(struct tl_sub **ret, struct tl_bus *bus, const char *subject,
                     const char *queue, tl_msg_fn *fn, void *arg)
{
    return bus->ops->subscribe(ret, bus, subject, queue, fn, arg);
}

struct tl_sub *tl_sub_free(struct tl_sub *sub)
{
    if (sub)
        sub->bus->ops->sub_free(sub);
    return NULL;
}

int tl_bus_reply(struct tl_bus *bus, const char *reply, const void *data, size_t n)
{
    return reply ? tl_bus_publish_h(bus, reply, NULL, 0, data, n) : 0;
}

int tl_bus_refuse(struct tl_bus *bus, const char *reply, int code, const char *reason)
{
    char number[12];
    const struct tl_header headers[] = {
        {"Nats-Service-Error-Code", number},
        {"Nats-Service-Error", reason},
    };

    snprintf(number, sizeof(number), "%d", code);
    return reply ? tl_bus_publish_h(bus, reply, headers, TL_LEN(headers), "", 0) : 0;
}

int tl_bus_consume(struct tl_consumer **ret, struct tl_bus *bus, const struct tl_consume_opts *opts,
                   tl_delivery_fn *fn, void *arg)
{
    struct tl_consume_opts o = *opts;

    if (!o.batch)
        o.batch = 256;
    if (!o.ack_wait)
        o.ack_wait = TL_SEC(30);
    if (!o.max_deliver)
        o.max_deliver = 5;
    return bus->ops->consume(ret, bus, &o, fn, arg);
}

struct tl_consumer *tl_consumer_free(struct tl_consumer *c)
{
    if (c)
        c->bus->ops->consumer_free(c);
    return NULL;
}

void tl_consumer_ack(struct tl_consumer *c, uint64_t token)
{
    c->bus->ops->ack(c, token);
}

void tl_consumer_retry(struct tl_consumer *c, uint64_t token)
{
    c->bus->ops->retry(c, token);
}

void tl_consumer_poison(struct tl_consumer *c, uint64_t token, const char *reason)
{
    c->bus->ops->poison(c, token, reason);
}
