/*
 * The REST API: sign-in, tickets, the board, the schemas.  Each answer that others' sites may read
 * carries the Origin it was given to; an Origin that is not on the list gets 403 before anything
 * else is looked at.
 */
#include "adapters/edge_private.h"
#include <stdio.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>

#define WINDOW        TL_MIN(1)
#define THROTTLE_KEYS 10000
#define SIGN_INS_MAX  32 /* waiting for their hash; each takes 64 MiB for 0.1 s */
#define BODY_MAX      4096
#define SCHEMAS_MAX   (4 * 1024 * 1024)

/* A hash that nobody's password has, so that an unknown user takes as long as a known one. */
#define NOBODY                                               \
    "$argon2id$v=19$m=65536,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* ---- Origin -----------------------------------------------------------------------------------
 */

static bool listed(const char *list, struct tl_str origin)
{
    while (*list) {
        size_t n = strcspn(list, " ,");
        if (n && tl_str_eq(origin, (struct tl_str){.s = list, .n = n}))
            return true;
        list += n + (list[n] != '\0');
    }
    return false;
}

static void allow(struct tl_http_req *req, struct tl_str origin)
{
    char value[256];

    if (tl_str_put(value, sizeof(value), origin)) {
        (void)tl_http_add_header(req, "Access-Control-Allow-Origin", value);
        (void)tl_http_add_header(req, "Vary", "Origin");
    }
}

bool edge_origin_ok(struct edge *e, struct tl_http_req *req, bool must)
{
    struct tl_str origin = tl_http_header(req, "Origin");

    if ((!origin.s && !must) || (origin.s && listed(e->o.origins, origin))) {
        if (origin.s)
            allow(req, origin);
        return true;
    }
    edge_reject(req, "origin", 403, "Forbidden", "this Origin is not allowed");
    return false;
}

void edge_reject(struct tl_http_req *req, const char *class_name, int status, const char *title,
                 const char *detail)
{
    tl_bad_input("http", class_name);
    if (tl_log_allow(class_name))
        tl_warn("request refused", TL_S("class", class_name), TL_I("status", status));
    if (status == 401)
        (void)tl_http_add_header(req, "WWW-Authenticate", "Bearer");
    tl_http_problem(req, status, title, detail, NULL);
}

static void on_preflight(void *arg, struct tl_http_req *req)
{
    if (!edge_origin_ok(arg, req, true))
        return;
    (void)tl_http_add_header(req, "Access-Control-Allow-Methods", "GET, POST");
    (void)tl_http_add_header(req, "Access-Control-Allow-Headers", "authorization, content-type");
    (void)tl_http_add_header(req, "Access-Control-Max-Age", "600");
    tl_http_reply(req, 204, NULL, NULL, 0);
}

/* why is "/pointer: reason"; the answer takes them apart. */
static void reject_body(struct tl_http_req *req, int err, struct tl_buf *why)
{
    char *colon = why->n ? strstr(why->p, ": ") : NULL;
    int status = err == -EINVAL ? 422 : err == -EBADMSG ? 400 : 503;

    tl_bad_input("http", err == -EINVAL ? "schema" : "json");
    if (colon)
        *colon = '\0';
    tl_http_problem(req, status,
                    status == 422 ? "The body does not fit" : "The body cannot be read",
                    colon ? colon + 2 : NULL, colon ? why->p : NULL);
}

bool edge_peer_ok(struct edge *e, struct tl_http_req *req)
{
    if (tl_limiter_take(e->peers, tl_http_peer(req), tl_loop_now(e->o.loop)))
        return true;
    edge_reject(req, "peer_rate", 429, "Too many sessions", "wait a second");
    return false;
}

static void reply_json(struct tl_http_req *req, struct tl_buf *json)
{
    (void)tl_http_add_header(req, "Cache-Control", "no-store");
    if (json->err || !json->n)
        tl_http_problem(req, 503, "Busy", "try again", NULL);
    else
        tl_http_reply(req, 200, "application/json", json->p, json->n);
}

/* ---- POST /v1/agents/signin -------------------------------------------------------------------
 */

struct sign_in {
    struct edge *e;
    struct tl_http_req *req; /* NULL: the client has gone */
    struct tl_link link;
    struct agents_agent agent;
    char password[257];
    char key[THROTTLE_KEY + 1];
    bool known, ok;
};

