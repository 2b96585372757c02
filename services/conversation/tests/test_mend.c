/* What goes wrong comes right: neighbours away, restarts, replicas, junk, reconciliation. */
#include "world.c"

#include <tl_log.h>
#include <unistd.h>

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

/** A new reign, after one that may have died between the commit and the push. */
static void begins_anew(struct world *w)
{
    struct conversation_opts opts = w->conv->opts;

    w->conv = conversation_free(w->conv);
    world_forget(w);
    assert_int_equal(conversation_new(&w->conv, &opts), 0);
}

static void what_nobody_was_told_is_told_by_the_next(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", 1, false);

    begins_anew(w);
    world_hears(w, "s:WAITING");
    world_acd(w, OFFERED, id, "agent-1");
    begins_anew(w);
    world_hears(w, "s:RINGING a:contact_card");
    world_acd(w, ACCEPTED, id, "agent-1");
    begins_anew(w);
    world_hears(w, "s:CONNECTED a:CONNECTED a:contact_card");
    world_end(w, agent_actor("agent-1"), id);
    begins_anew(w);
    world_hears(w, "s:ENDED a:WRAP_UP");
    assert_words(w->events, ""); /* nothing happened again */
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
                                           "edge=\"nats\",class=\"malformed\"", "")) >= 2);
    assert_int_equal(world_contact(w, id).phase, PHASE_CONNECTED);
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
    world_acd(w, OFFERED, id, "agent-1"); /* late news, also for who did not step it */
    assert_int_equal(w->conv->waits.n, 0);
    assert_int_equal(second->waits.n, 0);
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

/** What the ACD says of itself: who is with it, and since when it awaits the others. */
static void acd_has(struct world *w, const char *const *ids, size_t n, tl_time gathering)
{
    Threadline__Acd__V1__ListContactsResponse m = THREADLINE__ACD__V1__LIST_CONTACTS_RESPONSE__INIT;
    Threadline__Acd__V1__ContactRow row[4], *rows[4];

    for (size_t i = 0; i < n; i++) {
        row[i] = (Threadline__Acd__V1__ContactRow)THREADLINE__ACD__V1__CONTACT_ROW__INIT;
        row[i].contact_id = (char *)(uintptr_t)ids[i];
        row[i].state = "waiting";
        rows[i] = &row[i];
    }
    m.n_contacts = n;
    m.contacts = rows;
    m.epoch = 7;
    m.gathering_since_us = gathering;
    tl_buf_clear(&w->acd_rows);
    pack(&m, &w->acd_rows);
}

static void turn_for(struct world *w, tl_dur d)
{
    for (tl_time end = tl_clock_mono() + d; tl_clock_mono() < end; usleep(1000))
        (void)tl_loop_turn(w->loop);
}

/** Until it has been asked so often. */
static void turn_until(struct world *w, const struct neighbour *n, int asked)
{
    tl_time end = tl_clock_mono() + TL_SEC(8);

    while (n->asked < asked && tl_clock_mono() < end) {
        (void)tl_loop_turn(w->loop);
        usleep(1000);
    }
    assert_true(n->asked >= asked);
    world_turn(w);
}

