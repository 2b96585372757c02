/**
 * @file acd.h  Who serves the next contact: facts in, decisions out.
 *
 * The core does no I/O: no clock, no bus, no log.  One struct acd, one thread.  The same facts with
 * the same times give the same decisions, so any day can be replayed.
 *
 * Agents and contacts are known by a handle (a small number that stays the same while they exist).
 * Waiting contacts stand in lines: one line for each distinct set of requirements of a queue, each
 * ordered by the policy's key.  Nobody who could be served waits: after every step no free agent is
 * fit for a contact that stands in line (lab/check.h proves it).
 *
 * README.md of this folder tells the words and the rules.
 */
#ifndef ACD_H
#define ACD_H

#include "policy.h"

#define ACD_NONE         UINT32_MAX /**< no agent, no contact */
#define ACD_EXCLUDED_MAX 4       /**< agents who refused a contact and are not asked again soon */
#define ACD_HISTORY      8       /**< newest steps kept for acd_history() */
#define ACD_SEATS_MAX    8       /**< of one contact */
#define ACD_CONTACTS_MAX 4000000 /**< contacts in the core at once */

struct acd;

/** What happened. */
enum acd_fact_kind {
    ACD_TICK,           /**< time passed */
    ACD_CONTACT_QUEUED, /**< wants an agent: contact, thread, queue, channel, needs, priority ... */
    ACD_CONTACT_LEFT,   /**< is gone, in whatever state: contact, cause */
    ACD_CONTACT_RELEASED,  /**< the conversation is over: contact, cause */
    ACD_WRAP_UP_DONE,      /**< the agent has noted the result: contact, agent */
    ACD_OFFER_ACCEPTED,    /**< agent, offer */
    ACD_OFFER_DECLINED,    /**< agent, offer, cause */
    ACD_AGENT_READY,       /**< agent, session */
    ACD_AGENT_NOT_READY,   /**< agent, session, cause: signs in as well */
    ACD_AGENT_GONE,        /**< agent, session: signed out or lost */
    ACD_AGENT_ALIVE,       /**< agent, session: its session was seen */
    ACD_AGENT_DRAINED,     /**< agent: shift ends, finish what is there, then sign out */
    ACD_REPRIORITISED,     /**< contact, priority */
    ACD_MOVED,             /**< contact, queue: transfer, also of a connected contact */
    ACD_HANDED,            /**< contact, agent: transfer to that agent */
    ACD_PICKED,            /**< contact, agent: the agent takes it out of the line by hand */
    ACD_CALLBACK_WANTED,   /**< contact: keeps its place, the channel becomes callback */
    ACD_QUEUE_OPENED,      /**< queue */
    ACD_QUEUE_CLOSED,      /**< queue: nobody new; flag emergency: who waits is told to go */
    ACD_CONSULT_ASKED,     /**< contact, seat, agent: who asks; preferred_agent, or queue */
    ACD_CONSULT_COMPLETED, /**< contact, seat, agent: the seat's agent takes the agent's place */
    ACD_CONSULT_MERGED,    /**< contact, seat, agent: now all talk with the customer */
    ACD_CONSULT_CANCELLED, /**< contact, seat, agent: in whatever state, unless merged */
    ACD_SEAT_LEFT,         /**< contact, agent: goes; the last one ends the contact */
    ACD_GATHERED,          /**< all who waited before acd_gather() are here again */
    ACD_FACTS
};

struct acd_fact {
    enum acd_fact_kind kind;
    struct tl_str contact, thread, agent, session, cause, preferred_agent, seat;
    uint64_t offer;
    uint32_t queue; /**< index of acd_queue_find() */
    enum acd_channel channel;
    int32_t priority;
    uint32_t attempt; /**< times the contact was queued before; 0 the first time */
    tl_time enqueued; /**< 0: now.  A contact that comes again keeps its first time */
    bool direct;      /**< only preferred_agent will do */
    bool emergency;
    uint8_t n_required, n_preferred;
    struct acd_need required[ACD_NEEDS_MAX], preferred[ACD_NEEDS_MAX];
};

