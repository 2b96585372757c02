/**
 * @file wire_world.h  A core whose decisions are heard as events, written and read back.
 */
#ifndef ACD_WIRE_WORLD_H
#define ACD_WIRE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <adapters/policy_yaml.h>
#include <tl_mem.h>
#include <tl_pb.h>
#include <wire_pb.h>

#define NOW TL_SEC(1700000000)
#define MAX 40
#define C1  "01M80EK74EDD805EPV28WG00YA" /* a trace id is made of a ULID */

static const char rules[] =
    "lease: 10m\n"
    "queues: [{name: help, wrap_up: 30s, offer_timeout: 20s}, {name: far}]\n"
    "agents: [{id: a1, queues: [help]}, {id: a2, queues: [far]},\n"
    "         {id: a3, queues: [far]}]\n";

struct world {
    struct policy_file *policy;
    struct acd *acd;
    struct wire_scene scene;
    Threadline__Acd__V1__AcdEvent *heard[MAX];
    size_t n;
    struct tl_buf bytes;
};

static inline void hear(void *arg, const struct acd_decision *d)
{
    struct world *w = arg;
    const struct wire_meta m = {.event_id = "E1", .boot = "B1", .seq = 1, .at = 5};
    struct tl_id key;
    const char *name;

    w->scene.acd = w->acd;
    w->scene.now = d->now;
    tl_buf_clear(&w->bytes);
    if (wire_event(&w->scene, d, &m, &w->bytes, &name, &key) || d->kind == ACD_SHOW_AGENT)
        return;
    assert_true(w->n < MAX);
    assert_string_equal(key.s, "T1");
    assert_int_equal(
        TL_PB_UNPACK(threadline__acd__v1__acd_event, w->bytes.p, w->bytes.n, &w->heard[w->n]), 0);
    assert_string_equal(w->heard[w->n]->meta->contact_id, C1); /* not the seat's */
    assert_int_equal(strlen(w->heard[w->n]->meta->trace_id), TL_TRACE_ID_N);
    assert_string_equal(w->heard[w->n]->meta->trace_id, w->heard[0]->meta->trace_id);
    w->n++;
}

static inline int begin(void **state)
{
    struct world *w = tl_alloc(1, sizeof(*w));
    struct tl_buf why = TL_BUF(4096);

    *state = w;
    w->bytes = TL_BUF(65536);
    w->scene = (struct wire_scene){.epoch = 7, .partition = "p0", .skew = 1000};
    return policy_parse(&w->policy, tl_str(rules), "rules", &why) ||
           acd_new(&w->acd, policy_of(w->policy), 0, hear, w);
}

static inline int end(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < w->n; i++)
        tl_pb_free(w->heard[i]);
    tl_buf_done(&w->bytes);
    acd_free(w->acd);
    policy_free(w->policy);
    tl_free(w);
    return 0;
}

static inline enum acd_outcome step(struct world *w, struct acd_fact f, tl_time now)
{
    enum acd_outcome out;

    assert_int_equal(acd_step(w->acd, &f, now, &out), 0);
    return out;
}

static inline void ready(struct world *w, const char *agent)
{
    (void)step(w, (struct acd_fact){.kind = ACD_AGENT_READY, .agent = tl_str(agent)}, NOW);
}

static inline void accepts(struct world *w, const char *agent, const char *id)
{
    const struct acd_contact *c = acd_contact(w->acd, acd_find_contact(w->acd, tl_str(id)));

    assert_int_equal(step(w,
                          (struct acd_fact){.kind = ACD_OFFER_ACCEPTED,
                                            .agent = tl_str(agent),
                                            .offer = c->offer},
                          NOW + TL_SEC(2)),
                     ACD_OK);
}

/* The one contact of these tests, of thread T1. */
static inline void c1_comes(struct world *w)
{
    (void)step(w,
               (struct acd_fact){.kind = ACD_CONTACT_QUEUED,
                                 .contact = TL_STR(C1),
                                 .thread = TL_STR("T1"),
                                 .channel = ACD_VIDEO},
               NOW);
}

static inline const char *event(const struct world *w, size_t i)
{
    return tl_pb_which(w->heard[i])->name;
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, begin, end)

#endif
