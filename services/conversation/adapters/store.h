/**
 * @file store.h  Where contacts, threads, messages and outgoing events are kept.
 *
 * Two stores stand behind it, PostgreSQL and memory, with the same contract test.  A change is
 * stored whole or not at all, with its events; events get their numbers inside that one step, so
 * they are contiguous for the producer and within each thread.
 * Every call answers through fn exactly once, never inside the call, on the loop's thread; what fn
 * receives is borrowed until it returns.
 */
#ifndef CV_STORE_H
#define CV_STORE_H

#include "core/contact.h"
#include "core/threads.h"
#include <tl_loop.h>

struct cv_message {
    struct tl_id id, contact, thread;
    enum cv_role from;
    char from_name[80];
    char client_ref[64];
    char text[CV_TEXT_MAX + 1];
    tl_time sent_at;
};

struct cv_wrap_up {
    struct tl_id contact, agent;
    char disposition[40];
    char note[CV_TEXT_MAX + 1];
    tl_time at;
};

struct cv_survey {
    struct tl_id contact;
    int score;
    tl_time at;
};

struct cv_earlier {
    struct tl_id contact, thread;
    enum cv_channel channel;
    tl_time at;
    char agent_name[80];
    char disposition[40];
    char note[CV_TEXT_MAX + 1];
};

/** An event without its numbers; name is the oneof field of ConversationEvent. */
struct cv_outgoing {
    struct tl_id id;
    const char *name;
    struct tl_id thread, contact;
    tl_time at;
    struct tl_str payload; /**< packed ConversationEvent */
};

/** Everything that one step changes.  Members that are NULL or 0 change nothing. */
struct cv_change {
    const struct cv_contact *contact; /**< version 0: insert, else the row must have this version */
    const struct cv_thread *open;     /**< insert this thread */
    struct tl_id touch;               /**< thread that is alive at `at` */
    const struct tl_id *link;         /**< threads that now belong to contact->customer */
    int n_link;
    struct tl_str visit; /**< insert: packed Visit */
    const struct cv_message *message;
    const struct cv_wrap_up *wrap_up; /**< the first one stays */
    const struct cv_survey *survey;
    const struct cv_outgoing *events;
    int n_events;
    tl_time at;
    tl_time due; /**< of the contact, cv_due() */
};

/** An event as it waits in the outbox. */
struct cv_outbox_row {
    struct tl_id id, thread, contact;
    char name[40];
    struct tl_id boot;
    uint64_t seq, thread_seq;
    tl_time at;
    struct tl_str payload;
};

enum cv_query_kind {
    CV_Q_ID,      /**< id */
    CV_Q_REQUEST, /**< id is a request id */
    CV_Q_SESSION, /**< live contacts of the customer's session id */
    CV_Q_AGENT,   /**< ringing, connected, held or in wrap-up at agent id */
    CV_Q_WAITING, /**< routed, waiting or ringing, after id */
    CV_Q_OPEN,    /**< not ended, or owing work; after id */
    CV_Q_DUE,     /**< due at or before `at` */
};

struct cv_query {
    enum cv_query_kind kind;
    struct tl_id id;
    tl_time at;
    int limit;
};

#define CV_EARLIER_MAX  10
#define CV_MESSAGES_MAX 200 /**< newest lines of a contact that a snapshot shows */

/** err: 0, -EAGAIN (the row has another version: load again; or the store is away), -EEXIST (the
 * id, the request, the message's client_ref or a survey is there, or the session has a live contact
 * of that kind), -ETIMEDOUT / -ECONNRESET (unknown: load and look), -EIO. */
typedef void cv_stored_fn(void *arg, int err);
typedef void cv_contacts_fn(void *arg, int err, const struct cv_contact *rows, int n);
typedef void cv_threads_fn(void *arg, int err, const struct cv_thread *rows, int n);
typedef void cv_card_fn(void *arg, int err, struct tl_str visit, const struct cv_earlier *earlier,
                        int n);
typedef void cv_messages_fn(void *arg, int err, const struct cv_message *rows, int n);
typedef void cv_outbox_fn(void *arg, int err, const struct cv_outbox_row *rows, int n);

struct cv_store;

/** A call that returns an error (-ENOMEM, -ENOBUFS) will not call fn. */
struct cv_store_ops {
    int (*commit)(struct cv_store *, const struct cv_change *, cv_stored_fn *fn, void *arg);
    int (*list)(struct cv_store *, const struct cv_query *, cv_contacts_fn *fn, void *arg);
    /** Threads of a visitor or a customer that were alive since, newest first. */
    int (*threads)(struct cv_store *, const struct tl_id *visitor, const struct tl_id *customer,
                   tl_time since, cv_threads_fn *fn, void *arg);
    /** Visit and earlier contacts of the thread, the customer, or the visitor while unknown. */
    int (*card)(struct cv_store *, const struct cv_contact *, cv_card_fn *fn, void *arg);
    /** By contact id, or by client_ref within it; oldest first. */
    int (*messages)(struct cv_store *, const struct tl_id *contact, const char *client_ref,
                    cv_messages_fn *fn, void *arg);
    /** Oldest events; only for the one that leads (err -EAGAIN for others). */
    int (*outbox)(struct cv_store *, int limit, cv_outbox_fn *fn, void *arg);
    /** Events up to seq are in JetStream. */
    int (*sent)(struct cv_store *, uint64_t seq, cv_stored_fn *fn, void *arg);
    /** This replica relays the outbox and reconciles. */
    bool (*leads)(const struct cv_store *);
    bool (*ready)(const struct cv_store *);
    /** What is under way is answered with -ECANCELED (in memory: not at all). */
    struct cv_store *(*close)(struct cv_store *);
};

struct cv_store {
    const struct cv_store_ops *ops;
};

struct cv_store_pg_opts {
    const char *conninfo;
    const char *password; /**< or NULL */
    int pool;
};

int cv_store_pg_open(struct cv_store **ret, struct tl_loop *loop,
                     const struct cv_store_pg_opts *opts);
int cv_store_memory_open(struct cv_store **ret, struct tl_loop *loop);

static inline struct cv_store *cv_store_close(struct cv_store *s)
{
    return s ? s->ops->close(s) : NULL;
}

#endif
