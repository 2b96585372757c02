/**
 * @file relay_inner.h  What relay.c (decisions), relay_plane.c (what the plane says), relay_janus.c
 * (the dialogues with Janus) and relay_session.c (the session, and what it says by itself) share.
 */
#ifndef MEDIA_RELAY_INNER_H
#define MEDIA_RELAY_INNER_H

#include "adapters/janus.h"
#include "adapters/plane_client.h"
#include "core/rtp.h"
#include "relay.h"

#include <tl_list.h>
#include <tl_map.h>

/** One leg while it has, or is about to have, a handle in Janus.  It lives until the core lets go
 * of the leg and the last question about it is answered. */
struct work {
    struct tl_entry by_leg;
    struct tl_link in_works;
    struct relay *relay;
    struct tl_id leg, contact, session, feed;
    enum legs_kind media, shows;
    char key[LEGS_KEY]; /* audio: its seat */
    uint64_t handle;    /* 0: not attached */
    int asked;          /* questions under way */
    bool let_go;
    char *offer;  /* the browser's */
    char *answer; /* ours, kept for a repeated offer */
    char *rtp;    /* audio: what Janus generated, until the plane has it */
};

/** A handle or a room that Janus still has and that nobody needs any more. */
struct debt {
    struct tl_link in_debts;
    struct relay *relay;
    uint64_t handle;   /* 0: it is a room */
    struct tl_id room; /* the contact's */
    bool asked;
};

struct relay {
    struct tl_loop *loop;
    struct relay_ops ops;
    void *arg;
    char janus_url[256], janus_secret[256], room_key[256];
    struct legs *legs;
    struct plane_client *plane;
    struct janus *janus;
    struct tl_map works;
    struct tl_list work_list;
    struct tl_list debts;
    struct tl_timer *poll;
    unsigned polls;
    int64_t faults[RTP_FAULTS]; /* as the plane counted them last */
    int64_t not_sent;           /* likewise */
    struct tl_id plane_boot;    /* of the plane we spoke with last */
    uint64_t claim;             /* Janus session in the plane's note */
    uint64_t session;
    bool claimed;      /* this session is the one that we had */
    bool asking_rooms; /* for the next: */
    uint64_t rooms;    /* handle through which rooms are made and ended */
    bool stepping;
    bool adopted; /* what a predecessor left is known */
};

/* relay_janus.c */
/** {"body": body, "jsep": ...}; owns body; sdp NULL: without one. */
json_t *plugin_message(json_t *body, const char *sdp_type, const char *sdp);
void work_start(struct work *w);
void work_view(struct work *w);
void work_answer(struct work *w, const char *sdp);

/* relay_session.c */
extern const struct janus_ops relay_janus_ops;
/** Detach a handle (0: none), or end the room of a contact; when Janus is away, as soon as it is
 * back with the same session. */
void give_back(struct relay *r, uint64_t handle, const struct tl_id *room);
void forget_debts(struct relay *r);
/** Janus is there, but the handle for rooms is not: ask for it (again). */
void relay_ask_rooms(struct relay *r);

/* relay_plane.c */
void relay_plane_lost(void *arg);
void relay_plane_found(void *arg, struct tl_str boot, struct tl_str note);
void relay_poll_plane(void *arg);

/* relay.c */
struct work *work_new(struct relay *r, const struct legs_decision *d, const char *offer);
struct work *work_find(const struct relay *r, const struct tl_id *leg);
void work_release(struct work *w);
void work_failed(struct work *w, int code, const char *why);
void fact(struct relay *r, enum legs_fact_kind kind);
void fact_leg(struct relay *r, enum legs_fact_kind kind, const struct tl_id *leg, uint64_t handle,
              const char *cause);

#endif
