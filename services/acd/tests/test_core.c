/* The core's corners: bounds that a day never reaches, collisions, words, and rules that lose the
 * people they are about.  Some states are planted, where no fact could bring them about in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <adapters/policy_yaml.h>
#include <core/hours.h>
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
    char line[200];
    unsigned contacts_told, agents_told;
};

static void hear(void *arg, const struct acd_decision *d)
{
    struct world *w = arg;

    if (d->kind == ACD_OFFER)
        (void)acd_why_line(w->acd, d, w->line, sizeof(w->line));
}

static int begin(void **state)
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

static void sound(struct world *w)
{
    char line[200];

    if (acd_check(w->acd, line, sizeof(line)))
        fail_msg("%s", line);
}

static int end(void **state)
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

static enum acd_outcome told(struct world *w, struct acd_fact f)
{
    enum acd_outcome out;

    assert_int_equal(acd_step(w->acd, &f, w->now, &out), 0);
    return out;
}

static void step(struct world *w, struct acd_fact f)
{
    assert_int_equal(told(w, f), ACD_OK);
    sound(w);
}

static struct acd_fact comes(const struct world *w, const char *id, const char *queue)
{
    return (struct acd_fact){.kind = ACD_CONTACT_QUEUED,
                             .contact = tl_str(id),
                             .channel = ACD_VIDEO,
                             .queue = acd_queue_find(w->acd, tl_str(queue))};
}

static struct acd_fact of(enum acd_fact_kind kind, const char *contact, const char *agent)
{
    return (struct acd_fact){.kind = kind, .contact = tl_str(contact), .agent = tl_str(agent)};
}

static uint32_t at(const struct world *w, const char *id)
{
    return acd_find_contact(w->acd, tl_str(id));
}

static void accepts(struct world *w, const char *contact)
{
    const struct acd_contact *c = acd_contact(w->acd, at(w, contact));
    struct acd_fact f = {.kind = ACD_OFFER_ACCEPTED, .offer = c->offer};

    f.agent = tl_id_str(&acd_agent(w->acd, c->agent)->id);
    step(w, f);
}

/* ---- lines ------------------------------------------------------------------------------------
 */

/* The i-th distinct set of five needs. */
static void vary(struct acd_fact *f, unsigned i)
{
    f->n_required = 6;
    for (unsigned n = 0; n < 6; n++, i /= 5)
        f->required[n] = (struct acd_need){(uint16_t)n, (uint8_t)(1 + i % 5)};
}

static void the_number_of_lines_has_a_bound(void **state)
{
    struct world *w = *state;
    struct acd_fact f;
    char id[16];

    for (unsigned i = 0; w->acd->n_lines < ACD_LINES_MAX - 1; i++) {
        (void)snprintf(id, sizeof(id), "v%u", i);
        f = comes(w, id, i == 7 ? "late" : "help");
        vary(&f, i);
        assert_int_equal(told(w, f), ACD_OK);
    }
    f = comes(w, "stays", "away"); /* there is a line for it here, and none where it should go */
    vary(&f, 15000);
    assert_int_equal(told(w, f), ACD_OK);
    f = comes(w, "more", "least");
    assert_int_equal(told(w, f), ACD_TOO_VARIED);
    assert_int_equal(acd_contact(w->acd, at(w, "stays"))->queue, 2);
    f = (struct acd_fact){.kind = ACD_MOVED, .contact = TL_STR("v1"), .queue = 4};
    assert_int_equal(told(w, f), ACD_TOO_VARIED);
    assert_int_equal(told(w, of(ACD_CALLBACK_WANTED, "v1", "")), ACD_TOO_VARIED);
    struct acd_contact image = *acd_contact(w->acd, at(w, "v2"));
    image.id = (struct tl_id){"image"};
    image.queue = 4;
    assert_int_equal(acd_restore_contact(w->acd, &image, w->now), -ENOSPC);
    w->acd->quiet = false;
    w->now += TL_SEC(11); /* v7 would overflow and cannot: it stays */
    assert_int_equal(told(w, of(ACD_TICK, "", "")), ACD_OK);
    assert_int_equal(acd_contact(w->acd, at(w, "v7"))->queue, 3);
    /* the new rules have as many sets and one more */
    assert_int_equal(told(w, of(ACD_CONTACT_LEFT, "v0", "")), ACD_OK); /* its line is nobody's */
    assert_int_equal(told(w, of(ACD_CONTACT_LEFT, "v3", "")), ACD_OK);
    assert_int_equal(told(w, comes(w, "c1", "least")), ACD_OK);
    assert_int_equal(told(w, comes(w, "c2", "most")), ACD_OK);
    assert_int_equal(told(w, comes(w, "c3", "turn")), ACD_TOO_VARIED);
    sound(w);
}

