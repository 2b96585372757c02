/* What the command line makes of events, options and lengths of time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "cli.h"
#include "threadline/acd/v1/events.pb-c.h"
#include "why.h"

static void lengths_of_time_are_read_or_refused(void **state)
{
    static const struct {
        const char *text;
        tl_dur want; /* -1: refused */
    } cases[] = {
        {"10m", TL_MIN(10)}, {"1h30m", TL_MIN(90)},
        {"45s", TL_SEC(45)}, {"250ms", TL_MSEC(250)},
        {"1d", TL_HOUR(24)}, {"", -1},
        {"10", -1},          {"m", -1},
        {"10 m", -1},        {"-1s", -1},
        {"1w", -1},          {"9999999s", -1},
    };

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(cases); i++) {
        tl_dur d = -1;
        int err = cli_duration(cases[i].text, &d);

        assert_int_equal(err, cases[i].want < 0 ? -EINVAL : 0);
        if (!err)
            assert_int_equal(d, cases[i].want);
    }
}

static void options_have_two_spellings(void **state)
{
    char a[] = "--thread", b[] = "T1", c[] = "--since=5m", d[] = "--thread", e[] = "--threads";
    char *argv[] = {a, b, c, d, e};
    int i = 0;

    TL_UNUSED(state);
    assert_string_equal(cli_option(5, argv, &i, "--thread"), "T1");
    assert_int_equal(i, 1);
    i = 2;
    assert_string_equal(cli_option(5, argv, &i, "--since"), "5m");
    i = 3;
    assert_null(cli_option(4, argv, &i, "--thread")); /* its value is missing */
    i = 4;
    assert_null(cli_option(5, argv, &i, "--thread"));
}

/* An ACD event as bytes. */
static void pack(struct tl_buf *out, Threadline__Acd__V1__AcdEvent *e)
{
    Threadline__Event__V1__Meta meta = THREADLINE__EVENT__V1__META__INIT;
    char id[] = "E1", thread[] = "T1", contact[] = "C1";

    meta.event_id = id;
    meta.thread_id = thread;
    meta.contact_id = contact;
    meta.occurred_at_us = INT64_C(1700000000123456);
    e->meta = &meta;
    assert_int_equal(tl_pb_pack(e, out), 0);
}

static void an_event_reads_as_one_line(void **state)
{
    Threadline__Acd__V1__AcdEvent m = THREADLINE__ACD__V1__ACD_EVENT__INIT;
    Threadline__Acd__V1__ContactQueued q = THREADLINE__ACD__V1__CONTACT_QUEUED__INIT;
    struct tl_buf bytes = TL_BUF(4096), line = TL_BUF(4096), json = TL_BUF(4096);
    struct cli_event e;
    char queue[] = "sales";

    TL_UNUSED(state);
    q.queue = queue;
    q.position = 2;
    m.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_QUEUED;
    m.contact_queued = &q;
    pack(&bytes, &m);
    assert_int_equal(
        cli_event_read(&e, TL_STR("tl.events.acd.contact_queued.T1"), bytes.p, bytes.n), 0);
    assert_int_equal(cli_event_line(&line, &e, false), 0);
    assert_string_equal(line.p, "22:13:20.123  acd          contact_queued       thread=T1 "
                                "contact=C1 queue=sales position=2");
    assert_int_equal(cli_event_json(&json, &e), 0);
    assert_non_null(strstr(json.p, "\"type\":\"contact_queued\""));
    assert_int_equal(cli_event_int(&e, "position"), 2);
    assert_string_equal(cli_event_text(&e, "no_such_field"), "");
    tl_pb_free(e.envelope);
    assert_int_equal(cli_event_read(&e, TL_STR("tl.events.elsewhere.x.y"), bytes.p, bytes.n),
                     -EBADMSG);
    assert_int_equal(cli_event_read(&e, TL_STR("tl.events.acd.x.y"), "\xff", 1), -EBADMSG);
    assert_int_equal(cli_event_read(&e, TL_STR("tl"), "", 0), -EBADMSG);
    tl_buf_done(&bytes);
    tl_buf_done(&line);
    tl_buf_done(&json);
}

static void why_tells_who_was_considered(void **state)
{
    Threadline__Acd__V1__AcdEvent m = THREADLINE__ACD__V1__ACD_EVENT__INIT;
    Threadline__Acd__V1__ContactOffered o = THREADLINE__ACD__V1__CONTACT_OFFERED__INIT;
    Threadline__Acd__V1__Why why = THREADLINE__ACD__V1__WHY__INIT;
    Threadline__Acd__V1__Candidate c = THREADLINE__ACD__V1__CANDIDATE__INIT, *row = &c;
    struct tl_buf bytes = TL_BUF(4096), out = TL_BUF(4096);
    struct cli_event e;
    char agent[] = "agent-1", queue[] = "sales", line[] = "idle for longest",
         method[] = "longest_idle";
    char other[] = "agent-2", busy[] = "busy";

    TL_UNUSED(state);
    c.agent_id = other;
    c.idle_ms = 9000;
    c.rejected = busy;
    why.line = line;
    why.method = method;
    why.considered = 2;
    why.candidates = &row;
    why.n_candidates = 1;
    o.agent_id = agent;
    o.queue = queue;
    o.waited_ms = 1500;
    o.why = &why;
    m.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_OFFERED;
    m.contact_offered = &o;
    pack(&bytes, &m);
    assert_int_equal(
        cli_event_read(&e, TL_STR("tl.events.acd.contact_offered.T1"), bytes.p, bytes.n), 0);
    assert_int_equal(cli_why_line(&out, &e), 0);
    assert_non_null(
        strstr(out.p, "22:13:20.123  offered to agent-1 after 1.5 s in sales: idle for longest"));
    assert_non_null(strstr(out.p, "agent-2          not taken: busy"));
    tl_pb_free(e.envelope);
    tl_buf_done(&bytes);
    tl_buf_done(&out);
}

