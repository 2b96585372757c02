/**
 * @file site.h  Which file answers a path, and with which headers.  No I/O: the folder is an
 * argument as a question ("is there such a file?").
 */
#ifndef PORTAL_SITE_H
#define PORTAL_SITE_H

#include <tl_str.h>

#define PORTAL_NAME_MAX   256 /**< longest name of a file under the root [bytes] */
#define PORTAL_POLICY_MAX 2048

/** True when the folder has this file; name is relative to the root, without a leading slash. */
typedef bool portal_has_fn(void *arg, const char *name);

/**
 * The file that answers a path.
 *
 * "/" and "/desk/" are index.html of the folder; "/shop/trip" is shop/trip.html; a page may take
 * one more part of the path as its argument, so "/shop/product/ridge-2" is shop/product.html.  A
 * path whose last part has a dot is a file's name and nothing else.
 *
 * @param path Decoded; whatever does not begin with a slash, has an empty, "." or ".." part, a part
 *             that begins with a dot, or any byte but letters, digits and "-_./~+@" is refused
 * @param ret  File name; set on success only
 *
 * @return 0; -ENOENT: no file answers it; -EINVAL: no browser asks for such a path
 */
int portal_site_find(struct tl_str path, portal_has_fn *has, void *arg, char ret[PORTAL_NAME_MAX]);

/** Content type by the name's end; "application/octet-stream" if unknown. */
const char *portal_site_type(const char *name);

/** Names with a content hash never change (a year, immutable); all else is asked for each time. */
const char *portal_site_cache(const char *name);

/** True when a page of another site may load it: the widget and the modules that it fetches. */
bool portal_site_shared(const char *name);

/**
 * Content-Security-Policy of a file.  No page runs inline scripts; only the desk allows inline
 * styles, because the replayed page of a customer has them (its frame runs no scripts at all).
 * Pictures of a replayed page come from its site only: from anywhere else they would tell strangers
 * that an agent looks at it.
 * @param origin Our own, "http://127.0.0.1:18000": its WebSockets may be opened; may be empty
 * @param sites  Origins of the sites that the desk shows beside our own, a blank between two
 * @return 0; -EMSGSIZE: does not fit
 */
int portal_site_policy(const char *name, const char *origin, const char *sites, char *ret,
                       size_t size);

/** True for a list of at most 1 KiB of origins, "https://a.example https://b.example". */
bool portal_site_origins(const char *sites);

/** If-None-Match (a list or "*") names this entity tag.  Source: RFC 9110, 13.1.2. */
bool portal_site_matches(struct tl_str if_none_match, const char *etag);

/** Accept-Encoding allows gzip (named or "*", and not with q=0).  Source: RFC 9110, 12.5.3. */
bool portal_site_gzip(struct tl_str accept_encoding);

#endif
