/* Paths: what fits a pattern, and what a request target may hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <string.h>

#include "src/http/http.h"

static void a_pattern_takes_its_parts(void **state)
{
    static const struct {
        const char *pattern, *path;
        bool fits;
        const char *values; /* joined by a bar */
    } cases[] = {
        {"/healthz", "/healthz", true, ""},
        {"/healthz", "/healthz/", false, ""},
        {"/healthz", "/health", false, ""},
        {"/v1/contacts/{id}", "/v1/contacts/c1", true, "c1|"},
        {"/v1/contacts/{id}", "/v1/contacts/", false, ""},
        {"/v1/contacts/{id}", "/v1/contacts/c1/notes", false, ""},
        {"/v1/{a}/x/{b}", "/v1/1/x/2", true, "1|2|"},
        {"/v1/{a}/x/{b}", "/v1/1/y/2", false, ""},
        {"/{rest*}", "/", true, "|"},
        {"/{rest*}", "/a/b/c.js", true, "a/b/c.js|"},
        {"/assets/{rest*}", "/assets/a", true, "a|"},
        {"/assets/{rest*}", "/asset", false, ""},
    };

    (void)state;
    for (size_t i = 0; i < TL_LEN(cases); i++) {
        struct http_match m;
        char values[64] = "";

        assert_int_equal(http_route_match(cases[i].pattern, tl_str(cases[i].path), &m),
                         cases[i].fits);
        if (!cases[i].fits)
            continue;
        for (unsigned k = 0; k < m.n; k++) {
            strncat(values, m.params[k].value.s, m.params[k].value.n);
            strcat(values, "|");
        }
        assert_string_equal(values, cases[i].values);
    }
}

static void a_target_is_split_and_decoded(void **state)
{
    static const struct {
        const char *target, *path, *query;
    } good[] = {
        {"/", "/", ""},
        {"/a%20b?x=%20", "/a b", "x=%20"},
        {"/caf%C3%A9", "/caf\xc3\xa9", ""},
        {"/a?b?c", "/a", "b?c"},
        {"http://host:1/a?b", "/a", "b"},
        {"/...", "/...", ""},
        {"/a//b", "/a//b", ""},
    };
    static const char *const wrong[] = {
        "",         "*",        "a",      "host:80", "http://", "http:///a", "http://h?q",
        "/%",       "/%1",      "/%g0",   "/%00",    "/%0a",    "/%7f",      "/a b",
        "/a#b",     "/%2f",     "/%5c",   "/%ff",    "/.",      "/..",       "/a/../b",
        "/%2e%2e/", "/a?b\x01", "/a?b#c", "/a\xff",  "/a/.",
    };
    char text[64];
    struct tl_str path, query;

    (void)state;
    for (size_t i = 0; i < TL_LEN(good); i++) {
        strcpy(text, good[i].target);
        assert_int_equal(http_target_split(text, &path, &query), 0);
        assert_true(tl_str_eq(path, tl_str(good[i].path)));
        assert_true(tl_str_eq(query, tl_str(good[i].query)));
    }
    for (size_t i = 0; i < TL_LEN(wrong); i++) {
        strcpy(text, wrong[i]);
        if (http_target_split(text, &path, &query) != -EBADMSG)
            fail_msg("\"%s\" was taken", wrong[i]);
    }
}

static void a_query_value_is_decoded(void **state)
{
    char out[64];

    (void)state;
    assert_int_equal(http_query_decode(TL_STR("a+b%2Bc%26"), out), 6);
    assert_memory_equal(out, "a b+c&", 6);
    assert_int_equal(http_query_decode(TL_STR(""), out), 0);
    assert_int_equal(http_query_decode(TL_STR("%zz"), out), -EBADMSG);
    assert_int_equal(http_query_decode(TL_STR("%00"), out), -EBADMSG);
    assert_int_equal(http_query_decode(TL_STR("%ff"), out), -EBADMSG);
}

static void a_proxy_is_in_one_of_the_networks(void **state)
{
    static const struct {
        const char *networks;
        uint32_t address;
        bool in;
    } cases[] = {
        {"127.0.0.0/8", 0x7f000001, true},
        {"127.0.0.0/8", 0x80000001, false},
        {"192.0.2.7", 0xc0000207, true},
        {"192.0.2.7", 0xc0000208, false},
        {" 10.0.0.0/8  172.28.3.9/16 ", 0xac1c0001, true},
        {" 10.0.0.0/8  172.28.3.9/16 ", 0xac1d0001, false},
        {"0.0.0.0/0", 0xffffffff, true},
        {"", 0x7f000001, false},
    };
    static const char *const wrong[] = {"localhost",
                                        "10.0.0.0/33",
                                        "10.0.0.0/",
                                        "10.0.0",
                                        "10.0.0.0/8,",
                                        "::1",
                                        "10.0.0.0/-1",
                                        "1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 "
                                        "1.1.1.1 1.1.1.1"};
    struct http_proxies p;

    (void)state;
    for (size_t i = 0; i < TL_LEN(cases); i++) {
        assert_int_equal(http_proxies_read(&p, cases[i].networks), 0);
        assert_int_equal(http_proxies_have(&p, cases[i].address), cases[i].in);
    }
    for (size_t i = 0; i < TL_LEN(wrong); i++)
        assert_int_equal(http_proxies_read(&p, wrong[i]), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_takes_its_parts),
        cmocka_unit_test(a_target_is_split_and_decoded),
        cmocka_unit_test(a_query_value_is_decoded),
        cmocka_unit_test(a_proxy_is_in_one_of_the_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
