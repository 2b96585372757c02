/* The core's parts: estimates, words, positions, loading what does not fit, deadlines far away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <adapters/policy_yaml.h>
#include <core/hours.h>
#include <core/state.h>
#include <lab/check.h>
#include <lab/crowd.h>
#include <tl_mem.h>

#define NOW TL_SEC(1700000000)

static const char rules[] = "lease: 10m\n"
                            "skills: [german]\n"
                            "queues:\n"
                            "  - {name: help, wrap_up: 0s, handle_time: 60s, offer_timeout: 5m,\n"
                            "     rings: [{after: 100s, drop: all}]}\n"
                            "  - {name: far, wrap_up: 10s}\n"
                            "agents:\n"
                            "  - {id: a1, queues: [help], skills: {german: 3}}\n"
                            "  - {id: a2, queues: [help]}\n";

struct world {
    struct policy_file *policy;
    struct acd *acd;
    tl_time now;
    struct acd_decision offer;
    struct acd_why why;
    char line[200];
};

static void hear(void *arg, const struct acd_decision *d)
{
    struct world *w = arg;

    if (d->kind == ACD_OFFER) {
        w->offer = *d;
        (void)acd_why_line(w->acd, d, w->line, sizeof(w->line));
    }
}

static int begin(void **state)
{
    struct world *w = tl_alloc(1, sizeof(*w));
    struct tl_buf why = TL_BUF(4096);

    *state = w;
    w->now = NOW;
    return policy_parse(&w->policy, tl_str(rules), "rules", &why) ||
           acd_new(&w->acd, policy_of(w->policy), 0, hear, w);
}

static int end(void **state)
{
    struct world *w = *state;
    char line[200];

    assert_int_equal(acd_check(w->acd, line, sizeof(line)), 0);
    acd_free(w->acd);
    policy_free(w->policy);
    tl_free(w);
    return 0;
}

static void step(struct world *w, struct acd_fact f)
{
    enum acd_outcome out;

    assert_int_equal(acd_step(w->acd, &f, w->now, &out), 0);
    assert_int_equal(out, ACD_OK);
}

static void comes(struct world *w, const char *id)
{
    step(w, (struct acd_fact){
                .kind = ACD_CONTACT_QUEUED, .contact = tl_str(id), .channel = ACD_VIDEO});
}

static uint32_t at(const struct world *w, const char *id)
{
    return acd_find_contact(w->acd, tl_str(id));
}

static void ready(struct world *w, const char *agent)
{
    step(w, (struct acd_fact){.kind = ACD_AGENT_READY, .agent = tl_str(agent)});
}

static void answered_after(struct world *w, const char *id, tl_dur after, tl_dur talk)
{
    const struct acd_contact *c = acd_contact(w->acd, at(w, id));

    w->now += after;
    step(w, (struct acd_fact){.kind = ACD_OFFER_ACCEPTED,
                              .agent = tl_id_str(&acd_agent(w->acd, c->agent)->id),
                              .offer = c->offer});
    w->now += talk;
    step(w, (struct acd_fact){.kind = ACD_CONTACT_RELEASED, .contact = tl_str(id)});
}

static void expected_waits_follow_their_formula(void **state)
{
    struct world *w = *state;
    struct acd_supply s;
    char id[16];

    assert_int_equal(acd_expected_wait(w->acd, 0, 1), -1); /* nobody staffed */
    step(w, (struct acd_fact){.kind = ACD_AGENT_NOT_READY, .agent = TL_STR("a1")});
    comes(w, "c0");
    assert_int_equal(acd_expected_wait(w->acd, 0, 1), -1); /* nobody ready */
    step(w, (struct acd_fact){.kind = ACD_CONTACT_LEFT, .contact = TL_STR("c0")});
    ready(w, "a1");
    assert_int_equal(acd_expected_wait(w->acd, 0, 1), 0); /* somebody idle, nobody waits */
    for (int i = 1; i <= 9; i++) {
        (void)snprintf(id, sizeof(id), "c%d", i);
        comes(w, id);
    }
    /* c1 rings; a guess of 60 s each by one agent, the median of three of them */
    assert_int_equal(acd_expected_wait(w->acd, 0, 3), TL_SEC(160));
    assert_int_equal(acd_position(w->acd, at(w, "c1")), 0);
    assert_int_equal(acd_position(w->acd, at(w, "c2")), 1);
    assert_int_equal(acd_position(w->acd, at(w, "c9")), 8);
    acd_supply(w->acd, 0, w->now + TL_SEC(7), &s);
    assert_int_equal(s.waiting, 8);
    assert_int_equal(s.ringing, 1);
    assert_int_equal(s.staffed, 1);
    assert_int_equal(s.idle, 0);
    assert_int_equal(s.oldest_wait, TL_SEC(7));
    assert_int_equal(s.expected_wait, TL_SEC(9 * 60 - 20));
    assert_true(s.mape < 0);
    assert_true(s.mape_long < 0);
    assert_int_equal(acd_oldest_offer(w->acd), NOW);
    for (int i = 1; i <= 7; i++) {
        (void)snprintf(id, sizeof(id), "c%d", i);
        answered_after(w, id, TL_SEC(5), TL_SEC(15));
    }
    /* the line moved every 20 s */
    assert_in_range(acd_expected_wait(w->acd, 0, 2), TL_MSEC(33333), TL_MSEC(33334));
    acd_supply(w->acd, 0, w->now, &s);
    /* c1 was told 0 and rang at once; c2 to c8 were told 40 s for the first place and 60 s more for
     * each other, and 20 s a place it was */
    assert_int_equal(s.mape_n, 7);
    assert_float_equal(s.mape, 1.630, 0.001);
    assert_int_equal(s.mape_long_n, 6); /* c2 waited 20 s */
    assert_float_equal(s.mape_long, 1.735, 0.001);
    assert_int_equal(acd_oldest_lease(w->acd), NOW);
}

