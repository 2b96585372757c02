/*
 * What may pass: honest rrweb events, and what a browser that lies might send instead.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <tl_buf.h>
#include <tl_mem.h>

#include <cmocka.h>

#include "core/filter.h"
#include "core/json.h"

#define FULL(node) \
    "{\"t\":\"full\",\"seq\":1,\"d\":{\"type\":2,\"timestamp\":1,\"data\":{\"node\":" node "}}}"
#define EV(d)          "{\"t\":\"ev\",\"seq\":2,\"d\":" d "}"
#define MUTATION(rest) EV("{\"type\":3,\"data\":{\"source\":0," rest "}}")
#define ADD(parent, node) \
    MUTATION("\"adds\":[{\"parentId\":" parent ",\"nextId\":null,\"node\":" node "}]")
#define EL(id, tag, attributes)                                                     \
    "{\"type\":2,\"id\":" id ",\"tagName\":\"" tag "\",\"attributes\":{" attributes \
    "},\"childNodes\":[]}"
#define PAGE                                                                                \
    FULL("{\"type\":0,\"id\":1,\"childNodes\":[{\"type\":2,\"id\":2,\"tagName\":\"html\","  \
         "\"attributes\":{\"lang\":\"en\",\"style\":{\"color\":\"red\"}},\"childNodes\":["  \
         "{\"type\":2,\"id\":3,\"tagName\":\"iframe\",\"attributes\":{\"rr_src\":"          \
         "\"https://x.example/\"},\"childNodes\":[]},{\"type\":3,\"id\":4,\"textContent\":" \
         "\"javascript: the good parts\"}]}]}")

static enum filter_verdict look(struct filter_page *p, const char *text)
{
    struct filter_frame f;

    return filter_customer(p, tl_str(text), &f);
}

static void is(struct filter_page *p, const char *text, enum filter_verdict expected)
{
    enum filter_verdict v = look(p, text);

    if (v != expected)
        fail_msg("%s: %s instead of %s", text, filter_verdict_name(v),
                 filter_verdict_name(expected));
}

static struct filter_page *a_page(void)
{
    struct filter_page *p = NULL;

    assert_int_equal(filter_page_new(&p), 0);
    is(p, PAGE, FILTER_PASS);
    assert_int_equal(filter_page_nodes(p), 4);
    return p;
}

static void honest_events_pass(void **state)
{
    static const char *const events[] = {
        ADD("2", EL("10", "p", "\"class\":\"x\"")),
        ADD("10", EL("11", "a", "\"href\":\"/javascript:/x\",\"title\":\"javascript:x\"")),
        ADD("2", "{\"type\":3,\"id\":12,\"textContent\":\"onclick=\\\"x\\\" <script>\"}"),
        ADD("2", EL("13", "img", "\"src\":\"https://shop.example/a.png\",\"alt\":\"\"")),
        ADD("2", EL("14", "div", "\"rr_width\":\"10px\",\"o\":\"1\"")),
        MUTATION(
            "\"texts\":[{\"id\":12,\"value\":\"x\"}],\"attributes\":[{\"id\":10,\"attributes\":"
            "{\"style\":{\"width\":[\"1px\",\"important\"]},\"hidden\":null}}]"),
        MUTATION("\"removes\":[{\"parentId\":2,\"id\":14}],\"adds\":[]"),
        EV("{\"type\":4,\"data\":{\"href\":\"https://shop.example/\",\"width\":1,\"height\":2}}"),
        EV("{\"type\":3,\"data\":{\"source\":1,\"positions\":[{\"x\":1,\"y\":2,\"id\":99,"
           "\"timeOffset\":-5}]}}"),
        EV("{\"type\":3,\"data\":{\"source\":5,\"text\":\"\\u2022\\ud83d\\ude00\",\"isChecked\":"
           "false,\"id\":99}}"),
        EV("{\"type\":1,\"data\":{}}"),
        " { \"seq\" : 3 , \"d\" : { \"data\" : { } , \"type\" : 0 } , \"t\" : \"ev\" } ",
    };
    struct filter_page *p = a_page();

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(events); i++)
        is(p, events[i], FILTER_PASS);
    assert_int_equal(filter_page_nodes(p), 8);
    filter_page_free(p);
}

static void what_could_run_does_not_pass(void **state)
{
    static const struct {
        const char *text;
        enum filter_verdict verdict;
    } bad[] = {
        {ADD("2", EL("10", "script", "")), FILTER_SCRIPT},
        {ADD("2", EL("10", "SCRIPT", "")), FILTER_SCRIPT},
        {ADD("2", EL("10", "scr\\u0069pt", "")), FILTER_SCRIPT},
        {ADD("2", "{\"type\":2,\"id\":10,\"t\\u0061gName\":\"script\"}"), FILTER_SCRIPT},
        {ADD("2", "{\"type\":2,\"id\":10,\"tagName\":\"p\",\"tagName\":\"script\"}"), FILTER_JUNK},
        {EV("{\"type\":5,\"data\":{\"payload\":{\"tagName\":\"script\"}}}"), FILTER_SCRIPT},
        {ADD("2", EL("10", "p", "\"onclick\":\"x()\"")), FILTER_HANDLER},
        {ADD("2", EL("10", "p", "\"ONclick\":\"x()\"")), FILTER_HANDLER},
        {ADD("2", EL("10", "p", "\"\\u006fnclick\":\"x()\"")), FILTER_HANDLER},
        {MUTATION("\"attributes\":[{\"id\":2,\"attributes\":{\"onload\":\"x()\"}}]"),
         FILTER_HANDLER},
        {ADD("2", EL("10", "a", "\"href\":\"javascript:x()\"")), FILTER_URL},
        {ADD("2", EL("10", "a", "\"href\":\" \\u0001java\\tscript\\n:x()\"")), FILTER_URL},
        {ADD("2", EL("10", "a", "\"HREF\":\"JaVaScRiPt:x()\"")), FILTER_URL},
        {ADD("2", EL("10", "a", "\"xlink:href\":\"vbscript:x\"")), FILTER_URL},
        {ADD("2", EL("10", "object", "\"data\":\"data:text/html,x\"")), FILTER_URL},
        {ADD("2", EL("10", "form", "\"action\":\"javascript:x\"")), FILTER_URL},
        {MUTATION("\"attributes\":[{\"id\":2,\"attributes\":{\"href\":\"javascript:x\"}}]"),
         FILTER_URL},
        {ADD("2", EL("10", "iframe", "\"src\":\"https://evil.example\"")), FILTER_FRAME},
        {ADD("2", "{\"attributes\":{\"src\":\"x\"},\"id\":10,\"tagName\":\"iframe\"}"),
         FILTER_FRAME},
        {ADD("2", EL("10", "iframe", "\"srcdoc\":\"<b>\"")), FILTER_FRAME},
        {MUTATION("\"attributes\":[{\"id\":2,\"attributes\":{\"srcdoc\":\"x\"}}]"), FILTER_FRAME},
        {MUTATION("\"attributes\":[{\"id\":3,\"attributes\":{\"src\":\"x\"}}]"), FILTER_FRAME},
        {MUTATION("\"attributes\":[{\"attributes\":{\"src\":\"x\"},\"id\":3}]"), FILTER_FRAME},
        {EV("{\"type\":6,\"data\":{}}"), FILTER_TYPE},
        {EV("{\"type\":2,\"data\":{\"node\":{\"id\":1,\"type\":0}}}"), FILTER_TYPE},
        {EV("{\"type\":3,\"data\":{\"source\":9}}"), FILTER_TYPE},
        {EV("{\"type\":3,\"data\":{\"source\":77}}"), FILTER_TYPE},
        {EV("{\"type\":3,\"type\":4,\"data\":{}}"), FILTER_TYPE},
        {EV("{\"data\":{}}"), FILTER_TYPE},
        {"{\"t\":\"full\",\"seq\":1,\"d\":{\"type\":4}}", FILTER_TYPE},
    };
    struct filter_page *p = a_page();

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(bad); i++) {
        is(p, bad[i].text, bad[i].verdict);
        assert_int_equal(filter_page_nodes(p), 4); /* nothing of it stays */
    }
    filter_page_free(p);
}

