/**
 * @file state.h  What the core keeps: shared by its own files only.
 *
 * Cells hold contacts, posts hold agents; both stay where they are, so handles and pointers live as
 * long as they do.  For each line a set of agents who fit (static, whatever they do at the moment);
 * for each agent a row of lines they fit (the same facts, transposed).  A contact that comes meets
 * the agents of its line who are open for its load; an agent who comes free meets the lines of its
 * row where somebody waits.
 */
#ifndef ACD_STATE_H
#define ACD_STATE_H

#include "acd.h"
#include "bits.h"
#include "ids.h"
#include "tree.h"
#include "wheel.h"

/** What a contact remembers of a decision; those about its seats are remembered with it. */
struct step {
    uint32_t at_ms;                 /**< after enqueued */
    uint32_t agent;                 /**< of a change of ring: the ring before */
    uint8_t kind, cause, ring;      /**< kind | STEP_OF_SEAT */
    uint8_t counts[ACD_REJECTIONS]; /**< of the why-record; 255: that many or more */
};
#define STEP_OF_SEAT 0x80

struct cell {
    struct acd_contact c;
    uint32_t line;       /**< line it stands in or will return to */
    uint32_t next, prev; /**< of the same agent; next also chains free cells */
    uint32_t next_changed;
    bool changed;
    bool in_tree; /**< stands in the line, or with its preferred agent */
    bool personal;
    bool handed;         /**< direct by transfer: a refusal sends it to the queue */
    bool taken;          /**< was offered in this queue: its forecast is judged */
    uint8_t n_steps;     /**< all that happened, mod 256; the newest ACD_HISTORY are kept */
    int64_t forecast_ms; /**< told when it came, -1: none */
    struct step steps[ACD_HISTORY];
};

/* What every fact touches stands first: fewer cache lines for many agents. */
struct post {
    uint32_t profile;     /**< index in the policy, ACD_NONE when retired */
    struct tree personal; /**< contacts that wait for this agent */
    uint32_t lease_next, lease_prev;
    uint32_t next_changed;
    bool changed, leased;
    bool idle;                   /**< in the tree of those who are open for something */
    uint8_t open;                /**< loads it can take now, a bit each */
    uint8_t capacity[ACD_LOADS]; /**< of the profile */
    struct acd_agent a;
};

struct line {
    uint32_t queue;
    uint32_t next_in_queue;
    enum acd_load load;
    uint32_t users;   /**< contacts whose line this is */
    uint32_t staffed; /**< signed-in agents who fit */
    uint32_t ready;   /**< of these, those who are ready, busy or not */
    uint8_t n_needs;
    struct acd_need needs[ACD_NEEDS_MAX]; /**< ascending by skill */
    struct tree tree;
    uint64_t *fits; /**< agents */
    uint64_t hash;
};

struct head {
    int64_t key;
    uint64_t tie;
};

struct forecast_error {
    double sum; /**< of |forecast - wait| / wait */
    uint64_t n;
};

struct queue {
    uint64_t *members; /**< agents who serve it */
    uint32_t first_line;
    uint32_t waiting, ringing, connected;
    uint32_t staffed, ready; /**< members who are signed in; who are ready, busy or not */
    bool closed;
    uint64_t pass; /**< fairness: virtual time served */
    /* measured; estimate.c */
    double gap_us;    /**< in which the line moves up by one */
    double handle_us; /**< talk and wrap-up */
    uint32_t n_gaps, n_handled;
    tl_time moved; /**< the line's last move; later: when somebody came into the empty line */
    struct forecast_error error, error_long; /**< of waits of 1 s, of ACD_LONG_WAIT and more */
};

struct gone {
    uint64_t hash;
    tl_time until;
    uint32_t attempt;
    bool left;
};
#define GONE_SLOTS 8192

struct last_agent {
    struct acd_familiar f;
    uint32_t next_changed;
    bool changed;
};

struct acd {
    const struct acd_policy *policy;
    acd_sink_fn *sink;
    void *arg;
    tl_time now;
    uint64_t offers, arrivals;
    bool quiet;                         /**< restoring: nobody is told, nobody is matched */
    tl_time gather_since, gather_until; /**< until: nobody is matched; 0: not gathering */

