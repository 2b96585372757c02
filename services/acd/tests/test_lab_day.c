/* Simulated days: the same dice give the same day, nobody is lost, and a scenario with a mistake
 * is told its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <lab/check.h>
#include <lab/numbers.h>
#include <lab/scenario.h>
#include <math.h>
#include <string.h>
#include <tl_mem.h>

#define RULES                                                                              \
    "skills: [german]\n"                                                                   \
    "queues:\n"                                                                            \
    "  - {name: sales, wrap_up: 10s, rings: [{after: 20s, by: 1}], service_target: 20s}\n" \
    "  - {name: help, max_wait: 2m, overflow: {after: 45s, to: sales}, wrap_up: 0s}\n"     \
    "  - {name: shut, closed: true}\n"                                                     \
    "agents:\n"                                                                            \
    "  - {id: a1, queues: [sales, help], skills: {german: 2}}\n"                           \
    "  - {id: a2, queues: [sales]}\n"

#define DAY                                                                                    \
    "from: 8h\n"                                                                               \
    "for: 4h\n"                                                                                \
    "traffic:\n"                                                                               \
    "  - {queue: sales, per_hour: 60, talk: lognormal 3m 2m, wrap_up: exponential 20s,\n"      \
    "     patience: exponential 2m, answer: exponential 15s}\n"                                \
    "  - {queue: help, channel: chat, per_hour: 40, requires: {german: 2}, talk: exponential " \
    "4m}\n"                                                                                    \
    "  - {queue: shut, per_hour: 5}\n"                                                         \
    "staff:\n"                                                                                 \
    "  - {like: a1, count: 3, from: 8h, until: 11h}\n"                                         \
    "  - {like: a2, count: 2, from: 9h, until: 14h}\n"

static struct scenario *scenario(const char *day)
{
    struct tl_buf why = TL_BUF(4096);
    struct scenario *s = NULL;

    if (scenario_parse(&s, tl_str(day), "day", TL_STR(RULES), "rules", &why))
        fail_msg("%s", why.p);
    tl_buf_done(&why);
    return s;
}

static bool next(void *arg, struct floor_call *ret)
{
    return traffic_next(arg, ret);
}

/* Every invariant of the core, after every fact. */
static int check(void *arg, const struct acd *acd)
{
    char line[256] = "";

    (void)arg;
    if (acd_check(acd, line, sizeof(line)))
        fail_msg("%s", line);
    return 0;
}

static int run(struct scenario *s, uint64_t seed, struct floor_result *ret)
{
    const struct floor_opts opts = {.policy = &s->policy,
                                    .source = next,
                                    .shifts = s->shifts,
                                    .n_shifts = s->n_shifts,
                                    .check = check,
                                    .arg = &s->traffic};

    traffic_start(&s->traffic, seed, s->start);
    return floor_run(&opts, ret);
}

static bool same(const struct floor_result *a, const struct floor_result *b)
{
    return a->facts == b->facts && a->end == b->end &&
           memcmp(&a->total, &b->total, sizeof(a->total)) == 0 &&
           memcmp(a->queues, b->queues, a->n_queues * sizeof(*a->queues)) == 0;
}

static void the_same_dice_give_the_same_day(void **state)
{
    struct scenario *s = scenario(DAY);
    struct floor_result a, b, c;

    (void)state;
    assert_int_equal(run(s, 7, &a), 0);
    assert_int_equal(run(s, 7, &b), 0);
    assert_int_equal(run(s, 8, &c), 0);
    assert_true(same(&a, &b));
    assert_false(same(&a, &c));
    floor_done(&a);
    floor_done(&b);
    floor_done(&c);
    scenario_free(s);
}

