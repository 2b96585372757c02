/* Events of contacts that move: what they say of why. */
#include "wire_world.h"

/* Other rules, until the end. */
static const struct acd_policy *exchange(struct world *w, const char *text)
{
    struct policy_file *was = w->policy;
    struct tl_buf why = TL_BUF(4096);

    assert_int_equal(policy_parse(&w->policy, tl_str(text), "rules", &why), 0);
    assert_int_equal(acd_set_policy(w->acd, policy_of(w->policy), NOW), 0);
    policy_free(was);
    return policy_of(w->policy);
}

/* Not more than eight considered: each has its name and its reason. */
static void a_change_of_ring_names_everybody(void **state)
{
    static const char ring_rules[] =
        "skills: [german]\n"
        "queues: [{name: help, requires: {german: 5}, rings: [{after: 9s, drop: all}]}]\n"
        "agents: [{id: a1, queues: [help]}, {id: a2, queues: [help], skills: {german: 1}}]\n";
    struct world *w = *state;
    const struct acd_policy *policy = exchange(w, ring_rules);

    ready(w, "a1");
    (void)step(w, (struct acd_fact){.kind = ACD_AGENT_NOT_READY, .agent = TL_STR("a2")}, NOW);
    c1_comes(w);
    assert_string_equal(event(w, 1), "contact_moved");
    const Threadline__Acd__V1__ContactMoved *m = w->heard[1]->contact_moved;
    assert_string_equal(m->cause, "ring_skipped");
    assert_int_equal(m->ring_before, 0);
    assert_int_equal(m->ring, 1);
    assert_int_equal(m->why->n_candidates, 2);
    assert_string_equal(m->why->candidates[0]->agent_id, "a1");
    assert_string_equal(m->why->candidates[0]->rejected, "");
    assert_string_equal(m->why->candidates[1]->agent_id, "a2");
    assert_string_equal(m->why->candidates[1]->rejected, "not_ready");
    assert_string_equal(m->why->policy_hash, policy->hash);
}

/* An overflow whose condition held says how. */
static void an_overflow_says_what_held(void **state)
{
    static const char when_rules[] =
        "queues: [{name: far, overflow: {to: help, when: waiting >= 1}}, {name: help}]\n"
        "agents: [{id: a1, queues: [help]}]\n";
    struct world *w = *state;
    const struct acd_policy *policy = exchange(w, when_rules);

    c1_comes(w);
    assert_string_equal(event(w, 1), "contact_moved");
    const Threadline__Acd__V1__ContactMoved *m = w->heard[1]->contact_moved;
    assert_string_equal(m->cause, "overflow");
    assert_string_equal(m->queue, "help");
    assert_string_equal(m->why->line, "condition held: waiting 1 >= 1");
    assert_string_equal(m->why->policy_hash, policy->hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_change_of_ring_names_everybody),
        STORY(an_overflow_says_what_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
