/* What the core decided about contacts and agents, as events; seats have their own file. */
#include "wire_pb.h"
#include <stdio.h>
#include <string.h>
#include <tl_pb.h>

void wire_begin(struct wire_envelope *e, const struct wire_scene *s, const struct wire_meta *m,
                const struct acd_contact *c)
{
    threadline__acd__v1__acd_event__init(&e->event);
    threadline__event__v1__meta__init(&e->meta);
    e->event.meta = &e->meta;
    e->event.epoch = s->epoch;
    e->event.partition = lent(s->partition);
    e->meta.event_id = lent(m->event_id);
    e->meta.occurred_at_us = m->at;
    e->meta.producer = lent("acd");
    e->meta.boot = lent(m->boot);
    e->meta.seq = m->seq;
    if (c) {
        e->meta.contact_id = lent(c->id.s);
        e->meta.thread_id = lent(c->thread.s);
        tl_trace_id(e->trace_id, tl_id_str(&c->id));
        e->meta.trace_id = e->trace_id;
    }
}

static int write_queued(struct wire_envelope *e, const struct wire_scene *s,
                        const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__ContactQueued q = THREADLINE__ACD__V1__CONTACT_QUEUED__INIT;
    const struct acd_contact *c = d->contact;
    char *skills[ACD_NEEDS_MAX];

    q.queue = lent(wire_queue_name(s->acd, c->queue));
    q.skills = skills;
    for (unsigned i = 0; i < c->n_required; i++)
        skills[q.n_skills++] = lent(acd_policy(s->acd)->skills[c->required[i].skill].s);
    q.priority = c->priority;
    q.channel = (Threadline__Common__V1__Channel)c->channel;
    q.enqueued_at_us = c->enqueued + s->skew;
    q.position = (int32_t)acd_position(s->acd, d->contact_at);
    e->event.contact_queued = WIRE_OF_EVENT(e, q, CONTACT_QUEUED);
    return tl_pb_pack(&e->event, out);
}

void wire_why(const struct wire_scene *s, const struct acd_decision *d, struct wire_why *ret)
{
    static const char *const methods[] = {"longest_idle", "least_occupied", "most_skilled",
                                          "round_robin"};
    const struct acd_why *why = d->why;
    Threadline__Acd__V1__Why *w = &ret->message;
    struct acd_rejected others[ACD_WHY_MAX];
    uint32_t n_others = 0; /* by name where all have room, else only counted */

    if (why->considered <= ACD_WHY_MAX)
        n_others = acd_why_rejected(s->acd, d->contact_at, others, ACD_WHY_MAX - why->n);

    threadline__acd__v1__why__init(w);
    (void)acd_why_line(s->acd, d, ret->line, sizeof(ret->line));
    w->line = ret->line;
    w->method = lent(why->by_hand ? "by_hand" : methods[why->method]);
    w->considered = (int32_t)why->considered;
    w->ring = d->contact->ring;
    w->policy_hash = lent(acd_policy(s->acd)->hash);
    w->candidates = ret->candidate_list;
    for (uint32_t i = 0; i < why->n + n_others; i++) {
        Threadline__Acd__V1__Candidate *c = &ret->candidates[i];
        uint32_t agent = i < why->n ? why->candidates[i].agent : others[i - why->n].agent;
        threadline__acd__v1__candidate__init(c);
        c->agent_id = lent(acd_agent(s->acd, agent)->id.s);
        if (i < why->n) {
            c->score = why->candidates[i].score;
            c->idle_ms = why->candidates[i].idle / 1000;
        } else {
            c->rejected = lent(acd_rejection_name(others[i - why->n].reason));
        }
        ret->candidate_list[w->n_candidates++] = c;
    }
    w->rejections = ret->rejection_list;
    for (int i = ACD_FIT + 1; i < ACD_REJECTIONS; i++) {
        if (!why->rejected[i])
            continue;
        threadline__acd__v1__rejections__init(&ret->rejections[i]);
        ret->rejections[i].reason = lent(acd_rejection_name((enum acd_rejection)i));
        ret->rejections[i].agents = (int32_t)why->rejected[i];
        ret->rejection_list[w->n_rejections++] = &ret->rejections[i];
    }
}

