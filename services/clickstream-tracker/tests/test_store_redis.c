/* What Redis may hold under a visitor's key, and what is made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "adapters/store_redis.c"

static struct clickstream_record read_text(const char *text)
{
    redisReply visit = {.type = text ? REDIS_REPLY_STRING : REDIS_REPLY_NIL,
                        .str = (char *)(uintptr_t)text,
                        .len = text ? strlen(text) : 0};
    redisReply visitor = {.type = REDIS_REPLY_STRING, .str = (char[]){"about"}, .len = 5};
    redisReply *both[] = {&visit, &visitor};
    redisReply answer = {.type = REDIS_REPLY_ARRAY, .elements = 2, .element = both};
    struct clickstream_record r;

    assert_int_equal(read_record(&r, &answer), 0);
    assert_true(tl_str_eq(r.visitor, TL_STR("about")));
    return r;
}

static void a_record_has_a_version(void **state)
{
    struct clickstream_record r = read_text("17:by:tes");

    TL_UNUSED(state);
    assert_int_equal(r.version, 17);
    assert_true(tl_str_eq(r.visit, TL_STR("by:tes")));
    r = read_text(NULL);
    assert_int_equal(r.version, 0);
    assert_int_equal(r.visit.n, 0);
}

/* Else nobody could write over it, and its visitor would be refused until it expires. */
static void what_is_no_record_counts_as_none(void **state)
{
    static const char *const junk[] = {"junk", ":", "-1:x", " 1:x", "1x:y", "0:x"};

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(junk); i++) {
        struct clickstream_record r = read_text(junk[i]);

        assert_int_equal(r.version, 0);
        assert_int_equal(r.visit.n, 0);
    }
    assert_true(tl_metric_value(tl_counter("tl_kit_bad_input_total",
                                           "edge=\"redis\",class=\"record\"", "")) == TL_LEN(junk));
    tl_metrics_reset();
}

static void another_answer_is_an_error(void **state)
{
    redisReply answer = {.type = REDIS_REPLY_INTEGER};
    struct clickstream_record r;

    TL_UNUSED(state);
    assert_int_equal(read_record(&r, &answer), -EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_has_a_version),
        cmocka_unit_test(what_is_no_record_counts_as_none),
        cmocka_unit_test(another_answer_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
