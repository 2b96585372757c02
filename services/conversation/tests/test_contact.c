/* The life of one contact, as stories: what happens, and the phase, the debts, the words to people
 * and the events that follow. */
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
    static const char *const tells[] = {"customer", "agent",  "card",    "survey",
                                        "stopped",  "former", "progress"};
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

static void the_main_story(void **state)
{
    struct contact c = TELL(CHANNEL_VIDEO, main_story);

    TL_UNUSED(state);
    assert_int_equal(c.waited, TL_SEC(8));
    assert_int_equal(c.talked, TL_SEC(22)); /* 32 s between accept and hang-up, 10 on hold */
    assert_int_equal(c.held, TL_SEC(10));
}

static void hang_up_on_hold(void **state)
{
    static const struct story s[] = {
        {0, ROUTED, "routed | enqueue | | routed"},
        {2, ACCEPTED(1, "a1"), "connected | | customer agent card | connected"},
        {12, IS(FACT_HOLD_ASKED), "held | | customer agent | held"},
        {17, HANGUP(ROLE_CUSTOMER),
         "wrap_up | release | customer agent survey | ended (completed hangup)"},
    };
    struct contact c = TELL(CHANNEL_CHAT, s);

    TL_UNUSED(state);
    assert_int_equal(c.talked, TL_SEC(10));
    assert_int_equal(c.held, TL_SEC(5));
}

static void nobody_answers_and_the_customer_goes(void **state)
{
    static const struct story s[] = {
        {0, ROUTED, "routed | prepare enqueue | | routed"},
        {0, DONE(WORK_PREPARE), "routed | enqueue | |"},
        {0, DONE(WORK_ENQUEUE), "waiting | | customer |"},
        {5, OFFERED(1, "a1"), "ringing | | customer card |"},
        {25, OVER(2, "a1"), "waiting | | customer |"},
        {26, OFFERED(3, "a2"), "ringing | | customer card |"},
        {30, HANGUP(ROLE_CUSTOMER),
         "ended | dequeue hang_up | customer | ended (abandoned abandoned)"},
    };
    struct contact c = TELL(CHANNEL_VOICE, s);

    TL_UNUSED(state);
    assert_int_equal(c.waited, TL_SEC(30));
    assert_true(tl_id_empty(&c.agent));
}

static void accept_and_hang_up_at_the_same_instant(void **state)
{
    static const struct story s[] = {
        {0, ROUTED, "routed | enqueue | | routed"},
        {1, OFFERED(1, "a1"), "ringing | | customer card |"},
        {2, HANGUP(ROLE_CUSTOMER), "ended | dequeue | customer | ended (abandoned abandoned)"},
        {2, DONE(WORK_DEQUEUE), "ended | | |"},
        {2, ACCEPTED(2, "a1"), "ended | dequeue | former |"},
        {2, DONE(WORK_DEQUEUE), "ended | | |"},
    };

    TL_UNUSED(state);
    (void)TELL(CHANNEL_CHAT, s);
}

static void the_click_comes_before_the_ring_is_heard(void **state)
{
    static const struct story s[] = {
        {0, ROUTED, "routed | prepare enqueue | | routed"},
        {1, ACCEPTED(2, "a1"), "connected | prepare connect | customer agent card | connected"},
        {1, OFFERED(1, "a1"), ""}, /* late */
        {1, DONE(WORK_ENQUEUE), ""},
    };
    struct contact c = TELL(CHANNEL_VIDEO, s);

    TL_UNUSED(state);
    assert_int_equal(contact_payable(&c), WORK_PREPARE); /* connect only when it is prepared */
}

