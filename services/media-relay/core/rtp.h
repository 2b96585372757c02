/**
 * @file rtp.h  RTP packets: taken apart, checked, and given a new header.
 *
 * Source: RFC 3550 section 5.1 (header), RFC 8285 (one-byte header extensions), RFC 6464 (level).
 */
#ifndef MEDIA_CORE_RTP_H
#define MEDIA_CORE_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RTP_HEADER = 12, /* bytes of the header we write: no CSRC, no extension */
    RTP_MAX = 1500,  /* longer datagrams are refused */
};

/** What is wrong with a datagram; the names are values of the metric label "class". */
enum rtp_fault {
    RTP_FINE,
    RTP_SHORT,    /* under 12 bytes, or no payload */
    RTP_LONG,     /* over RTP_MAX */
    RTP_VERSION,  /* not version 2 */
    RTP_RTCP,     /* an RTCP packet on the RTP port (RFC 5761 demultiplexing) */
    RTP_OVERFLOW, /* CSRC list, extension or padding reach past the end */
    RTP_FAULTS
};

/** The parts of one packet, borrowed from the datagram. */
struct rtp_packet {
    uint8_t pt;
    bool marker;
    uint16_t seq;
    uint32_t ts;
    uint32_t ssrc;
    const uint8_t *payload; /* at least RTP_HEADER bytes after the start of the datagram */
    size_t payload_len;
    const uint8_t *ext; /* one-byte extensions (profile 0xBEDE), NULL if there are none */
    size_t ext_len;
};

/** What rtp_write() puts in front of a payload. */
struct rtp_header {
    uint8_t pt;
    bool marker;
    uint16_t seq;
    uint32_t ts;
    uint32_t ssrc;
};

/** Take a datagram apart; ret_p is set only for RTP_FINE.  Padding is left out of the payload. */
enum rtp_fault rtp_parse(struct rtp_packet *ret_p, const uint8_t *data, size_t n);

/** Short lower-case name of a fault, for logs and metrics. */
const char *rtp_fault_name(enum rtp_fault fault);

/**
 * Loudness that the sender wrote into the packet.
 *
 * @param id  Extension id of urn:ietf:params:rtp-hdrext:ssrc-audio-level, 1 to 14
 * @return 0 (loudest) to 127 (silence) [-dBov], or -1 if the packet does not say
 */
int rtp_level(const struct rtp_packet *p, int id);

/** Write a header of RTP_HEADER bytes to out. */
void rtp_write(uint8_t out[RTP_HEADER], const struct rtp_header *h);

#endif
