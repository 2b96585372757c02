/**
 * @file handlers.h  What conversation does with what it hears.
 *
 *   commands.c   tl.cmd.conversation.*          feeds.c       events and positions of the ACD
 *   lanes.c      load, step, commit, tell       work.c        paying what contacts owe to others
 *   opening.c    a new contact                  snapshot.c    what a reconnecting client needs
 *   mend.c       deadlines and reconciliation   adapters/outbox.c   events to JetStream
 *
 * Facts about one contact are taken one after the other (a lane); contacts run side by side.  A
 * fact that loses against another replica is loaded and stepped again.
 */
#ifndef CV_HANDLERS_H
#define CV_HANDLERS_H

#include "adapters/store.h"
#include "core/contact.h"
#include "wire.h"
#include <tl_bus.h>
#include <tl_list.h>
#include <tl_map.h>
#include <tl_metrics.h>
#include <tl_seen.h>

struct cv;
struct cv_outbox;

#define CV_TASKS_MAX 10000 /**< facts under way before a command is answered with 503 */
#define CV_REPLY_MAX 200

struct cv_opts {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct cv_store *store;
    const char *media; /**< media instance for new contacts: "m1" */
    struct cv_rules rules;
    tl_dur reconcile_every; /**< 0: 10 s */
    bool durable;           /**< consume the ACD's events from JetStream, too */
};

/** Subscribes and starts timers.  0 or -ENOMEM. */
int cv_new(struct cv **ret, const struct cv_opts *opts);
struct cv *cv_free(struct cv *cv);
/** New rules hold from the next fact on. */
void cv_set_rules(struct cv *cv, const struct cv_rules *rules);
/** Nothing under way and no event waits in the outbox of this replica. */
bool cv_idle(const struct cv *cv);
/** One round of reconciliation now (tests; else the timer). */
void cv_reconcile(struct cv *cv);

/* ---- inside ----------------------------------------------------------------------------- */

struct lane {
    struct tl_entry entry;
    struct tl_id contact;
    struct tl_list tasks;
    bool busy;
    unsigned running; /**< work that was asked for; until its answer has been stepped */
    unsigned failed;  /**< work to ask for again at the next tick */
};

struct wait; /* a waiting contact whose customer hears positions */

struct cv {
    struct cv_opts opts;
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct cv_store *store;
    struct cv_rules rules;
    struct tl_map lanes, waits, names;
    size_t tasks; /**< facts, openings and snapshots under way */
    struct tl_sub *sub_commands, *sub_acd, *sub_positions, *sub_rooms;
    struct tl_consumer *consumer;
    struct tl_seen *seen;
    struct cv_outbox *outbox;
    struct tl_timer *tick, *mend_timer;
    struct mend *mend;
};

struct task;
/** What a task was for ends here, exactly once.  code: 0, then t->c is the contact as it is now, or
 * an HTTP status.  The task goes afterwards. */
typedef void cv_done_fn(void *arg, const struct task *t, int code, const char *reason);

/** A fact on its way through a lane.  Fill in, then cv_submit(), which owns it from there. */
struct task {
    struct tl_link link;
    struct cv *cv;
    struct lane *lane;
    struct cv_fact fact;
    struct cv_route route; /**< fact.route points here */
    char cause[40];        /**< fact.cause points here */
    tl_time at;
    int tries;
    int64_t only_version; /**< not 0: nothing is done unless the contact still has this version */
    bool check;           /**< actor must own the contact, else 404 */
    struct cv_actor actor;
    /** Instead of cv_step(): fills d; may look at c and change it. */
    void (*decide)(struct task *t);
    struct cv_message *message; /**< stored with the step; freed with the task */
    struct cv_wrap_up *wrap_up;
    struct cv_survey *survey;
    unsigned pays;       /**< running work whose answer this is */
    bool existed;        /**< the message or survey was stored before */
    char tickets[2][64]; /**< of a co-browse room: customer's, agent's */
    cv_done_fn *done;
    void *arg;
    struct cv_contact c;
    struct cv_decision d;
};

/** NULL: out of memory or too much under way. */
struct task *cv_task(struct cv *cv, enum cv_fact_kind kind, tl_time at);
void cv_task_free(struct task *t);
void cv_submit(struct task *t, const struct tl_id *contact);
void cv_lane_rest(struct cv *cv, struct lane *lane);
/** Pack the events of a decision and commit it with what the caller put into ch. */
int cv_commit(struct cv *cv, struct cv_change *ch, const struct cv_contact *c,
              const struct cv_decision *d, tl_time at, cv_stored_fn *fn, void *arg);
/** After a commit: pushes, log, what is owed. */
void cv_after(struct cv *cv, struct lane *lane, const struct cv_contact *c,
              const struct cv_decision *d);
struct lane *cv_lane(struct cv *cv, const struct tl_id *contact);

void cv_pay(struct cv *cv, struct lane *lane, const struct cv_contact *c);
/** A ticket for one side of an open room, pushed to it (0 customer, 1 agent). */
void cv_regrant(struct cv *cv, const struct cv_contact *c, int side);
void cv_push_customer(struct cv *cv, const struct cv_contact *c, const struct tl_buf *m);
void cv_push_agent(struct cv *cv, const struct tl_id *agent, const struct tl_buf *m);
void cv_push_grant(struct cv *cv, const struct cv_contact *c, int side, const char *ticket);
void cv_push_card(struct cv *cv, const struct cv_contact *c);

void cv_on_command(void *arg, const struct tl_msg *m);
void cv_open_contact(struct cv *cv, struct cv_command *cmd, const char *reply);
void cv_give_snapshot(struct cv *cv, struct cv_command *cmd, const char *reply);
/** Refuse with a status and, for junk, count and log it. */
void cv_refuse(struct cv *cv, const char *reply, int code, const char *reason);

int cv_feeds_start(struct cv *cv);
void cv_feeds_stop(struct cv *cv);
const char *cv_name_of(struct cv *cv, const struct tl_id *agent);
/** An agent who was accepted before anybody told the name. */
void cv_name_late(struct cv *cv, const struct cv_contact *c);
void cv_wait_note(struct cv *cv, const struct cv_contact *c);

int cv_mend_start(struct cv *cv);
void cv_mend_stop(struct cv *cv);

#endif