static void junk_is_junk(void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        "[]",
        "1",
        "null",
        "{}",
        "{\"t\":\"ev\",\"seq\":1}",
        "{\"t\":\"ev\",\"d\":{}}",
        "{\"seq\":1,\"d\":{\"type\":0}}",
        "{\"t\":\"pointer\",\"seq\":1,\"d\":{\"type\":0}}",
        "{\"t\":\"ev\",\"seq\":0,\"d\":{\"type\":0}}",
        "{\"t\":\"ev\",\"seq\":1.5,\"d\":{\"type\":0}}",
        "{\"t\":\"ev\",\"t\":\"full\",\"seq\":1,\"d\":{\"type\":0}}",
        "{\"t\":\"ev\",\"seq\":1,\"seq\":2,\"d\":{\"type\":0}}",
        "{\"t\":\"ev\",\"seq\":1,\"d\":{\"type\":0},\"d\":{\"type\":0}}",
        "{\"t\":\"ev\",\"seq\":1,\"d\":{\"type\":0}}x",
        "{\"t\":\"ev\",\"seq\":1,\"d\":{\"type\":0}",
        "{\"t\":\"ev\",\"seq\":1,\"d\":{\"type\":0,}}",
        "{\"t\":\"ev\",\"seq\":01,\"d\":{}}",
        "{\"t\":\"ev\",\"seq\":1,\"d\":{\"a\":\"\\u0000\"}}",
        "{\"t\":\"ev\",\"seq\":1,\"d\":{\"a\":\"\\ud800\"}}",
        "{\"t\":\"ev\",\"seq\":1,\"d\":{\"a\":\"\\udc00\\ud800\"}}",
        "{\"t\":\"ev\",\"seq\":1,\"d\":{\"a\":\"\t\"}}",
        "{\"t\":\"ev\",\"seq\":1,\"d\":{\"a\":NaN}}",
        "{\"t\":\"ev\",\"seq\":1,\"d\":{\"a\":+1}}",
        "{\"t\":\"ev\",\"seq\":1,\"d\":{\"a\":1.}}",
        "{\"t\":\"ev\",\"seq\":1,\"d\":{\"a\":1e}}",
        "{\"t\":\"ev\",\"seq\":1,\"d\":{\"a\":tru}}",
        "{\"t\":\"ev\",\"seq\":1,\"d\":{\"a\":\"\\x\"}}",
        "{\"t\":\"ev\",\"seq\":1,\"d\":{a:1}}",
        FULL("{\"type\":0,\"childNodes\":[]}"), /* a node without an id */
    };
    struct filter_page *p = a_page();

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(bad); i++)
        is(p, bad[i], FILTER_JUNK);
    filter_page_free(p);
}

