/**
 * @file edge.h  The gateway's HTTP routes and its WebSocket endpoint.
 */
#ifndef SIGNALING_EDGE_H
#define SIGNALING_EDGE_H

#include "adapters/agents.h"
#include "handlers.h"
#include <tl_http.h>

struct edge;

struct edge_opts {
    struct tl_loop *loop;
    struct tl_http *http;
    struct gateway *gateway;
    struct store *store;
    const struct tl_token_key *key;
    /** The agents now; they may change with a reload. */
    const struct agents *(*agents)(void *arg);
    void *agents_arg;
    const char *origins;      /**< allowed Origins, separated by spaces or commas */
    const char *schemas_file; /**< descriptor set for /v1/schemas; empty: none */
    tl_dur agent_token_life;
    int peer_rate, peer_burst; /**< sessions and sockets of one address a second; 0: no limit */
    int sockets_max;           /**< at once; 0: no limit */
    bool echo;                 /**< /echo for conformance suites */
};

/** Adds the routes to http.  Everything in opts is borrowed.  0 or -ENOMEM. */
int edge_new(struct edge **ret, const struct edge_opts *opts);
struct edge *edge_free(struct edge *e);

/** Sends and closes on the sockets of the endpoint. */
extern const struct gateway_sockets edge_sockets;

#endif
