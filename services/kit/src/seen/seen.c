/* The newest n ids: a map for finding, a ring for forgetting. */
#include <tl_map.h>
#include <tl_mem.h>
#include <tl_seen.h>

struct slot {
    struct tl_entry entry;
    struct tl_id id;
};

struct tl_seen {
    struct tl_map map;
    size_t capacity;
    size_t next; /* slot to use, and the oldest one once the ring is full */
    struct slot slots[];
};

int tl_seen_new(struct tl_seen **ret, size_t capacity)
{
    struct tl_seen *s;

    if (capacity == 0 || capacity > (size_t)1 << 26)
        return -EINVAL;
    s = tl_alloc(1, sizeof(*s) + capacity * sizeof(s->slots[0]));
    if (!s)
        return -ENOMEM;
    s->capacity = capacity;
    if (tl_map_reserve(&s->map, capacity)) {
        tl_free(s);
        return -ENOMEM;
    }
    *ret = s;
    return 0;
}

struct tl_seen *tl_seen_free(struct tl_seen *s)
{
    if (s)
        tl_map_done(&s->map);
    return tl_free(s);
}

bool tl_seen_has(const struct tl_seen *s, struct tl_str id)
{
    return tl_map_find(&s->map, id) != NULL;
}

int tl_seen_add(struct tl_seen *s, struct tl_str id)
{
    struct slot *slot = &s->slots[s->next];

    if (id.n == 0 || id.n > TL_ID_MAX)
        return -EINVAL;
    if (tl_seen_has(s, id))
        return 0;
    if (!tl_id_empty(&slot->id))
        tl_map_remove(&s->map, &slot->entry);
    tl_str_put(slot->id.s, sizeof(slot->id.s), id);
    s->next = (s->next + 1) % s->capacity;
    return tl_map_add(&s->map, &slot->entry, tl_id_str(&slot->id));
}
