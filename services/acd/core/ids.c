/* Linear probing with backward-shift deletion; see ids.h. */
#include "ids.h"
#include <tl_mem.h>

int ids_reserve(struct ids *t, uint32_t n)
{
    struct ids bigger = {.n_slots = 64};

    if ((uint64_t)n * 2 <= t->n_slots)
        return 0;
    while (bigger.n_slots < n * 2)
        bigger.n_slots *= 2;
    bigger.slots = tl_alloc(bigger.n_slots, sizeof(*bigger.slots));
    if (!bigger.slots)
        return -ENOMEM;
    for (uint32_t i = 0; i < bigger.n_slots; i++)
        bigger.slots[i].at = IDS_NONE;
    for (uint32_t i = 0; i < t->n_slots; i++)
        if (t->slots[i].at != IDS_NONE)
            ids_add(&bigger, t->slots[i].hash, t->slots[i].at);
    tl_free(t->slots);
    *t = bigger;
    return 0;
}

void ids_done(struct ids *t)
{
    t->slots = tl_free(t->slots);
    t->n_slots = t->n = 0;
}

void ids_add(struct ids *t, uint64_t hash, uint32_t at)
{
    uint32_t mask = t->n_slots - 1, i = (uint32_t)hash & mask;

    while (t->slots[i].at != IDS_NONE)
        i = (i + 1) & mask;
    t->slots[i].hash = (uint32_t)hash;
    t->slots[i].at = at;
    t->n++;
}

void ids_remove(struct ids *t, uint64_t hash, uint32_t at)
{
    uint32_t mask = t->n_slots - 1, i = (uint32_t)hash & mask;

    while (t->slots[i].at != at)
        i = (i + 1) & mask;
    for (uint32_t j = (i + 1) & mask; t->slots[j].at != IDS_NONE; j = (j + 1) & mask) {
        /* whoever may stand at i without passing its home moves there */
        uint32_t home = t->slots[j].hash & mask;
        if (((j - home) & mask) >= ((j - i) & mask)) {
            t->slots[i] = t->slots[j];
            i = j;
        }
    }
    t->slots[i].at = IDS_NONE;
    t->n--;
}
