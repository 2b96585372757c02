/* Journeys of contacts through the whole service, on the bus and store in memory. */
#include "world.c"

#include <tl_log.h>
#include <unistd.h>

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    world_open(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world_close(*state);
    free(*state);
    return 0;
}

static void the_main_journey(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", 1, false);
    struct contact c;

    assert_int_equal(w->code, 0);
    assert_words(w->asked, "visit route prepare enqueue");
    assert_words(w->pushes, "s:WAITING s:WAITING");
    assert_words(w->events, "thread_opened contact_requested contact_routed");
    c = world_contact(w, id);
    assert_int_equal(c.phase, PHASE_WAITING);
    assert_int_equal(c.owed, 0);
    assert_string_equal(c.name, "Ada");
    assert_string_equal(c.route.queue.s, "orders");

    world_forget(w);
    world_acd(w, OFFERED, id, "agent-1");
    assert_words(w->pushes, "s:RINGING a:contact_card");
    world_acd(w, ACCEPTED, id, "agent-1");
    assert_words(w->pushes, "s:RINGING a:contact_card s:CONNECTED a:CONNECTED a:contact_card");
    assert_words(w->asked, "connect");
    assert_words(w->events, "contact_connected");
    c = world_contact(w, id);
    assert_string_equal(c.agent_name, "Demo Agent 1");

    world_forget(w);
    world_end(w, agent_actor("agent-1"), id);
    assert_int_equal(w->code, 0);
    assert_words(w->asked, "release hang_up");
    assert_words(w->pushes, "s:ENDED a:WRAP_UP s:survey a:WRAP_UP");
    assert_words(w->events, "contact_ended");

    world_forget(w);
    world_wrap_up(w, "agent-1", id, "no such");
    assert_int_equal(w->code, 422);
    world_wrap_up(w, "agent-1", id, "done");
    assert_int_equal(w->code, 0);
    assert_words(w->asked, "finish");
    assert_words(w->events, "wrap_up_completed");
    c = world_contact(w, id);
    assert_int_equal(c.phase, PHASE_ENDED);
    assert_int_equal(c.outcome, OUTCOME_COMPLETED);
    assert_int_equal(c.owed, 0);
    assert_true(conversation_idle(w->conv));
}

static void a_chat_has_no_media(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", 3, false);

    world_acd(w, OFFERED, id, "agent-1");
    world_acd(w, ACCEPTED, id, "agent-1");
    world_end(w, customer_actor("s1"), id);
    assert_words(w->asked, "visit route enqueue release");
}

static void the_same_request_gives_the_same_contact(void **state)
{
    struct world *w = *state;
    char first[40];

    (void)snprintf(first, sizeof first, "%s", world_request(w, "s1", "r1", 1, false));
    world_forget(w);
    assert_string_equal(world_request(w, "s1", "r1", 1, false), first);
    assert_int_equal(w->code, 0);
    assert_words(w->events, "");
    (void)world_request(w, "s2", "r1", 1, false);
    assert_int_equal(w->code, 409); /* somebody else's request id */
}

static void one_live_contact_of_a_kind(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", 1, false);
    char first[40];

    (void)snprintf(first, sizeof first, "%s", id);
    (void)world_request(w, "s1", "r2", 2, false);
    assert_int_equal(w->code, 409);
    (void)world_request(w, "s1", "r3", 3, false);
    assert_int_equal(w->code, 0); /* a chat beside the call */
    world_end(w, customer_actor("s1"), first);
    (void)world_request(w, "s1", "r4", 1, false);
    assert_int_equal(w->code, 0);
}

static void contacts_of_one_visitor_share_a_thread(void **state)
{
    struct world *w = *state;
    struct contact a, b;

    a = world_contact(w, world_request(w, "s1", "r1", 1, false));
    b = world_contact(w, world_request(w, "s1", "r2", 3, false));
    assert_string_equal(a.thread.s, b.thread.s);
}

