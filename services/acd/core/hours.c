/* Weekly windows in minutes, holidays as day numbers; see hours.h. */
#include "hours.h"

static int read_day(struct tl_str s)
{
    static const struct tl_str names[] = {TL_STR("sun"), TL_STR("mon"), TL_STR("tue"),
                                          TL_STR("wed"), TL_STR("thu"), TL_STR("fri"),
                                          TL_STR("sat")};

    for (int d = 0; d < 7; d++)
        if (tl_str_ieq(s, names[d]))
            return d;
    return -1;
}

/* Five characters: "09:30" */
static int read_minute(struct tl_str s)
{
    int64_t hour, minute;

    if (s.s[2] != ':' || tl_str_int((struct tl_str){s.s, 2}, 0, 24, &hour) ||
        tl_str_int((struct tl_str){s.s + 3, 2}, 0, 59, &minute) || (hour == 24 && minute > 0))
        return -1;
    return (int)(hour * 60 + minute);
}

static int add_window(struct hours *h, int day, struct tl_str text)
{
    int from, until;

    if (text.n != 11 || text.s[5] != '-')
        return -EINVAL;
    from = read_minute((struct tl_str){text.s, 5});
    until = read_minute((struct tl_str){text.s + 6, 5});
    if (from < 0 || until <= from)
        return -EINVAL;
    if (h->n_windows == HOURS_WINDOWS_MAX)
        return -ENOSPC;
    h->windows[h->n_windows].day = (uint8_t)day;
    h->windows[h->n_windows].from = (uint16_t)from;
    h->windows[h->n_windows++].until = (uint16_t)until;
    return 0;
}

int hours_add(struct hours *h, struct tl_str days, struct tl_str windows)
{
    struct tl_str first, last, rest, part;
    int day, end, err = -EINVAL;

    if (!tl_str_split(&days, '-', &first))
        return -EINVAL;
    last = days.n ? days : first;
    day = read_day(first);
    end = read_day(last);
    if (day < 0 || end < 0)
        return -EINVAL;
    for (;; day = (day + 1) % 7) { /* "fri-mon" goes over the week's end */
        rest = windows;
        while (tl_str_split(&rest, ',', &part)) {
            err = add_window(h, day, tl_str_trim(part));
            if (err)
                return err;
        }
        if (day == end)
            return err;
    }
}

/* Days since 1970-01-01.  Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
static int32_t day_number(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = y / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

    return (int32_t)(era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468);
}

int hours_add_holiday(struct hours *h, struct tl_str date)
{
    int64_t y, m, d;

    if (date.n != 10 || date.s[4] != '-' || date.s[7] != '-' ||
        tl_str_int((struct tl_str){date.s, 4}, 1970, 9999, &y) ||
        tl_str_int((struct tl_str){date.s + 5, 2}, 1, 12, &m) ||
        tl_str_int((struct tl_str){date.s + 8, 2}, 1, 31, &d))
        return -EINVAL;
    if (h->n_holidays == HOURS_HOLIDAYS_MAX)
        return -ENOSPC;
    h->holidays[h->n_holidays++] = day_number(y, m, d);
    return 0;
}

bool hours_open(const struct hours *h, int64_t local_s)
{
    int64_t day = local_s / 86400;
    int minute = (int)(local_s % 86400 / 60), weekday = (int)((day + 4) % 7);

    for (unsigned i = 0; i < h->n_holidays; i++)
        if (h->holidays[i] == day)
            return false;
    for (unsigned i = 0; i < h->n_windows; i++)
        if (h->windows[i].day == weekday && h->windows[i].from <= minute &&
            minute < h->windows[i].until)
            return true;
    return false;
}
