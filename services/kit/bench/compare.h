/*
 * What something costs beside its floor: the two alternate in small slices, so that what else the
 * machine does meets both.
 */
#ifndef KIT_BENCH_COMPARE_H
#define KIT_BENCH_COMPARE_H

#include "measure.h"

enum { PAIRS = 11 };

struct side {
    /* n messages, at_once of them under way at a time; CPU for each [us].  ret_ms, if not NULL,
     * gets n / at_once times. */
    double (*pass)(void *arg, unsigned n, unsigned at_once, double *ret_ms);
    void (*rest)(void *arg); /* as long as its rate limit wants */
    void *arg;
};

struct compared {
    double ratio, cost, floor; /* medians */
};

/* ret_ms: PAIRS * slices * slice / at_once times of a, or NULL. */
static inline struct compared compare(const struct side *a, const struct side *floor,
                                      unsigned slice, unsigned slices, unsigned at_once,
                                      double *ret_ms)
{
    double ratios[PAIRS], costs[PAIRS], floors[PAIRS];

    (void)a->pass(a->arg, slice, at_once, NULL); /* warm */
    (void)floor->pass(floor->arg, slice, at_once, NULL);
    for (int p = 0; p < PAIRS; p++) {
        double cost = 0, low = 0;

        for (unsigned s = 0; s < slices; s++) {
            cost += a->pass(a->arg, slice, at_once, ret_ms) / slices;
            low += floor->pass(floor->arg, slice, at_once, NULL) / slices;
            if (ret_ms)
                ret_ms += slice / at_once;
        }
        ratios[p] = cost / low;
        costs[p] = cost;
        floors[p] = low;
        a->rest(a->arg);
        floor->rest(floor->arg);
    }
    return (struct compared){.ratio = at_percent(ratios, PAIRS, 50),
                             .cost = at_percent(costs, PAIRS, 50),
                             .floor = at_percent(floors, PAIRS, 50)};
}

#endif