static void nobody_touches_what_is_not_theirs(void **state)
{
    struct world *w = *state;
    const char *id = world_talk(w, "s1", false);

    world_end(w, customer_actor("s2"), id);
    assert_int_equal(w->code, 404);
    world_end(w, agent_actor("agent-2"), id);
    assert_int_equal(w->code, 404);
    world_wrap_up(w, "agent-2", id, "done");
    assert_int_equal(w->code, 404);
    world_end(w, customer_actor("s1"), "no-such-contact");
    assert_int_equal(w->code, 404);
    assert_int_equal(world_contact(w, id).phase, PHASE_CONNECTED);
}

static void the_customer_leaves_while_it_rings(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", 1, false);

    world_acd(w, OFFERED, id, "agent-1");
    world_forget(w);
    world_end(w, customer_actor("s1"), id);
    assert_words(w->asked, "dequeue hang_up");
    assert_words(w->pushes, "s:ENDED");
    assert_int_equal(world_contact(w, id).outcome, OUTCOME_ABANDONED);

    world_forget(w); /* the agent's click was under way */
    world_acd(w, ACCEPTED, id, "agent-1");
    assert_words(w->pushes, "a:ENDED");
    assert_words(w->asked, "dequeue");
    assert_words(w->events, ""); /* one outcome, once */
    assert_int_equal(world_contact(w, id).outcome, OUTCOME_ABANDONED);
    assert_int_equal(world_contact(w, id).owed, 0);
}

static void lose_session(struct world *w, Threadline__Common__V1__Actor actor)
{
    Threadline__Conversation__V1__SessionLostRequest m =
        THREADLINE__CONVERSATION__V1__SESSION_LOST_REQUEST__INIT;

    m.actor = &actor;
    m.cause = "lost";
    world_ask(w, "session_lost", &m);
    assert_int_equal(w->code, 0);
}

static void a_lost_agent_puts_the_customer_back_in_line(void **state)
{
    struct world *w = *state;
    const char *id = world_talk(w, "s1", false);
    struct contact before = world_contact(w, id), c;

    world_forget(w);
    lose_session(w, agent_actor("agent-1"));
    c = world_contact(w, id);
    assert_int_equal(c.phase, PHASE_WAITING);
    assert_true(c.enqueued_at == before.enqueued_at);
    assert_words(w->asked, "release prepare enqueue");
    assert_words(w->pushes, "s:WAITING a:ENDED");

    world_forget(w);
    world_acd(w, OFFERED, id, "agent-2");
    world_acd(w, ACCEPTED, id, "agent-2");
    assert_words(w->asked, "connect");
    assert_words(w->events, "contact_connected");
    world_end(w, customer_actor("s1"), id);
    assert_int_equal(world_contact(w, id).outcome, OUTCOME_COMPLETED);
}

static void a_lost_customer_abandons_or_ends(void **state)
{
    struct world *w = *state;
    char waiting[40];
    const char *id;

    (void)snprintf(waiting, sizeof waiting, "%s", world_request(w, "s1", "r1", 1, false));
    lose_session(w, customer_actor("s1"));
    assert_int_equal(world_contact(w, waiting).outcome, OUTCOME_ABANDONED);
    id = world_talk(w, "s2", false);
    lose_session(w, customer_actor("s2"));
    assert_int_equal(world_contact(w, id).outcome, OUTCOME_COMPLETED);
    assert_int_equal(world_contact(w, id).phase, PHASE_WRAP_UP);
    lose_session(w, customer_actor("s2")); /* again: nothing */
}

static void post(struct world *w, Threadline__Common__V1__Actor actor, const char *contact,
                 const char *text, const char *ref)
{
    Threadline__Conversation__V1__PostMessageRequest m =
        THREADLINE__CONVERSATION__V1__POST_MESSAGE_REQUEST__INIT;
    Threadline__Signaling__V1__SendMessage body = THREADLINE__SIGNALING__V1__SEND_MESSAGE__INIT;

    body.contact_id = (char *)(uintptr_t)contact;
    body.text = (char *)(uintptr_t)text;
    body.client_ref = (char *)(uintptr_t)ref;
    m.actor = &actor;
    m.message = &body;
    world_ask(w, "post_message", &m);
}

