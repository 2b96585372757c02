/**
 * @file handlers.h  Events -> board and completeness -> what is published.
 *
 * The board is rebuilt at every start: the durable consumer analytics-metrics is made anew and
 * reads EVENTS from its beginning.
 */
#ifndef ANALYTICS_HANDLERS_H
#define ANALYTICS_HANDLERS_H

#include <tl_bus.h>
#include <tl_events.h>

#include "core/board.h"

struct analytics_handlers;

/** Borrows everything.  0 or negative errno. */
int analytics_handlers_new(struct analytics_handlers **ret, struct tl_loop *loop,
                           struct tl_bus *bus, struct tl_events *events);
struct analytics_handlers *analytics_handlers_free(struct analytics_handlers *h);
/** For tests: the board as it is. */
const struct analytics_board *analytics_handlers_board(const struct analytics_handlers *h);

/** Midnight before now in the zone of the environment (TZ). */
tl_time analytics_midnight(tl_time now);

#endif
