/*
 * Stories through the whole gateway but its sockets: what people say reaches the service, what is
 * pushed reaches them, also while they move.
 */
#include "world.c"

static void tell_phase(const char *subject, const char *contact, int phase)
{
    Threadline__Signaling__V1__ContactState c = THREADLINE__SIGNALING__V1__CONTACT_STATE__INIT;
    Threadline__Common__V1__Person agent = THREADLINE__COMMON__V1__PERSON__INIT;

    agent.id = (char *)"agent-1";
    c.contact_id = (char *)contact;
    c.phase = (Threadline__Signaling__V1__ContactPhase)phase;
    c.agent = &agent;
    push(subject, THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_CONTACT_STATE, &c);
}

static void a_frame_becomes_a_command_and_its_answer_a_frame(void **state)
{
    struct who who = a_customer();
    struct socket s;

    TL_UNUSED(state);
    comes(0, &s, &who);
    wait_for_greeting(&s);
    says(&s, "{\"id\":\"7\",\"typing\":{\"contact_id\":\"c\",\"on\":true}}");
    world_until(heard(&s, "{\"in_reply_to\":\"7\",\"ok\":{}}"));
    w.typing_refusal = 404;
    says(&s, "{\"id\":\"8\",\"typing\":{\"contact_id\":\"x\"}}");
    world_until(
        heard(&s, "{\"in_reply_to\":\"8\",\"error\":{\"code\":404,\"reason\":\"not yours\"}}"));
    says(&s, "{\"id\":\"9\",\"end_contact\":{\"contact_id\":\"x\"}}"); /* nobody serves that here */
    world_until(heard(&s, "{\"in_reply_to\":\"9\",\"error\":{\"code\":503"));
    says(&s, "{\"id\":\"10\",\"media_close\":{\"instance\":\"m.1\"}}");
    assert_true(heard(&s, "{\"in_reply_to\":\"10\",\"error\":{\"code\":400"));
    assert_int_equal(s.closed, 0);
}

static void a_frame_without_an_id_is_answered_only_where_it_is_wrong(void **state)
{
    struct who who = a_customer();
    struct socket s;
    int before;

    TL_UNUSED(state);
    comes(0, &s, &who);
    wait_for_greeting(&s);
    before = s.frames;
    says(&s, "{\"typing\":{\"contact_id\":\"c\",\"on\":true}}");
    world_until(w.typings == 1);
    world_turn(TL_MSEC(30));
    assert_int_equal(s.frames, before);
    w.typing_refusal = 404;
    says(&s, "{\"typing\":{\"contact_id\":\"x\"}}");
    world_until(heard(&s, "{\"error\":{\"code\":404,\"reason\":\"not yours\"}}"));
    assert_int_equal(s.frames, before + 1);
    assert_int_equal(s.closed, 0);

    who = an_agent("anna");
    comes(0, &s, &who);
    wait_for_greeting(&s);
    before = s.frames;
    says(&s, "{\"subscribe_board\":{\"on\":true}}");
    assert_int_equal(s.frames, before);
}

#define TALK "01ARZ3NDEKTSV4RRFFQ69G5FAV"

static void typing_between_two_who_are_here_needs_no_bus(void **state)
{
    static const char frame[] =
        "{\"id\":\"t1\",\"typing\":{\"contact_id\":\"" TALK "\",\"on\":true}}";
    static const char pushed[] = "{\"typing\":{\"contact_id\":\"" TALK "\",\"on\":true}}";
    struct who customer = a_customer(), agent = an_agent("agent-1"), other = a_customer();
    struct socket c, a, o;
    char subject[80];

    TL_UNUSED(state);
    comes(0, &c, &customer);
    comes(0, &a, &agent);
    comes(0, &o, &other);
    wait_for_greeting(&c);
    wait_for_greeting(&a);
    wait_for_greeting(&o);
    says(&c, frame); /* nobody has said yet that they talk: the long way */
    world_until(w.typings == 1);
    snprintf(subject, sizeof(subject), "tl.session.%s", customer.session.s);
    tell_phase(subject, TALK, THREADLINE__SIGNALING__V1__CONTACT_PHASE__CONTACT_PHASE_CONNECTED);
    says(&c, frame);
    assert_true(heard(&a, pushed));
    says(&a, frame);
    assert_true(heard(&c, pushed));
    assert_true(heard(&c, "{\"in_reply_to\":\"t1\",\"ok\":{}}"));
    assert_int_equal(w.typings, 1);
    says(&o, frame); /* not their contact: conversation refuses, the two hear nothing */
    world_until(w.typings == 2);
    assert_false(heard(&o, pushed));
    tell_phase("tl.agent.agent-1", TALK,
               THREADLINE__SIGNALING__V1__CONTACT_PHASE__CONTACT_PHASE_WRAP_UP);
    says(&c, frame);
    world_until(w.typings == 3);
}

