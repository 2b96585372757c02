/*
 * Stories from conversation's commands to what the two browsers are told, on the bus and store in
 * memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <tl_clock.h>
#include <tl_mem.h>
#include <tl_metrics.h>
#include <tl_ws_frame.h>
#include <unistd.h>

#include <cmocka.h>

#include "handlers.h"
#include "threadline/cobrowse/v1/commands.pb-c.h"

static struct tl_loop *loop;
static struct tl_bus *bus;
static struct tl_events *events;
static struct store *store;
static struct relay *relay;
static struct tl_sub *sub;
static char told_events[4000];

struct socket {
    char said[4000];
    int closed;
    struct seat *seat;
};

static int socket_send(void *socket, struct tl_str json)
{
    struct socket *s = socket;
    size_t at = strlen(s->said);

    assert_false(s->closed);
    snprintf(s->said + at, sizeof(s->said) - at, "%.*s\n", (int)json.n, json.s);
    return 0;
}

static void socket_close(void *socket, int code, const char *reason)
{
    struct socket *s = socket;

    TL_UNUSED(reason);
    s->closed = code;
    s->seat = NULL;
}

static const struct relay_sockets sockets = {socket_send, socket_close};

static void on_event(void *arg, const struct tl_msg *m)
{
    size_t at = strlen(told_events);

    TL_UNUSED(arg);
    snprintf(told_events + at, sizeof(told_events) - at, "%.*s ", (int)m->subject.n, m->subject.s);
}

static int start(void **state)
{
    struct relay_opts o = {.sockets = &sockets, .limits = room_limits_default};

    TL_UNUSED(state);
    told_events[0] = '\0';
    assert_int_equal(tl_loop_new(&loop), 0);
    assert_int_equal(tl_bus_open_memory(&bus, loop), 0);
    assert_int_equal(tl_events_new(&events, bus, "cobrowse", "tl.events.cobrowse"), 0);
    assert_int_equal(tl_bus_subscribe(&sub, bus, "tl.events.>", NULL, on_event, NULL), 0);
    assert_int_equal(store_memory_new(&store, loop), 0);
    o.loop = loop;
    o.bus = bus;
    o.store = store;
    o.events = events;
    return relay_new(&relay, &o);
}

static void turn(int n)
{
    while (n--) {
        (void)tl_loop_turn(loop);
        usleep(100);
    }
}

static int stop(void **state)
{
    TL_UNUSED(state);
    relay_free(relay);
    turn(5);
    store->ops->free(store);
    tl_events_free(events);
    tl_sub_free(sub);
    tl_bus_close(bus);
    tl_loop_free(loop);
    tl_metrics_reset();
    return 0;
}

/* ---- what conversation and the browsers do ---- */

struct answer {
    int n, err, code;
    struct tl_id tickets[ROOM_ROLES];
};

static void on_answer(void *arg, const struct tl_reply *r)
{
    struct answer *a = arg;
    Threadline__Cobrowse__V1__OpenRoomResponse *m = NULL;

    a->n++;
    a->err = r->err;
    a->code = r->code;
    if (!r->err && r->n &&
        !TL_PB_UNPACK(threadline__cobrowse__v1__open_room_response, r->data, r->n, &m)) {
        tl_str_put(a->tickets[ROOM_CUSTOMER].s, TL_ID_MAX + 1, tl_str(m->customer_ticket));
        tl_str_put(a->tickets[ROOM_AGENT].s, TL_ID_MAX + 1, tl_str(m->agent_ticket));
    }
    tl_pb_free(m);
}

static struct answer ask(const char *subject, const void *data, size_t n)
{
    struct answer a = {0};

    assert_int_equal(tl_bus_request(bus, subject, data, n, 0, 1, on_answer, &a), 0);
    for (int i = 0; i < 100 && !a.n; i++)
        turn(1);
    assert_int_equal(a.n, 1);
    return a;
}

static struct answer open_room(const char *contact, const char *agent)
{
    Threadline__Cobrowse__V1__OpenRoomRequest m = THREADLINE__COBROWSE__V1__OPEN_ROOM_REQUEST__INIT;
    struct tl_buf out = TL_BUF(1000);
    struct answer a;

    m.contact_id = (char *)contact;
    m.thread_id = (char *)"thread-1";
    m.customer_session_id = (char *)"session-1";
    m.agent_id = (char *)agent;
    tl_pb_pack(&m, &out);
    a = ask("tl.cmd.cobrowse.open_room", out.p, out.n);
    tl_buf_done(&out);
    return a;
}

static struct answer close_room(const char *contact, const char *cause)
{
    Threadline__Cobrowse__V1__CloseRoomRequest m =
        THREADLINE__COBROWSE__V1__CLOSE_ROOM_REQUEST__INIT;
    struct tl_buf out = TL_BUF(1000);
    struct answer a;

    m.contact_id = (char *)contact;
    m.cause = (char *)cause;
    tl_pb_pack(&m, &out);
    a = ask("tl.cmd.cobrowse.close_room", out.p, out.n);
    tl_buf_done(&out);
    return a;
}

