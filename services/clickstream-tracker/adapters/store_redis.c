/*
 * Visits in Redis.  clickstream:visit:<visitor> holds "<version>:<bytes>" and goes with its idle
 * time; clickstream:visitor:<visitor> holds what is remembered for longer.  A save is one script:
 * it writes both only if the version is still the one that was read, else it answers what is there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <tl_mem.h>
#include <tl_metrics.h>

#include "store_ops.h"

struct redis_store {
    struct clickstream_store base;
    struct tl_redis *redis;
    tl_dur visit_ttl, visitor_ttl;
};

struct call {
    clickstream_store_fn *fn;
    void *arg;
    bool saving;
};

static struct tl_script save_script = {
    .text = "local now = redis.call('GET', KEYS[1])\n"
            "local version = now and string.match(now, '^(%d+):') or '0'\n"
            "if version ~= ARGV[1] then return {now, redis.call('GET', KEYS[2])} end\n"
            "redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])\n"
            "redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])\n"
            "return 'OK'",
};

static struct tl_str text_of(const redisReply *r)
{
    if (r->type != REDIS_REPLY_STRING)
        return (struct tl_str){0};
    return (struct tl_str){r->str, r->len};
}

/* "<version>:<bytes>"; to what is none of ours the script gives version 0, and so it is written
 * over. */
static int read_record(struct clickstream_record *ret, const redisReply *reply)
{
    struct tl_str visit, number;
    int64_t version;

    *ret = (struct clickstream_record){0};
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return -EIO;
    visit = text_of(reply->element[0]);
    ret->visitor = text_of(reply->element[1]);
    if (!visit.n)
        return 0;
    if (!tl_str_split(&visit, ':', &number) || tl_str_int(number, 1, INT64_MAX, &version)) {
        tl_bad_input("redis", "record");
        return 0;
    }
    ret->version = (uint64_t)version;
    ret->visit = visit;
    return 0;
}

static void on_reply(void *arg, int err, redisReply *reply)
{
    struct call *c = arg;
    struct clickstream_record r = {0};

    if (!err && c->saving && reply->type != REDIS_REPLY_ARRAY)
        err = 0; /* "OK" */
    else if (!err) {
        err = read_record(&r, reply);
        if (!err && c->saving)
            err = -EEXIST;
    }
    c->fn(c->arg, err, err && err != -EEXIST ? NULL : &r);
    tl_free(c);
}

static int call_new(struct call **ret, bool saving, clickstream_store_fn *fn, void *arg)
{
    struct call *c = tl_alloc(1, sizeof(*c));

    if (!c)
        return -ENOMEM;
    *c = (struct call){.fn = fn, .arg = arg, .saving = saving};
    *ret = c;
    return 0;
}

static int redis_load(struct clickstream_store *base, const struct tl_id *visitor,
                      clickstream_store_fn *fn, void *arg)
{
    struct redis_store *s = (struct redis_store *)base;
    struct call *c = NULL;
    int err = call_new(&c, false, fn, arg);

    if (err)
        return err;
    err = tl_redis_cmd(s->redis, on_reply, c, "MGET clickstream:visit:%s clickstream:visitor:%s",
                       visitor->s, visitor->s);
    if (err)
        tl_free(c);
    return err;
}

static int redis_save(struct clickstream_store *base, const struct tl_id *visitor,
                      const struct clickstream_record *r, clickstream_store_fn *fn, void *arg)
{
    struct redis_store *s = (struct redis_store *)base;
    struct tl_buf value = TL_BUF(1024 * 1024);
    char visit_key[80], visitor_key[80], version[24], visit_ms[24], visitor_ms[24];
    struct call *c = NULL;
    int err = call_new(&c, true, fn, arg);

    if (err)
        return err;
    snprintf(visit_key, sizeof(visit_key), "clickstream:visit:%s", visitor->s);
    snprintf(visitor_key, sizeof(visitor_key), "clickstream:visitor:%s", visitor->s);
    snprintf(version, sizeof(version), "%" PRIu64, r->version);
    snprintf(visit_ms, sizeof(visit_ms), "%" PRId64, s->visit_ttl / 1000);
    snprintf(visitor_ms, sizeof(visitor_ms), "%" PRId64, s->visitor_ttl / 1000);
    (void)tl_buf_printf(&value, "%" PRIu64 ":", r->version + 1); /* value.err tells */
    err = tl_buf_add(&value, r->visit.s, r->visit.n);
    if (!err) {
        const char *argv[] = {visit_key, visitor_key, version,
                              value.p,   visit_ms,    r->visitor.n ? r->visitor.s : "",
                              visitor_ms};
        const size_t len[] = {strlen(visit_key), strlen(visitor_key), strlen(version),   value.n,
                              strlen(visit_ms),  r->visitor.n,        strlen(visitor_ms)};

        err = tl_redis_eval(s->redis, &save_script, on_reply, c, 2, TL_LEN(argv), argv, len);
    }
    tl_buf_done(&value);
    if (err)
        tl_free(c);
    return err;
}

static void redis_free(struct clickstream_store *base)
{
    tl_free(base);
}

int clickstream_store_redis(struct clickstream_store **ret, struct tl_redis *redis,
                            tl_dur visit_ttl, tl_dur visitor_ttl)
{
    static const struct clickstream_store_ops ops = {redis_free, redis_load, redis_save};
    struct redis_store *s = tl_alloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    *s = (struct redis_store){
        .base = {&ops}, .redis = redis, .visit_ttl = visit_ttl, .visitor_ttl = visitor_ttl};
    *ret = &s->base;
    return 0;
}
