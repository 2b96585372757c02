/* Conversation opens and closes rooms; and the life of the relay. */
#include "rooms.h"
#include "wire.h"
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_token.h>

void relay_asks(struct relay *r)
{
    r->asked++;
}

static void let_go(struct relay *r)
{
    if (r->over && r->asked == 0)
        tl_free(r);
}

bool relay_hears(struct relay *r)
{
    bool here = !r->over;

    r->asked--;
    let_go(r);
    return here;
}

/* ---- commands ---- */

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

    if (!relay_hears(r)) {
        tl_free(c);
        return;
    }
    p = place_find(r, &c->names.contact);
    known = p != NULL;
    if (!err && p && !tl_id_eq(&room_names(p->room)->agent, &c->names.agent)) {
        place_end(p, "agent_changed", NULL); /* another agent sees nothing of what the first saw */
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
            tl_info("room opened", TL_S("contact_id", place_contact(p)));
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
    relay_asks(r);
}

static void on_closed(void *arg, int err)
{
    struct command *c = arg;
    struct relay *r = c->relay;

    if (!relay_hears(r)) {
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
    p = place_find(r, &contact);
    if (p) {
        struct tl_id word;
        place_end(p, tl_id_parse(&word, tl_str(cause)) ? "closed" : cause, NULL);
    }
    c = command_new(r, m);
    if (!c)
        return;
    if (r->o.store->ops->close(r->o.store, &contact, on_closed, c)) {
        (void)tl_bus_refuse(r->o.bus, m->reply, 503, "ask again");
        tl_free(c);
        return;
    }
    relay_asks(r);
}

/* ---- life ---- */

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
        err = tl_timer_new(&r->tick, opts->loop, places_tick, r);
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
        place_free(p);
    }
    tl_map_done(&r->rooms);
    for (size_t i = 0; i < TL_LEN(r->subs); i++)
        tl_sub_free(r->subs[i]);
    tl_timer_free(r->tick);
    r->over = true;
    let_go(r);
    return NULL;
}
