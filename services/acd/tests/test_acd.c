/* What happens between contacts and agents, as a supervisor would tell it. */
#include "story.c" /* NOLINT: the teller of stories is part of each test program */

STORY(an_idle_agent_gets_the_contact_at_once, {0, READY("a1"), .expect = "a1 ready"},
      {1, COMES("c1", "help"), .expect = "c1 in, c1>a1, a1 ringing"},
      {3, ACCEPTS("a1", "c1"), .expect = "c1=a1, a1 busy"},
      {63, RELEASED("c1"), .expect = "c1-a1 request, c1 wrap, a1 wrap-up"},
      {70, WRAPPED("c1"), .expect = "c1 done request, a1 ready"})

STORY(who_waits_longest_meets_who_is_idle_longest, {0, COMES("c1", "help"), .expect = "c1 in"},
      {1, COMES("c2", "help"), .expect = "c2 in"}, {2, READY("a1"), .expect = "c1>a1"},
      {3, READY("a2"), .expect = "c2>a2"}, {4, READY("a3"), .expect = ""},
      {5, ACCEPTS("a1", "c1"), .expect = "c1=a1"},
      {6, LEAVES("c2"), .expect = "c2<a2 customer_left, c2 gone customer_left"},
      {7, COMES("c3", "help"), .expect = "c3 in, c3>a2"}) /* a2 kept its place: idle since 3 */

STORY(a_higher_priority_goes_first, {0, COMES("c1", "help"), .expect = "c1 in"},
      {1, COMES("c2", "help", .priority = 5), .expect = "c2 in"},
      {2, READY("a1"), .expect = "c2>a1"})

STORY(a_supervisor_moves_somebody_up, {0, COMES("c1", "help"), .expect = "c1 in"},
      {1, COMES("c2", "help"), .expect = "c2 in"}, {2, RANKED("c2", 3), .expect = ""},
      {3, RANKED("c9", 3), .expect = "(unknown contact)"},
      {3, RANKED("c2", 5000), .expect = "(value out of range)"},
      {3, READY("a1"), .expect = "c2>a1"})

STORY(a_missed_offer_returns_to_the_front_and_goes_to_another, {0, READY("a1"), .expect = ""},
      {1, READY("a2"), .expect = ""}, {2, COMES("c1", "help"), .expect = "c1 in, c1>a1"},
      {3, COMES("c2", "help"), .expect = "c2 in, c2>a2"},
      {4, ACCEPTS("a2", "c2"), .expect = "c2=a2"}, {5, COMES("c3", "help"), .expect = "c3 in"},
      {22.1, TICK, .expect = "c1~a1, c3>a1"}, /* a1 may have another, c1 waits for others */
      {22.5, READY("a3"), .expect = "c1>a3"})

STORY(missing_twice_makes_the_agent_not_ready, {0, READY("a1"), .expect = "a1 ready"},
      {0, COMES("c1", "help"), .expect = "c1 in, c1>a1"}, {20.1, TICK, .expect = "c1~a1, a1 ready"},
      {41.1, TICK, .expect = "c1>a1"}, /* asked again after 20 s, in whole seconds */
      {61.2, TICK, .expect = "c1~a1, a1 not ready"}, {62, READY("a1"), .expect = "a1 ready"},
      {82.1, TICK, .expect = "c1>a1"})

STORY(a_declined_contact_goes_to_the_next, {0, READY("a1"), .expect = ""},
      {1, READY("a2"), .expect = ""}, {2, COMES("c1", "help"), .expect = "c1 in, c1>a1"},
      {3, DECLINES("a1", "c1"), .expect = "c1!a1, c1>a2"},
      {4, DECLINES("a1", "c1"), .expect = "(offer is no longer open)"},
      {5, DECLINES("a2", "c1"), .expect = "c1!a2"},
      {6, DECLINES("nobody", "c1"), .expect = "(unknown agent)"}, {24, TICK, .expect = "c1>a1"})

