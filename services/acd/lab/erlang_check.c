/* See erlang_check.h. */
#include "erlang_check.h"
#include "crowd.h"
#include "floor.h"
#include <math.h>
#include <tl_mem.h>

enum { P_WAIT, ASA, LEVEL, OCCUPANCY, ABANDON, QUANTITIES };

struct batch {
    double n, delayed, answered, wait, in_time, abandoned;
};

struct line {
    const struct erlang_load *load;
    struct rng comes, stays, waits; /* apart, so that patience does not change arrivals */
    uint64_t left, warm, size, ended;
    double clock_s;
    unsigned n;
    struct batch now;
    double busy, available; /* when the batch began */
    double sum[QUANTITIES], squares[QUANTITIES];
};

static tl_dur from_s(double s)
{
    return (tl_dur)(s * 1e6 + 0.5);
}

static bool next_call(void *arg, struct floor_call *ret)
{
    struct line *l = arg;

    if (l->left == 0)
        return false;
    l->left--;
    l->clock_s += rng_exp(&l->comes, 1 / l->load->per_s);
    *ret = (struct floor_call){.at = TL_HOUR(24) + from_s(l->clock_s),
                               .channel = ACD_VOICE,
                               .talk = from_s(rng_exp(&l->stays, l->load->handle_s)),
                               .patience = l->load->patience_s > 0
                                               ? from_s(rng_exp(&l->waits, l->load->patience_s))
                                               : TL_NEVER};
    return true;
}

static void add(struct line *l, unsigned which, double x)
{
    l->sum[which] += x;
    l->squares[which] += x * x;
}

static void end_batch(struct line *l, const struct floor_end *e)
{
    const struct batch *b = &l->now;

    add(l, P_WAIT, b->delayed / b->n);
    add(l, ASA, b->wait / 1e6 / b->answered);
    add(l, LEVEL, b->in_time / b->n);
    add(l, OCCUPANCY, (e->busy - l->busy) / (e->available - l->available));
    add(l, ABANDON, b->abandoned / b->n);
    l->n++;
}

static void ended(void *arg, const struct floor_end *e)
{
    struct line *l = arg;
    struct batch *b = &l->now;

    if (l->ended++ >= l->warm && l->n < ERLANG_BATCHES) {
        b->n++;
        b->delayed += e->delayed;
        b->answered += e->answered;
        b->wait += e->answered ? (double)e->wait : 0;
        b->in_time += e->answered && (double)e->wait <= l->load->target_s * 1e6;
        b->abandoned += e->abandoned;
        if (b->n < (double)l->size)
            return;
        end_batch(l, e);
    } else if (l->ended < l->warm) {
        return;
    }
    l->now = (struct batch){0};
    l->busy = e->busy;
    l->available = e->available;
}

/* P(Z > z) = p for the normal distribution, by halving. */
static double normal_quantile(double p)
{
    double low = 0, high = 40;

    for (int i = 0; i < 200; i++) {
        double mid = (low + high) / 2;
        if (erfc(mid / sqrt(2)) / 2 > p)
            low = mid;
        else
            high = mid;
    }
    return low;
}

/* Cornish-Fisher expansion (Abramowitz and Stegun 26.7.5), error below 1e-4 for 10 and more. */
double erlang_student(double p, unsigned freedom)
{
    double z = normal_quantile((1 - p) / 2), z2 = z * z, v = freedom;

    return z + z * (z2 + 1) / (4 * v) + z * ((5 * z2 + 16) * z2 + 3) / (96 * v * v) +
           z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / (384 * v * v * v) +
           z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / (92160 * v * v * v * v);
}

/* Zero of n has the upper 99 % bound 4.6 / n; batch means know nothing of such events. */
#define OF_NOTHING 4.6
#define OFTEN      (100.0 * ERLANG_BATCHES)

static void judge(const struct line *l, const struct erlang_answer *a, bool patience,
                  struct erlang_verdict *ret)
{
    const struct erlang_measure all[] = {[P_WAIT] = {"P(wait)", a->p_wait, 0, 0, true},
                                         [ASA] = {"ASA s", a->asa_s, 0, 0, false},
                                         [LEVEL] = {"level", a->service_level, 0, 0, false},
                                         [OCCUPANCY] = {"occupancy", a->occupancy, 0, 0, true},
                                         [ABANDON] = {"abandon", a->p_abandon, 0, 0, false}};
    double n = ERLANG_BATCHES, counted = n * (double)l->size, t;
    bool rare = a->p_wait * counted < OFTEN;

    ret->n = patience ? QUANTITIES : ABANDON;
    ret->within = true;
    t = erlang_student(1 - 0.01 / ret->n, ERLANG_BATCHES - 1);
    for (unsigned i = 0; i < ret->n; i++) {
        struct erlang_measure *m = &ret->of[i];
        double variance;
        *m = all[i];
        m->mean = l->sum[i] / n;
        variance = (l->squares[i] - n * m->mean * m->mean) / (n - 1);
        m->half = t * sqrt(variance > 0 ? variance / n : 0);
        m->half += i == P_WAIT ? OF_NOTHING / counted : 0;
        m->judged = m->judged || !rare;
        ret->within = ret->within && (!m->judged || fabs(m->mean - m->theory) <= m->half);
    }
}

int erlang_check(const struct erlang_load *load, uint64_t calls, uint64_t seed,
                 struct erlang_verdict *ret)
{
    const struct crowd_opts people = {.queues = 1,
                                      .skills = 1,
                                      .agents = load->servers,
                                      .skills_per_agent = 1,
                                      .queues_per_agent = 1,
                                      .seed = seed};
    struct line l = {.load = load,
                     .comes = rng_seed(seed),
                     .stays = rng_seed(seed + 1000000007),
                     .waits = rng_seed(seed + 2000000011),
                     .left = calls,
                     .warm = calls / 20};
    struct acd_queue_policy queue;
    struct acd_policy policy;
    struct erlang_answer theory;
    struct floor_opts opts = {.policy = &policy, .source = next_call, .ended = ended, .arg = &l};
    struct floor_result r = {0};
    struct crowd *crowd = NULL;
    struct floor_shift *shifts = NULL;
    int err = 0;

    if (erlang_solve(load, &theory) || calls < 1000)
        return -EINVAL;
    l.size = (calls - l.warm) / ERLANG_BATCHES;
    err = crowd_new(&crowd, &people);
    shifts = err ? NULL : tl_alloc(load->servers, sizeof(*shifts));
    if (!err && !shifts)
        err = -ENOMEM;
    if (err)
        goto out;
    policy = *crowd_policy(crowd);
    queue = policy.queues[0];
    queue.wrap_up = 0;
    policy.queues = &queue;
    for (uint32_t i = 0; i < load->servers; i++)
        shifts[i] = (struct floor_shift){TL_HOUR(24), i, FLOOR_READY};
    opts.shifts = shifts;
    opts.n_shifts = load->servers;
    err = floor_run(&opts, &r);
    if (!err && (l.n < ERLANG_BATCHES || r.total.waiting))
        err = -EPROTO;
    if (!err)
        judge(&l, &theory, load->patience_s > 0, ret);
    ret->facts = r.facts;
out:
    floor_done(&r);
    tl_free(shifts);
    crowd_free(crowd);
    return err;
}
