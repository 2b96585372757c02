/*
 * The store without Redis, for tests, with a clock that the test moves.
 */
#include "adapters/store.h"
#include <tl_mem.h>

#define MOST 64

struct room_row {
    struct room_names names;
    struct tl_id life; /* the first customer's ticket: no other room of the contact has it */
    tl_time until;
};

struct ticket_row {
    struct tl_id ticket, contact, life, agent;
    enum room_role role;
    tl_time until;
};

struct store_memory {
    struct store base;
    struct tl_loop *loop;
    struct room_row rooms[MOST];
    struct ticket_row tickets[MOST];
    tl_time now;
    bool broken;
};

struct answer {
    store_done_fn *done;
    store_redeem_fn *redeem;
    void *arg;
    int err;
    enum room_role role;
    struct room_names names;
};

static struct store_memory *self(struct store *s)
{
    return TL_CONTAINER(s, struct store_memory, base);
}

static void deliver(void *arg)
{
    struct answer a = *(struct answer *)arg;

    tl_free(arg);
    if (a.done)
        a.done(a.arg, a.err);
    else
        a.redeem(a.arg, a.err, a.role, &a.names);
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

/* The row of a contact, or with contact empty one that is free. */
static struct room_row *room_row(struct store_memory *x, const char *contact)
{
    for (size_t i = 0; i < MOST; i++) {
        struct room_row *r = &x->rooms[i];
        bool used = r->names.contact.s[0] && x->now < r->until;
        if (contact[0] ? used && strcmp(r->names.contact.s, contact) == 0 : !used)
            return r;
    }
    return NULL;
}

static bool keep_ticket(struct store_memory *x, const struct room_row *r,
                        const struct tl_id *ticket, enum room_role role)
{
    for (size_t i = 0; i < MOST; i++) {
        struct ticket_row *t = &x->tickets[i];
        if (!tl_id_empty(&t->ticket) && x->now < t->until)
            continue;
        *t = (struct ticket_row){.ticket = *ticket,
                                 .contact = r->names.contact,
                                 .life = r->life,
                                 .agent = r->names.agent,
                                 .role = role,
                                 .until = x->now + TICKET_LIFE};
        return true;
    }
    return false;
}

static int memory_open(struct store *s, const struct room_names *names,
                       const struct tl_id tickets[ROOM_ROLES], tl_dur life, store_done_fn *done,
                       void *arg)
{
    struct store_memory *x = self(s);
    struct room_row *known = room_row(x, names->contact.s), *r = known ? known : room_row(x, "");

    if (x->broken)
        return -EAGAIN;
    if (!r)
        return -ENOMEM;
    *r = (struct room_row){*names, known ? known->life : tickets[ROOM_CUSTOMER], x->now + life};
    if (!keep_ticket(x, r, &tickets[ROOM_CUSTOMER], ROOM_CUSTOMER) ||
        !keep_ticket(x, r, &tickets[ROOM_AGENT], ROOM_AGENT))
        return -ENOMEM;
    return later(s, &(struct answer){.done = done, .arg = arg});
}

static int memory_close(struct store *s, const struct tl_id *contact, store_done_fn *done,
                        void *arg)
{
    struct room_row *r = room_row(self(s), contact->s);

    if (self(s)->broken)
        return -EAGAIN;
    if (r)
        *r = (struct room_row){0};
    return later(s, &(struct answer){.done = done, .arg = arg});
}

static int memory_redeem(struct store *s, struct tl_str ticket, store_redeem_fn *done, void *arg)
{
    struct store_memory *x = self(s);
    struct answer a = {.redeem = done, .arg = arg, .err = -ENOENT};

    if (x->broken)
        return -EAGAIN;
    for (size_t i = 0; i < MOST; i++) {
        struct ticket_row *t = &x->tickets[i];
        struct room_row *r;
        if (tl_id_empty(&t->ticket) || x->now >= t->until ||
            !tl_str_eq(tl_id_str(&t->ticket), ticket))
            continue;
        r = room_row(x, t->contact.s);
        if (r && tl_id_eq(&r->life, &t->life) && tl_id_eq(&r->names.agent, &t->agent)) {
            a.err = 0;
            a.role = t->role;
            a.names = r->names;
        }
        *t = (struct ticket_row){0};
        break;
    }
    return later(s, &a);
}

static struct store *memory_free(struct store *s)
{
    tl_free(s);
    return NULL;
}

static const struct store_ops ops = {
    .free = memory_free, .open = memory_open, .close = memory_close, .redeem = memory_redeem};

int store_memory_new(struct store **ret, struct tl_loop *loop)
{
    struct store_memory *x = tl_alloc(1, sizeof(*x));

    if (!x)
        return -ENOMEM;
    x->base.ops = &ops;
    x->loop = loop;
    *ret = &x->base;
    return 0;
}

void store_memory_break(struct store *s, bool on)
{
    self(s)->broken = on;
}

void store_memory_wait(struct store *s, tl_dur d)
{
    self(s)->now += d;
}
