/**
 * @file splice.c  Incoming sequence numbers are extended to 64 bits, so comparisons never wrap.
 */
#include "core/splice.h"

enum {
    FRAME_US = 20000,
    MAX_SEQ_JUMP = 1000,       /* 20 s of packets: the sender began anew */
    MAX_TS_DRIFT_US = 5000000, /* time stamps this far from the wall clock: likewise */
};

void splice_init(struct splice *s, uint16_t first_seq, uint32_t first_ts)
{
    *s = (struct splice){.last_seq = (uint16_t)(first_seq - 1), .last_ts = first_ts};
}

static int64_t extend(const struct splice *s, uint16_t seq)
{
    return s->newest_in + (int16_t)(seq - (uint16_t)s->newest_in);
}

static bool same_stream(const struct splice *s, const struct splice_in *in, int64_t now_us)
{
    int64_t jump, ts_us;

    if (!s->open || s->source != in->source || s->ssrc != in->ssrc || s->clock_hz != in->clock_hz)
        return false;

    jump = extend(s, in->seq) - s->newest_in;
    ts_us = (int64_t)(int32_t)(in->ts - s->newest_ts_in) * 1000000 / in->clock_hz;
    ts_us -= now_us - s->last_us;
    return jump > -MAX_SEQ_JUMP && jump < MAX_SEQ_JUMP && ts_us > -MAX_TS_DRIFT_US &&
           ts_us < MAX_TS_DRIFT_US;
}

static void begin_segment(struct splice *s, const struct splice_in *in, int64_t now_us)
{
    uint32_t frame = in->clock_hz / 50;
    int64_t frames = s->started ? (now_us - s->last_us + FRAME_US / 2) / FRAME_US : 0;

    if (frames < 1)
        frames = 1;
    s->open = true;
    s->source = in->source;
    s->ssrc = in->ssrc;
    s->clock_hz = in->clock_hz;
    s->newest_in = s->floor_in = in->seq;
    s->newest_ts_in = in->ts;
    s->seq_offset = (uint16_t)(s->last_seq + 1 - in->seq);
    s->ts_offset = s->last_ts + (uint32_t)frames * frame - in->ts;
    s->segments++;
}

bool splice_packet(struct splice *s, const struct splice_in *in, int64_t now_us,
                   struct splice_out *ret_out)
{
    bool first = !same_stream(s, in, now_us);
    int64_t seq;

    if (first)
        begin_segment(s, in, now_us);
    seq = extend(s, in->seq);
    if (seq < s->floor_in)
        return false;

    ret_out->seq = (uint16_t)(in->seq + s->seq_offset);
    ret_out->ts = in->ts + s->ts_offset;
    ret_out->marker = first || in->marker;
    if (first || seq > s->newest_in) {
        s->newest_in = seq;
        s->newest_ts_in = in->ts;
        s->last_seq = ret_out->seq;
        s->last_ts = ret_out->ts;
        s->last_us = now_us;
        s->started = true;
    }
    return true;
}

void splice_strip(struct splice *s, const struct splice_in *in)
{
    int64_t seq;

    if (!s->open || s->source != in->source || s->ssrc != in->ssrc)
        return; /* nothing of this stream was sent yet: there is no hole */
    seq = extend(s, in->seq);
    if (seq <= s->newest_in || seq - s->newest_in >= MAX_SEQ_JUMP)
        return; /* twice, or late: the numbers behind it are given away */
    s->seq_offset--;
    s->floor_in = seq + 1; /* what is older and comes late would take a number twice */
    s->newest_in = seq;
}
