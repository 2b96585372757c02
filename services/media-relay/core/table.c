/**
 * @file table.c  Forwarding follows a list of listeners; switching moves one leg between lists.
 *
 * Each leg has a list of those who hear it, so a packet costs what its listeners cost, however many
 * legs there are.
 */
#include "core/table.h"

#include <string.h>
#include <tl_mem.h>

enum { CLOCK_OPUS = 48000, CLOCK_PCMU = 8000, OPUS_FRAME = 960, NO_PT = 255 };

/* Source numbers of splice_in: legs count from 0, what we make ourselves is above. */
#define SOURCE_SOUND   0x10000u
#define SOURCE_SILENCE 0x20000u

/* 20 ms of silence: CELT, full band, mono, nothing coded (RFC 6716). */
static const uint8_t silence[] = {0xf8, 0xff, 0xfe};

int table_init(struct table *t, int max_legs, table_send_fn *send, void *arg)
{
    *t = (struct table){.cap = max_legs, .send = send, .arg = arg};
    t->legs = tl_alloc((size_t)max_legs, sizeof *t->legs);
    return t->legs ? 0 : -ENOMEM;
}

/* Every change of what a leg hears passes here, so the lists of listeners are always true. */
static void set_hear(struct table *t, int leg, struct hear what)
{
    struct table_leg *l = &t->legs[leg];

    if (l->hear.kind == HEAR_LEG) {
        int *at = &t->legs[l->hear.index].first_listener;

        while (*at != leg)
            at = &t->legs[*at].next_listener;
        *at = l->next_listener;
    }
    l->hear = what;
    if (what.kind == HEAR_LEG) {
        l->next_listener = t->legs[what.index].first_listener;
        t->legs[what.index].first_listener = leg;
    }
}

void table_done(struct table *t)
{
    for (int i = 0; i < t->sounds_n; i++)
        ogg_done(&t->sounds[i].sound);
    tl_free(t->legs);
    *t = (struct table){0};
}

int table_add_sound(struct table *t, const char *name, struct ogg_sound *sound)
{
    struct table_sound *s = &t->sounds[t->sounds_n];

    if (!*name || strlen(name) >= sizeof s->name)
        return -EINVAL;
    if (table_find_sound(t, name) >= 0)
        return -EEXIST;
    if (t->sounds_n == TABLE_SOUNDS)
        return -ENOSPC;
    strcpy(s->name, name);
    s->sound = *sound;
    t->sounds_n++;
    return 0;
}

int table_find_sound(const struct table *t, const char *name)
{
    for (int i = 0; i < t->sounds_n; i++)
        if (strcmp(t->sounds[i].name, name) == 0)
            return i;
    return -ENOENT;
}

int table_find_leg(const struct table *t, const char *key)
{
    for (int i = 0; i < t->cap; i++)
        if (t->legs[i].used && strcmp(t->legs[i].key, key) == 0)
            return i;
    return -ENOENT;
}

int table_open(struct table *t, const char *key, const uint32_t random[3])
{
    if (!*key || strlen(key) >= TABLE_KEY)
        return -EINVAL;
    if (table_find_leg(t, key) >= 0)
        return -EEXIST;
    for (int i = 0; i < t->cap; i++) {
        struct table_leg *leg = &t->legs[i];

        if (leg->used)
            continue;
        *leg = (struct table_leg){.used = true, .ssrc = random[0], .first_listener = -1};
        strcpy(leg->key, key);
        leg->in.level = -1;
        splice_init(&leg->out, (uint16_t)random[1], random[2]);
        t->used++;
        return i;
    }
    return -ENOSPC;
}

void table_close(struct table *t, int leg)
{
    while (t->legs[leg].first_listener >= 0)
        set_hear(t, t->legs[leg].first_listener, (struct hear){HEAR_SILENCE, 0});
    set_hear(t, leg, (struct hear){HEAR_SILENCE, 0});
    t->legs[leg].used = false;
    t->legs[leg].has_peer = false;
    t->used--;
}

void table_set_peer(struct table *t, int leg, const struct leg_format *format)
{
    t->legs[leg].format = *format;
    t->legs[leg].has_peer = true;
    rx_rebase(&t->legs[leg].in);
}

void table_drop_peer(struct table *t, int leg)
{
    t->legs[leg].has_peer = false;
}

void table_hear(struct table *t, int leg, struct hear what)
{
    struct table_leg *l = &t->legs[leg];

    if (l->hear.kind == what.kind && l->hear.index == what.index)
        return;
    set_hear(t, leg, what);
    l->frame = 0;
    if (what.kind == HEAR_LEG)
        l->playlist_n = 0;
}

void table_play(struct table *t, int leg, const int *sounds, int n)
{
    struct table_leg *l = &t->legs[leg];

    if (n > TABLE_PLAYLIST)
        n = TABLE_PLAYLIST;
    memcpy(l->playlist, sounds, (size_t)n * sizeof *sounds);
    l->playlist_n = n;
    l->frame = 0;
}

