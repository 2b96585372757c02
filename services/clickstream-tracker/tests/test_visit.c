/* Stories of a visit: what it remembers, what it forgets, what a failed allocation leaves alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <tl_mem.h>

#include "core/visit.h"

#define T0 TL_SEC(1700000000)

static struct clickstream_visit *begin(void)
{
    struct clickstream_visit *v = NULL;
    struct clickstream_who who = {.visitor = {"visitor-1"}, .name = "", .tier = ""};
    struct tl_id id = {"visit-1"};

    assert_int_equal(clickstream_visit_new(&v, &id, &who, T0), 0);
    return v;
}

static struct clickstream_fact page(const char *url, const char *section)
{
    struct clickstream_fact f = {.kind = CLICKSTREAM_PAGE_VIEWED, .url = tl_str(url)};

    tl_str_put(f.section.s, sizeof(f.section.s), tl_str(section));
    return f;
}

static struct clickstream_fact looked(enum clickstream_fact_kind kind, const char *url,
                                      tl_dur dwell)
{
    return (struct clickstream_fact){.kind = kind, .url = tl_str(url), .dwell = dwell};
}

static void step(struct clickstream_visit *v, struct clickstream_visitor *w,
                 struct clickstream_fact f, tl_time now)
{
    assert_int_equal(clickstream_visit_step(v, w, &f, now), 0);
}

static void a_walk_through_the_shop_is_the_path_with_its_dwell_times(void **state)
{
    struct clickstream_visitor w = {0};
    struct clickstream_visit *v = begin();

    TL_UNUSED(state);
    step(v, &w, page("https://shop.example/shop/?q=1#top", "catalogue"), T0);
    step(v, &w, looked(CLICKSTREAM_HEARTBEAT, "/shop/?q=1", TL_SEC(5)), T0 + TL_SEC(5));
    step(v, &w, looked(CLICKSTREAM_PAGE_LEFT, "/shop/?q=1", TL_SEC(8)), T0 + TL_SEC(8));
    step(v, &w, page("/shop/checkout", "checkout"), T0 + TL_SEC(8));
    step(v, &w, looked(CLICKSTREAM_HEARTBEAT, "/shop/checkout", TL_SEC(2)), T0 + TL_SEC(10));
    /* A report that was overtaken does not turn time back. */
    step(v, &w, looked(CLICKSTREAM_HEARTBEAT, "/shop/?q=1", TL_SEC(5)), T0 + TL_SEC(10));
    assert_int_equal(v->n_path, 2);
    assert_string_equal(v->path[0].url, "/shop/?q=1");
    assert_int_equal(v->path[0].dwell, TL_SEC(8));
    assert_string_equal(clickstream_visit_page(v)->section.s, "checkout");
    assert_int_equal(clickstream_visit_page(v)->dwell, TL_SEC(2));
    assert_int_equal(v->seen_at, T0 + TL_SEC(10));
    clickstream_visit_free(v);
}

static void the_path_keeps_the_newest_fifty_pages(void **state)
{
    struct clickstream_visitor w = {0};
    struct clickstream_visit *v = begin();
    char url[32];

    TL_UNUSED(state);
    for (int i = 1; i <= 120; i++) {
        snprintf(url, sizeof(url), "/p/%d", i);
        step(v, &w, page(url, ""), T0 + TL_SEC(i));
    }
    assert_int_equal(v->n_path, CLICKSTREAM_PATH_MAX);
    assert_int_equal(v->pages_seen, 120);
    assert_string_equal(v->path[0].url, "/p/71");
    assert_string_equal(clickstream_visit_page(v)->url, "/p/120");
    clickstream_visit_free(v);
}

static void a_report_that_is_sent_twice_is_one_page(void **state)
{
    struct clickstream_visitor w = {0};
    struct clickstream_visit *v = begin();
    struct clickstream_fact f = page("/a", "");

    TL_UNUSED(state);
    f.at = T0 - TL_SEC(1);
    step(v, &w, f, T0);
    step(v, &w, f, T0 + TL_SEC(1));
    assert_int_equal(v->n_path, 1);
    /* Without the browser's clock nobody can tell a repeat from a reload. */
    f.at = 0;
    step(v, &w, f, T0 + TL_SEC(2));
    assert_int_equal(v->n_path, 2);
    clickstream_visit_free(v);
}

