/* Nobody stays stuck: work that failed is asked for again every second, overdue phases end every
 * two, and every ten the leading replica compares what conversation, ACD, media-relay and the
 * gateways believe.
 */
#include "mend_in.h"

#include <stdio.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>

#define TICK     TL_SEC(1)
#define OPEN_MAX 500 /**< contacts under repair at once */

/* ---- what failed ------------------------------------------------------------------------ */

/** A fact without news: loading the contact pays what it owes. */
static void nudge(struct conversation *conv, struct lane *lane)
{
    struct task *t = task_new(conv, FACT_MENDED, tl_clock_wall());

    if (!t)
        return;
    lane->failed = 0;
    task_submit(t, &lane->contact);
}

static void nudge_all(struct conversation *conv)
{
    struct tl_entry *e = tl_map_next(&conv->lanes, NULL), *after;

    for (; e; e = after) {
        struct lane *lane = TL_CONTAINER(e, struct lane, entry);

        after = tl_map_next(&conv->lanes, e);
        if (lane->failed && !lane->busy)
            nudge(conv, lane);
    }
}

/* ---- what is overdue -------------------------------------------------------------------- */

/** What the core wants to be said is stored with its step. */
static void decide_deadline(struct task *t)
{
    const struct rules *rules = &t->conv->rules;

    t->message = tl_free(t->message); /* of an earlier try that lost: maybe it is no longer true */
    contact_step(&t->c, &t->fact, rules, t->at, &t->d);
    if (t->d.says == SAYS_IDLE_QUESTION)
        say_line(t, rules->idle_question);
    else if (t->d.says == SAYS_IDLE_GOODBYE)
        say_line(t, rules->idle_goodbye);
}

static void told_deadline(void *arg, const struct task *t, int code, const char *reason)
{
    TL_UNUSED(arg);
    TL_UNUSED(reason);
    if (!code && t->message)
        push_line(t->conv, &t->c, t->message);
}

static void overdue(void *arg, int err, const struct contact *rows, int n)
{
    struct mend *m = arg;

    m->dues = false;
    for (int i = 0; !err && i < n; i++) {
        struct task *t = task_new(m->conv, FACT_DEADLINE, tl_clock_wall());

        if (!t)
            break;
        tl_metric_add(
            tl_counter("tl_conversation_deadlines_total", NULL, "phases that were overdue"), 1);
        t->decide = decide_deadline;
        t->done = told_deadline;
        task_submit(t, &rows[i].id);
    }
}

static void look_for_overdue(struct mend *m)
{
    struct store_query q = {.kind = QUERY_DUE, .at = tl_clock_wall(), .limit = 200};

    if (m->dues)
        return;
    m->dues = m->conv->store->ops->list(m->conv->store, &q, overdue, m) == 0;
}

/* ---- what differs ----------------------------------------------------------------------- */

static void told_gathered(void *arg, const struct tl_reply *r)
{
    TL_UNUSED(arg);
    if (r->err) /* the next round says it again */
        tl_warn("the acd did not hear that all are back", TL_E(r->err), TL_I("code", r->code));
}

/** Whoever waited when the ACD lost everything is with it again. */
static void tell_gathered(struct mend *m)
{
    struct tl_buf req = TL_BUF(256);

    if (wire_gathered(m->views.acd_epoch, &req) == 0)
        (void)tl_bus_request(m->conv->bus, "tl.cmd.acd.p0.gathered", req.p, req.n, 0, 0,
                             told_gathered, m->conv); /* likewise */
    tl_buf_done(&req);
}

void end_round(struct mend *m)
{
    tl_free(m->views.ours);
    tl_free(m->views.acd);
    tl_free(m->views.media);
    tl_free(m->views.unknown);
    tl_free(m->views.missed);
    m->views = (struct reconcile_views){0};
    m->repairs = tl_free(m->repairs);
    m->n_repairs = m->repairs_room = m->next = 0;
    m->busy = false;
}

static void repaired(void *arg, const struct task *t, int code, const char *reason)
{
    const char *kind = arg;
    char label[64];

    TL_UNUSED(reason);
    if (code || !t->d.changed)
        return;
    (void)snprintf(label, sizeof label, "kind=\"%s\"", kind);
    tl_metric_add(tl_counter("tl_conversation_repairs_total", label, "differences mended"), 1);
    tl_warn("contact repaired", TL_S("contact_id", t->c.id.s), TL_S("kind", kind));
}

