/**
 * @file handlers.h  Requests and messages -> facts -> core -> answer, events, store.
 * Knows no socket: adapters/http.c brings the requests.
 */
#ifndef CLICKSTREAM_HANDLERS_H
#define CLICKSTREAM_HANDLERS_H

#include <tl_bus.h>
#include <tl_events.h>
#include <tl_token.h>

#include "adapters/store.h"
#include "core/rules.h"
#include <tl_limiter.h>

struct clickstream_settings {
    struct tl_token_key token_key; /**< signs visitor tokens */
    struct tl_token_key site_key;  /**< the site signs claims with it */
    bool has_site_key;
    tl_dur visit_idle;
    tl_dur token_life;
    double visitor_rate, visitor_burst; /**< requests a second of one visitor; 0: no limit */
    double peer_rate, peer_burst;       /**< of one address */
};

struct clickstream_handlers;

/** Subscribes to the supply and to GetVisit.  Borrows everything.  0 or negative errno. */
int clickstream_handlers_new(struct clickstream_handlers **ret, struct tl_loop *loop,
                             struct tl_bus *bus, struct tl_events *events,
                             struct clickstream_store *store,
                             const struct clickstream_settings *settings);
/** What is under way is answered with 503 when its store answers; the loop must turn until then. */
struct clickstream_handlers *clickstream_handlers_free(struct clickstream_handlers *h);
/** Takes over compiled rules; NULL: none. */
void clickstream_handlers_rules(struct clickstream_handlers *h, struct clickstream_rules *rules);
/** Requests whose answer or save is under way. */
size_t clickstream_handlers_busy(const struct clickstream_handlers *h);

struct clickstream_http_answer {
    int status;          /**< 200 with json, else the problem below */
    struct tl_str json;  /**< borrowed */
    const char *title;   /**< fixed text */
    const char *detail;  /**< borrowed, or NULL */
    const char *pointer; /**< borrowed, or NULL */
};
typedef void clickstream_answer_fn(void *arg, const struct clickstream_http_answer *a);

/** POST /v1/collect.  fn is called exactly once, perhaps inside this call.  Text is borrowed until
 * this returns. */
void clickstream_collect(struct clickstream_handlers *h, struct tl_str body,
                         struct tl_str user_agent, struct tl_str peer, clickstream_answer_fn *fn,
                         void *arg);

#endif
