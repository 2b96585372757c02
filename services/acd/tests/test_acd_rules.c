/* What rules make of a day: picking by hand, rings, overflow, choices, ageing, fairness, wrap-up
 * over several queues. */
#include "story.c" /* NOLINT: the teller of stories is part of each test program */

static const char manual_rules[] =
    "lease: 10m\n"
    "queues: [{name: mail, manual: true, max_waiting: 2, wrap_up: 0s}]\n"
    "agents: [{id: a1, queues: [mail]}, {id: a2}]\n";

STORY_WITH(some_queues_are_picked_by_hand, manual_rules, false, {0, READY("a1"), .expect = ""},
           {1, COMES("e1", "mail", .channel = ACD_EMAIL), .expect = "e1 in"},
           {2, COMES("e2", "mail", .channel = ACD_EMAIL), .expect = "e2 in"},
           {2, COMES("e3", "mail", .channel = ACD_EMAIL), .expect = "(queue is full)"},
           {3, PICKS("a1", "e2"), .expect = "e2>a1"}, {3, PICKS("a1", "e2"), .expect = ""},
           {4, PICKS("a1", "e1"), .expect = "(not possible in this state)"},
           {4, PICKS("a2", "e1"), .expect = "(not possible in this state)"},
           {4, PICKS("a9", "e1"), .expect = "(unknown agent)"},
           {4, PICKS("a1", "e9"), .expect = "(unknown contact)"},
           {5, ACCEPTS("a1", "e2"), .expect = "e2=a1"})

static const char ring_rules[] =
    "lease: 10m\n"
    "skills: [german, cards]\n"
    "queues:\n"
    "  - name: help\n"
    "    requires: {german: 4}\n"
    "    max_wait: 5m\n"
    "    rings: [{after: 10s, by: 1}, {after: 20s, drop: [german]}, {after: 40s, drop: all}]\n"
    "agents:\n"
    "  - {id: a1, queues: [help], skills: {german: 5}}\n"
    "  - {id: a2, queues: [help], skills: {german: 3}}\n"
    "  - {id: a3, queues: [help]}\n";

STORY_WITH(requirements_relax_ring_by_ring, ring_rules, true, {0, READY("a1"), .expect = ""},
           {0, READY("a2"), .expect = ""}, {1, COMES("c1", "help"), .expect = "c1 in, c1>a1"},
           {2, COMES("c2", "help"), .expect = "c2 in"},
           {12.1, TICK, .expect = "c2 moves next_ring, c2>a2"})

STORY_WITH(a_ring_nobody_could_fill_is_skipped_at_once, ring_rules, true,
           {0, READY("a3"), .expect = ""},
           {1, COMES("c1", "help"),
            .expect = "c1 in, c1 moves ring_skipped, c1>a3"}, /* 2 at once */
           {2, COMES("c2", "help"), .expect = "c2 in, c2 moves ring_skipped"},
           {3, SIGNS_OUT("a3"), .expect = "c1<a3 agent_left"}, {4, READY("a2"), .expect = "c1>a2"})

STORY_WITH(when_the_staff_leaves_rings_are_skipped, ring_rules, true,
           {0, READY("a1"), .expect = ""}, {0, READY("a3"), .expect = ""},
           {1, COMES("c1", "help"), .expect = "c1 in, c1>a1"},
           {2, COMES("c2", "help"), .expect = "c2 in"},
           {3, SIGNS_OUT("a1"),
            .expect = "c1<a1 agent_left, c1 moves ring_skipped, c1>a3, c2 moves ring_skipped"})

STORY_WITH(nobody_waits_for_ever, ring_rules, true, {0, COMES("c1", "help"), .expect = "c1 in"},
           {10.1, TICK, .expect = "c1 moves next_ring"},
           {300.1, TICK, .expect = "c1 gone max_wait"})

static const char flow_rules[] =
    "lease: 10m\n"
    "queues:\n"
    "  - {name: day, overflow: {after: 30s, to: night}}\n"
    "  - {name: night, no_staff: close}\n"
    "  - {name: far, overflow: {after: 10s, partition: p1}}\n"
    "  - {name: spill, no_staff: overflow, overflow: {to: day}}\n"
    "agents: [{id: a1, queues: [day, spill]}, {id: a2, queues: [night]}]\n";

STORY_WITH(overflow_interflow_and_no_staff, flow_rules, false,
           {0, COMES("c0", "night"), .expect = "(nobody is signed in)"},
           {0, READY("a2"), .expect = ""}, {0, COMES("c1", "day"), .expect = "c1 in"},
           {1, COMES("c2", "spill"), .expect = "c2 in, c2 moves no_staff"},
           {2, COMES("c3", "far"), .expect = "c3 in"}, {12.1, TICK, .expect = "c3 gone interflow"},
           {15, ALIVE("a2"), .expect = ""}, {30.1, TICK, .expect = "c1 moves overflow, c1>a2"},
           {31, SIGNS_OUT("a2"), .expect = "c1<a2 agent_left, c1 gone no_staff"},
           {32, READY("a1"), .expect = "c2>a1"})

