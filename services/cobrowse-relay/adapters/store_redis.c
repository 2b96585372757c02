/*
 * In Redis:
 *   cobrowse:room:<contact>    hash: thread session agent life; lives as long as a room may
 *   cobrowse:ticket:<ticket>   hash: contact role agent life; lives 30 s
 * A ticket leads only to the room and the agent for whom it was made, so closing is one DEL: the
 * next room of the contact has another life.
 */
#include "adapters/store.h"
#include <stdio.h>
#include <tl_mem.h>
#include <tl_redis.h>

#define ROOMS   "cobrowse:room:"
#define TICKETS "cobrowse:ticket:"

struct store_redis {
    struct store base;
    struct tl_redis *redis;
};

/* KEYS room, customer ticket, agent ticket; ARGV contact thread session agent, how long the room
 * and the tickets last [ms].  The room's life is the first customer's ticket. */
static struct tl_script open_room = {
    .text = "redis.call('HSETNX', KEYS[1], 'life', KEYS[2])\n"
            "redis.call('HSET', KEYS[1], 'thread', ARGV[2], 'session', ARGV[3], 'agent', ARGV[4])\n"
            "redis.call('PEXPIRE', KEYS[1], ARGV[5])\n"
            "local life = redis.call('HGET', KEYS[1], 'life')\n"
            "for i, role in ipairs({'customer', 'agent'}) do\n"
            "  redis.call('HSET', KEYS[i + 1], 'contact', ARGV[1], 'role', role,\n"
            "    'agent', ARGV[4], 'life', life)\n"
            "  redis.call('PEXPIRE', KEYS[i + 1], ARGV[6])\n"
            "end\n"
            "return 1\n"};

/* KEYS ticket */
static struct tl_script redeem_ticket = {
    .text =
        "local t = redis.call('HMGET', KEYS[1], 'contact', 'role', 'agent', 'life')\n"
        "if not t[1] then return 0 end\n"
        "redis.call('DEL', KEYS[1])\n"
        "local r = redis.call('HMGET', 'cobrowse:room:' .. t[1], 'thread', 'session', 'agent',\n"
        "  'life')\n"
        "if not r[2] or r[3] ~= t[3] or r[4] ~= t[4] then return 0 end\n"
        "return {t[1], t[2], r[1], r[2], r[3]}\n"};

struct ask {
    union {
        store_done_fn *done;
        store_redeem_fn *redeem;
    };
    void *arg;
};

static struct store_redis *self(struct store *s)
{
    return TL_CONTAINER(s, struct store_redis, base);
}

static struct ask *ask_new(const struct ask *ask)
{
    struct ask *kept = tl_alloc(1, sizeof(*kept));

    if (kept)
        *kept = *ask;
    return kept;
}

static struct ask taken(void *arg)
{
    struct ask ask = *(struct ask *)arg;

    tl_free(arg);
    return ask;
}

static void on_done(void *arg, int err, redisReply *reply)
{
    struct ask ask = taken(arg);

    TL_UNUSED(reply);
    ask.done(ask.arg, err);
}

static int run(struct store *s, struct tl_script *script, tl_redis_fn *fn, const struct ask *ask,
               int n_keys, int argc, const char **argv)
{
    struct ask *kept = ask_new(ask);
    size_t len[16];
    int err;

    if (!kept)
        return -ENOMEM;
    for (int i = 0; i < argc; i++)
        len[i] = strlen(argv[i]);
    err = tl_redis_eval(self(s)->redis, script, fn, kept, n_keys, argc, argv, len);
    if (err)
        tl_free(kept);
    return err;
}

static int redis_open(struct store *s, const struct room_names *n,
                      const struct tl_id tickets[ROOM_ROLES], tl_dur life, store_done_fn *done,
                      void *arg)
{
    char room[80], customer[80], agent[80], ms[24], ticket_ms[24];
    const char *argv[] = {room,         customer,   agent, n->contact.s, n->thread.s,
                          n->session.s, n->agent.s, ms,    ticket_ms};

    snprintf(room, sizeof(room), ROOMS "%s", n->contact.s);
    snprintf(customer, sizeof(customer), TICKETS "%s", tickets[ROOM_CUSTOMER].s);
    snprintf(agent, sizeof(agent), TICKETS "%s", tickets[ROOM_AGENT].s);
    snprintf(ms, sizeof(ms), "%lld", (long long)(life / 1000));
    snprintf(ticket_ms, sizeof(ticket_ms), "%lld", (long long)(TICKET_LIFE / 1000));
    return run(s, &open_room, on_done, &(struct ask){.done = done, .arg = arg}, 3,
               (int)TL_LEN(argv), argv);
}

static int redis_close(struct store *s, const struct tl_id *contact, store_done_fn *done, void *arg)
{
    struct ask *kept = ask_new(&(struct ask){.done = done, .arg = arg});
    int err;

    if (!kept)
        return -ENOMEM;
    err = tl_redis_cmd(self(s)->redis, on_done, kept, "DEL " ROOMS "%s", contact->s);
    if (err)
        tl_free(kept);
    return err;
}

static struct tl_str text_of(const redisReply *r)
{
    return r->type == REDIS_REPLY_STRING ? (struct tl_str){.s = r->str, .n = (size_t)r->len}
                                         : (struct tl_str){0};
}

static void on_redeemed(void *arg, int err, redisReply *reply)
{
    struct ask ask = taken(arg);
    struct room_names n = {0};
    enum room_role role = ROOM_CUSTOMER;

    if (!err && reply->type == REDIS_REPLY_INTEGER)
        err = -ENOENT;
    else if (!err && (reply->type != REDIS_REPLY_ARRAY || reply->elements != 5))
        err = -EIO;
    if (!err) {
        if (tl_str_eq(text_of(reply->element[1]), TL_STR("agent")))
            role = ROOM_AGENT;
        (void)tl_id_parse(&n.thread, text_of(reply->element[2])); /* may be empty */
        if (tl_id_parse(&n.contact, text_of(reply->element[0])) ||
            tl_id_parse(&n.session, text_of(reply->element[3])) ||
            tl_id_parse(&n.agent, text_of(reply->element[4])))
            err = -EIO;
    }
    ask.redeem(ask.arg, err, role, &n);
}

static int redis_redeem(struct store *s, struct tl_str ticket, store_redeem_fn *done, void *arg)
{
    char key[96];
    const char *argv[] = {key};

    snprintf(key, sizeof(key), TICKETS "%.*s", (int)ticket.n, ticket.s);
    return run(s, &redeem_ticket, on_redeemed, &(struct ask){.redeem = done, .arg = arg}, 1, 1,
               argv);
}

static struct store *redis_free(struct store *s)
{
    tl_free(s);
    return NULL;
}

static const struct store_ops ops = {
    .free = redis_free, .open = redis_open, .close = redis_close, .redeem = redis_redeem};

int store_redis_new(struct store **ret, struct tl_redis *redis)
{
    struct store_redis *s = tl_alloc(1, sizeof(*s));

    if (!s)
        return -ENOMEM;
    s->base.ops = &ops;
    s->redis = redis;
    *ret = &s->base;
    return 0;
}
