/* Decisions become pieces of the open batch, and the batch a commit; requests.c is the way in. */
#include "handlers_in.h"
#include "wire_pb.h"
#include <stdio.h>
#include <string.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_pb.h>

/* Monotonic, so that a step of the wall clock moves no deadline. */
tl_time core_now(const struct handlers *h)
{
    return tl_clock_mono() + h->offset;
}

struct wire_scene scene(const struct handlers *h)
{
    tl_time now = core_now(h);

    return (struct wire_scene){.acd = h->acd,
                               .epoch = h->epoch,
                               .partition = h->partition,
                               .now = now,
                               .skew = tl_clock_wall() - now};
}

void repair(const char *kind)
{
    char labels[64];

    (void)snprintf(labels, sizeof(labels), "kind=\"%s\"", kind);
    tl_metric_add(tl_counter("tl_acd_repairs_total", labels,
                             "differences between stores and services that were mended"),
                  1);
}

/* ---- decisions ---- */

struct wire_meta next_meta(struct handlers *h, struct tl_id *id)
{
    *id = tl_id_new();
    return (struct wire_meta){
        .event_id = id->s, .boot = h->boot.s, .seq = h->seq + 1, .at = tl_clock_wall()};
}

void add_event(struct handlers *h, const char *name, const struct tl_id *key)
{
    char subject[160];

    (void)snprintf(subject, sizeof(subject), "tl.events.acd.%s.%s", name,
                   tl_id_empty(key) ? "-" : key->s);
    batch_add(h->open, PIECE_EVENT, tl_str(subject), h->scratch.p, h->scratch.n);
    h->seq++;
}

static void decision_event(struct handlers *h, const struct wire_scene *s,
                           const struct acd_decision *d)
{
    struct tl_id id, key;
    struct wire_meta m = next_meta(h, &id);
    const char *name;
    int err;

    tl_buf_clear(&h->scratch);
    err = wire_event(s, d, &m, &h->scratch, &name, &key);
    if (err == 0)
        add_event(h, name, &key);
    else if (err != -ENOENT)
        h->open->err = err;
}

static void decision_push(struct handlers *h, const struct wire_scene *s,
                          const struct acd_decision *d)
{
    char subject[80];
    int err;

    tl_buf_clear(&h->scratch);
    err = wire_push(s, d, &h->scratch);
    if (err == -ENOENT)
        return;
    if (err) {
        h->open->err = err;
        return;
    }
    (void)snprintf(subject, sizeof(subject), "tl.agent.%s", d->agent->id.s);
    batch_add(h->open, PIECE_PUSH, tl_str(subject), h->scratch.p, h->scratch.n);
}

static void decision_log(const struct acd_decision *d)
{
    if (d->kind == ACD_SHOW_AGENT)
        tl_debug("agent state", TL_S("agent_id", d->agent->id.s),
                 TL_S("presence", acd_presence_name((enum acd_presence)d->agent->presence)));
    else if (d->kind != ACD_FORGET)
        tl_debug(acd_decision_name(d->kind), TL_S("contact_id", d->contact->id.s),
                 TL_S("agent_id", d->agent ? d->agent->id.s : ""),
                 TL_S("cause", acd_cause_name(d->cause)));
}

void on_decision(void *arg, const struct acd_decision *d)
{
    struct handlers *h = arg;
    struct wire_scene s = scene(h);

    if (d->kind == ACD_FORGET) {
        if (d->contact->parent != ACD_NONE)
            return; /* it is a part of its contact's record */
        batch_add(h->open, PIECE_FORGET, tl_id_str(&d->contact->id), NULL, 0);
        return;
    }
    decision_log(d);
    decision_event(h, &s, d);
    if (d->agent)
        decision_push(h, &s, d);
}

/* ---- the open batch ---- */

static void store_contact(void *arg, const struct acd_contact *c)
{
    struct handlers *h = arg;
    struct wire_scene s = scene(h);

    tl_buf_clear(&h->scratch);
    if (wire_store_contact(&s, c, &h->scratch))
        h->open->err = -ENOMEM;
    batch_add(h->open, PIECE_CONTACT, tl_id_str(&c->id), h->scratch.p, h->scratch.n);
}

static void store_agent(void *arg, const struct acd_agent *a)
{
    struct handlers *h = arg;

    if (!a->signed_in) {
        batch_add(h->open, PIECE_GONE, tl_id_str(&a->id), NULL, 0);
        return;
    }
    tl_buf_clear(&h->scratch);
    if (wire_store_agent(a, &h->scratch))
        h->open->err = -ENOMEM;
    batch_add(h->open, PIECE_AGENT, tl_id_str(&a->id), h->scratch.p, h->scratch.n);
}

static void store_familiar(void *arg, const struct acd_familiar *f)
{
    struct handlers *h = arg;
    char key[32];

    (void)snprintf(key, sizeof(key), FAMILIAR_ROW "%u", (unsigned)(f->thread % ACD_FAMILIAR_MAX));
    tl_buf_clear(&h->scratch);
    if (wire_store_familiar(h->acd, f, &h->scratch))
        h->open->err = -ENOMEM;
    batch_add(h->open, PIECE_AGENT, tl_str(key), h->scratch.p, h->scratch.n);
}

static void flush(void *arg)
{
    struct handlers *h = arg;

    h->flush_due = false;
    if (h->role != OWNER || h->flying)
        return;
    acd_take_changed(h->acd, store_contact, store_agent, h);
    acd_take_familiar(h->acd, store_familiar, h);
    if (h->open->err) {
        /* What is in memory cannot be written: better to load what is written. */
        step_down(h, "out of memory");
        return;
    }
    if (h->open->n_pieces == 0)
        return;
    start_commit(h);
}