    struct cell **cells; /**< 1024 each */
    uint32_t n_chunks, n_cells, free_cell, n_contacts;
    struct tree_pool nodes;
    struct wheel wheel;
    struct ids contact_ids;
    struct ids seat_ids; /**< from a contact's handle to its seats */

    struct post **posts; /**< 256 each */
    uint32_t n_posts, post_chunks;
    struct ids agent_ids;
    uint32_t words; /**< of a set of agents */
    uint64_t *signed_in, *ready, *open[ACD_LOADS];
    uint32_t n_open[ACD_LOADS]; /**< agents in that set */
    uint32_t lease_first, lease_last;
    struct tree_pool idle_nodes;
    struct tree idle; /**< who is open for something, longest idle first */

    struct queue *queues;
    struct line **lines;
    uint32_t n_lines, lines_cap;
    struct ids line_ids;
    struct head *heads;           /**< of lines, dense */
    uint64_t *waiting[ACD_LOADS]; /**< lines where somebody waits and nobody has to pick */
    uint64_t *rows;               /**< per agent: lines it fits */
    uint32_t row_words;

    uint32_t changed_contact, changed_agent;
    struct gone *gone;
    struct last_agent *last_agents;
    uint32_t changed_slot; /**< of them */
    struct acd_why why;
};

static inline struct cell *cell_at(const struct acd *acd, uint32_t h)
{
    return &acd->cells[h >> 10][h & 1023u];
}

static inline struct post *post_at(const struct acd *acd, uint32_t h)
{
    return &acd->posts[h >> 8][h & 255u];
}

static inline const struct acd_queue_policy *queue_policy(const struct acd *acd, uint32_t q)
{
    return &acd->policy->queues[q];
}

static inline uint64_t *row_of(const struct acd *acd, uint32_t agent)
{
    return acd->rows + (size_t)agent * acd->row_words;
}

/* acd.c: telling */
struct decide {
    enum acd_decision_kind kind;
    enum acd_cause cause;
    uint32_t contact, agent;
    struct tl_str text;
    tl_dur lasted;
    uint8_t presence_was, ring_was;
    const struct acd_why *why;
};
void tell(struct acd *acd, const struct decide *d);
void contact_changed(struct acd *acd, uint32_t at);
void agent_changed(struct acd *acd, uint32_t at);

/* contacts.c: cells and their places */
int cells_grow(struct acd *acd);
uint32_t cell_take(struct acd *acd);
void cell_drop(struct acd *acd, uint32_t at);
/** A contact, not a seat. */
uint32_t contact_by_id(const struct acd *acd, struct tl_str id);
/** Either. */
uint32_t place_by_id(const struct acd *acd, struct tl_str id);
void attach(struct acd *acd, uint32_t contact, uint32_t agent);
void detach(struct acd *acd, uint32_t contact);
/** Into the line of its ring (or with its preferred agent), timers set.  The line exists. */
void stand(struct acd *acd, uint32_t contact);
void unstand(struct acd *acd, uint32_t contact);
/** Brings ring and line up to date; true if it moved.  Keeps the old line when out of memory. */
bool advance_ring(struct acd *acd, uint32_t contact);
void arm(struct acd *acd, uint32_t contact);
/** Not to be asked: has refused it lately, or is in it already. */
bool excluded(const struct acd *acd, const struct acd_contact *c, uint32_t agent);
/** Has refused it lately. */
bool refused_it(const struct acd *acd, const struct acd_contact *c, uint32_t agent);
void exclude(struct acd *acd, uint32_t contact, uint32_t agent);
void remember_gone(struct acd *acd, const struct tl_id *id, uint32_t attempt, bool left);
const struct gone *find_gone(const struct acd *acd, struct tl_str id);

/* lines.c */
/** Line for needs of a queue (they are sorted and merged here).  ACD_NONE: *ret_err says why,
 *  -ENOMEM or -ENOSPC. */
uint32_t line_for(struct acd *acd, uint32_t queue, enum acd_load load, const struct acd_need *needs,
                  unsigned n, int *ret_err);
