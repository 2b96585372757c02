/*
 * Redis as the ACD's store.  Keys of a partition, in one hash slot:
 *   acd:{p0}:lease     instance, with an expiry: who may take ownership (never the proof of it)
 *   acd:{p0}:owner     epoch, instance, batch: the fence; every commit compares the epoch
 *   acd:{p0}:contacts  id -> StoredContact        acd:{p0}:agents  id -> StoredAgent
 *   acd:{p0}:outbox    stream, one entry (see store_entry()) per commit and 1000 AcdEvents
 * One commit is one script call, however many facts it carries.
 */
#include "store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>

#define PAGE "2000"

enum key { KEY_LEASE, KEY_OWNER, KEY_CONTACTS, KEY_AGENTS, KEY_OUTBOX, KEYS };

struct store_redis {
    struct store store;
    struct tl_loop *loop;
    struct tl_redis *redis;
    char keys[KEYS][80];
    /* one commit under way */
    store_done_fn *commit_done;
    void *commit_arg;
    const char **argv;
    size_t *argvlen;
    size_t argv_cap;
    /* one take-over under way */
    store_row_fn *row;
    store_own_fn *own_done;
    void *own_arg;
    uint64_t epoch;
    enum key scanning;
    store_done_fn *keep_done;
    void *keep_arg;
    store_done_fn *leave_done;
    void *leave_arg;
};

static struct tl_script own_script = {
    .text = "local holder = redis.call('GET', KEYS[1]) "
            "if holder and holder ~= ARGV[1] then return 0 end "
            "local was = redis.call('HGET', KEYS[2], 'epoch') "
            "if not was and ARGV[5] == '0' then return -1 end "
            "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) "
            "local epoch = tonumber(was or ARGV[4]) "
            "epoch = math.max(epoch, tonumber(ARGV[3])) + 1 "
            "redis.call('HSET', KEYS[2], 'epoch', string.format('%.0f', epoch), "
            "           'instance', ARGV[1], 'batch', 0) "
            "return epoch"};

static struct tl_script keep_script = {
    .text = "local holder = redis.call('GET', KEYS[1]) "
            "if holder and holder ~= ARGV[1] then return 0 end "
            "if redis.call('HGET', KEYS[2], 'instance') ~= ARGV[1] then return -1 end "
            "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1"};

static struct tl_script leave_script = {
    .text =
        "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 1"};

static struct tl_script commit_script = {
    .text = "local was = redis.call('HMGET', KEYS[1], 'epoch', 'batch') "
            "if not was[1] then return 'EMPTY' end "
            "if was[1] ~= ARGV[1] then return 'FENCED' end "
            "if tonumber(was[2]) >= tonumber(ARGV[2]) then return 'DONE' end "
            "local at = 8 "
            "local function take(n, command, key, more) "
            "    local last = at + n - 1 "
            "    while at <= last do "
            "        local to = math.min(last, at + 3999) "
            "        if more then redis.call(command, key, more, unpack(ARGV, at, to)) "
            "        else redis.call(command, key, unpack(ARGV, at, to)) end "
            "        at = to + 1 "
            "    end "
            "end "
            "take(tonumber(ARGV[3]), 'HDEL', KEYS[2]) "
            "take(tonumber(ARGV[4]) * 2, 'HSET', KEYS[2]) "
            "take(tonumber(ARGV[5]) * 2, 'HSET', KEYS[3]) "
            "take(tonumber(ARGV[6]), 'HDEL', KEYS[3]) "
            "local first, last, part = at, at + tonumber(ARGV[7]) - 1, 0 "
            "while first <= last do "
            "    local fields, to = {}, math.min(last, first + 999) "
            "    for i = first, to do fields[#fields + 1] = 'e' fields[#fields + 1] = ARGV[i] end "
            "    redis.call('XADD', KEYS[4], "
            "        ARGV[1] .. '-' .. string.format('%.0f', tonumber(ARGV[2]) * 1000 + part), "
            "        unpack(fields)) "
            "    first, part = to + 1, part + 1 "
            "end "
            "redis.call('HSET', KEYS[1], 'batch', ARGV[2]) "
            "return 'OK'"};

