/**
 * @file loop.h  What the files of the loop share: the loop's insides and its intrusive list of
 * handles.
 */
#ifndef TL_LOOP_INSIDE_H
#define TL_LOOP_INSIDE_H

#include <pthread.h>
#include <tl_list.h>
#include <tl_loop.h>
#include <uv.h>

/** A function to be called once. */
struct loop_call {
    struct loop_call *next;
    tl_fn *fn;
    void *arg;
};

struct loop_queue {
    struct loop_call *first, **end;
};

struct tl_loop {
    uv_loop_t uv;
    uv_async_t wake;        /**< something was posted */
    uv_idle_t idle;         /**< active while something is deferred, so that poll does not wait */
    uv_prepare_t prepare;   /**< forgets the time before the loop sleeps */
    tl_time now;            /**< of this turn; 0: not asked yet */
    struct tl_list handles; /**< timers, ios and signals, which tl_loop_free() closes */
    struct loop_queue deferred;
    pthread_mutex_t lock; /**< guards posted */
    struct loop_queue posted;
};

/** First member of each of our handles. */
struct loop_handle {
    struct tl_link link;
    struct tl_loop *loop;
    union {
        uv_handle_t any;
        uv_timer_t timer;
        uv_poll_t poll;
        uv_signal_t signal;
    } uv;
};

void loop_handle_add(struct tl_loop *loop, struct loop_handle *h);
/** Takes it off the loop; the memory goes when libuv lets go of it. */
void loop_handle_close(struct loop_handle *h);

#endif
