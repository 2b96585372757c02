/**
 * @file random_run.h  One random life of a small center, every invariant checked after every fact.
 */
#ifndef ACD_RANDOM_RUN_H
#define ACD_RANDOM_RUN_H

#include <tl_base.h>

struct random_run {
    uint64_t seed;
    uint32_t facts;
    bool reload; /**< exchange policies and store and load in between */
};

struct random_result {
    uint64_t facts, in, answered, left, offers, timeouts;
    uint64_t seats, joined, handed_over;
    char broken[256]; /**< empty: all held */
};

/** 0, -ENOMEM, or -EPROTO: *ret tells which invariant broke after how many facts. */
int random_run(const struct random_run *run, struct random_result *ret);

#endif
