/*
 * The list of STUN servers from the settings.
 */
#include "../core/ice.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_list_is_taken_apart(void **state)
{
    struct ice_servers s = {.n = 9};

    (void)state;
    assert_int_equal(ice_servers_read(&s, ""), 0);
    assert_int_equal(s.n, 0);
    assert_int_equal(ice_servers_read(&s, " stun:a.example:3478 ,, stuns:b.example"), 0);
    assert_int_equal(s.n, 2);
    assert_string_equal(s.at[0], "stun:a.example:3478");
    assert_string_equal(s.at[1], "stuns:b.example");
}

static void what_a_browser_would_refuse_is_refused_here(void **state)
{
    static const char *const bad[] = {"stun:", "turn:a.example", "http://a.example", "stun:a, b",
                                      "stun:a,stun:a,stun:a,stun:a,stun:a,stun:a,stun:a,stun:a,"
                                      "stun:a"};
    struct ice_servers s = {.n = 7};
    char longest[ICE_URL_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ice_servers_read(&s, bad[i]), -EINVAL);
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "stun:", 5);
    longest[ICE_URL_MAX] = '\0';
    assert_int_equal(ice_servers_read(&s, longest), -EINVAL);
    assert_int_equal(s.n, 7);
    longest[ICE_URL_MAX - 1] = '\0';
    assert_int_equal(ice_servers_read(&s, longest), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_taken_apart),
        cmocka_unit_test(what_a_browser_would_refuse_is_refused_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