static void check_password(void *arg)
{
    struct sign_in *s = arg;

    s->ok = tl_password_ok(s->known ? s->agent.hash : NOBODY, tl_str(s->password)) && s->known;
    explicit_bzero(s->password, sizeof(s->password));
}

static void token_for(struct edge *e, const struct agents_agent *agent, struct tl_buf *token)
{
    struct tl_claims c = {.subject = agent->id,
                          .expires_at = tl_clock_wall() + e->o.agent_token_life};

    tl_str_put(c.kind, sizeof(c.kind), TL_STR("agent"));
    tl_str_put(c.name, sizeof(c.name), tl_str(agent->name));
    tl_str_put(c.role, sizeof(c.role), tl_str(role_name(agent->role)));
    (void)tl_token_sign(token, e->o.key, &c); /* remembered in token->err or left empty */
}

static void answer_sign_in(struct sign_in *s)
{
    struct tl_buf token = TL_BUF(TL_TOKEN_MAX), json = TL_BUF(4096);
    struct who who = {.role = s->agent.role, .subject = s->agent.id};

    if (!s->ok) {
        edge_reject(s->req, "password", 401, "Unauthorized", "wrong user name or password");
        return;
    }
    throttle_forgive(s->e->throttle, tl_str(s->key));
    memcpy(who.name, s->agent.name, sizeof(who.name));
    token_for(s->e, &s->agent, &token);
    if (token.n && !token.err)
        (void)wire_signed_in(token.p, &who, s->e->o.agent_token_life, &json); /* empty: 503 */
    reply_json(s->req, &json);
    tl_info("agent proved who they are", TL_S("agent_id", s->agent.id.s));
    tl_buf_done(&token);
    tl_buf_done(&json);
}

static void on_checked(void *arg)
{
    struct sign_in *s = arg;

    if (s->e)
        tl_list_remove(&s->e->sign_ins, &s->link);
    if (s->e && s->req)
        answer_sign_in(s);
    tl_free(s);
}

static void on_sign_in_gone(void *arg)
{
    ((struct sign_in *)arg)->req = NULL;
}

static bool throttled(struct edge *e, struct tl_http_req *req, const char *key)
{
    tl_dur wait = throttle_try(e->throttle, tl_str(key), tl_clock_mono());
    char seconds[16];

    if (!wait)
        return false;
    snprintf(seconds, sizeof(seconds), "%d", (int)((wait + TL_SEC(1) - 1) / TL_SEC(1)));
    (void)tl_http_add_header(req, "Retry-After", seconds);
    edge_reject(req, "sign_in_rate", 429, "Too many tries", "wait a minute");
    return true;
}

static void on_sign_in(void *arg, struct tl_http_req *req)
{
    struct edge *e = arg;
    struct tl_buf why = TL_BUF(512);
    struct wire_sign_in in = {0};
    const struct agents_agent *agent;
    struct sign_in *s = NULL;
    struct tl_str peer = tl_http_peer(req);
    char key[THROTTLE_KEY + 1];
    int err;

    if (!edge_origin_ok(e, req, true))
        return;
    err = wire_sign_in_read(&in, tl_http_body(req), &why);
    if (err) {
        reject_body(req, err, &why);
        goto out;
    }
    snprintf(key, sizeof(key), "%.*s %s", (int)peer.n, peer.s, in.username);
    if (throttled(e, req, key))
        goto out;
    s = e->sign_ins.n < SIGN_INS_MAX ? tl_alloc(1, sizeof(*s)) : NULL;
    if (!s) {
        tl_http_problem(req, 503, "Busy", "too many sign-ins at once", NULL);
        goto out;
    }
    agent = agents_find(e->o.agents(e->o.agents_arg), tl_str(in.username));
    s->e = e;
    s->req = req;
    s->known = agent && agent->hash[0];
    if (agent)
        s->agent = *agent;
    memcpy(s->password, in.password, sizeof(s->password));
    memcpy(s->key, key, sizeof(s->key));
    tl_list_append(&e->sign_ins, &s->link);
    tl_http_on_gone(req, on_sign_in_gone, s);
    if (tl_loop_work(e->o.loop, check_password, on_checked, s)) {
        tl_list_remove(&e->sign_ins, &s->link);
        tl_free(s);
        tl_http_problem(req, 503, "Busy", "try again", NULL);
    }
out:
    explicit_bzero(&in, sizeof(in));
    tl_buf_done(&why);
}

