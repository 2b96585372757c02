/* Typing frames are read in one spelling only; pairs are learnt, changed and forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <tl_mem.h>

#include "core/pairs.h"
#include "core/typing.h"

#include <cmocka.h>

#define CONTACT "01ARZ3NDEKTSV4RRFFQ69G5FAV"

static void the_spelling_of_our_clients_is_read(void **state)
{
    char out[TYPING_FRAME_MAX];
    struct typing t;
    size_t n;

    TL_UNUSED(state);
    assert_true(typing_read(
        &t, TL_STR("{\"id\":\"a-7\",\"typing\":{\"contact_id\":\"" CONTACT "\",\"on\":true}}")));
    assert_true(t.on && tl_str_eq(t.id, TL_STR("a-7")) && tl_str_eq(t.contact, TL_STR(CONTACT)));
    n = typing_write(out, &t);
    assert_true(tl_str_eq((struct tl_str){out, n},
                          TL_STR("{\"typing\":{\"contact_id\":\"" CONTACT "\",\"on\":true}}")));
    n = typing_answer(out, &t);
    assert_true(tl_str_eq((struct tl_str){out, n}, TL_STR("{\"in_reply_to\":\"a-7\",\"ok\":{}}")));
    assert_true(
        typing_read(&t, TL_STR("{\"typing\":{\"contact_id\":\"" CONTACT "\",\"on\":true}}")));
    assert_int_equal(t.id.n, 0);
    assert_true(typing_read(
        &t, TL_STR("{\"id\":\"1\",\"typing\":{\"contact_id\":\"" CONTACT "\",\"on\":false}}")));
    n = typing_write(out, &t);
    assert_true(tl_str_eq((struct tl_str){out, n},
                          TL_STR("{\"typing\":{\"contact_id\":\"" CONTACT "\"}}")));
}

static void any_other_spelling_takes_the_long_way(void **state)
{
    static const char *const others[] = {
        "",
        "{}",
        "{\"id\":\"\",\"typing\":{\"contact_id\":\"" CONTACT "\",\"on\":true}}",
        "{\"id\":\"1\", \"typing\":{\"contact_id\":\"" CONTACT "\",\"on\":true}}",
        "{\"id\":\"1\",\"typing\":{\"on\":true,\"contact_id\":\"" CONTACT "\"}}",
        "{\"id\":\"1\",\"typing\":{\"contact_id\":\"short\",\"on\":true}}",
        "{\"id\":\"1\",\"typing\":{\"contact_id\":\"" CONTACT "X\",\"on\":true}}",
        "{\"id\":\"1\",\"typing\":{\"contact_id\":\"" CONTACT "\",\"on\":1}}",
        "{\"id\":\"1\",\"typing\":{\"contact_id\":\"" CONTACT "\",\"on\":true}} ",
        "{\"id\":\"1\",\"typing\":{\"contact_id\":\"" CONTACT "\",\"on\":true}",
        "{\"id\":\"1\\u0041\",\"typing\":{\"contact_id\":\"" CONTACT "\",\"on\":true}}",
        "{\"id\":\"1\",\"send_message\":{\"contact_id\":\"" CONTACT "\",\"on\":true}}",
    };
    struct typing t;

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(others); i++)
        assert_false(typing_read(&t, tl_str(others[i])));
}

/* ---- pairs: two customers and an agent, who are connected here ---- */

#define OTHER "01ARZ3NDEKTSV4RRFFQ69G5FAW"

static struct session *comes(struct sessions *s, const char *id, const char *agent)
{
    struct who who = {.role = agent ? ROLE_AGENT : ROLE_CUSTOMER};
    struct sessions_decisions ds;

    tl_str_put(who.session.s, sizeof(who.session.s), tl_str(id));
    tl_str_put(who.subject.s, sizeof(who.subject.s), tl_str(agent ? agent : "visitor"));
    assert_int_equal(
        sessions_step(s,
                      &(struct sessions_fact){.kind = SESSION_OPENED, .who = &who, .socket = &who},
                      1, &ds),
        0);
    return sessions_find(s, tl_str(id));
}

static void leaves(struct sessions *s, const char *id)
{
    struct sessions_decisions ds;

    assert_int_equal(
        sessions_step(s, &(struct sessions_fact){.kind = SESSION_TAKEN, .session = tl_str(id)}, 2,
                      &ds),
        0);
    assert_null(sessions_find(s, tl_str(id)));
}

/* s1, a customer, and s2, the desk of anna. */
static void two_come(struct sessions **s, struct session **customer, struct session **desk)
{
    assert_int_equal(sessions_new(s, TL_SEC(15), 0, 1, NULL), 0);
    *customer = comes(*s, "s1", NULL);
    *desk = comes(*s, "s2", "anna");
}

