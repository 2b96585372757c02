/**
 * @file rtp.c  One pass over the header; every length is checked before it is used.
 */
#include "core/rtp.h"

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

enum rtp_fault rtp_parse(struct rtp_packet *ret_p, const uint8_t *data, size_t n)
{
    struct rtp_packet p = {0};
    size_t at = RTP_HEADER, padding = 0;

    if (n <= RTP_HEADER)
        return RTP_SHORT;
    if (n > RTP_MAX)
        return RTP_LONG;
    if (data[0] >> 6 != 2)
        return RTP_VERSION;
    if (data[1] >= 192 && data[1] <= 223)
        return RTP_RTCP;

    p.marker = data[1] >> 7;
    p.pt = data[1] & 0x7f;
    p.seq = get16(data + 2);
    p.ts = get32(data + 4);
    p.ssrc = get32(data + 8);

    at += (size_t)(data[0] & 0x0f) * 4; /* CSRC list */
    if (data[0] & 0x10) {
        if (at + 4 > n)
            return RTP_OVERFLOW;
        p.ext_len = (size_t)get16(data + at + 2) * 4;
        if (get16(data + at) == 0xbede)
            p.ext = data + at + 4;
        at += 4 + p.ext_len;
    }
    if (at > n)
        return RTP_OVERFLOW;
    if (data[0] & 0x20) {
        padding = data[n - 1];
        if (padding == 0 || padding > n - at)
            return RTP_OVERFLOW;
    }
    p.payload = data + at;
    p.payload_len = n - at - padding;
    if (p.payload_len == 0)
        return RTP_SHORT;

    *ret_p = p;
    return RTP_FINE;
}

const char *rtp_fault_name(enum rtp_fault fault)
{
    switch (fault) {
    case RTP_FINE: return "fine";
    case RTP_SHORT: return "short";
    case RTP_LONG: return "long";
    case RTP_VERSION: return "version";
    case RTP_RTCP: return "rtcp";
    case RTP_OVERFLOW: return "overflow";
    case RTP_FAULTS: break;
    }
    return "unknown";
}

int rtp_level(const struct rtp_packet *p, int id)
{
    const uint8_t *at = p->ext, *end = p->ext ? p->ext + p->ext_len : NULL;

    while (at && at < end) {
        int this_id = *at >> 4;
        size_t len = (size_t)(*at & 0x0f) + 1;

        if (*at == 0) { /* padding between elements */
            at++;
            continue;
        }
        if (this_id == 15 || at + 1 + len > end)
            return -1;
        if (this_id == id)
            return at[1] & 0x7f;
        at += 1 + len;
    }
    return -1;
}

void rtp_write(uint8_t out[RTP_HEADER], const struct rtp_header *h)
{
    out[0] = 0x80;
    out[1] = (uint8_t)(h->marker << 7 | (h->pt & 0x7f));
    out[2] = (uint8_t)(h->seq >> 8);
    out[3] = (uint8_t)h->seq;
    put32(out + 4, h->ts);
    put32(out + 8, h->ssrc);
}
