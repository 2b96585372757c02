/*
 * Welcome at once, then the snapshot: conversation's part, and for agents the ACD's.  Both are
 * asked side by side and again every second until they come, because a client that never gets a
 * snapshot cannot do anything.  Pushes meanwhile are held and follow the snapshot, so a change that
 * happens while the snapshot is on its way is not lost.
 */
#include "gateway.h"
#include <tl_clock.h>
#include <tl_mem.h>

#define HELD_MAX    (256 * 1024)
#define PART_MAX    TL_PB_MAX
#define RESUME_LIFE TL_HOUR(24)
#define TRY_AGAIN   TL_SEC(1)

enum part { ASK, ASKED, HERE };

struct greeting {
    struct gateway *g;
    struct tl_id session;
    uint64_t serial; /* tells this greeting from an earlier one of the same session */
    struct tl_timer *retry;
    enum part snapshot_state, agent_state;
    struct tl_buf snapshot, agent;
    struct tl_buf held; /* frames, each after its length */
    bool sign_in;       /* the ACD does not have this agent */
    bool overflow;      /* more was held than we keep: the snapshot is too old */
};

/* Answers outlive greetings, so they carry names and not pointers. */
struct reply_slip {
    struct gateway *g;
    struct tl_id session;
    uint64_t serial;
};

static void go_on(struct greeting *x);

void greeting_free(void *greeting)
{
    struct greeting *x = greeting;

    if (!x)
        return;
    tl_timer_free(x->retry);
    tl_buf_done(&x->snapshot);
    tl_buf_done(&x->agent);
    tl_buf_done(&x->held);
    tl_free(x);
}

bool greeting_hold(struct session *s, struct tl_str json)
{
    struct greeting *x = session_user(s);
    uint32_t n = (uint32_t)json.n;

    if (!x)
        return false;
    if (x->held.n + sizeof(n) + n > HELD_MAX) {
        tl_buf_clear(&x->held);
        x->overflow = true;
    } else {
        (void)tl_buf_add(&x->held, &n, sizeof(n)); /* remembered in held.err */
        (void)tl_buf_add(&x->held, json.s, n);
    }
    return true;
}

static struct greeting *slip_back(void *arg)
{
    struct reply_slip slip = *(struct reply_slip *)arg;
    struct session *s = NULL;
    struct greeting *x;

    tl_free(arg);
    if (gateway_hears(slip.g))
        s = sessions_find(slip.g->sessions, tl_id_str(&slip.session));
    x = s ? session_user(s) : NULL;
    return x && x->serial == slip.serial ? x : NULL;
}

static int request(struct greeting *x, const char *subject, tl_reply_fn *fn)
{
    struct gateway *g = x->g;
    struct reply_slip *slip = tl_alloc(1, sizeof(*slip));
    int err;

    if (!slip)
        return -ENOMEM;
    *slip = (struct reply_slip){.g = g, .session = x->session, .serial = x->serial};
    err = tl_bus_request(g->o.bus, subject, g->request.p, g->request.n, 0, 3, fn, slip);
    if (err)
        tl_free(slip);
    else
        gateway_asks(g);
    return err;
}

static int keep(struct tl_buf *to, const struct tl_reply *r)
{
    tl_buf_clear(to);
    return tl_buf_add(to, r->data, r->n);
}

static void later(struct greeting *x, const char *service, int err)
{
    if (tl_log_allow(service))
        tl_warn("session waits for its snapshot", TL_S("session_id", x->session.s),
                TL_S("service", service), TL_E(err));
    tl_timer_start(x->retry, TRY_AGAIN);
}

static void on_snapshot(void *arg, const struct tl_reply *r)
{
    struct greeting *x = slip_back(arg);

    if (!x)
        return;
    x->snapshot_state = ASK;
    if (!r->err && !x->overflow && !keep(&x->snapshot, r))
        x->snapshot_state = HERE;
    if (r->err)
        later(x, "conversation", r->err);
    else
        go_on(x);
}

static void on_agent(void *arg, const struct tl_reply *r)
{
    struct greeting *x = slip_back(arg);
    bool online = false, unknown = r->err == -EREMOTEIO && r->code == 404;
    int err = unknown ? 0 : r->err;

    if (!x)
        return;
    x->agent_state = ASK;
    if (!err && !unknown)
        err = wire_agent_online(r->data, r->n, &online);
    if (!err && online)
        err = keep(&x->agent, r);
    if (!err && !online && x->sign_in && !unknown)
        err = -EPROTO; /* signed in and yet offline: ask again, but not at once */
    if (err) {
        later(x, "acd", err);
        return;
    }
    if (online || x->sign_in) /* unknown to the ACD even so: only the board is of use to them */
        x->agent_state = HERE;
    else
        x->sign_in = true;
    go_on(x);
}

