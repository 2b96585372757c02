/* While people talk and afterwards: chat, the view of the page, hold, wrap-up, survey, snapshot. */
#include "world.c"

#include <stdlib.h>
#include <tl_log.h>
#include <unistd.h>

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

static void the_timer_ends_a_wrap_up(void **state)
{
    struct world *w = *state;
    const char *id = world_talk(w, "s1", false);

    world_end(w, customer_actor("s1"), id);
    world_forget(w);
    world_acd(w, WRAP_UP_ENDED, id, "agent-1");
    assert_words(w->events, "wrap_up_completed");
    assert_words(w->pushes, "a:ENDED");
    world_wrap_up(w, "agent-1", id, ""); /* a second late: the note is kept */
    assert_int_equal(w->code, 0);
    assert_words(w->events, "wrap_up_completed");
    world_wrap_up(w, "agent-1", id, "no such");
    assert_int_equal(w->code, 422);
    world_wrap_up(w, "agent-1", id, "done"); /* and how it went is told, once */
    world_wrap_up(w, "agent-1", id, "done");
    assert_int_equal(w->code, 0);
    assert_words(w->events, "wrap_up_completed wrap_up_completed");
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

/** Both sides may call a line the same: a repeat is answered with one's own. */
static void a_repeat_is_answered_with_ones_own_line(void **state)
{
    struct world *w = *state;
    const char *id = world_talk(w, "s1", false);
    Threadline__Conversation__V1__PostMessageResponse *got = NULL;

    post(w, customer_actor("s1"), id, "mine", "ref");
    post(w, agent_actor("agent-1"), id, "yours", "ref");
    post(w, agent_actor("agent-1"), id, "yours", "ref");
    assert_int_equal(w->code, 0);
    TL_PB_UNPACK(threadline__conversation__v1__post_message_response, w->answer.p, w->answer.n,
                 &got);
    assert_string_equal(got->message->text, "yours");
    tl_pb_free(got);
}

/** The snapshot of somebody, and how many bytes it has. */
static Threadline__Conversation__V1__GetSnapshotResponse *ask_snapshot(
    struct world *w, Threadline__Common__V1__Actor actor)
{
    Threadline__Conversation__V1__GetSnapshotRequest m =
        THREADLINE__CONVERSATION__V1__GET_SNAPSHOT_REQUEST__INIT;
    Threadline__Conversation__V1__GetSnapshotResponse *got = NULL;

    m.actor = &actor;
    world_ask(w, "get_snapshot", &m);
    assert_int_equal(w->code, 0);
    assert_true(w->answer.n < 170 * 1024); /* as JSON it must fit into one frame */
    assert_int_equal(TL_PB_UNPACK(threadline__conversation__v1__get_snapshot_response, w->answer.p,
                                  w->answer.n, &got),
                     0);
    return got;
}

static void write_a_lot(struct world *w, const char *session, const char *contact)
{
    char text[4001];

    for (int i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof text, "%-4000d", i);
        post(w, customer_actor(session), contact, text, "");
        assert_int_equal(w->code, 0);
        world_forget(w);
    }
}