static void tell_again(void *arg, const struct task *t, int code, const char *reason)
{
    const struct contact_decision d = {.tell = contact_tells(&t->c)};

    TL_UNUSED(arg);
    TL_UNUSED(reason);
    if (!code)
        after_commit(t->conv, NULL, &t->c, &d);
}

void note_repair(void *arg, const struct reconcile_repair *r)
{
    struct mend *m = arg;
    size_t room = m->repairs_room ? 2 * m->repairs_room : 64;
    struct reconcile_repair *p = m->repairs;

    if (m->n_repairs == m->repairs_room) {
        p = tl_resize(m->repairs, room, sizeof *p);
        if (!p)
            return; /* the next round finds the rest */
        m->repairs = p;
        m->repairs_room = room;
    }
    p[m->n_repairs++] = *r;
}

/** False: not now, too much is under way. */
static bool begin_repair(struct mend *m, const struct reconcile_repair *r)
{
    struct task *t = task_new(m->conv, r->fact.kind, tl_clock_wall());
    struct lane *lane = t ? lane_of(m->conv, &r->contact) : NULL;

    if (!lane) {
        task_free(t);
        return false;
    }
    m->open += !lane->mended;
    lane->mended = true;
    t->fact = r->fact;
    t->only_version = r->version;
    if (r->fact.kind == FACT_ACCEPTED)
        (void)tl_str_put(t->fact.agent_name, sizeof t->fact.agent_name,
                         tl_str(agent_name_of(m->conv, &r->fact.agent)));
    if (r->fact.repair) {
        t->done = repaired;
        t->arg = (void *)(uintptr_t)r->fact.repair; /* fixed words of the core */
    } else if (r->tell) {
        t->done = tell_again;
    }
    task_submit(t, &r->contact);
    return true;
}

static void round_over(struct mend *m)
{
    const struct reconcile_views *v = &m->views;

    if (v->gathering) {
        if (v->gathered)
            tell_gathered(m);
        mend_soon(m->conv);
    }
    end_round(m);
}

/** The oldest begin first, and the next when one has come to rest: so nobody is overtaken by many,
 * and nobody waits for one whose work cannot be done now. */
void go_on(void *arg)
{
    struct mend *m = arg;

    while (m->next < m->n_repairs && m->open < OPEN_MAX && begin_repair(m, &m->repairs[m->next]))
        m->next++;
    if (m->next == m->n_repairs && !m->open)
        round_over(m);
}

void mend_rested(struct conversation *conv)
{
    struct mend *m = conv->mend;

    if (!m)
        return;
    m->open--;
    tl_timer_start(m->more, 0); /* not from within the lane */
}

void conversation_reconcile(struct conversation *conv)
{
    begin_round(conv->mend, false);
}

/* ---- the clock -------------------------------------------------------------------------- */

void mend_soon(struct conversation *conv)
{
    conv->mend->next_round = 0;
}

static void on_tick(void *arg)
{
    struct mend *m = arg;
    struct conversation *conv = m->conv;
    bool leads = conv->store->ops->leads(conv->store);
    tl_time now = tl_loop_now(conv->loop);

    nudge_all(conv);
    if (m->busy && !m->comparing)
        go_on(m); /* what could not begin for want of room */
    if (leads && !m->led) {
        m->next_round = now; /* start-up and take-over are recovery */
        m->recovery = true;
        forget_missed(m); /* of an earlier reign */
    }
    m->led = leads;
    if (!leads)
        return;
    look_for_overdue(m);
    if (!m->busy && now >= m->next_round && tl_bus_ready(conv->bus)) {
        bool hurried = m->next_round == 0;

        m->next_round = now + conv->opts.reconcile_every;
        begin_round(m, hurried);
    }
}

int mend_start(struct conversation *conv)
{
    struct mend *m = tl_alloc(1, sizeof *m);
    int err = m ? tl_timer_new(&m->tick, conv->loop, on_tick, m) : -ENOMEM;

    if (!err)
        err = tl_timer_new(&m->more, conv->loop, go_on, m);
    if (err) {
        if (m)
            tl_timer_free(m->tick);
        tl_free(m);
        return err;
    }
    m->conv = conv;
    conv->mend = m;
    tl_timer_every(m->tick, TICK);
    return 0;
}

void mend_stop(struct conversation *conv)
{
    if (!conv->mend)
        return;
    end_round(conv->mend);
    forget_missed(conv->mend);
    tl_timer_free(conv->mend->tick);
    tl_timer_free(conv->mend->more);
    conv->mend = tl_free(conv->mend);
}