static void a_reloaded_page_starts_its_time_again(void **state)
{
    struct clickstream_visitor w = {0};
    struct clickstream_visit *v = begin();

    TL_UNUSED(state);
    step(v, &w, page("/shop/checkout", "checkout"), T0);
    step(v, &w, page("/shop/checkout", "checkout"), T0 + TL_SEC(60));
    /* The old page's last word comes after the new page's first. */
    step(v, &w, looked(CLICKSTREAM_PAGE_LEFT, "/shop/checkout", TL_SEC(59)), T0 + TL_SEC(60));
    assert_int_equal(v->path[0].dwell, TL_SEC(59));
    assert_int_equal(clickstream_visit_page(v)->dwell, 0);
    step(v, &w, looked(CLICKSTREAM_HEARTBEAT, "/shop/checkout", TL_SEC(5)), T0 + TL_SEC(65));
    assert_int_equal(clickstream_visit_page(v)->dwell, TL_SEC(5));
    clickstream_visit_free(v);
}

static void a_browser_with_a_wrong_clock_is_not_believed(void **state)
{
    struct clickstream_visitor w = {0};
    struct clickstream_visit *v = begin();
    struct clickstream_fact f = page("/a", "");

    TL_UNUSED(state);
    f.at = T0 + TL_HOUR(5);
    step(v, &w, f, T0);
    assert_int_equal(v->path[0].entered_at, T0);
    f = page("/b", "");
    f.at = T0 - TL_MIN(1); /* before the page it follows */
    step(v, &w, f, T0 + TL_SEC(1));
    assert_int_equal(v->path[1].entered_at, T0);
    clickstream_visit_free(v);
}

static void silence_ends_a_visit(void **state)
{
    struct clickstream_visit *v = begin();

    TL_UNUSED(state);
    assert_false(clickstream_visit_over(v, T0 + TL_MIN(30), TL_MIN(30)));
    assert_true(clickstream_visit_over(v, T0 + TL_MIN(30) + 1, TL_MIN(30)));
    clickstream_visit_free(v);
}

static void a_dismissed_invitation_is_remembered_for_the_visitor(void **state)
{
    struct clickstream_visitor w = {0};
    struct clickstream_visit *v = begin();
    struct clickstream_fact no = {.kind = CLICKSTREAM_INVITATION_DISMISSED};

    TL_UNUSED(state);
    for (int i = 0; i < CLICKSTREAM_DISMISSED_MAX + 3; i++) {
        snprintf(no.invitation.s, sizeof(no.invitation.s), "inv-%d", i);
        step(v, &w, no, T0);
        step(v, &w, no, T0); /* twice: once */
    }
    assert_int_equal(w.n_dismissed, CLICKSTREAM_DISMISSED_MAX);
    assert_false(clickstream_visitor_dismissed(&w, &(struct tl_id){"inv-2"}));
    assert_true(clickstream_visitor_dismissed(&w, &(struct tl_id){"inv-3"}));
    assert_true(clickstream_visitor_dismissed(&w, &no.invitation));
    clickstream_visit_free(v);
}

static void an_invitation_is_given_again_only_if_it_was_never_shown(void **state)
{
    struct clickstream_visitor w = {0};
    struct clickstream_visit *v = begin();
    struct tl_id id = {"help"};
    struct clickstream_fact shown = {.kind = CLICKSTREAM_INVITATION_SHOWN, .invitation = id};

    TL_UNUSED(state);
    clickstream_visit_give(v, &w, &id, T0);
    assert_int_equal(w.invited_at, T0);
    assert_true(clickstream_visit_has_given(v, &id, T0 + TL_SEC(9)));
    assert_false(clickstream_visit_has_given(v, &id, T0 + TL_SEC(10)));
    step(v, &w, shown, T0 + TL_SEC(11));
    assert_true(clickstream_visit_has_given(v, &id, T0 + TL_HOUR(1)));
    clickstream_visit_free(v);
}

static void titles_are_cut_between_characters(void **state)
{
    struct clickstream_visitor w = {0};
    struct clickstream_visit *v = begin();
    struct clickstream_fact f = page("/a", "");
    char title[CLICKSTREAM_TITLE_MAX + 10];

    TL_UNUSED(state);
    memset(title, 'x', sizeof(title));
    memcpy(title + CLICKSTREAM_TITLE_MAX - 1, "\xC3\xA4", 2);
    f.title = (struct tl_str){title, sizeof(title)};
    step(v, &w, f, T0);
    assert_int_equal(strlen(v->path[0].title), CLICKSTREAM_TITLE_MAX - 1);
    assert_true(tl_utf8_ok(v->path[0].title, strlen(v->path[0].title)));
    clickstream_visit_free(v);
}

