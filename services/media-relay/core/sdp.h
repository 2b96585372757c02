/**
 * @file sdp.h  Session descriptions: limits for what browsers send, and plain RTP with Janus.
 *
 * We do not negotiate WebRTC (Janus does); we only refuse what no browser would send.
 * Source: RFC 8866 (SDP), RFC 8839 (ICE attributes), RFC 8122 (fingerprint), RFC 4733, RFC 6464.
 */
#ifndef MEDIA_CORE_SDP_H
#define MEDIA_CORE_SDP_H

#include <tl_buf.h>

enum {
    SDP_MAX_BYTES = 64 * 1024,
    SDP_MAX_LINES = 1000,
    SDP_MAX_MEDIA = 32,
    SDP_MAX_CANDIDATES = 100,
};

enum sdp_fault {
    SDP_FINE,
    SDP_TOO_LONG,
    SDP_TOO_MANY_LINES,
    SDP_TOO_MANY_MEDIA,
    SDP_TOO_MANY_CANDIDATES,
    SDP_MALFORMED, /* a line that is not "x=...", or does not begin with v=0 */
    SDP_NO_MEDIA,  /* nothing of the kind that the leg is for */
    SDP_FINGERPRINT,
    SDP_ICE,      /* no user fragment or password */
    SDP_NOT_SENT, /* an offer whose media is not sent: recvonly or inactive */
};

/** A reason for people; the metric class is sdp_fault_class(). */
const char *sdp_fault_text(enum sdp_fault fault);
const char *sdp_fault_class(enum sdp_fault fault);

/** Is this the description of a WebRTC peer with an m-line of `media` ("audio", "video")?
 * @param sends  It has to send it: true for offers; who only watches answers a view */
enum sdp_fault sdp_check(struct tl_str sdp, const char *media, bool sends);

/** The audio of a plain-RTP description as the NoSIP plugin generates it; 255: not offered. */
struct sdp_rtp {
    uint16_t port;
    uint8_t opus_pt, pcmu_pt;
    uint8_t dtmf_pt[2];
    uint8_t level_id; /* 0: not offered */
};

/** 0, or -EBADMSG: no audio with Opus on a usable port. */
int sdp_read_rtp(struct sdp_rtp *ret, struct tl_str sdp);

/** Our answer: their payload types, Opus first, on our port of the loopback. */
int sdp_write_rtp(struct tl_buf *out, const struct sdp_rtp *theirs, uint16_t port);

#endif
