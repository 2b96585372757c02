/**
 * @file world.h  The tracker with everything around it in memory: a bus, a store, rules and a page
 * that sends.  Include world.c.
 */
#ifndef CLICKSTREAM_TESTS_WORLD_H
#define CLICKSTREAM_TESTS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <tl_clock.h>
#include <tl_mem.h>
#include <tl_metrics.h>

#include "adapters/rules_yaml.h"
#include "handlers.h"
#include "threadline/acd/v1/supply.pb-c.h"
#include "threadline/clickstream/v1/commands.pb-c.h"

struct world {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct tl_events *events;
    struct clickstream_store *store;
    struct clickstream_handlers *handlers;
    struct clickstream_settings set;
    struct tl_sub *clicks;
    char subjects[64][160];
    size_t n_clicks;
    /* the last answer */
    int answers, status;
    char json[8192], pointer[256], detail[256];
    /* the last reply of GetVisit */
    int reply_err, reply_code;
    Threadline__Clickstream__V1__GetVisitResponse *visit;
};

int world_start(void **state);
int world_stop(void **state);
void world_turn(struct world *w);
/** Notes an answer in arg, a world. */
void world_answered(void *arg, const struct clickstream_http_answer *a);
/** A page sends a body and gets its answer. */
void sends(struct world *w, const char *body);
/** Value of a text field of the last answer; empty if it has none. */
const char *field(struct world *w, const char *name, char out[1100]);
/** The ACD tells of some hundred queues that no rule offers, and of the one that a rule does. */
void supply(struct world *w, int staffed);
void ask_visit(struct world *w, const char *visit, const char *visitor);
/** Without waiting for the answer. */
void ask_visit_later(struct world *w, const char *visit, const char *visitor);

#define STORY(name) cmocka_unit_test_setup_teardown(name, world_start, world_stop)

#endif