static void nodes_must_be_in_the_page(void **state)
{
    static const char *const stray[] = {
        ADD("99", EL("10", "p", "")),
        MUTATION("\"removes\":[{\"parentId\":2,\"id\":99}]"),
        MUTATION("\"removes\":[{\"parentId\":99,\"id\":2}]"),
        MUTATION("\"texts\":[{\"id\":99,\"value\":\"x\"}]"),
        MUTATION("\"attributes\":[{\"id\":99,\"attributes\":{}}]"),
    };
    struct filter_page *p = a_page();

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(stray); i++)
        is(p, stray[i], FILTER_STRAY);
    /* parent and child in one event, the child first; then the parent goes and cannot be used */
    is(p,
       MUTATION("\"adds\":[{\"parentId\":21,\"node\":" EL(
           "22", "b", "") "},{\"parentId\":2,\"node\":" EL("21", "p", "") "}]"),
       FILTER_PASS);
    is(p, MUTATION("\"removes\":[{\"parentId\":2,\"id\":21}]"), FILTER_PASS);
    is(p, ADD("21", EL("23", "p", "")), FILTER_STRAY);
    /* moved: removed and added in one event */
    is(p,
       MUTATION("\"removes\":[{\"parentId\":2,\"id\":4}],\"adds\":[{\"parentId\":3,\"node\":{"
                "\"type\":3,\"id\":4}}]"),
       FILTER_PASS);
    is(p, MUTATION("\"texts\":[{\"id\":4,\"value\":\"x\"}]"), FILTER_PASS);
    is(p, ADD("2", "{\"type\":2,\"id\":16777216,\"tagName\":\"p\"}"), FILTER_NODES);
    is(p, ADD("2", "{\"type\":2,\"id\":-7,\"tagName\":\"p\"}"), FILTER_NODES);
    is(p, ADD("2", "{\"type\":2,\"id\":1.5,\"tagName\":\"p\"}"), FILTER_NODES);
    is(p, PAGE, FILTER_PASS);
    is(p, MUTATION("\"texts\":[{\"id\":22,\"value\":\"x\"}]"), FILTER_STRAY); /* a new picture */
    filter_page_free(p);
}

