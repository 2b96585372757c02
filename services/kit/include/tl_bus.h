/**
 * @file tl_bus.h  NATS: publish, subscribe, request and reply, and JetStream's store and consume.
 * Every callback runs on the loop's thread.  Messages of one subscription come in order; between
 * two subscriptions, or a message and an answer, there is none.  Two implementations: NATS, and
 * memory for tests (same contract test).
 */
#ifndef TL_BUS_H
#define TL_BUS_H

#include <tl_loop.h>
#include <tl_str.h>

struct tl_bus;
struct tl_sub;
struct tl_consumer;

struct tl_bus_opts {
    const char *url;
    const char *user;
    const char *password;
    const char *name;   /**< service, also the inbox prefix _INBOX.<name> */
    size_t message_max; /**< larger ones are refused and counted.  0: 256 KiB */
};

struct tl_header {
    const char *name;
    const char *value;
};

/** A message as it arrives; borrowed until the callback returns. */
struct tl_msg {
    struct tl_str subject;
    const char *reply; /**< NULL: nobody waits for an answer */
    const void *data;
    size_t n;
    const struct tl_header *headers; /**< n_headers of them */
    size_t n_headers;
    uint64_t deliveries; /**< JetStream: 1 the first time; 0 on core NATS */
    uint64_t stream_seq; /**< JetStream: position in the stream */
};

/** Value of a header or NULL. */
const char *tl_msg_header(const struct tl_msg *m, const char *name);

typedef void tl_msg_fn(void *arg, const struct tl_msg *m);

/** Connects in the background and for ever again; tl_bus_ready() tells.  0, -EINVAL, -ENOMEM. */
int tl_bus_open(struct tl_bus **ret, struct tl_loop *loop, const struct tl_bus_opts *opts);
/** In memory, for handler tests: publishes reach subscribers at once; JetStream keeps what is
 * stored. */
int tl_bus_open_memory(struct tl_bus **ret, struct tl_loop *loop);
/** Memory only: while broken every operation fails with -EAGAIN and nothing is delivered. */
void tl_bus_memory_break(struct tl_bus *bus, bool broken);
struct tl_bus *tl_bus_close(struct tl_bus *bus);
struct tl_loop *tl_bus_loop(const struct tl_bus *bus);
/** Connected, and the server answered a ping within 3 s. */
bool tl_bus_ready(const struct tl_bus *bus);
/** fn runs at every (re)connection. */
void tl_bus_on_connect(struct tl_bus *bus, tl_fn *fn, void *arg);
/** Unsubscribe from all but answers, let acknowledgements and publishes out, then done(arg): within
 * 1 s, perhaps inside this call.  Once. */
void tl_bus_drain(struct tl_bus *bus, tl_fn *done, void *arg);

/** Core NATS, at most once.  0, -EAGAIN: not connected, -EMSGSIZE. */
int tl_bus_publish(struct tl_bus *bus, const char *subject, const void *data, size_t n);
int tl_bus_publish_h(struct tl_bus *bus, const char *subject, const struct tl_header *headers,
                     size_t n_headers, const void *data, size_t n);

/** Publishes are written when the loop's turn ends, all at once.  After this call, what was
 * published so far is on its way already: for what somebody waits for, ahead of what nobody does.
 */
void tl_bus_hurry(struct tl_bus *bus);

/** queue NULL: every subscriber gets it.  Survives reconnections.  Free it before the bus; ret may
 * be NULL. */
int tl_bus_subscribe(struct tl_sub **ret, struct tl_bus *bus, const char *subject,
                     const char *queue, tl_msg_fn *fn, void *arg);
struct tl_sub *tl_sub_free(struct tl_sub *sub);

/** Answer of a request.  err: 0; -ETIMEDOUT after the last try; -EAGAIN not connected or no
 * responders; -EREMOTEIO the service refused, then code (an HTTP status) and reason are set.
 * Borrowed. */
struct tl_reply {
    int err;
    int code;
    const char *reason;
    const void *data;
    size_t n;
};

typedef void tl_reply_fn(void *arg, const struct tl_reply *r);

/** Ask; fn is called exactly once, never inside this call.  tries times with the same bytes, each
 * waiting timeout (0: 500 ms, 3 tries).  0, -ENOMEM, -EMSGSIZE (then fn is not called). */
int tl_bus_request(struct tl_bus *bus, const char *subject, const void *data, size_t n,
                   tl_dur timeout, int tries, tl_reply_fn *fn, void *arg);

/** Answer a message later: keep its reply subject by value (reply may be NULL: nothing happens). */
int tl_bus_reply(struct tl_bus *bus, const char *reply, const void *data, size_t n);
/** Refuse: headers Nats-Service-Error-Code and Nats-Service-Error. */
int tl_bus_refuse(struct tl_bus *bus, const char *reply, int code, const char *reason);

/** Store in JetStream: done(arg, err) after its acknowledgement (0, also for a duplicate), or
 * -ETIMEDOUT / -EAGAIN (perhaps only because nobody stores another one); then store again with the
 * same msg_id.  Never inside this call. */
typedef void tl_stored_fn(void *arg, int err);
int tl_bus_store(struct tl_bus *bus, const char *subject, const char *msg_id,
                 const struct tl_header *headers, size_t n_headers, const void *data, size_t n,
                 tl_stored_fn *done, void *arg);

struct tl_consume_opts {
    const char *stream;
    const char *durable;
    const char *filter; /**< subject filter; NULL: all */
    int batch;          /**< most unacknowledged at once; 0: 256 */
    tl_dur ack_wait;    /**< 0: 30 s */
    /** Delivered more often than this and never answered, it kills its consumers: to the dead
     * letters.  A retry does not count.  0: 5 */
    int max_deliver;
    /** Read only: nothing is acknowledged or delivered again; what was under way when a connection
     * ended is lost to this consumer.  For who reads a stream anew at every connection. */
    bool no_ack;
};

/** A delivery must end in exactly one of ack, retry, poison; m is borrowed, token is not. */
typedef void tl_delivery_fn(void *arg, const struct tl_msg *m, uint64_t token);
int tl_bus_consume(struct tl_consumer **ret, struct tl_bus *bus, const struct tl_consume_opts *opts,
                   tl_delivery_fn *fn, void *arg);
struct tl_consumer *tl_consumer_free(struct tl_consumer *c);
void tl_consumer_ack(struct tl_consumer *c, uint64_t token);
/** Not now (a store is away): told again after 1, 2, 4 .. 30 s (at most half of ack_wait), for
 * ever, with the same token. */
void tl_consumer_retry(struct tl_consumer *c, uint64_t token);
/** Junk: copied to tl.dlq.<subject> with header Tl-Reason, then never delivered again. */
void tl_consumer_poison(struct tl_consumer *c, uint64_t token, const char *reason);

struct tl_stream {
    const char *name;
    const char *subjects[4];
    int64_t max_bytes;
    tl_dur dedup; /**< duplicate window */
};

/** Create or update streams; blocks on a connection of its own: for a set-up program, not for the
 * loop. */
int tl_bus_setup(const struct tl_bus_opts *opts, const struct tl_stream *streams, size_t n,
                 char why[256]);

#endif
