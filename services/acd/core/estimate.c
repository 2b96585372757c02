/* What waiting is worth: expected wait, positions, supply.
 *
 * Expected wait of the one at position n of a queue:
 *     nobody staffed                           nobody can say (-1)
 *     nobody waits and somebody is idle        0
 *     takings seen while others waited (>= 5)  n * gap, gap = exponential mean of the time between
 *                                              takings (weight 1/8)
 *     else                                     n * handle / agents, handle = exponential mean of
 * talk and wrap-up (first guess from the policy), agents = those of the queue who are ready or busy
 * A taking is a contact's first offer in the queue: all three lines speak of the wait until then,
 * the ringing is not in it.  Takings by hand or by a preferred agent say nothing about the line.
 * The forecast of who comes is 0 if somebody who fits is idle, else that of its position; it is
 * kept and compared with the wait until its first offer: error_sum adds |forecast - wait| / wait
 * for waits of a second and more (MAPE).  Where gaps are exponential even the true mean errs by far
 * more than its own size now and then: a wait of 1 s told as 15 s counts 1400 %.
 */
#include "state.h"

static uint32_t idle_members(const struct acd *acd, uint32_t queue)
{
    uint32_t n = 0;

    for (uint32_t w = 0; w < acd->words; w++) {
        uint64_t open = 0;
        for (int l = 0; l < ACD_LOADS; l++)
            open |= acd->open[l][w];
        n += bits_count(acd->queues[queue].members[w] & open);
    }
    return n;
}

tl_dur acd_expected_wait(const struct acd *acd, uint32_t queue, uint32_t position)
{
    const struct queue *q = &acd->queues[queue];

    if (q->staffed == 0)
        return -1;
    if (q->waiting == 0 && idle_members(acd, queue) > 0)
        return 0;
    if (q->n_gaps >= 5)
        return (tl_dur)(position * q->gap_us);
    if (q->ready == 0)
        return -1;
    double handle = q->n_handled ? q->handle_us : (double)queue_policy(acd, queue)->handle_time;
    return (tl_dur)(position * handle / q->ready);
}

static double moved_mean(double mean, double sample, uint32_t n)
{
    return n == 0 ? sample : mean + (sample - mean) / 8;
}

void measure_handled(struct acd *acd, uint32_t queue, tl_dur handled)
{
    struct queue *q = &acd->queues[queue];

    q->handle_us = moved_mean(q->handle_us, (double)handled, q->n_handled);
    q->n_handled += q->n_handled < UINT32_MAX;
}

void measure_taking(struct acd *acd, uint32_t contact)
{
    struct cell *c = cell_at(acd, contact);
    struct queue *q = &acd->queues[c->c.queue];
    tl_dur wait = acd->now - c->c.queued;

    if (c->taken || c->personal || acd->why.by_hand)
        return;
    c->taken = true;
    if (q->last_taking && acd->now > q->last_taking) {
        q->gap_us = moved_mean(q->gap_us, (double)(acd->now - q->last_taking), q->n_gaps);
        q->n_gaps += q->n_gaps < UINT32_MAX;
    }
    q->last_taking = acd->now;
    if (c->forecast_ms >= 0 && wait >= TL_SEC(1)) {
        double error = (double)(c->forecast_ms * 1000 - wait) / (double)wait;
        q->error_sum += error < 0 ? -error : error;
        q->n_errors++;
    }
    c->forecast_ms = -1;
}

/* The queue's size stands for the position: exact for who comes last, which is the common case. */
void forecast(struct acd *acd, uint32_t contact)
{
    struct cell *c = cell_at(acd, contact);
    const struct line *l = acd->lines[c->line];
    tl_dur wait;

    if (c->personal || queue_policy(acd, c->c.queue)->manual)
        return;
    if (acd->n_open[l->load] && bits_count_both(l->fits, acd->open[l->load], acd->words))
        wait = 0;
    else
        wait = acd_expected_wait(acd, c->c.queue, acd->queues[c->c.queue].waiting);
    c->forecast_ms = wait < 0 ? -1 : wait / 1000;
}

uint32_t acd_position(const struct acd *acd, uint32_t contact)
{
    const struct cell *c = cell_at(acd, contact);

    if (!c->in_tree)
        return 0;
    const struct tree_node *n = tree_at(&acd->nodes, contact);
    if (c->personal)
        return 1 + tree_rank(&acd->nodes, &post_at(acd, c->c.preferred)->personal, n->key, n->tie);
    uint32_t before = 0;
    for (uint32_t l = acd->queues[c->c.queue].first_line; l != ACD_NONE;
         l = acd->lines[l]->next_in_queue)
        before += tree_rank(&acd->nodes, &acd->lines[l]->tree, n->key, n->tie);
    return before + 1;
}

void acd_supply(const struct acd *acd, uint32_t queue, tl_time now, struct acd_supply *ret)
{
    const struct queue *q = &acd->queues[queue];
    tl_time oldest = TL_NEVER;

    for (uint32_t l = q->first_line; l != ACD_NONE; l = acd->lines[l]->next_in_queue) {
        uint32_t first = acd->lines[l]->tree.first;
        if (first != TREE_NONE)
            oldest = TL_LOWER(oldest, cell_at(acd, first)->c.enqueued);
    }
    *ret = (struct acd_supply){
        .staffed = q->staffed,
        .idle = idle_members(acd, queue),
        .waiting = q->waiting,
        .ringing = q->ringing,
        .connected = q->connected,
        .oldest_wait = oldest < now ? now - oldest : 0,
        .expected_wait = acd_expected_wait(acd, queue, q->waiting + 1),
        .mape = q->n_errors ? q->error_sum / (double)q->n_errors : -1,
        .mape_n = q->n_errors,
    };
}

tl_time acd_oldest_offer(const struct acd *acd)
{
    tl_time oldest = TL_NEVER;

    for (uint32_t i = 0; i < acd->n_posts; i++)
        for (uint32_t c = post_at(acd, i)->a.contacts; c != ACD_NONE; c = cell_at(acd, c)->next)
            if (cell_at(acd, c)->c.state == ACD_OFFERED)
                oldest = TL_LOWER(oldest, cell_at(acd, c)->c.since);
    return oldest;
}

tl_time acd_oldest_lease(const struct acd *acd)
{
    return acd->lease_first == ACD_NONE ? TL_NEVER : post_at(acd, acd->lease_first)->a.seen;
}