STORY(the_customer_hangs_up_at_any_instant, {0, COMES("c1", "help"), .expect = "c1 in"},
      {1, LEAVES("c1"), .expect = "c1 gone customer_left"}, {2, READY("a1"), .expect = ""},
      {3, COMES("c2", "help"), .expect = "c2 in, c2>a1"},
      {4, LEAVES("c2"), .expect = "c2<a1 customer_left, c2 gone customer_left"},
      {5, COMES("c3", "help"), .expect = "c3 in, c3>a1"},
      {6, ACCEPTS("a1", "c3"), .expect = "c3=a1"},
      {6, LEAVES("c3"), .expect = "c3-a1 customer_left"}, /* no wrap-up for nothing */
      {7, COMES("c4", "help"), .expect = "c4 in, c4>a1"},
      {8, ACCEPTS("a1", "c4"), .expect = "c4=a1"},
      {9, RELEASED("c4"), .expect = "c4-a1 request, c4 wrap"},
      {9, LEAVES("c4"), .expect = ""}, /* the agent still notes the result */
      {10, WRAPPED("c4"), .expect = "c4 done request"})

STORY(accept_and_hang_up_at_the_same_instant, {0, READY("a1"), .expect = ""},
      {1, COMES("c1", "help"), .expect = "c1 in, c1>a1"},
      {2, LEAVES("c1"), .expect = "c1<a1 customer_left, c1 gone customer_left"},
      {2, ACCEPTS("a1", "c1"), .expect = "(offer is no longer open)"},
      {3, COMES("c2", "help"), .expect = "c2 in, c2>a1"},
      {4, ACCEPTS("a1", "c2"), .expect = "c2=a1"},
      {4, LEAVES("c2"), .expect = "c2-a1 customer_left"}, {4, RELEASED("c2"), .expect = ""})

STORY(accepting_twice_is_accepting_once, {0, READY("a1"), .expect = ""},
      {1, COMES("c1", "help"), .expect = "c1 in, c1>a1"},
      {2, ACCEPTS("a2", "c1"), .expect = "(offer is no longer open)"},
      {2, ACCEPTS("nobody", "c1"), .expect = "(unknown agent)"},
      {3, ACCEPTS("a1", "c1"), .expect = "c1=a1"}, {3, ACCEPTS("a1", "c1"), .expect = ""},
      {4, DECLINES("a1", "c1"), .expect = "(offer is no longer open)"},
      {5, RELEASED("c1"), .expect = "c1-a1 request, c1 wrap"}, {5, RELEASED("c1"), .expect = ""},
      {5, ACCEPTS("a1", "c1"), .expect = "(offer is no longer open)"})

STORY(two_agents_and_one_offer_that_wandered, {0, READY("a1"), .expect = ""},
      {1, READY("a2"), .expect = ""}, {2, COMES("c1", "help"), .expect = "c1 in, c1>a1"},
      {22.1, TICK, .expect = "c1~a1, c1>a2"},
      {22.1, ACCEPTS("a1", "c1"), .expect = "(offer is no longer open)"},
      {23, ACCEPTS("a2", "c1"), .expect = "c1=a2"})

STORY(an_old_offer_does_not_take_the_new_contact, {0, READY("a1"), .expect = ""},
      {1, COMES("c1", "help"), .expect = "c1 in, c1>a1"},
      {2, LEAVES("c1"), .expect = "c1<a1 customer_left, c1 gone customer_left"},
      {3, COMES("c2", "help"), .expect = "c2 in, c2>a1"},
      {4,
       {.kind = ACD_OFFER_ACCEPTED, .agent = T("a1"), .offer = 1},
       .expect = "(offer is no longer open)"},
      {4,
       {.kind = ACD_OFFER_DECLINED, .agent = T("a1"), .offer = 1},
       .expect = "(offer is no longer open)"},
      {5, ACCEPTS("a1", "c2"), .expect = "c2=a1"})

STORY(who_misses_an_offer_goes_to_the_end_of_the_line, {0, READY("a1"), .expect = ""},
      {1, COMES("c1", "help"), .expect = "c1 in, c1>a1"}, {2, READY("a2"), .expect = ""},
      {3, LEAVES("c9"), .expect = ""}, {21.1, TICK, .expect = "c1~a1, c1>a2"},
      {22, READY("a3"), .expect = ""}, {23, DECLINES("a2", "c1"), .expect = "c1!a2, c1>a3"},
      {24, LEAVES("c1"), .expect = "c1<a3 customer_left, c1 gone customer_left"},
      {25, COMES("c2", "help"), .expect = "c2 in, c2>a1"}, /* since 21, 23 and 22: a1, a3, a2 */
      {26, COMES("c3", "help"), .expect = "c3 in, c3>a3"},
      {27, COMES("c4", "help"), .expect = "c4 in, c4>a2"})

