/*
 * A relayed frame is written to the other side as it came: it was checked, not rewritten, so it is
 * never encoded a second time.  Of what was shown nothing but counts is logged or published.
 */
#include "handlers.h"
#include "wire.h"
#include <stdio.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_map.h>
#include <tl_mem.h>
#include <tl_metrics.h>
#include <tl_token.h>
#include <tl_ws_frame.h>

#define ROOMS_MAX 20000

struct relay {
    struct relay_opts o;
    struct tl_map rooms; /* place by contact id */
    struct tl_sub *subs[2];
    struct tl_timer *tick;
    unsigned asked; /* call-backs that are still to come, each with this relay in hand */
    bool over;      /* freed, but for those call-backs */
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

static const char *contact_of(const struct place *p)
{
    return room_names(p->room)->contact.s;
}

/* Something was asked that will call back exactly once; the relay stays in memory until then. */
static void asks(struct relay *r)
{
    r->asked++;
}

static void let_go(struct relay *r)
{
    if (r->over && r->asked == 0)
        tl_free(r);
}

/* The call-back is here.  False: the relay is over, and must not be touched. */
static bool hears(struct relay *r)
{
    bool here = !r->over;

    r->asked--;
    let_go(r);
    return here;
}

/* ---- rooms ------------------------------------------------------------------------------------
 */

static struct place *find(const struct relay *r, const struct tl_id *contact)
{
    struct tl_entry *e = tl_map_find(&r->rooms, tl_id_str(contact));

    return e ? TL_CONTAINER(e, struct place, entry) : NULL;
}

static struct place *place_new(struct relay *r, const struct room_names *names)
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
static void end_room(struct place *p, const char *cause, const struct room_decision *d)
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
    tl_info("room closed", TL_S("contact_id", contact_of(p)), TL_S("cause", cause),
            TL_I("frames", room_frames(p->room)), TL_I("bytes", room_bytes(p->room)));
    tl_map_remove(&r->rooms, &p->entry);
    room_free(p->room);
    tl_free(p);
}

static void on_closed_quietly(void *arg, int err)
{
    if (hears(arg) && err && tl_log_allow("close"))
        tl_warn("room's record stays until it expires", TL_E(err));
}

/* The room ends by itself: its record must not let anybody in again. */
static void end_for_good(struct place *p, const struct room_decision *d)
{
    struct relay *r = p->relay;
    struct tl_id contact = room_names(p->room)->contact;

    end_room(p, d->end, d);
    if (!r->o.store->ops->close(r->o.store, &contact, on_closed_quietly, r))
        asks(r); /* else: the record expires by itself */
}