/* The story that a list of events tells, a line of JSON each. */
static void tells(const char *const *events, size_t n, const char *story)
{
    struct tl_buf bytes = TL_BUF(65536), out = TL_BUF(65536), all = TL_BUF(65536);
    char subject[100], name[40];

    for (size_t i = 0; i < n; i++) {
        struct tl_buf text = TL_BUF(65536);
        ProtobufCMessage *m = NULL;
        struct tl_buf reason = TL_BUF(1000);
        struct cli_event e;

        assert_int_equal(sscanf(events[i], "\"%39[a-z_]\"", name), 1);
        (void)tl_buf_printf(
            &text,
            "{\"meta\":{\"event_id\":\"E1\",\"contact_id\":\"C1\",\"occurred_at_us\":"
            "1700000000123456},%s}",
            events[i]);
        if (tl_pb_from_json(&threadline__acd__v1__acd_event__descriptor, tl_buf_str(&text), &m,
                            &reason))
            fail_msg("%s: %s", name, reason.p);
        tl_buf_clear(&bytes);
        tl_buf_clear(&out);
        assert_int_equal(tl_pb_pack(m, &bytes), 0);
        (void)snprintf(subject, sizeof(subject), "tl.events.acd.%s.T1", name);
        assert_int_equal(cli_event_read(&e, tl_str(subject), bytes.p, bytes.n), 0);
        assert_int_equal(cli_why_line(&out, &e), 0);
        if (out.n)
            (void)tl_buf_add(&all, out.p, out.n);
        tl_pb_free(e.envelope);
        tl_pb_free(m);
        tl_buf_done(&text);
        tl_buf_done(&reason);
    }
    assert_string_equal(all.p, story);
    tl_buf_done(&bytes);
    tl_buf_done(&out);
    tl_buf_done(&all);
}

static void why_tells_rings_and_time_outs_with_their_reasons(void **state)
{
    static const char *const events[] = {
        "\"contact_queued\":{\"queue\":\"help\",\"position\":1}",
        "\"contact_moved\":{\"queue\":\"help\",\"ring\":2,\"cause\":\"ring_skipped\",\"why\":{"
        "\"line\":\"1 of 3 serving free and fit, ring "
        "2\",\"method\":\"longest_idle\",\"considered\":3,"
        "\"ring\":2,\"policy_hash\":\"abc\",\"candidates\":[{\"agent_id\":\"a1\",\"score\":9,"
        "\"idle_ms\":9000},{\"agent_id\":\"a2\",\"rejected\":\"skill\"}],"
        "\"rejections\":[{\"reason\":\"skill\",\"agents\":1},{\"reason\":\"not_ready\",\"agents\":"
        "1}]}}",
        "\"offer_timed_out\":{\"agent_id\":\"a1\",\"rang_ms\":20000,\"why\":{\"line\":\"0 of 3 "
        "serving free and fit, ring 2\",\"method\":\"longest_idle\",\"considered\":3,\"ring\":2,"
        "\"policy_hash\":\"abc\"}}",
        "\"contact_moved\":{\"queue\":\"night\",\"cause\":\"overflow\"}",
        "\"contact_moved\":{\"queue\":\"late\",\"cause\":\"overflow\",\"why\":{\"line\":"
        "\"condition held: waiting 27 > 20\",\"policy_hash\":\"abc\"}}",
        "\"wrap_up_started\":{\"agent_id\":\"a1\"}",
    };

    TL_UNUSED(state);
    tells(
        events, TL_LEN(events),
        "22:13:20.123  queued in help at place 1, priority 0\n"
        "22:13:20.123  ring 0 to 2, past what nobody signed in could fill: 1 of 3 serving free and "
        "fit, ring 2\n"
        "              by longest_idle, 3 considered, ring 2, policy abc\n"
        "              a1               score 9, idle 9 s\n"
        "              a2               not taken: skill\n"
        "              1 not taken: skill\n"
        "              1 not taken: not_ready\n"
        "22:13:20.123  a1 did not answer in time (rang 20.0 s): 0 of 3 serving free and fit, ring "
        "2\n"
        "              by longest_idle, 3 considered, ring 2, policy abc\n"
        "22:13:20.123  moved to night: overflow\n"
        "22:13:20.123  moved to late: overflow, condition held: waiting 27 > 20\n");
}

