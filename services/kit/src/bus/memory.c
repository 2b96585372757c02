/*
 * The bus in memory, for tests of handlers: a publish reaches its subscribers before it returns;
 * answers to requests and deliveries of consumers come in the next turn of the loop.  What is
 * stored stays, in order, and a repeated message id is stored once.
 */
#include "bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tl_list.h>
#include <tl_mem.h>

struct copy {
    struct tl_link link;
    char *subject;
    char *reply; /* or NULL */
    void *data;
    size_t n;
    struct tl_header *headers;
    size_t n_headers;
    uint64_t seq;
    struct tl_bus *bus;
};

struct memory_bus {
    struct tl_bus bus;
    struct tl_list subs;
    struct tl_list consumers;
    struct tl_list stored; /* copies */
    struct tl_list inbox;  /* copies that wait for the next turn */
    uint64_t last_seq;
    bool broken;
    bool turn_asked;
};

struct memory_sub {
    struct tl_sub sub;
    struct tl_link link;
    char *subject, *queue;
    tl_msg_fn *fn;
    void *arg;
};

struct memory_consumer {
    struct tl_consumer c;
    struct tl_link link;
    char *filter;
    uint64_t next; /* stream seq to deliver */
    tl_delivery_fn *fn;
    void *arg;
    struct tl_list again; /* struct redelivery: unacknowledged ones */
};

struct redelivery {
    struct tl_link link;
    struct copy *copy;
    bool due;
};

static void copy_free(struct copy *c)
{
    for (size_t i = 0; i < c->n_headers; i++) {
        free((char *)c->headers[i].name);
        free((char *)c->headers[i].value);
    }
    free(c->headers);
    free(c->subject);
    free(c->reply);
    free(c->data);
    free(c);
}

/* Plain malloc: a test's allocation failures are meant for the code under test. */
static struct copy *copy_new(const char *subject, const char *reply,
                             const struct tl_header *headers, size_t n_headers, const void *data,
                             size_t n)
{
    struct copy *c = calloc(1, sizeof(*c));

    c->subject = strdup(subject);
    c->reply = reply ? strdup(reply) : NULL;
    c->data = malloc(n + 1);
    if (n)
        memcpy(c->data, data, n);
    c->n = n;
    c->headers = calloc(n_headers + 1, sizeof(*c->headers));
    for (size_t i = 0; i < n_headers; i++)
        c->headers[i] = (struct tl_header){strdup(headers[i].name), strdup(headers[i].value)};
    c->n_headers = n_headers;
    return c;
}

static struct tl_msg copy_msg(const struct copy *c)
{
    return (struct tl_msg){.subject = tl_str(c->subject),
                           .reply = c->reply,
                           .data = c->data,
                           .n = c->n,
                           .headers = c->headers,
                           .n_headers = c->n_headers,
                           .stream_seq = c->seq};
}

/* Every plain subscriber, and the first one of each queue group. */
static size_t deliver(struct memory_bus *mb, const struct tl_msg *m)
{
    const char *served[16];
    size_t n_served = 0, n = 0;

    tl_list_for_each (&mb->subs, link) {
        struct memory_sub *s = TL_CONTAINER(link, struct memory_sub, link);
        bool done = false;

        if (!bus_subject_match(s->subject, m->subject))
            continue;
        for (size_t i = 0; s->queue && i < n_served; i++)
            done |= strcmp(served[i], s->queue) == 0;
        if (done)
            continue;
        if (s->queue && n_served < TL_LEN(served))
            served[n_served++] = s->queue;
        n++;
        s->fn(s->arg, m);
    }
    return n;
}

static bool redeliver(struct memory_consumer *c)
{
    bool any = false;

    tl_list_for_each (&c->again, link) {
        struct redelivery *d = TL_CONTAINER(link, struct redelivery, link);
        struct tl_msg m = copy_msg(d->copy);

        if (!d->due)
            continue;
        d->due = false;
        m.deliveries = 1; /* a retry is no delivery */
        any = true;
        c->fn(c->arg, &m, (uint64_t)(uintptr_t)d);
    }
    return any;
}

static void feed(struct memory_bus *mb, struct memory_consumer *c)
{
    tl_list_for_each (&mb->stored, link) {
        struct copy *copy = TL_CONTAINER(link, struct copy, link);
        struct redelivery *d;

        if (copy->seq < c->next)
            continue;
        c->next = copy->seq + 1;
        if (c->filter && !bus_subject_match(c->filter, tl_str(copy->subject)))
            continue;
        d = calloc(1, sizeof(*d));
        d->copy = copy;
        d->due = true;
        tl_list_append(&c->again, &d->link);
    }
    (void)redeliver(c);
}

