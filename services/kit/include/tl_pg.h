/**
 * @file tl_pg.h  PostgreSQL without blocking: a small pool, batches that are transactions.
 */
#ifndef TL_PG_H
#define TL_PG_H

#include <libpq-fe.h>
#include <tl_loop.h>

struct tl_pg;

struct tl_pg_opts {
    /** Its host is looked up off the loop; of several hosts give addresses. */
    const char *conninfo;
    const char *password; /**< or NULL */
    int pool;             /**< connections; 0: 4 */
    tl_dur timeout;       /**< for a batch, here and in the server; 0: 2 s; a lock: 500 ms */
    unsigned queue_max;   /**< batches that wait for a connection; 0: 1000 */
};

/** Connects in the background and for ever again. */
int tl_pg_open(struct tl_pg **ret, struct tl_loop *loop, const struct tl_pg_opts *opts);
struct tl_pg *tl_pg_close(struct tl_pg *pg);
bool tl_pg_ready(const struct tl_pg *pg);
void tl_pg_on_connect(struct tl_pg *pg, tl_fn *fn, void *arg);

/** One statement with text parameters ($1 ...; NULL is SQL NULL).  Copied by tl_pg_batch(). */
struct tl_pg_stmt {
    const char *sql;
    int n;
    const char *const *params;
    const int *lengths; /**< with formats: for binary parameters (bytea); NULL: all text */
    const int *formats;
};

/**
 * err: 0, then results[i] belongs to statement i.  Else nothing was committed, except -ETIMEDOUT
 * and -ECONNRESET: unknown.  -EEXIST: unique violation, -EAGAIN: serialisation, deadlock or lock
 * time-out (try again), -EIO: other errors of the server (sqlstate has the five characters),
 * -ECANCELED: closing. Results are borrowed.
 */
typedef void tl_pg_fn(void *arg, int err, PGresult *const *results, int n, const char *sqlstate);

/** Send n statements as one transaction (implicit, in pipeline mode: one round trip).  fn is called
 * exactly once, never inside this call.  0, -ENOMEM, -ENOBUFS: queue full (then fn is not called).
 */
int tl_pg_batch(struct tl_pg *pg, const struct tl_pg_stmt *stmts, int n, tl_pg_fn *fn, void *arg);

/** One statement with text parameters given one by one. */
int tl_pg_exec(struct tl_pg *pg, tl_pg_fn *fn, void *arg, const char *sql, int n_params, ...);

#endif
