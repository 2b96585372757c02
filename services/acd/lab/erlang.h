/**
 * @file erlang.h  What theory says of one queue with Poisson arrivals and exponential times.
 *
 * Loads are in erlangs: arrivals * mean handle time.  Every function is stable from 1 to several
 * thousand servers: recursions and log space, no factorial.
 *
 * Source: Erlang B by the recursion B(n) = a B(n-1) / (n + a B(n-1)); Erlang C from it,
 * C = n B / (n - a (1 - B)); waits of M/M/n are exponential with rate (n mu - lambda) given one
 * waits (Cooper, Introduction to Queueing Theory, 1981, ch. 3).  Erlang A (M/M/n+M, C. Palm): the
 * birth-death chain with death rate n mu + k theta for k waiting; virtual wait of a customer who
 * must wait has the density p_n n mu exp(-n mu t + (lambda/theta)(1 - exp(-theta t))) (Palm 1957;
 * Garnett, Mandelbaum, Reiman, Designing a call center with impatient customers, 2002).
 */
#ifndef ACD_ERLANG_H
#define ACD_ERLANG_H

#include <stdint.h>

struct erlang_load {
    double per_s;      /**< arrivals [1/s] */
    double handle_s;   /**< mean handle time [s] */
    double patience_s; /**< mean patience [s]; 0: endless (Erlang C) */
    uint32_t servers;
    double target_s; /**< of the service level */
};

struct erlang_answer {
    double p_wait;        /**< must wait */
    double asa_s;         /**< mean wait of the answered */
    double wait_s;        /**< mean wait of everybody; the same without abandonment */
    double service_level; /**< answered within target_s / all */
    double occupancy;
    double p_abandon;
};

double erlang_b(uint32_t servers, double load);
/** 1 where load >= servers. */
double erlang_c(uint32_t servers, double load);
/** 0; -1: without patience the load must be below the servers (or a number is not positive). */
int erlang_solve(const struct erlang_load *l, struct erlang_answer *ret);
/** Fewest servers with service level >= level and occupancy <= most (Erlang C). */
uint32_t erlang_staff(struct erlang_load l, double level, double most);
/** Fewest servers with blocking <= most (Erlang B). */
uint32_t erlang_trunks(double load, double most);

#endif