static void an_agent_is_lost_in_the_middle(void **state)
{
    static const struct story s[] = {
        {0, ROUTED, "routed | prepare enqueue | | routed"},
        {0, DONE(WORK_PREPARE), "routed | enqueue | |"},
        {0, DONE(WORK_ENQUEUE), "waiting | | customer |"},
        {4, ACCEPTED(1, "a1"), "connected | connect | customer agent card | connected"},
        {4, WITH(WORK_CONNECT, "a1"), "connected | | |"},
        {14, IS(FACT_AGENT_LOST), "waiting | release prepare enqueue | customer former |"},
        {14, DONE(WORK_RELEASE), "waiting | prepare enqueue | |"},
        {14, {.kind = FACT_RELEASED, .epoch = 1, .seq = 2}, ""},
        {14, DONE(WORK_PREPARE), "waiting | enqueue | |"},
        {14, DONE(WORK_ENQUEUE), "waiting | | |"},
        {20, ACCEPTED(3, "a2"), "connected | connect | customer agent card | connected"},
        {20, WITH(WORK_CONNECT, "a1"), ""}, /* an answer about the agent who is gone */
        {20, WITH(WORK_CONNECT, "a2"), "connected | | |"},
        {30, HANGUP(ROLE_CUSTOMER),
         "wrap_up | release hang_up | customer agent survey | ended (completed hangup)"},
    };
    struct contact c = TELL(CHANNEL_VIDEO, s);

    TL_UNUSED(state);
    assert_true(c.enqueued_at == START);
    assert_int_equal(c.waited, TL_SEC(4));
    assert_int_equal(c.talked, TL_SEC(20));
    assert_int_equal(c.attempt, 1);
}

static void the_name_comes_late(void **state)
{
    static const struct story s[] = {
        {0, ROUTED, "routed | enqueue | | routed"},
        {4, ACCEPTED(1, "a1"), "connected | | customer agent card | connected"},
        {4,
         {.kind = FACT_NAMED, .agent = {"a1"}, .agent_name = "Ada"},
         "connected | | customer agent |"},
        {5, {.kind = FACT_NAMED, .agent = {"a2"}, .agent_name = "Bob"}, ""},
    };

    TL_UNUSED(state);
    (void)TELL(CHANNEL_CHAT, s);
}

static void lost_agent_then_the_customer_leaves(void **state)
{
    static const struct story s[] = {
        {0, ROUTED, "routed | enqueue | | routed"},
        {4, ACCEPTED(1, "a1"), "connected | | customer agent card | connected"},
        {14,
         {.kind = FACT_RELEASED, .epoch = 1, .seq = 2},
         "waiting | enqueue | customer former |"},
        {15, IS(FACT_CUSTOMER_LOST), "ended | dequeue | customer | ended (completed session_lost)"},
    };

    TL_UNUSED(state);
    (void)TELL(CHANNEL_CHAT, s);
}

static void the_view_of_the_page(void **state)
{
    static const struct story s[] = {
        {0, ROUTED, "routed | enqueue | | routed"},
        {1, ACCEPTED(1, "a1"), "connected | open_room | customer agent card | connected consented"},
        {1, DONE(WORK_OPEN_ROOM), "connected | | |"},
        {2,
         {.kind = FACT_WITHDRAWN, .by = ROLE_CUSTOMER},
         "connected | close_room | customer agent stopped | stopped"},
        {3, IS(FACT_CONSENTED), "connected | open_room | customer agent | consented"},
        {3, DONE(WORK_OPEN_ROOM), "connected | | |"},
        {4, IS(FACT_ROOM_CLOSED), "connected | | customer agent stopped | stopped"},
        {5, IS(FACT_CONSENTED), "connected | open_room | customer agent | consented"},
        {6, HANGUP(ROLE_AGENT),
         "wrap_up | release close_room | customer agent survey stopped | stopped ended (completed "
         "hangup)"},
    };

    TL_UNUSED(state);
    (void)TELL_COBROWSE(CHANNEL_CHAT, s);
}

static void minds_change_while_the_hold_is_asked_for(void **state)
{
    static const struct story s[] = {
        {0, ROUTED, "routed | prepare enqueue | | routed"},
        {0, DONE(WORK_PREPARE), "routed | enqueue | |"},
        {1, ACCEPTED(1, "a1"), "connected | connect | customer agent card | connected"},
        {1, WITH(WORK_CONNECT, "a1"), "connected | | |"},
        {2, IS(FACT_HOLD_ASKED), "held | hold | customer agent | held"},
        {3, IS(FACT_RETRIEVE_ASKED), "connected | hold | customer agent | back"},
        {3, {.kind = FACT_WORK_DONE, .work = WORK_HOLD, .on = true}, ""}, /* still owed: off */
        {3, DONE(WORK_HOLD), "connected | | |"},
    };

    TL_UNUSED(state);
    (void)TELL(CHANNEL_VIDEO, s);
}

