/* The store for tests: the same promises as Redis, kept in lists; answers come with the loop's next
 * turn.  Several cores may share one, to fight for it. */
#include "store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tl_list.h>
#include <tl_mem.h>

struct row {
    struct tl_link link;
    char kind; /* 'a', 'c', 'e' */
    char key[64];
    size_t n;
    char data[];
};

struct call {
    struct tl_link link;
    struct store_memory *s;
    store_done_fn *done;
    store_own_fn *own;
    void *arg;
    int err;
    uint64_t epoch;
};

struct store_memory {
    struct store store;
    struct tl_loop *loop;
    struct tl_list rows, calls;
    uint64_t epoch, batch;
    char owner[TL_ID_MAX + 1], holder[TL_ID_MAX + 1];
    bool empty; /* never owned, or flushed */
    bool mute;  /* answers wait */
    int fail;   /* what the next calls answer; 0: they work */
    unsigned users;
};

static struct store_memory *of(const struct store *s)
{
    return TL_CONTAINER(s, struct store_memory, store);
}

static struct row *find(const struct store_memory *s, char kind, const char *key)
{
    tl_list_for_each (&s->rows, k) {
        struct row *r = TL_CONTAINER(k, struct row, link);
        if (r->kind == kind && strcmp(r->key, key) == 0)
            return r;
    }
    return NULL;
}

/* Plain malloc: a test's allocation failures are meant for the code under test. */
static void drop(struct store_memory *s, struct row *r)
{
    if (!r)
        return;
    tl_list_remove(&s->rows, &r->link);
    free(r);
}

static void put(struct store_memory *s, char kind, struct tl_str key, struct tl_str data)
{
    struct row *r = calloc(1, sizeof(*r) + data.n);

    r->kind = kind;
    (void)tl_str_put(r->key, sizeof(r->key), key);
    r->n = data.n;
    memcpy(r->data, data.s, data.n);
    if (kind != 'e')
        drop(s, find(s, kind, r->key));
    tl_list_append(&s->rows, &r->link);
}

static void drop_key(struct store_memory *s, char kind, struct tl_str key)
{
    char name[64];

    (void)tl_str_put(name, sizeof(name), key);
    drop(s, find(s, kind, name));
}

/* ---- answers in the next turn ---- */

static void answer(void *arg)
{
    struct call *c = arg;
    struct call copy = *c;

    tl_list_remove(&c->s->calls, &c->link);
    free(c);
    if (copy.own)
        copy.own(copy.arg, copy.err, copy.epoch);
    else
        copy.done(copy.arg, copy.err);
}

static void later(struct store_memory *s, store_done_fn *done, store_own_fn *own, void *arg,
                  int err)
{
    struct call *c = calloc(1, sizeof(*c));

    *c = (struct call){.s = s, .done = done, .own = own, .arg = arg, .err = err, .epoch = s->epoch};
    tl_list_append(&s->calls, &c->link);
    if (!s->mute)
        (void)tl_loop_defer(s->loop, answer, c); /* no memory: the test sees it */
}

static int failing(struct store_memory *s)
{
    return s->fail;
}

/* ---- the promises ---- */

static void memory_own(struct store *store, const struct store_claim *claim, store_row_fn *row,
                       store_own_fn *done, void *arg)
{
    struct store_memory *s = of(store);
    static const char kinds[] = {'a', 'c', 'e'};
    int err = failing(s);

    if (!err && s->holder[0] && strcmp(s->holder, claim->instance) != 0)
        err = -EBUSY;
    if (!err && (s->empty || !s->epoch) && !claim->empty_too)
        err = -ENODATA;
    if (!err) {
        s->epoch = TL_HIGHER(s->epoch, claim->at_least) + 1;
        s->batch = 0;
        s->empty = false;
        (void)snprintf(s->holder, sizeof(s->holder), "%s", claim->instance);
        (void)snprintf(s->owner, sizeof(s->owner), "%s", claim->instance);
        for (unsigned i = 0; i < sizeof(kinds); i++)
            tl_list_for_each (&s->rows, k) {
                struct row *r = TL_CONTAINER(k, struct row, link);
                if (r->kind == kinds[i])
                    row(arg, r->kind, tl_str(r->key), (struct tl_str){r->data, r->n});
            }
    }
    later(s, NULL, done, arg, err);
}

