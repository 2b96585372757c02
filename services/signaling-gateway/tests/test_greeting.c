/* Who comes is greeted: welcome at once, the snapshot as soon as it can be had. */
#include "world.c"

static void a_customer_is_greeted(void **state)
{
    struct who who = a_customer();
    struct socket s;

    TL_UNUSED(state);
    comes(0, &s, &who);
    assert_int_equal(strncmp(s.said, "{\"welcome\":", 11), 0);
    assert_true(heard(&s, who.session.s));
    assert_true(heard(&s, "\"resume_token\":\"tl1."));
    assert_false(heard(&s, "resumed"));
    wait_for_greeting(&s);
    assert_int_equal(s.frames, 2);
    assert_true(heard(&s, "c-from-conversation"));
    world_until(w.events_seen == 1);
    assert_non_null(strstr(w.last_event, "tl.events.signaling.session_started."));
    assert_int_equal(w.sets, 0);
}

static void what_happens_meanwhile_follows_the_snapshot(void **state)
{
    Threadline__Signaling__V1__Typing typing = THREADLINE__SIGNALING__V1__TYPING__INIT;
    struct who who = a_customer();
    struct socket s;
    char subject[80];

    TL_UNUSED(state);
    snprintf(subject, sizeof(subject), "tl.session.%s", who.session.s);
    w.hold = true;
    comes(0, &s, &who);
    world_until(w.hold_reply[0]);
    typing.contact_id = (char *)"early";
    push(subject, THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_TYPING, &typing);
    assert_int_equal(s.frames, 1);
    answer_snapshot(w.hold_reply);
    wait_for_greeting(&s);
    assert_int_equal(s.frames, 3);
    assert_true(strstr(s.said, "early") > strstr(s.said, "\"snapshot\""));
    typing.contact_id = (char *)"late";
    push(subject, THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_TYPING, &typing);
    assert_int_equal(s.frames, 4);
}

/* Conversation's part is here, the ACD's is not, and more is pushed than the gateway keeps. */
static void a_snapshot_that_grew_old_is_asked_again(void **state)
{
    Threadline__Common__V1__ChatMessage m = THREADLINE__COMMON__V1__CHAT_MESSAGE__INIT;
    struct who who = an_agent("bob");
    static char text[9001];
    struct socket s;

    TL_UNUSED(state);
    memset(text, 'x', sizeof(text) - 1);
    m.text = text;
    w.acd_deaf = w.acd_knows = true;
    comes(0, &s, &who);
    world_until(w.snapshots == 1);
    world_turn(TL_MSEC(10));
    for (int i = 0; i < 40; i++)
        push("tl.agent.bob", THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_MESSAGE, &m);
    w.acd_deaf = false;
    wait_for_greeting(&s);
    assert_int_equal(w.snapshots, 2);
}

static void the_snapshot_comes_when_conversation_is_back(void **state)
{
    struct who who = a_customer();
    struct socket s;

    TL_UNUSED(state);
    w.conversation_deaf = true;
    comes(0, &s, &who);
    world_until(w.snapshots >= 1);
    world_turn(TL_MSEC(20));
    assert_int_equal(s.frames, 1);
    assert_true(w.snapshots < 4); /* it is not asked all the time */
    w.conversation_deaf = false;
    wait_for_greeting(&s);
}

static void an_agent_is_signed_in_at_the_acd(void **state)
{
    struct who who = an_agent("bob");
    struct socket s;

    TL_UNUSED(state);
    comes(0, &s, &who);
    wait_for_greeting(&s);
    assert_int_equal(w.sets, 1);
    assert_false(w.set_ready);
    assert_true(heard(&s, "AGENT_PRESENCE_NOT_READY"));
    assert_true(heard(&s, "\"media_instance\":\"m1\""));
    goes(&s, false);
    resumes(0, &s, &who);
    wait_for_greeting(&s);
    assert_int_equal(w.sets, 1); /* still signed in */
    assert_true(w.agents_asked >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_customer_is_greeted),
        STORY(what_happens_meanwhile_follows_the_snapshot),
        STORY(a_snapshot_that_grew_old_is_asked_again),
        STORY(the_snapshot_comes_when_conversation_is_back),
        STORY(an_agent_is_signed_in_at_the_acd),
    };
    return cmocka_run_group_tests_name("greeting", tests, NULL, NULL);
}