/** What became of a fact.  All but ACD_OK changed nothing. */
enum acd_outcome {
    ACD_OK,
    ACD_UNKNOWN_CONTACT,
    ACD_UNKNOWN_AGENT,
    ACD_UNKNOWN_QUEUE,
    ACD_UNKNOWN_SKILL,
    ACD_STALE_OFFER, /**< no longer open: timed out, taken back, taken by somebody else */
    ACD_CONFLICT,    /**< the same id with other content */
    ACD_OVER,        /**< the contact was here and is over */
    ACD_WRONG_STATE,
    ACD_OLD_SESSION, /**< another session of this agent took over */
    ACD_FULL,        /**< the queue's bound */
    ACD_CLOSED,      /**< the queue takes nobody now */
    ACD_NO_STAFF,    /**< nobody is signed in, and the policy refuses then */
    ACD_OUT_OF_RANGE,
    ACD_TOO_VARIED, /**< more distinct requirement sets than ACD_LINES_MAX */
    ACD_UNKNOWN_SEAT,
    ACD_NOT_IN_CONTACT, /**< the agent who wants this does not talk with the customer */
    ACD_SEATED,         /**< the agent who is asked is in the contact already */
    ACD_TOO_MANY_SEATS, /**< ACD_SEATS_MAX */
    ACD_OUTCOMES
};

enum acd_contact_state {
    ACD_FREE_SLOT,
    ACD_WAITING,
    ACD_OFFERED,
    ACD_CONNECTED,
    ACD_WRAPPING,
    ACD_CONTACT_STATES
};

/** What a place at a contact is.  The first is the contact itself; the others are seats. */
enum acd_seat_kind {
    ACD_NO_SEAT,
    ACD_CONSULT, /**< asked for advice: the customer does not hear it */
    ACD_JOINED,  /**< talks with the customer, too */
};

enum acd_presence { ACD_OFFLINE = 1, ACD_NOT_READY, ACD_READY, ACD_RINGING, ACD_BUSY, ACD_WRAP_UP };

/** Why something ended or changed; acd_cause_name() gives the word in events. */
enum acd_cause {
    ACD_BY_REQUEST,
    ACD_BY_TIMER,
    ACD_CUSTOMER_LEFT,
    ACD_AGENT_NOT_READY_CAUSE,
    ACD_AGENT_LEFT,
    ACD_AGENT_LOST,
    ACD_RONA,
    ACD_MAX_WAIT,
    ACD_NOBODY_STAFFED,
    ACD_QUEUE_EMERGENCY,
    ACD_OVERFLOW,
    ACD_INTERFLOW,
    ACD_TRANSFER,
    ACD_SHIFT_END,
    ACD_NEXT_RING,
    ACD_NEW_POLICY,
    ACD_RING_SKIPPED,  /**< nobody signed in could ever fill the ring */
    ACD_DECLINED,      /**< the one agent who was asked for a consult will not come */
    ACD_OVERFLOW_WHEN, /**< overflow whose condition held; in events the same word */
    ACD_CAUSES
};

/**
 * One contact as it is kept, stored and told.  Times [us].
 *
 * Also one seat: another agent's place at a connected contact, asked for by somebody who is in it.
 * A seat waits, rings, is connected and wraps up like a contact, by the rules of its own queue, and
 * counts against its agent's capacity in the same way.
 */
struct acd_contact {
    struct tl_id id, thread;
    uint64_t offer;   /**< last offer made; 0: none yet */
    uint64_t arrival; /**< order of arrival, breaks ties */
    tl_time enqueued; /**< the customer's first time, kept over every return */
    tl_time queued;   /**< entered the present queue; rings and maximum wait count from here */
    tl_time since;    /**< the present state began */
    tl_time deadline; /**< offered: rings until; wrapping: ends at; else 0 */
    int32_t priority;
    uint32_t agent;     /**< offered, connected, wrapping: whose; else ACD_NONE */
    uint32_t preferred; /**< waits for this agent first; ACD_NONE */
    uint32_t parent;    /**< a seat: of that contact; else ACD_NONE */
    uint32_t attempt;
    uint16_t queue;
    uint8_t channel; /**< enum acd_channel */
    uint8_t state;   /**< enum acd_contact_state */
    uint8_t ring;
    bool direct;
    bool overflowed;
    uint8_t n_required, n_preferred, n_excluded;
    uint8_t seat;    /**< enum acd_seat_kind */
    uint8_t n_seats; /**< of this contact, in whatever state */
    struct acd_need required[ACD_NEEDS_MAX];
    struct acd_need preferred_skills[ACD_NEEDS_MAX];
    struct {
        uint32_t agent;
        uint32_t until_s; /**< seconds after enqueued */
    } excluded[ACD_EXCLUDED_MAX];
};

