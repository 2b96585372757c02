/**
 * @file store.h  Where contacts, threads, messages and outgoing events are kept.
 *
 * Two stores stand behind it, PostgreSQL and memory, with the same contract test.  A change is
 * stored whole or not at all, with its events; events get their numbers inside that one step, so
 * they are contiguous for the producer and within each thread.
 * Every call answers through fn exactly once, never inside the call, on the loop's thread; what fn
 * receives is borrowed until it returns.
 */
#ifndef CONVERSATION_STORE_H
#define CONVERSATION_STORE_H

#include "core/contact.h"
#include "core/threads.h"
#include <tl_loop.h>

struct contact_message {
    struct tl_id id, contact, thread;
    enum contact_role from;
    char from_name[80];
    char client_ref[64];
    char text[MESSAGE_TEXT_MAX + 1];
    tl_time sent_at;
};

struct contact_wrap_up {
    struct tl_id contact, agent;
    char disposition[40];
    char note[MESSAGE_TEXT_MAX + 1];
    tl_time at;
};

struct contact_survey {
    struct tl_id contact;
    int score;
    tl_time at;
};

struct earlier_contact {
    struct tl_id contact, thread;
    enum contact_channel channel;
    tl_time at;
    char agent_name[80];
    char disposition[40];
    char note[MESSAGE_TEXT_MAX + 1];
};

/** What came before a contact: for its card. */
struct contact_history {
    struct tl_str visit; /**< packed Visit, as it was at the request */
    const struct earlier_contact *earlier;
    int n_earlier;
    const struct contact_message *lines; /**< of the thread's earlier contacts, oldest first */
    int n_lines;
};

/** An event without its numbers; name is the oneof field of ConversationEvent. */
struct outgoing_event {
    struct tl_id id;
    const char *name;
    struct tl_id thread, contact;
    tl_time at;
    struct tl_str payload; /**< packed ConversationEvent */
};

/** Everything that one step changes.  Members that are NULL or 0 change nothing. */
struct store_change {
    const struct contact *contact; /**< version 0: insert, else the row must have this version */
    const struct thread *open;     /**< insert this thread */
    struct tl_id touch;            /**< thread that is alive at `at` */
    const struct tl_id *link;      /**< threads that now belong to contact->customer */
    int n_link;
    struct tl_str visit; /**< insert: packed Visit */
    const struct contact_message *message;
    const struct contact_wrap_up *wrap_up; /**< the first one with a disposition stays */
    const struct contact_survey *survey;
    const struct outgoing_event *events;
    int n_events;
    tl_time at;
    tl_time due; /**< of the contact, contact_due() */
};

/** An event as it waits in the outbox. */
struct outbox_row {
    struct tl_id id, thread, contact;
    char name[40];
    struct tl_id boot;
    uint64_t seq, thread_seq;
    tl_time at;
    struct tl_str payload;
};

enum store_query_kind {
    QUERY_ID,      /**< id */
    QUERY_REQUEST, /**< id is a request id */
    QUERY_SESSION, /**< live contacts of the customer's session id */
    QUERY_AGENT,   /**< ringing, connected, held or in wrap-up at agent id */
    QUERY_WAITING, /**< routed, waiting or ringing, after id */
    QUERY_OPEN,    /**< not ended, or owing work; after id */
    QUERY_DUE,     /**< due at or before `at` */
};

struct store_query {
    enum store_query_kind kind;
    struct tl_id id;
    tl_time at;
    int limit;
};

#define CARD_EARLIER_MAX      10
#define CARD_LINES_MAX        20
#define SNAPSHOT_MESSAGES_MAX 200 /**< newest lines of a contact that a snapshot shows */

/** err: 0, -EAGAIN (the row has another version: load again; or the store is away), -EEXIST (the
 * id, the request, the message's client_ref or a survey is there, or the session has a live contact
 * of that kind), -ETIMEDOUT / -ECONNRESET (unknown: load and look), -EIO. */
typedef void store_done_fn(void *arg, int err);
typedef void store_contacts_fn(void *arg, int err, const struct contact *rows, int n);
typedef void store_threads_fn(void *arg, int err, const struct thread *rows, int n);
typedef void store_card_fn(void *arg, int err, const struct contact_history *history);
typedef void store_messages_fn(void *arg, int err, const struct contact_message *rows, int n);
typedef void store_outbox_fn(void *arg, int err, const struct outbox_row *rows, int n);

struct store;

/** A call that returns an error (-ENOMEM, -ENOBUFS) will not call fn. */
struct store_ops {
    int (*commit)(struct store *, const struct store_change *, store_done_fn *fn, void *arg);
    int (*list)(struct store *, const struct store_query *, store_contacts_fn *fn, void *arg);
    /** Threads of a visitor or a customer that were alive since, newest first. */
    int (*threads)(struct store *, const struct tl_id *visitor, const struct tl_id *customer,
                   tl_time since, store_threads_fn *fn, void *arg);
    /** Visit, earlier contacts of the thread, the customer, or the visitor while unknown, and the
     * newest lines of the thread's other contacts. */
    int (*card)(struct store *, const struct contact *, store_card_fn *fn, void *arg);
    /** By contact id, or by client_ref within it; oldest first. */
    int (*messages)(struct store *, const struct tl_id *contact, const char *client_ref,
                    store_messages_fn *fn, void *arg);
    /** Oldest events; only for the one that leads (err -EAGAIN for others). */
    int (*outbox)(struct store *, int limit, store_outbox_fn *fn, void *arg);
    /** Events up to seq are in JetStream. */
    int (*sent)(struct store *, uint64_t seq, store_done_fn *fn, void *arg);
    /** This replica relays the outbox and reconciles. */
    bool (*leads)(const struct store *);
    bool (*ready)(const struct store *);
    /** What is under way is answered with -ECANCELED (in memory: not at all). */
    struct store *(*close)(struct store *);
};

struct store {
    const struct store_ops *ops;
};

struct store_pg_opts {
    const char *conninfo;
    const char *password; /**< or NULL */
    int pool;
};

int store_pg_open(struct store **ret, struct tl_loop *loop, const struct store_pg_opts *opts);
int store_memory_open(struct store **ret, struct tl_loop *loop);

static inline struct store *store_close(struct store *s)
{
    return s ? s->ops->close(s) : NULL;
}

#endif
