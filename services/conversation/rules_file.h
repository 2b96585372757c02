/**
 * @file rules_file.h  The rules of deploy/config/conversation.yaml.
 */
#ifndef CONVERSATION_RULES_FILE_H
#define CONVERSATION_RULES_FILE_H

#include "core/rules.h"
#include <tl_yaml.h>

/** 0; -EINVAL with "file:line: key: reason" lines in why; -ENOENT; -ENOMEM. */
int rules_load(struct rules *ret, const char *path, struct tl_buf *why);
/** The same from memory. */
int rules_parse(struct rules *ret, struct tl_str text, const char *name, struct tl_buf *why);

#endif
