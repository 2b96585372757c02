/**
 * @file legs_inner.h  What the files of the legs share: legs.c (a step, and what everybody hears),
 * legs_commands.c and legs_seen.c (the facts), legs_end.c (legs and pictures), legs_make.c
 * (memory), legs_out.c (the decisions) and label.c (the notes for a successor).  Nobody else
 * includes it.
 */
#ifndef MEDIA_CORE_LEGS_INNER_H
#define MEDIA_CORE_LEGS_INNER_H

#include "core/legs.h"

#include <tl_list.h>
#include <tl_map.h>

enum leg_state { LEG_SETTING_UP, LEG_UP };

/** Times after which something is done about a leg. */
#define SETUP_LIMIT TL_SEC(15) /* ICE and DTLS need less than a second */
#define SILENT_AT   TL_SEC(2)  /* a live browser sends 50 packets a second, muted or not */
#define SILENT_MAX  TL_SEC(30) /* no media for so long ends the leg */
#define VIEW_RETRY  TL_SEC(5)  /* a picture that the customer does not have is offered again */
#define SEAT_IDLE   TL_SEC(60) /* an agent's empty seat is given back */

#define CONTACT_IDLE TL_HOUR(1) /* a contact that nobody released: its customer is long gone */

struct contact;

struct seat {
    struct tl_entry by_key;
    struct tl_link in_seats;
    char key[LEGS_KEY];
    struct contact *contact; /* of a customer's seat */
    struct tl_id agent;      /* of an agent's */
    struct leg *leg;         /* who sits on it, or NULL */
    tl_time empty_since;
    char told[LEGS_KEY + 8]; /* what the plane was last told to let it hear; "": nothing yet */
    bool relabel;
    bool refused; /* the plane had no port for it: asked for again with the next tick */
    /* what the plane counted, and where the present leg began */
    uint64_t packets, lost, packets_before, lost_before;
    int64_t jitter_us;
};

struct leg {
    struct tl_entry by_id;
    struct tl_link in_legs;
    struct tl_id id;
    enum legs_kind kind;
    enum leg_state state;
    uint64_t handle;         /* Janus; 0: not attached yet */
    struct seat *seat;       /* audio */
    struct contact *contact; /* NULL: an agent's standing leg */
    struct tl_id agent;      /* the owner, when it is an agent */
    struct leg *view;        /* of a camera or screen: the view of it */
    struct leg *feed;        /* of a view: what it shows */
    tl_time since;           /* of this state */
    tl_time started;
    tl_time view_tried; /* of a camera or screen */
    bool silent;
    tl_time silent_since;
};

struct contact {
    struct tl_entry by_id;
    struct tl_link in_contacts;
    struct tl_id id, thread, session;
    struct tl_id agent; /* connected with, or empty */
    uint64_t epoch;
    uint64_t order; /* later connects are higher */
    bool held;
    bool joined; /* both legs were up once: they hear each other from then on */
    bool announced;
    char music[64];
    char announcements[LEGS_TEXT];
    struct seat *seat;
    struct leg *published[2]; /* camera, screen */
};

struct legs {
    struct tl_map seats, legs, contacts;
    struct tl_list seat_list, leg_list, contact_list;
    uint8_t seed[10];
    size_t max_seats;
    uint64_t connects;
    bool janus_up, plane_up, plane_known;
    struct legs_decision *queue; /* ring */
    size_t queue_cap, queue_at, queue_n;
    tl_time now, wall; /* of the running step */
};

#define SEAT_OF(link)    TL_CONTAINER(link, struct seat, in_seats)
#define LEG_OF(link)     TL_CONTAINER(link, struct leg, in_legs)
#define CONTACT_OF(link) TL_CONTAINER(link, struct contact, in_contacts)

/* legs_out.c: saying what to do.  Room in the queue was made by queue_reserve() before the step. */
int queue_reserve(struct legs *g, size_t more);
struct legs_decision *decide(struct legs *g, enum legs_decision_kind kind);
void decide_seat(struct legs *g, enum legs_decision_kind kind, const struct seat *s,
                 const char *text);
void decide_leg(struct legs *g, enum legs_decision_kind kind, const struct leg *leg,
                const char *text);
void say_closed(struct legs *g, const struct leg *leg, const char *reason);
void say_reoffer(struct legs *g, const struct seat *s, const char *reason);
void tell_down(struct legs *g, const struct leg *leg, const char *cause);
void tell_contact(struct legs *g, enum legs_decision_kind kind, const struct contact *c);

/* legs_make.c: things come and go. */
struct seat *seat_make(struct legs *g, const char *key, struct contact *c,
                       const struct tl_id *agent);
void seat_drop(struct legs *g, struct seat *s);
struct seat *seat_find(const struct legs *g, const char *key);
struct seat *seat_of_agent(const struct legs *g, const struct tl_id *agent);
struct contact *contact_make(struct legs *g, const struct tl_id *id);
void contact_drop(struct legs *g, struct contact *c);
struct contact *contact_find(const struct legs *g, const struct tl_id *id);
struct leg *leg_make(struct legs *g, const struct tl_id *id, enum legs_kind kind);
void leg_drop(struct legs *g, struct leg *leg);
struct leg *leg_find(const struct legs *g, const struct tl_id *id);
struct tl_id make_id(struct legs *g);

/* legs.c */
bool seat_is_up(const struct seat *s);
/** The contact whose customer an agent hears: the newest that is not held; NULL: none. */
struct contact *heard_by(const struct legs *g, const struct tl_id *agent);

/* legs_end.c */
enum { QUIETLY, SAY_SO }; /* does the browser hear of it? */
/** in_janus: the handle still exists there and has to go. */
void end_leg(struct legs *g, struct leg *leg, const char *cause, bool in_janus, int say);
void disconnect(struct legs *g, struct contact *c, const char *cause);
/** Over: every leg of it ends and its seat is given back.  NULL: it is over already. */
void release_contact(struct legs *g, struct contact *c);
void start_view(struct legs *g, struct leg *feed);
/** The customer's page is new: its old views are gone with the old page. */
void renew_views(struct legs *g, struct contact *c);

/* legs_commands.c */
int command_prepare(struct legs *g, const struct legs_fact *f, struct legs_outcome *out);
int command_offer(struct legs *g, const struct legs_fact *f, struct legs_outcome *out);
void command_answer(struct legs *g, const struct legs_fact *f, struct legs_outcome *out);
void command_close(struct legs *g, const struct legs_fact *f, struct legs_outcome *out);
void command_connect(struct legs *g, const struct legs_fact *f, struct legs_outcome *out);
void command_hold(struct legs *g, const struct legs_fact *f, struct legs_outcome *out);

/* legs_seen.c */
void saw_leg_up(struct legs *g, struct leg *leg);
void saw_seat(struct legs *g, const struct legs_fact *f);
void saw_seat_refused(struct legs *g, const char *key);
void saw_new_janus(struct legs *g);
/** Say everything about the seats to the plane, as to one that knows nothing. */
void saw_plane_again(struct legs *g);
void saw_new_plane(struct legs *g);
void saw_tick(struct legs *g);

/* label.c */
void label_write(const struct seat *s, char out[LEGS_LABEL]);
int label_adopt(struct legs *g, const char *key, const char *label);

#endif
