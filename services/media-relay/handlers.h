/**
 * @file handlers.h  Where the bus meets the relay: commands in, answers, pushes and events out.
 */
#ifndef MEDIA_HANDLERS_H
#define MEDIA_HANDLERS_H

#include "relay.h"

#include <tl_bus.h>
#include <tl_events.h>
#include <tl_redis.h>

struct handlers;

struct handlers_opts {
    const char *instance; /* "m1" */
    struct tl_bus *bus;
    struct tl_redis *redis; /* NULL: no contact map (tests) */
    struct tl_events *events;
    struct relay_opts relay;
};

/** Subscribes, opens the relay, beats once a second.  0 or negative errno. */
int handlers_open(struct handlers **ret, struct tl_loop *loop, const struct handlers_opts *opts);
struct handlers *handlers_close(struct handlers *h);

/** No new contacts are placed here from now on; the legs that are up go on in the plane. */
void handlers_drain(struct handlers *h);

const struct relay *handlers_relay(const struct handlers *h);

#endif
