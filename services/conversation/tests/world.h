/**
 * @file world.h  A conversation service among pretended neighbours, on the bus and store in memory.
 * What it pushes, asks and tells is written down as short words, in order.
 */
#ifndef CONVERSATION_TEST_WORLD_H
#define CONVERSATION_TEST_WORLD_H

#include "handlers.h"
#include <tl_clock.h>
#include <tl_loop.h>
#include <tl_pb.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <threadline/acd/v1/commands.pb-c.h>
#include <threadline/acd/v1/events.pb-c.h>
#include <threadline/acd/v1/supply.pb-c.h>
#include <threadline/clickstream/v1/commands.pb-c.h>
#include <threadline/cobrowse/v1/commands.pb-c.h>
#include <threadline/conversation/v1/commands.pb-c.h>
#include <threadline/conversation/v1/events.pb-c.h>
#include <threadline/ivr/v1/commands.pb-c.h>
#include <threadline/media/v1/commands.pb-c.h>
#include <threadline/signaling/v1/gateways.pb-c.h>

struct neighbour {
    const char *subject;
    const char *word; /**< "enqueue" */
    struct tl_sub *sub;
    int refuse;  /**< status, or 0 */
    bool silent; /**< does not answer */
    bool raves;  /**< answers with junk */
    int asked;
};

struct world {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct store *store;
    struct conversation *conv;
    struct tl_sub *subs[4];
    struct neighbour neighbours[18];
    char pushes[4096];  /**< "s:WAITING a:card ..." */
    char asked[4096];   /**< "route prepare enqueue ..." */
    char events[4096];  /**< names of published events */
    char farewell[200]; /**< of the last contact_state */
    char line[200];     /**< of chat, the last one */
    uint64_t last_seq;  /**< of our events: contiguous */
    bool gap;
    bool flow_closes; /**< the flow says goodbye */
    tl_time wrap_up_ends_at;
    struct tl_buf acd_rows, media_rows; /**< answers of list_contacts */
    const char *unknown;                /**< session that no gateway knows; NULL: all are known */
    uint64_t epoch, seq;                /**< of the pretended ACD */
    /* the last answer */
    bool answered;
    int code;
    struct tl_buf answer;
};

void world_open(struct world *w);
void world_close(struct world *w);
/** Let everything that is under way come to rest. */
void world_turn(struct world *w);
/** Ask conversation; w->code and w->answer follow. */
void world_ask(struct world *w, const char *method, const void *message);
void world_ask_raw(struct world *w, const char *method, const void *data, size_t n);
struct neighbour *world_neighbour(struct world *w, const char *word);
void world_forget(struct world *w);
/** Until these have been pushed; time passes for real. */
void world_hears(struct world *w, const char *pushes);

/** Whole journeys in one word each. */
Threadline__Common__V1__Actor customer_actor(const char *session);
Threadline__Common__V1__Actor agent_actor(const char *agent);
/** Request a contact; its id (static storage) and the answer's code in w->code. */
const char *world_request(struct world *w, const char *session, const char *request, int channel,
                          bool cobrowse);
enum acd_word { OFFERED, ACCEPTED, OFFER_OVER, DEQUEUED, RELEASED, WRAP_UP_ENDED };
void world_acd(struct world *w, enum acd_word word, const char *contact, const char *agent);
/** Another process of the ACD takes over. */
void world_owner(struct world *w);
void world_acd_raw(struct world *w, const void *data, size_t n);
void world_end(struct world *w, Threadline__Common__V1__Actor actor, const char *contact);
void world_wrap_up(struct world *w, const char *agent, const char *contact, const char *word);
/** Up to connected with agent-1. */
const char *world_talk(struct world *w, const char *session, bool cobrowse);
/** The contact as it is stored. */
struct contact world_contact(struct world *w, const char *id);

/** A story has a world of its own. */
#define STORY(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
int world_setup(void **state);
int world_teardown(void **state);

/** It was requested, and left unanswered, so much earlier. */
void world_age(struct world *w, const char *id, tl_dur d);

#define assert_words(where, expected) assert_string_equal((where), (expected))

#endif
