/* The quiet half: text, buffers, lists, maps, ids, the heap's door, seen ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <tl_buf.h>
#include <tl_id.h>
#include <tl_list.h>
#include <tl_map.h>
#include <tl_mem.h>
#include <tl_seen.h>

#include <cmocka.h>

static void text_is_cut_compared_and_parsed(void **state)
{
    struct tl_str rest = TL_STR("a,,b"), part;
    int64_t n;
    char small[4];

    TL_UNUSED(state);
    assert_true(tl_str_split(&rest, ',', &part) && tl_str_eq(part, TL_STR("a")));
    assert_true(tl_str_split(&rest, ',', &part) && part.n == 0);
    assert_true(tl_str_split(&rest, ',', &part) && tl_str_eq(part, TL_STR("b")));
    assert_false(tl_str_split(&rest, ',', &part));
    assert_true(tl_str_ieq(TL_STR("HoSt"), TL_STR("host")));
    assert_true(tl_str_eq(tl_str_trim(TL_STR(" \t x y\r\n")), TL_STR("x y")));
    assert_int_equal(tl_str_int(TL_STR("-42"), -100, 100, &n), 0);
    assert_int_equal(n, -42);
    assert_int_equal(tl_str_int(TL_STR("9223372036854775807"), 0, INT64_MAX, &n), 0);
    assert_int_equal(tl_str_int(TL_STR("9223372036854775808"), 0, INT64_MAX, &n), -ERANGE);
    assert_int_equal(tl_str_int(TL_STR("99999999999999999999999999"), 0, INT64_MAX, &n), -ERANGE);
    assert_int_equal(tl_str_int(TL_STR("4x"), 0, 9, &n), -EINVAL);
    assert_int_equal(tl_str_int(TL_STR(""), 0, 9, &n), -EINVAL);
    assert_int_equal(tl_str_int(TL_STR("-"), -9, 9, &n), -EINVAL);
    assert_false(tl_str_put(small, sizeof(small), TL_STR("hello")));
    assert_string_equal(small, "hel");
}

static void a_listed_word_is_found_letter_for_letter(void **state)
{
    const char *list = "https://shop.example, https://trips.example ,";

    (void)state;
    assert_true(tl_str_listed(list, TL_STR("https://shop.example")));
    assert_true(tl_str_listed(list, TL_STR("https://trips.example")));
    assert_false(tl_str_listed(list, TL_STR("https://shop.example.evil.example")));
    assert_false(tl_str_listed(list, TL_STR("https://shop.exampl")));
    assert_false(tl_str_listed(list, TL_STR("HTTPS://shop.example")));
    assert_false(tl_str_listed(list, TL_STR("")));
    assert_false(tl_str_listed("", TL_STR("https://shop.example")));
}

static void only_well_formed_utf8_passes(void **state)
{
    static const char *const good[] = {"",
                                       "abc",
                                       "\xc3\xa9",
                                       "\xe2\x82\xac",
                                       "\xf0\x9f\x98\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\xaf",
                                      "\xc3",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "a\xe2\x82"};

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(good); i++)
        assert_true(tl_utf8_ok(good[i], strlen(good[i])));
    for (size_t i = 0; i < TL_LEN(bad); i++)
        assert_false(tl_utf8_ok(bad[i], strlen(bad[i])));
    assert_false(tl_utf8_ok("a\0b", 3));
}

static void a_buffer_keeps_its_maximum_and_its_first_failure(void **state)
{
    struct tl_buf b = TL_BUF(10);

    TL_UNUSED(state);
    assert_int_equal(tl_buf_puts(&b, "12345"), 0);
    assert_int_equal(tl_buf_printf(&b, "%s", "678901"), -EMSGSIZE);
    assert_int_equal(tl_buf_putc(&b, 'x'), -EMSGSIZE); /* refuses the rest */
    assert_string_equal(b.p, "12345");
    tl_buf_clear(&b);
    assert_int_equal(tl_buf_puts(&b, "1234567890"), 0);
    tl_buf_eat(&b, 4);
    assert_string_equal(b.p, "567890");
    tl_buf_done(&b);
    tl_mem_fail_after(0);
    assert_int_equal(tl_buf_puts(&b, "x"), -ENOMEM);
    tl_mem_fail_after(-1);
    tl_buf_done(&b);
}

