/**
 * @file handlers.h  HTTP of the portal: the built pages, and the demo shop's identity claim.
 */
#ifndef PORTAL_HANDLERS_H
#define PORTAL_HANDLERS_H

#include <tl_http.h>
#include <tl_token.h>

#include "adapters/files.h"

struct portal_handlers;

struct portal_settings {
    const char *origin;                  /**< our own, for the pages' policy; borrowed */
    const char *sites;                   /**< whose pictures the desk may load; borrowed */
    const struct tl_token_key *site_key; /**< copied; NULL: no demo claims */
    tl_dur claim_life;                   /**< how long a claim may be used */
    tl_time (*now)(void);                /**< wall clock */
};

/** Takes the files over on success.  0 or -ENOMEM or what tl_http_route() says. */
int portal_handlers_new(struct portal_handlers **ret, struct tl_http *http,
                        struct portal_files *files, const struct portal_settings *settings);
/** After the HTTP server: its routes point here. */
struct portal_handlers *portal_handlers_free(struct portal_handlers *h);

/** Serve these from now on; the old ones are freed. */
void portal_handlers_files(struct portal_handlers *h, struct portal_files *files);

#endif
