/**
 * @file contact_story.h  The language of a contact's stories: what happens, and the phase, the
 * debts, the words to people and the events that follow.
 */
#ifndef CONVERSATION_TESTS_CONTACT_STORY_H
#define CONVERSATION_TESTS_CONTACT_STORY_H

#include "core/contact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct story {
    tl_time at; /**< seconds since the request */
    struct contact_fact fact;
    const char *expected; /**< "phase | owed | told | events" */
};

#define START TL_SEC(1000000) /* of every story */

static struct rules rules;
static const struct contact_route route = {
    .queue = {"orders"}, .music = {"music"}, .skills = {.n = 1, .at = {{"payments"}}}};

#define ROUTED                                  \
    {                                           \
        .kind = FACT_ROUTED_TO, .route = &route \
    }
#define DONE(w)                             \
    {                                       \
        .kind = FACT_WORK_DONE, .work = (w) \
    }
#define WITH(w, a)                                          \
    {                                                       \
        .kind = FACT_WORK_DONE, .work = (w), .agent = { a } \
    }
#define REFUSED(w, n)                                       \
    {                                                       \
        .kind = FACT_WORK_REFUSED, .work = (w), .code = (n) \
    }
#define RELEASED_UNTIL(s)                                                        \
    {                                                                            \
        .kind = FACT_WORK_DONE, .work = WORK_RELEASE, .until = START + TL_SEC(s) \
    }
#define ACD(k, n, a)                                                          \
    {                                                                         \
        .kind = (k), .epoch = 1, .seq = (n), .agent = {a}, .offer = {"o-" a}, \
        .until = START + TL_SEC(60)                                           \
    }
#define OFFERED(n, a)  ACD(FACT_OFFERED, n, a)
#define ACCEPTED(n, a) ACD(FACT_ACCEPTED, n, a)
#define OVER(n, a)     ACD(FACT_OFFER_OVER, n, a)
#define HANGUP(who)                       \
    {                                     \
        .kind = FACT_HUNG_UP, .by = (who) \
    }
#define IS(k)       \
    {               \
        .kind = (k) \
    }
#define WRAPPED(word)                                \
    {                                                \
        .kind = FACT_WRAPPED_UP, .disposition = word \
    }

static void add(char *out, size_t size, const char *word)
{
    size_t n = strlen(out);

    (void)snprintf(out + n, size - n, "%s%s", n && out[n - 1] != ' ' ? " " : "", word);
}

/** What a decision comes to, in words. */
static const char *words(const struct contact *c, const struct contact_decision *d)
{
    static const char *const tells[] = {"customer", "agent", "card", "survey", "stopped", "former"};
    static const char *const events[] = {"opened", "linked",    "requested", "routed",  "connected",
                                         "held",   "back",      "ended",     "message", "wrapped",
                                         "survey", "consented", "stopped",   "repaired"};
    static char out[400];

    out[0] = '\0';
    if (d->code) {
        (void)snprintf(out, sizeof out, "%d", d->code);
        return out;
    }
    if (!d->changed)
        return "";
    add(out, sizeof out, contact_phase_name(c->phase));
    add(out, sizeof out, "| ");
    for (unsigned i = 0; i < WORK_COUNT; i++) {
        if (c->owed & (1u << i))
            add(out, sizeof out, contact_work_name(1u << i));
    }
    add(out, sizeof out, "| ");
    for (unsigned i = 0; i < TL_LEN(tells); i++) {
        if (d->tell & (1u << i))
            add(out, sizeof out, tells[i]);
    }
    add(out, sizeof out, "| ");
    for (int i = 0; i < d->n_events; i++) {
        add(out, sizeof out, events[d->events[i].kind]);
        if (d->events[i].kind == EVENT_ENDED) {
            static const char *const outcomes[] = {"open", "completed", "abandoned", "closed",
                                                   "failed"};
            char word[80];

            (void)snprintf(word, sizeof word, "(%s %s)", outcomes[c->outcome], d->events[i].word);
            add(out, sizeof out, word);
        }
    }
    while (out[strlen(out) - 1] == ' ')
        out[strlen(out) - 1] = '\0';
    return out;
}

static struct contact fresh(enum contact_channel channel)
{
    struct contact c = {.id = {"c1"}, .thread = {"t1"}, .session = {"s1"}, .channel = channel};
    struct contact_decision d;

    contact_open(&c, &d, START);
    assert_int_equal(d.n_events, 1);
    return c;
}

/** Tells the story; each fact a second time changes nothing (but a refusal is said again). */
static struct contact told(enum contact_channel channel, const struct story *story, size_t n,
                           bool cobrowse)
{
    struct contact c = fresh(channel), again;
    struct contact_decision d;

    c.cobrowse_consent = cobrowse;
    for (size_t i = 0; i < n; i++) {
        contact_step(&c, &story[i].fact, &rules, START + TL_SEC(story[i].at), &d);
        if (strcmp(words(&c, &d), story[i].expected) != 0)
            fail_msg("step %zu: \"%s\" instead of \"%s\"", i, words(&c, &d), story[i].expected);
        if (story[i].fact.kind == FACT_AGENT_LOST)
            continue; /* the same words may mean the next agent */
        again = c;
        contact_step(&again, &story[i].fact, &rules, START + TL_SEC(story[i].at), &d);
        if (!d.code && d.changed)
            fail_msg("step %zu again: \"%s\"", i, words(&again, &d));
    }
    return c;
}

#define TELL(channel, story)          told(channel, story, TL_LEN(story), false)
#define TELL_COBROWSE(channel, story) told(channel, story, TL_LEN(story), true)

/** A video call from the flow to the wrap-up. */
static const struct story main_story[] = {
    {0, ROUTED, "routed | prepare enqueue | | routed"},
    {0, DONE(WORK_PREPARE), "routed | enqueue | |"},
    {0, DONE(WORK_ENQUEUE), "waiting | | customer |"},
    {5, OFFERED(1, "a1"), "ringing | | customer card |"},
    {8, ACCEPTED(2, "a1"), "connected | connect | customer agent card | connected"},
    {8, WITH(WORK_CONNECT, "a1"), "connected | | |"},
    {20, IS(FACT_HOLD_ASKED), "held | hold | customer agent | held"},
    {20, {.kind = FACT_WORK_DONE, .work = WORK_HOLD, .on = true}, "held | | |"},
    {30, IS(FACT_RETRIEVE_ASKED), "connected | hold | customer agent | back"},
    {30, DONE(WORK_HOLD), "connected | | |"},
    {40, HANGUP(ROLE_AGENT),
     "wrap_up | release hang_up | customer agent survey | ended (completed hangup)"},
    {40, DONE(WORK_HANG_UP), "wrap_up | release | |"},
    {40, RELEASED_UNTIL(70), "wrap_up | | agent |"},
    {50, WRAPPED("nonsense"), "422"},
    {50, WRAPPED("done"), "ended | finish | agent | wrapped"},
    {50, DONE(WORK_FINISH), "ended | | |"},
};

#endif
