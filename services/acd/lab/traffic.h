/**
 * @file traffic.h  Customers by seed: Poisson streams whose rate may follow the time of day.
 */
#ifndef ACD_TRAFFIC_H
#define ACD_TRAFFIC_H

#include "dice.h"
#include "floor.h"

#define TRAFFIC_ROWS 1440 /**< of one curve: a row for each minute */

/** Calls per hour from a time of day on; before the first row nobody comes. */
struct traffic_row {
    tl_dur from;
    double per_hour;
};

/** One kind of customer. */
struct traffic_stream {
    struct floor_call like;   /**< queue, channel, priority, needs */
    struct traffic_row *rows; /**< ascending; owned */
    size_t n_rows;
    struct dice talk, wrap_up, patience, answer;
    struct rng comes, lives; /**< apart: the same customers come whatever they do then */
    tl_time next;
};

struct traffic {
    struct traffic_stream *streams; /**< owned */
    size_t n;
    tl_time until; /**< nobody comes after this */
    uint64_t left; /**< nor more than this many */
};

/** Seeds each stream and lets it begin. */
void traffic_start(struct traffic *t, uint64_t seed, tl_time start);
/** A floor_source_fn; arg is a struct traffic. */
bool traffic_next(void *arg, struct floor_call *ret);
void traffic_done(struct traffic *t);

/** Reads "HH:MM,per hour" lines ('#' comments; a first line of words is a heading).
 *  0, -EINVAL with "name:line: reason" in why, -ENOMEM. */
int traffic_curve(struct traffic_stream *s, struct tl_str text, const char *name,
                  struct tl_buf *why);

#endif
