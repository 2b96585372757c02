/*
 * The store without Redis, for tests: what several gateways share is one struct, with a clock that
 * the test moves.  Answers come on the next turn of the loop, as they would from Redis.
 */
#include "adapters/store.h"
#include <tl_list.h>
#include <tl_map.h>
#include <tl_mem.h>

struct record { /* a session or a ticket */
    struct tl_entry entry;
    struct who who;
    struct tl_id key;
    struct tl_id gateway;
    bool known, over;
    tl_time until; /* tickets */
};

struct beat {
    struct tl_entry entry;
    struct tl_id gateway;
    tl_time at;
};

struct store_shared {
    struct tl_map sessions, tickets, gateways;
    tl_time now;
};

struct store_memory {
    struct store base;
    struct store_shared *shared;
    struct tl_loop *loop;
    struct tl_id gateway;
    bool broken;
};

static void forget_all(struct tl_map *m, size_t offset)
{
    struct tl_entry *e, *next;

    for (e = tl_map_next(m, NULL); e; e = next) {
        next = tl_map_next(m, e);
        tl_map_remove(m, e);
        tl_free((char *)e - offset);
    }
    tl_map_done(m);
}

struct store_shared *store_shared_new(void)
{
    struct store_shared *m = tl_alloc(1, sizeof(*m));

    if (m)
        m->sessions = m->tickets = m->gateways = TL_MAP(1);
    return m;
}

void store_shared_forget(struct store_shared *m)
{
    forget_all(&m->sessions, offsetof(struct record, entry));
    forget_all(&m->tickets, offsetof(struct record, entry));
    forget_all(&m->gateways, offsetof(struct beat, entry));
    m->sessions = m->tickets = m->gateways = TL_MAP(1);
}

struct store_shared *store_shared_free(struct store_shared *m)
{
    if (m)
        store_shared_forget(m);
    return tl_free(m);
}

void store_shared_wait(struct store_shared *m, tl_dur d)
{
    m->now += d;
}

static struct store_memory *self(struct store *s)
{
    return TL_CONTAINER(s, struct store_memory, base);
}

static struct record *find(struct tl_map *m, struct tl_str key)
{
    struct tl_entry *e = tl_map_find(m, key);

    return e ? TL_CONTAINER(e, struct record, entry) : NULL;
}

static struct record *put(struct tl_map *m, struct tl_str key)
{
    struct record *r = find(m, key);

    if (r)
        return r;
    r = tl_alloc(1, sizeof(*r));
    if (!r)
        return NULL;
    tl_str_put(r->key.s, sizeof(r->key.s), key);
    if (tl_map_add(m, &r->entry, tl_id_str(&r->key)))
        return tl_free(r);
    return r;
}

static void drop(struct tl_map *m, struct record *r)
{
    tl_map_remove(m, &r->entry);
    tl_free(r);
}

/* ---- answers ---- */

struct answer {
    enum { DONE, REDEEMED, ADOPTED, EXIST } kind;
    union {
        store_done_fn *done;
        store_redeem_fn *redeem;
        store_adopt_fn *adopt;
        store_exist_fn *exist;
    };
    void *arg;
    int err;
    struct store_redeemed got;
    struct store_adopted *rows;
    size_t n;
    bool *there;
};

static void deliver(void *arg)
{
    struct answer a = *(struct answer *)arg;

    tl_free(arg);
    switch (a.kind) {
    case DONE: a.done(a.arg, a.err); break;
    case REDEEMED: a.redeem(a.arg, a.err, a.err ? NULL : &a.got); break;
    case ADOPTED: a.adopt(a.arg, a.err, a.rows, a.n); break;
    case EXIST: a.exist(a.arg, a.err, a.there); break;
    }
    tl_free(a.rows);
    tl_free(a.there);
}

static int later(struct store *s, const struct answer *a)
{
    struct answer *kept = tl_alloc(1, sizeof(*kept));
    int err;

    if (!kept)
        return -ENOMEM;
    *kept = *a;
    err = tl_loop_defer(self(s)->loop, deliver, kept);
    if (err)
        tl_free(kept);
    return err;
}

static int done_later(struct store *s, store_done_fn *done, void *arg, int err)
{
    return later(s, &(struct answer){.kind = DONE, .done = done, .arg = arg, .err = err});
}

/* ---- the operations ---- */

static int memory_ticket(struct store *s, struct tl_str ticket, const struct who *w,
                         store_done_fn *done, void *arg)
{
    struct record *r;

    if (self(s)->broken)
        return -EAGAIN;
    r = put(&self(s)->shared->tickets, ticket);
    if (!r)
        return -ENOMEM;
    r->who = *w;
    r->until = self(s)->shared->now + TICKET_LIFE;
    return done_later(s, done, arg, 0);
}

static int memory_ticket_resume(struct store *s, struct tl_str ticket, struct tl_str session,
                                store_done_fn *done, void *arg)
{
    struct record *old, *r;

    if (self(s)->broken)
        return -EAGAIN;
    old = find(&self(s)->shared->sessions, session);
    if (!old || old->over)
        return done_later(s, done, arg, -ENOENT);
    r = put(&self(s)->shared->tickets, ticket);
    if (!r)
        return -ENOMEM;
    r->who = old->who;
    r->known = true;
    r->until = self(s)->shared->now + TICKET_LIFE;
    return done_later(s, done, arg, 0);
}

