/* What the two files of a JetStream consumer share: pulling, and the messages under way. */
#ifndef KIT_BUS_NATS_CONSUME_H
#define KIT_BUS_NATS_CONSUME_H

#include "nats.h"

#include <tl_list.h>

struct consumer {
    struct tl_consumer c;
    struct tl_sub *sub;
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

/** Lets go of it once its last dead letter is stored. */
void consumer_release(struct consumer *c);

/** A message came (borrowed): keep a copy and tell the user, or give it up as poison. */
void delivery_arrived(struct consumer *c, const struct tl_msg *m);
/** The consumer ends: what has no answer yet is somebody else's. */
void delivery_end_all(struct consumer *c);

#endif
