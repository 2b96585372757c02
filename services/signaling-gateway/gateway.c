/*
 * The gateway itself: sockets that come and go become facts for core/sessions.c, and what it
 * decides is carried out.
 */
#include "gateway.h"
#include <tl_clock.h>
#include <tl_mem.h>
#include <tl_ws_frame.h>

#define JSON_MAX (1024 * 1024)

/* ---- carrying out decisions ---- */

static void end_session(struct gateway *g, const struct sessions_decision *d, bool signed_out)
{
    greeting_free(d->user);
    (void)g->o.store->ops->over(g->o.store,
                                tl_id_str(&d->who.session));  /* else the farewell does */
    (void)wire_session_ended(g->o.events, &d->who, d->cause); /* a full queue is counted there */
    tl_info("session ended", TL_S("session_id", d->who.session.s),
            TL_S("role", role_name(d->who.role)), TL_S("cause", d->cause));
    if (d->who.role == ROLE_CUSTOMER || signed_out) {
        if (farewell_say(g, &d->who, d->cause, signed_out))
            tl_error("session's end could not be told", TL_S("session_id", d->who.session.s));
    } else {
        (void)g->o.store->ops->forget(g->o.store, tl_id_str(&d->who.session)); /* adopted later */
    }
}

static void greet(struct gateway *g, const struct sessions_decision *d)
{
    greeting_free(session_user(d->session));
    session_set_user(d->session, NULL);
    if (d->resumed)
        (void)wire_session_resumed(g->o.events, &d->who, d->away); /* counted there */
    else
        (void)wire_session_started(g->o.events, &d->who); /* likewise */
    tl_info(d->resumed ? "session resumed" : "session started",
            TL_S("session_id", d->who.session.s), TL_S("role", role_name(d->who.role)),
            TL_I("away_us", d->away));
    if (greeting_start(g, d->session, d->resumed)) {
        gateway_closed(d->session, d->socket, false);
        g->o.sockets->close(d->socket, TL_WS_INTERNAL, "out of memory");
    }
}

static void carry_out(struct gateway *g, const struct sessions_decision *d, bool *signed_out)
{
    switch (d->kind) {
    case SESSION_GREET: greet(g, d); break;
    case SESSION_DROP_SOCKET: g->o.sockets->close(d->socket, TL_WS_SUPERSEDED, "superseded"); break;
    case SESSION_WAIT:
        greeting_free(session_user(d->session));
        session_set_user(d->session, NULL);
        break;
    case SESSION_QUIET: idle_ask(g, d); break;
    case SESSION_END:
        end_session(g, d, *signed_out);
        *signed_out = false;
        break;
    case SESSION_FORGET: greeting_free(d->user); break;
    case AGENT_SIGN_IN:
        if (!d->resumed)
            (void)wire_agent_signed_in(g->o.events, &d->who); /* a full queue is counted there */
        break;
    case AGENT_SIGN_OUT:
        (void)wire_agent_signed_out(g->o.events, &d->who, d->cause); /* likewise */
        *signed_out = true;
        break;
    }
}

static void set_alarm(struct gateway *g)
{
    tl_time at = sessions_next_wake(g->sessions);

    if (at == TL_NEVER || g->stopping)
        tl_timer_stop(g->wake);
    else
        tl_timer_start(g->wake, TL_HIGHER(at - tl_clock_mono(), 0));
}

int gateway_step(struct gateway *g, const struct sessions_fact *fact)
{
    struct sessions_decisions ds;
    bool signed_out = false;
    int err = sessions_step(g->sessions, fact, tl_clock_mono(), &ds);

    for (size_t i = 0; !err && i < ds.n; i++)
        carry_out(g, &ds.d[i], &signed_out);
    set_alarm(g);
    return err;
}

static void on_wake(void *arg)
{
    (void)gateway_step(arg, &(struct sessions_fact){.kind = SESSION_TICK}); /* cannot fail */
}

/* ---- sockets ---- */

struct session *gateway_opened(struct gateway *g, const struct store_redeemed *r, void *socket)
{
    struct sessions_fact fact = {
        .kind = SESSION_OPENED, .who = &r->who, .socket = socket, .known = r->known};
    struct session *x;

    if (!tl_id_empty(&r->gateway) && !tl_id_eq(&r->gateway, &g->o.id)) {
        tl_buf_clear(&g->request);
        if (!wire_taken(tl_id_str(&r->who.session), g->o.id.s, &g->request))
            (void)tl_bus_publish(g->o.bus, "tl.cmd.signaling.taken", g->request.p,
                                 g->request.n); /* the other one's socket dies by itself */
    }
    if (gateway_step(g, &fact))
        return NULL;
    x = sessions_find(g->sessions, tl_id_str(&r->who.session));
    return x && session_socket(x) == socket ? x : NULL;
}

