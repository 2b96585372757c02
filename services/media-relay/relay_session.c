/**
 * @file relay_session.c  The session with Janus: it comes, goes and comes back; what it still has
 * of ours is given back; and what it says of its own accord.
 */
#include "relay_inner.h"

#include <tl_log.h>
#include <tl_mem.h>

/* ---- giving back -------------------------------------------------------------------------- */

static void debt_free(struct debt *d)
{
    tl_list_remove(&d->relay->debts, &d->in_debts);
    tl_free(d);
}

static void on_given_back(void *arg, int err, const json_t *m)
{
    struct debt *d = arg;

    (void)m;
    d->asked = false;
    if (err != -ECONNRESET) /* most contacts have no room: a refusal is normal */
        debt_free(d);
}

static void pay(struct debt *d)
{
    struct relay *r = d->relay;

    if (d->asked || !r->rooms || !janus_ready(r->janus))
        return; /* it is paid when Janus is back */
    d->asked = true;
    if (d->handle)
        janus_request(r->janus, "detach", d->handle, NULL, on_given_back, d);
    else
        janus_request(
            r->janus, "message", r->rooms,
            plugin_message(json_pack("{s:s, s:s}", "request", "destroy", "room", d->room.s), NULL,
                           NULL),
            on_given_back, d);
}

void give_back(struct relay *r, uint64_t handle, const struct tl_id *room)
{
    struct debt *d = handle || room ? tl_alloc(1, sizeof *d) : NULL;

    if (!d)
        return; /* nothing, or no memory: the end of the Janus session gives it back */
    *d = (struct debt){.relay = r, .handle = handle};
    if (room)
        d->room = *room;
    tl_list_append(&r->debts, &d->in_debts);
    pay(d);
}

void forget_debts(struct relay *r)
{
    tl_list_for_each (&r->debts, k)
        debt_free(TL_CONTAINER(k, struct debt, in_debts));
}

/* ---- the session -------------------------------------------------------------------------- */

static void on_lost(void *arg)
{
    struct relay *r = arg;

    tl_warn("janus is gone");
    r->rooms = 0;
    fact(r, LEGS_JANUS_LOST);
}

/* Another Janus, or another session: the handles that we had mean nothing there. */
static void forget_handles(struct relay *r)
{
    tl_list_for_each (&r->work_list, k) {
        struct work *w = TL_CONTAINER(k, struct work, in_works);

        w->handle = 0;
        if (!w->let_go)
            work_release(w);
    }
    forget_debts(r);
}

/* The handle for rooms is there: only now is Janus of use. */
static void on_rooms(void *arg, int err, const json_t *m)
{
    struct relay *r = arg;

    r->asking_rooms = false;
    if (err) {
        if (err != -ECONNRESET && tl_log_allow("rooms")) /* lost again: the next session asks */
            tl_warn("janus gives no handle for rooms, it is asked again", TL_E(err));
        return;
    }
    if (!r->claimed)
        forget_handles(r);
    r->rooms = (uint64_t)json_integer_value(json_object_get(json_object_get(m, "data"), "id"));
    tl_info("janus is there", TL_S("session", r->claimed ? "claimed" : "new"));
    tl_list_for_each (&r->debts, k)
        pay(TL_CONTAINER(k, struct debt, in_debts));
    fact(r, r->claimed ? LEGS_JANUS_BACK : LEGS_JANUS_NEW);
    /* Last: should we die in between, our successor's claim fails and it tells everybody again. */
    plane_ask(r->plane, NULL, NULL, "note janus=%llu", (unsigned long long)r->session);
}

void relay_ask_rooms(struct relay *r)
{
    if (r->rooms || r->asking_rooms || !janus_ready(r->janus))
        return;
    r->asking_rooms = true;
    janus_request(r->janus, "attach", 0,
                  json_pack("{s:s, s:s}", "plugin", "janus.plugin.videoroom", "opaque_id", "rooms"),
                  on_rooms, r);
}

static void on_back(void *arg, uint64_t session, bool same)
{
    struct relay *r = arg;

    r->session = session;
    r->claimed = same;
    relay_ask_rooms(r);
}

/* Janus's words for the end of a PeerConnection, as causes of ours. */
static const char *cause_of(const char *reason)
{
    if (!reason)
        return "hangup";
    if (strcmp(reason, "DTLS alert") == 0)
        return "peer_closed";
    if (strcmp(reason, "ICE failed") == 0)
        return "ice_failed";
    return "hangup";
}

static struct work *work_of_handle(struct relay *r, uint64_t handle)
{
    tl_list_for_each (&r->work_list, k) {
        struct work *w = TL_CONTAINER(k, struct work, in_works);

        if (w->handle == handle && !w->let_go)
            return w;
    }
    return NULL;
}

static void on_event(void *arg, uint64_t handle, const char *kind, const json_t *m)
{
    struct relay *r = arg;
    struct work *w = work_of_handle(r, handle);

    if (!w)
        return; /* late news of a handle that we let go */
    if (strcmp(kind, "webrtcup") == 0)
        fact_leg(r, LEGS_UP, &w->leg, 0, "");
    else if (strcmp(kind, "hangup") == 0)
        fact_leg(r, LEGS_DOWN, &w->leg, 0,
                 cause_of(json_string_value(json_object_get(m, "reason"))));
    else if (strcmp(kind, "detached") == 0)
        fact_leg(r, LEGS_DOWN, &w->leg, 0, "detached");
}

const struct janus_ops relay_janus_ops = {on_lost, on_back, on_event};
