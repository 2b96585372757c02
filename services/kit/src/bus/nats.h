/*
 * The bus over NATS: nats.c (publishes, life), nats_subs.c (subscriptions), nats_link.c (the
 * connection on our loop), nats_hop.c (from libnats' threads to ours), nats_options.c,
 * nats_consume.c (JetStream pulls), nats_delivery.c (each message of one), nats_setup.c (streams).
 */
#ifndef KIT_BUS_NATS_H
#define KIT_BUS_NATS_H

#include "bus.h"

/** As tl_bus_subscribe(); any_size: also messages larger than the bus allows. */
int nats_subscribe(struct tl_sub **ret, struct tl_bus *bus, const char *subject, const char *queue,
                   bool any_size, tl_msg_fn *fn, void *arg);
int nats_consume(struct tl_consumer **ret, struct tl_bus *bus, const struct tl_consume_opts *opts,
                 tl_delivery_fn *fn, void *arg);
void nats_consumer_free(struct tl_consumer *c);
void nats_ack(struct tl_consumer *c, uint64_t token);
void nats_retry(struct tl_consumer *c, uint64_t token);
void nats_poison(struct tl_consumer *c, uint64_t token, const char *reason);

#endif