static void a_ninth_need_is_too_many(void **state)
{
    struct world *w = *state;
    struct acd_fact f = comes(w, "c1", "skilled");

    f.n_required = 8;
    for (unsigned i = 0; i < 8; i++)
        f.required[i] = (struct acd_need){(uint16_t)(i + 1), 1};
    assert_int_equal(told(w, f), ACD_TOO_VARIED);
}

/* Hashes that meet by chance: the right one is still found. */
static void hashes_may_meet(void **state)
{
    struct world *w = *state;
    struct acd_fact f = comes(w, "c1", "help");

    step(w, f);
    ids_add(&w->acd->contact_ids, ids_hash(TL_STR("c2")), at(w, "c1"));
    assert_int_equal(at(w, "c2"), ACD_NONE);
    ids_remove(&w->acd->contact_ids, ids_hash(TL_STR("c2")), at(w, "c1"));
    ids_add(&w->acd->agent_ids, ids_hash(TL_STR("b1")), 0);
    assert_int_equal(acd_find_agent(w->acd, TL_STR("b1")), ACD_NONE);
    ids_remove(&w->acd->agent_ids, ids_hash(TL_STR("b1")), 0);

    f = comes(w, "c3", "help"); /* line 1 */
    f.n_required = 1;
    f.required[0] = (struct acd_need){1, 2};
    step(w, f);
    struct line *first = w->acd->lines[w->acd->cells[0][at(w, "c1")].line];
    struct line *own = w->acd->lines[w->acd->cells[0][at(w, "c3")].line];
    struct line was = *first;
    uint32_t at_first = w->acd->cells[0][at(w, "c1")].line;
    uint32_t at_own = w->acd->cells[0][at(w, "c3")].line;
    static const struct {
        uint32_t queue;
        enum acd_load load;
        uint8_t n;
        struct acd_need need;
    } others[] = {{1, ACD_LOAD_LIVE, 1, {1, 2}},
                  {0, ACD_LOAD_CHAT, 1, {1, 2}},
                  {0, ACD_LOAD_LIVE, 0, {1, 2}},
                  {0, ACD_LOAD_LIVE, 1, {2, 2}},
                  {0, ACD_LOAD_LIVE, 1, {1, 3}}};
    for (size_t i = 0; i < TL_LEN(others); i++) {
        int err;
        ids_remove(&w->acd->line_ids, own->hash, at_own);
        ids_add(&w->acd->line_ids, own->hash, at_first);
        ids_add(&w->acd->line_ids, own->hash, at_own);
        first->queue = others[i].queue;
        first->load = others[i].load;
        first->n_needs = others[i].n;
        first->needs[0] = others[i].need;
        assert_int_equal(line_for(w->acd, 0, ACD_LOAD_LIVE, own->needs, 1, &err), at_own);
        *first = was;
        ids_remove(&w->acd->line_ids, own->hash, at_first);
    }
}

/* ---- rules that lose people -------------------------------------------------------------------
 */