static void a_bad_frame_harms_one_peer(void **state)
{
    static const char *const bad[] = {"nonsense", "{}", "{\"fly\":{}}",
                                      "{\"id\":\"1\",\"accept_offer\":{\"offer_id\":\"o\"}}"};
    struct who who = a_customer(), neighbour = a_customer();
    struct socket s, n;

    TL_UNUSED(state);
    comes(0, &n, &neighbour);
    wait_for_greeting(&n);
    comes(0, &s, &who);
    for (size_t i = 0; i < TL_LEN(bad); i++) {
        wait_for_greeting(&s);
        says(&s, bad[i]);
        assert_true(heard(&s, "\"error\""));
        assert_int_equal(s.closed, TL_WS_POLICY);
        resumes(0, &s, &who);
    }
    wait_for_greeting(&s);
    says(&n, "{\"id\":\"7\",\"typing\":{}}");
    world_until(heard(&n, "\"ok\""));
    assert_int_equal(w.losts, 0);
}

static void too_many_questions_wait(void **state)
{
    struct who who = a_customer();
    struct socket s;
    char frame[80];

    TL_UNUSED(state);
    comes(0, &s, &who);
    wait_for_greeting(&s);
    w.hold = true;
    for (int i = 0; i < 33; i++) {
        snprintf(frame, sizeof(frame), "{\"id\":\"%d\",\"typing\":{}}", i);
        says(&s, frame);
    }
    assert_true(heard(&s, "{\"in_reply_to\":\"32\",\"error\":{\"code\":429"));
    assert_false(heard(&s, "{\"in_reply_to\":\"31\""));
}

static void the_newest_socket_gets_everything(void **state)
{
    Threadline__Signaling__V1__Typing typing = THREADLINE__SIGNALING__V1__TYPING__INIT;
    struct who who = a_customer();
    struct socket old, new;
    char subject[80];

    TL_UNUSED(state);
    comes(0, &old, &who);
    wait_for_greeting(&old);
    w.hold = true;
    says(&old, "{\"id\":\"7\",\"typing\":{}}");
    world_until(w.hold_reply[0]);
    w.hold = false;
    resumes(0, &new, &who);
    assert_int_equal(old.closed, TL_WS_SUPERSEDED);
    wait_for_greeting(&new);
    assert_true(heard(&new, "\"resumed\":true"));
    (void)tl_bus_reply(w.bus, w.hold_reply, "", 0); /* an answer to what the old socket asked */
    world_turn(TL_MSEC(10));
    assert_false(heard(&new, "in_reply_to"));
    snprintf(subject, sizeof(subject), "tl.session.%s", who.session.s);
    push(subject, THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_TYPING, &typing);
    assert_true(heard(&new, "\"typing\""));
}

static void the_board_goes_to_who_watches(void **state)
{
    Threadline__Signaling__V1__Board board = THREADLINE__SIGNALING__V1__BOARD__INIT;
    struct who bob = an_agent("bob"), eve = an_agent("eve");
    struct tl_buf out = TL_BUF(1000);
    struct socket s, t;

    TL_UNUSED(state);
    eve.role = ROLE_SUPERVISOR;
    comes(0, &s, &bob);
    comes(0, &t, &eve);
    wait_for_greeting(&s);
    wait_for_greeting(&t);
    assert_null(gateway_board(w.gateway[0]).s);
    board.at_us = 42;
    tl_pb_pack(&board, &out);
    says(&s, "{\"id\":\"1\",\"subscribe_board\":{\"on\":true}}");
    assert_int_equal(tl_bus_publish(w.bus, "tl.analytics.board", out.p, out.n), 0);
    assert_true(heard(&s, "{\"board\":{\"at_us\":42}}"));
    assert_false(heard(&t, "\"board\""));
    assert_string_equal(gateway_board(w.gateway[0]).s, "{\"at_us\":42}");
    says(&t, "{\"id\":\"1\",\"subscribe_board\":{\"on\":true}}");
    assert_true(heard(&t, "{\"board\":{\"at_us\":42}}")); /* the last one at once */
    says(&t, "{\"id\":\"2\",\"subscribe_board\":{}}");
    t.said[0] = '\0';
    assert_int_equal(tl_bus_publish(w.bus, "tl.analytics.board", out.p, out.n), 0);
    assert_false(heard(&t, "board"));
    assert_int_equal(tl_bus_publish(w.bus, "tl.analytics.board", "\xff", 1), 0);
    assert_null(gateway_board(w.gateway[0]).s);
    tl_buf_done(&out);
}

