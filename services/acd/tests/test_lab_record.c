/* A record read back: what it says is kept, what it cannot say is drawn, junk is told its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "threadline/acd/v1/events.pb-c.h"
#include <adapters/policy_yaml.h>
#include <lab/bank.h>
#include <lab/rerun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tl_mem.h>
#include <tl_pb.h>
#include <unistd.h>

static struct record *load(const void *data, size_t n, struct tl_buf *why, int *ret_err)
{
    char path[] = "/tmp/lab-record-XXXXXX";
    struct record *r = NULL;
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, n), (ssize_t)n);
    (void)close(fd);
    *ret_err = record_load(&r, path, why);
    (void)unlink(path);
    return r;
}

static struct record *must_load(const char *text)
{
    struct tl_buf why = TL_BUF(4096);
    int err;
    struct record *r = load(text, strlen(text), &why, &err);

    if (err)
        fail_msg("%s", why.p ? why.p : "?");
    tl_buf_done(&why);
    return r;
}

/* One line of `tl tail --json`, at a second of the day. */
#define EVENT(type, second, contact, body)                                                    \
    "{\"service\":\"acd\",\"type\":\"" type "\",\"event\":{\"meta\":{\"event_id\":\"E" second \
    "\",\"occurred_at_us\":" second "000000,\"contact_id\":\"" contact "\",\"seq\":" second   \
    "},\"" type "\":{" body "}}}\n"
#define QUEUED(second, contact)              \
    EVENT("contact_queued", second, contact, \
          "\"queue\":\"sales\",\"channel\":\"CHANNEL_VOICE\",\"enqueued_at_us\":" second "000000")
#define ACCEPTED(second, contact, waited, rang) \
    EVENT("offer_accepted", second, contact,    \
          "\"agent_id\":\"a1\",\"queue\":\"sales\",\"waited_ms\":" waited ",\"rang_ms\":" rang)
#define RELEASED(second, contact, talked) \
    EVENT("contact_released", second, contact, "\"talked_ms\":" talked)
#define WRAPPED(second, contact, lasted) \
    EVENT("wrap_up_ended", second, contact, "\"wrap_up_ms\":" lasted)
#define GONE(second, contact, cause, waited) \
    EVENT("contact_dequeued", second, contact, "\"cause\":\"" cause "\",\"waited_ms\":" waited)
#define AGENT(second, before, now)                                                    \
    EVENT("agent_state_changed", second, "",                                          \
          "\"agent_id\":\"a1\",\"presence\":\"AGENT_PRESENCE_" now "\",\"previous\":" \
          "\"AGENT_PRESENCE_" before "\"")

/* c1 is answered, c2 hangs up behind it after 20 s, c3 waits for c1's wrap-up. */
/* clang-format off */
#define DAY \
    AGENT("100", "OFFLINE", "READY") \
    QUEUED("110", "c1") \
    AGENT("110", "READY", "RINGING") \
    ACCEPTED("112", "c1", "2000", "2000") \
    AGENT("112", "RINGING", "BUSY") \
    QUEUED("120", "c2") \
    QUEUED("130", "c3") \
    GONE("140", "c2", "customer_left", "20000") \
    RELEASED("212", "c1", "100000") \
    AGENT("212", "BUSY", "WRAP_UP") \
    WRAPPED("222", "c1", "10000") \
    ACCEPTED("224", "c3", "94000", "2000") \
    AGENT("224", "READY", "BUSY") \
    RELEASED("284", "c3", "60000") \
    WRAPPED("289", "c3", "5000") \
    AGENT("289", "WRAP_UP", "READY") \
    AGENT("300", "READY", "OFFLINE")
/* clang-format on */

#define RULES "queues: [{name: sales, wrap_up: 30s}]\nagents: [{id: a1, queues: [sales]}]\n"

static struct policy_file *rules(const char *text)
{
    struct tl_buf why = TL_BUF(4096);
    struct policy_file *p = NULL;

    if (policy_parse(&p, tl_str(text), "rules", &why))
        fail_msg("%s", why.p);
    tl_buf_done(&why);
    return p;
}

static void a_record_says_who_came_and_what_became_of_them(void **state)
{
    struct record *r = must_load(DAY);

    (void)state;
    assert_int_equal(r->n_contacts, 3);
    assert_string_equal(r->contacts[0].id.s, "c1");
    assert_int_equal(r->contacts[0].at, TL_SEC(110));
    assert_int_equal(r->contacts[0].end, RECORD_ANSWERED);
    assert_int_equal(r->contacts[0].talk, TL_SEC(100));
    assert_int_equal(r->contacts[0].wrap_up, TL_SEC(10));
    assert_int_equal(r->contacts[1].end, RECORD_ABANDONED);
    assert_int_equal(r->contacts[1].wait, TL_SEC(20));
    assert_int_equal(r->n_presence, 7);
    record_free(r);
}

