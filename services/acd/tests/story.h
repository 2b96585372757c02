/**
 * @file story.h  Stories of the core: (seconds, fact, decisions).  A decision reads
 *   c1 in         stands in line            c1>a1       rings at
 *   c1=a1         accepted                  c1<a1 why   taken back
 *   c1~a1         not answered              c1!a1       declined
 *   c1 gone why   out of the line           c1-a1 why   conversation over
 *   c1 wrap       after-call work           c1 done why after-call work over
 *   c1 moves why  another ring or queue     a1 ready    presence
 *   s1 joins      the seat's agent talks    c1 to a2    changes hands
 * A seat reads as a contact does.
 * Refusals read "(stale offer)" and so on.  A story is told again with each allocation failing
 * once; the step that failed is repeated and must then give the same.
 */
#ifndef ACD_STORY_H
#define ACD_STORY_H

#include <adapters/policy_yaml.h>
#include <core/acd.h>

struct story_step {
    double at_s;
    struct acd_fact fact;
    const char *queue, *channel, *offer_of, *skill;
    const char *expect;
};

#define T(text) TL_STR(text)
/* by video unless it says otherwise */
#define COMES(id, q, ...) {.kind = ACD_CONTACT_QUEUED, .contact = T(id), __VA_ARGS__}, .queue = (q)
#define LEAVES(id)                                 \
    {                                              \
        .kind = ACD_CONTACT_LEFT, .contact = T(id) \
    }
#define RELEASED(id)                                   \
    {                                                  \
        .kind = ACD_CONTACT_RELEASED, .contact = T(id) \
    }
#define WRAPPED(id)                                \
    {                                              \
        .kind = ACD_WRAP_UP_DONE, .contact = T(id) \
    }
#define READY(a)                                                    \
    {                                                               \
        .kind = ACD_AGENT_READY, .agent = T(a), .session = T("S" a) \
    }
#define PAUSE(a, why)                                                                    \
    {                                                                                    \
        .kind = ACD_AGENT_NOT_READY, .agent = T(a), .session = T("S" a), .cause = T(why) \
    }
#define SIGNS_OUT(a)                                               \
    {                                                              \
        .kind = ACD_AGENT_GONE, .agent = T(a), .session = T("S" a) \
    }
#define ALIVE(a)                                                    \
    {                                                               \
        .kind = ACD_AGENT_ALIVE, .agent = T(a), .session = T("S" a) \
    }
#define DRAINS(a)                                \
    {                                            \
        .kind = ACD_AGENT_DRAINED, .agent = T(a) \
    }
#define TICK             \
    {                    \
        .kind = ACD_TICK \
    }
#define ACCEPTS(a, id)  {.kind = ACD_OFFER_ACCEPTED, .agent = T(a)}, .offer_of = (id)
#define DECLINES(a, id) {.kind = ACD_OFFER_DECLINED, .agent = T(a)}, .offer_of = (id)
#define MOVES(id, q)    {.kind = ACD_MOVED, .contact = T(id)}, .queue = (q)
#define HANDED(id, a)                                       \
    {                                                       \
        .kind = ACD_HANDED, .contact = T(id), .agent = T(a) \
    }
#define PICKS(a, id)                                        \
    {                                                       \
        .kind = ACD_PICKED, .contact = T(id), .agent = T(a) \
    }
#define CONSULTS(by, id, seat_, ...)                                                               \
    {                                                                                              \
        .kind = ACD_CONSULT_ASKED, .contact = T(id), .seat = T(seat_), .agent = T(by), __VA_ARGS__ \
    }
#define ABOUT_SEAT(kind_, by, id, seat_)                                    \
    {                                                                       \
        .kind = (kind_), .contact = T(id), .seat = T(seat_), .agent = T(by) \
    }
#define COMPLETES(by, id, seat) ABOUT_SEAT(ACD_CONSULT_COMPLETED, by, id, seat)
#define MERGES(by, id, seat)    ABOUT_SEAT(ACD_CONSULT_MERGED, by, id, seat)
#define CANCELS(by, id, seat)   ABOUT_SEAT(ACD_CONSULT_CANCELLED, by, id, seat)
#define GETS_UP(a, id)                                         \
    {                                                          \
        .kind = ACD_SEAT_LEFT, .contact = T(id), .agent = T(a) \
    }
#define RANKED(id, p)                                                \
    {                                                                \
        .kind = ACD_REPRIORITISED, .contact = T(id), .priority = (p) \
    }
#define CALL_BACK(id)                                 \
    {                                                 \
        .kind = ACD_CALLBACK_WANTED, .contact = T(id) \
    }
#define OPENS(q)     {.kind = ACD_QUEUE_OPENED}, .queue = (q)
#define CLOSES(q)    {.kind = ACD_QUEUE_CLOSED}, .queue = (q)
#define EMERGENCY(q) {.kind = ACD_QUEUE_CLOSED, .emergency = true}, .queue = (q)

/** When a story begins [us]: its seconds count from here. */
#define BEGIN (TL_SEC(1700000000))

struct story {
    const char *rules; /**< YAML; NULL: story_rules */
    const struct story_step *steps;
    size_t n;
    bool soft;     /**< rings change: without memory that comes a second later, so only checked */
    tl_dur gather; /**< the store was found empty at 0 s: for so long at most */
};

extern const char story_rules[];
/** Tells it, then with each allocation failing in turn. */
void story_tell(const struct story *s);

/** conditions: fields of struct story; two and more in AND(). */
#define STORY_UNDER(name, conditions, ...)                                                         \
    static const struct story_step name##_steps[] = {__VA_ARGS__};                                 \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        story_tell(&(struct story){.steps = name##_steps, .n = TL_LEN(name##_steps), conditions}); \
    }
#define AND(...)         __VA_ARGS__
#define STORY(name, ...) STORY_UNDER(name, .soft = false, __VA_ARGS__)
#define STORY_WITH(name, rules_, soft_, ...) \
    STORY_UNDER(name, AND(.rules = (rules_), .soft = (soft_)), __VA_ARGS__)

#endif
