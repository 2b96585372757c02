/**
 * @file wire.h  Between protobuf and the flow: the only part of ivr that sees *.pb-c.h.
 */
#ifndef IVR_WIRE_H
#define IVR_WIRE_H

#include "core/flow.h"
#include <tl_buf.h>
#include <tl_events.h>

/** StartFlowRequest; section and tier live until ivr_start_done(). */
struct ivr_start {
    void *owner;
    struct tl_id contact, thread;
    struct ivr_caller caller;
};

/** 0, -EBADMSG, -EMSGSIZE, -ENOMEM, -EINVAL: a field is wrong. */
int ivr_wire_start(const void *data, size_t n, struct ivr_start *ret);
void ivr_start_done(struct ivr_start *start);
/** StartFlowResponse. */
int ivr_wire_result(const struct ivr_flow *flow, const struct ivr_result *result,
                    struct tl_buf *out);
/** FlowStarted, a StepTaken for each step, FlowFinished. */
int ivr_wire_emit(struct tl_events *events, const struct ivr_start *start,
                  const struct ivr_flow *flow, const struct ivr_result *result);

#endif
