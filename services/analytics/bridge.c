/*
 * The events between JetStream and Kafka, in the order of the stream.
 *
 * Order per key holds because events are sent in stream order by an idempotent producer that keeps
 * what it was given until a broker has it.  While Kafka is away the window fills, JetStream stops
 * delivering, and every few seconds we tell it that we are still at work, so that nothing is
 * delivered twice.  After a crash the unconfirmed events come again: they must come before newer
 * ones, so a new bridge waits until JetStream has noticed that the old one is dead.
 */
#include "bridge.h"

#include <jansson.h>
#include <stdio.h>
#include <tl_list.h>
#include <tl_log.h>
#include <tl_map.h>
#include <tl_mem.h>
#include <tl_metrics.h>
#include <tl_seen.h>

#include "wire.h"

#define ACK_WAIT   TL_SEC(10)
#define STILL_BUSY TL_SEC(3)
#define BATCH      (ANALYTICS_UNCONFIRMED_MAX / 4) /* the kit lets four of them be unacknowledged */
#define TRY_AGAIN  TL_MSEC(50)
#define TOKENS_MAX 4
#define FOREVER    1000000000 /* deliveries: only junk is given up, and that we judge ourselves */

struct held {
    struct tl_entry entry;
    struct tl_link link;
    struct analytics_bridge *b;
    struct tl_id event_id;
    uint64_t tokens[TOKENS_MAX]; /* the same event delivered again: each is to be acknowledged */
    size_t n_tokens;
    char *reply; /* JetStream's address for "still busy" */
    char *topic, *key;
    struct tl_header headers[16]; /* names and values point into text */
    size_t n_headers;
    char *text;
    void *data;
    size_t n;
    bool sent;
};

struct analytics_bridge {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct analytics_sink sink;
    char stream[32], durable[40];
    struct tl_consumer *consumer;
    struct tl_seen *seen;
    struct tl_map by_id;
    struct tl_list held; /* stream order */
    struct tl_timer *again, *busy, *start;
    bool quiet, asked, freed;
    bool informed; /* of what a bridge before us left */
    struct tl_metric *stored, *duplicates, *waiting;
};

/* ---- one event ------------------------------------------------------------------------------ */

static void held_free(struct held *h)
{
    if (!h)
        return;
    if (tl_link_used(&h->link)) {
        tl_list_remove(&h->b->held, &h->link);
        tl_map_remove(&h->b->by_id, &h->entry);
    }
    tl_free(h->reply);
    tl_free(h->topic);
    tl_free(h->key);
    tl_free(h->text);
    tl_free(h->data);
    tl_free(h);
}

static int copy_headers(struct held *h, const struct tl_msg *m)
{
    size_t size = 1;
    char *at;

    for (size_t i = 0; i < m->n_headers; i++)
        size += strlen(m->headers[i].name) + strlen(m->headers[i].value) + 2;
    at = h->text = tl_alloc(size, 1);
    if (!at)
        return -ENOMEM;
    for (size_t i = 0; i < m->n_headers && h->n_headers < TL_LEN(h->headers); i++) {
        struct tl_header *to = &h->headers[h->n_headers];

        if (strncmp(m->headers[i].name, "Nats-", 5) == 0)
            continue; /* the carrier's own */
        to->name = strcpy(at, m->headers[i].name);
        at += strlen(at) + 1;
        to->value = strcpy(at, m->headers[i].value);
        at += strlen(at) + 1;
        h->n_headers++;
    }
    return 0;
}

static int held_new(struct held **ret, struct analytics_bridge *b, const struct tl_msg *m,
                    const struct analytics_event *e)
{
    struct tl_str service = analytics_wire_service(m->subject),
                  key = analytics_wire_key(m->subject);
    struct held *h = tl_alloc(1, sizeof(*h));
    char topic[80];

    if (!h)
        return -ENOMEM;
    h->b = b;
    h->event_id = e->event_id;
    h->n = m->n;
    snprintf(topic, sizeof(topic), "threadline.%.*s.v1", (int)service.n, service.s);
    if (!key.n)
        key = tl_id_str(&h->event_id);
    h->topic = tl_copy(topic, strlen(topic));
    h->key = tl_copy(key.s, key.n);
    h->data = tl_copy(m->data, m->n);
    h->reply = tl_copy(m->reply ? m->reply : "", m->reply ? strlen(m->reply) : 0);
    if (!h->topic || !h->key || !h->data || !h->reply || copy_headers(h, m) ||
        tl_map_add(&b->by_id, &h->entry, tl_id_str(&h->event_id))) {
        held_free(h);
        return -ENOMEM;
    }
    tl_list_append(&b->held, &h->link);
    *ret = h;
    return 0;
}

/* ---- to Kafka ------------------------------------------------------------------------------- */

