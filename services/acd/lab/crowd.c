/* Policies made of numbers, and dice; see crowd.h. */
#include "crowd.h"
#include <math.h>
#include <stdio.h>
#include <tl_mem.h>

struct crowd {
    struct acd_policy policy;
    struct acd_queue_policy *queues;
    struct tl_id *skills;
    struct acd_agent_profile *agents;
    struct acd_skill_of *has;
    uint16_t *serves;
};

struct rng rng_seed(uint64_t seed)
{
    struct rng r;

    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        r.s[i] = z ^ (z >> 31);
    }
    return r;
}

uint64_t rng_next(struct rng *r)
{
    uint64_t *s = r->s, t = s[1] << 17, x = s[1] * 5, out = ((x << 7) | (x >> 57)) * 9;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return out;
}

uint32_t rng_below(struct rng *r, uint32_t n)
{
    return (uint32_t)(((rng_next(r) >> 32) * n) >> 32);
}

double rng_unit(struct rng *r)
{
    return (double)(rng_next(r) >> 11) * 0x1p-53;
}

double rng_exp(struct rng *r, double mean)
{
    return -mean * log(1 - rng_unit(r));
}

static struct acd_comparison make_comparison(struct rng *r)
{
    enum acd_measure m = (enum acd_measure)rng_below(r, ACD_MEASURES);
    enum acd_comparator c = (enum acd_comparator)rng_below(r, ACD_COMPARATORS);

    return (struct acd_comparison){m, c,
                                   rng_below(r, 4) * (acd_measure_is_wait(m) ? TL_SEC(20) : 1)};
}

static struct acd_queue_policy make_queue(struct rng *r, uint32_t i, const struct crowd_opts *o)
{
    struct acd_queue_policy q = {.choice = ACD_LONGEST_IDLE,
                                 .offer_timeout = TL_SEC(20),
                                 .wrap_up = TL_SEC(30),
                                 .preferred_timeout = TL_SEC(30),
                                 .service_target = TL_SEC(20),
                                 .handle_time = TL_MIN(3),
                                 .overflow_to = ACD_NONE,
                                 .max_waiting = ACD_CONTACTS_MAX,
                                 .weight = 1};

    (void)snprintf(q.name.s, sizeof(q.name.s), "q%u", i);
    if (!o->rich)
        return q;
    q.choice = (enum acd_agent_choice)rng_below(r, ACD_AGENT_CHOICES);
    q.no_staff = (enum acd_no_staff)rng_below(r, 3);
    q.wrap_up = TL_SEC(rng_below(r, 3) * 20);
    q.weight = 1 + rng_below(r, 5);
    q.manual = rng_below(r, 8) == 0;
    q.max_wait = rng_below(r, 3) ? 0 : TL_SEC(300);
    q.max_waiting = rng_below(r, 4) ? 1000 : 20;
    if (rng_below(r, 2)) {
        q.overflow_to = rng_below(r, o->queues);
        q.overflow_after = TL_SEC(60);
        q.overflow_when.n = (uint8_t)rng_below(r, 3);
        for (unsigned k = 0; k < q.overflow_when.n; k++)
            q.overflow_when.all[k] = make_comparison(r);
        if (q.overflow_when.n && rng_below(r, 2))
            q.overflow_after = TL_SEC(rng_below(r, 3) * 4);
    } else if (q.no_staff == ACD_STAFF_OVERFLOW) {
        q.no_staff = ACD_STAFF_WAIT;
    }
    if (rng_below(r, 8) == 0)
        q.interflow_to = (struct tl_id){"elsewhere"};
    q.n_rings = (uint8_t)rng_below(r, 4);
    for (unsigned k = 0; k < q.n_rings; k++)
        q.rings[k] = (struct acd_ring){.after = TL_SEC(15 * (k + 1)),
                                       .by = (uint8_t)(k + 1),
                                       .n_drop = 1,
                                       .drop = {(uint16_t)rng_below(r, o->skills)},
                                       .drop_all = k == 2};
    return q;
}

