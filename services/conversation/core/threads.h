/**
 * @file threads.h  Which thread a new contact belongs to.  Pure.
 *
 * A thread is one customer issue.  A contact continues the newest thread of its customer, or of its
 * visitor, that was alive within the look-back; else it opens one.  A visitor who turns out to be a
 * customer links the visitor's anonymous threads to the customer; threads of another customer are
 * never touched, even when both used the same browser.
 */
#ifndef CONVERSATION_THREADS_H
#define CONVERSATION_THREADS_H

#include "core/rules.h"
#include <tl_id.h>

struct thread {
    struct tl_id id;
    struct tl_id visitor;  /**< who opened it */
    struct tl_id customer; /**< empty: nobody vouched yet */
    tl_time last_at;       /**< newest contact or message */
};

#define THREADS_MAX 10

struct thread_choice {
    int join; /**< index of the thread to continue, or -1: open a new one */
    int n_link;
    int link[THREADS_MAX]; /**< indexes of the anonymous threads that now belong to the customer
                            */
};

/** threads: at most THREADS_MAX, of this visitor or this customer, in any order. */
void threads_choose(const struct thread *threads, int n, const struct tl_id *visitor,
                    const struct tl_id *customer, const struct rules *rules, tl_time now,
                    struct thread_choice *ret);

#endif
