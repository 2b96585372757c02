/* Requests as pages send them: what is answered, told and kept. */
#include "world.c"

static void a_new_visitor_gets_a_token_and_the_clicks_reach_the_stream(void **state)
{
    struct world *w = *state;
    char token[1100], visit[1100], again[1100], body[4096], want[1200];

    sends(w,
          "{\"events\":[{\"type\":\"page_view\",\"url\":\"/shop/\",\"section\":\"catalogue\"}]}");
    assert_int_equal(w->status, 200);
    field(w, "token", token);
    field(w, "visit_id", visit);
    assert_int_equal(strncmp(token, "tl1.", 4), 0);
    assert_int_equal(strlen(visit), 26);
    snprintf(body, sizeof(body),
             "{\"token\":\"%s\",\"events\":[{\"type\":\"page_leave\",\"url\":\"/shop/\","
             "\"dwell_ms\":900},{\"type\":\"heartbeat\",\"url\":\"/shop/\",\"dwell_ms\":950}]}",
             token);
    sends(w, body);
    assert_string_equal(field(w, "token", again), "");
    assert_string_equal(field(w, "visit_id", again), visit);
    assert_int_equal(w->n_clicks, 3); /* a heartbeat is no event */
    snprintf(want, sizeof(want), "tl.clicks.visit_started.%s", visit);
    assert_string_equal(w->subjects[0], want);
    snprintf(want, sizeof(want), "tl.clicks.page_left.%s", visit);
    assert_string_equal(w->subjects[2], want);
}

static void the_answer_carries_the_invitation_once(void **state)
{
    struct world *w = *state;
    char token[1100], body[4096];
    const char *beat = "{\"type\":\"heartbeat\",\"url\":\"/c\",\"dwell_ms\":6000}";

    sends(w, "{\"events\":[{\"type\":\"page_view\",\"url\":\"/c\",\"section\":\"checkout\"}]}");
    field(w, "token", token);
    assert_null(strstr(w->json, "invitation"));
    snprintf(body, sizeof(body), "{\"token\":\"%s\",\"events\":[%s]}", token, beat);
    sends(w, body);
    assert_null(strstr(w->json, "invitation")); /* nobody has said that somebody is there */
    supply(w, 0);
    sends(w, body);
    assert_null(strstr(w->json, "invitation"));
    supply(w, 1);
    sends(w, body);
    assert_non_null(strstr(w->json, "\"invitation\":{\"id\":\"help\""));
    assert_non_null(strstr(w->json, "\"channels\":[\"video\"]"));
    assert_non_null(strstr(w->json, "\"rule\":\"at-checkout\""));
    sends(w, body);
    assert_null(strstr(w->json, "invitation"));
    snprintf(body, sizeof(body),
             "{\"token\":\"%s\",\"events\":[{\"type\":\"invitation_dismissed\","
             "\"invitation_id\":\"help\"},%s]}",
             token, beat);
    sends(w, body);
    assert_null(strstr(w->json, "invitation"));
    assert_non_null(strstr(w->subjects[w->n_clicks - 1], "invitation_dismissed"));
}

static const struct {
    const char *body;
    int status;
    const char *pointer;
} junk[] = {
    {"", 400, ""},
    {"{", 400, ""},
    {"[]", 422, ""},
    {"{} x", 400, ""},
    {"\xEF\xBB\xBF{}", 400, ""},
    {"{\"events\":[],\"events\":[]}", 400, ""},
    {"{\"events\":[{\"type\":\"page_view\",\"url\":\"\\u0000\"}]}", 400, ""},
    {"{\"events\":[{\"type\":\"page_view\",\"url\":\"\\ud800\"}]}", 400, ""},
    {"{\"events\":[{\"type\":\"page_view\",\"url\":\"\xff\"}]}", 400, ""},
    {"{\"events\":[{\"type\":\"page_view\",\"url\":\"/\",\"at_ms\":NaN}]}", 400, ""},
    {"{\"events\":7}", 422, "/events"},
    {"{\"event\":[]}", 422, "/event"},
    {"{\"events\":[{\"type\":\"page_view\"}]}", 422, "/events/0/url"},
    {"{\"events\":[{\"type\":\"teleport\",\"url\":\"/\"}]}", 422, "/events/0/type"},
    {"{\"events\":[{\"type\":\"page_view\",\"url\":\"/\",\"section\":\"a b\"}]}", 422,
     "/events/0/section"},
    {"{\"events\":[{\"type\":\"heartbeat\",\"url\":\"/\",\"dwell_ms\":-1}]}", 422,
     "/events/0/dwell_ms"},
    {"{\"events\":[{\"type\":\"basket\",\"currency\":\"EURO\"}]}", 422, "/events/0/currency"},
    {"{\"events\":[{\"type\":\"basket\",\"total_minor\":-1}]}", 422, "/events/0/total_minor"},
    {"{\"events\":[{\"type\":\"invitation_shown\"}]}", 422, "/events/0/invitation_id"},
};

static void junk_is_refused_with_a_pointer_and_harms_nobody(void **state)
{
    struct world *w = *state;
    char token[1100], body[2048];

    sends(w, "{\"events\":[{\"type\":\"page_view\",\"url\":\"/a\"}]}");
    field(w, "token", token);
    for (size_t i = 0; i < TL_LEN(junk); i++) {
        sends(w, junk[i].body);
        if (w->status != junk[i].status || strcmp(w->pointer, junk[i].pointer) != 0)
            fail_msg("%s: %d %s, wanted %d %s", junk[i].body, w->status, w->pointer, junk[i].status,
                     junk[i].pointer);
    }
    snprintf(body, sizeof(body), "{\"token\":\"%s\",\"events\":[]}", token);
    sends(w, body);
    assert_int_equal(w->status, 200);
    assert_int_equal(w->n_clicks, 2);
}

