/**
 * @file janus.c  The state is one of: connecting, claiming or creating, ready, waiting to try
 * again.
 */
#include "adapters/janus.h"

#include <stdio.h>
#include <stdlib.h>
#include <tl_list.h>
#include <tl_mem.h>
#include <tl_metrics.h>
#include <tl_ws.h>

enum { MESSAGE_MAX = 1024 * 1024 };
#define PATIENCE      TL_SEC(5)   /* for an answer */
#define ALIVE_WITHIN  TL_SEC(3)   /* for the answer of a keep-alive: then it counts as gone */
#define ALIVE_EVERY   TL_SEC(1)   /* also ends no session: Janus waits 60 s for a request */
#define RETRY_FIRST   TL_MSEC(50) /* Janus is back within half a second of its death */
#define RETRY_LONGEST TL_SEC(1)

struct request {
    struct tl_link in_requests;
    uint64_t number; /* its transaction */
    tl_time deadline;
    bool ends_with_ack; /* keep-alives get nothing else */
    janus_reply_fn *fn;
    void *arg;
};

struct janus {
    struct tl_loop *loop;
    struct janus_ops ops;
    void *arg;
    char url[256], secret[256];
    struct tl_ws *ws;
    bool open;  /* the socket is */
    bool ready; /* the session is */
    uint64_t session;
    uint64_t counter;
    struct tl_list requests;
    struct tl_timer *retry, *tick;
    tl_dur retry_after;
    tl_time alive_at; /* when the next keep-alive is due */
};

static void connect_now(void *arg);

const json_t *janus_plugin_data(const json_t *message)
{
    return json_object_get(json_object_get(message, "plugindata"), "data");
}

int janus_plugin_error(const json_t *message)
{
    return (int)json_integer_value(json_object_get(janus_plugin_data(message), "error_code"));
}

const char *janus_sdp(const json_t *message)
{
    return json_string_value(json_object_get(json_object_get(message, "jsep"), "sdp"));
}

/* ---- requests ----------------------------------------------------------------------------- */

static void finish(struct janus *j, struct request *r, int err, const json_t *message)
{
    tl_list_remove(&j->requests, &r->in_requests);
    if (r->fn)
        r->fn(r->arg, err, message);
    tl_free(r);
}

struct failed {
    janus_reply_fn *fn;
    void *arg;
};

static void report_failure(void *arg)
{
    struct failed *f = arg;

    f->fn(f->arg, -ECONNRESET, NULL);
    tl_free(f);
}

/* The promise is "never inside the call": say it in the next turn of the loop. */
static void fail_later(struct janus *j, janus_reply_fn *fn, void *arg)
{
    struct failed *f = fn ? tl_alloc(1, sizeof *f) : NULL;

    if (!f)
        return;
    *f = (struct failed){fn, arg};
    if (tl_loop_defer(j->loop, report_failure, f))
        abort(); /* a few bytes could not be had, and a caller would wait for ever */
}

static int send_json(struct janus *j, json_t *message)
{
    char *text = json_dumps(message, JSON_COMPACT);
    int err = text ? tl_ws_send(j->ws, tl_str(text), false) : -ENOMEM;

    free(text); /* jansson's own allocator */
    return err;
}

static void request(struct janus *j, const char *kind, uint64_t handle, json_t *fields,
                    bool ends_with_ack, janus_reply_fn *fn, void *arg)
{
    struct request *r = tl_alloc(1, sizeof *r);
    json_t *m = fields ? fields : json_object();
    char transaction[24];

    snprintf(transaction, sizeof transaction, "%llu", (unsigned long long)++j->counter);
    json_object_set_new(m, "janus", json_string(kind));
    json_object_set_new(m, "transaction", json_string(transaction));
    json_object_set_new(m, "apisecret", json_string(j->secret));
    if (j->session)
        json_object_set_new(m, "session_id", json_integer((json_int_t)j->session));
    if (handle)
        json_object_set_new(m, "handle_id", json_integer((json_int_t)handle));
    if (!r || !j->open || send_json(j, m)) {
        tl_free(r);
        fail_later(j, fn, arg);
    } else {
        *r = (struct request){.number = j->counter,
                              .deadline =
                                  tl_loop_now(j->loop) + (ends_with_ack ? ALIVE_WITHIN : PATIENCE),
                              .ends_with_ack = ends_with_ack,
                              .fn = fn,
                              .arg = arg};
        tl_list_append(&j->requests, &r->in_requests);
    }
    json_decref(m);
}

void janus_request(struct janus *j, const char *kind, uint64_t handle, json_t *fields,
                   janus_reply_fn *fn, void *arg)
{
    if (j->ready) {
        request(j, kind, handle, fields, false, fn, arg);
        return;
    }
    json_decref(fields);
    fail_later(j, fn, arg);
}

static struct request *find_request(struct janus *j, const json_t *message)
{
    const char *t = json_string_value(json_object_get(message, "transaction"));
    uint64_t number = t ? strtoull(t, NULL, 10) : 0;

    tl_list_for_each (&j->requests, k) {
        struct request *r = TL_CONTAINER(k, struct request, in_requests);

        if (r->number == number)
            return r;
    }
    return NULL;
}

/* ---- the session -------------------------------------------------------------------------- */

static void disconnect(struct janus *j)
{
    bool was_ready = j->ready;

    j->open = j->ready = false;
    j->ws = NULL;
    while (j->requests.n)
        finish(j, TL_CONTAINER(tl_list_first(&j->requests), struct request, in_requests),
               -ECONNRESET, NULL);
    tl_timer_start(j->retry, j->retry_after);
    j->retry_after = TL_LOWER(j->retry_after * 2, RETRY_LONGEST);
    if (was_ready)
        j->ops.lost(j->arg);
}