void store_entry(char out[44], uint64_t epoch, uint64_t number, size_t event)
{
    (void)snprintf(out, 44, "%llu-%llu", (unsigned long long)epoch,
                   (unsigned long long)(number * 1000 + event / STORE_ENTRY_EVENTS));
}

static struct store_redis *of(struct store *s)
{
    return TL_CONTAINER(s, struct store_redis, store);
}

/* ---- commit ---- */

static int argv_room(struct store_redis *s, size_t n)
{
    if (n <= s->argv_cap)
        return 0;
    const char **argv = tl_resize(s->argv, n * 2, sizeof(*argv));
    if (argv)
        s->argv = argv;
    size_t *len = tl_resize(s->argvlen, n * 2, sizeof(*len));
    if (len)
        s->argvlen = len;
    if (!argv || !len)
        return -ENOMEM;
    s->argv_cap = n * 2;
    return 0;
}

static void on_commit(void *arg, int err, redisReply *reply)
{
    struct store_redis *s = arg;
    int out = -EAGAIN;

    if (!err && reply->type == REDIS_REPLY_STRING) {
        if (strcmp(reply->str, "OK") == 0 || strcmp(reply->str, "DONE") == 0)
            out = 0;
        else
            out = strcmp(reply->str, "FENCED") == 0 ? -ESTALE : -ENODATA;
    } else if (err == -EIO && tl_log_allow("acd commit")) {
        tl_error("redis refused a commit", TL_S("reply", reply->str));
    }
    s->commit_done(s->commit_arg, out);
}

static size_t put_all(struct store_redis *s, size_t at, const struct tl_str *list, size_t n)
{
    for (size_t i = 0; i < n; i++, at++) {
        s->argv[at] = list[i].s;
        s->argvlen[at] = list[i].n;
    }
    return at;
}

/* fn must not run inside commit(): a failure to send is told by the next turn of the loop. */
static void commit_unsent(void *arg)
{
    struct store_redis *s = arg;

    s->commit_done(s->commit_arg, -EAGAIN);
}

static void redis_commit(struct store *store, const struct store_batch *b, store_done_fn *done,
                         void *arg)
{
    struct store_redis *s = of(store);
    size_t n = 4 + 7 + b->n_forget + 2 * b->n_contacts + 2 * b->n_agents + b->n_gone + b->n_events;
    char numbers[7][24];
    const uint64_t heads[7] = {b->epoch,    b->number, b->n_forget, b->n_contacts,
                               b->n_agents, b->n_gone, b->n_events};
    static const enum key keys[4] = {KEY_OWNER, KEY_CONTACTS, KEY_AGENTS, KEY_OUTBOX};
    size_t at = 0;
    int err;

    s->commit_done = done;
    s->commit_arg = arg;
    err = argv_room(s, n);
    if (!err) {
        for (int i = 0; i < 4; i++, at++) {
            s->argv[at] = s->keys[keys[i]];
            s->argvlen[at] = strlen(s->keys[keys[i]]);
        }
        for (int i = 0; i < 7; i++, at++) {
            s->argvlen[at] = (size_t)snprintf(numbers[i], sizeof(numbers[i]), "%llu",
                                              (unsigned long long)heads[i]);
            s->argv[at] = numbers[i];
        }
        at = put_all(s, at, b->forget, b->n_forget);
        at = put_all(s, at, b->contacts, 2 * b->n_contacts);
        at = put_all(s, at, b->agents, 2 * b->n_agents);
        at = put_all(s, at, b->gone, b->n_gone);
        at = put_all(s, at, b->events, b->n_events);
        err =
            tl_redis_eval(s->redis, &commit_script, on_commit, s, 4, (int)at, s->argv, s->argvlen);
    }
    if (err)
        (void)tl_loop_defer(s->loop, commit_unsent, s); /* no memory: by the timer */
}

