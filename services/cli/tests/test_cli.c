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
    assert_non_null(strstr(out.p, "agent-2          score 0, idle 9 s: busy"));
    tl_pb_free(e.envelope);
    tl_buf_done(&bytes);
    tl_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_of_time_are_read_or_refused),
        cmocka_unit_test(options_have_two_spellings),
        cmocka_unit_test(an_event_reads_as_one_line),
        cmocka_unit_test(why_tells_who_was_considered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
