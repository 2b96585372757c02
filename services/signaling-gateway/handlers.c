/*
 * Frames and pushes.  A frame is parsed, checked against the role's rights, packed as a command and
 * asked of its service; the answer finds its session by id, so a client that has gone meanwhile
 * costs nothing.  Pushes arrive on two wildcard subscriptions: one look-up here instead of a
 * subscription for each session, which would cost the client library a kilobyte each.
 */
#include "handlers.h"
#include "gateway.h"
#include <tl_clock.h>
#include <tl_mem.h>
#include <tl_ws_frame.h>

#define ASKING_MAX 32 /* questions of one session that may wait for an answer */

/* ---- frames ---- */

struct question {
    struct gateway *g;
    struct tl_id session;
    void *socket;
    struct wire_call call;
    bool wants, ready; /* set_agent_state */
    char reason[40];
    char id[WIRE_REPLY_ID_MAX + 1];
};

static void refuse(struct gateway *g, struct session *x, const char *id, int code, const char *why)
{
    tl_buf_clear(&g->json);
    if (!wire_error(id, code, why, &g->json))
        (void)g->o.sockets->send(session_socket(x), tl_buf_str(&g->json)); /* closing anyway */
}

/* Not how our clients speak: told why, closed, counted; the session may be resumed. */
static void offend(struct gateway *g, struct session *x, const char *id, int code,
                   const char *class_name)
{
    void *socket = session_socket(x);

    tl_bad_input("websocket", class_name);
    if (tl_log_allow(class_name))
        tl_warn("frame refused", TL_T("session_id", session_id(x)), TL_S("class", class_name));
    refuse(g, x, id, code, g->why.n ? g->why.p : class_name);
    gateway_closed(x, socket, false);
    g->o.sockets->close(socket, TL_WS_POLICY, class_name);
}

static void on_answer(void *arg, const struct tl_reply *r)
{
    struct question q = *(struct question *)arg;
    struct gateway *g = q.g;
    struct session *x;

    tl_free(arg);
    x = gateway_hears(g) ? sessions_find(g->sessions, tl_id_str(&q.session)) : NULL;
    if (!x)
        return;
    session_answered(x);
    if (session_socket(x) != q.socket)
        return; /* the client asks again on its new socket */
    tl_buf_clear(&g->json);
    if (!r->err && wire_answer(&q.call, q.id, r->data, r->n, &g->json)) {
        tl_buf_clear(&g->json); /* of what was written before it failed */
        (void)wire_error(q.id, 502, "the answer cannot be read", &g->json);
    } else if (r->err == -EREMOTEIO) {
        (void)wire_error(q.id, r->code, r->reason ? r->reason : "refused", &g->json);
    } else if (r->err) {
        (void)wire_error(q.id, 503, "no answer, try again", &g->json);
    }
    if (q.wants && !r->err)
        agent_wants(session_agent(x), q.ready, tl_str(q.reason));
    if (g->json.n && !g->json.err)
        gateway_send(g, x, tl_buf_str(&g->json));
}

static int ask(struct gateway *g, struct session *x, const struct wire_frame *f)
{
    struct question *q = tl_alloc(1, sizeof(*q));
    struct tl_str reason;
    struct who who;
    int err;

    if (!q)
        return -ENOMEM;
    session_who(x, &who);
    q->g = g;
    q->session = who.session;
    q->socket = session_socket(x);
    memcpy(q->id, f->id, sizeof(q->id));
    q->wants = wire_is_agent_state(f, &q->ready, &reason);
    if (q->wants)
        tl_str_put(q->reason, sizeof(q->reason), reason);
    tl_buf_clear(&g->request);
    err = wire_call(&q->call, &g->request, f, &who, &g->why);
    if (!err)
        err = tl_bus_request(g->o.bus, q->call.subject, g->request.p, g->request.n, q->call.timeout,
                             q->call.tries, on_answer, q);
    if (err) {
        tl_free(q);
        return err;
    }
    gateway_asks(g);
    session_asks(x);
    return 0;
}

static void watch_board(struct gateway *g, struct session *x, const char *id, bool on)
{
    session_watch(x, on);
    tl_buf_clear(&g->json);
    if (!wire_ok(id, &g->json) && g->json.n)
        gateway_send(g, x, tl_buf_str(&g->json));
    if (on && g->board_frame.n)
        gateway_send(g, x, tl_buf_str(&g->board_frame));
}

