/**
 * @file gateway.h  Shared by gateway.c (sockets that come and go, and life), handlers.c (frames and
 * pushes), greeting.c (welcome and snapshot), farewell.c (telling others that a session is over),
 * beat.c (once a second), shortcut.c (typing between two who are both here), known.c (which
 * sessions are nowhere), idle.c (customers who say nothing).
 */
#ifndef SIGNALING_GATEWAY_H
#define SIGNALING_GATEWAY_H

#include "core/pairs.h"
#include "handlers.h"
#include "wire.h"
#include <tl_log.h>
#include <tl_metrics.h>

struct gateway {
    struct gateway_opts o;
    struct sessions *sessions;
    struct tl_sub *subs[5];
    struct tl_timer *wake; /* the next grace time that ends */
    struct tl_timer *beat; /* every second */
    struct pairs pairs;    /* shortcut.c */
    struct tl_list farewells;
    struct tl_buf json;    /* the frame being written; one at a time, one thread */
    struct tl_buf request; /* the command being written */
    struct tl_buf why;
    struct tl_buf board_frame, board;
    unsigned asked; /* call-backs that are still to come, each with this gateway in hand */
    bool stopping;
    bool over;         /* freed, but for those call-backs */
    tl_time may_adopt; /* not before: after a silence everybody may beat first */
    tl_time beaten;    /* the store heard us last */
    uint8_t saving;    /* round of writing all sessions again; 0: none is under way */
    uint8_t last_saving;
    uint64_t greetings;
    struct {
        struct tl_metric *sessions, *away, *agents, *frames, *pushes, *answers, *farewells,
            *adopted, *shortcuts;
    } m;
};

/** Something was asked that will call back exactly once; the gateway stays in memory until then. */
void gateway_asks(struct gateway *g);
/** The call-back is here.  False: the gateway is over, and must not be touched. */
bool gateway_hears(struct gateway *g);

/** handlers.c: hears what is pushed to sessions and agents, and the questions of others. */
int handlers_subscribe(struct gateway *g);

/** One more fact for the core, and what it decides is done. */
int gateway_step(struct gateway *g, const struct sessions_fact *fact);
void gateway_send(struct gateway *g, struct session *x, struct tl_str json);

/** Sends welcome and, when everything is here, snapshot.  -ENOMEM. */
int greeting_start(struct gateway *g, struct session *x, bool resumed);
/** While a greeting is under way pushes wait: true when it has taken the frame. */
bool greeting_hold(struct session *x, struct tl_str json);
/** NULL is fine. */
void greeting_free(void *greeting);

/** Tell conversation, and the ACD of an agent, until they have heard it; then forget the record. */
int farewell_say(struct gateway *g, const struct who *who, const char *cause, bool to_acd);
void farewell_retry(struct gateway *g);
void farewell_free_all(struct gateway *g);

/** A contact_state went to this customer's session: learn or forget who talks with whom. */
void shortcut_learn(struct gateway *g, const struct wire_learned *l, struct session *customer);
/** True when it was a typing frame and both sides are connected here: it has been passed on. */
bool shortcut_typing(struct gateway *g, struct session *x, struct tl_str json);

/** SESSION_QUIET: let the session go if it has no contact. */
void idle_ask(struct gateway *g, const struct sessions_decision *quiet);

/** ListUnknown of the conversation's reconciler. */
void known_asked(void *arg, const struct tl_msg *m);

/** Once a second: say to the ACD and to the other gateways who lives here, adopt who lost theirs,
 * repeat farewells.  -ENOMEM. */
int beat_start(struct gateway *g);

#endif
