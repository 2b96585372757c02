/**
 * @file hours.h  When a queue takes contacts: weekly hours and holidays, in the queue's local time.
 * Time zones are the adapter's business: it says how far local time is ahead of UTC.
 */
#ifndef ACD_HOURS_H
#define ACD_HOURS_H

#include <tl_str.h>

#define HOURS_WINDOWS_MAX  42
#define HOURS_HOLIDAYS_MAX 100

struct hours {
    struct {
        uint8_t day;          /**< 0 is Sunday */
        uint16_t from, until; /**< minutes of the day; until is not open any more; 1440: midnight */
    } windows[HOURS_WINDOWS_MAX];
    unsigned n_windows;
    int32_t holidays[HOURS_HOLIDAYS_MAX]; /**< days since 1970-01-01, local */
    unsigned n_holidays;
};

/** "mon-fri" or "sat"; "09:00-12:00,13:00-18:00".  0, -EINVAL, -ENOSPC. */
int hours_add(struct hours *h, struct tl_str days, struct tl_str windows);
/** "2026-12-25".  0, -EINVAL, -ENOSPC. */
int hours_add_holiday(struct hours *h, struct tl_str date);
/** Whether it is open at a local time [s since 1970-01-01T00:00 local]. */
bool hours_open(const struct hours *h, int64_t local_s);

#endif
