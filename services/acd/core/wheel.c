/* Level l holds what is due in the same block of 64^(l+1) ms as now_ms but not of 64^l; see
 * wheel.h. */
#include "wheel.h"
#include <string.h>
#include <tl_mem.h>

#define UNSET 0xffff

static struct wheel_entry *entry(const struct wheel *w, uint32_t h)
{
    return &w->chunks[h >> 10][h & 1023u];
}

void wheel_init(struct wheel *w)
{
    memset(w, 0, sizeof(*w));
    memset(w->slots, 0xff, sizeof(w->slots));
}

void wheel_done(struct wheel *w)
{
    for (uint32_t i = 0; i < w->n_chunks; i++)
        tl_free(w->chunks[i]);
    w->chunks = tl_free(w->chunks);
    w->n_chunks = 0;
}

int wheel_reserve(struct wheel *w, uint32_t n)
{
    uint32_t want = (n + 1023u) >> 10;

    if (want <= w->n_chunks)
        return 0;
    struct wheel_entry **chunks = tl_resize(w->chunks, want, sizeof(*chunks));
    if (!chunks)
        return -ENOMEM;
    w->chunks = chunks;
    while (w->n_chunks < want) {
        struct wheel_entry *c = tl_alloc(1024, sizeof(*c));
        if (!c)
            return -ENOMEM;
        for (unsigned i = 0; i < 1024; i++)
            c[i].slot = UNSET;
        w->chunks[w->n_chunks++] = c;
    }
    return 0;
}

static void unlink_entry(struct wheel *w, struct wheel_entry *e)
{
    if (e->prev == WHEEL_NONE)
        w->slots[e->slot] = e->next;
    else
        entry(w, e->prev)->next = e->next;
    if (e->next != WHEEL_NONE)
        entry(w, e->next)->prev = e->prev;
    if (w->slots[e->slot] == WHEEL_NONE)
        w->used[e->slot / 64] &= ~(UINT64_C(1) << (e->slot % 64));
    e->slot = UNSET;
}

static void link_entry(struct wheel *w, uint32_t h, struct wheel_entry *e)
{
    uint64_t at = (uint64_t)e->at_ms, differ = at ^ (uint64_t)w->now_ms;
    unsigned level = differ ? (unsigned)(63 - __builtin_clzll(differ)) / 6 : 0;
    unsigned slot;

    if (level >= WHEEL_LEVELS) /* beyond the horizon: at its end, to be looked at again then */
        level = WHEEL_LEVELS - 1, slot = 63;
    else
        slot = (unsigned)(at >> (6 * level)) & 63u;
    e->slot = (uint16_t)(level * 64 + slot);
    e->prev = WHEEL_NONE;
    e->next = w->slots[e->slot];
    if (e->next != WHEEL_NONE)
        entry(w, e->next)->prev = h;
    w->slots[e->slot] = h;
    w->used[level] |= UINT64_C(1) << slot;
}

void wheel_set(struct wheel *w, uint32_t h, tl_time at)
{
    struct wheel_entry *e = entry(w, h);
    int64_t ms = at / 1000 + (at % 1000 > 0);

    if (at != TL_NEVER && e->slot != UNSET && e->at_ms == ms)
        return;
    if (e->slot != UNSET)
        unlink_entry(w, e);
    if (at == TL_NEVER)
        return;
    e->at_ms = ms < w->now_ms ? w->now_ms : ms;
    link_entry(w, h, e);
}

/* First used slot of a level at or after now's own; -1 if none. */
static int first_slot(const struct wheel *w, unsigned level)
{
    unsigned here = (unsigned)((uint64_t)w->now_ms >> (6 * level)) & 63u;
    uint64_t ahead = w->used[level] & (~UINT64_C(0) << here);

    return ahead ? __builtin_ctzll(ahead) : -1;
}

static int64_t slot_time(const struct wheel *w, unsigned level, unsigned slot)
{
    uint64_t block = ((uint64_t)w->now_ms >> (6 * level) >> 6) << 6;

    return (int64_t)((block | slot) << (6 * level));
}

/* Brings the entries of a coarse slot down, now that time has reached it. */
static void spread(struct wheel *w, unsigned level, unsigned slot)
{
    unsigned i = level * 64 + slot;
    uint32_t h = w->slots[i];

    w->slots[i] = WHEEL_NONE;
    w->used[level] &= ~(UINT64_C(1) << slot);
    while (h != WHEEL_NONE) {
        struct wheel_entry *e = entry(w, h);
        uint32_t next = e->next;
        link_entry(w, h, e);
        h = next;
    }
}

uint32_t wheel_pop(struct wheel *w, tl_time now)
{
    int64_t now_ms = now / 1000;

    for (;;) {
        int s = first_slot(w, 0);
        if (s >= 0) {
            int64_t t = slot_time(w, 0, (unsigned)s);
            if (t > now_ms)
                return WHEEL_NONE;
            uint32_t h = w->slots[s];
            w->now_ms = t;
            unlink_entry(w, entry(w, h));
            return h;
        }
        unsigned level = 1;
        while (level < WHEEL_LEVELS && (s = first_slot(w, level)) < 0)
            level++;
        int64_t t = level < WHEEL_LEVELS ? slot_time(w, level, (unsigned)s) : INT64_MAX;
        if (t > now_ms) {
            /* Time may only move within the blocks whose coarse slots are not due. */
            if (now_ms > w->now_ms)
                w->now_ms = now_ms;
            return WHEEL_NONE;
        }
        w->now_ms = t; /* a coarse slot holds only what is ahead */
        spread(w, level, (unsigned)s);
    }
}

tl_time wheel_next(const struct wheel *w)
{
    for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
        int s = first_slot(w, level);
        if (s >= 0) {
            int64_t t = slot_time(w, level, (unsigned)s);
            return (t < w->now_ms ? w->now_ms : t) * 1000;
        }
    }
    return TL_NEVER;
}
