/* The contract of the store, told to the one in memory and, where TL_TEST_PG names a database with
 * schema.sql in it ("host=... user=..."; TL_TEST_PG_PASSWORD_FILE for its password), to PostgreSQL.
 */
#include "store_story.h"

static void a_contact_comes_back_as_it_was(void **state)
{
    struct contact c = contact();

    TL_UNUSED(state);
    assert_int_equal(open_contact(&c, NULL, 0), 0);
    assert_int_equal(list(QUERY_ID, &c.id, 0), 1);
    c.version = 1;
    assert_memory_equal(&c, &b.contacts[0], sizeof c);
    assert_int_equal(list(QUERY_REQUEST, &c.request, 0), 1);
    assert_int_equal(list(QUERY_SESSION, &c.session, 0), 1);
    assert_int_equal(list(QUERY_ID, &c.thread, 0), 0);
}

static void who_was_first_wins(void **state)
{
    struct contact c = contact();
    struct outgoing_event e;
    struct store_change ch = {.contact = &c, .events = &e, .n_events = 1, .touch = c.thread};
    struct tl_id id;

    TL_UNUSED(state);
    assert_int_equal(open_contact(&c, NULL, 0), 0);
    c.version = 1;
    c.phase = PHASE_RINGING;
    c.agent = tl_id_new();
    e = outgoing(&c, "one");
    assert_int_equal(commit(&ch), 0);
    id = e.id = tl_id_new();
    assert_int_equal(commit(&ch), -EAGAIN); /* version 1 is over: nothing, also no event */
    assert_int_equal(list(QUERY_AGENT, &c.agent, 0), 1);
    assert_int_equal(b.contacts[0].version, 2);
    assert_int_equal(b.store->ops->outbox(b.store, 64, outbox, NULL), 0);
    wait_done();
    for (int i = 0; i < b.n; i++)
        assert_false(tl_id_eq(&b.outbox[i].id, &id));
}

static void what_must_be_unique(void **state)
{
    struct contact c = contact(), other = contact();

    TL_UNUSED(state);
    assert_int_equal(open_contact(&c, NULL, 0), 0);
    other.request = c.request;
    assert_int_equal(open_contact(&other, NULL, 0), -EEXIST);
    other = contact();
    other.session = c.session;
    assert_int_equal(open_contact(&other, NULL, 0), -EEXIST); /* a second call */
    other.channel = CHANNEL_CHAT;
    assert_int_equal(open_contact(&other, NULL, 0), 0);
    c.version = 1;
    c.phase = PHASE_WRAP_UP;
    assert_int_equal(commit(&(struct store_change){.contact = &c, .touch = c.thread}), 0);
    other = contact();
    other.session = c.session;
    assert_int_equal(open_contact(&other, NULL, 0), 0); /* the first is over for the customer */
}

static void the_outbox_is_contiguous(void **state)
{
    struct contact a = contact(), c = contact();
    struct outgoing_event two[2] = {outgoing(&a, "a1"), outgoing(&a, "a2")};
    struct outgoing_event one[1] = {outgoing(&c, "c1")};
    int at = -1;

    TL_UNUSED(state);
    assert_int_equal(open_contact(&a, two, 2), 0);
    assert_int_equal(open_contact(&c, one, 1), 0);
    assert_int_equal(b.store->ops->outbox(b.store, 64, outbox, NULL), 0);
    wait_done();
    assert_int_equal(b.err, 0);
    for (int i = 0; i < b.n; i++) {
        assert_true(i == 0 || b.outbox[i].seq == b.outbox[i - 1].seq + 1);
        if (tl_id_eq(&b.outbox[i].id, &two[0].id))
            at = i;
    }
    assert_true(at >= 0 && at + 2 < b.n);
    assert_int_equal(b.outbox[at].thread_seq, 1);
    assert_int_equal(b.outbox[at + 1].thread_seq, 2);
    assert_int_equal(b.outbox[at + 2].thread_seq, 1);
    assert_string_equal(b.outbox[at].name, "contact_requested");
    assert_int_equal(tl_id_parse_ulid(&(struct tl_id){0}, tl_id_str(&b.outbox[at].boot)), 0);

    assert_int_equal(b.store->ops->sent(b.store, b.outbox[at + 1].seq, stored, NULL), 0);
    wait_done();
    assert_int_equal(b.store->ops->outbox(b.store, 64, outbox, NULL), 0);
    wait_done();
    assert_int_equal(b.n, 1);
    assert_true(tl_id_eq(&b.outbox[0].id, &one[0].id));
    assert_int_equal(b.store->ops->sent(b.store, b.outbox[0].seq, stored, NULL), 0);
    wait_done();
}

