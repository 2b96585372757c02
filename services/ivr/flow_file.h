/**
 * @file flow_file.h  A flow from its YAML document, checked.
 */
#ifndef IVR_FLOW_FILE_H
#define IVR_FLOW_FILE_H

#include "core/flow.h"
#include <tl_yaml.h>

/** 0; -EINVAL with "file:line: key: reason" lines in why; -ENOENT; -ENOMEM.  Free with tl_free().
 */
int ivr_flow_load(struct ivr_flow **ret, const char *path, struct tl_buf *why);
/** The same from memory. */
int ivr_flow_parse(struct ivr_flow **ret, struct tl_str text, const char *name, struct tl_buf *why);

#endif