static void the_old_rules_give_the_old_day(void **state)
{
    struct record *r = must_load(DAY);
    struct policy_file *p = rules(RULES);
    struct floor_result was, is;
    struct rerun_gaps gaps;

    (void)state;
    assert_int_equal(record_lives(r, 1), 0);
    assert_int_equal(rerun_recorded(r, policy_of(p), &was), 0);
    assert_int_equal(rerun(r, policy_of(p), NULL, &is, &gaps), 0);
    assert_int_equal(was.total.answered, 2);
    assert_int_equal(is.total.answered, 2);
    assert_int_equal(is.total.abandoned, 1);
    assert_true(was.total.wait_of_answered == is.total.wait_of_answered);
    assert_true(was.total.handled == is.total.handled);
    assert_int_equal(is.total.delayed, was.total.delayed);
    assert_int_equal(gaps.contacts + gaps.agents + gaps.skills, 0);
    floor_done(&was);
    floor_done(&is);
    policy_free(p);
    record_free(r);
}

static void other_rules_give_another_day(void **state)
{
    struct record *r = must_load(DAY);
    struct policy_file *p = rules("queues: [{name: sales, wrap_up: 0s, max_wait: 10s}]\n"
                                  "agents: [{id: a1, queues: [sales]}]\n");
    struct floor_result is;
    struct rerun_gaps gaps;

    (void)state;
    assert_int_equal(record_lives(r, 1), 0);
    assert_int_equal(rerun(r, policy_of(p), NULL, &is, &gaps), 0);
    assert_int_equal(is.total.answered, 1);
    assert_int_equal(is.total.flowed_out, 2);
    floor_done(&is);
    policy_free(p);
    record_free(r);
}

static void what_the_rules_lack_is_told(void **state)
{
    struct record *r = must_load(
        DAY EVENT("contact_queued", "150", "c9", "\"queue\":\"gone\",\"skills\":[\"german\"]")
            EVENT("contact_queued", "151", "c8", "\"queue\":\"sales\",\"skills\":[\"german\"]"));
    struct policy_file *p = rules("queues: [{name: sales}]\nagents: [{id: b, queues: [sales]}]\n");
    struct floor_result is;
    struct rerun_gaps gaps;

    (void)state;
    assert_int_equal(record_lives(r, 1), 0);
    assert_int_equal(rerun(r, policy_of(p), NULL, &is, &gaps), 0);
    assert_int_equal(gaps.contacts, 1);
    assert_int_equal(gaps.agents, 1);
    assert_int_equal(gaps.skills, 1);
    assert_int_equal(is.total.answered, 0);
    floor_done(&is);
    policy_free(p);
    record_free(r);
}

static void order_and_repeats_do_not_matter(void **state)
{
    struct record *r = must_load(
        EVENT("ownership_taken", "300", "", "") RELEASED("212", "c1", "100000")
            ACCEPTED("112", "c1", "2000", "2000") QUEUED("110", "c1") QUEUED("110", "c1")
                RELEASED("212", "c1", "100000") GONE("140", "c7", "customer_left", "1000"));

    (void)state;
    assert_int_equal(r->n_contacts, 1);
    assert_int_equal(r->first, TL_SEC(110));
    assert_int_equal(r->left_out, 1); /* c7 came before the record began */
    assert_int_equal(r->contacts[0].talk, TL_SEC(100));
    record_free(r);
}

static void kafka_bytes_are_read_as_well(void **state)
{
    Threadline__Event__V1__Meta meta = THREADLINE__EVENT__V1__META__INIT;
    Threadline__Acd__V1__ContactQueued q = THREADLINE__ACD__V1__CONTACT_QUEUED__INIT;
    Threadline__Acd__V1__AcdEvent e = THREADLINE__ACD__V1__ACD_EVENT__INIT;
    char contact[] = "c1", queue[] = "sales";
    struct tl_buf bytes = TL_BUF(4096), file = TL_BUF(4096), why = TL_BUF(4096);
    struct record *r;
    int err;

    (void)state;
    meta.contact_id = contact;
    meta.occurred_at_us = TL_SEC(5);
    q.queue = queue;
    e.meta = &meta;
    e.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_QUEUED;
    e.contact_queued = &q;
    assert_int_equal(tl_pb_pack(&e, &bytes), 0);
    const char head[] = {0, 0, 0, (char)bytes.n};
    (void)tl_buf_add(&file, head, 4);
    (void)tl_buf_add(&file, bytes.p, bytes.n);
    (void)tl_buf_add(&file, "\0\0\0\3\xff\xff\xff", 7); /* a topic keeps junk, too */
    r = load(file.p, file.n, &why, &err);
    assert_int_equal(err, 0);
    assert_int_equal(r->contacts[0].at, TL_SEC(5));
    assert_int_equal(r->junk, 1);
    record_free(r);
    assert_null(load(file.p, 4 + bytes.n - 1, &why, &err));
    assert_non_null(strstr(why.p, ": message 1: is cut short"));
    tl_buf_done(&bytes);
    tl_buf_done(&file);
    tl_buf_done(&why);
}

