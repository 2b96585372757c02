/* Customers who say nothing: those without a contact are let go. */
#include "world.c"

#define QUIET TL_MSEC(120)

static void who_has_nothing_and_says_nothing_is_let_go(void **state)
{
    struct socket s;
    struct who who = a_customer();

    TL_UNUSED(state);
    w.no_contact = true;
    comes(0, &s, &who);
    world_until(heard(&s, "\"snapshot\""));
    world_until(s.closed);
    assert_int_equal(s.closed, TL_WS_IDLE);
    world_until(w.losts == 1);
    assert_string_equal(w.lost_session, who.session.s);
    assert_string_equal(w.lost_cause, "idle");
}

/* Until conversation has been asked for a contact; its answer waits. */
static void is_doubted(void)
{
    const int before = w.snapshots;

    w.hold = true;
    world_until(w.snapshots > before);
}

static void who_talks_may_type_nothing(void **state)
{
    struct socket s;
    struct who who = a_customer();

    TL_UNUSED(state);
    comes(0, &s, &who);
    world_turn(4 * QUIET);
    assert_int_equal(s.closed, 0);
    assert_in_range(w.snapshots, 2, 6); /* asked again, and not at every look */
    w.no_contact = true;                /* and when the talk is over */
    world_until(s.closed);
    assert_int_equal(s.closed, TL_WS_IDLE);
}

static void who_says_something_stays(void **state)
{
    struct socket s;
    struct who who = a_customer();

    TL_UNUSED(state);
    w.no_contact = true;
    comes(0, &s, &who);
    for (int i = 0; i < 12; i++) {
        world_turn(QUIET / 4);
        assert_int_equal(s.closed, 0);
        says(&s, "{\"typing\":{\"contact_id\":\"c1\",\"on\":true}}");
    }
    world_until(s.closed);
}

static void a_word_while_it_is_asked_counts(void **state)
{
    struct socket s;
    struct who who = a_customer();

    TL_UNUSED(state);
    w.no_contact = true;
    comes(0, &s, &who);
    world_until(heard(&s, "\"snapshot\""));
    is_doubted();
    says(&s, "{\"typing\":{\"contact_id\":\"c1\",\"on\":true}}");
    answer_snapshot(w.hold_reply);
    world_turn(TL_MSEC(20));
    assert_int_equal(s.closed, 0);
}

static void a_socket_that_was_replaced_is_not_meant(void **state)
{
    struct socket old, fresh;
    struct who who = a_customer();

    TL_UNUSED(state);
    w.no_contact = true;
    comes(0, &old, &who);
    world_until(heard(&old, "\"snapshot\""));
    is_doubted();
    w.hold = false;
    resumes(0, &fresh, &who);
    answer_snapshot(w.hold_reply);
    world_turn(TL_MSEC(20));
    assert_int_equal(old.closed, TL_WS_SUPERSEDED);
    assert_int_equal(fresh.closed, 0);
}

static void without_an_answer_nobody_is_let_go(void **state)
{
    struct socket s;
    struct who who = a_customer();

    TL_UNUSED(state);
    w.no_contact = true;
    comes(0, &s, &who);
    world_until(heard(&s, "\"snapshot\""));
    w.conversation_deaf = true;
    world_turn(3 * QUIET);
    assert_int_equal(s.closed, 0);
    w.conversation_deaf = false;
    world_until(s.closed == TL_WS_IDLE);
}

static void an_agent_may_be_silent(void **state)
{
    struct socket s;
    struct who who = an_agent("agent-1");

    TL_UNUSED(state);
    w.no_contact = w.acd_knows = true;
    comes(0, &s, &who);
    world_turn(4 * QUIET);
    assert_int_equal(s.closed, 0);
}

static void zero_is_no_limit(void **state)
{
    struct socket s;
    struct who who = a_customer();

    TL_UNUSED(state);
    w.no_contact = true;
    comes(0, &s, &who);
    world_turn(4 * QUIET);
    assert_int_equal(s.closed, 0);
    assert_int_equal(w.snapshots, 1);
}

static int start(void **state)
{
    TL_UNUSED(state);
    world_idle = QUIET;
    world_start();
    return 0;
}

static int start_without_limit(void **state)
{
    TL_UNUSED(state);
    world_idle = 0;
    world_start();
    return 0;
}

#define LIMITED(name) cmocka_unit_test_setup_teardown(name, start, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIMITED(who_has_nothing_and_says_nothing_is_let_go),
        LIMITED(who_talks_may_type_nothing),
        LIMITED(who_says_something_stays),
        LIMITED(a_word_while_it_is_asked_counts),
        LIMITED(a_socket_that_was_replaced_is_not_meant),
        LIMITED(without_an_answer_nobody_is_let_go),
        LIMITED(an_agent_may_be_silent),
        cmocka_unit_test_setup_teardown(zero_is_no_limit, start_without_limit, world_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
