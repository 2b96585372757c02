/*
 * Redis on the loop through hiredis' asynchronous API, with our own event adapter.
 *
 * Traps that this file closes: the adapter shipped with hiredis 0.14 never reports a refused
 * connection and then hangs; there is no reconnection and no time-out.  Here a socket error runs
 * the armed events, a timer reconnects for ever, and commands have a deadline after which the
 * connection (whose answers would be out of step) is cut.
 */
#include <async.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <tl_list.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_redis.h>

#define RETRY_FIRST TL_MSEC(50)
#define RETRY_LAST  TL_SEC(1)

struct command {
    struct tl_link link;
    struct tl_redis *r;
    tl_redis_fn *fn;
    void *arg;
    tl_time sent;
    /* A script that may have to be sent again as text. */
    struct tl_script *script;
    int argc;
    char **argv;
    size_t *argvlen;
};

struct tl_redis {
    struct tl_loop *loop;
    redisAsyncContext *ac;
    struct tl_io *io;
    int watching;
    struct tl_timer *retry;
    struct tl_timer *deadline;
    tl_dur retry_after;
    struct tl_list in_flight; /* oldest first: replies come in this order */
    char host[128];
    int port;
    char *user, *password;
    tl_dur timeout;
    unsigned in_flight_max;
    bool ready;
    bool closing;
    struct {
        tl_fn *fn;
        void *arg;
    } on_connect[8];
    int n_on_connect;
};

static void connect_now(void *arg);

static void command_free(struct command *c)
{
    for (int i = 0; i < c->argc; i++)
        tl_free(c->argv[i]);
    tl_free(c->argv);
    tl_free(c->argvlen);
    tl_free(c);
}

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

