/*
 * Rooms and who is in them.  A relayed frame is written to the other side as it came: it was
 * checked, not rewritten, so it is never encoded a second time.  Of what was shown nothing but
 * counts is logged or published.
 */
#include "rooms.h"
#include "wire.h"
#include <stdio.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_ws_frame.h>

#define ROOMS_MAX 20000

const char *place_contact(const struct place *p)
{
    return room_names(p->room)->contact.s;
}

/* ---- rooms ---- */

struct place *place_find(const struct relay *r, const struct tl_id *contact)
{
    struct tl_entry *e = tl_map_find(&r->rooms, tl_id_str(contact));

    return e ? TL_CONTAINER(e, struct place, entry) : NULL;
}

struct place *place_new(struct relay *r, const struct room_names *names)
{
    struct place *p = r->rooms.n < ROOMS_MAX ? tl_alloc(1, sizeof(*p)) : NULL;

    if (!p)
        return NULL;
    p->relay = r;
    if (room_new(&p->room, names, &r->o.limits, tl_clock_mono()))
        return tl_free(p);
    if (tl_map_add(&r->rooms, &p->entry, tl_id_str(&room_names(p->room)->contact))) {
        room_free(p->room);
        return tl_free(p);
    }
    return p;
}

static void seat_free(struct place *p, enum room_role role)
{
    p->seats[role] = tl_free(p->seats[role]);
}

void place_free(struct place *p)
{
    for (int i = 0; i < ROOM_ROLES; i++)
        seat_free(p, (enum room_role)i);
    room_free(p->room);
    tl_free(p);
}

static void say(struct place *p, enum room_role to, const char *fmt, ...) TL_PRINTF(3, 4);
static void say(struct place *p, enum room_role to, const char *fmt, ...)
{
    void *socket = room_socket(p->room, to);
    char text[160];
    va_list ap;
    int n;

    if (!socket)
        return;
    va_start(ap, fmt);
    n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    (void)p->relay->o.sockets->send(socket, (struct tl_str){text, (size_t)n}); /* closed if dead */
}

/* Consent has ended, or the room did something that ends it: everybody out, nothing kept. */
void place_end(struct place *p, const char *cause, const struct room_decision *d)
{
    struct relay *r = p->relay;

    for (int i = 0; i < ROOM_ROLES; i++) {
        bool guilty = d && d->offender_is_set && d->offender == (enum room_role)i;
        if (!p->seats[i])
            continue;
        say(p, (enum room_role)i, "{\"t\":\"stop\",\"reason\":\"%s\"}", cause);
        r->o.sockets->close(p->seats[i]->socket, guilty ? TL_WS_POLICY : TL_WS_NORMAL, cause);
        (void)wire_left(r->o.events, room_names(p->room), (enum room_role)i); /* counted there */
        seat_free(p, (enum room_role)i);
    }
    (void)wire_room_closed(r->o.events, room_names(p->room), cause, room_frames(p->room),
                           room_bytes(p->room)); /* likewise */
    tl_info("room closed", TL_S("contact_id", place_contact(p)), TL_S("cause", cause),
            TL_I("frames", room_frames(p->room)), TL_I("bytes", room_bytes(p->room)));
    tl_map_remove(&r->rooms, &p->entry);
    place_free(p);
}

static void on_closed_quietly(void *arg, int err)
{
    if (relay_hears(arg) && err && tl_log_allow("close"))
        tl_warn("room's record stays until it expires", TL_E(err));
}

/* The room ends by itself: its record must not let anybody in again. */
static void end_for_good(struct place *p, const struct room_decision *d)
{
    struct relay *r = p->relay;
    struct tl_id contact = room_names(p->room)->contact;

    place_end(p, d->end, d);
    if (!r->o.store->ops->close(r->o.store, &contact, on_closed_quietly, r))
        relay_asks(r); /* else: the record expires by itself */
}

/* ---- carrying out decisions ---- */

