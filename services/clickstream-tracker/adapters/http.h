/**
 * @file http.h  POST /v1/collect over HTTP, and its CORS rules: a page of another origin may send
 * only if that origin is on the list, by exact match.
 */
#ifndef CLICKSTREAM_HTTP_H
#define CLICKSTREAM_HTTP_H

#include <tl_http.h>

#include "handlers.h"

struct clickstream_http;

/** origins: "https://shop.example https://trips.example", by space or comma; also own_origin.
 * 0, -ENOMEM. */
int clickstream_http_new(struct clickstream_http **ret, struct tl_http *http,
                         struct clickstream_handlers *handlers, const char *own_origin,
                         const char *origins);
struct clickstream_http *clickstream_http_free(struct clickstream_http *c);

#endif
