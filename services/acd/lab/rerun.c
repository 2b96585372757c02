/* See rerun.h. */
#include "rerun.h"
#include <string.h>
#include <tl_mem.h>

struct stage {
    const struct record *r;
    const struct acd_policy *policy;
    uint32_t *queues, *skills, *agents; /* of a name: index in the rules, or ACD_NONE */
    struct rerun_gaps gaps;
    size_t next;
    struct rerun_watch watch;
};

/* ---- names ---- */

static uint32_t queue_of(const struct acd_policy *p, const struct tl_id *name)
{
    for (uint32_t i = 0; i < p->n_queues; i++)
        if (tl_id_eq(&p->queues[i].name, name))
            return i;
    return ACD_NONE;
}

static uint32_t skill_of(const struct acd_policy *p, const struct tl_id *name)
{
    for (uint32_t i = 0; i < p->n_skills; i++)
        if (tl_id_eq(&p->skills[i], name))
            return i;
    return ACD_NONE;
}

static uint32_t agent_of(const struct acd_policy *p, const struct tl_id *name)
{
    for (uint32_t i = 0; i < p->n_agents; i++)
        if (tl_id_eq(&p->agents[i].id, name))
            return i;
    return ACD_NONE;
}

static void strike(struct stage *s)
{
    s->queues = tl_free(s->queues);
    s->skills = tl_free(s->skills);
    s->agents = tl_free(s->agents);
}

static int set_up(struct stage *s)
{
    size_t n = s->r->n_names;

    s->queues = tl_alloc(n, sizeof(*s->queues));
    s->skills = tl_alloc(n, sizeof(*s->skills));
    s->agents = tl_alloc(n, sizeof(*s->agents));
    if (!s->queues || !s->skills || !s->agents) {
        strike(s);
        return -ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        s->queues[i] = queue_of(s->policy, &s->r->names[i]);
        s->skills[i] = skill_of(s->policy, &s->r->names[i]);
        s->agents[i] = agent_of(s->policy, &s->r->names[i]);
    }
    return 0;
}

/* ---- customers and shifts ---- */

static bool next_contact(void *arg, struct floor_call *ret)
{
    struct stage *s = arg;
    const struct record_contact *c;

    do {
        if (s->next == s->r->n_contacts)
            return false;
        c = &s->r->contacts[s->next++];
        s->gaps.contacts += s->queues[c->queue] == ACD_NONE;
    } while (s->queues[c->queue] == ACD_NONE);
    *ret = (struct floor_call){.at = c->at,
                               .queue = s->queues[c->queue],
                               .channel = (enum acd_channel)c->channel,
                               .priority = c->priority,
                               .patience = c->patience,
                               .answer = c->rang,
                               .talk = c->talk,
                               .wrap_up = c->wrap_up};
    for (unsigned i = 0; i < c->n_skills; i++) {
        uint32_t skill = s->skills[c->skills[i]];
        if (skill == ACD_NONE)
            s->gaps.skills++;
        else
            ret->required[ret->n_required++] = (struct acd_need){(uint16_t)skill, 1};
    }
    return true;
}

static enum floor_duty duty_of(uint8_t presence)
{
    if (presence <= ACD_OFFLINE)
        return FLOOR_OFF;
    return presence == ACD_NOT_READY ? FLOOR_AWAY : FLOOR_READY;
}

/* Changes of duty only: ringing, talking and wrapping up are the core's to decide. */
static int shifts_of(struct stage *s, struct floor_shift **ret, size_t *ret_n)
{
    const struct record *r = s->r;
    struct floor_shift *shifts = tl_alloc(2 * r->n_presence + 1, sizeof(*shifts));
    uint8_t *duty = tl_alloc(r->n_names + 1, 1); /* 1 + what it is; 0: not seen yet */
    size_t n = 0;

    if (!shifts || !duty) {
        tl_free(shifts);
        tl_free(duty);
        return -ENOMEM;
    }
    for (size_t i = 0; i < r->n_presence; i++) { /* who was there before the record begins */
        const struct record_presence *p = &r->presence[i];
        if (duty[p->agent])
            continue;
        duty[p->agent] = (uint8_t)(1 + duty_of(p->before));
        s->gaps.agents += s->agents[p->agent] == ACD_NONE;
        if (s->agents[p->agent] != ACD_NONE && duty_of(p->before) != FLOOR_OFF)
            shifts[n++] = (struct floor_shift){r->first, s->agents[p->agent], duty_of(p->before)};
    }
    for (size_t i = 0; i < r->n_presence; i++) {
        const struct record_presence *p = &r->presence[i];
        enum floor_duty now = duty_of(p->now);
        if (s->agents[p->agent] != ACD_NONE && duty[p->agent] != 1 + (uint8_t)now)
            shifts[n++] = (struct floor_shift){p->at, s->agents[p->agent], now};
        duty[p->agent] = (uint8_t)(1 + now);
    }
    tl_free(duty);
    *ret = shifts;
    *ret_n = n;
    return 0;
}

