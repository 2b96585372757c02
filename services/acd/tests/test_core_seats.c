/* Seats from inside: what a new owner makes of stored ones, hashes that meet, memory that is short,
 * and the words of a why-record. */
#include "core_world.h"

static struct acd_fact consult(const char *by, const char *contact, const char *seat,
                               const char *wanted)
{
    struct acd_fact f = of(ACD_CONSULT_ASKED, contact, by);

    f.seat = tl_str(seat);
    f.preferred_agent = tl_str(wanted);
    return f;
}

/* a1 talks in c1 and has asked a2, who has come: s1. */
static void two_talk(struct world *w)
{
    step(w, of(ACD_AGENT_READY, "", "a1"));
    step(w, comes(w, "c1", "help"));
    accepts(w, "c1");
    step(w, of(ACD_AGENT_READY, "", "a2"));
    step(w, of(ACD_AGENT_READY, "", "a3"));
    step(w, consult("a1", "c1", "s1", "a2"));
    accepts(w, "s1");
}

/* The next owner, with the same agents and c1. */
static struct acd *next_owner(struct world *w)
{
    struct acd *next = NULL;

    assert_int_equal(acd_new(&next, policy_of(w->policy), 0, NULL, NULL), 0);
    for (uint32_t a = 0; a < 3; a++)
        assert_int_equal(acd_restore_agent(next, acd_agent(w->acd, a), w->now), 0);
    assert_int_equal(acd_restore_contact(next, acd_contact(w->acd, at(w, "c1")), w->now), 0);
    return next;
}

static void a_new_owner_has_the_seats_again(void **state)
{
    struct world *w = *state;
    struct acd_contact seat;
    char line[200];

    two_talk(w);
    struct acd *next = next_owner(w);
    seat = *acd_contact(w->acd, at(w, "s1"));
    seat.parent = acd_find_contact(next, TL_STR("c1"));
    assert_int_equal(acd_restore_contact(next, &seat, w->now), 0);
    assert_int_equal(acd_restore_contact(next, &seat, w->now), -EEXIST);
    acd_restored(next, w->now);
    if (acd_check(next, line, sizeof(line)))
        fail_msg("%s", line);
    assert_int_equal(acd_contact(next, seat.parent)->n_seats, 1);
    acd_free(next);
}

static void not_loaded(struct acd *next, struct acd_contact seat, tl_time now)
{
    uint32_t of = acd_find_contact(next, TL_STR("c1"));

    assert_int_equal(acd_restore_contact(next, &seat, now), -EINVAL);
    assert_int_equal(acd_contact(next, of)->n_seats, 0);
}

static void seats_that_fit_nowhere_are_not_loaded(void **state)
{
    struct world *w = *state;
    struct acd_contact seat, s;

    two_talk(w);
    struct acd *next = next_owner(w);
    uint32_t c1 = acd_find_contact(next, TL_STR("c1"));
    seat = *acd_contact(w->acd, at(w, "s1"));
    seat.parent = c1;
    s = seat;
    s.parent = 77; /* of nobody */
    not_loaded(next, s, w->now);
    s = seat;
    s.seat = ACD_JOINED + 1;
    not_loaded(next, s, w->now);
    s = seat;
    s.channel = ACD_CHAT; /* its contact is a video call */
    not_loaded(next, s, w->now);
    s = seat;
    s.agent = 3; /* a4 is not here */
    not_loaded(next, s, w->now);
    s = seat;
    s.agent = 0; /* has the contact itself */
    not_loaded(next, s, w->now);
    s = seat;
    s.state = ACD_WAITING;
    s.seat = ACD_JOINED; /* joined before it was taken */
    not_loaded(next, s, w->now);
    s.seat = ACD_CONSULT;
    s.direct = true;
    s.preferred = 3; /* wants a4 */
    not_loaded(next, s, w->now);
    s.preferred = ACD_NONE;
    not_loaded(next, s, w->now);
    s = seat;
    cell_at(next, c1)->c.n_seats = ACD_SEATS_MAX;
    assert_int_equal(acd_restore_contact(next, &s, w->now), -EINVAL);
    cell_at(next, c1)->c.n_seats = 0;
    cell_at(next, c1)->c.parent = 5; /* a seat of a seat */
    assert_int_equal(acd_restore_contact(next, &s, w->now), -EINVAL);
    cell_at(next, c1)->c.parent = ACD_NONE;
    cell_at(next, c1)->c.state = ACD_WRAPPING; /* the conversation is over */
    not_loaded(next, s, w->now);
    cell_at(next, c1)->c.state = ACD_CONNECTED;
    post_at(next, 0)->a.signed_in = false; /* nobody to advise */
    not_loaded(next, s, w->now);
    post_at(next, 0)->a.signed_in = true;
    s.state = ACD_WRAPPING; /* notes its part, though nobody else is there */
    s.id = (struct tl_id){"s0"};
    assert_int_equal(acd_restore_contact(next, &s, w->now), 0);
    s = seat;
    s.state = ACD_WAITING; /* for whoever the queue has */
    s.agent = s.preferred = ACD_NONE;
    s.direct = false;
    assert_int_equal(acd_restore_contact(next, &s, w->now), 0);
    acd_free(next);
}

