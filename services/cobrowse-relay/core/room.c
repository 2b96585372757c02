/*
 * The room keeps the last picture and what changed since, so that a late viewer needs nothing from
 * the customer.  It is "in step" while those are complete; a gap, a dropped change or too many of
 * them and it is out of step: changes are dropped until the next picture, which has been asked for.
 */
#include "core/room.h"
#include <tl_mem.h>

struct kept {
    struct tl_link link;
    size_t n;
    char text[];
};

struct bucket {
    double level, rate, most;
    tl_time at;
};

struct room {
    struct room_names names;
    struct room_limits limits;
    void *sockets[ROOM_ROLES];
    struct filter_page *page;
    struct tl_list kept;
    size_t kept_bytes;
    int64_t seq; /* of the last frame in step */
    bool in_step;
    bool asking;   /* a picture has been asked for ... */
    tl_time asked; /* ... then */
    struct bucket events[ROOM_ROLES], bytes[ROOM_ROLES];
    tl_time striking; /* last strike for being too fast: one a second is enough */
    int strikes;
    uint64_t frames, total;
    tl_time ends_at;
};

const struct room_limits room_limits_default = {
    .full_max = 2 * 1024 * 1024,
    .event_max = 64 * 1024,
    .kept_max = 4 * 1024 * 1024,
    .events_per_s = 200,
    .bytes_per_s = 1024 * 1024,
    .strikes = 3,
    .life = TL_MIN(60),
    .ask_again = TL_SEC(5),
};

const char *room_role_name(enum room_role role)
{
    return role == ROOM_CUSTOMER ? "customer" : "agent";
}

/* ---- life ---- */

static struct bucket bucket_full(double rate, double most, tl_time now)
{
    return (struct bucket){.level = most, .rate = rate, .most = most, .at = now};
}

static bool bucket_take(struct bucket *b, double n, tl_time now)
{
    b->level += b->rate * (double)(now - b->at) / (double)TL_SEC(1);
    b->level = TL_LOWER(b->level, b->most);
    b->at = now;
    if (b->level < n)
        return false;
    b->level -= n;
    return true;
}

int room_new(struct room **ret, const struct room_names *names, const struct room_limits *limits,
             tl_time now)
{
    struct room *r = tl_alloc(1, sizeof(*r));

    if (!r || filter_page_new(&r->page)) {
        tl_free(r);
        return -ENOMEM;
    }
    r->names = *names;
    r->limits = *limits;
    r->ends_at = now + limits->life;
    r->striking = now - TL_SEC(1);
    tl_list_init(&r->kept);
    for (int i = 0; i < ROOM_ROLES; i++) {
        r->events[i] = bucket_full(limits->events_per_s, 2 * limits->events_per_s, now);
        r->bytes[i] = bucket_full(limits->bytes_per_s, 4 * limits->bytes_per_s, now);
    }
    *ret = r;
    return 0;
}

static void forget_kept(struct room *r)
{
    tl_list_for_each (&r->kept, k) {
        tl_list_remove(&r->kept, k);
        tl_free(TL_CONTAINER(k, struct kept, link));
    }
    r->kept_bytes = 0;
}

struct room *room_free(struct room *r)
{
    if (!r)
        return NULL;
    forget_kept(r);
    filter_page_free(r->page);
    return tl_free(r);
}

const struct room_names *room_names(const struct room *r)
{
    return &r->names;
}

void *room_socket(const struct room *r, enum room_role role)
{
    return r->sockets[role];
}

uint64_t room_frames(const struct room *r)
{
    return r->frames;
}

uint64_t room_bytes(const struct room *r)
{
    return r->total;
}

tl_time room_ends_at(const struct room *r)
{
    return r->ends_at;
}

bool room_kept_next(const struct room *r, const void **at, struct tl_str *ret)
{
    const struct tl_link *k = *at ? tl_list_next(&r->kept, *at) : tl_list_first(&r->kept);
    const struct kept *f;

    if (!k)
        return false;
    f = TL_CONTAINER(k, struct kept, link);
    *at = k;
    *ret = (struct tl_str){.s = f->text, .n = f->n};
    return true;
}

/* ---- who is here ---- */

/* Ask for a picture, unless one is on its way. */
static void want_full(struct room *r, tl_time now, struct room_decision *d)
{
    if (!r->sockets[ROOM_CUSTOMER] || (r->asking && now - r->asked < r->limits.ask_again))
        return;
    r->asking = true;
    r->asked = now;
    d->need_full = true;
}

static void fall_out_of_step(struct room *r, tl_time now, struct room_decision *d)
{
    r->in_step = false;
    forget_kept(r);
    want_full(r, now, d);
}

struct room_decision room_join(struct room *r, enum room_role role, void *socket, tl_time now)
{
    struct room_decision d = {.tell_peers = true};