static void chat_reaches_both_sides_once(void **state)
{
    struct world *w = *state;
    const char *id = world_talk(w, "s1", false);
    Threadline__Conversation__V1__PostMessageResponse *got = NULL;
    char first[40], big[5000];

    world_forget(w);
    post(w, customer_actor("s1"), id, "hello", "ref-1");
    assert_int_equal(w->code, 0);
    assert_words(w->pushes, "s:message a:message");
    assert_words(w->events, "message_posted");
    TL_PB_UNPACK(threadline__conversation__v1__post_message_response, w->answer.p, w->answer.n,
                 &got);
    (void)snprintf(first, sizeof first, "%s", got->message->message_id);
    assert_string_equal(got->message->from_name, "Ada");
    tl_pb_free(got);

    world_forget(w);
    post(w, customer_actor("s1"), id, "hello", "ref-1"); /* the answer was lost */
    assert_int_equal(w->code, 0);
    assert_words(w->pushes, "");
    TL_PB_UNPACK(threadline__conversation__v1__post_message_response, w->answer.p, w->answer.n,
                 &got);
    assert_string_equal(got->message->message_id, first);
    tl_pb_free(got);

    memset(big, 'x', sizeof big);
    big[4097] = '\0';
    post(w, agent_actor("agent-1"), id, big, "ref-2");
    assert_int_equal(w->code, 422);
    post(w, agent_actor("agent-1"), id, "", "ref-3");
    assert_int_equal(w->code, 422);
    post(w, agent_actor("agent-1"), id, "bad \xff", "ref-4");
    assert_int_equal(w->code, 400);
    post(w, agent_actor("agent-2"), id, "not mine", "ref-5");
    assert_int_equal(w->code, 404);
    world_end(w, customer_actor("s1"), id);
    post(w, customer_actor("s1"), id, "too late", "ref-6");
    assert_int_equal(w->code, 409);
}

static void consent(struct world *w, const char *contact, bool on)
{
    Threadline__Conversation__V1__CobrowseConsentRequest m =
        THREADLINE__CONVERSATION__V1__COBROWSE_CONSENT_REQUEST__INIT;
    Threadline__Signaling__V1__CobrowseConsent body =
        THREADLINE__SIGNALING__V1__COBROWSE_CONSENT__INIT;
    Threadline__Common__V1__Actor actor = customer_actor("s1");

    body.contact_id = (char *)(uintptr_t)contact;
    body.granted = on;
    m.actor = &actor;
    m.consent = &body;
    world_ask(w, "cobrowse_consent", &m);
    assert_int_equal(w->code, 0);
}

static void ask_page(struct world *w, const char *contact)
{
    Threadline__Conversation__V1__CobrowseAskRequest m =
        THREADLINE__CONVERSATION__V1__COBROWSE_ASK_REQUEST__INIT;
    Threadline__Signaling__V1__CobrowseAsk body = THREADLINE__SIGNALING__V1__COBROWSE_ASK__INIT;
    Threadline__Common__V1__Actor actor = agent_actor("agent-1");

    body.contact_id = (char *)(uintptr_t)contact;
    m.actor = &actor;
    m.ask = &body;
    world_ask(w, "cobrowse_ask", &m);
    assert_int_equal(w->code, 0);
}

static void the_page_is_seen_only_with_consent(void **state)
{
    struct world *w = *state;
    const char *id = world_talk(w, "s1", false);

    world_forget(w);
    ask_page(w, id);
    assert_words(w->pushes, "s:cobrowse_asked");
    assert_words(w->asked, "");
    consent(w, id, true);
    assert_words(w->pushes, "s:cobrowse_asked s:CONNECTED a:CONNECTED s:cobrowse_grant "
                            "a:cobrowse_grant");
    assert_words(w->asked, "open_room");
    world_forget(w);
    ask_page(w, id); /* the agent's tab was reloaded: a new ticket, no new question */
    assert_words(w->pushes, "a:cobrowse_grant");
    world_forget(w);
    consent(w, id, false);
    assert_words(w->asked, "close_room");
    assert_words(w->pushes, "s:CONNECTED a:CONNECTED s:cobrowse_stopped a:cobrowse_stopped");
    assert_words(w->events, "cobrowse_stopped");
}

