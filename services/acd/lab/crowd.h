/**
 * @file crowd.h  A policy and random facts by seed, for the random runs, the benchmarks and the
 * planted bugs: the same seed gives the same facts.
 */
#ifndef ACD_CROWD_H
#define ACD_CROWD_H

#include <core/acd.h>

struct crowd_opts {
    uint32_t queues, skills, agents;
    uint32_t skills_per_agent, queues_per_agent;
    uint64_t seed;
    bool rich; /**< rings, overflow, all policies, chats, limits: everything the core can do */
};

struct crowd; /**< owns the policy */
int crowd_new(struct crowd **ret, const struct crowd_opts *opts);
struct crowd *crowd_free(struct crowd *c);
const struct acd_policy *crowd_policy(const struct crowd *c);
const char *crowd_agent(const struct crowd *c, uint32_t i);

/** xoshiro256**, seeded by splitmix64. */
struct rng {
    uint64_t s[4];
};
struct rng rng_seed(uint64_t seed);
uint64_t rng_next(struct rng *r);
/** 0 to n - 1. */
uint32_t rng_below(struct rng *r, uint32_t n);
/** [0, 1) */
double rng_unit(struct rng *r);
double rng_exp(struct rng *r, double mean);

#endif
