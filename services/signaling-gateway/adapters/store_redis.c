/*
 * In Redis:
 *   signaling:ticket:<ticket>    hash of the session's fields and known=0|1; lives 30 s
 *   signaling:session:<id>       hash: role subject customer name tier gateway, over=1 at the end
 *   signaling:at:<gateway>       set of the session ids at a gateway
 *   signaling:gateways           sorted set: gateway -> when it was last heard [ms, Redis's clock]
 *
 * Each step is one script, so a session is at one gateway at any instant and a ticket is used once,
 * whatever dies in between.
 */
#include "adapters/store.h"
#include <tl_mem.h>
#include <tl_redis.h>

#define TICKETS  "signaling:ticket:"
#define SESSIONS "signaling:session:"

struct store_redis {
    struct store base;
    struct tl_redis *redis;
    char gateway[TL_ID_MAX + 1];
    char silent_ms[16];
};

/* KEYS ticket; ARGV life [ms], then field value pairs */
static struct tl_script keep_ticket = {.text = "redis.call('HSET', KEYS[1], unpack(ARGV, 2))\n"
                                               "redis.call('PEXPIRE', KEYS[1], ARGV[1])\n"
                                               "return 1\n"};

/* KEYS ticket, session; ARGV life [ms] */
static struct tl_script keep_resume = {
    .text = "local s = redis.call('HGETALL', KEYS[2])\n"
            "if #s == 0 or redis.call('HEXISTS', KEYS[2], 'over') == 1 then return 0 end\n"
            "redis.call('HSET', KEYS[1], 'known', '1', unpack(s))\n"
            "redis.call('PEXPIRE', KEYS[1], ARGV[1])\n"
            "return 1\n"};

/* KEYS ticket; ARGV gateway */
static struct tl_script redeem_ticket = {
    .text = "local t = redis.call('HGETALL', KEYS[1])\n"
            "if #t == 0 then return 0 end\n"
            "redis.call('DEL', KEYS[1])\n"
            "local f = {}\n"
            "for i = 1, #t, 2 do f[t[i]] = t[i + 1] end\n"
            "local key, was = 'signaling:session:' .. f.session, ''\n"
            "if f.known == '1' then\n"
            "  was = redis.call('HGET', key, 'gateway')\n"
            "  if not was or redis.call('HEXISTS', key, 'over') == 1 then return 0 end\n"
            "  redis.call('SREM', 'signaling:at:' .. was, f.session)\n"
            "end\n"
            "redis.call('HSET', key, 'session', f.session, 'role', f.role, 'subject', f.subject,\n"
            "  'customer', f.customer, 'name', f.name, 'tier', f.tier, 'gateway', ARGV[1])\n"
            "redis.call('SADD', 'signaling:at:' .. ARGV[1], f.session)\n"
            "return {'session', f.session, 'role', f.role, 'subject', f.subject, 'customer',\n"
            "  f.customer, 'name', f.name, 'tier', f.tier, 'known', f.known, 'gateway', was}\n"};

/* KEYS session; ARGV gateway, session: only while it is ours */
static struct tl_script mark_over = {
    .text = "if redis.call('HGET', KEYS[1], 'gateway') == ARGV[1] then\n"
            "  redis.call('HSET', KEYS[1], 'over', '1')\n"
            "end\n"
            "return 1\n"};

static struct tl_script forget_session = {
    .text = "if redis.call('HGET', KEYS[1], 'gateway') == ARGV[1] then\n"
            "  redis.call('DEL', KEYS[1])\n"
            "end\n"
            "redis.call('SREM', 'signaling:at:' .. ARGV[1], ARGV[2])\n"
            "return 1\n"};

/* KEYS session; ARGV gateway, session, role, subject, customer, name, tier */
static struct tl_script save_session = {
    .text = "redis.call('HSET', KEYS[1], 'session', ARGV[2], 'role', ARGV[3], 'subject', ARGV[4],\n"
            "  'customer', ARGV[5], 'name', ARGV[6], 'tier', ARGV[7], 'gateway', ARGV[1])\n"
            "redis.call('SADD', 'signaling:at:' .. ARGV[1], ARGV[2])\n"
            "return 1\n"};

