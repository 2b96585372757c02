/**
 * @file tl_base.h  The words every file shares: time, borrowed text, sizes.
 * Quiet half: a core may include it.
 */
#ifndef TL_BASE_H
#define TL_BASE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A point in time [us since 1970-01-01T00:00:00Z], or on the monotonic clock where a header says
 * so. */
typedef int64_t tl_time;
/** A length of time [us]. */
typedef int64_t tl_dur;

#define TL_USEC(n) ((tl_dur)(n))
#define TL_MSEC(n) ((tl_dur)(n)*1000)
#define TL_SEC(n)  ((tl_dur)(n)*1000000)
#define TL_MIN(n)  (TL_SEC(60) * (n))
#define TL_HOUR(n) (TL_MIN(60) * (n))
#define TL_NEVER   INT64_MAX

/** Ten years: whoever names a longer time is mistaken, and sums of those that are not do not
 * overflow. */
#define TL_DUR_MAX (TL_HOUR(24) * 3653)

/** A length of time that somebody else has named [ms], within TL_DUR_MAX either way. */
static inline tl_dur tl_dur_of_ms(int64_t ms)
{
    return ms > TL_DUR_MAX / 1000    ? TL_DUR_MAX
           : ms < -TL_DUR_MAX / 1000 ? -TL_DUR_MAX
                                     : TL_MSEC(ms);
}

#define TL_LEN(array)                   (sizeof(array) / sizeof((array)[0]))
#define TL_LOWER(a, b)                  ((a) < (b) ? (a) : (b))
#define TL_HIGHER(a, b)                 ((a) > (b) ? (a) : (b))
#define TL_UNUSED(x)                    ((void)(x))
#define TL_CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))
#define TL_PRINTF(fmt_at, args_at)      __attribute__((format(printf, fmt_at, args_at)))

/** Text that somebody else owns: pointer and length, not terminated, valid until the call returns.
 */
struct tl_str {
    const char *s;
    size_t n;
};

#endif
