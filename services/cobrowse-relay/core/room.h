/**
 * @file room.h  One shared page: who is in it, what has been shown, who may send what.
 *
 * The customer sends a picture of the page (full) and then what changes (ev), numbered without
 * gaps; the agent sees them in that order, also when joining late.  The agent sends pointers and
 * drawings. Nobody is in a room without the customer's consent, and when it ends, the room ends.
 *
 * No clock, no socket, no log.
 */
#ifndef COBROWSE_ROOM_H
#define COBROWSE_ROOM_H

#include "core/filter.h"
#include <tl_id.h>
#include <tl_list.h>

enum room_role { ROOM_CUSTOMER = 0, ROOM_AGENT = 1 };
#define ROOM_ROLES 2

const char *room_role_name(enum room_role role); /* "customer", "agent" */

/** Defaults: docs/limits.md. */
struct room_limits {
    size_t full_max;     /**< a picture [bytes] */
    size_t event_max;    /**< another frame [bytes] */
    size_t kept_max;     /**< picture and changes kept for those who join late [bytes] */
    double events_per_s; /**< twice that in a burst */
    double bytes_per_s;  /**< four times that in a burst, so that a picture passes */
    int strikes;         /**< that many and the room ends */
    tl_dur life;         /**< the room ends after that */
    tl_dur ask_again;    /**< how long a picture may take before it is asked for again */
};
extern const struct room_limits room_limits_default;

/** Names that a room keeps for its events. */
struct room_names {
    struct tl_id contact, thread, session, agent;
};

struct room;

int room_new(struct room **ret, const struct room_names *names, const struct room_limits *limits,
             tl_time now);
struct room *room_free(struct room *r);
const struct room_names *room_names(const struct room *r);
/** Socket of a role; NULL: not here. */
void *room_socket(const struct room *r, enum room_role role);
/** Frames and bytes passed on so far. */
uint64_t room_frames(const struct room *r);
uint64_t room_bytes(const struct room *r);
tl_time room_ends_at(const struct room *r);

/** What to do, in this order: fields that are not set mean nothing. */
struct room_decision {
    void *replaced;      /**< close with 4009: a newer socket of the same role is here */
    void *replay_to;     /**< send everything that room_kept_next() gives */
    void *relay_to;      /**< send the frame as it came */
    bool tell_peers;     /**< each side is told whether the other is here */
    bool need_full;      /**< ask the customer for a new picture */
    const char *dropped; /**< the frame went nowhere: class for metrics */
    bool strike;         /**< and it counts */
    const char *end;     /**< the room is over: tell both why, close offender with 1008 */
    bool offender_is_set;
    enum room_role offender;
};

struct room_decision room_join(struct room *r, enum room_role role, void *socket, tl_time now);
/** False: that socket was not in the room (any more). */
bool room_leave(struct room *r, enum room_role role, const void *socket, struct room_decision *ret);
/** frame: borrowed, UTF-8. */
struct room_decision room_frame(struct room *r, enum room_role role, struct tl_str frame,
                                tl_time now);
/** Time has passed: an old room ends, a picture that does not come is asked for again. */
struct room_decision room_tick(struct room *r, tl_time now);

/** What somebody who joins late must get, oldest first; *at starts at NULL. */
bool room_kept_next(const struct room *r, const void **at, struct tl_str *ret);

#endif