static void on_turn(void *arg)
{
    struct memory_bus *mb = arg;

    mb->turn_asked = false;
    for (size_t n = mb->inbox.n; n; n--) {
        struct copy *c = TL_CONTAINER(tl_list_first(&mb->inbox), struct copy, link);
        struct tl_msg m = copy_msg(c);

        tl_list_remove(&mb->inbox, &c->link);
        (void)deliver(mb, &m);
        copy_free(c);
    }
    tl_list_for_each (&mb->consumers, link)
        feed(mb, TL_CONTAINER(link, struct memory_consumer, link));
}

static void ask_turn(struct memory_bus *mb)
{
    if (!mb->turn_asked)
        mb->turn_asked = tl_loop_defer(mb->bus.loop, on_turn, mb) == 0;
}

static void answer_later(struct memory_bus *mb, const char *to, const struct tl_header *headers,
                         size_t n_headers, const char *text)
{
    struct copy *c = copy_new(to, NULL, headers, n_headers, text, strlen(text));

    tl_list_append(&mb->inbox, &c->link);
    ask_turn(mb);
}

static const char *header_value(const struct tl_header *headers, size_t n, const char *name)
{
    struct tl_msg m = {.headers = headers, .n_headers = n};

    return tl_msg_header(&m, name);
}

/* Only what carries a message id goes to the stream: everything else is core NATS. */
static bool store(struct memory_bus *mb, const char *subject, const char *reply,
                  const struct tl_header *headers, size_t n_headers, const void *data, size_t n)
{
    const char *id = header_value(headers, n_headers, "Nats-Msg-Id");
    struct copy *c;

    if (!id)
        return false;
    tl_list_for_each (&mb->stored, link) {
        struct copy *old = TL_CONTAINER(link, struct copy, link);
        const char *old_id = header_value(old->headers, old->n_headers, "Nats-Msg-Id");

        if (strcmp(old_id, id) == 0) {
            answer_later(mb, reply, NULL, 0,
                         "{\"stream\":\"memory\",\"seq\":1,\"duplicate\":true}");
            return true;
        }
    }
    c = copy_new(subject, NULL, headers, n_headers, data, n);
    c->seq = ++mb->last_seq;
    tl_list_append(&mb->stored, &c->link);
    answer_later(mb, reply, NULL, 0, "{\"stream\":\"memory\",\"seq\":1}");
    return true;
}

static int memory_publish(struct tl_bus *bus, const char *subject, const char *reply,
                          const struct tl_header *headers, size_t n_headers, const void *data,
                          size_t n)
{
    struct memory_bus *mb = (struct memory_bus *)bus;
    struct tl_msg m = {.subject = tl_str(subject),
                       .reply = reply,
                       .data = data,
                       .n = n,
                       .headers = headers,
                       .n_headers = n_headers};
    bool stored;
    size_t reached;

    if (mb->broken)
        return -EAGAIN;
    if (tl_str_starts(m.subject,
                      tl_str(bus->inbox))) { /* an answer: never inside the request's call */
        struct copy *c = copy_new(subject, NULL, headers, n_headers, data, n);

        tl_list_append(&mb->inbox, &c->link);
        ask_turn(mb);
        return 0;
    }
    stored = store(mb, subject, reply, headers, n_headers, data, n);
    reached = deliver(mb, &m);
    if (reply && !stored && !reached)
        answer_later(mb, reply, &(struct tl_header){"Status", "503"}, 1, "");
    return 0;
}

static int memory_subscribe(struct tl_sub **ret, struct tl_bus *bus, const char *subject,
                            const char *queue, tl_msg_fn *fn, void *arg)
{
    struct memory_bus *mb = (struct memory_bus *)bus;
    struct memory_sub *s = calloc(1, sizeof(*s));

    s->sub.bus = bus;
    s->subject = strdup(subject);
    s->queue = queue ? strdup(queue) : NULL;
    s->fn = fn;
    s->arg = arg;
    tl_list_append(&mb->subs, &s->link);
    if (ret)
        *ret = &s->sub;
    return 0;
}

static void memory_sub_free(struct tl_sub *sub)
{
    struct memory_sub *s = (struct memory_sub *)sub;

    tl_list_remove(&((struct memory_bus *)sub->bus)->subs, &s->link);
    free(s->subject);
    free(s->queue);
    free(s);
}

