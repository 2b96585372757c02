/* Once a second: an ACD, a gateway and a store that forgot or died. */
#include "world.c"

static int start_with_a_long_grace(void **state)
{
    world_grace = STORE_SILENT_AFTER + TL_MSEC(300);
    return world_set_up(state);
}

static int stop_and_forget_it(void **state)
{
    world_grace = 0;
    return world_tear_down(state);
}

static void an_acd_that_forgot_is_told_again(void **state)
{
    Threadline__Signaling__V1__AgentState lunch = THREADLINE__SIGNALING__V1__AGENT_STATE__INIT;
    struct who who = an_agent("bob");
    struct socket s;

    TL_UNUSED(state);
    comes(0, &s, &who);
    wait_for_greeting(&s);
    says(&s, "{\"id\":\"1\",\"set_agent_state\":{\"ready\":true}}");
    world_until(heard(&s, "{\"in_reply_to\":\"1\",\"agent_state\":"));
    w.acd_forgot = true;
    w.set_ready = false;
    world_until(!w.acd_forgot);
    assert_true(w.set_ready);
    lunch.presence = THREADLINE__SIGNALING__V1__AGENT_PRESENCE__AGENT_PRESENCE_NOT_READY;
    lunch.reason = (char *)"lunch"; /* the ACD itself said so, for instance after a missed offer */
    push("tl.agent.bob", THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_AGENT_STATE, &lunch);
    w.acd_forgot = true;
    world_until(!w.acd_forgot);
    assert_false(w.set_ready);
    assert_string_equal(w.set_reason, "lunch");
}

static void who_was_at_a_dead_gateway_is_waited_for(void **state)
{
    struct who stays = an_agent("bob"), leaves = a_customer();
    struct socket a, b;

    TL_UNUSED(state);
    comes(0, &a, &stays);
    comes(0, &b, &leaves);
    wait_for_greeting(&a);
    wait_for_greeting(&b);
    gateway_stop(w.gateway[0]); /* no beat any more, as after a kill -9 */
    w.heartbeats = 0;
    store_shared_wait(w.shared, STORE_SILENT_AFTER);
    world_until(strstr(w.beat_agents, stays.session.s) && w.heartbeats);
    resumes(1, &a, &stays);
    wait_for_greeting(&a);
    world_until(w.losts == 1); /* the customer never came back */
    assert_string_equal(w.lost_session, leaves.session.s);
    world_turn(2 * GRACE);
    assert_int_equal(w.losts, 1);
}

static void a_store_that_forgot_learns_everything_again(void **state)
{
    struct who who = a_customer();
    struct socket a, b;

    TL_UNUSED(state);
    comes(0, &a, &who);
    wait_for_greeting(&a);
    store_shared_forget(w.shared);
    world_turn(3 * BEAT);
    resumes(0, &b, &who);
    wait_for_greeting(&b);
    assert_int_equal(a.closed, TL_WS_SUPERSEDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(an_acd_that_forgot_is_told_again),
        cmocka_unit_test_setup_teardown(who_was_at_a_dead_gateway_is_waited_for,
                                        start_with_a_long_grace, stop_and_forget_it),
        STORY(a_store_that_forgot_learns_everything_again),
    };
    return cmocka_run_group_tests_name("beat", tests, NULL, NULL);
}
