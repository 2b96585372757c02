/* Which sessions are nowhere: any gateway knows, or says that it does not. */
#include "world.c"

static struct {
    int n, code;
    char unknown[5000];
} told;

static void on_told(void *arg, const struct tl_reply *r)
{
    Threadline__Signaling__V1__ListUnknownResponse *m = NULL;

    TL_UNUSED(arg);
    told.n++;
    told.code = r->code;
    told.unknown[0] = '\0';
    if (r->err)
        return;
    assert_int_equal(
        TL_PB_UNPACK(threadline__signaling__v1__list_unknown_response, r->data, r->n, &m), 0);
    for (size_t i = 0; i < m->n_unknown_session_ids; i++)
        snprintf(told.unknown + strlen(told.unknown), 50, "%s ", m->unknown_session_ids[i]);
    tl_pb_free(m);
}

static int who_is_nowhere(const char **ids, size_t n)
{
    Threadline__Signaling__V1__ListUnknownRequest m =
        THREADLINE__SIGNALING__V1__LIST_UNKNOWN_REQUEST__INIT;
    struct tl_buf out = TL_BUF(100000);

    m.n_session_ids = n;
    m.session_ids = (char **)(uintptr_t)ids;
    tl_pb_pack(&m, &out);
    told.n = 0;
    assert_int_equal(
        tl_bus_request(w.bus, "tl.cmd.signaling.list_unknown", out.p, out.n, 0, 1, on_told, NULL),
        0);
    tl_buf_done(&out);
    world_until(told.n);
    return told.code;
}

static void any_gateway_says_which_sessions_are_nowhere(void **state)
{
    struct who one = a_customer(), two = a_customer();
    struct socket s1, s2;
    const char *ids[] = {one.session.s, "nobody", two.session.s, "nowhere"};
    const char *many[501];

    TL_UNUSED(state);
    comes(0, &s1, &one);
    comes(1, &s2, &two);
    for (int i = 0; i < 4; i++) { /* whoever answers */
        assert_int_equal(who_is_nowhere(ids, 4), 0);
        assert_string_equal(told.unknown, "nobody nowhere ");
    }
    assert_int_equal(who_is_nowhere(ids, 1), 0);
    assert_string_equal(told.unknown, "");
    assert_int_equal(who_is_nowhere(ids, 0), 0);
    for (size_t i = 0; i < TL_LEN(many); i++)
        many[i] = "nobody";
    assert_int_equal(who_is_nowhere(many, 500), 0);
    assert_int_equal(who_is_nowhere(many, 501), 400);
    assert_int_equal(who_is_nowhere((const char *[]){"no id!"}, 1), 400);
    assert_int_equal(tl_bus_publish(w.bus, "tl.cmd.signaling.list_unknown", "\xff", 1), 0);
}

static void without_the_store_nobody_is_called_unknown(void **state)
{
    const char *ids[] = {"nobody"};

    TL_UNUSED(state);
    world_turn(2 * BEAT);
    store_memory_break(w.store[0], true);
    store_memory_break(w.store[1], true);
    for (int i = 0; i < 2; i++)
        assert_int_equal(who_is_nowhere(ids, 1), 503);
    store_memory_break(w.store[0], false);
    store_memory_break(w.store[1], false);
    assert_int_equal(who_is_nowhere(ids, 1), 0);
    assert_string_equal(told.unknown, "nobody ");
    gateway_stop(w.gateway[0]);
    gateway_stop(w.gateway[1]);
    assert_int_equal(who_is_nowhere(ids, 1), 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(any_gateway_says_which_sessions_are_nowhere),
        STORY(without_the_store_nobody_is_called_unknown),
    };
    return cmocka_run_group_tests_name("known", tests, NULL, NULL);
}
