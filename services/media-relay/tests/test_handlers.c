/**
 * @file test_handlers.c  What the relay does with commands: calls, pictures, and what is wrong.
 */
#include "relay_story.h"

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

static void a_refusal_is_for_who_asked(void **state)
{
    struct world *w = *state, other = {.loop = w->loop, .bus = w->bus};

    w->janus.swallow = "generate";
    assert_int_equal(prepare(w), 0);
    offer_later(w, NULL, "c1", "LC", AUDIO, OFFER);
    WAIT(w, strstr(w->janus.log.p, "generate"));
    assert_int_equal(offer(&other, "agent-1", "", "LC", AUDIO, OFFER), 409);
    assert_false(w->answered);
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
    WAIT(w, tl_metric_value(tl_counter("tl_media_seats_refused_total", NULL, "")) >= 2);
    assert_true(tl_metric_value(tl_counter("tl_media_sounds_missing_total", NULL, "")) < 1);
    assert_int_equal(offer(w, NULL, "c1", "L1", AUDIO, OFFER), 503);
    for (int i = 0; i < t->cap; i++)
        if (strncmp(t->legs[i].key, "other:", 6) == 0)
            table_close(t, i);
    WAIT(w, seat(w, "contact:c1"));
    assert_int_equal(offer(w, NULL, "c1", "L1", AUDIO, OFFER), 0);
}

static void what_the_plane_refuses_or_cannot_send_is_counted(void **state)
{
    struct world *w = *state;

    w->plane.plane.table.faults[RTP_VERSION] = 2;
    w->plane.plane.send_errors = 3;
    WAIT(w, tl_metric_value(tl_counter("tl_media_not_sent_total", NULL, "")) >= 3);
    assert_true(tl_metric_value(tl_counter("tl_media_bad_input_total",
                                           "edge=\"rtp\",class=\"version\"", "")) >= 2);
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

static void a_release_during_the_setup(void **state)
{
    struct world *w = *state;

    w->janus.swallow = "generate";
    assert_int_equal(prepare(w), 0);
    offer_later(w, NULL, "c1", "LC", AUDIO, OFFER);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_call_from_prepare_to_release),
        STORY(the_same_offer_gets_the_same_answer),
        STORY(what_is_wrong_is_refused),
        STORY(a_refusal_is_for_who_asked),
        STORY(the_picture_reaches_the_customer),
        STORY(a_plane_without_ports_is_asked_again),
        STORY(what_the_plane_refuses_or_cannot_send_is_counted),
        STORY(a_leg_that_janus_refuses_is_given_back),
        STORY(a_release_during_the_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
