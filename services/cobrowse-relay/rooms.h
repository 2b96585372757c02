/**
 * @file rooms.h  Between handlers.c (commands and life) and rooms.c (rooms and who is in them).
 */
#ifndef COBROWSE_ROOMS_H
#define COBROWSE_ROOMS_H

#include "handlers.h"
#include <tl_map.h>
#include <tl_metrics.h>

struct relay {
    struct relay_opts o;
    struct tl_map rooms; /**< place by contact id */
    struct tl_sub *subs[2];
    struct tl_timer *tick;
    unsigned asked; /**< call-backs that are still to come, each with this relay in hand */
    bool over;      /**< freed, but for those call-backs */
    struct {
        struct tl_metric *rooms, *frames, *bytes, *strikes, *fulls;
    } m;
};

struct seat {
    struct place *place;
    enum room_role role;
    void *socket;
};

struct place {
    struct tl_entry entry;
    struct relay *relay;
    struct room *room;
    struct seat *seats[ROOM_ROLES];
};

/** Something was asked that will call back exactly once; the relay stays in memory until then. */
void relay_asks(struct relay *r);
/** The call-back is here.  False: the relay is over, and must not be touched. */
bool relay_hears(struct relay *r);

struct place *place_find(const struct relay *r, const struct tl_id *contact);
/** NULL: out of memory, or too many are open. */
struct place *place_new(struct relay *r, const struct room_names *names);
/** It is in no map. */
void place_free(struct place *p);
/** Consent has ended, or the room did something that ends it (d): everybody out, nothing kept. */
void place_end(struct place *p, const char *cause, const struct room_decision *d);
const char *place_contact(const struct place *p);
/** Once a second: rooms that are too old end, pictures that do not come are asked for again. */
void places_tick(void *relay);

#endif
