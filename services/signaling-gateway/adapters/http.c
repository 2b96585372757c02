/*
 * The REST API: tickets, the board, the schemas; sign_in.c has the sign-in.  Each answer that
 * others' sites may read carries the Origin it was given to; an Origin that is not on the list gets
 * 403 before anything else is looked at.
 */
#include "adapters/edge_private.h"
#include <stdio.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>

#define WINDOW        TL_MIN(1)
#define THROTTLE_KEYS 10000
#define BODY_MAX      4096
#define SCHEMAS_MAX   (4 * 1024 * 1024)

/* ---- Origin ---- */

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

    if ((!origin.s && !must) || (origin.s && tl_str_listed(e->o.origins, origin))) {
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
void edge_reject_body(struct tl_http_req *req, int err, struct tl_buf *why)
{
    char *colon = why->n ? strstr(why->p, ": ") : NULL;
    int status = err == -EINVAL ? 422 : err == -EBADMSG ? 400 : 503;

    if (status != 503)
        tl_bad_input("http", status == 422 ? "schema" : "json");
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

void edge_reply_json(struct tl_http_req *req, struct tl_buf *json)
{
    (void)tl_http_add_header(req, "Cache-Control", "no-store");
    if (json->err || !json->n)
        tl_http_problem(req, 503, "Busy", "try again", NULL);
    else
        tl_http_reply(req, 200, "application/json", json->p, json->n);
}

/* ---- POST /v1/sessions ---- */

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
        edge_reply_json(t->req, &json);
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
        edge_reject_body(req, err, &why);
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

/* ---- the rest ---- */

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
        {"POST", "/v1/agents/signin", edge_on_sign_in, e, BODY_MAX, json},
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
    edge_forget_sign_ins(e);
    edge_forget_openings(e);
    throttle_free(e->throttle);
    tl_limiter_free(e->peers);
    tl_buf_done(&e->schemas);
    return tl_free(e);
}