static int memory_redeem(struct store *s, struct tl_str ticket, store_redeem_fn *done, void *arg)
{
    struct store_shared *m = self(s)->shared;
    struct answer a = {.kind = REDEEMED, .redeem = done, .arg = arg, .err = -ENOENT};
    struct record *t, *x;

    if (self(s)->broken)
        return -EAGAIN;
    t = find(&m->tickets, ticket);
    x = t ? find(&m->sessions, tl_id_str(&t->who.session)) : NULL;
    if (t && m->now < t->until && (!t->known || (x && !x->over))) {
        a.err = 0;
        a.got.who = t->who;
        a.got.known = t->known;
        if (x)
            a.got.gateway = x->gateway;
        x = put(&m->sessions, tl_id_str(&t->who.session));
        if (!x)
            return -ENOMEM;
        x->who = t->who;
        x->gateway = self(s)->gateway;
    }
    if (t)
        drop(&m->tickets, t);
    return later(s, &a);
}

static int memory_over(struct store *s, struct tl_str session)
{
    struct record *r = find(&self(s)->shared->sessions, session);

    if (self(s)->broken)
        return -EAGAIN;
    if (r && tl_id_eq(&r->gateway, &self(s)->gateway))
        r->over = true;
    return 0;
}

static int memory_forget(struct store *s, struct tl_str session)
{
    struct record *r = find(&self(s)->shared->sessions, session);

    if (self(s)->broken)
        return -EAGAIN;
    if (r && tl_id_eq(&r->gateway, &self(s)->gateway))
        drop(&self(s)->shared->sessions, r);
    return 0;
}

static int memory_beat(struct store *s, store_done_fn *done, void *arg)
{
    struct store_memory *x = self(s);
    struct tl_entry *e = tl_map_find(&x->shared->gateways, tl_id_str(&x->gateway));
    struct beat *b = e ? TL_CONTAINER(e, struct beat, entry) : NULL;
    bool known = b != NULL;

    if (x->broken)
        return -EAGAIN;
    if (!b) {
        b = tl_alloc(1, sizeof(*b));
        if (!b)
            return -ENOMEM;
        b->gateway = x->gateway;
        if (tl_map_add(&x->shared->gateways, &b->entry, tl_id_str(&b->gateway))) {
            tl_free(b);
            return -ENOMEM;
        }
    }
    b->at = x->shared->now;
    return done_later(s, done, arg, known ? 0 : -ENOENT);
}

static int memory_save(struct store *s, const struct who *w)
{
    struct record *r;

    if (self(s)->broken)
        return -EAGAIN;
    r = put(&self(s)->shared->sessions, tl_id_str(&w->session));
    if (!r)
        return -ENOMEM;
    r->who = *w;
    r->gateway = self(s)->gateway;
    return 0;
}

static struct beat *silent_one(struct store_memory *x)
{
    const struct tl_map *m = &x->shared->gateways;

    for (struct tl_entry *e = tl_map_next(m, NULL); e; e = tl_map_next(m, e)) {
        struct beat *b = TL_CONTAINER(e, struct beat, entry);
        if (x->shared->now - b->at >= STORE_SILENT_AFTER && !tl_id_eq(&b->gateway, &x->gateway))
            return b;
    }
    return NULL;
}

static int memory_adopt(struct store *s, store_adopt_fn *done, void *arg)
{
    struct store_memory *x = self(s);
    struct answer a = {.kind = ADOPTED, .adopt = done, .arg = arg};
    struct beat *dead = silent_one(x);

    if (x->broken)
        return -EAGAIN;
    if (dead) {
        const struct tl_map *m = &x->shared->sessions;
        a.rows = tl_alloc(STORE_ADOPT_MAX, sizeof(*a.rows));
        if (!a.rows)
            return -ENOMEM;
        for (struct tl_entry *e = tl_map_next(m, NULL); e && a.n < STORE_ADOPT_MAX;
             e = tl_map_next(m, e)) {
            struct record *r = TL_CONTAINER(e, struct record, entry);
            if (!tl_id_eq(&r->gateway, &dead->gateway))
                continue;
            r->gateway = x->gateway;
            a.rows[a.n].who = r->who;
            a.rows[a.n++].away = x->shared->now - dead->at;
        }
        if (!a.n) {
            tl_map_remove(&x->shared->gateways, &dead->entry);
            tl_free(dead);
        }
    }
    return later(s, &a);
}

static int memory_exist(struct store *s, const struct tl_id *sessions, size_t n,
                        store_exist_fn *done, void *arg)
{
    struct answer a = {.kind = EXIST, .exist = done, .arg = arg};
    int err;

    if (self(s)->broken)
        return -EAGAIN;
    a.there = tl_alloc(n, sizeof(*a.there));
    if (!a.there)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        a.there[i] = find(&self(s)->shared->sessions, tl_id_str(&sessions[i])) != NULL;
    err = later(s, &a);
    if (err)
        tl_free(a.there);
    return err;
}

static struct store *memory_free(struct store *s)
{
    tl_free(s);
    return NULL;
}

static const struct store_ops ops = {
    .free = memory_free,
    .ticket = memory_ticket,
    .ticket_resume = memory_ticket_resume,
    .redeem = memory_redeem,
    .over = memory_over,
    .forget = memory_forget,
    .beat = memory_beat,
    .save = memory_save,
    .adopt = memory_adopt,
    .exist = memory_exist,
};

int store_memory_new(struct store **ret, struct tl_loop *loop, struct store_shared *m,
                     struct tl_str gateway)
{
    struct store_memory *x = tl_alloc(1, sizeof(*x));

    if (!x)
        return -ENOMEM;
    x->base.ops = &ops;
    x->loop = loop;
    x->shared = m;
    tl_str_put(x->gateway.s, sizeof(x->gateway.s), gateway);
    *ret = &x->base;
    return 0;
}

void store_memory_break(struct store *s, bool on)
{
    self(s)->broken = on;
}