static void the_story_of_a_contact_can_be_read(void **state)
{
    struct world *w = *state;
    char line[200], all[1000] = "";

    ready(w, "a1");
    comes(w, "c1");
    assert_string_equal(w->line, "longest idle (idle 0s) of 1 free and fit; 1 serving, 0 busy");
    w->now += TL_SEC(3);
    step(w, (struct acd_fact){
                .kind = ACD_OFFER_DECLINED, .agent = TL_STR("a1"), .offer = w->offer.offer});
    w->now += TL_SEC(100);
    step(w, (struct acd_fact){.kind = ACD_TICK});
    step(w, (struct acd_fact){.kind = ACD_MOVED, .contact = TL_STR("c1"), .queue = 1});
    step(w, (struct acd_fact){.kind = ACD_HANDED, .contact = TL_STR("c1"), .agent = TL_STR("a1")});
    assert_string_equal(w->line, "asked for this agent");
    for (unsigned i = 0; acd_history(w->acd, at(w, "c1"), i, line, sizeof(line)); i++) {
        strcat(all, line);
        strcat(all, "\n");
    }
    assert_non_null(strstr(all, "+3.000s a1 declined\n"));
    assert_non_null(strstr(all, "ring 0 to 1: "));
    assert_non_null(strstr(all, "taken back from a1: transfer"));
    assert_non_null(strstr(all, "offered to a1: "));
    assert_int_equal(acd_history(w->acd, at(w, "c1"), 99, line, sizeof(line)), 0);
    answered_after(w, "c1", TL_SEC(1), TL_SEC(60));
    all[0] = '\0';
    for (unsigned i = 0; acd_history(w->acd, at(w, "c1"), i, line, sizeof(line)); i++)
        strcat(strcat(all, line), "\n");
    assert_non_null(strstr(all, "a1 accepted\n"));
    assert_non_null(strstr(all, "conversation with a1 over: request"));
    assert_non_null(strstr(all, "a1 in after-call work"));
}

static void a_freed_agent_says_so(void **state)
{
    struct world *w = *state;

    comes(w, "c1");
    w->now += TL_SEC(101);
    step(w, (struct acd_fact){.kind = ACD_TICK});
    ready(w, "a1");
    assert_string_equal(w->line,
                        "first in line; you are free (idle 0s); 1 serving, 0 busy, ring 1");
    w->now += TL_MIN(5);
    step(w, (struct acd_fact){.kind = ACD_TICK}); /* missed */
}

