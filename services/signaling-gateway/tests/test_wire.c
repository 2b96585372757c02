/*
 * Frames in and out: every member of ClientMessage has one row here (who may send it, where it
 * goes, what answers it), and the test fails when the schema has a member that is not in the table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <tl_mem.h>

#include <cmocka.h>

#include "threadline/acd/v1/commands.pb-c.h"
#include "threadline/conversation/v1/commands.pb-c.h"
#include "threadline/media/v1/commands.pb-c.h"
#include "threadline/signaling/v1/client.pb-c.h"
#include "wire.h"

static const struct {
    const char *member;
    const char *roles;   /* c customer, a agent, s supervisor */
    const char *body;    /* a body that is complete */
    const char *subject; /* NULL: the gateway answers */
    const char *answer;  /* member of ServerMessage that answers */
} members[] = {
    {"request_contact", "c",
     "{\"request_id\":\"r1\",\"channel\":\"CHANNEL_VIDEO\",\"consent\":true}",
     "tl.cmd.conversation.request_contact", "contact_accepted"},
    {"end_contact", "ca", "{\"contact_id\":\"c1\"}", "tl.cmd.conversation.end_contact", "ok"},
    {"send_message", "ca", "{\"contact_id\":\"c1\",\"text\":\"hello\",\"client_ref\":\"x\"}",
     "tl.cmd.conversation.post_message", "ok"},
    {"typing", "ca", "{\"contact_id\":\"c1\",\"on\":true}", "tl.cmd.conversation.relay_typing",
     "ok"},
    {"answer_survey", "c", "{\"contact_id\":\"c1\",\"score\":5}",
     "tl.cmd.conversation.answer_survey", "ok"},
    {"media_offer", "ca",
     "{\"instance\":\"m1\",\"contact_id\":\"c1\",\"leg_id\":\"l1\",\"kind\":\"LEG_KIND_AUDIO\","
     "\"sdp\":\"v=0\"}",
     "tl.cmd.media.m1.offer_leg", "media_answer"},
    {"media_answer", "c",
     "{\"instance\":\"m1\",\"contact_id\":\"c1\",\"leg_id\":\"l1\",\"sdp\":\"v=0\"}",
     "tl.cmd.media.m1.answer_leg", "ok"},
    {"media_close", "ca", "{\"instance\":\"m1\",\"contact_id\":\"c1\",\"leg_id\":\"l1\"}",
     "tl.cmd.media.m1.close_leg", "ok"},
    {"set_hold", "a", "{\"contact_id\":\"c1\",\"on\":true}", "tl.cmd.conversation.set_hold", "ok"},
    {"cobrowse_consent", "c", "{\"contact_id\":\"c1\",\"granted\":true}",
     "tl.cmd.conversation.cobrowse_consent", "ok"},
    {"cobrowse_ask", "a", "{\"contact_id\":\"c1\"}", "tl.cmd.conversation.cobrowse_ask", "ok"},
    {"set_agent_state", "a", "{\"ready\":true,\"reason\":\"\"}", "tl.cmd.acd.p0.set_agent_state",
     "agent_state"},
    {"accept_offer", "a", "{\"offer_id\":\"o1\",\"epoch\":3}", "tl.cmd.acd.p0.accept", "ok"},
    {"decline_offer", "a", "{\"offer_id\":\"o1\",\"epoch\":3,\"reason\":\"busy\"}",
     "tl.cmd.acd.p0.decline", "ok"},
    {"complete_wrap_up", "a", "{\"contact_id\":\"c1\",\"disposition\":\"sold\",\"note\":\"n\"}",
     "tl.cmd.conversation.complete_wrap_up", "ok"},
    {"subscribe_board", "as", "{\"on\":true}", NULL, NULL},
};

static const struct who customer = {.session = {"01M80E0JTTC04WTW78PCXF9GYJ"},
                                    .role = ROLE_CUSTOMER,
                                    .subject = {"01M80E0JTRNK8NP4EA00AW3ET4"},
                                    .customer = {"cust-7"},
                                    .name = "Ann",
                                    .tier = "gold"};
static const struct who agent = {.session = {"01M80E0QR78TGXSSYQH51X5TJ6"},
                                 .role = ROLE_AGENT,
                                 .subject = {"agent-1"},
                                 .name = "Demo Agent 1"};

static const char *frame_text(size_t i)
{
    static char text[1000];

    snprintf(text, sizeof(text), "{\"id\":\"7\",\"%s\":%s}", members[i].member, members[i].body);
    return text;
}

