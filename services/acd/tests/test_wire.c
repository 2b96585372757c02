/* Round trips of what is stored and said, and junk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <adapters/policy_yaml.h>
#include <lab/crowd.h>
#include <tl_mem.h>
#include <tl_pb.h>
#include <wire_pb.h>

static const char rules[] =
    "skills: [german, cards]\n"
    "queues: [{name: help, wrap_up: 30s}, {name: far}]\n"
    "agents: [{id: a1, queues: [help, far], skills: {german: 3}}, {id: a2}]\n";

struct world {
    struct policy_file *policy;
    struct acd *acd;
    struct tl_buf heard[64];
    size_t n;
    struct wire_scene scene;
};

static void hear(void *arg, const struct acd_decision *d)
{
    struct world *w = arg;
    const struct wire_meta m = {.event_id = "E1", .boot = "B1", .seq = w->n + 1, .at = 5};
    struct wire_event_head head;
    const char *name;
    struct tl_id key;
    struct tl_buf *b = &w->heard[w->n];

    w->scene.acd = w->acd;
    w->scene.now = d->now;
    *b = TL_BUF(65536);
    if (wire_event(&w->scene, d, &m, b, &name, &key)) {
        assert_int_equal(d->kind, ACD_FORGET);
        return;
    }
    w->n++;
    assert_int_equal(wire_event_head(b->p, b->n, &head), 0);
    assert_string_equal(head.name, name);
    assert_string_equal(head.key.s, key.s);
    assert_int_equal(head.at, 5);
}

static int begin(void **state)
{
    struct world *w = tl_alloc(1, sizeof(*w));
    struct tl_buf why = TL_BUF(4096);

    *state = w;
    w->scene = (struct wire_scene){.epoch = 7, .partition = "p0", .skew = 1000};
    return policy_parse(&w->policy, tl_str(rules), "rules", &why) ||
           acd_new(&w->acd, policy_of(w->policy), 0, hear, w);
}

static int end(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < TL_LEN(w->heard); i++)
        tl_buf_done(&w->heard[i]);
    acd_free(w->acd);
    policy_free(w->policy);
    tl_free(w);
    return 0;
}

static void step(struct world *w, struct acd_fact f, tl_time now)
{
    enum acd_outcome out;

    assert_int_equal(acd_step(w->acd, &f, now, &out), 0);
    assert_int_equal(out, ACD_OK);
}

#define NOW TL_SEC(1700000000)

static void a_contact_comes_back_from_its_record(void **state)
{
    struct world *w = *state;
    struct tl_buf b = TL_BUF(65536);
    struct wire_stored stored;
    const struct acd_contact *back = &stored.contact;
    const struct acd_contact *c;

    step(w,
         (struct acd_fact){.kind = ACD_CONTACT_QUEUED,
                           .contact = TL_STR("C1"),
                           .thread = TL_STR("T1"),
                           .queue = 1,
                           .channel = ACD_CHAT,
                           .priority = -3,
                           .attempt = 2,
                           .preferred_agent = TL_STR("a2"),
                           .n_required = 1,
                           .required = {{0, 2}},
                           .n_preferred = 1,
                           .preferred = {{1, 4}},
                           .enqueued = NOW - TL_SEC(9)},
         NOW);
    step(w, (struct acd_fact){.kind = ACD_AGENT_READY, .agent = TL_STR("a1")}, NOW);
    c = acd_contact(w->acd, acd_find_contact(w->acd, TL_STR("C1")));
    assert_int_equal(c->state, ACD_OFFERED);
    step(w, (struct acd_fact){.kind = ACD_OFFER_DECLINED, .agent = TL_STR("a1"), .offer = c->offer},
         NOW + 5);
    step(w, (struct acd_fact){.kind = ACD_AGENT_READY, .agent = TL_STR("a2")}, NOW + 6);
    w->scene.acd = w->acd;
    assert_int_equal(wire_store_contact(&w->scene, c, &b), 0);
    assert_int_equal(wire_load_contact(w->acd, b.p, b.n, &stored), 0);
    assert_memory_equal(&back->id, &c->id, sizeof(c->id));
    assert_memory_equal(&back->thread, &c->thread, sizeof(c->thread));
    assert_int_equal(back->offer, c->offer);
    assert_int_equal(back->arrival, c->arrival);
    assert_int_equal(back->enqueued, c->enqueued);
    assert_int_equal(back->queued, c->queued);
    assert_int_equal(back->since, c->since);
    assert_int_equal(back->priority, -3);
    assert_int_equal(back->attempt, 2);
    assert_int_equal(back->agent, c->agent);
    assert_int_equal(back->preferred, c->preferred);
    assert_int_equal(back->queue, 1);
    assert_int_equal(back->channel, ACD_CHAT);
    assert_int_equal(back->state, c->state);
    assert_int_equal(back->n_required, 1);
    assert_memory_equal(back->required, c->required, sizeof(back->required[0]));
    assert_int_equal(back->n_preferred, 1);
    assert_int_equal(back->preferred_skills[0].least, 4);
    assert_int_equal(back->n_excluded, 1);
    assert_int_equal(back->excluded[0].agent, c->excluded[0].agent);
    assert_int_equal(back->excluded[0].until_s, c->excluded[0].until_s);
    tl_buf_done(&b);
}

static void an_agent_comes_back_from_its_record(void **state)
{
    struct world *w = *state;
    struct tl_buf b = TL_BUF(65536);
    struct acd_agent back;
    const struct acd_agent *a;

    step(w,
         (struct acd_fact){.kind = ACD_AGENT_NOT_READY,
                           .agent = TL_STR("a1"),
                           .session = TL_STR("S1"),
                           .cause = TL_STR("lunch")},
         NOW);
    a = acd_agent(w->acd, acd_find_agent(w->acd, TL_STR("a1")));
    assert_int_equal(wire_store_agent(a, &b), 0);
    assert_int_equal(wire_load_agent(b.p, b.n, &back), 0);
    assert_string_equal(back.id.s, "a1");
    assert_string_equal(back.session.s, "S1");
    assert_string_equal(back.reason.s, "lunch");
    assert_int_equal(back.presence, ACD_NOT_READY);
    assert_int_equal(back.since, a->since);
    assert_true(back.signed_in && !back.ready);
    tl_buf_done(&b);
}

static void who_spoke_with_whom_goes_there_and_back(void **state)
{
    struct world *w = *state;
    struct acd_familiar f = {.thread = UINT64_MAX - 1, .until = NOW + 5, .agent = 0}, back;
    struct tl_buf b = TL_BUF(256);

    assert_int_equal(wire_store_familiar(w->acd, &f, &b), 0);
    assert_int_equal(wire_load_familiar(w->acd, b.p, b.n, &back), 0);
    assert_true(back.thread == f.thread && back.until == f.until && back.agent == f.agent);
    f.agent = ACD_NONE;
    tl_buf_clear(&b);
    assert_int_equal(wire_store_familiar(w->acd, &f, &b), 0);
    assert_int_equal(wire_load_familiar(w->acd, b.p, b.n, &back), 0);
    assert_int_equal(back.agent, ACD_NONE);
    assert_int_equal(wire_load_familiar(w->acd, b.p, b.n - 1, &back), -EBADMSG);
    tl_buf_done(&b);
}

static void junk_is_refused_and_never_harms(void **state)
{
    struct world *w = *state;
    struct rng dice = rng_seed(1);
    struct tl_buf b = TL_BUF(65536);
    struct wire_stored c;
    struct acd_agent a;
    struct acd_familiar f;
    struct wire_event_head head;
    struct wire_request r;
    char bytes[200];

    for (int i = 0; i < 20000; i++) {
        size_t n = rng_below(&dice, sizeof(bytes));
        for (size_t k = 0; k < n; k++)
            bytes[k] = (char)(rng_below(&dice, 3) ? rng_below(&dice, 128) : rng_next(&dice));
        enum wire_method m = (enum wire_method)rng_below(&dice, WIRE_METHODS);
        if (wire_request(&r, w->acd, m, bytes, n, 0) == 0) {
            if (r.outcome == ACD_OK && r.method < WIRE_HEARTBEAT)
                assert_int_equal(acd_step(w->acd, &r.fact, NOW + i, NULL), 0);
            wire_request_done(&r);
        }
        (void)wire_load_contact(w->acd, bytes, n, &c); /* any answer but a crash */
        (void)wire_load_agent(bytes, n, &a);
        (void)wire_load_familiar(w->acd, bytes, n, &f);
        (void)wire_event_head(bytes, n, &head);
        for (; w->n > 40; w->n--)
            tl_buf_done(&w->heard[w->n - 1]);
    }
    assert_int_equal(wire_load_agent("\x0a\x02"
                                     "a1",
                                     4, &a),
                     -EBADMSG); /* no presence */
    tl_buf_done(&b);
}

