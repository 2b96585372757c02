/* Words for the enums: in events, metrics, refusals and stories. */
#include "acd.h"

static const char *name_of(const char *const *names, size_t n, size_t i)
{
    return i < n && names[i] ? names[i] : "unknown";
}

#define NAME_OF(table, i) name_of(table, TL_LEN(table), (size_t)(i))

const char *acd_fact_name(enum acd_fact_kind k)
{
    static const char *const names[] = {
        [ACD_TICK] = "tick",
        [ACD_CONTACT_QUEUED] = "contact_queued",
        [ACD_CONTACT_LEFT] = "contact_left",
        [ACD_CONTACT_RELEASED] = "contact_released",
        [ACD_WRAP_UP_DONE] = "wrap_up_done",
        [ACD_OFFER_ACCEPTED] = "offer_accepted",
        [ACD_OFFER_DECLINED] = "offer_declined",
        [ACD_AGENT_READY] = "agent_ready",
        [ACD_AGENT_NOT_READY] = "agent_not_ready",
        [ACD_AGENT_GONE] = "agent_gone",
        [ACD_AGENT_ALIVE] = "agent_alive",
        [ACD_AGENT_DRAINED] = "agent_drained",
        [ACD_REPRIORITISED] = "reprioritised",
        [ACD_MOVED] = "moved",
        [ACD_HANDED] = "handed",
        [ACD_PICKED] = "picked",
        [ACD_CALLBACK_WANTED] = "callback_wanted",
        [ACD_QUEUE_OPENED] = "queue_opened",
        [ACD_QUEUE_CLOSED] = "queue_closed",
        [ACD_CONSULT_ASKED] = "consult_asked",
        [ACD_CONSULT_COMPLETED] = "consult_completed",
        [ACD_CONSULT_MERGED] = "consult_merged",
        [ACD_CONSULT_CANCELLED] = "consult_cancelled",
        [ACD_SEAT_LEFT] = "seat_left",
        [ACD_GATHERED] = "gathered",
    };
    return NAME_OF(names, k);
}

const char *acd_outcome_name(enum acd_outcome o)
{
    static const char *const names[] = {
        [ACD_OK] = "ok",
        [ACD_UNKNOWN_CONTACT] = "unknown contact",
        [ACD_UNKNOWN_AGENT] = "unknown agent",
        [ACD_UNKNOWN_QUEUE] = "unknown queue",
        [ACD_UNKNOWN_SKILL] = "unknown skill",
        [ACD_STALE_OFFER] = "offer is no longer open",
        [ACD_CONFLICT] = "same id with other content",
        [ACD_OVER] = "contact is over",
        [ACD_WRONG_STATE] = "not possible in this state",
        [ACD_OLD_SESSION] = "another session took over",
        [ACD_FULL] = "queue is full",
        [ACD_CLOSED] = "queue is closed",
        [ACD_NO_STAFF] = "nobody is signed in",
        [ACD_OUT_OF_RANGE] = "value out of range",
        [ACD_TOO_VARIED] = "too many distinct requirements",
        [ACD_UNKNOWN_SEAT] = "unknown seat",
        [ACD_NOT_IN_CONTACT] = "agent is not in this contact",
        [ACD_SEATED] = "agent is in this contact already",
        [ACD_TOO_MANY_SEATS] = "too many seats",
    };
    return NAME_OF(names, o);
}

const char *acd_contact_state_name(enum acd_contact_state s)
{
    static const char *const names[] = {
        [ACD_WAITING] = "waiting",
        [ACD_OFFERED] = "offered",
        [ACD_CONNECTED] = "connected",
        [ACD_WRAPPING] = "wrapping",
    };
    return NAME_OF(names, s);
}

const char *acd_presence_name(enum acd_presence p)
{
    static const char *const names[] = {
        [ACD_OFFLINE] = "offline", [ACD_NOT_READY] = "not ready", [ACD_READY] = "ready",
        [ACD_RINGING] = "ringing", [ACD_BUSY] = "busy",           [ACD_WRAP_UP] = "wrap-up",
    };
    return NAME_OF(names, p);
}

const char *acd_cause_name(enum acd_cause c)
{
    static const char *const names[] = {
        [ACD_BY_REQUEST] = "request",
        [ACD_BY_TIMER] = "timer",
        [ACD_CUSTOMER_LEFT] = "customer_left",
        [ACD_AGENT_NOT_READY_CAUSE] = "agent_not_ready",
        [ACD_AGENT_LEFT] = "agent_left",
        [ACD_AGENT_LOST] = "agent_lost",
        [ACD_RONA] = "timed_out",
        [ACD_MAX_WAIT] = "max_wait",
        [ACD_NOBODY_STAFFED] = "no_staff",
        [ACD_QUEUE_EMERGENCY] = "closed",
        [ACD_OVERFLOW] = "overflow",
        [ACD_INTERFLOW] = "interflow",
        [ACD_TRANSFER] = "transfer",
        [ACD_SHIFT_END] = "shift_end",
        [ACD_NEXT_RING] = "next_ring",
        [ACD_NEW_POLICY] = "new_policy",
        [ACD_RING_SKIPPED] = "ring_skipped",
        [ACD_DECLINED] = "declined",
        [ACD_OVERFLOW_WHEN] = "overflow",
    };
    return NAME_OF(names, c);
}

const char *acd_decision_name(enum acd_decision_kind k)
{
    static const char *const names[] = {
        [ACD_ADMIT] = "admit",
        [ACD_OFFER] = "offer",
        [ACD_CONNECT] = "connect",
        [ACD_TAKE_BACK] = "take_back",
        [ACD_TIME_OUT] = "time_out",
        [ACD_TURN_DOWN] = "turn_down",
        [ACD_DISMISS] = "dismiss",
        [ACD_LET_GO] = "let_go",
        [ACD_START_WRAP] = "start_wrap",
        [ACD_END_WRAP] = "end_wrap",
        [ACD_MOVE] = "move",
        [ACD_SHOW_AGENT] = "show_agent",
        [ACD_JOIN] = "join",
        [ACD_HAND_OVER] = "hand_over",
        [ACD_FORGET] = "forget",
    };
    return NAME_OF(names, k);
}

const char *acd_rejection_name(enum acd_rejection r)
{
    static const char *const names[] = {
        [ACD_FIT] = "fit",
        [ACD_REJECT_SKILL] = "skill",
        [ACD_REJECT_NOT_READY] = "not_ready",
        [ACD_REJECT_BUSY] = "busy",
        [ACD_REJECT_REFUSED] = "refused_before",
    };
    return NAME_OF(names, r);
}
