/* Browsers as they introduce themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/browser.h"

static const struct {
    const char *user_agent, *name;
} cases[] = {
    {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
     "Safari/537.36",
     "Chrome on Linux"},
    {"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
     "Chrome/120.0.0.0 Mobile Safari/537.36",
     "Chrome Mobile on Android"},
    {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
     "Gecko) Version/17.1 Mobile/15E148 Safari/604.1",
     "Mobile Safari on iOS"},
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0",
     "Firefox on Windows"},
    {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
     "Version/17.1 Safari/605.1.15",
     "Safari on Mac OS X"},
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
     "Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0",
     "Edge on Windows"},
    {"curl/7.88.1", "curl"},
    {"no browser at all", ""},
    {"", ""},
};

static void browsers_are_named_for_the_agents_card(void **state)
{
    char name[48];

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(cases); i++) {
        clickstream_browser_name(name, tl_str(cases[i].user_agent));
        assert_string_equal(name, cases[i].name);
    }
    clickstream_browser_name(name, (struct tl_str){0});
    assert_string_equal(name, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(browsers_are_named_for_the_agents_card),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
