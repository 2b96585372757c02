/**
 * @file test_wire.c  Commands become facts, decisions become events and pushes; wrong fields are
 * named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire.h"

#include <threadline/media/v1/commands.pb-c.h>
#include <threadline/media/v1/events.pb-c.h>
#include <tl_pb.h>

static int decode(struct wire_command *c, enum wire_method method, void *message, const char **why)
{
    struct tl_buf b = TL_BUF(TL_PB_MAX);
    int err;

    assert_int_equal(tl_pb_pack(message, &b), 0);
    err = wire_decode(c, method, b.p, b.n, why);
    tl_buf_done(&b);
    return err;
}

static void a_prepared_contact(void **state)
{
    Threadline__Media__V1__PrepareContactRequest m =
        THREADLINE__MEDIA__V1__PREPARE_CONTACT_REQUEST__INIT;
    char *names[] = {"welcome", "wait"};
    struct wire_command c;
    const char *why = "";

    (void)state;
    m.contact_id = "c1";
    m.thread_id = "t1";
    m.customer_session_id = "s1";
    m.music = "music";
    m.announcements = names;
    m.n_announcements = 2;
    assert_int_equal(decode(&c, WIRE_PREPARE_CONTACT, &m, &why), 0);
    assert_int_equal(c.fact.kind, LEGS_PREPARE);
    assert_string_equal(c.fact.contact.s, "c1");
    assert_string_equal(c.fact.session.s, "s1");
    assert_string_equal(c.fact.text, "music");
    assert_string_equal(c.fact.text2, "welcome wait");
    wire_command_done(&c);

    names[1] = "../secret file"; /* it would become part of the plane's words */
    assert_int_equal(decode(&c, WIRE_PREPARE_CONTACT, &m, &why), -EINVAL);
    assert_string_equal(why, "announcements: not a name");
    m.n_announcements = 0;
    m.music = "two words";
    assert_int_equal(decode(&c, WIRE_PREPARE_CONTACT, &m, &why), -EINVAL);
    assert_string_equal(why, "music: not a name");
    m.music = "";
    m.customer_session_id = "";
    assert_int_equal(decode(&c, WIRE_PREPARE_CONTACT, &m, &why), -EINVAL);
    assert_string_equal(why, "customer_session_id: not an id");
}

static void an_offer_of_somebody(void **state)
{
    Threadline__Common__V1__Actor actor = THREADLINE__COMMON__V1__ACTOR__INIT;
    Threadline__Signaling__V1__MediaOffer offer = THREADLINE__SIGNALING__V1__MEDIA_OFFER__INIT;
    Threadline__Media__V1__OfferLegRequest m = THREADLINE__MEDIA__V1__OFFER_LEG_REQUEST__INIT;
    struct wire_command c;
    const char *why = "";

    (void)state;
    assert_int_equal(decode(&c, WIRE_OFFER_LEG, &m, &why), -EINVAL);
    assert_string_equal(why, "actor: missing");
    m.actor = &actor;
    assert_int_equal(decode(&c, WIRE_OFFER_LEG, &m, &why), -EINVAL);
    assert_string_equal(why, "actor.role: neither customer nor agent");
    actor.role = THREADLINE__COMMON__V1__ROLE__ROLE_SUPERVISOR;
    actor.agent_id = "sup-1";
    assert_int_equal(decode(&c, WIRE_OFFER_LEG, &m, &why), -EINVAL);
    assert_string_equal(why, "offer: missing");
    m.offer = &offer;
    offer.kind = THREADLINE__SIGNALING__V1__LEG_KIND__LEG_KIND_VIEW;
    assert_int_equal(decode(&c, WIRE_OFFER_LEG, &m, &why), -EINVAL);
    offer.kind = THREADLINE__SIGNALING__V1__LEG_KIND__LEG_KIND_SCREEN;
    assert_int_equal(decode(&c, WIRE_OFFER_LEG, &m, &why), -EINVAL);
    assert_string_equal(why, "leg_id: not an id");
    offer.leg_id = "L1";
    offer.sdp = "v=0";
    assert_int_equal(decode(&c, WIRE_OFFER_LEG, &m, &why), 0);
    assert_true(c.fact.by_agent);
    assert_int_equal(c.fact.media, LEGS_SCREEN);
    assert_string_equal(c.sdp, "v=0");
    wire_command_done(&c);
}

