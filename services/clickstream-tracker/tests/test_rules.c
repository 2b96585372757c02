/* Whom to invite, told as tables: a visit, a supply, and the obstacle that is expected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <tl_mem.h>

#include "adapters/rules_yaml.h"
#include <tl_limiter.h>

#define NOW TL_SEC(1700000000)

static const char rules_text[] = "version: 1\n"
                                 "invitations:\n"
                                 "  - id: help\n"
                                 "    rule: big-basket\n"
                                 "    title: Help?\n"
                                 "    text: We are here.\n"
                                 "    channels: {video: orders, chat: sales}\n"
                                 "    when:\n"
                                 "      section: [checkout, trip]\n"
                                 "      tier: [anonymous, gold]\n"
                                 "      basket_min_minor: 5000\n"
                                 "      currency: EUR\n"
                                 "      time_on_page: 10s\n"
                                 "      pages_min: 2\n"
                                 "      expected_wait_max: 60s\n"
                                 "    cool_down: 10m\n";

static struct clickstream_rules *parse(const char *text)
{
    struct clickstream_rules *rules = NULL;
    struct tl_buf why = TL_BUF(4096);

    assert_int_equal(clickstream_rules_parse(&rules, tl_str(text), "rules.yaml", &why), 0);
    tl_buf_done(&why);
    return rules;
}

struct scene {
    const char *section, *tier, *customer, *currency;
    int64_t basket;
    tl_dur dwell;
    int pages;
    bool dismissed, given;
    tl_dur invited_ago; /* 0: never */
    int orders_staffed, sales_staffed;
    tl_dur orders_wait, sales_wait, supply_age;
    const char *obstacle; /* NULL: it fires */
    const char *channels; /* then these */
};

/* The visitor whom the rule was written for; each case changes one thing, on purpose. */
#pragma GCC diagnostic ignored "-Woverride-init"
#define GOOD                                                                              \
    .section = "checkout", .tier = "", .customer = "", .currency = "EUR", .basket = 9000, \
    .dwell = TL_SEC(12), .pages = 3, .orders_staffed = 1, .sales_staffed = 1,             \
    .orders_wait = TL_SEC(5), .sales_wait = TL_SEC(5), .supply_age = TL_SEC(1)

static const struct scene scenes[] = {
    {GOOD, .channels = "video chat"},
    {GOOD, .section = "trip", .channels = "video chat"},
    {GOOD, .section = "product", .obstacle = "another section"},
    {GOOD, .customer = "c1", .tier = "gold", .channels = "video chat"},
    {GOOD, .customer = "c1", .tier = "bronze", .obstacle = "another tier"},
    {GOOD, .customer = "c1", .tier = "", .obstacle = "another tier"},
    {GOOD, .basket = 4999, .obstacle = "basket too small"},
    {GOOD, .currency = "USD", .obstacle = "basket too small"},
    {GOOD, .pages = 1, .obstacle = "too few pages"},
    {GOOD, .dwell = TL_SEC(9), .obstacle = "not long enough on the page"},
    {GOOD, .dismissed = true, .obstacle = "dismissed"},
    {GOOD, .given = true, .obstacle = "already given in this visit"},
    {GOOD, .invited_ago = TL_MIN(9), .obstacle = "cooling down"},
    {GOOD, .invited_ago = TL_MIN(11), .channels = "video chat"},
    {GOOD, .orders_staffed = 0, .channels = "chat"},
    {GOOD, .orders_wait = TL_SEC(61), .channels = "chat"},
    {GOOD, .orders_wait = -1, .sales_wait = -1, .obstacle = "nobody to answer soon enough"},
    {GOOD, .orders_staffed = 0, .sales_staffed = 0, .obstacle = "nobody to answer soon enough"},
    {GOOD, .supply_age = TL_SEC(6), .obstacle = "nobody to answer soon enough"},
};

static struct clickstream_visit *visit_of(const struct scene *s)
{
    struct clickstream_visit *v = NULL;
    struct clickstream_visitor nobody = {0};
    struct clickstream_who who = {.visitor = {"v"}, .name = "", .tier = s->tier};
    struct clickstream_basket basket = {.total_minor = s->basket};
    struct clickstream_fact f = {.kind = CLICKSTREAM_BASKET_CHANGED, .basket = &basket};

    tl_str_put(who.customer.s, sizeof(who.customer.s), tl_str(s->customer));
    tl_str_put(basket.currency, sizeof(basket.currency), tl_str(s->currency));
    assert_int_equal(clickstream_visit_new(&v, &(struct tl_id){"visit"}, &who, NOW), 0);
    assert_int_equal(clickstream_visit_step(v, &nobody, &f, NOW), 0);
    for (int i = 0; i < s->pages; i++) {
        f = (struct clickstream_fact){.kind = CLICKSTREAM_PAGE_VIEWED, .url = TL_STR("/x")};
        tl_str_put(f.section.s, sizeof(f.section.s), tl_str(s->section));
        assert_int_equal(clickstream_visit_step(v, &nobody, &f, NOW), 0);
    }
    f = (struct clickstream_fact){
        .kind = CLICKSTREAM_HEARTBEAT, .url = TL_STR("/x"), .dwell = s->dwell};
    assert_int_equal(clickstream_visit_step(v, &nobody, &f, NOW), 0);
    return v;
}

