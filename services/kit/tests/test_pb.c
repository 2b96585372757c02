/* protobuf at the edge: JSON both ways, what is refused and where, limits, junk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <tl_mem.h>
#include <tl_pb.h>

#include "threadline/signaling/v1/client.pb-c.h"

#include <cmocka.h>

#define CLIENT &threadline__signaling__v1__client_message__descriptor
#define SERVER &threadline__signaling__v1__server_message__descriptor

static void json_round_trip(const ProtobufCMessageDescriptor *d, const char *json)
{
    struct tl_buf out = TL_BUF(100000), why = TL_BUF(1000);
    ProtobufCMessage *m = NULL;

    if (tl_pb_from_json(d, tl_str(json), &m, &why))
        fail_msg("%s: %s", json, why.p);
    assert_int_equal(tl_pb_to_json(m, &out), 0);
    assert_string_equal(out.p, json);
    tl_pb_free(m);
    tl_buf_done(&out);
    tl_buf_done(&why);
}

static void a_frame_survives_the_round_trip(void **state)
{
    TL_UNUSED(state);
    json_round_trip(
        CLIENT,
        "{\"id\":\"1\",\"send_message\":{\"contact_id\":\"C1\",\"text\":\"h\\\"i\\n\\u0001é\"}}");
    json_round_trip(CLIENT, "{\"accept_offer\":{\"offer_id\":\"O\",\"epoch\":9007199254740992}}");
    json_round_trip(CLIENT, "{\"set_agent_state\":{\"ready\":true}}");
    json_round_trip(CLIENT, "{\"answer_survey\":{}}"); /* an empty message is present */
    json_round_trip(
        SERVER,
        "{\"queue_progress\":{\"contact_id\":\"C\",\"position\":3,\"expected_wait_s\":-1}}");
    json_round_trip(SERVER,
                    "{\"board\":{\"at_us\":1,\"queues\":[{\"queue\":\"a\",\"service_level\":0.5},"
                    "{\"queue\":\"b\"}]}}");
    json_round_trip(
        SERVER,
        "{\"contact_state\":{\"channel\":\"CHANNEL_VIDEO\",\"phase\":\"CONTACT_PHASE_HELD\"}}");
}

static void refused(const char *json, int want, const char *reason)
{
    struct tl_buf why = TL_BUF(1000);
    ProtobufCMessage *m = NULL;
    int err = tl_pb_from_json(CLIENT, tl_str(json), &m, &why);

    if (err != want)
        fail_msg("%s: got %d, want %d (%s)", json, err, want, why.p);
    if (!strstr(why.p, reason))
        fail_msg("%s: complaint is \"%s\", not \"%s\"", json, why.p, reason);
    tl_buf_done(&why);
}

static void what_does_not_fit_is_refused_with_its_place(void **state)
{
    TL_UNUSED(state);
    refused("{\"id\":7}", -EINVAL, "/id: must be a string");
    refused("{\"send_message\":{\"text\":[]}}", -EINVAL, "/send_message/text: must be a string");
    refused("{\"send_message\":{\"txet\":\"\"}}", -EINVAL, "/send_message/txet: unknown key");
    refused("{\"typing\":{\"a/b~c\":1}}", -EINVAL, "/typing/a~1b~0c: unknown key");
    refused("{\"send_message\":{},\"typing\":{}}", -EINVAL, "/typing: only one member");
    refused("{\"answer_survey\":{\"score\":3000000000}}", -EINVAL,
            "/answer_survey/score: integer out of range");
    refused("{\"answer_survey\":{\"score\":1.5}}", -EINVAL, "must be an integer");
    refused("{\"accept_offer\":{\"epoch\":9007199254740993}}", -EINVAL, "out of range");
    refused("{\"accept_offer\":{\"epoch\":-1}}", -EINVAL, "out of range");
    refused("{\"request_contact\":{\"channel\":\"CHANNEL_SMOKE\"}}", -EINVAL, "unknown enum value");
    refused("{\"typing\":{\"on\":1}}", -EINVAL, "must be true or false");
    refused("[1]", -EINVAL, "must be an object");
}

static void junk_is_not_json(void **state)
{
    char deep[200] = "{\"id\":";

    TL_UNUSED(state);
    refused("", -EBADMSG, "");
    refused("{\"id\":\"1\",\"id\":\"2\"}", -EBADMSG, "duplicate");
    refused("{\"id\":\"1\"} x", -EBADMSG, "end of file");
    refused("\xef\xbb\xbf{}", -EBADMSG, "");
    refused("{\"id\":\"\\u0000\"}", -EBADMSG, "");
    refused("{\"id\":\"\\ud800\"}", -EBADMSG, "");
    refused("{\"id\":\"\xff\"}", -EBADMSG, "");
    refused("{\"id\":NaN}", -EBADMSG, "");
    refused("{/* */}", -EBADMSG, "");
    refused("{\"answer_survey\":{\"score\":1e400}}", -EBADMSG, "");
    for (int i = 0; i < 40; i++)
        strcat(deep, "[");
    refused(deep, -EBADMSG, "nested deeper than 32");
}

