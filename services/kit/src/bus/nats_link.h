/*
 * One connection to NATS through libnats, with its socket on our loop.
 *
 * libnats finds, joins, pings and reconnects on threads of its own; reading and writing happens
 * here: what a turn of the loop has published is written once, before the loop sleeps, and what
 * arrives is parsed on the loop's thread into the subscriptions, which are read there at once.
 */
#ifndef KIT_BUS_NATS_LINK_H
#define KIT_BUS_NATS_LINK_H

#include "nats.h"
#include "nats_hop.h"

struct nats_link_ops {
    void (*made)(void *arg);   /**< l->nc is there: make the subscriptions */
    void (*unmake)(void *arg); /**< l->nc goes, and its subscriptions with it */
    void (*up)(void *arg);     /**< connected, with all subscriptions */
    void (*down)(void *arg);
    void (*arrived)(void *arg); /**< something was read: look into the subscriptions */
    void (*hopped)(void *arg, void *sub, natsMsg *msg); /**< of a subscription with a thread */
    void (*flushed)(void *arg);
    void (*gone)(void *arg);     /**< freed, and nothing of it is on the stack any more */
    void (*drop_sub)(void *sub); /**< libnats has let go of it; also after gone() */
};

struct nats_link {
    struct tl_loop *loop;
    const struct nats_link_ops *ops;
    void *arg;
    natsOptions *opts;
    natsConnection *nc; /* NULL until the first attempt has ended, however it did */
    struct nats_hop *hop;
    struct tl_io *io;
    int fd; /* a double of libnats' socket, so that both may close theirs when they like */
    struct tl_timer *again; /* libnats gave up: connect anew */
    uv_prepare_t *writer;
    size_t unsent; /* published in this turn */
    int busy;      /* calls of ours on the stack, and work elsewhere that will come back */
    bool blocked;  /* the socket is full: it says when to go on */
    bool up, early_up;
    bool told; /* of this outage */
    bool freed;
};

int nats_errno(natsStatus s);
int nats_options(natsOptions **ret, const struct tl_bus_opts *opts);

/** Begins to connect, without blocking.  0, -EINVAL, -ENOMEM; *ret may be set all the same. */
int nats_link_new(struct nats_link **ret, struct tl_loop *loop, const struct tl_bus_opts *opts,
                  const struct nats_link_ops *ops, void *arg);
/** Writes what the socket takes at once, closes.  The arg may be freed in ops->gone(), which runs
 * now or later.  NULL is fine. */
struct nats_link *nats_link_free(struct nats_link *l);

bool nats_link_up(const struct nats_link *l);
/** Room for more: false while the server is far behind. */
bool nats_link_room(const struct nats_link *l);
/** n bytes were published. */
void nats_link_wrote(struct nats_link *l, size_t n);
/** Writes now what was published in this turn, instead of at its end. */
void nats_link_hurry(struct nats_link *l);
/** Everything published is at the server and what it sent before is here, or 1 s is over: then
 * ops->flushed().  0, -ENOMEM. */
int nats_link_flush(struct nats_link *l);

#endif