static void consent_before_the_talk_opens_the_page_at_once(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", 1, true);

    world_acd(w, OFFERED, id, "agent-1");
    world_forget(w);
    world_acd(w, ACCEPTED, id, "agent-1");
    assert_words(w->asked, "connect open_room");
    assert_words(w->events, "contact_connected cobrowse_consented");
    world_end(w, agent_actor("agent-1"), id);
    assert_non_null(strstr(w->asked, "close_room"));
}

static void the_flow_says_goodbye(void **state)
{
    struct world *w = *state;
    const char *id;

    w->flow_closes = true;
    id = world_request(w, "s1", "r1", 1, false);
    assert_int_equal(world_contact(w, id).outcome, OUTCOME_CLOSED);
    assert_words(w->asked, "visit route");
    assert_words(w->pushes, "s:WAITING s:ENDED");
}

static void the_acd_closes_who_cannot_be_served(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", 1, false);

    world_acd(w, DEQUEUED, id, "");
    assert_int_equal(world_contact(w, id).outcome, OUTCOME_CLOSED);
    assert_int_equal(world_contact(w, id).owed, 0);
}

static void an_unknown_queue_fails_the_contact(void **state)
{
    struct world *w = *state;
    const char *id;

    world_neighbour(w, "enqueue")->refuse = 404;
    id = world_request(w, "s1", "r1", 1, false);
    assert_int_equal(world_contact(w, id).outcome, OUTCOME_FAILED);
    assert_non_null(strstr(w->asked, "hang_up"));
}

/** Time passes for real: the work is asked for again by the tick. */
static void wait_for(struct world *w, const char *id, enum contact_phase phase)
{
    tl_time end = tl_clock_mono() + TL_SEC(8);

    while (world_contact(w, id).phase != phase && tl_clock_mono() < end) {
        (void)tl_loop_turn(w->loop);
        usleep(1000);
    }
    assert_int_equal(world_contact(w, id).phase, phase);
}

static void a_neighbour_that_is_away_is_asked_again(void **state)
{
    struct world *w = *state;
    const char *id;

    world_neighbour(w, "enqueue")->refuse = 503;
    id = world_request(w, "s1", "r1", 1, false);
    assert_int_equal(world_contact(w, id).phase, PHASE_ROUTED);
    assert_int_equal(world_contact(w, id).owed, WORK_ENQUEUE);
    world_neighbour(w, "enqueue")->refuse = 0;
    wait_for(w, id, PHASE_WAITING);
}

static void a_restart_pays_what_was_owed(void **state)
{
    struct world *w = *state;
    struct conversation_opts opts = w->conv->opts;
    const char *id;

    world_neighbour(w, "route")->refuse = 503;
    id = world_request(w, "s1", "r1", 1, false);
    assert_int_equal(world_contact(w, id).phase, PHASE_REQUESTED);
    w->conv = conversation_free(w->conv); /* kill -9 */
    world_neighbour(w, "route")->refuse = 0;
    assert_int_equal(conversation_new(&w->conv, &opts), 0);
    wait_for(w, id, PHASE_WAITING);
}

static void the_timer_ends_a_wrap_up(void **state)
{
    struct world *w = *state;
    const char *id = world_talk(w, "s1", false);

    world_end(w, customer_actor("s1"), id);
    world_forget(w);
    world_acd(w, WRAP_UP_ENDED, id, "agent-1");
    assert_words(w->events, "wrap_up_completed");
    assert_words(w->pushes, "a:ENDED");
    world_wrap_up(w, "agent-1", id, "done"); /* a second late: the note is kept */
    assert_int_equal(w->code, 0);
    assert_words(w->events, "wrap_up_completed");
}

