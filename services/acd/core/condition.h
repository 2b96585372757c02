/**
 * @file condition.h  Comparisons that must all hold: waiting > 20 && oldest_wait > 60s.
 * Pure: numbers in, yes or no out.  adapters/policy_condition.c reads them from the rules' file.
 */
#ifndef ACD_CONDITION_H
#define ACD_CONDITION_H

#include <tl_base.h>

#define ACD_COMPARISONS_MAX 8

/** What is compared: the queue as it is, with the contact in question, and that contact. */
enum acd_measure {
    ACD_M_WAITING,
    ACD_M_STAFFED,
    ACD_M_IDLE,
    ACD_M_OLDEST_WAIT,   /**< [us] */
    ACD_M_EXPECTED_WAIT, /**< [us]; -1: nobody can say, and no comparison with it holds */
    ACD_M_PRIORITY,
    ACD_MEASURES
};

enum acd_comparator {
    ACD_MORE,
    ACD_AT_LEAST,
    ACD_LESS,
    ACD_AT_MOST,
    ACD_EQUAL,
    ACD_UNEQUAL,
    ACD_COMPARATORS
};

struct acd_comparison {
    enum acd_measure measure;
    enum acd_comparator comparator;
    int64_t value; /**< as the measure: a number, or [us] */
};

struct acd_condition {
    uint8_t n; /**< 0: there is no condition */
    struct acd_comparison all[ACD_COMPARISONS_MAX];
};

/** All comparisons hold; without any: true.  is: by enum acd_measure. */
bool acd_condition_holds(const struct acd_condition *c, const int64_t is[ACD_MEASURES]);
/** "waiting 27 > 20 && oldest_wait 80s > 60s", cut where it has no room; returns the length. */
size_t acd_condition_words(const struct acd_condition *c, const int64_t is[ACD_MEASURES],
                           char *line, size_t size);
/** As in the rules' file. */
const char *acd_measure_name(enum acd_measure m);
const char *acd_comparator_name(enum acd_comparator c);
/** Whether the measure is a length of time. */
bool acd_measure_is_wait(enum acd_measure m);

#endif
