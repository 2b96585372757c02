/*
 * Commands and scripts.  A script goes out by its name; the text of the call is kept until the
 * answer, so that a server that does not know the name is told the script itself.
 */
#include "redis.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <tl_mem.h>

static void command_free(struct command *c)
{
    struct tl_redis *r = c->r;

    if (c->text.cap > r->spare.cap && !r->closing) {
        tl_buf_done(&r->spare);
        r->spare = c->text;
    } else {
        tl_buf_done(&c->text);
    }
    tl_free(c);
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
    c->text = TL_BUF(COMMAND_MAX);
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

/* ---- scripts ------------------------------------------------------------------------------- */

/* RESP: "$<bytes>\r\n<text>\r\n". */
static void put_bulk(struct tl_buf *b, const char *s, size_t n)
{
    char head[24], *p = head + sizeof(head);
    size_t left = n;

    *--p = '\n';
    *--p = '\r';
    do
        *--p = (char)('0' + left % 10);
    while (left /= 10);
    *--p = '$';
    (void)tl_buf_add(b, p, (size_t)(head + sizeof(head) - p));
    (void)tl_buf_add(b, s, n);
    (void)tl_buf_add(b, "\r\n", 2);
}

static void put_head(struct tl_buf *b, int argc, const char *verb, const char *script)
{
    (void)tl_buf_printf(b, "*%d\r\n", argc);
    put_bulk(b, verb, strlen(verb));
    put_bulk(b, script, strlen(script));
}

static void on_reply(redisAsyncContext *ac, void *reply, void *arg);

/* The same call with the script itself, newest of all now.  False: it could not be sent. */
static bool send_text(struct command *c)
{
    struct tl_redis *r = c->r;
    struct tl_buf all = TL_BUF(COMMAND_MAX);
    bool sent;

    put_head(&all, c->argc, "EVAL", c->script->text);
    (void)tl_buf_add(&all, c->text.p + c->body, c->text.n - c->body);
    c->script = NULL;
    sent = !all.err && redisAsyncFormattedCommand(r->ac, on_reply, c, all.p, all.n) == REDIS_OK;
    tl_buf_done(&all);
    if (sent) {
        tl_list_remove(&r->in_flight, &c->link);
        tl_list_append(&r->in_flight, &c->link);
    }
    return sent;
}

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
    if (err == -EIO && c->script && strncmp(answer->str, "NOSCRIPT", 8) == 0 && send_text(c))
        return;
    tl_list_remove(&r->in_flight, &c->link);
    if (c->fn)
        c->fn(c->arg, err, answer);
    command_free(c);
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
    c->argc = argc + 3;
    c->text = r->spare;
    r->spare = TL_BUF(COMMAND_MAX);
    tl_buf_clear(&c->text);
    put_head(&c->text, c->argc, "EVALSHA", script->sha);
    c->body = c->text.n;
    put_bulk(&c->text, keys, strlen(keys));
    for (int i = 0; i < argc; i++)
        put_bulk(&c->text, argv[i], argvlen ? argvlen[i] : strlen(argv[i]));
    if (c->text.err) {
        err = c->text.err;
        command_free(c);
        return err;
    }
    return command_sent(c, redisAsyncFormattedCommand(r->ac, on_reply, c, c->text.p, c->text.n));
}

/* ---- commands ------------------------------------------------------------------------------ */

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
