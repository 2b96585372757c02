/**
 * @file test_handlers.c  Commands on the bus in, answers, pushes and events out; the plane is real,
 * Janus is played (fakes.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fakes.h"
#include "handlers.h"

#include <threadline/media/v1/commands.pb-c.h>
#include <threadline/media/v1/events.pb-c.h>
#include <tl_log.h>
#include <tl_metrics.h>
#include <tl_pb.h>

#define OFFER                                                                      \
    "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n" \
    "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=fingerprint:sha-1 " \
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13\r\n"

struct world {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct tl_events *events;
    struct fake_plane plane;
    struct fake_janus janus;
    struct handlers *handlers;
    struct tl_sub *pushes, *happened;
    struct tl_buf said; /* pushes and events: "agent-1:media_reoffer leg_up " */
    struct tl_id view;
    /* of the last request */
    bool answered;
    int code;
    char sdp[64];
    size_t contacts;
};

/* ---- driving it --------------------------------------------------------------------------- */

static void turn(struct world *w, int ms)
{
    for (int i = 0; i < ms; i++) {
        (void)tl_loop_turn(w->loop);
        usleep(1000);
    }
}

#define WAIT(w, condition)                                \
    do {                                                  \
        for (int i_ = 0; i_ < 3000 && !(condition); i_++) \
            turn((w), 1);                                 \
        assert_true(condition);                           \
    } while (0)

static void open_handlers(struct world *w)
{
    const struct handlers_opts opts = {.instance = "m1",
                                       .bus = w->bus,
                                       .events = w->events,
                                       .relay = {w->janus.url, "secret", "key", w->plane.path, 10}};

    assert_int_equal(handlers_open(&w->handlers, w->loop, &opts), 0);
    WAIT(w, relay_janus_ready(handlers_relay(w->handlers)));
}

static void on_push(void *arg, const struct tl_msg *m)
{
    struct world *w = arg;
    Threadline__Signaling__V1__ServerMessage *s = NULL;

    assert_int_equal(TL_PB_UNPACK(threadline__signaling__v1__server_message, m->data, m->n, &s), 0);
    tl_buf_printf(&w->said, "%.*s:%s ", (int)m->subject.n, m->subject.s, tl_pb_which(s)->name);
    if (s->body_case == THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_MEDIA_OFFER)
        assert_int_equal(tl_id_parse(&w->view, tl_str(s->media_offer->leg_id)), 0);
    tl_pb_free(s);
}

static void on_event_stored(void *arg, const struct tl_msg *m)
{
    struct world *w = arg;
    Threadline__Media__V1__MediaEvent *e = NULL;

    assert_int_equal(TL_PB_UNPACK(threadline__media__v1__media_event, m->data, m->n, &e), 0);
    assert_string_equal(e->meta->producer, "media.m1");
    tl_buf_printf(&w->said, "%s ", tl_pb_which(e)->name);
    tl_pb_free(e);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    tl_log_setup("media", TL_ERROR);
    w->said = TL_BUF(1 << 20);
    assert_int_equal(tl_loop_new(&w->loop), 0);
    assert_int_equal(tl_bus_open_memory(&w->bus, w->loop), 0);
    assert_int_equal(tl_events_new(&w->events, w->bus, "media.m1", "tl.events.media"), 0);
    assert_int_equal(tl_bus_subscribe(&w->pushes, w->bus, "tl.session.*", NULL, on_push, w), 0);
    assert_int_equal(
        tl_bus_subscribe(&w->happened, w->bus, "tl.events.media.>", NULL, on_event_stored, w), 0);
    fake_plane_start(&w->plane, w->loop);
    fake_janus_start(&w->janus, w->loop);
    open_handlers(w);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    handlers_close(w->handlers);
    tl_events_free(w->events);
    tl_sub_free(w->pushes);
    tl_sub_free(w->happened);
    fake_janus_stop(&w->janus);
    fake_plane_stop(&w->plane);
    tl_bus_close(w->bus);
    tl_loop_free(w->loop);
    tl_buf_done(&w->said);
    free(w);
    return 0;
}

/* ---- asking ------------------------------------------------------------------------------- */

