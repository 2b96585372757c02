/* Which sites may send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "adapters/http.h"

static void only_listed_origins_may_send(void **state)
{
    const char *list = "https://shop.example, https://trips.example";

    TL_UNUSED(state);
    assert_true(clickstream_origin_ok(list, TL_STR("https://shop.example")));
    assert_true(clickstream_origin_ok(list, TL_STR("https://trips.example")));
    assert_false(clickstream_origin_ok(list, TL_STR("https://shop.example.evil.example")));
    assert_false(clickstream_origin_ok(list, TL_STR("http://shop.example")));
    assert_false(clickstream_origin_ok(list, TL_STR("null")));
    assert_false(clickstream_origin_ok("", TL_STR("https://shop.example")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_listed_origins_may_send),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