static void old_news_of_the_acd_change_nothing(void **state)
{
    struct world *w = *state;
    const char *id = world_talk(w, "s1", false);

    world_forget(w);
    w->seq -= 2;
    world_acd(w, OFFERED, id, "agent-2");
    w->epoch = 0;
    w->seq += 100;
    world_acd(w, ACCEPTED, id, "agent-2");
    assert_words(w->pushes, "");
    assert_string_equal(world_contact(w, id).agent.s, "agent-1");
}

static void survey(struct world *w, const char *contact, int score)
{
    Threadline__Conversation__V1__AnswerSurveyRequest m =
        THREADLINE__CONVERSATION__V1__ANSWER_SURVEY_REQUEST__INIT;
    Threadline__Signaling__V1__AnswerSurvey body = THREADLINE__SIGNALING__V1__ANSWER_SURVEY__INIT;
    Threadline__Common__V1__Actor actor = customer_actor("s1");

    body.contact_id = (char *)(uintptr_t)contact;
    body.score = score;
    m.actor = &actor;
    m.answer = &body;
    world_ask(w, "answer_survey", &m);
}

static void a_survey_counts_once(void **state)
{
    struct world *w = *state;
    const char *id = world_talk(w, "s1", false);

    survey(w, id, 5);
    assert_int_equal(w->code, 409);
    world_end(w, customer_actor("s1"), id);
    world_forget(w);
    survey(w, id, 6);
    assert_int_equal(w->code, 422);
    survey(w, id, 5);
    assert_int_equal(w->code, 0);
    survey(w, id, 1);
    assert_int_equal(w->code, 0);
    assert_words(w->events, "survey_answered");
}

static void a_snapshot_has_everything(void **state)
{
    struct world *w = *state;
    const char *id = world_talk(w, "s1", false);
    Threadline__Conversation__V1__GetSnapshotRequest m =
        THREADLINE__CONVERSATION__V1__GET_SNAPSHOT_REQUEST__INIT;
    Threadline__Conversation__V1__GetSnapshotResponse *got = NULL;
    Threadline__Common__V1__Actor actor = agent_actor("agent-1");

    post(w, customer_actor("s1"), id, "one", "r1");
    post(w, agent_actor("agent-1"), id, "two", "r2");
    m.actor = &actor;
    world_ask(w, "get_snapshot", &m);
    assert_int_equal(TL_PB_UNPACK(threadline__conversation__v1__get_snapshot_response, w->answer.p,
                                  w->answer.n, &got),
                     0);
    assert_int_equal(got->snapshot->n_contacts, 1);
    assert_int_equal(got->snapshot->n_cards, 1);
    assert_string_equal(got->snapshot->cards[0]->visit->visit_id, "visit-1");
    assert_int_equal(got->snapshot->n_messages, 2);
    assert_string_equal(got->snapshot->messages[1]->text, "two");
    tl_pb_free(got);

    actor = customer_actor("s1");
    world_ask(w, "get_snapshot", &m);
    TL_PB_UNPACK(threadline__conversation__v1__get_snapshot_response, w->answer.p, w->answer.n,
                 &got);
    assert_int_equal(got->snapshot->n_contacts, 1);
    assert_int_equal(got->snapshot->n_cards, 0);
    assert_string_equal(got->snapshot->contacts[0]->agent->display_name, "Demo Agent 1");
    tl_pb_free(got);
}

static void positions_reach_who_waits(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", 1, false);
    Threadline__Acd__V1__Positions m = THREADLINE__ACD__V1__POSITIONS__INIT;
    Threadline__Acd__V1__Position p = THREADLINE__ACD__V1__POSITION__INIT, *rows[] = {&p};
    struct tl_buf b = TL_BUF(4096);

    p.contact_id = (char *)(uintptr_t)id;
    p.position = 2;
    p.expected_wait_ms = 4200;
    m.n_rows = 1;
    m.rows = rows;
    pack(&m, &b);
    world_forget(w);
    (void)tl_bus_publish(w->bus, "tl.acd.positions", b.p, b.n);
    assert_words(w->pushes, "s:queue_progress");
    (void)tl_bus_publish(w->bus, "tl.acd.positions", "\xff\xff", 2);
    world_acd(w, OFFERED, id, "agent-1");
    world_acd(w, ACCEPTED, id, "agent-1");
    world_forget(w);
    (void)tl_bus_publish(w->bus, "tl.acd.positions", b.p, b.n);
    assert_words(w->pushes, "");
    tl_buf_done(&b);
}

