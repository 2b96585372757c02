/* Each contact has a lane: its facts are loaded, stepped, committed and told one after the other.
 */
#include "handlers.h"

#include "adapters/outbox.h"
#include <stdio.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>

#define TRIES_MAX 8

static void run(struct task *t);

struct task *task_new(struct conversation *conv, enum contact_fact_kind kind, tl_time at)
{
    struct task *t = conv->tasks < TASKS_MAX ? tl_alloc(1, sizeof *t) : NULL;

    if (!t)
        return NULL;
    t->conv = conv;
    t->fact.kind = kind;
    t->at = at;
    conv->tasks++;
    return t;
}

void task_free(struct task *t)
{
    if (!t)
        return;
    t->conv->tasks--;
    tl_free(t->message);
    tl_free(t->wrap_up);
    tl_free(t->survey);
    tl_free(t);
}

struct lane *lane_of(struct conversation *conv, const struct tl_id *contact)
{
    struct tl_entry *e = tl_map_find(&conv->lanes, tl_id_str(contact));
    struct lane *lane;

    if (e)
        return TL_CONTAINER(e, struct lane, entry);
    lane = tl_alloc(1, sizeof *lane);
    if (!lane)
        return NULL;
    lane->contact = *contact;
    tl_list_init(&lane->tasks);
    if (tl_map_add(&conv->lanes, &lane->entry, tl_id_str(&lane->contact)))
        return tl_free(lane);
    return lane;
}

/** A lane with nothing to do goes. */
void lane_rest(struct conversation *conv, struct lane *lane)
{
    bool mended = lane->mended;

    if (lane->busy || lane->tasks.n || lane->running)
        return;
    lane->mended = false;
    if (!lane->failed) {
        tl_map_remove(&conv->lanes, &lane->entry);
        tl_free(lane);
    }
    if (mended)
        mend_rested(conv);
}

static void start(struct lane *lane)
{
    struct tl_link *k = tl_list_first(&lane->tasks);

    if (lane->busy || !k)
        return;
    lane->busy = true;
    run(TL_CONTAINER(k, struct task, link));
}

static void finish(struct task *t, int code, const char *reason)
{
    struct lane *lane = t->lane;
    struct conversation *conv = t->conv;

    if (t->done)
        t->done(t->arg, t, code, reason);
    if (lane) {
        lane->running &= ~t->pays;
        if (code == 503)
            lane->failed |= t->pays;
        tl_list_remove(&lane->tasks, &t->link);
        lane->busy = false;
        start(lane);
        lane_rest(conv, lane);
    }
    task_free(t);
}

void task_submit(struct task *t, const struct tl_id *contact)
{
    t->lane = lane_of(t->conv, contact);
    if (!t->lane) {
        finish(t, 503, "out of memory");
        return;
    }
    tl_list_append(&t->lane->tasks, &t->link);
    start(t->lane);
}

/* ---- one commit ------------------------------------------------------------------------- */

int commit_change(struct conversation *conv, struct store_change *ch, const struct contact *c,
                  const struct contact_decision *d, tl_time at, store_done_fn *fn, void *arg)
{
    struct outgoing_event out[DECISION_EVENTS_MAX];
    struct tl_buf packed[DECISION_EVENTS_MAX];
    int err = 0;

    for (int i = 0; i < d->n_events; i++) {
        packed[i] = TL_BUF(64 * 1024);
        out[i] = (struct outgoing_event){.id = tl_id_new(),
                                         .name = wire_event_name(d->events[i].kind),
                                         .thread = c->thread,
                                         .contact = c->id,
                                         .at = at};
        if (!err)
            err = wire_event(&d->events[i], c, &out[i].id, at, &packed[i]);
        out[i].payload = tl_buf_str(&packed[i]);
    }
    ch->events = out;
    ch->n_events = d->n_events;
    ch->touch = c->thread;
    ch->at = at;
    ch->due = contact_due(c, &conv->rules);
    if (!err)
        err = conv->store->ops->commit(conv->store, ch, fn, arg);
    for (int i = 0; i < d->n_events; i++)
        tl_buf_done(&packed[i]);
    return err;
}

static void note_end(const struct contact *c, const struct contact_decision *d)
{
    static const char *const names[] = {"open", "completed", "abandoned", "closed", "failed"};
    char label[40];

    for (int i = 0; i < d->n_events; i++) {
        if (d->events[i].kind != EVENT_ENDED)
            continue;
        (void)snprintf(label, sizeof label, "outcome=\"%s\"", names[c->outcome]);
        tl_metric_add(tl_counter("tl_conversation_contacts_total", label, "contacts that are over"),
                      1);
        tl_info("contact ended", TL_S("contact_id", c->id.s), TL_S("thread_id", c->thread.s),
                TL_S("outcome", names[c->outcome]), TL_S("cause", d->events[i].word),
                TL_I("talked_ms", c->talked / 1000));
    }
}

