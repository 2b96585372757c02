/*
 * One connection to NATS on the loop's thread: found, joined, heard dead, and made again for ever.
 *
 * What is said during a turn of the loop gathers in one buffer and is written once, before the loop
 * sleeps.  What arrives is read where the kernel put it and handed over without a copy.
 */
#ifndef KIT_BUS_NATS_LINK_H
#define KIT_BUS_NATS_LINK_H

#include "nats_address.h"
#include "nats_wire.h"

#include <uv.h>

enum nats_link_state {
    LINK_DOWN,       /* waits for the next attempt */
    LINK_LOOKING,    /* for an address */
    LINK_CONNECTING, /* TCP */
    LINK_GREETING,   /* for the server's INFO */
    LINK_JOINING,    /* for the answer to CONNECT */
    LINK_UP
};

struct nats_link;

/** Each runs on the loop's thread; each may free the link. */
struct nats_link_ops {
    void (*up)(void *arg); /**< joined: subscribe now */
    void (*down)(void *arg);
    void (*pong)(void *arg);
    void (*msg)(void *arg, uint64_t sid, const struct tl_msg *m);
    void (*gone)(void *arg); /**< freed, and nothing of it is on the stack any more */
};

struct nats_link {
    struct tl_loop *loop;
    const struct nats_link_ops *ops;
    void *arg;
    struct nats_servers servers;
    char *name, *user, *password;
    enum nats_link_state state;
    unsigned attempts;
    struct nats_lookup *lookup;
    int fd;
    struct tl_io *io;
    struct tl_timer *timer; /* next attempt; patience with this one; ping */
    uv_prepare_t *writer;
    struct tl_buf out; /* from out_at on it is not written yet */
    size_t out_at;
    bool blocked; /* the socket is full: it says when to go on */
    char *in;     /* in_at to in_n is not read yet */
    size_t in_at, in_n, in_cap;
    size_t payload_max; /* that the server takes */
    uint64_t pings;     /* sent on this connection */
    uint64_t pongs;
    int silent; /* pings since the server's last word */
    int busy;   /* calls of ours on the stack */
    bool freed;
    bool told; /* of this outage */
};

/** Begins to connect.  opts and its texts are copied.  0, -EINVAL: url, -ENOMEM. */
int nats_link_new(struct nats_link **ret, struct tl_loop *loop, const struct tl_bus_opts *opts,
                  const struct nats_link_ops *ops, void *arg);
/** Writes what the socket takes at once, closes.  The arg may be freed in ops->gone(), which runs
 * now or, inside a callback, after it.  NULL is fine. */
struct nats_link *nats_link_free(struct nats_link *l);

static inline bool nats_link_up(const struct nats_link *l)
{
    return l && l->state == LINK_UP;
}

/** Something was appended to l->out: it leaves before the loop sleeps, or now when it is much. */
void nats_link_wrote(struct nats_link *l);
/** Ask the server for a pong; returns the count that l->pongs will have reached with it. */
uint64_t nats_link_ping(struct nats_link *l);

#endif