static void hours_that_make_no_sense(void **state)
{
    static const char *const days[] = {"", "someday", "mon-someday", "-"};
    static const char *const windows[] = {"",
                                          "9:00-18:00",
                                          "09:00-18:0",
                                          "09:00-25:00",
                                          "09:60-10:00",
                                          "24:30-24:40",
                                          "09x00-18:00",
                                          "10:00-10:00",
                                          "09:00_18:00"};
    static const char *const dates[] = {"",           "2026-1-01",  "2026-13-01", "2026-12-32",
                                        "202a-12-24", "1969-12-31", "2026/12/24", "2026-12/24"};
    struct hours h = {.n_windows = 0};

    (void)state;
    for (size_t i = 0; i < TL_LEN(days); i++)
        assert_int_equal(hours_add(&h, tl_str(days[i]), TL_STR("09:00-10:00")), -EINVAL);
    for (size_t i = 0; i < TL_LEN(windows); i++)
        assert_int_equal(hours_add(&h, TL_STR("mon"), tl_str(windows[i])), -EINVAL);
    for (size_t i = 0; i < TL_LEN(dates); i++)
        assert_int_equal(hours_add_holiday(&h, tl_str(dates[i])), -EINVAL);
    assert_false(hours_open(&h, 0));
    for (int i = 0; i < 6; i++)
        assert_int_equal(hours_add(&h, TL_STR("Sun-Sat"), TL_STR("00:00-24:00")), 0);
    assert_int_equal(hours_add(&h, TL_STR("mon"), TL_STR("09:00-10:00")), -ENOSPC);
    for (int i = 0; i < HOURS_HOLIDAYS_MAX; i++)
        assert_int_equal(hours_add_holiday(&h, TL_STR("2026-02-28")), 0);
    assert_int_equal(hours_add_holiday(&h, TL_STR("2026-02-28")), -ENOSPC);
    assert_true(hours_open(&h, 0));
    assert_false(hours_open(&h, INT64_C(20512) * 86400 + 60)); /* 2026-02-28 */
    assert_true(hours_open(&h, INT64_C(20513) * 86400));
}

static void everything_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < ACD_FACTS; i++)
        assert_string_not_equal(acd_fact_name((enum acd_fact_kind)i), "unknown");
    for (int i = 0; i < ACD_OUTCOMES; i++)
        assert_string_not_equal(acd_outcome_name((enum acd_outcome)i), "unknown");
    for (int i = ACD_WAITING; i < ACD_CONTACT_STATES; i++)
        assert_string_not_equal(acd_contact_state_name((enum acd_contact_state)i), "unknown");
    for (int i = ACD_OFFLINE; i <= ACD_WRAP_UP; i++)
        assert_string_not_equal(acd_presence_name((enum acd_presence)i), "unknown");
    for (int i = 0; i < ACD_CAUSES; i++)
        assert_string_not_equal(acd_cause_name((enum acd_cause)i), "unknown");
    for (int i = 0; i < ACD_DECISIONS; i++)
        assert_string_not_equal(acd_decision_name((enum acd_decision_kind)i), "unknown");
    for (int i = 0; i < ACD_REJECTIONS; i++)
        assert_string_not_equal(acd_rejection_name((enum acd_rejection)i), "unknown");
    assert_string_equal(acd_fact_name(ACD_FACTS), "unknown");
    assert_string_equal(acd_outcome_name(ACD_OUTCOMES), "unknown");
    assert_string_equal(acd_presence_name((enum acd_presence)0), "unknown");
    assert_string_equal(acd_cause_name(ACD_CAUSES), "unknown");
    assert_string_equal(acd_decision_name(ACD_DECISIONS), "unknown");
    assert_string_equal(acd_rejection_name(ACD_REJECTIONS), "unknown");
    assert_string_equal(acd_contact_state_name(ACD_FREE_SLOT), "unknown");
}

