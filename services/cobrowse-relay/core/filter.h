/**
 * @file filter.h  What may pass between a shared page and its viewer.
 *
 * Customer frames carry rrweb events.  The browser masks and cleans them before they are sent; this
 * is the check behind it, for browsers that do not: scripts, event handlers, script URLs and frames
 * with contents of their own never reach an agent.  Agent frames are small and fully checked.
 *
 * Source: rrweb 2 event types (packages/types); docs/limits.md.
 */
#ifndef COBROWSE_FILTER_H
#define COBROWSE_FILTER_H

#include <tl_str.h>

#define FILTER_NODES_MAX 50000

enum filter_verdict {
    FILTER_PASS,
    FILTER_JUNK,    /**< not JSON, or not a frame of this protocol */
    FILTER_TYPE,    /**< an rrweb event that we do not pass on */
    FILTER_SCRIPT,  /**< a script element */
    FILTER_HANDLER, /**< an on* attribute */
    FILTER_URL,     /**< javascript:, vbscript: or data:text/html */
    FILTER_FRAME,   /**< an iframe with src or srcdoc */
    FILTER_NODES,   /**< a picture with more than FILTER_NODES_MAX nodes, or a wild node id */
    FILTER_STRAY, /**< about a node that the page does not have, or grown too big: a new picture is
                       needed */
};

/** "pass", "junk", ...: the class in metrics and logs. */
const char *filter_verdict_name(enum filter_verdict v);

/** Which nodes the page has; one for each room. */
struct filter_page;
/** 0 or -ENOMEM. */
int filter_page_new(struct filter_page **ret);
struct filter_page *filter_page_free(struct filter_page *p);
size_t filter_page_nodes(const struct filter_page *p);

struct filter_frame {
    bool full; /**< t is "full", else "ev" */
    int64_t seq;
};

/** t and seq of a customer's frame, without looking into the event.  FILTER_PASS or FILTER_JUNK. */
enum filter_verdict filter_peek(struct tl_str frame, struct filter_frame *ret);
/** Look into a customer's frame; the page changes only on FILTER_PASS. */
enum filter_verdict filter_customer(struct filter_page *page, struct tl_str frame,
                                    struct filter_frame *ret);
/** An agent's frame: pointer, draw, clear, highlight.  FILTER_PASS or FILTER_JUNK. */
enum filter_verdict filter_agent(struct tl_str frame);

#endif
