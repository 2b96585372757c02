/**
 * @file legs.h  Whose leg is whose, and who hears whom: facts in, decisions out.
 *
 * A *seat* is a place in the plane (a pair of ports) that lives longer than what sits on it: each
 * contact has one for its customer, each agent has a standing one.  A *leg* is one PeerConnection:
 * an audio leg sits on a seat, a camera or a screen is published into the contact's room, a view
 * brings that picture to the customer.  A reload brings a new leg to the same seat, so what was
 * connected stays connected.
 *
 * What a seat hears follows from the state alone (see wanted() in legs.c):
 *     customer: music until an agent is connected and both legs are up; then the agent; music on
 * hold agent:    the customer of the newest connected contact that is not held; else silence
 *
 * No I/O, no clock.  One thread.  Times are monotonic microseconds.
 */
#ifndef MEDIA_CORE_LEGS_H
#define MEDIA_CORE_LEGS_H

#include <tl_id.h>

enum {
    LEGS_TEXT = 512,       /* music and announcement names of a contact */
    LEGS_KEY = 64,         /* "contact:<id>", "agent:<id>" */
    LEGS_LABEL = 1536,     /* what a successor needs to know of a seat */
    LEGS_MAX_SEATS = 2000, /* whatever the plane has room for */
};

/** As threadline.signaling.v1.LegKind. */
enum legs_kind { LEGS_NO_KIND, LEGS_AUDIO, LEGS_CAMERA, LEGS_SCREEN, LEGS_VIEW };

enum legs_fact_kind {
    /* commands; legs_step() answers with an outcome */
    LEGS_PREPARE, /* contact thread session text(music) text2(announcements): it will have audio */
    LEGS_OFFER,   /* actor contact leg media: a PeerConnection is offered */
    LEGS_ANSWER,  /* actor contact leg: to a view that we offered */
    LEGS_CLOSE,   /* actor contact leg */
    LEGS_CONNECT, /* contact agent epoch */
    LEGS_HOLD,    /* contact on */
    LEGS_RELEASE, /* contact: it is over */
    /* what the shell saw */
    LEGS_ATTACHED,     /* leg handle: this Janus handle carries it */
    LEGS_UP,           /* leg: media can flow */
    LEGS_DOWN,         /* leg text(cause): hung up, or could not be set up */
    LEGS_HEARD,        /* key idle_us packets lost jitter_us: what the plane counted on a seat */
    LEGS_SEAT_REFUSED, /* key: the plane has no port for it */
    LEGS_JANUS_LOST,
    LEGS_JANUS_BACK, /* the same session: nothing is lost */
    LEGS_JANUS_NEW,  /* a new one: every leg is gone */
    LEGS_PLANE_LOST,
    LEGS_PLANE_BACK, /* the same plane: say everything again, a command may be lost */
    LEGS_PLANE_NEW,  /* another one: every seat is gone */
    LEGS_ADOPT,      /* key text(label): found in the plane at our start */
    LEGS_TICK,       /* about once a second */
};

struct legs_fact {
    enum legs_fact_kind kind;
    struct tl_id contact, thread, session, agent, leg;
    bool by_agent; /* the actor: agent (agent set) or customer (session set) */
    enum legs_kind media;
    uint64_t epoch, handle;
    bool on;
    const char *key, *text, *text2;
    int64_t idle_us; /* -1: nothing came yet */
    uint64_t packets, lost;
    int64_t jitter_us;
};

/** What the asker is told.  code 0: done; LEGS_LATER: answer when START is carried out; LEGS_AGAIN:
 * the same offer came before, give the same answer; otherwise an HTTP status and a reason. */
struct legs_outcome {
    int code;
    const char *reason;
};

enum { LEGS_LATER = 1, LEGS_AGAIN = 2 };

enum legs_decision_kind {
    LEGS_DO_OPEN_SEAT,  /* key */
    LEGS_DO_CLOSE_SEAT, /* key */
    LEGS_DO_UNPEER,     /* key: nobody sits on it */
    LEGS_DO_LABEL,      /* key text */
    LEGS_DO_HEAR,       /* key text("silence", "sound:music", "leg:<key>") */
    LEGS_DO_PLAY,       /* key text(names) */
    LEGS_DO_START,      /* leg media contact key(audio): set up what was offered */
    LEGS_DO_VIEW,       /* leg feed shows contact session: offer the picture to the customer */
    LEGS_DO_ANSWER,     /* leg: the customer's answer */
    LEGS_DO_DETACH,     /* leg handle(0: not attached yet): let go of it in Janus */
    LEGS_DO_WATCH,      /* leg handle media contact: adopted */
    LEGS_DO_END_ROOM,   /* contact */
    LEGS_DO_REMEMBER,   /* contact: is here */
    LEGS_DO_FORGET,     /* contact */
    LEGS_SAY_REOFFER,   /* session or agent, text(reason) */
    LEGS_SAY_CLOSED,    /* session or agent, leg contact text(reason) */
    LEGS_TELL_UP,       /* leg media owner contact thread n(setup ms) */
    LEGS_TELL_DOWN, /* leg media owner contact thread text(cause); audio: packets lost jitter_us */
    LEGS_TELL_CONNECTED,    /* contact thread agent */
    LEGS_TELL_DISCONNECTED, /* contact thread agent */
    LEGS_TELL_SILENT,       /* leg contact thread n(ms) */
    LEGS_TELL_BACK,         /* leg contact thread n(ms) */
    LEGS_TELL_RESTARTED,    /* text(part) n(legs) */
};

struct legs_decision {
    enum legs_decision_kind kind;
    struct tl_id contact, thread, session, agent, leg, feed;
    enum legs_kind media;
    enum legs_kind shows; /* of a view: LEGS_CAMERA or LEGS_SCREEN */
    uint64_t handle;
    char key[LEGS_KEY];
    char text[LEGS_LABEL];
    int64_t n;
    uint64_t packets, lost;
    int64_t jitter_us;
};

/** One contact, as ListContacts shows it. */
struct legs_view_of_contact {
    struct tl_id contact, agent;
    bool customer_up, agent_up;
};

struct legs;

/** seed: randomness from which leg ids of views are made; seats: for how many the plane has room.
 * 0 or -ENOMEM. */
int legs_new(struct legs **ret, const uint8_t seed[10], int seats);
struct legs *legs_free(struct legs *legs);

/**
 * Tell what happened.  Repeating a fact is harmless.
 *
 * @param now          Monotonic [us]
 * @param wall         [us since epoch], for ids only
 * @param ret_outcome  Meaningful for commands
 * @return 0, or -ENOMEM: nothing was changed
 */
int legs_step(struct legs *legs, const struct legs_fact *fact, tl_time now, tl_time wall,
              struct legs_outcome *ret_outcome);

/** The next decision to carry out, in order; false: none is left. */
bool legs_next(struct legs *legs, struct legs_decision *ret);

/** Legs that exist, and contacts one after the other (start with *at = 0). */
int legs_count(const struct legs *legs);
bool legs_each_contact(const struct legs *legs, size_t *at, struct legs_view_of_contact *ret);

#endif