void gateway_missed(struct gateway *g, const struct store_redeemed *r)
{
    if (gateway_step(
            g, &(struct sessions_fact){.kind = SESSION_ADOPTED, .who = &r->who, .known = r->known}))
        tl_error("session lost for want of memory", TL_S("session_id", r->who.session.s));
}

void gateway_closed(struct session *x, void *socket, bool bye)
{
    struct gateway *g = sessions_owner(session_home(x));
    struct sessions_fact fact = {.kind = SESSION_CLOSED,
                                 .session = session_id(x),
                                 .socket = socket,
                                 .bye = bye && !g->stopping}; /* else the next gateway waits */

    (void)gateway_step(g, &fact); /* ending needs no memory */
}

void gateway_send(struct gateway *g, struct session *x, struct tl_str json)
{
    void *socket = session_socket(x);

    if (socket && !greeting_hold(x, json))
        (void)g->o.sockets->send(socket, json); /* a dead or slow one is closed by its adapter */
}

/* ---- life ---- */

static void on_metrics(void *arg)
{
    struct gateway *g = arg;

    tl_metric_set(g->m.sessions, (double)sessions_count(g->sessions));
    tl_metric_set(g->m.away, (double)sessions_away(g->sessions));
    tl_metric_set(g->m.agents, (double)sessions_agent_count(g->sessions));
    tl_metric_set(g->m.farewells, (double)g->farewells.n);
}

static void make_metrics(struct gateway *g)
{
    g->m.sessions = tl_gauge("tl_signaling_sessions", NULL, "sessions at this gateway");
    g->m.away = tl_gauge("tl_signaling_sessions_away", NULL, "of them: without a socket");
    g->m.agents = tl_gauge("tl_signaling_agents", NULL, "agents signed in at this gateway");
    g->m.farewells = tl_gauge("tl_signaling_farewells_waiting", NULL,
                              "ended sessions that others have not heard of yet");
    g->m.frames = tl_counter("tl_signaling_frames_total", NULL, "frames from clients");
    g->m.pushes = tl_counter("tl_signaling_pushes_total", NULL, "pushes that met a session here");
    g->m.adopted = tl_counter("tl_signaling_adopted_total", NULL,
                              "sessions taken over from gateways that died");
    g->m.shortcuts =
        tl_counter("tl_signaling_shortcuts_total", NULL, "frames passed from socket to socket");
    tl_metrics_on_read(on_metrics, g);
}

int gateway_new(struct gateway **ret, const struct gateway_opts *opts)
{
    struct gateway *g = tl_alloc(1, sizeof(*g));
    uint64_t seed;
    int err;

    if (!g)
        return -ENOMEM;
    g->o = *opts;
    g->json = g->board_frame = g->board = g->request = TL_BUF(JSON_MAX);
    g->why = TL_BUF(1024);
    tl_list_init(&g->farewells);
    tl_random(&seed, sizeof(seed));
    err = sessions_new(&g->sessions, opts->grace, opts->idle, seed, g);
    if (!err)
        err = handlers_subscribe(g);
    if (!err)
        err = tl_timer_new(&g->wake, g->o.loop, on_wake, g);
    if (!err)
        err = beat_start(g);
    if (err) {
        gateway_free(g);
        return err;
    }
    make_metrics(g);
    *ret = g;
    return 0;
}

void gateway_stop(struct gateway *g)
{
    g->stopping = true;
    tl_timer_stop(g->wake);
    tl_timer_stop(g->beat);
}

static void let_go(struct gateway *g)
{
    if (g->over && g->asked == 0)
        tl_free(g);
}

void gateway_asks(struct gateway *g)
{
    g->asked++;
}

bool gateway_hears(struct gateway *g)
{
    bool here = !g->over;

    g->asked--;
    let_go(g);
    return here;
}

struct gateway *gateway_free(struct gateway *g)
{
    if (!g)
        return NULL;
    for (size_t i = 0; i < TL_LEN(g->subs); i++)
        tl_sub_free(g->subs[i]);
    if (g->sessions)
        for (struct session *x = sessions_next(g->sessions, NULL); x;
             x = sessions_next(g->sessions, x))
            greeting_free(session_user(x));
    farewell_free_all(g);
    pairs_done(&g->pairs);
    sessions_free(g->sessions);
    tl_timer_free(g->wake);
    tl_timer_free(g->beat);
    tl_buf_done(&g->json);
    tl_buf_done(&g->request);
    tl_buf_done(&g->why);
    tl_buf_done(&g->board_frame);
    tl_buf_done(&g->board);
    g->over = true;
    let_go(g);
    return NULL;
}
