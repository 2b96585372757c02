/**
 * @file handlers.h  What conversation does with what it hears.
 *
 *   commands.c, commands_talk.c, commands_lists.c   tl.cmd.conversation.*
 *   opening.c    a new contact                      feeds.c      events and positions of the ACD
 *   lanes.c      load, step, commit, tell           work.c       paying what contacts owe to others
 *   snapshot.c   what a reconnecting client needs   mend.c       deadlines and reconciliation
 *   adapters/outbox.c   events to JetStream
 *
 * Facts about one contact are taken one after the other (a lane); contacts run side by side.  A
 * fact that loses against another replica is loaded and stepped again.
 */
#ifndef CONVERSATION_HANDLERS_H
#define CONVERSATION_HANDLERS_H

#include "adapters/store.h"
#include "core/contact.h"
#include "wire.h"
#include <tl_bus.h>
#include <tl_list.h>
#include <tl_map.h>
#include <tl_metrics.h>
#include <tl_seen.h>

struct conversation;
struct outbox;

#define TASKS_MAX 10000 /**< facts under way before a command is answered with 503 */
#define REPLY_MAX 200

struct conversation_opts {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct store *store;
    const char *media; /**< media instance for new contacts: "m1" */
    struct rules rules;
    tl_dur reconcile_every; /**< 0: 10 s */
    bool durable;           /**< consume the ACD's events from JetStream, too */
};

/** Subscribes and starts timers.  0 or -ENOMEM. */
int conversation_new(struct conversation **ret, const struct conversation_opts *opts);
struct conversation *conversation_free(struct conversation *conv);
/** New rules hold from the next fact on. */
void conversation_set_rules(struct conversation *conv, const struct rules *rules);
/** Nothing under way and no event waits in the outbox of this replica. */
bool conversation_idle(const struct conversation *conv);
/** One round of reconciliation now (tests; else the timer). */
void conversation_reconcile(struct conversation *conv);

/* ---- inside ----------------------------------------------------------------------------- */

struct lane {
    struct tl_entry entry;
    struct tl_id contact;
    struct tl_list tasks;
    bool busy;
    unsigned running; /**< work that was asked for; until its answer has been stepped */
    unsigned failed;  /**< work to ask for again at the next tick */
    bool mended;      /**< the round of reconciliation waits for it to come to rest */
};

struct wait; /* a waiting contact whose customer hears positions */

struct conversation {
    struct conversation_opts opts;
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct store *store;
    struct rules rules;
    struct tl_map lanes, waits, names;
    size_t tasks; /**< facts, openings and snapshots under way */
    struct tl_sub *sub_commands, *sub_acd, *sub_positions, *sub_rooms;
    struct tl_consumer *consumer;
    struct tl_seen *seen;
    struct outbox *outbox;
    struct tl_timer *tick, *mend_timer;
    struct mend *mend;
};

struct task;
/** What a task was for ends here, exactly once.  code: 0, then t->c is the contact as it is now, or
 * an HTTP status.  The task goes afterwards. */
typedef void task_done_fn(void *arg, const struct task *t, int code, const char *reason);

/** A fact on its way through a lane.  Fill in, then task_submit(), which owns it from there. */
struct task {
    struct tl_link link;
    struct conversation *conv;
    struct lane *lane;
    struct contact_fact fact;
    struct contact_route route; /**< fact.route points here */
    char cause[40];             /**< fact.cause points here */
    char farewell[200];         /**< fact.farewell points here */
    tl_time at;
    int tries;
    int64_t only_version; /**< not 0: nothing is done unless the contact still has this version */
    bool check;           /**< actor must own the contact, else 404 */
    struct contact_actor actor;
    /** Instead of contact_step(): fills d; may look at c and change it. */
    void (*decide)(struct task *t);
    struct contact_message *message; /**< stored with the step; freed with the task */
    struct contact_wrap_up *wrap_up;
    struct contact_survey *survey;
    unsigned pays;       /**< running work whose answer this is */
    bool existed;        /**< the message or survey was stored before */
    char tickets[2][64]; /**< of a co-browse room: customer's, agent's */
    task_done_fn *done;
    void *arg;
    struct contact c;
    struct contact_decision d;
};

/** NULL: out of memory or too much under way. */
struct task *task_new(struct conversation *conv, enum contact_fact_kind kind, tl_time at);
void task_free(struct task *t);
void task_submit(struct task *t, const struct tl_id *contact);
void lane_rest(struct conversation *conv, struct lane *lane);
/** Pack the events of a decision and commit it with what the caller put into ch. */
int commit_change(struct conversation *conv, struct store_change *ch, const struct contact *c,
                  const struct contact_decision *d, tl_time at, store_done_fn *fn, void *arg);
/** After a commit: pushes, log, what is owed. */
void after_commit(struct conversation *conv, struct lane *lane, const struct contact *c,
                  const struct contact_decision *d);
struct lane *lane_of(struct conversation *conv, const struct tl_id *contact);

void work_pay(struct conversation *conv, struct lane *lane, const struct contact *c);
/** The legs are connected while the step that follows the ACD's committed acceptance is stored:
 * nobody is told before the commit, but nobody waits for the disk to be heard. */
void work_connect_early(struct conversation *conv, struct lane *lane, const struct contact *c);
/** A ticket for one side of an open room, pushed to it (0 customer, 1 agent). */
void work_regrant(struct conversation *conv, const struct contact *c, int side);
void push_customer(struct conversation *conv, const struct contact *c, const struct tl_buf *m);
void push_agent(struct conversation *conv, const struct tl_id *agent, const struct tl_buf *m);
void push_grant(struct conversation *conv, const struct contact *c, int side, const char *ticket);
void push_card(struct conversation *conv, const struct contact *c);

void on_command(void *arg, const struct tl_msg *m);
/** A line by the system, to be stored with the step of t; without memory it is left out. */
void say_line(struct task *t, const char *text);
/** A stored line to both sides. */
void push_line(struct conversation *conv, const struct contact *c, const struct contact_message *m);
void open_contact(struct conversation *conv, struct wire_command *cmd, const char *reply);
void give_snapshot(struct conversation *conv, struct wire_command *cmd, const char *reply);
/** Refuse with a status and, for junk, count and log it. */
void refuse_command(struct conversation *conv, const char *reply, int code, const char *reason);

int feeds_start(struct conversation *conv);
void feeds_stop(struct conversation *conv);
const char *agent_name_of(struct conversation *conv, const struct tl_id *agent);
/** An agent who was accepted before anybody told the name. */
void agent_name_late(struct conversation *conv, const struct contact *c);
void wait_note(struct conversation *conv, const struct contact *c);

int mend_start(struct conversation *conv);
void mend_stop(struct conversation *conv);
/** Somebody may have lost something: the next round is now. */
void mend_soon(struct conversation *conv);
/** A contact that is being repaired has come to rest: its work is done, or failed for now. */
void mend_rested(struct conversation *conv);

#endif