static void junk_is_told_its_line(void **state)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"", ": nobody came to a queue in 0 events"},
        {"hello\n", ":1: is no line of `tl tail"},
        {QUEUED("1", "c1") "{\"service\":\"acd\"}\n", ":2: is no line of `tl tail"},
        {QUEUED("1", "c1") "\n{\"service\":\"acd\",\"type\":\"contact_queued\",\"event\":{}}\n",
         ":3: is no event of the ACD"},
        {EVENT("contact_queued", "1", "c1", "\"color\":1"), ":1: /contact_queued/color"},
        {EVENT("contact_queued", "1", "c 1", "\"queue\":\"sales\""), ":1: is no event"},
        {EVENT("contact_queued", "1", "c1", "\"queue\":\"s p a c e\""), ":1: is no event"},
        {"{\"service\":\"media\",\"type\":\"x\",\"event\":{}}\n", ": nobody came"},
    };

    (void)state;
    for (size_t i = 0; i < TL_LEN(cases); i++) {
        struct tl_buf why = TL_BUF(4096);
        int err;
        struct record *r = load(cases[i].text, strlen(cases[i].text), &why, &err);
        assert_null(r);
        if (err != -EINVAL || !why.p || !strstr(why.p, cases[i].complaint))
            fail_msg("case %zu: %d, told \"%s\", expected \"%s\"", i, err, why.p ? why.p : "",
                     cases[i].complaint);
        tl_buf_done(&why);
    }
}

/* Four wait 10, 20, 30 and 40 s; those of 10 and 30 hang up.  Kaplan-Meier: beyond 10 s 3/4 stay,
 * beyond 30 s 3/4 * 1/2. */
static void patience_is_longer_than_the_wait_that_was_seen(void **state)
{
    enum { MANY = 4000 };
    static struct record_contact contacts[MANY];
    struct tl_id names[] = {{"sales"}};
    struct record r = {.contacts = contacts, .names = names, .n_contacts = MANY, .n_names = 1};
    unsigned endless = 0, thirty = 0, of_20 = 0;

    (void)state;
    for (unsigned i = 0; i < MANY; i++)
        contacts[i] = (struct record_contact){.at = 1,
                                              .wait = TL_SEC(10 * (1 + i % 4)),
                                              .end = i % 2 ? RECORD_ANSWERED : RECORD_ABANDONED,
                                              .talk = TL_SEC(7),
                                              .released = true};
    assert_int_equal(record_lives(&r, 3), 0);
    for (unsigned i = 0; i < MANY; i++) {
        const struct record_contact *c = &contacts[i];
        if (c->end == RECORD_ABANDONED) {
            assert_int_equal(c->patience, c->wait);
            continue;
        }
        assert_true(c->patience > c->wait);
        if (c->wait == TL_SEC(20)) {
            of_20++;
            thirty += c->patience == TL_SEC(30);
            endless += c->patience == TL_NEVER;
        }
    }
    assert_int_equal(thirty + endless, of_20);
    assert_true(thirty > of_20 * 4 / 10 && thirty < of_20 * 6 / 10); /* one half */
}

/* ---- the bank's log ---- */

#define HEAD                                                                                  \
    "vru+line\tcall_id\tcustomer_id\tpriority\ttype\tdate\tvru_entry\tvru_exit\tvru_time\tq_" \
    "start\t"                                                                                 \
    "q_exit\tq_time\toutcome\tser_start\tser_exit\tser_time\tserver\n"
#define CALL(id, priority, exit, q, outcome, ser, server)                                     \
    "A1\t" id "\t0\t" priority "\tPS\t990201\t8:00:00\t" exit "\t5\t" q "\t" outcome "\t" ser \
    "\t" server "\n"