static void make_agent(struct crowd *c, struct rng *r, uint32_t i, const struct crowd_opts *o)
{
    struct acd_agent_profile *a = &c->agents[i];
    struct acd_skill_of *has = c->has + (size_t)i * o->skills_per_agent;
    uint16_t *serves = c->serves + (size_t)i * o->queues_per_agent;
    uint32_t skill = 0, queue = 0;

    (void)snprintf(a->id.s, sizeof(a->id.s), "a%u", i);
    a->display_name = a->id.s;
    a->skills = has;
    a->queues = serves;
    /* ascending, each step at least one, leaving room for the rest */
    for (uint32_t k = 0; k < o->skills_per_agent; k++) {
        uint32_t room = o->skills - skill - (o->skills_per_agent - k);
        skill += rng_below(r, room * 2 / (o->skills_per_agent - k) + 1) % (room + 1);
        has[a->n_skills++] =
            (struct acd_skill_of){(uint16_t)skill++, (uint8_t)(1 + rng_below(r, 5))};
    }
    for (uint32_t k = 0; k < o->queues_per_agent; k++) {
        uint32_t room = o->queues - queue - (o->queues_per_agent - k);
        queue += rng_below(r, room * 2 / (o->queues_per_agent - k) + 1) % (room + 1);
        serves[a->n_queues++] = (uint16_t)queue++;
    }
    a->capacity[ACD_LOAD_LIVE] = 1;
    a->capacity[ACD_LOAD_CHAT] = 4;
    a->capacity[ACD_LOAD_EMAIL] = 1;
    a->capacity[ACD_LOAD_CALLBACK] = 1;
}

int crowd_new(struct crowd **ret, const struct crowd_opts *o)
{
    struct crowd *c = tl_alloc(1, sizeof(*c));
    struct rng r = rng_seed(o->seed);

    if (!c)
        return -ENOMEM;
    c->queues = tl_alloc(o->queues, sizeof(*c->queues));
    c->skills = tl_alloc(o->skills, sizeof(*c->skills));
    c->agents = tl_alloc(o->agents, sizeof(*c->agents));
    c->has = tl_alloc((size_t)o->agents * o->skills_per_agent, sizeof(*c->has));
    c->serves = tl_alloc((size_t)o->agents * o->queues_per_agent, sizeof(*c->serves));
    if (!c->queues || !c->skills || !c->agents || !c->has || !c->serves) {
        crowd_free(c);
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < o->queues; i++)
        c->queues[i] = make_queue(&r, i, o);
    for (uint32_t i = 0; i < o->skills; i++)
        (void)snprintf(c->skills[i].s, sizeof(c->skills[i].s), "s%u", i);
    for (uint32_t i = 0; i < o->agents; i++)
        make_agent(c, &r, i, o);
    c->policy = (struct acd_policy){.hash = "crowd",
                                    .n_queues = o->queues,
                                    .n_skills = o->skills,
                                    .n_agents = o->agents,
                                    .queues = c->queues,
                                    .skills = c->skills,
                                    .agents = c->agents,
                                    .ageing = TL_SEC(30),
                                    .retry_refused = TL_SEC(20),
                                    .lease = TL_SEC(30),
                                    .rona_limit = 2};
    c->policy.yields[ACD_LOAD_EMAIL][ACD_LOAD_LIVE] = true;
    if (o->rich) {
        c->policy.contact_choice = (enum acd_contact_choice)rng_below(&r, ACD_CONTACT_CHOICES);
        c->policy.fair = rng_below(&r, 2);
        c->policy.look_back = rng_below(&r, 2) ? TL_MIN(10) : 0;
    }
    *ret = c;
    return 0;
}

struct crowd *crowd_free(struct crowd *c)
{
    if (!c)
        return NULL;
    tl_free(c->queues);
    tl_free(c->skills);
    tl_free(c->agents);
    tl_free(c->has);
    tl_free(c->serves);
    return tl_free(c);
}

const struct acd_policy *crowd_policy(const struct crowd *c)
{
    return &c->policy;
}

const char *crowd_agent(const struct crowd *c, uint32_t i)
{
    return c->agents[i].id.s;
}
