/* Rules that lose the people they are about, stores that lose everything, memory that is short. */
#include "core_world.h"
#include <core/hours.h>

static void who_is_not_in_the_new_rules_finishes_and_goes(void **state)
{
    struct world *w = *state;
    struct acd_fact f;

    step(w, of(ACD_AGENT_READY, "", "a1"));
    step(w, comes(w, "c1", "help"));
    accepts(w, "c1");
    f = comes(w, "c2", "help"); /* wants a1 and nobody else */
    f.preferred_agent = TL_STR("a1");
    f.direct = true;
    step(w, f);
    assert_int_equal(acd_position(w->acd, at(w, "c2")), 1);
    f = comes(w, "c3", "turn"); /* its queue and its skill will not be there */
    f.n_required = 1;
    f.required[0] = (struct acd_need){3, 5};
    step(w, f);
    assert_int_equal(acd_set_policy(w->acd, policy_of(w->other), w->now), 0);
    sound(w);
    assert_int_equal(acd_contact(w->acd, at(w, "c3"))->n_required, 0);
    assert_null(acd_profile(w->acd, 0));
    assert_int_equal(level_of(w->acd, 0, 0), 0);
    struct post nobody = *post_at(w->acd, 1);
    nobody.a.signed_in = nobody.a.ready = true;
    nobody.profile = ACD_NONE;
    assert_int_equal(open_loads(w->acd, &nobody), 0);
    assert_int_equal(told(w, of(ACD_AGENT_READY, "", "a1")), ACD_UNKNOWN_AGENT);
    assert_int_equal(told(w, of(ACD_AGENT_NOT_READY, "", "a1")), ACD_UNKNOWN_AGENT);
    step(w, of(ACD_CONTACT_RELEASED, "c1", ""));
    step(w, of(ACD_WRAP_UP_DONE, "c1", ""));
    assert_int_equal(acd_agent(w->acd, 0)->presence, ACD_OFFLINE);
    step(w, of(ACD_AGENT_READY, "", "a2")); /* c2 was released to everybody */
    assert_int_equal(acd_contact(w->acd, at(w, "c2"))->state, ACD_OFFERED);
    /* stored while it was here, loaded where it is not: finishes, too */
    struct acd_agent image = *acd_agent(w->acd, 0);
    image.signed_in = true;
    image.draining = false;
    assert_int_equal(acd_restore_agent(w->acd, &image, w->now), 0);
    acd_restored(w->acd, w->now);
    assert_true(acd_agent(w->acd, 0)->draining);
    assert_int_equal(acd_set_policy(w->acd, policy_of(w->policy), w->now + 1), 0);
}

static void count_contact(void *arg, const struct acd_contact *c)
{
    struct world *w = arg;

    assert_non_null(c);
    w->contacts_told++;
}

static void count_agent(void *arg, const struct acd_agent *a)
{
    struct world *w = arg;

    assert_non_null(a);
    w->agents_told++;
}

static void a_store_that_lost_everything_hears_it_again(void **state)
{
    struct world *w = *state;

    step(w, comes(w, "c1", "help"));
    step(w, comes(w, "c2", "help"));
    acd_take_changed(w->acd, count_contact, count_agent, w);
    assert_int_equal(w->contacts_told, 2);
    step(w, comes(w, "c3", "help"));
    step(w, of(ACD_CONTACT_LEFT, "c3", "")); /* changed, and out before anybody asked */
    step(w, of(ACD_CONTACT_LEFT, "c1", ""));
    w->contacts_told = w->agents_told = 0;
    acd_take_changed(w->acd, count_contact, count_agent, w);
    assert_int_equal(w->contacts_told, 0);
    acd_touch_all(w->acd);
    acd_take_changed(w->acd, count_contact, count_agent, w);
    assert_int_equal(w->contacts_told, 1);
    assert_int_equal(w->agents_told, 5);
    assert_null(acd_contact(w->acd, 0)); /* c1's place is free */
    assert_int_equal(acd_next_contact(w->acd, ACD_NONE), at(w, "c2"));
}

