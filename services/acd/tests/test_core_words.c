/* The core in words and numbers: choices, stories, supply, and who is first among many. */
#include "core_world.h"

static void every_choice_has_its_words(void **state)
{
    static const struct {
        const char *queue, *words;
    } cases[] = {{"least", "least occupied (idle 1m01s)"},
                 {"most", "most skilled (idle 1m01s)"},
                 {"turn", "next in turn (idle 1m01s)"}};
    struct world *w = *state;

    for (size_t i = 0; i < TL_LEN(cases); i++) {
        step(w, of(ACD_AGENT_READY, "", "a1"));
        w->now += TL_SEC(61);
        step(w, comes(w, "c1", cases[i].queue));
        assert_memory_equal(w->line, cases[i].words, strlen(cases[i].words));
        step(w, of(ACD_AGENT_GONE, "", "a1"));
        step(w, of(ACD_CONTACT_LEFT, "c1", ""));
        w->now += TL_SEC(61);
    }
    step(w, comes(w, "c2", "help"));
    step(w, of(ACD_AGENT_READY, "", "a2"));
    accepts(w, "c2");
    struct acd_contact c = *acd_contact(w->acd, at(w, "c2"));
    struct acd_why why = {.by_hand = true};
    struct acd_decision d = {.contact = &c, .agent_at = 1, .why = &why};
    assert_true(acd_why_line(w->acd, &d, w->line, sizeof(w->line)) > 0);
    assert_string_equal(w->line, "picked by hand");
    c.preferred = 1;
    assert_true(acd_why_line(w->acd, &d, w->line, sizeof(w->line)) > 0);
    assert_string_equal(w->line, "preferred: named, or spoke with them last");
    c.direct = true;
    assert_true(acd_why_line(w->acd, &d, w->line, sizeof(w->line)) > 0);
    assert_string_equal(w->line, "asked for this agent");
    why = (struct acd_why){.again = true};
    assert_true(acd_why_line(w->acd, &d, w->line, sizeof(w->line)) > 0);
    assert_string_equal(w->line, "rings on: the service changed hands");
    c.preferred = ACD_NONE;
    why = (struct acd_why){.by_hand = true};
    assert_int_equal(acd_why_line(w->acd, &d, w->line, 5), 4);
    assert_string_equal(w->line, "pick");
}

static void a_long_story_keeps_its_newest_steps(void **state)
{
    struct world *w = *state;
    struct acd_fact f = of(ACD_MOVED, "c1", "");
    char line[100];
    unsigned n = 0;

    step(w, comes(w, "c1", "help"));
    for (int i = 0; i < 260; i++) {
        f.queue = i % 2 ? 0 : 4;
        step(w, f);
    }
    while (acd_history(w->acd, at(w, "c1"), n, line, sizeof(line)))
        n++;
    assert_int_equal(n, ACD_HISTORY);
    static const enum acd_decision_kind kinds[] = {ACD_SHOW_AGENT, ACD_TIME_OUT, ACD_TURN_DOWN,
                                                   ACD_END_WRAP};
    struct acd_why crowd = {.considered = 70000};
    crowd.rejected[ACD_REJECT_BUSY] = 70000;
    crowd.rejected[ACD_FIT] = 300;
    for (size_t i = 0; i < TL_LEN(kinds); i++)
        tell(w->acd,
             &(struct decide){.kind = kinds[i], .contact = at(w, "c1"), .agent = 0, .why = &crowd});
    assert_true(acd_history(w->acd, at(w, "c1"), ACD_HISTORY - 3, line, sizeof(line)) > 0);
    assert_non_null(strstr(line, "a1 did not answer"));
    assert_true(acd_history(w->acd, at(w, "c1"), ACD_HISTORY - 2, line, sizeof(line)) > 0);
    assert_non_null(strstr(line, "a1 declined"));
    assert_true(acd_history(w->acd, at(w, "c1"), ACD_HISTORY - 1, line, sizeof(line)) > 0);
    assert_non_null(strstr(line, "end_wrap: "));
}

