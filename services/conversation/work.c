/* Paying what contacts owe: requests to ivr, acd, media and cobrowse, and what their answers mean.
 * Also the pushes to browsers. */
#include "handlers.h"

#include <stdio.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>

/** One request under way.  The lane lives as long as its running bit. */
struct call {
    struct conversation *conv;
    struct lane *lane;
    unsigned work;
    struct tl_id agent; /**< as it was when asked */
    bool on;
};

/** Nobody can be told when a push is too large or the bus is away: a reconnecting client gets a
 * snapshot, and the next reign tells those who stayed (contact_tells()). */
static void push(struct conversation *conv, const char *kind, const struct tl_id *to,
                 const struct tl_buf *m)
{
    char subject[80];

    if (tl_id_empty(to))
        return;
    (void)snprintf(subject, sizeof subject, "tl.%s.%s", kind, to->s);
    (void)tl_bus_publish(conv->bus, subject, m->p, m->n);
}

void push_customer(struct conversation *conv, const struct contact *c, const struct tl_buf *m)
{
    push(conv, "session", &c->session, m);
}

void push_agent(struct conversation *conv, const struct tl_id *agent, const struct tl_buf *m)
{
    push(conv, "agent", agent, m);
}

void push_grant(struct conversation *conv, const struct contact *c, int side, const char *ticket)
{
    struct tl_buf m = TL_BUF(4096);

    if (wire_grant(&c->id, ticket, &m) == 0) {
        if (side == 0)
            push_customer(conv, c, &m);
        else
            push_agent(conv, &c->agent, &m);
    }
    tl_buf_done(&m);
}

/* ---- the card --------------------------------------------------------------------------- */

struct card_job {
    struct conversation *conv;
    struct contact c;
};

static void card_read(void *arg, int err, const struct contact_history *history)
{
    struct card_job *job = arg;
    struct contact_card card = {.contact = &job->c};
    struct tl_buf m = TL_BUF(256 * 1024);

    if (!err) /* else: the call itself matters more than its history */
        card.history = *history;
    if (wire_card(&card, &m) == 0)
        push_agent(job->conv, &job->c.agent, &m);
    tl_buf_done(&m);
    job->conv->tasks--;
    tl_free(job);
}

void push_card(struct conversation *conv, const struct contact *c)
{
    struct card_job *job = tl_alloc(1, sizeof *job);

    if (!job)
        return;
    *job = (struct card_job){.conv = conv, .c = *c};
    conv->tasks++;
    if (conv->store->ops->card(conv->store, c, card_read, job))
        card_read(job, -EAGAIN, NULL);
}

/* ---- answers ---------------------------------------------------------------------------- */

static int take_answer(struct task *t, const struct call *call, const struct tl_reply *r)
{
    bool closed = false;
    int err = 0;

    switch (call->work) {
    case WORK_ROUTE:
        err = wire_route(r->data, r->n, &t->route, &closed, t->cause, t->farewell);
        t->fact.kind = closed ? FACT_FLOW_CLOSED : FACT_ROUTED_TO;
        t->fact.route = &t->route;
        t->fact.cause = t->cause;
        t->fact.farewell = closed ? t->farewell : NULL;
        break;
    case WORK_RELEASE: err = wire_released(r->data, r->n, &t->fact.until); break;
    case WORK_OPEN_ROOM: err = wire_room(r->data, r->n, t->tickets[0], t->tickets[1]); break;
    default: break;
    }
    return err;
}

/** To be asked for again at the next tick. */
static void give_back(struct call *call)
{
    call->lane->running &= ~call->work;
    call->lane->failed |= call->work;
}

static void failed(struct call *call, const struct tl_reply *r)
{
    give_back(call);
    if (tl_log_allow(contact_work_name(call->work)))
        tl_warn("work is put off", TL_S("work", contact_work_name(call->work)),
                TL_S("contact_id", call->lane->contact.s), TL_E(r->err), TL_I("code", r->code));
}

static void answered(void *arg, const struct tl_reply *r)
{
    struct call *call = arg;
    struct lane *lane = call->lane;
    struct conversation *conv = call->conv;
    bool refused =
        r->err == -EREMOTEIO && r->code >= 400 && r->code < 500 && r->code != 408 && r->code != 429;
    struct task *t = NULL;

    if (r->err && !refused) {
        failed(call, r);
        goto out;
    }
    t = task_new(conv, refused ? FACT_WORK_REFUSED : FACT_WORK_DONE, tl_clock_wall());
    if (!t) {
        give_back(call);
        goto out;
    }
    t->pays = call->work;
    t->fact.work = call->work;
    t->fact.code = r->code;
    t->fact.agent = call->agent;
    t->fact.on = call->on;
    if (refused) {
        tl_warn("work was refused", TL_S("work", contact_work_name(call->work)),
                TL_S("contact_id", lane->contact.s), TL_I("code", r->code));
    } else if (take_answer(t, call, r)) {
        tl_bad_input("nats", "answer");
        give_back(call);
        task_free(t);
        goto out;
    }
    task_submit(t, &lane->contact);
    lane = NULL; /* may be gone */
out:
    if (lane)
        lane_rest(conv, lane);
    tl_free(call);
}