static void picture_of(struct tl_buf *out, int nodes)
{
    tl_buf_puts(out, "{\"t\":\"full\",\"seq\":1,\"d\":{\"type\":2,\"data\":{\"node\":{\"id\":1,"
                     "\"childNodes\":[");
    for (int i = 2; i <= nodes; i++)
        tl_buf_printf(out, "%s{\"id\":%d}", i == 2 ? "" : ",", i);
    tl_buf_puts(out, "]}}}}");
}

static void a_page_has_at_most_50_000_nodes(void **state)
{
    struct tl_buf text = TL_BUF(4 << 20);
    struct filter_page *p = a_page();
    struct filter_frame f;

    TL_UNUSED(state);
    picture_of(&text, FILTER_NODES_MAX + 1);
    assert_int_equal(filter_customer(p, tl_buf_str(&text), &f), FILTER_NODES);
    tl_buf_clear(&text);
    picture_of(&text, FILTER_NODES_MAX);
    assert_int_equal(filter_customer(p, tl_buf_str(&text), &f), FILTER_PASS);
    assert_int_equal(filter_page_nodes(p), FILTER_NODES_MAX);
    is(p, ADD("2", EL("60000", "p", "")),
       FILTER_STRAY); /* one more: a new picture may be smaller */
    is(p, MUTATION("\"removes\":[{\"parentId\":1,\"id\":5}]"), FILTER_PASS);
    is(p, ADD("2", EL("60000", "p", "")), FILTER_PASS);
    tl_buf_done(&text);
    filter_page_free(p);
}

static void a_deep_page_passes_a_deeper_one_does_not(void **state)
{
    struct filter_page *p = a_page();
    struct filter_frame f;

    TL_UNUSED(state);
    for (int depth = 512; depth <= 600; depth += 88) {
        struct tl_buf text = TL_BUF(1 << 20);

        tl_buf_puts(&text, "{\"t\":\"full\",\"seq\":1,\"d\":{\"type\":2,\"data\":{\"node\":");
        for (int i = 1; i <= depth; i++)
            tl_buf_printf(&text, "{\"id\":%d,\"childNodes\":[", i);
        for (int i = 1; i <= depth; i++)
            tl_buf_puts(&text, "]}");
        tl_buf_puts(&text, "}}}");
        assert_int_equal(filter_customer(p, tl_buf_str(&text), &f),
                         depth == 512 ? FILTER_PASS : FILTER_JUNK);
        tl_buf_done(&text);
    }
    filter_page_free(p);
}

static void peeking_finds_the_number(void **state)
{
    struct filter_frame f;

    TL_UNUSED(state);
    assert_int_equal(filter_peek(tl_str(PAGE), &f), FILTER_PASS);
    assert_true(f.full && f.seq == 1);
    assert_int_equal(
        filter_peek(TL_STR("{\"d\":{\"t\":\"full\",\"seq\":9},\"seq\":4,\"t\":\"ev\"}"), &f),
        FILTER_PASS);
    assert_true(!f.full && f.seq == 4);
    assert_int_equal(filter_peek(TL_STR("{\"t\":\"ev\",\"seq\":-1}"), &f), FILTER_JUNK);
    assert_int_equal(filter_peek(TL_STR("{\"t\":\"clear\"}"), &f), FILTER_JUNK);
    assert_int_equal(filter_peek(TL_STR("["), &f), FILTER_JUNK);
}

