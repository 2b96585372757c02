/**
 * @file relay_plane.c  What the plane says: what a predecessor left in it, and what it counted.
 */
#include "relay_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>

void relay_plane_lost(void *arg)
{
    struct relay *r = arg;

    tl_warn("the plane is gone");
    fact(r, LEGS_PLANE_LOST);
}

static void start_janus(struct relay *r)
{
    const struct janus_opts opts = {r->janus_url, r->janus_secret, r->claim};

    if (!r->janus && janus_open(&r->janus, r->loop, &opts, &relay_janus_ops, r))
        abort();
}

static void ask_next_leg(struct relay *r, int from);

/* "leg <slot> <key> <port> <peer> <hears> <label...>" or nothing: that was all */
static void on_leg(void *arg, int err, struct tl_str answer)
{
    struct relay *r = arg;
    struct tl_str word = {0}, slot = {0}, key = {0};
    char key_text[LEGS_KEY], label[LEGS_LABEL];
    struct legs_outcome ignored;
    int64_t number = 0;

    if (err)
        return; /* lost again: all of it is asked again */
    if (!tl_str_split(&answer, ' ', &word) || !tl_str_eq(word, TL_STR("leg"))) {
        r->adopted = true;
        fact(r, LEGS_PLANE_BACK);
        start_janus(r);
        return;
    }
    tl_str_split(&answer, ' ', &slot);
    tl_str_split(&answer, ' ', &key);
    for (int i = 0; i < 3; i++) /* port, peer and what it hears follow from the label */
        tl_str_split(&answer, ' ', &word);
    if (tl_str_int(slot, 0, INT32_MAX - 1, &number) ||
        !tl_str_put(key_text, sizeof key_text, key) || !tl_str_put(label, sizeof label, answer) ||
        relay_step(r, &(struct legs_fact){.kind = LEGS_ADOPT, .key = key_text, .text = label}, NULL,
                   &ignored))
        plane_ask(r->plane, NULL, NULL, "close %.*s", (int)key.n, key.s);
    ask_next_leg(r, (int)number + 1);
}

static void ask_next_leg(struct relay *r, int from)
{
    plane_ask(r->plane, on_leg, r, "list %d", from);
}

static void read_note(struct relay *r, struct tl_str note)
{
    struct tl_str word;
    int64_t n;

    while (tl_str_split(&note, ' ', &word))
        if (tl_str_starts(word, TL_STR("janus=")) &&
            !tl_str_int((struct tl_str){word.s + 6, word.n - 6}, 1, INT64_MAX, &n))
            r->claim = (uint64_t)n;
}

void relay_plane_found(void *arg, struct tl_str boot, struct tl_str note)
{
    struct relay *r = arg;
    struct tl_id id;
    bool same;

    if (tl_id_parse(&id, boot))
        return;
    same = tl_id_eq(&id, &r->plane_boot);
    r->plane_boot = id;
    tl_info("the plane is there", TL_S("boot", id.s));
    if (!r->adopted) {
        read_note(r, note);
        ask_next_leg(r, 0);
        return;
    }
    if (r->session)
        plane_ask(r->plane, NULL, NULL, "note janus=%llu", (unsigned long long)r->session);
    fact(r, same ? LEGS_PLANE_BACK : LEGS_PLANE_NEW);
}

static bool take_number(struct tl_str *line, int64_t *ret)
{
    struct tl_str word = {0};

    return tl_str_split(line, ' ', &word) && tl_str_int(word, -1, INT64_MAX, ret) == 0;
}

static void on_stats(void *arg, int err, struct tl_str answer)
{
    struct relay *r = arg;
    struct tl_str line, key = {0};

    if (err)
        return;
    while (tl_str_split(&answer, '\n', &line)) {
        struct legs_fact f = {.kind = LEGS_HEARD};
        struct legs_outcome ignored;
        char key_text[LEGS_KEY];
        int64_t packets, lost, idle_ms, slot;

        tl_str_split(&line, ' ', &key);
        if (tl_str_eq(key, TL_STR("more")) && take_number(&line, &slot)) {
            plane_ask(r->plane, on_stats, r, "stats %d", (int)slot);
            continue;
        }
        if (!tl_str_put(key_text, sizeof key_text, key) || !take_number(&line, &packets) ||
            !take_number(&line, &lost) || !take_number(&line, &f.jitter_us) ||
            !take_number(&line, &idle_ms))
            continue;
        f.key = key_text;
        f.packets = (uint64_t)packets;
        f.lost = (uint64_t)lost;
        f.idle_us = idle_ms < 0 ? -1 : TL_MSEC(idle_ms);
        (void)relay_step(r, &f, NULL, &ignored); /* out of memory: the next poll says it again */
    }
}

/* "<short> <long> <version> <rtcp> <overflow> <not sent>" since the plane's start: the increase is
 * counted. */
static void on_faults(void *arg, int err, struct tl_str answer)
{
    struct relay *r = arg;
    int64_t n;

    for (int i = RTP_FINE + 1; !err && i < RTP_FAULTS && take_number(&answer, &n); i++) {
        char labels[64];

        snprintf(labels, sizeof labels, "edge=\"rtp\",class=\"%s\"",
                 rtp_fault_name((enum rtp_fault)i));
        if (n > r->faults[i])
            tl_metric_add(tl_counter("tl_media_bad_input_total", labels, "inputs refused"),
                          (double)(n - r->faults[i]));
        r->faults[i] = n;
    }
    if (err || !take_number(&answer, &n))
        return;
    if (n > r->not_sent)
        tl_metric_add(tl_counter("tl_media_not_sent_total", NULL,
                                 "packets that the plane could not send to Janus"),
                      (double)(n - r->not_sent));
    r->not_sent = n;
}

void relay_poll_plane(void *arg)
{
    struct relay *r = arg;

    if (plane_client_ready(r->plane))
        plane_ask(r->plane, on_stats, r, "stats 0");
    relay_ask_rooms(r);
    if (r->polls++ % 2 == 0)
        fact(r, LEGS_TICK);
    if (r->polls % 10 == 1 && plane_client_ready(r->plane))
        plane_ask(r->plane, on_faults, r, "faults");
}