static void numbers_of_an_empty_place(void **state)
{
    struct world *w = *state;
    struct acd_supply s;

    assert_int_equal(acd_oldest_lease(w->acd), TL_NEVER);
    assert_int_equal(acd_oldest_offer(w->acd), TL_NEVER);
    acd_supply(w->acd, 0, w->now, &s);
    assert_int_equal(s.oldest_wait, 0);
    step(w, of(ACD_AGENT_READY, "", "a1"));
    step(w, comes(w, "c1", "help"));
    accepts(w, "c1"); /* its line is empty now */
    assert_int_equal(acd_oldest_offer(w->acd), TL_NEVER);
    assert_true(acd_expected_wait(w->acd, 0, 1) > 0); /* nobody waits, nobody is idle */
    struct acd_fact f = comes(w, "c3", "help");       /* another line; the first is empty */
    f.n_required = 1;
    f.required[0] = (struct acd_need){1, 1};
    step(w, f);
    acd_supply(w->acd, 0, w->now + TL_SEC(1), &s);
    assert_int_equal(s.oldest_wait, TL_SEC(1));
    w->now += TL_SEC(1);
    step(w, comes(w, "c2", "help"));
    acd_supply(w->acd, 0, w->now + TL_SEC(1), &s);
    assert_int_equal(s.oldest_wait, TL_SEC(2));
    assert_int_equal(acd_next_of_agent(w->acd, 0, ACD_NONE), at(w, "c1"));
    assert_int_equal(acd_next_of_agent(w->acd, 0, at(w, "c1")), ACD_NONE);
    wheel_set(&w->acd->wheel, at(w, "c1"), w->now); /* nothing of a conversation is due */
    step(w, of(ACD_TICK, "", ""));
    assert_int_equal(acd_contact(w->acd, at(w, "c1"))->state, ACD_CONNECTED);
    assert_false(match_contact(w->acd, at(w, "c1")));
    assert_false(apply_staff_rules(w->acd, at(w, "c1")));
}

static void the_oldest_of_two_offers_counts(void **state)
{
    struct world *w = *state;

    step(w, of(ACD_AGENT_READY, "", "a1"));
    step(w, comes(w, "c1", "help"));
    w->now += TL_SEC(3);
    step(w, of(ACD_AGENT_READY, "", "a2"));
    step(w, comes(w, "c2", "help"));
    assert_int_equal(acd_oldest_offer(w->acd), NOW);
}

/* Ninety agents, the last ten of another queue. */
static void among_many_the_longest_idle_who_may(void **state)
{
    struct tl_buf text = TL_BUF(20000), why = TL_BUF(1000);
    struct policy_file *policy;
    struct world w = {.now = NOW};
    struct acd_fact f;
    char id[16];

    (void)state;
    (void)tl_buf_puts(&text, "skills: [s]\nlease: 10m\nqueues: [{name: help, offer_timeout: 20s}, "
                             "{name: other}, {name: best, choose: most_skilled}]\nagents:\n");
    for (int i = 0; i < 90; i++)
        (void)tl_buf_printf(&text, "  - {id: b%d, queues: [%s], skills: {s: %d}}\n", i,
                            i < 10 ? "other" : "help, best", 1 + i / 18);
    assert_int_equal(policy_parse(&policy, tl_buf_str(&text), "many", &why), 0);
    assert_int_equal(acd_new(&w.acd, policy_of(policy), 0, hear, &w), 0);
    for (int i = 0; i < 90; i++) {
        (void)snprintf(id, sizeof(id), "b%d", i);
        step(&w, of(ACD_AGENT_READY, "", id));
        w.now += TL_SEC(1);
    }
    f = comes(&w, "chat", "help");
    f.channel = ACD_CHAT;
    step(&w, f);
    accepts(&w, "chat"); /* b10 has room for chats, but not for a call */
    step(&w, comes(&w, "c1", "help"));
    assert_string_equal(acd_agent(w.acd, acd_contact(w.acd, at(&w, "c1"))->agent)->id.s, "b11");
    f = of(ACD_OFFER_DECLINED, "", "b11");
    f.offer = acd_contact(w.acd, at(&w, "c1"))->offer;
    step(&w, f);
    assert_string_equal(acd_agent(w.acd, acd_contact(w.acd, at(&w, "c1"))->agent)->id.s, "b12");
    w.acd->quiet = true; /* while loading: has been refused by b13, comes from another owner */
    assert_int_equal(told(&w, comes(&w, "c4", "help")), ACD_OK);
    exclude(w.acd, at(&w, "c4"), acd_find_agent(w.acd, TL_STR("b13")));
    w.acd->quiet = false;
    assert_true(match_contact(w.acd, at(&w, "c4")));
    assert_string_equal(acd_agent(w.acd, acd_contact(w.acd, at(&w, "c4"))->agent)->id.s, "b14");
    f = comes(&w, "c2", "help"); /* prefers a skill: everybody is asked */
    f.n_preferred = 1;
    f.preferred[0] = (struct acd_need){0, 5};
    step(&w, f);
    assert_string_equal(acd_agent(w.acd, acd_contact(w.acd, at(&w, "c2"))->agent)->id.s, "b72");
    f = comes(&w, "c3", "best");
    f.n_required = 1;
    f.required[0] = (struct acd_need){0, 1};
    step(&w, f);
    assert_string_equal(acd_agent(w.acd, acd_contact(w.acd, at(&w, "c3"))->agent)->id.s, "b73");
    acd_free(w.acd);
    policy_free(policy);
    tl_buf_done(&text);
    tl_buf_done(&why);
}

/* The longest idle of many, and behind him a crowd that does not fit: others to show beside him are
 * looked for only so far. */
