/* Consult and conference as services ask for them: over the bus, stored, and after a take-over. */
#include "handlers_world.h"

#include "seat_asks.h"

static int consult(struct world *w, const char *by, const char *seat, const char *agent)
{
    struct seat_ask q;
    const void *message = seat_ask(&q, WIRE_CONSULT, by, "C1", seat);

    q.consult.agent_id = lent(agent);
    return ask(w, "consult", message);
}

static int about(struct world *w, enum wire_method m, const char *by, const char *seat)
{
    struct seat_ask q;

    return ask(w, wire_method_name(m), seat_ask(&q, m, by, "C1", seat));
}

/* "connected a1, S1 offered a2, ..." */
static const char *seats_of(struct world *w)
{
    static char text[300];
    Threadline__Acd__V1__ListContactsRequest q = THREADLINE__ACD__V1__LIST_CONTACTS_REQUEST__INIT;
    Threadline__Acd__V1__ListContactsResponse *r = NULL;
    size_t n = 0;

    assert_int_equal(ask(w, "list_contacts", &q), 0);
    assert_int_equal(
        TL_PB_UNPACK(threadline__acd__v1__list_contacts_response, w->reply, w->reply_n, &r), 0);
    assert_int_equal(r->n_contacts, 1); /* a seat is no contact of its own */
    n += (size_t)snprintf(text, sizeof(text), "%s %s", r->contacts[0]->state,
                          r->contacts[0]->agent_id);
    for (size_t i = 0; i < r->contacts[0]->n_seats; i++) {
        const Threadline__Acd__V1__SeatRow *s = r->contacts[0]->seats[i];
        n += (size_t)snprintf(text + n, sizeof(text) - n, ", %s %s %s%s", s->seat_id, s->state,
                              s->agent_id, s->joined ? " joined" : "");
    }
    tl_pb_free(r);
    return text;
}

static int accept_it(struct world *w, const char *agent)
{
    return accept_as(w, agent, THREADLINE__COMMON__V1__ROLE__ROLE_AGENT, w->epoch);
}

static void a1_talks(struct world *w)
{
    assert_int_equal(set_agent(w, "a1", true), 0);
    assert_int_equal(enqueue(w, "C1"), 0);
    assert_int_equal(accept_it(w, "a1"), 0);
    assert_int_equal(set_agent(w, "a2", true), 0);
}

static void advice_is_offered_and_the_contact_changes_hands(void **state)
{
    Threadline__Acd__V1__CompleteWrapUpRequest wrap =
        THREADLINE__ACD__V1__COMPLETE_WRAP_UP_REQUEST__INIT;
    struct world *w = *state;
    int offers;

    a1_talks(w);
    offers = w->n_offers;
    assert_int_equal(consult(w, "a1", "S1", "a2"), 0);
    assert_int_equal(w->n_offers, offers + 1);
    assert_string_equal(w->seat_id, "S1"); /* the desk is told that it is advice */
    assert_string_equal(seats_of(w), "connected a1, S1 offered a2");
    assert_int_equal(accept_it(w, "a2"), 0);
    assert_string_equal(seats_of(w), "connected a1, S1 connected a2");
    assert_int_equal(about(w, WIRE_COMPLETE_CONSULT, "a1", "S1"), 0);
    assert_string_equal(seats_of(w), "connected a2, S1 wrapping a1 joined");
    wrap.contact_id = lent("C1");
    wrap.agent_id = lent("a1");
    assert_int_equal(ask(w, "complete_wrap_up", &wrap), 0);
    assert_string_equal(seats_of(w), "connected a2");
    assert_int_equal(store_memory_count(w->store, 'c'), 1);
}

static void the_next_owner_has_the_seats(void **state)
{
    struct world *w = *state;
    int offers;

    a1_talks(w);
    assert_int_equal(consult(w, "a1", "S1", "a2"), 0);
    assert_int_equal(store_memory_count(w->store, 'c'), 1); /* one record */
    w->rival = join(w, "two");
    offers = w->n_offers;
    store_memory_end_lease(w->store);
    for (int i = 0; i < 100 && !handlers_own(w->rival); i++) {
        usleep(5000);
        turn(w);
    }
    assert_true(handlers_own(w->rival));
    for (int i = 0; i < 60 && handlers_own(w->h); i++)
        turn(w);
    assert_true(w->n_offers > offers); /* rings again, under the new epoch */
    assert_string_equal(w->seat_id, "S1");
    assert_string_equal(w->why, "rings on: the service changed hands");
    assert_string_equal(seats_of(w), "connected a1, S1 offered a2");
    assert_int_equal(accept_it(w, "a2"), 0);
    assert_int_equal(about(w, WIRE_MERGE_CONSULT, "a1", "S1"), 0);
    assert_string_equal(seats_of(w), "connected a1, S1 connected a2 joined");
    assert_int_equal(about(w, WIRE_LEAVE_SEAT, "a1", ""), 0);
    assert_string_equal(seats_of(w), "connected a2, S1 wrapping a1 joined");
}

static void a_cancelled_consult_stops_ringing(void **state)
{
    struct world *w = *state;
    int rescinded;

    a1_talks(w);
    assert_int_equal(consult(w, "a1", "S1", "a2"), 0);
    rescinded = w->n_rescinded;
    assert_int_equal(about(w, WIRE_CANCEL_CONSULT, "a1", "S1"), 0);
    assert_int_equal(w->n_rescinded, rescinded + 1);
    assert_string_equal(seats_of(w), "connected a1");
}

static void what_is_refused_has_a_name(void **state)
{
    struct world *w = *state;

    a1_talks(w);
    assert_int_equal(consult(w, "a2", "S1", "a1"), 403);
    assert_string_equal(w->reason, "agent is not in this contact");
    assert_int_equal(consult(w, "a1", "S1", "nobody"), 404);
    assert_string_equal(w->reason, "unknown agent");
    assert_int_equal(consult(w, "a1", "C1", "a2"), 409);
    assert_string_equal(w->reason, "same id with other content");
    assert_int_equal(consult(w, "a1", "S1", "a1"), 409);
    assert_string_equal(w->reason, "agent is in this contact already");
    assert_int_equal(about(w, WIRE_COMPLETE_CONSULT, "a1", "S1"), 404);
    assert_string_equal(w->reason, "unknown seat");
    assert_int_equal(about(w, WIRE_MERGE_CONSULT, "a1", "S1"), 404);
    assert_int_equal(about(w, WIRE_LEAVE_SEAT, "a2", ""), 403);
    assert_string_equal(seats_of(w), "connected a1"); /* nothing changed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(advice_is_offered_and_the_contact_changes_hands),
        STORY(the_next_owner_has_the_seats),
        STORY(a_cancelled_consult_stops_ringing),
        STORY(what_is_refused_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