static void agents_point_and_draw_and_nothing_else(void **state)
{
    static const char *const good[] = {
        "{\"t\":\"pointer\",\"x\":1,\"y\":-2.5e1}",
        "{\"y\":0,\"x\":0,\"node\":7,\"t\":\"pointer\"}",
        "{\"t\":\"draw\",\"id\":\"b6c1-1\",\"points\":[[1,2],[3,4.5]],\"color\":\"#e5484d\",\"w\":"
        "3}",
        "{\"t\":\"draw\",\"id\":\"s\",\"points\":[],\"color\":\"rgb(1,2,3)\",\"w\":1}",
        "{\"t\":\"clear\"}",
        "{\"t\":\"highlight\",\"node\":12}"};
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"t\":\"full\",\"seq\":1,\"d\":{}}",
        "{\"t\":\"ev\",\"seq\":1,\"d\":{}}",
        "{\"t\":\"need_full\"}",
        "{\"t\":\"stop\",\"reason\":\"x\"}",
        "{\"t\":\"peer\",\"role\":\"agent\",\"on\":true}",
        "{\"t\":\"pointer\"}",
        "{\"t\":\"pointer\",\"x\":1}",
        "{\"t\":\"pointer\",\"x\":\"1\",\"y\":2}",
        "{\"t\":\"pointer\",\"x\":1e400,\"y\":2}",
        "{\"t\":\"pointer\",\"x\":1e7,\"y\":2}",
        "{\"t\":\"pointer\",\"x\":1,\"y\":2,\"html\":\"<b>\"}",
        "{\"t\":\"pointer\",\"x\":1,\"y\":2,\"x\":3}",
        "{\"t\":\"clear\",\"node\":1}",
        "{\"t\":\"highlight\",\"node\":-1}",
        "{\"t\":\"highlight\",\"node\":1.5}",
        "{\"t\":\"highlight\",\"node\":[1]}",
        "{\"t\":\"clear\",\"t\":\"clear\"}",
        "{\"t\":\"clear\"}x",
        "{\"t\":\"draw\",\"id\":\"s\",\"points\":[[1,2]],\"color\":\"red;background:url(x)\",\"w\":"
        "1}",
        "{\"t\":\"draw\",\"id\":\"<s>\",\"points\":[],\"color\":\"red\",\"w\":1}",
        "{\"t\":\"draw\",\"id\":\"s\",\"points\":[[1,2,3]],\"color\":\"red\",\"w\":1}",
        "{\"t\":\"draw\",\"id\":\"s\",\"points\":[1,2],\"color\":\"red\",\"w\":1}",
        "{\"t\":\"draw\",\"id\":\"s\",\"points\":[[1,2]],\"color\":\"red\",\"w\":0}",
        "{\"t\":\"draw\",\"id\":\"s\",\"points\":[[1,2]],\"color\":\"red\"}"};

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(good); i++)
        if (filter_agent(tl_str(good[i])) != FILTER_PASS)
            fail_msg("%s does not pass", good[i]);
    for (size_t i = 0; i < TL_LEN(bad); i++)
        if (filter_agent(tl_str(bad[i])) != FILTER_JUNK)
            fail_msg("%s passes", bad[i]);
}

static void no_memory_is_no_harm(void **state)
{
    struct filter_page *p = NULL;

    TL_UNUSED(state);
    for (int i = 0; i < 8; i++) {
        enum filter_verdict v;

        assert_int_equal(filter_page_new(&p), 0);
        tl_mem_fail_after(i);
        v = look(p, PAGE);
        tl_mem_fail_after(-1);
        if (v != FILTER_PASS)
            assert_int_equal(filter_page_nodes(p), 0);
        is(p, PAGE, FILTER_PASS);
        assert_int_equal(filter_page_nodes(p), 4);
        p = filter_page_free(p);
    }
}

static void characters_are_read_as_written(void **state)
{
    static const int32_t expected[] = {'a', 0xe4, 0x20ac, 0x1f600, '"', '\n', 0x41, 0x1f600, -1};
    struct tl_str text =
        TL_STR("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\\\"\\n\\u0041\\ud83d\\ude00");
    size_t at = 0;
    char buf[16];

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(expected); i++)
        assert_int_equal(json_char(text, &at), expected[i]);
    assert_true(tl_str_eq(json_plain(TL_STR("\\u00e4\\u20ac"), buf, sizeof(buf)),
                          TL_STR("\xc3\xa4\xe2\x82\xac")));
    assert_int_equal(json_plain(TL_STR("\\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), buf, sizeof(buf)).n,
                     13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_events_pass),
        cmocka_unit_test(what_could_run_does_not_pass),
        cmocka_unit_test(junk_is_junk),
        cmocka_unit_test(nodes_must_be_in_the_page),
        cmocka_unit_test(a_page_has_at_most_50_000_nodes),
        cmocka_unit_test(a_deep_page_passes_a_deeper_one_does_not),
        cmocka_unit_test(peeking_finds_the_number),
        cmocka_unit_test(agents_point_and_draw_and_nothing_else),
        cmocka_unit_test(no_memory_is_no_harm),
        cmocka_unit_test(characters_are_read_as_written),
    };
    return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
