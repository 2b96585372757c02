/**
 * @file ws.h  What the files of the WebSocket share.
 *
 * frame.c   frames (pure)
 * host.c    what connections share, their beginning and their end
 * wheel.c   their deadlines
 * poll.c    which sockets have something for us
 * read.c    bytes -> frames -> messages, and what wrong ones get
 * write.c   messages -> frames -> socket, and the close handshake
 * accept.c  server side: from an HTTP request
 * connect.c client side: over TCP
 *
 * An idle connection is one struct tl_ws and one descriptor: buffers exist only while something is
 * half read or half written.
 */
#ifndef TL_WS_INSIDE_H
#define TL_WS_INSIDE_H

#include <tl_list.h>
#include <tl_ws.h>

enum {
    WS_SLOTS = 256,         /* of the wheel */
    WS_SCRATCH = 64 * 1024, /* one read */
    WS_SPARE = 4096,        /* a larger buffer is not kept */
    WS_FRAGMENTS = 64,      /* not empty, in one message */
    WS_EMPTY_FRAGMENTS = 1000,
    WS_PINGS = 10,  /* in one second */
    WS_MANY = 1000, /* ends, after which memory is given back */
    WS_RETIRE_BATCHES = 20,
    WS_HANDSHAKE_MAX = 8192, /* a server's answer to our request */
};

/** A head and a control frame that were cut by the last read go before the next. */
enum { WS_REST_MAX = 14 + 125 };

#define WS_OUT_MAX   (SIZE_MAX / 2) /* a connection's own limit is its queue_max */
#define WS_TICK      TL_MSEC(250)
#define WS_QUIET     TL_SEC(20) /* after the last of many ends: what they left behind has ended too */
#define WS_CLOSING   TL_SEC(2)    /* for the peer to answer our close */
#define WS_LINGER    TL_MSEC(250) /* for our close to arrive before the end does */
#define WS_STUCK     TL_SEC(10)   /* for a peer to read anything of what waits for it */
#define WS_HANDSHAKE TL_SEC(10)

enum ws_state {
    WS_OPENING, /**< no socket, or the handshake is not over */
    WS_OPEN,
    WS_CLOSING_, /**< our close is sent or queued; the peer's is awaited */
    WS_FAILED,   /**< the same after the peer did wrong: all but its close is thrown away */
    WS_LAST,     /**< both closes are there; ends when ours is written */
    WS_DEAD,     /**< over; memory goes at the end of the batch */
};

enum ws_list { WS_NOWHERE, WS_FRESH, WS_DIRTY, WS_OVER };

struct ws_client;

/* In the order of their use: what a message that passes through needs lies together. */
struct tl_ws {
    struct ws_host *host;
    const struct tl_ws_ops *ops;
    void *arg;
    struct ws_client *client; /**< client side, during the handshake */
    int fd;
    float tokens;
    tl_time paid_at; /**< tokens as of then */
    tl_time heard;   /**< last byte from the peer */
    uint8_t state;   /**< enum ws_state */
    uint8_t op;      /**< of the message that is being received; 0: none */
    bool is_client;
    uint8_t batch_in; /**< enum ws_list */
    bool in_frame;    /**< inside a data frame: frame is valid */
    bool frame_fin;
    bool frame_masked;
    uint8_t watched; /**< EPOLLIN and EPOLLOUT, as asked for; 0: not watched */
    /* -- 64 bytes: all of what receives -- */
    struct tl_link batch; /**< in one of the host's lists: fresh, dirty or dead */
    struct tl_buf out;    /**< frames that the socket did not take */
    uint64_t first_left;  /**< unsent bytes of the first frame in out */
    /* -- and all of what sends -- */
    struct tl_buf rest;            /**< a head or a control frame that is not complete */
    struct tl_buf message;         /**< what is there of it */
    uint64_t frame_at, frame_left; /**< position in its payload, and bytes to come */
    uint32_t utf8;
    uint8_t frame_mask[4];
    uint32_t fragments;
    uint16_t empties;
    uint16_t code;        /**< for on_close */
    struct tl_link wheel; /**< in a slot of the host */
    bool waits_fd;        /**< libmicrohttpd still owes us the socket, or its failure */
    bool lost;            /**< failed where frames cannot be told apart any more */
    bool shut;            /**< our side of the socket is ended */
    uint8_t pings;        /**< in this second */
    tl_time pinged;
    tl_time moved;  /**< out last shrank, or began */
    tl_time end_by; /**< in a state that may not last; 0: no limit */
    tl_time second; /**< of pings */
};