static void who_is_not_in_the_new_rules_finishes_and_goes(void **state)
{
    struct world *w = *state;
    struct acd_fact f;

    step(w, of(ACD_AGENT_READY, "", "a1"));
    step(w, comes(w, "c1", "help"));
    accepts(w, "c1");
    f = comes(w, "c2", "help"); /* wants a1 and nobody else */
    f.preferred_agent = TL_STR("a1");
    f.direct = true;
    step(w, f);
    assert_int_equal(acd_position(w->acd, at(w, "c2")), 1);
    f = comes(w, "c3", "turn"); /* its queue and its skill will not be there */
    f.n_required = 1;
    f.required[0] = (struct acd_need){3, 5};
    step(w, f);
    assert_int_equal(acd_set_policy(w->acd, policy_of(w->other), w->now), 0);
    sound(w);
    assert_int_equal(acd_contact(w->acd, at(w, "c3"))->n_required, 0);
    assert_null(acd_profile(w->acd, 0));
    assert_int_equal(level_of(w->acd, 0, 0), 0);
    struct post nobody = *post_at(w->acd, 1);
    nobody.a.signed_in = nobody.a.ready = true;
    nobody.profile = ACD_NONE;
    assert_int_equal(open_loads(w->acd, &nobody), 0);
    assert_int_equal(told(w, of(ACD_AGENT_READY, "", "a1")), ACD_UNKNOWN_AGENT);
    assert_int_equal(told(w, of(ACD_AGENT_NOT_READY, "", "a1")), ACD_UNKNOWN_AGENT);
    step(w, of(ACD_CONTACT_RELEASED, "c1", ""));
    step(w, of(ACD_WRAP_UP_DONE, "c1", ""));
    assert_int_equal(acd_agent(w->acd, 0)->presence, ACD_OFFLINE);
    step(w, of(ACD_AGENT_READY, "", "a2")); /* c2 was released to everybody */
    assert_int_equal(acd_contact(w->acd, at(w, "c2"))->state, ACD_OFFERED);
    /* stored while it was here, loaded where it is not: finishes, too */
    struct acd_agent image = *acd_agent(w->acd, 0);
    image.signed_in = true;
    image.draining = false;
    assert_int_equal(acd_restore_agent(w->acd, &image, w->now), 0);
    acd_restored(w->acd, w->now);
    assert_true(acd_agent(w->acd, 0)->draining);
    assert_int_equal(acd_set_policy(w->acd, policy_of(w->policy), w->now + 1), 0);
}

static void count_contact(void *arg, const struct acd_contact *c)
{
    struct world *w = arg;

    assert_non_null(c);
    w->contacts_told++;
}

static void count_agent(void *arg, const struct acd_agent *a)
{
    struct world *w = arg;

    assert_non_null(a);
    w->agents_told++;
}

static void a_store_that_lost_everything_hears_it_again(void **state)
{
    struct world *w = *state;

    step(w, comes(w, "c1", "help"));
    step(w, comes(w, "c2", "help"));
    acd_take_changed(w->acd, count_contact, count_agent, w);
    assert_int_equal(w->contacts_told, 2);
    step(w, comes(w, "c3", "help"));
    step(w, of(ACD_CONTACT_LEFT, "c3", "")); /* changed, and out before anybody asked */
    step(w, of(ACD_CONTACT_LEFT, "c1", ""));
    w->contacts_told = w->agents_told = 0;
    acd_take_changed(w->acd, count_contact, count_agent, w);
    assert_int_equal(w->contacts_told, 0);
    acd_touch_all(w->acd);
    acd_take_changed(w->acd, count_contact, count_agent, w);
    assert_int_equal(w->contacts_told, 1);
    assert_int_equal(w->agents_told, 5);
    assert_null(acd_contact(w->acd, 0)); /* c1's place is free */
    assert_int_equal(acd_next_contact(w->acd, ACD_NONE), at(w, "c2"));
}

static void loading_without_memory_is_told(void **state)
{
    struct world *w = *state;
    struct acd_contact c = {.id = {"c1"},
                            .state = ACD_WAITING,
                            .agent = ACD_NONE,
                            .preferred = ACD_NONE,
                            .channel = ACD_VIDEO};
    int err = -ENOMEM;

    for (int64_t i = 0; err == -ENOMEM; i++) {
        (void)tl_mem_fail_after(i);
        err = acd_restore_contact(w->acd, &c, w->now);
        (void)tl_mem_fail_after(-1);
        assert_true(err == 0 || i < 50);
    }
    assert_int_equal(err, 0);
    assert_false(match_contact(w->acd, at(w, "c1"))); /* not while loading */
    match_agent(w->acd, 0);
    acd_restored(w->acd, w->now);
}

/* ---- refusals and bounds ----------------------------------------------------------------------
 */

