/* Ratios have one place each; see numbers.h. */
#include "numbers.h"

void numbers_add(struct numbers *to, const struct numbers *n)
{
    to->offered += n->offered;
    to->answered += n->answered;
    to->abandoned += n->abandoned;
    to->short_abandoned += n->short_abandoned;
    to->flowed_out += n->flowed_out;
    to->waiting += n->waiting;
    to->answered_in_time += n->answered_in_time;
    to->abandoned_in_time += n->abandoned_in_time;
    to->delayed += n->delayed;
    to->wait_of_answered += n->wait_of_answered;
    to->wait_of_all += n->wait_of_all;
    to->released += n->released;
    to->handled += n->handled;
    to->most_waiting = TL_HIGHER(to->most_waiting, n->most_waiting);
    to->longest_wait = TL_HIGHER(to->longest_wait, n->longest_wait);
    to->forecast_error += n->forecast_error;
    to->forecasts += n->forecasts;
    to->forecast_error_long += n->forecast_error_long;
    to->forecasts_long += n->forecasts_long;
}

static double share(double part, double whole, double nothing)
{
    return whole > 0 ? part / whole : nothing;
}

double numbers_sl(const struct numbers *n)
{
    return share((double)n->answered_in_time,
                 (double)(n->answered + n->abandoned - n->short_abandoned), -1);
}

double numbers_asterisk_sl(const struct numbers *n)
{
    return share((double)n->answered_in_time, (double)n->answered, -1);
}

double numbers_asterisk_sl2(const struct numbers *n)
{
    return share((double)(n->answered_in_time + n->abandoned_in_time),
                 (double)(n->answered + n->abandoned), -1);
}

double numbers_asa_s(const struct numbers *n)
{
    return share(n->wait_of_answered / 1e6, (double)n->answered, 0);
}

double numbers_p_wait(const struct numbers *n)
{
    return share((double)n->delayed, (double)n->offered, 0);
}

double numbers_aht_s(const struct numbers *n)
{
    return share(n->handled / 1e6, (double)n->released, 0);
}

double numbers_occupancy(const struct numbers *n)
{
    return share(n->busy, n->available, 0);
}

double numbers_abandon(const struct numbers *n)
{
    return share((double)n->abandoned, (double)n->offered, 0);
}

double numbers_queue_length(const struct numbers *n, tl_dur span)
{
    return share(n->wait_of_all, (double)span, 0);
}

double numbers_mape(const struct numbers *n)
{
    return share(n->forecast_error, (double)n->forecasts, -1);
}

double numbers_mape_long(const struct numbers *n)
{
    return share(n->forecast_error_long, (double)n->forecasts_long, -1);
}

static void percent(struct tl_buf *out, int width, double x)
{
    if (x < 0)
        (void)tl_buf_printf(out, " %*s", width, "-");
    else
        (void)tl_buf_printf(out, " %*.1f", width, 100 * x);
}

static void row(struct tl_buf *out, int name, const struct numbers_row *r)
{
    const struct numbers *n = r->n;

    (void)tl_buf_printf(out, "%-*s %9llu %9llu %9llu %7llu %7llu %7llu", name, r->name,
                        (unsigned long long)n->offered, (unsigned long long)n->answered,
                        (unsigned long long)n->abandoned, (unsigned long long)n->short_abandoned,
                        (unsigned long long)n->flowed_out, (unsigned long long)n->waiting);
    percent(out, 6, numbers_sl(n));
    percent(out, 6, numbers_asterisk_sl(n));
    percent(out, 6, numbers_asterisk_sl2(n));
    (void)tl_buf_printf(out, " %8.2f", numbers_asa_s(n));
    percent(out, 6, numbers_p_wait(n));
    (void)tl_buf_printf(out, " %8.1f", numbers_aht_s(n));
    percent(out, 6, numbers_occupancy(n));
    (void)tl_buf_printf(out, " %8.2f", numbers_queue_length(n, r->span));
    if (n->most_waiting || n->wait_of_all == 0)
        (void)tl_buf_printf(out, " %6u", n->most_waiting);
    else
        (void)tl_buf_printf(out, " %6s", "-"); /* a record does not say */
    percent(out, 6, numbers_mape(n));
    percent(out, 6, numbers_mape_long(n));
    (void)tl_buf_putc(out, '\n');
}

