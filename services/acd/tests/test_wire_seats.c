/* Seats on the wire: requests, events, the record of a contact with its seats, and answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include <adapters/policy_yaml.h>
#include <tl_mem.h>
#include <tl_pb.h>
#include <wire_pb.h>

#define NOW TL_SEC(1700000000)
#define MAX 40
#define C1  "01M80EK74EDD805EPV28WG00YA" /* a trace id is made of a ULID */

static const char rules[] =
    "lease: 10m\n"
    "queues: [{name: help, wrap_up: 30s, offer_timeout: 20s}, {name: far}]\n"
    "agents: [{id: a1, queues: [help]}, {id: a2, queues: [far]},\n"
    "         {id: a3, queues: [far]}]\n";

struct world {
    struct policy_file *policy;
    struct acd *acd;
    struct wire_scene scene;
    Threadline__Acd__V1__AcdEvent *heard[MAX];
    size_t n;
    struct tl_buf bytes;
};

static void hear(void *arg, const struct acd_decision *d)
{
    struct world *w = arg;
    const struct wire_meta m = {.event_id = "E1", .boot = "B1", .seq = 1, .at = 5};
    struct tl_id key;
    const char *name;

    w->scene.acd = w->acd;
    w->scene.now = d->now;
    tl_buf_clear(&w->bytes);
    if (wire_event(&w->scene, d, &m, &w->bytes, &name, &key) || d->kind == ACD_SHOW_AGENT)
        return;
    assert_true(w->n < MAX);
    assert_string_equal(key.s, "T1");
    assert_int_equal(
        TL_PB_UNPACK(threadline__acd__v1__acd_event, w->bytes.p, w->bytes.n, &w->heard[w->n]), 0);
    assert_string_equal(w->heard[w->n]->meta->contact_id, C1); /* not the seat's */
    assert_int_equal(strlen(w->heard[w->n]->meta->trace_id), TL_TRACE_ID_N);
    assert_string_equal(w->heard[w->n]->meta->trace_id, w->heard[0]->meta->trace_id);
    w->n++;
}

static int begin(void **state)
{
    struct world *w = tl_alloc(1, sizeof(*w));
    struct tl_buf why = TL_BUF(4096);

    *state = w;
    w->bytes = TL_BUF(65536);
    w->scene = (struct wire_scene){.epoch = 7, .partition = "p0", .skew = 1000};
    return policy_parse(&w->policy, tl_str(rules), "rules", &why) ||
           acd_new(&w->acd, policy_of(w->policy), 0, hear, w);
}

static int end(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < w->n; i++)
        tl_pb_free(w->heard[i]);
    tl_buf_done(&w->bytes);
    acd_free(w->acd);
    policy_free(w->policy);
    tl_free(w);
    return 0;
}

static enum acd_outcome step(struct world *w, struct acd_fact f, tl_time now)
{
    enum acd_outcome out;

    assert_int_equal(acd_step(w->acd, &f, now, &out), 0);
    return out;
}

static void ready(struct world *w, const char *agent)
{
    (void)step(w, (struct acd_fact){.kind = ACD_AGENT_READY, .agent = tl_str(agent)}, NOW);
}

static void accepts(struct world *w, const char *agent, const char *id)
{
    const struct acd_contact *c = acd_contact(w->acd, acd_find_contact(w->acd, tl_str(id)));

    assert_int_equal(step(w,
                          (struct acd_fact){.kind = ACD_OFFER_ACCEPTED,
                                            .agent = tl_str(agent),
                                            .offer = c->offer},
                          NOW + TL_SEC(2)),
                     ACD_OK);
}

/* Decodes a request as it comes from a service, and steps it. */
static enum acd_outcome ask(struct world *w, enum wire_method m, const void *message)
{
    struct wire_request r;
    enum acd_outcome out;

    tl_buf_clear(&w->bytes);
    assert_int_equal(tl_pb_pack(message, &w->bytes), 0);
    assert_int_equal(wire_request(&r, w->acd, m, w->bytes.p, w->bytes.n, 0), 0);
    assert_false(r.forbidden);
    out = r.outcome == ACD_OK ? step(w, r.fact, NOW + TL_SEC(3)) : r.outcome;
    wire_request_done(&r);
    return out;
}

static char *lend(const char *s)
{
    return (char *)(uintptr_t)s;
}

