/**
 * @file test_legs.c  Stories of legs: what happens, second by second, and what is decided.
 *
 * Facts: "prepare c1", "audio c1 L1" (the customer of c1 offers), "agent a1 L2" (a standing leg),
 * "camera c1 a1 L3", "up L1", "heard contact:c1 IDLE_S", ...  Labels and the contact map are left
 * out of the expected text; the label has a test of its own.  A view's id is written V.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/legs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tl_buf.h>
#include <tl_mem.h>

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

    assert_int_equal(legs_new(&w.legs, seed), 0);
    play(&w, s);
    legs_free(w.legs);
}

/* ---- stories ------------------------------------------------------------------------------ */

#define START_UP           \
    {0, "plane-back", ""}, \
    {                      \
        0, "janus-new", "" \
    }
#define AGENT_A1                                                           \
    {1, "agent a1 LA", "open agent:a1; start LA; agent:a1 hears silence"}, \
        {1, "attached LA 11", ""},                                         \
    {                                                                      \
        1, "up LA", "LA up"                                                \
    }
#define CUSTOMER_C1                                                     \
    {2, "prepare c1", "open contact:c1; contact:c1 hears sound:music"}, \
        {3, "audio c1 LC", "start LC"}, {3, "attached LC 12", ""},      \
    {                                                                   \
        3, "up LC", "LC up; contact:c1 plays welcome wait"              \
    }
#define CONNECTED                                                                           \
    {                                                                                       \
        9, "connect c1 a1 5",                                                               \
            "connected c1 a1; agent:a1 hears leg:contact:c1; contact:c1 hears leg:agent:a1" \
    }
#define CALL START_UP, AGENT_A1, CUSTOMER_C1, CONNECTED
#define CAMERA                                                            \
    {10, "camera c1 a1 LV", "start LV"}, {10, "attached LV 13", ""},      \
        {11, "up LV", "LV up; view LV to s1"}, {11, "attached V 14", ""}, \
        {11, "answer s1 V", "answer V"},                                  \
    {                                                                     \
        12, "up V", "V up"                                                \
    }

static const struct step a_call_from_music_to_good_bye[] = {
    CALL,
    CAMERA,
    {30, "release c1",
     "detach V; V closed to s1: released; V down: released; detach LV; LV closed to a1: released; "
     "LV down: released; disconnected c1 a1; detach LC; unpeer contact:c1; LC down: released; "
     "close contact:c1; end room c1; agent:a1 hears silence"},
    {31, "release c1", ""},
    {0},
};

/* The customer is told what a view shows, because a screen is shown big. */
static const struct step a_screen_beside_the_camera[] = {
    CALL,
    CAMERA,
    {14, "screen c1 a1 LS", "start LS"},
    {14, "attached LS 15", ""},
    {15, "up LS", "LS up; view screen LS to s1"},
    {0},
};

static const struct step commands_may_come_twice[] = {
    CALL,
    {9, "connect c1 a1 5", ""},
    {9, "audio c1 LC", "again"},
    {9, "up LC", ""},
    {10, "hold c1", "agent:a1 hears silence; contact:c1 hears sound:music"},
    {10, "hold c1", ""},
    {11, "unhold c1", "agent:a1 hears leg:contact:c1; contact:c1 hears leg:agent:a1"},
    {0},
};

static const struct step connect_comes_before_the_legs[] = {
    START_UP,
    {1, "prepare c1", "open contact:c1; contact:c1 hears sound:music"},
    {2, "connect c1 a1 5", ""},
    {3, "audio c1 LC", "start LC"},
    {4, "up LC", "LC up; contact:c1 plays welcome wait"},
    {5, "agent a1 LA", "open agent:a1; start LA; agent:a1 hears silence"},
    {6, "up LA",
     "LA up; connected c1 a1; contact:c1 hears leg:agent:a1; agent:a1 hears leg:contact:c1"},
    {0},
};