static void numbers_out_of_range_are_refused(void **state)
{
    struct world *w = *state;
    struct acd_fact f = comes(w, "c1", "help");

    f.channel = (enum acd_channel)0;
    assert_int_equal(told(w, f), ACD_OUT_OF_RANGE);
    f.channel = ACD_CHANNELS;
    assert_int_equal(told(w, f), ACD_OUT_OF_RANGE);
    f.channel = ACD_VIDEO;
    f.n_preferred = ACD_NEEDS_MAX + 1;
    assert_int_equal(told(w, f), ACD_OUT_OF_RANGE);
    f.n_preferred = 0;
    f.n_required = ACD_NEEDS_MAX + 1;
    assert_int_equal(told(w, f), ACD_OUT_OF_RANGE);
    f.n_required = 0;
    f.n_preferred = 1;
    f.preferred[0].least = 6;
    assert_int_equal(told(w, f), ACD_OUT_OF_RANGE);
    f.n_preferred = 0;
    uint32_t n = w->acd->n_contacts;
    w->acd->n_contacts = ACD_CONTACTS_MAX;
    assert_int_equal(told(w, f), ACD_FULL);
    w->acd->n_contacts = n;
    step(w, f);
    f = of(ACD_REPRIORITISED, "c1", "");
    f.priority = -ACD_PRIORITY_MAX - 1;
    assert_int_equal(told(w, f), ACD_OUT_OF_RANGE);
    assert_int_equal(told(w, of(ACD_HANDED, "c1", "a1")), ACD_WRONG_STATE); /* not here */
    step(w, of(ACD_AGENT_READY, "", "a1"));
    accepts(w, "c1");
    step(w, of(ACD_CONTACT_RELEASED, "c1", ""));
    assert_int_equal(told(w, of(ACD_MOVED, "c1", "")), ACD_WRONG_STATE);
    assert_int_equal(told(w, of(ACD_HANDED, "c1", "a1")), ACD_WRONG_STATE);
}

static void the_oldest_of_many_refusals_is_forgotten(void **state)
{
    struct world *w = *state;
    char agent[16];

    step(w, comes(w, "c1", "help"));
    for (int i = 1; i <= 5; i++) {
        (void)snprintf(agent, sizeof(agent), "a%d", i);
        step(w, of(ACD_AGENT_READY, "", agent));
        struct acd_fact f = of(ACD_OFFER_DECLINED, "", agent);
        f.offer = acd_contact(w->acd, at(w, "c1"))->offer;
        step(w, f);
    }
    const struct acd_contact *c = acd_contact(w->acd, at(w, "c1"));
    assert_int_equal(c->n_excluded, ACD_EXCLUDED_MAX);
    assert_int_equal(c->agent, 0); /* a1's refusal is the forgotten one: it rings there again */
}

static void overflow_goes_only_once(void **state)
{
    struct world *w = *state;

    step(w, comes(w, "c1", "away"));
    assert_int_equal(acd_contact(w->acd, at(w, "c1"))->queue, 0);
    assert_true(acd_contact(w->acd, at(w, "c1"))->overflowed);
    struct acd_fact f = of(ACD_MOVED, "c1", "");
    f.queue = acd_queue_find(w->acd, TL_STR("away"));
    step(w, f);
    assert_int_equal(acd_contact(w->acd, at(w, "c1"))->queue, f.queue); /* stays this time */
}

/* Rules that no file can say: an adapter's mistake costs nobody his place. */
static void overflow_to_nowhere_is_staying(void **state)
{
    struct world *w = *state;
    struct acd_policy torn = *policy_of(w->policy);
    struct acd_queue_policy queues[8];

    assert_true(torn.n_queues <= TL_LEN(queues));
    for (uint32_t q = 0; q < torn.n_queues; q++)
        queues[q] = torn.queues[q];
    queues[2].overflow_to = ACD_NONE;
    torn.queues = queues;
    assert_int_equal(acd_set_policy(w->acd, &torn, w->now), 0);
    step(w, comes(w, "c1", "away"));
    assert_int_equal(acd_contact(w->acd, at(w, "c1"))->queue, 2);
    assert_int_equal(acd_set_policy(w->acd, policy_of(w->policy), w->now), 0);
}

/* ---- words and numbers ------------------------------------------------------------------------
 */

static void every_choice_has_its_words(void **state)
{
    static const struct {
        const char *queue, *words;
    } cases[] = {{"least", "least occupied (idle 1m01s)"},
                 {"most", "most skilled (idle 1m01s)"},
                 {"turn", "next in turn (idle 1m01s)"}};
    struct world *w = *state;

    for (size_t i = 0; i < TL_LEN(cases); i++) {
        step(w, of(ACD_AGENT_READY, "", "a1"));
        w->now += TL_SEC(61);
        step(w, comes(w, "c1", cases[i].queue));
        assert_memory_equal(w->line, cases[i].words, strlen(cases[i].words));
        step(w, of(ACD_AGENT_GONE, "", "a1"));
        step(w, of(ACD_CONTACT_LEFT, "c1", ""));
        w->now += TL_SEC(61);
    }
    step(w, comes(w, "c2", "help"));
    step(w, of(ACD_AGENT_READY, "", "a2"));
    accepts(w, "c2");
    struct acd_contact c = *acd_contact(w->acd, at(w, "c2"));
    struct acd_why why = {.by_hand = true};
    struct acd_decision d = {.contact = &c, .agent_at = 1, .why = &why};
    assert_true(acd_why_line(w->acd, &d, w->line, sizeof(w->line)) > 0);
    assert_string_equal(w->line, "picked by hand");
    assert_int_equal(acd_why_line(w->acd, &d, w->line, 5), 4);
    assert_string_equal(w->line, "pick");
}

