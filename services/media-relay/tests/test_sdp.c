/**
 * @file test_sdp.c  What a browser sends, what no browser sends, and plain RTP with Janus.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/sdp.h"

#define FINGERPRINT                                                                         \
    "a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:" \
    "15:16:17:18:19:1a:1b:1c:1d:1e:1f\r\n"
#define ICE   "a=ice-ufrag:Q2nN\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"
#define AUDIO "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
#define HEAD  "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"

struct story {
    const char *what;
    const char *sdp;
    enum sdp_fault fault;
};

static const struct story stories[] = {
    {"a browser's offer", HEAD AUDIO ICE FINGERPRINT, SDP_FINE},
    {"with bare line feeds", "v=0\ns=-\n" AUDIO ICE FINGERPRINT, SDP_FINE},
    {"who only listens", HEAD AUDIO ICE FINGERPRINT "a=recvonly\r\n", SDP_NOT_SENT},
    {"who does neither", HEAD "a=inactive\r\n" AUDIO ICE FINGERPRINT, SDP_NOT_SENT},
    {"a second line that is only heard",
     HEAD AUDIO ICE FINGERPRINT "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=recvonly\r\n", SDP_FINE},
    {"nothing", "", SDP_MALFORMED},
    {"JSON", "{\"type\":\"offer\"}", SDP_MALFORMED},
    {"a line that is none", HEAD "hello\r\n" AUDIO ICE FINGERPRINT, SDP_MALFORMED},
    {"an empty line", HEAD "\r\n" AUDIO ICE FINGERPRINT, SDP_MALFORMED},
    {"a control character", HEAD "a=x\x01\r\n" AUDIO ICE FINGERPRINT, SDP_MALFORMED},
    {"only video", HEAD "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" ICE FINGERPRINT, SDP_NO_MEDIA},
    {"a look-alike", HEAD "m=audiovisual 9 X 1\r\n" ICE FINGERPRINT, SDP_NO_MEDIA},
    {"no fingerprint", HEAD AUDIO ICE, SDP_FINGERPRINT},
    {"a short fingerprint", HEAD AUDIO ICE "a=fingerprint:sha-256 00:01\r\n", SDP_FINGERPRINT},
    {"an unknown hash", HEAD AUDIO ICE "a=fingerprint:md5 00\r\n" FINGERPRINT, SDP_FINGERPRINT},
    {"a fingerprint of letters", HEAD AUDIO ICE "a=fingerprint:sha-1 hello\r\n", SDP_FINGERPRINT},
    {"no ICE", HEAD AUDIO FINGERPRINT, SDP_ICE},
    {"a short password", HEAD AUDIO FINGERPRINT "a=ice-ufrag:Q2nN\r\na=ice-pwd:abc\r\n", SDP_ICE},
};

static void each_offer_is_judged(void **state)
{
    (void)state;
    for (size_t i = 0; i < TL_LEN(stories); i++) {
        enum sdp_fault fault = sdp_check(tl_str(stories[i].sdp), "audio", true);

        if (fault != stories[i].fault)
            fail_msg("%s: %s", stories[i].what, sdp_fault_text(fault));
    }
}

/* One more than the limit of each kind is refused, the limit itself is not. */
static void limits(void **state)
{
    static const struct {
        const char *line;
        int max; /* that many of the line are still fine */
        enum sdp_fault fault;
    } rows[] = {
        {"a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", SDP_MAX_CANDIDATES,
         SDP_TOO_MANY_CANDIDATES},
        {"m=video 9 X 1\r\n", SDP_MAX_MEDIA - 1, SDP_TOO_MANY_MEDIA},
        {"a=x\r\n", SDP_MAX_LINES - 8, SDP_TOO_MANY_LINES},
    };

    (void)state;
    for (size_t i = 0; i < TL_LEN(rows); i++) {
        struct tl_buf b = TL_BUF(SDP_MAX_BYTES * 2);

        tl_buf_puts(&b, HEAD AUDIO ICE FINGERPRINT);
        for (int k = 0; k < rows[i].max; k++)
            tl_buf_puts(&b, rows[i].line);
        assert_int_equal(sdp_check(tl_buf_str(&b), "audio", true), SDP_FINE);
        tl_buf_puts(&b, rows[i].line);
        assert_int_equal(sdp_check(tl_buf_str(&b), "audio", true), rows[i].fault);
        tl_buf_done(&b);
    }
}

static void a_novel_is_refused(void **state)
{
    struct tl_buf b = TL_BUF(SDP_MAX_BYTES * 2);

    (void)state;
    tl_buf_puts(&b, HEAD AUDIO ICE FINGERPRINT "a=x:");
    while (b.n <= SDP_MAX_BYTES)
        tl_buf_putc(&b, 'x');
    assert_int_equal(sdp_check(tl_buf_str(&b), "audio", true), SDP_TOO_LONG);
    tl_buf_done(&b);
}

/* As NoSIP generated it from a browser's offer. */
static const char generated[] =
    "v=0\r\no=- 6 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "m=audio 28000 RTP/AVP 111 63 9 0 8 13 110 126\r\nc=IN IP4 127.0.0.1\r\n"
    "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n"
    "a=rtpmap:63 red/48000/2\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:110 telephone-event/48000\r\n"
    "a=rtpmap:126 telephone-event/8000\r\n"
    "a=extmap:1/sendrecv urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"
    "m=video 28002 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n";

static void what_janus_generates_is_read(void **state)
{
    struct sdp_rtp r;

    (void)state;
    assert_int_equal(sdp_read_rtp(&r, tl_str(generated)), 0);
    assert_int_equal(r.port, 28000);
    assert_int_equal(r.opus_pt, 111);
    assert_int_equal(r.pcmu_pt, 0);
    assert_int_equal(r.dtmf_pt[0], 110);
    assert_int_equal(r.dtmf_pt[1], 126);
    assert_int_equal(r.level_id, 1);
    assert_int_equal(sdp_read_rtp(&r, TL_STR("v=0\r\nm=audio 0 RTP/AVP 0\r\n")), -EBADMSG);
    assert_int_equal(sdp_read_rtp(&r, TL_STR("")), -EBADMSG);
    /* Lines that say nothing; found by the fuzzer. */
    assert_int_equal(sdp_read_rtp(&r, TL_STR("v=0\nm=audio\na=extmap:\na=rtpmap:\n")), -EBADMSG);
}

static void our_answer_reads_back(void **state)
{
    struct tl_buf b = TL_BUF(4096);
    struct sdp_rtp theirs, ours;

    (void)state;
    assert_int_equal(sdp_read_rtp(&theirs, tl_str(generated)), 0);
    assert_int_equal(sdp_write_rtp(&b, &theirs, 30002), 0);
    assert_int_equal(sdp_read_rtp(&ours, tl_buf_str(&b)), 0);
    assert_int_equal(ours.port, 30002);
    assert_int_equal(ours.opus_pt, 111);
    assert_int_equal(ours.pcmu_pt, 255); /* the leg is Opus from end to end */
    assert_int_equal(ours.dtmf_pt[1], 126);
    assert_int_equal(ours.level_id, 1);
    tl_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_offer_is_judged),  cmocka_unit_test(limits),
        cmocka_unit_test(a_novel_is_refused),    cmocka_unit_test(what_janus_generates_is_read),
        cmocka_unit_test(our_answer_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
