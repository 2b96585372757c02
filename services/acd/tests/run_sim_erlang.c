/* make sim-erlang: a grid of loads, and published cases where their file is given, simulated with
 * the real core and held against the formulas.
 *
 *     run_sim_erlang [CALLS [published_cases.json]] */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lab/erlang_check.h>
#include <tl_base.h>

static struct {
    uint64_t calls, simulated;
    unsigned cases, within, again;
    unsigned formulas, formulas_right;
} run;

static void print_verdict(const struct erlang_load *l, const struct erlang_verdict *v)
{
    printf("%-8s %7u %5.2f  ", l->patience_s > 0 ? "Erlang A" : "Erlang C", l->servers,
           l->per_s * l->handle_s / l->servers);
    for (unsigned i = 0; i < v->n; i++)
        printf(v->of[i].judged ? " %9.5f %9.5f +-%8.5f" : " %9.5f %9.5f     rare ", v->of[i].theory,
               v->of[i].mean, v->of[i].half);
    printf("  %s\n", v->within ? "within" : "OUTSIDE");
    (void)fflush(stdout);
}

/* One in a hundred falls outside by chance: it has a second chance with other dice and intervals
 * half as wide, and counts by that. */
static int one(const struct erlang_load *l, uint64_t seed)
{
    struct erlang_verdict v;
    int err = erlang_check(l, run.calls, seed, &v);

    run.simulated += run.calls;
    if (!err)
        print_verdict(l, &v);
    if (!err && !v.within) {
        run.again++;
        run.simulated += 4 * run.calls;
        err = erlang_check(l, 4 * run.calls, seed + 500, &v);
        if (!err)
            print_verdict(l, &v);
    }
    if (err) {
        fprintf(stderr, "sim-erlang: %u servers: %s\n", l->servers, strerror(-err));
        return 1;
    }
    run.cases++;
    run.within += v.within;
    return 0;
}

static int grid(void)
{
    static const uint32_t servers[] = {1, 5, 20, 100};
    static const double loads[] = {0.5, 0.7, 0.8, 0.9, 0.95}, impatient[] = {0.5, 0.8, 0.95, 1.2};
    struct erlang_load l = {.handle_s = 180, .target_s = 20};
    uint64_t seed = 1;

    for (size_t s = 0; s < TL_LEN(servers); s++)
        for (size_t i = 0; i < TL_LEN(loads); i++) {
            l.servers = servers[s];
            l.per_s = loads[i] * servers[s] / l.handle_s;
            if (one(&l, seed++))
                return 1;
        }
    l.patience_s = 300;
    for (size_t s = 1; s < TL_LEN(servers); s++)
        for (size_t i = 0; i < TL_LEN(impatient); i++) {
            l.servers = servers[s];
            l.per_s = impatient[i] * servers[s] / l.handle_s;
            if (one(&l, seed++))
                return 1;
        }
    return 0;
}

/* ---- published cases ---- */

