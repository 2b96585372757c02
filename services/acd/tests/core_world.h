/**
 * @file core_world.h  A core with a few agents and queues, for tests that look inside.
 * Each step is followed by every check of the invariants.
 */
#ifndef ACD_CORE_WORLD_H
#define ACD_CORE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <adapters/policy_yaml.h>
#include <core/state.h>
#include <lab/check.h>
#include <tl_mem.h>

#define NOW TL_SEC(1700000000)

static const char rules[] =
    "lease: 10m\n"
    "skills: [s0, s1, s2, s3, s4, s5, s6, s7, s8]\n"
    "queues:\n"
    "  - {name: help, wrap_up: 10s}\n"
    "  - {name: skilled, requires: {s0: 1}}\n"
    "  - {name: away, no_staff: overflow, overflow: {to: help}}\n"
    "  - {name: late, overflow: {after: 10s, to: help}}\n"
    "  - {name: least, choose: least_occupied}\n"
    "  - {name: most, choose: most_skilled}\n"
    "  - {name: turn, choose: round_robin}\n"
    "agents:\n"
    "  - {id: a1, queues: [help, least, most, turn], skills: {s0: 3, s1: 3, s2: 3}}\n"
    "  - {id: a2, queues: [help]}\n"
    "  - {id: a3, queues: [help]}\n"
    "  - {id: a4, queues: [help]}\n"
    "  - {id: a5, queues: [help]}\n";

static const char without_a1[] = "lease: 10m\n"
                                 "skills: [s0]\n"
                                 "queues:\n"
                                 "  - {name: help, wrap_up: 10s}\n"
                                 "agents:\n"
                                 "  - {id: a2, queues: [help]}\n";

struct world {
    struct policy_file *policy, *other;
    struct acd *acd;
    tl_time now;
    char line[200], change[200];
    unsigned contacts_told, agents_told;
};

static inline void hear(void *arg, const struct acd_decision *d)
{
    struct world *w = arg;

    if (d->kind == ACD_OFFER)
        (void)acd_why_line(w->acd, d, w->line, sizeof(w->line));
    else if (d->why) /* a change of ring, a time-out */
        (void)acd_why_line(w->acd, d, w->change, sizeof(w->change));
}

static inline int begin(void **state)
{
    struct world *w = tl_alloc(1, sizeof(*w));
    struct tl_buf why = TL_BUF(4096);

    *state = w;
    w->now = NOW;
    if (policy_parse(&w->policy, tl_str(rules), "rules", &why) ||
        policy_parse(&w->other, tl_str(without_a1), "other", &why))
        fail_msg("%s", why.p);
    tl_buf_done(&why);
    return acd_new(&w->acd, policy_of(w->policy), 0, hear, w);
}

static inline void sound(struct world *w)
{
    char line[200];

    if (acd_check(w->acd, line, sizeof(line)))
        fail_msg("%s", line);
}

static inline int end(void **state)
{
    struct world *w = *state;

    sound(w);
    acd_free(w->acd);
    assert_null(acd_free(NULL));
    policy_free(w->policy);
    policy_free(w->other);
    tl_free(w);
    return 0;
}

static inline enum acd_outcome told(struct world *w, struct acd_fact f)
{
    enum acd_outcome out;

    assert_int_equal(acd_step(w->acd, &f, w->now, &out), 0);
    return out;
}

static inline void step(struct world *w, struct acd_fact f)
{
    assert_int_equal(told(w, f), ACD_OK);
    sound(w);
}

static inline struct acd_fact comes(const struct world *w, const char *id, const char *queue)
{
    return (struct acd_fact){.kind = ACD_CONTACT_QUEUED,
                             .contact = tl_str(id),
                             .channel = ACD_VIDEO,
                             .queue = acd_queue_find(w->acd, tl_str(queue))};
}

static inline struct acd_fact of(enum acd_fact_kind kind, const char *contact, const char *agent)
{
    return (struct acd_fact){.kind = kind, .contact = tl_str(contact), .agent = tl_str(agent)};
}

static inline uint32_t at(const struct world *w, const char *id)
{
    return acd_find_contact(w->acd, tl_str(id));
}

static inline void accepts(struct world *w, const char *contact)
{
    const struct acd_contact *c = acd_contact(w->acd, at(w, contact));
    struct acd_fact f = {.kind = ACD_OFFER_ACCEPTED, .offer = c->offer};

    f.agent = tl_id_str(&acd_agent(w->acd, c->agent)->id);
    step(w, f);
}

#endif
