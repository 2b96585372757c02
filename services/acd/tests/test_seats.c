/* Advice, handing over and talking together: seats beside the contact, as a supervisor would tell.
 */
#include "story.c" /* NOLINT: the teller of stories is part of each test program */

#define TWO_TALK                                                                        \
    {0, READY("a1"), .expect = ""}, {0, COMES("c1", "help"), .expect = "c1 in, c1>a1"}, \
        {1, ACCEPTS("a1", "c1"), .expect = "c1=a1"}, {2, READY("a2"), .expect = ""},    \
    {                                                                                   \
        2, READY("a3"), .expect = ""                                                    \
    }
#define ASKS_A2                                                                             \
    {                                                                                       \
        3, CONSULTS("a1", "c1", "s1", .preferred_agent = T("a2")), .expect = "s1 in, s1>a2" \
    }
#define A2_CAME                                   \
    {                                             \
        4, ACCEPTS("a2", "s1"), .expect = "s1=a2" \
    }

STORY(a_consult_and_then_the_other_takes_over, TWO_TALK,
      {3, CONSULTS("a1", "c1", "s1", .preferred_agent = T("a2")),
       .expect = "s1 in, s1>a2, a2 ringing"},
      {3, CONSULTS("a1", "c1", "s1", .preferred_agent = T("a3")),
       .expect = "(same id with other content)"},
      {4, ACCEPTS("a2", "s1"), .expect = "s1=a2, a2 busy"},
      {4, CONSULTS("a1", "c1", "s1", .preferred_agent = T("a2")), .expect = ""}, /* a repeat */
      {9, COMPLETES("a1", "c1", "s1"),
       .expect = "s1 joins, c1 to a2, s1-a1 transfer, s1 wrap, a1 wrap-up"},
      {9, COMPLETES("a1", "c1", "s1"), .expect = ""}, /* asked again: it is so */
      {9, CANCELS("a1", "c1", "s1"), .expect = ""},   /* a1 is on the way out */
      {9, ACCEPTS("a2", "s1"), .expect = "(offer is no longer open)"},
      {9, ACCEPTS("a2", "c1"), .expect = ""}, /* a2's offer came along */
      {12,
       {.kind = ACD_WRAP_UP_DONE, .contact = T("c1"), .agent = T("a1")},
       .expect = "s1 done request, a1 ready"},
      {13, COMPLETES("a1", "c1", "s1"), .expect = "(contact is over)"},
      {20, RELEASED("c1"), .expect = "c1-a2 request, c1 wrap, a2 wrap-up"},
      {21,
       {.kind = ACD_WRAP_UP_DONE, .contact = T("c1"), .agent = T("a2")},
       .expect = "c1 done request, a2 ready"})

STORY(a_consult_with_whoever_the_queue_has, TWO_TALK,
      {3, CONSULTS("a1", "c1", "s1"), .queue = "sales", .expect = "s1 in, s1>a3"}, /* not a1 */
      {4, DECLINES("a3", "s1"), .expect = "s1!a3"},
      {5, CANCELS("a1", "c1", "s1"), .expect = "s1 gone request"},
      {5, CANCELS("a1", "c1", "s1"), .expect = ""},
      {6, CONSULTS("a1", "c1", "s1"), .queue = "sales", .expect = "(contact is over)"},
      {6, CONSULTS("a1", "c1", "s2"), .queue = "sales", .expect = "s2 in, s2>a3"},
      {7, CONSULTS("a1", "c1", "s2"), .queue = "sales", .expect = ""},
      {7, CONSULTS("a1", "c1", "s2"), .queue = "help", .expect = "(same id with other content)"},
      {27, TICK, .expect = "s2~a3"}, {28, CLOSES("sales"), .expect = ""},
      {28, CONSULTS("a1", "c1", "s3"), .queue = "sales", .expect = "(queue is closed)"},
      {29, RELEASED("c1"), .expect = "s2 gone request, c1-a1 request, c1 wrap"})

