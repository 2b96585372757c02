/* Whoever is lost or leaves is told of, until somebody has heard it. */
#include "world.c"

static void a_lost_customer_is_told_of_once(void **state)
{
    struct who who = a_customer();
    struct socket s;

    TL_UNUSED(state);
    comes(0, &s, &who);
    wait_for_greeting(&s);
    goes(&s, false);
    world_turn(GRACE / 2);
    assert_int_equal(w.losts, 0);
    world_until(w.losts == 1);
    assert_string_equal(w.lost_session, who.session.s);
    assert_string_equal(w.lost_cause, "lost");
    world_turn(3 * BEAT);
    assert_int_equal(w.losts, 1);
    assert_non_null(strstr(w.last_event, "session_ended"));
}

static void saying_bye_is_told_of_at_once(void **state)
{
    struct who who = a_customer();
    struct socket s;

    TL_UNUSED(state);
    comes(0, &s, &who); /* still being greeted */
    goes(&s, true);
    world_until(w.losts == 1);
    assert_string_equal(w.lost_cause, "closed");
}

static void a_loss_is_repeated_until_heard(void **state)
{
    struct who who = a_customer();
    struct socket s;

    TL_UNUSED(state);
    comes(0, &s, &who);
    wait_for_greeting(&s);
    w.conversation_deaf = true;
    goes(&s, true);
    world_turn(5 * BEAT);
    assert_int_equal(w.losts, 0);
    w.conversation_deaf = false;
    world_until(w.losts == 1);
}

static void a_lost_agent_is_offline(void **state)
{
    struct who who = an_agent("bob");
    struct socket s;

    TL_UNUSED(state);
    comes(0, &s, &who);
    wait_for_greeting(&s);
    goes(&s, false);
    world_until(w.heartbeats > 2);
    assert_non_null(strstr(w.beat_agents, who.session.s)); /* grace: still alive for the ACD */
    world_until(w.losts == 1 && w.set_offline);
    assert_string_equal(w.set_reason, "lost");
}

static void one_of_two_desks_may_close(void **state)
{
    struct who first = an_agent("bob"), second = an_agent("bob");
    struct socket a, b;
    Threadline__Signaling__V1__OfferRescinded r = THREADLINE__SIGNALING__V1__OFFER_RESCINDED__INIT;

    TL_UNUSED(state);
    comes(0, &a, &first);
    wait_for_greeting(&a);
    comes(0, &b, &second);
    wait_for_greeting(&b);
    push("tl.agent.bob", THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_OFFER_RESCINDED, &r);
    assert_true(heard(&a, "offer_rescinded") && heard(&b, "offer_rescinded"));
    goes(&a, true);
    world_turn(3 * BEAT);
    assert_int_equal(w.losts, 0);
    assert_false(w.set_offline);
    assert_non_null(strstr(w.beat_agents, second.session.s));
}

static void who_comes_back_in_time_is_not_offline(void **state)
{
    struct who first = an_agent("bob"), second = an_agent("bob");
    struct socket a, b;

    TL_UNUSED(state);
    comes(0, &a, &first);
    wait_for_greeting(&a);
    w.conversation_deaf = true;
    goes(&a, true); /* the farewell to conversation has to be repeated */
    world_until(w.set_offline);
    w.conversation_deaf = false;
    comes(0, &b, &second);
    wait_for_greeting(&b);
    world_turn(5 * BEAT);
    assert_false(w.set_offline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_lost_customer_is_told_of_once), STORY(saying_bye_is_told_of_at_once),
        STORY(a_loss_is_repeated_until_heard),  STORY(a_lost_agent_is_offline),
        STORY(one_of_two_desks_may_close),      STORY(who_comes_back_in_time_is_not_offline),
    };
    return cmocka_run_group_tests_name("farewell", tests, NULL, NULL);
}
