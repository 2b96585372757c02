/**
 * @file numbers.h  What a queue's day is judged by.  docs/metrics.md has the meaning of each word.
 */
#ifndef ACD_NUMBERS_H
#define ACD_NUMBERS_H

#include <tl_buf.h>

#define NUMBERS_SHORT TL_SEC(5) /**< who hangs up sooner is a short abandon */

/** Counts, and sums of durations [us].  offered = answered + abandoned + flowed_out + waiting. */
struct numbers {
    uint64_t offered, answered, abandoned, short_abandoned, flowed_out, waiting;
    uint64_t answered_in_time, abandoned_in_time; /**< within the queue's service_target */
    uint64_t delayed;        /**< found no free agent: not offered at the moment they came */
    double wait_of_answered; /**< sum [us] */
    double wait_of_all;      /**< sum [us]; also of those who gave up or flowed out */
    uint64_t released;       /**< conversations that ended */
    double handled;          /**< sum of talk and wrap-up of these [us] */
    double busy, available;  /**< agent time [us]: ringing, talking, wrapping; that and idle */
    uint32_t now_waiting, most_waiting;
    tl_dur longest_wait;
    double forecast_error; /**< sum of |expected - real| / real over forecasts */
    uint64_t forecasts;    /**< expected waits told at arrival whose real wait was 1 s and more */
    double forecast_error_long; /**< the same of real waits of ACD_LONG_WAIT and more */
    uint64_t forecasts_long;
};

/** A line of a table or report. */
struct numbers_row {
    const char *name;
    const struct numbers *n;
    tl_dur span; /**< length of the day, for the mean queue length */
};

void numbers_add(struct numbers *to, const struct numbers *n);

/** Each ratio is 0 where its denominator is, and -1 where "nothing" would be misread as bad. */
double numbers_sl(const struct numbers *n);           /**< SL: ours, short abandons excluded; -1 */
double numbers_asterisk_sl(const struct numbers *n);  /**< answered in time / answered; -1 */
double numbers_asterisk_sl2(const struct numbers *n); /**< both in time / both; -1 */
double numbers_asa_s(const struct numbers *n);
double numbers_p_wait(const struct numbers *n);
double numbers_aht_s(const struct numbers *n);
double numbers_occupancy(const struct numbers *n);
double numbers_abandon(const struct numbers *n);                   /**< abandoned / offered */
double numbers_queue_length(const struct numbers *n, tl_dur span); /**< mean number waiting */
double numbers_mape(const struct numbers *n); /**< forecast error as a share; -1: no forecast */
double numbers_mape_long(const struct numbers *n); /**< of long waits */

/** What the words of the table mean, for below it. */
int numbers_legend(struct tl_buf *out);
/** A table for people: a head, and one line for each row. */
int numbers_table(struct tl_buf *out, const struct numbers_row *rows, size_t n);
/** One JSON object (times in seconds, shares from 0 to 1, null where nothing can be said). */
int numbers_json(struct tl_buf *out, const struct numbers_row *row);

#endif
