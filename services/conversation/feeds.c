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

const char *cv_name_of(struct cv *cv, const struct tl_id *agent)
{
    struct tl_entry *e = tl_map_find(&cv->names, tl_id_str(agent));

    return e ? TL_CONTAINER(e, struct name, entry)->text : "";
}

/** Without room or memory the agent is shown by id. */
static void learn_name(struct cv *cv, const struct tl_id *agent, const char *text)
{
    struct tl_entry *e = tl_map_find(&cv->names, tl_id_str(agent));
    struct name *n = e ? TL_CONTAINER(e, struct name, entry) : NULL;

    if (!*text)
        return;
    if (!n && cv->names.n < NAMES_MAX) {
        n = tl_alloc(1, sizeof *n);
        if (n) {
            n->agent = *agent;
            if (tl_map_add(&cv->names, &n->entry, tl_id_str(&n->agent)))
                n = tl_free(n);
        }
    }
    if (n)
        (void)tl_str_put(n->text, sizeof n->text, tl_str(text));
}

struct name_ask {
    struct cv *cv;
    struct tl_id agent, contact;
};

static void tell_name(struct cv *cv, const struct tl_id *agent, const struct tl_id *contact,
                      const char *text)
{
    struct task *t = cv_task(cv, CV_NAMED, tl_clock_wall());

    if (!t)
        return; /* shown by id */
    t->fact.agent = *agent;
    (void)tl_str_put(t->fact.agent_name, sizeof t->fact.agent_name, tl_str(text));
    cv_submit(t, contact);
}

static void name_came(void *arg, const struct tl_reply *r)
{
    struct name_ask *ask = arg;
    char text[80];

    if (!r->err && cv_wire_agent(r->data, r->n, text) == 0) {
        learn_name(ask->cv, &ask->agent, text);
        if (*text && !tl_id_empty(&ask->contact))
            tell_name(ask->cv, &ask->agent, &ask->contact, text);
    }
    ask->cv->tasks--;
    tl_free(ask);
}

/** contact: is told the name when it comes; or NULL: while it rings there is time to ask. */
static void ask_name(struct cv *cv, const struct tl_id *agent, const struct tl_id *contact)
{
    struct name_ask *ask = *cv_name_of(cv, agent) ? NULL : tl_alloc(1, sizeof *ask);
    struct tl_buf m = TL_BUF(1024);

    if (!ask)
        return;
    *ask = (struct name_ask){.cv = cv, .agent = *agent};
    if (contact)
        ask->contact = *contact;
    if (cv_wire_get_agent(agent, &m) == 0 &&
        tl_bus_request(cv->bus, "tl.cmd.acd.p0.get_agent", m.p, m.n, 0, 0, name_came, ask) == 0)
        cv->tasks++;
    else
        tl_free(ask);
    tl_buf_done(&m);
}

void cv_name_late(struct cv *cv, const struct cv_contact *c)
{
    if ((c->phase != CV_CONNECTED && c->phase != CV_HELD) || c->agent_name[0])
        return;
    if (*cv_name_of(cv, &c->agent))
        tell_name(cv, &c->agent, &c->id, cv_name_of(cv, &c->agent));
    else
        ask_name(cv, &c->agent, &c->id);
}

/* ---- who waits -------------------------------------------------------------------------- */

struct wait {
    struct tl_entry entry;
    struct tl_id contact, session;
};

void cv_wait_note(struct cv *cv, const struct cv_contact *c)
{
    struct tl_entry *e = tl_map_find(&cv->waits, tl_id_str(&c->id));
    struct wait *w = e ? TL_CONTAINER(e, struct wait, entry) : NULL;
    bool waits = c->phase == CV_WAITING || c->phase == CV_RINGING;

    if (w && !waits) {
        tl_map_remove(&cv->waits, &w->entry);
        tl_free(w);
    } else if (!w && waits && cv->waits.n < WAITS_MAX) {
        w = tl_alloc(1, sizeof *w);
        if (!w)
            return;
        *w = (struct wait){.contact = c->id, .session = c->session};
        if (tl_map_add(&cv->waits, &w->entry, tl_id_str(&w->contact)))
            tl_free(w);
    }
}

static void tell_position(void *arg, const struct cv_position *p)
{
    struct cv *cv = arg;
    struct tl_entry *e = tl_map_find(&cv->waits, tl_id_str(&p->contact));
    struct tl_buf m = TL_BUF(1024);

    if (e && cv_wire_progress(p, &m) == 0) {
        struct cv_contact c = {.session = TL_CONTAINER(e, struct wait, entry)->session};

        cv_push_customer(cv, &c, &m);
    }
    tl_buf_done(&m);
}

static void on_positions(void *arg, const struct tl_msg *m)
{
    if (cv_wire_positions(m->data, m->n, tell_position, arg))
        tl_bad_input("nats", "positions");
}

