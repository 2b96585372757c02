/*
 * A customer who has said nothing for long.  Whoever talks may type nothing for an hour, so
 * conversation is asked whether there is a contact; who has none is let go, and comes back when
 * there is something to say.  No answer: the core comes with the question again.
 */
#include "gateway.h"
#include <tl_clock.h>
#include <tl_mem.h>
#include <tl_ws_frame.h>

struct doubt {
    struct gateway *g;
    struct tl_id session;
    void *socket;
};

static void let_go(struct gateway *g, const struct doubt *d)
{
    (void)gateway_step(g,
                       &(struct sessions_fact){.kind = SESSION_CLOSED, /* ending needs no memory */
                                               .session = tl_id_str(&d->session),
                                               .socket = d->socket,
                                               .bye = true,
                                               .idle = true});
    g->o.sockets->close(d->socket, TL_WS_IDLE, "idle");
}

static void on_contacts(void *arg, const struct tl_reply *r)
{
    struct doubt d = *(struct doubt *)arg;
    struct gateway *g = d.g;
    tl_time now = tl_clock_mono();
    struct session *x;
    size_t n;

    tl_free(arg);
    x = gateway_hears(g) && !g->stopping ? sessions_find(g->sessions, tl_id_str(&d.session)) : NULL;
    if (!x || session_socket(x) != d.socket || r->err)
        return;
    if (wire_snapshot_contacts(r->data, r->n, &n))
        tl_bad_input("nats", "snapshot");
    else if (n)
        session_said(x, now);
    else if (session_quiet(x, now) >= g->o.idle)
        let_go(g, &d);
}

void idle_ask(struct gateway *g, const struct sessions_decision *quiet)
{
    struct doubt *d = tl_alloc(1, sizeof(*d));

    if (!d)
        return;
    *d = (struct doubt){.g = g, .session = quiet->who.session, .socket = quiet->socket};
    tl_buf_clear(&g->request);
    if (wire_get_snapshot(&quiet->who, &g->request) ||
        tl_bus_request(g->o.bus, "tl.cmd.conversation.get_snapshot", g->request.p, g->request.n, 0,
                       1, on_contacts, d))
        tl_free(d);
    else
        gateway_asks(g);
}
