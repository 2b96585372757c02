/* The life of one contact, as stories. */
#include "contact_story.h"

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
        cmocka_unit_test(who_owns_it),
        cmocka_unit_test(any_order_of_facts_keeps_the_invariants),
    };

    rules_default(&rules);
    dice = 42;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