static void why_tells_of_advice_and_of_changing_hands(void **state)
{
    static const char *const events[] = {
        "\"seat_asked\":{\"seat_id\":\"S1\",\"by_agent_id\":\"a1\",\"queue\":\"sales\"}",
        "\"seat_offered\":{\"seat_id\":\"S1\",\"agent_id\":\"a2\"}",
        "\"seat_offer_over\":{\"seat_id\":\"S1\",\"agent_id\":\"a2\",\"cause\":\"declined\"}",
        "\"seat_left\":{\"seat_id\":\"S1\",\"cause\":\"request\"}",
        "\"seat_asked\":{\"seat_id\":\"S2\",\"by_agent_id\":\"a1\",\"agent_id\":\"a3\"}",
        "\"seat_taken\":{\"seat_id\":\"S2\",\"agent_id\":\"a3\",\"rang_ms\":1500}",
        "\"seat_joined\":{\"seat_id\":\"S2\",\"agent_id\":\"a3\"}",
        "\"contact_handed_over\":{\"agent_id\":\"a3\",\"from_agent_id\":\"a1\",\"cause\":"
        "\"transfer\"}",
        "\"seat_left\":{\"seat_id\":\"S2\",\"agent_id\":\"a1\",\"cause\":\"transfer\"}",
    };

    TL_UNUSED(state);
    tells(events, TL_LEN(events),
          "22:13:20.123  consult: a1 asked whoever has time in sales\n"
          "22:13:20.123  consult: offered to a2\n"
          "22:13:20.123  consult: offer to a2 over, declined\n"
          "22:13:20.123  the consult is over: request\n"
          "22:13:20.123  consult: a1 asked a3\n"
          "22:13:20.123  consult: a3 accepted, rang 1.5 s\n"
          "22:13:20.123  a3 talks with the customer, too\n"
          "22:13:20.123  handed over from a1 to a3: transfer\n"
          "22:13:20.123  a1 left: transfer\n");
}

struct server {
    struct tl_bus *bus;
    char reply[200];
    int ready;
};

static void on_create(void *arg, const struct tl_msg *m)
{
    struct server *s = arg;

    (void)tl_str_put(s->reply, sizeof s->reply, tl_str(m->reply));
}

static void on_stream_event(void *arg, const struct tl_msg *m, uint64_t pending)
{
    TL_UNUSED(arg);
    TL_UNUSED(m);
    TL_UNUSED(pending);
}

static void on_stream_ready(void *arg, int err, uint64_t pending)
{
    TL_UNUSED(err);
    TL_UNUSED(pending);
    ((struct server *)arg)->ready++;
}

/** The connection was lost and came back while the answer was on its way. */
static void a_stream_that_is_closed_hears_no_answer(void **state)
{
    struct server s = {0};
    struct tl_loop *loop = NULL;
    struct tl_sub *sub = NULL;
    struct cli_stream *stream = NULL;
    const struct cli_stream_opts opts = {.stream = "EVENTS"};

    TL_UNUSED(state);
    assert_int_equal(tl_loop_new(&loop), 0);
    assert_int_equal(tl_bus_open_memory(&s.bus, loop), 0);
    assert_int_equal(
        tl_bus_subscribe(&sub, s.bus, "$JS.API.CONSUMER.CREATE.EVENTS", NULL, on_create, &s), 0);
    assert_int_equal(cli_stream_open(&stream, s.bus, &opts, on_stream_event, on_stream_ready, &s),
                     0);
    for (int i = 0; i < 100 && !s.reply[0]; i++)
        (void)tl_loop_turn(loop);
    assert_true(s.reply[0]);
    cli_stream_close(stream);
    assert_int_equal(tl_bus_reply(s.bus, s.reply, "{}", 2), 0);
    for (int i = 0; i < 100; i++)
        (void)tl_loop_turn(loop);
    assert_int_equal(s.ready, 0);
    tl_sub_free(sub);
    tl_bus_close(s.bus);
    tl_loop_free(loop);
}

static void a_number_of_lines_is_a_number(void **state)
{
    static const char *const bad[] = {"", "0", "-1", "ten", "3x", "99999999999999999999"};
    int64_t n = 7;

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(bad); i++)
        assert_int_equal(cli_count(bad[i], &n), -EINVAL);
    assert_int_equal(n, 7);
    assert_int_equal(cli_count("12", &n), 0);
    assert_int_equal(n, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_that_is_closed_hears_no_answer),
        cmocka_unit_test(a_number_of_lines_is_a_number),
        cmocka_unit_test(lengths_of_time_are_read_or_refused),
        cmocka_unit_test(options_have_two_spellings),
        cmocka_unit_test(an_event_reads_as_one_line),
        cmocka_unit_test(why_tells_who_was_considered),
        cmocka_unit_test(why_tells_rings_and_time_outs_with_their_reasons),
        cmocka_unit_test(why_tells_of_advice_and_of_changing_hands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
