/**
 * @file test_restarts.c  What dies, and who notices: legs, Janus, its socket, the plane, this
 * process, the bus.
 */
#include "relay_story.h"

static void a_hang_up_is_told(void **state)
{
    struct world *w = *state;

    call(w);
    tl_buf_clear(&w->said);
    fake_event(&w->janus, w->janus.handles, "hangup", "DTLS alert");
    WAIT(w, said(w, "leg_down"));
    assert_true(said(w, "tl.session.s1:media_closed"));
    WAIT(w, !seat(w, "contact:c1")->has_peer);
    fake_event(&w->janus, w->janus.handles, "hangup", "again"); /* late news harm nobody */
    fake_event(&w->janus, 4711, "webrtcup", "");
    turn(w, 20);
    assert_int_equal(offer(w, NULL, "c1", "LC2", AUDIO, OFFER), 0);
}

static void everybody_offers_again_after_janus_died(void **state)
{
    struct world *w = *state;

    call(w);
    tl_buf_clear(&w->said);
    fake_janus_die(&w->janus);
    WAIT(w, said(w, "tl.session.s1:media_reoffer"));
    assert_true(said(w, "instance_restarted"));
    assert_int_equal(offer(w, NULL, "c1", "LC2", AUDIO, OFFER), 0);
    assert_int_equal(offer(w, "agent-1", "", "LA2", AUDIO, OFFER), 0);
    assert_int_equal(seat(w, "contact:c1")->hear.kind, HEAR_LEG); /* connect stayed in force */
}

static void a_lost_socket_alone_loses_nothing(void **state)
{
    struct world *w = *state;

    call(w);
    tl_buf_clear(&w->said);
    fake_janus_die(&w->janus);
    w->janus.forgets = false;
    WAIT(w, !relay_janus_ready(handlers_relay(w->handlers)));
    WAIT(w, relay_janus_ready(handlers_relay(w->handlers)));
    turn(w, 20);
    assert_false(said(w, "media_reoffer"));
    fake_event(&w->janus, 3, "hangup", ""); /* the handle is still known */
    WAIT(w, said(w, "leg_down"));
}

static void a_lost_socket_keeps_no_handle(void **state)
{
    struct world *w = *state;

    call(w);
    tl_buf_clear(&w->janus.log);
    fake_janus_die(&w->janus);
    w->janus.forgets = false;
    WAIT(w, !relay_janus_ready(handlers_relay(w->handlers)));
    assert_int_equal(release(w), 0);
    WAIT(w, relay_janus_ready(handlers_relay(w->handlers)));
    WAIT(w, strstr(w->janus.log.p, "detach ") && strstr(w->janus.log.p, "destroy "));
    tl_buf_clear(&w->janus.log);
    fake_janus_die(&w->janus);
    w->janus.forgets = false;
    WAIT(w, !relay_janus_ready(handlers_relay(w->handlers)));
    WAIT(w, relay_janus_ready(handlers_relay(w->handlers)));
    turn(w, 20);
    assert_null(strstr(w->janus.log.p, "detach ")); /* once */
}

static void a_refusal_of_janus_is_not_the_end(void **state)
{
    struct world *w = *state;

    call(w);
    w->janus.refuse_attach = 1;
    fake_janus_die(&w->janus);
    WAIT(w, !relay_janus_ready(handlers_relay(w->handlers)));
    WAIT(w, relay_janus_ready(handlers_relay(w->handlers)));
    assert_int_equal(offer(w, NULL, "c1", "LC2", AUDIO, OFFER), 0);
}

static void a_new_plane_gets_its_seats(void **state)
{
    struct world *w = *state;

    call(w);
    tl_buf_clear(&w->said);
    fake_plane_die(&w->plane);
    WAIT(w, said(w, "tl.session.s1:media_reoffer"));
    WAIT(w, seat(w, "contact:c1") && seat(w, "contact:c1")->hear.kind == HEAR_LEG);
    assert_int_equal(offer(w, NULL, "c1", "LC2", AUDIO, OFFER), 0);
    assert_true(seat(w, "contact:c1")->has_peer);
}

static void a_successor_finds_the_call_in_the_plane(void **state)
{
    struct world *w = *state;

    call(w);
    tl_buf_clear(&w->said);
    handlers_close(w->handlers);
    turn(w, 20);
    open_handlers(w);
    assert_true(strstr(w->janus.log.p, "claim") != NULL);
    assert_false(said(w, "media_reoffer"));
    assert_int_equal(connect_contact(w, 2), 409); /* the epoch was adopted */
    assert_int_equal(offer(w, NULL, "c1", "LC", AUDIO, OFFER), 409);
    assert_int_equal(seat(w, "contact:c1")->hear.kind, HEAR_LEG);
    assert_int_equal(release(w), 0);
    WAIT(w, !seat(w, "contact:c1"));
    assert_true(said(w, "legs_disconnected"));
}

static void a_broken_bus_is_survived(void **state)
{
    struct world *w = *state;

    call(w);
    tl_bus_memory_break(w->bus, true);
    fake_event(&w->janus, w->janus.handles, "hangup", "DTLS alert");
    turn(w, 50);
    tl_bus_memory_break(w->bus, false);
    WAIT(w, said(w, "leg_down")); /* events wait; pushes are lost, as pushes may be */
    assert_int_equal(offer(w, NULL, "c1", "LC2", AUDIO, OFFER), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_hang_up_is_told),
        STORY(everybody_offers_again_after_janus_died),
        STORY(a_lost_socket_alone_loses_nothing),
        STORY(a_lost_socket_keeps_no_handle),
        STORY(a_refusal_of_janus_is_not_the_end),
        STORY(a_new_plane_gets_its_seats),
        STORY(a_successor_finds_the_call_in_the_plane),
        STORY(a_broken_bus_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