static void what_is_refused(void **state)
{
    static const struct story unknown_queue[] = {
        {0, ROUTED, "routed | prepare enqueue | | routed"},
        {0, DONE(WORK_PREPARE), "routed | enqueue | |"},
        {0, REFUSED(WORK_ENQUEUE, 404),
         "ended | dequeue hang_up | customer | ended (failed enqueue)"},
    };
    static const struct story nobody_there[] = {
        {0, ROUTED, "routed | enqueue | | routed"},
        {0, REFUSED(WORK_ENQUEUE, 422), "ended | dequeue | customer | ended (closed no_staff)"},
        {0, REFUSED(WORK_DEQUEUE, 404), "ended | | |"},
    };
    static const struct story media_forgot[] = {
        {0, ROUTED, "routed | prepare enqueue | | routed"},
        {0, DONE(WORK_PREPARE), "routed | enqueue | |"},
        {1, ACCEPTED(1, "a1"), "connected | connect | customer agent card | connected"},
        {1, REFUSED(WORK_CONNECT, 404), "connected | prepare connect | |"},
        {1, DONE(WORK_PREPARE), "connected | connect | |"},
        {1, WITH(WORK_CONNECT, "a1"), "connected | | |"},
        {2, HANGUP(ROLE_AGENT),
         "wrap_up | release hang_up | customer agent survey | ended (completed hangup)"},
        {2, REFUSED(WORK_RELEASE, 404), "wrap_up | hang_up | agent |"},
        {2, REFUSED(WORK_HANG_UP, 404), "wrap_up | | |"},
    };
    static const struct story closed[] = {
        {0,
         {.kind = FACT_FLOW_CLOSED, .cause = "closed_hours"},
         "ended | | customer | ended (closed closed_hours)"},
    };

    TL_UNUSED(state);
    (void)TELL(CHANNEL_VIDEO, unknown_queue);
    (void)TELL(CHANNEL_CHAT, nobody_there);
    (void)TELL(CHANNEL_VIDEO, media_forgot);
    (void)TELL(CHANNEL_VIDEO, closed);
}

static void deadlines(void **state)
{
    static const struct story setup[] = {
        {29, IS(FACT_DEADLINE), ""},
        {30, IS(FACT_DEADLINE), "ended | | customer | ended (failed setup_timeout)"},
    };
    static const struct story ring[] = {
        {0, ROUTED, "routed | enqueue | | routed"},
        {1, OFFERED(1, "a1"), "ringing | | customer card |"}, /* until 60 s */
        {64, IS(FACT_DEADLINE), ""},
        {65, IS(FACT_DEADLINE), "waiting | enqueue | customer |"},
        {3600, IS(FACT_DEADLINE), "ended | dequeue | customer | ended (closed longest_wait)"},
    };
    static const struct story media[] = {
        {0, ROUTED, "routed | prepare enqueue | | routed"},
        {1, ACCEPTED(1, "a1"), "connected | prepare connect | customer agent card | connected"},
        {31, IS(FACT_DEADLINE),
         "wrap_up | release hang_up | customer agent survey | ended (failed media_lost)"},
    };
    static const struct story wrap_up[] = {
        {0, ROUTED, "routed | enqueue | | routed"},
        {1, ACCEPTED(1, "a1"), "connected | | customer agent card | connected"},
        {9, HANGUP(ROLE_AGENT),
         "wrap_up | release | customer agent survey | ended (completed hangup)"},
        {9, RELEASED_UNTIL(39), "wrap_up | | agent |"},
        {43, IS(FACT_DEADLINE), ""},
        {44, IS(FACT_DEADLINE), "ended | finish | agent | wrapped"},
        {45, WRAPPED(""), ""}, /* a second late: a note alone */
        {45, WRAPPED("done"), "ended | finish | | wrapped"},
    };
    static const struct story no_wrap_up[] = {
        {0, ROUTED, "routed | enqueue | | routed"},
        {1, ACCEPTED(1, "a1"), "connected | | customer agent card | connected"},
        {9, HANGUP(ROLE_AGENT),
         "wrap_up | release | customer agent survey | ended (completed hangup)"},
        {9, DONE(WORK_RELEASE), "ended | | agent | wrapped"},
    };

    TL_UNUSED(state);
    (void)TELL(CHANNEL_VIDEO, setup);
    (void)TELL(CHANNEL_CHAT, ring);
    (void)TELL(CHANNEL_VIDEO, media);
    (void)TELL(CHANNEL_CHAT, wrap_up);
    (void)TELL(CHANNEL_CHAT, no_wrap_up);
}

