/* One connection: libpq in non-blocking pipeline mode, one batch at a time. */
#include "pg_in.h"

#include <stdlib.h>
#include <string.h>
#include <tl_log.h>
#include <tl_mem.h>

#define RETRY_LAST TL_SEC(2)

/* The class of an error (PostgreSQL manual, appendix A). */
static int sqlstate_errno(const char *state)
{
    if (strcmp(state, "23505") == 0)
        return -EEXIST;
    if (strncmp(state, "40", 2) == 0 || strcmp(state, "55P03") == 0)
        return -EAGAIN;
    if (strcmp(state, "57014") == 0)
        return -ETIMEDOUT;
    return -EIO;
}

static void on_io(void *arg, int events, int err);

void pg_conn_down(struct conn *c, int err)
{
    struct batch *b = c->batch;
    bool was_up = c->state == CONN_IDLE || c->state == CONN_BUSY;
    bool looking = c->state == CONN_LOOKING_UP;

    c->batch = NULL;
    c->which += !was_up;
    c->state = CONN_DOWN;
    c->lookup = resolve_drop(c->lookup);
    c->io = tl_io_free(c->io);
    PQfinish(c->pc);
    c->pc = NULL;
    if (!c->pg->closing) {
        if (tl_log_allow("postgresql lost")) {
            if (looking)
                tl_warn("postgresql has no address: trying again", TL_S("host", c->pg->host));
            else
                tl_warn(was_up ? "postgresql lost: reconnecting"
                               : "postgresql does not answer: trying again");
        }
        tl_timer_start(c->timer, c->retry_after);
        c->retry_after = TL_LOWER(c->retry_after * 2, RETRY_LAST);
    }
    if (b)
        pg_batch_done(b, err);
}

static void conn_watch(struct conn *c, int events)
{
    if (tl_io_watch(c->io, events))
        pg_conn_down(c, -ECONNRESET);
}

static void conn_ready(struct conn *c)
{
    bool first = true;

    for (int i = 0; i < c->pg->n_conns; i++)
        first &= c->pg->conns[i].state < CONN_IDLE;
    PQsetnonblocking(c->pc, 1);
    if (!PQenterPipelineMode(c->pc)) {
        pg_conn_down(c, -EIO);
        return;
    }
    c->state = CONN_IDLE;
    c->retry_after = PG_RETRY_FIRST;
    tl_timer_stop(c->timer);
    conn_watch(c, TL_READABLE);
    if (first) {
        tl_info("postgresql connected");
        for (int i = 0; i < c->pg->n_on_connect; i++)
            c->pg->on_connect[i].fn(c->pg->on_connect[i].arg);
    }
    pg_pool_feed(c->pg);
}

static void conn_step(struct conn *c)
{
    PostgresPollingStatusType s = PQconnectPoll(c->pc);

    if (s == PGRES_POLLING_FAILED) {
        if (tl_log_allow("postgresql refused"))
            tl_warn("postgresql refused us", TL_S("reason", PQerrorMessage(c->pc)));
        pg_conn_down(c, -ECONNRESET);
        return;
    }
    /* libpq may have opened another socket. */
    c->io = tl_io_free(c->io);
    if (tl_io_new(&c->io, c->pg->loop, PQsocket(c->pc), on_io, c)) {
        pg_conn_down(c, -ENOMEM);
        return;
    }
    if (s == PGRES_POLLING_OK)
        conn_ready(c);
    else
        conn_watch(c, s == PGRES_POLLING_READING ? TL_READABLE : TL_WRITABLE);
}

static void conn_flush(struct conn *c)
{
    int left = PQflush(c->pc);

    if (left < 0)
        pg_conn_down(c, -ECONNRESET);
    else
        conn_watch(c, TL_READABLE | (left ? TL_WRITABLE : 0));
}

