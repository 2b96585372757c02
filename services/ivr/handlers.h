/**
 * @file handlers.h  tl.cmd.ivr.*: walk the flow, answer, tell.
 */
#ifndef IVR_HANDLERS_H
#define IVR_HANDLERS_H

#include "core/flow.h"
#include <tl_bus.h>

struct ivr;
struct tl_events;

/** flow becomes the handlers' own.  0 or -ENOMEM (then it is freed, too). */
int ivr_new(struct ivr **ret, struct tl_bus *bus, struct tl_events *events, struct ivr_flow *flow);
struct ivr *ivr_free(struct ivr *ivr);
/** From the next contact on; the old flow is freed. */
void ivr_set_flow(struct ivr *ivr, struct ivr_flow *flow);

#endif
