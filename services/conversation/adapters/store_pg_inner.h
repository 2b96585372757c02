/**
 * @file store_pg_inner.h  What store_pg.c (life, outbox, who leads), store_pg_commit.c (changes)
 * and store_pg_read.c (questions) share.  Nobody else includes it.
 */
#ifndef CONVERSATION_STORE_PG_INNER_H
#define CONVERSATION_STORE_PG_INNER_H

#include "adapters/pg_rows.h"
#include "adapters/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_pg.h>

struct pg_store {
    struct store store;
    struct tl_loop *loop;
    struct tl_pg *pg;     /**< facts and questions */
    struct tl_pg *leader; /**< one connection: holds the advisory lock and relays the outbox */
    struct tl_timer *timer;
    bool leads, asking, closing;
    struct tl_buf select, insert, update;
};

static inline struct pg_store *pg_of(const struct store *s)
{
    return TL_CONTAINER(s, struct pg_store, store);
}

/** Who waits for an answer of PostgreSQL. */
struct pg_asked {
    struct pg_store *st;
    void *arg;
    store_done_fn *stored;
    store_contacts_fn *contacts;
    store_threads_fn *threads;
    store_card_fn *card;
    store_messages_fn *messages;
    store_outbox_fn *outbox;
};

/** A copy of like on the heap; NULL: out of memory, or the store is closing. */
struct pg_asked *pg_asked(struct pg_store *st, struct pg_asked like);
/** One line for what is neither a conflict nor a repeat. */
void pg_note_trouble(int err, const char *sqlstate);
/** Answers pg_asked.stored. */
void pg_stored(void *arg, int err, PGresult *const *results, int n, const char *sqlstate);

int pg_commit(struct store *s, const struct store_change *ch, store_done_fn *fn, void *arg);
int pg_list(struct store *s, const struct store_query *q, store_contacts_fn *fn, void *arg);
int pg_threads(struct store *s, const struct tl_id *visitor, const struct tl_id *customer,
               tl_time since, store_threads_fn *fn, void *arg);
int pg_card(struct store *s, const struct contact *c, store_card_fn *fn, void *arg);
int pg_messages(struct store *s, const struct tl_id *contact, const char *client_ref,
                store_messages_fn *fn, void *arg);

#endif
