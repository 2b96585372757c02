/* Visits in memory, for tests; also the doors that both implementations share. */
#include <tl_map.h>
#include <tl_mem.h>

#include "store_ops.h"

struct kept {
    struct tl_entry entry;
    struct tl_id visitor;
    uint64_t version;
    struct tl_buf visit, about;
};

struct memory_store {
    struct clickstream_store base;
    struct tl_loop *loop;
    struct tl_map map;
    int failing;
};

struct call {
    struct memory_store *s;
    struct tl_id visitor;
    clickstream_store_fn *fn;
    void *arg;
    int err;
    struct clickstream_record then; /* as it was when the call was made, */
    struct tl_buf visit, about;     /* as with a server: it points into these */
};

struct clickstream_store *clickstream_store_free(struct clickstream_store *s)
{
    if (s)
        s->ops->free(s);
    return NULL;
}

int clickstream_store_load(struct clickstream_store *s, const struct tl_id *visitor,
                           clickstream_store_fn *fn, void *arg)
{
    return s->ops->load(s, visitor, fn, arg);
}

int clickstream_store_save(struct clickstream_store *s, const struct tl_id *visitor,
                           const struct clickstream_record *r, clickstream_store_fn *fn, void *arg)
{
    return s->ops->save(s, visitor, r, fn, arg);
}

static struct kept *find(struct memory_store *s, const struct tl_id *visitor)
{
    struct tl_entry *e = tl_map_find(&s->map, tl_id_str(visitor));

    return e ? TL_CONTAINER(e, struct kept, entry) : NULL;
}

static struct call *call_free(struct call *c)
{
    if (c) {
        tl_buf_done(&c->visit);
        tl_buf_done(&c->about);
    }
    return tl_free(c);
}

static void answer(void *arg)
{
    struct call *c = arg;

    c->fn(c->arg, c->err, &c->then);
    call_free(c);
}

static int copy_record(struct call *c, const struct kept *k)
{
    int err = 0;

    c->visit = c->about = TL_BUF(1024 * 1024);
    if (!k)
        return 0;
    if (k->visit.n)
        err = tl_buf_add(&c->visit, k->visit.p, k->visit.n);
    if (!err && k->about.n)
        err = tl_buf_add(&c->about, k->about.p, k->about.n);
    c->then = (struct clickstream_record){
        .version = k->version, .visit = tl_buf_str(&c->visit), .visitor = tl_buf_str(&c->about)};
    return err;
}

static int answer_later(struct memory_store *s, const struct tl_id *visitor, int err,
                        clickstream_store_fn *fn, void *arg)
{
    struct call *c = tl_alloc(1, sizeof(*c));
    int failed;

    if (!c)
        return -ENOMEM;
    *c = (struct call){.s = s, .visitor = *visitor, .fn = fn, .arg = arg, .err = err};
    failed = copy_record(c, find(s, visitor));
    if (!failed)
        failed = tl_loop_defer(s->loop, answer, c);
    if (failed)
        call_free(c);
    return failed;
}

static bool failing(struct memory_store *s)
{
    return s->failing > 0 && s->failing--;
}

static int memory_load(struct clickstream_store *base, const struct tl_id *visitor,
                       clickstream_store_fn *fn, void *arg)
{
    struct memory_store *s = (struct memory_store *)base;

    return failing(s) ? -EAGAIN : answer_later(s, visitor, 0, fn, arg);
}

static struct kept *kept_new(struct memory_store *s, const struct tl_id *visitor)
{
    struct kept *k = tl_alloc(1, sizeof(*k));

    if (!k)
        return NULL;
    k->visitor = *visitor;
    k->visit = k->about = TL_BUF(1024 * 1024);
    if (tl_map_add(&s->map, &k->entry, tl_id_str(&k->visitor)))
        return tl_free(k);
    return k;
}

static int memory_save(struct clickstream_store *base, const struct tl_id *visitor,
                       const struct clickstream_record *r, clickstream_store_fn *fn, void *arg)
{
    struct memory_store *s = (struct memory_store *)base;
    struct kept *k = find(s, visitor);

    if (failing(s))
        return -EAGAIN;
    if (r->version != (k ? k->version : 0))
        return answer_later(s, visitor, -EEXIST, fn, arg);
    if (!k)
        k = kept_new(s, visitor);
    if (!k)
        return -ENOMEM;
    k->version = r->version + 1;
    tl_buf_clear(&k->visit);
    tl_buf_clear(&k->about);
    if (tl_buf_add(&k->visit, r->visit.s, r->visit.n) ||
        (r->visitor.n && tl_buf_add(&k->about, r->visitor.s, r->visitor.n)))
        return -ENOMEM;
    return answer_later(s, visitor, 0, fn, arg);
}

static void memory_free(struct clickstream_store *base)
{
    struct memory_store *s = (struct memory_store *)base;
    struct tl_entry *e;

    while ((e = tl_map_next(&s->map, NULL))) {
        struct kept *k = TL_CONTAINER(e, struct kept, entry);

        tl_map_remove(&s->map, e);
        tl_buf_done(&k->visit);
        tl_buf_done(&k->about);
        tl_free(k);
    }
    tl_map_done(&s->map);
    tl_free(s);
}

int clickstream_store_memory(struct clickstream_store **ret, struct tl_loop *loop)
{
    static const struct clickstream_store_ops ops = {memory_free, memory_load, memory_save};
    struct memory_store *s = tl_alloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->base.ops = &ops;
    s->loop = loop;
    *ret = &s->base;
    return 0;
}

void clickstream_store_break(struct clickstream_store *s, int n)
{
    ((struct memory_store *)s)->failing = n;
}