STORY(who_missed_has_less_idle_time_than_who_came_later, {0, READY("a1"), .expect = ""},
      {1, COMES("c1", "help"), .expect = "c1 in, c1>a1"}, {2, READY("a2"), .expect = ""},
      {21.1, TICK, .expect = "c1~a1, c1>a2"},
      {22, LEAVES("c1"), .expect = "c1<a2 customer_left, c1 gone customer_left"},
      {23, COMES("c2", "help"), .expect = "c2 in, c2>a2"}) /* since 2; a1 since 21 */

STORY(commands_that_come_twice_or_late_bring_nobody_back,
      {0, COMES("c1", "help"), .expect = "c1 in"}, {0, COMES("c1", "help"), .expect = ""},
      {0, COMES("c1", "sales"), .expect = "(same id with other content)"},
      {0, COMES("c1", "help", .n_required = 1, .required = {{0, 2}}), .skill = "german",
       .expect = "(same id with other content)"},
      {1, LEAVES("c1"), .expect = "c1 gone customer_left"},
      {2, COMES("c1", "help"), .expect = "(contact is over)"}, {2, LEAVES("c1"), .expect = ""},
      {3, LEAVES("c2"), .expect = ""}, /* overtook its own arrival */
      {3, COMES("c2", "help"), .expect = "(contact is over)"},
      {64, COMES("c2", "help"), .expect = "c2 in"})

STORY(a_contact_that_comes_again_keeps_its_time, {0, COMES("c1", "help"), .expect = "c1 in"},
      {1, READY("a1"), .expect = "c1>a1"}, {2, ACCEPTS("a1", "c1"), .expect = "c1=a1"},
      {3, COMES("c2", "help"), .expect = "c2 in"},
      {9, LEAVES("c1"), .expect = "c1-a1 customer_left, c2>a1"},
      {9.5, COMES("c3", "help"), .expect = "c3 in"},
      {10, COMES("c1", "help", .enqueued = TL_SEC(1700000000)), .expect = "(contact is over)"},
      {10, COMES("c1", "help", .attempt = 1, .enqueued = TL_SEC(1700000000)), .expect = "c1 in"},
      {11, COMES("c4", "help", .enqueued = TL_SEC(1700009000)), .expect = "(value out of range)"},
      {12, READY("a2"), .expect = "c1>a2"})

STORY(skills_decide_who_may, {0, READY("a3"), .expect = ""},
      {1, COMES("c1", "help", .n_required = 1, .required = {{0, 2}}), .skill = "german",
       .expect = "c1 in"},
      {2, READY("a2"), .expect = ""}, /* german 1 */
      {3, READY("a1"), .expect = "c1>a1"},
      {4, COMES("c2", "help", .n_required = 1, .required = {{0, 9}}), .skill = "german",
       .expect = "(value out of range)"},
      {4, COMES("c3", "nowhere"), .expect = "(unknown queue)"},
      {4, COMES("c4", "help", .n_required = 1, .required = {{0, 1}}), .skill = "chinese",
       .expect = "(unknown skill)"})

STORY(preferred_skills_break_the_tie, {0, READY("a1"), .expect = ""},
      {1, READY("a2"), .expect = ""},
      {2, COMES("c1", "help", .n_preferred = 1, .preferred = {{1, 3}}), .expect = "c1 in, c1>a2"})

STORY(the_last_agent_is_asked_first, {0, READY("a1"), .expect = ""}, {1, READY("a2"), .expect = ""},
      {2, COMES("c1", "help", .preferred_agent = T("a2")), .expect = "c1 in, c1>a2"},
      {3, COMES("c2", "help", .preferred_agent = T("a2")), .expect = "c2 in"},
      {4, COMES("c3", "help", .preferred_agent = T("a3")), .expect = "c3 in, c3>a1"}, /* not here */
      {22.1, TICK, .expect = "c1~a2, c2>a2"}, {24.1, TICK, .expect = "c3~a1, c1>a1"})

