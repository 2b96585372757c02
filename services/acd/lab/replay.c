/* tl replay: recorded events through other rules, before and after. */
#include "bar.h"
#include "lab.h"
#include "options.h"
#include "rerun.h"
#include <adapters/policy_yaml.h>
#include <stdio.h>
#include <tl_mem.h>

static const char help[] =
    "usage: tl replay --events FILE --policy new.yaml [--baseline old.yaml] [--seed N] [--json]\n\n"
    "  Sends a recorded day through the routing core again, under other rules, in virtual time:\n"
    "  service level, waits, abandonment and occupancy per queue, before and after.\n\n"
    "  --events FILE    lines of `tl tail --json --service acd --since 24h`, or what\n"
    "                   `kcat -C -b BROKER -t threadline.acd.v1 -o beginning -e -f '%R%s'` "
    "writes;\n"
    "                   - is stdin\n"
    "  --policy FILE    the new rules\n"
    "  --baseline FILE  the old rules, replayed under the same assumptions: compare with these\n"
    "  --seed N         other dice for what the record does not say (1)\n"
    "  --json           one JSON object\n\n"
    "  Taken from the record: arrivals, needs, priority, agents coming, going and being away, the\n"
    "  ringing, talk and wrap-up of who was answered, the patience of who hung up.\n"
    "  Not in the record, and drawn by seed: the patience of who was answered (only known to be\n"
    "  longer than the wait they had: Kaplan-Meier estimate of their queue), and the talk of who\n"
    "  was not (a random answered contact of that queue).  So \"recorded\" and a replay of the "
    "old\n"
    "  rules differ a little: the fair comparison is --baseline with --policy.\n"
    "  Recorded P(wait) counts everybody who was not answered.  Opening hours are not applied.\n"
    "  A contact's own skill requirements count as level 1; transfers and consultations are not\n"
    "  replayed: the talk is that of the last conversation.\n";

struct wish {
    const char *events, *policy, *baseline;
    int64_t seed;
    bool json;
};

enum { RECORDED, BEFORE, AFTER, DAYS };
static const char *const day_names[] = {"recorded", "before", "after"};

struct days {
    struct record *record;
    struct policy_file *old, *new;
    struct floor_result of[DAYS];
    bool has[DAYS];
    struct rerun_gaps gaps;
};

static int read_wish(struct wish *w, int argc, char **argv)
{
    const struct lab_option options[] = {
        {"--events", .text = &w->events},
        {"--policy", .text = &w->policy},
        {"--baseline", .text = &w->baseline},
        {"--seed", .number = &w->seed, .least = 0, .most = INT64_MAX},
        {"--json", .flag = &w->json},
    };
    int rc = lab_options(argc, argv, options, TL_LEN(options));

    if (rc || (w->events && w->policy))
        return rc;
    fprintf(stderr, "tl replay: %s is missing; `tl replay --help` explains\n",
            w->events ? "--policy FILE" : "--events FILE");
    return 2;
}

static void show_before(double share)
{
    bar_show("before", share);
}

static void show_after(double share)
{
    bar_show("after", share);
}

static int replay(struct days *d, const struct wish *w, struct tl_buf *why)
{
    const struct rerun_watch old = {.progress = show_before}, new = {.progress = show_after};
    struct rerun_gaps gaps;
    int err = policy_load(&d->new, w->policy, why);

    if (!err && w->baseline)
        err = policy_load(&d->old, w->baseline, why);
    if (!err)
        err = record_load(&d->record, w->events, why);
    if (!err)
        err = record_lives(d->record, (uint64_t)w->seed);
    if (!err)
        err = rerun_recorded(d->record, policy_of(d->new), &d->of[RECORDED]);
    d->has[RECORDED] = !err;
    if (!err && w->baseline) {
        err = rerun(d->record, policy_of(d->old), &old, &d->of[BEFORE], &gaps);
        d->has[BEFORE] = !err;
    }
    if (!err)
        err = rerun(d->record, policy_of(d->new), &new, &d->of[AFTER], &d->gaps);
    d->has[AFTER] = !err;
    bar_clear();
    return err;
}

/* The queue of a day by its name in the new rules; NULL where the old ones lack it. */
static const struct numbers *numbers_of(const struct days *d, unsigned day, uint32_t queue)
{
    const struct acd_policy *new = policy_of(d->new), *old;

    if (day != BEFORE)
        return &d->of[day].queues[queue];
    old = policy_of(d->old);
    for (uint32_t q = 0; q < old->n_queues; q++)
        if (tl_id_eq(&old->queues[q].name, &new->queues[queue].name))
            return &d->of[day].queues[q];
    return NULL;
}

