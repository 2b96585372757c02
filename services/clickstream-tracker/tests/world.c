#include "world.h"

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

void world_turn(struct world *w)
{
    for (int i = 0; i < 50; i++)
        (void)tl_loop_turn(w->loop);
}

int world_start(void **state)
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

int world_stop(void **state)
{
    struct world *w = *state;

    world_turn(w);
    if (w->handlers)
        assert_int_equal(clickstream_handlers_busy(w->handlers), 0);
    tl_sub_free(w->clicks);
    clickstream_handlers_free(w->handlers);
    clickstream_store_free(w->store);
    tl_events_free(w->events);
    world_turn(w);
    tl_bus_close(w->bus);
    tl_loop_free(w->loop);
    tl_pb_free(w->visit);
    tl_free(w);
    return 0;
}

void world_answered(void *arg, const struct clickstream_http_answer *a)
{
    struct world *w = arg;

    w->answers++;
    w->status = a->status;
    tl_str_put(w->json, sizeof(w->json), a->json);
    tl_str_put(w->pointer, sizeof(w->pointer), tl_str(a->pointer ? a->pointer : ""));
    tl_str_put(w->detail, sizeof(w->detail), tl_str(a->detail ? a->detail : ""));
}

void sends(struct world *w, const char *body)
{
    int before = w->answers;

    clickstream_collect(w->handlers, tl_str(body),
                        TL_STR("Mozilla/5.0 (X11; Linux) Chrome/120 Safari/537.36"),
                        TL_STR("127.0.0.1"), world_answered, w);
    world_turn(w);
    assert_int_equal(w->answers, before + 1);
}

const char *field(struct world *w, const char *name, char out[1100])
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

void supply(struct world *w, int staffed)
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
    world_turn(w);
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

void ask_visit_later(struct world *w, const char *visit, const char *visitor)
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

void ask_visit(struct world *w, const char *visit, const char *visitor)
{
    ask_visit_later(w, visit, visitor);
    world_turn(w);
}