static const char familiar_rules[] =
    "lease: 10m\n"
    "look_back: 1h\n"
    "queues: [{name: help, wrap_up: 0s, preferred_timeout: 30s}, {name: far, wrap_up: 0s}]\n"
    "agents: [{id: a1, queues: [help]}, {id: a2, queues: [help, far]}]\n";

STORY_WITH(who_spoke_with_the_customer_last_is_asked_first, familiar_rules, false,
           {0, READY("a2"), .expect = ""},
           {0, COMES("c1", "help", .thread = T("T1")), .expect = "c1 in, c1>a2"},
           {1, ACCEPTS("a2", "c1"), .expect = "c1=a2"},
           {9, RELEASED("c1"), .expect = "c1-a2 request"}, {10, READY("a1"), .expect = ""},
           {60, COMES("c2", "help", .thread = T("T2")), .expect = "c2 in, c2>a2"}, /* idle longer */
           {61, LEAVES("c2"), .expect = "c2<a2 customer_left, c2 gone customer_left"},
           {62, COMES("c3", "help", .thread = T("T3")), .expect = "c3 in, c3>a2"},
           {63, ACCEPTS("a2", "c3"), .expect = "c3=a2"},
           {64, COMES("c4", "help", .thread = T("T1")),
            .expect = "c4 in"}, /* a1 is free, a2 knows */
           {65, RELEASED("c3"), .expect = "c3-a2 request, c4>a2"},
           {66, ACCEPTS("a2", "c4"), .expect = "c4=a2"},
           {70, COMES("c5", "help", .thread = T("T1"), .preferred_agent = T("a1")),
            .expect = "c5 in, c5>a1"}, /* a name counts more */
           {71, DECLINES("a1", "c5"), .expect = "c5!a1"},
           {72, RELEASED("c4"), .expect = "c4-a2 request, c5>a2"},
           {73, ACCEPTS("a2", "c5"), .expect = "c5=a2"},
           {74, RELEASED("c5"), .expect = "c5-a2 request"},
           {75, COMES("c6", "help"), .expect = "c6 in, c6>a1"}, /* no thread: nobody is known */
           {76, LEAVES("c6"), .expect = "c6<a1 customer_left, c6 gone customer_left"},
           {580, ALIVE("a1"), .expect = ""}, {580, ALIVE("a2"), .expect = ""},
           {1100, ALIVE("a1"), .expect = ""}, {1100, ALIVE("a2"), .expect = ""},
           {1600, ALIVE("a1"), .expect = ""}, {1600, ALIVE("a2"), .expect = ""},
           {2100, ALIVE("a1"), .expect = ""}, {2100, ALIVE("a2"), .expect = ""},
           {2600, ALIVE("a1"), .expect = ""}, {2600, ALIVE("a2"), .expect = ""},
           {3100, ALIVE("a1"), .expect = ""}, {3100, ALIVE("a2"), .expect = ""},
           {3600, ALIVE("a1"), .expect = ""}, {3600, ALIVE("a2"), .expect = ""},
           {3673, COMES("c7", "help", .thread = T("T1")), .expect = "c7 in, c7>a2"},
           {3673.5, LEAVES("c7"), .expect = "c7<a2 customer_left, c7 gone customer_left"},
           {3674, COMES("c8", "help", .thread = T("T1")), .expect = "c8 in, c8>a1"}) /* an hour */

STORY_WITH(who_does_not_serve_the_queue_is_not_asked_for_old_times_sake, familiar_rules, false,
           {0, READY("a1"), .expect = ""},
           {0, COMES("c1", "help", .thread = T("T1")), .expect = "c1 in, c1>a1"},
           {1, ACCEPTS("a1", "c1"), .expect = "c1=a1"},
           {2, RELEASED("c1"), .expect = "c1-a1 request"},
           {3, COMES("c2", "far", .thread = T("T1")), .expect = "c2 in"},
           {4, READY("a2"), .expect = "c2>a2"})

