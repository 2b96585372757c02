/**
 * @file commands.c  The protocol of plane.h: one message in, one answer out.
 */
#include "plane/plane.h"

#include <tl_clock.h>

enum { STATS_LINE = TABLE_KEY + 9 * 21 + 16 }; /* the longest: a key, nine numbers, "more" */

struct words {
    struct tl_str rest;
};

static struct tl_str word(struct words *w)
{
    struct tl_str part = {0};

    tl_str_split(&w->rest, ' ', &part);
    return part;
}

static int number(struct words *w, int64_t max, int64_t *ret)
{
    return tl_str_int(word(w), 0, max, ret);
}

static int find_leg(struct plane *p, struct words *w)
{
    char key[TABLE_KEY];
    int slot;

    if (!tl_str_put(key, sizeof key, word(w)) || !*key)
        return -EINVAL;
    slot = table_find_leg(&p->table, key);
    return slot < 0 ? -ESRCH : slot;
}

static int find_sound(struct plane *p, struct tl_str name)
{
    char text[64];

    return tl_str_put(text, sizeof text, name) ? table_find_sound(&p->table, text) : -ENOENT;
}

static int do_hello(struct plane *p, struct words *w, struct tl_buf *out)
{
    int64_t version;

    if (number(w, INT32_MAX, &version) < 0 || version != PLANE_VERSION)
        return -EPROTO;
    return tl_buf_printf(out, "ok %s %s", p->boot.s, p->note);
}

static int do_note(struct plane *p, struct words *w)
{
    return tl_str_put(p->note, sizeof p->note, w->rest) ? 0 : -EMSGSIZE;
}

static int do_open(struct plane *p, struct words *w, struct tl_buf *out)
{
    char key[TABLE_KEY];
    uint32_t random[3];
    int slot, err;

    if (!tl_str_put(key, sizeof key, word(w)))
        return -EINVAL;
    tl_random(random, sizeof random);
    slot = table_open(&p->table, key, random);
    if (slot < 0)
        return slot;
    err = plane_port_open(p, slot);
    if (err) {
        table_close(&p->table, slot);
        return err;
    }
    return tl_buf_printf(out, "ok %u", p->ports[slot].number);
}

static int do_peer(struct plane *p, struct words *w, struct tl_buf *out)
{
    int slot = find_leg(p, w), err;
    int64_t port, opus, pcmu, dtmf, dtmf2, level;

    if (slot < 0)
        return slot;
    if (number(w, 65535, &port) || number(w, 255, &opus) || number(w, 255, &pcmu) ||
        number(w, 255, &dtmf) || number(w, 255, &dtmf2) || number(w, 14, &level) || port == 0)
        return -EINVAL;
    err = plane_port_connect(p, slot, (uint16_t)port);
    if (err)
        return err;
    table_set_peer(&p->table, slot,
                   &(struct leg_format){.opus_pt = (uint8_t)opus,
                                        .pcmu_pt = (uint8_t)pcmu,
                                        .dtmf_pt = {(uint8_t)dtmf, (uint8_t)dtmf2},
                                        .level_id = (uint8_t)level});
    return tl_buf_printf(out, "ok %u", p->ports[slot].number);
}

static int do_unpeer(struct plane *p, struct words *w)
{
    int slot = find_leg(p, w);

    if (slot < 0)
        return slot;
    table_drop_peer(&p->table, slot);
    plane_port_disconnect(p, slot);
    return 0;
}

/* A name that is not there must not leave the leg with what it heard before: on hold that would be
 * the other party.  It hears music, or silence, and the control is told. */
static int hear_sound(struct plane *p, int slot, struct tl_str name)
{
    int sound = find_sound(p, name), instead = table_find_sound(&p->table, "music");

    if (sound >= 0)
        table_hear(&p->table, slot, (struct hear){HEAR_SOUND, sound});
    else if (instead >= 0)
        table_hear(&p->table, slot, (struct hear){HEAR_SOUND, instead});
    else
        table_hear(&p->table, slot, (struct hear){HEAR_SILENCE, 0});
    return sound < 0 ? sound : 0;
}

static int do_hear(struct plane *p, struct words *w)
{
    int slot = find_leg(p, w);
    struct tl_str what = word(w);
    struct hear hear = {HEAR_SILENCE, 0};

    if (slot < 0)
        return slot;
    if (tl_str_starts(what, TL_STR("leg:"))) {
        struct words key = {{what.s + 4, what.n - 4}};

        hear = (struct hear){HEAR_LEG, find_leg(p, &key)};
    } else if (tl_str_starts(what, TL_STR("sound:"))) {
        return hear_sound(p, slot, (struct tl_str){what.s + 6, what.n - 6});
    } else if (!tl_str_eq(what, TL_STR("silence"))) {
        return -EINVAL;
    }
    if (hear.index < 0)
        return hear.index;
    table_hear(&p->table, slot, hear);
    return 0;
}

static int do_play(struct plane *p, struct words *w)
{
    int slot = find_leg(p, w), sounds[TABLE_PLAYLIST], n = 0, err = 0;
    struct tl_str name;

    if (slot < 0)
        return slot;
    while (tl_str_split(&w->rest, ' ', &name)) {
        if (n == TABLE_PLAYLIST)
            return -E2BIG;
        sounds[n] = find_sound(p, name);
        if (sounds[n] < 0)
            err = -ENOENT; /* the others are played */
        else
            n++;
    }
    table_play(&p->table, slot, sounds, n);
    return err;
}