static void what_does_not_fit_is_not_loaded(void **state)
{
    struct world *w = *state;
    struct acd_agent a = {.id = {"nobody"}, .signed_in = true};
    struct acd_contact c = {.id = {"c1"}, .queue = 9, .state = ACD_WAITING, .agent = ACD_NONE};

    assert_int_equal(acd_restore_agent(w->acd, &a, w->now), -EINVAL);
    a = (struct acd_agent){.id = {"a1"}, .signed_in = false};
    assert_int_equal(acd_restore_agent(w->acd, &a, w->now), 0);
    a.signed_in = a.ready = true;
    a.presence = ACD_READY;
    assert_int_equal(acd_restore_agent(w->acd, &a, w->now), 0);
    assert_int_equal(acd_restore_agent(w->acd, &a, w->now), -EEXIST);
    assert_int_equal(acd_restore_contact(w->acd, &c, w->now), -EINVAL); /* no such queue */
    c = (struct acd_contact){.id = {"c1"}, .state = ACD_OFFERED, .agent = 77};
    assert_int_equal(acd_restore_contact(w->acd, &c, w->now), -EINVAL); /* no such agent */
    c = (struct acd_contact){.id = {"c1"}, .state = ACD_FREE_SLOT, .agent = ACD_NONE};
    assert_int_equal(acd_restore_contact(w->acd, &c, w->now), -EINVAL);
    c = (struct acd_contact){
        .id = {"c1"}, .state = ACD_WRAPPING, .agent = 1, .channel = ACD_VIDEO, .deadline = 5};
    assert_int_equal(acd_restore_contact(w->acd, &c, w->now), -EINVAL); /* a2 is not here */
    c = (struct acd_contact){.id = {"c1"},
                             .state = ACD_OFFERED,
                             .agent = 1,
                             .channel = ACD_VIDEO,
                             .preferred = ACD_NONE,
                             .enqueued = w->now + TL_HOUR(1), /* another clock */
                             .ring = 200,
                             .deadline = w->now + TL_HOUR(9)};
    assert_int_equal(acd_restore_contact(w->acd, &c, w->now), 0); /* waits again */
    assert_int_equal(acd_restore_contact(w->acd, &c, w->now), -EEXIST);
    assert_int_equal(acd_contact(w->acd, at(w, "c1"))->state, ACD_WAITING);
    assert_true(acd_contact(w->acd, at(w, "c1"))->enqueued <= w->now);
    c = (struct acd_contact){.id = {"c2"},
                             .state = ACD_WRAPPING,
                             .agent = 0,
                             .queue = 1,
                             .channel = ACD_CHAT,
                             .preferred = ACD_NONE,
                             .deadline = w->now + TL_HOUR(9)};
    assert_int_equal(acd_restore_contact(w->acd, &c, w->now), 0);
    /* a deadline from another clock is never farther away than the rules allow */
    assert_int_equal(acd_contact(w->acd, at(w, "c2"))->deadline, w->now + TL_SEC(10));
    acd_restored(w->acd, w->now);
    assert_int_equal(acd_contact(w->acd, 12345), NULL);
    assert_null(acd_agent(w->acd, 12345));
    assert_null(acd_profile(w->acd, 12345));
    assert_non_null(acd_profile(w->acd, 0));
}

static void the_wheel_keeps_every_deadline(void **state)
{
    struct wheel w;
    struct rng dice = rng_seed(9);
    tl_time due[500], now = NOW;

    (void)state;
    wheel_init(&w);
    assert_int_equal(wheel_reserve(&w, 500), 0);
    assert_int_equal(wheel_next(&w), TL_NEVER);
    for (uint32_t i = 0; i < 500; i++) {
        due[i] = now + TL_MSEC(rng_below(&dice, i % 5 ? 100000 : 2000000000));
        wheel_set(&w, i, due[i]);
    }
    wheel_set(&w, 7, TL_NEVER);
    due[7] = TL_NEVER;
    wheel_set(&w, 8, TL_NEVER - 1); /* beyond every horizon */
    due[8] = TL_NEVER;
    for (int turn = 0; turn < 20000; turn++) {
        tl_time wake = wheel_next(&w);
        uint32_t h;
        if (wake == TL_NEVER || wake > NOW + TL_HOUR(24 * 400))
            break;
        now = wake > now ? wake : now;
        while ((h = wheel_pop(&w, now)) != WHEEL_NONE) {
            assert_true(due[h] <= now && now - due[h] <= TL_MSEC(1));
            due[h] = TL_NEVER;
        }
    }
    for (uint32_t i = 0; i < 500; i++)
        assert_int_equal(due[i], TL_NEVER); /* each fired once, on time */
    wheel_done(&w);
}

