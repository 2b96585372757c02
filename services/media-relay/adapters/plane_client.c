/**
 * @file plane_client.c  At most WINDOW questions are on the way: the plane throws out a client
 * whose answers pile up, because media must not wait for it.
 */
#include "adapters/plane_client.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <tl_buf.h>
#include <tl_list.h>
#include <tl_mem.h>
#include <unistd.h>

enum { WINDOW = 64, MESSAGE = 64 * 1024 };
#define RETRY TL_MSEC(50)

struct question {
    struct tl_link in_questions;
    uint32_t tag;
    bool sent;
    plane_reply_fn *fn;
    void *arg;
    char *text;
    size_t n;
};

struct plane_client {
    struct tl_loop *loop;
    struct plane_ops ops;
    void *arg;
    struct sockaddr_un at;
    int fd;
    struct tl_io *io;
    struct tl_timer *retry;
    bool ready;
    uint32_t tags;
    struct tl_list questions; /* in order; the first `flying` of them are sent */
    size_t flying;
};

static void finish(struct plane_client *c, int err, struct tl_str answer)
{
    struct question *q = TL_CONTAINER(tl_list_first(&c->questions), struct question, in_questions);

    tl_list_remove(&c->questions, &q->in_questions);
    if (q->sent)
        c->flying--;
    if (q->fn)
        q->fn(q->arg, err, answer);
    tl_free(q->text);
    tl_free(q);
}

static void hang_up(struct plane_client *c)
{
    bool was_ready = c->ready;

    c->ready = false;
    c->io = tl_io_free(c->io);
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    while (c->questions.n)
        finish(c, -ECONNRESET, (struct tl_str){0});
    tl_timer_start(c->retry, RETRY);
    if (was_ready)
        c->ops.lost(c->arg);
}

static void flush(struct plane_client *c)
{
    tl_list_for_each (&c->questions, k) {
        struct question *q = TL_CONTAINER(k, struct question, in_questions);

        if (q->sent)
            continue;
        if (c->flying == WINDOW)
            return; /* an answer brings us back here */
        if (send(c->fd, q->text, q->n, MSG_NOSIGNAL) < 0) {
            if (errno == EAGAIN)
                (void)tl_io_watch(c->io, TL_READABLE | TL_WRITABLE);
            return; /* anything worse is seen when reading */
        }
        q->sent = true;
        c->flying++;
    }
}

void plane_ask(struct plane_client *c, plane_reply_fn *fn, void *arg, const char *fmt, ...)
{
    struct question *q = tl_alloc(1, sizeof *q);
    struct tl_buf b = TL_BUF(MESSAGE);
    va_list ap;

    if (!q)
        abort(); /* a lost command would leave somebody hearing the wrong thing: start again */
    *q = (struct question){.tag = ++c->tags, .fn = fn, .arg = arg};
    tl_buf_printf(&b, "%u ", q->tag);
    va_start(ap, fmt);
    tl_buf_vprintf(&b, fmt, ap);
    va_end(ap);
    if (b.err)
        abort();
    q->text = b.p;
    q->n = b.n;
    tl_list_append(&c->questions, &q->in_questions);
    if (c->fd >= 0)
        flush(c);
}

static void on_hello(void *arg, int err, struct tl_str answer)
{
    struct plane_client *c = arg;
    struct tl_str boot = {0};

    if (err == -ECONNRESET)
        return;
    if (err) {
        hang_up(c);
        return;
    }
    tl_str_split(&answer, ' ', &boot);
    c->ready = true;
    c->ops.found(c->arg, boot, answer);
}

/* "17 ok words..." or "17 err 2 why..." or "17 leg ..." */
static void take_answer(struct plane_client *c, struct tl_str answer)
{
    struct tl_str tag = {0}, verdict = {0}, number = {0}, all;
    struct question *q;
    int64_t value, code;
    int err = 0;

    if (c->questions.n == 0)
        return;
    q = TL_CONTAINER(tl_list_first(&c->questions), struct question, in_questions);
    tl_str_split(&answer, ' ', &tag);
    if (tl_str_int(tag, 0, UINT32_MAX, &value) || value != q->tag) {
        hang_up(c); /* we lost count: begin again */
        return;
    }
    all = answer;
    /* "ok\n..." has its lines after the word */
    if (tl_str_starts(answer, TL_STR("ok"))) {
        all = (struct tl_str){answer.s + 2, answer.n - 2};
        if (all.n && all.s[0] == ' ')
            all = (struct tl_str){all.s + 1, all.n - 1};
    } else if (tl_str_starts(answer, TL_STR("err "))) {
        tl_str_split(&answer, ' ', &verdict);
        tl_str_split(&answer, ' ', &number);
        err = tl_str_int(number, 1, 4095, &code) ? -EPROTO : -(int)code;
        all = answer;
    }
    finish(c, err, all);
}

static void on_io(void *arg, int events, int io_err)
{
    struct plane_client *c = arg;
    static char message[MESSAGE];

    (void)io_err;
    if (events & TL_WRITABLE)
        (void)tl_io_watch(c->io, TL_READABLE);
    for (int i = 0; i < WINDOW && c->fd >= 0; i++) {
        ssize_t n = recv(c->fd, message, sizeof message, MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n <= 0) {
            hang_up(c);
            return;
        }
        take_answer(c, (struct tl_str){message, (size_t)n});
    }
    if (c->fd >= 0)
        flush(c);
}

static void connect_now(void *arg)
{
    struct plane_client *c = arg;

    c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&c->at, sizeof c->at) < 0 ||
        tl_io_new(&c->io, c->loop, c->fd, on_io, c) || tl_io_watch(c->io, TL_READABLE)) {
        hang_up(c);
        return;
    }
    plane_ask(c, on_hello, c, "hello 1");
}

int plane_client_open(struct plane_client **ret, struct tl_loop *loop, const char *socket_path,
                      const struct plane_ops *ops, void *arg)
{
    struct plane_client *c = tl_alloc(1, sizeof *c);
    int err;

    if (!c)
        return -ENOMEM;
    *c = (struct plane_client){.loop = loop, .ops = *ops, .arg = arg, .fd = -1};
    c->at.sun_family = AF_UNIX;
    tl_list_init(&c->questions);
    err =
        tl_str_put(c->at.sun_path, sizeof c->at.sun_path, tl_str(socket_path)) ? 0 : -ENAMETOOLONG;
    if (!err)
        err = tl_timer_new(&c->retry, loop, connect_now, c);
    if (err) {
        plane_client_close(c);
        return err;
    }
    tl_timer_start(c->retry, 0);
    *ret = c;
    return 0;
}

struct plane_client *plane_client_close(struct plane_client *c)
{
    if (!c)
        return NULL;
    tl_list_for_each (&c->questions, k) {
        struct question *q = TL_CONTAINER(k, struct question, in_questions);

        tl_free(q->text);
        tl_free(q);
    }
    tl_io_free(c->io);
    if (c->fd >= 0)
        close(c->fd);
    tl_timer_free(c->retry);
    return tl_free(c);
}

bool plane_client_ready(const struct plane_client *c)
{
    return c && c->ready;
}