static void every_member_has_its_roles(void **state)
{
    const ProtobufCMessageDescriptor *d = &threadline__signaling__v1__client_message__descriptor;
    size_t n = 0;

    TL_UNUSED(state);
    for (unsigned i = 0; i < d->n_fields; i++) {
        const char *roles = NULL;

        if (!(d->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
            continue;
        for (size_t k = 0; k < TL_LEN(members); k++)
            if (strcmp(members[k].member, d->fields[i].name) == 0)
                roles = members[k].roles;
        if (!roles)
            fail_msg("%s is not in the table of this test", d->fields[i].name);
        n++;
        for (enum role r = ROLE_NOBODY; r <= ROLE_SUPERVISOR; r++)
            assert_int_equal(may_say(r, tl_str(d->fields[i].name)),
                             r != ROLE_NOBODY && strchr(roles, "-cas"[r]) != NULL);
    }
    assert_int_equal(n, TL_LEN(members));
    assert_false(may_say(ROLE_AGENT, TL_STR("fly")));
    assert_false(may_say(ROLE_AGENT, TL_STR("")));
}

static void roles_have_names(void **state)
{
    TL_UNUSED(state);
    for (enum role r = ROLE_CUSTOMER; r <= ROLE_SUPERVISOR; r++)
        assert_int_equal(role_parse(tl_str(role_name(r))), r);
    assert_int_equal(role_parse(TL_STR("nobody")), ROLE_NOBODY);
    assert_int_equal(role_parse(TL_STR("Agent")), ROLE_NOBODY);
    assert_string_equal(role_name((enum role)99), "nobody");
}

static void every_member_becomes_its_command(void **state)
{
    struct tl_buf why = TL_BUF(500);

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(members); i++) {
        const struct who *who = members[i].roles[0] == 'c' ? &customer : &agent;
        struct tl_buf request = TL_BUF(10000), answer = TL_BUF(10000);
        struct wire_frame f;
        struct wire_call call;
        bool on = false;

        assert_int_equal(wire_frame(&f, tl_str(frame_text(i)), &why), 0);
        assert_string_equal(f.id, "7");
        assert_true(tl_str_eq(f.member, tl_str(members[i].member)));
        assert_int_equal(wire_is_subscribe_board(&f, &on), members[i].subject == NULL);
        if (members[i].subject) {
            assert_int_equal(wire_call(&call, &request, &f, who, &why), 0);
            assert_string_equal(call.subject, members[i].subject);
            assert_true(call.tries == 3);
            if (strcmp(members[i].answer, "ok") == 0) {
                assert_int_equal(wire_answer(&call, "7", "", 0, &answer), 0);
                assert_string_equal(answer.p, "{\"in_reply_to\":\"7\",\"ok\":{}}");
            } else {
                assert_int_equal(wire_answer(&call, "7", "", 0, &answer), -EBADMSG);
            }
        } else {
            assert_true(on);
            assert_int_equal(wire_call(&call, &request, &f, who, &why), -EINVAL);
        }
        wire_frame_done(&f);
        tl_buf_done(&request);
        tl_buf_done(&answer);
    }
    tl_buf_done(&why);
}

/* ---- what the services get ---- */

static void *command(const char *text, const struct who *who, const ProtobufCMessageDescriptor *d)
{
    struct tl_buf request = TL_BUF(10000), why = TL_BUF(500);
    ProtobufCMessage *m = NULL;
    struct wire_frame f;
    struct wire_call call;

    assert_int_equal(wire_frame(&f, tl_str(text), &why), 0);
    assert_int_equal(wire_call(&call, &request, &f, who, &why), 0);
    assert_int_equal(tl_pb_unpack(d, request.p, request.n, &m), 0);
    wire_frame_done(&f);
    tl_buf_done(&request);
    tl_buf_done(&why);
    return m;
}

static void the_actor_comes_from_the_session(void **state)
{
    Threadline__Conversation__V1__RequestContactRequest *r;
    Threadline__Conversation__V1__EndContactRequest *e;

    TL_UNUSED(state);
    r = command("{\"request_contact\":{\"request_id\":\"r1\",\"section\":\"checkout\"}}", &customer,
                &threadline__conversation__v1__request_contact_request__descriptor);
    assert_int_equal(r->actor->role, THREADLINE__COMMON__V1__ROLE__ROLE_CUSTOMER);
    assert_string_equal(r->actor->session_id, customer.session.s);
    assert_string_equal(r->actor->visitor_id, customer.subject.s);
    assert_string_equal(r->actor->customer_id, "cust-7");
    assert_string_equal(r->actor->tier, "gold");
    assert_string_equal(r->actor->agent_id, "");
    assert_string_equal(r->request->section, "checkout");
    tl_pb_free(r);
    e = command("{\"end_contact\":{\"contact_id\":\"c1\"}}", &agent,
                &threadline__conversation__v1__end_contact_request__descriptor);
    assert_int_equal(e->actor->role, THREADLINE__COMMON__V1__ROLE__ROLE_AGENT);
    assert_string_equal(e->actor->agent_id, "agent-1");
    assert_string_equal(e->actor->visitor_id, "");
    assert_string_equal(e->contact_id, "c1");
    tl_pb_free(e);
}

static void fields_go_by_name(void **state)
{
    Threadline__Acd__V1__AcceptRequest *a;
    Threadline__Acd__V1__SetAgentStateRequest *s;
    Threadline__Media__V1__OfferLegRequest *o;

    TL_UNUSED(state);
    a = command("{\"accept_offer\":{\"offer_id\":\"o1\",\"epoch\":9007199254740992}}", &agent,
                &threadline__acd__v1__accept_request__descriptor);
    assert_string_equal(a->offer_id, "o1");
    assert_true(a->epoch == 9007199254740992u);
    tl_pb_free(a);
    s = command("{\"set_agent_state\":{\"ready\":true,\"reason\":\"lunch\"}}", &agent,
                &threadline__acd__v1__set_agent_state_request__descriptor);
    assert_true(s->ready);
    assert_false(s->offline);
    assert_string_equal(s->reason, "lunch");
    tl_pb_free(s);
    o = command("{\"media_offer\":{\"instance\":\"m-2\",\"leg_id\":\"l\",\"sdp\":\"v=0\\r\\n\"}}",
                &agent, &threadline__media__v1__offer_leg_request__descriptor);
    assert_string_equal(o->offer->sdp, "v=0\r\n");
    tl_pb_free(o);
}

static void only_a_plain_instance_becomes_a_subject(void **state)
{
    static const char *const bad[] = {"", "m.1", "m*", ">", "M1", "m 1", "aaaaaaaaaaaaaaaaaaaaa",
                                      "ü"};
    struct tl_buf request = TL_BUF(1000), why = TL_BUF(500);
    char text[200];

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(bad); i++) {
        struct wire_frame f;
        struct wire_call call;

        snprintf(text, sizeof(text), "{\"media_close\":{\"instance\":\"%s\"}}", bad[i]);
        assert_int_equal(wire_frame(&f, tl_str(text), &why), 0);
        tl_buf_clear(&why);
        assert_int_equal(wire_call(&call, &request, &f, &agent, &why), -EINVAL);
        assert_non_null(strstr(why.p, "/media_close/instance"));
        wire_frame_done(&f);
    }
    tl_buf_done(&request);
    tl_buf_done(&why);
}

