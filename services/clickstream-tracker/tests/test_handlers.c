/* Requests as pages send them, on a bus and a store in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <tl_clock.h>
#include <tl_mem.h>
#include <tl_metrics.h>

#include "adapters/http.h"
#include "adapters/rules_yaml.h"
#include "handlers.h"
#include "threadline/acd/v1/supply.pb-c.h"
#include "threadline/clickstream/v1/commands.pb-c.h"

struct world {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct tl_events *events;
    struct clickstream_store *store;
    struct clickstream_handlers *handlers;
    struct clickstream_settings set;
    struct tl_sub *clicks;
    char subjects[64][160];
    size_t n_clicks;
    /* the last answer */
    int answers, status;
    char json[8192], pointer[256], detail[256];
    /* the last reply of GetVisit */
    int reply_err, reply_code;
    Threadline__Clickstream__V1__GetVisitResponse *visit;
};

static const char rules_text[] = "invitations:\n"
                                 "  - id: help\n"
                                 "    rule: at-checkout\n"
                                 "    title: Help?\n"
                                 "    text: We are here.\n"
                                 "    channels: {video: orders}\n"
                                 "    when: {section: checkout, time_on_page: 5s}\n";

static void on_click(void *arg, const struct tl_msg *m)
{
    struct world *w = arg;

    if (w->n_clicks < TL_LEN(w->subjects))
        tl_str_put(w->subjects[w->n_clicks++], sizeof(w->subjects[0]), m->subject);
}

static void turn(struct world *w)
{
    for (int i = 0; i < 50; i++)
        (void)tl_loop_turn(w->loop);
}

