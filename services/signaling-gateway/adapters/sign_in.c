/*
 * POST /v1/agents/signin.  A password takes 0.1 s to check, on the pool; an unknown user takes as
 * long as a known one, and nobody tries often.
 */
#include "adapters/edge_private.h"
#include <stdio.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>

#define SIGN_INS_MAX 32 /* waiting for their hash; each takes 64 MiB for 0.1 s */

/* A hash that nobody's password has, so that an unknown user takes as long as a known one. */
#define NOBODY                                               \
    "$argon2id$v=19$m=65536,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$" \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

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
    edge_reply_json(s->req, &json);
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

void edge_on_sign_in(void *arg, struct tl_http_req *req)
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
        edge_reject_body(req, err, &why);
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

void edge_forget_sign_ins(struct edge *e)
{
    tl_list_for_each (&e->sign_ins, k)
        TL_CONTAINER(k, struct sign_in, link)->e = NULL;
}
