/* tl simulate: a scenario, or one queue from the command line, through the core; then a table. */
#include "bar.h"
#include "erlang.h"
#include "lab.h"
#include "options.h"
#include "scenario.h"
#include <stdio.h>
#include <time.h>
#include <tl_mem.h>

static const char help[] =
    "usage: tl simulate --scenario FILE [--policy FILE] [options]\n"
    "       tl simulate --per-hour N --agents N [--talk 180s] [--patience 5m] [options]\n\n"
    "  Predicts a day: seeded customers and a staffing through the same routing core that serves\n"
    "  live contacts, in virtual time.  The same seed gives the same day.  Queues are open all\n"
    "  the time: the calendar's hours are for the traffic to follow.  Nobody picks by hand here, "
    "so the\n"
    "  contacts of a manual queue wait.\n\n"
    "  --scenario FILE  who comes and who is there; services/acd/lab/scenario.h has the keys,\n"
    "                   services/acd/lab/example.yaml is one\n"
    "  --policy FILE    the rules (acd.yaml); goes before the scenario's own\n"
    "  --per-hour N     without a scenario: one queue, Poisson arrivals\n"
    "  --agents N       and so many agents\n"
    "  --talk D         mean talk time, exponential (180s)\n"
    "  --patience D     mean patience, exponential (nobody hangs up)\n"
    "  --target D       of the service level (20s)\n"
    "  --calls N        until so many have come (one queue: 1000000)\n"
    "  --for D          until so much time has passed\n"
    "  --seed N         other dice (1)\n"
    "  --json           one JSON object\n";

struct wish {
    const char *scenario, *policy;
    int64_t per_hour, agents, calls, seed;
    tl_dur talk, patience, target, length;
    bool json;
};

static int read_wish(struct wish *w, int argc, char **argv)
{
    const struct lab_option options[] = {
        {"--scenario", .text = &w->scenario},
        {"--policy", .text = &w->policy},
        {"--per-hour", .number = &w->per_hour, .least = 1, .most = 10000000},
        {"--agents", .number = &w->agents, .least = 1, .most = 5000},
        {"--calls", .number = &w->calls, .least = 1, .most = INT64_C(10000000000)},
        {"--seed", .number = &w->seed, .least = 0, .most = INT64_MAX},
        {"--talk", .duration = &w->talk},
        {"--patience", .duration = &w->patience},
        {"--target", .duration = &w->target},
        {"--for", .duration = &w->length},
        {"--json", .flag = &w->json},
    };
    int rc = lab_options(argc, argv, options, TL_LEN(options));
    const char *wrong = NULL;

    if (rc)
        return rc;
    if (w->scenario && (w->per_hour || w->agents || w->talk || w->patience || w->target))
        wrong = "--scenario says who comes and who is there; leave --per-hour, --agents, --talk, "
                "--patience and --target out";
    else if (!w->scenario && (!w->per_hour || !w->agents))
        wrong = "give --scenario FILE, or --per-hour N and --agents N";
    else if (!w->scenario && w->policy)
        wrong = "--policy goes with --scenario";
    if (wrong)
        fprintf(stderr, "tl simulate: %s; `tl simulate --help` explains\n", wrong);
    return wrong ? 2 : 0;
}

/* One queue as the two files one would write for it. */
static int one_queue(struct scenario **ret, const struct wish *w, struct tl_buf *why)
{
    struct tl_buf rules = TL_BUF(1024 * 1024), text = TL_BUF(4096);
    int err;

    (void)tl_buf_printf(&rules,
                        "queues: [{name: all, wrap_up: 0s, max_waiting: 4000000, "
                        "service_target: %lldms}]\nagents: [{id: a, queues: [all]}]\n",
                        (long long)(w->target / TL_MSEC(1)));
    (void)tl_buf_printf(
        &text, "traffic: [{queue: all, per_hour: %lld, talk: exponential %lldms, patience: ",
        (long long)w->per_hour, (long long)(w->talk / TL_MSEC(1)));
    if (w->patience)
        (void)tl_buf_printf(&text, "exponential %lldms", (long long)(w->patience / TL_MSEC(1)));
    (void)tl_buf_printf(&text, "%s}]\nstaff: [{like: a, count: %lld}]\n%s",
                        w->patience ? "" : "never", (long long)w->agents,
                        w->length ? "" : "calls: 1000000\n");
    err = text.err ? text.err
                   : scenario_parse(ret, tl_buf_str(&text), "simulate", tl_buf_str(&rules), "rules",
                                    why);
    tl_buf_done(&rules);
    tl_buf_done(&text);
    return err;
}

struct show {
    struct scenario *s;
    uint64_t calls; /* UINT64_MAX: until the time is over */
};

static bool next_call(void *arg, struct floor_call *ret)
{
    struct show *show = arg;

    return traffic_next(&show->s->traffic, ret);
}

static void progress(void *arg, tl_time now, uint64_t offered)
{
    const struct show *show = arg;
    double of_time =
        (double)(now - show->s->start) / (double)(show->s->traffic.until - show->s->start);
    double of_calls = (double)offered / (double)show->calls;

    bar_show("simulating", TL_HIGHER(of_time, of_calls));
}

