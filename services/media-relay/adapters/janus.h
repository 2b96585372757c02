/**
 * @file janus.h  The Janus beside us, through its WebSocket API: one session, requests matched by
 * transaction, events as they come.  Reconnects for ever and claims its session again.
 *
 * Traps: an "ack" may come after the event it announces; a plugin's refusal arrives as success.
 * Both are handled here: a request ends with its success, event or error, never with its ack.
 */
#ifndef MEDIA_ADAPTERS_JANUS_H
#define MEDIA_ADAPTERS_JANUS_H

#include <jansson.h>
#include <tl_loop.h>

struct janus;

struct janus_ops {
    /** The connection is gone; requests under way end with -ECONNRESET. */
    void (*lost)(void *arg);
    /** Connected.  same: the session of before was claimed, its handles live. */
    void (*back)(void *arg, uint64_t session, bool same);
    /** Something happened on a handle; kind is Janus's word: "webrtcup", "hangup", "event" ... */
    void (*event)(void *arg, uint64_t handle, const char *kind, const json_t *message);
};

struct janus_opts {
    const char *url;    /* ws://127.0.0.1:18088 */
    const char *secret; /* api_secret */
    uint64_t claim;     /* session of a predecessor, 0: none */
};

/** Connects in the background.  0 or -ENOMEM. */
int janus_open(struct janus **ret, struct tl_loop *loop, const struct janus_opts *opts,
               const struct janus_ops *ops, void *arg);
struct janus *janus_close(struct janus *j);
bool janus_ready(const struct janus *j);

/**
 * Outcome of a request, exactly once, never inside the call that made it.
 *
 * @param err      0; -ETIMEDOUT after 5 s; -ECONNRESET; -EPROTO: Janus or the plugin refused
 * @param message  Borrowed; NULL unless err is 0 or -EPROTO
 */
typedef void janus_reply_fn(void *arg, int err, const json_t *message);

/** handle 0: a request on the session.  fields is taken over; it gets its envelope here. */
void janus_request(struct janus *j, const char *kind, uint64_t handle, json_t *fields,
                   janus_reply_fn *fn, void *arg);

/** A plugin's answer inside a message: plugindata.data; its error code, 0: none. */
const json_t *janus_plugin_data(const json_t *message);
int janus_plugin_error(const json_t *message);
/** Session description beside it: jsep.sdp, or NULL. */
const char *janus_sdp(const json_t *message);

#endif
