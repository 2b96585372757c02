/**
 * @file tl_map.h  Intrusive hash map from text to objects; the map owns the table, not the objects.
 * Quiet half: a core may include it.  find, add, remove: expected O(1).
 */
#ifndef TL_MAP_H
#define TL_MAP_H

#include <tl_str.h>

/** Put one in the object for each map it may be in. */
struct tl_entry {
    struct tl_entry *next;
    struct tl_str key; /**< points into the object, which must not change it while in the map */
    uint64_t hash;
};

struct tl_map {
    struct tl_entry **slots;
    size_t n_slots; /**< power of two, or 0 */
    size_t n;
    uint64_t seed; /**< from the caller's randomness where keys come from outside (hash flooding) */
};

#define TL_MAP(random_seed) ((struct tl_map){.seed = (random_seed)})

void tl_map_done(struct tl_map *m);
struct tl_entry *tl_map_find(const struct tl_map *m, struct tl_str key);
/** 0, -EEXIST: key is there, -ENOMEM. */
int tl_map_add(struct tl_map *m, struct tl_entry *e, struct tl_str key);
void tl_map_remove(struct tl_map *m, struct tl_entry *e);
/** Makes room for n entries now, so that n adds cannot fail.  0 or -ENOMEM. */
int tl_map_reserve(struct tl_map *m, size_t n);

/** First (e NULL) or next entry in table order; NULL at the end.  Do not change the map meanwhile,
 *  except to remove the entry last returned after asking for its successor. */
struct tl_entry *tl_map_next(const struct tl_map *m, const struct tl_entry *e);

#endif