static void on_reply(void *arg, const struct tl_reply *r)
{
    struct world *w = arg;
    Threadline__Media__V1__OfferLegResponse *offer = NULL;

    w->answered = true;
    w->code = r->err == -EREMOTEIO ? r->code : r->err;
    w->sdp[0] = '\0';
    if (r->err == 0 &&
        TL_PB_UNPACK(threadline__media__v1__offer_leg_response, r->data, r->n, &offer) == 0) {
        if (offer->answer)
            tl_str_put(w->sdp, sizeof w->sdp, tl_str(offer->answer->sdp));
        tl_pb_free(offer);
    }
}

static void ask_bytes(struct world *w, const char *method, const void *data, size_t n)
{
    char subject[80];

    snprintf(subject, sizeof subject, "tl.cmd.media.m1.%s", method);
    w->answered = false;
    assert_int_equal(tl_bus_request(w->bus, subject, data, n, TL_SEC(3), 1, on_reply, w), 0);
}

static int ask(struct world *w, const char *method, void *message)
{
    struct tl_buf b = TL_BUF(TL_PB_MAX);

    assert_int_equal(tl_pb_pack(message, &b), 0);
    ask_bytes(w, method, b.p, b.n);
    tl_buf_done(&b);
    WAIT(w, w->answered);
    return w->code;
}

static int prepare(struct world *w)
{
    Threadline__Media__V1__PrepareContactRequest m =
        THREADLINE__MEDIA__V1__PREPARE_CONTACT_REQUEST__INIT;

    m.contact_id = "c1";
    m.thread_id = "t1";
    m.customer_session_id = "s1";
    return ask(w, "prepare_contact", &m);
}

static int offer(struct world *w, const char *agent, const char *contact, const char *leg,
                 Threadline__Signaling__V1__LegKind kind, const char *sdp)
{
    Threadline__Common__V1__Actor actor = THREADLINE__COMMON__V1__ACTOR__INIT;
    Threadline__Signaling__V1__MediaOffer media = THREADLINE__SIGNALING__V1__MEDIA_OFFER__INIT;
    Threadline__Media__V1__OfferLegRequest m = THREADLINE__MEDIA__V1__OFFER_LEG_REQUEST__INIT;

    actor.role = agent ? THREADLINE__COMMON__V1__ROLE__ROLE_AGENT
                       : THREADLINE__COMMON__V1__ROLE__ROLE_CUSTOMER;
    actor.agent_id = (char *)(agent ? agent : "");
    actor.session_id = "s1";
    media.contact_id = (char *)contact;
    media.leg_id = (char *)leg;
    media.kind = kind;
    media.sdp = (char *)sdp;
    m.actor = &actor;
    m.offer = &media;
    return ask(w, "offer_leg", &m);
}

#define AUDIO  THREADLINE__SIGNALING__V1__LEG_KIND__LEG_KIND_AUDIO
#define CAMERA THREADLINE__SIGNALING__V1__LEG_KIND__LEG_KIND_CAMERA

static int connect_contact(struct world *w, uint64_t epoch)
{
    Threadline__Media__V1__ConnectContactRequest m =
        THREADLINE__MEDIA__V1__CONNECT_CONTACT_REQUEST__INIT;

    m.contact_id = "c1";
    m.agent_id = "agent-1";
    m.epoch = epoch;
    return ask(w, "connect_contact", &m);
}

static int release(struct world *w)
{
    Threadline__Media__V1__ReleaseContactRequest m =
        THREADLINE__MEDIA__V1__RELEASE_CONTACT_REQUEST__INIT;

    m.contact_id = "c1";
    return ask(w, "release_contact", &m);
}

static bool said(const struct world *w, const char *what)
{
    return w->said.n && strstr(w->said.p, what);
}

static const struct table_leg *seat(struct world *w, const char *key)
{
    int i = table_find_leg(&w->plane.plane.table, key);

    return i < 0 ? NULL : &w->plane.plane.table.legs[i];
}