/* It does not answer: the socket may be open, but Janus is not there. */
static void give_up(struct janus *j)
{
    tl_ws_abort(j->ws);
    disconnect(j);
}

static void session_is(struct janus *j, uint64_t session, bool same)
{
    j->session = session;
    j->ready = true;
    j->retry_after = RETRY_FIRST;
    j->alive_at = tl_loop_now(j->loop) + ALIVE_EVERY;
    j->ops.back(j->arg, session, same);
}

static void on_created(void *arg, int err, const json_t *message)
{
    struct janus *j = arg;
    json_int_t id = json_integer_value(json_object_get(json_object_get(message, "data"), "id"));

    if (err == -ECONNRESET)
        return; /* disconnect() is trying again already */
    if (err || id <= 0) {
        give_up(j);
        return;
    }
    session_is(j, (uint64_t)id, false);
}

static void create_session(struct janus *j)
{
    j->session = 0;
    request(j, "create", 0, NULL, false, on_created, j);
}

static void on_claimed(void *arg, int err, const json_t *message)
{
    struct janus *j = arg;

    (void)message;
    if (err == -ECONNRESET)
        return;
    if (err == 0)
        session_is(j, j->session, true);
    else if (err == -EPROTO)
        create_session(j); /* another Janus, or too late: that session is over */
    else
        give_up(j);
}

static void on_open(struct tl_ws *ws)
{
    struct janus *j = tl_ws_arg(ws);

    j->open = true;
    if (j->session)
        request(j, "claim", 0, NULL, false, on_claimed, j);
    else
        create_session(j);
}

static void on_close(struct tl_ws *ws, int code)
{
    (void)code;
    disconnect(tl_ws_arg(ws));
}

/* The session timed out inside Janus: its handles are gone. */
static void session_over(struct janus *j)
{
    j->session = 0;
    give_up(j);
}

static void on_message(struct tl_ws *ws, struct tl_str text, bool binary)
{
    struct janus *j = tl_ws_arg(ws);
    json_t *m = json_loadb(text.s, text.n, JSON_REJECT_DUPLICATES, NULL);
    const char *kind = json_string_value(json_object_get(m, "janus"));
    json_int_t sender = json_integer_value(json_object_get(m, "sender"));
    struct request *r = m ? find_request(j, m) : NULL;

    (void)binary;
    if (!kind) {
        tl_bad_input("janus", "json");
    } else if (r && strcmp(kind, "ack") == 0) {
        if (r->ends_with_ack)
            finish(j, r, 0, m);
    } else if (r) {
        bool refused = strcmp(kind, "error") == 0 || janus_plugin_error(m);

        finish(j, r, refused ? -EPROTO : 0, m);
    } else if (strcmp(kind, "timeout") == 0) {
        session_over(j);
    } else if (sender > 0) {
        j->ops.event(j->arg, (uint64_t)sender, kind, m);
    } else if (strcmp(kind, "ack") != 0) {
        tl_bad_input("janus", "transaction");
    }
    json_decref(m);
}

static const struct tl_ws_ops ws_ops = {
    .message_max = MESSAGE_MAX,
    .queue_max = 4 * MESSAGE_MAX,
    .on_message = on_message,
    .on_close = on_close,
};

static void connect_now(void *arg)
{
    struct janus *j = arg;

    if (tl_ws_connect(&j->ws, j->loop, j->url, "janus-protocol", &ws_ops, on_open, j))
        tl_timer_start(j->retry, RETRY_LONGEST);
}

static void on_alive(void *arg, int err, const json_t *message)
{
    struct janus *j = arg;

    (void)message;
    if (err == -EPROTO)
        session_over(j);
}

static void tick(void *arg)
{
    struct janus *j = arg;
    tl_time now = tl_loop_now(j->loop);

    tl_list_for_each (&j->requests, k) {
        struct request *r = TL_CONTAINER(k, struct request, in_requests);

        if (r->deadline > now)
            continue;
        if (r->ends_with_ack) {
            give_up(j); /* not even a keep-alive is answered */
            return;
        }
        finish(j, r, -ETIMEDOUT, NULL);
        if (!j->open)
            return;
    }
    if (j->ready && now >= j->alive_at) {
        j->alive_at = now + ALIVE_EVERY;
        request(j, "keepalive", 0, NULL, true, on_alive, j);
    }
}

int janus_open(struct janus **ret, struct tl_loop *loop, const struct janus_opts *opts,
               const struct janus_ops *ops, void *arg)
{
    struct janus *j = tl_alloc(1, sizeof *j);
    int err;

    if (!j)
        return -ENOMEM;
    j->loop = loop;
    j->ops = *ops;
    j->arg = arg;
    j->session = opts->claim;
    j->retry_after = RETRY_FIRST;
    tl_list_init(&j->requests);
    tl_str_put(j->url, sizeof j->url, tl_str(opts->url));
    tl_str_put(j->secret, sizeof j->secret, tl_str(opts->secret));
    err = tl_timer_new(&j->retry, loop, connect_now, j);
    if (!err)
        err = tl_timer_new(&j->tick, loop, tick, j);
    if (err) {
        janus_close(j);
        return err;
    }
    tl_timer_every(j->tick, TL_MSEC(500));
    connect_now(j);
    *ret = j;
    return 0;
}

struct janus *janus_close(struct janus *j)
{
    if (!j)
        return NULL;
    if (j->ws)
        tl_ws_abort(j->ws);
    tl_list_for_each (&j->requests, k)
        tl_free(TL_CONTAINER(k, struct request, in_requests));
    tl_timer_free(j->retry);
    tl_timer_free(j->tick);
    return tl_free(j);
}

bool janus_ready(const struct janus *j)
{
    return j && j->ready;
}
