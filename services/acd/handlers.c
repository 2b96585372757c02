/* Requests become facts, decisions become pieces of the open batch; see handlers.h. */
#include "handlers_in.h"
#include "wire_pb.h"
#include <stdio.h>
#include <string.h>
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_pb.h>

#define OPEN_MAX 200000 /* pieces waiting for a commit before requests are refused */

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

/* ---- decisions
 * ------------------------------------------------------------------------------------- */

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

/* ---- the open batch
 * --------------------------------------------------------------------------------- */

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

static void flush(void *arg)
{
    struct handlers *h = arg;

    h->flush_due = false;
    if (h->role != OWNER || h->flying)
        return;
    acd_take_changed(h->acd, store_contact, store_agent, h);
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

/* ---- requests
 * ------------------------------------------------------------------------------------------ */

static void refuse(struct handlers *h, const struct tl_msg *m, int code, const char *reason)
{
    tl_metric_add(h->refused, 1);
    batch_refuse(h->open, m->reply, code, reason);
    flush_soon(h);
}

static void junk(struct handlers *h, const struct tl_msg *m, enum wire_method method, int err)
{
    tl_bad_input("nats", err == -EMSGSIZE ? "too_large" : "malformed");
    if (tl_log_allow("acd junk"))
        tl_warn("request is junk", TL_S("method", wire_method_name(method)), TL_E(err));
    refuse(h, m, err == -ENOMEM ? 503 : 400, err == -ENOMEM ? "out of memory" : "malformed");
}

void store_queue(struct handlers *h, uint32_t queue)
{
    char key[80];

    (void)snprintf(key, sizeof(key), CLOSED_ROW "%s", acd_policy(h->acd)->queues[queue].name.s);
    batch_add(h->open, acd_queue_closed(h->acd, queue) ? PIECE_AGENT : PIECE_GONE, tl_str(key), "1",
              acd_queue_closed(h->acd, queue) ? 1 : 0);
}

/* A gateway's list of living sessions: nothing that is stored changes. */
static int heartbeat(struct handlers *h, const struct wire_request *r)
{
    const Threadline__Acd__V1__HeartbeatRequest *q = r->message;
    Threadline__Acd__V1__HeartbeatResponse a = THREADLINE__ACD__V1__HEARTBEAT_RESPONSE__INIT;
    char **unknown = tl_alloc(q->n_agents + 1, sizeof(*unknown));
    int err = -ENOMEM;

    if (!unknown)
        return err;
    for (size_t i = 0; i < q->n_agents; i++) {
        enum acd_outcome out = ACD_OK;
        const struct acd_fact f = {.kind = ACD_AGENT_ALIVE,
                                   .agent = tl_str(q->agents[i]->agent_id),
                                   .session = tl_str(q->agents[i]->session_id)};
        (void)acd_step(h->acd, &f, core_now(h), &out); /* this one cannot fail */
        if (out == ACD_UNKNOWN_AGENT)
            unknown[a.n_unknown_agent_ids++] = q->agents[i]->agent_id;
    }
    a.unknown_agent_ids = unknown;
    tl_buf_clear(&h->scratch);
    err = tl_pb_pack(&a, &h->scratch);
    tl_free(unknown);
    return err;
}

static enum acd_outcome set_reason(const struct wire_request *r)
{
    /* "o" where an offer id was meant: no offer has number 0 */
    bool about_offer = r->method == WIRE_ACCEPT || r->method == WIRE_DECLINE;

    return about_offer && r->fact.offer == 0 ? ACD_STALE_OFFER : ACD_OK;
}

/* Steps the core for a decoded request; the answer or the refusal goes into the open batch. */
static void act(struct handlers *h, const struct tl_msg *m, struct wire_request *r)
{
    enum acd_outcome out = r->outcome == ACD_OK ? set_reason(r) : r->outcome;
    int err = 0;

    if (r->forbidden) {
        tl_bad_input("nats", "forbidden");
        refuse(h, m, 403, "not yours");
        return;
    }
    if (r->epoch && (r->epoch < h->epoch_from || r->epoch > h->epoch)) {
        tl_bad_input("nats", "old_epoch");
        refuse(h, m, 409, "old epoch");
        return;
    }
    if (out == ACD_OK && r->method < WIRE_HEARTBEAT) {
        err = acd_step(h->acd, &r->fact, core_now(h), &out);
        tl_metric_add(h->facts[r->fact.kind], 1);
    }
    if (out != ACD_OK) {
        if (out == ACD_OUT_OF_RANGE || wire_status(out) == 404)
            tl_bad_input("nats", "refused");
        refuse(h, m, wire_status(out), acd_outcome_name(out));
        return;
    }
    if (!err && r->method == WIRE_SET_QUEUE_OPEN)
        store_queue(h, r->fact.queue);
    struct wire_scene s = scene(h);
    if (!err && r->method == WIRE_HEARTBEAT) {
        err = heartbeat(h, r);
    } else if (!err) {
        tl_buf_clear(&h->scratch);
        err = wire_answer(&s, r, &h->scratch);
    }
    if (err) {
        refuse(h, m, err == -ENOENT ? 404 : 503, err == -ENOENT ? "unknown" : "out of memory");
    } else if (m->reply) {
        batch_add(h->open, PIECE_REPLY, tl_str(m->reply), h->scratch.p, h->scratch.n);
    }
    after_step(h);
}

static void on_request(void *arg, const struct tl_msg *m)
{
    struct endpoint *e = arg;
    struct handlers *h = e->h;
    struct wire_request r;
    int err;

    if (h->role != OWNER)
        return; /* whoever owns now answers */
    if (h->open->n_pieces > OPEN_MAX) {
        (void)tl_bus_refuse(h->o.bus, m->reply, 503,
                            "overloaded"); /* lost: the sender asks again */
        return;
    }
    err = wire_request(&r, h->acd, e->method, m->data, m->n, scene(h).skew);
    if (err) {
        junk(h, m, e->method, err);
        return;
    }
    act(h, m, &r);
    wire_request_done(&r);
}

int subscribe_all(struct handlers *h)
{
    char subject[120];

    for (int i = 0; i < WIRE_METHODS; i++) {
        struct endpoint *e = &h->endpoints[i];
        int err;
        if (e->sub)
            continue;
        *e = (struct endpoint){.h = h, .method = (enum wire_method)i};
        (void)snprintf(subject, sizeof(subject), "tl.cmd.acd.%s.%s", h->partition,
                       wire_method_name(e->method));
        err = tl_bus_subscribe(&e->sub, h->o.bus, subject, NULL, on_request, e);
        if (err)
            return err;
    }
    return 0;
}

void unsubscribe_all(struct handlers *h)
{
    for (int i = 0; i < WIRE_METHODS; i++)
        h->endpoints[i].sub = tl_sub_free(h->endpoints[i].sub);
}

/* ---- life
 * ------------------------------------------------------------------------------------------------
 */

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

    return h->role == OWNER || (h->role == STANDING_BY && h->somebody_owns);
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