struct ws_host {
    struct tl_loop *loop;
    int epoll; /**< of all sockets */
    struct tl_io *ready;
    bool in_round; /**< of its events: nothing that ended is freed */
    struct tl_timer *tick;
    struct tl_timer *soon;   /**< for fresh connections */
    struct tl_timer *retire; /**< batches of tl_ws_close_all() */
    struct ws_host *next;    /**< of the shared ones, for clients */
    bool shared;
    struct tl_link slots[WS_SLOTS]; /**< rings */
    unsigned slot;                  /**< next to look at */
    unsigned n;                     /**< connections, without those that are over */
    unsigned ended;                 /* since memory was given back */
    tl_time ended_at;
    unsigned depth;
    struct tl_list fresh; /**< just opened: what came with the handshake is to be read */
    struct tl_list dirty; /**< have frames to write at the end of the batch */
    struct tl_list dead;
    struct tl_buf spare; /**< an empty buffer of one that has nothing left to send */
    int retire_code;
    unsigned retire_left; /**< batches */
    char retire_reason[64];
    uint8_t *scratch;
    uint8_t masks[256]; /**< randomness for clients' masks */
    unsigned masks_left;
};

/* host.c */
int ws_host_new(struct ws_host **ret, struct tl_loop *loop);
void ws_host_free(struct ws_host *host);
/** Host of all client connections of a loop; each call is a reference. */
int ws_client_host(struct ws_host **ret, struct tl_loop *loop);
/** From enter to leave no connection's memory goes and nothing is written; leave makes up for it.
 */
void ws_enter(struct ws_host *host);
void ws_leave(struct ws_host *host);
int ws_new(struct tl_ws **ret, struct ws_host *host, const struct tl_ws_ops *ops, void *arg);
/** The handshake is over; fd is its own. */
int ws_open(struct tl_ws *ws, int fd);
/** Over: close the socket, tell the owner unless quiet, free at the end of the batch. */
void ws_end(struct tl_ws *ws, int code, bool quiet);
/** Read what came with the handshake (in rest) as soon as the loop turns. */
void ws_soon(struct tl_ws *ws);
/** Have its frames written at the end of the batch. */
void ws_dirty(struct tl_ws *ws);
void ws_bad_input(const char *class_name);

static inline tl_dur ws_ping_every(const struct tl_ws *ws)
{
    return ws->ops->ping_every ? ws->ops->ping_every : TL_SEC(20);
}

static inline size_t ws_message_max(const struct tl_ws *ws)
{
    return ws->ops->message_max ? ws->ops->message_max : 64 * 1024;
}

/* wheel.c */
void ws_wheel_new(struct ws_host *host);
/** Look at its deadlines not later than a time from now. */
void ws_look_after(struct tl_ws *ws, tl_dur after);
void ws_forget(struct tl_ws *ws);
/** Every WS_TICK; arg: the host. */
void ws_tick(void *arg);

/* poll.c */
int ws_poll_new(struct ws_host *host);
void ws_poll_on(struct ws_host *host, bool on);
void ws_poll_free(struct ws_host *host);
/** Its socket is told of from now on: what it has to read, and that it takes what is to be sent. */
int ws_watch_first(struct tl_ws *ws);
/** The same after something changed; nothing while it is not watched. */
void ws_watch(struct tl_ws *ws);
void ws_unwatch(struct tl_ws *ws);

/* read.c */
/** events: TL_READABLE and TL_WRITABLE; both when something is wrong. */
void ws_on_io(struct tl_ws *ws, int events);
void ws_feed(struct tl_ws *ws, uint8_t *p, size_t n);

/* write.c */
int ws_put(struct tl_ws *ws, enum tl_ws_op op, const void *p, size_t n);
int ws_put_close(struct tl_ws *ws, int code, const char *reason, size_t n);
/** The peer did wrong: close with a code, and wait for its close only. */
void ws_fail(struct tl_ws *ws, int code, const char *class_name);
/** The same where the frames that follow cannot be told apart. */
void ws_fail_lost(struct tl_ws *ws, int code, const char *class_name);
void ws_flush(struct tl_ws *ws);

/* connect.c */
void ws_client_io(struct tl_ws *ws, int events);
/** Its request is not sent yet. */
bool ws_client_asks(const struct ws_client *c);
struct ws_client *ws_client_free(struct ws_client *c);

#endif