static void a_pair_is_learnt_changed_and_forgotten(void **state)
{
    struct pairs p = {.map = TL_MAP(1)};
    struct sessions *s = NULL;
    struct session *customer, *other, *desk, *second;
    struct agent *anna, *ben;

    TL_UNUSED(state);
    assert_int_equal(sessions_new(&s, TL_SEC(15), 0, 1, NULL), 0);
    customer = comes(s, "s1", NULL);
    other = comes(s, "s2", NULL);
    desk = comes(s, "s3", "anna");
    second = comes(s, "s4", "ben");
    anna = session_agent(desk);
    ben = session_agent(second);

    assert_null(pairs_of(customer, TL_STR(CONTACT)));
    assert_int_equal(pairs_learn(&p, TL_STR(CONTACT), customer, anna), 0);
    assert_int_equal(pairs_learn(&p, TL_STR(CONTACT), customer, anna), 0);
    assert_int_equal(pairs_learn(&p, TL_STR(OTHER), other, anna), 0);
    assert_ptr_equal(pair_agent(pairs_of(customer, TL_STR(CONTACT))), anna);
    assert_ptr_equal(pair_customer(pairs_of(desk, TL_STR(CONTACT))), customer);
    assert_ptr_equal(pair_customer(pairs_of(desk, TL_STR(OTHER))), other);
    assert_null(pairs_of(customer, TL_STR(OTHER))); /* not theirs */
    assert_null(pairs_of(customer, TL_STR("short")));

    /* transferred: the first agent is out of it */
    assert_int_equal(pairs_learn(&p, TL_STR(CONTACT), customer, ben), 0);
    assert_ptr_equal(pair_agent(pairs_of(customer, TL_STR(CONTACT))), ben);
    assert_null(pairs_of(desk, TL_STR(CONTACT)));
    assert_non_null(pairs_of(desk, TL_STR(OTHER)));
    assert_int_equal(pairs_learn(&p, TL_STR("no-ulid"), customer, ben), -EINVAL);

    pairs_forget(&p, TL_STR(CONTACT));
    pairs_forget(&p, TL_STR(CONTACT));
    assert_null(pairs_of(customer, TL_STR(CONTACT)));
    assert_null(pairs_of(second, TL_STR(CONTACT)));
    pairs_done(&p);
    assert_null(pairs_of(desk, TL_STR(OTHER)));
    for (int i = 0; i < 2; i++) {
        tl_mem_fail_after(i);
        assert_int_equal(pairs_learn(&p, TL_STR(CONTACT), customer, anna), -ENOMEM);
        tl_mem_fail_after(-1);
        assert_null(pairs_of(customer, TL_STR(CONTACT)));
    }
    pairs_done(&p);
    sessions_free(s);
}

/* From either side to the socket of the other, and no farther than anybody is. */
static void the_way_to_the_other_is_known_ahead(void **state)
{
    struct pairs p = {.map = TL_MAP(1)};
    struct sessions *s = NULL;
    struct session *customer, *desk;

    TL_UNUSED(state);
    two_come(&s, &customer, &desk);
    for (unsigned step = 0; step < 4; step++)
        assert_null(pairs_ahead(customer, step));
    assert_ptr_equal(pairs_ahead(desk, 0), session_agent(desk));
    for (unsigned step = 1; step < 4; step++)
        assert_null(pairs_ahead(desk, step));

    assert_int_equal(pairs_learn(&p, TL_STR(CONTACT), customer, session_agent(desk)), 0);
    assert_ptr_equal(pairs_ahead(customer, 0), pairs_of(customer, TL_STR(CONTACT)));
    assert_ptr_equal(pairs_ahead(customer, 1), session_agent(desk));
    assert_ptr_equal(pairs_ahead(customer, 2), desk);
    assert_ptr_equal(pairs_ahead(customer, 3), session_socket(desk));
    assert_ptr_equal(pairs_ahead(desk, 1), pairs_of(desk, TL_STR(CONTACT)));
    assert_ptr_equal(pairs_ahead(desk, 2), customer);
    assert_ptr_equal(pairs_ahead(desk, 3), session_socket(customer));
    pairs_done(&p);
    sessions_free(s);
}

static void a_pair_ends_with_either_of_its_two(void **state)
{
    struct pairs p = {.map = TL_MAP(1)};
    struct sessions *s = NULL;
    struct session *customer, *desk;

    TL_UNUSED(state);
    two_come(&s, &customer, &desk);
    assert_int_equal(pairs_learn(&p, TL_STR(CONTACT), customer, session_agent(desk)), 0);
    leaves(s, "s1");
    assert_null(pairs_of(desk, TL_STR(CONTACT)));
    assert_int_equal(p.map.n, 0);

    customer = comes(s, "s3", NULL);
    assert_int_equal(pairs_learn(&p, TL_STR(CONTACT), customer, session_agent(desk)), 0);
    assert_non_null(comes(s, "s4", "anna")); /* a second desk of the same agent */
    leaves(s, "s2");
    assert_non_null(pairs_of(customer, TL_STR(CONTACT)));
    leaves(s, "s4");
    assert_null(pairs_of(customer, TL_STR(CONTACT)));
    assert_int_equal(p.map.n, 0);
    pairs_done(&p);
    sessions_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_spelling_of_our_clients_is_read),
        cmocka_unit_test(any_other_spelling_takes_the_long_way),
        cmocka_unit_test(a_pair_is_learnt_changed_and_forgotten),
        cmocka_unit_test(the_way_to_the_other_is_known_ahead),
        cmocka_unit_test(a_pair_ends_with_either_of_its_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