static void memory_keep(struct store *store, const char *instance, tl_dur lease,
                        store_done_fn *done, void *arg)
{
    struct store_memory *s = of(store);
    int err = failing(s);

    TL_UNUSED(lease);
    if (!err && s->holder[0] && strcmp(s->holder, instance) != 0)
        err = -ESTALE;
    else if (!err && s->empty)
        err = -ENODATA;
    later(s, done, NULL, arg, err);
}

static void memory_leave(struct store *store, const char *instance, store_done_fn *done, void *arg)
{
    struct store_memory *s = of(store);

    if (strcmp(s->holder, instance) == 0)
        s->holder[0] = '\0';
    later(s, done, NULL, arg, 0);
}

static void apply(struct store_memory *s, const struct store_batch *b)
{
    char entry[44];

    for (size_t i = 0; i < b->n_forget; i++)
        drop_key(s, 'c', b->forget[i]);
    for (size_t i = 0; i < b->n_contacts; i++)
        put(s, 'c', b->contacts[2 * i], b->contacts[2 * i + 1]);
    for (size_t i = 0; i < b->n_agents; i++)
        put(s, 'a', b->agents[2 * i], b->agents[2 * i + 1]);
    for (size_t i = 0; i < b->n_gone; i++)
        drop_key(s, 'a', b->gone[i]);
    for (size_t i = 0; i < b->n_events; i++) {
        store_entry(entry, b->epoch, b->number, i);
        put(s, 'e', tl_str(entry), b->events[i]);
    }
    s->batch = b->number;
}

static void memory_commit(struct store *store, const struct store_batch *b, store_done_fn *done,
                          void *arg)
{
    struct store_memory *s = of(store);
    int err = failing(s);

    if (!err && s->empty)
        err = -ENODATA;
    if (!err && b->epoch != s->epoch)
        err = -ESTALE;
    if (!err && b->number > s->batch)
        apply(s, b);
    later(s, done, NULL, arg, err);
}

static void memory_published(struct store *store, const struct tl_str *entries, size_t n)
{
    struct store_memory *s = of(store);
    char name[64];

    for (size_t i = 0; i < n; i++) {
        struct row *r;
        (void)tl_str_put(name, sizeof(name), entries[i]);
        while ((r = find(s, 'e', name)))
            drop(s, r);
    }
}

static struct store *memory_close(struct store *store)
{
    struct store_memory *s = store ? of(store) : NULL;

    if (!s || --s->users > 0)
        return NULL;
    store_memory_flush(store);
    tl_list_for_each (&s->calls, k)
        free(TL_CONTAINER(k, struct call, link));
    free(s);
    return NULL;
}

static const struct store_ops ops = {
    .own = memory_own,
    .keep = memory_keep,
    .leave = memory_leave,
    .commit = memory_commit,
    .published = memory_published,
    .close = memory_close,
};

int store_memory_open(struct store **ret, struct tl_loop *loop)
{
    struct store_memory *s = calloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->store.ops = &ops;
    s->loop = loop;
    s->users = 1;
    s->empty = true;
    s->epoch = 100;
    tl_list_init(&s->rows);
    tl_list_init(&s->calls);
    *ret = &s->store;
    return 0;
}

struct store *store_memory_share(struct store *store)
{
    of(store)->users++;
    return store;
}

void store_memory_fail(struct store *store, int err)
{
    of(store)->fail = err;
}

void store_memory_mute(struct store *store, bool mute)
{
    struct store_memory *s = of(store);

    if (s->mute && !mute)
        tl_list_for_each (&s->calls, k)
            (void)tl_loop_defer(s->loop, answer, TL_CONTAINER(k, struct call, link));
    s->mute = mute;
}

void store_memory_flush(struct store *store)
{
    struct store_memory *s = of(store);

    tl_list_for_each (&s->rows, k)
        drop(s, TL_CONTAINER(k, struct row, link));
    s->empty = true;
    s->epoch = s->batch = 0;
    s->holder[0] = s->owner[0] = '\0';
}

void store_memory_end_lease(struct store *store)
{
    of(store)->holder[0] = '\0';
}

size_t store_memory_count(const struct store *store, char kind)
{
    size_t n = 0;

    tl_list_for_each (&of(store)->rows, k)
        n += TL_CONTAINER(k, struct row, link)->kind == kind;
    return n;
}