/* The reload's new leg takes the same seat: nothing is said to the plane about who hears whom. */
static const struct step a_reload_keeps_the_call[] = {
    CALL,
    CAMERA,
    {20, "down LC peer_closed",
     "detach LC; unpeer contact:c1; LC closed to s1: peer_closed; LC down: peer_closed"},
    {21, "audio c1 LC2",
     "start LC2; detach V; V closed to s1: replaced; V down: replaced; view LV to s1"},
    {21, "up LC2", "LC2 up"},
    {25, "agent a1 LA2",
     "detach LA; unpeer agent:a1; LA closed to a1: replaced; LA down: replaced; start LA2"},
    {25, "up LA2", "LA2 up"},
    {26, "camera c1 a1 LV2",
     "detach V; V closed to s1: replaced; V down: replaced; detach LV; LV closed to a1: replaced; "
     "LV down: replaced; start "
     "LV2"},
    {0},
};

static const struct step only_the_owner[] = {
    CALL,
    {10, "stranger c1 LX", "404"},
    {10, "stranger nothing LX", "404"},
    {10, "camera c1 a2 LX", "404"},
    {10, "camera nothing a1 LX", "404"},
    {10, "close s2 LC", "404"},
    {10, "close a1 LC", "404"},
    {10, "answer s1 LC", "404"},
    {10, "agent a2 LA", "409"},
    {10, "connect nothing a1 6", "404"},
    {10, "connect c1 a2 4", "409"},
    {10, "hold nothing", "404"},
    {11, "close s1 LC", "detach LC; unpeer contact:c1; LC down: closed"},
    {0},
};

static const struct step janus_dies[] = {
    CALL,
    CAMERA,
    {20, "janus-lost", ""},
    {20, "agent a1 LA2", "503"},
    {21, "janus-new",
     "unpeer agent:a1; LA down: janus_lost; unpeer contact:c1; LC down: janus_lost; V down: "
     "janus_lost; LV down: janus_lost; janus restarted 4; a1 offers again; s1 offers again"},
    {22, "agent a1 LA2", "start LA2"},
    {22, "audio c1 LC2", "start LC2"},
    {23, "up LA2", "LA2 up"},
    {23, "up LC2", "LC2 up"},
    {0},
};

static const struct step janus_was_only_away[] = {
    CALL,
    {20, "janus-lost", ""},
    {21, "janus-back", ""},
    {22, "hold c1", "agent:a1 hears silence; contact:c1 hears sound:music"},
    {0},
};

static const struct step the_plane_dies[] = {
    CALL,
    {20, "plane-lost", ""},
    {20, "plane-new",
     "detach LA; unpeer agent:a1; LA down: plane_lost; detach LC; unpeer contact:c1; LC down: "
     "plane_lost; open agent:a1; open contact:c1; plane restarted 2; a1 offers again; s1 offers "
     "again; agent:a1 hears leg:contact:c1; contact:c1 hears leg:agent:a1"},
    {0},
};

static const struct step a_dead_browser_is_noticed[] = {
    CALL,
    {10, "heard contact:c1 0.02", ""},
    {13, "heard contact:c1 2.5", "LC silent 2500"},
    {14, "heard contact:c1 3.5", ""},
    {15, "heard contact:c1 0.02", "LC back 4500"},
    {50, "heard contact:c1 30",
     "detach LC; unpeer contact:c1; LC closed to s1: no_media; LC down: no_media"},
    {51, "heard contact:c1 31", ""},
    {0},
};

static const struct step what_does_not_come_up_is_given_up[] = {
    START_UP,
    {1, "agent a1 LA", "open agent:a1; start LA; agent:a1 hears silence"},
    {15, "tick", ""},
    {16, "tick",
     "detach LA; unpeer agent:a1; LA closed to a1: not_up_in_time; LA down: not_up_in_time"},
    {75, "tick", ""},
    {76, "tick", "close agent:a1"},
    {0},
};

static const struct step a_contact_that_nobody_released[] = {
    START_UP,
    {0, "prepare c1", "open contact:c1; contact:c1 hears sound:music"},
    {3599, "tick", ""},
    {3600, "tick", "close contact:c1; end room c1"},
    {0},
};

