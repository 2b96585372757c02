/* An owner of an empty store: those who waited come back in any order, and nobody loses a place. */
#include "story.c" /* NOLINT: the teller of stories is part of each test program */

#define GATHERED             \
    {                        \
        .kind = ACD_GATHERED \
    }
/** Waited for so many seconds when the store was lost. */
#define RETURNS(id, q, s) COMES(id, q, .enqueued = BEGIN - TL_SEC(s))

#define GATHERING(name, rules_, soft_, ...) \
    STORY_UNDER(name, AND(.rules = (rules_), .soft = (soft_), .gather = TL_SEC(20)), __VA_ARGS__)

GATHERING(whoever_comes_back_first_has_not_waited_longest, NULL, false,
          {1, READY("a1"), .expect = ""}, {2, RETURNS("young", "help", 5), .expect = "young in"},
          {2, COMES("new", "help"), .expect = "new in"},
          {2, RETURNS("old", "help", 60), .expect = "old in"},
          {3, RETURNS("vip", "help", 2), .expect = "vip in"}, {3, RANKED("vip", 5), .expect = ""},
          {4, TICK, .expect = ""}, {5, GATHERED, .expect = "vip>a1"}, {5, GATHERED, .expect = ""},
          {6, READY("a2"), .expect = "old>a2"}, {7, READY("a3"), .expect = "young>a3"},
          {8, DECLINES("a3", "young"), .expect = "young!a3, new>a3"})

GATHERING(it_takes_no_longer_than_it_may, NULL, false,
          {2, RETURNS("c1", "help", 5), .expect = "c1 in"}, {3, READY("a1"), .expect = ""},
          {19.9, TICK, .expect = ""}, {20, TICK, .expect = "c1>a1"},
          {21, COMES("c2", "help"), .expect = "c2 in"}, {21, READY("a2"), .expect = "c2>a2"})

static const char strict_rules[] = "lease: 10m\n"
                                   "queues:\n"
                                   "  - {name: help, max_waiting: 1}\n"
                                   "  - {name: staffed, no_staff: close}\n"
                                   "agents: [{id: a1, queues: [help, staffed]}]\n";

GATHERING(nobody_is_refused_the_place_they_had, strict_rules, false,
          {1, CLOSES("help"), .expect = ""},
          {2, COMES("c1", "help"), .expect = "(queue is closed)"},
          {2, RETURNS("c2", "help", 0), .expect = "(queue is closed)"}, /* not before */
          {2, RETURNS("c3", "help", 60), .expect = "c3 in"}, {3, OPENS("help"), .expect = ""},
          {3, COMES("c4", "help"), .expect = "(queue is full)"},
          {3, RETURNS("c5", "help", 50), .expect = "c5 in"}, {4, GATHERED, .expect = ""},
          {5, RETURNS("c6", "help", 40), .expect = "(queue is full)"})

GATHERING(want_of_staff_counts_when_all_had_time_to_come_back, strict_rules, false,
          {1, RETURNS("c1", "staffed", 60), .expect = "c1 in"},
          {2, COMES("c2", "staffed"), .expect = "c2 in"},
          {3, GATHERED, .expect = "c1 gone no_staff, c2 gone no_staff"},
          {4, COMES("c3", "staffed"), .expect = "(nobody is signed in)"})

static const char flow_rules[] =
    "lease: 10m\n"
    "queues:\n"
    "  - {name: day, overflow: {after: 0s, to: night, when: waiting > 0}}\n"
    "  - {name: night}\n"
    "agents: [{id: a1, queues: [day]}]\n";

GATHERING(nobody_overflows_before_the_agents_are_back, flow_rules, true,
          {1, RETURNS("c1", "day", 60), .expect = "c1 in"},
          {1, RETURNS("c2", "day", 50), .expect = "c2 in"}, {9, TICK, .expect = ""},
          {10, READY("a1"), .expect = ""}, {11, GATHERED, .expect = "c1>a1, c2 moves overflow"})

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_comes_back_first_has_not_waited_longest),
        cmocka_unit_test(it_takes_no_longer_than_it_may),
        cmocka_unit_test(nobody_is_refused_the_place_they_had),
        cmocka_unit_test(want_of_staff_counts_when_all_had_time_to_come_back),
        cmocka_unit_test(nobody_overflows_before_the_agents_are_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