static const char choice_rules[] =
    "lease: 10m\n"
    "skills: [german]\n"
    "choose_contact: sla\n"
    "queues:\n"
    "  - {name: turn, choose: round_robin, wrap_up: 0s, service_target: 60s}\n"
    "  - {name: skill, choose: most_skilled, wrap_up: 0s, service_target: 20s, requires: {german: "
    "1}}\n"
    "  - {name: load, choose: least_occupied, wrap_up: 0s}\n"
    "agents:\n"
    "  - {id: a1, queues: [turn, skill, load], skills: {german: 2}}\n"
    "  - {id: a2, queues: [turn, skill, load], skills: {german: 5}}\n";

STORY_WITH(most_skilled_then_round_robin_then_least_occupied, choice_rules, false,
           {0, READY("a1"), .expect = ""}, {1, READY("a2"), .expect = ""},
           {2, COMES("c1", "skill"), .expect = "c1 in, c1>a2"},
           {3, ACCEPTS("a2", "c1"), .expect = "c1=a2"},
           {9, RELEASED("c1"), .expect = "c1-a2 request"},
           {10, COMES("c2", "turn"), .expect = "c2 in, c2>a1"},
           {11, ACCEPTS("a1", "c2"), .expect = "c2=a1"},
           {12, RELEASED("c2"), .expect = "c2-a1 request"},
           {13, COMES("c3", "turn"), .expect = "c3 in, c3>a2"},
           {14, LEAVES("c3"), .expect = "c3<a2 customer_left, c3 gone customer_left"},
           {15, COMES("c4", "load"), .expect = "c4 in, c4>a1"}, /* 1 s of 15, against 6 of 14 */
           {16, COMES("c5", "turn"), .expect = "c5 in, c5>a2"},
           {17, COMES("c6", "turn"), .expect = "c6 in"},  /* target at 77 */
           {18, COMES("c7", "skill"), .expect = "c7 in"}, /* target at 38 */
           {19, LEAVES("c4"), .expect = "c4<a1 customer_left, c4 gone customer_left, c7>a1"})

static const char ageing_rules[] =
    "lease: 10m\n"
    "choose_contact: ageing\n"
    "ageing: 10s\n"
    "fair: true\n"
    "queues: [{name: one, wrap_up: 0s, weight: 1}, {name: two, wrap_up: 0s, weight: 2}]\n"
    "agents: [{id: a1, queues: [one, two]}]\n";

STORY_WITH(waiting_makes_up_for_priority_and_queues_share, ageing_rules, false,
           {0, COMES("x1", "one"), .expect = "x1 in"},
           {9, COMES("x2", "one", .priority = 1), .expect = "x2 in"},  /* as if from -1 */
           {19, COMES("x3", "one", .priority = 1), .expect = "x3 in"}, /* as if from 9 */
           {20, COMES("y1", "two"), .expect = "y1 in"}, {20, COMES("y2", "two"), .expect = "y2 in"},
           {20, COMES("y3", "two"), .expect = "y3 in"}, {21, READY("a1"), .expect = "x2>a1"},
           {22, LEAVES("x2"), .expect = "x2<a1 customer_left, x2 gone customer_left, y1>a1"},
           {23, LEAVES("y1"), .expect = "y1<a1 customer_left, y1 gone customer_left, y2>a1"},
           {24, LEAVES("y2"), .expect = "y2<a1 customer_left, y2 gone customer_left, x1>a1"},
           {25, LEAVES("x1"), .expect = "x1<a1 customer_left, x1 gone customer_left, y3>a1"})

static const char six_rules[] =
    "lease: 10m\n"
    "queues: [{name: q1, wrap_up: 60s}, {name: q2, wrap_up: 0s}, {name: q3, wrap_up: 5s},\n"
    "         {name: q4}, {name: q5}, {name: q6}]\n"
    "agents: [{id: a1, queues: [q1, q2, q3, q4, q5, q6]}]\n";

STORY_WITH(wrap_up_over_six_queues, six_rules, false, {0, READY("a1"), .expect = ""},
           {0, COMES("c1", "q1"), .expect = "c1 in, c1>a1"},
           {1, ACCEPTS("a1", "c1"), .expect = "c1=a1"},
           {2, RELEASED("c1"), .expect = "c1-a1 request, c1 wrap"},
           {3, COMES("c2", "q2"), .expect = "c2 in"}, {4, COMES("c3", "q3"), .expect = "c3 in"},
           {5, COMES("c4", "q4"), .expect = "c4 in"}, {6, COMES("c5", "q5"), .expect = "c5 in"},
           {7, COMES("c6", "q6"), .expect = "c6 in"}, {20, ALIVE("a1"), .expect = ""},
           {39, ALIVE("a1"), .expect = ""}, {58, ALIVE("a1"), .expect = ""},
           {61.9, TICK, .expect = ""}, {62.1, TICK, .expect = "c1 done timer, c2>a1"})

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(some_queues_are_picked_by_hand),
        cmocka_unit_test(requirements_relax_ring_by_ring),
        cmocka_unit_test(a_ring_nobody_could_fill_is_skipped_at_once),
        cmocka_unit_test(when_the_staff_leaves_rings_are_skipped),
        cmocka_unit_test(nobody_waits_for_ever),
        cmocka_unit_test(overflow_interflow_and_no_staff),
        cmocka_unit_test(most_skilled_then_round_robin_then_least_occupied),
        cmocka_unit_test(waiting_makes_up_for_priority_and_queues_share),
        cmocka_unit_test(wrap_up_over_six_queues),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
