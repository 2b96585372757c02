/**
 * @file handlers.c  bytes -> fact -> core -> decision -> bus.
 *
 * An offer is answered when Janus has answered; until then the asker's reply subject waits in
 * `pending`, and a repeated request waits beside it.
 */
#include "handlers.h"

#include "core/sdp.h"
#include "wire.h"

#include <stdio.h>
#include <tl_clock.h>
#include <tl_list.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>

enum { PACKED_MAX = 512 * 1024, CONTACT_TTL_S = 86400 };

struct pending {
    struct tl_link in_pending;
    struct tl_id leg, contact;
    char reply[128];
};

struct command_of {
    struct handlers *h;
    enum wire_method method;
    struct tl_sub *sub;
};

struct handlers {
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct tl_redis *redis;
    struct tl_events *events;
    struct relay *relay;
    struct tl_timer *beat;
    char instance[40];
    struct tl_id boot;
    bool draining;
    struct command_of commands[WIRE_METHODS];
    struct tl_list pending;
    struct tl_buf out; /* for one message at a time */
};

/* ---- answers ------------------------------------------------------------------------------ */

static void reply_out(struct handlers *h, const char *reply, int err)
{
    if (err || h->out.err)
        (void)tl_bus_refuse(h->bus, reply, 503, "out of memory");
    else
        (void)tl_bus_reply(h->bus, reply, h->out.p, h->out.n); /* the asker asks again */
}

static void reply_empty(struct handlers *h, const char *reply)
{
    tl_buf_clear(&h->out);
    reply_out(h, reply, wire_empty(&h->out));
}

static void reply_sdp(struct handlers *h, const char *reply, const struct tl_id *contact,
                      const struct tl_id *leg, const char *sdp)
{
    tl_buf_clear(&h->out);
    reply_out(h, reply, wire_answer(&h->out, h->instance, contact, leg, sdp));
}

static void wait_for_answer(struct handlers *h, const struct legs_fact *f, const char *reply)
{
    struct pending *p = reply ? tl_alloc(1, sizeof *p) : NULL;

    if (!p)
        return; /* the asker asks again */
    p->leg = f->leg;
    p->contact = f->contact;
    (void)tl_str_put(p->reply, sizeof p->reply, tl_str(reply)); /* inboxes are shorter */
    tl_list_append(&h->pending, &p->in_pending);
}

/* Everybody who waits for the answer of this leg gets it. */
static void on_answered(void *arg, const struct tl_id *leg, int code, const char *why,
                        const char *sdp)
{
    struct handlers *h = arg;

    tl_list_for_each (&h->pending, k) {
        struct pending *p = TL_CONTAINER(k, struct pending, in_pending);

        if (!tl_id_eq(&p->leg, leg))
            continue;
        if (code)
            (void)tl_bus_refuse(h->bus, p->reply, code, why);
        else
            reply_sdp(h, p->reply, &p->contact, leg, sdp);
        tl_list_remove(&h->pending, k);
        tl_free(p);
    }
}

static void offer_again(struct handlers *h, const struct legs_fact *f, const char *reply)
{
    const char *sdp = relay_answer(h->relay, &f->leg);

    if (sdp)
        reply_sdp(h, reply, &f->contact, &f->leg, sdp);
    else if (relay_setting_up(h->relay, &f->leg))
        wait_for_answer(h, f, reply);
    else /* our predecessor answered; we do not know what */
        on_answered(h, &f->leg, 409, "bring a new leg", NULL);
}

/* ---- commands ----------------------------------------------------------------------------- */

static bool sdp_refused(struct handlers *h, const struct wire_command *c, const char *reply)
{
    const char *media =
        c->fact.kind == LEGS_OFFER && c->fact.media == LEGS_AUDIO ? "audio" : "video";
    enum sdp_fault fault =
        c->sdp ? sdp_check(tl_str(c->sdp), media, c->fact.kind == LEGS_OFFER) : SDP_FINE;

    if (fault == SDP_FINE)
        return false;
    tl_bad_input("sdp", sdp_fault_class(fault));
    if (tl_log_allow("sdp"))
        tl_warn("a session description is refused", TL_S("class", sdp_fault_class(fault)),
                TL_S("leg_id", c->fact.leg.s));
    (void)tl_bus_refuse(h->bus, reply, 422, sdp_fault_text(fault));
    return true;
}

