/* Who spoke with a customer last, stored and loaded: a new owner of the partition knows, too. */
#include "core_world.h"

/* The world's rules, looking back for an hour; the core keeps them until the end. */
static struct acd_policy p;

static void look_back(const struct world *w)
{
    p = *policy_of(w->policy);
    p.look_back = TL_SEC(3600);
}

static void begin_again(struct world *w)
{
    acd_free(w->acd);
    assert_int_equal(acd_new(&w->acd, &p, 0, hear, w), 0);
}

static void speaks(struct world *w, const char *agent, const char *contact, const char *thread)
{
    struct acd_fact f = comes(w, contact, "help");

    f.thread = tl_str(thread);
    f.preferred_agent = tl_str(agent);
    step(w, f);
    accepts(w, contact);
    step(w, of(ACD_CONTACT_RELEASED, contact, ""));
    step(w, of(ACD_WRAP_UP_DONE, contact, ""));
}

struct rows {
    struct acd_familiar row[8];
    unsigned n;
};

static void keep(void *arg, const struct acd_familiar *f)
{
    struct rows *r = arg;

    assert_true(r->n < TL_LEN(r->row));
    r->row[r->n++] = *f;
}

static struct rows taken(struct world *w)
{
    struct rows r = {.n = 0};

    acd_take_familiar(w->acd, keep, &r);
    return r;
}

/* Who is offered the thread's next contact, with a2 idle for longer than a1. */
static const char *asked(struct world *w, const char *thread)
{
    struct acd_fact f = comes(w, "next", "help");

    f.thread = tl_str(thread);
    step(w, of(ACD_AGENT_READY, "", "a2"));
    w->now += TL_SEC(1);
    step(w, of(ACD_AGENT_READY, "", "a1"));
    step(w, f);
    return acd_agent(w->acd, acd_contact(w->acd, at(w, "next"))->agent)->id.s;
}

static void a_new_owner_knows_who_spoke_with_whom(void **state)
{
    struct world *w = *state;
    struct rows r;

    look_back(w);
    begin_again(w);
    step(w, of(ACD_AGENT_READY, "", "a1"));
    speaks(w, "a1", "c1", "T1");
    r = taken(w);
    assert_int_equal(r.n, 1);
    assert_int_equal(r.row[0].until, w->now + p.look_back);
    begin_again(w);
    assert_string_equal(asked(w, "T1"), "a2"); /* nobody has told it */
    begin_again(w);
    acd_restore_familiar(w->acd, &r.row[0], w->now + TL_SEC(1));
    assert_int_equal(taken(w).n, 0); /* it is stored already */
    assert_string_equal(asked(w, "T1"), "a1");
}

static void each_change_is_handed_over_once(void **state)
{
    struct world *w = *state;

    look_back(w);
    begin_again(w);
    step(w, of(ACD_AGENT_READY, "", "a1"));
    step(w, of(ACD_AGENT_READY, "", "a2"));
    speaks(w, "a1", "c1", "T1");
    speaks(w, "a2", "c2", "T1");
    speaks(w, "a2", "c3", "T2");
    struct rows r = taken(w);
    assert_int_equal(r.n, 2);
    assert_int_equal(r.row[0].agent, 1);
    assert_int_equal(r.row[1].agent, 1); /* the newest of T1 */
    assert_int_equal(taken(w).n, 0);
    acd_touch_all(w->acd); /* the store has lost it */
    assert_int_equal(taken(w).n, 2);
}

static void who_is_unknown_or_too_long_ago_is_not_remembered(void **state)
{
    struct world *w = *state;
    struct acd_familiar f;

    look_back(w);
    begin_again(w);
    step(w, of(ACD_AGENT_READY, "", "a1"));
    speaks(w, "a1", "c1", "T1");
    f = taken(w).row[0];
    begin_again(w);
    acd_restore_familiar(w->acd, &f, f.until); /* just over */
    f.agent = ACD_NONE;
    acd_restore_familiar(w->acd, &f, w->now);
    acd_touch_all(w->acd);
    assert_int_equal(taken(w).n, 0);
    /* the rules look back less far than they did */
    f.agent = 0;
    p.look_back = TL_SEC(60);
    begin_again(w);
    acd_restore_familiar(w->acd, &f, w->now);
    acd_touch_all(w->acd);
    assert_int_equal(taken(w).row[0].until, w->now + TL_SEC(60));
    p.look_back = 0;
    begin_again(w);
    acd_restore_familiar(w->acd, &f, w->now);
    acd_touch_all(w->acd);
    assert_int_equal(taken(w).n, 0);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_new_owner_knows_who_spoke_with_whom),
        STORY(each_change_is_handed_over_once),
        STORY(who_is_unknown_or_too_long_ago_is_not_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