/* KEYS gateways; ARGV gateway */
static struct tl_script beat_now = {
    .text = "local t = redis.call('TIME')\n"
            "local known = redis.call('ZSCORE', KEYS[1], ARGV[1])\n"
            "redis.call('ZADD', KEYS[1], t[1] * 1000 + math.floor(t[2] / 1000), ARGV[1])\n"
            "return known and 1 or 0\n"};

/* KEYS gateways; ARGV gateway, silent [ms], most.  One silent gateway at a time. */
static struct tl_script adopt_silent = {
    .text =
        "local t = redis.call('TIME')\n"
        "local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"
        "local dead = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2],\n"
        "  'WITHSCORES', 'LIMIT', 0, 2)\n"
        "local at = 1\n"
        "if dead[1] == ARGV[1] then at = 3 end\n"
        "if not dead[at] then return {} end\n"
        "local ids = redis.call('SPOP', 'signaling:at:' .. dead[at], ARGV[3])\n"
        "if #ids == 0 then redis.call('ZREM', KEYS[1], dead[at]) return {} end\n"
        "local rows = {}\n"
        "for _, id in ipairs(ids) do\n"
        "  local key = 'signaling:session:' .. id\n"
        "  local f = redis.call('HMGET', key, 'role', 'subject', 'customer', 'name', 'tier',\n"
        "    'gateway')\n"
        "  if f[6] == dead[at] then\n"
        "    redis.call('HSET', key, 'gateway', ARGV[1])\n"
        "    redis.call('SADD', 'signaling:at:' .. ARGV[1], id)\n"
        "    rows[#rows + 1] = {'session', id, 'role', f[1], 'subject', f[2], 'customer', f[3],\n"
        "      'name', f[4], 'tier', f[5], 'away', tostring(now - tonumber(dead[at + 1]))}\n"
        "  end\n"
        "end\n"
        "return rows\n"};

/* KEYS sessions */
static struct tl_script which_exist = {
    .text = "local there = {}\n"
            "for i, key in ipairs(KEYS) do there[i] = redis.call('EXISTS', key) end\n"
            "return there\n"};

/* ---- waiting for an answer ---- */

struct ask {
    union {
        store_done_fn *done;
        store_redeem_fn *redeem;
        store_adopt_fn *adopt;
        store_exist_fn *exist;
    };
    void *arg;
    size_t n; /* sessions asked about */
};

static struct store_redis *self(struct store *s)
{
    return TL_CONTAINER(s, struct store_redis, base);
}

static int run(struct store *s, struct tl_script *script, tl_redis_fn *fn, const struct ask *ask,
               int n_keys, int argc, const char **argv)
{
    size_t len[24];
    struct ask *kept = NULL;
    int err;

    for (int i = 0; i < argc; i++)
        len[i] = strlen(argv[i]);
    if (ask) {
        kept = tl_alloc(1, sizeof(*kept));
        if (!kept)
            return -ENOMEM;
        *kept = *ask;
    }
    err = tl_redis_eval(self(s)->redis, script, fn, kept, n_keys, argc, argv, len);
    if (err)
        tl_free(kept);
    return err;
}

static struct ask taken(void *arg)
{
    struct ask ask = *(struct ask *)arg;

    tl_free(arg);
    return ask;
}

/* 1: done; 0: there is no such thing */
static void on_yes_or_no(void *arg, int err, redisReply *reply)
{
    struct ask ask = taken(arg);

    if (!err && reply->type != REDIS_REPLY_INTEGER)
        err = -EIO;
    ask.done(ask.arg, err ? err : reply->integer ? 0 : -ENOENT);
}

static struct tl_str text_of(const redisReply *r)
{
    return r->type == REDIS_REPLY_STRING ? (struct tl_str){.s = r->str, .n = (size_t)r->len}
                                         : (struct tl_str){0};
}

