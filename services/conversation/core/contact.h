/**
 * @file contact.h  The life of one contact: facts in, decisions out.
 *
 * A contact is requested, routed by a flow, waits, rings, is connected (and held and retrieved),
 * ends for the customer, and is over when the agent has wrapped up.  What other services have to do
 * for it is *owed*: a set of bits that is stored with the contact and cleared when each one has
 * answered, so that a crash anywhere is resumed by paying what is still owed.
 *
 * The core does no I/O and no allocation: one struct contact in, the changed one out.
 * Invariants: exactly one ContactEnded for each contact (I1); facts of the ACD with an older
 * (epoch, seq) change nothing (I2); every phase has a deadline (I5).
 */
#ifndef CONVERSATION_CONTACT_H
#define CONVERSATION_CONTACT_H

#include "core/rules.h"
#include <tl_id.h>

/** Numbers as in threadline.common.v1 (checked in wire.c). */
enum contact_channel { CHANNEL_VIDEO = 1, CHANNEL_VOICE, CHANNEL_CHAT, CHANNEL_PHONE };
enum contact_role { ROLE_NOBODY, ROLE_CUSTOMER, ROLE_AGENT, ROLE_SUPERVISOR, ROLE_SYSTEM };
enum contact_outcome {
    OUTCOME_OPEN,
    OUTCOME_COMPLETED,
    OUTCOME_ABANDONED,
    OUTCOME_CLOSED,
    OUTCOME_FAILED
};

enum contact_phase {
    PHASE_REQUESTED, /**< stored; the flow has not decided yet */
    PHASE_ROUTED,    /**< the queue is known; not yet enqueued */
    PHASE_WAITING,
    PHASE_RINGING,
    PHASE_CONNECTED,
    PHASE_HELD,
    PHASE_WRAP_UP, /**< over for the customer */
    PHASE_ENDED,
};

/** What is owed: a command to another service that has not been confirmed. */
enum contact_work {
    WORK_ROUTE = 1 << 0,      /**< ivr StartFlow */
    WORK_RELEASE = 1 << 1,    /**< acd Release */
    WORK_DEQUEUE = 1 << 2,    /**< acd Dequeue */
    WORK_FINISH = 1 << 3,     /**< acd CompleteWrapUp */
    WORK_PREPARE = 1 << 4,    /**< media PrepareContact */
    WORK_ENQUEUE = 1 << 5,    /**< acd Enqueue */
    WORK_CONNECT = 1 << 6,    /**< media ConnectContact */
    WORK_HOLD = 1 << 7,       /**< media HoldContact, on or off by phase */
    WORK_HANG_UP = 1 << 8,    /**< media ReleaseContact */
    WORK_OPEN_ROOM = 1 << 9,  /**< cobrowse OpenRoom */
    WORK_CLOSE_ROOM = 1 << 10 /**< cobrowse CloseRoom */
};
#define WORK_COUNT 11

#define CONTACT_LIST_MAX 8 /**< skills, announcements */
#define CONTACT_URL_MAX  2048

struct contact_list {
    int n;
    struct tl_id at[CONTACT_LIST_MAX];
};

/** Where a flow sends a contact. */
struct contact_route {
    struct tl_id queue;
    struct contact_list skills;
    struct contact_list announcements;
    struct tl_id music;
    int priority;
    char flow[80]; /**< name and hash of the document */
};

struct contact {
    struct tl_id id, thread, request;
    int64_t version; /**< of the stored row; 0: not stored yet */
    enum contact_channel channel;
    enum contact_phase phase;
    enum contact_outcome outcome;
    unsigned owed; /**< bits of enum contact_work */

    struct tl_id session, visitor, customer, visit, invitation;
    char name[80]; /**< how the customer is shown; empty: nobody vouched */
    char tier[24];
    char section[64];
    char page_url[CONTACT_URL_MAX + 1];
    struct tl_id media; /**< media instance; empty for chat */
    struct contact_route route;
    int attempt; /**< how often it was put back in line */

    struct tl_id agent; /**< from RINGING on */
    char agent_name[80];
    struct tl_id offer;
    uint64_t epoch, acd_seq; /**< newest fact of the ACD that was applied */

    char farewell[200]; /**< what the flow says to a contact that it closes */

    bool cobrowse_consent; /**< the customer allows the view of the page */
    bool cobrowse_active;

    tl_time requested_at, enqueued_at; /**< enqueued_at stays when it is queued again */
    tl_time since;                     /**< of this phase */
    tl_time ring_ends_at, wrap_up_ends_at;
    tl_time connected_at, held_at, ended_at; /**< 0: not */
    tl_time unanswered_at; /**< chat: the agent's newest line that the customer left unanswered */
    bool resulted;         /**< the agent has said how it went */
    bool idle_asked;       /**< "are you still there?" since then */
    tl_dur waited, talked, held; /**< totals so far */
};

struct contact_actor {
    enum contact_role role;
    struct tl_id session, agent, visitor, customer;
    char tier[24];
};

