/* What waiting is worth: expected wait, positions, supply.
 *
 * Expected wait until the first offer of the one at position n of a queue:
 *     nobody staffed                    nobody can say (-1)
 *     nobody waits, somebody is idle    0
 *     the line has moved 3 times        (n - 1/3) * gap, gap = mean time in which the line moves up
 *                                       by one, a moving mean of the last 32 or so
 *     else                              (n - 1/3) * handle / agents, handle = mean of talk and
 *                                       wrap-up (first guess from the policy), agents = those of
 *                                       the queue who are ready or busy
 * Where agents come free independently of each other, n moves take a gamma distributed time; half
 * of those who are told (n - 1/3) * gap wait longer and half shorter: it is the median of that
 * distribution (Choi 1994, "On the medians of gamma distributions ...", Proc. AMS 121), and a
 * median is the forecast with the least mean error.  n moves at the line's own pace is the
 * queue-length estimator of Whitt 1999, "Predicting queueing delays", Management Science 45, with
 * the pace measured instead of computed, so that agents who serve several queues need no theory.
 *
 * A move is a contact's first offer in the queue; its gap began with the move before, or when
 * somebody came into the empty line.  Takings by hand or by a preferred agent say nothing about
 * the line.  The ringing is not in the wait: all of this speaks of the wait until the first offer.
 *
 * The forecast of who comes is 0 if somebody who fits is idle, else that of its position; it is
 * kept and compared with the wait that then happened: |forecast - wait| / wait, its mean is the
 * MAPE.  It is unkind to short waits (1 s told as 15 s counts 1400 %, and even the true
 * distribution's own median is that wrong now and then), so it is kept twice: of waits of a second
 * and more, and of waits of ACD_LONG_WAIT and more.
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
    double thirds = 3.0 * TL_HIGHER(position, 1) - 1;

    if (q->staffed == 0)
        return -1;
    if (q->waiting == 0 && idle_members(acd, queue) > 0)
        return 0;
    if (q->n_gaps >= 3)
        return (tl_dur)(thirds * q->gap_us / 3);
    if (q->ready == 0)
        return -1;
    double handle = q->n_handled ? q->handle_us : (double)queue_policy(acd, queue)->handle_time;
    return (tl_dur)(thirds * handle / q->ready / 3);
}

/* The plain mean of the first 32, from then on each new one weighs 1/32. */
static void add_to_mean(double *mean, uint32_t *n, tl_dur sample)
{
    *n += *n < 32;
    *mean += ((double)sample - *mean) / *n;
}

void measure_handled(struct acd *acd, uint32_t queue, tl_dur handled)
{
    struct queue *q = &acd->queues[queue];

    add_to_mean(&q->handle_us, &q->n_handled, handled);
}

static void add_error(struct forecast_error *e, tl_dur forecast, tl_dur wait)
{
    e->sum += (double)(forecast > wait ? forecast - wait : wait - forecast) / (double)wait;
    e->n++;
}

void measure_taking(struct acd *acd, uint32_t contact)
{
    struct cell *c = cell_at(acd, contact);
    struct queue *q = &acd->queues[c->c.queue];
    tl_dur wait = acd->now - c->c.queued;

    if (c->taken || c->personal || acd->why.by_hand)
        return;
    c->taken = true;
    if (acd->now > q->moved) {
        add_to_mean(&q->gap_us, &q->n_gaps, acd->now - q->moved);
        q->moved = acd->now;
    }
    if (c->forecast_ms >= 0 && wait >= TL_SEC(1))
        add_error(&q->error, c->forecast_ms * 1000, wait);
    if (c->forecast_ms >= 0 && wait >= ACD_LONG_WAIT)
        add_error(&q->error_long, c->forecast_ms * 1000, wait);
    c->forecast_ms = -1;
}

/* Most come last and stand behind all who wait; only one that overtakes somebody of its own line is
 * worth the counting. */
static uint32_t place_of(const struct acd *acd, uint32_t contact)
{
    const struct cell *c = cell_at(acd, contact);

    return acd->lines[c->line]->tree.last == contact ? acd->queues[c->c.queue].waiting
                                                     : acd_position(acd, contact);
}

void forecast(struct acd *acd, uint32_t contact)
{
    struct cell *c = cell_at(acd, contact);
    const struct line *l = acd->lines[c->line];
    tl_dur wait;

    if (c->personal || queue_policy(acd, c->c.queue)->manual)
        return;
    if (acd->n_open[l->load] && bits_meet(l->fits, acd->open[l->load], acd->words))
        wait = 0;
    else
        wait = acd_expected_wait(acd, c->c.queue, place_of(acd, contact));
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
        .mape = q->error.n ? q->error.sum / (double)q->error.n : -1,
        .mape_n = q->error.n,
        .mape_long = q->error_long.n ? q->error_long.sum / (double)q->error_long.n : -1,
        .mape_long_n = q->error_long.n,
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
