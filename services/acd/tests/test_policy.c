/* Each kind of mistake in a policy file, with its line, its key and its reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <adapters/policy_yaml.h>
#include <tl_mem.h>

#define GOOD "queues: [{name: q}]\n"
#define WHEN(condition) \
    "queues:\n  - {name: p}\n  - {name: q, overflow: {to: p, when: \"" condition "\"}}\n"

static const struct {
    const char *text, *complaint;
} mistakes[] = {
    {"queues: []\n", "f:1: queues: must be a list of 1 to 5000"},
    {"skills: [a]\n", "queues: must be a list of 1 to 5000"},
    {GOOD "nonsense: 1\n", "f:2: nonsense:"},
    {GOOD "version: 9\n", "f:2: version:"},
    {GOOD "choose_contact: dice\n", "f:2: choose_contact: unknown word"},
    {GOOD "rona_limit: 0\n", "f:2: rona_limit:"},
    {GOOD "ageing: soon\n", "f:2: ageing:"},
    {GOOD "capacity: {live: 99}\n", "f:2: live:"},
    {GOOD "capacity: {fax: 1}\n", "f:2: fax:"},
    {GOOD "interruptions: {fax: [live]}\n", "f:2: fax: must be a load"},
    {GOOD "interruptions: {email: [fax]}\n", "f:2: interruptions: unknown load"},
    {GOOD "skills: [a, a]\n", "f:2: skills: not a name, or there twice"},
    {"queues: [{name: q}, {name: q}]\n", "f:1: name: is there twice"},
    {"queues: [{name: 'a b'}]\n", "f:1: name: must be 1 to 39"},
    {"queues: [{name: q, choose: best}]\n", "f:1: choose: unknown word"},
    {"queues: [{name: q, wrap_up: -5s}]\n", "f:1: wrap_up:"},
    {"queues: [{name: q, offer_timeout: 0s}]\n", "f:1: offer_timeout:"},
    {"queues: [{name: q, requires: {german: 3}}]\n", "f:1: german: unknown skill"},
    {"skills: [german]\nqueues: [{name: q, requires: {german: 7}}]\n", "f:2: german:"},
    {"queues: [{name: q, rings: [{after: 20s}, {after: 20s}]}]\n",
     "f:1: after: must be later than in the ring before"},
    {"queues: [{name: q, rings: [{after: 20s, drop: [x]}]}]\n", "f:1: drop: unknown skill"},
    {"queues: [{name: q, rings: [{after: 20s, drop: some}]}]\n", "f:1: drop: must be all"},
    {"queues: [{name: q, overflow: {after: 5s, to: x}}]\n", "f:1: to: unknown queue"},
    {"queues: [{name: q, overflow: {after: 5s, to: q}}]\n", "f:1: to: is this queue itself"},
    {"queues: [{name: q, no_staff: overflow}]\n", "f:1: no_staff: overflow needs"},
    {WHEN(""), "f:3: when: is empty"},
    {WHEN("  "), "f:3: when: is empty"},
    {WHEN("> 3"), "f:3: when: a name is missing"},
    {WHEN("waiting > 1 &&"), "f:3: when: a name is missing"},
    {WHEN("calls > 3"), "f:3: when: calls is not one of waiting, staffed, idle, oldest_wait"},
    {WHEN("wait > 3"), "f:3: when: wait is not one of"},
    {WHEN("waiting"), "f:3: when: after waiting must come >, >=, <, <=, == or !="},
    {WHEN("waiting = 3"), "f:3: when: after waiting must come"},
    {WHEN("waiting 3"), "f:3: when: after waiting must come"},
    {WHEN("waiting >"), "f:3: when: waiting is compared with a whole number"},
    {WHEN("waiting > 60s"), "f:3: when: waiting is compared with a whole number"},
    {WHEN("waiting > 1234567890"), "f:3: when: waiting is compared with a whole number"},
    {WHEN("priority > -"), "f:3: when: priority is compared with a whole number"},
    {WHEN("oldest_wait > 60"), "f:3: when: oldest_wait is compared with a length of time like"},
    {WHEN("expected_wait > 1s2m"), "f:3: when: expected_wait is compared with a length of time"},
    {WHEN("idle > 11111111111111111111111111111111111"), "f:3: when: idle is compared with"},
    {WHEN("waiting > 1 || idle == 0"), "f:3: when: comparisons are joined by &&"},
    {WHEN("waiting > 1 & idle == 0"), "f:3: when: comparisons are joined by &&"},
    {WHEN("waiting > 1 idle == 0"), "f:3: when: comparisons are joined by &&"},
    {WHEN("idle>1&&idle>2&&idle>3&&idle>4&&idle>5&&idle>6&&idle>7&&idle>8&&idle>9"),
     "f:3: when: at most 8 comparisons"},
    {"queues: [{name: p}, {name: q, overflow: {to: p, when: [a]}}]\n", "f:1: when:"},
    {GOOD "agents: [{id: a, team: x}]\n", "f:2: team: unknown team"},
    {GOOD "agents: [{id: a}, {id: a}]\n", "f:2: id: is there twice"},
    {GOOD "agents: [{id: a, skills: {x: 1}}]\n", "f:2: x: unknown skill"},
    {GOOD "agents: [{id: a, queues: [x]}]\n", "f:2: queues: unknown queue"},
    {GOOD "agents: [a]\n", "f:2: agents: must be a list of mappings"},
    {GOOD "teams: [{queues: [q]}]\nagents: []\n", "f:2: name:"},
    {GOOD "calendars: [{zone: UTC}]\n", "f:2: name:"},
    {GOOD "calendars: [{name: c, zone: Mars/Olympus}]\n", "f:2: zone: unknown time zone"},
    {GOOD "calendars: [{name: c, zone: ../../etc/passwd}]\n", "f:2: zone: unknown time zone"},
    {GOOD "calendars: [{name: c, open: {someday: 09:00-18:00}}]\n", "f:2: open: must be like"},
    {GOOD "calendars: [{name: c, open: {mon: 18:00-09:00}}]\n", "f:2: open: must be like"},
    {GOOD "calendars: [{name: c, holidays: [tomorrow]}]\n", "f:2: holidays: must be like"},
    {"queues: [{name: q, hours: c}]\n", "f:1: hours: unknown calendar"},
    {"- a\n", "f:1: version: the file must be a mapping"},
};

static void each_mistake_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < TL_LEN(mistakes); i++) {
        struct tl_buf why = TL_BUF(4096);
        struct policy_file *p = NULL;
        assert_int_equal(policy_parse(&p, tl_str(mistakes[i].text), "f", &why), -EINVAL);
        if (!why.p || !strstr(why.p, mistakes[i].complaint))
            fail_msg("\"%s\": told \"%s\", expected \"%s\"", mistakes[i].text, why.p,
                     mistakes[i].complaint);
        tl_buf_done(&why);
    }
}

static const char good[] =
    "skills: [german, cards]\n"
    "capacity: {chat: 2}\n"
    "interruptions: {email: [live]}\n"
    "queues:\n"
    "  - {name: help, requires: {german: 2}, rings: [{after: 5s, by: 1}]}\n"
    "  - {name: far, overflow: {after: 1m, to: help, when: waiting > 3}, weight: 3}\n"
    "teams: [{name: t, queues: [far], skills: {cards: 2}}]\n"
    "agents:\n"
    "  - {id: a1, team: t, queues: [help], skills: {german: 4, cards: 5}}\n";

static void a_good_file_is_read(void **state)
{
    struct tl_buf why = TL_BUF(4096);
    struct policy_file *p = NULL;
    const struct acd_policy *r;

    (void)state;
    assert_int_equal(policy_parse(&p, tl_str(good), "f", &why), 0);
    r = policy_of(p);
    assert_int_equal(r->n_queues, 2);
    assert_int_equal(r->queues[1].overflow_to, 0);
    assert_int_equal(r->queues[0].rings[0].after, TL_SEC(5));
    assert_int_equal(r->agents[0].n_queues, 2);
    assert_int_equal(r->agents[0].queues[0], 0);
    assert_int_equal(r->agents[0].n_skills, 2);
    assert_int_equal(r->agents[0].skills[1].level, 5); /* the agent's own word counts */
    assert_int_equal(r->agents[0].capacity[ACD_LOAD_CHAT], 2);
    assert_true(r->yields[ACD_LOAD_EMAIL][ACD_LOAD_LIVE]);
    assert_int_equal(strlen(r->hash), 12);
    assert_string_equal(policy_partition(p), "p0");
    policy_free(p);
}