/* ---- requests --------------------------------------------------------------------------- */

static void subject_of(const struct contact *c, unsigned work, char *ret, size_t size)
{
    const char *media = tl_id_empty(&c->media) ? "m1" : c->media.s;

    switch (work) {
    case WORK_ROUTE: (void)snprintf(ret, size, "tl.cmd.ivr.start_flow"); break;
    case WORK_RELEASE: (void)snprintf(ret, size, "tl.cmd.acd.p0.release"); break;
    case WORK_DEQUEUE: (void)snprintf(ret, size, "tl.cmd.acd.p0.dequeue"); break;
    case WORK_FINISH: (void)snprintf(ret, size, "tl.cmd.acd.p0.complete_wrap_up"); break;
    case WORK_ENQUEUE: (void)snprintf(ret, size, "tl.cmd.acd.p0.enqueue"); break;
    case WORK_PREPARE: (void)snprintf(ret, size, "tl.cmd.media.%s.prepare_contact", media); break;
    case WORK_CONNECT: (void)snprintf(ret, size, "tl.cmd.media.%s.connect_contact", media); break;
    case WORK_HOLD: (void)snprintf(ret, size, "tl.cmd.media.%s.hold_contact", media); break;
    case WORK_HANG_UP: (void)snprintf(ret, size, "tl.cmd.media.%s.release_contact", media); break;
    case WORK_OPEN_ROOM: (void)snprintf(ret, size, "tl.cmd.cobrowse.open_room"); break;
    default: (void)snprintf(ret, size, "tl.cmd.cobrowse.close_room"); break;
    }
}

static void ask(struct conversation *conv, struct lane *lane, const struct contact *c,
                unsigned work)
{
    struct call *call = tl_alloc(1, sizeof *call);
    struct tl_buf m = TL_BUF(64 * 1024);
    char subject[100];
    int err = call ? 0 : -ENOMEM;

    if (!err)
        err = wire_work(c, work, &m);
    if (!err) {
        *call = (struct call){.conv = conv,
                              .lane = lane,
                              .work = work,
                              .agent = c->agent,
                              .on = c->phase == PHASE_HELD};
        subject_of(c, work, subject, sizeof subject);
        err = tl_bus_request(conv->bus, subject, m.p, m.n, 0, 0, answered, call);
    }
    if (err) {
        tl_free(call);
        lane->failed |= work;
    } else {
        lane->running |= work;
    }
    tl_buf_done(&m);
}

void work_pay(struct conversation *conv, struct lane *lane, const struct contact *c)
{
    unsigned due = contact_payable(c) & ~lane->running;

    if (lane->running & WORK_ENQUEUE)
        due &= ~(unsigned)WORK_DEQUEUE; /* the two must not overtake each other */
    lane->failed &= ~due;
    for (unsigned i = 0; i < WORK_COUNT; i++) {
        if (due & (1u << i))
            ask(conv, lane, c, 1u << i);
    }
}

void work_connect_early(struct conversation *conv, struct lane *lane, const struct contact *c)
{
    if (contact_payable(c) & WORK_CONNECT & ~lane->running)
        ask(conv, lane, c, WORK_CONNECT);
}

/* ---- one more ticket -------------------------------------------------------------------- */

struct regrant {
    struct conversation *conv;
    struct contact c;
    int side;
};

static void regranted(void *arg, const struct tl_reply *r)
{
    struct regrant *g = arg;
    char tickets[2][64];

    if (!r->err && wire_room(r->data, r->n, tickets[0], tickets[1]) == 0)
        push_grant(g->conv, &g->c, g->side, tickets[g->side]);
    g->conv->tasks--;
    tl_free(g);
}

void work_regrant(struct conversation *conv, const struct contact *c, int side)
{
    struct regrant *g = tl_alloc(1, sizeof *g);
    struct tl_buf m = TL_BUF(4096);

    if (g) {
        *g = (struct regrant){.conv = conv, .c = *c, .side = side};
        if (wire_work(c, WORK_OPEN_ROOM, &m) == 0 &&
            tl_bus_request(conv->bus, "tl.cmd.cobrowse.open_room", m.p, m.n, 0, 0, regranted, g) ==
                0)
            conv->tasks++;
        else
            tl_free(g);
    }
    tl_buf_done(&m);
}