static void a_seat_that_was_offered_to_who_is_gone_waits_again(void **state)
{
    struct world *w = *state;

    two_talk(w);
    struct acd *next = next_owner(w);
    struct acd_contact s = *acd_contact(w->acd, at(w, "s1"));
    s.parent = acd_find_contact(next, TL_STR("c1"));
    s.state = ACD_OFFERED;
    s.agent = 3; /* a4 */
    s.preferred = ACD_NONE;
    s.direct = false;
    assert_int_equal(acd_restore_contact(next, &s, w->now), 0);
    assert_int_equal(acd_contact(next, acd_find_contact(next, TL_STR("s1")))->state, ACD_WAITING);
    acd_free(next);
}

static void loading_a_seat_without_memory_is_told(void **state)
{
    struct world *w = *state;
    int err = -ENOMEM;

    two_talk(w);
    struct acd *next = next_owner(w);
    struct acd_contact s = *acd_contact(w->acd, at(w, "s1"));
    s.parent = acd_find_contact(next, TL_STR("c1"));
    for (int64_t i = 0; err == -ENOMEM; i++) {
        (void)tl_mem_fail_after(i);
        err = acd_restore_contact(next, &s, w->now);
        (void)tl_mem_fail_after(-1);
        assert_true(err == 0 || i < 50);
    }
    assert_int_equal(err, 0);
    acd_free(next);
}

/* The table of seats, wrapped around or with handles whose hashes meet: order and owner hold. */
static void hashes_of_contacts_may_meet(void **state)
{
    struct world *w = *state;
    uint32_t seats[ACD_SEATS_MAX], c1, s[2];

    two_talk(w);
    step(w, consult("a1", "c1", "s2", "a3"));
    c1 = at(w, "c1");
    s[0] = at(w, "s1");
    s[1] = at(w, "s2");
    uint64_t hash = ids_hash((struct tl_str){(const char *)&c1, sizeof(c1)});
    ids_remove(&w->acd->seat_ids, hash, s[0]);
    ids_add(&w->acd->seat_ids, hash, s[0]); /* now behind s2 */
    step(w, comes(w, "c2", "help"));
    assert_int_equal(ids_reserve(&w->acd->seat_ids, 3), 0);
    ids_add(&w->acd->seat_ids, hash, at(w, "c2"));
    assert_int_equal(acd_seats(w->acd, c1, seats), 2);
    assert_memory_equal(seats, s, sizeof(s));
    ids_remove(&w->acd->seat_ids, hash, at(w, "c2"));
}

static void a_consult_without_room_changes_nothing(void **state)
{
    struct world *w = *state;
    struct acd_fact f = comes(w, "c0", "help");
    enum acd_outcome out;
    char id[16];

    step(w, of(ACD_AGENT_READY, "", "a1"));
    step(w, comes(w, "c1", "help"));
    accepts(w, "c1");
    step(w, of(ACD_AGENT_READY, "", "a2"));
    uint32_t n = w->acd->n_contacts;
    w->acd->n_contacts = ACD_CONTACTS_MAX;
    assert_int_equal(told(w, consult("a1", "c1", "s1", "a2")), ACD_FULL);
    w->acd->n_contacts = n;
    for (unsigned i = 0; w->acd->n_cells < 1024; i++) { /* the last of a thousand cells is taken */
        (void)snprintf(id, sizeof(id), "w%u", i);
        f.contact = tl_str(id);
        assert_int_equal(told(w, f), ACD_OK);
    }
    f = consult("a1", "c1", "s1", "a3");
    step(w, of(ACD_AGENT_READY, "", "a3"));
    (void)tl_mem_fail_after(0);
    assert_int_equal(acd_step(w->acd, &f, w->now, &out), -ENOMEM);
    (void)tl_mem_fail_after(-1);
    assert_int_equal(acd_contact(w->acd, at(w, "c1"))->n_seats, 0);
    assert_int_equal(told(w, f), ACD_OK);
}

/* "late" overflows to "help" after ten seconds; asking again for the same is no conflict. */
static void a_seat_may_overflow(void **state)
{
    struct world *w = *state;
    struct acd_fact f = consult("a1", "c1", "s1", "");

    step(w, of(ACD_AGENT_READY, "", "a1"));
    step(w, comes(w, "c1", "help"));
    accepts(w, "c1");
    f.queue = acd_queue_find(w->acd, TL_STR("late"));
    step(w, f);
    w->now += TL_SEC(11);
    step(w, of(ACD_TICK, "", ""));
    assert_int_equal(acd_contact(w->acd, at(w, "s1"))->queue, 0);
    step(w, f);
}

/* ---- words ---- */

static void the_story_so_far(const struct world *w, const char *contact, char all[2000])
{
    char line[200];

    all[0] = '\0';
    for (unsigned i = 0; acd_history(w->acd, at(w, contact), i, line, sizeof(line)); i++) {
        strcat(all, line);
        strcat(all, "\n");
    }
}