static const char legend[] =
    "\nSL: answered within the queue's service_target / (answered + abandoned - short); A-SL "
    "(Asterisk): in time /\nanswered; A-SL2: answered and abandoned in time / both.  short: hung "
    "up within 5 s.  flowed: left because of us\n(closed, full, no staff, overflow, longest wait). "
    " ASA, AHT in seconds; a wait ends with the accepted offer.\nPwait: found no free agent.  "
    "occ: busy / signed in and not away, of the agents who serve the queue.  Lq, max:\nmean and "
    "most waiting.  EWT: mean |told - real| / real wait until the first offer, of those who waited "
    "1 s\nor more (MAPE, %); EWT30: of those who waited 30 s or more.\n";

int numbers_legend(struct tl_buf *out)
{
    return tl_buf_puts(out, legend);
}

int numbers_table(struct tl_buf *out, const struct numbers_row *rows, size_t n)
{
    size_t name = 5;

    for (size_t i = 0; i < n; i++)
        name = TL_HIGHER(name, strlen(rows[i].name));
    (void)tl_buf_printf(
        out, "%-*s %9s %9s %9s %7s %7s %7s %6s %6s %6s %8s %6s %8s %6s %8s %6s %6s %6s\n",
        (int)name, "queue", "offered", "answered", "abandoned", "short", "flowed", "waiting", "SL%",
        "A-SL%", "A-SL2%", "ASA", "Pwait%", "AHT", "occ%", "Lq", "max", "EWT%", "EWT30%");
    for (size_t i = 0; i < n; i++)
        row(out, (int)name, &rows[i]);
    return out->err;
}

static void field(struct tl_buf *out, const char *name, double x)
{
    if (x < 0)
        (void)tl_buf_printf(out, ",\"%s\":null", name);
    else
        (void)tl_buf_printf(out, ",\"%s\":%.6g", name, x);
}

static void count(struct tl_buf *out, const char *name, uint64_t n)
{
    (void)tl_buf_printf(out, ",\"%s\":%llu", name, (unsigned long long)n);
}

int numbers_json(struct tl_buf *out, const struct numbers_row *r)
{
    const struct numbers *n = r->n;

    (void)tl_buf_puts(out, "{\"queue\":");
    (void)tl_buf_json_str(out, tl_str(r->name));
    count(out, "offered", n->offered);
    count(out, "answered", n->answered);
    count(out, "abandoned", n->abandoned);
    count(out, "short_abandoned", n->short_abandoned);
    count(out, "flowed_out", n->flowed_out);
    count(out, "waiting", n->waiting);
    field(out, "service_level", numbers_sl(n));
    field(out, "asterisk_sl", numbers_asterisk_sl(n));
    field(out, "asterisk_sl2", numbers_asterisk_sl2(n));
    field(out, "asa_s", numbers_asa_s(n));
    field(out, "p_wait", numbers_p_wait(n));
    field(out, "aht_s", numbers_aht_s(n));
    field(out, "occupancy", numbers_occupancy(n));
    field(out, "queue_length", numbers_queue_length(n, r->span));
    count(out, "most_waiting", n->most_waiting);
    field(out, "longest_wait_s", (double)n->longest_wait / 1e6);
    field(out, "forecast_mape", numbers_mape(n));
    count(out, "forecasts", n->forecasts);
    field(out, "forecast_mape_long", numbers_mape_long(n));
    count(out, "forecasts_long", n->forecasts_long);
    return tl_buf_putc(out, '}');
}