static void show(void *arg, tl_time now, uint64_t offered)
{
    const struct stage *s = arg;

    TL_UNUSED(now);
    if (s->watch.progress)
        s->watch.progress((double)offered / (double)s->r->n_contacts);
}

static void tell(void *arg, const struct acd_decision *d)
{
    const struct stage *s = arg;

    if (s->watch.decided)
        s->watch.decided(s->watch.arg, d);
}

static int check(void *arg, const struct acd *acd)
{
    const struct stage *s = arg;

    return s->watch.check ? s->watch.check(s->watch.arg, acd) : 0;
}

int rerun(const struct record *r, const struct acd_policy *policy, const struct rerun_watch *watch,
          struct floor_result *ret, struct rerun_gaps *ret_gaps)
{
    struct stage s = {.r = r, .policy = policy};
    struct floor_shift *shifts = NULL;
    struct floor_opts opts = {.policy = policy,
                              .source = next_contact,
                              .decided = tell,
                              .progress = show,
                              .check = check,
                              .arg = &s};
    int err;

    *ret = (struct floor_result){0};
    if (watch)
        s.watch = *watch;
    err = set_up(&s);
    if (!err)
        err = shifts_of(&s, &shifts, &opts.n_shifts);
    opts.shifts = shifts;
    if (!err)
        err = floor_run(&opts, ret);
    *ret_gaps = s.gaps;
    tl_free(shifts);
    strike(&s);
    return err;
}

/* ---- as it was ---- */

static void count(struct numbers *n, const struct record_contact *c, tl_dur target)
{
    n->offered++;
    n->delayed += c->end != RECORD_ANSWERED || c->wait - c->rang > TL_MSEC(100);
    n->wait_of_all += (double)c->wait;
    n->longest_wait = TL_HIGHER(n->longest_wait, c->wait);
    switch ((enum record_end)c->end) {
    case RECORD_ANSWERED:
        n->answered++;
        n->answered_in_time += c->wait <= target;
        n->wait_of_answered += (double)c->wait;
        n->released++;
        n->handled += (double)(c->talk + c->wrap_up);
        break;
    case RECORD_ABANDONED:
        n->abandoned++;
        n->abandoned_in_time += c->wait <= target;
        n->short_abandoned += c->wait <= NUMBERS_SHORT;
        break;
    case RECORD_FLOWED_OUT: n->flowed_out++; break;
    default: n->waiting++;
    }
}

static void count_presence(const struct stage *s, uint32_t agent, uint8_t presence, tl_dur lasted,
                           struct floor_result *ret)
{
    const struct acd_agent_profile *a = &s->policy->agents[s->agents[agent]];
    double counts = lasted > 0 ? (double)lasted : 0; /* until the last arrival, as on the floor */
    double busy = presence >= ACD_RINGING ? counts : 0;
    double there = presence >= ACD_READY ? counts : 0;

    ret->total.busy += busy;
    ret->total.available += there;
    for (unsigned i = 0; i < a->n_queues; i++) {
        ret->queues[a->queues[i]].busy += busy;
        ret->queues[a->queues[i]].available += there;
    }
}

static int count_agents(const struct stage *s, struct floor_result *ret)
{
    const struct record *r = s->r;
    struct {
        tl_time since;
        uint8_t presence;
    } *is = tl_alloc(r->n_names + 1, sizeof(*is));

    if (!is)
        return -ENOMEM;
    for (size_t i = 0; i < r->n_presence; i++) {
        const struct record_presence *p = &r->presence[i];
        tl_time since = is[p->agent].since ? is[p->agent].since : r->first;
        uint8_t was = is[p->agent].since ? is[p->agent].presence : p->before;
        if (s->agents[p->agent] != ACD_NONE)
            count_presence(s, p->agent, was, TL_LOWER(p->at, ret->last) - since, ret);
        is[p->agent].since = p->at;
        is[p->agent].presence = p->now;
    }
    for (uint32_t a = 0; a < r->n_names; a++)
        if (is[a].since && s->agents[a] != ACD_NONE)
            count_presence(s, a, is[a].presence, ret->last - is[a].since, ret);
    tl_free(is);
    return 0;
}

int rerun_recorded(const struct record *r, const struct acd_policy *policy,
                   struct floor_result *ret)
{
    struct stage s = {.r = r, .policy = policy};
    int err = set_up(&s);

    *ret = (struct floor_result){.n_queues = policy->n_queues,
                                 .first = r->contacts[0].at,
                                 .last = r->contacts[r->n_contacts - 1].at};
    ret->queues = err ? NULL : tl_alloc(policy->n_queues, sizeof(*ret->queues));
    if (!err && !ret->queues)
        err = -ENOMEM;
    for (size_t i = 0; !err && i < r->n_contacts; i++) {
        const struct record_contact *c = &r->contacts[i];
        uint32_t queue = s.queues[c->queue];
        if (queue == ACD_NONE)
            continue;
        count(&ret->queues[queue], c, policy->queues[queue].service_target);
        count(&ret->total, c, policy->queues[queue].service_target);
    }
    if (!err)
        err = count_agents(&s, ret);
    if (err)
        floor_done(ret);
    strike(&s);
    return err;
}
