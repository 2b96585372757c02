/**
 * @file tl_clock.h  Wall clock, monotonic clock and randomness.  Loud half: cores get these as
 * arguments.
 */
#ifndef TL_CLOCK_H
#define TL_CLOCK_H

#include <tl_id.h>

tl_time tl_clock_wall(void);
tl_time tl_clock_mono(void);
/** Cannot fail: aborts when the kernel has no randomness. */
void tl_random(void *p, size_t n);
/** A ULID of now; within one process always greater than the one before. */
struct tl_id tl_id_new(void);
/** RFC 3339 in UTC with milliseconds: "2026-11-22T00:30:37.123Z"; years 1000 to 9999, a time beyond
 * is the nearest. */
void tl_clock_format(char out[32], tl_time t);

#endif