/** One agent as it is kept, stored and told. */
struct acd_agent {
    struct tl_id id;
    tl_time since;        /**< the present presence began */
    tl_time idle_since;   /**< last contact ended, or became ready */
    tl_time last_offered; /**< for round robin */
    tl_time signed_in_at;
    tl_dur busy_total; /**< ended conversations and wrap-ups since signing in */
    tl_time seen;      /**< last heartbeat; not stored */
    uint32_t contacts; /**< first of the agent's contacts; not stored */
    uint16_t n_offered, n_connected, n_wrapping;
    uint8_t load[ACD_LOADS];
    uint8_t rona;     /**< offers missed in a row */
    uint8_t presence; /**< enum acd_presence */
    bool signed_in, ready, draining, retired;
    struct tl_id session, reason; /**< last: seldom looked at */
};

#define ACD_WHY_MAX 8

enum acd_rejection {
    ACD_FIT,
    ACD_REJECT_SKILL,
    ACD_REJECT_NOT_READY,
    ACD_REJECT_BUSY,
    ACD_REJECT_REFUSED, /**< declined or missed this contact */
    ACD_REJECTIONS
};

/** Why this agent: valid during the sink's call. */
struct acd_why {
    enum acd_agent_choice method;
    bool by_agent;       /**< an agent came free and took the best contact */
    bool by_hand;        /**< picked, handed or preferred: no choice was made */
    bool again;          /**< an open offer that a new owner says again */
    uint32_t considered; /**< signed in and serving the queue */
    uint32_t rejected[ACD_REJECTIONS];
    uint32_t n; /**< candidates shown, best first */
    struct {
        uint32_t agent;
        double score;
        tl_dur idle;
    } candidates[ACD_WHY_MAX];
};

/** What to do, in this order. */
enum acd_decision_kind {
    ACD_ADMIT,      /**< contact stands in line */
    ACD_OFFER,      /**< ring at agent; why is set */
    ACD_CONNECT,    /**< agent has accepted */
    ACD_TAKE_BACK,  /**< stop ringing; cause; the contact is in line again or gone */
    ACD_TIME_OUT,   /**< stop ringing: not answered */
    ACD_TURN_DOWN,  /**< declined */
    ACD_DISMISS,    /**< the waiting contact goes; cause */
    ACD_LET_GO,     /**< conversation over: agent, since is when it was accepted */
    ACD_START_WRAP, /**< until contact->deadline */
    ACD_END_WRAP,   /**< cause */
    ACD_MOVE,       /**< another ring or queue; cause */
    ACD_JOIN,       /**< the seat's agent talks with the customer from now on */
    ACD_HAND_OVER,  /**< the contact is agent's now; text: whose it was, who has the seat for it */
    ACD_SHOW_AGENT, /**< the agent's presence changed */
    ACD_FORGET,     /**< the contact is out of the core after this call */
    ACD_DECISIONS
};

/** Borrowed until the sink returns. */
struct acd_decision {
    enum acd_decision_kind kind;
    tl_time now;
    uint32_t contact_at, agent_at; /**< handles or ACD_NONE */
    const struct acd_contact *contact;
    const struct acd_agent *agent;
    const struct acd_why *why;
    enum acd_cause cause;
    struct tl_str text;   /**< the fact's own cause, where it had one */
    uint64_t offer;       /**< the offer meant */
    tl_dur lasted;        /**< of what ended: state, wrap-up, ring */
    uint8_t presence_was; /**< ACD_SHOW_AGENT */
    uint8_t ring_was;     /**< ACD_MOVE to another ring */
};

