/**
 * @file relay_story.h  The language of the relay's stories: commands on the bus in, answers, pushes
 * and events out; the plane is real, Janus is played (fakes.h).
 */
#ifndef MEDIA_TESTS_RELAY_STORY_H
#define MEDIA_TESTS_RELAY_STORY_H

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

static inline void turn(struct world *w, int ms)
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

static inline void open_handlers(struct world *w)
{
    const struct handlers_opts opts = {.instance = "m1",
                                       .bus = w->bus,
                                       .events = w->events,
                                       .relay = {w->janus.url, "secret", "key", w->plane.path, 10}};

    assert_int_equal(handlers_open(&w->handlers, w->loop, &opts), 0);
    WAIT(w, relay_janus_ready(handlers_relay(w->handlers)));
}

static inline void on_push(void *arg, const struct tl_msg *m)
{
    struct world *w = arg;
    Threadline__Signaling__V1__ServerMessage *s = NULL;

    assert_int_equal(TL_PB_UNPACK(threadline__signaling__v1__server_message, m->data, m->n, &s), 0);
    tl_buf_printf(&w->said, "%.*s:%s ", (int)m->subject.n, m->subject.s, tl_pb_which(s)->name);
    if (s->body_case == THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_MEDIA_OFFER)
        assert_int_equal(tl_id_parse(&w->view, tl_str(s->media_offer->leg_id)), 0);
    tl_pb_free(s);
}

static inline void on_event_stored(void *arg, const struct tl_msg *m)
{
    struct world *w = arg;
    Threadline__Media__V1__MediaEvent *e = NULL;

    assert_int_equal(TL_PB_UNPACK(threadline__media__v1__media_event, m->data, m->n, &e), 0);
    assert_string_equal(e->meta->producer, "media.m1");
    tl_buf_printf(&w->said, "%s ", tl_pb_which(e)->name);
    tl_pb_free(e);
}

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
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

static inline void on_reply(void *arg, const struct tl_reply *r)
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

static inline void ask_bytes(struct world *w, const char *method, const void *data, size_t n)
{
    char subject[80];

    snprintf(subject, sizeof subject, "tl.cmd.media.m1.%s", method);
    w->answered = false;
    assert_int_equal(tl_bus_request(w->bus, subject, data, n, TL_SEC(3), 1, on_reply, w), 0);
}

static inline void ask_later(struct world *w, const char *method, void *message)
{
    struct tl_buf b = TL_BUF(TL_PB_MAX);

    assert_int_equal(tl_pb_pack(message, &b), 0);
    ask_bytes(w, method, b.p, b.n);
    tl_buf_done(&b);
}

static inline int ask(struct world *w, const char *method, void *message)
{
    ask_later(w, method, message);
    WAIT(w, w->answered);
    return w->code;
}

static inline int prepare(struct world *w)
{
    Threadline__Media__V1__PrepareContactRequest m =
        THREADLINE__MEDIA__V1__PREPARE_CONTACT_REQUEST__INIT;

    m.contact_id = "c1";
    m.thread_id = "t1";
    m.customer_session_id = "s1";
    return ask(w, "prepare_contact", &m);
}

/* Without waiting for the answer. */
static inline void offer_later(struct world *w, const char *agent, const char *contact,
                               const char *leg, Threadline__Signaling__V1__LegKind kind,
                               const char *sdp)
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
    ask_later(w, "offer_leg", &m);
}

static inline int offer(struct world *w, const char *agent, const char *contact, const char *leg,
                        Threadline__Signaling__V1__LegKind kind, const char *sdp)
{
    offer_later(w, agent, contact, leg, kind, sdp);
    WAIT(w, w->answered);
    return w->code;
}

#define AUDIO  THREADLINE__SIGNALING__V1__LEG_KIND__LEG_KIND_AUDIO
#define CAMERA THREADLINE__SIGNALING__V1__LEG_KIND__LEG_KIND_CAMERA

static inline int connect_contact(struct world *w, uint64_t epoch)
{
    Threadline__Media__V1__ConnectContactRequest m =
        THREADLINE__MEDIA__V1__CONNECT_CONTACT_REQUEST__INIT;

    m.contact_id = "c1";
    m.agent_id = "agent-1";
    m.epoch = epoch;
    return ask(w, "connect_contact", &m);
}

static inline int release(struct world *w)
{
    Threadline__Media__V1__ReleaseContactRequest m =
        THREADLINE__MEDIA__V1__RELEASE_CONTACT_REQUEST__INIT;

    m.contact_id = "c1";
    return ask(w, "release_contact", &m);
}

static inline bool said(const struct world *w, const char *what)
{
    return w->said.n && strstr(w->said.p, what);
}

static inline const struct table_leg *seat(struct world *w, const char *key)
{
    int i = table_find_leg(&w->plane.plane.table, key);

    return i < 0 ? NULL : &w->plane.plane.table.legs[i];
}

static inline void call(struct world *w)
{
    assert_int_equal(prepare(w), 0);
    assert_int_equal(offer(w, "agent-1", "", "LA", AUDIO, OFFER), 0);
    assert_int_equal(offer(w, NULL, "c1", "LC", AUDIO, OFFER), 0);
    assert_int_equal(connect_contact(w, 3), 0);
    WAIT(w, said(w, "legs_connected"));
    WAIT(w, seat(w, "agent:agent-1")->hear.kind == HEAR_LEG);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