static void loading_without_memory_is_told(void **state)
{
    struct world *w = *state;
    struct acd_contact c = {.id = {"c1"},
                            .state = ACD_WAITING,
                            .agent = ACD_NONE,
                            .preferred = ACD_NONE,
                            .channel = ACD_VIDEO};
    int err = -ENOMEM;

    for (int64_t i = 0; err == -ENOMEM; i++) {
        (void)tl_mem_fail_after(i);
        err = acd_restore_contact(w->acd, &c, w->now);
        (void)tl_mem_fail_after(-1);
        assert_true(err == 0 || i < 50);
    }
    assert_int_equal(err, 0);
    assert_false(match_contact(w->acd, at(w, "c1"))); /* not while loading */
    match_agent(w->acd, 0);
    acd_restored(w->acd, w->now);
}

static void who_was_leaving_may_stay(void **state)
{
    struct world *w = *state;

    step(w, of(ACD_AGENT_READY, "", "a1"));
    step(w, comes(w, "c1", "help"));
    accepts(w, "c1");
    step(w, of(ACD_AGENT_DRAINED, "", "a1"));
    struct acd_agent image = *acd_agent(w->acd, 0);
    struct acd *next = NULL; /* a standby that takes over knows that it is leaving */
    assert_int_equal(acd_new(&next, policy_of(w->policy), 0, NULL, NULL), 0);
    assert_int_equal(acd_restore_agent(next, &image, w->now), 0);
    assert_true(acd_agent(next, 0)->draining);
    acd_free(next);
    step(w, of(ACD_AGENT_READY, "", "a1"));
    assert_false(acd_agent(w->acd, 0)->draining);
    step(w, of(ACD_CONTACT_RELEASED, "c1", ""));
    step(w, of(ACD_WRAP_UP_DONE, "c1", ""));
    assert_int_equal(acd_agent(w->acd, 0)->presence, ACD_READY);
}

static void new_rules_without_memory_change_nothing(void **state)
{
    struct world *w = *state;
    int err = -ENOMEM;

    step(w, of(ACD_AGENT_READY, "", "a2"));
    step(w, comes(w, "c1", "help"));
    step(w, comes(w, "c2", "turn"));
    for (int64_t i = 0; err == -ENOMEM; i++) {
        (void)tl_mem_fail_after(i);
        err = acd_set_policy(w->acd, policy_of(w->other), w->now);
        (void)tl_mem_fail_after(-1);
        sound(w);
        assert_true(err == 0 || (i < 100 && acd_policy(w->acd) == policy_of(w->policy)));
    }
    assert_int_equal(err, 0);
}

static void january_belongs_to_the_year_before(void **state)
{
    struct hours h = {.n_windows = 0};

    (void)state;
    assert_int_equal(hours_add(&h, TL_STR("thu"), TL_STR("09:00-10:00")), 0);
    assert_int_equal(hours_add_holiday(&h, TL_STR("1970-01-08")), 0);
    assert_int_equal(hours_add_holiday(&h, TL_STR("1970-12-24")), 0);
    assert_false(hours_open(&h, INT64_C(357) * 86400 + 9 * 3600)); /* a Thursday, too */
    assert_true(hours_open(&h, 9 * 3600));                         /* 1970-01-01 was a Thursday */
    assert_false(hours_open(&h, 9 * 3600 - 60));
    assert_false(hours_open(&h, 10 * 3600));
    assert_false(hours_open(&h, 86400 + 9 * 3600));
    assert_false(hours_open(&h, 7 * 86400 + 9 * 3600));
    assert_int_equal(hours_add(&h, TL_STR("fri"), TL_STR("0x:00-10:00")), -EINVAL);
    assert_int_equal(hours_add(&h, TL_STR("fri"), TL_STR("09:0x-10:00")), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_is_not_in_the_new_rules_finishes_and_goes, begin, end),
        cmocka_unit_test_setup_teardown(a_store_that_lost_everything_hears_it_again, begin, end),
        cmocka_unit_test_setup_teardown(loading_without_memory_is_told, begin, end),
        cmocka_unit_test_setup_teardown(who_was_leaving_may_stay, begin, end),
        cmocka_unit_test_setup_teardown(new_rules_without_memory_change_nothing, begin, end),
        cmocka_unit_test(january_belongs_to_the_year_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
