/**
 * @file rerun.h  A recorded day through the core under given rules, and as it was.
 */
#ifndef ACD_RERUN_H
#define ACD_RERUN_H

#include "floor.h"
#include "record.h"

/** What the rules know nothing of. */
struct rerun_gaps {
    uint64_t contacts; /**< left out: their queue is not in the rules */
    uint64_t agents;   /**< left out: not in the rules */
    uint64_t skills;   /**< requirements dropped: not in the rules */
};

/** Who looks on; each may be NULL.  See floor.h. */
struct rerun_watch {
    void (*progress)(double share); /**< of the day, 0 to 1 */
    acd_sink_fn *decided;
    int (*check)(void *arg, const struct acd *acd);
    void *arg; /**< of decided and check */
};

/**
 * Sends the record (after record_lives()) through the core.
 *
 * Agents come and go as recorded: offline and not ready, also not ready after a missed call, stay
 * what they were.  A recorded skill requirement counts as level 1, the queue's own as the rules
 * say.
 *
 * @param watch may be NULL
 * @return as floor_run(); free with floor_done()
 */
int rerun(const struct record *r, const struct acd_policy *policy, const struct rerun_watch *watch,
          struct floor_result *ret, struct rerun_gaps *ret_gaps);

/** The numbers of the record itself, per queue of the rules (its service targets judge).  Contacts
 *  that moved between queues count for their first.  0 or -ENOMEM; free with floor_done(). */
int rerun_recorded(const struct record *r, const struct acd_policy *policy,
                   struct floor_result *ret);

#endif