/* ---- carrying out decisions -------------------------------------------------------------------
 */

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
            tl_warn("frame dropped", TL_S("contact_id", contact_of(p)),
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

/* ---- sockets ----------------------------------------------------------------------------------
 */

struct seat *relay_joined(struct relay *r, enum room_role role, const struct room_names *names,
                          void *socket)
{
    struct place *p = find(r, &names->contact);
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
    tl_info("joined", TL_S("contact_id", contact_of(p)), TL_S("role", room_role_name(role)));
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

/* ---- commands ---------------------------------------------------------------------------------
 */

struct command {
    struct relay *relay;
    struct room_names names;
    struct tl_id tickets[ROOM_ROLES];
    char cause[40];
    char reply[];
};

static struct command *command_new(struct relay *r, const struct tl_msg *m)
{
    size_t n = m->reply ? strlen(m->reply) : 0;
    struct command *c = tl_alloc(1, sizeof(*c) + n + 1);

    if (!c) {
        (void)tl_bus_refuse(r->o.bus, m->reply, 503, "out of memory");
        return NULL;
    }
    c->relay = r;
    memcpy(c->reply, m->reply ? m->reply : "", n + 1);
    return c;
}

static const char *reply_of(const struct command *c)
{
    return c->reply[0] ? c->reply : NULL;
}

static void refuse(struct relay *r, const struct tl_msg *m, int err)
{
    tl_bad_input("nats", tl_pb_fault(err));
    if (tl_log_allow("command"))
        tl_warn("command refused", TL_T("subject", m->subject), TL_E(err));
    (void)tl_bus_refuse(r->o.bus, m->reply, err == -EINVAL ? 422 : 400, "cannot be read");
}

static void on_opened(void *arg, int err)
{
    struct command *c = arg;
    struct relay *r = c->relay;
    struct tl_buf answer = TL_BUF(1024);
    struct place *p;
    bool known;

    if (!hears(r)) {
        tl_free(c);
        return;
    }
    p = find(r, &c->names.contact);
    known = p != NULL;
    if (!err && p && !tl_id_eq(&room_names(p->room)->agent, &c->names.agent)) {
        end_room(p, "agent_changed", NULL); /* another agent sees nothing of what the first saw */
        p = NULL;
        known = false;
    }
    if (!err && !p)
        p = place_new(r, &c->names);
    if (!err && p)
        err = wire_opened(c->tickets, &answer);
    if (err || !p) {
        (void)tl_bus_refuse(r->o.bus, reply_of(c), 503, "rooms cannot be opened now");
    } else {
        if (!known) {
            (void)wire_room_opened(r->o.events, room_names(p->room)); /* counted there */
            tl_info("room opened", TL_S("contact_id", contact_of(p)));
        }
        (void)tl_bus_reply(r->o.bus, reply_of(c), answer.p, answer.n); /* asked again if lost */
    }
    tl_buf_done(&answer);
    tl_free(c);
}

static void on_open_room(void *arg, const struct tl_msg *m)
{
    struct relay *r = arg;
    struct room_names names;
    struct command *c;
    int err = wire_open_room(&names, m->data, m->n);

    if (err) {
        refuse(r, m, err);
        return;
    }
    c = command_new(r, m);
    if (!c)
        return;
    c->names = names;
    for (int i = 0; i < ROOM_ROLES; i++)
        c->tickets[i] = tl_ticket_new();
    if (r->o.store->ops->open(r->o.store, &names, c->tickets, r->o.limits.life, on_opened, c)) {
        (void)tl_bus_refuse(r->o.bus, m->reply, 503, "rooms cannot be opened now");
        tl_free(c);
        return;
    }
    asks(r);
}

static void on_closed(void *arg, int err)
{
    struct command *c = arg;
    struct relay *r = c->relay;

    if (!hears(r)) {
        tl_free(c);
        return;
    }
    if (err) /* the page is hidden already; without the record gone tickets might still lead in */
        (void)tl_bus_refuse(r->o.bus, reply_of(c), 503, "ask again");
    else
        (void)tl_bus_reply(r->o.bus, reply_of(c), "", 0);
    tl_free(c);
}

/* First the sockets, then the record: nothing is seen after consent ended. */
static void on_close_room(void *arg, const struct tl_msg *m)
{
    struct relay *r = arg;
    struct tl_id contact;
    struct command *c;
    struct place *p;
    char cause[40];
    int err = wire_close_room(&contact, cause, m->data, m->n);

    if (err) {
        refuse(r, m, err);
        return;
    }
    p = find(r, &contact);
    if (p) {
        struct tl_id word;
        end_room(p, tl_id_parse(&word, tl_str(cause)) ? "closed" : cause, NULL);
    }
    c = command_new(r, m);
    if (!c)
        return;
    if (r->o.store->ops->close(r->o.store, &contact, on_closed, c)) {
        (void)tl_bus_refuse(r->o.bus, m->reply, 503, "ask again");
        tl_free(c);
        return;
    }
    asks(r);
}

/* ---- life -------------------------------------------------------------------------------------
 */

static void on_tick(void *arg)
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

static void on_metrics(void *arg)
{
    struct relay *r = arg;

    tl_metric_set(r->m.rooms, (double)r->rooms.n);
}

int relay_new(struct relay **ret, const struct relay_opts *opts)
{
    struct relay *r = tl_alloc(1, sizeof(*r));
    uint64_t seed;
    int err;

    if (!r)
        return -ENOMEM;
    r->o = *opts;
    tl_random(&seed, sizeof(seed));
    r->rooms = TL_MAP(seed);
    err = tl_bus_subscribe(&r->subs[0], opts->bus, "tl.cmd.cobrowse.open_room", "cobrowse",
                           on_open_room, r);
    if (!err)
        err = tl_bus_subscribe(&r->subs[1], opts->bus, "tl.cmd.cobrowse.close_room", "cobrowse",
                               on_close_room, r);
    if (!err)
        err = tl_timer_new(&r->tick, opts->loop, on_tick, r);
    if (err) {
        relay_free(r);
        return err;
    }
    tl_timer_every(r->tick, TL_SEC(1));
    r->m.rooms = tl_gauge("tl_cobrowse_rooms", NULL, "rooms that are open");
    r->m.frames = tl_counter("tl_cobrowse_frames_total", NULL, "frames passed on");
    r->m.bytes = tl_counter("tl_cobrowse_bytes_total", NULL, "bytes passed on");
    r->m.strikes = tl_counter("tl_cobrowse_strikes_total", NULL, "frames that counted as strikes");
    r->m.fulls = tl_counter("tl_cobrowse_pictures_asked_total", NULL, "pictures asked for");
    tl_metrics_on_read(on_metrics, r);
    *ret = r;
    return 0;
}

struct relay *relay_free(struct relay *r)
{
    struct tl_entry *e, *next;

    if (!r)
        return NULL;
    for (e = tl_map_next(&r->rooms, NULL); e; e = next) {
        struct place *p = TL_CONTAINER(e, struct place, entry);
        next = tl_map_next(&r->rooms, e);
        tl_map_remove(&r->rooms, e);
        for (int i = 0; i < ROOM_ROLES; i++)
            seat_free(p, (enum room_role)i);
        room_free(p->room);
        tl_free(p);
    }
    tl_map_done(&r->rooms);
    for (size_t i = 0; i < TL_LEN(r->subs); i++)
        tl_sub_free(r->subs[i]);
    tl_timer_free(r->tick);
    r->over = true;
    let_go(r);
    return NULL;
}
