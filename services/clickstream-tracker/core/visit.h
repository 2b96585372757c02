/**
 * @file visit.h  One visitor's stay on the site: facts in, the state of the visit out.
 * Pure: ids, time and settings are arguments.  A visit is an object on the heap with one owner.
 */
#ifndef CLICKSTREAM_VISIT_H
#define CLICKSTREAM_VISIT_H

#include <tl_id.h>

#define CLICKSTREAM_PATH_MAX      50   /**< pages kept; older ones only count in pages_seen */
#define CLICKSTREAM_BASKET_MAX    50   /**< lines of a basket */
#define CLICKSTREAM_URL_MAX       2048 /**< [bytes] */
#define CLICKSTREAM_TITLE_MAX     200  /**< [bytes]; longer titles are cut */
#define CLICKSTREAM_GIVEN_MAX     16   /**< invitations remembered per visit */
#define CLICKSTREAM_DISMISSED_MAX 32   /**< per visitor; the oldest is forgotten */
/** A page may not claim to have been looked at for longer. */
#define CLICKSTREAM_DWELL_MAX TL_HOUR(12)
/** An invitation that was handed out but never reported as shown may be handed out again. */
#define CLICKSTREAM_GIVE_AGAIN TL_SEC(10)

struct clickstream_page {
    char *url; /**< path and query, without origin and fragment */
    char *title;
    struct tl_id section; /**< may be empty */
    tl_time entered_at;
    tl_dur dwell; /**< as the browser measured it: time the page was visible */
};

struct clickstream_item {
    char sku[64];
    char name[120];
    int32_t quantity;
    int64_t unit_price_minor;
};

struct clickstream_basket {
    struct clickstream_item *items; /**< n of them */
    size_t n;
    int64_t total_minor;
    char currency[4];
};

struct clickstream_given {
    struct tl_id invitation;
    tl_time given_at;
    bool shown;
};

struct clickstream_visit {
    struct tl_id id;
    struct tl_id visitor;
    struct tl_id customer; /**< empty: anonymous */
    char customer_name[80];
    char tier[24];
    char *referrer;
    char browser[48]; /**< "Chrome on Android" */
    tl_time started_at;
    tl_time seen_at; /**< last fact; idle from here on */
    int32_t pages_seen;
    struct clickstream_page path[CLICKSTREAM_PATH_MAX]; /**< oldest first */
    size_t n_path;
    struct clickstream_basket basket;
    struct clickstream_given given[CLICKSTREAM_GIVEN_MAX];
    size_t n_given;
};

/** What is remembered of a visitor between visits. */
struct clickstream_visitor {
    struct tl_id dismissed[CLICKSTREAM_DISMISSED_MAX]; /**< newest last */
    size_t n_dismissed;
    tl_time invited_at; /**< 0: never */
};

/** Who it is, as the token or the site says. */
struct clickstream_who {
    struct tl_id visitor;
    struct tl_id customer;
    const char *name, *tier;
};

enum clickstream_fact_kind {
    CLICKSTREAM_PAGE_VIEWED,
    CLICKSTREAM_PAGE_LEFT,
    CLICKSTREAM_BASKET_CHANGED,
    CLICKSTREAM_HEARTBEAT,
    CLICKSTREAM_INVITATION_SHOWN,
    CLICKSTREAM_INVITATION_DISMISSED,
    CLICKSTREAM_INVITATION_ACCEPTED,
};

/** What a page reported; borrowed text. */
struct clickstream_fact {
    enum clickstream_fact_kind kind;
    struct tl_str url, title;
    struct tl_id section;
    tl_time at; /**< by the browser's clock; 0: not said */
    tl_dur dwell;
    const struct clickstream_basket *basket;
    struct tl_id invitation;
};

/** 0 or -ENOMEM.  A visit begins at now. */
int clickstream_visit_new(struct clickstream_visit **ret, const struct tl_id *id,
                          const struct clickstream_who *who, tl_time now);
struct clickstream_visit *clickstream_visit_free(struct clickstream_visit *v);

/** Nothing was heard for longer than idle. */
bool clickstream_visit_over(const struct clickstream_visit *v, tl_time now, tl_dur idle);

/** The site has told who it is: later facts belong to a known customer. */
void clickstream_visit_identify(struct clickstream_visit *v, const struct clickstream_who *who);

/** Where it came from and with what; set once, when the visit begins.  0 or -ENOMEM. */
int clickstream_visit_origin(struct clickstream_visit *v, struct tl_str referrer,
                             const char *browser);

/**
 * Tell what happened.  A page viewed again at once (a repeated request) is not a second page; a
 * dwell never goes back; facts about pages that are not in the path change nothing.
 *
 * @return 0, or -ENOMEM: nothing changed
 */
int clickstream_visit_step(struct clickstream_visit *v, struct clickstream_visitor *visitor,
                           const struct clickstream_fact *fact, tl_time now);

/** An invitation is handed out now. */
void clickstream_visit_give(struct clickstream_visit *v, struct clickstream_visitor *visitor,
                            const struct tl_id *invitation, tl_time now);
/** It was handed out in this visit and shown, or not long ago. */
bool clickstream_visit_has_given(const struct clickstream_visit *v, const struct tl_id *invitation,
                                 tl_time now);
bool clickstream_visitor_dismissed(const struct clickstream_visitor *visitor,
                                   const struct tl_id *invitation);

/** The page that is looked at; NULL before the first. */
const struct clickstream_page *clickstream_visit_page(const struct clickstream_visit *v);

/** Path and query of an address: "https://shop.example/a?b#c" gives "/a?b".  Borrows. */
struct tl_str clickstream_url_path(struct tl_str url);

#endif