/* ---- taking ownership ---- */

static void scan(struct store_redis *s, const char *cursor);

static void own_end(struct store_redis *s, int err)
{
    s->own_done(s->own_arg, err, s->epoch);
}

static void on_events(void *arg, int err, redisReply *reply)
{
    struct store_redis *s = arg;
    const char *last = NULL;

    if (err || reply->type != REDIS_REPLY_ARRAY) {
        own_end(s, -EAGAIN);
        return;
    }
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *entry = reply->element[i];
        if (entry->elements != 2 || entry->element[1]->type != REDIS_REPLY_ARRAY)
            continue;
        last = entry->element[0]->str;
        for (size_t k = 1; k < entry->element[1]->elements; k += 2) {
            const redisReply *e = entry->element[1]->element[k];
            s->row(s->own_arg, 'e', tl_str(last), (struct tl_str){e->str, e->len});
        }
    }
    if (!last) {
        own_end(s, 0);
        return;
    }
    if (tl_redis_cmd(s->redis, on_events, s, "XRANGE %s (%s + COUNT 100", s->keys[KEY_OUTBOX],
                     last))
        own_end(s, -EAGAIN);
}

static void on_scan(void *arg, int err, redisReply *reply)
{
    struct store_redis *s = arg;
    char kind = s->scanning == KEY_AGENTS ? 'a' : 'c';

    if (err || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) {
        own_end(s, -EAGAIN);
        return;
    }
    const redisReply *rows = reply->element[1];
    for (size_t i = 0; i + 1 < rows->elements; i += 2)
        s->row(s->own_arg, kind, (struct tl_str){rows->element[i]->str, rows->element[i]->len},
               (struct tl_str){rows->element[i + 1]->str, rows->element[i + 1]->len});
    if (strcmp(reply->element[0]->str, "0") != 0) {
        scan(s, reply->element[0]->str);
    } else if (s->scanning == KEY_AGENTS) {
        s->scanning = KEY_CONTACTS; /* contacts need their agents */
        scan(s, "0");
    } else if (tl_redis_cmd(s->redis, on_events, s, "XRANGE %s - + COUNT 100",
                            s->keys[KEY_OUTBOX])) {
        own_end(s, -EAGAIN);
    }
}

static void scan(struct store_redis *s, const char *cursor)
{
    if (tl_redis_cmd(s->redis, on_scan, s, "HSCAN %s %s COUNT " PAGE, s->keys[s->scanning], cursor))
        own_end(s, -EAGAIN);
}

static void on_own(void *arg, int err, redisReply *reply)
{
    struct store_redis *s = arg;

    s->epoch = 0;
    if (err || reply->type != REDIS_REPLY_INTEGER) {
        own_end(s, -EAGAIN);
        return;
    }
    if (reply->integer <= 0) {
        own_end(s, reply->integer == 0 ? -EBUSY : -ENODATA);
        return;
    }
    s->epoch = (uint64_t)reply->integer;
    s->scanning = KEY_AGENTS;
    scan(s, "0");
}

static int eval_lease(struct store_redis *s, struct tl_script *script, tl_redis_fn *fn,
                      const char *instance, const char *lease, const char *least,
                      const char *fallback, bool empty_too)
{
    const char *argv[] = {s->keys[KEY_LEASE], s->keys[KEY_OWNER],   instance, lease, least,
                          fallback,           empty_too ? "1" : "0"};
    size_t len[TL_LEN(argv)];

    for (size_t i = 0; i < TL_LEN(argv); i++)
        len[i] = strlen(argv[i]);
    return tl_redis_eval(s->redis, script, fn, s, 2, TL_LEN(argv), argv, len);
}

