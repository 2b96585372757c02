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

#endif
