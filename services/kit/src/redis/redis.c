/*
 * Redis on the loop through hiredis' asynchronous API, with our own event adapter.
 *
 * Traps that this file closes: the adapter shipped with hiredis 0.14 never reports a refused
 * connection and then hangs; there is no reconnection and no time-out.  Here a socket error runs
 * the armed events, a timer reconnects for ever, and commands have a deadline after which the
 * connection (whose answers would be out of step) is cut.  A connection that nobody uses is asked
 * for a sign of life every second, so that readiness is true also after a silent cut.
 *
 * What a turn of the loop has asked for is written before the loop sleeps, all of it at once: no
 * waiting for the socket to be writable, which it nearly always is.
 */
#include "redis.h"

#include "../net/resolve.h"

#include <stdlib.h>
#include <tl_log.h>
#include <tl_mem.h>

#define PULSE       TL_SEC(1)
#define RETRY_FIRST TL_MSEC(50)
#define RETRY_LAST  TL_SEC(1)

static void connect_now(void *arg);

/* ---- events ------------------------------------------------------------------------------- */

static void on_io(void *arg, int events, int err)
{
    struct tl_redis *r = arg;
    redisAsyncContext *ac = r->ac;

    if (!ac)
        return;
    if (err) /* hiredis finds the socket's error by itself when it tries */
        events = r->watching;
    if (events & TL_READABLE)
        redisAsyncHandleRead(ac);
    if ((events & TL_WRITABLE) && r->ac == ac)
        redisAsyncHandleWrite(ac);
}

static void watch(struct tl_redis *r, int events)
{
    if (events == r->watching || !r->io)
        return;
    r->watching = events;
    (void)tl_io_watch(r->io, events); /* fails only for a closed fd, which cleanup has dropped */
}

static void add_read(void *arg)
{
    struct tl_redis *r = arg;

    watch(r, r->watching | TL_READABLE);
}

static void del_read(void *arg)
{
    struct tl_redis *r = arg;

    watch(r, r->watching & ~TL_READABLE);
}

static void on_writer(uv_prepare_t *u)
{
    struct tl_redis *r = u->data;

    (void)uv_prepare_stop(u); /* always 0 */
    if (!r->ac)
        return;
    r->writing = true;
    redisAsyncHandleWrite(r->ac);
    r->writing = false;
}

/* Only a connection that is being made, or is full, waits for its socket. */
static void add_write(void *arg)
{
    struct tl_redis *r = arg;

    if (r->writing || !r->ac || !(r->ac->c.flags & REDIS_CONNECTED))
        watch(r, r->watching | TL_WRITABLE);
    else
        (void)uv_prepare_start(r->writer, on_writer); /* has a callback: 0 */
}

static void del_write(void *arg)
{
    struct tl_redis *r = arg;

    watch(r, r->watching & ~TL_WRITABLE);
}

static void cleanup(void *arg)
{
    struct tl_redis *r = arg;

    r->io = tl_io_free(r->io);
    r->watching = 0;
}

/* ---- the connection ------------------------------------------------------------------------ */

static void connect_later(struct tl_redis *r)
{
    if (r->closing || tl_timer_active(r->retry))
        return;
    tl_timer_start(r->retry, r->retry_after);
    r->retry_after = TL_LOWER(r->retry_after * 2, RETRY_LAST);
}

static void lost(struct tl_redis *r)
{
    if (r->ready && !r->closing)
        tl_warn("redis lost: reconnecting");
    r->which += !r->ready;
    r->ready = false;
    r->ac = NULL;
    connect_later(r);
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
    struct tl_redis *r = ac->data;

    TL_UNUSED(status);
    if (r->ac == ac)
        lost(r);
}

static void on_auth(redisAsyncContext *ac, void *reply, void *arg)
{
    struct tl_redis *r = arg;
    redisReply *answer = reply;

    if (!answer || r->ac != ac)
        return; /* the disconnection is told by itself */
    if (answer->type == REDIS_REPLY_ERROR) {
        if (tl_log_allow("redis refused"))
            tl_error("redis refused us", TL_S("reason", answer->str));
        redisAsyncDisconnect(ac);
        return;
    }
    r->ready = true;
    r->retry_after = RETRY_FIRST;
    tl_timer_stop(r->deadline);
    tl_info("redis connected");
    for (int i = 0; i < r->n_on_connect; i++)
        r->on_connect[i].fn(r->on_connect[i].arg);
}

static void on_connected(const redisAsyncContext *cac, int status)
{
    struct tl_redis *r = cac->data;
    redisAsyncContext *ac = r->ac;

    if (status != REDIS_OK) { /* hiredis frees the context after this call */
        if (tl_log_allow("redis away"))
            tl_warn("redis does not answer: trying again", TL_S("reason", cac->errstr));
        lost(r);
        return;
    }
    if (r->user)
        redisAsyncCommand(ac, on_auth, r, "AUTH %s %s", r->user, r->password ? r->password : "");
    else if (r->password)
        redisAsyncCommand(ac, on_auth, r, "AUTH %s", r->password);
    else
        redisAsyncCommand(ac, on_auth, r, "PING");
}

static void connect_to(struct tl_redis *r, const char *address)
{
    redisAsyncContext *ac = redisAsyncConnect(address, r->port);

    if (!ac || ac->err || tl_io_new(&r->io, r->loop, ac->c.fd, on_io, r)) {
        if (ac)
            redisAsyncFree(ac);
        r->which++;
        connect_later(r);
        return;
    }
    ac->data = r;
    ac->ev.data = r;
    ac->ev.addRead = add_read;
    ac->ev.delRead = del_read;
    ac->ev.addWrite = add_write;
    ac->ev.delWrite = del_write;
    ac->ev.cleanup = cleanup;
    r->ac = ac;
    redisAsyncSetDisconnectCallback(ac, on_disconnect);
    redisAsyncSetConnectCallback(ac, on_connected);
    tl_timer_start(r->deadline, TL_MSEC(500));
}