/** Called during acd_step() for each decision.  It must not step the core. */
typedef void acd_sink_fn(void *arg, const struct acd_decision *d);

/** offer_base: offers are numbered from here; a new owner uses its epoch << 32.  0, -ENOMEM. */
int acd_new(struct acd **ret, const struct acd_policy *policy, uint64_t offer_base,
            acd_sink_fn *sink, void *arg);
struct acd *acd_free(struct acd *acd);

/**
 * Tell the core what happened.
 *
 * A repeated fact is harmless: it gives the same outcome and no second decision.
 *
 * @param now         When it happened [us]; never goes back (an earlier one counts as the latest)
 * @param ret_outcome Set on success; may be NULL
 * @return 0, or -ENOMEM: nothing changed
 */
int acd_step(struct acd *acd, const struct acd_fact *fact, tl_time now,
             enum acd_outcome *ret_outcome);

/** When to send ACD_TICK at the latest [us]; TL_NEVER: nothing is due.  Early ticks are harmless.
 */
tl_time acd_next_wake(const struct acd *acd);

/** Exchange the rules without losing anybody: queues, skills and agents are matched by name.
 *  0, -ENOMEM: the old ones stay. */
int acd_set_policy(struct acd *acd, const struct acd_policy *policy, tl_time now);
const struct acd_policy *acd_policy(const struct acd *acd);

/* ---- looking: handles and names ---- */

/** Index for facts, or ACD_NONE. */
uint32_t acd_queue_find(const struct acd *acd, struct tl_str name);
uint32_t acd_skill_find(const struct acd *acd, struct tl_str name);
uint32_t acd_find_agent(const struct acd *acd, struct tl_str id);
/** A contact or a seat. */
uint32_t acd_find_contact(const struct acd *acd, struct tl_str id);
/** By handle; NULL where nobody is. */
const struct acd_agent *acd_agent(const struct acd *acd, uint32_t at);
const struct acd_contact *acd_contact(const struct acd *acd, uint32_t at);
/** What the policy says of an agent; NULL for a retired one. */
const struct acd_agent_profile *acd_profile(const struct acd *acd, uint32_t agent);
/** Next handle after at (ACD_NONE: the first) or ACD_NONE.  Seats are among the contacts. */
uint32_t acd_next_agent(const struct acd *acd, uint32_t at);
uint32_t acd_next_contact(const struct acd *acd, uint32_t at);
/** The contact's seats in the order they were asked for; returns how many. */
unsigned acd_seats(const struct acd *acd, uint32_t contact, uint32_t ret[ACD_SEATS_MAX]);
/** The agent's next contact after at (ACD_NONE: the first) or ACD_NONE. */
uint32_t acd_next_of_agent(const struct acd *acd, uint32_t agent, uint32_t at);
/** Whether the queue takes nobody now. */
bool acd_queue_closed(const struct acd *acd, uint32_t queue);
/** Whether the agent serves the queue. */
bool acd_serves(const struct acd *acd, uint32_t agent, uint32_t queue);

/* ---- numbers (estimate.c has the formulas) ------------------------------------------------ */

struct acd_supply {
    uint32_t staffed, idle, waiting, ringing, connected;
    tl_dur oldest_wait;
    tl_dur expected_wait; /**< until the first offer, for who comes now; -1: nobody can say */
    /** Mean of |told - wait| / wait (MAPE) of waits of 1 s and more until the first offer, and of
     *  ACD_LONG_WAIT and more; -1: none yet. */
    double mape, mape_long;
    uint64_t mape_n, mape_long_n;
};
#define ACD_LONG_WAIT TL_SEC(30)
void acd_supply(const struct acd *acd, uint32_t queue, tl_time now, struct acd_supply *ret);
/** 1 is next in its queue; 0: does not wait.  O(lines of the queue * log waiting). */
uint32_t acd_position(const struct acd *acd, uint32_t contact);
/** Expected wait until the first offer of somebody at this position [us]; -1: nobody can say. */
tl_dur acd_expected_wait(const struct acd *acd, uint32_t queue, uint32_t position);
/** Oldest moment since which an offer is open, TL_NEVER if none: a gauge.  O(offers). */
tl_time acd_oldest_offer(const struct acd *acd);
tl_time acd_oldest_lease(const struct acd *acd);