static Threadline__Common__V1__Actor actor(const char *agent)
{
    Threadline__Common__V1__Actor a = THREADLINE__COMMON__V1__ACTOR__INIT;

    a.role = THREADLINE__COMMON__V1__ROLE__ROLE_AGENT;
    a.agent_id = lend(agent);
    return a;
}

static enum acd_outcome consult(struct world *w, const char *by, const char *seat,
                                const char *agent, const char *queue)
{
    Threadline__Acd__V1__ConsultRequest q = THREADLINE__ACD__V1__CONSULT_REQUEST__INIT;
    Threadline__Common__V1__Actor a = actor(by);

    q.actor = &a;
    q.contact_id = lend(C1);
    q.seat_id = lend(seat);
    q.agent_id = lend(agent);
    q.queue = lend(queue);
    return ask(w, WIRE_CONSULT, &q);
}

/* The three requests about a seat have one shape, field by field. */
static enum acd_outcome about(struct world *w, enum wire_method m, const char *by, const char *seat)
{
    Threadline__Acd__V1__MergeConsultRequest merge =
        THREADLINE__ACD__V1__MERGE_CONSULT_REQUEST__INIT;
    Threadline__Acd__V1__CompleteConsultRequest complete =
        THREADLINE__ACD__V1__COMPLETE_CONSULT_REQUEST__INIT;
    Threadline__Acd__V1__CancelConsultRequest cancel =
        THREADLINE__ACD__V1__CANCEL_CONSULT_REQUEST__INIT;
    Threadline__Common__V1__Actor a = actor(by);

    merge.actor = complete.actor = cancel.actor = &a;
    merge.contact_id = complete.contact_id = cancel.contact_id = lend(C1);
    merge.seat_id = complete.seat_id = cancel.seat_id = lend(seat);
    return ask(w, m,
               m == WIRE_MERGE_CONSULT      ? (const void *)&merge
               : m == WIRE_COMPLETE_CONSULT ? (const void *)&complete
                                            : (const void *)&cancel);
}

static void a1_talks(struct world *w)
{
    ready(w, "a1");
    (void)step(w,
               (struct acd_fact){.kind = ACD_CONTACT_QUEUED,
                                 .contact = TL_STR(C1),
                                 .thread = TL_STR("T1"),
                                 .channel = ACD_VIDEO},
               NOW);
    accepts(w, "a1", C1);
    ready(w, "a2");
    ready(w, "a3");
}

static const char *event(const struct world *w, size_t i)
{
    return tl_pb_which(w->heard[i])->name;
}

static void every_step_of_a_seat_is_an_event_of_its_contact(void **state)
{
    static const char *const names[] = {
        "contact_queued",     "contact_offered",     "offer_accepted", "seat_asked",
        "seat_offered",       "seat_offer_over",     "seat_left",      "seat_asked",
        "seat_offered",       "seat_offer_over",     "seat_offered",   "seat_taken",
        "seat_joined",        "contact_handed_over", "seat_left",      "seat_wrap_up_started",
        "seat_wrap_up_ended", "contact_released",    "wrap_up_started"};
    struct world *w = *state;

    a1_talks(w);
    assert_int_equal(consult(w, "a1", "S1", "a2", ""), ACD_OK);
    assert_int_equal(about(w, WIRE_CANCEL_CONSULT, "a1", "S1"), ACD_OK);
    assert_int_equal(consult(w, "a1", "S2", "", "far"), ACD_OK);
    (void)step(w, (struct acd_fact){.kind = ACD_TICK}, NOW + TL_SEC(24));

    accepts(w, "a3", "S2");
    assert_int_equal(about(w, WIRE_COMPLETE_CONSULT, "a1", "S2"), ACD_OK);
    (void)step(
        w,
        (struct acd_fact){.kind = ACD_WRAP_UP_DONE, .contact = TL_STR(C1), .agent = TL_STR("a1")},
        NOW + TL_SEC(30));
    (void)step(w, (struct acd_fact){.kind = ACD_CONTACT_RELEASED, .contact = TL_STR(C1)},
               NOW + TL_SEC(31));
    assert_int_equal(w->n, TL_LEN(names));
    for (size_t i = 0; i < w->n; i++)
        assert_string_equal(event(w, i), names[i]);
    assert_string_equal(w->heard[3]->seat_asked->by_agent_id, "a1");
    assert_string_equal(w->heard[3]->seat_asked->agent_id, "a2");
    assert_string_equal(w->heard[4]->seat_offered->seat_id, "S1");
    assert_string_equal(w->heard[4]->seat_offered->why->method, "by_hand");
    assert_string_equal(w->heard[5]->seat_offer_over->cause, "request");
    assert_string_equal(w->heard[6]->seat_left->agent_id, "");
    assert_string_equal(w->heard[7]->seat_asked->agent_id, "");
    assert_string_equal(w->heard[7]->seat_asked->queue, "far");
    assert_string_equal(w->heard[9]->seat_offer_over->cause, "timed_out");
    assert_int_equal(w->heard[9]->seat_offer_over->why->considered, 2);
    assert_string_equal(w->heard[10]->seat_offered->agent_id, "a3");
    assert_int_equal(w->heard[11]->seat_taken->rang_ms, 0);
    assert_string_equal(w->heard[12]->seat_joined->agent_id, "a3");
    assert_string_equal(w->heard[13]->contact_handed_over->agent_id, "a3");
    assert_string_equal(w->heard[13]->contact_handed_over->from_agent_id, "a1");
    assert_string_equal(w->heard[13]->contact_handed_over->seat_id, "S2");
    assert_string_equal(w->heard[14]->seat_left->agent_id, "a1");
    assert_string_equal(w->heard[16]->seat_wrap_up_ended->agent_id, "a1");
    assert_string_equal(w->heard[17]->contact_released->agent_id, "a3");
}