static void push(struct analytics_bridge *b);

static void on_delivered(void *arg, int err, int32_t partition, int64_t offset)
{
    struct held *h = arg;
    struct analytics_bridge *b = h->b;

    TL_UNUSED(partition);
    TL_UNUSED(offset);
    if (err) {
        h->sent = false; /* refused for good reasons or given back: it goes again, alone */
        if (err != -ECANCELED && tl_log_allow("kafka"))
            tl_warn("kafka did not take an event, it goes again", TL_S("topic", h->topic),
                    TL_E(err));
        tl_timer_start(b->again, TL_SEC(1));
        return;
    }
    (void)tl_seen_add(b->seen, tl_id_str(&h->event_id)); /* checked when it was read */
    for (size_t i = 0; i < h->n_tokens; i++)
        tl_consumer_ack(b->consumer, h->tokens[i]);
    tl_metric_add(b->stored, 1);
    held_free(h);
}

static void push(struct analytics_bridge *b)
{
    tl_list_for_each (&b->held, k) {
        struct held *h = TL_CONTAINER(k, struct held, link);

        if (h->sent)
            continue;
        h->sent = true;
        if (b->sink.send(b->sink.arg, h->topic, h->key, h->headers, h->n_headers, h->data, h->n,
                         on_delivered, h)) {
            h->sent = false;
            tl_timer_start(b->again, TRY_AGAIN);
            return; /* nothing behind it may overtake it */
        }
    }
}

static void push_newest(struct analytics_bridge *b, struct held *h)
{
    struct tl_link *before = h->link.prev;

    if (before != &b->held.head && !TL_CONTAINER(before, struct held, link)->sent)
        return; /* those before it wait already, and a timer runs for them */
    h->sent = true;
    if (b->sink.send(b->sink.arg, h->topic, h->key, h->headers, h->n_headers, h->data, h->n,
                     on_delivered, h)) {
        h->sent = false;
        tl_timer_start(b->again, TRY_AGAIN);
    }
}

/* ---- from JetStream ------------------------------------------------------------------------- */

/* Held already: JetStream thought us dead.  One event, several deliveries, one record. */
static void again(struct analytics_bridge *b, struct held *h, const struct tl_msg *m,
                  uint64_t token)
{
    char *reply = m->reply ? tl_copy(m->reply, strlen(m->reply)) : NULL;

    tl_metric_add(b->duplicates, 1);
    if (h->n_tokens == TOKENS_MAX) {
        tl_consumer_ack(b->consumer, h->tokens[0]);
        memmove(&h->tokens[0], &h->tokens[1], (TOKENS_MAX - 1) * sizeof(h->tokens[0]));
        h->n_tokens--;
    }
    h->tokens[h->n_tokens++] = token;
    if (reply) {
        tl_free(h->reply);
        h->reply = reply;
    }
}

static void on_delivery(void *arg, const struct tl_msg *m, uint64_t token)
{
    struct analytics_bridge *b = arg;
    struct analytics_event e;
    struct tl_entry *known;
    struct held *h = NULL;
    const char *why;
    int err;

    if (b->quiet) {
        tl_consumer_retry(b->consumer, token);
        return;
    }
    err = analytics_wire_read(&e, m->subject, m->data, m->n, &why);
    if (err && err != -ENOMEM) {
        tl_bad_input("nats", "malformed");
        tl_consumer_poison(b->consumer, token, why);
        return;
    }
    if (!err && tl_seen_has(b->seen, tl_id_str(&e.event_id))) {
        tl_metric_add(b->duplicates, 1);
        tl_consumer_ack(b->consumer, token);
        return;
    }
    known = err ? NULL : tl_map_find(&b->by_id, tl_id_str(&e.event_id));
    if (known) {
        again(b, TL_CONTAINER(known, struct held, entry), m, token);
        return;
    }
    if (!err)
        err = held_new(&h, b, m, &e);
    if (err) {
        tl_consumer_retry(b->consumer, token);
        return;
    }
    h->tokens[h->n_tokens++] = token;
    push_newest(b, h);
}

static void on_again(void *arg)
{
    push(arg);
}

static void on_busy(void *arg)
{
    struct analytics_bridge *b = arg;

    tl_metric_set(b->waiting, (double)b->held.n);
    tl_list_for_each (&b->held, k) {
        struct held *h = TL_CONTAINER(k, struct held, link);

        if (h->reply[0])
            (void)tl_bus_publish(b->bus, h->reply, "+WPI",
                                 4); /* lost: it comes again, see again() */
    }
}

/* ---- start and stop ------------------------------------------------------------------------- */

static void on_info(void *arg, const struct tl_reply *r);