static void a_snapshot_comes_however_much_was_written(void **state)
{
    struct world *w = *state;
    char id[40];
    Threadline__Conversation__V1__GetSnapshotResponse *got;
    size_t n;

    (void)snprintf(id, sizeof id, "%s", world_talk(w, "s1", false));
    write_a_lot(w, "s1", id);
    got = ask_snapshot(w, customer_actor("s1"));
    n = got->snapshot->n_messages; /* the newest, in order */
    assert_in_range(n, 20, 99);
    assert_int_equal(atoi(got->snapshot->messages[n - 1]->text), 99);
    assert_int_equal(atoi(got->snapshot->messages[0]->text), 100 - (int)n);
    tl_pb_free(got);

    /* the next contact of the thread: the agent's card has what was written before */
    world_end(w, customer_actor("s1"), id);
    world_wrap_up(w, "agent-1", id, "done");
    (void)snprintf(id, sizeof id, "%s", world_talk(w, "s2", false));
    write_a_lot(w, "s2", id);
    got = ask_snapshot(w, agent_actor("agent-1"));
    assert_int_equal(got->snapshot->n_contacts, 1);
    assert_int_equal(got->snapshot->n_cards, 1);
    assert_string_equal(got->snapshot->cards[0]->visit->visit_id, "visit-1");
    n = got->snapshot->n_messages;
    assert_in_range(n, 10, 99);
    assert_int_equal(atoi(got->snapshot->messages[n - 1]->text), 99);
    tl_pb_free(got);
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

/** The clock looks at what is due every second. */
static void wait_for_words(struct world *w, const char *events)
{
    tl_time end = tl_clock_mono() + TL_SEC(8);

    while (strcmp(w->events, events) != 0 && tl_clock_mono() < end) {
        (void)tl_loop_turn(w->loop);
        usleep(1000);
    }
    world_turn(w);
    assert_words(w->events, events);
}

static void a_chat_that_nobody_answers_ends_and_both_are_told(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", CHANNEL_CHAT, false);

    world_acd(w, OFFERED, id, "agent-1");
    world_acd(w, ACCEPTED, id, "agent-1");
    world_forget(w);
    world_hears(w, "s:CONNECTED a:CONNECTED a:contact_card"); /* the first round of this reign */
    post(w, agent_actor("agent-1"), id, "how can I help?", "ref-1");
    world_age(w, id, TL_MIN(28));
    world_forget(w);
    wait_for_words(w, "message_posted");
    assert_words(w->pushes, "s:message a:message");
    assert_string_equal(w->line, w->conv->rules.idle_question);
    world_age(w, id, TL_MIN(2));
    world_forget(w);
    wait_for_words(w, "contact_ended message_posted");
    assert_words(w->pushes, "s:ENDED a:WRAP_UP s:survey s:message a:message a:WRAP_UP");
    assert_string_equal(w->line, w->conv->rules.idle_goodbye);
    assert_int_equal(world_contact(w, id).outcome, OUTCOME_COMPLETED);
}

/** A store in which somebody else is faster, once. */
static struct {
    struct store store, *behind;
    struct store_ops ops;
    struct world *w;
    const char *contact;
    bool beaten;
} raced;

static int raced_commit(struct store *s, const struct store_change *ch, store_done_fn *fn,
                        void *arg)
{
    struct store_change answer = {.at = ch->at, .due = TL_NEVER};
    struct contact c;

    TL_UNUSED(s);
    raced.w->conv->store = raced.behind;
    if (!raced.beaten) { /* the customer's answer is stored by another replica */
        raced.beaten = true;
        c = *ch->contact;
        assert_int_equal(c.phase, PHASE_WRAP_UP);
        c.phase = PHASE_CONNECTED;
        c.owed = 0;
        c.outcome = OUTCOME_OPEN;
        (void)contact_wrote(&c, ROLE_CUSTOMER, ch->at);
        c.unanswered_at = 0;
        answer.contact = &c;
        assert_int_equal(raced.behind->ops->commit(raced.behind, &answer, aged, NULL), 0);
    }
    return raced.behind->ops->commit(raced.behind, ch, fn, arg);
}

static int raced_list(struct store *s, const struct store_query *q, store_contacts_fn *fn,
                      void *arg)
{
    TL_UNUSED(s);
    return raced.behind->ops->list(raced.behind, q, fn, arg);
}

static void an_answer_at_the_last_moment_takes_the_goodbye_back(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", CHANNEL_CHAT, false);
    tl_time end;

    world_acd(w, OFFERED, id, "agent-1");
    world_acd(w, ACCEPTED, id, "agent-1");
    world_forget(w);
    world_hears(w, "s:CONNECTED a:CONNECTED a:contact_card"); /* the first round of this reign */
    post(w, agent_actor("agent-1"), id, "how can I help?", "ref-1");
    world_age(w, id, TL_MIN(31));
    world_forget(w);
    raced.behind = w->store;
    raced.w = w;
    raced.ops = *w->store->ops;
    raced.ops.commit = raced_commit;
    raced.ops.list = raced_list;
    raced.store.ops = &raced.ops;
    w->conv->store = &raced.store;
    end = tl_clock_mono() + TL_SEC(4);
    while (!raced.beaten && tl_clock_mono() < end) {
        (void)tl_loop_turn(w->loop);
        usleep(1000);
    }
    world_turn(w);
    assert_true(raced.beaten);
    assert_words(w->pushes, "");
    assert_words(w->events, "");
    assert_int_equal(world_contact(w, id).phase, PHASE_CONNECTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(chat_reaches_both_sides_once),
        STORY(the_page_is_seen_only_with_consent),
        STORY(consent_before_the_talk_opens_the_page_at_once),
        STORY(the_timer_ends_a_wrap_up),
        STORY(a_survey_counts_once),
        STORY(a_repeat_is_answered_with_ones_own_line),
        STORY(a_snapshot_has_everything),
        STORY(a_snapshot_comes_however_much_was_written),
        STORY(hold_and_retrieve),
        STORY(a_chat_that_nobody_answers_ends_and_both_are_told),
        STORY(an_answer_at_the_last_moment_takes_the_goodbye_back),
    };

    tl_log_setup("conversation", TL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