STORY(direct_means_only_that_agent, {0, READY("a1"), .expect = ""},
      {1, COMES("c1", "help", .preferred_agent = T("a2"), .direct = true), .expect = "c1 in"},
      {2, READY("a2"), .expect = "c1>a2"},
      {3, COMES("c2", "help", .preferred_agent = T("a9"), .direct = true),
       .expect = "(unknown agent)"})

STORY(wrap_up_blocks_every_queue_and_ends_by_its_timer, {0, READY("a1"), .expect = ""},
      {1, COMES("c1", "help"), .expect = "c1 in, c1>a1"},
      {2, ACCEPTS("a1", "c1"), .expect = "c1=a1"}, {3, COMES("c2", "sales"), .expect = "c2 in"},
      {4, WRAPPED("c1"), .expect = "(not possible in this state)"},
      {5, RELEASED("c1"), .expect = "c1-a1 request, c1 wrap"},
      {6,
       {.kind = ACD_WRAP_UP_DONE, .contact = T("c1"), .agent = T("a2")},
       .expect = "(not possible in this state)"},
      {20, ALIVE("a1"), .expect = ""}, {34.9, TICK, .expect = ""},
      {35.1, TICK, .expect = "c1 done timer, c2>a1"}, {35.2, WRAPPED("c1"), .expect = ""})

STORY(no_wrap_up_where_the_queue_has_none, {0, READY("a3"), .expect = ""},
      {1, COMES("c1", "sales"), .expect = "c1 in, c1>a3"},
      {2, ACCEPTS("a3", "c1"), .expect = "c1=a3"}, {3, COMES("c2", "sales"), .expect = "c2 in"},
      {4, RELEASED("c1"), .expect = "c1-a3 request, c2>a3"})

STORY(not_ready_gives_the_offer_back, {0, READY("a1"), .expect = ""},
      {1, COMES("c1", "help"), .expect = "c1 in, c1>a1, a1 ringing"},
      {2, PAUSE("a1", "lunch"), .expect = "c1<a1 agent_not_ready, a1 not ready"},
      {2, PAUSE("a1", "lunch"), .expect = ""},
      {3, PAUSE("a1", "meeting"), .expect = "a1 not ready"},
      {4, READY("a1"), .expect = "a1 ready, c1>a1, a1 ringing"}, {5, READY("a1"), .expect = ""},
      {6, PAUSE("nobody", ""), .expect = "(unknown agent)"})

STORY(signing_out_gives_everything_back, {0, READY("a1"), .expect = ""},
      {1, COMES("c1", "help"), .expect = "c1 in, c1>a1"},
      {2, SIGNS_OUT("a1"), .expect = "c1<a1 agent_left, a1 offline"},
      {3, SIGNS_OUT("a1"), .expect = ""}, {4, READY("a1"), .expect = "c1>a1"},
      {5, ACCEPTS("a1", "c1"), .expect = "c1=a1"},
      {6, RELEASED("c1"), .expect = "c1-a1 request, c1 wrap"},
      {7, SIGNS_OUT("a1"), .expect = "c1 done agent_left, a1 offline"})

static const char lease_rules[] = "lease: 20s\n"
                                  "queues: [{name: help}]\n"
                                  "agents: [{id: a1, queues: [help]}, {id: a2, queues: [help]}]\n";

STORY_WITH(a_lost_agent_is_parked, lease_rules, false, {0, READY("a1"), .expect = ""},
           {1, READY("a2"), .expect = ""}, {10, ALIVE("a2"), .expect = ""},
           {11, COMES("c1", "help"), .expect = "c1 in, c1>a1"},
           {12, ACCEPTS("a1", "c1"), .expect = "c1=a1"},
           {20.1, TICK, .expect = "a1 offline"}, /* still connected: conversation decides */
           {21, ALIVE("a1"), .expect = "(unknown agent)"},
           {22, RELEASED("c1"), .expect = "c1-a1 request"}, {30.1, TICK, .expect = "a2 offline"})