/* Overflow, rings, a closed queue, missed calls, the end of the shift with people in line. */
static void whoever_came_is_somewhere(void **state)
{
    struct scenario *s = scenario(DAY);

    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct floor_result r;
        uint64_t answered = 0, entered = 0;
        assert_int_equal(run(s, seed, &r), 0);
        for (uint32_t q = 0; q < r.n_queues; q++) {
            const struct numbers *n = &r.queues[q];
            assert_int_equal(n->offered, n->answered + n->abandoned + n->flowed_out + n->waiting);
            answered += n->answered;
            entered += n->offered;
        }
        assert_int_equal(r.total.offered, r.total.answered + r.total.abandoned +
                                              r.total.flowed_out + r.total.waiting);
        assert_int_equal(answered, r.total.answered);
        assert_true(entered > r.total.offered); /* who overflowed entered two queues */
        assert_int_equal(r.queues[2].flowed_out, r.queues[2].offered);
        assert_true(r.total.released == r.total.answered);
        assert_true(r.total.busy <= r.total.available);
        floor_done(&r);
    }
    scenario_free(s);
}

static void customers_do_not_depend_on_the_staff(void **state)
{
    struct scenario *few = scenario(DAY), *many = scenario(DAY "  - {like: a1, count: 20}\n");
    struct floor_result a, b;

    (void)state;
    assert_int_equal(run(few, 3, &a), 0);
    assert_int_equal(run(many, 3, &b), 0);
    assert_int_equal(a.total.offered, b.total.offered);
    assert_int_equal(a.last, b.last);
    assert_true(numbers_asa_s(&b.total) < numbers_asa_s(&a.total));
    assert_true(numbers_sl(&b.total) > numbers_sl(&a.total));
    floor_done(&a);
    floor_done(&b);
    scenario_free(few);
    scenario_free(many);
}

static void dice_have_the_means_they_say(void **state)
{
    static const struct {
        const char *text;
        double mean_s, tolerance;
    } cases[] = {{"always 90s", 90, 1e-9},
                 {"exponential 1m30s", 90, 1},
                 {"lognormal 3m 2m", 180, 2},
                 {"always 250ms", 0.25, 1e-9}};
    struct rng r = rng_seed(5);

    (void)state;
    for (size_t i = 0; i < TL_LEN(cases); i++) {
        struct dice d;
        double sum = 0;
        assert_int_equal(dice_parse(&d, tl_str(cases[i].text)), 0);
        for (int k = 0; k < 50000; k++)
            sum += (double)dice_roll(&d, &r) / 1e6;
        if (fabs(sum / 50000 - cases[i].mean_s) > cases[i].tolerance)
            fail_msg("%s: mean %f", cases[i].text, sum / 50000);
    }
}

static void strange_dice_are_refused(void **state)
{
    static const char *const strange[] = {"",
                                          "sometimes 5s",
                                          "always",
                                          "always 5",
                                          "always 5s 6s",
                                          "never 1s",
                                          "exponential 0s",
                                          "lognormal 3m",
                                          "lognormal 3m 2m 1m",
                                          "always -5s",
                                          "always 99999999s",
                                          "exponential 1w"};
    struct dice d;

    (void)state;
    for (size_t i = 0; i < TL_LEN(strange); i++)
        if (dice_parse(&d, tl_str(strange[i])) != -EINVAL)
            fail_msg("\"%s\" was taken", strange[i]);
}

static void people_come_as_the_curve_says(void **state)
{
    struct traffic_stream s = {.talk = {.kind = DICE_ALWAYS}};
    struct traffic t = {.streams = &s, .n = 1, .until = TL_HOUR(24 * 200), .left = UINT64_MAX};
    struct tl_buf why = TL_BUF(1024);
    struct floor_call c;
    uint64_t hour[24] = {0};

    (void)state;
    assert_int_equal(traffic_curve(&s,
                                   TL_STR("from,per hour\n08:00,10\n# lunch\n12:00, 30.5\n"
                                          "18:00,0\n"),
                                   "curve", &why),
                     0);
    traffic_start(&t, 1, 0);
    while (traffic_next(&t, &c))
        hour[c.at / TL_HOUR(1) % 24]++;
    assert_int_equal(hour[7], 0);
    assert_int_equal(hour[18], 0);
    assert_true(hour[9] > 1800 && hour[9] < 2200); /* 200 days, 10 an hour: 2000 +- 45 */
    assert_true(hour[15] > 5800 && hour[15] < 6400);
    tl_free(s.rows);
}

