/**
 * @file ids.h  From an id to its handle: open addressing, 8 bytes an entry, no tombstones.
 * The caller compares ids; the table keeps (hash, handle).  Expected O(1).
 */
#ifndef ACD_IDS_H
#define ACD_IDS_H

#include <tl_str.h>

#define IDS_NONE UINT32_MAX

struct ids {
    struct {
        uint32_t hash, at; /**< at IDS_NONE: empty */
    } * slots;
    uint32_t n_slots; /**< power of two */
    uint32_t n;
};

/** Room for n ids, so that n adds cannot fail.  0 or -ENOMEM. */
int ids_reserve(struct ids *t, uint32_t n);
void ids_done(struct ids *t);
/** The id must not be there yet. */
void ids_add(struct ids *t, uint64_t hash, uint32_t at);
void ids_remove(struct ids *t, uint64_t hash, uint32_t at);

static inline uint64_t ids_hash(struct tl_str s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ s.n, word;

    while (s.n >= 8) {
        memcpy(&word, s.s, 8);
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 32;
        s.s += 8;
        s.n -= 8;
    }
    word = 0;
    if (s.n)
        memcpy(&word, s.s, s.n);
    h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
    return h ^ (h >> 33);
}

/** Walks the candidates: `at` runs over handles whose hash fits. */
#define ids_each(t, hash_, at_)                                                            \
    for (uint32_t i_ = (t)->n_slots ? (uint32_t)(hash_) & ((t)->n_slots - 1) : 0, at_ = 0; \
         (t)->n_slots && (at_ = (t)->slots[i_].at) != IDS_NONE;                            \
         i_ = (i_ + 1) & ((t)->n_slots - 1))                                               \
        if ((t)->slots[i_].hash == (uint32_t)(hash_))

#endif
