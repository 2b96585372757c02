/**
 * @file tl_ws.h  WebSocket connections (RFC 6455): server side over tl_http, client side over TCP.
 * Messages arrive whole (fragments joined, UTF-8 checked, pings answered); each connection idles
 * below 1 KiB. Wrong input ends only that connection, with a close code of docs/limits.md: 1002,
 * 1003, 1007, 1008, 1009, 1013.
 */
#ifndef TL_WS_H
#define TL_WS_H

#include <tl_http.h>
#include <tl_ws_frame.h>

struct tl_ws;

#define TL_WS_AHEAD 5 /**< steps of ops->ahead */

/** One per kind of endpoint, shared by its connections. */
struct tl_ws_ops {
    size_t message_max;     /**< larger: 1009.  0: 64 KiB */
    size_t queue_max;       /**< unsent bytes before a slow reader gets 1013.  0: 1 MiB */
    tl_dur ping_every;      /**< 0: 20 s */
    tl_dur dead_after;      /**< nothing heard: closed as 1006.  0: 45 s */
    bool allow_binary;      /**< else 1003 */
    unsigned fragments_max; /**< of one message, empty ones not counted; more: 1008.  0: 64 */
    double rate, burst;     /**< messages a second from the peer; over it 1008.  0: no limit */
    void (*on_message)(struct tl_ws *ws, struct tl_str message, bool binary);
    /** Last call for this connection; code as received or as sent, 1006 when the socket just ended.
     * Never inside tl_ws_send(), nor inside tl_ws_close() once it is open. */
    void (*on_close)(struct tl_ws *ws, int code);
    /** NULL, or: what a message from this peer will look at, one thing for each step from 0 up to
     * TL_WS_AHEAD - 1; NULL: no more.  It comes soon: its memory is fetched a message earlier than
     * the next step is asked for.  May only look at what the steps before have given. */
    const void *(*ahead)(struct tl_ws *ws, unsigned step);
};

/**
 * Is this a proper upgrade request?  For endpoints that have more to ask before they accept
 * (Origin, ticket): 0, or -EPROTO when it has been answered (400: HTTP/1.0 or a bad key, 426: no
 * WebSocket or another version).
 */
int tl_ws_check(struct tl_http_req *req);

/**
 * Turn an upgrade request into a connection.  Checks version (426), key (400) and HTTP/1.1; the
 * caller has checked Origin and ticket.  On failure it has answered the request itself and returns
 * the negative errno.
 *
 * @param protocol Sub-protocol to answer with, or NULL
 * @param arg      Kept for tl_ws_arg()
 */
int tl_ws_accept(struct tl_ws **ret, struct tl_http_req *req, const struct tl_ws_ops *ops,
                 const char *protocol, void *arg);

/** Sub-protocols that the client offers, one after the other; start with *at = 0. */
bool tl_ws_offered(const struct tl_http_req *req, size_t *at, struct tl_str *ret);

/** Client: "ws://127.0.0.1:18088/path", address in digits or "localhost".  on_open(ws) or
 * on_close(ws, 1006) follows, never inside this call. */
int tl_ws_connect(struct tl_ws **ret, struct tl_loop *loop, const char *url, const char *protocol,
                  const struct tl_ws_ops *ops, void (*on_open)(struct tl_ws *ws), void *arg);

void *tl_ws_arg(const struct tl_ws *ws);
void tl_ws_set_arg(struct tl_ws *ws, void *arg);
/** Queue a text or binary message.  -EPIPE: closing; -ENOBUFS: the peer is too slow, being closed
 * with 1013. */
int tl_ws_send(struct tl_ws *ws, struct tl_str message, bool binary);
/** Start the close handshake; the socket ends after the peer's answer or 2 s.  on_close follows. */
void tl_ws_close(struct tl_ws *ws, int code, const char *reason);
/** End it now, without on_close.  tl_http_free() does so with what is open. */
void tl_ws_abort(struct tl_ws *ws);
/** Unsent bytes. */
size_t tl_ws_queued(const struct tl_ws *ws);

/** Server connections that are open on h, and closing all of them with a code, spread over a time.
 */
unsigned tl_ws_count(const struct tl_http *h);
void tl_ws_close_all(struct tl_http *h, int code, const char *reason, tl_dur spread);

#endif
