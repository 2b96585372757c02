/* Per life of a producer: the next number, and the holes below it in ascending order. */
#include "gaps.h"

#include <stdio.h>
#include <tl_list.h>
#include <tl_map.h>
#include <tl_mem.h>

struct hole {
    uint64_t first, last;
    tl_time due;
};

struct life {
    struct tl_entry entry;
    struct tl_link link; /* by last use, oldest first */
    struct tl_id producer, boot;
    char key[2 * TL_ID_MAX + 2];
    uint64_t next;
    struct hole holes[ANALYTICS_HOLES_MAX];
    size_t n;
};

/* The boot that a producer was last seen with: a later one begins at 1. */
struct producer {
    struct tl_entry entry;
    struct tl_id id;
};

struct analytics_gaps {
    struct tl_map lives, producers;
    struct tl_list by_use;
};

static void life_key(char out[2 * TL_ID_MAX + 2], const struct tl_id *producer,
                     const struct tl_id *boot)
{
    snprintf(out, 2 * TL_ID_MAX + 2, "%s %s", producer->s, boot->s);
}

static struct life *life_find(const struct analytics_gaps *g, const struct tl_id *producer,
                              const struct tl_id *boot)
{
    char key[2 * TL_ID_MAX + 2];
    struct tl_entry *e;

    life_key(key, producer, boot);
    e = tl_map_find(&g->lives, tl_str(key));
    return e ? TL_CONTAINER(e, struct life, entry) : NULL;
}

static void life_drop(struct analytics_gaps *g, struct life *l)
{
    tl_list_remove(&g->by_use, &l->link);
    tl_map_remove(&g->lives, &l->entry);
    tl_free(l);
}

/* 1: the producer is known from before; 0: it is now; -ENOMEM. */
static int producer_known(struct analytics_gaps *g, const struct tl_id *id)
{
    struct producer *p;

    if (tl_map_find(&g->producers, tl_id_str(id)))
        return 1;
    if (g->producers.n >= ANALYTICS_PRODUCERS_MAX)
        return 0;
    p = tl_alloc(1, sizeof(*p));
    if (!p)
        return -ENOMEM;
    p->id = *id;
    if (tl_map_add(&g->producers, &p->entry, tl_id_str(&p->id))) {
        tl_free(p);
        return -ENOMEM;
    }
    return 0;
}

static int life_new(struct life **ret, struct analytics_gaps *g, const struct tl_id *producer,
                    const struct tl_id *boot, uint64_t seq)
{
    struct life *l = tl_alloc(1, sizeof(*l));
    int known = l ? producer_known(g, producer) : -ENOMEM;

    if (known < 0) {
        tl_free(l);
        return known;
    }
    l->producer = *producer;
    l->boot = *boot;
    l->next = known ? 1 : seq;
    life_key(l->key, producer, boot);
    if (tl_map_add(&g->lives, &l->entry, tl_str(l->key))) {
        tl_free(l);
        return -ENOMEM;
    }
    tl_list_append(&g->by_use, &l->link);
    if (g->lives.n > ANALYTICS_PRODUCERS_MAX)
        life_drop(g, TL_CONTAINER(tl_list_first(&g->by_use), struct life, link));
    *ret = l;
    return 0;
}

static void hole_remove(struct life *l, size_t i)
{
    memmove(&l->holes[i], &l->holes[i + 1], (l->n - i - 1) * sizeof(l->holes[0]));
    l->n--;
}

/* A hole above all others.  Without room for it the last one grows: that says too much rather than
 * too little. */
static void hole_add(struct life *l, struct hole h)
{
    if (l->n < ANALYTICS_HOLES_MAX) {
        l->holes[l->n++] = h;
        return;
    }
    l->holes[l->n - 1].last = h.last;
    l->holes[l->n - 1].due = 0;
}

/* A number in the middle of a hole has come.  Without room for a second half it stays whole. */
static void hole_split(struct life *l, size_t at, uint64_t seq)
{
    struct hole *h = &l->holes[at];

    if (l->n == ANALYTICS_HOLES_MAX)
        return;
    memmove(h + 1, h, (l->n - at) * sizeof(*h));
    l->n++;
    h[0].last = seq - 1;
    h[1].first = seq + 1;
}

/* A late event: its hole shrinks, vanishes or becomes two. */
static int fill(struct life *l, uint64_t seq)
{
    for (size_t i = 0; i < l->n; i++) {
        struct hole *h = &l->holes[i];

        if (seq < h->first || seq > h->last)
            continue;
        if (h->first == h->last)
            hole_remove(l, i);
        else if (seq == h->first)
            h->first++;
        else if (seq == h->last)
            h->last--;
        else
            hole_split(l, i, seq);
        return 0;
    }
    return -EALREADY;
}

int analytics_gaps_seen(struct analytics_gaps *g, const struct tl_id *producer,
                        const struct tl_id *boot, uint64_t seq, tl_time now)
{
    struct life *l = life_find(g, producer, boot);
    int err = 0;

    if (!l)
        err = life_new(&l, g, producer, boot, seq);
    if (err)
        return err;
    tl_list_remove(&g->by_use, &l->link);
    tl_list_append(&g->by_use, &l->link);
    if (seq < l->next)
        return fill(l, seq);
    if (seq > l->next)
        hole_add(l, (struct hole){l->next, seq - 1, now + ANALYTICS_GAP_GRACE});
    l->next = seq + 1;
    return 0;
}

void analytics_gaps_reported(struct analytics_gaps *g, const struct analytics_gap *gap)
{
    struct life *l = life_find(g, &gap->producer, &gap->boot);

    for (size_t i = 0; l && i < l->n;)
        if (l->holes[i].first >= gap->first && l->holes[i].last <= gap->last)
            hole_remove(l, i);
        else
            i++;
}

bool analytics_gaps_take(struct analytics_gaps *g, tl_time now, struct analytics_gap *ret)
{
    for (struct tl_link *k = tl_list_first(&g->by_use); k; k = tl_list_next(&g->by_use, k)) {
        struct life *l = TL_CONTAINER(k, struct life, link);

        for (size_t i = 0; i < l->n; i++) {
            if (now < l->holes[i].due)
                continue;
            *ret =
                (struct analytics_gap){l->producer, l->boot, l->holes[i].first, l->holes[i].last};
            hole_remove(l, i);
            return true;
        }
    }
    return false;
}

int analytics_gaps_new(struct analytics_gaps **ret)
{
    struct analytics_gaps *g = tl_alloc(1, sizeof(*g));

    if (!g)
        return -ENOMEM;
    tl_list_init(&g->by_use);
    *ret = g;
    return 0;
}

struct analytics_gaps *analytics_gaps_free(struct analytics_gaps *g)
{
    struct tl_entry *e;

    if (!g)
        return NULL;
    while ((e = tl_map_next(&g->lives, NULL)))
        life_drop(g, TL_CONTAINER(e, struct life, entry));
    while ((e = tl_map_next(&g->producers, NULL))) {
        tl_map_remove(&g->producers, e);
        tl_free(TL_CONTAINER(e, struct producer, entry));
    }
    tl_map_done(&g->lives);
    tl_map_done(&g->producers);
    return tl_free(g);
}