struct entrance {
    struct socket *socket;
    int n, err;
};

static void on_redeemed(void *arg, int err, enum room_role role, const struct room_names *names)
{
    struct entrance *e = arg;

    e->n++;
    e->err = err;
    if (!err) {
        *e->socket = (struct socket){0};
        e->socket->seat = relay_joined(relay, role, names, e->socket);
    }
}

static int enters(struct socket *s, const struct tl_id *ticket)
{
    struct entrance e = {.socket = s};

    assert_int_equal(store->ops->redeem(store, tl_id_str(ticket), on_redeemed, &e), 0);
    for (int i = 0; i < 100 && !e.n; i++)
        turn(1);
    assert_int_equal(e.n, 1);
    return e.err;
}

static bool heard(const struct socket *s, const char *text)
{
    return strstr(s->said, text) != NULL;
}

#define FULL \
    "{\"t\":\"full\",\"seq\":1,\"d\":{\"type\":2,\"data\":{\"node\":{\"type\":0,\"id\":1}}}}"
#define POINT "{\"t\":\"pointer\",\"x\":1,\"y\":2}"

/* ---- stories ---- */

static void a_page_is_shared_until_consent_ends(void **state)
{
    struct answer a = open_room("c1", "bob"), again;
    struct socket c, b;

    TL_UNUSED(state);
    assert_int_equal(a.err, 0);
    assert_int_equal(enters(&c, &a.tickets[ROOM_CUSTOMER]), 0);
    assert_true(heard(&c, "{\"t\":\"peer\",\"role\":\"agent\",\"on\":false}"));
    assert_true(heard(&c, "{\"t\":\"need_full\"}"));
    assert_int_equal(enters(&b, &a.tickets[ROOM_AGENT]), 0);
    assert_true(heard(&b, "{\"t\":\"peer\",\"role\":\"customer\",\"on\":true}"));
    assert_true(heard(&c, "{\"t\":\"peer\",\"role\":\"agent\",\"on\":true}"));
    relay_frame(c.seat, TL_STR(FULL));
    assert_true(heard(&b, FULL));
    relay_frame(b.seat, TL_STR(POINT));
    assert_true(heard(&c, POINT));
    again = open_room("c1", "bob"); /* an unused ticket does not outlive the consent */
    assert_int_equal(close_room("c1", "consent_ended").err, 0);
    assert_true(heard(&c, "{\"t\":\"stop\",\"reason\":\"consent_ended\"}"));
    assert_true(heard(&b, "{\"t\":\"stop\",\"reason\":\"consent_ended\"}"));
    assert_int_equal(c.closed, TL_WS_NORMAL);
    assert_int_equal(b.closed, TL_WS_NORMAL);
    assert_int_equal(enters(&b, &again.tickets[ROOM_AGENT]), -ENOENT);
    assert_int_equal(close_room("c1", "again").err, 0);
    turn(20);
    assert_string_equal(told_events, "tl.events.cobrowse.room_opened.thread-1 "
                                     "tl.events.cobrowse.participant_joined.thread-1 "
                                     "tl.events.cobrowse.participant_joined.thread-1 "
                                     "tl.events.cobrowse.participant_left.thread-1 "
                                     "tl.events.cobrowse.participant_left.thread-1 "
                                     "tl.events.cobrowse.room_closed.thread-1 ");
}

static void a_reload_comes_back_with_a_new_ticket(void **state)
{
    struct answer a = open_room("c1", "bob");
    struct socket c, b, b2;

    TL_UNUSED(state);
    assert_int_equal(enters(&c, &a.tickets[ROOM_CUSTOMER]), 0);
    assert_int_equal(enters(&b, &a.tickets[ROOM_AGENT]), 0);
    assert_int_equal(enters(&b2, &a.tickets[ROOM_AGENT]), -ENOENT); /* used */
    relay_frame(c.seat, TL_STR(FULL));
    relay_left(b.seat);
    assert_true(heard(&c, "\"on\":false"));
    a = open_room("c1", "bob");
    assert_int_equal(enters(&b2, &a.tickets[ROOM_AGENT]), 0);
    assert_true(heard(&b2, FULL)); /* from the room, not from the customer */
    a = open_room("c1", "bob");
    assert_int_equal(enters(&b, &a.tickets[ROOM_AGENT]), 0);
    assert_int_equal(b2.closed, TL_WS_SUPERSEDED);
}

static void three_strikes_end_it_for_both(void **state)
{
    struct answer a = open_room("c1", "bob");
    struct socket c, b;

    TL_UNUSED(state);
    assert_int_equal(enters(&c, &a.tickets[ROOM_CUSTOMER]), 0);
    assert_int_equal(enters(&b, &a.tickets[ROOM_AGENT]), 0);
    relay_frame(b.seat, TL_STR(FULL)); /* agents send no pages */
    relay_frame(b.seat, TL_STR("{\"t\":\"stop\",\"reason\":\"x\"}"));
    assert_false(heard(&c, "\"full\""));
    relay_frame(b.seat, TL_STR("x"));
    assert_int_equal(b.closed, TL_WS_POLICY);
    assert_int_equal(c.closed, TL_WS_NORMAL);
    assert_true(heard(&c, "{\"t\":\"stop\",\"reason\":\"bad_frames\"}"));
    turn(5);
    a = open_room("c1", "bob");
    assert_int_equal(enters(&c, &a.tickets[ROOM_CUSTOMER]), 0);
}

