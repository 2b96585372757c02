/* What a record cannot say is drawn; record.h says from what.
 *
 * Kaplan-Meier: at each wait t that ended with a hang-up the survival falls by the factor
 * 1 - hung up / still there.  Source: Kaplan, Meier, Nonparametric Estimation from Incomplete
 * Observations, JASA 53 (1958); for callers' patience: Brown et al., Statistical Analysis of a
 * Telephone Call Center, JASA 100 (2005). */
#include "record.h"
#include <stdlib.h>
#include <string.h>
#include <tl_mem.h>

struct seen {
    tl_dur wait;
    bool gave_up;
    double survival; /* just after this wait */
};

struct queue_seen {
    struct seen *waits; /* ascending */
    size_t n;
    const struct record_contact **answered;
    size_t n_answered;
};

static int by_wait(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;

    if (x->wait != y->wait)
        return x->wait < y->wait ? -1 : 1;
    return (int)y->gave_up - (int)x->gave_up; /* hang-ups first: the others outlasted them */
}

static void estimate(struct queue_seen *q)
{
    double s = 1;

    qsort(q->waits, q->n, sizeof(*q->waits), by_wait);
    for (size_t i = 0; i < q->n; i++) {
        if (q->waits[i].gave_up)
            s *= 1 - 1.0 / (double)(q->n - i);
        q->waits[i].survival = s;
    }
}

/* First position with wait > than. */
static size_t after(const struct queue_seen *q, tl_dur than)
{
    size_t low = 0, high = q->n;

    while (low < high) {
        size_t mid = (low + high) / 2;
        if (q->waits[mid].wait <= than)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* A patience beyond `than`: where the survival falls to a random share of what it is there. */
static tl_dur patience(const struct queue_seen *q, tl_dur than, struct rng *dice)
{
    size_t low = after(q, than), high = q->n;
    double level = (low ? q->waits[low - 1].survival : 1) * (1 - rng_unit(dice));

    while (low < high) {
        size_t mid = (low + high) / 2;
        if (q->waits[mid].survival > level)
            low = mid + 1;
        else
            high = mid;
    }
    return low < q->n ? q->waits[low].wait : TL_NEVER;
}

static int look(const struct record *r, struct queue_seen *queues)
{
    size_t *n = tl_alloc(r->n_names, sizeof(*n));
    int err = n ? 0 : -ENOMEM;

    for (size_t i = 0; !err && i < r->n_contacts; i++)
        n[r->contacts[i].queue]++;
    for (size_t q = 0; !err && q < r->n_names; q++) {
        queues[q].waits = tl_alloc(n[q] + 1, sizeof(*queues[q].waits));
        queues[q].answered = tl_alloc(n[q] + 1, sizeof(*queues[q].answered));
        if (!queues[q].waits || !queues[q].answered)
            err = -ENOMEM;
    }
    for (size_t i = 0; !err && i < r->n_contacts; i++) {
        const struct record_contact *c = &r->contacts[i];
        struct queue_seen *q = &queues[c->queue];
        q->waits[q->n++] = (struct seen){.wait = c->wait, .gave_up = c->end == RECORD_ABANDONED};
        if (c->end == RECORD_ANSWERED && c->released)
            q->answered[q->n_answered++] = c;
    }
    for (size_t q = 0; !err && q < r->n_names; q++)
        estimate(&queues[q]);
    tl_free(n);
    return err;
}

static void live(struct record_contact *c, const struct queue_seen *q, struct rng *dice)
{
    tl_dur more = patience(q, c->wait, dice); /* rolled for all, so that dice stay in step */
    uint32_t other = rng_below(dice, (uint32_t)TL_HIGHER(q->n_answered, 1));

    c->patience = c->end == RECORD_ABANDONED ? c->wait : more;
    if (c->end == RECORD_ANSWERED && c->released)
        return;
    if (c->end != RECORD_ANSWERED)
        c->rang = q->n_answered ? q->answered[other]->rang : TL_SEC(3);
    c->talk = q->n_answered ? q->answered[other]->talk : TL_SEC(180);
    c->wrap_up = q->n_answered ? q->answered[other]->wrap_up : 0;
}

int record_lives(struct record *r, uint64_t seed)
{
    struct queue_seen *queues = tl_alloc(r->n_names, sizeof(*queues));
    struct rng dice = rng_seed(seed);
    int err = queues ? look(r, queues) : -ENOMEM;

    for (size_t i = 0; !err && i < r->n_contacts; i++)
        live(&r->contacts[i], &queues[r->contacts[i].queue], &dice);
    for (size_t q = 0; queues && q < r->n_names; q++) {
        tl_free(queues[q].waits);
        tl_free((void *)(uintptr_t)queues[q].answered);
    }
    tl_free(queues);
    return err;
}
