/**
 * @file handlers.h  The gateway between its sockets and the bus: frames become commands, answers
 * and pushes become frames, sockets that come and go become facts for core/sessions.c, and its
 * decisions are carried out.
 */
#ifndef SIGNALING_HANDLERS_H
#define SIGNALING_HANDLERS_H

#include "adapters/store.h"
#include "core/sessions.h"
#include "wire.h"
#include <tl_bus.h>
#include <tl_events.h>
#include <tl_token.h>

struct gateway;

/** How to speak on a socket; the socket itself is the adapter's.  Neither calls back. */
struct gateway_sockets {
    int (*send)(void *socket, struct tl_str json);
    /** The socket is told and forgotten: gateway_closed() need not follow. */
    void (*close)(void *socket, int code, const char *reason);
};

struct gateway_opts {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct store *store;
    struct tl_events *events;
    const struct tl_token_key *key; /**< signs resume tokens */
    const struct gateway_sockets *sockets;
    /** What agents may choose from; asked at each welcome, so that a reload takes effect. */
    const struct wire_choices *(*choices)(void *arg);
    void *choices_arg;
    const char *media_instance;     /**< where agents' standing legs live */
    const char *const *ice_servers; /**< for the browsers' peer connections */
    size_t n_ice_servers;
    struct tl_id id; /**< this life of this process */
    tl_dur grace;
    tl_dur idle; /**< of a customer without a contact; 0: no limit */
    tl_dur beat; /**< 0: 1 s */
};

/** Everything in opts is borrowed and outlives the gateway.  0 or -ENOMEM. */
int gateway_new(struct gateway **ret, const struct gateway_opts *opts);
struct gateway *gateway_free(struct gateway *g);

/** The store is there (again): tell it at once that this gateway lives. */
void gateway_store_connected(struct gateway *g);
/** A socket with a redeemed ticket.  NULL: out of memory; it is
 * closed or to be closed. */
struct session *gateway_opened(struct gateway *g, const struct store_redeemed *r, void *socket);
/** The ticket was redeemed, but its client has gone: the session waits for it. */
void gateway_missed(struct gateway *g, const struct store_redeemed *r);
/** bye: the client left for good (close code 1000). */
void gateway_closed(struct session *x, void *socket, bool bye);
/** A text frame from the client. */
void gateway_frame(struct session *x, struct tl_str json);

/** Last board as JSON; s NULL: none was heard yet. */
struct tl_str gateway_board(const struct gateway *g);
/** The process ends: who closes from now on, also for good, is waited for by the next gateway. */
void gateway_stop(struct gateway *g);

#endif
