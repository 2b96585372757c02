/*
 * PostgreSQL on the loop: libpq in non-blocking pipeline mode.
 *
 * A batch is sent as one pipeline up to one Sync, which PostgreSQL runs as one implicit
 * transaction: all of it is committed or none, and it costs one round trip.  Each connection runs
 * one batch at a time; the others wait.
 */
#include "pg_in.h"

#include <stdarg.h>
#include <stdlib.h>
#include <tl_buf.h>
#include <tl_log.h>
#include <tl_mem.h>

#define STMTS_MAX 64
#define PULSE     TL_SEC(2)

void pg_pool_feed(struct tl_pg *pg)
{
    for (int i = 0; i < pg->n_conns && pg->waiting.n; i++) {
        struct tl_link *first = tl_list_first(&pg->waiting);

        if (pg->conns[i].state != CONN_IDLE)
            continue;
        tl_list_remove(&pg->waiting, first);
        pg_conn_send(&pg->conns[i], TL_CONTAINER(first, struct batch, link));
    }
}

static void feed_later(void *arg)
{
    pg_pool_feed(arg);
}

int tl_pg_batch(struct tl_pg *pg, const struct tl_pg_stmt *stmts, int n, tl_pg_fn *fn, void *arg)
{
    struct batch *b;

    if (pg->waiting.n >= pg->queue_max || pg->closing)
        return -ENOBUFS;
    if (n < 1 || n > STMTS_MAX)
        return -EINVAL;
    b = pg_batch_new(pg, stmts, n, fn, arg);
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
            b = pg_batch_new(pg, &(struct tl_pg_stmt){.sql = "SELECT"}, 1, on_alive, NULL);
        if (b)
            pg_conn_send(c, b);
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
        c->retry_after = PG_RETRY_FIRST;
        if (!pg->conninfo || tl_timer_new(&c->timer, loop, pg_conn_on_timer, c)) {
            tl_pg_close(pg);
            return -ENOMEM;
        }
    }
    for (int i = 0; i < pg->n_conns; i++)
        pg_conn_connect(&pg->conns[i]);
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
        pg_conn_down(&pg->conns[i], -ECANCELED);
        tl_timer_free(pg->conns[i].timer);
    }
    tl_list_for_each (&pg->waiting, link) {
        tl_list_remove(&pg->waiting, link);
        pg_batch_done(TL_CONTAINER(link, struct batch, link), -ECANCELED);
    }
    tl_timer_free(pg->feed);
    tl_timer_free(pg->pulse);
    tl_free(pg->conninfo);
    tl_free(pg->host);
    return tl_free(pg);
}