static void a_long_story_keeps_its_newest_steps(void **state)
{
    struct world *w = *state;
    struct acd_fact f = of(ACD_MOVED, "c1", "");
    char line[100];
    unsigned n = 0;

    step(w, comes(w, "c1", "help"));
    for (int i = 0; i < 260; i++) {
        f.queue = i % 2 ? 0 : 4;
        step(w, f);
    }
    while (acd_history(w->acd, at(w, "c1"), n, line, sizeof(line)))
        n++;
    assert_int_equal(n, ACD_HISTORY);
    static const enum acd_decision_kind kinds[] = {ACD_SHOW_AGENT, ACD_TIME_OUT, ACD_TURN_DOWN,
                                                   ACD_END_WRAP};
    struct acd_why crowd = {.considered = 70000};
    crowd.rejected[ACD_REJECT_BUSY] = 70000;
    crowd.rejected[ACD_FIT] = 300;
    for (size_t i = 0; i < TL_LEN(kinds); i++)
        tell(w->acd,
             &(struct decide){.kind = kinds[i], .contact = at(w, "c1"), .agent = 0, .why = &crowd});
    assert_true(acd_history(w->acd, at(w, "c1"), ACD_HISTORY - 3, line, sizeof(line)) > 0);
    assert_non_null(strstr(line, "a1 did not answer"));
    assert_true(acd_history(w->acd, at(w, "c1"), ACD_HISTORY - 2, line, sizeof(line)) > 0);
    assert_non_null(strstr(line, "a1 declined"));
    assert_true(acd_history(w->acd, at(w, "c1"), ACD_HISTORY - 1, line, sizeof(line)) > 0);
    assert_non_null(strstr(line, "end_wrap: "));
}

static void numbers_of_an_empty_place(void **state)
{
    struct world *w = *state;
    struct acd_supply s;

    assert_int_equal(acd_oldest_lease(w->acd), TL_NEVER);
    assert_int_equal(acd_oldest_offer(w->acd), TL_NEVER);
    acd_supply(w->acd, 0, w->now, &s);
    assert_int_equal(s.oldest_wait, 0);
    step(w, of(ACD_AGENT_READY, "", "a1"));
    step(w, comes(w, "c1", "help"));
    accepts(w, "c1"); /* its line is empty now */
    assert_int_equal(acd_oldest_offer(w->acd), TL_NEVER);
    assert_true(acd_expected_wait(w->acd, 0, 1) > 0); /* nobody waits, nobody is idle */
    struct acd_fact f = comes(w, "c3", "help");       /* another line; the first is empty */
    f.n_required = 1;
    f.required[0] = (struct acd_need){1, 1};
    step(w, f);
    acd_supply(w->acd, 0, w->now + TL_SEC(1), &s);
    assert_int_equal(s.oldest_wait, TL_SEC(1));
    w->now += TL_SEC(1);
    step(w, comes(w, "c2", "help"));
    acd_supply(w->acd, 0, w->now + TL_SEC(1), &s);
    assert_int_equal(s.oldest_wait, TL_SEC(2));
    assert_int_equal(acd_next_of_agent(w->acd, 0, ACD_NONE), at(w, "c1"));
    assert_int_equal(acd_next_of_agent(w->acd, 0, at(w, "c1")), ACD_NONE);
    wheel_set(&w->acd->wheel, at(w, "c1"), w->now); /* nothing of a conversation is due */
    step(w, of(ACD_TICK, "", ""));
    assert_int_equal(acd_contact(w->acd, at(w, "c1"))->state, ACD_CONNECTED);
    assert_false(match_contact(w->acd, at(w, "c1")));
    assert_false(apply_staff_rules(w->acd, at(w, "c1")));
}

