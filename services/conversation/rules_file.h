/**
 * @file rules_file.h  The rules of deploy/config/conversation.yaml.
 */
#ifndef CV_RULES_FILE_H
#define CV_RULES_FILE_H

#include "core/rules.h"
#include <tl_yaml.h>

/** 0; -EINVAL with "file:line: key: reason" lines in why; -ENOENT; -ENOMEM. */
int cv_rules_load(struct cv_rules *ret, const char *path, struct tl_buf *why);
/** The same from memory. */
int cv_rules_parse(struct cv_rules *ret, struct tl_str text, const char *name, struct tl_buf *why);

#endif
