/*
 * From libnats' threads to the loop: what its callbacks say there is put into one list, and the
 * loop takes it out in that order.
 *
 * libnats gives back what it was given when it pleases: a hop lives until the bus, the connection's
 * last word, the event adapter and every subscription with a thread have let go of it.
 */
#ifndef KIT_BUS_NATS_HOP_H
#define KIT_BUS_NATS_HOP_H

#include <nats/nats.h>
#include <pthread.h>
#include <stdatomic.h>
#include <tl_loop.h>
#include <uv.h>

struct nats_item {
    struct nats_item *next;
    enum {
        NATS_ATTACH, /* fd: ours to close */
        NATS_STOP,   /* the socket is no good any more */
        NATS_WRITE,  /* there is something to be written */
        NATS_UP,
        NATS_DOWN,
        NATS_CLOSED,
        NATS_MSG,     /* sub, msg: ours */
        NATS_SUB_DONE /* sub: its thread is done with it */
    } kind;
    int fd;
    natsMsg *msg;
    void *sub;
};

struct nats_hop {
    pthread_mutex_t lock;
    struct nats_item *first, **last;
    uv_async_t *async; /* NULL once closed */
    pthread_t loop;    /* this thread */
    bool write;        /* loop's thread only: libnats waits for a write event */
    atomic_int refs;
    void (*take)(void *arg, struct nats_item *it); /* may take it->fd (-1) and it->msg (NULL) */
    void (*drop_sub)(void *sub);
    void *arg;
};

/** One reference.  0, -ENOMEM. */
int nats_hop_new(struct nats_hop **ret, struct tl_loop *loop);
void nats_hop_ref(struct nats_hop *hop);
void nats_hop_unref(struct nats_hop *hop);
/** From any thread; takes fd and msg.  After close they are dropped.  0, -ENOMEM. */
int nats_hop_put(struct nats_hop *hop, struct nats_item it);
/** Nothing more is taken out.  The bus's reference goes, too. */
void nats_hop_close(struct nats_hop *hop);

#endif