static void counting_is_the_same_with_and_without_the_instruction(void **state)
{
    struct rng dice = rng_seed(4);
    uint64_t a[37], b[37];
    uint32_t n = 0;

    (void)state;
    for (unsigned i = 0; i < 37; i++) {
        a[i] = rng_next(&dice);
        b[i] = rng_next(&dice);
        n += bits_count(a[i] & b[i]);
    }
    assert_int_equal(bits_count_both(a, b, 37), n);
    assert_int_equal(bits_count_by(false, a, b, 37), n);
}

static void of_many_idle_the_longest_is_found(void **state)
{
    struct crowd *crowd = NULL;
    struct acd *acd = NULL;
    struct world w = {.now = NOW};
    char broken[200], id[16];

    (void)state;
    assert_int_equal(crowd_new(&crowd, &(struct crowd_opts){.queues = 1,
                                                            .skills = 1,
                                                            .agents = 300,
                                                            .skills_per_agent = 1,
                                                            .queues_per_agent = 1,
                                                            .seed = 5}),
                     0);
    assert_int_equal(acd_new(&acd, crowd_policy(crowd), 0, hear, &w), 0);
    w.acd = acd;
    for (uint32_t i = 0; i < 300; i++) {
        w.now += TL_SEC(1);
        (void)acd_step(acd,
                       &(struct acd_fact){.kind = ACD_AGENT_READY,
                                          .agent = tl_str(crowd_agent(crowd, (i * 7) % 300))},
                       w.now, NULL);
        (void)acd_step(acd,
                       &(struct acd_fact){.kind = ACD_AGENT_ALIVE,
                                          .agent = tl_str(crowd_agent(crowd, (i * 7) % 300))},
                       NOW + TL_SEC(300), NULL);
        w.now = TL_HIGHER(w.now, NOW);
    }
    for (uint32_t i = 0; i < 200; i++) {
        uint32_t a = ACD_NONE, longest = ACD_NONE;
        (void)snprintf(id, sizeof(id), "c%u", i);
        while ((a = acd_next_agent(acd, a)) != ACD_NONE)
            if (acd_agent(acd, a)->presence == ACD_READY &&
                (longest == ACD_NONE ||
                 acd_agent(acd, a)->idle_since < acd_agent(acd, longest)->idle_since))
                longest = a;
        (void)acd_step(acd,
                       &(struct acd_fact){
                           .kind = ACD_CONTACT_QUEUED, .contact = tl_str(id), .channel = ACD_VIDEO},
                       NOW + TL_SEC(301), NULL);
        assert_int_equal(acd_agent(acd, w.offer.agent_at)->idle_since,
                         acd_agent(acd, longest)->idle_since);
    }
    assert_int_equal(acd_check(acd, broken, sizeof(broken)), 0);
    acd_free(acd);
    crowd_free(crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(expected_waits_follow_their_formula, begin, end),
        cmocka_unit_test_setup_teardown(the_story_of_a_contact_can_be_read, begin, end),
        cmocka_unit_test_setup_teardown(a_freed_agent_says_so, begin, end),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_not_loaded, begin, end),
        cmocka_unit_test(hours_that_make_no_sense),
        cmocka_unit_test(everything_has_a_name),
        cmocka_unit_test(the_wheel_keeps_every_deadline),
        cmocka_unit_test(counting_is_the_same_with_and_without_the_instruction),
        cmocka_unit_test(of_many_idle_the_longest_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
