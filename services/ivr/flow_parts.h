/**
 * @file flow_parts.h  What flow_file.c (steps, the document) reads with.  Each answers 0, or
 * -EINVAL after a line of complaint in r->why.  Nobody else includes it.
 */
#ifndef IVR_FLOW_PARTS_H
#define IVR_FLOW_PARTS_H

#include "core/flow.h"
#include <tl_yaml.h>

typedef struct tl_yaml_node node;

struct reader {
    struct ivr_flow *f;
    struct tl_buf *why;
};

int part_id(struct reader *r, const node *at, const char *key, const node *value,
            struct tl_id *ret);
/** One name or a list of names; none: an empty list. */
int part_list(struct reader *r, const node *at, const char *key, struct ivr_list *ret);
/** def NULL: it must be there. */
int part_string(struct reader *r, const node *at, const char *key, const char *def, char *dst,
                size_t size);
/** The named times of a flow; all may be NULL. */
int part_hours(struct reader *r, const node *all);
int part_when(struct reader *r, const node *n, struct ivr_when *ret);

#endif