struct line {
    char name[TL_ID_MAX + 16];
    const char *queue;
    unsigned day;
    struct numbers_row row;
};

static size_t lines_of(const struct days *d, struct line *lines)
{
    const struct acd_policy *p = policy_of(d->new);
    size_t n = 0;

    for (uint32_t q = 0; q <= p->n_queues; q++) {
        const char *queue = q < p->n_queues ? p->queues[q].name.s : "total";
        for (unsigned day = 0; day < DAYS; day++) {
            const struct numbers *of = NULL;
            struct line *l = &lines[n];
            if (d->has[day])
                of = q < p->n_queues ? numbers_of(d, day, q) : &d->of[day].total;
            if (!of || (q < p->n_queues && of->offered == 0))
                continue;
            (void)snprintf(l->name, sizeof(l->name), "%s %s", queue, day_names[day]);
            l->queue = queue;
            l->day = day;
            l->row = (struct numbers_row){l->name, of, d->of[day].last - d->of[day].first};
            n++;
        }
    }
    return n;
}

static void print_json(struct tl_buf *out, const struct line *lines, size_t n)
{
    (void)tl_buf_puts(out, "{\"days\":[");
    for (size_t i = 0; i < n; i++) {
        struct numbers_row row = lines[i].row;
        row.name = lines[i].queue;
        (void)tl_buf_printf(out, "%s{\"day\":\"%s\",\"numbers\":", i ? "," : "",
                            day_names[lines[i].day]);
        (void)numbers_json(out, &row);
        (void)tl_buf_putc(out, '}');
    }
    (void)tl_buf_puts(out, "]}\n");
}

static void print_table(struct tl_buf *out, const struct days *d, const struct numbers_row *rows,
                        size_t n)
{
    const struct record *r = d->record;

    (void)numbers_table(out, rows, n);
    (void)numbers_legend(out);
    (void)tl_buf_printf(out, "\n%llu events, %zu contacts in %.1f hours\n",
                        (unsigned long long)r->events, r->n_contacts,
                        (double)(r->last - r->first) / 3.6e9);
    if (r->junk)
        (void)tl_buf_printf(out, "%llu messages left out: they are no events of the ACD\n",
                            (unsigned long long)r->junk);
    if (r->left_out)
        (void)tl_buf_printf(out, "%llu contacts left out: they came before the record begins\n",
                            (unsigned long long)r->left_out);
    if (d->gaps.contacts || d->gaps.agents || d->gaps.skills)
        (void)tl_buf_printf(out,
                            "the new rules lack: the queue of %llu contacts (left out), %llu "
                            "agents (left out), the skill of %llu requirements (dropped)\n",
                            (unsigned long long)d->gaps.contacts,
                            (unsigned long long)d->gaps.agents, (unsigned long long)d->gaps.skills);
}

static int print(const struct days *d, bool json)
{
    size_t most = DAYS * ((size_t)policy_of(d->new)->n_queues + 1), n;
    struct line *lines = tl_alloc(most, sizeof(*lines));
    struct numbers_row *rows = tl_alloc(most, sizeof(*rows));
    struct tl_buf out = TL_BUF(64 * 1024 * 1024);
    int rc = 1;

    if (!lines || !rows)
        goto out;
    n = lines_of(d, lines);
    for (size_t i = 0; i < n; i++)
        rows[i] = lines[i].row;
    if (json)
        print_json(&out, lines, n);
    else
        print_table(&out, d, rows, n);
    rc = out.err || fputs(out.p, stdout) == EOF;
out:
    if (rc)
        fprintf(stderr, "tl replay: the result could not be written\n");
    tl_buf_done(&out);
    tl_free(lines);
    tl_free(rows);
    return rc;
}

int acd_lab_replay(int argc, char **argv)
{
    struct wish w = {.seed = 1};
    struct days d = {0};
    struct tl_buf why = TL_BUF(65536);
    int rc = read_wish(&w, argc, argv), err;

    if (rc == 1)
        return fputs(help, stdout) == EOF;
    if (rc)
        return rc;
    err = replay(&d, &w, &why);
    if (err == -EPROTO)
        (void)tl_buf_puts(&why, "tl replay: the core refused what it must take: please report "
                                "this\n");
    if (err)
        fprintf(stderr, "%s", why.p ? why.p : "tl replay: out of memory\n");
    rc = err ? 1 : print(&d, w.json);
    for (unsigned i = 0; i < DAYS; i++)
        floor_done(&d.of[i]);
    record_free(d.record);
    policy_free(d.old);
    policy_free(d.new);
    tl_buf_done(&why);
    return rc;
}
