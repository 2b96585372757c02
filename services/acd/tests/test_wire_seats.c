/* Seats on the wire: requests, events, the record of a contact with its seats, and answers. */
#include "wire_world.h"

#include "seat_asks.h"

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

static enum acd_outcome consult(struct world *w, const char *by, const char *seat,
                                const char *agent, const char *queue)
{
    struct seat_ask q;
    const void *message = seat_ask(&q, WIRE_CONSULT, by, C1, seat);

    q.consult.agent_id = lent(agent);
    q.consult.queue = lent(queue);
    return ask(w, WIRE_CONSULT, message);
}

static enum acd_outcome about(struct world *w, enum wire_method m, const char *by, const char *seat)
{
    struct seat_ask q;

    return ask(w, m, seat_ask(&q, m, by, C1, seat));
}

static void a1_talks(struct world *w)
{
    ready(w, "a1");
    c1_comes(w);
    accepts(w, "a1", C1);
    ready(w, "a2");
    ready(w, "a3");
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
    assert_int_equal(about(w, WIRE_LEAVE_SEAT, "a3", ""), ACD_OK);
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

static void answered(struct world *w, const struct wire_request *r)
{
    tl_buf_clear(&w->bytes);
    assert_int_equal(wire_answer(&w->scene, r, &w->bytes), 0);
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
    answered(w, &r);
    assert_int_equal(
        TL_PB_UNPACK(threadline__acd__v1__list_contacts_response, w->bytes.p, w->bytes.n, &rows),
        0);
    assert_int_equal(rows->n_contacts, 1);
    assert_int_equal(rows->contacts[0]->n_seats, 1);
    assert_string_equal(rows->contacts[0]->seats[0]->seat_id, "S1");
    assert_string_equal(rows->contacts[0]->seats[0]->state, "offered");
    assert_string_equal(rows->contacts[0]->seats[0]->agent_id, "a2");
    assert_false(rows->contacts[0]->seats[0]->joined);

    a2.agent_id = lent("a2");
    r = (struct wire_request){.method = WIRE_GET_AGENT, .message = &a2};
    answered(w, &r);
    assert_int_equal(
        TL_PB_UNPACK(threadline__acd__v1__get_agent_response, w->bytes.p, w->bytes.n, &agent), 0);
    assert_int_equal(agent->n_offers, 1);
    assert_string_equal(agent->offers[0]->contact_id, C1);
    assert_string_equal(agent->offers[0]->seat_id, "S1");

    accepts(w, "a2", "S1");
    const struct acd_contact *seat = acd_contact(w->acd, acd_find_contact(w->acd, TL_STR("S1")));
    r = (struct wire_request){.method = WIRE_ACCEPT,
                              .fact = {.agent = TL_STR("a2"), .offer = seat->offer}};
    answered(w, &r);
    assert_int_equal(
        TL_PB_UNPACK(threadline__acd__v1__accept_response, w->bytes.p, w->bytes.n, &accept), 0);
    assert_string_equal(accept->contact_id, C1);

    c1.contact_id = lent(C1);
    r = (struct wire_request){.method = WIRE_EXPLAIN, .message = &c1};
    answered(w, &r);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(every_step_of_a_seat_is_an_event_of_its_contact),
        STORY(declined_merged_and_left),
        STORY(a_consult_needs_one_of_agent_and_queue),
        STORY(the_record_of_a_contact_has_its_seats),
        STORY(answers_speak_of_the_contact_and_show_its_seats),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