STORY(the_last_tab_counts, {0, READY("a1"), .expect = ""},
      {1, {.kind = ACD_AGENT_ALIVE, .agent = T("a1"), .session = T("other")}, .expect = ""},
      {2, SIGNS_OUT("a1"), .expect = "(another session took over)"},
      {8, SIGNS_OUT("a1"), .expect = "a1 offline"})

STORY(draining_finishes_what_is_there, {0, READY("a1"), .expect = ""},
      {1, COMES("c1", "sales"), .expect = "c1 in, c1>a1"},
      {2, ACCEPTS("a1", "c1"), .expect = "c1=a1"}, {3, DRAINS("a1"), .expect = ""},
      {4, COMES("c2", "sales"), .expect = "c2 in"},
      {5, RELEASED("c1"), .expect = "c1-a1 request, a1 ready, a1 offline"},
      {6, DRAINS("a1"), .expect = ""})

STORY(four_chats_and_no_call_beside_them, {0, READY("a1"), .expect = ""},
      {1, COMES("m1", "help", .channel = ACD_CHAT), .expect = "m1 in, m1>a1"},
      {2, COMES("m2", "help", .channel = ACD_CHAT), .expect = "m2 in"}, /* rings once at a time */
      {3, ACCEPTS("a1", "m1"), .expect = "m1=a1, m2>a1"},
      {4, ACCEPTS("a1", "m2"), .expect = "m2=a1"}, {5, COMES("c1", "help"), .expect = "c1 in"},
      {6, COMES("m3", "help", .channel = ACD_CHAT), .expect = "m3 in, m3>a1"},
      {7, ACCEPTS("a1", "m3"), .expect = "m3=a1"},
      {8, COMES("m4", "help", .channel = ACD_CHAT), .expect = "m4 in, m4>a1"},
      {9, ACCEPTS("a1", "m4"), .expect = "m4=a1"},
      {10, COMES("m5", "help", .channel = ACD_CHAT), .expect = "m5 in"},
      {11, LEAVES("m1"), .expect = "m1-a1 customer_left, m5>a1"})

STORY(a_call_may_interrupt_an_email, {0, READY("a1"), .expect = ""},
      {1, COMES("e1", "help", .channel = ACD_EMAIL), .expect = "e1 in, e1>a1"},
      {2, ACCEPTS("a1", "e1"), .expect = "e1=a1"},
      {3, COMES("m1", "help", .channel = ACD_CHAT), .expect = "m1 in"},
      {4, COMES("c1", "help"), .expect = "c1 in, c1>a1"})

STORY(a_transfer_to_a_queue_and_to_an_agent, {0, READY("a1"), .expect = ""},
      {1, COMES("c1", "sales"), .expect = "c1 in, c1>a1"},
      {2, ACCEPTS("a1", "c1"), .expect = "c1=a1"},
      {3, MOVES("c1", "help"), .expect = "c1-a1 transfer, c1 moves transfer"}, /* not back to a1 */
      {4, READY("a2"), .expect = "c1>a2"}, {5, ACCEPTS("a2", "c1"), .expect = "c1=a2"},
      {6, HANDED("c1", "a3"), .expect = "(not possible in this state)"}, /* not signed in */
      {6, HANDED("c1", "a1"), .expect = "c1-a2 transfer, c1 moves transfer, c1>a1"},
      {6, HANDED("c1", "a1"), .expect = ""},
      {6, COMES("c2", "help", .preferred_agent = T("a1")), .expect = "c2 in"}, /* while it rings */
      {6, HANDED("c2", "a1"), .expect = ""},
      {6, HANDED("c2", "a2"), .expect = "c2 moves transfer, c2>a2"},
      {6, LEAVES("c2"), .expect = "c2<a2 customer_left, c2 gone customer_left"},
      {7, DECLINES("a1", "c1"), .expect = "c1!a1, c1>a2"}, /* back to the line */
      {8, MOVES("c1", "nowhere"), .expect = "(unknown queue)"},
      {8, MOVES("c7", "help"), .expect = "(unknown contact)"},
      {8, HANDED("c7", "a1"), .expect = "(unknown contact)"},
      {8, HANDED("c1", "a7"), .expect = "(unknown agent)"},
      {9, MOVES("c1", "sales"), .expect = "c1<a2 transfer, c1 moves transfer"})

