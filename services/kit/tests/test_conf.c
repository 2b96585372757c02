/* Settings and the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <tl_clock.h>
#include <tl_conf.h>
#include <unistd.h>

static int64_t most;
static const char *name;
static const struct tl_setting table[] = {
    TL_SET_NUM("TL_T_MOST", &most, 500, 1, 1000, "calls in line"),
    TL_SET_TEXT("TL_T_NAME", &name, "none", "how it is called"),
};

static void defaults_hold_until_the_environment_speaks(void **state)
{
    struct tl_buf why = TL_BUF(1024);

    (void)state;
    assert_int_equal(tl_conf_load(table, 2, &why), 0);
    assert_int_equal(most, 500);
    assert_string_equal(name, "none");
    setenv("TL_T_MOST", "7", 1);
    setenv("TL_T_NAME", "x y", 1);
    assert_int_equal(tl_conf_load(table, 2, &why), 0);
    assert_int_equal(most, 7);
    assert_string_equal(name, "x y");
    assert_int_equal(why.n, 0);
    unsetenv("TL_T_MOST");
    unsetenv("TL_T_NAME");
}

static void a_wrong_value_is_named_with_what_would_be_right(void **state)
{
    static const char *const wrong[] = {"0", "1001", "ten", "1.5", " 7", "99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < TL_LEN(wrong); i++) {
        struct tl_buf why = TL_BUF(1024);

        setenv("TL_T_MOST", wrong[i], 1);
        assert_true(tl_conf_load(table, 2, &why) < 0);
        assert_non_null(strstr(why.p, "TL_T_MOST"));
        assert_non_null(strstr(why.p, "from 1 to 1000 (calls in line)"));
        tl_buf_done(&why);
    }
    unsetenv("TL_T_MOST");
}

static void a_secret_is_the_first_line_of_a_file_of_ours(void **state)
{
    char path[] = "/tmp/test_conf.XXXXXX";
    int fd = mkstemp(path);
    struct tl_buf got = TL_BUF(4096);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "s3cret\r\nmore\n", 13), 13);
    assert_int_equal(tl_conf_secret(path, &got), 0);
    assert_string_equal(got.p, "s3cret");
    assert_int_equal(fchmod(fd, 0604), 0);
    assert_int_equal(tl_conf_secret(path, &got), -EACCES);
    assert_int_equal(fchmod(fd, 0600), 0);
    assert_int_equal(ftruncate(fd, 5000), 0);
    assert_int_equal(tl_conf_secret(path, &got), -EMSGSIZE);
    close(fd);
    unlink(path);
    assert_int_equal(tl_conf_secret(path, &got), -ENOENT);
    assert_int_equal(tl_conf_secret("/tmp", &got), -EINVAL);
    tl_buf_done(&got);
}

static void ids_rise(void **state)
{
    struct tl_id before = tl_id_new();

    (void)state;
    for (int i = 0; i < 10000; i++) {
        struct tl_id id = tl_id_new();

        assert_true(strcmp(before.s, id.s) < 0);
        before = id;
    }
}

static void times_are_written_as_in_rfc_3339(void **state)
{
    char text[32];

    (void)state;
    tl_clock_format(text, 1795307437123456);
    assert_string_equal(text, "2026-11-22T00:30:37.123Z");
    tl_clock_format(text, 0);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    tl_clock_format(text, -1000);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    tl_clock_format(text, INT64_MAX); /* other processes name times too */
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    tl_clock_format(text, INT64_MIN);
    assert_string_equal(text, "1000-01-01T00:00:00.000Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_hold_until_the_environment_speaks),
        cmocka_unit_test(a_wrong_value_is_named_with_what_would_be_right),
        cmocka_unit_test(a_secret_is_the_first_line_of_a_file_of_ours),
        cmocka_unit_test(ids_rise),
        cmocka_unit_test(times_are_written_as_in_rfc_3339),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