static void json_text_is_escaped(void **state)
{
    struct tl_buf b = TL_BUF(100);

    TL_UNUSED(state);
    assert_int_equal(tl_buf_json_str(&b, TL_STR("a\"\\\n\x01z")), 0);
    assert_string_equal(b.p, "\"a\\\"\\\\\\n\\u0001z\"");
    tl_buf_done(&b);
}

struct thing {
    struct tl_link link;
    struct tl_entry entry;
    char key[16];
    int n;
};

static void a_list_keeps_order_and_lets_go_while_walked(void **state)
{
    struct tl_list l;
    struct thing t[5] = {0};
    char order[8] = "";

    TL_UNUSED(state);
    tl_list_init(&l);
    for (int i = 0; i < 4; i++) {
        t[i].n = i;
        tl_list_append(&l, &t[i].link);
    }
    t[4].n = 4;
    tl_list_prepend(&l, &t[4].link);
    tl_list_for_each (&l, k) {
        struct thing *x = TL_CONTAINER(k, struct thing, link);

        order[strlen(order)] = (char)('0' + x->n);
        if (x->n % 2 == 0)
            tl_list_remove(&l, k);
    }
    assert_string_equal(order, "40123");
    assert_int_equal(l.n, 2);
    assert_false(tl_link_used(&t[0].link));
}

static void a_map_finds_what_was_put_and_nothing_else(void **state)
{
    enum { N = 5000 };
    struct thing *t = calloc(N, sizeof(*t));
    struct tl_map m = TL_MAP(7);
    struct tl_entry *e, *next;
    int left = 0;

    TL_UNUSED(state);
    assert_null(tl_map_find(&m, TL_STR("k0")));
    for (int i = 0; i < N; i++) {
        snprintf(t[i].key, sizeof(t[i].key), "k%d", i);
        assert_int_equal(tl_map_add(&m, &t[i].entry, tl_str(t[i].key)), 0);
    }
    assert_int_equal(tl_map_add(&m, &t[0].entry, TL_STR("k0")), -EEXIST);
    for (int i = 0; i < N; i += 2)
        tl_map_remove(&m, &t[i].entry);
    for (int i = 0; i < N; i++) {
        e = tl_map_find(&m, tl_str(t[i].key));
        assert_ptr_equal(e, i % 2 ? &t[i].entry : NULL);
    }
    for (e = tl_map_next(&m, NULL); e; e = next) {
        next = tl_map_next(&m, e);
        tl_map_remove(&m, e);
        left++;
    }
    assert_int_equal(left, N / 2);
    assert_int_equal(m.n, 0);
    tl_map_done(&m);
    free(t);
}

static void a_map_out_of_memory_is_unchanged(void **state)
{
    struct thing t = {.key = "k"};
    struct tl_map m = TL_MAP(0);

    TL_UNUSED(state);
    tl_mem_fail_after(0);
    assert_int_equal(tl_map_add(&m, &t.entry, TL_STR("k")), -ENOMEM);
    tl_mem_fail_after(-1);
    assert_int_equal(m.n, 0);
    assert_int_equal(tl_map_reserve(&m, 100), 0);
    tl_mem_fail_after(0);
    assert_int_equal(tl_map_add(&m, &t.entry, TL_STR("k")), 0); /* room was made before */
    tl_mem_fail_after(-1);
    tl_map_done(&m);
}