static int do_label(struct plane *p, struct words *w)
{
    int slot = find_leg(p, w);
    struct table_leg *leg;

    if (slot < 0)
        return slot;
    leg = &p->table.legs[slot];
    return tl_str_put(leg->label, sizeof leg->label, w->rest) ? 0 : -EMSGSIZE;
}

static int do_close(struct plane *p, struct words *w)
{
    int slot = find_leg(p, w);

    if (slot < 0)
        return slot;
    plane_port_close(p, slot);
    table_close(&p->table, slot);
    return 0;
}

static int do_list(struct plane *p, struct words *w, struct tl_buf *out)
{
    int64_t from;

    if (number(w, INT32_MAX, &from) < 0)
        return -EINVAL;
    for (int64_t i = from; i < p->table.cap; i++) {
        const struct table_leg *l = &p->table.legs[i];

        if (!l->used)
            continue;
        tl_buf_printf(out, "leg %d %s %u %d ", (int)i, l->key, p->ports[i].number, l->has_peer);
        if (l->hear.kind == HEAR_LEG)
            tl_buf_printf(out, "leg:%s", p->table.legs[l->hear.index].key);
        else if (l->hear.kind == HEAR_SOUND)
            tl_buf_printf(out, "sound:%s", p->table.sounds[l->hear.index].name);
        else
            tl_buf_puts(out, "silence");
        return tl_buf_printf(out, " %s", l->label);
    }
    return tl_buf_puts(out, "ok");
}

/* As many as one message holds; who asks begins at the next slot again. */
static int do_stats(struct plane *p, struct words *w, int64_t now_us, struct tl_buf *out)
{
    int64_t from = 0;

    if (w->rest.n && number(w, INT32_MAX, &from) < 0)
        return -EINVAL;
    tl_buf_puts(out, "ok");
    for (int64_t i = from; i < p->table.cap; i++) {
        const struct table_leg *l = &p->table.legs[i];
        int64_t idle_ms = l->in.last_us ? (now_us - l->in.last_us) / 1000 : -1;

        if (out->n > PLANE_MESSAGE - STATS_LINE)
            return tl_buf_printf(out, "\nmore %d", (int)i);
        if (l->used)
            tl_buf_printf(out, "\n%s %llu %llu %lld %lld %d %d %llu %llu %llu", l->key,
                          (unsigned long long)l->in.packets, (unsigned long long)rx_lost(&l->in),
                          (long long)(l->in.jitter_ms * 1000), (long long)idle_ms, l->in.talking,
                          l->in.level, (unsigned long long)l->sent, (unsigned long long)l->dropped,
                          (unsigned long long)l->dtmf);
    }
    return out->err;
}

static int do_faults(struct plane *p, struct tl_buf *out)
{
    tl_buf_puts(out, "ok");
    for (int i = RTP_FINE + 1; i < RTP_FAULTS; i++)
        tl_buf_printf(out, " %llu", (unsigned long long)p->table.faults[i]);
    return tl_buf_printf(out, " %llu", (unsigned long long)p->send_errors);
}

static const char *why(int err)
{
    switch (err) {
    case -ENOENT: return "no such sound";
    case -ESRCH: return "no such leg";
    case -EEXIST: return "the key is in use";
    case -ENOSPC:
    case -EADDRINUSE: return "no port is free";
    case -EPROTO: return "unknown version";
    case -EMSGSIZE: return "too long";
    default: return "not understood";
    }
}

void plane_command(struct plane *p, struct tl_str message, int64_t now_us, struct tl_buf *out)
{
    struct words w = {message};
    struct tl_str tag = word(&w), verb = word(&w);
    int err = -EINVAL;
    size_t head;

#define IS(name) tl_str_eq(verb, TL_STR(name))
    tl_buf_clear(out);
    tl_buf_printf(out, "%.*s ", (int)TL_LOWER(tag.n, 32), tag.s);
    head = out->n;
    if (IS("hello"))
        err = do_hello(p, &w, out);
    else if (IS("note"))
        err = do_note(p, &w);
    else if (IS("open"))
        err = do_open(p, &w, out);
    else if (IS("peer"))
        err = do_peer(p, &w, out);
    else if (IS("unpeer"))
        err = do_unpeer(p, &w);
    else if (IS("hear"))
        err = do_hear(p, &w);
    else if (IS("play"))
        err = do_play(p, &w);
    else if (IS("label"))
        err = do_label(p, &w);
    else if (IS("close"))
        err = do_close(p, &w);
    else if (IS("list"))
        err = do_list(p, &w, out);
    else if (IS("stats"))
        err = do_stats(p, &w, now_us, out);
    else if (IS("faults"))
        err = do_faults(p, out);
#undef IS
    if (err) {
        tl_buf_clear(out);
        tl_buf_printf(out, "%.*s err %d %s", (int)TL_LOWER(tag.n, 32), tag.s, -err, why(err));
    } else if (out->n == head) {
        tl_buf_puts(out, "ok");
    }
}