enum contact_fact_kind {
    FACT_ROUTED_TO,       /**< route */
    FACT_FLOW_CLOSED,     /**< the flow says goodbye: cause, farewell */
    FACT_WORK_DONE,       /**< work was confirmed; RELEASE: until is the end of the wrap-up or 0;
                           CONNECT: agent, HOLD: on, as they were when it was asked for */
    FACT_WORK_REFUSED,    /**< work will never succeed: code */
    FACT_OFFERED,         /**< offer, agent, until */
    FACT_OFFER_OVER,      /**< declined, timed out, rescinded: offer */
    FACT_ACCEPTED,        /**< offer, agent, agent_name (empty: not known yet) */
    FACT_NAMED,           /**< agent, agent_name: how the agent is shown */
    FACT_DEQUEUED,        /**< the ACD let it go: cause */
    FACT_RELEASED,        /**< the ACD took the agent away */
    FACT_WRAP_UP_TIMEOUT, /**< the ACD's wrap-up timer */
    FACT_HUNG_UP,         /**< by says who */
    FACT_CUSTOMER_LOST,   /**< cause; NULL: "session_lost" */
    FACT_AGENT_LOST,
    FACT_HOLD_ASKED,
    FACT_RETRIEVE_ASKED,
    FACT_CONSENTED,
    FACT_ROOM_CLOSED, /**< cobrowse-relay ended the room by itself */
    FACT_WITHDRAWN,   /**< consent; by says who */
    FACT_WRAPPED_UP,
    FACT_DEADLINE, /**< contact_due() has passed */
    FACT_MENDED,   /**< the reconciler: work is owed again, where the phase allows it */
};

struct contact_fact {
    enum contact_fact_kind kind;
    enum contact_role by;
    unsigned work;
    bool on;
    int code;
    const char *cause;    /**< a fixed word, or borrowed */
    const char *farewell; /**< borrowed; NULL: none */
    const char *repair;   /**< said by the reconciler: the kind of repair; else NULL */
    const struct contact_route *route;
    struct tl_id offer, agent;
    char agent_name[80];
    char disposition[40];
    uint64_t epoch, seq; /**< of an ACD event; seq 0: not ordered */
    tl_time until;
};

enum contact_event_kind {
    EVENT_THREAD_OPENED,
    EVENT_THREAD_LINKED,
    EVENT_REQUESTED,
    EVENT_ROUTED,
    EVENT_CONNECTED,
    EVENT_HELD,
    EVENT_RETRIEVED,
    EVENT_ENDED,
    EVENT_MESSAGE,
    EVENT_WRAPPED_UP,
    EVENT_SURVEY,
    EVENT_CONSENTED,
    EVENT_STOPPED,
    EVENT_REPAIRED,
};

/** An event to publish; what is not here is taken from the contact after the step. */
struct contact_event {
    enum contact_event_kind kind;
    enum contact_role by;
    struct tl_id agent;
    char word[40]; /**< cause, disposition, kind of repair */
    tl_dur lasted; /**< held, wrap-up */
    bool by_timer, late;
    int number;         /**< score, length of a message */
    struct tl_id other; /**< message id, linked customer */
};

/** Whom to tell what, after the commit. */
enum contact_tell {
    TELL_CUSTOMER = 1 << 0, /**< contact_state */
    TELL_AGENT = 1 << 1,    /**< contact_state */
    TELL_CARD = 1 << 2,     /**< contact_card to the agent */
    TELL_SURVEY = 1 << 3,   /**< survey to the customer */
    TELL_STOPPED = 1 << 4,  /**< cobrowse_stopped to both */
    TELL_FORMER = 1 << 5,   /**< contact_state ENDED to the agent who lost it */
};

/** A line of chat by the system, stored and shown to both with the step. */
enum contact_says { SAYS_NOTHING, SAYS_IDLE_QUESTION, SAYS_IDLE_GOODBYE };

#define DECISION_EVENTS_MAX 6

struct contact_decision {
    int code; /**< 0, or the HTTP status of a refusal; then nothing changed */
    const char *reason;
    bool changed;
    unsigned tell;
    enum contact_says says;
    struct tl_id former; /**< TELL_FORMER */
    int n_events;
    struct contact_event events[DECISION_EVENTS_MAX];
};

/** A new contact: phase REQUESTED, owes the route; d has the event ContactRequested. */
void contact_open(struct contact *c, struct contact_decision *ret, tl_time now);

/**
 * Tell a contact what happened and learn what to do.
 *
 * A repeated or late fact is harmless: nothing changes and ret->changed is false.
 *
 * @param c   Changed in place; work on a copy until it is committed
 * @param now When it happened [us since epoch]
 */
void contact_step(struct contact *c, const struct contact_fact *fact, const struct rules *rules,
                  tl_time now, struct contact_decision *ret);

/** A line of chat by `by`: a chat's idle clock runs from the agent's line that is unanswered.
 * True: c has changed. */
bool contact_wrote(struct contact *c, enum contact_role by, tl_time now);
/** Owed work that may start now (some has to wait for other). */
unsigned contact_payable(const struct contact *c);
/** Bits of TELL_ that say how it stands to whoever missed it: harmless to who did not. */
unsigned contact_tells(const struct contact *c);
/** When the phase is overdue [us]; TL_NEVER: not before something happens. */
tl_time contact_due(const struct contact *c, const struct rules *rules);

/** The contact belongs to the actor: the customer's session, or its agent. */
bool contact_is_theirs(const struct contact *c, const struct contact_actor *actor);
/** Not over for the customer. */
bool contact_is_live(const struct contact *c);
/** Connected with an agent, or held. */
bool contact_is_talking(const struct contact *c);
/** Has audio, so media-relay takes part. */
bool contact_has_audio(const struct contact *c);

const char *contact_phase_name(enum contact_phase phase);
/** -EINVAL: no phase of that name. */
int contact_phase_parse(const char *name, enum contact_phase *ret);
/** "route", "enqueue" ...; for one bit. */
const char *contact_work_name(unsigned work);

#endif