static void step_command(struct handlers *h, struct wire_command *c, const char *reply)
{
    struct legs_outcome outcome;
    bool first = c->fact.kind == LEGS_OFFER && !relay_setting_up(h->relay, &c->fact.leg) &&
                 !relay_answer(h->relay, &c->fact.leg);

    if (sdp_refused(h, c, reply))
        return;
    if (first) /* the asker must be known before the relay can answer */
        wait_for_answer(h, &c->fact, reply);
    if (relay_step(h->relay, &c->fact, c->sdp, &outcome))
        outcome = (struct legs_outcome){503, "out of memory"};
    if (outcome.code == LEGS_LATER)
        return;
    if (outcome.code == LEGS_AGAIN)
        offer_again(h, &c->fact, reply);
    else if (first)
        on_answered(h, &c->fact.leg, outcome.code, outcome.reason, NULL);
    else if (outcome.code)
        (void)tl_bus_refuse(h->bus, reply, outcome.code, outcome.reason);
    else
        reply_empty(h, reply);
}

static void on_command(void *arg, const struct tl_msg *m)
{
    struct command_of *which = arg;
    struct handlers *h = which->h;
    struct wire_command c;
    const char *why = "";
    int err;

    if (!relay_adopted(h->relay)) {
        (void)tl_bus_refuse(h->bus, m->reply, 503, "starting");
        return;
    }
    err = wire_decode(&c, which->method, m->data, m->n, &why);
    if (err) {
        tl_bad_input("nats", tl_pb_fault(err));
        if (tl_log_allow(why))
            tl_warn("a command is refused", TL_S("method", wire_method_name(which->method)),
                    TL_S("why", why));
        (void)tl_bus_refuse(h->bus, m->reply, err == -ENOMEM ? 503 : 400, why);
        return;
    }
    if (which->method == WIRE_LIST_CONTACTS) {
        tl_buf_clear(&h->out);
        reply_out(h, m->reply, wire_contacts(&h->out, relay_legs(h->relay)));
    } else {
        step_command(h, &c, m->reply);
    }
    wire_command_done(&c);
}

/* ---- what the relay has to say ------------------------------------------------------------ */

static void push(struct handlers *h, const struct legs_decision *d, int err)
{
    char subject[80];

    if (tl_id_empty(&d->agent))
        snprintf(subject, sizeof subject, "tl.session.%s", d->session.s);
    else
        snprintf(subject, sizeof subject, "tl.agent.%s", d->agent.s);
    if (err || tl_bus_publish(h->bus, subject, h->out.p, h->out.n))
        tl_warn("a push is lost", TL_S("subject", subject));
}

static void on_offer_view(void *arg, const struct legs_decision *d, const char *sdp)
{
    struct handlers *h = arg;

    tl_buf_clear(&h->out);
    push(h, d, wire_push_view(&h->out, h->instance, d, sdp));
}

struct emission {
    struct handlers *h;
    const struct legs_decision *d;
};

static void emit(void *arg, ProtobufCMessage *envelope)
{
    struct emission *e = arg;
    const struct legs_decision *d = e->d;
    const char *key = tl_id_empty(&d->thread) ? d->agent.s : d->thread.s;
    int err = tl_events_emit(e->h->events, envelope, d->thread.s, d->contact.s, key);

    if (err && tl_log_allow("event"))
        tl_error("an event is lost", TL_E(err));
}

static void remember(struct handlers *h, const struct tl_id *contact)
{
    if (h->redis)
        (void)tl_redis_cmd(h->redis, NULL, NULL, "SET media:contact:%s %s EX %d", contact->s,
                           h->instance, CONTACT_TTL_S); /* rebuilt at every connection */
}

static void log_decision(const struct legs_decision *d)
{
    switch (d->kind) {
    case LEGS_TELL_UP:
        tl_info("leg is up", TL_S("leg_id", d->leg.s), TL_S("contact_id", d->contact.s),
                TL_I("kind", d->media), TL_I("setup_ms", d->n));
        break;
    case LEGS_TELL_DOWN:
        tl_info("leg is down", TL_S("leg_id", d->leg.s), TL_S("contact_id", d->contact.s),
                TL_S("cause", d->text));
        break;
    case LEGS_TELL_CONNECTED:
        tl_info("legs are connected", TL_S("contact_id", d->contact.s),
                TL_S("agent_id", d->agent.s));
        break;
    case LEGS_TELL_DISCONNECTED:
        tl_info("legs are disconnected", TL_S("contact_id", d->contact.s),
                TL_S("agent_id", d->agent.s));
        break;
    case LEGS_TELL_SILENT:
        tl_info("a leg is silent", TL_S("leg_id", d->leg.s), TL_S("contact_id", d->contact.s));
        break;
    case LEGS_TELL_RESTARTED:
        tl_warn("a part was gone, everybody is asked to offer again", TL_S("part", d->text),
                TL_I("legs", d->n));
        break;
    default: break;
    }
}