static void a_strange_curve_is_told_its_line(void **state)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {{"8 o'clock,5\n", "f:1: must begin with a time of day"},
                 {"08:00,5\n25:00,5\n", "f:2: must begin with a time of day"},
                 {"08:00\n", "f:1: calls per hour must be a number"},
                 {"08:00,many\n", "f:1: calls per hour must be a number"},
                 {"08:00,-1\n", "f:1: calls per hour must be a number"},
                 {"08:00,nan\n", "f:1: calls per hour must be a number"},
                 {"09:00,1\n\n08:00,1\n", "f:3: must be later"},
                 {"08:00,0\n", "f:1: nobody would ever come"},
                 {"", "f:0: nobody would ever come"}};

    (void)state;
    for (size_t i = 0; i < TL_LEN(cases); i++) {
        struct traffic_stream s = {0};
        struct tl_buf why = TL_BUF(1024);
        assert_int_equal(traffic_curve(&s, tl_str(cases[i].text), "f", &why), -EINVAL);
        if (!why.p || !strstr(why.p, cases[i].complaint))
            fail_msg("\"%s\": told \"%s\"", cases[i].text, why.p ? why.p : "");
        tl_buf_done(&why);
        tl_free(s.rows);
    }
}

static void each_mistake_in_a_scenario_is_named(void **state)
{
#define ONE "traffic: [{queue: sales, per_hour: 1}]\n"
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"for: 1h\n", "day:1: traffic: must be a list of 1 to 1000"},
        {"- a\n", "day:1: traffic: the file must be a mapping"},
        {ONE "nonsense: 1\n", "day:2: nonsense:"},
        {ONE "for: 0s\n", "day:2: for:"},
        {ONE "from: 25h\n", "day:2: from:"},
        {ONE "calls: 0\n", "day:2: calls:"},
        {"traffic: [sales]\n", "day:1: traffic: must be a list of mappings"},
        {"traffic: [{queue: x, per_hour: 1}]\n", "day:1: queue: the rules have no such queue"},
        {"traffic: [{per_hour: 1}]\n", "day:1: queue:"},
        {"traffic: [{queue: sales}]\n", "day:1: per_hour:"},
        {"traffic: [{queue: sales, per_hour: 1, curve: x}]\n", "curve: per_hour or curve"},
        {"traffic: [{queue: sales, curve: none.csv}]\n", "none.csv: No such file"},
        {"traffic: [{queue: sales, per_hour: 1, channel: fax}]\n", "day:1: channel: unknown word"},
        {"traffic: [{queue: sales, per_hour: 1, talk: never}]\n", "day:1: talk: must be like"},
        {"traffic: [{queue: sales, per_hour: 1, patience: 5m}]\n", "day:1: patience: must be"},
        {"traffic: [{queue: sales, per_hour: 1, requires: {french: 1}}]\n",
         "day:1: requires: the rules have no such skill"},
        {"traffic: [{queue: sales, per_hour: 1, requires: {german: 9}}]\n", "day:1: german:"},
        {"traffic: [{queue: sales, per_hour: 1, priority: 5000}]\n", "day:1: priority:"},
        {ONE "staff: [{like: a9}]\n", "day:2: like: the rules have no such agent"},
        {ONE "staff: [{like: a1, from: 9h, until: 8h}]\n", "day:2: until: must be later"},
        {ONE "staff: [{like: a1, count: 0}]\n", "day:2: count:"},
        {ONE "staff: [{like: a1, count: 20000}, {like: a1}]\n", "day:2: count: more than 20000"},
        {ONE "staff: []\n", "day:2: staff: nobody would be there"},
        {ONE "staff: a1\n", "day:2: staff: must be a list"},
    };

    (void)state;
    for (size_t i = 0; i < TL_LEN(cases); i++) {
        struct tl_buf why = TL_BUF(4096);
        struct scenario *s = NULL;
        int err = scenario_parse(&s, tl_str(cases[i].text), "day", TL_STR(RULES), "rules", &why);
        if (err != -EINVAL || !why.p || !strstr(why.p, cases[i].complaint))
            fail_msg("\"%s\": %d, told \"%s\", expected \"%s\"", cases[i].text, err,
                     why.p ? why.p : "", cases[i].complaint);
        tl_buf_done(&why);
    }
}