static void call(struct world *w)
{
    assert_int_equal(prepare(w), 0);
    assert_int_equal(offer(w, "agent-1", "", "LA", AUDIO, OFFER), 0);
    assert_int_equal(offer(w, NULL, "c1", "LC", AUDIO, OFFER), 0);
    assert_int_equal(connect_contact(w, 3), 0);
    WAIT(w, said(w, "legs_connected"));
    WAIT(w, seat(w, "agent:agent-1")->hear.kind == HEAR_LEG);
}

/* ---- stories ------------------------------------------------------------------------------ */

static void a_call_from_prepare_to_release(void **state)
{
    struct world *w = *state;

    call(w);
    assert_string_equal(w->said.p, "leg_up leg_up legs_connected ");
    assert_true(seat(w, "contact:c1")->has_peer);
    assert_int_equal(seat(w, "contact:c1")->hear.kind, HEAR_LEG);
    assert_int_equal(release(w), 0);
    WAIT(w, !seat(w, "contact:c1"));
    assert_true(said(w, "legs_disconnected leg_down leg_quality"));
    assert_int_equal(seat(w, "agent:agent-1")->hear.kind, HEAR_SILENCE);
    assert_int_equal(release(w), 0);
}

static void the_same_offer_gets_the_same_answer(void **state)
{
    struct world *w = *state;

    assert_int_equal(prepare(w), 0);
    assert_int_equal(offer(w, NULL, "c1", "LC", AUDIO, OFFER), 0);
    assert_string_equal(w->sdp, "the answer");
    tl_buf_clear(&w->janus.log);
    assert_int_equal(offer(w, NULL, "c1", "LC", AUDIO, OFFER), 0);
    assert_string_equal(w->sdp, "the answer");
    assert_int_equal(w->janus.log.n, 0); /* Janus was not asked again */
}

static void what_is_wrong_is_refused(void **state)
{
    struct world *w = *state;

    assert_int_equal(offer(w, NULL, "c1", "LC", AUDIO, OFFER), 404); /* not prepared */
    assert_int_equal(prepare(w), 0);
    assert_int_equal(offer(w, "agent-1", "c1", "LV", CAMERA, OFFER), 404); /* not connected */
    assert_int_equal(offer(w, NULL, "c1", "LC", AUDIO, "hello"), 422);
    assert_int_equal(offer(w, NULL, "c1", "no id!", AUDIO, OFFER), 400);
    assert_int_equal(offer(w, "", "", "LA", AUDIO, OFFER), 400);
    assert_int_equal(offer(w, NULL, "c1", "LC", 99, OFFER), 400);
    ask_bytes(w, "offer_leg", "\xff\xff\xff", 3);
    WAIT(w, w->answered);
    assert_int_equal(w->code, 400);
    assert_int_equal(offer(w, NULL, "c1", "LC", AUDIO, OFFER), 0); /* and nobody is the worse */
    assert_true(tl_metric_value(tl_counter("tl_media_bad_input_total",
                                           "edge=\"sdp\",class=\"malformed\"", "")) > 0);
}

static void the_picture_reaches_the_customer(void **state)
{
    struct world *w = *state;
    Threadline__Common__V1__Actor actor = THREADLINE__COMMON__V1__ACTOR__INIT;
    Threadline__Signaling__V1__MediaAnswer answer = THREADLINE__SIGNALING__V1__MEDIA_ANSWER__INIT;
    Threadline__Media__V1__AnswerLegRequest m = THREADLINE__MEDIA__V1__ANSWER_LEG_REQUEST__INIT;

    call(w);
    assert_int_equal(offer(w, "agent-1", "c1", "LV", CAMERA, OFFER), 0);
    WAIT(w, said(w, "tl.session.s1:media_offer"));
    actor.role = THREADLINE__COMMON__V1__ROLE__ROLE_CUSTOMER;
    actor.session_id = "s2";
    answer.leg_id = w->view.s;
    answer.sdp = OFFER;
    m.actor = &actor;
    m.answer = &answer;
    assert_int_equal(ask(w, "answer_leg", &m), 404); /* not yours */
    actor.session_id = "s1";
    tl_buf_clear(&w->said);
    assert_int_equal(ask(w, "answer_leg", &m), 0);
    WAIT(w, said(w, "leg_up"));
}

