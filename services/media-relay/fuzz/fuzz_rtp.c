/**
 * @file fuzz_rtp.c  Any datagram, through parser, table and splicer, with a listener on the leg.
 */
#include "core/table.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void sent(void *arg, int leg, const uint8_t *data, size_t n)
{
    struct rtp_packet p;

    (void)arg;
    assert(rtp_parse(&p, data, n) == RTP_FINE); /* what goes out is always well-formed */
    assert(!p.ext && p.pt == (leg == 1 ? 96 : 111));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct leg_format in = {111, 0, {126, 110}, 1}, out = {96, 255, {255, 255}, 0};
    uint8_t packet[RTP_MAX + 1];
    struct table t;

    if (table_init(&t, 2, sent, NULL))
        return 0;
    table_open(&t, "a", (const uint32_t[]){1, 2, 3});
    table_open(&t, "b", (const uint32_t[]){4, 5, 6});
    table_set_peer(&t, 0, &in);
    table_set_peer(&t, 1, &out);
    table_hear(&t, 1, (struct hear){HEAR_LEG, 0});
    /* A length byte, then a packet, again and again. */
    for (int64_t now = 1; n > 1; now += 20000) {
        size_t len = data[0];

        data++, n--;
        if (len > n)
            len = n;
        memcpy(packet, data, len);
        table_packet(&t, 0, packet, len, now);
        table_tick(&t, now);
        data += len;
        n -= len;
    }
    table_done(&t);
    return 0;
}
