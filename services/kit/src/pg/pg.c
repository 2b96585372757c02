/*
 * PostgreSQL on the loop: libpq in non-blocking pipeline mode.
 *
 * A batch is sent as one pipeline up to one Sync, which PostgreSQL runs as one implicit
 * transaction: all of it is committed or none, and it costs one round trip.  Each connection runs
 * one batch at a time; the others wait.
 */
#include "../net/resolve.h"

#include <stdarg.h>
#include <stdlib.h>
#include <tl_buf.h>
#include <tl_list.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_pg.h>

#define POOL_MAX    32
#define STMTS_MAX   64
#define PULSE       TL_SEC(2)
#define RETRY_FIRST TL_MSEC(100)
#define RETRY_LAST  TL_SEC(2)

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

static void connect_now(struct conn *c);
static void feed(struct tl_pg *pg);

/* ---- batches ------------------------------------------------------------------------------- */

static void batch_free(struct batch *b)
{
    for (int i = 0; i < b->n; i++) {
        struct stmt *s = &b->stmts[i];

        for (int k = 0; s->params && k < s->n; k++)
            tl_free(s->params[k]);
        tl_free(s->sql);
        tl_free(s->params);
        tl_free(s->lengths);
        tl_free(s->formats);
    }
    for (int i = 0; i < b->n_results; i++)
        PQclear(b->results[i]);
    tl_free(b->stmts);
    tl_free(b->results);
    tl_free(b);
}

static void batch_done(struct batch *b, int err)
{
    b->fn(b->arg, err, err ? NULL : b->results, err ? 0 : b->n_results, b->sqlstate);
    batch_free(b);
}

static int stmt_copy(struct stmt *to, const struct tl_pg_stmt *from)
{
    to->sql = tl_copy(from->sql, strlen(from->sql));
    to->n = from->n;
    to->params = tl_alloc((size_t)from->n, sizeof(char *));
    to->lengths = tl_alloc((size_t)from->n, sizeof(int));
    to->formats = tl_alloc((size_t)from->n, sizeof(int));
    if (!to->sql || !to->params || !to->lengths || !to->formats)
        return -ENOMEM;
    for (int i = 0; i < from->n; i++) {
        if (!from->params[i])
            continue;
        to->formats[i] = from->formats ? from->formats[i] : 0;
        to->lengths[i] = to->formats[i] ? from->lengths[i] : (int)strlen(from->params[i]);
        to->params[i] = tl_copy(from->params[i], (size_t)to->lengths[i]);
        if (!to->params[i])
            return -ENOMEM;
    }
    return 0;
}

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

/* ---- a connection --------------------------------------------------------------------------- */

static void on_io(void *arg, int events, int err);

static void conn_down(struct conn *c, int err)
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
        batch_done(b, err);
}

static void conn_watch(struct conn *c, int events)
{
    if (tl_io_watch(c->io, events))
        conn_down(c, -ECONNRESET);
}

static void conn_ready(struct conn *c)
{
    bool first = true;

    for (int i = 0; i < c->pg->n_conns; i++)
        first &= c->pg->conns[i].state < CONN_IDLE;
    PQsetnonblocking(c->pc, 1);
    if (!PQenterPipelineMode(c->pc)) {
        conn_down(c, -EIO);
        return;
    }
    c->state = CONN_IDLE;
    c->retry_after = RETRY_FIRST;
    tl_timer_stop(c->timer);
    conn_watch(c, TL_READABLE);
    if (first) {
        tl_info("postgresql connected");
        for (int i = 0; i < c->pg->n_on_connect; i++)
            c->pg->on_connect[i].fn(c->pg->on_connect[i].arg);
    }
    feed(c->pg);
}

static void conn_step(struct conn *c)
{
    PostgresPollingStatusType s = PQconnectPoll(c->pc);

    if (s == PGRES_POLLING_FAILED) {
        if (tl_log_allow("postgresql refused"))
            tl_warn("postgresql refused us", TL_S("reason", PQerrorMessage(c->pc)));
        conn_down(c, -ECONNRESET);
        return;
    }
    /* libpq may have opened another socket. */
    c->io = tl_io_free(c->io);
    if (tl_io_new(&c->io, c->pg->loop, PQsocket(c->pc), on_io, c)) {
        conn_down(c, -ENOMEM);
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
        conn_down(c, -ECONNRESET);
    else
        conn_watch(c, TL_READABLE | (left ? TL_WRITABLE : 0));
}

static void conn_send(struct conn *c, struct batch *b)
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
        conn_down(c, -EAGAIN);
    else
        conn_flush(c);
}

