/* What desks and feeds are told; events are in wire_events.c and wire_seats.c. */
#include "wire_pb.h"
#include <stdio.h>
#include <string.h>
#include <tl_pb.h>

const char *wire_queue_name(const struct acd *acd, uint32_t queue)
{
    return acd_policy(acd)->queues[queue].name.s;
}

const char *wire_display_name(const struct acd *acd, uint32_t agent)
{
    const struct acd_agent_profile *p = acd_profile(acd, agent);

    return p && p->display_name ? p->display_name : "";
}

void wire_agent_state(const struct wire_scene *s, uint32_t agent,
                      Threadline__Signaling__V1__AgentState *ret)
{
    const struct acd_agent *a = acd_agent(s->acd, agent);

    threadline__signaling__v1__agent_state__init(ret);
    if (!a)
        return;
    ret->agent_id = lent(a->id.s);
    ret->presence = (Threadline__Signaling__V1__AgentPresence)a->presence;
    ret->reason = lent(a->reason.s);
    ret->since_us = a->since + s->skew;
    ret->display_name = lent(wire_display_name(s->acd, agent));
}

void wire_offer(const struct wire_scene *s, const struct acd_contact *c, const char *why,
                struct wire_offer *ret)
{
    Threadline__Signaling__V1__Offer *o = &ret->message;
    const struct acd_contact *of = wire_contact_of(s->acd, c);

    threadline__signaling__v1__offer__init(o);
    wire_offer_id(ret->id, c->offer);
    o->offer_id = ret->id;
    o->contact_id = lent(of->id.s);
    o->seat_id = lent(of == c ? "" : c->id.s);
    o->thread_id = lent(c->thread.s);
    o->channel = (Threadline__Common__V1__Channel)c->channel;
    o->epoch = s->epoch;
    o->queue = lent(wire_queue_name(s->acd, c->queue));
    o->waited_ms = (s->now - c->enqueued) / 1000;
    o->expires_at_us = c->deadline + s->skew;
    o->why = lent(why);
}

const struct acd_contact *wire_contact_of(const struct acd *acd, const struct acd_contact *c)
{
    return c->parent == ACD_NONE ? c : acd_contact(acd, c->parent);
}

static void seat_row(const struct wire_scene *s, uint32_t seat, Threadline__Acd__V1__SeatRow *m,
                     char offer[24])
{
    const struct acd_contact *c = acd_contact(s->acd, seat);

    threadline__acd__v1__seat_row__init(m);
    m->seat_id = lent(c->id.s);
    m->state = lent(acd_contact_state_name((enum acd_contact_state)c->state));
    if (c->agent != ACD_NONE) {
        m->agent_id = lent(acd_agent(s->acd, c->agent)->id.s);
        wire_offer_id(offer, c->offer);
        m->offer_id = offer;
    }
    m->since_us = c->since + s->skew;
    m->joined = c->seat == ACD_JOINED;
}

void wire_row(const struct wire_scene *s, uint32_t contact, struct wire_row *ret)
{
    const struct acd_contact *c = acd_contact(s->acd, contact);
    Threadline__Acd__V1__ContactRow *m = &ret->message;
    uint32_t seats[ACD_SEATS_MAX];

    threadline__acd__v1__contact_row__init(m);
    m->contact_id = lent(c->id.s);
    m->state = lent(acd_contact_state_name((enum acd_contact_state)c->state));
    if (c->agent != ACD_NONE)
        m->agent_id = lent(acd_agent(s->acd, c->agent)->id.s);
    if (c->state != ACD_WAITING) {
        wire_offer_id(ret->offer, c->offer);
        m->offer_id = ret->offer;
    }
    m->since_us = c->since + s->skew;
    m->n_seats = acd_seats(s->acd, contact, seats);
    m->seats = ret->seat_list;
    for (size_t i = 0; i < m->n_seats; i++) {
        seat_row(s, seats[i], &ret->seats[i], ret->seat_offers[i]);
        ret->seat_list[i] = &ret->seats[i];
    }
}

/* ---- pushes to the desk ---- */

static int push_offer(const struct wire_scene *s, const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Signaling__V1__ServerMessage m = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__INIT;
    struct wire_offer o;
    char line[WIRE_WHY_MAX];

    (void)acd_why_line(s->acd, d, line, sizeof(line));
    wire_offer(s, d->contact, line, &o);
    m.body_case = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_OFFER;
    m.offer = &o.message;
    return tl_pb_pack(&m, out);
}

static int push_rescinded(const struct wire_scene *s, const struct acd_decision *d,
                          struct tl_buf *out)
{
    Threadline__Signaling__V1__ServerMessage m = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__INIT;
    Threadline__Signaling__V1__OfferRescinded r = THREADLINE__SIGNALING__V1__OFFER_RESCINDED__INIT;
    char id[24];

