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

static void a_pair_is_learnt_changed_and_forgotten(void **state)
{
    struct pairs p = {.map = TL_MAP(1)};

    TL_UNUSED(state);
    assert_null(pairs_find(&p, TL_STR("c1")));
    assert_int_equal(pairs_learn(&p, TL_STR("c1"), TL_STR("s1"), TL_STR("agent-1")), 0);
    assert_int_equal(pairs_learn(&p, TL_STR("c1"), TL_STR("s1"), TL_STR("agent-2")), 0);
    assert_string_equal(pairs_find(&p, TL_STR("c1"))->agent.s, "agent-2");
    assert_int_equal(pairs_learn(&p, TL_STR("c1"), TL_STR("s1"), TL_STR("")), -EINVAL);
    assert_string_equal(pairs_find(&p, TL_STR("c1"))->agent.s, "agent-2");
    pairs_forget(&p, TL_STR("c1"));
    pairs_forget(&p, TL_STR("c1"));
    assert_null(pairs_find(&p, TL_STR("c1")));
    pairs_done(&p);
    for (int i = 0; i < 2; i++) {
        tl_mem_fail_after(i);
        assert_int_equal(pairs_learn(&p, TL_STR("c2"), TL_STR("s"), TL_STR("a")), -ENOMEM);
        tl_mem_fail_after(-1);
    }
    assert_int_equal(pairs_learn(&p, TL_STR("c2"), TL_STR("s"), TL_STR("a")), 0);
    pairs_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_spelling_of_our_clients_is_read),
        cmocka_unit_test(any_other_spelling_takes_the_long_way),
        cmocka_unit_test(a_pair_is_learnt_changed_and_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