static void every_method_has_a_name_and_finds_it(void **state)
{
    (void)state;
    for (int m = 0; m < WIRE_METHODS; m++)
        assert_int_equal(wire_method_find(tl_str(wire_method_name((enum wire_method)m))), m);
    assert_int_equal(wire_method_find(TL_STR("nonsense")), WIRE_METHODS);
    for (int o = 0; o < ACD_OUTCOMES; o++)
        assert_true(wire_status((enum acd_outcome)o) >= 200);
}

static void an_offer_says_why(void **state)
{
    struct world *w = *state;
    Threadline__Acd__V1__AcdEvent *e = NULL;

    step(w, (struct acd_fact){.kind = ACD_AGENT_READY, .agent = TL_STR("a1")}, NOW);
    step(w,
         (struct acd_fact){
             .kind = ACD_CONTACT_QUEUED, .contact = TL_STR("C1"), .channel = ACD_VIDEO},
         NOW + TL_SEC(75));
    /* agent state, queued, offered, agent state */
    assert_int_equal(w->n, 4);
    assert_int_equal(TL_PB_UNPACK(threadline__acd__v1__acd_event, w->heard[2].p, w->heard[2].n, &e),
                     0);
    assert_int_equal(e->event_case, THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_OFFERED);
    assert_string_equal(e->contact_offered->why->line,
                        "longest idle (idle 1m15s) of 1 free and fit; 1 serving, 0 busy");
    assert_int_equal(e->contact_offered->why->n_candidates, 1);
    assert_string_equal(e->contact_offered->why->candidates[0]->agent_id, "a1");
    assert_int_equal(e->contact_offered->expires_at_us, NOW + TL_SEC(95) + 1000);
    assert_int_equal(e->epoch, 7);
    tl_pb_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_contact_comes_back_from_its_record, begin, end),
        cmocka_unit_test_setup_teardown(an_agent_comes_back_from_its_record, begin, end),
        cmocka_unit_test_setup_teardown(who_spoke_with_whom_goes_there_and_back, begin, end),
        cmocka_unit_test_setup_teardown(junk_is_refused_and_never_harms, begin, end),
        cmocka_unit_test_setup_teardown(every_method_has_a_name_and_finds_it, begin, end),
        cmocka_unit_test_setup_teardown(an_offer_says_why, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
