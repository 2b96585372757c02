/**
 * @file tl_limiter.h  Token buckets for many keys in fixed memory.
 * Quiet half: time is an argument.  A full set forgets the key that has been quiet for longest, so
 * a flood of new keys can at worst give an old one a fresh bucket.
 */
#ifndef TL_LIMITER_H
#define TL_LIMITER_H

#include <tl_str.h>

struct tl_limiter;

/** rate [1/s] and burst of each key; rate 0: no limit.  seed: randomness.  0 or -ENOMEM. */
int tl_limiter_new(struct tl_limiter **ret, double rate, double burst, uint64_t seed);
struct tl_limiter *tl_limiter_free(struct tl_limiter *l);
/** Takes one token of key; false: none left.  now: any clock that does not go back. */
bool tl_limiter_take(struct tl_limiter *l, struct tl_str key, tl_time now);

#endif