static void threads_are_found_and_linked(void **state)
{
    struct contact c = contact();
    struct store_change ch;

    TL_UNUSED(state);
    assert_int_equal(open_contact(&c, NULL, 0), 0);
    assert_int_equal(b.store->ops->threads(b.store, &c.visitor, &c.customer, 50, threads, NULL), 0);
    wait_done();
    assert_int_equal(b.n, 1);
    assert_true(tl_id_eq(&b.threads[0].id, &c.thread));
    assert_int_equal(b.threads[0].last_at, 100);

    c.version = 1;
    c.customer = tl_id_new();
    ch = (struct store_change){
        .contact = &c, .touch = c.thread, .link = &c.thread, .n_link = 1, .at = 200};
    assert_int_equal(commit(&ch), 0);
    assert_int_equal(
        b.store->ops->threads(b.store, &(struct tl_id){0}, &c.customer, 150, threads, NULL), 0);
    wait_done();
    assert_int_equal(b.n, 1);
    assert_true(tl_id_eq(&b.threads[0].customer, &c.customer));
    assert_int_equal(b.threads[0].last_at, 200);
    assert_int_equal(
        b.store->ops->threads(b.store, &(struct tl_id){0}, &c.customer, 201, threads, NULL), 0);
    wait_done();
    assert_int_equal(b.n, 0);
}

static void a_line_of_chat_is_stored_once(void **state)
{
    struct contact c = contact();
    struct contact_message m = {.id = tl_id_new(),
                                .from = ROLE_CUSTOMER,
                                .from_name = "Ada",
                                .client_ref = "ref",
                                .text = "hello '); DROP TABLE contacts; --",
                                .sent_at = 9};
    struct store_change ch = {.message = &m, .touch = c.thread};

    TL_UNUSED(state);
    m.contact = c.id;
    m.thread = c.thread;
    assert_int_equal(open_contact(&c, NULL, 0), 0);
    assert_int_equal(commit(&ch), 0);
    m.id = tl_id_new();
    assert_int_equal(commit(&ch), -EEXIST);
    m.from = ROLE_AGENT; /* the agent may call a line the same */
    assert_int_equal(commit(&ch), 0);
    assert_int_equal(b.store->ops->messages(b.store, &c.id, NULL, messages, NULL), 0);
    wait_done();
    assert_int_equal(b.n, 2);
    assert_string_equal(b.messages[0].text, m.text);
    assert_int_equal(b.messages[0].sent_at, 9);
    assert_int_equal(b.store->ops->messages(b.store, &c.id, "other", messages, NULL), 0);
    wait_done();
    assert_int_equal(b.n, 0);
}

static void the_card_shows_what_was_before(void **state)
{
    struct contact first = contact(), c = contact(), stranger = contact();
    struct contact_wrap_up w = {.contact = first.id, .disposition = "", .note = "a note", .at = 1};
    struct store_change ch = {.wrap_up = &w, .touch = first.thread};

    TL_UNUSED(state);
    c.visitor = stranger.visitor = first.visitor;
    stranger.customer = tl_id_new(); /* somebody else at the same browser */
    assert_int_equal(open_contact(&first, NULL, 0), 0);
    assert_int_equal(open_contact(&stranger, NULL, 0), 0);
    assert_int_equal(open_contact(&c, NULL, 0), 0);
    assert_int_equal(commit(&ch), 0);
    (void)snprintf(w.disposition, sizeof w.disposition, "sold");
    w.note[0] = '\0';
    assert_int_equal(commit(&ch), 0); /* how it went comes after the note */
    (void)snprintf(w.note, sizeof w.note, "later");
    (void)snprintf(w.disposition, sizeof w.disposition, "other");
    assert_int_equal(commit(&ch), 0); /* the first one stays */
    assert_int_equal(b.store->ops->card(b.store, &c, card, NULL), 0);
    wait_done();
    assert_string_equal(b.visit, "a \"visit\"");
    assert_int_equal(b.n, 1);
    assert_true(tl_id_eq(&b.earlier[0].contact, &first.id));
    assert_string_equal(b.earlier[0].disposition, "sold");
    assert_string_equal(b.earlier[0].note, "a note");
    assert_int_equal(b.n_lines, 0);
}

