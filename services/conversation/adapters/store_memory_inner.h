/**
 * @file store_memory_inner.h  What store_memory.c (life, changes, outbox) and store_memory_read.c
 * (questions) share.  Nobody else includes it.
 */
#ifndef CONVERSATION_STORE_MEMORY_INNER_H
#define CONVERSATION_STORE_MEMORY_INNER_H

#include "adapters/store.h"

struct thread_row {
    struct thread t;
    uint64_t seq;
};

struct contact_row {
    struct contact c;
    tl_time due;
    char *visit;
    size_t visit_n;
    struct contact_wrap_up *wrap_up;
    struct contact_survey *survey;
};

struct waiting_event {
    struct outbox_row r;
    char *payload;
};

struct memory {
    struct store store;
    struct tl_loop *loop;
    struct thread_row *threads;
    struct contact_row *contacts;
    struct contact_message *messages;
    struct waiting_event *outbox;
    size_t n_threads, n_contacts, n_messages, n_outbox;
    struct tl_id boot;
    uint64_t seq;
};

static inline struct memory *memory_of(const struct store *s)
{
    return TL_CONTAINER(s, struct memory, store);
}

/** For whom it is, and what; exactly one of the functions is set. */
struct answer {
    int err, n;
    void *rows;                     /**< freed after the call */
    struct contact_history history; /**< of a card: its parts are freed, but for the visit */
    void *arg;
    store_done_fn *stored;
    store_contacts_fn *contacts;
    store_threads_fn *threads;
    store_card_fn *card;
    store_messages_fn *messages;
    store_outbox_fn *outbox;
};

/** Answers at the next turn of the loop; owns the rows and the parts of the history, also on an
 * error (-ENOMEM). */
int memory_later(struct memory *m, struct answer like);
/** NULL: not there. */
struct contact_row *memory_contact(const struct memory *m, const struct tl_id *id);

int memory_list(struct store *s, const struct store_query *q, store_contacts_fn *fn, void *arg);
int memory_threads(struct store *s, const struct tl_id *visitor, const struct tl_id *customer,
                   tl_time since, store_threads_fn *fn, void *arg);
int memory_card(struct store *s, const struct contact *c, store_card_fn *fn, void *arg);
int memory_messages(struct store *s, const struct tl_id *contact, const char *client_ref,
                    store_messages_fn *fn, void *arg);

#endif