static const struct step a_lost_picture_is_offered_again[] = {
    CALL,
    CAMERA,
    {20, "down V ice_failed", "detach V; V closed to s1: ice_failed; V down: ice_failed"},
    {21, "tick", "view LV to s1"},
    {22, "tick", ""},
    {0},
};

/* The agent was lost: the contact goes back to the queue with its music. */
static const struct step back_to_the_queue[] = {
    CALL,
    {20, "prepare c1", "disconnected c1 a1; agent:a1 hears silence; contact:c1 hears sound:music"},
    {30, "connect c1 a2 6", ""},
    {31, "agent a2 LB", "open agent:a2; start LB; agent:a2 hears silence"},
    {32, "up LB",
     "LB up; connected c1 a2; contact:c1 hears leg:agent:a2; agent:a2 hears leg:contact:c1"},
    {0},
};

static const struct step an_agent_hears_the_newest_contact[] = {
    CALL,
    {20, "prepare c2", "open contact:c2; contact:c2 hears sound:music"},
    {21, "audio c2 LD", "start LD"},
    {22, "up LD", "LD up; contact:c2 plays welcome wait"},
    {23, "connect c2 a1 6",
     "connected c2 a1; agent:a1 hears leg:contact:c2; contact:c2 hears leg:agent:a1"},
    {24, "hold c2", "agent:a1 hears leg:contact:c1; contact:c2 hears sound:music"},
    {0},
};

#define STORY(name)                       \
    static void test_##name(void **state) \
    {                                     \
        (void)state;                      \
        play_alone(name);                 \
    }
STORY(a_call_from_music_to_good_bye)
STORY(a_screen_beside_the_camera)
STORY(commands_may_come_twice)
STORY(connect_comes_before_the_legs)
STORY(a_reload_keeps_the_call)
STORY(only_the_owner)
STORY(janus_dies)
STORY(janus_was_only_away)
STORY(the_plane_dies)
STORY(a_dead_browser_is_noticed)
STORY(what_does_not_come_up_is_given_up)
STORY(a_contact_that_nobody_released)
STORY(a_lost_picture_is_offered_again)
STORY(back_to_the_queue)
STORY(an_agent_hears_the_newest_contact)

static const struct step before_the_kill[] = {CALL,
                                              CAMERA,
                                              {20, "hold c1",
                                               "agent:a1 hears silence; "
                                               "contact:c1 hears sound:music"},
                                              {0}};
static const struct step after_the_kill[] = {
    {0, "plane-back",
     "open contact:c1; open agent:a1; contact:c1 hears sound:music; agent:a1 hears silence"},
    {0, "janus-back", ""},
    {1, "connect c1 a1 5", ""},
    {1, "connect c1 a1 4", "409"},
    {2, "unhold c1", "contact:c1 hears leg:agent:a1; agent:a1 hears leg:contact:c1"},
    {3, "up LC", ""},
    {4, "down V ice_failed", "detach V; V closed to s1: ice_failed; V down: ice_failed"},
    {0},
};

/* kill -9: all that is left are the labels on the seats. */
static void a_successor_adopts_the_call(void **state)
{
    struct world before = {0}, after = {0};
    struct tl_buf b = TL_BUF(4096);
    struct legs_decision d;

    (void)state;
    assert_int_equal(legs_new(&before.legs, seed), 0);
    assert_int_equal(legs_new(&after.legs, (const uint8_t *)"other seed"), 0);
    play(&before, before_the_kill);
    for (int i = 7; i >= 0; i--) {
        struct legs_fact f = {.kind = LEGS_ADOPT, .key = before.keys[i], .text = before.labels[i]};

        if (before.keys[i][0])
            assert_int_equal(legs_step(after.legs, &f, TL_SEC(1000), TL_SEC(5000), &after.outcome),
                             0);
    }
    while (legs_next(after.legs, &d))
        write_decision(&after, &b, &d);
    assert_string_equal(b.p, "watch LC 12; watch LV 13; watch V 14; watch LA 11");
    after.view = before.view;
    play(&after, after_the_kill);
    legs_free(before.legs);
    legs_free(after.legs);
    tl_buf_done(&b);
}

