/**
 * @file handlers.h  Rooms between the bus and the sockets: conversation opens and closes them,
 * tickets lead browsers into them, frames go through core/room.c.
 */
#ifndef COBROWSE_HANDLERS_H
#define COBROWSE_HANDLERS_H

#include "adapters/store.h"
#include <tl_bus.h>
#include <tl_events.h>

struct relay;
struct seat; /**< one participant's place in a room */

/** How to speak on a socket; neither calls back. */
struct relay_sockets {
    int (*send)(void *socket, struct tl_str json);
    /** The socket is told and forgotten: relay_left() does not follow. */
    void (*close)(void *socket, int code, const char *reason);
};

struct relay_opts {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct store *store;
    struct tl_events *events;
    const struct relay_sockets *sockets;
    struct room_limits limits;
};

/** Everything in opts is borrowed.  0 or -ENOMEM. */
int relay_new(struct relay **ret, const struct relay_opts *opts);
struct relay *relay_free(struct relay *r);

/** A socket with a redeemed ticket.  NULL: out of memory, close it. */
struct seat *relay_joined(struct relay *r, enum room_role role, const struct room_names *names,
                          void *socket);
void relay_frame(struct seat *seat, struct tl_str frame);
/** The socket has ended; the seat is gone. */
void relay_left(struct seat *seat);

#endif
