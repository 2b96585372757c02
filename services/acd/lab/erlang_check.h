/**
 * @file erlang_check.h  The core against theory: many customers through the real core, and what
 * the formulas say of the same load.
 *
 * The first twentieth of the calls warms the floor up.  The rest falls into 30 batches of equal
 * size, longer than the memory of the line, whose means are nearly independent (batch means; Law,
 * Simulation Modeling and Analysis, 5th ed., 9.5.3).  A case holds when all its quantities lie in
 * their intervals at once with 99 % confidence: each interval is Student's with 29 degrees of
 * freedom at 1 - 0.01 / quantities (Bonferroni).  Where
 * theory expects fewer than 100 waits in a batch, only P(wait) and occupancy are judged: means of a
 * handful of waits have no such interval.
 */
#ifndef ACD_ERLANG_CHECK_H
#define ACD_ERLANG_CHECK_H

#include "erlang.h"
#include <stdbool.h>

#define ERLANG_BATCHES 30

struct erlang_measure {
    const char *name;
    double theory, mean, half; /**< the interval is mean +- half */
    bool judged;
};

struct erlang_verdict {
    struct erlang_measure of[5];
    unsigned n;
    bool within;
    uint64_t facts;
};

/** 0, -EINVAL: theory has no answer for this load, -ENOMEM, -EPROTO. */
int erlang_check(const struct erlang_load *load, uint64_t calls, uint64_t seed,
                 struct erlang_verdict *ret);

/** Two-sided quantile of Student's t: P(|T| <= x) = p. */
double erlang_student(double p, unsigned freedom);

#endif