static void the_search_for_others_to_show_ends(void **state)
{
    struct tl_buf text = TL_BUF(20000), why = TL_BUF(1000);
    struct policy_file *policy;
    struct world w = {.now = NOW};
    char id[16];

    (void)state;
    (void)tl_buf_puts(&text, "lease: 10m\nqueues: [{name: help}, {name: other}]\nagents:\n");
    for (int i = 0; i < 140; i++)
        (void)tl_buf_printf(&text, "  - {id: b%d, queues: [%s]}\n", i,
                            i > 0 && i < 50 ? "other" : "help");
    assert_int_equal(policy_parse(&policy, tl_buf_str(&text), "many", &why), 0);
    assert_int_equal(acd_new(&w.acd, policy_of(policy), 0, hear, &w), 0);
    for (int i = 0; i < 140; i++) {
        (void)snprintf(id, sizeof(id), "b%d", i);
        assert_int_equal(told(&w, of(ACD_AGENT_READY, "", id)), ACD_OK);
        w.now += TL_SEC(1);
    }
    step(&w, comes(&w, "c1", "help"));
    assert_string_equal(w.line, "longest idle (idle 2m20s) of 91 free and fit; 91 serving, 0 busy");
    assert_int_equal(w.acd->why.n, 1); /* the next who fits is too far behind */
    acd_free(w.acd);
    policy_free(policy);
    tl_buf_done(&text);
    tl_buf_done(&why);
}

static const char ring_rules[] =
    "lease: 10m\n"
    "skills: [german]\n"
    "queues:\n"
    "  - {name: help, requires: {german: 5}, offer_timeout: 20s,\n"
    "     rings: [{after: 30s, by: 1}, {after: 60s, by: 2}, {after: 90s, drop: all}]}\n"
    "agents:\n"
    "  - {id: a1, queues: [help], skills: {german: 3}}\n"
    "  - {id: a2, queues: [help], skills: {german: 1}}\n"
    "  - {id: a3, queues: [help], skills: {german: 3}}\n";

/* Offers, skipped rings, changes of ring and time-outs: each says who could and why others could
 * not.
 */
static void every_change_says_why(void **state)
{
    struct tl_buf why = TL_BUF(1000);
    struct policy_file *policy;
    struct world w = {.now = NOW};
    char all[2000] = "", line[200];

    (void)state;
    assert_int_equal(policy_parse(&policy, tl_str(ring_rules), "rings", &why), 0);
    assert_int_equal(acd_new(&w.acd, policy_of(policy), 0, hear, &w), 0);
    step(&w, of(ACD_AGENT_READY, "", "a1"));
    step(&w, of(ACD_AGENT_READY, "", "a2"));
    step(&w, of(ACD_AGENT_NOT_READY, "", "a3"));
    step(&w, comes(&w, "c1", "help"));
    w.now += TL_SEC(21);
    step(&w, of(ACD_TICK, "", ""));
    assert_string_equal(w.change, "0 of 3 serving free and fit, ring 2");
    w.now += TL_SEC(70);
    step(&w, of(ACD_TICK, "", ""));
    for (unsigned i = 0; acd_history(w.acd, at(&w, "c1"), i, line, sizeof(line)); i++) {
        strcat(all, line);
        strcat(all, "\n");
    }
    assert_string_equal(
        all,
        "+0.000s came in line\n"
        "+0.000s ring 0 to 2, past what nobody signed in could fill: 1 of 3 serving free and "
        "fit, 1 "
        "without the skills, 1 not ready\n"
        "+0.000s offered to a1: 1 of 3 serving free and fit, 1 without the skills, 1 not "
        "ready, ring "
        "2\n"
        "+21.000s a1 did not answer: 0 of 3 serving free and fit, 1 without the skills, 1 not "
        "ready, 1 "
        "not asked again, ring 2\n"
        "+91.000s ring 2 to 3: 1 of 3 serving free and fit, 2 not ready\n" /* a1 missed too often */
        "+91.000s offered to a2: 1 of 3 serving free and fit, 2 not ready, ring 3\n");
    acd_free(w.acd);
    policy_free(policy);
    tl_buf_done(&why);
}

static void a_core_nobody_listens_to(void **state)
{
    struct world *w = *state;
    struct acd *silent = NULL;

    assert_int_equal(acd_new(&silent, policy_of(w->policy), 0, NULL, NULL), 0);
    struct acd_fact f = of(ACD_AGENT_READY, "", "a1");
    assert_int_equal(acd_step(silent, &f, w->now, NULL), 0);
    assert_int_equal(acd_agent(silent, 0)->presence, ACD_READY);
    acd_free(silent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_choice_has_its_words, begin, end),
        cmocka_unit_test_setup_teardown(a_long_story_keeps_its_newest_steps, begin, end),
        cmocka_unit_test_setup_teardown(numbers_of_an_empty_place, begin, end),
        cmocka_unit_test_setup_teardown(the_oldest_of_two_offers_counts, begin, end),
        cmocka_unit_test(among_many_the_longest_idle_who_may),
        cmocka_unit_test(the_search_for_others_to_show_ends),
        cmocka_unit_test(every_change_says_why),
        cmocka_unit_test_setup_teardown(a_core_nobody_listens_to, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
