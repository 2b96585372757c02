/* What the ACD tells: its events twice (at once from core NATS, surely from JetStream), and the
 * positions of who waits. */
#include "handlers.h"

#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>

#define NAMES_MAX 20000
#define WAITS_MAX 100000
#define SEEN_MAX  65536

/* ---- how agents are called -------------------------------------------------------------- */

struct name {
    struct tl_entry entry;
    struct tl_id agent;
    char text[80];
};

const char *agent_name_of(struct conversation *conv, const struct tl_id *agent)
{
    struct tl_entry *e = tl_map_find(&conv->names, tl_id_str(agent));

    return e ? TL_CONTAINER(e, struct name, entry)->text : "";
}

/** Without room or memory the agent is shown by id. */
static void learn_name(struct conversation *conv, const struct tl_id *agent, const char *text)
{
    struct tl_entry *e = tl_map_find(&conv->names, tl_id_str(agent));
    struct name *n = e ? TL_CONTAINER(e, struct name, entry) : NULL;

    if (!*text)
        return;
    if (!n && conv->names.n < NAMES_MAX) {
        n = tl_alloc(1, sizeof *n);
        if (n) {
            n->agent = *agent;
            if (tl_map_add(&conv->names, &n->entry, tl_id_str(&n->agent)))
                n = tl_free(n);
        }
    }
    if (n)
        (void)tl_str_put(n->text, sizeof n->text, tl_str(text));
}

struct name_ask {
    struct conversation *conv;
    struct tl_id agent, contact;
};

static void tell_name(struct conversation *conv, const struct tl_id *agent,
                      const struct tl_id *contact, const char *text)
{
    struct task *t = task_new(conv, FACT_NAMED, tl_clock_wall());

    if (!t)
        return; /* shown by id */
    t->fact.agent = *agent;
    (void)tl_str_put(t->fact.agent_name, sizeof t->fact.agent_name, tl_str(text));
    task_submit(t, contact);
}

static void name_came(void *arg, const struct tl_reply *r)
{
    struct name_ask *ask = arg;
    char text[80];

    if (!r->err && wire_agent(r->data, r->n, text) == 0) {
        learn_name(ask->conv, &ask->agent, text);
        if (*text && !tl_id_empty(&ask->contact))
            tell_name(ask->conv, &ask->agent, &ask->contact, text);
    }
    ask->conv->tasks--;
    tl_free(ask);
}

/** contact: is told the name when it comes; or NULL: while it rings there is time to ask. */
static void ask_name(struct conversation *conv, const struct tl_id *agent,
                     const struct tl_id *contact)
{
    struct name_ask *ask = *agent_name_of(conv, agent) ? NULL : tl_alloc(1, sizeof *ask);
    struct tl_buf m = TL_BUF(1024);

    if (!ask)
        return;
    *ask = (struct name_ask){.conv = conv, .agent = *agent};
    if (contact)
        ask->contact = *contact;
    if (wire_get_agent(agent, &m) == 0 &&
        tl_bus_request(conv->bus, "tl.cmd.acd.p0.get_agent", m.p, m.n, 0, 0, name_came, ask) == 0)
        conv->tasks++;
    else
        tl_free(ask);
    tl_buf_done(&m);
}

void agent_name_late(struct conversation *conv, const struct contact *c)
{
    if ((c->phase != PHASE_CONNECTED && c->phase != PHASE_HELD) || c->agent_name[0])
        return;
    if (*agent_name_of(conv, &c->agent))
        tell_name(conv, &c->agent, &c->id, agent_name_of(conv, &c->agent));
    else
        ask_name(conv, &c->agent, &c->id);
}

/* ---- who waits -------------------------------------------------------------------------- */

struct wait {
    struct tl_entry entry;
    struct tl_id contact, session;
};

void wait_note(struct conversation *conv, const struct contact *c)
{
    struct tl_entry *e = tl_map_find(&conv->waits, tl_id_str(&c->id));
    struct wait *w = e ? TL_CONTAINER(e, struct wait, entry) : NULL;
    bool waits = c->phase == PHASE_WAITING || c->phase == PHASE_RINGING;

    if (w && !waits) {
        tl_map_remove(&conv->waits, &w->entry);
        tl_free(w);
    } else if (!w && waits && conv->waits.n < WAITS_MAX) {
        w = tl_alloc(1, sizeof *w);
        if (!w)
            return;
        *w = (struct wait){.contact = c->id, .session = c->session};
        if (tl_map_add(&conv->waits, &w->entry, tl_id_str(&w->contact)))
            tl_free(w);
    }
}

static void tell_position(void *arg, const struct queue_position *p)
{
    struct conversation *conv = arg;
    struct tl_entry *e = tl_map_find(&conv->waits, tl_id_str(&p->contact));
    struct tl_buf m = TL_BUF(1024);

    if (e && wire_progress(p, &m) == 0) {
        struct contact c = {.session = TL_CONTAINER(e, struct wait, entry)->session};

        push_customer(conv, &c, &m);
    }
    tl_buf_done(&m);
}

static void on_positions(void *arg, const struct tl_msg *m)
{
    if (wire_positions(m->data, m->n, tell_position, arg))
        tl_bad_input("nats", "positions");
}

/* ---- events ----------------------------------------------------------------------------- */

/** A delivery from JetStream that waits for its commit. */
struct delivery {
    struct conversation *conv;
    uint64_t token;
    struct tl_id event;
};