STORY(three_talk_and_leave_one_by_one, TWO_TALK, ASKS_A2, A2_CAME,
      {5, MERGES("a1", "c1", "s1"), .expect = "s1 joins"},
      {5, MERGES("a1", "c1", "s1"), .expect = ""},
      {6, CONSULTS("a2", "c1", "s2", .preferred_agent = T("a3")), .expect = "s2 in, s2>a3"},
      {7, ACCEPTS("a3", "s2"), .expect = "s2=a3"},
      {8, MERGES("a2", "c1", "s2"), .expect = "s2 joins"},
      {9, CANCELS("a1", "c1", "s2"), .expect = "(not possible in this state)"}, /* talks, too */
      {9, MOVES("c1", "sales"), .expect = "(not possible in this state)"},
      {9, HANDED("c1", "a3"), .expect = "(not possible in this state)"},
      {10, GETS_UP("a1", "c1"), .expect = "c1 to a2, s1-a1 request, s1 wrap"},
      {10, GETS_UP("a1", "c1"), .expect = ""},
      {11, GETS_UP("a3", "c1"), .expect = "s2-a3 request, s2 wrap"},
      {12, GETS_UP("a2", "c1"), .expect = "c1-a2 request, c1 wrap"},
      {13,
       {.kind = ACD_WRAP_UP_DONE, .contact = T("c1"), .agent = T("a2")},
       .expect = "c1 done request"}, /* the contact lives on for the others' notes */
      {14,
       {.kind = ACD_WRAP_UP_DONE, .contact = T("c1"), .agent = T("a9")},
       .expect = "(not possible in this state)"},
      {41.1, TICK, .expect = "c1 done timer, c1 done timer"},
      {41.2, GETS_UP("a1", "c1"), .expect = "(unknown contact)"})

STORY(the_customer_leaves_while_three_talk, TWO_TALK, ASKS_A2, A2_CAME,
      {5, MERGES("a1", "c1", "s1"), .expect = "s1 joins"},
      {6, CONSULTS("a1", "c1", "s2", .preferred_agent = T("a3")), .expect = "s2 in, s2>a3"},
      {7, LEAVES("c1"),
       .expect = "s2<a3 customer_left, s2 gone customer_left, s1-a2 customer_left, "
                 "c1-a1 customer_left"},
      {7, ACCEPTS("a3", "s2"), .expect = "(offer is no longer open)"})

STORY(the_conversation_ends_for_all, TWO_TALK, ASKS_A2, A2_CAME,
      {5, MERGES("a1", "c1", "s1"), .expect = "s1 joins"},
      {6, RELEASED("c1"), .expect = "s1-a2 request, s1 wrap, c1-a1 request, c1 wrap"},
      {7,
       {.kind = ACD_WRAP_UP_DONE, .contact = T("c1"), .agent = T("a2")},
       .expect = "s1 done request"},
      {7, MERGES("a1", "c1", "s1"), .expect = "(contact is over)"},
      {8, WRAPPED("c1"), .expect = "c1 done request"})

STORY(abandoned_while_the_consult_rings, TWO_TALK, ASKS_A2,
      {4, COMES("c2", "help"), .expect = "c2 in, c2>a3"},
      {5, COMES("c3", "help"), .expect = "c3 in"},
      {6, LEAVES("c1"),
       .expect = "s1<a2 customer_left, s1 gone customer_left, c3>a2, c1-a1 customer_left"})

STORY(the_one_who_was_asked_will_not_come, TWO_TALK, ASKS_A2,
      {4, DECLINES("a2", "s1"), .expect = "s1!a2, s1 gone declined"},
      {5, CONSULTS("a1", "c1", "s2", .preferred_agent = T("a2")), .expect = "s2 in, s2>a2"},
      {25.1, TICK, .expect = "s2~a2, s2 gone timed_out"},
      {26, CONSULTS("a1", "c1", "s3", .preferred_agent = T("a2")), .expect = "s3 in, s3>a2"},
      {27, PAUSE("a2", "lunch"), .expect = "s3<a2 agent_not_ready"}, /* waits for a2 */
      {56.1, TICK, .expect = "s3 gone max_wait"},
      {57, CONSULTS("a1", "c1", "s4", .preferred_agent = T("a2")), .expect = "s4 in"},
      {58, SIGNS_OUT("a2"), .expect = "s4 gone agent_left"},
      {59, CONSULTS("a1", "c1", "s5", .preferred_agent = T("a2")),
       .expect = "(not possible in this state)"})

