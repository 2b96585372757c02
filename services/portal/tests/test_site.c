/* Which file answers which path, and with which headers: tables that a site's owner could check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>

#include "core/site.h"

static const char *const folder[] = {
    "index.html",        "404.html",          "widget.js",       "shop/index.html",
    "shop/trip.html",    "shop/product.html", "desk/index.html", "assets/desk-Ab_1.js",
    "assets/shop-1.css",
};

static bool has(void *arg, const char *name)
{
    (void)arg;
    for (size_t i = 0; i < TL_LEN(folder); i++)
        if (strcmp(folder[i], name) == 0)
            return true;
    return false;
}

static void pages_are_found_by_the_paths_that_people_see(void **state)
{
    static const struct {
        const char *path, *file;
    } cases[] = {
        {"/", "index.html"},
        {"/shop", "shop/index.html"},
        {"/shop/", "shop/index.html"},
        {"/shop/trip", "shop/trip.html"},
        {"/shop/trip/", "shop/trip.html"},
        {"/shop/product/ridge-2", "shop/product.html"},
        {"/desk/", "desk/index.html"},
        {"/widget.js", "widget.js"},
        {"/assets/desk-Ab_1.js", "assets/desk-Ab_1.js"},
    };
    char name[PORTAL_NAME_MAX];

    (void)state;
    for (size_t i = 0; i < TL_LEN(cases); i++) {
        assert_int_equal(portal_site_find(tl_str(cases[i].path), has, NULL, name), 0);
        assert_string_equal(name, cases[i].file);
    }
}

static void what_is_not_there_is_not_found(void **state)
{
    static const char *const paths[] = {
        "/nothing", "/shop/nothing.js", "/shop/product/a/b", "/widget.css",
        "/assets/", "/product/ridge-2", "/index.html/x.js",  "/desk/a.b",
    };
    char name[PORTAL_NAME_MAX];

    (void)state;
    for (size_t i = 0; i < TL_LEN(paths); i++)
        assert_int_equal(portal_site_find(tl_str(paths[i]), has, NULL, name), -ENOENT);
}

static void paths_that_no_browser_asks_for_are_refused(void **state)
{
    static const struct tl_str paths[] = {
        {.s = "", .n = 0},
        {.s = "shop", .n = 4},
        {.s = "/../etc/passwd", .n = 14},
        {.s = "/shop/../../x", .n = 13},
        {.s = "/./x", .n = 4},
        {.s = "/.git/config", .n = 12},
        {.s = "//etc/passwd", .n = 12},
        {.s = "/shop//trip", .n = 11},
        {.s = "/a\\b", .n = 4},
        {.s = "/a\0b", .n = 4},
        {.s = "/a b", .n = 4},
        {.s = "/a%2e", .n = 5},
        {.s = "/\xff", .n = 2},
    };
    char name[PORTAL_NAME_MAX], longest[PORTAL_NAME_MAX + 1];

    (void)state;
    for (size_t i = 0; i < TL_LEN(paths); i++)
        assert_int_equal(portal_site_find(paths[i], has, NULL, name), -EINVAL);
    memset(longest, 'a', sizeof(longest));
    longest[0] = '/';
    assert_int_equal(
        portal_site_find((struct tl_str){.s = longest, .n = sizeof(longest)}, has, NULL, name),
        -EINVAL);
}

static void types_and_caching_follow_the_name(void **state)
{
    (void)state;
    assert_string_equal(portal_site_type("shop/trip.html"), "text/html; charset=utf-8");
    assert_string_equal(portal_site_type("widget.js"), "text/javascript; charset=utf-8");
    assert_string_equal(portal_site_type("assets/a.css"), "text/css; charset=utf-8");
    assert_string_equal(portal_site_type("assets/a.svg"), "image/svg+xml");
    assert_string_equal(portal_site_type("strange"), "application/octet-stream");
    assert_non_null(strstr(portal_site_cache("assets/a-12.js"), "immutable"));
    assert_string_equal(portal_site_cache("widget.js"), "no-cache");
    assert_string_equal(portal_site_cache("shop/index.html"), "no-cache");
    assert_true(portal_site_shared("widget.js"));
    assert_true(portal_site_shared("assets/a-12.js"));
    assert_false(portal_site_shared("desk/index.html"));
}

static void no_page_runs_inline_scripts(void **state)
{
    char shop[512], desk[512], tiny[20];

    (void)state;
    assert_int_equal(portal_site_policy("shop/index.html", "http://127.0.0.1:1",
                                        "https://shop.example", shop, 512),
                     0);
    assert_int_equal(portal_site_policy("desk/index.html", "https://x.example",
                                        "https://shop.example", desk, 512),
                     0);
    assert_non_null(strstr(shop, "script-src 'self';"));
    assert_non_null(strstr(shop, "style-src 'self';"));
    assert_non_null(strstr(shop, "connect-src 'self' ws://127.0.0.1:1;"));
    assert_non_null(strstr(desk, "script-src 'self';"));
    assert_non_null(strstr(desk, "style-src 'self' 'unsafe-inline';")); /* the replayed page */
    assert_non_null(strstr(desk, "connect-src 'self' wss://x.example;"));
    assert_non_null(strstr(desk, "img-src 'self' data: blob: https://shop.example;"));
    assert_non_null(strstr(shop, "img-src 'self' data:;")); /* only the desk shows others' pages */
    assert_int_equal(portal_site_policy("shop/index.html", "", "", shop, 512), 0);
    assert_non_null(strstr(shop, "connect-src 'self';"));
    assert_int_equal(portal_site_policy("shop/index.html", "", "", tiny, 20), -EMSGSIZE);
}

