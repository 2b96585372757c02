/**
 * @file policy_yaml.h  The rules of deploy/config/acd.yaml as a struct acd_policy.
 */
#ifndef ACD_POLICY_YAML_H
#define ACD_POLICY_YAML_H

#include <core/policy.h>
#include <tl_buf.h>

struct policy_file;

/** Reads and checks.  0, -ENOENT, -EINVAL with every complaint ("file:line: key: reason") in why,
 *  -ENOMEM. */
int policy_load(struct policy_file **ret, const char *path, struct tl_buf *why);
int policy_parse(struct policy_file **ret, struct tl_str text, const char *name,
                 struct tl_buf *why);
/** NULL is fine; returns NULL.  The policy must not be in use any more. */
struct policy_file *policy_free(struct policy_file *p);
const struct acd_policy *policy_of(const struct policy_file *p);
const char *policy_partition(const struct policy_file *p);
/** By the calendar of a queue, at this moment of UTC [s]: 1 open, 0 closed, -1: it has none. */
int policy_open(const struct policy_file *p, uint32_t queue, int64_t utc_s);
/** Whether any queue has a calendar. */
bool policy_has_hours(const struct policy_file *p);

#endif
