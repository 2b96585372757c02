/**
 * @file limiter.h  Token buckets for many keys in fixed memory.
 * Pure: time is an argument.  A full set forgets the key that has been quiet for longest, so a
 * flood of new keys can at worst give an old one a fresh bucket.
 */
#ifndef CLICKSTREAM_LIMITER_H
#define CLICKSTREAM_LIMITER_H

#include <tl_str.h>

struct clickstream_limiter;

/** rate [1/s] and burst of each key; rate 0: no limit.  seed: randomness.  0 or -ENOMEM. */
int clickstream_limiter_new(struct clickstream_limiter **ret, double rate, double burst,
                            uint64_t seed);
struct clickstream_limiter *clickstream_limiter_free(struct clickstream_limiter *l);
/** Takes one token of key; false: none left.  now: any clock that does not go back. */
bool clickstream_limiter_take(struct clickstream_limiter *l, struct tl_str key, tl_time now);

#endif