void gateway_frame(struct session *x, struct tl_str json)
{
    struct gateway *g = sessions_owner(session_home(x));
    struct wire_frame f = {0};
    bool on;
    int err;

    session_said(x, tl_loop_now(g->o.loop));
    if (shortcut_typing(g, x, json))
        return;
    tl_buf_clear(&g->why);
    err = wire_frame(&f, json, &g->why);
    if (err == -ENOMEM) {
        refuse(g, x, "", 503, "busy, try again");
        return;
    }
    if (err) {
        offend(g, x, "", 400, err == -EBADMSG ? "json" : "schema");
        return;
    }
    tl_metric_add(g->m.frames, 1);
    if (!may_say(session_role(x), f.member)) {
        offend(g, x, f.id, 403, "authorisation");
    } else if (wire_is_subscribe_board(&f, &on)) {
        watch_board(g, x, f.id, on);
    } else if (session_asking(x) >= ASKING_MAX) {
        tl_bad_input("websocket", "too_many_questions");
        refuse(g, x, f.id, 429, "too many requests wait for an answer");
    } else {
        err = ask(g, x, &f);
        if (err == -EINVAL)
            tl_bad_input("websocket", "field");
        if (err)
            refuse(g, x, f.id, err == -EINVAL ? 400 : 503, g->why.n ? g->why.p : "busy, try again");
    }
    wire_frame_done(&f);
}

/* ---- pushes ---- */

/* Last part of the subject. */
static struct tl_str addressee(const struct tl_msg *m, struct tl_str prefix)
{
    return (struct tl_str){.s = m->subject.s + prefix.n, .n = m->subject.n - prefix.n};
}

static bool read_push(struct gateway *g, const struct tl_msg *m, struct wire_learned *learned)
{
    tl_buf_clear(&g->json);
    if (!wire_push(m->data, m->n, learned, &g->json)) {
        tl_metric_add(g->m.pushes, 1);
        return true;
    }
    tl_bad_input("nats", "push");
    if (tl_log_allow("push"))
        tl_warn("push cannot be read", TL_T("subject", m->subject));
    return false;
}

static void on_session_push(void *arg, const struct tl_msg *m)
{
    struct gateway *g = arg;
    struct session *x = sessions_find(g->sessions, addressee(m, TL_STR("tl.session.")));
    struct wire_learned learned = {0};

    if (!x || !read_push(g, m, &learned))
        return;
    if (learned.contact_state)
        shortcut_learn(g, &learned, x);
    gateway_send(g, x, tl_buf_str(&g->json));
}

static void on_agent_push(void *arg, const struct tl_msg *m)
{
    struct gateway *g = arg;
    struct agent *a = sessions_agent(g->sessions, addressee(m, TL_STR("tl.agent.")));
    struct wire_learned learned = {0};

    if (!a || !read_push(g, m, &learned))
        return;
    if (learned.agent_state)
        agent_wants(a, learned.ready, tl_str(learned.reason));
    if (learned.contact_state && !learned.talking) /* the customer may be gone by now */
        pairs_forget(&g->pairs, tl_str(learned.contact));
    for (struct session *x = agent_next_session(a, NULL); x; x = agent_next_session(a, x))
        gateway_send(g, x, tl_buf_str(&g->json));
}

static void on_board(void *arg, const struct tl_msg *m)
{
    struct gateway *g = arg;

    tl_buf_clear(&g->board_frame);
    tl_buf_clear(&g->board);
    if (wire_board(m->data, m->n, &g->board_frame, &g->board)) {
        tl_bad_input("nats", "board");
        tl_buf_clear(&g->board_frame);
        tl_buf_clear(&g->board);
        return;
    }
    for (struct session *x = sessions_next_watcher(g->sessions, NULL); x;
         x = sessions_next_watcher(g->sessions, x))
        gateway_send(g, x, tl_buf_str(&g->board_frame));
}

static void on_taken(void *arg, const struct tl_msg *m)
{
    struct gateway *g = arg;
    struct tl_id session, gateway;

    if (wire_taken_read(m->data, m->n, &session, &gateway))
        tl_bad_input("nats", "taken");
    else if (!tl_id_eq(&gateway, &g->o.id))
        (void)gateway_step(
            g, &(struct sessions_fact){.kind = SESSION_TAKEN, .session = tl_id_str(&session)});
}

struct tl_str gateway_board(const struct gateway *g)
{
    return g->board.n ? tl_buf_str(&g->board) : (struct tl_str){0};
}

/* ---- what is heard ---- */

int handlers_subscribe(struct gateway *g)
{
    static const struct {
        const char *subject;
        tl_msg_fn *fn;
        const char *queue; /* NULL: every gateway hears it */
    } subs[] = {{"tl.session.*", on_session_push},
                {"tl.agent.*", on_agent_push},
                {"tl.analytics.board", on_board},
                {"tl.cmd.signaling.taken", on_taken},
                {"tl.cmd.signaling.list_unknown", known_asked, "signaling"}};
    int err = 0;

    for (size_t i = 0; !err && i < TL_LEN(subs); i++)
        err =
            tl_bus_subscribe(&g->subs[i], g->o.bus, subs[i].subject, subs[i].queue, subs[i].fn, g);
    return err;
}