STORY(advice_and_goodbye, TWO_TALK, ASKS_A2, A2_CAME,
      {5, CANCELS("a1", "c1", "s1"), .expect = "s1-a2 request, s1 wrap"},
      {5, CANCELS("a1", "c1", "s1"), .expect = ""}, {6, TICK, .expect = ""},
      {7, CONSULTS("a1", "c1", "s2", .preferred_agent = T("a2")),
       .expect = "(agent is in this contact already)"}, /* notes the result */
      {8, CONSULTS("a1", "c1", "s3", .preferred_agent = T("a3")), .expect = "s3 in, s3>a3"},
      {9, ACCEPTS("a3", "s3"), .expect = "s3=a3"},
      {10, GETS_UP("a3", "c1"), .expect = "s3-a3 request, s3 wrap"},
      {11, GETS_UP("a1", "c1"), .expect = "c1-a1 request, c1 wrap"})

STORY(who_is_lost_in_a_seat_leaves_the_others_talking, TWO_TALK, ASKS_A2, A2_CAME,
      {5, MERGES("a1", "c1", "s1"), .expect = "s1 joins"},
      {6, SIGNS_OUT("a1"), .expect = "c1 to a2, s1-a1 agent_left"},
      {7, CONSULTS("a2", "c1", "s2", .preferred_agent = T("a3")), .expect = "s2 in, s2>a3"},
      {8, ACCEPTS("a3", "s2"), .expect = "s2=a3"},
      {9, SIGNS_OUT("a3"), .expect = "s2-a3 agent_left"},
      {10, SIGNS_OUT("a2"), .expect = ""}, /* the last one: conversation decides */
      {11, LEAVES("c1"), .expect = "c1-a2 customer_left"})

STORY(who_consults_is_lost, TWO_TALK, ASKS_A2, A2_CAME,
      {5, SIGNS_OUT("a1"), .expect = "s1-a2 agent_left, s1 wrap"},
      {6, CONSULTS("a1", "c1", "s2", .preferred_agent = T("a3")),
       .expect = "(not possible in this state)"},
      {6, COMPLETES("a1", "c1", "s1"), .expect = "(contact is over)"},
      {7, LEAVES("c1"), .expect = "c1-a1 customer_left"})

STORY(a_consult_does_not_follow_the_contact_to_another_queue, TWO_TALK, ASKS_A2, A2_CAME,
      {5, MOVES("c1", "sales"),
       .expect = "s1-a2 transfer, s1 wrap, c1-a1 transfer, c1 moves transfer, c1>a3"},
      {6, ACCEPTS("a3", "c1"), .expect = "c1=a3"}, {6, RELEASED("c1"), .expect = "c1-a3 request"},
      {7, COMES("c1", "help"), .expect = "(same id with other content)"}, /* was moved */
      {8, COMES("c1", "sales"), .expect = ""}, /* late: a2 still notes its part of it */
      {9, COMES("c1", "sales", .attempt = 1), .expect = "c1 done request, c1 in, c1>a1"},
      {10, ACCEPTS("a1", "c1"), .expect = "c1=a1"})

STORY(a_joined_one_consults_and_is_replaced, TWO_TALK, ASKS_A2, A2_CAME,
      {5, MERGES("a1", "c1", "s1"), .expect = "s1 joins"},
      {6, CONSULTS("a2", "c1", "s2", .preferred_agent = T("a3")), .expect = "s2 in, s2>a3"},
      {7, COMPLETES("a2", "c1", "s2"), .expect = "(not possible in this state)"}, /* rings */
      {7, MERGES("a2", "c1", "s2"), .expect = "(not possible in this state)"},
      {8, ACCEPTS("a3", "s2"), .expect = "s2=a3"},
      {9, MERGES("a3", "c1", "s2"), .expect = "(agent is not in this contact)"}, /* only asked */
      {9, COMPLETES("a2", "c1", "s2"), .expect = "s2 joins, s1-a2 transfer, s1 wrap"},
      {9, COMPLETES("a1", "c1", "s2"), .expect = "(not possible in this state)"},
      {10, RELEASED("c1"), .expect = "s2-a3 request, s2 wrap, c1-a1 request, c1 wrap"})

