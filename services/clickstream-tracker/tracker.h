/**
 * @file tracker.h  What the files behind handlers.h share.
 *
 * handlers.c  the two subscriptions, and life
 * collect.c   one collect request, from its bytes to its save
 * identity.c  whose request it is, by its token and its claim
 */
#ifndef CLICKSTREAM_TRACKER_H
#define CLICKSTREAM_TRACKER_H

#include <tl_map.h>
#include <tl_metrics.h>

#include "handlers.h"

struct clickstream_handlers {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct tl_events *events;
    struct clickstream_store *store;
    struct clickstream_settings set;
    struct clickstream_rules *rules;
    struct clickstream_supply supply;
    struct tl_limiter *by_visitor, *by_peer;
    struct tl_map at_work; /**< the one request of each visitor that is loading or saving */
    struct tl_sub *supply_sub, *visit_sub;
    struct tl_metric *seconds, *conflicts, *lost_saves;
    size_t busy; /**< requests under way, each with these handlers in hand */
    bool over;   /**< freed, but for those */
};

/** A request is under way, and no longer; with the last one handlers that are over are gone. */
void tracker_begins(struct clickstream_handlers *h);
void tracker_ends(struct clickstream_handlers *h);

/** Who sends, and the token that the answer brings. */
struct identity {
    struct tl_claims who;
    char token[TL_TOKEN_MAX + 1]; /**< empty: the page has a good one */
};

/**
 * Without a token a visitor is made; a claim of the site's makes a visitor a known customer.
 *
 * @param ret_pointer where the fault is, unless 0 is returned
 * @return 0, or the HTTP status: 401 not ours or expired, 422 a customer id that is none, 500 out
 * of memory
 */
int identity_find(struct identity *ret, const struct clickstream_settings *set, struct tl_str token,
                  struct tl_str claim, tl_time now, const char **ret_pointer);

#endif
