/* The core's bounds: lines, needs, hashes, numbers and refusals beyond what a day ever reaches.
 * Some states are planted, where no fact could bring them about in time. */
#include "core_world.h"

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

    step(w, of(ACD_AGENT_READY, "", "a2"));
    step(w, comes(w, "first", "help"));
    accepts(w, "first");
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
    f = of(ACD_CONSULT_ASKED, "first", "a2");
    f.seat = TL_STR("advice");
    f.queue = acd_queue_find(w->acd, TL_STR("turn"));
    assert_int_equal(told(w, f), ACD_TOO_VARIED); /* nobody ever stood in line there */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_number_of_lines_has_a_bound, begin, end),
        cmocka_unit_test_setup_teardown(a_ninth_need_is_too_many, begin, end),
        cmocka_unit_test_setup_teardown(hashes_may_meet, begin, end),
        cmocka_unit_test_setup_teardown(numbers_out_of_range_are_refused, begin, end),
        cmocka_unit_test_setup_teardown(the_oldest_of_many_refusals_is_forgotten, begin, end),
        cmocka_unit_test_setup_teardown(overflow_goes_only_once, begin, end),
        cmocka_unit_test_setup_teardown(overflow_to_nowhere_is_staying, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