static void the_story_tells_of_seats(void **state)
{
    struct world *w = *state;
    char all[2000], line[200];

    two_talk(w);
    assert_true(acd_now_line(w->acd, at(w, "c1"), line, sizeof(line)) > 0);
    assert_non_null(strstr(line, "now connected in help, a1, ring 0, seats 1, policy "));
    the_story_so_far(w, "c1", all);
    assert_string_equal(all, "+0.000s came in line\n"
                             "+0.000s offered to a1: 1 of 1 serving free and fit, ring 0\n"
                             "+0.000s a1 accepted\n"
                             "+0.000s consult: a1 asked for it\n"
                             "+0.000s consult: offered to a2: 2 of 3 serving free and fit, 1 busy, "
                             "ring 0\n"
                             "+0.000s consult: a2 accepted\n");
    struct acd_fact f = of(ACD_CONSULT_COMPLETED, "c1", "a1");
    f.seat = TL_STR("s1");
    w->now += TL_SEC(5);
    step(w, f);
    the_story_so_far(w, "c1", all);
    assert_non_null(strstr(all, "+5.000s consult: a2 joined the conversation\n"
                                "+5.000s handed over to a2: transfer\n"
                                "+5.000s consult: conversation with a1 over: transfer\n"
                                "+5.000s consult: a1 in after-call work\n"));
}

static void the_line_says_where_a_contact_waits(void **state)
{
    struct world *w = *state;
    char line[200];

    step(w, comes(w, "c1", "help"));
    step(w, comes(w, "c2", "help"));
    assert_true(acd_now_line(w->acd, at(w, "c2"), line, sizeof(line)) > 0);
    assert_non_null(strstr(line, "now waiting in help, place 2, ring 0, seats 0, policy "));
}

/* Every reason by name, for those who were not taken. */
static void everybody_who_was_not_taken_has_a_reason(void **state)
{
    static const char *const reasons[] = {"refused_before", "busy", "not_ready"};
    struct world *w = *state;
    struct acd_rejected r[8];
    struct acd_fact f = comes(w, "c2", "help");

    step(w, of(ACD_AGENT_READY, "", "a2"));
    step(w, comes(w, "c1", "help"));
    accepts(w, "c1"); /* a2 is busy */
    f.n_required = 1;
    f.required[0] = (struct acd_need){1, 1};
    step(w, f); /* only a1 has the skill */
    step(w, of(ACD_AGENT_NOT_READY, "", "a3"));
    assert_int_equal(acd_why_rejected(w->acd, at(w, "c2"), r, 8), 2);
    assert_int_equal(r[0].reason, ACD_REJECT_SKILL);
    step(w, comes(w, "c3", "help"));
    step(w, of(ACD_AGENT_READY, "", "a4"));
    f = of(ACD_OFFER_DECLINED, "", "a4");
    f.offer = acd_contact(w->acd, at(w, "c3"))->offer;
    step(w, f);
    step(w, of(ACD_AGENT_READY, "", "a5"));
    assert_int_equal(acd_contact(w->acd, at(w, "c3"))->agent, 4);
    assert_int_equal(acd_why_rejected(w->acd, at(w, "c3"), r, 8), 3); /* a5 has it */
    for (int i = 0; i < 3; i++)
        assert_string_equal(acd_rejection_name(r[i].reason),
                            reasons[r[i].agent == 3 ? 0 : r[i].agent]);
    assert_int_equal(acd_why_rejected(w->acd, at(w, "c3"), r, 1), 1);
    assert_int_equal(acd_why_rejected(w->acd, at(w, "c3"), r, 0), 0);
    w->acd->quiet =
        true; /* while loading a free agent and somebody who waits may stand side by side */
    assert_int_equal(told(w, of(ACD_AGENT_READY, "", "a1")), ACD_OK);
    assert_int_equal(acd_why_rejected(w->acd, at(w, "c2"), r, 8), 4);
    w->acd->quiet = false;
    match_agent(w->acd, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_owner_has_the_seats_again, begin, end),
        cmocka_unit_test_setup_teardown(seats_that_fit_nowhere_are_not_loaded, begin, end),
        cmocka_unit_test_setup_teardown(a_seat_that_was_offered_to_who_is_gone_waits_again, begin,
                                        end),
        cmocka_unit_test_setup_teardown(loading_a_seat_without_memory_is_told, begin, end),
        cmocka_unit_test_setup_teardown(hashes_of_contacts_may_meet, begin, end),
        cmocka_unit_test_setup_teardown(a_consult_without_room_changes_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_seat_may_overflow, begin, end),
        cmocka_unit_test_setup_teardown(the_story_tells_of_seats, begin, end),
        cmocka_unit_test_setup_teardown(the_line_says_where_a_contact_waits, begin, end),
        cmocka_unit_test_setup_teardown(everybody_who_was_not_taken_has_a_reason, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