static const char room_rules[] = "lease: 10m\n"
                                 "rona_limit: 9\n"
                                 "queues: [{name: help, wrap_up: 0s, max_waiting: 2},\n"
                                 "         {name: hand, manual: true, wrap_up: 20s}]\n"
                                 "agents: [{id: a1, queues: [help, hand], capacity: {chat: 9}},\n"
                                 "         {id: a2, queues: [help, hand]}, {id: a3}]\n";

/* Chats: the one who asks has room for more, and must not be asked himself. */
STORY_WITH(nobody_consults_himself, room_rules, false, {0, READY("a1"), .expect = ""},
           {0, COMES("m1", "help", .channel = ACD_CHAT), .expect = "m1 in, m1>a1"},
           {1, ACCEPTS("a1", "m1"), .expect = "m1=a1"},
           {2, CONSULTS("a1", "m1", "s1"), .queue = "help", .expect = "s1 in"},
           {2, CONSULTS("a1", "m1", "s2"), .queue = "hand", .expect = "s2 in"},
           {2, PICKS("a1", "s2"), .expect = "(not possible in this state)"},
           {3, READY("a2"), .expect = "s1>a2"}, {4, ACCEPTS("a2", "s1"), .expect = "s1=a2"},
           {4, PICKS("a2", "s2"), .expect = "(not possible in this state)"},
           {5, CONSULTS("a1", "m1", "s3"), .queue = "help", .expect = "s3 in"}, /* a2 is in it */
           {6, CANCELS("a1", "m1", "s1"), .expect = "s1-a2 request, s3>a2"},
           {7, DECLINES("a2", "s3"), .expect = "s3!a2"}, {8, PICKS("a2", "s2"), .expect = "s2>a2"},
           {9, ACCEPTS("a2", "s2"), .expect = "s2=a2"},
           {10, MERGES("a1", "m1", "s2"), .expect = "s2 joins"},
           {11, GETS_UP("a1", "m1"),
            .expect = "m1 to a2, s2-a1 request, s3>a1"}, /* not in it now */
           {12, RELEASED("m1"), .expect = "s3<a1 request, s3 gone request, m1-a2 request"})

