/*
 * The loop, and three ways to have something called on it: post (any thread), defer (soon), work
 * (after something slow elsewhere).
 *
 * Deferred calls run in libuv's idle phase.  An active idle handle keeps poll from sleeping, so
 * what is deferred in a timer or in an io callback runs in this turn or at the start of the next;
 * a check handle would not do, since it runs only after poll has returned.
 */
#include "loop.h"

#include <assert.h>
#include <tl_clock.h>
#include <tl_mem.h>

static void queue_init(struct loop_queue *q)
{
    q->first = NULL;
    q->end = &q->first;
}

static int queue_add(struct loop_queue *q, struct loop_call *c, tl_fn *fn, void *arg)
{
    c->fn = fn;
    c->arg = arg;
    c->next = NULL;
    *q->end = c;
    q->end = &c->next;
    return 0;
}

static struct loop_call *queue_take(struct loop_queue *q)
{
    struct loop_call *all = q->first;

    queue_init(q);
    return all;
}

static void calls_run(struct loop_call *c)
{
    while (c) {
        struct loop_call *next = c->next;

        c->fn(c->arg);
        tl_free(c);
        c = next;
    }
}

static void calls_drop(struct loop_call *c)
{
    while (c) {
        struct loop_call *next = c->next;

        tl_free(c);
        c = next;
    }
}

static void on_wake(uv_async_t *a)
{
    struct tl_loop *loop = a->data;
    struct loop_call *all;

    pthread_mutex_lock(&loop->lock);
    all = queue_take(&loop->posted);
    pthread_mutex_unlock(&loop->lock);
    calls_run(all);
}

static void on_idle(uv_idle_t *i)
{
    struct tl_loop *loop = i->data;

    calls_run(queue_take(&loop->deferred));
    if (!loop->deferred.first)
        uv_idle_stop(i);
}

static void on_prepare(uv_prepare_t *p)
{
    struct tl_loop *loop = p->data;

    loop->now = 0;
}

int tl_loop_new(struct tl_loop **ret)
{
    struct tl_loop *loop = tl_alloc(1, sizeof(*loop));
    int err;

    if (!loop)
        return -ENOMEM;
    err = uv_loop_init(&loop->uv);
    if (err) {
        tl_free(loop);
        return err;
    }
    tl_list_init(&loop->handles);
    queue_init(&loop->deferred);
    queue_init(&loop->posted);
    (void)pthread_mutex_init(&loop->lock, NULL); /* default attributes: cannot fail on Linux */

    loop->wake.data = loop->idle.data = loop->prepare.data = loop;
    err = uv_async_init(&loop->uv, &loop->wake, on_wake);
    if (err)
        goto out;
    uv_idle_init(&loop->uv, &loop->idle);
    uv_prepare_init(&loop->uv, &loop->prepare);
    uv_prepare_start(&loop->prepare, on_prepare);
    uv_unref((uv_handle_t *)&loop->wake);
    uv_unref((uv_handle_t *)&loop->prepare);
    *ret = loop;
    return 0;
out:
    (void)uv_loop_close(&loop->uv); /* nothing is on it */
    pthread_mutex_destroy(&loop->lock);
    tl_free(loop);
    return err;
}

static void close_stranger(uv_handle_t *h, void *arg)
{
    TL_UNUSED(arg);
    if (!uv_is_closing(h))
        uv_close(h, NULL);
}

struct tl_loop *tl_loop_free(struct tl_loop *loop)
{
    if (!loop)
        return NULL;
    tl_list_for_each (&loop->handles, k)
        loop_handle_close(TL_CONTAINER(k, struct loop_handle, link));
    uv_walk(&loop->uv, close_stranger, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT); /* work on the thread pool ends here too */
    (void)uv_loop_close(&loop->uv);    /* everything is closed */
    calls_drop(queue_take(&loop->deferred));
    calls_drop(queue_take(&loop->posted));
    pthread_mutex_destroy(&loop->lock);
    return tl_free(loop);
}

int tl_loop_run(struct tl_loop *loop)
{
    uv_ref((uv_handle_t *)&loop->wake);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT); /* tells whether something is active: not asked */
    uv_unref((uv_handle_t *)&loop->wake);
    return 0;
}

bool tl_loop_turn(struct tl_loop *loop)
{
    bool active = uv_run(&loop->uv, UV_RUN_NOWAIT) != 0;

    loop->now = 0;
    return active;
}

void tl_loop_stop(struct tl_loop *loop)
{
    uv_stop(&loop->uv);
}

struct uv_loop_s *tl_loop_uv(struct tl_loop *loop)
{
    return &loop->uv;
}

tl_time tl_loop_now(struct tl_loop *loop)
{
    if (!loop->now)
        loop->now = tl_clock_mono();
    return loop->now;
}

int tl_loop_post(struct tl_loop *loop, tl_fn *fn, void *arg)
{
    struct loop_call *c = tl_alloc(1, sizeof(*c));

    if (!c)
        return -ENOMEM;
    pthread_mutex_lock(&loop->lock);
    queue_add(&loop->posted, c, fn, arg);
    pthread_mutex_unlock(&loop->lock);
    return uv_async_send(&loop->wake);
}

int tl_loop_defer(struct tl_loop *loop, tl_fn *fn, void *arg)
{
    struct loop_call *c = tl_alloc(1, sizeof(*c));

    if (!c)
        return -ENOMEM;
    queue_add(&loop->deferred, c, fn, arg);
    return uv_idle_start(&loop->idle, on_idle);
}

struct loop_job {
    uv_work_t req;
    tl_fn *work, *done;
    void *arg;
};

static void job_work(uv_work_t *req)
{
    struct loop_job *j = req->data;

    j->work(j->arg);
}

static void job_done(uv_work_t *req, int status)
{
    struct loop_job *j = req->data;

    TL_UNUSED(status); /* we never cancel */
    j->done(j->arg);
    tl_free(j);
}

int tl_loop_work(struct tl_loop *loop, tl_fn *work, tl_fn *done, void *arg)
{
    struct loop_job *j = tl_alloc(1, sizeof(*j));
    int err;

    if (!j)
        return -ENOMEM;
    *j = (struct loop_job){.work = work, .done = done, .arg = arg};
    j->req.data = j;
    err = uv_queue_work(&loop->uv, &j->req, job_work, job_done);
    if (err)
        tl_free(j);
    return err;
}