static void looked_up(void *arg, const struct resolved *all)
{
    struct tl_redis *r = arg;

    r->lookup = NULL;
    if (all->n) {
        connect_to(r, all->address[r->which % (unsigned)all->n]);
        return;
    }
    if (tl_log_allow("redis name"))
        tl_warn("redis has no address: trying again", TL_S("host", r->host));
    connect_later(r);
}

static void connect_now(void *arg)
{
    struct tl_redis *r = arg;

    if (resolve_start(&r->lookup, r->loop, r->host, looked_up, r))
        connect_later(r);
}

/* The oldest command, or the connection attempt, has run out of time: the stream of answers is cut.
 */
static void on_deadline(void *arg)
{
    struct tl_redis *r = arg;
    struct tl_link *first = tl_list_first(&r->in_flight);
    redisAsyncContext *ac = r->ac;

    if (r->ready) {
        struct command *c = first ? TL_CONTAINER(first, struct command, link) : NULL;
        tl_dur left = c ? c->sent + r->timeout - tl_loop_now(r->loop) : 0;

        if (!c)
            return;
        if (left > 0) {
            tl_timer_start(r->deadline, left);
            return;
        }
    }
    if (!ac)
        return;
    tl_list_for_each (&r->in_flight, link)
        TL_CONTAINER(link, struct command, link)->sent = TL_NEVER; /* marks: timed out */
    lost(r);
    redisAsyncFree(ac);
}

static void on_pong(void *arg, int err, redisReply *reply)
{
    TL_UNUSED(arg);
    TL_UNUSED(err); /* its deadline cuts the connection, like any command's */
    TL_UNUSED(reply);
}

static void on_pulse(void *arg)
{
    struct tl_redis *r = arg;

    if (r->ready && !tl_list_first(&r->in_flight))
        (void)tl_redis_cmd(r, on_pong, NULL, "PING"); /* not sent: the next second asks again */
}

/* ---- life ---------------------------------------------------------------------------------- */

bool tl_redis_ready(const struct tl_redis *r)
{
    return r && r->ready;
}

void tl_redis_on_connect(struct tl_redis *r, tl_fn *fn, void *arg)
{
    if ((size_t)r->n_on_connect < TL_LEN(r->on_connect)) {
        r->on_connect[r->n_on_connect].fn = fn;
        r->on_connect[r->n_on_connect++].arg = arg;
    }
    if (r->ready)
        (void)tl_loop_defer(r->loop, fn, arg); /* out of memory: the next reconnection tells */
}

/* "redis://host:port" */
static int parse_url(struct tl_redis *r, const char *url)
{
    struct tl_str rest = tl_str(url), host;
    int64_t port = 6379;

    if (!tl_str_starts(rest, TL_STR("redis://")))
        return -EINVAL;
    rest.s += 8;
    rest.n -= 8;
    if (!tl_str_split(&rest, ':', &host) || !tl_str_put(r->host, sizeof(r->host), host))
        return -EINVAL;
    if (rest.n && tl_str_int(rest, 1, 65535, &port))
        return -EINVAL;
    r->port = (int)port;
    return 0;
}

static char *copy_or_null(const char *s)
{
    return s && *s ? tl_copy(s, strlen(s)) : NULL;
}

static void free_handle(uv_handle_t *h)
{
    tl_free(h);
}

static int writer_new(struct tl_redis *r)
{
    r->writer = tl_alloc(1, sizeof(*r->writer));
    if (!r->writer)
        return -ENOMEM;
    (void)uv_prepare_init(tl_loop_uv(r->loop), r->writer); /* always 0 */
    r->writer->data = r;
    return 0;
}

int tl_redis_open(struct tl_redis **ret, struct tl_loop *loop, const struct tl_redis_opts *opts)
{
    struct tl_redis *r = tl_alloc(1, sizeof(*r));
    int err;

    if (!r)
        return -ENOMEM;
    r->loop = loop;
    r->timeout = opts->timeout ? opts->timeout : TL_MSEC(200);
    r->in_flight_max = opts->in_flight_max ? opts->in_flight_max : 10000;
    r->retry_after = RETRY_FIRST;
    r->user = copy_or_null(opts->user);
    r->password = copy_or_null(opts->password);
    r->spare = TL_BUF(COMMAND_MAX);
    tl_list_init(&r->in_flight);
    err = parse_url(r, opts->url);
    if (!err)
        err = writer_new(r);
    if (!err)
        err = tl_timer_new(&r->retry, loop, connect_now, r);
    if (!err)
        err = tl_timer_new(&r->deadline, loop, on_deadline, r);
    if (!err)
        err = tl_timer_new(&r->pulse, loop, on_pulse, r);
    if (err) {
        tl_redis_close(r);
        return err;
    }
    *ret = r;
    tl_timer_every(r->pulse, PULSE);
    connect_now(r);
    return 0;
}

struct tl_redis *tl_redis_close(struct tl_redis *r)
{
    redisAsyncContext *ac;

    if (!r)
        return NULL;
    r->closing = true;
    r->ready = false;
    ac = r->ac;
    r->ac = NULL;
    resolve_drop(r->lookup);
    if (ac)
        redisAsyncFree(ac); /* answers everything with NULL: -ECANCELED */
    if (r->writer)
        uv_close((uv_handle_t *)r->writer, free_handle);
    tl_timer_free(r->retry);
    tl_timer_free(r->deadline);
    tl_timer_free(r->pulse);
    tl_buf_done(&r->spare);
    tl_free(r->user);
    tl_free(r->password);
    return tl_free(r);
}
