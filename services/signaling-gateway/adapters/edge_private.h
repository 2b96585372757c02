/**
 * @file edge_private.h  Between http.c (the routes), sign_in.c (one of them) and ws.c (the
 * endpoint).
 */
#ifndef SIGNALING_EDGE_PRIVATE_H
#define SIGNALING_EDGE_PRIVATE_H

#include "adapters/edge.h"
#include "core/throttle.h"
#include <tl_limiter.h>

struct edge {
    struct edge_opts o;
    struct throttle *throttle;
    struct tl_limiter *peers;
    struct tl_buf schemas;
    struct tl_list sign_ins; /* password checks under way */
    struct tl_list openings; /* tickets being redeemed */
};

/** The Origin is on the list (or absent, where browsers leave it out and must is false); else it
 * has answered 403. */
bool edge_origin_ok(struct edge *e, struct tl_http_req *req, bool must);
/** The peer may open another session or socket now; else it has answered 429. */
bool edge_peer_ok(struct edge *e, struct tl_http_req *req);
/** Counts, logs at most once a second, answers. */
void edge_reject(struct tl_http_req *req, const char *class_name, int status, const char *title,
                 const char *detail);

/** A body that is not JSON or does not fit; why is "/pointer: reason", and is taken apart. */
void edge_reject_body(struct tl_http_req *req, int err, struct tl_buf *why);
/** 200 with json, which must not be kept; 503 if there is none or it failed. */
void edge_reply_json(struct tl_http_req *req, struct tl_buf *json);

void edge_on_sign_in(void *arg, struct tl_http_req *req);
/** Their passwords are still being checked. */
void edge_forget_sign_ins(struct edge *e);
void edge_on_ws(void *arg, struct tl_http_req *req);
void edge_on_echo(void *arg, struct tl_http_req *req);
void edge_forget_openings(struct edge *e);

#endif
