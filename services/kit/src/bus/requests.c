/*
 * Requests and JetStream stores: both are a message with our inbox as its reply subject and a
 * deadline. One subscription serves all of a kind, <inbox>.* the requests and <inbox>.s.* the
 * stores; the last token of the reply subject names the request. A request that nobody answers, or
 * that finds no responders, waits out its try and is sent again unchanged.
 *
 * A store ends at once when there is nobody to store it.  NATS may not say which it was (nats.c):
 * then all of them end, for a store that is sent again with its id does no harm.
 */
#include "bus.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tl_map.h>
#include <tl_mem.h>

#define STORE_TIMEOUT TL_SEC(2)

struct request {
    struct tl_entry entry;
    char token[24];
    struct requests *all;
    struct tl_timer *timer;
    tl_dur timeout;
    int tries_left;
    int err; /* what the last try ended with */
    tl_reply_fn *fn;
    tl_stored_fn *stored; /* instead of fn: a store */
    void *arg;
    char *subject;
    struct tl_header *headers; /* names and values point behind the array */
    size_t n_headers;
    void *data;
    size_t n;
};

struct requests {
    struct tl_bus *bus;
    struct tl_map by_token;
    struct tl_sub *inbox;
    char prefix[100]; /* of the reply subjects */
    uint64_t last;
};

static void request_free(struct request *r)
{
    if (!r)
        return;
    if (tl_map_find(&r->all->by_token, r->entry.key) == &r->entry)
        tl_map_remove(&r->all->by_token, &r->entry);
    tl_timer_free(r->timer);
    tl_free(r->subject);
    tl_free(r->headers);
    tl_free(r->data);
    tl_free(r);
}

static void finish(struct request *r, const struct tl_reply *reply)
{
    tl_reply_fn *fn = r->fn;
    tl_stored_fn *stored = r->stored;
    void *arg = r->arg;

    request_free(r);
    if (stored)
        stored(arg, reply->err);
    else
        fn(arg, reply);
}

static void give_up(struct request *r, int err)
{
    finish(r, &(struct tl_reply){.err = err});
}

static void send_try(struct request *r)
{
    struct tl_bus *bus = r->all->bus;
    char reply[128];

    snprintf(reply, sizeof(reply), "%s.%s", r->all->prefix, r->token);
    r->tries_left--;
    r->err = bus->ops->publish(bus, r->subject, reply, r->headers, r->n_headers, r->data, r->n);
    if (!r->err)
        r->err = -ETIMEDOUT;
    tl_timer_start(r->timer, bus->instant && r->err == -EAGAIN ? 0 : r->timeout);
}

static void on_timeout(void *arg)
{
    struct request *r = arg;

    if (r->tries_left > 0 && !(r->all->bus->instant && r->err == -EAGAIN))
        send_try(r);
    else
        give_up(r, r->err);
}

/* PubAck: {"stream":"EVENTS","seq":7} or {"error":{"code":503,...}} */
static int stored_result(const struct tl_msg *m)
{
    json_t *ack = json_loadb(m->data, m->n, 0, NULL);
    int err = ack && json_object_get(ack, "stream") && !json_object_get(ack, "error") ? 0 : -EIO;

    json_decref(ack);
    return err;
}

/* Nobody stores one of these.  Each ends in the next turn, but for those whose answer is here. */
static void give_up_stores(struct requests *rs)
{
    struct tl_entry *e = NULL;

    while ((e = tl_map_next(&rs->by_token, e))) {
        struct request *r = TL_CONTAINER(e, struct request, entry);

        r->err = -EAGAIN;
        tl_timer_start(r->timer, 0);
    }
}

static void on_reply(void *arg, const struct tl_msg *m)
{
    struct requests *rs = arg;
    size_t prefix = strlen(rs->prefix) + 1;
    struct tl_str token = {m->subject.s + prefix, m->subject.n - prefix};
    struct tl_entry *e = m->subject.n > prefix ? tl_map_find(&rs->by_token, token) : NULL;
    struct request *r = e ? TL_CONTAINER(e, struct request, entry) : NULL;
    const char *status = tl_msg_header(m, "Status"), *code;

    if (m->subject.n == 0)
        give_up_stores(rs); /* "no responders", to whom is not said */
    if (!r)
        return; /* an answer to an earlier try, already dealt with */
    if (m->n == 0 && status && strcmp(status, "503") == 0) {
        r->err = -EAGAIN; /* nobody listens yet: wait for the next try */
        if (r->stored || rs->bus->instant)
            give_up(r, -EAGAIN);
        return;
    }
    if (r->stored) {
        give_up(r, stored_result(m));
        return;
    }
    code = tl_msg_header(m, "Nats-Service-Error-Code");
    if (code)
        finish(r, &(struct tl_reply){.err = -EREMOTEIO,
                                     .code = atoi(code),
                                     .reason = tl_msg_header(m, "Nats-Service-Error")});
    else
        finish(r, &(struct tl_reply){.data = m->data, .n = m->n});
}

