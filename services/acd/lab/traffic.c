/* A Poisson stream has no memory: at a change of rate it begins anew.  See traffic.h. */
#include "traffic.h"
#include <math.h>
#include <stdlib.h>
#include <tl_mem.h>

#define DAY TL_HOUR(24)

/* The rate at a time, and until when it holds. */
static double rate_at(const struct traffic_stream *s, tl_time t, tl_time *ret_until)
{
    tl_dur of_day = t % DAY;
    double rate = 0;
    size_t i = 0;

    while (i < s->n_rows && s->rows[i].from <= of_day)
        rate = s->rows[i++].per_hour;
    *ret_until = t - of_day + (i < s->n_rows ? s->rows[i].from : DAY);
    return rate;
}

static void advance(struct traffic_stream *s, tl_time limit)
{
    tl_time t = s->next, until;

    while (t < limit) {
        double rate = rate_at(s, t, &until);
        double gap = rate > 0 ? rng_exp(&s->comes, (double)TL_HOUR(1) / rate) : 1e18;
        if (gap < (double)(until - t)) {
            s->next = t + (tl_dur)(gap + 0.5);
            return;
        }
        t = until;
    }
    s->next = TL_NEVER;
}

void traffic_start(struct traffic *t, uint64_t seed, tl_time start)
{
    for (size_t i = 0; i < t->n; i++) {
        struct traffic_stream *s = &t->streams[i];
        s->comes = rng_seed(seed + 2 * i * UINT64_C(0x5851f42d4c957f2d));
        s->lives = rng_seed(seed + (2 * i + 1) * UINT64_C(0x5851f42d4c957f2d));
        s->next = start;
        advance(s, t->until);
    }
}

bool traffic_next(void *arg, struct floor_call *ret)
{
    struct traffic *t = arg;
    struct traffic_stream *first = NULL;

    for (size_t i = 0; i < t->n; i++)
        if (!first || t->streams[i].next < first->next)
            first = &t->streams[i];
    if (!first || first->next >= t->until || t->left == 0)
        return false;
    t->left--;
    *ret = first->like;
    ret->at = first->next;
    ret->talk = dice_roll(&first->talk, &first->lives);
    ret->wrap_up = dice_roll(&first->wrap_up, &first->lives);
    ret->patience = dice_roll(&first->patience, &first->lives);
    ret->answer = dice_roll(&first->answer, &first->lives);
    advance(first, t->until);
    return true;
}

void traffic_done(struct traffic *t)
{
    for (size_t i = 0; t->streams && i < t->n; i++)
        tl_free(t->streams[i].rows);
    t->streams = tl_free(t->streams);
    t->n = 0;
}

/* ---- curves ---- */

static int time_of_day(struct tl_str text, tl_dur *ret)
{
    struct tl_str hours;
    int64_t h, m;

    if (!tl_str_split(&text, ':', &hours) || tl_str_int(hours, 0, 23, &h) ||
        tl_str_int(text, 0, 59, &m))
        return -EINVAL;
    *ret = TL_HOUR(h) + TL_MIN(m);
    return 0;
}

static int read_rate(struct tl_str text, double *ret)
{
    char copy[32], *end;

    if (!text.n || !tl_str_put(copy, sizeof(copy), text))
        return -EINVAL;
    *ret = strtod(copy, &end);
    return *end || !(*ret >= 0 && *ret <= 1e7) ? -EINVAL : 0;
}

static const char *read_row(struct traffic_stream *s, struct tl_str line)
{
    struct traffic_row *row = &s->rows[s->n_rows];
    struct tl_str from;

    if (!tl_str_split(&line, ',', &from) || time_of_day(tl_str_trim(from), &row->from))
        return "must begin with a time of day, 08:30";
    if (read_rate(tl_str_trim(line), &row->per_hour))
        return "calls per hour must be a number from 0 to 10000000, after a comma";
    if (s->n_rows && row[-1].from >= row->from)
        return "must be later than the line before";
    s->n_rows++;
    return NULL;
}

static bool is_heading(struct tl_str line)
{
    return (line.s[0] | 32) >= 'a' && (line.s[0] | 32) <= 'z';
}

int traffic_curve(struct traffic_stream *s, struct tl_str text, const char *name,
                  struct tl_buf *why)
{
    struct tl_str line;
    unsigned number = 0;
    double sum = 0;

    s->n_rows = 0;
    s->rows = tl_alloc(TRAFFIC_ROWS, sizeof(*s->rows));
    if (!s->rows)
        return -ENOMEM;
    while (tl_str_split(&text, '\n', &line)) {
        const char *wrong;
        number++;
        line = tl_str_trim(line);
        if (!line.n || line.s[0] == '#' || (number == 1 && is_heading(line)))
            continue;
        wrong = s->n_rows == TRAFFIC_ROWS ? "too many lines, at most 1440" : read_row(s, line);
        if (wrong) {
            (void)tl_buf_printf(why, "%s:%u: %s\n", name, number, wrong);
            return -EINVAL;
        }
        sum += s->rows[s->n_rows - 1].per_hour;
    }
    if (sum > 0)
        return 0;
    (void)tl_buf_printf(why, "%s:%u: nobody would ever come\n", name, number);
    return -EINVAL;
}