static void conditions_are_read(void **state)
{
    static const char text[] = "queues:\n"
                               "  - {name: q, overflow: {to: p, when: waiting>20 && oldest_wait >= "
                               "1m30s&&priority != -2}}\n"
                               "  - {name: p}\n";
    static const struct acd_comparison expected[] = {
        {ACD_M_WAITING, ACD_MORE, 20},
        {ACD_M_OLDEST_WAIT, ACD_AT_LEAST, TL_SEC(90)},
        {ACD_M_PRIORITY, ACD_UNEQUAL, -2},
    };
    struct tl_buf why = TL_BUF(4096);
    struct policy_file *p = NULL;

    (void)state;
    assert_int_equal(policy_parse(&p, tl_str(text), "f", &why), 0);
    const struct acd_condition *c = &policy_of(p)->queues[0].overflow_when;
    assert_int_equal(c->n, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(c->all[i].measure, expected[i].measure);
        assert_int_equal(c->all[i].comparator, expected[i].comparator);
        assert_int_equal(c->all[i].value, expected[i].value);
    }
    assert_int_equal(policy_of(p)->queues[1].overflow_when.n, 0);
    policy_free(p);
}

static void hours_holidays_and_summer_time(void **state)
{
    static const char text[] =
        "calendars:\n"
        "  - name: shop\n"
        "    zone: Europe/Berlin\n"
        "    open: {mon-fri: \"09:00-12:00, 13:00-18:00\", sat: \"10:00-24:00\"}\n"
        "    holidays: [2026-12-25]\n"
        "  - {name: weekend, zone: UTC, open: {fri-sun: \"00:00-24:00\"}}\n"
        "queues: [{name: q, hours: shop}, {name: w, hours: weekend}, {name: always}]\n";
    struct tl_buf why = TL_BUF(4096);
    struct policy_file *p = NULL;

    (void)state;
    assert_int_equal(policy_parse(&p, tl_str(text), "f", &why), 0);
    assert_true(policy_has_hours(p));
    /* Monday 2026-07-20, summer time: 09:00 in Berlin is 07:00Z */
    assert_int_equal(policy_open(p, 0, 1784530800), 1);
    assert_int_equal(policy_open(p, 0, 1784530799), 0);
    assert_int_equal(policy_open(p, 0, 1784530800 + 3 * 3600), 0); /* lunch */
    assert_int_equal(policy_open(p, 0, 1784530800 + 4 * 3600), 1);
    assert_int_equal(policy_open(p, 0, 1784530800 + 9 * 3600), 0);
    /* Friday 2026-12-04, winter time: 09:00 in Berlin is 08:00Z */
    assert_int_equal(policy_open(p, 0, 1796371200), 1);
    assert_int_equal(policy_open(p, 0, 1796371199), 0);
    assert_int_equal(policy_open(p, 1, 1796371200), 1); /* "fri-sun" */
    assert_int_equal(policy_open(p, 1, 1796371200 - 86400), 0);
    assert_int_equal(policy_open(p, 1, 1796371200 + 2 * 86400), 1); /* Sunday */
    assert_int_equal(policy_open(p, 0, 1798185600), 0); /* Friday 2026-12-25, 09:00 in Berlin */
    assert_int_equal(policy_open(p, 2, 1798185600), -1);
    policy_free(p);
}

static void memory_may_end_anywhere(void **state)
{
    struct tl_buf why = TL_BUF(4096);
    struct policy_file *p = NULL;
    uint64_t n;

    (void)state;
    (void)tl_mem_fail_after(-1);
    assert_int_equal(policy_parse(&p, tl_str(good), "f", &why), 0);
    n = tl_mem_fail_after(-1);
    policy_free(p);
    for (uint64_t i = 0; i < n; i++) {
        (void)tl_mem_fail_after((int64_t)i);
        assert_int_equal(policy_parse(&p, tl_str(good), "f", &why), -ENOMEM);
    }
    (void)tl_mem_fail_after(-1);
    tl_buf_done(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mistake_is_named),   cmocka_unit_test(a_good_file_is_read),
        cmocka_unit_test(conditions_are_read),     cmocka_unit_test(hours_holidays_and_summer_time),
        cmocka_unit_test(memory_may_end_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