static void who_owns_it(void **state)
{
    struct contact c = fresh(CHANNEL_CHAT);
    const struct contact_actor customer = {.role = ROLE_CUSTOMER, .session = {"s1"}};
    const struct contact_actor stranger = {.role = ROLE_CUSTOMER, .session = {"s2"}};
    const struct contact_actor agent = {.role = ROLE_AGENT, .agent = {"a1"}};
    const struct contact_actor nobody = {.role = ROLE_AGENT};

    TL_UNUSED(state);
    assert_true(contact_is_theirs(&c, &customer));
    assert_false(contact_is_theirs(&c, &stranger));
    assert_false(contact_is_theirs(&c, &agent));
    assert_false(contact_is_theirs(&c, &nobody)); /* both have no agent: not the same agent */
    c.agent = agent.agent;
    assert_true(contact_is_theirs(&c, &agent));
}

/* ---- any order of facts ----------------------------------------------------------------- */

static uint64_t dice;

static unsigned roll(unsigned n)
{
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(dice >> 33) % n;
}

static struct contact_fact any_fact(uint64_t *seq)
{
    static const struct tl_id agents[] = {{"a1"}, {"a2"}, {"a3"}};
    struct contact_fact f = {.kind = (enum contact_fact_kind)roll(FACT_MENDED + 1),
                             .by = (enum contact_role)(1 + roll(4)),
                             .work = 1u << roll(WORK_COUNT),
                             .on = roll(2),
                             .code = roll(2) ? 404 : 409,
                             .route = &route,
                             .agent = agents[roll(3)],
                             .epoch = 1 + roll(2),
                             .until = START + TL_SEC(roll(1000)),
                             .repair = roll(4) ? NULL : "test",
                             .cause = roll(2) ? "cause" : NULL};

    f.offer = f.agent;
    f.seq = roll(4) ? ++*seq : roll(10); /* sometimes old news */
    (void)snprintf(f.disposition, sizeof f.disposition, "%s", roll(5) ? "done" : "nonsense");
    return f;
}

/** I1: one outcome; I2: epochs only rise; I5: a deadline until it is over; and debts that can be
 * paid. */
static void any_order_of_facts_keeps_the_invariants(void **state)
{
    TL_UNUSED(state);
    for (unsigned run = 0; run < 3000; run++) {
        struct contact c = fresh(roll(2) ? CHANNEL_VIDEO : CHANNEL_CHAT);
        uint64_t seq = 0;
        tl_time now = START;
        int ends = 0;

        for (int i = 0; i < 60; i++) {
            struct contact before = c;
            struct contact_fact f = any_fact(&seq);
            struct contact_decision d;

            now += TL_MSEC(roll(20000));
            contact_step(&c, &f, &rules, now, &d);
            for (int e = 0; e < d.n_events; e++)
                ends += d.events[e].kind == EVENT_ENDED;
            assert_true(d.n_events <= DECISION_EVENTS_MAX);
            assert_true(ends <= 1);
            assert_int_equal(ends, contact_is_live(&c) ? 0 : 1);
            assert_int_equal(c.outcome != OUTCOME_OPEN, !contact_is_live(&c));
            assert_true(c.epoch > before.epoch ||
                        (c.epoch == before.epoch && c.acd_seq >= before.acd_seq));
            assert_true(c.phase == PHASE_ENDED || contact_due(&c, &rules) < now + TL_HOUR(10));
            assert_true(!c.owed || contact_payable(&c));
            assert_true(c.talked >= 0 && c.held >= 0 && c.waited >= 0);
            assert_true(!c.cobrowse_active || c.phase == PHASE_CONNECTED || c.phase == PHASE_HELD);
            if (c.phase >= PHASE_RINGING && c.phase <= PHASE_WRAP_UP)
                assert_false(tl_id_empty(&c.agent));
            if (!d.changed && !d.code) { /* then nothing but the mark of the ACD moved */
                before.epoch = c.epoch;
                before.acd_seq = c.acd_seq;
                assert_memory_equal(&before, &c, sizeof c);
            }
            if (d.code)
                assert_int_equal(before.phase, c.phase);
        }
        for (int i = 0; i < 10 && c.phase != PHASE_ENDED; i++) { /* nobody stays stuck */
            const struct contact_fact f = {.kind = FACT_DEADLINE};
            struct contact_decision d;

            now = TL_HIGHER(now, contact_due(&c, &rules));
            contact_step(&c, &f, &rules, now, &d);
        }
        assert_int_equal(c.phase, PHASE_ENDED);
    }
}