static int write_offered(struct wire_envelope *e, const struct wire_scene *s,
                         const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__ContactOffered o = THREADLINE__ACD__V1__CONTACT_OFFERED__INIT;
    struct wire_why why;
    char id[24];

    wire_offer_id(id, d->offer);
    wire_why(s, d, &why);
    o.offer_id = id;
    o.agent_id = lent(d->agent->id.s);
    o.queue = lent(wire_queue_name(s->acd, d->contact->queue));
    o.waited_ms = (d->now - d->contact->enqueued) / 1000;
    o.expires_at_us = d->contact->deadline + s->skew;
    o.why = &why.message;
    o.channel = (Threadline__Common__V1__Channel)d->contact->channel;
    e->event.contact_offered = WIRE_OF_EVENT(e, o, CONTACT_OFFERED);
    return tl_pb_pack(&e->event, out);
}

static int write_accepted(struct wire_envelope *e, const struct wire_scene *s,
                          const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__OfferAccepted a = THREADLINE__ACD__V1__OFFER_ACCEPTED__INIT;
    char id[24];

    wire_offer_id(id, d->offer);
    a.offer_id = id;
    a.agent_id = lent(d->agent->id.s);
    a.queue = lent(wire_queue_name(s->acd, d->contact->queue));
    a.waited_ms = (d->now - d->contact->enqueued) / 1000;
    a.rang_ms = d->lasted / 1000;
    a.channel = (Threadline__Common__V1__Channel)d->contact->channel;
    e->event.offer_accepted = WIRE_OF_EVENT(e, a, OFFER_ACCEPTED);
    return tl_pb_pack(&e->event, out);
}

/* Declined, timed out, rescinded: an offer that came to nothing. */
static int write_offer_over(struct wire_envelope *e, const struct wire_scene *s,
                            const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__OfferDeclined declined = THREADLINE__ACD__V1__OFFER_DECLINED__INIT;
    Threadline__Acd__V1__OfferTimedOut late = THREADLINE__ACD__V1__OFFER_TIMED_OUT__INIT;
    Threadline__Acd__V1__OfferRescinded back = THREADLINE__ACD__V1__OFFER_RESCINDED__INIT;
    struct wire_why why;
    char id[24], text[64];

    wire_offer_id(id, d->offer);
    (void)tl_str_put(text, sizeof(text), d->text);
    declined.offer_id = late.offer_id = back.offer_id = id;
    declined.agent_id = late.agent_id = back.agent_id = lent(d->agent->id.s);
    declined.reason = text;
    back.reason = lent(acd_cause_name(d->cause));
    late.rang_ms = d->lasted / 1000;
    if (d->why) {
        wire_why(s, d, &why);
        late.why = &why.message;
    }
    if (d->kind == ACD_TURN_DOWN)
        e->event.offer_declined = WIRE_OF_EVENT(e, declined, OFFER_DECLINED);
    else if (d->kind == ACD_TIME_OUT)
        e->event.offer_timed_out = WIRE_OF_EVENT(e, late, OFFER_TIMED_OUT);
    else
        e->event.offer_rescinded = WIRE_OF_EVENT(e, back, OFFER_RESCINDED);
    return tl_pb_pack(&e->event, out);
}

static int write_dequeued(struct wire_envelope *e, const struct wire_scene *s,
                          const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__ContactDequeued q = THREADLINE__ACD__V1__CONTACT_DEQUEUED__INIT;
    char cause[64];

    (void)snprintf(cause, sizeof(cause), "%s%s%.*s", acd_cause_name(d->cause),
                   d->cause == ACD_INTERFLOW ? ":" : "",
                   d->cause == ACD_INTERFLOW ? (int)TL_LOWER(d->text.n, 40) : 0, d->text.s);
    q.queue = lent(wire_queue_name(s->acd, d->contact->queue));
    q.cause = cause;
    q.waited_ms = d->lasted / 1000;
    e->event.contact_dequeued = WIRE_OF_EVENT(e, q, CONTACT_DEQUEUED);
    return tl_pb_pack(&e->event, out);
}