STORY_WITH(
    seats_have_bounds, room_rules, false, {0, READY("a1"), .expect = ""},
    {0, COMES("m1", "help", .channel = ACD_CHAT), .expect = "m1 in, m1>a1"},
    {1, CONSULTS("a1", "m1", "s1"), .queue = "help", .expect = "(not possible in this state)"},
    {1, ACCEPTS("a1", "m1"), .expect = "m1=a1"},
    {2, CONSULTS("a1", "m9", "s1"), .queue = "help", .expect = "(unknown contact)"},
    {2, CONSULTS("a9", "m1", "s1"), .queue = "help", .expect = "(unknown agent)"},
    {2, CONSULTS("a2", "m1", "s1"), .queue = "help", .expect = "(not possible in this state)"},
    {2, READY("a3"), .expect = ""},
    {2, CONSULTS("a3", "m1", "s1"), .queue = "help", .expect = "(agent is not in this contact)"},
    {2, CONSULTS("a1", "m1", "s1"), .queue = "nowhere", .expect = "(unknown queue)"},
    {2, CONSULTS("a1", "m1", "bad id"), .queue = "help", .expect = "(value out of range)"},
    {2, CONSULTS("a1", "m1", "m1"), .queue = "help", .expect = "(same id with other content)"},
    {2, CONSULTS("a1", "m1", "s1", .preferred_agent = T("a9")), .expect = "(unknown agent)"},
    {2, CONSULTS("a1", "m1", "s1", .preferred_agent = T("a1")),
     .expect = "(agent is in this contact already)"},
    {2, COMPLETES("a1", "m1", "s1"), .expect = "(unknown seat)"},
    {2, COMPLETES("a1", "m9", "s1"), .expect = "(unknown contact)"},
    {2, MERGES("a9", "m1", "s1"), .expect = "(unknown agent)"},
    {2, MERGES("a1", "m1", "m1"), .expect = "(unknown seat)"},
    {2, CANCELS("a1", "m1", "s1"), .expect = "(unknown seat)"},
    {2, GETS_UP("a9", "m1"), .expect = "(unknown agent)"},
    {2, GETS_UP("a2", "m1"), .expect = "(agent is not in this contact)"},
    {3, CONSULTS("a1", "m1", "s1"), .queue = "help", .expect = "s1 in"},
    {3, CONSULTS("a1", "m1", "s2"), .queue = "help", .expect = "s2 in"},
    {3, CONSULTS("a1", "m1", "s3"), .queue = "help", .expect = "(queue is full)"},
    {3, CONSULTS("a1", "m1", "s3"), .queue = "hand", .expect = "s3 in"},
    {3, CONSULTS("a1", "m1", "s4"), .queue = "hand", .expect = "s4 in"},
    {3, CONSULTS("a1", "m1", "s5"), .queue = "hand", .expect = "s5 in"},
    {3, CONSULTS("a1", "m1", "s6"), .queue = "hand", .expect = "s6 in"},
    {3, CONSULTS("a1", "m1", "s7"), .queue = "hand", .expect = "s7 in"},
    {3, CONSULTS("a1", "m1", "s8"), .queue = "hand", .expect = "s8 in"},
    {3, CONSULTS("a1", "m1", "s9"), .queue = "hand", .expect = "(too many seats)"},
    {4, COMES("s1", "help"), .expect = "(same id with other content)"},
    {4, LEAVES("s1"), .expect = "(unknown contact)"},
    {4, RANKED("s1", 3), .expect = "(unknown contact)"},
    {4, PICKS("a1", "s1"), .expect = "(not possible in this state)"},
    {5, COMES("m2", "hand", .channel = ACD_CHAT), .expect = "m2 in"},
    {5, PICKS("a1", "m2"), .expect = "m2>a1"}, {6, ACCEPTS("a1", "m2"), .expect = "m2=a1"},
    {7, CONSULTS("a1", "m2", "s1"), .queue = "help", .expect = "(same id with other content)"},
    {8, EMERGENCY("help"), .expect = "s1 gone closed, s2 gone closed"})

STORY(a_draining_agent_whose_caller_hangs_up_goes_home, {0, READY("a1"), .expect = ""},
      {1, COMES("c1", "help"), .expect = "c1 in, c1>a1"}, {2, DRAINS("a1"), .expect = ""},
      {3, LEAVES("c1"),
       .expect = "c1<a1 customer_left, c1 gone customer_left, a1 ready, a1 offline"})

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_consult_and_then_the_other_takes_over),
        cmocka_unit_test(a_consult_with_whoever_the_queue_has),
        cmocka_unit_test(three_talk_and_leave_one_by_one),
        cmocka_unit_test(the_customer_leaves_while_three_talk),
        cmocka_unit_test(the_conversation_ends_for_all),
        cmocka_unit_test(abandoned_while_the_consult_rings),
        cmocka_unit_test(the_one_who_was_asked_will_not_come),
        cmocka_unit_test(advice_and_goodbye),
        cmocka_unit_test(who_is_lost_in_a_seat_leaves_the_others_talking),
        cmocka_unit_test(who_consults_is_lost),
        cmocka_unit_test(a_consult_does_not_follow_the_contact_to_another_queue),
        cmocka_unit_test(a_joined_one_consults_and_is_replaced),
        cmocka_unit_test(nobody_consults_himself),
        cmocka_unit_test(seats_have_bounds),
        cmocka_unit_test(a_draining_agent_whose_caller_hangs_up_goes_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