void flush_soon(struct handlers *h)
{
    if (h->flush_due || h->flying)
        return;
    if (!h->open->began)
        h->open->began = tl_clock_mono();
    h->flush_due = tl_loop_defer(h->o.loop, flush, h) == 0;
    if (!h->flush_due) /* no memory for a deferral: the timer */
        tl_timer_start(h->again, TL_MSEC(1));
}

/* The one timer follows the core's next wish. */
void after_step(struct handlers *h)
{
    tl_time at = acd_next_wake(h->acd);

    if (at != h->wake_at) {
        h->wake_at = at;
        if (at == TL_NEVER)
            tl_timer_stop(h->wake);
        else
            tl_timer_start(h->wake, TL_HIGHER(at - core_now(h), 0));
    }
    gathering_may_be_over(h);
    feeds_changed(h);
    flush_soon(h);
}

static void on_wake(void *arg)
{
    struct handlers *h = arg;

    if (!h->acd || h->role != OWNER)
        return;
    h->wake_at = 0;
    (void)acd_step(h->acd, &(struct acd_fact){.kind = ACD_TICK}, core_now(h),
                   NULL); /* cannot fail */
    after_step(h);
}

static void on_again(void *arg)
{
    struct handlers *h = arg;

    if (h->flying)
        start_commit(h);
    else
        flush(h);
}

/* ---- life ---- */

static void make_metrics(struct handlers *h)
{
    char labels[64];

    for (int k = 0; k < ACD_FACTS; k++) {
        (void)snprintf(labels, sizeof(labels), "kind=\"%s\"", acd_fact_name((enum acd_fact_kind)k));
        h->facts[k] = tl_counter("tl_acd_facts_total", labels, "facts that were stepped");
    }
    h->refused = tl_counter("tl_acd_refused_total", NULL, "requests that were refused");
    h->commits = tl_counter("tl_acd_commits_total", NULL, "batches that were committed");
    h->fenced = tl_counter("tl_acd_fenced_total", NULL, "commits refused for their epoch");
    h->commit_s = tl_histogram("tl_acd_commit_seconds", NULL, "first fact to committed");
}

int handlers_new(struct handlers **ret, const struct handlers_opts *opts)
{
    struct handlers *h = tl_alloc(1, sizeof(*h));

    if (!h)
        return -ENOMEM;
    h->o = *opts;
    h->o.lease = opts->lease ? opts->lease : TL_SEC(1);
    h->partition = policy_partition(opts->policy);
    (void)tl_str_put(h->instance, sizeof(h->instance), tl_str(opts->instance));
    h->o.instance = h->instance;
    batch_init(&h->batch[0]);
    batch_init(&h->batch[1]);
    h->open = &h->batch[0];
    h->scratch = TL_BUF(4 << 20);
    h->offset = tl_clock_wall() - tl_clock_mono();
    make_metrics(h);
    if (tl_timer_new(&h->wake, opts->loop, on_wake, h) ||
        tl_timer_new(&h->lease, opts->loop, on_lease, h) ||
        tl_timer_new(&h->again, opts->loop, on_again, h) || feeds_new(h)) {
        h->o.store = NULL; /* not taken over */
        h->o.policy = NULL;
        handlers_free(h);
        return -ENOMEM;
    }
    *ret = h;
    return 0;
}

struct handlers *handlers_free(struct handlers *h)
{
    if (!h)
        return NULL;
    unsubscribe_all(h);
    feeds_free(h);
    tl_timer_free(h->wake);
    tl_timer_free(h->lease);
    tl_timer_free(h->again);
    outbox_free(h->outbox);
    acd_free(h->acd);
    if (h->o.store)
        h->o.store->ops->close(h->o.store);
    policy_free(h->o.policy);
    batch_done(&h->batch[0]);
    batch_done(&h->batch[1]);
    tl_buf_done(&h->scratch);
    return tl_free(h);
}

bool handlers_own(const struct handlers *h)
{
    return h->role == OWNER;
}

bool handlers_ready(void *arg)
{
    const struct handlers *h = arg;

    /* a standby that asks for the lease (TAKING) goes by the answer before */
    return h->role == OWNER || (h->role != LEAVING && h->somebody_owns);
}

void handlers_reload(struct handlers *h)
{
    struct tl_buf why = TL_BUF(65536);
    struct policy_file *p = NULL;
    struct tl_id id, none = {""};
    int err = policy_load(&p, h->o.policy_path, &why);

    if (!err && strcmp(policy_partition(p), h->partition) != 0) {
        (void)tl_buf_puts(&why, "the partition cannot change while running");
        err = -EINVAL;
    }
    if (!err && h->acd)
        err = acd_set_policy(h->acd, policy_of(p), core_now(h));
    if (err) {
        tl_metric_add(tl_counter("tl_acd_config_reload_failures_total", NULL,
                                 "policy files that were refused"),
                      1);
        tl_error("policy refused: the old one stays", TL_T("why", tl_buf_str(&why)), TL_E(err));
        policy_free(p);
        goto out;
    }
    policy_free(h->o.policy);
    h->o.policy = p;
    h->partition = policy_partition(p);
    tl_info("policy in force", TL_S("hash", policy_of(p)->hash));
    if (h->role == OWNER) {
        struct wire_meta m = next_meta(h, &id);
        struct wire_scene s = scene(h);
        tl_buf_clear(&h->scratch);
        if (wire_policy_event(&s, &m, &h->scratch) == 0)
            add_event(h, "policy_changed", &none);
        hours_start(h);
        after_step(h);
    }
out:
    tl_buf_done(&why);
}