static void junk_on_the_bus_is_dropped(void **state)
{
    struct who who = a_customer();
    struct socket s;
    char subject[80];

    TL_UNUSED(state);
    comes(0, &s, &who);
    wait_for_greeting(&s);
    snprintf(subject, sizeof(subject), "tl.session.%s", who.session.s);
    assert_int_equal(tl_bus_publish(w.bus, subject, "\xff\xff", 2), 0);
    assert_int_equal(tl_bus_publish(w.bus, subject, "", 0), 0);
    assert_int_equal(tl_bus_publish(w.bus, "tl.session.somebody", "", 0), 0);
    assert_int_equal(tl_bus_publish(w.bus, "tl.agent.nobody", "\xff", 1), 0);
    assert_int_equal(tl_bus_publish(w.bus, "tl.cmd.signaling.taken", "\xff", 1), 0);
    assert_int_equal(s.frames, 2);
    assert_int_equal(s.closed, 0);
}

static void while_the_gateway_ends_nothing_goes_to_a_socket_that_is_gone(void **state)
{
    Threadline__Signaling__V1__Typing typing = THREADLINE__SIGNALING__V1__TYPING__INIT;
    struct who who = a_customer();
    struct socket s;
    char subject[80];

    TL_UNUSED(state);
    snprintf(subject, sizeof(subject), "tl.session.%s", who.session.s);
    comes(0, &s, &who);
    wait_for_greeting(&s);
    gateway_stop(w.gateway[0]);
    goes(&s, true);
    push(subject, THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_TYPING, &typing);
    world_turn(2 * GRACE);
    assert_int_equal(w.losts, 0); /* the next gateway waits for them */
}

/* Its question was asked in an earlier stay: the answer must not unsettle the count of this one. */
static void who_moves_away_and_back_may_ask_again(void **state)
{
    struct who who = a_customer();
    struct socket a, b, c;

    TL_UNUSED(state);
    comes(0, &a, &who);
    wait_for_greeting(&a);
    w.hold = true;
    says(&a, "{\"id\":\"1\",\"typing\":{\"contact_id\":\"c\",\"on\":true}}");
    world_until(w.hold_reply[0]);
    w.hold = false;
    resumes(1, &b, &who);
    wait_for_greeting(&b);
    resumes(0, &c, &who);
    wait_for_greeting(&c);
    (void)tl_bus_reply(w.bus, w.hold_reply, "", 0);
    world_turn(TL_MSEC(10));
    says(&c, "{\"id\":\"2\",\"typing\":{\"contact_id\":\"c\",\"on\":true}}");
    world_until(heard(&c, "{\"in_reply_to\":\"2\",\"ok\":{}}"));
}

static void a_session_moves_to_another_gateway(void **state)
{
    struct who who = a_customer();
    struct socket a, b;

    TL_UNUSED(state);
    comes(0, &a, &who);
    wait_for_greeting(&a);
    resumes(1, &b, &who);
    assert_int_equal(a.closed, TL_WS_SUPERSEDED);
    wait_for_greeting(&b);
    assert_true(heard(&b, "\"resumed\":true"));
    world_turn(2 * GRACE);
    assert_int_equal(w.losts, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_frame_becomes_a_command_and_its_answer_a_frame),
        STORY(a_frame_without_an_id_is_answered_only_where_it_is_wrong),
        STORY(typing_between_two_who_are_here_needs_no_bus),
        STORY(a_bad_frame_harms_one_peer),
        STORY(too_many_questions_wait),
        STORY(the_newest_socket_gets_everything),
        STORY(the_board_goes_to_who_watches),
        STORY(junk_on_the_bus_is_dropped),
        STORY(while_the_gateway_ends_nothing_goes_to_a_socket_that_is_gone),
        STORY(who_moves_away_and_back_may_ask_again),
        STORY(a_session_moves_to_another_gateway),
    };
    return cmocka_run_group_tests_name("handlers", tests, NULL, NULL);
}