static void junk_harms_nobody(void **state)
{
    struct world *w = *state;
    const char *id = world_talk(w, "s1", false);
    static char big[300 * 1024];

    world_ask_raw(w, "end_contact", "\xff\xff\xff", 3);
    assert_int_equal(w->code, 400);
    world_ask_raw(w, "end_contact", "", 0);
    assert_int_equal(w->code, 400); /* no actor */
    world_ask_raw(w, "no_such_method", "", 0);
    assert_int_equal(w->code, 404);
    world_ask_raw(w, "post_message", big, sizeof big);
    assert_int_equal(w->code, 400);
    world_acd_raw(w, "\x0a\xff", 2);
    world_acd_raw(w, "", 0);
    assert_true(tl_metric_value(tl_counter("tl_conversation_bad_input_total",
                                           "edge=\"nats\",class=\"junk\"", "")) >= 2);
    assert_int_equal(world_contact(w, id).phase, PHASE_CONNECTED);
}

static void hold(struct world *w, const char *contact, bool on)
{
    Threadline__Conversation__V1__SetHoldRequest m =
        THREADLINE__CONVERSATION__V1__SET_HOLD_REQUEST__INIT;
    Threadline__Signaling__V1__SetHold body = THREADLINE__SIGNALING__V1__SET_HOLD__INIT;
    Threadline__Common__V1__Actor actor = agent_actor("agent-1");

    body.contact_id = (char *)(uintptr_t)contact;
    body.on = on;
    m.actor = &actor;
    m.hold = &body;
    world_ask(w, "set_hold", &m);
}

static void hold_and_retrieve(void **state)
{
    struct world *w = *state;
    const char *id = world_talk(w, "s1", false);

    world_forget(w);
    hold(w, id, true);
    hold(w, id, true);
    hold(w, id, false);
    assert_words(w->asked, "hold hold");
    assert_words(w->events, "contact_held contact_retrieved");
    assert_words(w->pushes, "s:HELD a:HELD s:CONNECTED a:CONNECTED");
    world_end(w, customer_actor("s1"), id);
    hold(w, id, true);
    assert_int_equal(w->code, 409);
}

static void two_replicas_share_one_store(void **state)
{
    struct world *w = *state;
    struct conversation *second = NULL;
    const char *id;

    assert_int_equal(conversation_new(&second, &w->conv->opts), 0);
    id = world_request(w, "s1", "r1", 1, false);
    world_acd(w, OFFERED, id, "agent-1"); /* both hear it, one acts */
    world_acd(w, ACCEPTED, id, "agent-1");
    assert_words(w->pushes, "s:WAITING s:WAITING s:RINGING a:contact_card s:CONNECTED a:CONNECTED "
                            "a:contact_card");
    assert_int_equal(world_contact(w, id).phase, PHASE_CONNECTED);
    assert_int_equal(world_contact(w, id).owed, 0);
    conversation_free(second);
}

static void the_reconciler_mends_what_was_missed(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", 3, false);
    Threadline__Acd__V1__ListContactsResponse m = THREADLINE__ACD__V1__LIST_CONTACTS_RESPONSE__INIT;
    Threadline__Acd__V1__ContactRow row = THREADLINE__ACD__V1__CONTACT_ROW__INIT, *rows[] = {&row};

    row.contact_id = (char *)(uintptr_t)id;
    row.state = "connected";
    row.agent_id = "agent-1";
    row.offer_id = "offer-1";
    m.n_contacts = 1;
    m.contacts = rows;
    pack(&m, &w->acd_rows);
    usleep(2100 * 1000); /* old enough to count */
    world_forget(w);
    conversation_reconcile(w->conv);
    world_turn(w);
    assert_words(w->events, "contact_connected contact_repaired");
    assert_int_equal(world_contact(w, id).phase, PHASE_CONNECTED);
}