struct acd_size {
    size_t contact_bytes, agent_bytes; /**< of one, all its parts counted */
    uint32_t contacts, agents, lines;
};
struct acd_size acd_size(const struct acd *acd);

/** Where a contact is at the moment, and the rules in force, as a line of text; returns the length.
 */
size_t acd_now_line(const struct acd *acd, uint32_t contact, char *line, size_t size);
/** The newest steps of a contact, oldest first, as a line of text; returns the length or 0. */
size_t acd_history(const struct acd *acd, uint32_t contact, unsigned i, char *line, size_t size);
/** At the moment of a decision, some agents of the contact's queue who were not taken, and why. */
struct acd_rejected {
    uint32_t agent;
    enum acd_rejection reason;
};
uint32_t acd_why_rejected(const struct acd *acd, uint32_t contact, struct acd_rejected *ret,
                          uint32_t max);
/** One line for the desk. */
size_t acd_why_line(const struct acd *acd, const struct acd_decision *offer, char *line,
                    size_t size);

/* ---- storing and loading ---- */

/** Hands over the contacts and agents that changed since the last call (each once) and forgets
 *  that they did.  A seat that changed is a change of its contact. */
void acd_take_changed(struct acd *acd, void (*contact)(void *arg, const struct acd_contact *c),
                      void (*agent)(void *arg, const struct acd_agent *a), void *arg);

/** Who spoke last with a thread's customer (look-back).  At most ACD_FAMILIAR_MAX are remembered;
 *  thread % ACD_FAMILIAR_MAX is a place in which the newest takes over from whoever was there. */
struct acd_familiar {
    uint64_t thread; /**< a hash of its id */
    tl_time until;
    uint32_t agent;
};
#define ACD_FAMILIAR_MAX 8192
/** Hands over those that changed since the last call, and forgets that they did. */
void acd_take_familiar(struct acd *acd, void (*familiar)(void *arg, const struct acd_familiar *f),
                       void *arg);
/** Puts one back; who is unknown, or too long ago for the rules, is not remembered. */
void acd_restore_familiar(struct acd *acd, const struct acd_familiar *f, tl_time now);

/** Put back what was stored, agents first, seats (with their parent's handle) after their contact.
 * Agents unknown to the policy are kept as retired ones. 0, -EEXIST, -EINVAL: does not fit (unknown
 * queue, capacity), -ENOMEM. */
int acd_restore_agent(struct acd *acd, const struct acd_agent *a, tl_time now);
int acd_restore_contact(struct acd *acd, const struct acd_contact *c, tl_time now);
/** Whatever is kept counts as changed: the store has lost it. */
void acd_touch_all(struct acd *acd);
/** Offers are numbered from here on, if that is higher. */
void acd_offers_from(struct acd *acd, uint64_t base);
/** After the last one: matches whom it can.  Sends an ACD_SHOW_AGENT for every signed-in agent. */
void acd_restored(struct acd *acd, tl_time now);
/**
 * Before acd_restored(), by an owner that found nothing stored although people may have waited:
 * nobody is offered until ACD_GATHERED or until, whichever is first.
 *
 * Contacts take their places by their first times meanwhile.  Who was in line before `since` is
 * taken back also by a closed or full queue, and nobody goes for want of staff.
 */
void acd_gather(struct acd *acd, tl_time since, tl_time until);
/** since, while it lasts; else 0. */
tl_time acd_gathers_since(const struct acd *acd);

const char *acd_fact_name(enum acd_fact_kind k);
const char *acd_outcome_name(enum acd_outcome o);
const char *acd_contact_state_name(enum acd_contact_state s);
const char *acd_presence_name(enum acd_presence p);
const char *acd_cause_name(enum acd_cause c);
const char *acd_decision_name(enum acd_decision_kind k);
const char *acd_rejection_name(enum acd_rejection r);

#endif
