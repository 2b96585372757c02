/* Metrics: what is added is what Prometheus reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>

static struct tl_buf out;

static int setup(void **state)
{
    (void)state;
    tl_metrics_reset();
    out = TL_BUF(1024 * 1024);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tl_buf_done(&out);
    tl_metrics_reset();
    return 0;
}

static void refresh(void *arg)
{
    tl_metric_set(arg, 7.5);
}

static void the_text_format_is_kept(void **state)
{
    struct tl_metric *h = tl_histogram("tl_x_seconds", "route=\"a\"", "How long.");

    (void)state;
    tl_metric_add(tl_counter("tl_x_calls_total", "queue=\"a\"", "Calls."), 1);
    tl_metric_add(tl_counter("tl_x_calls_total", "queue=\"b\"", "Calls."), 2);
    tl_metric_add(tl_counter("tl_x_calls_total", "queue=\"a\"", "Calls."), 1);
    tl_metrics_on_read(refresh, tl_gauge("tl_x_depth", NULL, "Depth."));
    tl_metric_observe(h, 0.0001);
    tl_metric_observe(h, 0.3);
    tl_metric_observe(h, 99);
    assert_int_equal(tl_metrics_write(&out), 0);
    assert_non_null(strstr(out.p,
                           "# HELP tl_x_calls_total Calls.\n# TYPE tl_x_calls_total counter\n"
                           "tl_x_calls_total{queue=\"a\"} 2\n"
                           "tl_x_calls_total{queue=\"b\"} 2\n"));
    assert_non_null(strstr(out.p, "# TYPE tl_x_depth gauge\ntl_x_depth 7.5\n"));
    assert_non_null(strstr(out.p, "tl_x_seconds_bucket{route=\"a\",le=\"0.0001\"} 1\n"));
    assert_non_null(strstr(out.p, "tl_x_seconds_bucket{route=\"a\",le=\"0.25\"} 1\n"));
    assert_non_null(strstr(out.p, "tl_x_seconds_bucket{route=\"a\",le=\"0.5\"} 2\n"));
    assert_non_null(strstr(out.p, "tl_x_seconds_bucket{route=\"a\",le=\"+Inf\"} 3\n"));
    assert_non_null(strstr(out.p, "tl_x_seconds_count{route=\"a\"} 3\n"));
    assert_true(tl_metric_value(h) == 3);
}

static void label_sets_of_one_name_are_bounded(void **state)
{
    char labels[32];

    (void)state;
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(labels, sizeof(labels), "n=\"%d\"", i);
        assert_non_null(tl_counter("tl_x_total", labels, ""));
    }
    assert_null(tl_counter("tl_x_total", "n=\"one more\"", ""));
    tl_metric_add(NULL, 1); /* and that is fine */
    tl_metric_set(NULL, 1);
    tl_metric_observe(NULL, 1);
    assert_non_null(tl_counter("tl_x_total", "n=\"7\"", ""));
    assert_null(tl_gauge("tl_x_total", NULL, "one name, one kind"));
}

static void bad_input_is_counted_under_the_service(void **state)
{
    (void)state;
    tl_log_setup("acd", TL_ERROR);
    tl_bad_input("http", "slow");
    tl_bad_input("http", "slow");
    assert_int_equal(tl_metrics_write(&out), 0);
    assert_non_null(strstr(out.p, "tl_acd_bad_input_total{edge=\"http\",class=\"slow\"} 2\n"));
    tl_log_setup("kit", TL_ERROR);
}

static void each_failing_allocation_is_survived(void **state)
{
    (void)state;
    for (int i = 0; i < 12; i++) {
        struct tl_metric *m;

        tl_mem_fail_after(i);
        m = tl_histogram("tl_x_seconds", "a=\"b\"", "How long.");
        tl_mem_fail_after(-1);
        tl_metric_observe(m, 1);
        tl_metrics_reset();
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_text_format_is_kept),
        T(label_sets_of_one_name_are_bounded),
        T(bad_input_is_counted_under_the_service),
        T(each_failing_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