static void labels_of_others_are_not_adopted(void **state)
{
    static const char *const bad[][2] = {
        {"contact:c1", ""},          {"contact:c1", "s=s1 l=LC"}, {"contact:c1", "s=s1 l=LC,x,1"},
        {"contact:c1", "s=s1 e=-1"}, {"contact:c1", "nonsense"},  {"contact:", "s=s1"},
        {"contact:a b", "s=s1"},     {"robot:r1", "l=LA,1,1"},    {"agent:a1", "l=,1,1"},
    };

    (void)state;
    for (size_t i = 0; i < TL_LEN(bad); i++) {
        struct world w = {0};
        struct legs_fact f = {.kind = LEGS_ADOPT, .key = bad[i][0], .text = bad[i][1]};

        assert_int_equal(legs_new(&w.legs, seed), 0);
        if (legs_step(w.legs, &f, 1, 1, &w.outcome) != -EBADMSG)
            fail_msg("adopted: %s %s", bad[i][0], bad[i][1]);
        assert_int_equal(legs_count(w.legs), 0);
        legs_free(w.legs);
    }
}

/* Each allocation fails once; the same fact afterwards gives the same decisions. */
static void running_out_of_memory_changes_nothing(void **state)
{
    static const struct step story[] = {CALL, CAMERA, {0}};
    struct tl_buf b = TL_BUF(65536);
    int failures = 0;

    (void)state;
    for (int64_t n = 0; n < 60; n++) {
        struct world w = {0};

        assert_int_equal(legs_new(&w.legs, seed), 0);
        (void)tl_mem_fail_after(n);
        for (const struct step *s = story; s->fact; s++) {
            int err = tell(&w, s->at_s, s->fact, &b);

            if (!err)
                continue;
            (void)tl_mem_fail_after(-1);
            failures++;
            assert_int_equal(err, -ENOMEM);
            assert_int_equal(tell(&w, s->at_s, s->fact, &b), 0);
        }
        (void)tl_mem_fail_after(-1);
        legs_free(w.legs);
    }
    tl_buf_done(&b);
    assert_true(failures > 5);
}

static void contacts_are_listed(void **state)
{
    static const struct step story[] = {
        CALL, {20, "prepare c2", "open contact:c2; contact:c2 hears sound:music"}, {0}};
    struct legs_view_of_contact c;
    struct world w = {0};
    size_t at = 0;

    (void)state;
    assert_int_equal(legs_new(&w.legs, seed), 0);
    play(&w, story);
    assert_true(legs_each_contact(w.legs, &at, &c));
    assert_string_equal(c.contact.s, "c1");
    assert_string_equal(c.agent.s, "a1");
    assert_true(c.customer_up && c.agent_up);
    assert_true(legs_each_contact(w.legs, &at, &c));
    assert_false(c.customer_up);
    assert_false(legs_each_contact(w.legs, &at, &c));
    assert_int_equal(legs_count(w.legs), 2);
    legs_free(w.legs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_call_from_music_to_good_bye),
        cmocka_unit_test(test_a_screen_beside_the_camera),
        cmocka_unit_test(test_commands_may_come_twice),
        cmocka_unit_test(test_connect_comes_before_the_legs),
        cmocka_unit_test(test_a_reload_keeps_the_call),
        cmocka_unit_test(test_only_the_owner),
        cmocka_unit_test(test_janus_dies),
        cmocka_unit_test(test_janus_was_only_away),
        cmocka_unit_test(test_the_plane_dies),
        cmocka_unit_test(test_a_dead_browser_is_noticed),
        cmocka_unit_test(test_what_does_not_come_up_is_given_up),
        cmocka_unit_test(test_a_contact_that_nobody_released),
        cmocka_unit_test(test_a_lost_picture_is_offered_again),
        cmocka_unit_test(test_back_to_the_queue),
        cmocka_unit_test(test_an_agent_hears_the_newest_contact),
        cmocka_unit_test(a_successor_adopts_the_call),
        cmocka_unit_test(labels_of_others_are_not_adopted),
        cmocka_unit_test(running_out_of_memory_changes_nothing),
        cmocka_unit_test(contacts_are_listed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
