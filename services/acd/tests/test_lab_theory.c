/* What the formulas say where the answer is known, and what the core says of the same loads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <lab/erlang_check.h>
#include <math.h>
#include <tl_base.h>

static void near(double is, double want, double tolerance)
{
    if (!(fabs(is - want) <= tolerance))
        fail_msg("is %.9g, must be %.9g", is, want);
}

static void blocked_calls_are_those_of_the_tables(void **state)
{
    (void)state;
    near(erlang_b(1, 1), 0.5, 1e-12);
    near(erlang_b(2, 1), 0.2, 1e-12);
    near(erlang_b(10, 5), 0.018385, 1e-6);
    near(erlang_b(0, 7), 1, 0);
    assert_int_equal(erlang_trunks(10, 0.02), 17);
}

static void one_and_two_servers_have_simple_answers(void **state)
{
    struct erlang_answer a;

    (void)state;
    for (double load = 0.1; load < 0.99; load += 0.1) {
        struct erlang_load one = {load / 60, 60, 0, 1, 30}, two = {2 * load / 60, 60, 0, 2, 30};
        assert_int_equal(erlang_solve(&one, &a), 0);
        near(a.p_wait, load, 1e-12);
        near(a.asa_s, 60 * load / (1 - load), 1e-8);
        near(a.service_level, 1 - load * exp(-(1 - load) * 30 / 60), 1e-12);
        assert_int_equal(erlang_solve(&two, &a), 0);
        near(a.p_wait, 2 * load * load / (1 + load), 1e-12);
        near(a.occupancy, load, 1e-12);
    }
}

/* Patience as long as a call: then everybody in the system leaves at the same rate, and their
 * number is Poisson, however many servers there are. */
static void with_patience_like_talk_the_crowd_is_poisson(void **state)
{
    static const uint32_t servers[] = {1, 4, 20, 300, 1000};
    static const double loads[] = {0.5, 1, 1.3};

    (void)state;
    for (size_t i = 0; i < TL_LEN(servers); i++)
        for (size_t k = 0; k < TL_LEN(loads); k++) {
            double load = loads[k] * servers[i], waits = 0, waiting = 0;
            struct erlang_load l = {load / 100, 100, 100, servers[i], 20};
            struct erlang_answer a;
            for (uint32_t n = servers[i]; n < 4 * servers[i] + 200; n++) {
                double p = exp(n * log(load) - load - lgamma(n + 1.0));
                waits += p;
                waiting += p * (n - servers[i]);
            }
            assert_int_equal(erlang_solve(&l, &a), 0);
            near(a.p_wait, waits, 1e-9);
            near(a.p_abandon, waiting / load, 1e-9);
            near(a.wait_s, 100 * waiting / load, 1e-6);
            l.target_s = 1e7; /* whoever is answered is answered by then */
            assert_int_equal(erlang_solve(&l, &a), 0);
            near(a.service_level, 1 - a.p_abandon, 1e-5);
        }
}

static void endless_patience_is_the_limit_of_long_patience(void **state)
{
    struct erlang_load l = {0.9 * 30 / 180, 180, 0, 30, 20};
    struct erlang_answer c, a;

    (void)state;
    assert_int_equal(erlang_solve(&l, &c), 0);
    l.patience_s = 1e9;
    assert_int_equal(erlang_solve(&l, &a), 0);
    near(a.p_wait, c.p_wait, 1e-4);
    near(a.asa_s, c.asa_s, 1e-2);
    near(a.service_level, c.service_level, 1e-4);
}

static void a_thousand_servers_are_no_trouble(void **state)
{
    struct erlang_load l = {0.999 * 1000 / 180, 180, 0, 1000, 20};
    struct erlang_answer a;

    (void)state;
    assert_int_equal(erlang_solve(&l, &a), 0);
    assert_true(a.p_wait > 0.95 && a.p_wait < 1);
    near(a.asa_s, a.p_wait * 180, 1e-6); /* one server's worth is free: mu */
    l.per_s *= 2;
    assert_int_equal(erlang_solve(&l, &a), -1); /* without patience there is no answer */
    l.patience_s = 60;
    assert_int_equal(erlang_solve(&l, &a), 0);
    near(a.p_abandon, 1 - 1000 / 1998.0, 1e-3);
}

static void nonsense_has_no_answer(void **state)
{
    static const struct erlang_load nonsense[] = {
        {0, 1, 0, 1, 1}, {1, 0, 0, 1, 1}, {1, 1, 0, 0, 1}, {NAN, 1, 0, 9, 1}, {-1, 1, 1, 1, 1}};
    struct erlang_answer a;
    struct erlang_verdict v;

    (void)state;
    for (size_t i = 0; i < TL_LEN(nonsense); i++)
        assert_int_equal(erlang_solve(&nonsense[i], &a), -1);
    assert_int_equal(erlang_check(&nonsense[0], 10000, 1, &v), -EINVAL);
}

static void the_quantiles_are_students(void **state)
{
    (void)state;
    near(erlang_student(0.99, 29), 2.7564, 2e-4);
    near(erlang_student(0.95, 29), 2.0452, 2e-4);
    near(erlang_student(0.99, 1000000), 2.5758, 1e-4);
}

/* make sim-erlang does this with a million calls for each of many loads. */
static void the_core_agrees_with_theory(void **state)
{
    static const struct erlang_load loads[] = {{0.7 / 180, 180, 0, 1, 20},
                                               {0.8 * 10 / 180, 180, 0, 10, 20},
                                               {0.9 * 10 / 180, 180, 300, 10, 20},
                                               {1.2 * 5 / 180, 180, 120, 5, 20}};
    struct erlang_verdict v;

    (void)state;
    for (size_t i = 0; i < TL_LEN(loads); i++) {
        assert_int_equal(erlang_check(&loads[i], 60000, 11 + i, &v), 0);
        for (unsigned k = 0; k < v.n; k++)
            if (v.of[k].judged && fabs(v.of[k].mean - v.of[k].theory) > v.of[k].half)
                fail_msg("load %zu: %s is %.5f +- %.5f, theory says %.5f", i, v.of[k].name,
                         v.of[k].mean, v.of[k].half, v.of[k].theory);
        assert_true(v.within);
    }
}

/* A check that could not fail would prove nothing. */
static void a_wrong_theory_is_noticed(void **state)
{
    struct erlang_load l = {0.8 * 10 / 180, 180, 0, 10, 20};
    struct erlang_verdict v;
    struct erlang_answer other;

    (void)state;
    assert_int_equal(erlang_check(&l, 200000, 1, &v), 0);
    l.servers = 11;
    assert_int_equal(erlang_solve(&l, &other), 0);
    assert_true(fabs(v.of[0].mean - other.p_wait) > v.of[0].half);
    assert_true(fabs(v.of[1].mean - other.asa_s) > v.of[1].half);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocked_calls_are_those_of_the_tables),
        cmocka_unit_test(one_and_two_servers_have_simple_answers),
        cmocka_unit_test(with_patience_like_talk_the_crowd_is_poisson),
        cmocka_unit_test(endless_patience_is_the_limit_of_long_patience),
        cmocka_unit_test(a_thousand_servers_are_no_trouble),
        cmocka_unit_test(nonsense_has_no_answer),
        cmocka_unit_test(the_quantiles_are_students),
        cmocka_unit_test(the_core_agrees_with_theory),
        cmocka_unit_test(a_wrong_theory_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