static void declined_merged_and_left(void **state)
{
    Threadline__Acd__V1__LeaveSeatRequest leave = THREADLINE__ACD__V1__LEAVE_SEAT_REQUEST__INIT;
    Threadline__Common__V1__Actor a = actor("a3");
    struct world *w = *state;
    size_t n;

    a1_talks(w);
    (void)consult(w, "a1", "S1", "a2", "");
    n = w->n;
    (void)step(w,
               (struct acd_fact){
                   .kind = ACD_OFFER_DECLINED,
                   .agent = TL_STR("a2"),
                   .cause = TL_STR("lunch"),
                   .offer = acd_contact(w->acd, acd_find_contact(w->acd, TL_STR("S1")))->offer},
               NOW + TL_SEC(3));
    assert_string_equal(w->heard[n]->seat_offer_over->cause, "declined");
    assert_string_equal(w->heard[n]->seat_offer_over->reason, "lunch");
    assert_string_equal(w->heard[n + 1]->seat_left->cause, "declined");
    (void)consult(w, "a1", "S2", "a3", "");
    accepts(w, "a3", "S2");
    assert_int_equal(about(w, WIRE_MERGE_CONSULT, "a1", "S2"), ACD_OK);
    leave.actor = &a;
    leave.contact_id = lend(C1);
    assert_int_equal(ask(w, WIRE_LEAVE_SEAT, &leave), ACD_OK);
    assert_string_equal(event(w, w->n - 2), "seat_left");
    assert_string_equal(w->heard[w->n - 2]->seat_left->agent_id, "a3");
}

static void a_consult_needs_one_of_agent_and_queue(void **state)
{
    Threadline__Acd__V1__ConsultRequest q = THREADLINE__ACD__V1__CONSULT_REQUEST__INIT;
    struct world *w = *state;
    struct wire_request r;

    a1_talks(w);
    assert_int_equal(consult(w, "a1", "S1", "", ""), ACD_OUT_OF_RANGE);
    assert_int_equal(consult(w, "a1", "S1", "a2", "far"), ACD_OUT_OF_RANGE);
    assert_int_equal(consult(w, "a2", "S1", "a3", ""), ACD_NOT_IN_CONTACT);
    assert_int_equal(wire_status(ACD_NOT_IN_CONTACT), 403);
    assert_int_equal(wire_status(ACD_UNKNOWN_SEAT), 404);
    assert_int_equal(wire_status(ACD_SEATED), 409);
    tl_buf_clear(&w->bytes); /* nobody speaks */
    assert_int_equal(tl_pb_pack(&q, &w->bytes), 0);
    assert_int_equal(wire_request(&r, w->acd, WIRE_CONSULT, w->bytes.p, w->bytes.n, 0), 0);
    assert_true(r.forbidden);
    wire_request_done(&r);
}

