/**
 * @file wire.h  Bytes <-> core types: the collect request and its answer, what Redis keeps, events,
 * the supply.
 */
#ifndef CLICKSTREAM_WIRE_H
#define CLICKSTREAM_WIRE_H

#include <tl_events.h>

#include "core/rules.h"
#include "core/visit.h"

#define CLICKSTREAM_EVENTS_MAX 50 /**< in one request */

/** A request as a page sent it; text is borrowed from message. */
struct clickstream_request {
    struct tl_str token, claim, referrer;
    struct clickstream_fact facts[CLICKSTREAM_EVENTS_MAX];
    size_t n_facts;
    struct clickstream_basket baskets[CLICKSTREAM_EVENTS_MAX]; /**< what facts point at */
    void *message;
};

/**
 * Reads and checks a request.
 *
 * @param why "/events/0/url: too long"
 * @return 0; -EBADMSG: not JSON as we read it; -EINVAL: does not fit; -ENOMEM.  Free what it
 * holds with clickstream_wire_request_done(), also after an error.
 */
int clickstream_wire_request(struct clickstream_request *ret, struct tl_str json,
                             struct tl_buf *why);
void clickstream_wire_request_done(struct clickstream_request *r);

struct clickstream_answer {
    const char *visitor_id, *visit_id;
    const char *token; /**< NULL: the page has one */
    struct clickstream_invitation invitation;
};
/** 0, -ENOMEM, -EMSGSIZE. */
int clickstream_wire_answer(struct tl_buf *out, const struct clickstream_answer *a);

/** The records of Redis.  Reading empty text gives NULL / an empty visitor.  0, -ENOMEM, -EMSGSIZE;
 * reading also -EBADMSG. */
int clickstream_wire_put_visit(struct tl_buf *out, const struct clickstream_visit *v);
int clickstream_wire_get_visit(struct clickstream_visit **ret, struct tl_str bytes);
int clickstream_wire_put_visitor(struct tl_buf *out, const struct clickstream_visitor *w);
int clickstream_wire_get_visitor(struct clickstream_visitor *ret, struct tl_str bytes);

/** GetVisit.  0, -EBADMSG, -ENOMEM, -EMSGSIZE. */
int clickstream_wire_get_visit_request(struct tl_id *ret_visit, struct tl_id *ret_visitor,
                                       const void *data, size_t n);
int clickstream_wire_get_visit_response(struct tl_buf *out, const struct clickstream_visit *v);

/** Keeps the queues that the rules offer.  0, -EBADMSG, -ENOMEM.  ret->at is the caller's. */
int clickstream_wire_supply(struct clickstream_supply *ret, const struct clickstream_rules *rules,
                            const void *data, size_t n);

/** The visit began / a fact of it.  A heartbeat is no event.  rule: the name of the rule behind an
 * invitation, or "".  Errors as tl_events_emit(). */
int clickstream_wire_emit_started(struct tl_events *events, const struct clickstream_visit *v,
                                  tl_time now);
int clickstream_wire_emit(struct tl_events *events, const struct clickstream_visit *v,
                          const struct clickstream_fact *f, const char *rule, tl_time now);

/** "page_view", ... as in the request. */
const char *clickstream_wire_type(enum clickstream_fact_kind kind);

#endif
