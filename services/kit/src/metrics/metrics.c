/*
 * Metrics: families in the order they were first named, each with its label sets.  Finding one is a
 * hash look-up; adding to one is an addition.
 */
#include <math.h>
#include <stdio.h>
#include <tl_map.h>
#include <tl_mem.h>
#include <tl_metrics.h>

#include "metrics.h"

enum { LABEL_SETS_MAX = 2000, READERS_MAX = 32 };

static const double bounds[] = {.0001, .00025, .0005, .001, .0025, .005, .01, .025,
                                .05,   .1,     .25,   .5,   1,     2.5,  5,   10};
enum { BUCKETS = sizeof(bounds) / sizeof(bounds[0]) + 1 }; /* the last is +Inf */

enum kind { COUNTER, GAUGE, HISTOGRAM };
static const char *const kind_names[] = {"counter", "gauge", "histogram"};

struct family;

struct tl_metric {
    struct tl_entry entry; /* key: name{labels} */
    struct tl_metric *next;
    char *key;
    const char *labels; /* inside key, "" if none */
    enum kind kind;
    double value;      /* histogram: sum */
    uint64_t *buckets; /* histogram: BUCKETS of them, not cumulative */
};

struct family {
    struct tl_entry entry;
    struct family *next;
    char *name, *help;
    enum kind kind;
    struct tl_metric *first, **end;
    unsigned n;
};

static struct {
    struct tl_map families, metrics;
    struct family *first, **end;
    struct {
        void (*fn)(void *arg);
        void *arg;
    } readers[READERS_MAX];
    unsigned n_readers;
} all;

static char service_name[40] = "kit";

static struct family *family_new(const char *name, const char *help, enum kind kind)
{
    struct family *f = tl_alloc(1, sizeof(*f));

    if (!f)
        return NULL;
    f->name = tl_copy(name, strlen(name));
    f->help = tl_copy(help, strlen(help));
    f->kind = kind;
    f->end = &f->first;
    if (!f->name || !f->help || tl_map_add(&all.families, &f->entry, tl_str(f->name))) {
        tl_free(f->name);
        tl_free(f->help);
        return tl_free(f);
    }
    if (!all.end)
        all.end = &all.first;
    *all.end = f;
    all.end = &f->next;
    return f;
}

static struct tl_metric *metric_new(struct family *f, struct tl_str key)
{
    struct tl_metric *m = tl_alloc(1, sizeof(*m));

    if (!m)
        return NULL;
    m->kind = f->kind;
    m->key = tl_copy(key.s, key.n);
    if (f->kind == HISTOGRAM)
        m->buckets = tl_alloc(BUCKETS, sizeof(*m->buckets));
    if (!m->key || (f->kind == HISTOGRAM && !m->buckets) ||
        tl_map_add(&all.metrics, &m->entry, (struct tl_str){m->key, key.n})) {
        tl_free(m->key);
        tl_free(m->buckets);
        return tl_free(m);
    }
    m->labels = m->key + strlen(f->name) + 1;
    *f->end = m;
    f->end = &m->next;
    f->n++;
    return m;
}

static struct tl_metric *get(const char *name, const char *labels, const char *help, enum kind kind)
{
    char text[512];
    int n = snprintf(text, sizeof(text), "%s%c%s", name, 1, labels ? labels : "");
    struct tl_str key = {text, (size_t)n};
    struct tl_entry *e;
    struct family *f;

    if (n < 0 || (size_t)n >= sizeof(text))
        return NULL;
    e = tl_map_find(&all.metrics, key);
    if (e)
        return TL_CONTAINER(e, struct tl_metric, entry);
    e = tl_map_find(&all.families, tl_str(name));
    f = e ? TL_CONTAINER(e, struct family, entry) : family_new(name, help, kind);
    if (!f || f->kind != kind || f->n >= LABEL_SETS_MAX)
        return NULL;
    return metric_new(f, key);
}

struct tl_metric *tl_counter(const char *name, const char *labels, const char *help)
{
    return get(name, labels, help, COUNTER);
}

struct tl_metric *tl_gauge(const char *name, const char *labels, const char *help)
{
    return get(name, labels, help, GAUGE);
}