static void a_plane_without_ports_is_asked_again(void **state)
{
    struct world *w = *state;
    struct table *t = &w->plane.plane.table;
    static const uint32_t random[3] = {1, 2, 3};
    char key[20];

    for (int i = 0; i < t->cap; i++) {
        snprintf(key, sizeof key, "other:%d", i);
        (void)table_open(t, key, random);
    }
    assert_int_equal(t->used, t->cap);
    assert_int_equal(prepare(w), 0);
    WAIT(w, tl_metric_value(tl_counter("tl_media_seats_refused_total", NULL, "")) >= 1);
    assert_int_equal(offer(w, NULL, "c1", "L1", AUDIO, OFFER), 503);
    for (int i = 0; i < t->cap; i++)
        if (strncmp(t->legs[i].key, "other:", 6) == 0)
            table_close(t, i);
    WAIT(w, seat(w, "contact:c1"));
    assert_int_equal(offer(w, NULL, "c1", "L1", AUDIO, OFFER), 0);
}

static void a_leg_that_janus_refuses_is_given_back(void **state)
{
    struct world *w = *state;

    w->janus.refuse = "process";
    assert_int_equal(prepare(w), 0);
    assert_int_equal(offer(w, NULL, "c1", "LC", AUDIO, OFFER), 503);
    WAIT(w, strstr(w->janus.log.p, "detach"));
    w->janus.refuse = NULL;
    assert_int_equal(offer(w, NULL, "c1", "LC2", AUDIO, OFFER), 0);
}

/* The contact ends while its leg is being set up: the asker hears of it, the handle goes. */
static void a_release_during_the_setup(void **state)
{
    struct world *w = *state;

    w->janus.swallow = "generate";
    assert_int_equal(prepare(w), 0);
    {
        Threadline__Common__V1__Actor actor = THREADLINE__COMMON__V1__ACTOR__INIT;
        Threadline__Signaling__V1__MediaOffer media = THREADLINE__SIGNALING__V1__MEDIA_OFFER__INIT;
        Threadline__Media__V1__OfferLegRequest m = THREADLINE__MEDIA__V1__OFFER_LEG_REQUEST__INIT;
        struct tl_buf b = TL_BUF(TL_PB_MAX);

        actor.role = THREADLINE__COMMON__V1__ROLE__ROLE_CUSTOMER;
        actor.session_id = "s1";
        media.contact_id = "c1";
        media.leg_id = "LC";
        media.kind = AUDIO;
        media.sdp = OFFER;
        m.actor = &actor;
        m.offer = &media;
        assert_int_equal(tl_pb_pack(&m, &b), 0);
        ask_bytes(w, "offer_leg", b.p, b.n);
        tl_buf_done(&b);
    }
    WAIT(w, strstr(w->janus.log.p, "generate"));
    {
        Threadline__Media__V1__ReleaseContactRequest m =
            THREADLINE__MEDIA__V1__RELEASE_CONTACT_REQUEST__INIT;
        struct tl_buf b = TL_BUF(TL_PB_MAX);

        m.contact_id = "c1";
        assert_int_equal(tl_pb_pack(&m, &b), 0);
        assert_int_equal(tl_bus_publish(w->bus, "tl.cmd.media.m1.release_contact", b.p, b.n), 0);
        tl_buf_done(&b);
    }
    WAIT(w, w->answered);
    assert_int_equal(w->code, 503);
}

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
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_call_from_prepare_to_release),
        TEST(the_same_offer_gets_the_same_answer),
        TEST(what_is_wrong_is_refused),
        TEST(the_picture_reaches_the_customer),
        TEST(a_plane_without_ports_is_asked_again),
        TEST(a_leg_that_janus_refuses_is_given_back),
        TEST(a_release_during_the_setup),
        TEST(a_hang_up_is_told),
        TEST(everybody_offers_again_after_janus_died),
        TEST(a_lost_socket_alone_loses_nothing),
        TEST(a_new_plane_gets_its_seats),
        TEST(a_successor_finds_the_call_in_the_plane),
        TEST(a_broken_bus_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
