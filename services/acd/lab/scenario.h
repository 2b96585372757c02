/**
 * @file scenario.h  A day to simulate, from a YAML file: who comes and who is there.
 *
 *     policy: acd.yaml          # the rules, as seen from this file; --policy goes before it
 *     from: 8h                  # time of day at which it begins (0s)
 *     for: 8h                   # how long customers come (1d)
 *     calls: 100000             # or until so many have come
 *     traffic:
 *       - queue: sales
 *         channel: voice        # video, voice, chat, phone, email, callback
 *         per_hour: 120         # or curve: arrivals.csv with "HH:MM,per hour" lines
 *         priority: 0
 *         requires: {german: 3}
 *         talk: lognormal 180s 120s     # dice.h has the words
 *         wrap_up: exponential 20s
 *         patience: exponential 5m
 *         answer: always 3s             # ringing
 *     staff:                    # none: every agent of the rules, all the time
 *       - {like: agent-1, count: 12, from: 8h, until: 16h}
 */
#ifndef ACD_SCENARIO_H
#define ACD_SCENARIO_H

#include "traffic.h"

struct scenario {
    struct acd_policy policy; /**< the rules with the scenario's own agents */
    struct traffic traffic;
    struct floor_shift *shifts;
    size_t n_shifts;
    tl_time start;
    struct acd_agent_profile *agents;
    struct tl_yaml *doc;
    struct policy_file *rules;
};

/**
 * @param path   YAML file
 * @param policy path of the rules, or NULL: the file says
 * @return 0, negative errno with the complaints in why.  Free with scenario_free().
 */
int scenario_load(struct scenario **ret, const char *path, const char *policy, struct tl_buf *why);
/** The same from two texts in memory; name and rules_name stand for the files. */
int scenario_parse(struct scenario **ret, struct tl_str text, const char *name, struct tl_str rules,
                   const char *rules_name, struct tl_buf *why);
struct scenario *scenario_free(struct scenario *s);

#endif
