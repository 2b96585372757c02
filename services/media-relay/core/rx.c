/**
 * @file rx.c  Statistics of one sender; a new SSRC starts a new count and keeps the old losses.
 */
#include "core/rx.h"

enum {
    SSRC_DEAD_US = 200000, /* a sender this long silent may be followed by another SSRC */
    MAX_DROPOUT = 3000,    /* RFC 3550 A.1 */
    TALK_LEVEL = 45,       /* louder than this [-dBov] is speech */
    TALK_ON = 3,           /* packets in a row */
    TALK_OFF = 25,
};

static uint64_t lost_here(const struct rx *rx)
{
    uint64_t expected = rx->started ? (uint64_t)(rx->newest - rx->base + 1) : 0;

    return expected > rx->here ? expected - rx->here : 0;
}

uint64_t rx_lost(const struct rx *rx)
{
    return rx->lost_before + lost_here(rx);
}

void rx_rebase(struct rx *rx)
{
    rx->lost_before += lost_here(rx);
    rx->started = false;
    rx->talking = false;
    rx->loud_run = rx->quiet_run = 0;
}

bool rx_admit(struct rx *rx, uint32_t ssrc, int64_t now_us)
{
    if (now_us - rx->window_us >= 1000000) {
        rx->window_us = now_us;
        rx->window_packets = 0;
    }
    if (rx->window_packets >= RX_MAX_PPS)
        return false;
    if (rx->started && ssrc != rx->ssrc && now_us - rx->last_us < SSRC_DEAD_US)
        return false;
    rx->window_packets++;
    return true;
}

static void first_of_ssrc(struct rx *rx, uint32_t ssrc, uint16_t seq)
{
    rx_rebase(rx);
    rx->started = true;
    rx->ssrc = ssrc;
    rx->base = rx->newest = seq;
    rx->here = 0;
    rx->timed = false;
    rx->jitter = 0;
}

static void note_jitter(struct rx *rx, uint32_t ts, uint32_t clock_hz, int64_t now_us)
{
    uint32_t arrival = (uint32_t)((uint64_t)now_us / 1000 * (clock_hz / 1000) +
                                  (uint64_t)now_us % 1000 * (clock_hz / 1000) / 1000);
    uint32_t transit = arrival - ts;
    int32_t d = rx->timed ? (int32_t)(transit - rx->transit) : 0;

    rx->timed = true;
    rx->transit = transit;
    rx->jitter += ((d < 0 ? -(double)d : (double)d) - rx->jitter) / 16.0;
    rx->jitter_ms = rx->jitter * 1000.0 / clock_hz;
}

static void note_level(struct rx *rx, int level)
{
    bool loud = level >= 0 && level < TALK_LEVEL;

    rx->level = level;
    rx->loud_run = loud ? rx->loud_run + 1 : 0;
    rx->quiet_run = loud ? 0 : rx->quiet_run + 1;
    if (rx->loud_run >= TALK_ON)
        rx->talking = true;
    else if (rx->quiet_run >= TALK_OFF)
        rx->talking = false;
}

void rx_packet(struct rx *rx, uint32_t ssrc, uint16_t seq, uint32_t ts, uint32_t clock_hz,
               uint64_t payload_bytes, int level, int64_t now_us)
{
    int64_t ext = rx->newest + (int16_t)(seq - (uint16_t)rx->newest);

    if (!rx->started || ssrc != rx->ssrc || ext - rx->newest > MAX_DROPOUT) {
        first_of_ssrc(rx, ssrc, seq);
        ext = seq;
    }
    if (clock_hz)
        note_jitter(rx, ts, clock_hz, now_us);
    if (ext > rx->newest)
        rx->newest = ext;
    rx->here++;
    rx->packets++;
    rx->bytes += payload_bytes;
    rx->last_us = now_us;
    note_level(rx, level);
}
