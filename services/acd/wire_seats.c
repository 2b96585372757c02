/* Seats as events: their contact is in the meta, what they are in the event. */
#include "wire_pb.h"
#include <string.h>
#include <tl_pb.h>

static int write_asked(struct wire_envelope *e, const struct wire_scene *s,
                       const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__SeatAsked a = THREADLINE__ACD__V1__SEAT_ASKED__INIT;

    a.seat_id = lent(d->contact->id.s);
    a.by_agent_id = lent(d->agent->id.s);
    if (d->contact->direct)
        a.agent_id = lent(acd_agent(s->acd, d->contact->preferred)->id.s);
    a.queue = lent(wire_queue_name(s->acd, d->contact->queue));
    e->event.seat_asked = WIRE_OF_EVENT(e, a, SEAT_ASKED);
    return tl_pb_pack(&e->event, out);
}

static int write_offered(struct wire_envelope *e, const struct wire_scene *s,
                         const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__SeatOffered o = THREADLINE__ACD__V1__SEAT_OFFERED__INIT;
    struct wire_why why;
    char id[24];

    wire_offer_id(id, d->offer);
    wire_why(s, d, &why);
    o.seat_id = lent(d->contact->id.s);
    o.offer_id = id;
    o.agent_id = lent(d->agent->id.s);
    o.queue = lent(wire_queue_name(s->acd, d->contact->queue));
    o.waited_ms = (d->now - d->contact->enqueued) / 1000;
    o.expires_at_us = d->contact->deadline + s->skew;
    o.why = &why.message;
    e->event.seat_offered = WIRE_OF_EVENT(e, o, SEAT_OFFERED);
    return tl_pb_pack(&e->event, out);
}

static int write_offer_over(struct wire_envelope *e, const struct wire_scene *s,
                            const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__SeatOfferOver o = THREADLINE__ACD__V1__SEAT_OFFER_OVER__INIT;
    struct wire_why why;
    char id[24], text[64];

    wire_offer_id(id, d->offer);
    (void)tl_str_put(text, sizeof(text), d->text); /* cut if long */
    o.seat_id = lent(d->contact->id.s);
    o.offer_id = id;
    o.agent_id = lent(d->agent->id.s);
    o.cause = lent(acd_cause_name(d->kind == ACD_TURN_DOWN ? ACD_DECLINED : d->cause));
    o.reason = text;
    if (d->why) {
        wire_why(s, d, &why);
        o.why = &why.message;
    }
    e->event.seat_offer_over = WIRE_OF_EVENT(e, o, SEAT_OFFER_OVER);
    return tl_pb_pack(&e->event, out);
}

static int write_taken(struct wire_envelope *e, const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__SeatTaken t = THREADLINE__ACD__V1__SEAT_TAKEN__INIT;
    char id[24];

    wire_offer_id(id, d->offer);
    t.seat_id = lent(d->contact->id.s);
    t.offer_id = id;
    t.agent_id = lent(d->agent->id.s);
    t.rang_ms = d->lasted / 1000;
    e->event.seat_taken = WIRE_OF_EVENT(e, t, SEAT_TAKEN);
    return tl_pb_pack(&e->event, out);
}

/* Nobody came, or who was there goes. */
static int write_left(struct wire_envelope *e, const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__SeatLeft l = THREADLINE__ACD__V1__SEAT_LEFT__INIT;

    l.seat_id = lent(d->contact->id.s);
    if (d->agent)
        l.agent_id = lent(d->agent->id.s);
    l.cause = lent(acd_cause_name(d->cause));
    l.lasted_ms = d->lasted / 1000;
    e->event.seat_left = WIRE_OF_EVENT(e, l, SEAT_LEFT);
    return tl_pb_pack(&e->event, out);
}

static int write_agent_does(struct wire_envelope *e, const struct wire_scene *s,
                            const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__SeatJoined j = THREADLINE__ACD__V1__SEAT_JOINED__INIT;
    Threadline__Acd__V1__SeatWrapUpStarted w = THREADLINE__ACD__V1__SEAT_WRAP_UP_STARTED__INIT;
    Threadline__Acd__V1__SeatWrapUpEnded x = THREADLINE__ACD__V1__SEAT_WRAP_UP_ENDED__INIT;

    j.seat_id = w.seat_id = x.seat_id = lent(d->contact->id.s);
    j.agent_id = w.agent_id = x.agent_id = lent(d->agent->id.s);
    w.ends_at_us = d->contact->deadline + s->skew;
    x.by_timer = d->cause == ACD_BY_TIMER;
    x.wrap_up_ms = d->lasted / 1000;
    if (d->kind == ACD_JOIN)
        e->event.seat_joined = WIRE_OF_EVENT(e, j, SEAT_JOINED);
    else if (d->kind == ACD_START_WRAP)
        e->event.seat_wrap_up_started = WIRE_OF_EVENT(e, w, SEAT_WRAP_UP_STARTED);
    else
        e->event.seat_wrap_up_ended = WIRE_OF_EVENT(e, x, SEAT_WRAP_UP_ENDED);
    return tl_pb_pack(&e->event, out);
}

static int write_handed_over(struct wire_envelope *e, const struct wire_scene *s,
                             const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__ContactHandedOver h = THREADLINE__ACD__V1__CONTACT_HANDED_OVER__INIT;
    uint32_t seats[ACD_SEATS_MAX], from = acd_find_agent(s->acd, d->text);
    unsigned n = acd_seats(s->acd, d->contact_at, seats);

    h.agent_id = lent(d->agent->id.s);
    h.from_agent_id = lent(acd_agent(s->acd, from)->id.s);
    for (unsigned i = 0; i < n; i++) {
        const struct acd_contact *c = acd_contact(s->acd, seats[i]);
        if (c->agent == from && c->state == ACD_CONNECTED)
            h.seat_id = lent(c->id.s);
    }
    h.cause = lent(acd_cause_name(d->cause));
    e->event.contact_handed_over = WIRE_OF_EVENT(e, h, CONTACT_HANDED_OVER);
    return tl_pb_pack(&e->event, out);
}

int wire_seat_event(struct wire_envelope *e, const struct wire_scene *s,
                    const struct acd_decision *d, struct tl_buf *out)
{
    switch (d->kind) {
    case ACD_ADMIT: return write_asked(e, s, d, out);
    case ACD_OFFER: return write_offered(e, s, d, out);
    case ACD_TAKE_BACK:
    case ACD_TIME_OUT:
    case ACD_TURN_DOWN: return write_offer_over(e, s, d, out);
    case ACD_CONNECT: return write_taken(e, d, out);
    case ACD_DISMISS:
    case ACD_LET_GO: return write_left(e, d, out);
    case ACD_JOIN:
    case ACD_START_WRAP:
    case ACD_END_WRAP: return write_agent_does(e, s, d, out);
    case ACD_HAND_OVER: return write_handed_over(e, s, d, out);
    default: return -ENOENT;
    }
}
