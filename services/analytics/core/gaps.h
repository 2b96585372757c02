/**
 * @file gaps.h  Completeness: (producer, boot, seq) is contiguous, so a hole is a lost event.
 * Pure.  A hole is given time to be filled by a late event before it is reported, once.
 */
#ifndef ANALYTICS_GAPS_H
#define ANALYTICS_GAPS_H

#include <tl_id.h>

#define ANALYTICS_GAP_GRACE     TL_SEC(30) /**< a late event may still come */
#define ANALYTICS_PRODUCERS_MAX 4096       /**< lives of producers that are remembered */
#define ANALYTICS_HOLES_MAX     32 /**< open holes of one life; more make the last one wider */

struct analytics_gap {
    struct tl_id producer, boot;
    uint64_t first, last; /**< missing numbers, inclusive */
};

struct analytics_gaps;

int analytics_gaps_new(struct analytics_gaps **ret);
struct analytics_gaps *analytics_gaps_free(struct analytics_gaps *g);

/**
 * An event with this number arrived.  The first one of a life is where its counting begins, unless
 * another life of the same producer was seen before it: then 1 is.
 *
 * @return 0; -EALREADY: this number arrived before; -ENOMEM: not recorded
 */
int analytics_gaps_seen(struct analytics_gaps *g, const struct tl_id *producer,
                        const struct tl_id *boot, uint64_t seq, tl_time now);
/** Somebody has reported this hole already. */
void analytics_gaps_reported(struct analytics_gaps *g, const struct analytics_gap *gap);
/** Takes the next hole whose time is over: true, and it will not be given again. */
bool analytics_gaps_take(struct analytics_gaps *g, tl_time now, struct analytics_gap *ret);

#endif
