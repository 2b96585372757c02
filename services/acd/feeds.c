/* tl.acd.supply and tl.acd.positions, and the gauges.  Nothing here costs anything while nothing
 * changes: supply once a second, positions when somebody moved (and every 10 s for newcomers). */
#include "handlers_in.h"
#include <stdio.h>
#include <string.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>

#define SUPPLY_LEAST TL_MSEC(100)

static void send_supply(struct handlers *h)
{
    struct wire_scene s = scene(h);

    h->supply_changed = false;
    h->supply_sent = tl_clock_mono();
    tl_buf_clear(&h->scratch);
    if (wire_supply(&s, &h->scratch) == 0)
        (void)tl_bus_publish(h->o.bus, "tl.acd.supply", h->scratch.p,
                             h->scratch.n); /* next second */
    tl_timer_start(h->supply, TL_SEC(1));
}

static void on_supply(void *arg)
{
    struct handlers *h = arg;

    if (h->role == OWNER)
        send_supply(h);
}

static void on_positions(void *arg)
{
    struct handlers *h = arg;
    struct wire_scene s = scene(h);
    uint32_t at = ACD_NONE, rows;

    if (h->role != OWNER || (!h->positions_changed && ++h->positions_idle < 5))
        return;
    h->positions_changed = false;
    h->positions_idle = 0;
    do {
        tl_buf_clear(&h->scratch);
        if (wire_positions(&s, &at, &h->scratch, &rows))
            return; /* no memory: in two seconds */
        if (rows)   /* lost: in two seconds */
            (void)tl_bus_publish(h->o.bus, "tl.acd.positions", h->scratch.p, h->scratch.n);
    } while (at != ACD_NONE);
}

void feeds_changed(struct handlers *h)
{
    tl_dur since = tl_clock_mono() - h->supply_sent;

    h->positions_changed = true;
    if (h->supply_changed)
        return;
    h->supply_changed = true;
    tl_timer_start(h->supply, since >= SUPPLY_LEAST ? 0 : SUPPLY_LEAST - since);
}

/* ---- opening hours ---- */

/* Only a change of the calendar is a fact: what a supervisor opened or closed by hand stays until
 * then. */
static void on_hours(void *arg)
{
    struct handlers *h = arg;
    int64_t utc = tl_clock_wall() / TL_SEC(1);
    bool changed = false;

    if (h->role != OWNER)
        return;
    for (uint32_t q = 0; q < acd_policy(h->acd)->n_queues; q++) {
        int open = policy_open(h->o.policy, q, utc);
        if (open < 0 || open == h->queue_open[q])
            continue;
        const struct acd_fact f = {.kind = open ? ACD_QUEUE_OPENED : ACD_QUEUE_CLOSED, .queue = q};
        (void)acd_step(h->acd, &f, core_now(h), NULL); /* cannot fail */
        if (h->queue_open[q] != 2)
            tl_info(open ? "queue opens" : "queue closes",
                    TL_S("queue", acd_policy(h->acd)->queues[q].name.s));
        h->queue_open[q] = (uint8_t)open;
        changed = true;
    }
    if (changed)
        after_step(h);
}

void hours_start(struct handlers *h)
{
    uint32_t n = policy_of(h->o.policy)->n_queues;
    uint8_t *open;

    tl_timer_stop(h->hours);
    if (!policy_has_hours(h->o.policy))
        return;
    open = tl_resize(h->queue_open, n, 1);
    if (!open)
        return; /* queues stay as they are until the next reload */
    h->queue_open = open;
    memset(open, 2, n);
    on_hours(h);
    tl_timer_every(h->hours, TL_SEC(1));
}

int feeds_new(struct handlers *h)
{
    return tl_timer_new(&h->supply, h->o.loop, on_supply, h) ||
                   tl_timer_new(&h->positions, h->o.loop, on_positions, h) ||
                   tl_timer_new(&h->hours, h->o.loop, on_hours, h)
               ? -ENOMEM
               : 0;
}

void feeds_start(struct handlers *h)
{
    send_supply(h);
    hours_start(h);
    tl_timer_every(h->positions, TL_SEC(2));
}

void feeds_stop(struct handlers *h)
{
    tl_timer_stop(h->supply);
    tl_timer_stop(h->positions);
    tl_timer_stop(h->hours);
}

