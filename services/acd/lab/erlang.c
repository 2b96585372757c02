/* Formulas and their sources stand in erlang.h. */
#include "erlang.h"
#include <math.h>

double erlang_b(uint32_t servers, double load)
{
    double b = 1;

    for (uint32_t n = 1; n <= servers; n++)
        b = load * b / (n + load * b);
    return b;
}

double erlang_c(uint32_t servers, double load)
{
    double b = erlang_b(servers, load);

    return load >= servers ? 1 : servers * b / (servers - load * (1 - b));
}

static void solve_c(const struct erlang_load *l, struct erlang_answer *ret)
{
    double a = l->per_s * l->handle_s, free_rate = (l->servers - a) / l->handle_s;

    *ret = (struct erlang_answer){.p_wait = erlang_c(l->servers, a), .occupancy = a / l->servers};
    ret->asa_s = ret->wait_s = ret->p_wait / free_rate;
    ret->service_level = 1 - ret->p_wait * exp(-free_rate * l->target_s);
}

/* Stationary probabilities relative to the most likely state, walked both ways from there until
 * they vanish: nothing overflows.  ret: P(all busy), P(exactly all busy), mean waiting, mean busy
 */
struct chain {
    double all_busy, log_just_busy, waiting, busy;
};

static double death(const struct erlang_load *l, uint32_t n)
{
    return n <= l->servers ? n / l->handle_s
                           : l->servers / l->handle_s + (n - l->servers) / l->patience_s;
}

static void add_state(const struct erlang_load *l, uint32_t n, double p, struct chain *c)
{
    c->all_busy += n >= l->servers ? p : 0;
    c->waiting += n > l->servers ? p * (n - l->servers) : 0;
    c->busy += p * (n < l->servers ? n : l->servers);
}

static struct chain solve_chain(const struct erlang_load *l)
{
    struct chain c = {0};
    uint32_t mode = 0;
    double sum = 0, p;

    while (death(l, mode + 1) < l->per_s)
        mode++;
    p = 1;
    for (uint32_t n = mode; p > 1e-18 * (sum + 1); n++) {
        add_state(l, n, p, &c);
        sum += p;
        p *= l->per_s / death(l, n + 1);
    }
    p = 1;
    for (uint32_t n = mode; n > 0 && p > 1e-18 * sum; n--) {
        p *= death(l, n) / l->per_s;
        add_state(l, n - 1, p, &c);
        sum += p;
    }
    c.all_busy /= sum;
    for (uint32_t n = mode; n > l->servers; n--)
        c.log_just_busy += log(death(l, n) / l->per_s);
    for (uint32_t n = mode; n < l->servers; n++)
        c.log_just_busy += log(l->per_s / death(l, n + 1));
    c.log_just_busy -= log(sum);
    c.waiting /= sum;
    c.busy /= sum;
    return c;
}

/* Integral over 0..until of t^power * density(t) * exp(-theta t): who must wait t and stays. */
static double stayed(const struct erlang_load *l, double log_head, double until, int power)
{
    const int steps = 4000; /* Simpson; the integrand is smooth */
    double h = until / steps, sum = 0;
    double n_mu = l->servers / l->handle_s, theta = 1 / l->patience_s;

    for (int i = 0; i <= steps; i++) {
        double t = i * h;
        double f = exp(log_head - (n_mu + theta) * t - l->per_s / theta * expm1(-theta * t));
        sum += f * (power ? t : 1) * (i == 0 || i == steps ? 1 : i % 2 ? 4 : 2);
    }
    return sum * h / 3;
}

/* Where the density has fallen by exp(-45) from its greatest value. */
static double far_out(const struct erlang_load *l)
{
    double n_mu = l->servers / l->handle_s, theta = 1 / l->patience_s;
    double top = l->per_s > n_mu ? log(l->per_s / n_mu) / theta : 0, t = top + 1e-6 * l->handle_s;
    double peak = -n_mu * top - l->per_s / theta * expm1(-theta * top);

    while (-n_mu * t - l->per_s / theta * expm1(-theta * t) > peak - 45)
        t = top + (t - top) * 1.3;
    return t;
}

static void solve_a(const struct erlang_load *l, struct erlang_answer *ret)
{
    struct chain c = solve_chain(l);
    double log_head = c.log_just_busy + log(l->servers / l->handle_s), far = far_out(l), answered;

    ret->p_wait = c.all_busy;
    ret->wait_s = c.waiting / l->per_s;
    ret->p_abandon = c.waiting / l->patience_s / l->per_s;
    ret->occupancy = c.busy / l->servers;
    answered = 1 - ret->p_abandon;
    ret->asa_s = stayed(l, log_head, far, 1) / answered;
    ret->service_level = 1 - c.all_busy;
    if (l->target_s > 0)
        ret->service_level += stayed(l, log_head, l->target_s < far ? l->target_s : far, 0);
}

int erlang_solve(const struct erlang_load *l, struct erlang_answer *ret)
{
    if (!(l->per_s > 0) || !(l->handle_s > 0) || l->servers == 0)
        return -1;
    if (l->patience_s > 0) {
        solve_a(l, ret);
        return 0;
    }
    if (l->per_s * l->handle_s >= l->servers)
        return -1;
    solve_c(l, ret);
    return 0;
}

uint32_t erlang_staff(struct erlang_load l, double level, double most)
{
    struct erlang_answer a;

    l.servers = (uint32_t)(l.per_s * l.handle_s) + 1;
    while (erlang_solve(&l, &a) || a.service_level < level || a.occupancy > most)
        l.servers++;
    return l.servers;
}

uint32_t erlang_trunks(double load, double most)
{
    uint32_t n = 0;

    while (erlang_b(n, load) > most)
        n++;
    return n;
}
