/**
 * @file nats_subs.h  Between nats.c (the bus) and nats_subs.c (what it listens to).
 */
#ifndef KIT_BUS_NATS_SUBS_H
#define KIT_BUS_NATS_SUBS_H

#include "nats.h"

#include "nats_link.h"
#include <tl_list.h>

enum { USED_MAX = 256, USED_BYTES = 1 << 20 };

struct nats_sub {
    struct tl_sub sub;
    struct tl_link link;
    struct nats_hop *hop;
    natsSubscription *ns; /* NULL: not made yet */
    bool threaded;        /* comes by libnats' thread, which has the last word */
    bool any_size;        /* also larger than the bus allows: its owner deals with them */
    bool dead;            /* freed by its user; what is still on its way is dropped */
    tl_msg_fn *fn;
    void *arg;
    char *subject, *queue;
};

struct nats_bus {
    struct tl_bus bus;
    struct nats_link *link;
    struct tl_list subs;
    uint64_t changes; /* of the list: who walks it begins anew */
    natsMsg *used[USED_MAX];
    size_t n_used, used_bytes;
    tl_fn *drained;
    void *drained_arg;
};

/** A message that we are done with; it is freed later, with others. */
void nats_used_up(struct nats_bus *nb, natsMsg *msg);
void nats_free_used(struct nats_bus *nb);
bool nats_subject_ok(const char *s);
int nats_sub_plain(struct tl_sub **ret, struct tl_bus *bus, const char *subject, const char *queue,
                   tl_msg_fn *fn, void *arg);
void nats_sub_free(struct tl_sub *sub);

/* What the connection tells (struct nats_link_ops); arg: the bus. */
void nats_subs_made(void *arg);
void nats_subs_unmake(void *arg);
void nats_subs_arrived(void *arg);
void nats_subs_hopped(void *arg, void *sub, natsMsg *msg);
void nats_subs_drop(void *sub);

#endif