static void an_acd_that_lost_everything_hears_when_all_are_back(void **state)
{
    struct world *w = *state;
    struct neighbour *told = world_neighbour(w, "gathered");
    struct neighbour *line = world_neighbour(w, "enqueue");
    struct neighbour *list = world_neighbour(w, "list_acd");
    char a[TL_ID_MAX + 1], b[TL_ID_MAX + 1];
    const char *const both[] = {a, b};
    tl_time lost;

    (void)snprintf(a, sizeof a, "%s", world_request(w, "s1", "r1", 3, false));
    (void)snprintf(b, sizeof b, "%s", world_request(w, "s2", "r2", 3, false));
    world_age(w, b, TL_SEC(61));
    w->unknown = "s2"; /* the gateways' store was lost with it: what hurries is no third round */
    lost = tl_clock_wall();
    acd_has(w, NULL, 0, lost);
    line->refuse = 503;
    turn_until(w, line, 4); /* both again, as soon as they are old enough to be repaired */
    assert_int_equal(told->asked, 0);
    acd_has(w, both, 1, lost);
    line->refuse = 0;
    turn_until(w, list, list->asked + 2); /* the rounds follow each other */
    assert_int_equal(told->asked, 0);     /* one is missing */
    assert_int_equal(world_contact(w, b).phase, PHASE_WAITING);
    acd_has(w, both, 2, lost);
    turn_until(w, told, 1);
    acd_has(w, both, 2, 0);
    turn_until(w, list, list->asked + 1);
    told->asked = list->asked = 0;
    turn_for(w, TL_MSEC(2200));
    assert_int_equal(told->asked, 0);
    assert_int_equal(list->asked, 0); /* a day like any other */
    acd_has(w, NULL, 0, 0);
    world_owner(w);
    turn_until(w, list, 1); /* a new owner: not only in 10 s */
    assert_words(w->events + strlen(w->events) - strlen("contact_repaired"), "contact_repaired");
    assert_int_equal(world_contact(w, a).phase, PHASE_WAITING);
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

/** A disk that takes its time: a commit waits until it is let go. */
static struct {
    struct store store, *behind;
    struct store_ops ops;
    store_done_fn *fn;
    void *arg;
    struct contact c;
    struct store_change change;
} slow;

static int slow_commit(struct store *s, const struct store_change *ch, store_done_fn *fn, void *arg)
{
    TL_UNUSED(s);
    assert_null(slow.fn);
    slow.c = *ch->contact;
    slow.change = (struct store_change){.contact = &slow.c, .at = ch->at, .due = ch->due};
    slow.fn = fn;
    slow.arg = arg;
    return 0;
}

static int slow_list(struct store *s, const struct store_query *q, store_contacts_fn *fn, void *arg)
{
    TL_UNUSED(s);
    return slow.behind->ops->list(slow.behind, q, fn, arg);
}

static void people_hear_each_other_while_the_disk_writes_but_nobody_is_told(void **state)
{
    struct world *w = *state;
    const char *id = world_request(w, "s1", "r1", CHANNEL_VIDEO, false);

    world_acd(w, OFFERED, id, "agent-1");
    world_forget(w);
    slow.behind = w->store;
    slow.ops = *w->store->ops;
    slow.ops.commit = slow_commit;
    slow.ops.list = slow_list;
    slow.store.ops = &slow.ops;
    w->conv->store = &slow.store;
    world_acd(w, ACCEPTED, id, "agent-1");
    assert_words(w->asked, "connect");
    assert_words(w->pushes, "");
    w->conv->store = slow.behind;
    assert_int_equal(w->store->ops->commit(w->store, &slow.change, slow.fn, slow.arg), 0);
    world_turn(w);
    assert_words(w->pushes, "s:CONNECTED a:CONNECTED a:contact_card");
    assert_words(w->asked, "connect"); /* once */
    assert_int_equal(world_contact(w, id).owed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_neighbour_that_is_away_is_asked_again),
        STORY(a_restart_pays_what_was_owed),
        STORY(what_nobody_was_told_is_told_by_the_next),
        STORY(old_news_of_the_acd_change_nothing),
        STORY(junk_harms_nobody),
        STORY(people_hear_each_other_while_the_disk_writes_but_nobody_is_told),
        STORY(two_replicas_share_one_store),
        STORY(the_reconciler_mends_what_was_missed),
        STORY(an_acd_that_lost_everything_hears_when_all_are_back),
        STORY(a_customer_whom_no_gateway_knows_is_let_go),
        STORY(gateways_that_rave_harm_nobody),
    };

    tl_log_setup("conversation", TL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