/* ---- events ----------------------------------------------------------------------------- */

/** A delivery from JetStream that waits for its commit. */
struct delivery {
    struct cv *cv;
    uint64_t token;
    struct tl_id event;
};

static void delivered(void *arg, const struct task *t, int code, const char *reason)
{
    struct delivery *d = arg;
    struct cv *cv = d->cv;

    TL_UNUSED(t);
    TL_UNUSED(reason);
    if (code == 503) {
        tl_consumer_retry(cv->consumer, d->token);
    } else {                                               /* 404: a contact that is not ours */
        (void)tl_seen_add(cv->seen, tl_id_str(&d->event)); /* forgotten: stepped again, harmless */
        tl_consumer_ack(cv->consumer, d->token);
    }
    tl_free(d);
}

/** The fact of an event on its way; done may be NULL.  -ENOMEM, or why it is junk. */
static int take_event(struct cv *cv, const struct tl_msg *m, cv_done_fn *done, void *arg)
{
    struct cv_acd_event e;
    struct task *t;
    int err = cv_wire_acd_event(m->data, m->n, &e);

    if (err)
        return err;
    if (!tl_id_empty(&e.agent))
        learn_name(cv, &e.agent, e.agent_name);
    if (!e.is_fact) {
        if (done)
            done(arg, NULL, 0, NULL);
        return 0;
    }
    t = cv_task(cv, e.fact.kind, e.at);
    if (!t)
        return -ENOMEM;
    t->fact = e.fact;
    memcpy(t->cause, e.cause, sizeof t->cause);
    t->fact.cause = t->cause;
    if (e.fact.kind == CV_OFFERED)
        ask_name(cv, &e.fact.agent, NULL);
    if (e.fact.kind == CV_ACCEPTED)
        (void)tl_str_put(t->fact.agent_name, sizeof t->fact.agent_name,
                         tl_str(cv_name_of(cv, &e.fact.agent)));
    t->done = done;
    t->arg = arg;
    cv_submit(t, &e.contact);
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
    struct cv *cv = arg;
    const char *event = tl_msg_header(m, "Nats-Msg-Id");
    struct delivery *d;
    int err;

    if (event && tl_seen_has(cv->seen, tl_str(event))) {
        tl_consumer_ack(cv->consumer, token);
        return;
    }
    d = tl_alloc(1, sizeof *d);
    if (!d) {
        tl_consumer_retry(cv->consumer, token);
        return;
    }
    *d = (struct delivery){.cv = cv, .token = token};
    (void)tl_str_put(d->event.s, sizeof d->event.s, tl_str(event ? event : ""));
    err = take_event(cv, m, delivered, d);
    if (!err)
        return;
    tl_free(d);
    if (err == -ENOMEM)
        tl_consumer_retry(cv->consumer, token);
    else
        tl_consumer_poison(cv->consumer, token, "not an event of the acd");
}

/** Only as news: a room that is closed for longer shows when the customer consents again. */
static void on_room_closed(void *arg, const struct tl_msg *m)
{
    struct cv *cv = arg;
    struct tl_id contact;
    bool by_itself = false;
    struct task *t;

    if (cv_wire_room_closed(m->data, m->n, &contact, &by_itself)) {
        tl_bad_input("nats", "event");
        return;
    }
    t = by_itself ? cv_task(cv, CV_ROOM_CLOSED, tl_clock_wall()) : NULL;
    if (t)
        cv_submit(t, &contact);
}

/* ---- start and stop --------------------------------------------------------------------- */

int cv_feeds_start(struct cv *cv)
{
    struct tl_consume_opts opts = {
        .stream = "EVENTS", .durable = "conversation-acd", .filter = "tl.events.acd.>"};
    int err = tl_seen_new(&cv->seen, SEEN_MAX);

    if (!err)
        err = tl_bus_subscribe(&cv->sub_acd, cv->bus, "tl.events.acd.>", NULL, on_event, cv);
    if (!err)
        err = tl_bus_subscribe(&cv->sub_positions, cv->bus, "tl.acd.positions", NULL, on_positions,
                               cv);
    if (!err)
        err = tl_bus_subscribe(&cv->sub_rooms, cv->bus, "tl.events.cobrowse.room_closed.*", NULL,
                               on_room_closed, cv);
    if (!err && cv->opts.durable)
        err = tl_bus_consume(&cv->consumer, cv->bus, &opts, on_delivery, cv);
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

void cv_feeds_stop(struct cv *cv)
{
    cv->sub_acd = tl_sub_free(cv->sub_acd);
    cv->sub_positions = tl_sub_free(cv->sub_positions);
    cv->sub_rooms = tl_sub_free(cv->sub_rooms);
    cv->consumer = tl_consumer_free(cv->consumer);
    cv->seen = tl_seen_free(cv->seen);
    free_all(&cv->names, true);
    free_all(&cv->waits, false);
}
