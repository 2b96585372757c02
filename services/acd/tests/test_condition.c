/* Overflow on a condition: when it is looked at, what it says, and what it leaves alone. */
#include "story.c" /* NOLINT: the teller of stories is part of each test program */

#include <core/condition.h>

static const char when_rules[] =
    "lease: 10m\n"
    "queues:\n"
    "  - {name: day, overflow: {after: 10s, to: night, when: waiting > 2}}\n"
    "  - {name: busy, overflow: {to: night, when: idle == 0 && staffed > 0}}\n"
    "  - {name: far, overflow: {after: 7s, partition: p1, when: oldest_wait >= 20s && priority != "
    "0}}\n"
    "  - {name: blind, overflow: {after: 6s, to: night, when: expected_wait != 0s}}\n"
    "  - {name: night}\n"
    "agents: [{id: a2, queues: [night]}, {id: a3, queues: [busy]}, {id: a4, queues: [blind]}]\n";

STORY_WITH(it_stays_until_more_wait_and_is_looked_at_now_and_then, when_rules, true,
           {0, READY("a2"), .expect = ""}, {0, COMES("c1", "day"), .expect = "c1 in"},
           {1, COMES("c2", "day"), .expect = "c2 in"}, {10.1, TICK, .expect = ""},
           {11.1, TICK, .expect = ""}, {12, COMES("c3", "day"), .expect = "c3 in"},
           {19.9, TICK, .expect = ""}, /* three wait, and nobody looks yet */
           {20.1, TICK, .expect = "c1 moves overflow, c1>a2"}, {21.1, TICK, .expect = ""},
           {22.1, TICK, .expect = ""}, {23, COMES("c4", "day"), .expect = "c4 in"},
           {31.1, TICK, .expect = "c2 moves overflow"}, {32.1, TICK, .expect = ""})

STORY_WITH(without_after_it_is_looked_at_on_arrival_and_every_five_seconds, when_rules, true,
           {0, COMES("c0", "busy"), .expect = "c0 in"}, {1, PAUSE("a3", "tea"), .expect = ""},
           {4.9, TICK, .expect = ""}, {5.1, TICK, .expect = "c0 moves overflow"},
           {6, READY("a3"), .expect = ""}, {7, COMES("c1", "busy"), .expect = "c1 in, c1>a3"},
           {8, COMES("c2", "busy"), .expect = "c2 in, c2 moves overflow"},
           {9, COMES("c3", "day"), .expect = "c3 in"},
           {10, MOVES("c3", "busy"), .expect = "c3 moves transfer, c3 moves overflow"},
           {11, READY("a2"), .expect = "c0>a2"})

STORY_WITH(another_service_takes_those_who_matter, when_rules, true,
           {0, COMES("c1", "far"), .expect = "c1 in"},
           {1, COMES("c2", "far", .priority = 1), .expect = "c2 in"}, {8.1, TICK, .expect = ""},
           {15.1, TICK, .expect = ""}, {22.1, TICK, .expect = "c2 gone interflow"},
           {60, TICK, .expect = ""})

STORY_WITH(what_nobody_can_say_holds_no_condition, when_rules, true,
           {0, COMES("c1", "blind"), .expect = "c1 in"}, {12.1, TICK, .expect = ""},
           {13, READY("a4"), .expect = "c1>a4"}, {14, ACCEPTS("a4", "c1"), .expect = "c1=a4"},
           {15, COMES("c2", "blind"), .expect = "c2 in"},
           {21.1, TICK, .expect = "c2 moves overflow"})

/* ---- looking inside ---- */

struct ear {
    char moved[200];
};

static void note_move(void *arg, const struct acd_decision *d)
{
    struct ear *e = arg;

    if (d->kind == ACD_MOVE)
        (void)snprintf(e->moved, sizeof(e->moved), "%s %.*s", acd_cause_name(d->cause),
                       (int)d->text.n, d->text.s);
}

static struct acd_fact comes(const char *id, uint32_t queue)
{
    return (struct acd_fact){
        .kind = ACD_CONTACT_QUEUED, .contact = tl_str(id), .channel = ACD_VIDEO, .queue = queue};
}

static struct policy_file *read_rules(const char *text)
{
    struct tl_buf why = TL_BUF(4096);
    struct policy_file *p = NULL;

    if (policy_parse(&p, tl_str(text), "rules", &why))
        fail_msg("%s", why.p);
    return p;
}

#define BUSY_RULES(when) \
    "lease: 10m\n"       \
    "queues: [{name: q, overflow: {after: 8s, to: other, when: " when "}}, {name: other}]\n"

/* Ticks only when the core wants to be woken; returns how often. */
static unsigned sleep_until(struct acd *acd, tl_time until)
{
    const struct acd_fact tick = {.kind = ACD_TICK};
    unsigned n = 0;

    for (; acd_next_wake(acd) <= until; n++)
        assert_int_equal(acd_step(acd, &tick, acd_next_wake(acd), NULL), 0);
    return n;
}

/* A waiting contact costs nothing until the next look, and neither new rules nor a new owner change
 * when that is. */