/* Number a payload for one listener and send it.  The header goes into the bytes before it. */
static bool forward(struct table *t, int to, const struct splice_in *in, uint8_t pt,
                    uint8_t *payload, size_t len, int64_t now_us)
{
    struct table_leg *l = &t->legs[to];
    struct splice_out out;

    if (!splice_packet(&l->out, in, now_us, &out))
        return false;
    rtp_write(payload - RTP_HEADER,
              &(struct rtp_header){
                  .pt = pt, .marker = out.marker, .seq = out.seq, .ts = out.ts, .ssrc = l->ssrc});
    t->send(t->arg, to, payload - RTP_HEADER, len + RTP_HEADER);
    l->sent++;
    return true;
}

/* An incoming packet that passed: to everyone who hears this leg. */
static void fan_out(struct table *t, int from, const struct rtp_packet *p, uint8_t *payload,
                    bool opus, bool event, int64_t now_us)
{
    struct splice_in in = {.source = (uint32_t)from,
                           .ssrc = p->ssrc,
                           .clock_hz = opus ? CLOCK_OPUS : CLOCK_PCMU,
                           .seq = p->seq,
                           .ts = p->ts,
                           .marker = p->marker};

    for (int i = t->legs[from].first_listener; i >= 0; i = t->legs[i].next_listener) {
        struct table_leg *l = &t->legs[i];
        uint8_t pt = opus ? l->format.opus_pt : l->format.pcmu_pt;

        if (!l->has_peer)
            continue;
        l->heard_us = now_us;
        if (event)
            splice_strip(&l->out, &in);
        else if (pt == NO_PT || !forward(t, i, &in, pt, payload, p->payload_len, now_us))
            t->legs[from].dropped++;
    }
}

void table_packet(struct table *t, int leg, uint8_t *data, size_t n, int64_t now_us)
{
    struct table_leg *from = &t->legs[leg];
    const struct leg_format *f = &from->format;
    struct rtp_packet p;
    enum rtp_fault fault = rtp_parse(&p, data, n);
    bool opus, pcmu, event;

    if (fault) {
        t->faults[fault]++;
        from->dropped++;
        return;
    }
    if (!from->has_peer)
        return;
    opus = p.pt == f->opus_pt;
    pcmu = p.pt == f->pcmu_pt;
    event = p.pt == f->dtmf_pt[0] || p.pt == f->dtmf_pt[1];
    if ((!opus && !pcmu && !event) || !rx_admit(&from->in, p.ssrc, now_us)) {
        from->dropped++;
        return;
    }
    rx_packet(&from->in, p.ssrc, p.seq, p.ts,
              event  ? 0
              : opus ? CLOCK_OPUS
                     : CLOCK_PCMU,
              p.payload_len, rtp_level(&p, f->level_id), now_us);
    from->dtmf += event;
    fan_out(t, leg, &p, data + (p.payload - data), opus || !pcmu, event, now_us);
}

/* The frame of a sound that a leg hears now, moving on; NULL: none. */
static const struct ogg_frame *next_frame(struct table *t, struct table_leg *l, int *ret_sound)
{
    while (l->playlist_n > 0) {
        const struct ogg_sound *s = &t->sounds[l->playlist[0]].sound;

        *ret_sound = l->playlist[0];
        if (l->frame < s->n)
            return &s->frames[l->frame++];
        l->playlist_n--;
        l->frame = 0;
        memmove(l->playlist, l->playlist + 1, (size_t)l->playlist_n * sizeof *l->playlist);
    }
    if (l->hear.kind == HEAR_SOUND) {
        const struct ogg_sound *s = &t->sounds[l->hear.index].sound;

        *ret_sound = l->hear.index;
        if (l->frame >= s->n)
            l->frame = 0;
        return &s->frames[l->frame++];
    }
    return NULL;
}

static void tick_leg(struct table *t, int i, int64_t now_us)
{
    struct table_leg *l = &t->legs[i];
    uint8_t packet[RTP_MAX];
    const struct ogg_frame *frame;
    int sound = 0;
    struct splice_in in = {.source = SOURCE_SILENCE, .clock_hz = CLOCK_OPUS};
    size_t len = sizeof silence;

    if (l->format.opus_pt == NO_PT)
        return;
    if (l->hear.kind == HEAR_LEG && now_us - l->heard_us < FILL_US)
        return;
    frame = next_frame(t, l, &sound);
    if (frame) {
        len = frame->len;
        memcpy(packet + RTP_HEADER, t->sounds[sound].sound.store + frame->at, len);
        in.source = SOURCE_SOUND + (uint32_t)sound;
    } else {
        memcpy(packet + RTP_HEADER, silence, len);
    }
    in.seq = (uint16_t)l->own_count;
    in.ts = l->own_count * OPUS_FRAME;
    l->own_count++;
    forward(t, i, &in, l->format.opus_pt, packet + RTP_HEADER, len, now_us);
}

void table_tick(struct table *t, int64_t now_us)
{
    for (int i = 0; i < t->cap; i++)
        if (t->legs[i].used && t->legs[i].has_peer)
            tick_leg(t, i, now_us);
}
