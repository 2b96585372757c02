/**
 * @file relay.h  Carries out what the core decides: in the plane, in Janus, and for everything else
 * through the callbacks of its owner (handlers.c), which alone knows the bus.
 */
#ifndef MEDIA_RELAY_H
#define MEDIA_RELAY_H

#include "core/legs.h"

#include <tl_loop.h>

struct relay;

struct relay_opts {
    const char *janus_url;
    const char *janus_secret;
    const char *room_key; /* VideoRoom's admin_key */
    const char *plane_socket;
    int seats; /* for how many legs the plane has ports */
};

struct relay_ops {
    /** An offer that the core answered with LEGS_LATER is set up (sdp), or cannot be (code, why).
     */
    void (*answered)(void *arg, const struct tl_id *leg, int code, const char *why,
                     const char *sdp);
    /** Offer a view to the customer: d has leg, contact, session, shows. */
    void (*offer_view)(void *arg, const struct legs_decision *d, const char *sdp);
    /** Decisions about others: LEGS_SAY_*, LEGS_TELL_*, LEGS_DO_REMEMBER, LEGS_DO_FORGET. */
    void (*tell)(void *arg, const struct legs_decision *d);
};

/** Finds the plane, adopts what is there, then Janus.  0 or negative errno. */
int relay_open(struct relay **ret, struct tl_loop *loop, const struct relay_opts *opts,
               const struct relay_ops *ops, void *arg);
struct relay *relay_close(struct relay *r);

/**
 * Step the core and carry out what it decides.
 *
 * @param sdp  With LEGS_OFFER and LEGS_ANSWER: the description; borrowed
 * @return as legs_step()
 */
int relay_step(struct relay *r, const struct legs_fact *fact, const char *sdp,
               struct legs_outcome *ret_outcome);

/** The answer that was given for a leg (LEGS_AGAIN); NULL: it is still being set up, or was given
 * by a predecessor. */
const char *relay_answer(const struct relay *r, const struct tl_id *leg);
bool relay_setting_up(const struct relay *r, const struct tl_id *leg);

/** What a predecessor left in the plane is known; before that no command may be carried out. */
bool relay_adopted(const struct relay *r);
bool relay_janus_ready(const struct relay *r);
bool relay_plane_ready(const struct relay *r);
const struct legs *relay_legs(const struct relay *r);

#endif