/* ---- bad frames ---- */

static void bad_frames_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        int err;
    } frames[] = {
        {"", -EBADMSG},
        {"nonsense", -EBADMSG},
        {"{\"typing\":{}", -EBADMSG},
        {"{\"typing\":{}}x", -EBADMSG},
        {"\xef\xbb\xbf{\"typing\":{}}", -EBADMSG},
        {"{/**/\"typing\":{}}", -EBADMSG},
        {"{\"typing\":{\"on\":NaN}}", -EBADMSG},
        {"{\"typing\":{},\"typing\":{}}", -EBADMSG},
        {"{\"typing\":{\"contact_id\":\"\\ud800\"}}", -EBADMSG},
        {"{\"typing\":{\"contact_id\":\"\\u0000\"}}", -EBADMSG},
        {"[]", -EINVAL},
        {"{}", -EINVAL},
        {"{\"id\":\"1\"}", -EINVAL},
        {"{\"typing\":null}", -EINVAL},
        {"{\"typing\":[]}", -EINVAL},
        {"{\"typing\":{\"on\":1}}", -EINVAL},
        {"{\"typing\":{\"of\":true}}", -EINVAL},
        {"{\"fly\":{}}", -EINVAL},
        {"{\"typing\":{},\"end_contact\":{}}", -EINVAL},
        {"{\"id\":1,\"typing\":{}}", -EINVAL},
        {"{\"accept_offer\":{\"epoch\":-1}}", -EINVAL},
        {"{\"accept_offer\":{\"epoch\":1e300}}", -EINVAL},
        {"{\"accept_offer\":{\"epoch\":9007199254740993}}", -EINVAL},
        {"{\"answer_survey\":{\"score\":2147483648}}", -EINVAL},
        {"{\"media_offer\":{\"kind\":\"LEG_KIND_HAND\"}}", -EINVAL},
        {"{\"id\":\"0123456789012345678901234567890123456789012345678901234567890123x\",\"typing\":"
         "{}}",
         -EINVAL},
    };

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(frames); i++) {
        struct tl_buf why = TL_BUF(500);
        struct wire_frame f = {0};
        int err = wire_frame(&f, tl_str(frames[i].text), &why);

        if (err != frames[i].err)
            fail_msg("%s: %d instead of %d (%s)", frames[i].text, err, frames[i].err, why.p);
        assert_true(why.n > 0);
        tl_buf_done(&why);
    }
}