static void nothing_is_due_between_two_looks(void **state)
{
    struct policy_file *p = read_rules(BUSY_RULES("waiting > 1")),
                       *next = read_rules(BUSY_RULES("waiting >= 1"));
    const tl_time begin = BEGIN;
    struct ear ear = {""};
    struct acd *acd;
    struct acd_fact f = comes("c1", 0);
    char line[200] = "";

    (void)state;
    assert_string_not_equal(policy_of(p)->hash, policy_of(next)->hash);
    assert_int_equal(acd_new(&acd, policy_of(p), 0, note_move, &ear), 0);
    assert_int_equal(acd_step(acd, &f, begin, NULL), 0);
    assert_in_range(sleep_until(acd, begin + TL_SEC(25)), 3, 12); /* three looks, a coarse timer */
    assert_int_equal(acd_set_policy(acd, policy_of(next), begin + TL_SEC(25)), 0);
    (void)sleep_until(acd, begin + TL_SEC(26));
    struct acd_contact image = *acd_contact(acd, acd_find_contact(acd, TL_STR("c1")));
    acd_free(acd);
    assert_int_equal(acd_new(&acd, policy_of(next), 1000, note_move, &ear), 0);
    assert_int_equal(acd_restore_contact(acd, &image, begin + TL_SEC(26)), 0);
    acd_restored(acd, begin + TL_SEC(26));
    (void)sleep_until(acd, begin + TL_SEC(32) - TL_MSEC(1));
    assert_string_equal(ear.moved, ""); /* it holds, but nobody has looked */
    (void)sleep_until(acd, begin + TL_SEC(32));
    assert_string_equal(ear.moved, "overflow waiting 1 >= 1");
    uint32_t at = acd_find_contact(acd, TL_STR("c1"));
    assert_int_equal(acd_contact(acd, at)->queue, 1);
    for (unsigned i = 0; acd_history(acd, at, i, line, sizeof(line)); i++)
        if (strstr(line, "moved"))
            break;
    assert_string_equal(line, "+32.000s moved: overflow, its condition held, ring 0");
    acd_free(acd);
    policy_free(p);
    policy_free(next);
}

static const struct {
    struct acd_comparison c;
    int64_t is;
    bool holds;
} cases[] = {
    {{ACD_M_WAITING, ACD_MORE, 3}, 4, true},
    {{ACD_M_WAITING, ACD_MORE, 3}, 3, false},
    {{ACD_M_WAITING, ACD_AT_LEAST, 3}, 3, true},
    {{ACD_M_WAITING, ACD_AT_LEAST, 3}, 2, false},
    {{ACD_M_STAFFED, ACD_LESS, 3}, 2, true},
    {{ACD_M_STAFFED, ACD_LESS, 3}, 3, false},
    {{ACD_M_IDLE, ACD_AT_MOST, 3}, 3, true},
    {{ACD_M_IDLE, ACD_AT_MOST, 3}, 4, false},
    {{ACD_M_PRIORITY, ACD_EQUAL, -1}, -1, true},
    {{ACD_M_PRIORITY, ACD_EQUAL, -1}, 1, false},
    {{ACD_M_OLDEST_WAIT, ACD_UNEQUAL, TL_SEC(1)}, TL_SEC(2), true},
    {{ACD_M_OLDEST_WAIT, ACD_UNEQUAL, TL_SEC(1)}, TL_SEC(1), false},
    {{ACD_M_EXPECTED_WAIT, ACD_LESS, TL_SEC(1)}, 0, true},
    {{ACD_M_EXPECTED_WAIT, ACD_LESS, TL_SEC(1)}, -1, false},
    {{ACD_M_EXPECTED_WAIT, ACD_UNEQUAL, TL_SEC(1)}, -1, false},
};

static void each_comparison_means_what_it_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < TL_LEN(cases); i++) {
        int64_t is[ACD_MEASURES] = {0};
        struct acd_condition c = {.n = 1, .all = {cases[i].c}};
        is[cases[i].c.measure] = cases[i].is;
        if (acd_condition_holds(&c, is) != cases[i].holds)
            fail_msg("case %zu", i);
        c.n = 2; /* and together with one that does not hold */
        c.all[1] = (struct acd_comparison){ACD_M_PRIORITY, ACD_MORE, 1000};
        assert_false(acd_condition_holds(&c, is));
    }
    assert_true(acd_condition_holds(&(struct acd_condition){.n = 0}, NULL));
}

static void it_is_said_with_its_numbers(void **state)
{
    const struct acd_condition c = {
        .n = 2,
        .all = {{ACD_M_WAITING, ACD_MORE, 20}, {ACD_M_OLDEST_WAIT, ACD_AT_LEAST, TL_MIN(1)}}};
    const int64_t is[ACD_MEASURES] = {[ACD_M_WAITING] = 27, [ACD_M_OLDEST_WAIT] = TL_SEC(80)};
    char line[64], small[12];

    (void)state;
    size_t n = acd_condition_words(&c, is, line, sizeof(line));
    assert_string_equal(line, "waiting 27 > 20 && oldest_wait 80s >= 60s");
    assert_int_equal(n, strlen(line));
    assert_int_equal(acd_condition_words(&c, is, small, sizeof(small)), 11);
    assert_string_equal(small, "waiting 27 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_stays_until_more_wait_and_is_looked_at_now_and_then),
        cmocka_unit_test(without_after_it_is_looked_at_on_arrival_and_every_five_seconds),
        cmocka_unit_test(another_service_takes_those_who_matter),
        cmocka_unit_test(what_nobody_can_say_holds_no_condition),
        cmocka_unit_test(nothing_is_due_between_two_looks),
        cmocka_unit_test(each_comparison_means_what_it_says),
        cmocka_unit_test(it_is_said_with_its_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
