/* Rules in YAML: what is read, and how each mistake is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <tl_mem.h>
#include <tl_yaml.h>

#include <cmocka.h>

static const char good[] = "# rules\n"
                           "name: orders\n"
                           "size: 12\n"
                           "open: true\n"
                           "wait: 1h30m\n"
                           "list: [a, b]\n"
                           "map:\n"
                           "  inner: {x: 1}\n";

static void values_come_with_their_types(void **state)
{
    struct tl_buf why = TL_BUF(10000);
    struct tl_yaml *y = NULL;
    const struct tl_yaml_node *root;
    const char *text;
    int64_t n;
    tl_dur d;
    bool b;

    TL_UNUSED(state);
    assert_int_equal(tl_yaml_parse(&y, TL_STR(good), "f.yaml", &why), 0);
    root = tl_yaml_root(y);
    assert_int_equal(tl_yaml_read_text(root, "name", NULL, &text, &why), 0);
    assert_string_equal(text, "orders");
    assert_int_equal(tl_yaml_read_text(root, "none", "default", &text, &why), 0);
    assert_string_equal(text, "default");
    assert_int_equal(tl_yaml_read_int(root, "size", 1, 1, 99, &n, &why), 0);
    assert_int_equal(n, 12);
    assert_int_equal(tl_yaml_read_bool(root, "open", false, &b, &why), 0);
    assert_true(b);
    assert_int_equal(tl_yaml_read_dur(root, "wait", 0, 0, TL_HOUR(2), &d, &why), 0);
    assert_int_equal(d, TL_MIN(90));
    assert_int_equal(tl_yaml_dur("1m30s", &d), 0);
    assert_int_equal(d, TL_SEC(90));
    assert_int_equal(tl_yaml_dur("", &d), -EINVAL);
    assert_int_equal(tl_yaml_dur("90", &d), -EINVAL);
    assert_int_equal(tl_yaml_count(tl_yaml_get(root, "list")), 2);
    assert_string_equal(tl_yaml_text(tl_yaml_item(tl_yaml_get(root, "list"), 1)), "b");
    assert_string_equal(tl_yaml_key(root, 5), "map");
    assert_int_equal(tl_yaml_line(tl_yaml_get(tl_yaml_get(root, "map"), "inner")), 8);
    assert_int_equal(strlen(tl_yaml_hash(y)), 12);
    assert_int_equal(why.n, 0);
    tl_yaml_free(y);
    tl_buf_done(&why);
}

static void refused(const char *text, const char *complaint)
{
    struct tl_buf why = TL_BUF(10000);
    struct tl_yaml *y = NULL;

    if (tl_yaml_parse(&y, tl_str(text), "f.yaml", &why) != -EINVAL)
        fail_msg("accepted: %s", text);
    if (!strstr(tl_buf_str(&why).s, complaint))
        fail_msg("complaint \"%s\" is not \"%s\"", tl_buf_str(&why).s, complaint);
    tl_buf_done(&why);
}

static void a_document_with_a_mistake_names_its_line(void **state)
{
    char deep[200] = "";

    TL_UNUSED(state);
    refused("a: 1\nb: 2\na: 3\n", "f.yaml:3: a: given twice");
    refused("", "the file is empty");
    refused("a: [1, 2\n", "f.yaml:2: -: ");
    refused("a: &x 1\nb: *x\n", "f.yaml:2: -: aliases are not allowed");
    refused("a: 1\n---\nb: 2\n", "more than one document");
    refused("? [a]\n: 1\n", "a key must be plain text");
    refused("a: \"x\\0y\"\n", "a NUL character");
    refused("a: \xff\n", "f.yaml:1: -: ");
    for (int i = 0; i < 20; i++)
        strcat(deep, "- ");
    strcat(deep, "x\n");
    refused(deep, "nested deeper than 16");
}

static void a_value_with_a_mistake_names_its_key(void **state)
{
    struct tl_buf why = TL_BUF(10000);
    struct tl_yaml *y = NULL;
    const struct tl_yaml_node *root;
    static const char *const keys[] = {"size", "wait", NULL};
    const char *text;
    int64_t n;
    tl_dur d;
    bool b;

    TL_UNUSED(state);
    assert_int_equal(
        tl_yaml_parse(&y, TL_STR("size: 7x\nwait: 5\nopen: yes\nbig: 100\nmap: {}\nlong: 3m2h\n"),
                      "f.yaml", &why),
        0);
    root = tl_yaml_root(y);
    assert_int_equal(tl_yaml_read_int(root, "size", 1, 1, 9, &n, &why), -EINVAL);
    assert_int_equal(tl_yaml_read_int(root, "big", 1, 1, 9, &n, &why), -EINVAL);
    assert_int_equal(tl_yaml_read_int(root, "gone", 0, 1, 9, &n, &why), -EINVAL);
    assert_int_equal(tl_yaml_read_dur(root, "wait", 0, 0, 9, &d, &why), -EINVAL);
    assert_int_equal(tl_yaml_read_dur(root, "long", 0, 0, TL_HOUR(9), &d, &why), -EINVAL);
    assert_int_equal(tl_yaml_read_bool(root, "open", true, &b, &why), -EINVAL);
    assert_int_equal(tl_yaml_read_text(root, "map", NULL, &text, &why), -EINVAL);
    assert_int_equal(tl_yaml_known_keys(root, keys, &why), -EINVAL);
    assert_string_equal(why.p,
                        "f.yaml:1: size: must be a whole number\n"
                        "f.yaml:4: big: must be from 1 to 9\n"
                        "f.yaml:1: gone: is missing\n"
                        "f.yaml:2: wait: must be a length of time like 20s, 5m, 1h30m or 250ms\n"
                        "f.yaml:6: long: must be a length of time like 20s, 5m, 1h30m or 250ms\n"
                        "f.yaml:3: open: must be true or false\n"
                        "f.yaml:5: map: must be text\n"
                        "f.yaml:3: open: unknown key\n"
                        "f.yaml:4: big: unknown key\n"
                        "f.yaml:5: map: unknown key\n"
                        "f.yaml:6: long: unknown key\n");
    tl_yaml_free(y);
    tl_buf_done(&why);
}

static void a_file_that_cannot_be_read_is_told(void **state)
{
    struct tl_buf why = TL_BUF(1000);
    struct tl_yaml *y = NULL;

    TL_UNUSED(state);
    assert_int_equal(tl_yaml_load(&y, "/nowhere/x.yaml", &why), -ENOENT);
    assert_non_null(strstr(why.p, "/nowhere/x.yaml:0: -: No such file"));
    assert_int_equal(tl_yaml_load(&y, "/tmp", &why), -EISDIR);
    assert_non_null(strstr(why.p, "/tmp:0: -: Is a directory"));
    tl_buf_done(&why);
}

static void each_failing_allocation_is_survived(void **state)
{
    int err = -ENOMEM;

    TL_UNUSED(state);
    for (int i = 0; err; i++) {
        struct tl_buf why = TL_BUF(1000);
        struct tl_yaml *y = NULL;

        tl_mem_fail_after(i);
        err = tl_yaml_parse(&y, TL_STR(good), "f.yaml", &why);
        tl_mem_fail_after(-1);
        assert_true(err == 0 || err == -ENOMEM);
        tl_yaml_free(y);
        tl_buf_done(&why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_with_their_types),
        cmocka_unit_test(a_document_with_a_mistake_names_its_line),
        cmocka_unit_test(a_value_with_a_mistake_names_its_key),
        cmocka_unit_test(a_file_that_cannot_be_read_is_told),
        cmocka_unit_test(each_failing_allocation_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
