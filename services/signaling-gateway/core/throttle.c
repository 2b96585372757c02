/*
 * Each key keeps the times of its last tries in a ring; a try is refused while the oldest of a full
 * ring lies inside the window.  All keys live in one block, recycled in the order of their last
 * try.
 */
#include "core/throttle.h"
#include <tl_list.h>
#include <tl_map.h>
#include <tl_mem.h>

struct key {
    struct tl_entry entry;
    struct tl_link link; /* quietest first */
    tl_time at[THROTTLE_TRIES];
    unsigned n, oldest;
    char text[THROTTLE_KEY + 1];
};

struct throttle {
    struct tl_map by_text;
    struct tl_list order;
    tl_dur window;
    size_t most, used;
    struct key *keys;
};

int throttle_new(struct throttle **ret, size_t most_keys, tl_dur window, uint64_t seed)
{
    struct throttle *t = tl_alloc(1, sizeof(*t));

    if (!t)
        return -ENOMEM;
    t->by_text = TL_MAP(seed);
    tl_list_init(&t->order);
    t->window = window;
    t->most = most_keys;
    t->keys = tl_alloc(most_keys, sizeof(*t->keys));
    if (!t->keys || tl_map_reserve(&t->by_text, most_keys)) {
        throttle_free(t);
        return -ENOMEM;
    }
    *ret = t;
    return 0;
}

struct throttle *throttle_free(struct throttle *t)
{
    if (!t)
        return NULL;
    tl_map_done(&t->by_text);
    tl_free(t->keys);
    return tl_free(t);
}

static struct tl_str cut(struct tl_str key)
{
    key.n = TL_LOWER(key.n, (size_t)THROTTLE_KEY);
    return key;
}

static struct key *find(const struct throttle *t, struct tl_str key)
{
    struct tl_entry *e = tl_map_find(&t->by_text, cut(key));

    return e ? TL_CONTAINER(e, struct key, entry) : NULL;
}

static void drop(struct throttle *t, struct key *k)
{
    tl_map_remove(&t->by_text, &k->entry);
    tl_list_remove(&t->order, &k->link);
}

static struct key *take(struct throttle *t, struct tl_str key)
{
    struct key *k;

    if (t->used < t->most) {
        k = &t->keys[t->used++];
    } else {
        k = TL_CONTAINER(tl_list_first(&t->order), struct key, link);
        drop(t, k);
    }
    k->n = k->oldest = 0;
    tl_str_put(k->text, sizeof(k->text), cut(key));
    (void)tl_map_add(&t->by_text, &k->entry, tl_str(k->text)); /* room was reserved; key is new */
    tl_list_append(&t->order, &k->link);
    return k;
}

tl_dur throttle_try(struct throttle *t, struct tl_str key, tl_time now)
{
    struct key *k = find(t, key);

    if (!k)
        k = take(t, key);
    if (k->n == THROTTLE_TRIES) {
        tl_time free_at = k->at[k->oldest] + t->window;
        if (now < free_at)
            return free_at - now;
        k->oldest = (k->oldest + 1) % THROTTLE_TRIES;
        k->n--;
    }
    k->at[(k->oldest + k->n++) % THROTTLE_TRIES] = now;
    tl_list_remove(&t->order, &k->link);
    tl_list_append(&t->order, &k->link);
    return 0;
}

void throttle_forgive(struct throttle *t, struct tl_str key)
{
    struct key *k = find(t, key);

    if (k)
        k->n = 0;
}
