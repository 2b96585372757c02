/*
 * Once a second.  To the ACD: the agents who live here, also those whose socket is away.  To the
 * store: this gateway lives; and which sessions have lost their gateway?  A gateway that could not
 * beat for a while itself does not call others dead until they had time to beat again.
 */
#include "gateway.h"
#include <tl_clock.h>
#include <tl_mem.h>

#define SAVE_MAX 4000      /* records written again with one beat */
#define SETTLE   TL_SEC(5) /* after a silence of the store, before anybody is called dead */

/* ---- the ACD ---- */

static void request(struct gateway *g, const char *subject, tl_reply_fn *fn)
{
    if (!tl_bus_request(g->o.bus, subject, g->request.p, g->request.n, 0, 1, fn, g))
        gateway_asks(g); /* else: the next beat comes in a second */
}

static void on_signed_in(void *arg, const struct tl_reply *r)
{
    if (gateway_hears(arg) && r->err && tl_log_allow("sign in again"))
        tl_warn("agent could not be signed in again", TL_E(r->err));
}

static void sign_in_again(void *arg, struct tl_str id)
{
    struct gateway *g = arg;
    struct agent *a = sessions_agent(g->sessions, id);
    struct who who;

    if (!a || session_user(agent_newest_session(a)))
        return; /* gone, or its greeting signs it in */
    session_who(agent_newest_session(a), &who);
    tl_buf_clear(&g->request);
    if (!wire_set_agent(&who, agent_ready(a), false, agent_reason(a), &g->request))
        request(g, "tl.cmd.acd.p0.set_agent_state", on_signed_in);
    tl_info("agent signed in again", TL_T("agent_id", id));
}

static void on_heartbeat(void *arg, const struct tl_reply *r)
{
    struct gateway *g = arg;

    if (gateway_hears(g) && !r->err && wire_heartbeat_unknown(r->data, r->n, sign_in_again, g))
        tl_bad_input("nats", "heartbeat_answer");
}

static void heartbeat(struct gateway *g)
{
    size_t n = sessions_agent_count(g->sessions), i = 0;
    struct wire_agent_session *rows = n ? tl_alloc(n, sizeof(*rows)) : NULL;

    if (!rows)
        return; /* nobody to speak for; or the next beat does */
    for (struct agent *a = sessions_next_agent(g->sessions, NULL); a && i < n;
         a = sessions_next_agent(g->sessions, a), i++)
        rows[i] = (struct wire_agent_session){.agent_id = agent_id(a).s,
                                              .session_id = session_id(agent_newest_session(a)).s};
    tl_buf_clear(&g->request);
    if (!wire_heartbeat(g->o.id.s, rows, i, &g->request))
        request(g, "tl.cmd.acd.p0.heartbeat", on_heartbeat);
    tl_free(rows);
}

/* ---- the store ---- */

static void adopt(struct gateway *g);

static void on_adopted(void *arg, int err, const struct store_adopted *rows, size_t n)
{
    struct gateway *g = arg;

    if (!gateway_hears(g) || g->stopping)
        return;
    for (size_t i = 0; !err && i < n; i++)
        err = gateway_step(g, &(struct sessions_fact){.kind = SESSION_ADOPTED,
                                                      .who = &rows[i].who,
                                                      .known = true,
                                                      .away = rows[i].away});
    if (n) {
        tl_metric_add(g->m.adopted, (double)n);
        tl_warn("sessions of a dead gateway adopted", TL_I("sessions", n));
        adopt(g); /* the rest */
    }
}

static void adopt(struct gateway *g)
{
    if (!g->o.store->ops->adopt(g->o.store, on_adopted, g))
        gateway_asks(g); /* else: the next beat asks again */
}

/* The store lost what it knew of us: write it again, as fast as the store takes it. */
static void save_begin(struct gateway *g)
{
    tl_warn("session records are written again", TL_I("sessions", sessions_count(g->sessions)));
    g->last_saving = (uint8_t)(g->last_saving % UINT8_MAX + 1); /* 1 to 255 */
    g->saving = g->last_saving;
}

/* Some of them with each beat: too many commands under way are refused. */
static void save_some(struct gateway *g)
{
    struct who who;
    int n = 0;

    for (struct session *x = sessions_next(g->sessions, NULL); x;
         x = sessions_next(g->sessions, x)) {
        if (session_round(x) == g->saving)
            continue;
        if (n++ == SAVE_MAX)
            return;
        session_who(x, &who);
        if (g->o.store->ops->save(g->o.store, &who))
            return;
        session_set_round(x, g->saving);
    }
    g->saving = 0;
}

static void on_beaten(void *arg, int err)
{
    struct gateway *g = arg;
    tl_time now = tl_clock_mono();

    if (!gateway_hears(g) || (err && err != -ENOENT))
        return;
    if (err == -ENOENT && g->beaten && sessions_count(g->sessions))
        save_begin(g);
    if (g->saving)
        save_some(g);
    if (g->beaten && now - g->beaten > STORE_SILENT_AFTER)
        g->may_adopt = now + SETTLE;
    g->beaten = now;
    if (now >= g->may_adopt && !g->stopping)
        adopt(g);
}

/* Before any ticket is redeemed on this connection: who dies in its first second has been heard of.
 */
void gateway_store_connected(struct gateway *g)
{
    if (!g->o.store->ops->beat(g->o.store, on_beaten, g))
        gateway_asks(g); /* else: the next one comes in a second */
}

static void on_beat(void *arg)
{
    struct gateway *g = arg;

    heartbeat(g);
    gateway_store_connected(g);
    farewell_retry(g);
}

int beat_start(struct gateway *g)
{
    int err = tl_timer_new(&g->beat, g->o.loop, on_beat, g);

    if (err)
        return err;
    tl_timer_every(g->beat, g->o.beat ? g->o.beat : TL_SEC(1));
    gateway_store_connected(g);
    return 0;
}