static int memory_consume(struct tl_consumer **ret, struct tl_bus *bus,
                          const struct tl_consume_opts *opts, tl_delivery_fn *fn, void *arg)
{
    struct memory_bus *mb = (struct memory_bus *)bus;
    struct memory_consumer *c = calloc(1, sizeof(*c));

    c->c.bus = bus;
    c->filter = opts->filter ? strdup(opts->filter) : NULL;
    c->fn = fn;
    c->arg = arg;
    tl_list_init(&c->again);
    tl_list_append(&mb->consumers, &c->link);
    ask_turn(mb);
    *ret = &c->c;
    return 0;
}

static void drop(struct memory_consumer *c, struct redelivery *d)
{
    tl_list_remove(&c->again, &d->link);
    free(d);
}

static void memory_consumer_free(struct tl_consumer *tc)
{
    struct memory_consumer *c = (struct memory_consumer *)tc;

    tl_list_for_each (&c->again, link)
        drop(c, TL_CONTAINER(link, struct redelivery, link));
    tl_list_remove(&((struct memory_bus *)tc->bus)->consumers, &c->link);
    free(c->filter);
    free(c);
}

static void memory_ack(struct tl_consumer *tc, uint64_t token)
{
    drop((struct memory_consumer *)tc, (struct redelivery *)(uintptr_t)token);
}

static void ignore_stored(void *arg, int err)
{
    TL_UNUSED(arg);
    TL_UNUSED(err);
}

static void memory_poison(struct tl_consumer *tc, uint64_t token, const char *reason)
{
    struct redelivery *d = (struct redelivery *)(uintptr_t)token;
    struct tl_header why = {"Tl-Reason", reason};
    char subject[300], id[40];

    snprintf(subject, sizeof(subject), "tl.dlq.%s", d->copy->subject);
    snprintf(id, sizeof(id), "dlq.%llu", (unsigned long long)d->copy->seq);
    (void)tl_bus_store(tc->bus, subject, id, &why, 1, d->copy->data, d->copy->n, ignore_stored,
                       NULL);
    memory_ack(tc, token);
}

static void memory_retry(struct tl_consumer *tc, uint64_t token)
{
    struct redelivery *d = (struct redelivery *)(uintptr_t)token;

    d->due = true;
    ask_turn((struct memory_bus *)tc->bus);
}

static bool memory_ready(const struct tl_bus *bus)
{
    return !((const struct memory_bus *)bus)->broken;
}

static void memory_drain(struct tl_bus *bus, tl_fn *done, void *arg)
{
    if (tl_loop_defer(bus->loop, done, arg))
        done(arg);
}

static void copies_free(struct tl_list *copies)
{
    tl_list_for_each (copies, link) {
        tl_list_remove(copies, link);
        copy_free(TL_CONTAINER(link, struct copy, link));
    }
}

static void memory_close(struct tl_bus *bus)
{
    struct memory_bus *mb = (struct memory_bus *)bus;

    tl_list_for_each (&mb->consumers, link)
        memory_consumer_free(&TL_CONTAINER(link, struct memory_consumer, link)->c);
    tl_list_for_each (&mb->subs, link)
        memory_sub_free(&TL_CONTAINER(link, struct memory_sub, link)->sub);
    copies_free(&mb->stored);
    copies_free(&mb->inbox);
    if (mb->turn_asked)
        (void)tl_loop_turn(bus->loop); /* lets the turn that was asked for find empty lists */
    free(mb);
}

static void memory_hurry(struct tl_bus *bus)
{
    TL_UNUSED(bus); /* a publish has arrived when it returns */
}

static const struct bus_ops memory_ops = {
    .close = memory_close,
    .ready = memory_ready,
    .drain = memory_drain,
    .publish = memory_publish,
    .hurry = memory_hurry,
    .subscribe = memory_subscribe,
    .sub_free = memory_sub_free,
    .consume = memory_consume,
    .consumer_free = memory_consumer_free,
    .ack = memory_ack,
    .retry = memory_retry,
    .poison = memory_poison,
};

int tl_bus_open_memory(struct tl_bus **ret, struct tl_loop *loop)
{
    struct memory_bus *mb = calloc(1, sizeof(*mb));

    bus_init(&mb->bus, &memory_ops, loop, "memory");
    mb->bus.instant = true;
    tl_list_init(&mb->subs);
    tl_list_init(&mb->consumers);
    tl_list_init(&mb->stored);
    tl_list_init(&mb->inbox);
    *ret = &mb->bus;
    return 0;
}

void tl_bus_memory_break(struct tl_bus *bus, bool broken)
{
    struct memory_bus *mb = (struct memory_bus *)bus;

    if (mb->broken && !broken) {
        mb->broken = false;
        bus_connected(bus);
    }
    mb->broken = broken;
}