static void addresses_lose_origin_and_fragment(void **state)
{
    static const char *const cases[][2] = {
        {"https://shop.example/a/b?c=d#e", "/a/b?c=d"},
        {"https://shop.example", "/"},
        {"/go?to=https://other.example/x", "/go?to=https://other.example/x"},
        {"?q=a://b/c", "?q=a://b/c"},
        {"#x", ""},
        {"", ""},
    };

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(cases); i++)
        assert_true(tl_str_eq(clickstream_url_path(tl_str(cases[i][0])), tl_str(cases[i][1])));
}

/* Any allocation may fail: the visit stays as it was, and nothing leaks. */
static void a_failed_allocation_changes_nothing(void **state)
{
    struct clickstream_item item = {.sku = "s", .quantity = 1};
    struct clickstream_basket basket = {.items = &item, .n = 1, .total_minor = 7};
    struct clickstream_fact facts[] = {
        page("/b", ""),
        {.kind = CLICKSTREAM_BASKET_CHANGED, .basket = &basket},
    };

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(facts); i++)
        for (int fail = 0; fail < 2; fail++) {
            struct clickstream_visitor w = {0};
            struct clickstream_visit *v = begin();
            int err;

            step(v, &w, page("/a", ""), T0);
            tl_mem_fail_after(fail);
            err = clickstream_visit_step(v, &w, &facts[i], T0 + TL_SEC(1));
            tl_mem_fail_after(-1);
            if (err) {
                assert_int_equal(err, -ENOMEM);
                assert_int_equal(v->n_path, 1);
                assert_int_equal(v->basket.n, 0);
                assert_int_equal(v->seen_at, T0);
                step(v, &w, facts[i], T0 + TL_SEC(2));
            }
            clickstream_visit_free(v);
        }
}

/* Whatever comes in whatever order: bounds hold. */
static void random_walks_keep_the_bounds(void **state)
{
    struct clickstream_visitor w = {0};
    struct clickstream_visit *v = begin();
    struct clickstream_item items[3] = {{.sku = "a"}, {.sku = "b"}, {.sku = "c"}};
    struct clickstream_basket basket = {.items = items};
    char url[16];

    TL_UNUSED(state);
    srand(7);
    for (int i = 0; i < 20000; i++) {
        struct clickstream_fact f = {.kind = (enum clickstream_fact_kind)(rand() % 7),
                                     .url = tl_str(url),
                                     .dwell = TL_MSEC(rand() % 100000),
                                     .basket = &basket};

        snprintf(url, sizeof(url), "/%d", rand() % 90);
        snprintf(f.invitation.s, sizeof(f.invitation.s), "i%d", rand() % 60);
        basket.n = (size_t)rand() % 4;
        step(v, &w, f, T0 + TL_SEC(i));
        assert_true(v->n_path <= CLICKSTREAM_PATH_MAX && v->n_given <= CLICKSTREAM_GIVEN_MAX);
        assert_true(w.n_dismissed <= CLICKSTREAM_DISMISSED_MAX);
        for (size_t k = 1; k < v->n_path; k++)
            assert_true(v->path[k].entered_at >= v->path[k - 1].entered_at);
    }
    clickstream_visit_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_through_the_shop_is_the_path_with_its_dwell_times),
        cmocka_unit_test(the_path_keeps_the_newest_fifty_pages),
        cmocka_unit_test(a_report_that_is_sent_twice_is_one_page),
        cmocka_unit_test(a_reloaded_page_starts_its_time_again),
        cmocka_unit_test(a_browser_with_a_wrong_clock_is_not_believed),
        cmocka_unit_test(silence_ends_a_visit),
        cmocka_unit_test(a_dismissed_invitation_is_remembered_for_the_visitor),
        cmocka_unit_test(an_invitation_is_given_again_only_if_it_was_never_shown),
        cmocka_unit_test(titles_are_cut_between_characters),
        cmocka_unit_test(addresses_lose_origin_and_fragment),
        cmocka_unit_test(a_failed_allocation_changes_nothing),
        cmocka_unit_test(random_walks_keep_the_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
