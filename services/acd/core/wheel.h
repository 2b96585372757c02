/**
 * @file wheel.h  Every deadline of the core, one per handle: a hierarchical timer wheel.
 *
 * Seven levels of 64 slots, 1 ms at the finest, about 139 years in all.  Setting and clearing are
 * O(1); a waiting contact costs nothing until its deadline comes.  Deadlines are rounded up to the
 * millisecond, so nothing fires early.  Nothing allocates but wheel_reserve().
 */
#ifndef ACD_WHEEL_H
#define ACD_WHEEL_H

#include <tl_base.h>

#define WHEEL_LEVELS 7
#define WHEEL_NONE   UINT32_MAX

struct wheel_entry {
    uint32_t next, prev; /**< prev WHEEL_NONE: first of its slot */
    uint16_t slot;       /**< level * 64 + slot, 0xffff: not set */
    int64_t at_ms;
};

struct wheel {
    struct wheel_entry **chunks; /**< 1024 each, by handle */
    uint32_t n_chunks;
    int64_t now_ms; /**< everything before this has fired */
    uint64_t used[WHEEL_LEVELS];
    uint32_t slots[WHEEL_LEVELS * 64];
};

void wheel_init(struct wheel *w);
void wheel_done(struct wheel *w);
/** Room for handles below n.  0 or -ENOMEM. */
int wheel_reserve(struct wheel *w, uint32_t n);
/** Moves the deadline of h; TL_NEVER clears it.  The past fires at the next pop. */
void wheel_set(struct wheel *w, uint32_t h, tl_time at);
/** Some handle whose deadline is at or before now, in order of time, cleared; WHEEL_NONE: no more.
 */
uint32_t wheel_pop(struct wheel *w, tl_time now);
/** A time by which to pop again: exact within 64 ms, else a lower bound.  TL_NEVER: nothing set. */
tl_time wheel_next(const struct wheel *w);

#endif
