/**
 * @file fuzz_sdp.c  Any text as a session description; what is accepted as RTP can be answered.
 */
#include "core/sdp.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct tl_str sdp = {(const char *)data, n};
    struct sdp_rtp r, again;
    struct tl_buf b = TL_BUF(4096);

    assert(sdp_fault_text(sdp_check(sdp, "audio", true)));
    if (sdp_read_rtp(&r, sdp) == 0) {
        assert(sdp_write_rtp(&b, &r, 30000) == 0);
        assert(sdp_read_rtp(&again, tl_buf_str(&b)) == 0);
        assert(again.opus_pt == r.opus_pt && again.port == 30000);
    }
    tl_buf_done(&b);
    return 0;
}