/* ---- POST /v1/sessions ------------------------------------------------------------------------
 */

struct ticket {
    struct edge *e;
    struct tl_http_req *req; /* NULL: the client has gone */
    struct tl_id ticket;
};

static void on_ticket_kept(void *arg, int err)
{
    struct ticket *t = arg;
    struct tl_buf json = TL_BUF(1024);

    if (t->req && err == -ENOENT) {
        edge_reject(t->req, "session_over", 401, "Unauthorized", "this session is over");
    } else if (t->req && err) {
        tl_http_problem(t->req, 503, "Busy", "sessions cannot be kept now", NULL);
    } else if (t->req) {
        (void)wire_new_session(t->ticket.s, TICKET_LIFE, &json); /* empty: 503 */
        reply_json(t->req, &json);
    }
    tl_buf_done(&json);
    tl_free(t);
}

static void on_ticket_gone(void *arg)
{
    ((struct ticket *)arg)->req = NULL;
}

static bool bearer(const struct tl_http_req *req, struct tl_str *ret_token)
{
    struct tl_str h = tl_http_header(req, "Authorization");

    if (h.n < 7 || !tl_str_ieq((struct tl_str){.s = h.s, .n = 7}, TL_STR("Bearer ")))
        return false;
    *ret_token = tl_str_trim((struct tl_str){.s = h.s + 7, .n = h.n - 7});
    return true;
}

/* A visitor's or an agent's token -> who a new session belongs to.  0 or what tl_token_verify says.
 */
static int who_of(struct edge *e, struct tl_str token, struct who *ret)
{
    struct tl_claims c;
    int err = tl_token_verify(&c, e->o.key, token, "visitor", tl_clock_wall());
    bool visitor = !err;

    if (err == -EPROTO)
        err = tl_token_verify(&c, e->o.key, token, "agent", tl_clock_wall());
    if (err)
        return err;
    *ret = (struct who){.subject = c.subject, .session = tl_id_new()};
    memcpy(ret->name, c.name, sizeof(ret->name));
    if (visitor) {
        ret->role = ROLE_CUSTOMER;
        ret->customer = c.customer;
        memcpy(ret->tier, c.tier, sizeof(ret->tier));
    } else {
        ret->role = role_parse(tl_str(c.role));
        if (ret->role != ROLE_AGENT && ret->role != ROLE_SUPERVISOR)
            return -EBADMSG;
    }
    return 0;
}

static int keep_ticket(struct edge *e, struct ticket *t, struct tl_str resume, struct tl_str token)
{
    const struct store_ops *store = e->o.store->ops;
    struct tl_str ticket = tl_id_str(&t->ticket);
    struct tl_claims c;
    struct who who;
    int err;

    if (resume.n) {
        err = tl_token_verify(&c, e->o.key, resume, "resume", tl_clock_wall());
        return err ? -EKEYREJECTED
                   : store->ticket_resume(e->o.store, ticket, tl_id_str(&c.subject), on_ticket_kept,
                                          t);
    }
    err = who_of(e, token, &who);
    return err ? -EKEYREJECTED : store->ticket(e->o.store, ticket, &who, on_ticket_kept, t);
}

static void on_new_session(void *arg, struct tl_http_req *req)
{
    struct edge *e = arg;
    struct tl_buf why = TL_BUF(512), resume = TL_BUF(TL_TOKEN_MAX + 1);
    struct tl_str token = {0};
    struct ticket *t = NULL;
    bool has_bearer;
    int err;

    if (!edge_origin_ok(e, req, true) || !edge_peer_ok(e, req))
        return;
    err = wire_new_session_read(&resume, tl_http_body(req), &why);
    if (err) {
        reject_body(req, err, &why);
        goto out;
    }
    has_bearer = bearer(req, &token);
    if (has_bearer == (resume.n > 0)) {
        if (has_bearer)
            edge_reject(req, "two_proofs", 400, "Bad request",
                        "a bearer or a resume token, not both");
        else
            edge_reject(req, "no_proof", 401, "Unauthorized",
                        "a bearer or a resume token is needed");
        goto out;
    }
    t = tl_alloc(1, sizeof(*t));
    if (t) {
        *t = (struct ticket){.e = e, .req = req, .ticket = tl_ticket_new()};
        tl_http_on_gone(req, on_ticket_gone, t);
    }
    err = t ? keep_ticket(e, t, tl_buf_str(&resume), token) : -ENOMEM;
    if (err) {
        tl_free(t);
        if (err == -EKEYREJECTED)
            edge_reject(req, "token", 401, "Unauthorized", "the token is not valid (any more)");
        else
            tl_http_problem(req, 503, "Busy", "try again", NULL);
    }
out:
    tl_buf_done(&why);
    tl_buf_done(&resume);
}