static void a_contacts_trace_is_the_bits_of_its_id(void **state)
{
    const struct tl_str contact = TL_STR("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    char id[TL_TRACE_ID_N + 1], parent[TL_TRACE_PARENT_N + 1];

    TL_UNUSED(state);
    tl_trace_id(id, contact);
    assert_string_equal(id, "01563e3ab5d3d6764c61efb99302bd5b");
    assert_true(tl_trace_parent(parent, contact, TL_STR("01ARZ3NDEKZZZZZZZZZZZZZZZZ")));
    assert_string_equal(parent, "00-01563e3ab5d3d6764c61efb99302bd5b-ffffffffffffffff-01");
    assert_true(tl_trace_parent(parent, contact, TL_STR("01ARZ3NDEK0000000000000000")));
    assert_string_equal(parent + 36, "0000000000000001-01"); /* a span of zeros is not valid */
    assert_false(tl_trace_parent(parent, TL_STR("agent-1"), contact));
    assert_string_equal(parent, "");
    tl_trace_id(id, TL_STR("00000000000000000000000000"));
    assert_string_equal(id, "");
}

static void ids_are_ulids_and_sort_by_time(void **state)
{
    const uint8_t none[10] = {0}, all[10] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    struct tl_id a = tl_id_ulid(TL_MSEC(1469918176385), none),
                 b = tl_id_ulid(TL_MSEC(1469918176385), all),
                 c = tl_id_ulid(TL_MSEC(1469918176386), none), parsed;

    TL_UNUSED(state);
    assert_memory_equal(a.s, "01ARYZ6S41", 10); /* the specification's example time */
    assert_string_equal(a.s + 10, "0000000000000000");
    assert_string_equal(b.s + 10, "ZZZZZZZZZZZZZZZZ");
    assert_true(strcmp(a.s, b.s) < 0 && strcmp(b.s, c.s) < 0);
    assert_int_equal(tl_id_parse_ulid(&parsed, tl_id_str(&b)), 0);
    assert_int_equal(tl_id_time(tl_id_str(&b)), TL_MSEC(1469918176385));
    assert_int_equal(tl_id_time(TL_STR("agent-1")), 0);
    assert_true(tl_id_eq(&parsed, &b));
    assert_int_equal(tl_id_parse_ulid(&parsed, TL_STR("81ARYZ6S410000000000000000")), -EINVAL);
    assert_int_equal(tl_id_parse_ulid(&parsed, TL_STR("01ARYZ6S41000000000000000U")), -EINVAL);
    assert_int_equal(tl_id_parse_ulid(&parsed, TL_STR("01ARYZ6S41")), -EINVAL);
    assert_int_equal(tl_id_parse(&parsed, TL_STR("agent-1")), 0);
    assert_int_equal(tl_id_parse(&parsed, TL_STR("a b")), -EINVAL);
    assert_int_equal(tl_id_parse(&parsed, TL_STR("")), -EINVAL);
    assert_int_equal(tl_id_parse(&parsed, TL_STR("0123456789012345678901234567890123456789")),
                     -EINVAL);
}

static void the_newest_ids_are_remembered(void **state)
{
    struct tl_seen *s = NULL;
    char id[16];

    TL_UNUSED(state);
    assert_int_equal(tl_seen_new(&s, 100), 0);
    for (int i = 0; i < 250; i++) {
        snprintf(id, sizeof(id), "e%d", i);
        assert_int_equal(tl_seen_add(s, tl_str(id)), 0);
        assert_int_equal(tl_seen_add(s, tl_str(id)), 0);
    }
    assert_true(tl_seen_has(s, TL_STR("e249")));
    assert_true(tl_seen_has(s, TL_STR("e150")));
    assert_false(tl_seen_has(s, TL_STR("e149")));
    assert_null(tl_seen_free(s));
    assert_int_equal(tl_seen_new(&s, 0), -EINVAL);
}

static void the_heaps_door_counts(void **state)
{
    void *volatile p;

    TL_UNUSED(state);
    p = tl_copy("abc", 3);
    assert_string_equal(p, "abc");
    tl_free(p);
    (void)tl_mem_fail_after(-1);
    p = tl_free(tl_alloc(1, 8));
    assert_null(p);
    assert_int_equal(tl_mem_fail_after(-1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_cut_compared_and_parsed),
        cmocka_unit_test(a_listed_word_is_found_letter_for_letter),
        cmocka_unit_test(only_well_formed_utf8_passes),
        cmocka_unit_test(a_buffer_keeps_its_maximum_and_its_first_failure),
        cmocka_unit_test(json_text_is_escaped),
        cmocka_unit_test(a_list_keeps_order_and_lets_go_while_walked),
        cmocka_unit_test(a_map_finds_what_was_put_and_nothing_else),
        cmocka_unit_test(a_map_out_of_memory_is_unchanged),
        cmocka_unit_test(ids_are_ulids_and_sort_by_time),
        cmocka_unit_test(a_contacts_trace_is_the_bits_of_its_id),
        cmocka_unit_test(the_newest_ids_are_remembered),
        cmocka_unit_test(the_heaps_door_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