/* Field value pairs -> who.  0 or -EIO: not what we wrote. */
static int read_row(const redisReply *row, struct who *who, bool *ret_known,
                    struct tl_id *ret_gateway, tl_dur *ret_away)
{
    *who = (struct who){0};
    if (row->type != REDIS_REPLY_ARRAY || row->elements % 2)
        return -EIO;
    for (size_t i = 0; i < row->elements; i += 2) {
        struct tl_str name = text_of(row->element[i]), value = text_of(row->element[i + 1]);
        int64_t ms = 0;

        if (tl_str_eq(name, TL_STR("session")))
            (void)tl_id_parse_ulid(&who->session, value); /* an empty one is refused below */
        else if (tl_str_eq(name, TL_STR("role")))
            who->role = role_parse(value);
        else if (tl_str_eq(name, TL_STR("subject")))
            (void)tl_id_parse(&who->subject, value); /* likewise */
        else if (tl_str_eq(name, TL_STR("customer")))
            (void)tl_id_parse(&who->customer, value); /* may be empty */
        else if (tl_str_eq(name, TL_STR("name")))
            tl_str_put(who->name, sizeof(who->name), value);
        else if (tl_str_eq(name, TL_STR("tier")))
            tl_str_put(who->tier, sizeof(who->tier), value);
        else if (tl_str_eq(name, TL_STR("known")) && ret_known)
            *ret_known = tl_str_eq(value, TL_STR("1"));
        else if (tl_str_eq(name, TL_STR("gateway")) && ret_gateway)
            (void)tl_id_parse(ret_gateway, value); /* empty for a new session */
        else if (tl_str_eq(name, TL_STR("away")) && ret_away &&
                 !tl_str_int(value, 0, INT64_MAX / 1000, &ms))
            *ret_away = TL_MSEC(ms);
    }
    return tl_id_empty(&who->session) || who->role == ROLE_NOBODY || tl_id_empty(&who->subject)
               ? -EIO
               : 0;
}

static void on_redeemed(void *arg, int err, redisReply *reply)
{
    struct ask ask = taken(arg);
    struct store_redeemed got = {0};

    if (!err && reply->type == REDIS_REPLY_INTEGER)
        err = -ENOENT;
    else if (!err)
        err = read_row(reply, &got.who, &got.known, &got.gateway, NULL);
    ask.redeem(ask.arg, err, err ? NULL : &got);
}

static void on_adopted(void *arg, int err, redisReply *reply)
{
    struct ask ask = taken(arg);
    struct store_adopted *rows = NULL;
    size_t n = 0;

    if (!err && reply->type != REDIS_REPLY_ARRAY)
        err = -EIO;
    if (!err && reply->elements) {
        rows = tl_alloc(reply->elements, sizeof(*rows));
        err = rows ? 0 : -ENOMEM;
    }
    for (size_t i = 0; !err && i < reply->elements; i++)
        if (!read_row(reply->element[i], &rows[n].who, NULL, NULL, &rows[n].away))
            n++;
    ask.adopt(ask.arg, err, rows, n);
    tl_free(rows);
}

static void on_exist(void *arg, int err, redisReply *reply)
{
    struct ask ask = taken(arg);
    bool there[STORE_ASK_MAX];

    if (!err && (reply->type != REDIS_REPLY_ARRAY || reply->elements != ask.n))
        err = -EIO;
    for (size_t i = 0; !err && i < ask.n; i++) {
        if (reply->element[i]->type != REDIS_REPLY_INTEGER)
            err = -EIO;
        else
            there[i] = reply->element[i]->integer != 0;
    }
    ask.exist(ask.arg, err, err ? NULL : there);
}

/* ---- the operations ---- */

static struct store *redis_free(struct store *s)
{
    tl_free(s);
    return NULL;
}

#define KEY(buf, prefix, id) snprintf(buf, sizeof(buf), "%s%.*s", prefix, (int)(id).n, (id).s)

static int redis_ticket(struct store *s, struct tl_str ticket, const struct who *w,
                        store_done_fn *done, void *arg)
{
    char key[96];
    const char *argv[] = {key,       "30000",      "known",    "0",
                          "session", w->session.s, "role",     role_name(w->role),
                          "subject", w->subject.s, "customer", w->customer.s,
                          "name",    w->name,      "tier",     w->tier};

    KEY(key, TICKETS, ticket);
    return run(s, &keep_ticket, on_yes_or_no, &(struct ask){.done = done, .arg = arg}, 1,
               (int)TL_LEN(argv), argv);
}

static int redis_ticket_resume(struct store *s, struct tl_str ticket, struct tl_str session,
                               store_done_fn *done, void *arg)
{
    char key[96], session_key[96];
    const char *argv[] = {key, session_key, "30000"};

    KEY(key, TICKETS, ticket);
    KEY(session_key, SESSIONS, session);
    return run(s, &keep_resume, on_yes_or_no, &(struct ask){.done = done, .arg = arg}, 2,
               (int)TL_LEN(argv), argv);
}

