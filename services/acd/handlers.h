/**
 * @file handlers.h  Bytes -> fact -> core -> commit -> what may be said.
 *
 * One process is the owner of the partition; others stand by.  The owner steps its core at once,
 * gathers what the decisions write and say into a batch, commits one batch at a time, and speaks
 * (replies, pushes, events) only after the commit.  An owner that finds a higher epoch drops
 * everything unsaid and stands by.
 */
#ifndef ACD_HANDLERS_H
#define ACD_HANDLERS_H

#include "adapters/policy_yaml.h"
#include "adapters/store.h"
#include <tl_bus.h>

struct handlers;

struct handlers_opts {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct store *store;        /**< taken over */
    struct policy_file *policy; /**< taken over */
    const char *policy_path;    /**< read again by handlers_reload() */
    const char *instance;       /**< name of this process, unique */
    tl_dur lease;               /**< of the ownership; 0: 1 s */
    tl_dur gather;              /**< how long an owner that found nothing stored waits for those who
                                   waited, before it offers anybody; 0: not at all */
};

int handlers_new(struct handlers **ret, const struct handlers_opts *opts);
struct handlers *handlers_free(struct handlers *h);
/** Begins to ask for ownership. */
void handlers_start(struct handlers *h);
/** Hands over: what is under way is committed, ownership is given back, then done(arg). */
void handlers_drain(struct handlers *h, tl_fn *done, void *arg);
/** Owner and loaded, or standing by while somebody else is. */
bool handlers_ready(void *h);
bool handlers_own(const struct handlers *h);
/** Reads the policy file again; a mistake is logged and keeps the old one. */
void handlers_reload(struct handlers *h);
/** The rules, agents and queues as text for the admin page. */
void handlers_dump(const struct handlers *h, struct tl_buf *out);
/** Refreshes the gauges. */
void handlers_measure(struct handlers *h);

#endif
