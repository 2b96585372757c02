/* What time does to a contact: every phase ends, and who does not answer is asked. */
#include "contact_story.h"

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
    static const struct story lost_agent[] = {
        /* an hour of talk is no wait: whose agent is lost is first in line, not sent away */
        {0, ROUTED, "routed | enqueue | | routed"},
        {60, ACCEPTED(1, "a1"), "connected | | customer agent card | connected"},
        {4000, IS(FACT_AGENT_LOST), "waiting | release enqueue | customer former |"},
        {4001, IS(FACT_DEADLINE), ""},
        {4000 + 3539, IS(FACT_DEADLINE), ""},
        {4000 + 3540, IS(FACT_DEADLINE),
         "ended | release dequeue | customer | ended (closed longest_wait)"},
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
    (void)TELL(CHANNEL_CHAT, lost_agent);
    (void)TELL(CHANNEL_VIDEO, media);
    (void)TELL(CHANNEL_CHAT, wrap_up);
    (void)TELL(CHANNEL_CHAT, no_wrap_up);
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
        cmocka_unit_test(deadlines),
        cmocka_unit_test(who_does_not_answer_is_asked_and_then_let_go),
        cmocka_unit_test(an_answer_in_time_starts_the_clock_anew),
        cmocka_unit_test(who_is_on_a_call_is_not_idle),
    };

    rules_default(&rules);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