static void the_oldest_of_two_offers_counts(void **state)
{
    struct world *w = *state;

    step(w, of(ACD_AGENT_READY, "", "a1"));
    step(w, comes(w, "c1", "help"));
    w->now += TL_SEC(3);
    step(w, of(ACD_AGENT_READY, "", "a2"));
    step(w, comes(w, "c2", "help"));
    assert_int_equal(acd_oldest_offer(w->acd), NOW);
}

static void who_was_leaving_may_stay(void **state)
{
    struct world *w = *state;

    step(w, of(ACD_AGENT_READY, "", "a1"));
    step(w, comes(w, "c1", "help"));
    accepts(w, "c1");
    step(w, of(ACD_AGENT_DRAINED, "", "a1"));
    struct acd_agent image = *acd_agent(w->acd, 0);
    struct acd *next = NULL; /* a standby that takes over knows that it is leaving */
    assert_int_equal(acd_new(&next, policy_of(w->policy), 0, NULL, NULL), 0);
    assert_int_equal(acd_restore_agent(next, &image, w->now), 0);
    assert_true(acd_agent(next, 0)->draining);
    acd_free(next);
    step(w, of(ACD_AGENT_READY, "", "a1"));
    assert_false(acd_agent(w->acd, 0)->draining);
    step(w, of(ACD_CONTACT_RELEASED, "c1", ""));
    step(w, of(ACD_WRAP_UP_DONE, "c1", ""));
    assert_int_equal(acd_agent(w->acd, 0)->presence, ACD_READY);
}

static void new_rules_without_memory_change_nothing(void **state)
{
    struct world *w = *state;
    int err = -ENOMEM;

    step(w, of(ACD_AGENT_READY, "", "a2"));
    step(w, comes(w, "c1", "help"));
    step(w, comes(w, "c2", "turn"));
    for (int64_t i = 0; err == -ENOMEM; i++) {
        (void)tl_mem_fail_after(i);
        err = acd_set_policy(w->acd, policy_of(w->other), w->now);
        (void)tl_mem_fail_after(-1);
        sound(w);
        assert_true(err == 0 || (i < 100 && acd_policy(w->acd) == policy_of(w->policy)));
    }
    assert_int_equal(err, 0);
}

/* Ninety agents, the last ten of another queue. */
static void among_many_the_longest_idle_who_may(void **state)
{
    struct tl_buf text = TL_BUF(20000), why = TL_BUF(1000);
    struct policy_file *policy;
    struct world w = {.now = NOW};
    struct acd_fact f;
    char id[16];

    (void)state;
    (void)tl_buf_puts(&text, "skills: [s]\nlease: 10m\nqueues: [{name: help, offer_timeout: 20s}, "
                             "{name: other}, {name: best, choose: most_skilled}]\nagents:\n");
    for (int i = 0; i < 90; i++)
        (void)tl_buf_printf(&text, "  - {id: b%d, queues: [%s], skills: {s: %d}}\n", i,
                            i < 10 ? "other" : "help, best", 1 + i / 18);
    assert_int_equal(policy_parse(&policy, tl_buf_str(&text), "many", &why), 0);
    assert_int_equal(acd_new(&w.acd, policy_of(policy), 0, hear, &w), 0);
    for (int i = 0; i < 90; i++) {
        (void)snprintf(id, sizeof(id), "b%d", i);
        step(&w, of(ACD_AGENT_READY, "", id));
        w.now += TL_SEC(1);
    }
    f = comes(&w, "chat", "help");
    f.channel = ACD_CHAT;
    step(&w, f);
    accepts(&w, "chat"); /* b10 has room for chats, but not for a call */
    step(&w, comes(&w, "c1", "help"));
    assert_string_equal(acd_agent(w.acd, acd_contact(w.acd, at(&w, "c1"))->agent)->id.s, "b11");
    f = of(ACD_OFFER_DECLINED, "", "b11");
    f.offer = acd_contact(w.acd, at(&w, "c1"))->offer;
    step(&w, f);
    assert_string_equal(acd_agent(w.acd, acd_contact(w.acd, at(&w, "c1"))->agent)->id.s, "b12");
    w.acd->quiet = true; /* while loading: has been refused by b13, comes from another owner */
    assert_int_equal(told(&w, comes(&w, "c4", "help")), ACD_OK);
    exclude(w.acd, at(&w, "c4"), acd_find_agent(w.acd, TL_STR("b13")));
    w.acd->quiet = false;
    assert_true(match_contact(w.acd, at(&w, "c4")));
    assert_string_equal(acd_agent(w.acd, acd_contact(w.acd, at(&w, "c4"))->agent)->id.s, "b14");
    f = comes(&w, "c2", "help"); /* prefers a skill: everybody is asked */
    f.n_preferred = 1;
    f.preferred[0] = (struct acd_need){0, 5};
    step(&w, f);
    assert_string_equal(acd_agent(w.acd, acd_contact(w.acd, at(&w, "c2"))->agent)->id.s, "b72");
    f = comes(&w, "c3", "best");
    f.n_required = 1;
    f.required[0] = (struct acd_need){0, 1};
    step(&w, f);
    assert_string_equal(acd_agent(w.acd, acd_contact(w.acd, at(&w, "c3"))->agent)->id.s, "b73");
    acd_free(w.acd);
    policy_free(policy);
    tl_buf_done(&text);
    tl_buf_done(&why);
}