static void too_large_a_text_is_refused(void **state)
{
    char *big = malloc(70000);

    TL_UNUSED(state);
    memset(big, ' ', 69999);
    big[69999] = '\0';
    refused(big, -EBADMSG, "larger than 64 KiB");
    free(big);
}

static int unpack(const void *p, size_t n)
{
    ProtobufCMessage *m = NULL;
    int err = tl_pb_unpack(CLIENT, p, n, &m);

    tl_pb_free(m);
    return err;
}

static void wire_junk_is_refused(void **state)
{
    static uint8_t flood[200000];

    TL_UNUSED(state);
    assert_int_equal(unpack("", 0), 0);
    assert_int_equal(unpack("\x0a\x05id", 4), -EBADMSG);       /* truncated */
    assert_int_equal(unpack("\x0a\x02\xff\xfe", 4), -EBADMSG); /* not UTF-8 */
    assert_int_equal(unpack("\x0a\x03"
                            "a\0b",
                            5),
                     -EBADMSG); /* NUL in text */
    assert_int_equal(unpack("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12), -EBADMSG);
    assert_int_equal(unpack("\x52\x02\x10\x63", 4), -EBADMSG); /* request_contact.channel = 99 */
    assert_int_equal(unpack("\x0f", 1), -EBADMSG);             /* wire type 7 */
    assert_int_equal(unpack("\xfa\x7f\x03new", 6), 0);         /* unknown field: kept */
    memset(flood, 0, sizeof(flood));
    assert_int_equal(unpack(flood, sizeof(flood)), -EBADMSG);
    assert_int_equal(unpack(flood, TL_PB_MAX + 1), -EMSGSIZE);
}

/* 128 000 empty pages in 256 KiB of wire would take megabytes. */
static void a_bomb_is_stopped(void **state)
{
    static uint8_t wire[TL_PB_MAX];
    ProtobufCMessage *m = NULL;
    size_t n = 0;

    TL_UNUSED(state);
    /* ServerMessage.board (44) { queues (2) {} ... } */
    wire[n++] = 0xe2;
    wire[n++] = 0x02;
    wire[n++] = 0x80 | ((TL_PB_MAX - 16) & 0x7f);
    wire[n++] = 0x80 | (((TL_PB_MAX - 16) >> 7) & 0x7f);
    wire[n++] = (TL_PB_MAX - 16) >> 14;
    for (size_t i = 0; i < (TL_PB_MAX - 16) / 2; i++) {
        wire[n++] = 0x12;
        wire[n++] = 0;
    }
    assert_int_equal(tl_pb_unpack(SERVER, wire, n, &m), -EMSGSIZE);
}

static void unknown_fields_are_passed_on(void **state)
{
    const uint8_t wire[] = "\x0a\x01x\xfa\x7f\x03new";
    struct tl_buf out = TL_BUF(100);
    ProtobufCMessage *m = NULL;

    TL_UNUSED(state);
    assert_int_equal(tl_pb_unpack(CLIENT, wire, sizeof(wire) - 1, &m), 0);
    assert_int_equal(tl_pb_pack(m, &out), 0);
    assert_int_equal(out.n, sizeof(wire) - 1);
    assert_memory_equal(out.p, wire, out.n);
    tl_pb_free(m);
    tl_buf_done(&out);
}

static void each_failing_allocation_is_survived(void **state)
{
    const char *json =
        "{\"id\":\"1\",\"request_contact\":{\"request_id\":\"r\",\"channel\":\"CHANNEL_CHAT\"}}";
    bool done = false;

    TL_UNUSED(state);
    for (int i = 0; !done; i++) {
        struct tl_buf why = TL_BUF(1000);
        ProtobufCMessage *m = NULL;

        tl_mem_fail_after(i);
        done = tl_pb_from_json(CLIENT, tl_str(json), &m, &why) == 0;
        tl_mem_fail_after(-1);
        tl_pb_free(m);
        tl_buf_done(&why);
        assert_true(i < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_survives_the_round_trip),
        cmocka_unit_test(what_does_not_fit_is_refused_with_its_place),
        cmocka_unit_test(junk_is_not_json),
        cmocka_unit_test(too_large_a_text_is_refused),
        cmocka_unit_test(wire_junk_is_refused),
        cmocka_unit_test(a_bomb_is_stopped),
        cmocka_unit_test(unknown_fields_are_passed_on),
        cmocka_unit_test(each_failing_allocation_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