STORY(a_callback_keeps_its_place, {0, COMES("c1", "help"), .expect = "c1 in"},
      {1, COMES("c2", "help"), .expect = "c2 in"}, {2, CALL_BACK("c1"), .expect = ""},
      {2, CALL_BACK("c1"), .expect = ""}, {2, CALL_BACK("c8"), .expect = "(unknown contact)"},
      {3, READY("a1"), .expect = "c1>a1"}, {4, CALL_BACK("c2"), .expect = ""},
      {5, ACCEPTS("a1", "c1"), .expect = "c1=a1"})

STORY(queues_open_and_close, {0, COMES("c1", "help"), .expect = "c1 in"},
      {1, CLOSES("help"), .expect = ""}, {2, COMES("c2", "help"), .expect = "(queue is closed)"},
      {3, COMES("c3", "sales"), .expect = "c3 in"},
      {3, MOVES("c3", "help"), .expect = "(queue is closed)"}, {4, OPENS("help"), .expect = ""},
      {5, COMES("c2", "help"), .expect = "c2 in"}, {5, READY("a2"), .expect = "c1>a2"},
      {6, EMERGENCY("help"), .expect = "c2 gone closed, c1<a2 closed, c1 gone closed"},
      {7, OPENS("nowhere"), .expect = "(unknown queue)"},
      {8, {.kind = ACD_FACTS}, .expect = "(value out of range)"})

/* The shell's time is monotonic; a core that hears of an earlier moment stays where it is. */
STORY(a_clock_that_steps_back_an_hour_moves_nothing, {3600, READY("a1"), .expect = ""},
      {3601, COMES("c1", "help"), .expect = "c1 in, c1>a1"}, {1, TICK, .expect = ""},
      {2, ACCEPTS("a1", "c1"), .expect = "c1=a1"},
      {3, RELEASED("c1"), .expect = "c1-a1 request, c1 wrap"}, {3630.9, TICK, .expect = ""},
      {3631.1, TICK, .expect = "c1 done timer"})

/* An hour ahead at once: everything that is due happens, once, and nobody is stuck. */
STORY(a_clock_that_steps_on_an_hour_ends_what_is_due, {0, READY("a1"), .expect = "a1 ready"},
      {0, READY("a2"), .expect = "a2 ready"},
      {1, COMES("c1", "help"), .expect = "c1 in, c1>a1, a1 ringing"},
      {2, ACCEPTS("a1", "c1"), .expect = "c1=a1, a1 busy"},
      {3, RELEASED("c1"), .expect = "c1-a1 request, c1 wrap, a1 wrap-up"},
      {3603, TICK, .expect = "c1 done timer, a1 ready, a1 offline, a2 offline"})