static void deep_and_long_frames_are_refused(void **state)
{
    struct tl_buf text = TL_BUF(200000), why = TL_BUF(500);
    struct wire_frame f;

    TL_UNUSED(state);
    for (int i = 0; i < 1000; i++)
        tl_buf_puts(&text, "{\"typing\":");
    assert_true(wire_frame(&f, tl_buf_str(&text), &why) < 0);
    tl_buf_clear(&text);
    tl_buf_puts(&text, "{\"send_message\":{\"text\":\"");
    for (int i = 0; i < 66000; i++)
        tl_buf_putc(&text, 'x');
    tl_buf_puts(&text, "\"}}");
    assert_true(wire_frame(&f, tl_buf_str(&text), &why) < 0);
    tl_buf_done(&text);
    tl_buf_done(&why);
}

/* ---- out ---- */

static void answers_carry_what_was_answered(void **state)
{
    Threadline__Acd__V1__SetAgentStateResponse r =
        THREADLINE__ACD__V1__SET_AGENT_STATE_RESPONSE__INIT;
    Threadline__Signaling__V1__AgentState s = THREADLINE__SIGNALING__V1__AGENT_STATE__INIT;
    struct tl_buf request = TL_BUF(1000), packed = TL_BUF(1000), why = TL_BUF(500),
                  json = TL_BUF(1000);
    struct wire_frame f;
    struct wire_call call;

    TL_UNUSED(state);
    s.agent_id = (char *)"agent-1";
    s.presence = THREADLINE__SIGNALING__V1__AGENT_PRESENCE__AGENT_PRESENCE_READY;
    r.state = &s;
    tl_pb_pack(&r, &packed);
    assert_int_equal(wire_frame(&f, tl_str("{\"set_agent_state\":{\"ready\":true}}"), &why), 0);
    assert_int_equal(wire_call(&call, &request, &f, &agent, &why), 0);
    assert_int_equal(wire_answer(&call, "9", packed.p, packed.n, &json), 0);
    assert_string_equal(json.p, "{\"in_reply_to\":\"9\",\"agent_state\":{\"agent_id\":\"agent-1\","
                                "\"presence\":\"AGENT_PRESENCE_READY\"}}");
    assert_int_equal(wire_answer(&call, "9", "\xff\xff", 2, &json), -EBADMSG);
    wire_frame_done(&f);
    tl_buf_done(&request);
    tl_buf_done(&packed);
    tl_buf_done(&why);
    tl_buf_done(&json);
}

static void pushes_teach_the_agents_state(void **state)
{
    static const struct {
        int presence;
        bool known, ready;
    } cases[] = {{0, false, false}, {1, false, false}, {2, true, false}, {3, true, true},
                 {4, true, true},   {5, true, true},   {6, true, true}};

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(cases); i++) {
        Threadline__Signaling__V1__ServerMessage m =
            THREADLINE__SIGNALING__V1__SERVER_MESSAGE__INIT;
        Threadline__Signaling__V1__AgentState s = THREADLINE__SIGNALING__V1__AGENT_STATE__INIT;
        struct tl_buf packed = TL_BUF(1000), json = TL_BUF(1000);
        struct wire_learned l;

        s.presence = (Threadline__Signaling__V1__AgentPresence)cases[i].presence;
        s.reason = (char *)"lunch";
        m.body_case = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_AGENT_STATE;
        m.agent_state = &s;
        tl_pb_pack(&m, &packed);
        assert_int_equal(wire_push(packed.p, packed.n, &l, &json), 0);
        assert_int_equal(l.agent_state, cases[i].known);
        if (l.agent_state)
            assert_int_equal(l.ready, cases[i].ready);
        assert_string_equal(l.reason, "lunch");
        tl_buf_done(&packed);
        tl_buf_done(&json);
    }
}