static void only_origins_may_be_named_as_sites(void **state)
{
    (void)state;
    assert_true(portal_site_origins(""));
    assert_true(
        portal_site_origins("https://shop.example  http://127.0.0.1:8080 https://*.cdn.example"));
    assert_false(portal_site_origins("https:"));
    assert_false(portal_site_origins("https://"));
    assert_false(portal_site_origins("shop.example"));
    assert_false(portal_site_origins("https://a.example/; script-src *"));
}

static void entity_tags_are_compared_as_a_list(void **state)
{
    (void)state;
    assert_true(portal_site_matches(TL_STR("\"a1\""), "\"a1\""));
    assert_true(portal_site_matches(TL_STR("\"x\", W/\"a1\" "), "\"a1\""));
    assert_true(portal_site_matches(TL_STR("*"), "\"a1\""));
    assert_false(portal_site_matches(TL_STR("\"a\", \"a12\""), "\"a1\""));
    assert_false(portal_site_matches((struct tl_str){0}, "\"a1\""));
}

static void gzip_is_sent_to_those_who_take_it(void **state)
{
    (void)state;
    assert_true(portal_site_gzip(TL_STR("gzip")));
    assert_true(portal_site_gzip(TL_STR("br, GZIP;q=0.5")));
    assert_true(portal_site_gzip(TL_STR("*")));
    assert_false(portal_site_gzip(TL_STR("gzip;q=0")));
    assert_false(portal_site_gzip(TL_STR("gzip; q=0.000, *")));
    assert_false(portal_site_gzip(TL_STR("identity, xgzip")));
    assert_false(portal_site_gzip((struct tl_str){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_found_by_the_paths_that_people_see),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(paths_that_no_browser_asks_for_are_refused),
        cmocka_unit_test(types_and_caching_follow_the_name),
        cmocka_unit_test(no_page_runs_inline_scripts),
        cmocka_unit_test(only_origins_may_be_named_as_sites),
        cmocka_unit_test(entity_tags_are_compared_as_a_list),
        cmocka_unit_test(gzip_is_sent_to_those_who_take_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