static int write_agent(struct wire_envelope *e, const struct wire_scene *s,
                       const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__AgentStateChanged a = THREADLINE__ACD__V1__AGENT_STATE_CHANGED__INIT;
    const struct acd_agent_profile *p = acd_profile(s->acd, d->agent_at);
    char *queues[64];

    a.agent_id = lent(d->agent->id.s);
    a.presence = (Threadline__Signaling__V1__AgentPresence)d->agent->presence;
    a.reason = lent(d->agent->reason.s);
    a.previous_ms = d->lasted / 1000;
    a.previous = (Threadline__Signaling__V1__AgentPresence)d->presence_was;
    a.display_name = lent(wire_display_name(s->acd, d->agent_at));
    a.queues = queues;
    for (unsigned i = 0; p && i < p->n_queues && a.n_queues < TL_LEN(queues); i++)
        queues[a.n_queues++] = lent(wire_queue_name(s->acd, p->queues[i]));
    e->event.agent_state_changed = WIRE_OF_EVENT(e, a, AGENT_STATE_CHANGED);
    return tl_pb_pack(&e->event, out);
}

static int write_conversation_over(struct wire_envelope *e, const struct wire_scene *s,
                                   const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__ContactReleased r = THREADLINE__ACD__V1__CONTACT_RELEASED__INIT;
    Threadline__Acd__V1__WrapUpStarted w = THREADLINE__ACD__V1__WRAP_UP_STARTED__INIT;
    Threadline__Acd__V1__WrapUpEnded x = THREADLINE__ACD__V1__WRAP_UP_ENDED__INIT;

    r.agent_id = w.agent_id = x.agent_id = lent(d->agent->id.s);
    r.queue = lent(wire_queue_name(s->acd, d->contact->queue));
    r.talked_ms = x.wrap_up_ms = d->lasted / 1000;
    w.ends_at_us = d->contact->deadline + s->skew;
    x.by_timer = d->cause == ACD_BY_TIMER;
    if (d->kind == ACD_LET_GO)
        e->event.contact_released = WIRE_OF_EVENT(e, r, CONTACT_RELEASED);
    else if (d->kind == ACD_START_WRAP)
        e->event.wrap_up_started = WIRE_OF_EVENT(e, w, WRAP_UP_STARTED);
    else
        e->event.wrap_up_ended = WIRE_OF_EVENT(e, x, WRAP_UP_ENDED);
    return tl_pb_pack(&e->event, out);
}

static int write_moved(struct wire_envelope *e, const struct wire_scene *s,
                       const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__ContactMoved m = THREADLINE__ACD__V1__CONTACT_MOVED__INIT;
    struct wire_why why;

    m.queue = lent(wire_queue_name(s->acd, d->contact->queue));
    m.ring = d->contact->ring;
    m.cause = lent(acd_cause_name(d->cause));
    if (d->agent)
        m.agent_id = lent(d->agent->id.s);
    if (d->contact->parent != ACD_NONE)
        m.seat_id = lent(d->contact->id.s);
    if (d->why) {
        wire_why(s, d, &why);
        m.ring_before = d->ring_was;
        m.why = &why.message;
    } else if (d->cause == ACD_OVERFLOW_WHEN) {
        threadline__acd__v1__why__init(&why.message);
        (void)snprintf(why.line, sizeof(why.line), "condition held: %.*s", (int)d->text.n,
                       d->text.s);
        why.message.line = why.line;
        why.message.policy_hash = lent(acd_policy(s->acd)->hash);
        m.why = &why.message;
    }
    e->event.contact_moved = WIRE_OF_EVENT(e, m, CONTACT_MOVED);
    return tl_pb_pack(&e->event, out);
}

int wire_event(const struct wire_scene *s, const struct acd_decision *d, const struct wire_meta *m,
               struct tl_buf *out, const char **ret_name, struct tl_id *ret_key)
{
    struct wire_envelope e;
    int err = -ENOENT;

