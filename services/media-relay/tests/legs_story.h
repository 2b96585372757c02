/**
 * @file legs_story.h  The language of the stories of legs: facts and decisions in words.
 *
 * Facts: "prepare c1", "audio c1 L1" (the customer of c1 offers), "agent a1 L2" (a standing leg),
 * "camera c1 a1 L3", "up L1", "heard contact:c1 IDLE_S", ...  Labels and the contact map are left
 * out of the expected text; the label has a test of its own.  A view's id is written V.
 */
#ifndef MEDIA_TESTS_LEGS_STORY_H
#define MEDIA_TESTS_LEGS_STORY_H

#include "core/legs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tl_buf.h>

struct step {
    int at_s;
    const char *fact;
    const char *decisions;
};

struct world {
    struct legs *legs;
    struct tl_id view; /* the newest one */
    char labels[8][LEGS_LABEL];
    char keys[8][LEGS_KEY];
    struct legs_outcome outcome;
};

static struct tl_id id(const char *text)
{
    struct tl_id ret = {0};

    tl_str_put(ret.s, sizeof ret.s, tl_str(text));
    return ret;
}

/* ---- facts from words --------------------------------------------------------------------- */

static struct legs_fact read_fact(struct world *w, const char *text, char words[6][64])
{
    struct legs_fact f = {0};
    int n =
        sscanf(text, "%63s %63s %63s %63s %63s", words[0], words[1], words[2], words[3], words[4]);
    const char *verb = words[0];

    for (int i = n; i < 6; i++)
        words[i][0] = '\0';
    for (int i = 1; i < 5; i++)
        if (strcmp(words[i], "V") == 0)
            strcpy(words[i], w->view.s);
#define IS(name) (strcmp(verb, name) == 0)
    f.contact = id(words[1]);
    if (IS("prepare")) {
        f.kind = LEGS_PREPARE;
        f.session = id("s1");
        f.thread = id("t1");
        f.text = "music";
        f.text2 = "welcome wait";
    } else if (IS("audio") || IS("stranger")) {
        f.kind = LEGS_OFFER;
        f.media = LEGS_AUDIO;
        f.session = id(IS("audio") ? "s1" : "s2");
        f.leg = id(words[2]);
    } else if (IS("agent")) {
        f.kind = LEGS_OFFER;
        f.media = LEGS_AUDIO;
        f.by_agent = true;
        f.contact = (struct tl_id){0};
        f.agent = id(words[1]);
        f.leg = id(words[2]);
    } else if (IS("camera") || IS("screen")) {
        f.kind = LEGS_OFFER;
        f.media = IS("camera") ? LEGS_CAMERA : LEGS_SCREEN;
        f.by_agent = true;
        f.agent = id(words[2]);
        f.leg = id(words[3]);
    } else if (IS("answer") || IS("close")) {
        f.kind = IS("answer") ? LEGS_ANSWER : LEGS_CLOSE;
        f.session = id(words[1]);
        f.by_agent = words[1][0] == 'a';
        f.agent = id(words[1]);
        f.leg = id(words[2]);
    } else if (IS("connect")) {
        f.kind = LEGS_CONNECT;
        f.agent = id(words[2]);
        f.epoch = strtoull(words[3], NULL, 10);
    } else if (IS("hold") || IS("unhold")) {
        f.kind = LEGS_HOLD;
        f.on = IS("hold");
    } else if (IS("release")) {
        f.kind = LEGS_RELEASE;
    } else if (IS("attached")) {
        f.kind = LEGS_ATTACHED;
        f.leg = id(words[1]);
        f.handle = strtoull(words[2], NULL, 10);
    } else if (IS("up") || IS("down")) {
        f.kind = IS("up") ? LEGS_UP : LEGS_DOWN;
        f.leg = id(words[1]);
        f.text = words[2];
    } else if (IS("heard")) {
        f.kind = LEGS_HEARD;
        f.key = words[1];
        f.idle_us = (int64_t)(atof(words[2]) * 1e6);
        f.packets = 1000;
        f.lost = 3;
    } else if (IS("no-port")) {
        f.kind = LEGS_SEAT_REFUSED;
        f.key = words[1];
    } else if (IS("janus-lost")) {
        f.kind = LEGS_JANUS_LOST;
    } else if (IS("janus-back")) {
        f.kind = LEGS_JANUS_BACK;
    } else if (IS("janus-new")) {
        f.kind = LEGS_JANUS_NEW;
    } else if (IS("plane-lost")) {
        f.kind = LEGS_PLANE_LOST;
    } else if (IS("plane-back")) {
        f.kind = LEGS_PLANE_BACK;
    } else if (IS("plane-new")) {
        f.kind = LEGS_PLANE_NEW;
    } else if (IS("tick")) {
        f.kind = LEGS_TICK;
    } else {
        fail_msg("unknown fact: %s", text);
    }
#undef IS
    return f;
}

/* ---- decisions as words ------------------------------------------------------------------- */