static void delivered(void *arg, const struct task *t, int code, const char *reason)
{
    struct delivery *d = arg;
    struct conversation *conv = d->conv;

    TL_UNUSED(t);
    TL_UNUSED(reason);
    if (code == 503) {
        tl_consumer_retry(conv->consumer, d->token);
    } else { /* 404: a contact that is not ours */
        (void)tl_seen_add(conv->seen,
                          tl_id_str(&d->event)); /* forgotten: stepped again, harmless */
        tl_consumer_ack(conv->consumer, d->token);
    }
    tl_free(d);
}

/** The fact of an event on its way; done may be NULL.  -ENOMEM, or why it is junk. */
static int take_event(struct conversation *conv, const struct tl_msg *m, task_done_fn *done,
                      void *arg)
{
    struct wire_acd_event e;
    struct task *t;
    int err = wire_acd_event(m->data, m->n, &e);

    if (err)
        return err;
    if (!tl_id_empty(&e.agent))
        learn_name(conv, &e.agent, e.agent_name);
    if (e.new_owner)
        mend_soon(conv);
    if (!e.is_fact) {
        if (done)
            done(arg, NULL, 0, NULL);
        return 0;
    }
    t = task_new(conv, e.fact.kind, e.at);
    if (!t)
        return -ENOMEM;
    t->fact = e.fact;
    memcpy(t->cause, e.cause, sizeof t->cause);
    t->fact.cause = t->cause;
    if (e.fact.kind == FACT_OFFERED)
        ask_name(conv, &e.fact.agent, NULL);
    if (e.fact.kind == FACT_ACCEPTED)
        (void)tl_str_put(t->fact.agent_name, sizeof t->fact.agent_name,
                         tl_str(agent_name_of(conv, &e.fact.agent)));
    t->done = done;
    t->arg = arg;
    task_submit(t, &e.contact);
    return 0;
}

static void on_event(void *arg, const struct tl_msg *m)
{
    int err = take_event(arg, m, NULL, NULL);

    if (err && err != -ENOMEM) {
        tl_bad_input("nats", "event");
        if (tl_log_allow("bad acd event"))
            tl_warn("bad event of the acd", TL_T("subject", m->subject), TL_E(err));
    }
}

static void on_delivery(void *arg, const struct tl_msg *m, uint64_t token)
{
    struct conversation *conv = arg;
    const char *event = tl_msg_header(m, "Nats-Msg-Id");
    struct delivery *d;
    int err;

    if (event && tl_seen_has(conv->seen, tl_str(event))) {
        tl_consumer_ack(conv->consumer, token);
        return;
    }
    d = tl_alloc(1, sizeof *d);
    if (!d) {
        tl_consumer_retry(conv->consumer, token);
        return;
    }
    *d = (struct delivery){.conv = conv, .token = token};
    (void)tl_str_put(d->event.s, sizeof d->event.s, tl_str(event ? event : ""));
    err = take_event(conv, m, delivered, d);
    if (!err)
        return;
    tl_free(d);
    if (err == -ENOMEM)
        tl_consumer_retry(conv->consumer, token);
    else
        tl_consumer_poison(conv->consumer, token, "not an event of the acd");
}

/** Only as news: a room that is closed for longer shows when the customer consents again. */
static void on_room_closed(void *arg, const struct tl_msg *m)
{
    struct conversation *conv = arg;
    struct tl_id contact;
    bool by_itself = false;
    struct task *t;

    if (wire_room_closed(m->data, m->n, &contact, &by_itself)) {
        tl_bad_input("nats", "event");
        return;
    }
    t = by_itself ? task_new(conv, FACT_ROOM_CLOSED, tl_clock_wall()) : NULL;
    if (t)
        task_submit(t, &contact);
}

/* ---- start and stop --------------------------------------------------------------------- */

int feeds_start(struct conversation *conv)
{
    struct tl_consume_opts opts = {
        .stream = "EVENTS", .durable = "conversation-acd", .filter = "tl.events.acd.>"};
    int err = tl_seen_new(&conv->seen, SEEN_MAX);

    if (!err)
        err = tl_bus_subscribe(&conv->sub_acd, conv->bus, "tl.events.acd.>", NULL, on_event, conv);
    if (!err)
        err = tl_bus_subscribe(&conv->sub_positions, conv->bus, "tl.acd.positions", NULL,
                               on_positions, conv);
    if (!err)
        err = tl_bus_subscribe(&conv->sub_rooms, conv->bus, "tl.events.cobrowse.room_closed.*",
                               NULL, on_room_closed, conv);
    if (!err && conv->opts.durable)
        err = tl_bus_consume(&conv->consumer, conv->bus, &opts, on_delivery, conv);
    return err;
}

static void free_all(struct tl_map *m, bool names)
{
    struct tl_entry *e = tl_map_next(m, NULL), *after;

    for (; e; e = after) {
        after = tl_map_next(m, e);
        tl_map_remove(m, e);
        if (names)
            tl_free(TL_CONTAINER(e, struct name, entry));
        else
            tl_free(TL_CONTAINER(e, struct wait, entry));
    }
    tl_map_done(m);
}

void feeds_stop(struct conversation *conv)
{
    conv->sub_acd = tl_sub_free(conv->sub_acd);
    conv->sub_positions = tl_sub_free(conv->sub_positions);
    conv->sub_rooms = tl_sub_free(conv->sub_rooms);
    conv->consumer = tl_consumer_free(conv->consumer);
    conv->seen = tl_seen_free(conv->seen);
    free_all(&conv->names, true);
    free_all(&conv->waits, false);
}