/** Minutes after the request, in seconds. */
#define MIN(m) (60 * (m))

/** A chat whose agent wrote after two minutes and whose customer is silent since. */
static struct contact unanswered(struct contact_decision *d)
{
    static const struct story connected[] = {
        {0, ROUTED, "routed | enqueue | | routed"},
        {1, ACCEPTED(1, "a1"), "connected | | customer agent card | connected"},
    };
    struct contact c = TELL(CHANNEL_CHAT, connected);

    assert_false(contact_wrote(&c, ROLE_CUSTOMER, START + TL_MIN(1)));
    assert_true(contact_wrote(&c, ROLE_AGENT, START + TL_MIN(2)));
    *d = (struct contact_decision){0};
    return c;
}

static void at(struct contact *c, int seconds, const char *expected, struct contact_decision *d)
{
    contact_step(c, &(struct contact_fact)IS(FACT_DEADLINE), &rules, START + TL_SEC(seconds), d);
    assert_string_equal(words(c, d), expected);
}

static void who_does_not_answer_is_asked_and_then_let_go(void **state)
{
    struct contact_decision d;
    struct contact c = unanswered(&d);

    TL_UNUSED(state);
    assert_true(contact_due(&c, &rules) == START + TL_MIN(30));
    at(&c, MIN(30) - 1, "", &d);
    at(&c, MIN(30), "connected | | |", &d);
    assert_int_equal(d.says, SAYS_IDLE_QUESTION);
    at(&c, MIN(30), "", &d);
    assert_int_equal(d.says, SAYS_NOTHING);
    at(&c, MIN(32) - 1, "", &d);
    at(&c, MIN(32), "wrap_up | release | customer agent survey | ended (completed customer_idle)",
       &d);
    assert_int_equal(d.says, SAYS_IDLE_GOODBYE);
    assert_int_equal(d.events[0].by, ROLE_SYSTEM);
}

static void an_answer_in_time_starts_the_clock_anew(void **state)
{
    struct contact_decision d;
    struct contact c = unanswered(&d);

    TL_UNUSED(state);
    at(&c, MIN(30), "connected | | |", &d);
    assert_true(contact_wrote(&c, ROLE_CUSTOMER, START + TL_MIN(31)));
    at(&c, MIN(7 * 60), "", &d); /* now it is the agent who owes an answer */
    assert_true(contact_wrote(&c, ROLE_AGENT, START + TL_MIN(40)));
    assert_true(contact_wrote(&c, ROLE_AGENT, START + TL_MIN(41)));
    at(&c, MIN(69) - 1, "", &d);
    at(&c, MIN(69), "connected | | |", &d);
    contact_step(&c, &(struct contact_fact)IS(FACT_HOLD_ASKED), &rules, START + TL_MIN(70), &d);
    at(&c, MIN(71), "", &d); /* on hold the customer waits for us */
}

static void who_is_on_a_call_is_not_idle(void **state)
{
    struct contact c = TELL(CHANNEL_VIDEO, main_story);

    TL_UNUSED(state);
    c.phase = PHASE_CONNECTED;
    assert_false(contact_wrote(&c, ROLE_AGENT, START + TL_MIN(1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_main_story),
        cmocka_unit_test(hang_up_on_hold),
        cmocka_unit_test(nobody_answers_and_the_customer_goes),
        cmocka_unit_test(accept_and_hang_up_at_the_same_instant),
        cmocka_unit_test(the_click_comes_before_the_ring_is_heard),
        cmocka_unit_test(an_agent_is_lost_in_the_middle),
        cmocka_unit_test(the_name_comes_late),
        cmocka_unit_test(lost_agent_then_the_customer_leaves),
        cmocka_unit_test(the_view_of_the_page),
        cmocka_unit_test(minds_change_while_the_hold_is_asked_for),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(who_does_not_answer_is_asked_and_then_let_go),
        cmocka_unit_test(an_answer_in_time_starts_the_clock_anew),
        cmocka_unit_test(who_is_on_a_call_is_not_idle),
        cmocka_unit_test(who_owns_it),
        cmocka_unit_test(any_order_of_facts_keeps_the_invariants),
    };

    rules_default(&rules);
    dice = 42;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