static int redis_redeem(struct store *s, struct tl_str ticket, store_redeem_fn *done, void *arg)
{
    char key[96];
    const char *argv[] = {key, self(s)->gateway};

    KEY(key, TICKETS, ticket);
    return run(s, &redeem_ticket, on_redeemed, &(struct ask){.redeem = done, .arg = arg}, 1,
               (int)TL_LEN(argv), argv);
}

static int about_session(struct store *s, struct tl_script *script, struct tl_str session)
{
    char key[96], id[TL_ID_MAX + 1];
    const char *argv[] = {key, self(s)->gateway, id};

    KEY(key, SESSIONS, session);
    tl_str_put(id, sizeof(id), session);
    return run(s, script, NULL, NULL, 1, (int)TL_LEN(argv), argv);
}

static int redis_over(struct store *s, struct tl_str session)
{
    return about_session(s, &mark_over, session);
}

static int redis_forget(struct store *s, struct tl_str session)
{
    return about_session(s, &forget_session, session);
}

static int redis_beat(struct store *s, store_done_fn *done, void *arg)
{
    const char *argv[] = {"signaling:gateways", self(s)->gateway};

    return run(s, &beat_now, on_yes_or_no, &(struct ask){.done = done, .arg = arg}, 1,
               (int)TL_LEN(argv), argv);
}

static int redis_save(struct store *s, const struct who *w)
{
    char key[96];
    const char *argv[] = {key,          self(s)->gateway, w->session.s, role_name(w->role),
                          w->subject.s, w->customer.s,    w->name,      w->tier};

    KEY(key, SESSIONS, tl_id_str(&w->session));
    return run(s, &save_session, NULL, NULL, 1, (int)TL_LEN(argv), argv);
}

static int redis_adopt(struct store *s, store_adopt_fn *done, void *arg)
{
    const char *argv[] = {"signaling:gateways", self(s)->gateway, self(s)->silent_ms, "100"};

    return run(s, &adopt_silent, on_adopted, &(struct ask){.adopt = done, .arg = arg}, 1,
               (int)TL_LEN(argv), argv);
}

/* Too many keys for run(). */
struct keys {
    const char *argv[STORE_ASK_MAX];
    size_t len[STORE_ASK_MAX];
    char text[STORE_ASK_MAX][sizeof(SESSIONS) + TL_ID_MAX];
};

static int redis_exist(struct store *s, const struct tl_id *sessions, size_t n,
                       store_exist_fn *done, void *arg)
{
    struct keys *k = tl_alloc(1, sizeof(*k));
    struct ask *ask = tl_alloc(1, sizeof(*ask));
    int err = k && ask ? 0 : -ENOMEM;

    if (!err) {
        *ask = (struct ask){.exist = done, .arg = arg, .n = n};
        for (size_t i = 0; i < n; i++) {
            k->argv[i] = k->text[i];
            k->len[i] = (size_t)KEY(k->text[i], SESSIONS, tl_id_str(&sessions[i]));
        }
        err = tl_redis_eval(self(s)->redis, &which_exist, on_exist, ask, (int)n, (int)n, k->argv,
                            k->len);
    }
    if (err)
        tl_free(ask);
    tl_free(k);
    return err;
}

static const struct store_ops ops = {
    .free = redis_free,
    .ticket = redis_ticket,
    .ticket_resume = redis_ticket_resume,
    .redeem = redis_redeem,
    .over = redis_over,
    .forget = redis_forget,
    .beat = redis_beat,
    .save = redis_save,
    .adopt = redis_adopt,
    .exist = redis_exist,
};

int store_redis_new(struct store **ret, struct tl_redis *redis, struct tl_str gateway)
{
    struct store_redis *s = tl_alloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->base.ops = &ops;
    s->redis = redis;
    tl_str_put(s->gateway, sizeof(s->gateway), gateway);
    snprintf(s->silent_ms, sizeof(s->silent_ms), "%d", (int)(STORE_SILENT_AFTER / 1000));
    *ret = &s->base;
    return 0;
}