static void batch_finished(struct conn *c)
{
    struct batch *b = c->batch;

    c->batch = NULL;
    c->state = CONN_IDLE;
    tl_timer_stop(c->timer);
    batch_done(b, b->err);
    feed(c->pg);
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
        conn_down(c, -ECONNRESET);
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

static void on_timer(void *arg)
{
    struct conn *c = arg;

    if (c->state == CONN_DOWN)
        connect_now(c);
    else
        conn_down(c, -ETIMEDOUT);
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
        conn_down(c, -ECONNRESET);
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
        conn_down(c, -ECONNRESET);
}

static void connect_now(struct conn *c)
{
    if (!c->pg->host) {
        connect_to(c, NULL);
        return;
    }
    c->state = CONN_LOOKING_UP;
    if (resolve_start(&c->lookup, c->pg->loop, c->pg->host, looked_up, c))
        conn_down(c, -EINVAL);
}

/* ---- the pool ------------------------------------------------------------------------------- */

static void feed(struct tl_pg *pg)
{
    for (int i = 0; i < pg->n_conns && pg->waiting.n; i++) {
        struct tl_link *first = tl_list_first(&pg->waiting);

        if (pg->conns[i].state != CONN_IDLE)
            continue;
        tl_list_remove(&pg->waiting, first);
        conn_send(&pg->conns[i], TL_CONTAINER(first, struct batch, link));
    }
}

static void feed_later(void *arg)
{
    feed(arg);
}

static struct batch *batch_new(struct tl_pg *pg, const struct tl_pg_stmt *stmts, int n,
                               tl_pg_fn *fn, void *arg)
{
    struct batch *b = tl_alloc(1, sizeof(*b));

    if (!b)
        return NULL;
    b->pg = pg;
    b->fn = fn;
    b->arg = arg;
    b->stmts = tl_alloc((size_t)n, sizeof(*b->stmts));
    b->results = tl_alloc((size_t)n, sizeof(*b->results));
    if (!b->stmts || !b->results)
        goto out_of_memory;
    b->n = n;
    for (int i = 0; i < n; i++)
        if (stmt_copy(&b->stmts[i], &stmts[i]))
            goto out_of_memory;
    return b;
out_of_memory:
    batch_free(b);
    return NULL;
}

int tl_pg_batch(struct tl_pg *pg, const struct tl_pg_stmt *stmts, int n, tl_pg_fn *fn, void *arg)
{
    struct batch *b;

    if (pg->waiting.n >= pg->queue_max || pg->closing)
        return -ENOBUFS;
    if (n < 1 || n > STMTS_MAX)
        return -EINVAL;
    b = batch_new(pg, stmts, n, fn, arg);
    if (!b)
        return -ENOMEM;
    tl_list_append(&pg->waiting, &b->link);
    tl_timer_start(pg->feed, 0); /* not now: fn must not run inside this call */
    return 0;
}

static void on_alive(void *arg, int err, PGresult *const *results, int n, const char *sqlstate)
{
    TL_UNUSED(arg);
    TL_UNUSED(err); /* its deadline ends the connection, like any batch's */
    TL_UNUSED(results);
    TL_UNUSED(n);
    TL_UNUSED(sqlstate);
}

/* Each idle connection is asked for a sign of life, so that readiness is true after a silent cut.
 */
static void on_pulse(void *arg)
{
    struct tl_pg *pg = arg;

    for (int i = 0; i < pg->n_conns; i++) {
        struct conn *c = &pg->conns[i];
        struct batch *b = NULL;

        if (c->state == CONN_IDLE)
            b = batch_new(pg, &(struct tl_pg_stmt){.sql = "SELECT"}, 1, on_alive, NULL);
        if (b)
            conn_send(c, b);
    }
}

int tl_pg_exec(struct tl_pg *pg, tl_pg_fn *fn, void *arg, const char *sql, int n_params, ...)
{
    const char *params[32];
    va_list ap;

    if (n_params > (int)TL_LEN(params))
        return -EINVAL;
    va_start(ap, n_params);
    for (int i = 0; i < n_params; i++)
        params[i] = va_arg(ap, const char *);
    va_end(ap);
    return tl_pg_batch(pg, &(struct tl_pg_stmt){.sql = sql, .n = n_params, .params = params}, 1, fn,
                       arg);
}

bool tl_pg_ready(const struct tl_pg *pg)
{
    for (int i = 0; pg && i < pg->n_conns; i++)
        if (pg->conns[i].state >= CONN_IDLE)
            return true;
    return false;
}

void tl_pg_on_connect(struct tl_pg *pg, tl_fn *fn, void *arg)
{
    if ((size_t)pg->n_on_connect < TL_LEN(pg->on_connect)) {
        pg->on_connect[pg->n_on_connect].fn = fn;
        pg->on_connect[pg->n_on_connect++].arg = arg;
    }
    if (tl_pg_ready(pg))
        (void)tl_loop_defer(pg->loop, fn, arg); /* out of memory: the next reconnection tells */
}

/** The server gives up when we do, and neither side waits for a peer that was cut off silently: a
 * forgotten backend would keep its locks for hours.  The caller's words come last and win. */
static char *whole_conninfo(const struct tl_pg_opts *opts, tl_dur timeout)
{
    struct tl_buf b = TL_BUF(4096);

    tl_buf_printf(&b,
                  "options='-c statement_timeout=%lld -c lock_timeout=%lld' keepalives_idle=5"
                  " keepalives_interval=2 keepalives_count=2 tcp_user_timeout=5000 ",
                  (long long)(timeout / 1000), (long long)TL_LOWER(timeout / 1000, 500));
    tl_buf_puts(&b, opts->conninfo);
    if (opts->password) {
        tl_buf_puts(&b, " password='");
        for (const char *p = opts->password; *p; p++)
            tl_buf_printf(&b, "%s%c", *p == '\'' || *p == '\\' ? "\\" : "", *p);
        tl_buf_puts(&b, "'");
    }
    if (b.err)
        tl_buf_done(&b);
    return b.p;
}

/** The one host of conninfo; NULL for a socket's folder, for addresses, and for several hosts. */
static char *only_host(const char *conninfo)
{
    PQconninfoOption *all = PQconninfoParse(conninfo, NULL); /* a mistake is told by connecting */
    const char *host = NULL;
    char *copy = NULL;
    bool addressed = false;

    for (PQconninfoOption *o = all; o && o->keyword; o++) {
        if (strcmp(o->keyword, "host") == 0)
            host = o->val;
        if (strcmp(o->keyword, "hostaddr") == 0)
            addressed = o->val != NULL;
    }
    if (host && *host && *host != '/' && *host != '@' && !strchr(host, ',') && !addressed)
        copy = tl_copy(host, strlen(host));
    PQconninfoFree(all);
    return copy;
}

int tl_pg_open(struct tl_pg **ret, struct tl_loop *loop, const struct tl_pg_opts *opts)
{
    struct tl_pg *pg = tl_alloc(1, sizeof(*pg));

    if (!pg)
        return -ENOMEM;
    pg->loop = loop;
    pg->timeout = opts->timeout ? opts->timeout : TL_SEC(2);
    pg->queue_max = opts->queue_max ? opts->queue_max : 1000;
    pg->n_conns = TL_LOWER(opts->pool ? opts->pool : 4, POOL_MAX);
    tl_list_init(&pg->waiting);
    pg->conninfo = whole_conninfo(opts, pg->timeout);
    pg->host = pg->conninfo ? only_host(pg->conninfo) : NULL;
    if (tl_timer_new(&pg->feed, loop, feed_later, pg) ||
        tl_timer_new(&pg->pulse, loop, on_pulse, pg)) {
        tl_pg_close(pg);
        return -ENOMEM;
    }
    for (int i = 0; i < pg->n_conns; i++) {
        struct conn *c = &pg->conns[i];

        c->pg = pg;
        c->retry_after = RETRY_FIRST;
        if (!pg->conninfo || tl_timer_new(&c->timer, loop, on_timer, c)) {
            tl_pg_close(pg);
            return -ENOMEM;
        }
    }
    for (int i = 0; i < pg->n_conns; i++)
        connect_now(&pg->conns[i]);
    tl_timer_every(pg->pulse, PULSE);
    *ret = pg;
    return 0;
}

struct tl_pg *tl_pg_close(struct tl_pg *pg)
{
    if (!pg)
        return NULL;
    pg->closing = true;
    for (int i = 0; i < pg->n_conns; i++) {
        conn_down(&pg->conns[i], -ECANCELED);
        tl_timer_free(pg->conns[i].timer);
    }
    tl_list_for_each (&pg->waiting, link) {
        tl_list_remove(&pg->waiting, link);
        batch_done(TL_CONTAINER(link, struct batch, link), -ECANCELED);
    }
    tl_timer_free(pg->feed);
    tl_timer_free(pg->pulse);
    tl_free(pg->conninfo);
    tl_free(pg->host);
    return tl_free(pg);
}