static void the_record_of_a_contact_has_its_seats(void **state)
{
    struct world *w = *state;
    struct wire_stored r;
    uint32_t c1;

    a1_talks(w);
    (void)consult(w, "a1", "S1", "a2", "");
    accepts(w, "a2", "S1");
    (void)about(w, WIRE_MERGE_CONSULT, "a1", "S1");
    (void)consult(w, "a1", "S2", "a3", "");
    c1 = acd_find_contact(w->acd, TL_STR(C1));
    tl_buf_clear(&w->bytes);
    assert_int_equal(wire_store_contact(&w->scene, acd_contact(w->acd, c1), &w->bytes), 0);
    assert_int_equal(wire_load_contact(w->acd, w->bytes.p, w->bytes.n, &r), 0);
    assert_string_equal(r.contact.id.s, C1);
    assert_int_equal(r.n_seats, 2);
    assert_string_equal(r.seats[0].id.s, "S1");
    assert_int_equal(r.seats[0].seat, ACD_JOINED);
    assert_int_equal(r.seats[0].state, ACD_CONNECTED);
    assert_string_equal(r.seats[1].id.s, "S2");
    assert_int_equal(r.seats[1].seat, ACD_CONSULT);
    assert_int_equal(r.seats[1].state, ACD_OFFERED);
    assert_true(r.seats[1].direct);
    assert_string_equal(acd_agent(w->acd, r.seats[1].preferred)->id.s, "a3");
}

static void answers_speak_of_the_contact_and_show_its_seats(void **state)
{
    Threadline__Acd__V1__ListContactsResponse *rows = NULL;
    Threadline__Acd__V1__GetAgentResponse *agent = NULL;
    Threadline__Acd__V1__ExplainResponse *why = NULL;
    Threadline__Acd__V1__AcceptResponse *accept = NULL;
    Threadline__Acd__V1__ListContactsRequest all = THREADLINE__ACD__V1__LIST_CONTACTS_REQUEST__INIT;
    Threadline__Acd__V1__GetAgentRequest a2 = THREADLINE__ACD__V1__GET_AGENT_REQUEST__INIT;
    Threadline__Acd__V1__ExplainRequest c1 = THREADLINE__ACD__V1__EXPLAIN_REQUEST__INIT;
    struct world *w = *state;
    struct wire_request r = {.method = WIRE_LIST_CONTACTS, .message = &all};

    a1_talks(w);
    (void)consult(w, "a1", "S1", "a2", "");
    tl_buf_clear(&w->bytes);
    assert_int_equal(wire_answer(&w->scene, &r, &w->bytes), 0);
    assert_int_equal(
        TL_PB_UNPACK(threadline__acd__v1__list_contacts_response, w->bytes.p, w->bytes.n, &rows),
        0);
    assert_int_equal(rows->n_contacts, 1);
    assert_int_equal(rows->contacts[0]->n_seats, 1);
    assert_string_equal(rows->contacts[0]->seats[0]->seat_id, "S1");
    assert_string_equal(rows->contacts[0]->seats[0]->state, "offered");
    assert_string_equal(rows->contacts[0]->seats[0]->agent_id, "a2");
    assert_false(rows->contacts[0]->seats[0]->joined);

    a2.agent_id = lend("a2");
    r = (struct wire_request){.method = WIRE_GET_AGENT, .message = &a2};
    tl_buf_clear(&w->bytes);
    assert_int_equal(wire_answer(&w->scene, &r, &w->bytes), 0);
    assert_int_equal(
        TL_PB_UNPACK(threadline__acd__v1__get_agent_response, w->bytes.p, w->bytes.n, &agent), 0);
    assert_int_equal(agent->n_offers, 1);
    assert_string_equal(agent->offers[0]->contact_id, C1);
    assert_string_equal(agent->offers[0]->seat_id, "S1");

    accepts(w, "a2", "S1");
    const struct acd_contact *seat = acd_contact(w->acd, acd_find_contact(w->acd, TL_STR("S1")));
    r = (struct wire_request){.method = WIRE_ACCEPT,
                              .fact = {.agent = TL_STR("a2"), .offer = seat->offer}};
    tl_buf_clear(&w->bytes);
    assert_int_equal(wire_answer(&w->scene, &r, &w->bytes), 0);
    assert_int_equal(
        TL_PB_UNPACK(threadline__acd__v1__accept_response, w->bytes.p, w->bytes.n, &accept), 0);
    assert_string_equal(accept->contact_id, C1);

    c1.contact_id = lend(C1);
    r = (struct wire_request){.method = WIRE_EXPLAIN, .message = &c1};
    tl_buf_clear(&w->bytes);
    assert_int_equal(wire_answer(&w->scene, &r, &w->bytes), 0);
    assert_int_equal(
        TL_PB_UNPACK(threadline__acd__v1__explain_response, w->bytes.p, w->bytes.n, &why), 0);
    assert_string_equal(why->thread_id, "T1");
    assert_int_equal(why->n_lines, 7);
    assert_memory_equal(why->lines[0], "now connected in help, a1, ring 0, seats 1", 42);
    assert_non_null(strstr(why->lines[6], "consult: a2 accepted"));
    tl_pb_free(rows);
    tl_pb_free(agent);
    tl_pb_free(why);
    tl_pb_free(accept);
}

