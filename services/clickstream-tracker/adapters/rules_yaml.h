/**
 * @file rules_yaml.h  deploy/config/invitations.yaml -> compiled rules.
 */
#ifndef CLICKSTREAM_RULES_YAML_H
#define CLICKSTREAM_RULES_YAML_H

#include <tl_buf.h>

#include "core/rules.h"

/** 0 with rules on the heap (tl_free); -ENOENT, -ENOMEM, -EINVAL with one line per complaint,
 * "file:line: key: reason". */
int clickstream_rules_load(struct clickstream_rules **ret, const char *path, struct tl_buf *why);
/** The same from memory; name stands for the file. */
int clickstream_rules_parse(struct clickstream_rules **ret, struct tl_str text, const char *name,
                            struct tl_buf *why);

#endif