static double number(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

static void expect(const json_t *c, const char *key, double is)
{
    const json_t *want = json_object_get(json_object_get(c, "expect"), key);
    double tol = json_object_get(c, "tol") ? number(c, "tol") : 1e-9;

    if (!want)
        return;
    bool right = fabs(json_number_value(want) - is) <= tol * 1.0001;
    run.formulas++;
    run.formulas_right += right;
    printf("formula   %-17s %-14s published %10.6f computed %10.6f  %s\n",
           json_string_value(json_object_get(c, "model")), key, json_number_value(want), is,
           right ? "right" : "WRONG");
}

static struct erlang_load load_of(const json_t *c)
{
    struct erlang_load l = {.servers = (uint32_t)number(c, "agents")};

    if (json_object_get(c, "arrivals_per_min")) {
        l.per_s = number(c, "arrivals_per_min") / 60;
        l.handle_s = 60 * number(c, "mean_service_min");
        l.patience_s = 60 * number(c, "mean_patience_min");
    } else if (json_object_get(c, "calls")) {
        l.per_s = number(c, "calls") / (60 * number(c, "interval_min"));
        l.handle_s = 60 * number(c, "aht_min");
        l.patience_s = 60 * number(c, "patience_min");
    } else {
        l.handle_s = number(c, "aht_s");
        l.per_s = l.handle_s > 0 ? number(c, "erlangs") / l.handle_s : 0;
    }
    l.target_s = json_object_get(c, "target_wait_min") ? 60 * number(c, "target_wait_min")
                 : json_object_get(c, "target_wait_s") ? number(c, "target_wait_s")
                                                       : number(c, "target_s");
    return l;
}

static void expect_staff(const json_t *c, struct erlang_load *l)
{
    double most = json_object_get(c, "max_occupancy") ? number(c, "max_occupancy") : 1;
    const json_t *range = json_object_get(json_object_get(c, "expect"), "agents_between");

    l->servers = erlang_staff(*l, number(c, "service_level"), most);
    expect(c, "raw_positions", l->servers);
    expect(c, "positions", ceil(l->servers / (1 - number(c, "shrinkage"))));
    if (range) {
        bool right = l->servers >= json_number_value(json_array_get(range, 0)) &&
                     l->servers <= json_number_value(json_array_get(range, 1));
        run.formulas++;
        run.formulas_right += right;
        printf("formula   %-17s %-14s published %4.0f to %3.0f computed %10u  %s\n",
               json_string_value(json_object_get(c, "model")), "agents",
               json_number_value(json_array_get(range, 0)),
               json_number_value(json_array_get(range, 1)), l->servers, right ? "right" : "WRONG");
    }
}

static int published_case(const json_t *c, uint64_t seed)
{
    const char *model = json_string_value(json_object_get(c, "model"));
    struct erlang_load l = load_of(c);
    struct erlang_answer a;

    if (!model)
        return 1;
    if (strcmp(model, "Erlang B") == 0) {
        expect(c, "blocking", erlang_b((uint32_t)number(c, "servers"), number(c, "erlangs")));
        expect(c, "servers", erlang_trunks(number(c, "erlangs"), number(c, "max_blocking")));
        return 0;
    }
    if (strstr(model, "staffing"))
        expect_staff(c, &l);
    if (erlang_solve(&l, &a))
        return 1;
    expect(c, "mean_wait_s", a.wait_s);
    expect(c, "service_level", a.service_level);
    expect(c, "occupancy", a.occupancy);
    expect(c, "p_wait", a.p_wait);
    expect(c, "p_abandon", a.p_abandon);
    expect(c, "asa_min", a.wait_s / 60); /* that source's ASA is the mean wait of everybody */
    return one(&l, seed);
}

static int published(const char *path)
{
    json_error_t why;
    json_t *all = json_load_file(path, 0, &why), *c;
    size_t i;
    int rc = 0;

    if (!json_is_array(all)) {
        fprintf(stderr, "sim-erlang: %s:%d: %s\n", path, all ? 1 : why.line,
                all ? "must be a list of cases" : why.text);
        json_decref(all);
        return 1;
    }
    json_array_foreach (all, i, c) {
        if (rc == 0 && published_case(c, 200 + i)) {
            fprintf(stderr, "sim-erlang: %s: case %zu is not understood\n", path, i + 1);
            rc = 1;
        }
    }
    json_decref(all);
    return rc;
}

int main(int argc, char **argv)
{
    run.calls = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    if (run.calls < 1000) {
        fprintf(stderr, "usage: %s [CALLS, at least 1000 [published_cases.json]]\n", argv[0]);
        return 2;
    }
    printf("%llu calls each, talk 180 s, target 20 s, patience 300 s (Erlang A); theory, simulated "
           "+- joint 99 %% interval\nmodel    servers  load   P(wait), ASA [s], service level, "
           "occupancy, abandoned\n",
           (unsigned long long)run.calls);
    if (grid() || (argc > 2 && published(argv[2])))
        return 1;
    if (argc <= 2)
        printf("published cases: skipped, DATA is not given (make sim-erlang DATA=folder)\n");
    else
        printf("published formulas: %u of %u right\n", run.formulas_right, run.formulas);
    printf("simulated %llu calls, %u cases run again\n", (unsigned long long)run.simulated,
           run.again);
    printf("cases=%u within_ci=%u\n", run.cases, run.within);
    return run.within < run.cases || run.formulas_right < run.formulas;
}