static int ask_agent(struct greeting *x, const struct who *who)
{
    struct gateway *g = x->g;
    struct agent *a = sessions_agent(g->sessions, tl_id_str(&who->subject));
    int err;

    tl_buf_clear(&g->request);
    if (x->sign_in)
        err = wire_set_agent(who, agent_ready(a), false, agent_reason(a), &g->request);
    else
        err = wire_get_agent(&who->subject, &g->request);
    if (err)
        return err;
    return request(x, x->sign_in ? "tl.cmd.acd.p0.set_agent_state" : "tl.cmd.acd.p0.get_agent",
                   on_agent);
}

static void finish(struct greeting *x)
{
    struct gateway *g = x->g;
    struct session *s = sessions_find(g->sessions, tl_id_str(&x->session));
    void *socket = session_socket(s);
    size_t at = 0;
    uint32_t n;
    int err;

    tl_buf_clear(&g->json);
    err = x->held.err;
    if (!err)
        err = wire_snapshot(x->snapshot.p, x->snapshot.n, x->agent.p, x->agent.n, &g->json);
    if (err) {
        if (err != -ENOMEM)
            tl_bad_input("nats", "snapshot");
        x->snapshot_state = ASK;
        tl_buf_clear(&x->held);
        later(x, "snapshot", err);
        return;
    }
    session_set_user(s, NULL);
    (void)g->o.sockets->send(socket,
                             tl_buf_str(&g->json)); /* a dead one is closed by its adapter */
    for (; at < x->held.n; at += sizeof(n) + n) {
        memcpy(&n, x->held.p + at, sizeof(n));
        (void)g->o.sockets->send(socket, (struct tl_str){.s = x->held.p + at + sizeof(n), .n = n});
    }
    greeting_free(x);
}

/* Ask for what is missing; when all is here, finish.  May free x. */
static void go_on(struct greeting *x)
{
    struct gateway *g = x->g;
    struct session *s = sessions_find(g->sessions, tl_id_str(&x->session));
    bool failed = false;
    struct who who;

    if (x->overflow && x->snapshot_state == HERE)
        x->snapshot_state = ASK;
    if (x->snapshot_state == HERE && x->agent_state == HERE) {
        finish(x);
        return;
    }
    session_who(s, &who);
    if (x->snapshot_state == ASK && !tl_timer_active(x->retry)) {
        tl_buf_clear(&g->request);
        x->overflow = false; /* what is held from here on is newer than the answer */
        failed = wire_get_snapshot(&who, &g->request) ||
                 request(x, "tl.cmd.conversation.get_snapshot", on_snapshot);
        x->snapshot_state = failed ? ASK : ASKED;
    }
    if (x->agent_state == ASK && !tl_timer_active(x->retry)) {
        bool bad = ask_agent(x, &who);
        x->agent_state = bad ? ASK : ASKED;
        failed |= bad;
    }
    if (failed)
        tl_timer_start(x->retry, TRY_AGAIN);
}

static void on_retry(void *arg)
{
    go_on(arg);
}

static int say_welcome(struct greeting *x, const struct who *who, void *socket, bool resumed)
{
    struct gateway *g = x->g;
    struct tl_buf token = TL_BUF(TL_TOKEN_MAX);
    struct tl_claims claims = {.subject = who->session,
                               .expires_at = tl_clock_wall() + RESUME_LIFE};
    struct wire_welcome w = {.who = who,
                             .resumed = resumed,
                             .media_instance = g->o.media_instance,
                             .ice_servers = g->o.ice_servers,
                             .n_ice_servers = g->o.n_ice_servers};
    int err;

    tl_str_put(claims.kind, sizeof(claims.kind), TL_STR("resume"));
    if (who->role == ROLE_AGENT)
        w.choices = g->o.choices(g->o.choices_arg);
    else if (who->role == ROLE_CUSTOMER)
        w.media_instance = "";
    err = tl_token_sign(&token, g->o.key, &claims);
    if (err)
        goto out;
    w.resume_token = token.p;
    tl_buf_clear(&g->json);
    err = wire_welcome(&w, &g->json);
    if (!err)
        (void)g->o.sockets->send(socket, tl_buf_str(&g->json)); /* closed by its adapter */
out:
    tl_buf_done(&token);
    return err;
}

int greeting_start(struct gateway *g, struct session *s, bool resumed)
{
    struct greeting *x = tl_alloc(1, sizeof(*x));
    struct who who;
    int err = x ? 0 : -ENOMEM;

    if (err)
        return err;
    session_who(s, &who);
    x->g = g;
    x->session = who.session;
    x->serial = ++g->greetings;
    x->snapshot = x->agent = TL_BUF(PART_MAX);
    x->held = TL_BUF(HELD_MAX);
    x->snapshot_state = who.role == ROLE_SUPERVISOR ? HERE : ASK;
    x->agent_state = who.role == ROLE_AGENT ? ASK : HERE;
    err = tl_timer_new(&x->retry, g->o.loop, on_retry, x);
    if (!err)
        err = say_welcome(x, &who, session_socket(s), resumed);
    if (err) {
        greeting_free(x);
        return err;
    }
    session_set_user(s, x);
    go_on(x);
    return 0;
}