static void on_tell(void *arg, const struct legs_decision *d)
{
    struct handlers *h = arg;
    struct emission e = {h, d};

    switch (d->kind) {
    case LEGS_SAY_REOFFER:
        tl_buf_clear(&h->out);
        push(h, d, wire_push_reoffer(&h->out, h->instance, d->text));
        return;
    case LEGS_SAY_CLOSED:
        tl_buf_clear(&h->out);
        push(h, d, wire_push_closed(&h->out, h->instance, d));
        return;
    case LEGS_DO_REMEMBER: remember(h, &d->contact); return;
    case LEGS_DO_FORGET:
        if (h->redis) /* a key that stays is forgotten after a day */
            (void)tl_redis_cmd(h->redis, NULL, NULL, "DEL media:contact:%s", d->contact.s);
        return;
    case LEGS_TELL_UP:
        tl_metric_observe(tl_histogram("tl_media_leg_setup_seconds", NULL,
                                       "offer to connected, as seen by the relay"),
                          (double)d->n / 1000.0);
        break;
    case LEGS_TELL_DOWN: on_answered(h, &d->leg, 503, "the leg was given up", NULL); break;
    default: break;
    }
    log_decision(d);
    wire_events(d, emit, &e);
}

/* ---- life --------------------------------------------------------------------------------- */

static void on_redis(void *arg)
{
    struct handlers *h = arg;
    struct legs_view_of_contact c;
    size_t at = 0;

    while (legs_each_contact(relay_legs(h->relay), &at, &c))
        remember(h, &c.contact);
}

static void beat(void *arg)
{
    struct handlers *h = arg;
    bool accepting = !h->draining && relay_janus_ready(h->relay) && relay_plane_ready(h->relay);
    int legs = legs_count(relay_legs(h->relay));

    tl_metric_set(tl_gauge("tl_media_legs", NULL, "legs that exist"), legs);
    tl_buf_clear(&h->out);
    if (wire_beat(&h->out, h->instance, accepting, legs, h->boot.s) == 0)
        (void)tl_bus_publish(h->bus, "tl.media.instances", h->out.p, h->out.n); /* next second */
}

static int subscribe(struct handlers *h)
{
    for (int i = 0; i < WIRE_METHODS; i++) {
        struct command_of *c = &h->commands[i];
        char subject[100];
        int err;

        *c = (struct command_of){h, (enum wire_method)i, NULL};
        snprintf(subject, sizeof subject, "tl.cmd.media.%s.%s", h->instance,
                 wire_method_name(c->method));
        err = tl_bus_subscribe(&c->sub, h->bus, subject, "media", on_command, c);
        if (err)
            return err;
    }
    return 0;
}

int handlers_open(struct handlers **ret, struct tl_loop *loop, const struct handlers_opts *opts)
{
    static const struct relay_ops ops = {on_answered, on_offer_view, on_tell};
    struct handlers *h = tl_alloc(1, sizeof *h);
    int err;

    if (!h)
        return -ENOMEM;
    h->loop = loop;
    h->bus = opts->bus;
    h->redis = opts->redis;
    h->events = opts->events;
    h->out = TL_BUF(PACKED_MAX);
    h->boot = tl_id_new();
    tl_list_init(&h->pending);
    tl_str_put(h->instance, sizeof h->instance, tl_str(opts->instance));
    err = relay_open(&h->relay, loop, &opts->relay, &ops, h);
    if (!err)
        err = subscribe(h);
    if (!err)
        err = tl_timer_new(&h->beat, loop, beat, h);
    if (err) {
        handlers_close(h);
        return err;
    }
    tl_timer_every(h->beat, TL_SEC(1));
    if (h->redis)
        tl_redis_on_connect(h->redis, on_redis, h);
    *ret = h;
    return 0;
}

struct handlers *handlers_close(struct handlers *h)
{
    if (!h)
        return NULL;
    for (int i = 0; i < WIRE_METHODS; i++)
        tl_sub_free(h->commands[i].sub);
    tl_timer_free(h->beat);
    relay_close(h->relay);
    tl_list_for_each (&h->pending, k)
        tl_free(TL_CONTAINER(k, struct pending, in_pending));
    tl_buf_done(&h->out);
    return tl_free(h);
}

void handlers_drain(struct handlers *h)
{
    h->draining = true;
    beat(h);
}

const struct relay *handlers_relay(const struct handlers *h)
{
    return h->relay;
}
