/**
 * @file contact.h  The life of one contact: facts in, decisions out.
 *
 * A contact is requested, routed by a flow, waits, rings, is connected (and held and retrieved),
 * ends for the customer, and is over when the agent has wrapped up.  What other services have to do
 * for it is *owed*: a set of bits that is stored with the contact and cleared when each one has
 * answered, so that a crash anywhere is resumed by paying what is still owed.
 *
 * The core does no I/O and no allocation: one struct cv_contact in, the changed one out.
 * Invariants: exactly one ContactEnded for each contact (I1); facts of the ACD with an older
 * (epoch, seq) change nothing (I2); every phase has a deadline (I5).
 */
#ifndef CV_CONTACT_H
#define CV_CONTACT_H

#include "core/rules.h"
#include <tl_id.h>

/** Numbers as in threadline.common.v1 (checked in wire.c). */
enum cv_channel { CV_VIDEO = 1, CV_VOICE, CV_CHAT, CV_PHONE };
enum cv_role { CV_NOBODY, CV_CUSTOMER, CV_AGENT, CV_SUPERVISOR, CV_SYSTEM };
enum cv_outcome { CV_OPEN, CV_COMPLETED, CV_ABANDONED, CV_CLOSED, CV_FAILED };

enum cv_phase {
    CV_REQUESTED, /**< stored; the flow has not decided yet */
    CV_ROUTED,    /**< the queue is known; not yet enqueued */
    CV_WAITING,
    CV_RINGING,
    CV_CONNECTED,
    CV_HELD,
    CV_WRAP_UP, /**< over for the customer */
    CV_ENDED,
};

/** What is owed: a command to another service that has not been confirmed. */
enum cv_work {
    CV_ROUTE = 1 << 0,      /**< ivr StartFlow */
    CV_RELEASE = 1 << 1,    /**< acd Release */
    CV_DEQUEUE = 1 << 2,    /**< acd Dequeue */
    CV_FINISH = 1 << 3,     /**< acd CompleteWrapUp */
    CV_PREPARE = 1 << 4,    /**< media PrepareContact */
    CV_ENQUEUE = 1 << 5,    /**< acd Enqueue */
    CV_CONNECT = 1 << 6,    /**< media ConnectContact */
    CV_HOLD = 1 << 7,       /**< media HoldContact, on or off by phase */
    CV_HANG_UP = 1 << 8,    /**< media ReleaseContact */
    CV_OPEN_ROOM = 1 << 9,  /**< cobrowse OpenRoom */
    CV_CLOSE_ROOM = 1 << 10 /**< cobrowse CloseRoom */
};
#define CV_WORKS 11

#define CV_LIST_MAX 8 /**< skills, announcements */
#define CV_URL_MAX  2048

struct cv_list {
    int n;
    struct tl_id at[CV_LIST_MAX];
};

/** Where a flow sends a contact. */
struct cv_route {
    struct tl_id queue;
    struct cv_list skills;
    struct cv_list announcements;
    struct tl_id music;
    int priority;
    char flow[80]; /**< name and hash of the document */
};

struct cv_contact {
    struct tl_id id, thread, request;
    int64_t version; /**< of the stored row; 0: not stored yet */
    enum cv_channel channel;
    enum cv_phase phase;
    enum cv_outcome outcome;
    unsigned owed; /**< bits of enum cv_work */

    struct tl_id session, visitor, customer, visit, invitation;
    char name[80]; /**< how the customer is shown; empty: nobody vouched */
    char tier[24];
    char section[64];
    char page_url[CV_URL_MAX + 1];
    struct tl_id media; /**< media instance; empty for chat */
    struct cv_route route;
    int attempt; /**< how often it was put back in line */

    struct tl_id agent; /**< from RINGING on */
    char agent_name[80];
    struct tl_id offer;
    uint64_t epoch, acd_seq; /**< newest fact of the ACD that was applied */

    bool cobrowse_consent; /**< the customer allows the view of the page */
    bool cobrowse_active;

    tl_time requested_at, enqueued_at; /**< enqueued_at stays when it is queued again */
    tl_time since;                     /**< of this phase */
    tl_time ring_ends_at, wrap_up_ends_at;
    tl_time connected_at, held_at, ended_at; /**< 0: not */
    tl_dur waited, talked, held;             /**< totals so far */
};

struct cv_actor {
    enum cv_role role;
    struct tl_id session, agent, visitor, customer;
    char tier[24];
};

