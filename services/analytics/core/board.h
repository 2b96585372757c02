/**
 * @file board.h  The live wallboard: facts of the ACD in, numbers out.
 * Pure and rebuildable: the same facts give the same board, whenever they are replayed.
 *
 * Counters cover the day that began at the time given to analytics_board_day(); states (who waits,
 * who is ready) are what they are.  Formulas: docs/metrics.md.
 */
#ifndef ANALYTICS_BOARD_H
#define ANALYTICS_BOARD_H

#include <tl_id.h>

#define ANALYTICS_AGENT_QUEUES 32         /**< queues of one agent */
#define ANALYTICS_SL_WITHIN    TL_SEC(20) /**< answered in time */
#define ANALYTICS_SHORT        TL_SEC(5)  /**< an abandon before this is short */
#define ANALYTICS_KEEP_ENDED   TL_HOUR(1) /**< a contact that ended waits so long for its wrap-up */
#define ANALYTICS_SL_FORMULA \
    "SL 20 s: answered within 20 s / (answered + abandoned - abandoned within 5 s)"

/** As signaling.v1.AgentPresence. */
enum analytics_presence {
    ANALYTICS_UNKNOWN = 0,
    ANALYTICS_OFFLINE = 1,
    ANALYTICS_NOT_READY = 2,
    ANALYTICS_READY = 3,
    ANALYTICS_RINGING = 4,
    ANALYTICS_BUSY = 5,
    ANALYTICS_WRAP_UP = 6,
};

/** How good expected waits were: means of |told - real| / real, of so many; the long ones are of
 *  waits of 30 s and more.  As the ACD says it. */
struct analytics_forecast {
    double error, error_long;
    int64_t n, n_long;
};

enum analytics_fact_kind {
    ANALYTICS_NOTHING, /**< an event that the board does not need */
    ANALYTICS_CONTACT_QUEUED,
    ANALYTICS_OFFER_ACCEPTED,
    ANALYTICS_CONTACT_ABANDONED,
    ANALYTICS_CONTACT_FLOWED_OUT, /**< left the queue unanswered, but not by the customer's will */
    ANALYTICS_CONTACT_RELEASED,
    ANALYTICS_WRAP_UP_ENDED,
    ANALYTICS_AGENT_CHANGED,
    ANALYTICS_QUEUE_SUPPLY, /**< what the ACD expects of a queue */
};

struct analytics_fact {
    enum analytics_fact_kind kind;
    tl_time at;
    struct tl_id contact, agent, queue;
    tl_time enqueued_at; /**< CONTACT_QUEUED; 0: at */
    tl_dur length; /**< waited (accepted, abandoned), talked (released), wrap-up (ended), expected
                      wait (supply; -1: nobody can say) */
    struct analytics_forecast forecast; /**< supply */
    enum analytics_presence presence;
    struct tl_id reason;
    char name[80];
    struct tl_id queues[ANALYTICS_AGENT_QUEUES];
    size_t n_queues;
};

/** A line of the board; queue empty: the total. */
struct analytics_row {
    struct tl_id queue;
    int32_t waiting; /**< in the queue or ringing, not answered yet */
    tl_dur longest_wait;
    int32_t staffed, idle, connected;
    int32_t offered, answered, abandoned, short_abandoned, flowed_out;
    int32_t in_time; /**< answered within ANALYTICS_SL_WITHIN */
    double service_level;
    tl_dur asa, aht;
    tl_dur expected_wait; /**< -1: nobody can say */
    struct analytics_forecast forecast;
};

struct analytics_agent {
    struct tl_id id;
    enum analytics_presence presence;
    struct tl_id reason;
    char name[80];
    tl_time since;
};

struct analytics_board;

int analytics_board_new(struct analytics_board **ret);
struct analytics_board *analytics_board_free(struct analytics_board *b);

/** A new day begins: counters start at 0, and facts before it count no more. */
void analytics_board_day(struct analytics_board *b, tl_time begins);

/**
 * Tell what happened.  A fact that is told twice changes nothing the second time; a contact that
 * is put back into the same queue was offered once; one that was answered once is not abandoned.
 *
 * @return 0, or -ENOMEM: nothing changed
 */
int analytics_board_step(struct analytics_board *b, const struct analytics_fact *fact);

/** Forgets contacts whose wrap-up never came. */
void analytics_board_tick(struct analytics_board *b, tl_time now);

/** Changes whenever a number may have changed. */
uint64_t analytics_board_version(const struct analytics_board *b);

/** Queues in alphabetical order; false past the last. */
bool analytics_board_queue(const struct analytics_board *b, size_t i, tl_time now,
                           struct analytics_row *ret);
void analytics_board_total(const struct analytics_board *b, tl_time now, struct analytics_row *ret);
/** Agents that are signed in, in alphabetical order; false past the last. */
bool analytics_board_agent(const struct analytics_board *b, size_t i, struct analytics_agent *ret);

#endif