    if (r->sockets[role] != socket)
        d.replaced = r->sockets[role];
    r->sockets[role] = socket;
    if (role == ROOM_CUSTOMER) { /* a new page or a new socket: its numbers begin again */
        r->asking = false;
        fall_out_of_step(r, now, &d);
    } else if (r->in_step && r->kept.n) {
        d.replay_to = socket;
    } else {
        want_full(r, now, &d);
    }
    return d;
}

bool room_leave(struct room *r, enum room_role role, const void *socket, struct room_decision *ret)
{
    if (!r->sockets[role] || r->sockets[role] != socket)
        return false;
    r->sockets[role] = NULL;
    if (role == ROOM_CUSTOMER)
        r->asking = false;
    *ret = (struct room_decision){.tell_peers = true};
    return true;
}

/* ---- frames ---- */

static void drop(struct room *r, enum room_role role, const char *class_name, bool strike,
                 struct room_decision *d)
{
    d->dropped = class_name;
    d->strike = strike;
    if (!strike || ++r->strikes < r->limits.strikes)
        return;
    d->end = "bad_frames";
    d->offender_is_set = true;
    d->offender = role;
}

static bool too_fast(struct room *r, enum room_role role, size_t n, tl_time now)
{
    bool events = bucket_take(&r->events[role], 1, now);

    return !bucket_take(&r->bytes[role], (double)n, now) || !events;
}

static void drop_for_speed(struct room *r, enum room_role role, tl_time now,
                           struct room_decision *d)
{
    bool strike = now - r->striking >= TL_SEC(1);

    if (strike)
        r->striking = now;
    drop(r, role, "rate", strike, d);
    if (role == ROOM_CUSTOMER && !d->end)
        fall_out_of_step(r, now, d);
}

static void keep(struct room *r, struct tl_str frame, tl_time now, struct room_decision *d)
{
    struct kept *k = NULL;

    if (r->kept_bytes + frame.n <= r->limits.kept_max)
        k = tl_alloc(1, sizeof(*k) + frame.n);
    if (!k) { /* too much for a late viewer; those who are here miss nothing */
        forget_kept(r);
        want_full(r, now, d);
        return;
    }
    memcpy(k->text, frame.s, frame.n);
    k->n = frame.n;
    tl_list_append(&r->kept, &k->link);
    r->kept_bytes += frame.n;
}

static void pass(struct room *r, enum room_role to, struct tl_str frame, struct room_decision *d)
{
    d->relay_to = r->sockets[to];
    r->frames++;
    r->total += frame.n;
}

/* The frame's number: 0 in step, 1 a repeat, -1 a gap. */
static int order(const struct room *r, const struct filter_frame *f)
{
    if (f->full)
        return 0;
    if (!r->in_step || f->seq > r->seq + 1)
        return -1;
    return f->seq <= r->seq;
}

static void from_customer(struct room *r, struct tl_str frame, tl_time now, struct room_decision *d)
{
    struct filter_frame f;
    enum filter_verdict v = filter_peek(frame, &f);
    int place;

    if (v == FILTER_PASS && frame.n > (f.full ? r->limits.full_max : r->limits.event_max)) {
        drop(r, ROOM_CUSTOMER, "too_big", true, d);
        return;
    }
    place = v == FILTER_PASS ? order(r, &f) : 0;
    if (place) {
        drop(r, ROOM_CUSTOMER, place > 0 ? "repeat" : "gap", false, d);
        if (place < 0)
            fall_out_of_step(r, now, d);
        return;
    }
    if (v == FILTER_PASS)
        v = filter_customer(r->page, frame, &f);
    if (v != FILTER_PASS) {
        drop(r, ROOM_CUSTOMER, filter_verdict_name(v), v != FILTER_STRAY, d);
        if (!d->end)
            fall_out_of_step(r, now, d);
        return;
    }
    if (f.full) {
        forget_kept(r);
        r->asking = false;
    }
    r->in_step = true;
    r->seq = f.seq;
    pass(r, ROOM_AGENT, frame, d);
    if (f.full || r->kept.n)
        keep(r, frame, now, d);
}

struct room_decision room_frame(struct room *r, enum room_role role, struct tl_str frame,
                                tl_time now)
{
    struct room_decision d = {0};

    if (too_fast(r, role, frame.n, now)) {
        drop_for_speed(r, role, now, &d);
    } else if (role == ROOM_CUSTOMER) {
        from_customer(r, frame, now, &d);
    } else if (filter_agent(frame) != FILTER_PASS) {
        drop(r, role, "junk", true, &d);
    } else {
        pass(r, ROOM_CUSTOMER, frame, &d);
    }
    return d;
}

struct room_decision room_tick(struct room *r, tl_time now)
{
    struct room_decision d = {0};

    if (now >= r->ends_at)
        d.end = "too_long";
    else if (r->asking)
        want_full(r, now, &d);
    return d;
}