static void requests_at_once_lose_nothing(void **state)
{
    struct world *w = *state;
    char token[1100], visit[1100], visitor[1100], body[4096];

    sends(w, "{\"events\":[{\"type\":\"page_view\",\"url\":\"/p0\"}]}");
    field(w, "token", token);
    field(w, "visit_id", visit);
    field(w, "visitor_id", visitor);
    for (int i = 1; i <= 20; i++) {
        snprintf(body, sizeof(body),
                 "{\"token\":\"%s\",\"events\":[{\"type\":\"page_view\",\"url\":\"/p%d\"}]}", token,
                 i);
        clickstream_collect(w->handlers, tl_str(body), (struct tl_str){0}, TL_STR("::1"),
                            world_answered, w);
    }
    world_turn(w);
    world_turn(w);
    assert_int_equal(w->answers, 21);
    ask_visit(w, visit, visitor);
    assert_int_equal(w->reply_err, 0);
    assert_int_equal(w->visit->visit->n_path, 21);
    assert_string_equal(w->visit->visit->path[20]->url, "/p20");
}

/* Another replica saves between our load and our save: its pages and ours are both kept. */
static void another_replica_loses_nothing_either(void **state)
{
    struct world *w = *state;
    struct clickstream_handlers *other = NULL;
    char token[1100], visit[1100], visitor[1100], body[2][2048];

    assert_int_equal(
        clickstream_handlers_new(&other, w->loop, w->bus, w->events, w->store, &w->set), 0);
    sends(w, "{\"events\":[{\"type\":\"page_view\",\"url\":\"/p0\"}]}");
    field(w, "token", token);
    field(w, "visit_id", visit);
    field(w, "visitor_id", visitor);
    for (int i = 0; i < 2; i++) {
        snprintf(body[i], sizeof(body[i]),
                 "{\"token\":\"%s\",\"events\":[{\"type\":\"page_view\",\"url\":\"/r%d\"}]}", token,
                 i);
        clickstream_collect(i ? other : w->handlers, tl_str(body[i]), (struct tl_str){0},
                            TL_STR("::1"), world_answered, w);
    }
    world_turn(w);
    assert_int_equal(w->answers, 3);
    assert_float_equal(tl_metric_value(tl_counter("tl_clickstream_save_conflicts_total", NULL, "")),
                       1, 0);
    clickstream_handlers_free(other);
    ask_visit(w, visit, visitor);
    assert_int_equal(w->visit->visit->n_path, 3);
}

static void without_its_store_the_tracker_says_503(void **state)
{
    struct world *w = *state;
    char token[1100], body[2048];

    clickstream_store_break(w->store, 1);
    sends(w, "{\"events\":[{\"type\":\"page_view\",\"url\":\"/a\"}]}"); /* a new visitor */
    assert_int_equal(w->status, 503);
    sends(w, "{\"events\":[{\"type\":\"page_view\",\"url\":\"/a\"}]}");
    field(w, "token", token);
    snprintf(body, sizeof(body), "{\"token\":\"%s\",\"events\":[]}", token);
    clickstream_store_break(w->store, 1);
    sends(w, body);
    assert_int_equal(w->status, 503);
    sends(w, body);
    assert_int_equal(w->status, 200);
}

static void on_kept(void *arg, int err, const struct clickstream_record *r)
{
    TL_UNUSED(arg);
    TL_UNUSED(r);
    assert_int_equal(err, 0);
}

static void a_record_that_is_junk_is_written_over(void **state)
{
    static char much[TL_PB_MAX + 1];
    struct world *w = *state;
    struct clickstream_record r = {.version = 1};
    char token[1100], body[2048];
    struct tl_claims c;

    sends(w, "{\"events\":[]}");
    field(w, "token", token);
    assert_int_equal(
        tl_token_verify(&c, &w->set.token_key, tl_str(token), "visitor", tl_clock_wall()), 0);
    snprintf(body, sizeof(body), "{\"token\":\"%s\",\"events\":[]}", token);
    r.visit = r.visitor = TL_STR("\xff");
    assert_int_equal(clickstream_store_save(w->store, &c.subject, &r, on_kept, NULL), 0);
    sends(w, body);
    assert_int_equal(w->status, 200);
    r.version = 3;
    r.visit = (struct tl_str){much, sizeof(much)};
    assert_int_equal(clickstream_store_save(w->store, &c.subject, &r, on_kept, NULL), 0);
    sends(w, body);
    assert_int_equal(w->status, 200);
}

static void no_allocation_that_fails_is_fatal(void **state)
{
    struct world *w = *state;

    for (int n = 0; n < 120; n++) {
        int before = w->answers;

        tl_mem_fail_after(n);
        clickstream_collect(w->handlers,
                            TL_STR("{\"events\":[{\"type\":\"page_view\",\"url\":\"/a\"}]}"),
                            TL_STR("x"), TL_STR("peer"), world_answered, w);
        tl_mem_fail_after(-1);
        world_turn(w);
        assert_int_equal(w->answers, before + 1);
        if (w->status != 200 && w->status != 503 && w->status != 500)
            fail_msg("allocation %d: %d %s", n, w->status, w->detail);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_new_visitor_gets_a_token_and_the_clicks_reach_the_stream),
        STORY(the_answer_carries_the_invitation_once),
        STORY(junk_is_refused_with_a_pointer_and_harms_nobody),
        STORY(requests_at_once_lose_nothing),
        STORY(another_replica_loses_nothing_either),
        STORY(without_its_store_the_tracker_says_503),
        STORY(a_record_that_is_junk_is_written_over),
        STORY(no_allocation_that_fails_is_fatal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