struct tl_metric *tl_histogram(const char *name, const char *labels, const char *help)
{
    return get(name, labels, help, HISTOGRAM);
}

void tl_metric_add(struct tl_metric *m, double n)
{
    if (m && m->kind != HISTOGRAM)
        m->value += n;
}

void tl_metric_set(struct tl_metric *m, double value)
{
    if (m && m->kind == GAUGE)
        m->value = value;
}

void tl_metric_observe(struct tl_metric *m, double value)
{
    size_t i = 0;

    if (!m || m->kind != HISTOGRAM || !isfinite(value))
        return;
    while (i < BUCKETS - 1 && value > bounds[i])
        i++;
    m->buckets[i]++;
    m->value += value;
}

double tl_metric_value(const struct tl_metric *m)
{
    uint64_t n = 0;

    if (!m)
        return 0;
    if (m->kind != HISTOGRAM)
        return m->value;
    for (size_t i = 0; i < BUCKETS; i++)
        n += m->buckets[i];
    return (double)n;
}

void metrics_service(const char *service)
{
    (void)tl_str_put(service_name, sizeof(service_name), tl_str(service)); /* cut is fine */
}

void metrics_name(char out[96], const char *suffix)
{
    (void)snprintf(out, 96, "tl_%s_%s", service_name, suffix); /* cut is fine */
}

void tl_bad_input(const char *edge, const char *class_name)
{
    char name[96], labels[160];

    metrics_name(name, "bad_input_total");
    (void)snprintf(labels, sizeof(labels), "edge=\"%.40s\",class=\"%.80s\"", edge, class_name);
    tl_metric_add(tl_counter(name, labels, "Input that was refused, by edge and class."), 1);
}

void tl_metrics_on_read(void (*fn)(void *arg), void *arg)
{
    if (all.n_readers < READERS_MAX) {
        all.readers[all.n_readers].fn = fn;
        all.readers[all.n_readers++].arg = arg;
    }
}

static void write_histogram(struct tl_buf *out, const struct family *f, const struct tl_metric *m)
{
    const char *comma = *m->labels ? "," : "";
    uint64_t n = 0;

    for (size_t i = 0; i < BUCKETS; i++) {
        n += m->buckets[i];
        if (i < BUCKETS - 1)
            tl_buf_printf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", f->name, m->labels, comma,
                          bounds[i], (unsigned long long)n);
        else
            tl_buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", f->name, m->labels, comma,
                          (unsigned long long)n);
    }
    for (int sum = 1; sum >= 0; sum--) {
        tl_buf_printf(out, "%s_%s", f->name, sum ? "sum" : "count");
        if (*m->labels)
            tl_buf_printf(out, "{%s}", m->labels);
        tl_buf_printf(out, " %.17g\n", sum ? m->value : (double)n);
    }
}

int tl_metrics_write(struct tl_buf *out)
{
    for (unsigned i = 0; i < all.n_readers; i++)
        all.readers[i].fn(all.readers[i].arg);
    for (const struct family *f = all.first; f; f = f->next) {
        tl_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name,
                      kind_names[f->kind]);
        for (const struct tl_metric *m = f->first; m; m = m->next) {
            if (m->kind == HISTOGRAM)
                write_histogram(out, f, m);
            else if (*m->labels)
                tl_buf_printf(out, "%s{%s} %.17g\n", f->name, m->labels, m->value);
            else
                tl_buf_printf(out, "%s %.17g\n", f->name, m->value);
        }
    }
    return out->err;
}

static struct family *family_free(struct family *f)
{
    struct family *next = f->next;

    for (struct tl_metric *m = f->first, *m_next; m; m = m_next) {
        m_next = m->next;
        tl_free(m->key);
        tl_free(m->buckets);
        tl_free(m);
    }
    tl_free(f->name);
    tl_free(f->help);
    tl_free(f);
    return next;
}

void tl_metrics_reset(void)
{
    for (struct family *f = all.first; f;)
        f = family_free(f);
    tl_map_done(&all.families);
    tl_map_done(&all.metrics);
    memset(&all, 0, sizeof(all));
}