static void add_write(void *arg)
{
    struct tl_redis *r = arg;

    watch(r, r->watching | TL_WRITABLE);
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

static void connect_now(void *arg)
{
    struct tl_redis *r = arg;
    redisAsyncContext *ac = redisAsyncConnect(r->host, r->port);

    if (!ac || ac->err || tl_io_new(&r->io, r->loop, ac->c.fd, on_io, r)) {
        if (ac)
            redisAsyncFree(ac);
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

/* ---- commands ------------------------------------------------------------------------------ */

static void on_reply(redisAsyncContext *ac, void *reply, void *arg)
{
    struct command *c = arg;
    struct tl_redis *r = c->r;
    redisReply *answer = reply;
    int err = 0;

    TL_UNUSED(ac);
    if (!answer)
        err = r->closing ? -ECANCELED : c->sent == TL_NEVER ? -ETIMEDOUT : -ECONNRESET;
    else if (answer->type == REDIS_REPLY_ERROR)
        err = -EIO;
    if (err == -EIO && c->script && strncmp(answer->str, "NOSCRIPT", 8) == 0) {
        strcpy(c->argv[0], "EVAL"); /* shorter than EVALSHA */
        c->argvlen[0] = 4;
        tl_free(c->argv[1]);
        c->argv[1] = tl_copy(c->script->text, strlen(c->script->text));
        c->argvlen[1] = strlen(c->script->text);
        c->script = NULL;
        if (c->argv[1] && redisAsyncCommandArgv(r->ac, on_reply, c, c->argc, (const char **)c->argv,
                                                c->argvlen) == REDIS_OK) {
            tl_list_remove(&r->in_flight, &c->link); /* it is the newest now */
            tl_list_append(&r->in_flight, &c->link);
            return;
        }
    }
    tl_list_remove(&r->in_flight, &c->link);
    if (c->fn)
        c->fn(c->arg, err, answer);
    command_free(c);
}

static int command_new(struct command **ret, struct tl_redis *r, tl_redis_fn *fn, void *arg)
{
    struct command *c;

    if (!r->ready || r->closing || r->in_flight.n >= r->in_flight_max)
        return -EAGAIN;
    c = tl_alloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->r = r;
    c->fn = fn;
    c->arg = arg;
    *ret = c;
    return 0;
}

static int command_sent(struct command *c, int status)
{
    struct tl_redis *r = c->r;

    if (status != REDIS_OK) {
        command_free(c);
        return -EAGAIN;
    }
    c->sent = tl_loop_now(r->loop);
    tl_list_append(&r->in_flight, &c->link);
    if (!tl_timer_active(r->deadline))
        tl_timer_start(r->deadline, r->timeout);
    return 0;
}

int tl_redis_cmd(struct tl_redis *r, tl_redis_fn *fn, void *arg, const char *fmt, ...)
{
    struct command *c;
    va_list ap;
    int err = command_new(&c, r, fn, arg);

    if (err)
        return err;
    va_start(ap, fmt);
    err = command_sent(c, redisvAsyncCommand(r->ac, on_reply, c, fmt, ap));
    va_end(ap);
    return err;
}

int tl_redis_argv(struct tl_redis *r, tl_redis_fn *fn, void *arg, int argc, const char **argv,
                  const size_t *argvlen)
{
    struct command *c;
    int err = command_new(&c, r, fn, arg);

    return err ? err
               : command_sent(c, redisAsyncCommandArgv(r->ac, on_reply, c, argc, argv, argvlen));
}

/* The name by which Redis knows a script: SHA-1 of its text in hex. */
static void script_name(struct tl_script *script)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    EVP_Digest(script->text, strlen(script->text), digest, &n, EVP_sha1(), NULL);
    for (unsigned i = 0; i < n && i < 20; i++)
        snprintf(script->sha + (size_t)i * 2, 3, "%02x", digest[i]);
}

int tl_redis_eval(struct tl_redis *r, struct tl_script *script, tl_redis_fn *fn, void *arg,
                  int n_keys, int argc, const char **argv, const size_t *argvlen)
{
    struct command *c;
    char keys[12];
    int err = command_new(&c, r, fn, arg);

    if (err)
        return err;
    if (!script->sha[0])
        script_name(script);
    snprintf(keys, sizeof(keys), "%d", n_keys);
    c->script = script;
    c->argv = tl_alloc((size_t)argc + 3, sizeof(char *));
    c->argvlen = tl_alloc((size_t)argc + 3, sizeof(size_t));
    if (!c->argv || !c->argvlen)
        goto out_of_memory;
    c->argc = argc + 3;
    c->argv[0] = tl_copy("EVALSHA", 7);
    c->argv[1] = tl_copy(script->sha, 40);
    c->argv[2] = tl_copy(keys, strlen(keys));
    c->argvlen[0] = 7;
    c->argvlen[1] = 40;
    c->argvlen[2] = strlen(keys);
    for (int i = 0; i < argc; i++) {
        c->argvlen[i + 3] = argvlen ? argvlen[i] : strlen(argv[i]);
        c->argv[i + 3] = tl_copy(argv[i], c->argvlen[i + 3]);
    }
    for (int i = 0; i < c->argc; i++)
        if (!c->argv[i])
            goto out_of_memory;
    return command_sent(
        c, redisAsyncCommandArgv(r->ac, on_reply, c, c->argc, (const char **)c->argv, c->argvlen));
out_of_memory:
    command_free(c);
    return -ENOMEM;
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
    tl_list_init(&r->in_flight);
    err = parse_url(r, opts->url);
    if (!err)
        err = tl_timer_new(&r->retry, loop, connect_now, r);
    if (!err)
        err = tl_timer_new(&r->deadline, loop, on_deadline, r);
    if (err) {
        tl_redis_close(r);
        return err;
    }
    *ret = r;
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
    if (ac)
        redisAsyncFree(ac); /* answers everything with NULL: -ECANCELED */
    tl_timer_free(r->retry);
    tl_timer_free(r->deadline);
    tl_free(r->user);
    tl_free(r->password);
    return tl_free(r);
}