static int requests_get(struct requests **ret, struct tl_bus *bus, bool stores)
{
    struct requests **at = stores ? &bus->stores : &bus->requests, *rs = *at;
    char subject[128];
    int err;

    if (!rs) {
        rs = tl_alloc(1, sizeof(*rs));
        if (!rs)
            return -ENOMEM;
        rs->bus = bus;
        snprintf(rs->prefix, sizeof(rs->prefix), "%s%s", bus->inbox, stores ? ".s" : "");
        snprintf(subject, sizeof(subject), "%s.*", rs->prefix);
        err = bus->ops->subscribe(&rs->inbox, bus, subject, NULL, on_reply, rs);
        if (err) {
            tl_free(rs);
            return err;
        }
        *at = rs;
    }
    *ret = rs;
    return 0;
}

void requests_free(struct requests *rs)
{
    struct tl_entry *e;

    if (!rs)
        return;
    while ((e = tl_map_next(&rs->by_token, NULL)))
        give_up(TL_CONTAINER(e, struct request, entry), -ECANCELED);
    tl_sub_free(rs->inbox);
    tl_map_done(&rs->by_token);
    tl_free(rs);
}

/* The caller's headers may go: one block of rows with the text behind them. */
static int copy_headers(struct request *r, const struct tl_header *headers, size_t n)
{
    size_t size = n * sizeof(*headers);
    char *text;

    if (!n)
        return 0;
    for (size_t i = 0; i < n; i++)
        size += strlen(headers[i].name) + strlen(headers[i].value) + 2;
    r->headers = tl_alloc(1, size);
    if (!r->headers)
        return -ENOMEM;
    text = (char *)(r->headers + n);
    for (size_t i = 0; i < n; i++) {
        r->headers[i].name = strcpy(text, headers[i].name);
        text += strlen(text) + 1;
        r->headers[i].value = strcpy(text, headers[i].value);
        text += strlen(text) + 1;
    }
    r->n_headers = n;
    return 0;
}

static int request_new(struct request **ret, struct tl_bus *bus, bool store, const char *subject,
                       const void *data, size_t n, const struct tl_header *headers,
                       size_t n_headers)
{
    struct requests *rs;
    struct request *r;
    int err;

    if (n > bus->message_max)
        return -EMSGSIZE;
    err = requests_get(&rs, bus, store);
    if (err)
        return err;
    r = tl_alloc(1, sizeof(*r));
    if (!r)
        return -ENOMEM;
    r->all = rs;
    r->n = n;
    snprintf(r->token, sizeof(r->token), "%llx", (unsigned long long)++rs->last);
    r->subject = tl_copy(subject, strlen(subject));
    r->data = tl_copy(data ? data : "", n);
    if (!r->subject || !r->data || copy_headers(r, headers, n_headers) ||
        tl_timer_new(&r->timer, bus->loop, on_timeout, r) ||
        tl_map_add(&rs->by_token, &r->entry, tl_str(r->token))) {
        r->entry.key = tl_str(r->token);
        request_free(r);
        return -ENOMEM;
    }
    *ret = r;
    return 0;
}

int tl_bus_request(struct tl_bus *bus, const char *subject, const void *data, size_t n,
                   tl_dur timeout, int tries, tl_reply_fn *fn, void *arg)
{
    struct request *r;
    int err = request_new(&r, bus, false, subject, data, n, NULL, 0);

    if (err)
        return err;
    r->fn = fn;
    r->arg = arg;
    r->timeout = timeout ? timeout : TL_MSEC(500);
    r->tries_left = timeout ? tries : 3;
    if (r->tries_left < 1)
        r->tries_left = 1;
    send_try(r);
    return 0;
}

int tl_bus_store(struct tl_bus *bus, const char *subject, const char *msg_id,
                 const struct tl_header *headers, size_t n_headers, const void *data, size_t n,
                 tl_stored_fn *done, void *arg)
{
    struct tl_header with_id[24];
    struct request *r;
    int err;

    if (n_headers >= TL_LEN(with_id))
        return -EMSGSIZE;
    with_id[0] = (struct tl_header){"Nats-Msg-Id", msg_id};
    for (size_t i = 0; i < n_headers; i++)
        with_id[i + 1] = headers[i];
    err = request_new(&r, bus, true, subject, data, n, with_id, n_headers + 1);
    if (err)
        return err;
    r->stored = done;
    r->arg = arg;
    r->timeout = STORE_TIMEOUT;
    r->tries_left = 1;
    send_try(r);
    return 0;
}