static void redis_own(struct store *store, const struct store_claim *claim, store_row_fn *row,
                      store_own_fn *done, void *arg)
{
    struct store_redis *s = of(store);
    char ms[24], least[24], fallback[24];

    s->row = row;
    s->own_done = done;
    s->own_arg = arg;
    (void)snprintf(ms, sizeof(ms), "%lld", (long long)(claim->lease / 1000));
    (void)snprintf(least, sizeof(least), "%llu", (unsigned long long)claim->at_least);
    /* A store that has lost its epochs goes on above them: seconds since 2024. */
    (void)snprintf(fallback, sizeof(fallback), "%lld",
                   (long long)(tl_clock_wall() / TL_SEC(1) - 1704067200));
    if (eval_lease(s, &own_script, on_own, claim->instance, ms, least, fallback, claim->empty_too))
        own_end(s, -EAGAIN);
}

static void on_keep(void *arg, int err, redisReply *reply)
{
    struct store_redis *s = arg;

    if (err || reply->type != REDIS_REPLY_INTEGER)
        s->keep_done(s->keep_arg, -EAGAIN);
    else
        s->keep_done(s->keep_arg, reply->integer == 1   ? 0
                                  : reply->integer == 0 ? -ESTALE
                                                        : -ENODATA);
}

static void redis_keep(struct store *store, const char *instance, tl_dur lease, store_done_fn *done,
                       void *arg)
{
    struct store_redis *s = of(store);
    char ms[24];

    s->keep_done = done;
    s->keep_arg = arg;
    (void)snprintf(ms, sizeof(ms), "%lld", (long long)(lease / 1000));
    if (eval_lease(s, &keep_script, on_keep, instance, ms, "0", "0", false))
        done(arg, -EAGAIN);
}

static void on_leave(void *arg, int err, redisReply *reply)
{
    struct store_redis *s = arg;

    TL_UNUSED(reply);
    s->leave_done(s->leave_arg, err);
}

static void redis_leave(struct store *store, const char *instance, store_done_fn *done, void *arg)
{
    struct store_redis *s = of(store);

    s->leave_done = done;
    s->leave_arg = arg;
    if (eval_lease(s, &leave_script, on_leave, instance, "0", "0", "0", false))
        done(arg, -EAGAIN);
}

/* ---- the outbox ---- */

static void redis_published(struct store *store, const struct tl_str *entries, size_t n)
{
    struct store_redis *s = of(store);
    const char *argv[2 + 64] = {"XDEL", s->keys[KEY_OUTBOX]};
    size_t len[2 + 64] = {4, strlen(s->keys[KEY_OUTBOX])};

    for (size_t i = 0; i < n; i += 64) {
        size_t k = TL_LOWER(n - i, 64);
        for (size_t j = 0; j < k; j++) {
            argv[2 + j] = entries[i + j].s;
            len[2 + j] = entries[i + j].n;
        }
        /* if it is not sent, a new owner publishes them again under the same ids */
        (void)tl_redis_argv(s->redis, NULL, NULL, (int)(2 + k), argv, len);
    }
}

static struct store *redis_close(struct store *store)
{
    struct store_redis *s = store ? of(store) : NULL;

    if (!s)
        return NULL;
    tl_free(s->argv);
    tl_free(s->argvlen);
    return tl_free(s);
}

static const struct store_ops ops = {
    .own = redis_own,
    .keep = redis_keep,
    .leave = redis_leave,
    .commit = redis_commit,
    .published = redis_published,
    .close = redis_close,
};

int store_redis_open(struct store **ret, struct tl_loop *loop, struct tl_redis *redis,
                     const char *partition)
{
    static const char *const names[KEYS] = {"lease", "owner", "contacts", "agents", "outbox"};
    struct store_redis *s = tl_alloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->store.ops = &ops;
    s->loop = loop;
    s->redis = redis;
    for (int k = 0; k < KEYS; k++)
        (void)snprintf(s->keys[k], sizeof(s->keys[k]), "acd:{%s}:%s", partition, names[k]);
    *ret = &s->store;
    return 0;
}