static void memory_may_end_anywhere(void **state)
{
    struct tl_buf why = TL_BUF(4096);
    struct scenario *s = NULL;
    struct floor_result r;
    uint64_t n;

    (void)state;
    (void)tl_mem_fail_after(-1);
    s = scenario(DAY);
    n = tl_mem_fail_after(-1);
    scenario_free(s);
    for (uint64_t i = 0; i < n; i++) {
        (void)tl_mem_fail_after((int64_t)i);
        assert_int_not_equal(scenario_parse(&s, TL_STR(DAY), "day", TL_STR(RULES), "rules", &why),
                             0);
    }
    (void)tl_mem_fail_after(-1);
    tl_buf_done(&why);
    s = scenario(DAY);
    (void)tl_mem_fail_after(-1);
    assert_int_equal(run(s, 1, &r), 0);
    n = tl_mem_fail_after(-1);
    floor_done(&r);
    for (uint64_t i = 0; i < n; i++) {
        (void)tl_mem_fail_after((int64_t)i);
        int err = run(s, 1, &r);
        (void)tl_mem_fail_after(-1);
        if (err)
            assert_int_equal(err, -ENOMEM);
        floor_done(&r);
    }
    scenario_free(s);
}

static void tables_say_nothing_where_nothing_is_known(void **state)
{
    const struct numbers none = {0}, day = {.offered = 10,
                                            .answered = 6,
                                            .abandoned = 4,
                                            .short_abandoned = 1,
                                            .answered_in_time = 5,
                                            .abandoned_in_time = 2,
                                            .wait_of_answered = 60e6,
                                            .wait_of_all = 90e6};
    const struct numbers_row rows[] = {{"night", &none, 0}, {"day", &day, TL_SEC(45)}};
    struct tl_buf out = TL_BUF(65536);

    (void)state;
    assert_true(numbers_sl(&none) < 0);
    assert_true(fabs(numbers_sl(&day) - 5.0 / 9) < 1e-12); /* docs/metrics.md */
    assert_true(fabs(numbers_asterisk_sl(&day) - 5.0 / 6) < 1e-12);
    assert_true(fabs(numbers_asterisk_sl2(&day) - 0.7) < 1e-12);
    assert_true(fabs(numbers_asa_s(&day) - 10) < 1e-12);
    assert_true(fabs(numbers_queue_length(&day, TL_SEC(45)) - 2) < 1e-12);
    assert_int_equal(numbers_table(&out, rows, 2), 0);
    assert_non_null(strstr(out.p, "night"));
    tl_buf_clear(&out);
    assert_int_equal(numbers_json(&out, &rows[0]), 0);
    assert_non_null(strstr(out.p, "\"service_level\":null"));
    tl_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_dice_give_the_same_day),
        cmocka_unit_test(whoever_came_is_somewhere),
        cmocka_unit_test(customers_do_not_depend_on_the_staff),
        cmocka_unit_test(dice_have_the_means_they_say),
        cmocka_unit_test(strange_dice_are_refused),
        cmocka_unit_test(people_come_as_the_curve_says),
        cmocka_unit_test(a_strange_curve_is_told_its_line),
        cmocka_unit_test(each_mistake_in_a_scenario_is_named),
        cmocka_unit_test(memory_may_end_anywhere),
        cmocka_unit_test(tables_say_nothing_where_nothing_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
