/*
 * Intrusive hash map: chains of entries, table doubled at load 1.  The hash takes eight bytes at a
 * time: it multiplies them to 128 bits and folds the halves together (as wyhash does), so that keys
 * which differ in one place spread, and starts from the seed, so that nobody outside can aim.
 */
#include <tl_map.h>
#include <tl_mem.h>

static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash(uint64_t seed, struct tl_str key)
{
    uint64_t h = seed ^ 0xa0761d6478bd642fULL, word;
    size_t n = key.n;

    for (; n >= 8; key.s += 8, n -= 8) {
        memcpy(&word, key.s, 8);
        h = fold(h ^ word, 0xe7037ed1a0b428dbULL);
    }
    word = 0;
    if (n)
        memcpy(&word, key.s, n);
    return fold(h ^ word, 0x8ebc6af09c88c6e3ULL ^ key.n);
}

void tl_map_done(struct tl_map *m)
{
    tl_free(m->slots);
    *m = TL_MAP(m->seed);
}

static struct tl_entry **slot(const struct tl_map *m, uint64_t h)
{
    return &m->slots[h & (m->n_slots - 1)];
}

struct tl_entry *tl_map_find(const struct tl_map *m, struct tl_str key)
{
    uint64_t h;

    if (!m->n_slots)
        return NULL;
    h = hash(m->seed, key);
    for (struct tl_entry *e = *slot(m, h); e; e = e->next)
        if (e->hash == h && tl_str_eq(e->key, key))
            return e;
    return NULL;
}

int tl_map_reserve(struct tl_map *m, size_t n)
{
    size_t n_slots = m->n_slots ? m->n_slots : 16;
    struct tl_map bigger = *m;

    while (n_slots < n)
        n_slots *= 2;
    if (n_slots == m->n_slots)
        return 0;
    bigger.slots = tl_alloc(n_slots, sizeof(*bigger.slots));
    if (!bigger.slots)
        return -ENOMEM;
    bigger.n_slots = n_slots;
    for (size_t i = 0; i < m->n_slots; i++) {
        for (struct tl_entry *e = m->slots[i], *next; e; e = next) {
            struct tl_entry **at = slot(&bigger, e->hash);

            next = e->next;
            e->next = *at;
            *at = e;
        }
    }
    tl_free(m->slots);
    *m = bigger;
    return 0;
}

int tl_map_add(struct tl_map *m, struct tl_entry *e, struct tl_str key)
{
    struct tl_entry **at;

    if (tl_map_find(m, key))
        return -EEXIST;
    if (tl_map_reserve(m, m->n + 1))
        return -ENOMEM;
    e->key = key;
    e->hash = hash(m->seed, key);
    at = slot(m, e->hash);
    e->next = *at;
    *at = e;
    m->n++;
    return 0;
}

void tl_map_remove(struct tl_map *m, struct tl_entry *e)
{
    struct tl_entry **at = slot(m, e->hash);

    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    e->next = NULL;
    m->n--;
}

struct tl_entry *tl_map_next(const struct tl_map *m, const struct tl_entry *e)
{
    size_t i = 0;

    if (e && e->next)
        return e->next;
    if (e)
        i = (e->hash & (m->n_slots - 1)) + 1;
    for (; i < m->n_slots; i++)
        if (m->slots[i])
            return m->slots[i];
    return NULL;
}