    wire_offer_id(id, d->offer);
    r.offer_id = id;
    r.contact_id = lent(wire_contact_of(s->acd, d->contact)->id.s);
    r.reason = lent(d->kind == ACD_TIME_OUT ? "timed_out" : acd_cause_name(d->cause));
    m.body_case = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_OFFER_RESCINDED;
    m.offer_rescinded = &r;
    return tl_pb_pack(&m, out);
}

static int push_agent_state(const struct wire_scene *s, const struct acd_decision *d,
                            struct tl_buf *out)
{
    Threadline__Signaling__V1__ServerMessage m = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__INIT;
    Threadline__Signaling__V1__AgentState state;

    wire_agent_state(s, d->agent_at, &state);
    m.body_case = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_AGENT_STATE;
    m.agent_state = &state;
    return tl_pb_pack(&m, out);
}

int wire_push(const struct wire_scene *s, const struct acd_decision *d, struct tl_buf *out)
{
    switch (d->kind) {
    case ACD_OFFER: return push_offer(s, d, out);
    case ACD_TAKE_BACK:
    case ACD_TIME_OUT: return push_rescinded(s, d, out);
    case ACD_SHOW_AGENT: return push_agent_state(s, d, out);
    default: return -ENOENT;
    }
}

/* ---- feeds ---- */

/* Row by row with the same tag: what a repeated field is on the wire. */
static int add_supply(const struct wire_scene *s, uint32_t queue, struct tl_buf *out)
{
    Threadline__Acd__V1__Supply m = THREADLINE__ACD__V1__SUPPLY__INIT;
    Threadline__Acd__V1__QueueSupply row = THREADLINE__ACD__V1__QUEUE_SUPPLY__INIT, *rows = &row;
    struct acd_supply supply;

    acd_supply(s->acd, queue, s->now, &supply);
    row.queue = lent(wire_queue_name(s->acd, queue));
    row.staffed = (int32_t)supply.staffed;
    row.idle = (int32_t)supply.idle;
    row.waiting = (int32_t)supply.waiting;
    row.oldest_wait_ms = supply.oldest_wait / 1000;
    row.expected_wait_ms = supply.expected_wait < 0 ? -1 : supply.expected_wait / 1000;
    row.forecast_error = supply.mape_n ? supply.mape : 0;
    row.forecasts = (int64_t)supply.mape_n;
    row.forecast_error_long = supply.mape_long_n ? supply.mape_long : 0;
    row.forecasts_long = (int64_t)supply.mape_long_n;
    m.n_queues = 1;
    m.queues = &rows;
    return tl_pb_pack(&m, out);
}

int wire_supply(const struct wire_scene *s, struct tl_buf *out)
{
    Threadline__Acd__V1__Supply m = THREADLINE__ACD__V1__SUPPLY__INIT;
    int err;

    m.at_us = s->now + s->skew;
    m.epoch = s->epoch;
    err = tl_pb_pack(&m, out);
    for (uint32_t q = 0; q < acd_policy(s->acd)->n_queues && !err; q++)
        err = add_supply(s, q, out);
    return err;
}

static int add_position(const struct wire_scene *s, uint32_t at, struct tl_buf *out)
{
    Threadline__Acd__V1__Positions m = THREADLINE__ACD__V1__POSITIONS__INIT;
    Threadline__Acd__V1__Position row = THREADLINE__ACD__V1__POSITION__INIT, *rows = &row;
    const struct acd_contact *c = acd_contact(s->acd, at);
    uint32_t position = acd_position(s->acd, at);
    tl_dur wait = acd_expected_wait(s->acd, c->queue, position);

    row.contact_id = lent(c->id.s);
    row.position = (int32_t)position;
    row.expected_wait_ms = wait < 0 ? -1 : wait / 1000;
    m.n_rows = 1;
    m.rows = &rows;
    return tl_pb_pack(&m, out);
}

int wire_positions(const struct wire_scene *s, uint32_t *at, struct tl_buf *out, uint32_t *ret_rows)
{
    Threadline__Acd__V1__Positions m = THREADLINE__ACD__V1__POSITIONS__INIT;
    int err;

    m.at_us = s->now + s->skew;
    err = tl_pb_pack(&m, out);
    *ret_rows = 0;
    while (!err && *ret_rows < 500 && (*at = acd_next_contact(s->acd, *at)) != ACD_NONE)
        if (acd_contact(s->acd, *at)->state == ACD_WAITING && !acd_contact(s->acd, *at)->seat) {
            err = add_position(s, *at, out);
            ++*ret_rows;
        }
    return err;
}