enum cv_fact_kind {
    CV_ROUTED_TO,       /**< route */
    CV_FLOW_CLOSED,     /**< the flow says goodbye: cause */
    CV_WORK_DONE,       /**< work was confirmed; RELEASE: until is the end of the wrap-up or 0;
                           CONNECT: agent, HOLD: on, as they were when it was asked for */
    CV_WORK_REFUSED,    /**< work will never succeed: code */
    CV_OFFERED,         /**< offer, agent, until */
    CV_OFFER_OVER,      /**< declined, timed out, rescinded: offer */
    CV_ACCEPTED,        /**< offer, agent, agent_name (empty: not known yet) */
    CV_NAMED,           /**< agent, agent_name: how the agent is shown */
    CV_DEQUEUED,        /**< the ACD let it go: cause */
    CV_RELEASED,        /**< the ACD took the agent away */
    CV_WRAP_UP_TIMEOUT, /**< the ACD's wrap-up timer */
    CV_HUNG_UP,         /**< by says who */
    CV_CUSTOMER_LOST,   /**< cause; NULL: "session_lost" */
    CV_AGENT_LOST,
    CV_HOLD_ASKED,
    CV_RETRIEVE_ASKED,
    CV_CONSENTED,
    CV_ROOM_CLOSED, /**< cobrowse-relay ended the room by itself */
    CV_WITHDRAWN,   /**< consent; by says who */
    CV_WRAPPED_UP,
    CV_DEADLINE, /**< cv_due() has passed */
    CV_MENDED,   /**< the reconciler: work is owed again, where the phase allows it */
};

struct cv_fact {
    enum cv_fact_kind kind;
    enum cv_role by;
    unsigned work;
    bool on;
    int code;
    const char *cause;  /**< a fixed word, or borrowed */
    const char *repair; /**< said by the reconciler: the kind of repair; else NULL */
    const struct cv_route *route;
    struct tl_id offer, agent;
    char agent_name[80];
    char disposition[40];
    uint64_t epoch, seq; /**< of an ACD event; seq 0: not ordered */
    tl_time until;
};

enum cv_event_kind {
    CV_EV_THREAD_OPENED,
    CV_EV_THREAD_LINKED,
    CV_EV_REQUESTED,
    CV_EV_ROUTED,
    CV_EV_CONNECTED,
    CV_EV_HELD,
    CV_EV_RETRIEVED,
    CV_EV_ENDED,
    CV_EV_MESSAGE,
    CV_EV_WRAPPED_UP,
    CV_EV_SURVEY,
    CV_EV_CONSENTED,
    CV_EV_STOPPED,
    CV_EV_REPAIRED,
};

/** An event to publish; what is not here is taken from the contact after the step. */
struct cv_event {
    enum cv_event_kind kind;
    enum cv_role by;
    struct tl_id agent;
    char word[40]; /**< cause, disposition, kind of repair */
    tl_dur lasted; /**< held, wrap-up */
    bool by_timer;
    int number;         /**< score, length of a message */
    struct tl_id other; /**< message id, linked customer */
};

/** Whom to tell what, after the commit. */
enum cv_tell {
    CV_TELL_CUSTOMER = 1 << 0, /**< contact_state */
    CV_TELL_AGENT = 1 << 1,    /**< contact_state */
    CV_TELL_CARD = 1 << 2,     /**< contact_card to the agent */
    CV_TELL_SURVEY = 1 << 3,   /**< survey to the customer */
    CV_TELL_STOPPED = 1 << 4,  /**< cobrowse_stopped to both */
    CV_TELL_FORMER = 1 << 5,   /**< contact_state ENDED to the agent who lost it */
    CV_TELL_PROGRESS = 1 << 6, /**< queue_progress to the customer */
};

#define CV_EVENTS_MAX 6

struct cv_decision {
    int code; /**< 0, or the HTTP status of a refusal; then nothing changed */
    const char *reason;
    bool changed;
    unsigned tell;
    struct tl_id former; /**< CV_TELL_FORMER */
    int n_events;
    struct cv_event events[CV_EVENTS_MAX];
};

/** A new contact: phase REQUESTED, owes the route; d has the event ContactRequested. */
void cv_open(struct cv_contact *c, struct cv_decision *ret, tl_time now);

/**
 * Tell a contact what happened and learn what to do.
 *
 * A repeated or late fact is harmless: nothing changes and ret->changed is false.
 *
 * @param c   Changed in place; work on a copy until it is committed
 * @param now When it happened [us since epoch]
 */
void cv_step(struct cv_contact *c, const struct cv_fact *fact, const struct cv_rules *rules,
             tl_time now, struct cv_decision *ret);

/** Owed work that may start now (some has to wait for other). */
unsigned cv_payable(const struct cv_contact *c);
/** When the phase is overdue [us]; TL_NEVER: not before something happens. */
tl_time cv_due(const struct cv_contact *c, const struct cv_rules *rules);

/** The contact belongs to the actor: the customer's session, or its agent. */
bool cv_is_theirs(const struct cv_contact *c, const struct cv_actor *actor);
/** Not over for the customer. */
bool cv_is_live(const struct cv_contact *c);
/** Has audio, so media-relay takes part. */
bool cv_has_audio(const struct cv_contact *c);

const char *cv_phase_name(enum cv_phase phase);
/** -EINVAL: no phase of that name. */
int cv_phase_parse(const char *name, enum cv_phase *ret);
/** "route", "enqueue" ...; for one bit. */
const char *cv_work_name(unsigned work);

#endif
