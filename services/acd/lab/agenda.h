/**
 * @file agenda.h  What will happen, soonest first; at the same time, first written first.
 */
#ifndef ACD_AGENDA_H
#define ACD_AGENDA_H

#include <tl_base.h>

struct agenda_item {
    tl_time at;
    uint64_t order; /**< set by agenda_add() */
    uint64_t stamp; /**< tells whether the item still means the same thing */
    uint32_t kind, who;
};

struct agenda {
    struct agenda_item *items; /**< binary heap */
    size_t n, room;
    uint64_t order;
};

/** 0 or -ENOMEM. */
int agenda_add(struct agenda *a, const struct agenda_item *item);
/** TL_NEVER: nothing. */
tl_time agenda_next(const struct agenda *a);
/** Takes out the soonest; there must be one. */
struct agenda_item agenda_pop(struct agenda *a);
void agenda_done(struct agenda *a);

#endif