void after_commit(struct conversation *conv, struct lane *lane, const struct contact *c,
                  const struct contact_decision *d)
{
    struct tl_buf m = TL_BUF(256 * 1024);
    struct contact former;

    if ((d->tell & TELL_CUSTOMER) && wire_state(c, ROLE_CUSTOMER, &m) == 0)
        push_customer(conv, c, &m);
    tl_buf_clear(&m);
    if ((d->tell & TELL_AGENT) && wire_state(c, ROLE_AGENT, &m) == 0)
        push_agent(conv, &c->agent, &m);
    tl_buf_clear(&m);
    if (d->tell & TELL_FORMER) {
        former = *c;
        former.phase = PHASE_ENDED;
        if (wire_state(&former, ROLE_AGENT, &m) == 0)
            push_agent(conv, &d->former, &m);
        tl_buf_clear(&m);
    }
    if ((d->tell & TELL_STOPPED) && wire_stopped(&c->id, "stopped", &m) == 0) {
        push_customer(conv, c, &m);
        push_agent(conv, tl_id_empty(&c->agent) ? &d->former : &c->agent, &m);
    }
    tl_buf_clear(&m);
    if ((d->tell & TELL_SURVEY) && wire_survey(&c->id, conv->rules.survey_question, &m) == 0)
        push_customer(conv, c, &m);
    tl_buf_done(&m);
    if (d->tell & TELL_CARD)
        push_card(conv, c);

    note_end(c, d);
    wait_note(conv, c);
    agent_name_late(conv, c);
    if (d->n_events)
        outbox_kick(conv->outbox);
    if (lane)
        work_pay(conv, lane, c);
}

/* ---- the way of a task ------------------------------------------------------------------ */

static void again(void *arg)
{
    run(arg);
}

static void retry(struct task *t, int err)
{
    if (++t->tries < TRIES_MAX && tl_loop_defer(t->conv->loop, again, t) == 0)
        return;
    finish(t, 503, strerror(-err));
}

static void committed(void *arg, int err)
{
    struct task *t = arg;

    if (err == -EAGAIN && t->conv->store->ops->ready(t->conv->store)) {
        retry(t, err);
        return;
    }
    if (err == -EEXIST) {
        t->existed = true;
        finish(t, 0, NULL);
        return;
    }
    if (err) {
        finish(t, 503, "the store is away");
        return;
    }
    if (t->d.changed)
        t->c.version++;
    after_commit(t->conv, t->lane, &t->c, &t->d);
    for (int side = 0; side < 2; side++) {
        if (t->tickets[side][0] && t->c.cobrowse_active)
            push_grant(t->conv, &t->c, side, t->tickets[side]);
    }
    finish(t, 0, NULL);
}

static void commit(struct task *t)
{
    struct store_change ch = {.contact = t->d.changed ? &t->c : NULL,
                              .message = t->message,
                              .wrap_up = t->wrap_up,
                              .survey = t->survey};
    int err = commit_change(t->conv, &ch, &t->c, &t->d, t->at, committed, t);

    if (err)
        finish(t, 503, "the store is away");
}

static void loaded(void *arg, int err, const struct contact *rows, int n)
{
    struct task *t = arg;

    if (err) {
        finish(t, 503, "the store is away");
        return;
    }
    if (!n || (t->check && !contact_is_theirs(&rows[0], &t->actor))) {
        finish(t, 404, "no such contact");
        return;
    }
    t->c = rows[0];
    t->lane->running &= ~t->pays;
    if (t->only_version && t->c.version != t->only_version) {
        finish(t, 0, NULL);
        return;
    }
    if (t->decide)
        t->decide(t);
    else
        contact_step(&t->c, &t->fact, &t->conv->rules, t->at, &t->d);

    if (!t->d.code && t->fact.kind == FACT_ACCEPTED && t->d.changed)
        work_connect_early(t->conv, t->lane, &t->c);
    if (t->d.code) {
        finish(t, t->d.code, t->d.reason);
    } else if (t->d.changed || t->message || t->wrap_up || t->survey) {
        commit(t);
    } else {
        wait_note(t->conv, &t->c); /* another replica may have stepped it */
        if (t->c.owed)
            work_pay(t->conv, t->lane, &t->c);
        finish(t, 0, NULL);
    }
}

static void run(struct task *t)
{
    struct store_query q = {.kind = QUERY_ID, .id = t->lane->contact, .limit = 1};
    int err;

    t->d = (struct contact_decision){0};
    if (t->fact.route)
        t->fact.route = &t->route;
    err = t->conv->store->ops->list(t->conv->store, &q, loaded, t);
    if (err)
        finish(t, 503, "the store is away");
}