static void another_agent_sees_nothing_of_before(void **state)
{
    struct answer a = open_room("c1", "bob");
    struct socket c, b;

    TL_UNUSED(state);
    assert_int_equal(enters(&c, &a.tickets[ROOM_CUSTOMER]), 0);
    assert_int_equal(enters(&b, &a.tickets[ROOM_AGENT]), 0);
    relay_frame(c.seat, TL_STR(FULL));
    a = open_room("c1", "eve");
    assert_true(heard(&b, "{\"t\":\"stop\",\"reason\":\"agent_changed\"}"));
    assert_int_equal(enters(&b, &a.tickets[ROOM_AGENT]), 0);
    assert_false(heard(&b, "\"full\""));
}

static void a_restarted_relay_lets_them_in(void **state)
{
    struct answer a = open_room("c1", "bob");
    struct relay_opts o = {.loop = loop,
                           .bus = bus,
                           .store = store,
                           .events = events,
                           .sockets = &sockets,
                           .limits = room_limits_default};
    struct socket c;

    TL_UNUSED(state);
    relay_free(relay);
    assert_int_equal(relay_new(&relay, &o), 0);
    assert_int_equal(enters(&c, &a.tickets[ROOM_CUSTOMER]), 0);
    assert_true(heard(&c, "need_full"));
    assert_int_equal(close_room("c1", "over").err, 0);
    assert_int_equal(c.closed, TL_WS_NORMAL);
}

static void bad_commands_and_a_dead_store_are_refused(void **state)
{
    struct answer a = ask("tl.cmd.cobrowse.open_room", "\xff", 1);

    TL_UNUSED(state);
    assert_int_equal(a.code, 400);
    a = open_room("", "bob");
    assert_int_equal(a.code, 422);
    a = open_room("a b", "bob");
    assert_int_equal(a.code, 422);
    a = ask("tl.cmd.cobrowse.close_room", "", 0);
    assert_int_equal(a.code, 422);
    store_memory_break(store, true);
    a = open_room("c1", "bob");
    assert_int_equal(a.code, 503);
    a = close_room("c1", "x");
    assert_int_equal(a.code, 503);
}

static void a_dead_store_still_ends_what_is_seen(void **state)
{
    struct answer a = open_room("c1", "bob");
    struct socket c;

    TL_UNUSED(state);
    assert_int_equal(enters(&c, &a.tickets[ROOM_CUSTOMER]), 0);
    store_memory_break(store, true);
    a = close_room("c1", "no good; \"word\"");
    assert_int_equal(a.code, 503); /* ask again: the record is still there */
    assert_true(heard(&c, "{\"t\":\"stop\",\"reason\":\"closed\"}"));
    assert_int_equal(c.closed, TL_WS_NORMAL);
}

/* The agent of before may still hold a ticket that was never used. */
static void a_ticket_is_for_its_own_room_and_agent(void **state)
{
    struct answer before = open_room("c1", "bob"), other, again;
    struct socket c, b;

    TL_UNUSED(state);
    other = open_room("c1", "eve");
    assert_int_equal(enters(&b, &before.tickets[ROOM_AGENT]), -ENOENT);
    assert_int_equal(close_room("c1", "consent_ended").err, 0);
    again = open_room("c1", "eve"); /* the customer consents once more */
    assert_int_equal(enters(&b, &other.tickets[ROOM_AGENT]), -ENOENT);
    assert_int_equal(enters(&c, &other.tickets[ROOM_CUSTOMER]), -ENOENT);
    assert_int_equal(enters(&b, &again.tickets[ROOM_AGENT]), 0);
    (void)open_room("c1", "eve"); /* a reload of one side leaves the other's ticket alone */
    assert_int_equal(enters(&c, &again.tickets[ROOM_CUSTOMER]), 0);
}

static void tickets_grow_old(void **state)
{
    struct answer a = open_room("c1", "bob");
    struct socket c;

    TL_UNUSED(state);
    store_memory_wait(store, TICKET_LIFE);
    assert_int_equal(enters(&c, &a.tickets[ROOM_CUSTOMER]), -ENOENT);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_page_is_shared_until_consent_ends),
        STORY(a_reload_comes_back_with_a_new_ticket),
        STORY(three_strikes_end_it_for_both),
        STORY(another_agent_sees_nothing_of_before),
        STORY(a_restarted_relay_lets_them_in),
        STORY(bad_commands_and_a_dead_store_are_refused),
        STORY(a_dead_store_still_ends_what_is_seen),
        STORY(a_ticket_is_for_its_own_room_and_agent),
        STORY(tickets_grow_old),
    };
    return cmocka_run_group_tests_name("handlers", tests, NULL, NULL);
}
