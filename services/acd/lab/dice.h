/**
 * @file dice.h  How long things take: distributions as people write them.
 *
 *     never                    no end (patience only)
 *     always 60s               each time the same
 *     exponential 180s         mean
 *     lognormal 180s 120s      mean and standard deviation
 */
#ifndef ACD_DICE_H
#define ACD_DICE_H

#include "crowd.h"
#include <tl_str.h>

enum dice_kind { DICE_ALWAYS, DICE_NEVER, DICE_EXPONENTIAL, DICE_LOGNORMAL };

struct dice {
    enum dice_kind kind;
    double mean;      /**< [us] */
    double mu, sigma; /**< lognormal: of the logarithm of [us] */
};

/** 0 or -EINVAL. */
int dice_parse(struct dice *ret, struct tl_str text);
/** [us]; TL_NEVER for never. */
tl_dur dice_roll(const struct dice *d, struct rng *r);
/** "90s", "1h30m", "250ms", "0s": 0 or -EINVAL. */
int dice_duration(tl_dur *ret, struct tl_str text);

#endif