static void empty_or_broken_pushes_are_junk(void **state)
{
    struct tl_buf json = TL_BUF(1000);
    struct tl_id a, b;

    TL_UNUSED(state);
    assert_int_equal(wire_push("", 0, NULL, &json), -EBADMSG);
    assert_int_equal(wire_push("\x12\xff", 2, NULL, &json), -EBADMSG);
    assert_int_equal(wire_board("\xff", 1, &json, &json), -EBADMSG);
    assert_int_equal(wire_taken_read("", 0, &a, &b), -EBADMSG);
    tl_buf_done(&json);
}

static void welcome_says_what_an_agent_may_choose(void **state)
{
    const char *ids[] = {"lunch"}, *labels[] = {"Lunch"}, *dispositions[] = {"sold", "other"};
    const char *ice[] = {"stun:127.0.0.1:3478"};
    struct wire_choices c = {ids, labels, 1, dispositions, 2};
    struct wire_welcome w = {.who = &agent,
                             .resume_token = "t",
                             .media_instance = "m1",
                             .resumed = true,
                             .choices = &c,
                             .ice_servers = ice,
                             .n_ice_servers = 1};
    struct tl_buf json = TL_BUF(2000);

    TL_UNUSED(state);
    assert_int_equal(wire_welcome(&w, &json), 0);
    assert_non_null(
        strstr(json.p, "\"not_ready_reasons\":[{\"id\":\"lunch\",\"label\":\"Lunch\"}]"));
    assert_non_null(strstr(json.p, "\"dispositions\":[\"sold\",\"other\"]"));
    assert_non_null(
        strstr(json.p, "\"self\":{\"id\":\"agent-1\",\"display_name\":\"Demo Agent 1\""));
    assert_non_null(strstr(json.p, "\"resumed\":true"));
    assert_non_null(strstr(json.p, "\"ice_servers\":[\"stun:127.0.0.1:3478\"]"));
    tl_buf_done(&json);
}

static void rest_bodies(void **state)
{
    struct wire_sign_in in;
    struct tl_buf why = TL_BUF(500), token = TL_BUF(2000), text = TL_BUF(5000);

    TL_UNUSED(state);
    assert_int_equal(
        wire_sign_in_read(&in, TL_STR("{\"username\":\"u\",\"password\":\"p\"}"), &why), 0);
    assert_string_equal(in.username, "u");
    assert_string_equal(in.password, "p");
    assert_int_equal(wire_sign_in_read(&in, TL_STR("{\"username\":\"u\"}"), &why), -EINVAL);
    assert_int_equal(wire_sign_in_read(&in, TL_STR("[1"), &why), -EBADMSG);
    assert_int_equal(wire_new_session_read(&token, TL_STR("{}"), &why), 0);
    assert_int_equal(token.n, 0);
    assert_int_equal(wire_new_session_read(&token, TL_STR("{\"resume_token\":\"abc\"}"), &why), 0);
    assert_string_equal(token.p, "abc");
    tl_buf_puts(&text, "{\"resume_token\":\"");
    for (int i = 0; i < 2000; i++)
        tl_buf_putc(&text, 'x');
    tl_buf_puts(&text, "\"}");
    assert_int_equal(wire_new_session_read(&token, tl_buf_str(&text), &why), -EINVAL);
    tl_buf_done(&why);
    tl_buf_done(&token);
    tl_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_has_its_roles),
        cmocka_unit_test(roles_have_names),
        cmocka_unit_test(every_member_becomes_its_command),
        cmocka_unit_test(the_actor_comes_from_the_session),
        cmocka_unit_test(fields_go_by_name),
        cmocka_unit_test(only_a_plain_instance_becomes_a_subject),
        cmocka_unit_test(bad_frames_are_told_apart),
        cmocka_unit_test(deep_and_long_frames_are_refused),
        cmocka_unit_test(answers_carry_what_was_answered),
        cmocka_unit_test(pushes_teach_the_agents_state),
        cmocka_unit_test(empty_or_broken_pushes_are_junk),
        cmocka_unit_test(welcome_says_what_an_agent_may_choose),
        cmocka_unit_test(rest_bodies),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
