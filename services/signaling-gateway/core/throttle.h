/**
 * @file throttle.h  How often somebody may try: a few tries in a sliding window for each key.
 * Bounded: past the most keys it forgets the one that was quiet longest.
 */
#ifndef SIGNALING_THROTTLE_H
#define SIGNALING_THROTTLE_H

#include <tl_str.h>

#define THROTTLE_TRIES 5
#define THROTTLE_KEY   120 /**< longest key [bytes]; longer ones are cut */

struct throttle;

/**
 * @param most_keys Keys remembered at once
 * @param window    Length of the sliding window
 * @param seed      Randomness against crafted keys
 * @return 0 or -ENOMEM
 */
int throttle_new(struct throttle **ret, size_t most_keys, tl_dur window, uint64_t seed);
struct throttle *throttle_free(struct throttle *t);

/**
 * Count a try.
 *
 * @return 0: go on; otherwise how long until the next one is allowed
 */
tl_dur throttle_try(struct throttle *t, struct tl_str key, tl_time now);
/** It was the right person: the tries so far no longer count. */
void throttle_forgive(struct throttle *t, struct tl_str key);

#endif
