/**
 * @file store.h  Rooms that may be entered, and tickets to them, where a restarted relay finds them
 * again.  What was shown in a room is kept in memory only.
 */
#ifndef COBROWSE_STORE_H
#define COBROWSE_STORE_H

#include "core/room.h"
#include <tl_loop.h>

#define TICKET_LIFE TL_SEC(30)

struct store;

/* Every callback comes exactly once, never inside the call.  err: 0, -ENOENT as said, -EAGAIN and
 * others: the store cannot be asked now. */
typedef void store_done_fn(void *arg, int err);
/** role and names of the room that the ticket leads to. */
typedef void store_redeem_fn(void *arg, int err, enum room_role role,
                             const struct room_names *names);

struct store_ops {
    struct store *(*free)(struct store *s);
    /** A room and a ticket for each role; a room that is there gets the new names.  With another
     * agent the tickets of before lead nowhere. */
    int (*open)(struct store *s, const struct room_names *names,
                const struct tl_id tickets[ROOM_ROLES], tl_dur life, store_done_fn *done,
                void *arg);
    /** Nobody can enter any more; unused tickets lead nowhere. */
    int (*close)(struct store *s, const struct tl_id *contact, store_done_fn *done, void *arg);
    /** Use up a ticket.  -ENOENT: unknown, used, too old, or its room is closed. */
    int (*redeem)(struct store *s, struct tl_str ticket, store_redeem_fn *done, void *arg);
};

/** First member of each implementation. */
struct store {
    const struct store_ops *ops;
};

struct tl_redis;
int store_redis_new(struct store **ret, struct tl_redis *redis);
int store_memory_new(struct store **ret, struct tl_loop *loop);
/** Tests: -EAGAIN from everything while on; and its clock. */
void store_memory_break(struct store *s, bool on);
void store_memory_wait(struct store *s, tl_dur d);

#endif