static void replay(struct place *p, void *socket)
{
    const void *at = NULL;
    struct tl_str frame;

    while (room_kept_next(p->room, &at, &frame))
        if (p->relay->o.sockets->send(socket, frame))
            return; /* it is being closed */
}

static void tell_peers(struct place *p)
{
    for (int i = 0; i < ROOM_ROLES; i++) {
        enum room_role other = i == ROOM_CUSTOMER ? ROOM_AGENT : ROOM_CUSTOMER;
        say(p, (enum room_role)i, "{\"t\":\"peer\",\"role\":\"%s\",\"on\":%s}",
            room_role_name(other), room_socket(p->room, other) ? "true" : "false");
    }
}

/* May end the room: p is not to be used afterwards. */
static void carry_out(struct place *p, enum room_role from, const struct room_decision *d,
                      struct tl_str frame)
{
    struct relay *r = p->relay;

    if (d->replaced)
        r->o.sockets->close(d->replaced, TL_WS_SUPERSEDED, "superseded");
    if (d->tell_peers)
        tell_peers(p);
    if (d->replay_to)
        replay(p, d->replay_to);
    if (d->relay_to) {
        tl_metric_add(r->m.frames, 1);
        tl_metric_add(r->m.bytes, (double)frame.n);
        (void)r->o.sockets->send(d->relay_to, frame); /* a slow one is closed by the kit */
    }
    if (d->dropped) {
        tl_bad_input("cobrowse", d->dropped);
        if (tl_log_allow(d->dropped))
            tl_warn("frame dropped", TL_S("contact_id", place_contact(p)),
                    TL_S("role", room_role_name(from)), TL_S("class", d->dropped));
    }
    if (d->strike)
        tl_metric_add(r->m.strikes, 1);
    if (d->need_full) {
        tl_metric_add(r->m.fulls, 1);
        say(p, ROOM_CUSTOMER, "{\"t\":\"need_full\"}");
    }
    if (d->end)
        end_for_good(p, d);
}

/* ---- sockets ---- */

struct seat *relay_joined(struct relay *r, enum room_role role, const struct room_names *names,
                          void *socket)
{
    struct place *p = place_find(r, &names->contact);
    struct seat *seat = tl_alloc(1, sizeof(*seat));
    struct room_decision d;

    if (!p && seat)
        p = place_new(r, names); /* opened before this relay started */
    if (!p || !seat)
        return tl_free(seat);
    *seat = (struct seat){.place = p, .role = role, .socket = socket};
    d = room_join(p->room, role, socket, tl_clock_mono());
    if (p->seats[role])
        seat_free(p, role);
    p->seats[role] = seat;
    (void)wire_joined(r->o.events, room_names(p->room), role); /* a full queue is counted there */
    tl_info("joined", TL_S("contact_id", place_contact(p)), TL_S("role", room_role_name(role)));
    carry_out(p, role, &d, (struct tl_str){0});
    return seat;
}

void relay_frame(struct seat *seat, struct tl_str frame)
{
    struct place *p = seat->place;
    enum room_role role = seat->role;
    struct room_decision d = room_frame(p->room, role, frame, tl_clock_mono());

    carry_out(p, role, &d, frame);
}

void relay_left(struct seat *seat)
{
    struct place *p = seat->place;
    enum room_role role = seat->role;
    struct room_decision d;

    if (room_leave(p->room, role, seat->socket, &d)) {
        (void)wire_left(p->relay->o.events, room_names(p->room), role); /* counted there */
        carry_out(p, role, &d, (struct tl_str){0});
    }
    seat_free(p, role);
}

void places_tick(void *arg)
{
    struct relay *r = arg;
    struct tl_entry *e = tl_map_next(&r->rooms, NULL), *next;

    for (; e; e = next) {
        struct place *p = TL_CONTAINER(e, struct place, entry);
        struct room_decision d = room_tick(p->room, tl_clock_mono());
        next = tl_map_next(&r->rooms, e);
        carry_out(p, ROOM_CUSTOMER, &d, (struct tl_str){0});
    }
}
