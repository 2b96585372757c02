/* The log: one event, one line of JSON, and never too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <tl_log.h>
#include <unistd.h>

static char text[4 * 1024 * 1024];

/* What the function writes to stdout. */
static void capture(void (*fn)(void))
{
    FILE *f = tmpfile();
    int saved = dup(1);
    size_t n;

    assert_non_null(f);
    (void)fflush(stdout);
    assert_true(dup2(fileno(f), 1) >= 0);
    fn();
    assert_true(dup2(saved, 1) >= 0);
    close(saved);
    rewind(f);
    n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = '\0';
    (void)fclose(f);
}

static void wait_for_a_fresh_second(void)
{
    usleep(1001000); /* the limit is by the second of the wall clock, and counts all tests */
}

static void log_one(void)
{
    tl_info("call queued", TL_S("call_id", "c\"1\n"), TL_I("waited_us", -5), TL_D("ratio", 0.5),
            TL_D("odd", NAN), TL_T("raw", TL_STR("\xff ok \xc3\xa9")), TL_E(-ENOENT));
    tl_debug("not shown");
}

static void a_line_is_json(void **state)
{
    json_t *j;

    (void)state;
    tl_log_setup("acd", TL_INFO);
    capture(log_one);
    assert_int_equal(strchr(text, '\n') - text, (long)strlen(text) - 1);
    j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(j);
    assert_string_equal(json_string_value(json_object_get(j, "msg")), "call queued");
    assert_string_equal(json_string_value(json_object_get(j, "svc")), "acd");
    assert_string_equal(json_string_value(json_object_get(j, "level")), "info");
    assert_int_equal(strlen(json_string_value(json_object_get(j, "ts"))), 24);
    assert_string_equal(json_string_value(json_object_get(j, "call_id")), "c\"1\n");
    assert_int_equal(json_integer_value(json_object_get(j, "waited_us")), -5);
    assert_true(json_real_value(json_object_get(j, "ratio")) == 0.5);
    assert_true(json_is_null(json_object_get(j, "odd")));
    assert_string_equal(json_string_value(json_object_get(j, "raw")), "? ok \xc3\xa9");
    assert_string_equal(json_string_value(json_object_get(j, "err")), strerror(ENOENT));
    json_decref(j);
}

static void log_long(void)
{
    static char big[20000];

    memset(big, '\n', sizeof(big) - 1);
    tl_info("long", TL_S("a", big), TL_S("b", big), TL_S("c", "short"));
}

static void a_long_line_is_cut_and_still_json(void **state)
{
    json_t *j;

    (void)state;
    capture(log_long);
    assert_true(strlen(text) <= 8192);
    j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(j);
    json_decref(j);
}

static void log_many(void)
{
    for (int i = 0; i < 1000; i++)
        tl_info("again");
    tl_error("errors always go out");
}

static void log_after(void)
{
    tl_info("after");
}

static void a_flood_is_sampled_and_counted(void **state)
{
    unsigned lines = 0;

    (void)state;
    wait_for_a_fresh_second();
    capture(log_many);
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    assert_in_range(lines, 100, 320); /* the loop may reach into a second second */
    assert_non_null(strstr(text, "errors always go out"));
    assert_non_null(strstr(text, "lines_dropped_before"));
    wait_for_a_fresh_second();
    capture(log_after);
    assert_non_null(strstr(text, "\"after\""));
}

static void each_class_of_trouble_is_allowed_once_a_second(void **state)
{
    (void)state;
    assert_true(tl_log_allow("slow"));
    assert_false(tl_log_allow("slow"));
    assert_true(tl_log_allow("large"));
    usleep(1001000);
    assert_true(tl_log_allow("slow"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_json),
        cmocka_unit_test(a_long_line_is_cut_and_still_json),
        cmocka_unit_test(a_flood_is_sampled_and_counted),
        cmocka_unit_test(each_class_of_trouble_is_allowed_once_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