/** The needs of a contact in a ring. */
unsigned ring_needs(const struct acd *acd, const struct acd_contact *c, unsigned ring,
                    struct acd_need out[2 * ACD_NEEDS_MAX]);
uint32_t ring_line(struct acd *acd, const struct acd_contact *c, unsigned ring, int *ret_err);
void line_changed(struct acd *acd, uint32_t line);
void lines_free(struct acd *acd);
bool fits_needs(const struct acd *acd, uint32_t agent, uint32_t queue, const struct acd_need *needs,
                unsigned n);
unsigned level_of(const struct acd *acd, uint32_t agent, uint32_t skill);

/* One function per fact; those that may run out of memory give the outcome apart. */
#define NO_TEXT ((struct tl_str){0})

/* arrive.c */
int contact_queued(struct acd *acd, const struct acd_fact *f, enum acd_outcome *out);
/** A contact or a seat (asked for by an agent) stands in line.  What it needs is allocated. */
void admit(struct acd *acd, const struct acd_contact *c, uint32_t line, uint32_t by);
/** The policy's rule for a line without staff; true if the contact went elsewhere. */
bool apply_staff_rules(struct acd *acd, uint32_t contact);

/* leave.c */
enum acd_outcome contact_left(struct acd *acd, const struct acd_fact *f);
enum acd_outcome contact_released(struct acd *acd, const struct acd_fact *f);
enum acd_outcome wrap_up_done(struct acd *acd, const struct acd_fact *f);
/** Out of line or ringing.  Its agent, if any, is refreshed but not matched. */
void dismiss(struct acd *acd, uint32_t contact, enum acd_cause cause, struct tl_str text);
/** Likewise; and its agent looks for another, or goes home. */
void dismiss_and_match(struct acd *acd, uint32_t contact, enum acd_cause cause, struct tl_str text);
/** Of a contact: its seats end, too. */
void let_go(struct acd *acd, uint32_t contact, bool wrap, enum acd_cause cause, struct tl_str text);
void end_wrap(struct acd *acd, uint32_t contact, enum acd_cause cause);
void sign_out_if_drained(struct acd *acd, uint32_t agent);

/* answer.c */
enum acd_outcome offer_accepted(struct acd *acd, const struct acd_fact *f);
enum acd_outcome offer_declined(struct acd *acd, const struct acd_fact *f);
enum acd_outcome picked(struct acd *acd, const struct acd_fact *f);
/** Declined or missed: the contact returns, and both look again. */
void refused(struct acd *acd, uint32_t contact, enum acd_decision_kind kind, enum acd_cause cause,
             struct tl_str text);

/* transfer.c */
enum acd_outcome reprioritised(struct acd *acd, const struct acd_fact *f);
int moved(struct acd *acd, const struct acd_fact *f, enum acd_outcome *out);
enum acd_outcome handed(struct acd *acd, const struct acd_fact *f);
int callback_wanted(struct acd *acd, const struct acd_fact *f, enum acd_outcome *out);
/** Into another queue; keeps its first time.  0 or -ENOMEM, -ENOSPC: it stays. */
int move_to(struct acd *acd, uint32_t contact, uint32_t queue, enum acd_cause cause,
            struct tl_str text);

/* overflow.c */
/** Goes elsewhere if its queue's rules say so now; true if it did. */
bool overflow(struct acd *acd, uint32_t contact);
/** When to ask that next; TL_NEVER. */
tl_time overflow_due(const struct acd *acd, const struct acd_contact *c);
/** Who has just come into a line is served, sent elsewhere by the rules, or waits. */
void settle(struct acd *acd, uint32_t contact);

/* seats.c */
int seats_grow(struct acd *acd);
void seat_add(struct acd *acd, uint32_t seat);
void seat_remove(struct acd *acd, uint32_t seat);
bool in_contact(const struct acd *acd, uint32_t contact, uint32_t agent);
/** The agent's place at the contact, the contact itself or a seat, in that state; ACD_NONE. */
uint32_t sits_at(const struct acd *acd, uint32_t contact, uint32_t agent,
                 enum acd_contact_state state);
