/**
 * @file rx.h  What arrived from one sender: counts, loss, jitter, loudness.
 *
 * Source: RFC 3550 appendix A.1 (sequence numbers), A.3 (loss), A.8 (jitter).
 */
#ifndef MEDIA_CORE_RX_H
#define MEDIA_CORE_RX_H

#include <stdbool.h>
#include <stdint.h>

struct rx {
    uint64_t packets; /* accepted */
    uint64_t bytes;   /* of their payloads */
    int64_t last_us;  /* arrival of the newest, monotonic; 0: none yet */
    bool talking;     /* by the sender's level, with hang-over */
    int level;        /* of the newest packet [-dBov], -1: not said */

    /* the running SSRC */
    bool started;
    uint32_t ssrc;
    int64_t base, newest; /* extended sequence numbers */
    uint64_t here;        /* packets of this SSRC */
    bool timed;           /* transit is known */
    uint32_t transit;     /* arrival - time stamp, in clock units */
    double jitter;        /* clock units */
    double jitter_ms;
    uint64_t lost_before; /* of earlier SSRCs */

    int quiet_run, loud_run; /* packets in a row, for `talking` */

    int64_t window_us; /* flood guard: this second began */
    int window_packets;
};

/** How many packets a second one sender may bring: three times what 20 ms frames need. */
enum { RX_MAX_PPS = 150 };

/** May this packet pass?  A flood and a second SSRC beside a live one may not. */
bool rx_admit(struct rx *rx, uint32_t ssrc, int64_t now_us);

/** Count a packet that was admitted.  level as rtp_level() gives it; clock_hz 0: its time stamp
 * says nothing of jitter (a digit's stands still). */
void rx_packet(struct rx *rx, uint32_t ssrc, uint16_t seq, uint32_t ts, uint32_t clock_hz,
               uint64_t payload_bytes, int level, int64_t now_us);

/** The sender is being replaced: accept a new SSRC at once, keep the totals. */
void rx_rebase(struct rx *rx);

/** Packets that never came, over all SSRCs (late ones count as arrived). */
uint64_t rx_lost(const struct rx *rx);

#endif
