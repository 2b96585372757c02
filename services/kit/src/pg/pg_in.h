/** @file pg_in.h  What the pool, its connections and its batches know of each other. */
#ifndef KIT_PG_IN_H
#define KIT_PG_IN_H

#include "../net/resolve.h"

#include <tl_list.h>
#include <tl_pg.h>

#define POOL_MAX       32
#define PG_RETRY_FIRST TL_MSEC(100)

struct stmt {
    char *sql;
    int n;
    char **params;
    int *lengths, *formats;
};

struct batch {
    struct tl_link link;
    struct tl_pg *pg;
    tl_pg_fn *fn;
    void *arg;
    int n;
    struct stmt *stmts;
    PGresult **results;
    int n_results;
    int err;
    char sqlstate[6];
};

struct conn {
    struct tl_pg *pg;
    PGconn *pc;
    struct tl_io *io;
    struct tl_timer *timer; /* reconnection, or the deadline of the attempt or batch */
    struct batch *batch;
    tl_dur retry_after;
    struct resolve *lookup; /* under way */
    unsigned which;         /* of the host's addresses: the next one after a failure */
    enum { CONN_DOWN, CONN_LOOKING_UP, CONN_CONNECTING, CONN_IDLE, CONN_BUSY } state;
};

struct tl_pg {
    struct tl_loop *loop;
    struct conn conns[POOL_MAX];
    int n_conns;
    struct tl_timer *feed, *pulse;
    struct tl_list waiting;
    unsigned queue_max;
    tl_dur timeout;
    char *conninfo;
    char *host; /* of it, when that is one name or address; else NULL */
    bool closing;
    struct {
        tl_fn *fn;
        void *arg;
    } on_connect[8];
    int n_on_connect;
};

/* ---- batches ---- */

/** Copies the statements; NULL: -ENOMEM. */
struct batch *pg_batch_new(struct tl_pg *pg, const struct tl_pg_stmt *stmts, int n, tl_pg_fn *fn,
                           void *arg);
void pg_batch_free(struct batch *b);
/** Tells whose it is, and frees it. */
void pg_batch_done(struct batch *b, int err);

/* ---- a connection ---- */

void pg_conn_connect(struct conn *c);
/** Sends a batch; c is idle. */
void pg_conn_send(struct conn *c, struct batch *b);
/** Its batch ends with err; it connects again later unless the pool is closing. */
void pg_conn_down(struct conn *c, int err);
/** The attempt or the batch has run out of time, or it is time to connect again. */
void pg_conn_on_timer(void *arg);

/* ---- the pool ---- */

/** Gives what waits to who is idle. */
void pg_pool_feed(struct tl_pg *pg);

#endif