/** The oldest seat that talks with the customer, ACD_NONE. */
uint32_t heir(const struct acd *acd, uint32_t contact);
/** Whether a seat does more than wrap up. */
bool has_live_seats(const struct acd *acd, uint32_t contact);
void hand_over(struct acd *acd, uint32_t contact, uint32_t seat, enum acd_cause cause);
void end_seats(struct acd *acd, uint32_t contact, bool wrap, enum acd_cause cause);
int consult_asked(struct acd *acd, const struct acd_fact *f, enum acd_outcome *out);
enum acd_outcome consult_completed(struct acd *acd, const struct acd_fact *f);
enum acd_outcome consult_merged(struct acd *acd, const struct acd_fact *f);
enum acd_outcome consult_cancelled(struct acd *acd, const struct acd_fact *f);
enum acd_outcome seat_left(struct acd *acd, const struct acd_fact *f);

/* gather.c */
/** The fact is of somebody who waited before we began to gather. */
bool was_in_line(const struct acd *acd, const struct acd_fact *f);
void gathered(struct acd *acd);

/* familiar.c */
/** The contact's agent has spoken with its thread's customer. */
void remember_agent(struct acd *acd, const struct acd_contact *c);
/** Who has, within the look-back, and serves the queue; ACD_NONE. */
uint32_t last_agent(const struct acd *acd, const struct tl_id *thread, uint32_t queue);
/** All that is remembered counts as changed. */
void touch_familiar(struct acd *acd);

/* rules.c */
void tables_free(struct acd *acd);
uint32_t find_queue(const struct acd_policy *p, struct tl_str name);
uint32_t find_skill(const struct acd_policy *p, struct tl_str name);

/* presence.c */
enum acd_outcome agent_fact(struct acd *acd, const struct acd_fact *f);
enum acd_outcome queue_fact(struct acd *acd, const struct acd_fact *f);

/* agents.c */
void refresh_agent(struct acd *acd,
                   uint32_t agent); /**< open loads and presence, told if changed */
uint8_t open_loads(const struct acd *acd, const struct post *p);
void sign_in(struct acd *acd, uint32_t agent, struct tl_str session);
void sign_out(struct acd *acd, uint32_t agent, enum acd_cause cause);
void lease_renew(struct acd *acd, uint32_t agent);
void lease_end(struct acd *acd, uint32_t agent);
int posts_for(struct acd *acd, const struct acd_policy *policy);

/* match.c */
/** Offers the waiting contact to the best agent if there is one; true if it did. */
bool match_contact(struct acd *acd, uint32_t contact);
/** Offers waiting contacts to the agent while it is open. */
void match_agent(struct acd *acd, uint32_t agent);
void offer(struct acd *acd, uint32_t contact, uint32_t agent);
/** Fills acd->why: who could take the contact at this moment, and why the others could not.
 *  missed: an agent who just did not answer it, or ACD_NONE. */
void why_now(struct acd *acd, uint32_t contact, uint32_t missed);
/** Ends the ringing; the contact stands again.  kind: TAKE_BACK, TIME_OUT or TURN_DOWN. */
void end_offer(struct acd *acd, uint32_t contact, enum acd_decision_kind kind, enum acd_cause cause,
               struct tl_str text);

/* longest_idle.c and its brothers: higher is better */
typedef double choice_fn(const struct acd *acd, uint32_t agent, const struct acd_contact *c);
double longest_idle(const struct acd *acd, uint32_t agent, const struct acd_contact *c);
double least_occupied(const struct acd *acd, uint32_t agent, const struct acd_contact *c);
double most_skilled(const struct acd *acd, uint32_t agent, const struct acd_contact *c);
double round_robin(const struct acd *acd, uint32_t agent, const struct acd_contact *c);

/* contact_choice.c */
int64_t contact_key(const struct acd *acd, const struct acd_contact *c);
/** Serving queue costs it virtual time; a queue that was empty may not save up. */
void fair_serve(struct acd *acd, uint32_t queue);
void fair_join(struct acd *acd, uint32_t queue);

/* estimate.c */
/** Just before the contact leaves the line for an offer. */
void measure_taking(struct acd *acd, uint32_t contact);
void measure_handled(struct acd *acd, uint32_t queue, tl_dur handled);
void forecast(struct acd *acd, uint32_t contact);

#endif