STORY(nonsense_is_refused_by_name, {0, COMES("", "help"), .expect = "(value out of range)"},
      {0, COMES("bad id", "help"), .expect = "(value out of range)"},
      {0, COMES("c1", "help", .thread = T("bad id")), .expect = "(value out of range)"},
      {0, COMES("c1", "help", .thread = T("T1")), .expect = "c1 in"},
      {0, COMES("c2", "help", .channel = 99), .expect = "(value out of range)"},
      {0, COMES("c2", "help", .channel = -1), .expect = "(value out of range)"},
      {0, COMES("c2", "help", .priority = 1001), .expect = "(value out of range)"},
      {0, COMES("c2", "help", .priority = -1001), .expect = "(value out of range)"},
      {0, COMES("c2", "help", .enqueued = -1), .expect = "(value out of range)"},
      {0, COMES("c2", "help", .n_required = 1, .required = {{0, 0}}), .skill = "german",
       .expect = "(value out of range)"},
      {0, COMES("c2", "help", .n_preferred = 1, .preferred = {{0, 6}}),
       .expect = "(value out of range)"},
      {0, COMES("c2", "help", .n_preferred = 9), .expect = "(value out of range)"},
      {0, COMES("c2", "help", .n_preferred = 1, .preferred = {{99, 1}}),
       .expect = "(unknown skill)"},
      {1, COMES("c1", "help", .channel = ACD_CHAT), .expect = "(same id with other content)"},
      {1, COMES("c1", "help", .n_preferred = 1, .preferred = {{0, 1}}),
       .expect = "(same id with other content)"},
      {2, COMES("c3", "help", .n_preferred = 1, .preferred = {{0, 1}}), .expect = "c3 in"},
      {2, COMES("c3", "help", .n_preferred = 1, .preferred = {{0, 1}}), .expect = ""},
      {2, COMES("c3", "help", .n_preferred = 1, .preferred = {{1, 1}}),
       .expect = "(same id with other content)"},
      {2, COMES("c3", "help", .n_preferred = 1, .preferred = {{0, 2}}),
       .expect = "(same id with other content)"},
      {3, COMES("c4", "help", .attempt = 2), .expect = "c4 in"},
      {3, COMES("c4", "help", .attempt = 1), .expect = "(contact is over)"},
      {4, CALL_BACK("c1"), .expect = ""}, {4, COMES("c1", "help"), .expect = ""},
      {5, {.kind = ACD_CONTACT_LEFT, .contact = T("bad id")}, .expect = "(value out of range)"},
      {6,
       {.kind = ACD_AGENT_READY,
        .agent = T("a1"),
        .session = T("a-session-id-that-is-far-longer-than-any-id-may-be-here")},
       .expect = "(value out of range)"},
      {6, PAUSE("a1", "a reason that is far longer than any id may be in this place"),
       .expect = "(value out of range)"})

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_agent_gets_the_contact_at_once),
        cmocka_unit_test(who_waits_longest_meets_who_is_idle_longest),
        cmocka_unit_test(a_higher_priority_goes_first),
        cmocka_unit_test(a_supervisor_moves_somebody_up),
        cmocka_unit_test(a_missed_offer_returns_to_the_front_and_goes_to_another),
        cmocka_unit_test(missing_twice_makes_the_agent_not_ready),
        cmocka_unit_test(a_declined_contact_goes_to_the_next),
        cmocka_unit_test(the_customer_hangs_up_at_any_instant),
        cmocka_unit_test(accept_and_hang_up_at_the_same_instant),
        cmocka_unit_test(accepting_twice_is_accepting_once),
        cmocka_unit_test(two_agents_and_one_offer_that_wandered),
        cmocka_unit_test(an_old_offer_does_not_take_the_new_contact),
        cmocka_unit_test(who_misses_an_offer_goes_to_the_end_of_the_line),
        cmocka_unit_test(who_missed_has_less_idle_time_than_who_came_later),
        cmocka_unit_test(commands_that_come_twice_or_late_bring_nobody_back),
        cmocka_unit_test(a_contact_that_comes_again_keeps_its_time),
        cmocka_unit_test(skills_decide_who_may),
        cmocka_unit_test(preferred_skills_break_the_tie),
        cmocka_unit_test(the_last_agent_is_asked_first),
        cmocka_unit_test(who_spoke_with_the_customer_last_is_asked_first),
        cmocka_unit_test(who_does_not_serve_the_queue_is_not_asked_for_old_times_sake),
        cmocka_unit_test(direct_means_only_that_agent),
        cmocka_unit_test(wrap_up_blocks_every_queue_and_ends_by_its_timer),
        cmocka_unit_test(no_wrap_up_where_the_queue_has_none),
        cmocka_unit_test(not_ready_gives_the_offer_back),
        cmocka_unit_test(signing_out_gives_everything_back),
        cmocka_unit_test(a_lost_agent_is_parked),
        cmocka_unit_test(the_last_tab_counts),
        cmocka_unit_test(draining_finishes_what_is_there),
        cmocka_unit_test(four_chats_and_no_call_beside_them),
        cmocka_unit_test(a_call_may_interrupt_an_email),
        cmocka_unit_test(a_transfer_to_a_queue_and_to_an_agent),
        cmocka_unit_test(a_callback_keeps_its_place),
        cmocka_unit_test(queues_open_and_close),
        cmocka_unit_test(a_clock_that_steps_back_an_hour_moves_nothing),
        cmocka_unit_test(a_clock_that_steps_on_an_hour_ends_what_is_due),
        cmocka_unit_test(nonsense_is_refused_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
