/* What the bytes of other services mean to the board, and what means nothing to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <tl_pb.h>
#include <wire.h>

#include "threadline/acd/v1/events.pb-c.h"

static enum analytics_fact_kind means(const char *name)
{
    char subject[100], json[300];
    struct tl_buf bytes = TL_BUF(4096), why = TL_BUF(1000);
    ProtobufCMessage *m = NULL;
    struct analytics_event e;
    const char *junk;

    (void)snprintf(json, sizeof(json),
                   "{\"meta\":{\"event_id\":\"E1\",\"producer\":\"acd\",\"boot\":\"B1\",\"seq\":1,"
                   "\"occurred_at_us\":1,\"contact_id\":\"C1\",\"thread_id\":\"T1\"},\"%s\":{}}",
                   name);
    (void)snprintf(subject, sizeof(subject), "tl.events.acd.%s.T1", name);
    if (tl_pb_from_json(&threadline__acd__v1__acd_event__descriptor, tl_str(json), &m, &why))
        fail_msg("%s: %s", name, why.p);
    assert_int_equal(tl_pb_pack(m, &bytes), 0);
    assert_int_equal(analytics_wire_read(&e, tl_str(subject), bytes.p, bytes.n, &junk), 0);
    assert_string_equal(e.fact.contact.s, "C1"); /* in the thread's record all the same */
    tl_pb_free(m);
    tl_buf_done(&bytes);
    tl_buf_done(&why);
    return e.fact.kind;
}

/* Advice and conference are the agents' affair: the customer's call is offered, answered and talked
 * through once. */
static void a_consult_changes_no_number_of_the_call(void **state)
{
    const ProtobufCMessageDescriptor *d = &threadline__acd__v1__acd_event__descriptor;
    unsigned seats = 0;

    (void)state;
    for (unsigned i = 0; i < d->n_fields; i++) {
        const char *name = d->fields[i].name;
        if (strncmp(name, "seat_", 5) != 0 && strcmp(name, "contact_handed_over") != 0)
            continue;
        assert_int_equal(means(name), ANALYTICS_NOTHING);
        seats++;
    }
    assert_int_equal(seats, 9);
    assert_int_equal(means("offer_accepted"), ANALYTICS_OFFER_ACCEPTED);
}

/* Lengths come from other processes: what no one can have waited is a number all the same. */
static void a_length_beyond_measure_is_the_longest(void **state)
{
    Threadline__Event__V1__Meta meta = THREADLINE__EVENT__V1__META__INIT;
    Threadline__Acd__V1__OfferAccepted accepted = THREADLINE__ACD__V1__OFFER_ACCEPTED__INIT;
    Threadline__Acd__V1__AcdEvent m = THREADLINE__ACD__V1__ACD_EVENT__INIT;
    struct tl_buf bytes = TL_BUF(4096);
    struct analytics_event e;
    const char *why;

    (void)state;
    meta.event_id = meta.producer = meta.boot = meta.contact_id = (char[]){"X"};
    meta.seq = meta.occurred_at_us = 1;
    m.meta = &meta;
    m.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_OFFER_ACCEPTED;
    m.offer_accepted = &accepted;
    accepted.waited_ms = INT64_MAX;
    assert_int_equal(tl_pb_pack(&m, &bytes), 0);
    assert_int_equal(
        analytics_wire_read(&e, TL_STR("tl.events.acd.offer_accepted.T1"), bytes.p, bytes.n, &why),
        0);
    assert_true(e.fact.length == TL_DUR_MAX);
    tl_buf_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_consult_changes_no_number_of_the_call),
        cmocka_unit_test(a_length_beyond_measure_is_the_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