/* ---- the rest ---------------------------------------------------------------------------------
 */

static void on_get_board(void *arg, struct tl_http_req *req)
{
    struct edge *e = arg;
    struct tl_str token, board = gateway_board(e->o.gateway);
    struct tl_claims c;

    if (!edge_origin_ok(e, req, false))
        return;
    if (!bearer(req, &token) || tl_token_verify(&c, e->o.key, token, "agent", tl_clock_wall())) {
        edge_reject(req, "token", 401, "Unauthorized", "an agent's token is needed");
        return;
    }
    (void)tl_http_add_header(req, "Cache-Control", "no-store");
    if (board.s)
        tl_http_reply(req, 200, "application/json", board.s, board.n);
    else
        tl_http_problem(req, 503, "No board yet", "analytics has not been heard", NULL);
}

static void on_get_schemas(void *arg, struct tl_http_req *req)
{
    struct edge *e = arg;

    if (!edge_origin_ok(e, req, false))
        return;
    if (e->schemas.n)
        tl_http_reply(req, 200, "application/x-protobuf", e->schemas.p, e->schemas.n);
    else
        tl_http_problem(req, 404, "Not found", "no descriptor set was given to this gateway", NULL);
}

static int read_schemas(struct edge *e)
{
    char chunk[16384];
    size_t n;
    FILE *f = e->o.schemas_file && e->o.schemas_file[0] ? fopen(e->o.schemas_file, "re") : NULL;

    if (!f)
        return 0;
    while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
        if (tl_buf_add(&e->schemas, chunk, n))
            break;
    fclose(f);
    return e->schemas.err;
}

int edge_new(struct edge **ret, const struct edge_opts *opts)
{
    const char *json = "application/json";
    struct edge *e = tl_alloc(1, sizeof(*e));
    uint64_t seed;
    int err = e ? 0 : -ENOMEM;

    if (err)
        return err;
    e->o = *opts;
    e->schemas = TL_BUF(SCHEMAS_MAX);
    tl_list_init(&e->sign_ins);
    tl_list_init(&e->openings);
    tl_random(&seed, sizeof(seed));
    err = throttle_new(&e->throttle, THROTTLE_KEYS, WINDOW, seed);
    if (!err)
        err = tl_limiter_new(&e->peers, opts->peer_rate, opts->peer_burst, seed);
    if (!err)
        err = read_schemas(e);
    const struct tl_route routes[] = {
        {"POST", "/v1/agents/signin", on_sign_in, e, BODY_MAX, json},
        {"OPTIONS", "/v1/agents/signin", on_preflight, e, 0, NULL},
        {"POST", "/v1/sessions", on_new_session, e, BODY_MAX, json},
        {"OPTIONS", "/v1/sessions", on_preflight, e, 0, NULL},
        {"GET", "/v1/board", on_get_board, e, 0, NULL},
        {"OPTIONS", "/v1/board", on_preflight, e, 0, NULL},
        {"GET", "/v1/schemas", on_get_schemas, e, 0, NULL},
        {"GET", "/v1/ws", edge_on_ws, e, 0, NULL},
        {"GET", "/echo", edge_on_echo, e, 0, NULL},
    };
    for (size_t i = 0; !err && i < TL_LEN(routes) - !opts->echo; i++)
        err = tl_http_route(opts->http, &routes[i]);
    if (err) {
        edge_free(e);
        return err;
    }
    *ret = e;
    return 0;
}

struct edge *edge_free(struct edge *e)
{
    if (!e)
        return NULL;
    tl_list_for_each (&e->sign_ins, k)
        TL_CONTAINER(k, struct sign_in, link)->e = NULL;
    edge_forget_openings(e);
    throttle_free(e->throttle);
    tl_limiter_free(e->peers);
    tl_buf_done(&e->schemas);
    return tl_free(e);
}
