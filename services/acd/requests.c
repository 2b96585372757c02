/* Requests: decoded, stepped and answered with the commit, or refused by name; see handlers.h. */
#include "handlers_in.h"
#include "wire_pb.h"
#include <stdio.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_pb.h>

#define OPEN_MAX 200000 /* pieces waiting for a commit before requests are refused */

static void refuse(struct handlers *h, const struct tl_msg *m, int code, const char *reason)
{
    tl_metric_add(h->refused, 1);
    batch_refuse(h->open, m->reply, code, reason);
    flush_soon(h);
}

static void junk(struct handlers *h, const struct tl_msg *m, enum wire_method method, int err)
{
    tl_bad_input("nats", tl_pb_fault(err));
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

/* What is the sender's mistake; the rest (full, closed, over) is how a day goes. */
static const char *bad_class(enum acd_outcome out)
{
    switch (out) {
    case ACD_UNKNOWN_CONTACT:
    case ACD_UNKNOWN_AGENT:
    case ACD_UNKNOWN_QUEUE:
    case ACD_UNKNOWN_SKILL:
    case ACD_UNKNOWN_SEAT: return "unknown";
    case ACD_OUT_OF_RANGE: return "out_of_range";
    case ACD_CONFLICT: return "conflict";
    case ACD_STALE_OFFER: return "stale_offer";
    case ACD_NOT_IN_CONTACT: return "forbidden";
    default: return NULL;
    }
}

static void count_bad(const struct wire_request *r, const char *class_name)
{
    tl_bad_input("nats", class_name);
    if (tl_log_allow(class_name))
        tl_warn("request refused", TL_S("class", class_name),
                TL_S("method", wire_method_name(r->method)));
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
        count_bad(r, "forbidden");
        refuse(h, m, 403, "not yours");
        return;
    }
    if (r->epoch && (r->epoch < h->epoch_from || r->epoch > h->epoch)) {
        count_bad(r, "old_epoch");
        refuse(h, m, 409, "old epoch");
        return;
    }
    if (out == ACD_OK && r->method < WIRE_HEARTBEAT) {
        err = acd_step(h->acd, &r->fact, core_now(h), &out);
        tl_metric_add(h->facts[r->fact.kind], 1);
    }
    if (out != ACD_OK) {
        if (bad_class(out))
            count_bad(r, bad_class(out));
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
        if (err == -ENOENT)
            count_bad(r, "unknown");
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