static int set_up(void **state)
{
    struct world *w = tl_alloc(1, sizeof(*w));
    struct clickstream_rules *rules = NULL;
    struct tl_buf why = TL_BUF(1024);

    w->set = (struct clickstream_settings){.has_site_key = true,
                                           .visit_idle = TL_MIN(30),
                                           .token_life = TL_HOUR(24 * 30),
                                           .visitor_burst = 40,
                                           .peer_burst = 1000};
    memset(w->set.token_key.bytes, 1, 32);
    memset(w->set.site_key.bytes, 2, 32);
    tl_metrics_reset();
    assert_int_equal(tl_loop_new(&w->loop), 0);
    assert_int_equal(tl_bus_open_memory(&w->bus, w->loop), 0);
    assert_int_equal(tl_events_new(&w->events, w->bus, "clickstream", "tl.clicks"), 0);
    assert_int_equal(clickstream_store_memory(&w->store, w->loop), 0);
    assert_int_equal(
        clickstream_handlers_new(&w->handlers, w->loop, w->bus, w->events, w->store, &w->set), 0);
    assert_int_equal(clickstream_rules_parse(&rules, tl_str(rules_text), "r", &why), 0);
    clickstream_handlers_rules(w->handlers, rules);
    tl_buf_done(&why);
    assert_int_equal(tl_bus_subscribe(&w->clicks, w->bus, "tl.clicks.>", NULL, on_click, w), 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    turn(w);
    if (w->handlers)
        assert_int_equal(clickstream_handlers_busy(w->handlers), 0);
    tl_sub_free(w->clicks);
    clickstream_handlers_free(w->handlers);
    clickstream_store_free(w->store);
    tl_events_free(w->events);
    turn(w);
    tl_bus_close(w->bus);
    tl_loop_free(w->loop);
    tl_pb_free(w->visit);
    tl_free(w);
    return 0;
}

static void on_answer(void *arg, const struct clickstream_http_answer *a)
{
    struct world *w = arg;

    w->answers++;
    w->status = a->status;
    tl_str_put(w->json, sizeof(w->json), a->json);
    tl_str_put(w->pointer, sizeof(w->pointer), tl_str(a->pointer ? a->pointer : ""));
    tl_str_put(w->detail, sizeof(w->detail), tl_str(a->detail ? a->detail : ""));
}

static void send(struct world *w, const char *body)
{
    int before = w->answers;

    clickstream_collect(w->handlers, tl_str(body),
                        TL_STR("Mozilla/5.0 (X11; Linux) Chrome/120 Safari/537.36"),
                        TL_STR("127.0.0.1"), on_answer, w);
    turn(w);
    assert_int_equal(w->answers, before + 1);
}

/* Value of a text field of the last answer; empty if it has none. */
static const char *field(struct world *w, const char *name, char out[1100])
{
    char mark[64];
    const char *at, *end;

    snprintf(mark, sizeof(mark), "\"%s\":\"", name);
    at = strstr(w->json, mark);
    out[0] = '\0';
    if (!at)
        return out;
    at += strlen(mark);
    end = strchr(at, '"');
    snprintf(out, 1100, "%.*s", (int)(end - at), at);
    return out;
}

/* Behind some hundred queues that no rule offers. */
static void supply(struct world *w, int staffed)
{
    Threadline__Acd__V1__Supply m = THREADLINE__ACD__V1__SUPPLY__INIT;
    Threadline__Acd__V1__QueueSupply q[300], *rows[TL_LEN(q)];
    struct tl_buf out = TL_BUF(TL_PB_MAX);
    char names[TL_LEN(q)][16];

    for (size_t i = 0; i < TL_LEN(q); i++) {
        threadline__acd__v1__queue_supply__init(&q[i]);
        snprintf(names[i], sizeof(names[i]), i < TL_LEN(q) - 1 ? "q%zu" : "orders", i);
        q[i].queue = names[i];
        q[i].staffed = staffed;
        q[i].expected_wait_ms = staffed ? 1000 : INT64_MAX;
        rows[i] = &q[i];
    }
    m.queues = rows;
    m.n_queues = TL_LEN(q);
    assert_int_equal(tl_pb_pack(&m, &out), 0);
    assert_int_equal(tl_bus_publish(w->bus, "tl.acd.supply", out.p, out.n), 0);
    tl_buf_done(&out);
    turn(w);
}

static void a_new_visitor_gets_a_token_and_the_clicks_reach_the_stream(void **state)
{
    struct world *w = *state;
    char token[1100], visit[1100], again[1100], body[4096], want[1200];

    send(w, "{\"events\":[{\"type\":\"page_view\",\"url\":\"/shop/\",\"section\":\"catalogue\"}]}");
    assert_int_equal(w->status, 200);
    field(w, "token", token);
    field(w, "visit_id", visit);
    assert_int_equal(strncmp(token, "tl1.", 4), 0);
    assert_int_equal(strlen(visit), 26);
    snprintf(body, sizeof(body),
             "{\"token\":\"%s\",\"events\":[{\"type\":\"page_leave\",\"url\":\"/shop/\","
             "\"dwell_ms\":900},{\"type\":\"heartbeat\",\"url\":\"/shop/\",\"dwell_ms\":950}]}",
             token);
    send(w, body);
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

    send(w, "{\"events\":[{\"type\":\"page_view\",\"url\":\"/c\",\"section\":\"checkout\"}]}");
    field(w, "token", token);
    assert_null(strstr(w->json, "invitation"));
    snprintf(body, sizeof(body), "{\"token\":\"%s\",\"events\":[%s]}", token, beat);
    send(w, body);
    assert_null(strstr(w->json, "invitation")); /* nobody has said that somebody is there */
    supply(w, 0);
    send(w, body);
    assert_null(strstr(w->json, "invitation"));
    supply(w, 1);
    send(w, body);
    assert_non_null(strstr(w->json, "\"invitation\":{\"id\":\"help\""));
    assert_non_null(strstr(w->json, "\"channels\":[\"video\"]"));
    assert_non_null(strstr(w->json, "\"rule\":\"at-checkout\""));
    send(w, body);
    assert_null(strstr(w->json, "invitation"));
    snprintf(body, sizeof(body),
             "{\"token\":\"%s\",\"events\":[{\"type\":\"invitation_dismissed\","
             "\"invitation_id\":\"help\"},%s]}",
             token, beat);
    send(w, body);
    assert_null(strstr(w->json, "invitation"));
    assert_non_null(strstr(w->subjects[w->n_clicks - 1], "invitation_dismissed"));
}

static void sign(const struct tl_token_key *key, const char *kind, const char *subject,
                 tl_time expires, struct tl_buf *out)
{
    struct tl_claims c = {.tier = "gold", .name = "Customer One", .expires_at = expires};

    tl_str_put(c.kind, sizeof(c.kind), tl_str(kind));
    tl_str_put(c.issuer, sizeof(c.issuer), TL_STR("shop"));
    tl_str_put(c.subject.s, sizeof(c.subject.s), tl_str(subject));
    assert_int_equal(tl_token_sign(out, key, &c), 0);
}

static void send_claim(struct world *w, const char *token, const char *customer)
{
    struct tl_buf claim = TL_BUF(TL_TOKEN_MAX);
    char body[4096];

    sign(&w->set.site_key, "identity", customer, tl_clock_wall() + TL_MIN(5), &claim);
    snprintf(body, sizeof(body),
             "{\"token\":\"%s\",\"claim\":\"%.*s\",\"events\":[{\"type\":\"page_view\","
             "\"url\":\"/a\"}]}",
             token, (int)claim.n, claim.p);
    send(w, body);
    tl_buf_done(&claim);
}

static void the_sites_claim_makes_a_visitor_a_known_customer(void **state)
{
    struct world *w = *state;
    char anonymous[1100], known[1100], visitor[1100], other[1100];
    struct tl_claims c;

    send(w, "{\"events\":[{\"type\":\"page_view\",\"url\":\"/a\"}]}");
    field(w, "token", anonymous);
    field(w, "visitor_id", visitor);
    send_claim(w, anonymous, "cust-1");
    assert_int_equal(w->status, 200);
    field(w, "token", known);
    assert_string_equal(field(w, "visitor_id", other), visitor);
    assert_int_equal(
        tl_token_verify(&c, &w->set.token_key, tl_str(known), "visitor", tl_clock_wall()), 0);
    assert_string_equal(c.customer.s, "cust-1");
    assert_string_equal(c.tier, "gold");
    assert_string_equal(c.name, "Customer One");
    /* The same claim again changes nothing; another customer is another visitor. */
    send_claim(w, known, "cust-1");
    assert_string_equal(field(w, "token", other), "");
    send_claim(w, known, "cust-2");
    assert_string_not_equal(field(w, "visitor_id", other), visitor);
    assert_string_not_equal(field(w, "token", other), "");
    /* A name that no other service could keep would be lost on the way. */
    send_claim(w, anonymous, "one@shop.example");
    assert_int_equal(w->status, 422);
    assert_string_equal(w->pointer, "/claim");
}

static void tokens_that_are_not_ours_are_refused(void **state)
{
    struct world *w = *state;
    struct tl_token_key stranger = {{9}};
    const struct {
        const struct tl_token_key *key;
        const char *kind, *member;
        tl_dur left;
    } cases[] = {
        {&stranger, "visitor", "token", TL_MIN(5)},
        {&w->set.token_key, "agent", "token", TL_MIN(5)},
        {&w->set.token_key, "visitor", "token", -TL_MIN(5)},
        {&stranger, "identity", "claim", TL_MIN(5)},
        {&w->set.token_key, "identity", "claim", TL_MIN(5)},
        {&w->set.site_key, "visitor", "claim", TL_MIN(5)},
        {&w->set.site_key, "identity", "claim", -TL_MIN(5)},
    };

    for (size_t i = 0; i < TL_LEN(cases); i++) {
        struct tl_buf token = TL_BUF(TL_TOKEN_MAX);
        char body[2048], pointer[16];

        sign(cases[i].key, cases[i].kind, "someone", tl_clock_wall() + cases[i].left, &token);
        snprintf(body, sizeof(body), "{\"%s\":\"%.*s\",\"events\":[]}", cases[i].member,
                 (int)token.n, token.p);
        send(w, body);
        snprintf(pointer, sizeof(pointer), "/%s", cases[i].member);
        assert_int_equal(w->status, 401);
        assert_string_equal(w->pointer, pointer);
        tl_buf_done(&token);
    }
    assert_int_equal(w->n_clicks, 0);
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

    send(w, "{\"events\":[{\"type\":\"page_view\",\"url\":\"/a\"}]}");
    field(w, "token", token);
    for (size_t i = 0; i < TL_LEN(junk); i++) {
        send(w, junk[i].body);
        if (w->status != junk[i].status || strcmp(w->pointer, junk[i].pointer) != 0)
            fail_msg("%s: %d %s, wanted %d %s", junk[i].body, w->status, w->pointer, junk[i].status,
                     junk[i].pointer);
    }
    snprintf(body, sizeof(body), "{\"token\":\"%s\",\"events\":[]}", token);
    send(w, body);
    assert_int_equal(w->status, 200);
    assert_int_equal(w->n_clicks, 2);
}

static void on_visit(void *arg, const struct tl_reply *r)
{
    struct world *w = arg;

    w->reply_err = r->err;
    w->reply_code = r->code;
    w->visit = tl_pb_free(w->visit);
    if (!r->err)
        assert_int_equal(
            TL_PB_UNPACK(threadline__clickstream__v1__get_visit_response, r->data, r->n, &w->visit),
            0);
}

static void ask_visit_later(struct world *w, const char *visit, const char *visitor)
{
    Threadline__Clickstream__V1__GetVisitRequest m =
        THREADLINE__CLICKSTREAM__V1__GET_VISIT_REQUEST__INIT;
    struct tl_buf out = TL_BUF(1024);

    m.visit_id = (char *)(uintptr_t)visit;
    m.visitor_id = (char *)(uintptr_t)visitor;
    assert_int_equal(tl_pb_pack(&m, &out), 0);
    assert_int_equal(tl_bus_request(w->bus, "tl.cmd.clickstream.get_visit", out.p ? out.p : "",
                                    out.n, TL_MSEC(100), 1, on_visit, w),
                     0);
    tl_buf_done(&out);
}

static void ask_visit(struct world *w, const char *visit, const char *visitor)
{
    ask_visit_later(w, visit, visitor);
    turn(w);
}

static void on_kept(void *arg, int err, const struct clickstream_record *r)
{
    TL_UNUSED(arg);
    TL_UNUSED(r);
    assert_int_equal(err, 0);
}

static void requests_at_once_lose_nothing(void **state)
{
    struct world *w = *state;
    char token[1100], visit[1100], visitor[1100], body[4096];

    send(w, "{\"events\":[{\"type\":\"page_view\",\"url\":\"/p0\"}]}");
    field(w, "token", token);
    field(w, "visit_id", visit);
    field(w, "visitor_id", visitor);
    for (int i = 1; i <= 20; i++) {
        snprintf(body, sizeof(body),
                 "{\"token\":\"%s\",\"events\":[{\"type\":\"page_view\",\"url\":\"/p%d\"}]}", token,
                 i);
        clickstream_collect(w->handlers, tl_str(body), (struct tl_str){0}, TL_STR("::1"), on_answer,
                            w);
    }
    turn(w);
    turn(w);
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
    send(w, "{\"events\":[{\"type\":\"page_view\",\"url\":\"/p0\"}]}");
    field(w, "token", token);
    field(w, "visit_id", visit);
    field(w, "visitor_id", visitor);
    for (int i = 0; i < 2; i++) {
        snprintf(body[i], sizeof(body[i]),
                 "{\"token\":\"%s\",\"events\":[{\"type\":\"page_view\",\"url\":\"/r%d\"}]}", token,
                 i);
        clickstream_collect(i ? other : w->handlers, tl_str(body[i]), (struct tl_str){0},
                            TL_STR("::1"), on_answer, w);
    }
    turn(w);
    assert_int_equal(w->answers, 3);
    assert_float_equal(tl_metric_value(tl_counter("tl_clickstream_save_conflicts_total", NULL, "")),
                       1, 0);
    clickstream_handlers_free(other);
    ask_visit(w, visit, visitor);
    assert_int_equal(w->visit->visit->n_path, 3);
}

static void conversation_gets_the_visit_of_its_own_visitor_only(void **state)
{
    struct world *w = *state;
    char visit[1100], visitor[1100];

    send(w, "{\"referrer\":\"https://search.example/?q=help\",\"events\":[{\"type\":\"page_view\","
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

static void without_its_store_the_tracker_says_503(void **state)
{
    struct world *w = *state;
    char token[1100], body[2048];

    clickstream_store_break(w->store, 1);
    send(w, "{\"events\":[{\"type\":\"page_view\",\"url\":\"/a\"}]}"); /* a new visitor */
    assert_int_equal(w->status, 503);
    send(w, "{\"events\":[{\"type\":\"page_view\",\"url\":\"/a\"}]}");
    field(w, "token", token);
    snprintf(body, sizeof(body), "{\"token\":\"%s\",\"events\":[]}", token);
    clickstream_store_break(w->store, 1);
    send(w, body);
    assert_int_equal(w->status, 503);
    send(w, body);
    assert_int_equal(w->status, 200);
}

/* A drain that took too long: requests are under way when everything is freed. */
static void the_end_answers_who_still_waits(void **state)
{
    struct world *w = *state;
    char token[1100], visit[1100], visitor[1100], body[2048];

    send(w, "{\"events\":[{\"type\":\"page_view\",\"url\":\"/a\"}]}");
    field(w, "token", token);
    field(w, "visit_id", visit);
    field(w, "visitor_id", visitor);
    snprintf(body, sizeof(body), "{\"token\":\"%s\",\"events\":[]}", token);
    ask_visit_later(w, visit, visitor);
    for (int i = 0; i < 3; i++)
        clickstream_collect(w->handlers, tl_str(body), (struct tl_str){0}, TL_STR("::1"), on_answer,
                            w);
    w->handlers = clickstream_handlers_free(w->handlers);
    turn(w);
    assert_int_equal(w->answers, 4);
    assert_int_equal(w->status, 503);
    assert_int_equal(w->reply_code, 503);
}

static void a_record_that_is_junk_is_written_over(void **state)
{
    static char much[TL_PB_MAX + 1];
    struct world *w = *state;
    struct clickstream_record r = {.version = 1};
    char token[1100], body[2048];
    struct tl_claims c;

    send(w, "{\"events\":[]}");
    field(w, "token", token);
    assert_int_equal(
        tl_token_verify(&c, &w->set.token_key, tl_str(token), "visitor", tl_clock_wall()), 0);
    snprintf(body, sizeof(body), "{\"token\":\"%s\",\"events\":[]}", token);
    r.visit = r.visitor = TL_STR("\xff");
    assert_int_equal(clickstream_store_save(w->store, &c.subject, &r, on_kept, NULL), 0);
    send(w, body);
    assert_int_equal(w->status, 200);
    r.version = 3;
    r.visit = (struct tl_str){much, sizeof(much)};
    assert_int_equal(clickstream_store_save(w->store, &c.subject, &r, on_kept, NULL), 0);
    send(w, body);
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
                            TL_STR("x"), TL_STR("peer"), on_answer, w);
        tl_mem_fail_after(-1);
        turn(w);
        assert_int_equal(w->answers, before + 1);
        if (w->status != 200 && w->status != 503 && w->status != 500)
            fail_msg("allocation %d: %d %s", n, w->status, w->detail);
    }
}

static void only_listed_origins_may_send(void **state)
{
    const char *list = "https://shop.example, https://trips.example";

    TL_UNUSED(state);
    assert_true(clickstream_origin_ok(list, TL_STR("https://shop.example")));
    assert_true(clickstream_origin_ok(list, TL_STR("https://trips.example")));
    assert_false(clickstream_origin_ok(list, TL_STR("https://shop.example.evil.example")));
    assert_false(clickstream_origin_ok(list, TL_STR("http://shop.example")));
    assert_false(clickstream_origin_ok(list, TL_STR("null")));
    assert_false(clickstream_origin_ok("", TL_STR("https://shop.example")));
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_new_visitor_gets_a_token_and_the_clicks_reach_the_stream),
        STORY(the_answer_carries_the_invitation_once),
        STORY(the_sites_claim_makes_a_visitor_a_known_customer),
        STORY(tokens_that_are_not_ours_are_refused),
        STORY(junk_is_refused_with_a_pointer_and_harms_nobody),
        STORY(requests_at_once_lose_nothing),
        STORY(another_replica_loses_nothing_either),
        STORY(conversation_gets_the_visit_of_its_own_visitor_only),
        STORY(without_its_store_the_tracker_says_503),
        STORY(the_end_answers_who_still_waits),
        STORY(a_record_that_is_junk_is_written_over),
        STORY(no_allocation_that_fails_is_fatal),
        cmocka_unit_test(only_listed_origins_may_send),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
