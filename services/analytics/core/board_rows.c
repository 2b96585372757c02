/* The numbers of the board, made of what it knows when they are asked for: docs/metrics.md. */
#include "board_private.h"

static void finish(struct analytics_row *r, int64_t waited_sum, int64_t handled, int64_t handle_sum)
{
    int32_t judged = r->answered + r->abandoned - r->short_abandoned;

    r->service_level = judged ? (double)r->in_time / judged : 1;
    r->asa = r->answered ? waited_sum / r->answered : 0;
    r->aht = handled ? handle_sum / handled : 0;
}

static void longest_wait(const struct queue *q, tl_time now, struct analytics_row *r)
{
    for (struct tl_link *k = tl_list_first(&q->waiting); k; k = tl_list_next(&q->waiting, k)) {
        tl_dur waited = now - TL_CONTAINER(k, struct contact, link)->enqueued_at;

        r->longest_wait = TL_HIGHER(r->longest_wait, waited);
    }
}

static bool signed_in(const struct agent *a)
{
    return a->a.presence > ANALYTICS_OFFLINE;
}

static bool serves(const struct agent *a, const struct tl_id *queue)
{
    for (size_t i = 0; i < a->n_queues; i++)
        if (tl_id_eq(&a->queues[i], queue))
            return true;
    return false;
}

static void staff(const struct analytics_board *b, const struct tl_id *queue,
                  struct analytics_row *r)
{
    for (size_t i = 0; i < b->by_agent.n; i++) {
        const struct agent *a = TL_CONTAINER(b->by_agent.rows[i], struct agent, entry);

        if (!signed_in(a) || (queue && !serves(a, queue)))
            continue;
        r->staffed++;
        if (a->a.presence == ANALYTICS_READY)
            r->idle++;
    }
}

bool analytics_board_queue(const struct analytics_board *b, size_t i, tl_time now,
                           struct analytics_row *ret)
{
    const struct queue *q;

    if (i >= b->by_queue.n)
        return false;
    q = TL_CONTAINER(b->by_queue.rows[i], struct queue, entry);
    *ret = q->day;
    ret->queue = q->id;
    ret->waiting = (int32_t)q->waiting.n;
    ret->connected = q->connected;
    ret->expected_wait = q->expected_wait;
    ret->forecast = q->forecast;
    longest_wait(q, now, ret);
    staff(b, &q->id, ret);
    finish(ret, q->waited_sum, q->handled, q->handle_sum);
    return true;
}

static void add_mean(double *mean, int64_t *n, double more, int64_t n_more)
{
    if (n_more > 0)
        *mean = (*mean * (double)*n + more * (double)n_more) / (double)(*n + n_more);
    *n += n_more;
}

void analytics_board_total(const struct analytics_board *b, tl_time now, struct analytics_row *ret)
{
    int64_t waited_sum = 0, handled = 0, handle_sum = 0;

    *ret = (struct analytics_row){.expected_wait = -1};
    for (size_t i = 0; i < b->by_queue.n; i++) {
        const struct queue *q = TL_CONTAINER(b->by_queue.rows[i], struct queue, entry);

        ret->waiting += (int32_t)q->waiting.n;
        ret->connected += q->connected;
        ret->offered += q->day.offered;
        ret->answered += q->day.answered;
        ret->in_time += q->day.in_time;
        ret->abandoned += q->day.abandoned;
        ret->short_abandoned += q->day.short_abandoned;
        ret->flowed_out += q->day.flowed_out;
        ret->expected_wait = TL_HIGHER(ret->expected_wait, q->expected_wait);
        add_mean(&ret->forecast.error, &ret->forecast.n, q->forecast.error, q->forecast.n);
        add_mean(&ret->forecast.error_long, &ret->forecast.n_long, q->forecast.error_long,
                 q->forecast.n_long);
        longest_wait(q, now, ret);
        waited_sum += q->waited_sum;
        handled += q->handled;
        handle_sum += q->handle_sum;
    }
    staff(b, NULL, ret);
    finish(ret, waited_sum, handled, handle_sum);
}

bool analytics_board_agent(const struct analytics_board *b, size_t i, struct analytics_agent *ret)
{
    for (size_t k = 0; k < b->by_agent.n; k++) {
        const struct agent *a = TL_CONTAINER(b->by_agent.rows[k], struct agent, entry);

        if (signed_in(a) && i-- == 0) {
            *ret = a->a;
            return true;
        }
    }
    return false;
}