static void each_condition_stops_the_rule_by_itself(void **state)
{
    struct clickstream_rules *rules = parse(rules_text);
    struct tl_id help = {"help"};

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(scenes); i++) {
        const struct scene *s = &scenes[i];
        struct clickstream_visit *v = visit_of(s);
        struct clickstream_visitor w = {.invited_at = s->invited_ago ? NOW - s->invited_ago : 0};
        struct clickstream_supply supply = {
            .at = NOW - s->supply_age,
            .queue = {{{"orders"}, s->orders_staffed, 1, s->orders_wait},
                      {{"sales"}, s->sales_staffed, 1, s->sales_wait}},
            .n = 2};
        struct clickstream_invitation inv;
        char channels[64] = "";
        const char *obstacle;

        if (s->dismissed)
            w.dismissed[w.n_dismissed++] = help;
        if (s->given) {
            struct clickstream_visitor other = {0};

            clickstream_visit_give(v, &other, &help, NOW);
        }
        obstacle = clickstream_rule_obstacle(&rules->rule[0], v, &w, &supply, NOW);
        assert_string_equal(obstacle ? obstacle : "", s->obstacle ? s->obstacle : "");
        clickstream_rules_match(rules, v, &w, &supply, NOW, &inv);
        for (size_t c = 0; c < inv.n_channels; c++) {
            strcat(channels, *channels ? " " : "");
            strcat(channels, inv.channels[c]);
        }
        assert_string_equal(channels, s->channels ? s->channels : "");
        assert_int_equal(inv.rule != NULL, s->obstacle == NULL);
        clickstream_visit_free(v);
    }
    tl_free(rules);
}

static void the_shipped_rules_load(void **state)
{
    struct clickstream_rules *rules = NULL;
    struct tl_buf why = TL_BUF(4096);
    int err = clickstream_rules_load(&rules, "deploy/config/invitations.yaml", &why);

    TL_UNUSED(state);
    if (err)
        print_message("%s\n", why.p);
    assert_int_equal(err, 0);
    assert_true(rules->n >= 3);
    tl_buf_done(&why);
    tl_free(rules);
}

static const struct {
    const char *text, *complaint;
} mistakes[] = {
    {"version: 2\n", "rules.yaml:1: version"},
    {"versoin: 1\n", "rules.yaml:1: versoin"},
    {"invitations: 7\n", "rules.yaml:1: invitations: must be a list"},
    {"invitations:\n  - id: a b\n    title: t\n    text: t\n    channels: {chat: q}\n    when: "
     "{}\n",
     "rules.yaml:2: id: must be letters"},
    {"invitations:\n  - id: a\n    title: t\n    text: t\n    when: {}\n", "channels: must map"},
    {"invitations:\n  - id: a\n    title: t\n    text: t\n    channels: {fax: q}\n    when: {}\n",
     "rules.yaml:5: fax: must be video, voice or chat"},
    {"invitations:\n  - id: a\n    title: t\n    text: t\n    channels: {chat: q}\n    when:\n"
     "      time_on_page: soon\n",
     "rules.yaml:7: time_on_page"},
    {"invitations:\n  - id: a\n    title: t\n    text: t\n    channels: {chat: q}\n    when:\n"
     "      moon: full\n",
     "rules.yaml:7: moon"},
    {"invitations:\n  - {id: a, title: t, text: t, channels: {chat: q}, when: {}}\n"
     "  - {id: a, title: t, text: t, channels: {chat: q}, when: {}}\n",
     "rules.yaml:3: id: is used twice"},
    {"invitations: [\n", "rules.yaml:"},
};

static void a_mistake_is_named_with_its_line(void **state)
{
    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(mistakes); i++) {
        struct clickstream_rules *rules = NULL;
        struct tl_buf why = TL_BUF(4096);
        int err = clickstream_rules_parse(&rules, tl_str(mistakes[i].text), "rules.yaml", &why);

        assert_int_equal(err, -EINVAL);
        assert_null(rules);
        if (!why.p || !strstr(why.p, mistakes[i].complaint))
            fail_msg("case %zu: wanted \"%s\", got \"%s\"", i, mistakes[i].complaint,
                     why.p ? why.p : "");
        tl_buf_done(&why);
    }
}

static void no_memory_is_an_error_and_not_a_leak(void **state)
{
    TL_UNUSED(state);
    for (int n = 0; n < 400; n++) {
        struct clickstream_rules *rules = NULL;
        struct tl_buf why = TL_BUF(4096);
        int err;

        tl_mem_fail_after(n);
        err = clickstream_rules_parse(&rules, tl_str(rules_text), "rules.yaml", &why);
        tl_mem_fail_after(-1);
        tl_buf_done(&why);
        assert_true(err ? rules == NULL : rules->n == 1);
        tl_free(rules);
        if (!err)
            return;
    }
    fail_msg("the rules never loaded");
}

static void a_bucket_empties_and_fills_again(void **state)
{
    struct tl_limiter *l = NULL;

    TL_UNUSED(state);
    assert_int_equal(tl_limiter_new(&l, 10, 3, 42), 0);
    for (int i = 0; i < 3; i++)
        assert_true(tl_limiter_take(l, TL_STR("a"), NOW));
    assert_false(tl_limiter_take(l, TL_STR("a"), NOW));
    assert_true(tl_limiter_take(l, TL_STR("b"), NOW)); /* the neighbour is unharmed */
    assert_false(tl_limiter_take(l, TL_STR("a"), NOW + TL_MSEC(99)));
    assert_true(tl_limiter_take(l, TL_STR("a"), NOW + TL_MSEC(201)));
    assert_null(tl_limiter_free(l));
    assert_int_equal(tl_limiter_new(&l, 0, 1, 42), 0);
    for (int i = 0; i < 1000; i++)
        assert_true(tl_limiter_take(l, TL_STR("a"), NOW));
    tl_limiter_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_condition_stops_the_rule_by_itself),
        cmocka_unit_test(the_shipped_rules_load),
        cmocka_unit_test(a_mistake_is_named_with_its_line),
        cmocka_unit_test(no_memory_is_an_error_and_not_a_leak),
        cmocka_unit_test(a_bucket_empties_and_fills_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
