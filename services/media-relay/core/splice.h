/**
 * @file splice.h  One unbroken outgoing stream made of pieces of many incoming ones.
 *
 * A listener must never notice that its source was switched: one SSRC, sequence numbers without a
 * hole, time stamps that follow the clock on the wall.  The rules:
 *
 *   1. A piece (segment) begins when the source, its SSRC or its clock changes, or when its
 * numbering jumps.  The first packet gets seq = last + 1, ts = last + max(1, round(elapsed / 20
 * ms)) frames, and the marker.
 *   2. Inside a segment the offsets are constant, so that real losses and reordering stay visible.
 *   3. A packet older than the segment's first one is dropped.
 *   4. Taking a packet out (a telephone-event) closes the hole: the sequence offset moves by one.
 *
 * Measured on browsers: without these rules each switch costs a concealment; with them none.
 */
#ifndef MEDIA_CORE_SPLICE_H
#define MEDIA_CORE_SPLICE_H

#include <stdbool.h>
#include <stdint.h>

/** The numbers of one incoming packet and where it comes from. */
struct splice_in {
    uint32_t source; /* any number that names the source: a leg, a piece of music */
    uint32_t ssrc;
    uint32_t clock_hz; /* 48000 for Opus, 8000 for G.711 */
    uint16_t seq;
    uint32_t ts;
    bool marker;
};

struct splice_out {
    uint16_t seq;
    uint32_t ts;
    bool marker;
};

struct splice {
    bool started;      /* something has been sent */
    uint16_t last_seq; /* newest packet sent */
    uint32_t last_ts;
    int64_t last_us; /* when it was sent, monotonic */
    uint64_t segments;

    bool open; /* a segment is running; its source: */
    uint32_t source, ssrc, clock_hz;
    int64_t newest_in; /* extended sequence number of its newest packet */
    int64_t floor_in;  /* older ones are dropped */
    uint32_t newest_ts_in;
    uint16_t seq_offset; /* out = in + offset */
    uint32_t ts_offset;
};

/** Begin with random numbers, as RFC 3550 5.1 asks; they come from the caller. */
void splice_init(struct splice *s, uint16_t first_seq, uint32_t first_ts);

/**
 * Number the next packet.
 *
 * @param now_us  Monotonic time [us]
 * @return false: drop it, it is older than the piece it belongs to
 */
bool splice_packet(struct splice *s, const struct splice_in *in, int64_t now_us,
                   struct splice_out *ret_out);

/** A packet of the running source is not forwarded: close the hole that it leaves. */
void splice_strip(struct splice *s, const struct splice_in *in);

#endif