static void print_theory(const struct wish *w, struct tl_buf *out)
{
    struct erlang_load l = {.per_s = (double)w->per_hour / 3600,
                            .handle_s = (double)w->talk / 1e6,
                            .patience_s = (double)w->patience / 1e6,
                            .servers = (uint32_t)w->agents,
                            .target_s = (double)w->target / 1e6};
    struct erlang_answer a;

    if (erlang_solve(&l, &a)) {
        (void)tl_buf_puts(out, "\nErlang C: more load than agents; without patience the line "
                               "grows without end\n");
        return;
    }
    (void)tl_buf_printf(out,
                        "\nErlang %s: P(wait) %.1f %%, ASA %.2f s, within %.0f s %.1f %% of all, "
                        "occupancy %.1f %%, abandoned %.2f %%\n",
                        w->patience ? "A" : "C", 100 * a.p_wait, a.asa_s, l.target_s,
                        100 * a.service_level, 100 * a.occupancy, 100 * a.p_abandon);
}

/* The queues somebody came to, and the total if there are several. */
static size_t rows_of(const struct scenario *s, const struct floor_result *r,
                      struct numbers_row *rows)
{
    tl_dur span = r->last - s->start;
    size_t n = 0;

    for (uint32_t q = 0; q < r->n_queues; q++)
        if (r->queues[q].offered)
            rows[n++] = (struct numbers_row){s->policy.queues[q].name.s, &r->queues[q], span};
    rows[n++] = (struct numbers_row){"total", &r->total, span};
    return n;
}

static void print_json(struct tl_buf *out, const struct wish *w, const struct floor_result *r,
                       const struct numbers_row *rows, size_t n)
{
    (void)tl_buf_printf(out, "{\"seed\":%lld,\"hours\":%.4f,\"facts\":%llu,\"queues\":[",
                        (long long)w->seed, (double)(r->last - r->first) / 3.6e9,
                        (unsigned long long)r->facts);
    for (size_t i = 0; i < n; i++) {
        (void)(i ? tl_buf_putc(out, ',') : 0);
        (void)numbers_json(out, &rows[i]);
    }
    (void)tl_buf_puts(out, "]}\n");
}

static int print(const struct wish *w, const struct scenario *s, const struct floor_result *r,
                 double took_s)
{
    struct tl_buf out = TL_BUF(64 * 1024 * 1024);
    struct numbers_row *rows = tl_alloc((size_t)r->n_queues + 1, sizeof(*rows));
    size_t n = rows ? rows_of(s, r, rows) : 0;

    if (rows && w->json) {
        print_json(&out, w, r, rows, n);
    } else if (rows) {
        (void)numbers_table(&out, rows, n);
        (void)numbers_legend(&out);
        if (!w->scenario)
            print_theory(w, &out);
        (void)tl_buf_printf(&out,
                            "\n%.1f hours, %u agents, %llu customers, %llu facts in %.2f s; "
                            "seed %lld\n",
                            (double)(r->last - s->start) / 3.6e9, s->policy.n_agents,
                            (unsigned long long)r->total.offered, (unsigned long long)r->facts,
                            took_s, (long long)w->seed);
    }
    tl_free(rows);
    if (!rows || out.err || fputs(out.p, stdout) == EOF) {
        fprintf(stderr, "tl simulate: the result could not be written\n");
        tl_buf_done(&out);
        return 1;
    }
    tl_buf_done(&out);
    return 0;
}

static double seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail with this clock */
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int simulate(const struct wish *w, struct scenario *s)
{
    struct show show = {.s = s};
    const struct floor_opts opts = {.policy = &s->policy,
                                    .source = next_call,
                                    .shifts = s->shifts,
                                    .n_shifts = s->n_shifts,
                                    .progress = progress,
                                    .arg = &show};
    struct floor_result r;
    double began = seconds();
    int err, rc = 1;

    if (w->length)
        s->traffic.until = s->start + w->length;
    if (w->calls)
        s->traffic.left = (uint64_t)w->calls;
    show.calls = s->traffic.left < INT64_MAX ? s->traffic.left : UINT64_MAX;
    traffic_start(&s->traffic, (uint64_t)w->seed, s->start);
    err = floor_run(&opts, &r);
    bar_clear();
    if (err)
        fprintf(stderr, "tl simulate: %s\n",
                err == -ENOMEM ? "out of memory; fewer waiting contacts (patience, max_wait) "
                                 "would help"
                               : "the core refused what it must take: please report this");
    else
        rc = print(w, s, &r, seconds() - began);
    floor_done(&r);
    return rc;
}

int acd_lab_simulate(int argc, char **argv)
{
    struct wish w = {.seed = 1};
    struct tl_buf why = TL_BUF(65536);
    struct scenario *s = NULL;
    int rc = read_wish(&w, argc, argv), err;

    if (rc == 1)
        return fputs(help, stdout) == EOF;
    if (rc)
        return rc;
    w.talk = w.talk ? w.talk : TL_SEC(180);
    w.target = w.target ? w.target : TL_SEC(20);
    err = w.scenario ? scenario_load(&s, w.scenario, w.policy, &why) : one_queue(&s, &w, &why);
    if (err) {
        fprintf(stderr, "%s", why.p ? why.p : "tl simulate: out of memory\n");
        rc = 1;
    } else {
        rc = simulate(&w, s);
    }
    scenario_free(s);
    tl_buf_done(&why);
    return rc;
}
