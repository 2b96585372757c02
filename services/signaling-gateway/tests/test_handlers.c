/*
 * Stories through the whole gateway but its sockets: who comes is greeted, what they say reaches
 * the service, what is pushed reaches them, and whoever is lost is told of until somebody has heard
 * it.
 */
#include "world.c"

static int start(void **state)
{
    TL_UNUSED(state);
    world_start();
    return 0;
}

static int stop(void **state)
{
    TL_UNUSED(state);
    world_stop();
    return 0;
}

static void wait_for_greeting(struct socket *s)
{
    world_until(heard(s, "\"snapshot\""));
}

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

/* ---- which sessions are nowhere ---- */

static struct {
    int n, code;
    char unknown[5000];
} told;

static void on_told(void *arg, const struct tl_reply *r)
{
    Threadline__Signaling__V1__ListUnknownResponse *m = NULL;

    TL_UNUSED(arg);
    told.n++;
    told.code = r->code;
    told.unknown[0] = '\0';
    if (r->err)
        return;
    assert_int_equal(
        TL_PB_UNPACK(threadline__signaling__v1__list_unknown_response, r->data, r->n, &m), 0);
    for (size_t i = 0; i < m->n_unknown_session_ids; i++)
        snprintf(told.unknown + strlen(told.unknown), 50, "%s ", m->unknown_session_ids[i]);
    tl_pb_free(m);
}

static int who_is_nowhere(const char **ids, size_t n)
{
    Threadline__Signaling__V1__ListUnknownRequest m =
        THREADLINE__SIGNALING__V1__LIST_UNKNOWN_REQUEST__INIT;
    struct tl_buf out = TL_BUF(100000);

    m.n_session_ids = n;
    m.session_ids = (char **)(uintptr_t)ids;
    tl_pb_pack(&m, &out);
    told.n = 0;
    assert_int_equal(
        tl_bus_request(w.bus, "tl.cmd.signaling.list_unknown", out.p, out.n, 0, 1, on_told, NULL),
        0);
    tl_buf_done(&out);
    world_until(told.n);
    return told.code;
}

static void any_gateway_says_which_sessions_are_nowhere(void **state)
{
    struct who one = a_customer(), two = a_customer();
    struct socket s1, s2;
    const char *ids[] = {one.session.s, "nobody", two.session.s, "nowhere"};
    const char *many[501];

    TL_UNUSED(state);
    comes(0, &s1, &one);
    comes(1, &s2, &two);
    for (int i = 0; i < 4; i++) { /* whoever answers */
        assert_int_equal(who_is_nowhere(ids, 4), 0);
        assert_string_equal(told.unknown, "nobody nowhere ");
    }
    assert_int_equal(who_is_nowhere(ids, 1), 0);
    assert_string_equal(told.unknown, "");
    assert_int_equal(who_is_nowhere(ids, 0), 0);
    for (size_t i = 0; i < TL_LEN(many); i++)
        many[i] = "nobody";
    assert_int_equal(who_is_nowhere(many, 500), 0);
    assert_int_equal(who_is_nowhere(many, 501), 400);
    assert_int_equal(who_is_nowhere((const char *[]){"no id!"}, 1), 400);
    assert_int_equal(tl_bus_publish(w.bus, "tl.cmd.signaling.list_unknown", "\xff", 1), 0);
}

static void without_the_store_nobody_is_called_unknown(void **state)
{
    const char *ids[] = {"nobody"};

    TL_UNUSED(state);
    world_turn(2 * BEAT);
    store_memory_break(w.store[0], true);
    store_memory_break(w.store[1], true);
    for (int i = 0; i < 2; i++)
        assert_int_equal(who_is_nowhere(ids, 1), 503);
    store_memory_break(w.store[0], false);
    store_memory_break(w.store[1], false);
    assert_int_equal(who_is_nowhere(ids, 1), 0);
    assert_string_equal(told.unknown, "nobody ");
    gateway_stop(w.gateway[0]);
    gateway_stop(w.gateway[1]);
    assert_int_equal(who_is_nowhere(ids, 1), 503);
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

static int start_with_a_long_grace(void **state)
{
    world_grace = STORE_SILENT_AFTER + TL_MSEC(300);
    return start(state);
}

static int stop_and_forget_it(void **state)
{
    world_grace = 0;
    return stop(state);
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

#define STORY(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_customer_is_greeted),
        STORY(what_happens_meanwhile_follows_the_snapshot),
        STORY(a_snapshot_that_grew_old_is_asked_again),
        STORY(the_snapshot_comes_when_conversation_is_back),
        STORY(a_frame_becomes_a_command_and_its_answer_a_frame),
        STORY(a_frame_without_an_id_is_answered_only_where_it_is_wrong),
        STORY(typing_between_two_who_are_here_needs_no_bus),
        STORY(a_bad_frame_harms_one_peer),
        STORY(too_many_questions_wait),
        STORY(the_newest_socket_gets_everything),
        STORY(a_lost_customer_is_told_of_once),
        STORY(saying_bye_is_told_of_at_once),
        STORY(a_loss_is_repeated_until_heard),
        STORY(an_agent_is_signed_in_at_the_acd),
        STORY(a_lost_agent_is_offline),
        STORY(one_of_two_desks_may_close),
        STORY(who_comes_back_in_time_is_not_offline),
        STORY(an_acd_that_forgot_is_told_again),
        STORY(the_board_goes_to_who_watches),
        STORY(junk_on_the_bus_is_dropped),
        STORY(any_gateway_says_which_sessions_are_nowhere),
        STORY(without_the_store_nobody_is_called_unknown),
        STORY(while_the_gateway_ends_nothing_goes_to_a_socket_that_is_gone),
        STORY(who_moves_away_and_back_may_ask_again),
        STORY(a_session_moves_to_another_gateway),
        cmocka_unit_test_setup_teardown(who_was_at_a_dead_gateway_is_waited_for,
                                        start_with_a_long_grace, stop_and_forget_it),
        STORY(a_store_that_forgot_learns_everything_again),
    };
    return cmocka_run_group_tests_name("handlers", tests, NULL, NULL);
}