static void reconcile(struct world *w)
{
    conversation_reconcile(w->conv);
    world_turn(w);
}

static void a_customer_whom_no_gateway_knows_is_let_go(void **state)
{
    struct world *w = *state;
    struct neighbour *gateways = world_neighbour(w, "list_unknown");
    char gone[TL_ID_MAX + 1], stays[TL_ID_MAX + 1];

    (void)snprintf(gone, sizeof gone, "%s", world_request(w, "s1", "r1", 3, false));
    (void)snprintf(stays, sizeof stays, "%s", world_request(w, "s2", "r2", 3, false));
    world_neighbour(w, "list_acd")->refuse = 503;
    world_forget(w);
    w->unknown = "s1";
    reconcile(w);
    assert_int_equal(gateways->asked, 0); /* so young that the session may not be told yet */
    world_age(w, gone, TL_SEC(61));
    world_age(w, stays, TL_SEC(61));
    reconcile(w);
    gateways->refuse = 503;
    reconcile(w); /* counts neither way */
    gateways->refuse = 0;
    reconcile(w);
    assert_int_equal(gateways->asked, 3);
    assert_words(w->events, "");
    assert_int_equal(world_contact(w, gone).phase, PHASE_WAITING);
    reconcile(w);
    assert_words(w->events, "contact_ended contact_repaired");
    assert_words(w->asked, "dequeue");
    assert_int_equal(world_contact(w, gone).phase, PHASE_ENDED);
    assert_int_equal(world_contact(w, gone).outcome, OUTCOME_ABANDONED);
    assert_int_equal(world_contact(w, stays).phase, PHASE_WAITING);
    reconcile(w);
    assert_words(w->events, "contact_ended contact_repaired");
}

static void gateways_that_rave_harm_nobody(void **state)
{
    struct world *w = *state;
    struct neighbour *gateways = world_neighbour(w, "list_unknown");
    const char *id = world_request(w, "s1", "r1", 3, false);

    world_neighbour(w, "list_acd")->refuse = 503;
    world_age(w, id, TL_SEC(61));
    w->unknown = "s1";
    reconcile(w);
    reconcile(w);
    w->unknown = NULL; /* it was only resumed elsewhere */
    reconcile(w);
    w->unknown = "s1";
    reconcile(w);
    reconcile(w);
    gateways->raves = true;
    for (int i = 0; i < 5; i++)
        reconcile(w);
    assert_int_equal(gateways->asked, 10);
    assert_int_equal(world_contact(w, id).phase, PHASE_WAITING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define STORY(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        STORY(the_main_journey),
        STORY(a_chat_has_no_media),
        STORY(the_same_request_gives_the_same_contact),
        STORY(one_live_contact_of_a_kind),
        STORY(contacts_of_one_visitor_share_a_thread),
        STORY(nobody_touches_what_is_not_theirs),
        STORY(the_customer_leaves_while_it_rings),
        STORY(a_lost_agent_puts_the_customer_back_in_line),
        STORY(a_lost_customer_abandons_or_ends),
        STORY(chat_reaches_both_sides_once),
        STORY(the_page_is_seen_only_with_consent),
        STORY(consent_before_the_talk_opens_the_page_at_once),
        STORY(the_flow_says_goodbye),
        STORY(the_acd_closes_who_cannot_be_served),
        STORY(an_unknown_queue_fails_the_contact),
        STORY(a_neighbour_that_is_away_is_asked_again),
        STORY(a_restart_pays_what_was_owed),
        STORY(the_timer_ends_a_wrap_up),
        STORY(old_news_of_the_acd_change_nothing),
        STORY(a_survey_counts_once),
        STORY(a_snapshot_has_everything),
        STORY(positions_reach_who_waits),
        STORY(junk_harms_nobody),
        STORY(hold_and_retrieve),
        STORY(two_replicas_share_one_store),
        STORY(the_reconciler_mends_what_was_missed),
        STORY(a_customer_whom_no_gateway_knows_is_let_go),
        STORY(gateways_that_rave_harm_nobody),
    };

    tl_log_setup("conversation", TL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
