/**
 * @file ogg.c  Pages are checked by CRC, packets put together across pages, headers left out.
 */
#include "core/ogg.h"

#include <string.h>
#include <tl_mem.h>

enum {
    PAGE_HEADER = 27,
    MAX_FRAME = 1275, /* RFC 6716: an Opus frame is never longer */
};

struct reader {
    struct ogg_sound sound;
    size_t used, frames_cap; /* bytes used in sound.store */
    size_t start;            /* of the packet being put together */
    size_t packets;          /* complete ones, headers included */
    bool skip;               /* the packet is a header: its bytes are not kept */
    const char *why;
};

static uint32_t get32le(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t crc(const uint8_t *p, size_t n)
{
    uint32_t r = 0;

    for (size_t i = 0; i < n; i++) {
        r ^= (uint32_t)(i >= 22 && i < 26 ? 0 : p[i]) << 24; /* the field itself counts as 0 */
        for (int bit = 0; bit < 8; bit++)
            r = r & 0x80000000u ? r << 1 ^ 0x04c11db7u : r << 1;
    }
    return r;
}

/* Does the TOC byte say one frame of 20 ms? (RFC 6716, table 2) */
static bool is_20ms(uint8_t toc)
{
    int config = toc >> 3;
    bool length = config < 12 ? config % 4 == 1 : config < 16 ? config % 2 == 1 : config % 4 == 3;

    return length && (toc & 3) == 0;
}

static int end_packet(struct reader *r)
{
    const uint8_t *p = r->sound.store + r->start;
    size_t len = r->used - r->start, index = r->packets++;

    if (index == 0 && (len < 19 || memcmp(p, "OpusHead", 8) != 0))
        return r->why = "not an Opus stream", -EBADMSG;
    if (index == 0 && p[9] != 1)
        return r->why = "more than one channel", -EBADMSG;
    if (index < 2) { /* OpusHead and OpusTags carry no sound */
        r->used = r->start;
        return 0;
    }
    if (len == 0 || len > MAX_FRAME)
        return r->why = "frame of an impossible length", -EBADMSG;
    if (!is_20ms(p[0]))
        return r->why = "not in single frames of 20 ms", -EBADMSG;
    if (r->sound.n == r->frames_cap) {
        size_t cap = r->frames_cap ? r->frames_cap * 2 : 256;
        struct ogg_frame *more = tl_resize(r->sound.frames, cap, sizeof *more);

        if (!more)
            return -ENOMEM;
        r->sound.frames = more;
        r->frames_cap = cap;
    }
    r->sound.frames[r->sound.n++] = (struct ogg_frame){(uint32_t)r->start, (uint16_t)len};
    r->start = r->used;
    return 0;
}

/* One page: its segments are appended to the packet being put together. */
static int read_page(struct reader *r, const uint8_t *page, const uint8_t *body, size_t segments)
{
    for (size_t i = 0; i < segments; i++) {
        uint8_t len = page[PAGE_HEADER + i];
        int err;

        memcpy(r->sound.store + r->used, body, len);
        r->used += len;
        body += len;
        if (len == 255)
            continue; /* the packet goes on in the next segment */
        err = end_packet(r);
        if (err)
            return err;
    }
    return 0;
}

int ogg_read(struct ogg_sound *ret_sound, const uint8_t *data, size_t n, const char **ret_why)
{
    struct reader r = {.why = "not an Ogg file"};
    uint32_t serial = 0;
    int err = -EBADMSG;

    r.sound.store = tl_alloc(n + 1, 1); /* the kept bytes are fewer than the file's */
    if (!r.sound.store)
        return -ENOMEM;

    for (size_t at = 0; at < n;) {
        const uint8_t *page = data + at;
        size_t left = n - at, segments, body = 0;

        err = -EBADMSG;
        if (left < PAGE_HEADER || memcmp(page, "OggS", 4) != 0 || page[4] != 0)
            goto out;
        segments = page[26];
        if (left < PAGE_HEADER + segments) {
            r.why = "cut off";
            goto out;
        }
        for (size_t i = 0; i < segments; i++)
            body += page[PAGE_HEADER + i];
        if (left < PAGE_HEADER + segments + body) {
            r.why = "cut off";
            goto out;
        }
        if (crc(page, PAGE_HEADER + segments + body) != get32le(page + 22)) {
            r.why = "damaged page";
            goto out;
        }
        if (at == 0)
            serial = get32le(page + 14);
        if (get32le(page + 14) != serial) {
            r.why = "more than one stream";
            goto out;
        }
        err = read_page(&r, page, page + PAGE_HEADER + segments, segments);
        if (err)
            goto out;
        at += PAGE_HEADER + segments + body;
    }
    if (r.sound.n == 0) {
        if (r.packets)
            r.why = "no sound in it";
        err = -EBADMSG;
        goto out;
    }
    *ret_sound = r.sound;
    return 0;

out:
    ogg_done(&r.sound);
    *ret_why = r.why;
    return err;
}

void ogg_done(struct ogg_sound *sound)
{
    tl_free(sound->store);
    tl_free(sound->frames);
    *sound = (struct ogg_sound){0};
}
