/**
 * @file wire.h  Envelopes of every service <-> core types.
 */
#ifndef ANALYTICS_WIRE_H
#define ANALYTICS_WIRE_H

#include <tl_events.h>

#include "core/board.h"
#include "core/gaps.h"

/** What analytics needs of any event. */
struct analytics_event {
    struct tl_id event_id, producer, boot;
    uint64_t seq;
    struct analytics_fact fact;
    bool is_gap; /**< somebody reported a gap: it is in gap */
    struct analytics_gap gap;
};

/** "acd" of tl.events.acd.…, "clickstream" of tl.clicks.…; empty: not a subject of events. */
struct tl_str analytics_wire_service(struct tl_str subject);
/** What follows the event's name: thread, agent or visit id; empty or "-": there is none. */
struct tl_str analytics_wire_key(struct tl_str subject);

/**
 * Reads an envelope by the schema of its service.
 *
 * @param why fixed text, set on failure
 * @return 0; -EBADMSG: junk, an unknown service, or without its Meta; -EMSGSIZE; -ENOMEM
 */
int analytics_wire_read(struct analytics_event *ret, struct tl_str subject, const void *data,
                        size_t n, const char **why);

/** tl.acd.supply: calls step for each queue.  0, -EBADMSG, -ENOMEM. */
int analytics_wire_supply(struct analytics_board *board, const void *data, size_t n);

/** signaling.v1.Board.  0, -ENOMEM, -EMSGSIZE. */
int analytics_wire_board(struct tl_buf *out, const struct analytics_board *board, tl_time now);

/** As tl_events_emit(). */
int analytics_wire_emit_gap(struct tl_events *events, const struct analytics_gap *gap);

#endif
