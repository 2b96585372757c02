/* The built folder in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <tl_mem.h>

#include "adapters/files.h"
#include "folder.h"

static int setup(void **state)
{
    (void)state;
    make_site();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tl_mem_fail_after(-1);
    drop_site();
    return 0;
}

static void every_file_is_there_with_its_packed_twin(void **state)
{
    struct portal_files *f = NULL;
    const struct portal_file *js;

    (void)state;
    assert_int_equal(portal_files_load(&f, root), 0);
    js = portal_files_get(f, "assets/app-12.js");
    assert_non_null(js);
    assert_true(tl_str_eq(js->body, TL_STR("export const a = 1;")));
    assert_true(tl_str_eq(js->gzip, TL_STR(PACKED)));
    assert_int_equal(portal_files_get(f, "index.html")->gzip.n, 0);
    assert_null(portal_files_get(f, "assets/app-12.js.gz")); /* only as the twin */
    assert_non_null(portal_files_get(f, "assets/odd.js.gz"));
    assert_null(portal_files_get(f, ".hidden"));
    assert_null(portal_files_get(f, "shop"));
    assert_int_equal(portal_files_count(f), 5);
    portal_files_free(f);
}

static void the_entity_tag_follows_the_bytes(void **state)
{
    struct portal_files *a = NULL, *b = NULL, *c = NULL;

    (void)state;
    assert_int_equal(portal_files_load(&a, root), 0);
    assert_int_equal(portal_files_load(&b, root), 0);
    put("index.html", "<h1>Start!</h1>");
    assert_int_equal(portal_files_load(&c, root), 0);
    assert_string_equal(portal_files_get(a, "index.html")->etag,
                        portal_files_get(b, "index.html")->etag);
    assert_string_not_equal(portal_files_get(a, "index.html")->etag,
                            portal_files_get(c, "index.html")->etag);
    portal_files_free(a);
    portal_files_free(b);
    portal_files_free(c);
}

static void a_link_out_of_the_folder_is_not_followed(void **state)
{
    struct portal_files *f = NULL;
    char path[96];

    (void)state;
    snprintf(path, sizeof(path), "%s/passwd.txt", root);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(portal_files_load(&f, root), 0);
    assert_null(portal_files_get(f, "passwd.txt"));
    portal_files_free(f);
}

static void a_folder_that_was_not_built_is_said_to_be_so(void **state)
{
    struct portal_files *f = NULL;
    char path[96];

    (void)state;
    assert_int_equal(portal_files_load(&f, "/tmp/tl-portal-nowhere"), -ENOENT);
    snprintf(path, sizeof(path), "%s/index.html", root);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(portal_files_load(&f, root), -ENODATA);
    assert_null(f);
}

static void running_out_of_memory_anywhere_leaves_nothing_behind(void **state)
{
    struct portal_files *f = NULL;
    int64_t n = 0;
    int err;

    (void)state;
    do {
        tl_mem_fail_after(n++);
        err = portal_files_load(&f, root);
        tl_mem_fail_after(-1);
        assert_true(err == 0 || err == -ENOMEM);
    } while (err);
    assert_true(n > 8);
    portal_files_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_file_is_there_with_its_packed_twin, setup, teardown),
        cmocka_unit_test_setup_teardown(the_entity_tag_follows_the_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_out_of_the_folder_is_not_followed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_that_was_not_built_is_said_to_be_so, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(running_out_of_memory_anywhere_leaves_nothing_behind, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
