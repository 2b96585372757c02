/*
 * A message of a JetStream consumer from its arrival to its end: acknowledged, or a dead letter.
 *
 * It is kept as a copy, so that it can be told again.  A retry stays here: the server is told that
 * work goes on, and the user hears the message again after a while.  So the server's count of
 * deliveries counts only those that ended without a word, which is crashes: a message past
 * max_deliver kills its consumers and is poison; a database that is away for an hour is not.
 */
#include "nats_consume.h"

#include <stdio.h>
#include <string.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>

#define RETRY_LAST TL_SEC(30)

struct delivery {
    struct tl_link link;
    struct consumer *owner;
    struct tl_msg msg; /* its texts and its table of headers stand behind this struct */
    struct tl_timer *again;
    unsigned retries;
    bool waits;   /* for its next retry */
    bool storing; /* a dead letter on its way */
    bool telling; /* the user's function is running: dropped afterwards */
    bool dropped;
    char reason[64];
};

static void delivery_drop(struct delivery *d)
{
    tl_list_remove(&d->owner->unacked, &d->link);
    d->again = tl_timer_free(d->again);
    d->dropped = true;
    if (!d->telling)
        tl_free(d);
}

/* The user may end the delivery, and even the consumer, while it still looks at the message. */
static void tell(struct delivery *d)
{
    struct consumer *c = d->owner;

    d->waits = false;
    d->telling = true;
    c->fn(c->arg, &d->msg, (uint64_t)(uintptr_t)d);
    d->telling = false;
    if (d->dropped)
        tl_free(d);
}

static void send_ack(struct delivery *d, const char *text)
{
    /* Lost with a connection: the message comes again, and consumers are idempotent. */
    if (d->msg.reply && !d->owner->opts.no_ack)
        (void)tl_bus_publish(d->owner->c.bus, d->msg.reply, text, strlen(text));
}

/* ---- arrival --------------------------------------------------------------------------------- */

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

static char *put_text(char **at, const char *s, size_t n)
{
    char *p = *at;

    memcpy(p, s, n);
    p[n] = '\0';
    *at += n + 1;
    return p;
}

static size_t size_of(const char *s)
{
    return s ? strlen(s) + 1 : 0;
}

static struct delivery *delivery_new(struct consumer *c, const struct tl_msg *m)
{
    size_t size = sizeof(struct delivery) + m->n_headers * sizeof(*m->headers) + m->subject.n + 1 +
                  size_of(m->reply) + m->n + 1;
    struct tl_header *headers;
    struct delivery *d;
    char *at;

    for (size_t i = 0; i < m->n_headers; i++)
        size += size_of(m->headers[i].name) + size_of(m->headers[i].value);
    d = tl_alloc(1, size);
    if (!d)
        return NULL;
    d->owner = c;
    d->msg = *m;
    headers = (struct tl_header *)(d + 1);
    at = (char *)(headers + m->n_headers);
    for (size_t i = 0; i < m->n_headers; i++) {
        headers[i].name = put_text(&at, m->headers[i].name, strlen(m->headers[i].name));
        headers[i].value = put_text(&at, m->headers[i].value, strlen(m->headers[i].value));
    }
    d->msg.headers = headers;
    d->msg.subject.s = put_text(&at, m->subject.s, m->subject.n);
    d->msg.reply = m->reply ? put_text(&at, m->reply, strlen(m->reply)) : NULL;
    d->msg.data = put_text(&at, m->data, m->n);
    read_ack_subject(m->reply ? m->reply : "", &d->msg);
    tl_list_append(&c->unacked, &d->link);
    return d;
}

/* The server lost patience with a message that waits here, during an outage of its own. */
static void drop_older(struct consumer *c, const struct tl_msg *m)
{
    tl_list_for_each (&c->unacked, link) {
        struct delivery *old = TL_CONTAINER(link, struct delivery, link);

        if (old->waits && old->msg.stream_seq == m->stream_seq && &old->msg != m)
            delivery_drop(old);
    }
}

void delivery_arrived(struct consumer *c, const struct tl_msg *m)
{
    struct delivery *d = delivery_new(c, m);

    if (!d)
        return; /* comes again after ack_wait */
    if (d->msg.deliveries > 1)
        drop_older(c, &d->msg);
    if (m->n > c->c.bus->message_max) {
        tl_bad_input("nats", "oversize");
        nats_poison(&c->c, (uint64_t)(uintptr_t)d, "oversize");
    } else if (!c->opts.no_ack && d->msg.deliveries > (uint64_t)c->opts.max_deliver) {
        nats_poison(&c->c, (uint64_t)(uintptr_t)d, "too many deliveries");
    } else {
        tell(d);
    }
}

/* ---- the user's verdict ---- */

void nats_ack(struct tl_consumer *tc, uint64_t token)
{
    struct delivery *d = (struct delivery *)(uintptr_t)token;

    TL_UNUSED(tc);
    send_ack(d, "+ACK");
    delivery_drop(d);
}

static void on_again(void *arg)
{
    tell(arg);
}

/* 1, 2, 4 .. 30 s, and always soon enough for the server's patience. */
static tl_dur retry_after(const struct delivery *d)
{
    tl_dur after = TL_SEC(1) << TL_LOWER(d->retries, 5);

    return TL_LOWER(TL_LOWER(after, RETRY_LAST), d->owner->opts.ack_wait / 2);
}

void nats_retry(struct tl_consumer *tc, uint64_t token)
{
    struct delivery *d = (struct delivery *)(uintptr_t)token;

    if (!d->again && tl_timer_new(&d->again, tc->bus->loop, on_again, d)) {
        delivery_drop(d); /* comes again after ack_wait */
        return;
    }
    send_ack(d, "+WPI");
    tl_timer_start(d->again, retry_after(d));
    d->retries++;
    d->waits = true;
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
    struct tl_header headers[21] = {{"Tl-Reason", d->reason}};
    const struct tl_msg *m = &d->msg;
    char subject[300], id[160];
    size_t n = 1;

    tl_str_put(d->reason, sizeof(d->reason), tl_str(reason));
    for (size_t i = 0; i < m->n_headers && n < TL_LEN(headers); i++)
        if (strncmp(m->headers[i].name, "Nats-", 5) != 0)
            headers[n++] = m->headers[i];
    snprintf(subject, sizeof(subject), "tl.dlq.%.*s", (int)TL_LOWER(m->subject.n, 250),
             m->subject.s);
    snprintf(id, sizeof(id), "dlq.%s.%s.%llu", c->stream, c->durable,
             (unsigned long long)m->stream_seq);
    tl_metric_add(
        tl_counter("tl_bus_dead_letters_total", NULL, "messages given up and kept in tl.dlq"), 1);
    if (tl_log_allow("dead letter"))
        tl_warn("message is poison: moved to the dead letters", TL_T("subject", m->subject),
                TL_S("reason", d->reason));
    c->stores++;
    d->storing = true;
    if (tl_bus_store(c->c.bus, subject, id, headers, n, m->data,
                     TL_LOWER(m->n, c->c.bus->message_max), dead_letter_stored, d))
        dead_letter_stored(d, -ENOMEM);
}

void delivery_end_all(struct consumer *c)
{
    tl_list_for_each (&c->unacked, link) {
        struct delivery *d = TL_CONTAINER(link, struct delivery, link);

        if (d->waits)
            send_ack(d, "-NAK");
        if (!d->storing)
            delivery_drop(d);
    }
}