/* What did a bridge before us leave on its way? */
static void ask_info(struct analytics_bridge *b)
{
    char subject[160];

    snprintf(subject, sizeof(subject), "$JS.API.CONSUMER.INFO.%s.%s", b->stream, b->durable);
    b->asked = !tl_bus_request(b->bus, subject, "", 0, TL_SEC(1), 2, on_info, b);
    if (!b->asked)
        tl_timer_start(b->start, TL_SEC(1));
}

static void consume(struct analytics_bridge *b)
{
    const struct tl_consume_opts o = {.stream = b->stream,
                                      .durable = b->durable,
                                      .batch = BATCH,
                                      .ack_wait = ACK_WAIT,
                                      .max_deliver = FOREVER};

    if (tl_bus_consume(&b->consumer, b->bus, &o, on_delivery, b))
        tl_timer_start(b->start, TL_SEC(1));
}

static void on_start(void *arg)
{
    struct analytics_bridge *b = arg;

    if (b->consumer || b->quiet)
        return;
    if (b->informed)
        consume(b);
    else
        ask_info(b);
}

/* {"num_ack_pending":17,...}: a bridge before us died with so many on its way.  Silence says
 * nothing, and is asked again. */
static void on_info(void *arg, const struct tl_reply *r)
{
    struct analytics_bridge *b = arg;
    json_t *o = r->err ? NULL : json_loadb(r->data, r->n, 0, NULL);
    json_int_t pending = json_integer_value(json_object_get(o, "num_ack_pending"));

    json_decref(o);
    b->asked = false;
    if (b->freed) {
        tl_free(b);
        return;
    }
    b->informed = !r->err;
    if (pending > 0)
        tl_info("waiting for events of an earlier life to come first", TL_S("stream", b->stream),
                TL_I("events", pending));
    tl_timer_start(b->start, r->err ? TL_SEC(1) : pending > 0 ? ACK_WAIT + TL_SEC(1) : 0);
}

static void on_connect(void *arg)
{
    struct analytics_bridge *b = arg;

    if (b->consumer || b->asked)
        return;
    b->informed = false;
    tl_timer_stop(b->start);
    ask_info(b);
}

static void metrics(struct analytics_bridge *b)
{
    char label[64];

    snprintf(label, sizeof(label), "stream=\"%s\"", b->stream);
    b->stored = tl_counter("tl_analytics_kafka_events_total", label, "confirmed by Kafka");
    b->duplicates = tl_counter("tl_analytics_duplicates_total", label, "came twice, told once");
    b->waiting = tl_gauge("tl_analytics_kafka_waiting", label, "on their way to Kafka");
}

int analytics_bridge_new(struct analytics_bridge **ret, struct tl_loop *loop, struct tl_bus *bus,
                         const struct analytics_sink *sink,
                         const struct analytics_bridge_opts *opts)
{
    struct analytics_bridge *b = tl_alloc(1, sizeof(*b));
    int err = -ENOMEM;

    if (!b)
        return -ENOMEM;
    b->loop = loop;
    b->bus = bus;
    b->sink = *sink;
    tl_str_put(b->stream, sizeof(b->stream), tl_str(opts->stream));
    tl_str_put(b->durable, sizeof(b->durable), tl_str(opts->durable));
    tl_list_init(&b->held);
    metrics(b);
    if (!tl_seen_new(&b->seen, opts->window) && !tl_timer_new(&b->again, loop, on_again, b) &&
        !tl_timer_new(&b->busy, loop, on_busy, b) && !tl_timer_new(&b->start, loop, on_start, b))
        err = 0;
    if (err) {
        analytics_bridge_free(b);
        return err;
    }
    *ret = b;
    return 0;
}

void analytics_bridge_start(struct analytics_bridge *b)
{
    tl_timer_every(b->busy, STILL_BUSY);
    tl_bus_on_connect(b->bus, on_connect, b);
}

struct analytics_bridge *analytics_bridge_free(struct analytics_bridge *b)
{
    if (!b)
        return NULL;
    tl_list_for_each (&b->held, k)
        held_free(TL_CONTAINER(k, struct held, link));
    tl_map_done(&b->by_id);
    tl_consumer_free(b->consumer);
    tl_timer_free(b->again);
    tl_timer_free(b->busy);
    tl_timer_free(b->start);
    tl_seen_free(b->seen);
    b->freed = true;
    if (!b->asked) /* else the answer frees it */
        tl_free(b);
    return NULL;
}

void analytics_bridge_quiesce(struct analytics_bridge *b)
{
    b->quiet = true;
}

size_t analytics_bridge_held(const struct analytics_bridge *b)
{
    return b->held.n;
}

void analytics_bridge_known(struct analytics_bridge *b, struct tl_str event_id)
{
    (void)tl_seen_add(b->seen, event_id); /* too long: not an id of ours */
}