static void keep_label(struct world *w, const struct legs_decision *d)
{
    for (int i = 0; i < 8; i++) {
        if (w->keys[i][0] && strcmp(w->keys[i], d->key) != 0)
            continue;
        strcpy(w->keys[i], d->key);
        strcpy(w->labels[i], d->text);
        return;
    }
}

static const char *leg_name(struct world *w, const struct legs_decision *d)
{
    if (d->media != LEGS_VIEW)
        return d->leg.s;
    if (d->kind == LEGS_DO_VIEW)
        w->view = d->leg;
    return "V";
}

static void write_decision(struct world *w, struct tl_buf *b, const struct legs_decision *d)
{
    const char *leg = leg_name(w, d);
    const char *to = tl_id_empty(&d->agent) ? d->session.s : d->agent.s;

    switch (d->kind) {
    case LEGS_DO_LABEL: keep_label(w, d); return;
    case LEGS_DO_REMEMBER:
    case LEGS_DO_FORGET: return;
    default: break;
    }
    if (b->n)
        tl_buf_puts(b, "; ");
    switch (d->kind) {
    case LEGS_DO_OPEN_SEAT: tl_buf_printf(b, "open %s", d->key); break;
    case LEGS_DO_CLOSE_SEAT: tl_buf_printf(b, "close %s", d->key); break;
    case LEGS_DO_UNPEER: tl_buf_printf(b, "unpeer %s", d->key); break;
    case LEGS_DO_HEAR: tl_buf_printf(b, "%s hears %s", d->key, d->text); break;
    case LEGS_DO_PLAY: tl_buf_printf(b, "%s plays %s", d->key, d->text); break;
    case LEGS_DO_START: tl_buf_printf(b, "start %s", leg); break;
    case LEGS_DO_VIEW:
        tl_buf_printf(b, "view %s%s to %s", d->shows == LEGS_SCREEN ? "screen " : "", d->feed.s,
                      to);
        break;
    case LEGS_DO_ANSWER: tl_buf_printf(b, "answer %s", leg); break;
    case LEGS_DO_DETACH: tl_buf_printf(b, "detach %s", leg); break;
    case LEGS_DO_WATCH:
        tl_buf_printf(b, "watch %s %llu", leg, (unsigned long long)d->handle);
        break;
    case LEGS_DO_END_ROOM: tl_buf_printf(b, "end room %s", d->contact.s); break;
    case LEGS_SAY_REOFFER: tl_buf_printf(b, "%s offers again", to); break;
    case LEGS_SAY_CLOSED: tl_buf_printf(b, "%s closed to %s: %s", leg, to, d->text); break;
    case LEGS_TELL_UP: tl_buf_printf(b, "%s up", leg); break;
    case LEGS_TELL_DOWN: tl_buf_printf(b, "%s down: %s", leg, d->text); break;
    case LEGS_TELL_CONNECTED: tl_buf_printf(b, "connected %s %s", d->contact.s, to); break;
    case LEGS_TELL_DISCONNECTED: tl_buf_printf(b, "disconnected %s %s", d->contact.s, to); break;
    case LEGS_TELL_SILENT: tl_buf_printf(b, "%s silent %d", leg, (int)d->n); break;
    case LEGS_TELL_BACK: tl_buf_printf(b, "%s back %d", leg, (int)d->n); break;
    case LEGS_TELL_RESTARTED: tl_buf_printf(b, "%s restarted %d", d->text, (int)d->n); break;
    default: break;
    }
}

static int tell(struct world *w, int at_s, const char *fact, struct tl_buf *b)
{
    char words[6][64];
    struct legs_fact f = read_fact(w, fact, words);
    struct legs_decision d;
    int err = legs_step(w->legs, &f, TL_SEC(1000 + at_s), TL_SEC(5000 + at_s), &w->outcome);

    tl_buf_clear(b);
    if (!err && w->outcome.code >= 400)
        tl_buf_printf(b, "%d", w->outcome.code);
    else if (!err && w->outcome.code == LEGS_AGAIN)
        tl_buf_puts(b, "again");
    while (legs_next(w->legs, &d))
        write_decision(w, b, &d);
    return err;
}

static void play(struct world *w, const struct step *s)
{
    struct tl_buf b = TL_BUF(65536);

    for (; s->fact; s++) {
        assert_int_equal(tell(w, s->at_s, s->fact, &b), 0);
        if (strcmp(b.n ? b.p : "", s->decisions) != 0)
            fail_msg("%d %s\n  expected: %s\n  decided:  %s", s->at_s, s->fact, s->decisions,
                     b.n ? b.p : "");
    }
    tl_buf_done(&b);
}

static const uint8_t seed[10] = "seed";

static void play_alone(const struct step *s)
{
    struct world w = {0};

    assert_int_equal(legs_new(&w.legs, seed, 3), 0);
    play(&w, s);
    legs_free(w.legs);
}

#endif