void pg_conn_send(struct conn *c, struct batch *b)
{
    int ok = 1;

    c->batch = b;
    c->state = CONN_BUSY;
    tl_timer_start(c->timer, c->pg->timeout);
    for (int i = 0; ok && i < b->n; i++) {
        struct stmt *s = &b->stmts[i];

        ok = PQsendQueryParams(c->pc, s->sql, s->n, NULL, (const char *const *)s->params,
                               s->lengths, s->formats, 0);
    }
    if (!ok || !PQpipelineSync(c->pc))
        pg_conn_down(c, -EAGAIN);
    else
        conn_flush(c);
}

static void batch_finished(struct conn *c)
{
    struct batch *b = c->batch;

    c->batch = NULL;
    c->state = CONN_IDLE;
    tl_timer_stop(c->timer);
    pg_batch_done(b, b->err);
    pg_pool_feed(c->pg);
}

/* One result of the running pipeline; true when the Sync, its end, was seen. */
static bool take_result(struct batch *b, PGresult *res)
{
    const char *state;

    switch (PQresultStatus(res)) {
    case PGRES_PIPELINE_SYNC: PQclear(res); return true;
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        if (b->n_results < b->n)
            b->results[b->n_results++] = res;
        else
            PQclear(res);
        return false;
    case PGRES_PIPELINE_ABORTED: PQclear(res); return false;
    default:
        state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
        if (!b->err) {
            tl_str_put(b->sqlstate, sizeof(b->sqlstate), tl_str(state ? state : ""));
            b->err = sqlstate_errno(b->sqlstate);
            if (b->err == -EIO && tl_log_allow("statement failed"))
                tl_error("statement failed", TL_S("sqlstate", b->sqlstate),
                         TL_S("reason", PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY)));
        }
        PQclear(res);
        return false;
    }
}

static void conn_read(struct conn *c)
{
    if (!PQconsumeInput(c->pc) || PQstatus(c->pc) == CONNECTION_BAD) {
        pg_conn_down(c, -ECONNRESET);
        return;
    }
    while (c->batch && !PQisBusy(c->pc)) {
        PGresult *res = PQgetResult(c->pc);

        if (!res)
            continue; /* between two statements of the pipeline */
        if (take_result(c->batch, res)) {
            batch_finished(c);
            return;
        }
    }
}

static void on_io(void *arg, int events, int err)
{
    struct conn *c = arg;

    if (c->state == CONN_CONNECTING) {
        conn_step(c);
        return;
    }
    if (err)
        events = TL_READABLE; /* libpq finds the socket's error by itself */
    if ((events & TL_WRITABLE) && c->pc)
        conn_flush(c);
    if ((events & TL_READABLE) && c->pc)
        conn_read(c);
}

void pg_conn_on_timer(void *arg)
{
    struct conn *c = arg;

    if (c->state == CONN_DOWN)
        pg_conn_connect(c);
    else
        pg_conn_down(c, -ETIMEDOUT);
}

/* libpq would look the name up itself and wait for it.  It keeps the name for what is said of it
 * (certificates, the password file). */
static void connect_to(struct conn *c, const char *address)
{
    const char *const keys[] = {"dbname", address ? "hostaddr" : NULL, NULL};
    const char *const values[] = {c->pg->conninfo, address, NULL};

    c->state = CONN_CONNECTING;
    c->pc = PQconnectStartParams(keys, values, 1);
    tl_timer_start(c->timer, TL_SEC(3));
    if (!c->pc || PQstatus(c->pc) == CONNECTION_BAD ||
        tl_io_new(&c->io, c->pg->loop, PQsocket(c->pc), on_io, c))
        pg_conn_down(c, -ECONNRESET);
    else
        conn_watch(c, TL_WRITABLE);
}

static void looked_up(void *arg, const struct resolved *all)
{
    struct conn *c = arg;

    c->lookup = NULL;
    if (all->n)
        connect_to(c, all->address[c->which % (unsigned)all->n]);
    else
        pg_conn_down(c, -ECONNRESET);
}

void pg_conn_connect(struct conn *c)
{
    if (!c->pg->host) {
        connect_to(c, NULL);
        return;
    }
    c->state = CONN_LOOKING_UP;
    if (resolve_start(&c->lookup, c->pg->loop, c->pg->host, looked_up, c))
        pg_conn_down(c, -EINVAL);
}
