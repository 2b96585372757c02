/**
 * @file floor.h  A floor of agents and a street of customers in virtual time, around the real core.
 *
 * The core decides as it does in service; the floor plays everybody else.  Customers come from a
 * source, hang up when their patience ends, talk as long as the source says.  Agents come and go
 * by a list of shifts, accept what rings after `answer`, and finish their wrap-up.  Nothing here is
 * random: all dice are in the source, so the same source gives the same day.
 */
#ifndef ACD_FLOOR_H
#define ACD_FLOOR_H

#include "numbers.h"
#include <core/acd.h>

/** One customer, whole life. */
struct floor_call {
    tl_time at;
    uint32_t queue;
    enum acd_channel channel;
    int32_t priority;
    uint8_t n_required;
    struct acd_need required[ACD_NEEDS_MAX];
    tl_dur patience;      /**< waits this long, ringing included; TL_NEVER */
    tl_dur answer;        /**< how long it rings at the agent's */
    tl_dur talk, wrap_up; /**< wrap-up also ends by the queue's timer, and is none if that is 0 */
};

/** The next customer in order of time; false: nobody comes any more. */
typedef bool floor_source_fn(void *arg, struct floor_call *ret);

enum floor_duty {
    FLOOR_OFF, /**< finishes what is there and goes home */
    FLOOR_AWAY,
    FLOOR_READY
};

struct floor_shift {
    tl_time at;
    uint32_t agent; /**< index in the policy */
    enum floor_duty duty;
};

/** A wait has ended: answered, or not. */
struct floor_end {
    tl_time now;
    tl_dur wait;
    bool answered, abandoned, delayed;
    double busy, available; /**< agent time until now [us] */
};

struct floor_opts {
    const struct acd_policy *policy; /**< its lease is not used: agents on the floor are alive */
    floor_source_fn *source;
    const struct floor_shift *shifts; /**< in order of time */
    size_t n_shifts;
    tl_dur back_after; /**< an agent who missed an offer is back after this; 0: 1 min */
    void (*ended)(void *arg, const struct floor_end *e); /**< may be NULL */
    acd_sink_fn *decided;                                /**< sees each decision first; NULL */
    void (*progress)(void *arg, tl_time now, uint64_t offered); /**< now and then; may be NULL */
    int (*check)(void *arg, const struct acd *acd);             /**< after each step; may be NULL */
    void *arg;
};

struct floor_result {
    struct numbers total;
    struct numbers *queues; /**< as in the policy; floor_done() frees them */
    uint32_t n_queues;
    uint64_t facts;
    tl_time first, last; /**< first and last arrival */
    tl_time end;         /**< everybody is gone, or nobody will ever come for who waits */
};

/** Runs the whole day.  0, -ENOMEM, -EPROTO: the core refused what it must take (a bug), or what
 *  check returned. */
int floor_run(const struct floor_opts *opts, struct floor_result *ret);
void floor_done(struct floor_result *r);

#endif
