/**
 * @file test_legs.c  Stories of legs: what happens, second by second, and what is decided.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "legs_story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tl_buf.h>
#include <tl_mem.h>

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

/* Three seats are all that the plane of these stories has. */
static const struct step a_full_plane_refuses_until_somebody_goes[] = {
    START_UP,
    AGENT_A1,
    CUSTOMER_C1,
    {4, "prepare c2", "open contact:c2; contact:c2 hears sound:music"},
    {5, "prepare c3", "503"},
    {5, "agent a2 L2", "503"},
    {5, "prepare c2", ""},
    {6, "release c2", "close contact:c2; end room c2"},
    {7, "agent a2 L2", "open agent:a2; start L2; agent:a2 hears silence"},
    {0},
};

/* Somebody else has the ports: the seat is asked for again, and all that was said with it. */
static const struct step a_seat_without_a_port_is_asked_for_again[] = {
    START_UP,
    {1, "prepare c1", "open contact:c1; contact:c1 hears sound:music"},
    {1, "no-port contact:c1", ""},
    {2, "audio c1 LC", "503"},
    {3, "tick", "open contact:c1; contact:c1 hears sound:music"},
    {3, "no-port contact:c1", ""},
    {4, "tick", "open contact:c1; contact:c1 hears sound:music"},
    {5, "tick", ""},
    {5, "audio c1 LC", "start LC"},
    {6, "no-port contact:c9", ""},
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
STORY(a_full_plane_refuses_until_somebody_goes)
STORY(a_seat_without_a_port_is_asked_for_again)
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
    assert_int_equal(legs_new(&before.legs, seed, 3), 0);
    assert_int_equal(legs_new(&after.legs, (const uint8_t *)"other seed", 3), 0);
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

        assert_int_equal(legs_new(&w.legs, seed, 3), 0);
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

        assert_int_equal(legs_new(&w.legs, seed, 3), 0);
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
    assert_int_equal(legs_new(&w.legs, seed, 3), 0);
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
        cmocka_unit_test(test_a_full_plane_refuses_until_somebody_goes),
        cmocka_unit_test(test_a_seat_without_a_port_is_asked_for_again),
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