#define NO_QUEUE "0:00:00\t0:00:00\t0"
#define NO_TALK  "0:00:00\t0:00:00\t0"
#define LOG                                                                                      \
    HEAD CALL("1", "0", "8:00:05", NO_QUEUE, "AGENT", "8:00:05\t8:01:45\t100", "ONE")            \
        CALL("2", "2", "8:00:10", "8:00:10\t8:00:40\t30", "HANG", NO_TALK, "NO_SERVER") CALL(    \
            "3", "1", "8:00:20", "8:00:20\t8:01:50\t90", "AGENT", "8:01:50\t8:02:00\t10", "ONE") \
            CALL("4", "0", "8:30:00", NO_QUEUE, "AGENT", "8:30:00\t8:31:00\t60", "ONE")          \
                CALL("5", "0", "8:30:00", NO_QUEUE, "HANG", NO_TALK, "NO_SERVER")                \
                    CALL("6", "0", "8:30:00", NO_QUEUE, "PHANTOM", NO_TALK, "NO_SERVER")

static void a_banks_day_becomes_a_record(void **state)
{
    struct tl_buf why = TL_BUF(4096);
    struct policy_file *p;
    struct bank_day day;
    struct floor_result is;
    struct rerun_gaps gaps;
    char dates[4][8];

    (void)state;
    assert_int_equal(bank_dates(dates, 4, TL_STR(LOG), "log", &why), 1);
    assert_string_equal(dates[0], "990201");
    assert_int_equal(bank_load(&day, TL_STR(LOG), "log", "990201", &why), 0);
    assert_int_equal(day.record->n_contacts, 4);
    assert_int_equal(day.left_out, 2);
    assert_int_equal(day.record->contacts[1].priority, 1);
    assert_int_equal(day.record->contacts[1].wait, TL_SEC(30));
    assert_int_equal(day.record->n_presence, 6); /* comes, free, busy, away, busy, goes */
    p = rules(day.rules.p);
    assert_int_equal(record_lives(day.record, 1), 0);
    assert_int_equal(rerun(day.record, policy_of(p), NULL, &is, &gaps), 0);
    assert_int_equal(is.total.answered, 3);
    assert_int_equal(is.total.abandoned, 1);
    floor_done(&is);
    policy_free(p);
    bank_done(&day);
}

static void a_strange_log_is_told_its_line(void **state)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"", "log:0: nobody called"},
        {HEAD "too\tfew\n", "log:2: must have 17 columns"},
        {HEAD CALL("1", "9", "8:00:05", NO_QUEUE, "HANG", NO_TALK, "X"), "log:2: has a priority"},
        {HEAD CALL("1", "0", "8:00:05", NO_QUEUE, "LOST", NO_TALK, "X"), "log:2: has an outcome"},
        {HEAD CALL("1", "0", "8 h", NO_QUEUE, "HANG", NO_TALK, "X"), "log:2: has a time of day"},
        {HEAD CALL("1", "0", "8:00:05", "0:00:00\t0:00:00\t-3", "HANG", NO_TALK, "X"),
         "log:2: has a duration"},
        {HEAD CALL("", "0", "8:00:05", NO_QUEUE, "HANG", NO_TALK, "X"), "log:2: has no call_id"},
        {HEAD CALL("1", "0", "8:00:05", NO_QUEUE, "AGENT", "8:00:05\t8:00:06\t1", "A B"),
         "log:2: has a type or server"},
    };

    (void)state;
    for (size_t i = 0; i < TL_LEN(cases); i++) {
        struct tl_buf why = TL_BUF(4096);
        struct bank_day day;
        int err = bank_load(&day, tl_str(cases[i].text), "log", "990201", &why);
        if (err != -EINVAL || !why.p || !strstr(why.p, cases[i].complaint))
            fail_msg("case %zu: %d, told \"%s\", expected \"%s\"", i, err, why.p ? why.p : "",
                     cases[i].complaint);
        bank_done(&day);
        tl_buf_done(&why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_says_who_came_and_what_became_of_them),
        cmocka_unit_test(the_old_rules_give_the_old_day),
        cmocka_unit_test(other_rules_give_another_day),
        cmocka_unit_test(what_the_rules_lack_is_told),
        cmocka_unit_test(order_and_repeats_do_not_matter),
        cmocka_unit_test(kafka_bytes_are_read_as_well),
        cmocka_unit_test(junk_is_told_its_line),
        cmocka_unit_test(patience_is_longer_than_the_wait_that_was_seen),
        cmocka_unit_test(a_banks_day_becomes_a_record),
        cmocka_unit_test(a_strange_log_is_told_its_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