/* Not more than eight considered: each has its name and its reason. */
static void a_change_of_ring_names_everybody(void **state)
{
    static const char ring_rules[] =
        "skills: [german]\n"
        "queues: [{name: help, requires: {german: 5}, rings: [{after: 9s, drop: all}]}]\n"
        "agents: [{id: a1, queues: [help]}, {id: a2, queues: [help], skills: {german: 1}}]\n";
    struct world *w = *state;
    struct policy_file *policy;
    struct tl_buf why = TL_BUF(4096);

    assert_int_equal(policy_parse(&policy, tl_str(ring_rules), "rings", &why), 0);
    assert_int_equal(acd_set_policy(w->acd, policy_of(policy), NOW), 0);
    ready(w, "a1");
    (void)step(w, (struct acd_fact){.kind = ACD_AGENT_NOT_READY, .agent = TL_STR("a2")}, NOW);
    (void)step(w,
               (struct acd_fact){.kind = ACD_CONTACT_QUEUED,
                                 .contact = TL_STR(C1),
                                 .thread = TL_STR("T1"),
                                 .channel = ACD_VIDEO},
               NOW);
    assert_string_equal(event(w, 1), "contact_moved");
    const Threadline__Acd__V1__ContactMoved *m = w->heard[1]->contact_moved;
    assert_string_equal(m->cause, "ring_skipped");
    assert_int_equal(m->ring_before, 0);
    assert_int_equal(m->ring, 1);
    assert_int_equal(m->why->n_candidates, 2);
    assert_string_equal(m->why->candidates[0]->agent_id, "a1");
    assert_string_equal(m->why->candidates[0]->rejected, "");
    assert_string_equal(m->why->candidates[1]->agent_id, "a2");
    assert_string_equal(m->why->candidates[1]->rejected, "not_ready");
    assert_string_equal(m->why->policy_hash, policy_of(policy)->hash);
    assert_int_equal(acd_set_policy(w->acd, policy_of(w->policy), NOW), 0);
    policy_free(policy);
}

/* An overflow whose condition held says how. */
static void an_overflow_says_what_held(void **state)
{
    static const char when_rules[] =
        "queues: [{name: far, overflow: {to: help, when: waiting >= 1}}, {name: help}]\n"
        "agents: [{id: a1, queues: [help]}]\n";
    struct world *w = *state;
    struct policy_file *policy;
    struct tl_buf why = TL_BUF(4096);

    assert_int_equal(policy_parse(&policy, tl_str(when_rules), "when", &why), 0);
    assert_int_equal(acd_set_policy(w->acd, policy_of(policy), NOW), 0);
    (void)step(w,
               (struct acd_fact){.kind = ACD_CONTACT_QUEUED,
                                 .contact = TL_STR(C1),
                                 .thread = TL_STR("T1"),
                                 .channel = ACD_VIDEO},
               NOW);
    assert_string_equal(event(w, 1), "contact_moved");
    const Threadline__Acd__V1__ContactMoved *m = w->heard[1]->contact_moved;
    assert_string_equal(m->cause, "overflow");
    assert_string_equal(m->queue, "help");
    assert_string_equal(m->why->line, "condition held: waiting 1 >= 1");
    assert_string_equal(m->why->policy_hash, policy_of(policy)->hash);
    assert_int_equal(acd_set_policy(w->acd, policy_of(w->policy), NOW), 0);
    policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_step_of_a_seat_is_an_event_of_its_contact, begin,
                                        end),
        cmocka_unit_test_setup_teardown(declined_merged_and_left, begin, end),
        cmocka_unit_test_setup_teardown(a_consult_needs_one_of_agent_and_queue, begin, end),
        cmocka_unit_test_setup_teardown(the_record_of_a_contact_has_its_seats, begin, end),
        cmocka_unit_test_setup_teardown(answers_speak_of_the_contact_and_show_its_seats, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_change_of_ring_names_everybody, begin, end),
        cmocka_unit_test_setup_teardown(an_overflow_says_what_held, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
