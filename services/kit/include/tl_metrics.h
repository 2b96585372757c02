/**
 * @file tl_metrics.h  Counters, gauges and histograms in Prometheus text format 0.0.4.
 * A metric is made once, at start or at the first use of a label set, and then only added to (loop
 * thread).
 */
#ifndef TL_METRICS_H
#define TL_METRICS_H

#include <tl_buf.h>

struct tl_metric;

/** labels: "edge=\"http\",class=\"oversize\"" or NULL.  The same name and labels give the same
 * metric. NULL only when out of memory or over 2000 label sets of one name; the functions below
 * accept NULL. */
struct tl_metric *tl_counter(const char *name, const char *labels, const char *help);
struct tl_metric *tl_gauge(const char *name, const char *labels, const char *help);
/** Latencies [s] in fixed buckets from 100 us to 10 s. */
struct tl_metric *tl_histogram(const char *name, const char *labels, const char *help);

void tl_metric_add(struct tl_metric *m, double n);
void tl_metric_set(struct tl_metric *m, double value);
void tl_metric_observe(struct tl_metric *m, double value);
double tl_metric_value(const struct tl_metric *m);

/** tl_<svc>_bad_input_total{edge,class} += 1; svc as given to tl_log_setup(). */
void tl_bad_input(const char *edge, const char *class_name);

/** Called just before /metrics is written, to refresh gauges. */
void tl_metrics_on_read(void (*fn)(void *arg), void *arg);
int tl_metrics_write(struct tl_buf *out);
/** Tests: forget everything. */
void tl_metrics_reset(void);

#endif