/** A chat stays on its thread: the next contact's card shows the newest lines, oldest first. */
static void the_card_shows_what_was_written_before(void **state)
{
    struct contact first = contact(), c = contact(), other = contact();
    struct contact_message m = {.thread = first.thread, .from = ROLE_CUSTOMER, .sent_at = 1};
    struct store_change ch = {.message = &m, .touch = first.thread};

    TL_UNUSED(state);
    assert_int_equal(open_contact(&first, NULL, 0), 0);
    c.thread = first.thread;
    assert_int_equal(commit(&(struct store_change){.contact = &c, .touch = c.thread, .due = 1000}),
                     0);
    assert_int_equal(open_contact(&other, NULL, 0), 0);
    for (int i = 0; i < CARD_LINES_MAX + 2; i++) {
        m.id = tl_id_new();
        m.contact = first.id;
        (void)snprintf(m.text, sizeof m.text, "line %d", i);
        assert_int_equal(commit(&ch), 0);
    }
    m.id = tl_id_new();
    m.contact = c.id; /* its own lines are in the transcript */
    assert_int_equal(commit(&ch), 0);
    assert_int_equal(b.store->ops->card(b.store, &c, card, NULL), 0);
    wait_done();
    assert_int_equal(b.n_lines, CARD_LINES_MAX);
    assert_string_equal(b.messages[0].text, "line 2");
    assert_string_equal(b.messages[1].text, "line 3");
    assert_int_equal(b.store->ops->card(b.store, &other, card, NULL), 0);
    wait_done();
    assert_int_equal(b.n_lines, 0);
}

static void a_survey_is_answered_once(void **state)
{
    struct contact c = contact();
    const struct contact_survey s = {.contact = c.id, .score = 4, .at = 1};
    const struct store_change ch = {.survey = &s, .touch = c.thread};

    TL_UNUSED(state);
    assert_int_equal(open_contact(&c, NULL, 0), 0);
    assert_int_equal(commit(&ch), 0);
    assert_int_equal(commit(&ch), -EEXIST);
}

static bool listed(enum store_query_kind kind, const struct contact *c, tl_time at)
{
    struct tl_id before = c->id;

    before.s[25] = '\0'; /* just before it */
    (void)list(kind, &before, at);
    for (int i = 0; i < b.n && i < 20; i++) {
        if (tl_id_eq(&b.contacts[i].id, &c->id))
            return true;
    }
    return false;
}

static void lists_of_who_is_open_waiting_due(void **state)
{
    struct contact c = contact();

    TL_UNUSED(state);
    assert_int_equal(open_contact(&c, NULL, 0), 0);
    assert_true(listed(QUERY_OPEN, &c, 0));
    assert_true(listed(QUERY_WAITING, &c, 0));
    assert_false(listed(QUERY_DUE, &c, 999 - 1000));
    c.version = 1;
    c.phase = PHASE_ENDED;
    assert_int_equal(commit(&(struct store_change){.contact = &c, .touch = c.thread}), 0);
    assert_true(listed(QUERY_OPEN, &c, 0)); /* it still owes */
    assert_false(listed(QUERY_WAITING, &c, 0));
    c.version = 2;
    c.owed = 0;
    assert_int_equal(commit(&(struct store_change){.contact = &c, .touch = c.thread}), 0);
    assert_false(listed(QUERY_OPEN, &c, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contact_comes_back_as_it_was),
        cmocka_unit_test(who_was_first_wins),
        cmocka_unit_test(what_must_be_unique),
        cmocka_unit_test(the_outbox_is_contiguous),
        cmocka_unit_test(threads_are_found_and_linked),
        cmocka_unit_test(a_line_of_chat_is_stored_once),
        cmocka_unit_test(the_card_shows_what_was_before),
        cmocka_unit_test(the_card_shows_what_was_written_before),
        cmocka_unit_test(a_survey_is_answered_once),
        cmocka_unit_test(lists_of_who_is_open_waiting_due),
    };
    int failed = cmocka_run_group_tests_name("memory", tests, setup, teardown);

    if (!getenv("TL_TEST_PG")) {
        printf("PostgreSQL: not told, TL_TEST_PG is not set\n");
        return failed;
    }
    use_pg = true;
    return failed + cmocka_run_group_tests_name("postgres", tests, setup, teardown);
}
