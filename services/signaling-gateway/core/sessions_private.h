/**
 * @file sessions_private.h  Between sessions.c (who comes and goes) and session.c (what is known of
 * one session, and of one agent).
 */
#ifndef SIGNALING_SESSIONS_PRIVATE_H
#define SIGNALING_SESSIONS_PRIVATE_H

#include "core/pairs.h"
#include "core/sessions.h"
#include <tl_map.h>

#define REASON_MAX 39

struct agent {
    struct tl_list sessions; /**< oldest first */
    struct pair *pairs;
    struct tl_entry entry;
    bool ready;
    char reason[REASON_MAX + 1];
    char id[TL_ID_MAX + 1];
};

/** What a message looks at comes first, and lies together. */
struct session {
    struct sessions *home;
    struct agent *agent;
    struct pair *pairs;
    void *socket;
    void *user;
    tl_time since;           /**< the socket went away; while it is here: last said something */
    struct tl_link of_agent; /**< while agent is set */
    uint16_t asking;
    uint8_t role;
    uint8_t round;
    uint8_t customer, name, tier; /**< offsets in text; subject comes after the id */
    struct tl_entry entry;
    struct tl_link line; /**< away, or here */
    struct tl_link watch;
    tl_time deadline; /**< while in a line */
    char text[];      /**< id, subject, customer, name, tier: each terminated */
};

struct sessions {
    struct tl_map by_id;
    struct tl_map agents;
    struct tl_list away; /**< without a socket */
    struct tl_list here; /**< customers with one */
    struct tl_list watchers;
    tl_dur grace, idle;
    void *owner;
};

/** In no map and no line.  NULL: out of memory. */
struct session *session_new(struct sessions *home, const struct who *w);
/** In the map of agents, without a session.  NULL: out of memory. */
struct agent *agent_new(struct sessions *s, const struct tl_id *id);

#endif
