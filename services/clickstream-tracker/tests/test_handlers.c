/* What comes over the bus, and the end. */
#include "world.c"

static void conversation_gets_the_visit_of_its_own_visitor_only(void **state)
{
    struct world *w = *state;
    char visit[1100], visitor[1100];

    sends(w,
          "{\"referrer\":\"https://search.example/?q=help\",\"events\":[{\"type\":\"page_view\","
          "\"url\":\"/a\",\"title\":\"A\",\"section\":\"trip\"},{\"type\":\"basket\",\"items\":[{"
          "\"sku\":\"s1\",\"name\":\"Thing\",\"quantity\":2,\"unit_price_minor\":250}],"
          "\"total_minor\":500,\"currency\":\"EUR\"}]}");
    field(w, "visit_id", visit);
    field(w, "visitor_id", visitor);
    ask_visit(w, visit, visitor);
    assert_int_equal(w->reply_err, 0);
    assert_string_equal(w->visit->visit->path[0]->section, "trip");
    assert_string_equal(w->visit->visit->basket->items[0]->name, "Thing");
    assert_int_equal(w->visit->visit->basket->total_minor, 500);
    assert_string_equal(w->visit->visit->user_agent_family, "Chrome on Linux");
    ask_visit(w, visit, "somebody-else");
    assert_int_equal(w->reply_code, 404);
    ask_visit(w, "another-visit", visitor);
    assert_int_equal(w->reply_code, 404);
    ask_visit(w, "", "");
    assert_int_equal(w->reply_code, 400);
}

/* A drain that took too long: requests are under way when everything is freed. */
static void the_end_answers_who_still_waits(void **state)
{
    struct world *w = *state;
    char token[1100], visit[1100], visitor[1100], body[2048];

    sends(w, "{\"events\":[{\"type\":\"page_view\",\"url\":\"/a\"}]}");
    field(w, "token", token);
    field(w, "visit_id", visit);
    field(w, "visitor_id", visitor);
    snprintf(body, sizeof(body), "{\"token\":\"%s\",\"events\":[]}", token);
    ask_visit_later(w, visit, visitor);
    for (int i = 0; i < 3; i++)
        clickstream_collect(w->handlers, tl_str(body), (struct tl_str){0}, TL_STR("::1"),
                            world_answered, w);
    w->handlers = clickstream_handlers_free(w->handlers);
    world_turn(w);
    assert_int_equal(w->answers, 4);
    assert_int_equal(w->status, 503);
    assert_int_equal(w->reply_code, 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(conversation_gets_the_visit_of_its_own_visitor_only),
        STORY(the_end_answers_who_still_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
