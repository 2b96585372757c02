/*
 * A gateway with everything around it in memory: sockets that write down what they are sent, a bus,
 * a store that two gateways share, and stand-ins for conversation and the ACD that answer as told.
 */
#ifndef SIGNALING_TESTS_WORLD_H
#define SIGNALING_TESTS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <tl_clock.h>
#include <tl_mem.h>
#include <tl_metrics.h>
#include <tl_ws_frame.h>
#include <unistd.h>

#include <cmocka.h>

#include "handlers.h"
#include "threadline/acd/v1/commands.pb-c.h"
#include "threadline/conversation/v1/commands.pb-c.h"
#include "threadline/signaling/v1/client.pb-c.h"
#include "threadline/signaling/v1/gateways.pb-c.h"

#define GRACE TL_MSEC(150)
#define BEAT  TL_MSEC(20)

struct socket {
    char said[16384]; /* frames, each with a newline behind it */
    int frames;
    int closed; /* code; 0: open */
    struct session *session;
};

struct world {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct store_shared *shared;
    struct store *store[2];
    struct tl_events *events;
    struct gateway *gateway[2];
    struct tl_token_key key;
    struct tl_sub *subs[16];
    size_t n_subs;
    /* what the services heard and how they answer */
    int snapshots, losts, typings, heartbeats, agents_asked;
    bool conversation_deaf; /* 503 to everything */
    bool no_contact;        /* in the snapshot */
    int typing_refusal;
    char lost_session[40], lost_cause[40];
    bool acd_deaf;   /* 503 to GetAgent */
    bool acd_knows;  /* GetAgent: online; else 404 */
    bool acd_forgot; /* heartbeat answers: unknown */
    int sets;        /* SetAgentState */
    bool set_ready, set_offline;
    char set_reason[40];
    char beat_agents[200];
    int events_seen;
    char last_event[200];
    char hold_reply[200]; /* typing: the answer is sent later */
    bool hold;
};

extern struct world w;

/** The grace time of gateways that are started from now on; 0: GRACE. */
extern tl_dur world_grace;
/** How long a customer without a contact may say nothing, likewise; 0: no limit. */
extern tl_dur world_idle;
void world_start(void);
void world_stop(void);
void world_turn(tl_dur d);
/** Turns until true or 3 s. */
#define world_until(condition)                          \
    do {                                                \
        tl_time end_ = tl_clock_mono() + TL_SEC(3);     \
        while (!(condition) && tl_clock_mono() < end_)  \
            world_turn(0);                              \
        if (!(condition))                               \
            fail_msg("waited in vain: %s", #condition); \
    } while (0)

struct who a_customer(void);
struct who an_agent(const char *id);
/** A socket of somebody at gateway g (0 or 1); through the store, so the other gateway may follow.
 */
void comes(int g, struct socket *s, const struct who *who);
void resumes(int g, struct socket *s, const struct who *who);
void goes(struct socket *s, bool bye);
void says(struct socket *s, const char *frame);
/** Conversation's answer to a GetSnapshot that was held back. */
void answer_snapshot(const char *reply);
bool heard(const struct socket *s, const char *text);
void push(const char *subject, int tag, void *body);
void wait_for_greeting(struct socket *s);

/** A story in a world of its own. */
int world_set_up(void **state);
int world_tear_down(void **state);
#define STORY(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

#endif
