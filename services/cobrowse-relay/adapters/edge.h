/**
 * @file edge.h  The WebSocket endpoint /v1/cobrowse.
 */
#ifndef COBROWSE_EDGE_H
#define COBROWSE_EDGE_H

#include "handlers.h"
#include <tl_http.h>

struct edge;

struct edge_opts {
    struct tl_http *http;
    struct relay *relay;
    struct store *store;
    const char *origins; /**< allowed Origins, separated by spaces or commas */
};

/** Everything in opts is borrowed.  0 or -ENOMEM. */
int edge_new(struct edge **ret, const struct edge_opts *opts);
struct edge *edge_free(struct edge *e);

/** Sends and closes on the sockets of the endpoint. */
extern const struct relay_sockets edge_sockets;

#endif
