/**
 * @file policy_in.h  What the readers of acd.yaml share: the file as it is built, and common words.
 * Each reader returns 0, -EINVAL with every complaint in why, or -ENOMEM.
 */
#ifndef ACD_POLICY_IN_H
#define ACD_POLICY_IN_H

#include "policy_yaml.h"
#include <core/hours.h>
#include <tl_yaml.h>

struct calendar {
    const char *name;
    struct hours hours;
    struct zone *zone;
};

struct policy_file {
    struct acd_policy policy;
    struct tl_yaml *doc; /* display names point into it */
    struct acd_queue_policy *queues;
    struct tl_id *skills;
    struct acd_agent_profile *agents;
    struct calendar *calendars;
    uint32_t n_calendars;
    uint32_t *calendar_of; /* by queue; UINT32_MAX: always open */
    const char *partition;
    uint8_t capacity[ACD_LOADS];
    tl_dur wrap_up, offer_timeout;
};

/* policy_yaml.c */
/** -EINVAL, with the reason in why. */
int policy_complain(const struct tl_yaml_node *n, const char *key, struct tl_buf *why,
                    const char *reason);
/** Index of a word in a list of them, or -1. */
int policy_word(const char *word, const char *const *list, int n);
int policy_read_choice(const struct tl_yaml_node *map, const char *key, const char *const *list,
                       int n, int *ret, struct tl_buf *why);
int policy_read_id(const struct tl_yaml_node *map, const char *key, struct tl_id *ret,
                   struct tl_buf *why);
int policy_read_capacity(const struct tl_yaml_node *map, uint8_t capacity[ACD_LOADS],
                         struct tl_buf *why);
/** Index, or UINT32_MAX. */
uint32_t policy_find_skill(const struct policy_file *p, const char *name);
uint32_t policy_find_queue(const struct policy_file *p, const char *name);

/* policy_queues.c */
int policy_read_calendars(struct policy_file *p, const struct tl_yaml_node *list,
                          struct tl_buf *why);
int policy_read_queues(struct policy_file *p, const struct tl_yaml_node *list, struct tl_buf *why);

/* policy_condition.c */
/** n is 0 where the key is missing. */
int policy_read_condition(const struct tl_yaml_node *map, const char *key,
                          struct acd_condition *ret, struct tl_buf *why);

/* policy_staff.c */
int policy_read_skills(struct policy_file *p, const struct tl_yaml_node *list, struct tl_buf *why);
int policy_read_agents(struct policy_file *p, const struct tl_yaml_node *list,
                       const struct tl_yaml_node *teams, struct tl_buf *why);

#endif