static void junk_is_no_command(void **state)
{
    struct wire_command c;
    const char *why = "";

    (void)state;
    for (int i = 0; i < WIRE_METHODS; i++) {
        assert_int_equal(wire_decode(&c, (enum wire_method)i, "\x0a\x05hi", 4, &why), -EBADMSG);
        assert_true(strlen(wire_method_name((enum wire_method)i)) > 0);
    }
}

struct seen {
    char names[256];
    double jitter_ms;
};

static void see(void *arg, ProtobufCMessage *envelope)
{
    struct seen *s = arg;
    struct tl_buf b = TL_BUF(4096);
    ProtobufCMessage *back = NULL;
    Threadline__Media__V1__MediaEvent *e;

    assert_int_equal(tl_pb_pack(envelope, &b), 0);
    assert_int_equal(tl_pb_unpack(envelope->descriptor, b.p, b.n, &back), 0);
    e = (Threadline__Media__V1__MediaEvent *)back;
    strcat(s->names, tl_pb_which(e)->name);
    strcat(s->names, " ");
    if (e->event_case == THREADLINE__MEDIA__V1__MEDIA_EVENT__EVENT_LEG_QUALITY)
        s->jitter_ms = e->leg_quality->jitter_ms;
    tl_pb_free(back);
    tl_buf_done(&b);
}

static void each_telling_is_an_event(void **state)
{
    static const struct {
        enum legs_decision_kind kind;
        enum legs_kind media;
        const char *events;
    } rows[] = {
        {LEGS_TELL_UP, LEGS_AUDIO, "leg_up "},
        {LEGS_TELL_DOWN, LEGS_AUDIO, "leg_down leg_quality "},
        {LEGS_TELL_DOWN, LEGS_VIEW, "leg_down "},
        {LEGS_TELL_CONNECTED, LEGS_NO_KIND, "legs_connected "},
        {LEGS_TELL_DISCONNECTED, LEGS_NO_KIND, "legs_disconnected "},
        {LEGS_TELL_SILENT, LEGS_AUDIO, "media_silent "},
        {LEGS_TELL_BACK, LEGS_AUDIO, "media_back "},
        {LEGS_TELL_RESTARTED, LEGS_NO_KIND, "instance_restarted "},
        {LEGS_DO_HEAR, LEGS_NO_KIND, ""},
    };

    (void)state;
    for (size_t i = 0; i < TL_LEN(rows); i++) {
        struct legs_decision d = {.kind = rows[i].kind, .media = rows[i].media, .jitter_us = 2500};
        struct seen s = {0};

        wire_events(&d, see, &s);
        assert_string_equal(s.names, rows[i].events);
        if (strstr(s.names, "quality"))
            assert_true(s.jitter_ms > 2.49 && s.jitter_ms < 2.51);
    }
}

static void pushes_read_back(void **state)
{
    struct legs_decision d = {.text = "no_media", .shows = LEGS_SCREEN};
    struct tl_buf b = TL_BUF(4096);
    Threadline__Signaling__V1__ServerMessage *m = NULL;

    (void)state;
    strcpy(d.leg.s, "L1");
    strcpy(d.contact.s, "c1");
    assert_int_equal(wire_push_closed(&b, "m1", &d), 0);
    assert_int_equal(TL_PB_UNPACK(threadline__signaling__v1__server_message, b.p, b.n, &m), 0);
    assert_string_equal(m->media_closed->leg_id, "L1");
    assert_string_equal(m->media_closed->reason, "no_media");
    m = tl_pb_free(m);
    tl_buf_clear(&b);
    assert_int_equal(wire_push_view(&b, "m1", &d, "v=0"), 0);
    assert_int_equal(TL_PB_UNPACK(threadline__signaling__v1__server_message, b.p, b.n, &m), 0);
    assert_int_equal(m->media_offer->kind, THREADLINE__SIGNALING__V1__LEG_KIND__LEG_KIND_VIEW);
    assert_int_equal(m->media_offer->shows, THREADLINE__SIGNALING__V1__LEG_KIND__LEG_KIND_SCREEN);
    assert_string_equal(m->media_offer->sdp, "v=0");
    tl_pb_free(m);
    tl_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prepared_contact), cmocka_unit_test(an_offer_of_somebody),
        cmocka_unit_test(junk_is_no_command), cmocka_unit_test(each_telling_is_an_event),
        cmocka_unit_test(pushes_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
