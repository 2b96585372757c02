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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_consult_changes_no_number_of_the_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