static void a_core_nobody_listens_to(void **state)
{
    struct world *w = *state;
    struct acd *silent = NULL;

    assert_int_equal(acd_new(&silent, policy_of(w->policy), 0, NULL, NULL), 0);
    struct acd_fact f = of(ACD_AGENT_READY, "", "a1");
    assert_int_equal(acd_step(silent, &f, w->now, NULL), 0);
    assert_int_equal(acd_agent(silent, 0)->presence, ACD_READY);
    acd_free(silent);
}

static void january_belongs_to_the_year_before(void **state)
{
    struct hours h = {.n_windows = 0};

    (void)state;
    assert_int_equal(hours_add(&h, TL_STR("thu"), TL_STR("09:00-10:00")), 0);
    assert_int_equal(hours_add_holiday(&h, TL_STR("1970-01-08")), 0);
    assert_int_equal(hours_add_holiday(&h, TL_STR("1970-12-24")), 0);
    assert_false(hours_open(&h, INT64_C(357) * 86400 + 9 * 3600)); /* a Thursday, too */
    assert_true(hours_open(&h, 9 * 3600));                         /* 1970-01-01 was a Thursday */
    assert_false(hours_open(&h, 9 * 3600 - 60));
    assert_false(hours_open(&h, 10 * 3600));
    assert_false(hours_open(&h, 86400 + 9 * 3600));
    assert_false(hours_open(&h, 7 * 86400 + 9 * 3600));
    assert_int_equal(hours_add(&h, TL_STR("fri"), TL_STR("0x:00-10:00")), -EINVAL);
    assert_int_equal(hours_add(&h, TL_STR("fri"), TL_STR("09:0x-10:00")), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_number_of_lines_has_a_bound, begin, end),
        cmocka_unit_test_setup_teardown(a_ninth_need_is_too_many, begin, end),
        cmocka_unit_test_setup_teardown(hashes_may_meet, begin, end),
        cmocka_unit_test_setup_teardown(who_is_not_in_the_new_rules_finishes_and_goes, begin, end),
        cmocka_unit_test_setup_teardown(a_store_that_lost_everything_hears_it_again, begin, end),
        cmocka_unit_test_setup_teardown(loading_without_memory_is_told, begin, end),
        cmocka_unit_test_setup_teardown(numbers_out_of_range_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(the_oldest_of_many_refusals_is_forgotten, begin, end),
        cmocka_unit_test_setup_teardown(overflow_goes_only_once, begin, end),
        cmocka_unit_test_setup_teardown(overflow_to_nowhere_is_staying, begin, end),
        cmocka_unit_test_setup_teardown(every_choice_has_its_words, begin, end),
        cmocka_unit_test_setup_teardown(a_long_story_keeps_its_newest_steps, begin, end),
        cmocka_unit_test_setup_teardown(numbers_of_an_empty_place, begin, end),
        cmocka_unit_test_setup_teardown(a_core_nobody_listens_to, begin, end),
        cmocka_unit_test_setup_teardown(the_oldest_of_two_offers_counts, begin, end),
        cmocka_unit_test_setup_teardown(who_was_leaving_may_stay, begin, end),
        cmocka_unit_test_setup_teardown(new_rules_without_memory_change_nothing, begin, end),
        cmocka_unit_test(among_many_the_longest_idle_who_may),
        cmocka_unit_test(january_belongs_to_the_year_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