    wire_begin(&e, s, m, d->contact ? wire_contact_of(s->acd, d->contact) : NULL);
    if (d->kind == ACD_HAND_OVER ||
        (d->contact && d->contact->parent != ACD_NONE && d->kind != ACD_MOVE))
        err = wire_seat_event(&e, s, d, out);
    else
        switch (d->kind) {
        case ACD_ADMIT: err = write_queued(&e, s, d, out); break;
        case ACD_OFFER: err = write_offered(&e, s, d, out); break;
        case ACD_CONNECT: err = write_accepted(&e, s, d, out); break;
        case ACD_TAKE_BACK:
        case ACD_TIME_OUT:
        case ACD_TURN_DOWN: err = write_offer_over(&e, s, d, out); break;
        case ACD_DISMISS: err = write_dequeued(&e, s, d, out); break;
        case ACD_LET_GO:
        case ACD_START_WRAP:
        case ACD_END_WRAP: err = write_conversation_over(&e, s, d, out); break;
        case ACD_MOVE: err = write_moved(&e, s, d, out); break;
        case ACD_SHOW_AGENT: err = write_agent(&e, s, d, out); break;
        default: return -ENOENT;
        }
    if (err)
        return err;
    *ret_name = tl_pb_which(&e.event)->name;
    *ret_key = d->contact ? d->contact->thread : d->agent->id;
    return 0;
}

int wire_ownership_event(const struct wire_scene *s, const char *instance,
                         const struct wire_meta *m, struct tl_buf *out)
{
    Threadline__Acd__V1__OwnershipTaken o = THREADLINE__ACD__V1__OWNERSHIP_TAKEN__INIT;
    struct wire_envelope e;
    struct acd_size size = acd_size(s->acd);

    wire_begin(&e, s, m, NULL);
    o.instance = lent(instance);
    o.contacts = (int32_t)size.contacts;
    o.agents = (int32_t)size.agents;
    e.event.ownership_taken = WIRE_OF_EVENT(&e, o, OWNERSHIP_TAKEN);
    return tl_pb_pack(&e.event, out);
}

int wire_policy_event(const struct wire_scene *s, const struct wire_meta *m, struct tl_buf *out)
{
    Threadline__Acd__V1__PolicyChanged p = THREADLINE__ACD__V1__POLICY_CHANGED__INIT;
    struct wire_envelope e;

    wire_begin(&e, s, m, NULL);
    p.policy_hash = lent(acd_policy(s->acd)->hash);
    p.queues = (int32_t)acd_policy(s->acd)->n_queues;
    p.agents = (int32_t)acd_policy(s->acd)->n_agents;
    e.event.policy_changed = WIRE_OF_EVENT(&e, p, POLICY_CHANGED);
    return tl_pb_pack(&e.event, out);
}

int wire_event_head(const void *data, size_t n, struct wire_event_head *ret)
{
    Threadline__Acd__V1__AcdEvent *e = NULL;
    int err = TL_PB_UNPACK(threadline__acd__v1__acd_event, data, n, &e);
    const ProtobufCFieldDescriptor *which;

    if (err)
        return err;
    *ret = (struct wire_event_head){.name = ""};
    which = tl_pb_which(e);
    if (!which || !e->meta || tl_id_parse(&ret->id, tl_str(e->meta->event_id))) {
        err = -EBADMSG;
        goto out;
    }
    ret->at = e->meta->occurred_at_us;
    (void)tl_str_put(ret->thread.s, sizeof(ret->thread.s), tl_str(e->meta->thread_id));
    (void)tl_str_put(ret->contact.s, sizeof(ret->contact.s), tl_str(e->meta->contact_id));
    ret->key = ret->thread;
    if (e->event_case == THREADLINE__ACD__V1__ACD_EVENT__EVENT_AGENT_STATE_CHANGED)
        (void)tl_str_put(ret->key.s, sizeof(ret->key.s), tl_str(e->agent_state_changed->agent_id));
    (void)tl_str_put(ret->name, sizeof(ret->name), tl_str(which->name));
    (void)tl_str_put(ret->type, sizeof(ret->type),
                     tl_str(((const ProtobufCMessageDescriptor *)which->descriptor)->name));
out:
    tl_pb_free(e);
    return err;
}
