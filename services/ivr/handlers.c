#include "handlers.h"

#include "wire.h"
#include <tl_clock.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>
#include <tl_seen.h>

#define SEEN_MAX 65536

struct ivr {
    struct tl_bus *bus;
    struct tl_events *events;
    struct ivr_flow *flow;
    struct tl_sub *sub;
    struct tl_seen *seen; /**< contacts whose walk was told */
};

static void refuse_bad(struct ivr *ivr, const struct tl_msg *m, int err)
{
    tl_bad_input("nats", tl_pb_fault(err));
    if (tl_log_allow(tl_pb_fault(err)))
        tl_warn("bad command", TL_T("subject", m->subject), TL_E(err));
    (void)tl_bus_refuse(ivr->bus, m->reply,
                        err == -EINVAL   ? 422
                        : err == -ENOMEM ? 503
                                         : 400,
                        "not a request to start a flow"); /* who asked will ask again */
}

/** A repeated request walks the same way, but is told once. */
static void tell(struct ivr *ivr, const struct ivr_start *s, const struct ivr_result *r)
{
    int err;

    if (tl_seen_has(ivr->seen, tl_id_str(&s->contact)))
        return;
    (void)tl_seen_add(ivr->seen, tl_id_str(&s->contact)); /* forgotten: told twice */
    err = ivr_wire_emit(ivr->events, s, ivr->flow, r);
    if (err && tl_log_allow("events"))
        tl_warn("flow events are lost", TL_S("contact_id", s->contact.s), TL_E(err));
    tl_metric_add(tl_counter("tl_ivr_flows_total",
                             r->closed ? "result=\"close\"" : "result=\"enqueue\"",
                             "walks through a flow"),
                  1);
    tl_info("flow finished", TL_S("contact_id", s->contact.s), TL_S("queue", r->queue.s),
            TL_I("priority", r->priority), TL_I("steps", r->n_taken));
}

static void start_flow(struct ivr *ivr, const struct tl_msg *m)
{
    struct ivr_start s;
    struct ivr_result r;
    struct tl_buf out = TL_BUF(64 * 1024);
    int err = ivr_wire_start(m->data, m->n, &s);

    if (err) {
        refuse_bad(ivr, m, err);
        return;
    }
    ivr_flow_run(ivr->flow, &s.caller, tl_clock_wall(), &r);
    if (ivr_wire_result(ivr->flow, &r, &out)) {
        (void)tl_bus_refuse(ivr->bus, m->reply, 503, "out of memory"); /* asked again */
    } else {
        (void)tl_bus_reply(ivr->bus, m->reply, out.p, out.n); /* asked again */
        tell(ivr, &s, &r);
    }
    ivr_start_done(&s);
    tl_buf_done(&out);
}

static void on_command(void *arg, const struct tl_msg *m)
{
    struct ivr *ivr = arg;

    if (tl_str_eq(m->subject, TL_STR("tl.cmd.ivr.start_flow"))) {
        start_flow(ivr, m);
        return;
    }
    tl_bad_input("nats", "method");
    (void)tl_bus_refuse(ivr->bus, m->reply, 404, "no such method"); /* asked again */
}

int ivr_new(struct ivr **ret, struct tl_bus *bus, struct tl_events *events, struct ivr_flow *flow)
{
    struct ivr *ivr = tl_alloc(1, sizeof *ivr);
    int err = -ENOMEM;

    if (!ivr) {
        tl_free(flow);
        return err;
    }
    *ivr = (struct ivr){.bus = bus, .events = events, .flow = flow};
    err = tl_seen_new(&ivr->seen, SEEN_MAX);
    if (!err)
        err = tl_bus_subscribe(&ivr->sub, bus, "tl.cmd.ivr.*", "ivr", on_command, ivr);
    if (err) {
        ivr_free(ivr);
        return err;
    }
    *ret = ivr;
    return 0;
}

struct ivr *ivr_free(struct ivr *ivr)
{
    if (ivr) {
        tl_sub_free(ivr->sub);
        tl_seen_free(ivr->seen);
        tl_free(ivr->flow);
    }
    return tl_free(ivr);
}

void ivr_set_flow(struct ivr *ivr, struct ivr_flow *flow)
{
    tl_free(ivr->flow);
    ivr->flow = flow;
}
