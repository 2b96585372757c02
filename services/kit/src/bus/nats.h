/*
 * NATS connection, shared by nats.c (connection, subscriptions), nats_consume.c (JetStream pulls)
 * and nats_setup.c (streams).
 *
 * cnats calls back on its own threads.  Everything that happens there is put into one list (the
 * hop), and the loop takes it out: so each callback of ours runs on the loop, in the order of
 * arrival.
 */
#ifndef KIT_BUS_NATS_H
#define KIT_BUS_NATS_H

#include "bus.h"

#include <nats/nats.h>

struct hop;

struct nats_bus {
    struct tl_bus bus;
    natsConnection *nc;
    natsOptions *opts;
    struct hop *hop;
    bool ready;
};

struct nats_sub {
    struct tl_sub sub;
    struct hop *hop;
    natsSubscription *ns;
    tl_msg_fn *fn;
    /* Instead of fn: the message itself; the callee owns it. */
    void (*raw)(void *arg, natsMsg *msg);
    void *arg;
    bool dead; /* freed by its user; what is still on its way is dropped */
    char *subject, *queue;
};

/* -errno for a natsStatus. */
int nats_errno(natsStatus s);
int nats_options(natsOptions **ret, const struct tl_bus_opts *opts);
int nats_subscribe(struct nats_sub **ret, struct nats_bus *nb, const char *subject,
                   const char *queue);
/* Fills m from msg; headers is room for at most cap of them. */
void nats_describe(struct tl_msg *m, natsMsg *msg, struct tl_header *headers, size_t cap);

int nats_consume(struct tl_consumer **ret, struct tl_bus *bus, const struct tl_consume_opts *opts,
                 tl_delivery_fn *fn, void *arg);
void nats_consumer_free(struct tl_consumer *c);
void nats_ack(struct tl_consumer *c, uint64_t token);
void nats_retry(struct tl_consumer *c, uint64_t token);
void nats_poison(struct tl_consumer *c, uint64_t token, const char *reason);

#endif