void feeds_free(struct handlers *h)
{
    h->supply = tl_timer_free(h->supply);
    h->positions = tl_timer_free(h->positions);
    h->hours = tl_timer_free(h->hours);
    h->queue_open = tl_free(h->queue_open);
}

/* ---- gauges ---- */

static void gauge(const char *name, const char *labels, const char *help, double value)
{
    tl_metric_set(tl_gauge(name, labels, help), value);
}

/* Expected waits against those that then happened, of real waits of so many seconds and more. */
static void measure_forecast(const char *queue, const char *least_s, double mape, uint64_t n)
{
    char labels[120];

    (void)snprintf(labels, sizeof(labels), "queue=\"%s\",least_s=\"%s\"", queue, least_s);
    gauge("tl_acd_forecast_error_ratio", labels,
          "mean of |told - real| / real expected waits (MAPE); -1: none yet", mape);
    gauge("tl_acd_forecasts", labels, "expected waits that were compared", (double)n);
}

static void measure_queue(const char *queue, const struct acd_supply *s)
{
    char labels[80];

    (void)snprintf(labels, sizeof(labels), "queue=\"%s\"", queue);
    gauge("tl_acd_waiting", labels, "contacts in line", s->waiting);
    gauge("tl_acd_staffed", labels, "agents signed in", s->staffed);
    gauge("tl_acd_idle", labels, "agents with a free place", s->idle);
    gauge("tl_acd_oldest_wait_seconds", labels, "longest wait", (double)s->oldest_wait / 1e6);
    gauge("tl_acd_expected_wait_seconds", labels, "for who comes now; -1 unknown",
          s->expected_wait < 0 ? -1 : (double)s->expected_wait / 1e6);
    measure_forecast(queue, "1", s->mape, s->mape_n);
    measure_forecast(queue, "30", s->mape_long, s->mape_long_n);
}

static double age(tl_time now, tl_time since)
{
    return since == TL_NEVER ? 0 : (double)(now - since) / 1e6;
}

/* Who stands by has no line: the figures of the time when it owned one are another's now. */
void handlers_measure(struct handlers *h)
{
    const struct acd_policy *policy = policy_of(h->o.policy);
    struct acd_supply s = {.expected_wait = -1, .mape = -1, .mape_long = -1};
    bool owner = h->role == OWNER;
    tl_time now = core_now(h);

    gauge("tl_acd_owner", NULL, "1 for the owner of the partition", owner);
    gauge("tl_acd_epoch", NULL, "fencing number", (double)h->epoch);
    gauge("tl_acd_oldest_offer_seconds", NULL, "age of the offer that rings longest",
          owner ? age(now, acd_oldest_offer(h->acd)) : 0);
    gauge("tl_acd_oldest_lease_seconds", NULL, "silence of the agent unseen longest",
          owner ? age(now, acd_oldest_lease(h->acd)) : 0);
    gauge("tl_acd_outbox_waiting", NULL, "events JetStream does not have yet",
          owner ? (double)outbox_waiting(h->outbox) : 0);
    for (uint32_t q = 0; q < policy->n_queues; q++) {
        if (owner)
            acd_supply(h->acd, q, now, &s);
        measure_queue(policy->queues[q].name.s, &s);
    }
}

void handlers_dump(const struct handlers *h, struct tl_buf *out)
{
    uint32_t at = ACD_NONE;

    (void)tl_buf_printf(out, "partition %s  %s  epoch %llu\n", h->partition,
                        h->role == OWNER ? "owner" : "standing by", (unsigned long long)h->epoch);
    if (h->role != OWNER)
        return;
    while ((at = acd_next_agent(h->acd, at)) != ACD_NONE) {
        const struct acd_agent *a = acd_agent(h->acd, at);
        (void)tl_buf_printf(out, "agent %s  %s %s\n", a->id.s,
                            acd_presence_name((enum acd_presence)a->presence), a->reason.s);
    }
    while ((at = acd_next_contact(h->acd, at)) != ACD_NONE) {
        const struct acd_contact *c = acd_contact(h->acd, at);
        (void)tl_buf_printf(out, "contact %s  %s  %s  ring %u\n", c->id.s,
                            acd_policy(h->acd)->queues[c->queue].name.s,
                            acd_contact_state_name((enum acd_contact_state)c->state), c->ring);
    }
}
