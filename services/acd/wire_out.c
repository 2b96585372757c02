/* What the core decided, as events, pushes and feeds. */
#include "wire_pb.h"
#include <stdio.h>
#include <string.h>
#include <tl_pb.h>

/* protobuf-c wants char *; packing only reads. */
static char *lent(const char *s)
{
    return (char *)(uintptr_t)s;
}

static const char *queue_name(const struct acd *acd, uint32_t queue)
{
    return acd_policy(acd)->queues[queue].name.s;
}

static const char *display_name(const struct acd *acd, uint32_t agent)
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
    ret->display_name = lent(display_name(s->acd, agent));
}

void wire_offer(const struct wire_scene *s, const struct acd_contact *c, const char *why,
                struct wire_offer *ret)
{
    Threadline__Signaling__V1__Offer *o = &ret->message;

    threadline__signaling__v1__offer__init(o);
    wire_offer_id(ret->id, c->offer);
    o->offer_id = ret->id;
    o->contact_id = lent(c->id.s);
    o->thread_id = lent(c->thread.s);
    o->channel = (Threadline__Common__V1__Channel)c->channel;
    o->epoch = s->epoch;
    o->queue = lent(queue_name(s->acd, c->queue));
    o->waited_ms = (s->now - c->enqueued) / 1000;
    o->expires_at_us = c->deadline + s->skew;
    o->why = lent(why);
}

void wire_row(const struct wire_scene *s, const struct acd_contact *c, struct wire_row *ret)
{
    Threadline__Acd__V1__ContactRow *m = &ret->message;

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
}

/* ---- events
 * ---------------------------------------------------------------------------------------- */

struct envelope {
    Threadline__Acd__V1__AcdEvent event;
    Threadline__Event__V1__Meta meta;
};

static void begin(struct envelope *e, const struct wire_scene *s, const struct wire_meta *m,
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
    }
}

/* The member of the oneof and its case, set together. */
#define OF_EVENT(e, field, case_) \
    ((e)->event.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_##case_, &(field))

static int write_queued(struct envelope *e, const struct wire_scene *s,
                        const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__ContactQueued q = THREADLINE__ACD__V1__CONTACT_QUEUED__INIT;
    const struct acd_contact *c = d->contact;
    char *skills[ACD_NEEDS_MAX];

    q.queue = lent(queue_name(s->acd, c->queue));
    q.skills = skills;
    for (unsigned i = 0; i < c->n_required; i++)
        skills[q.n_skills++] = lent(acd_policy(s->acd)->skills[c->required[i].skill].s);
    q.priority = c->priority;
    q.channel = (Threadline__Common__V1__Channel)c->channel;
    q.enqueued_at_us = c->enqueued + s->skew;
    q.position = (int32_t)acd_position(s->acd, d->contact_at);
    e->event.contact_queued = OF_EVENT(e, q, CONTACT_QUEUED);
    return tl_pb_pack(&e->event, out);
}

static int write_offered(struct envelope *e, const struct wire_scene *s,
                         const struct acd_decision *d, struct tl_buf *out)
{
    static const char *const methods[] = {"longest_idle", "least_occupied", "most_skilled",
                                          "round_robin"};
    Threadline__Acd__V1__ContactOffered o = THREADLINE__ACD__V1__CONTACT_OFFERED__INIT;
    Threadline__Acd__V1__Why w = THREADLINE__ACD__V1__WHY__INIT;
    Threadline__Acd__V1__Candidate candidates[ACD_WHY_MAX], *candidate_list[ACD_WHY_MAX];
    Threadline__Acd__V1__Rejections rejections[ACD_REJECTIONS], *rejection_list[ACD_REJECTIONS];
    char id[24], line[WIRE_WHY_MAX];

    wire_offer_id(id, d->offer);
    (void)acd_why_line(s->acd, d, line, sizeof(line));
    w.line = line;
    w.method = lent(d->why->by_hand ? "by_hand" : methods[d->why->method]);
    w.considered = (int32_t)d->why->considered;
    w.ring = d->contact->ring;
    w.policy_hash = lent(acd_policy(s->acd)->hash);
    w.candidates = candidate_list;
    for (uint32_t i = 0; i < d->why->n; i++) {
        threadline__acd__v1__candidate__init(&candidates[i]);
        candidates[i].agent_id = lent(acd_agent(s->acd, d->why->candidates[i].agent)->id.s);
        candidates[i].score = d->why->candidates[i].score;
        candidates[i].idle_ms = d->why->candidates[i].idle / 1000;
        candidate_list[w.n_candidates++] = &candidates[i];
    }
    w.rejections = rejection_list;
    for (int i = ACD_FIT + 1; i < ACD_REJECTIONS; i++) {
        if (!d->why->rejected[i])
            continue;
        threadline__acd__v1__rejections__init(&rejections[i]);
        rejections[i].reason = lent(acd_rejection_name((enum acd_rejection)i));
        rejections[i].agents = (int32_t)d->why->rejected[i];
        rejection_list[w.n_rejections++] = &rejections[i];
    }
    o.offer_id = id;
    o.agent_id = lent(d->agent->id.s);
    o.queue = lent(queue_name(s->acd, d->contact->queue));
    o.waited_ms = (d->now - d->contact->enqueued) / 1000;
    o.expires_at_us = d->contact->deadline + s->skew;
    o.why = &w;
    o.channel = (Threadline__Common__V1__Channel)d->contact->channel;
    e->event.contact_offered = OF_EVENT(e, o, CONTACT_OFFERED);
    return tl_pb_pack(&e->event, out);
}

static int write_accepted(struct envelope *e, const struct wire_scene *s,
                          const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__OfferAccepted a = THREADLINE__ACD__V1__OFFER_ACCEPTED__INIT;
    char id[24];

    wire_offer_id(id, d->offer);
    a.offer_id = id;
    a.agent_id = lent(d->agent->id.s);
    a.queue = lent(queue_name(s->acd, d->contact->queue));
    a.waited_ms = (d->now - d->contact->enqueued) / 1000;
    a.rang_ms = d->lasted / 1000;
    a.channel = (Threadline__Common__V1__Channel)d->contact->channel;
    e->event.offer_accepted = OF_EVENT(e, a, OFFER_ACCEPTED);
    return tl_pb_pack(&e->event, out);
}

/* Declined, timed out, rescinded: an offer that came to nothing. */
static int write_offer_over(struct envelope *e, const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__OfferDeclined declined = THREADLINE__ACD__V1__OFFER_DECLINED__INIT;
    Threadline__Acd__V1__OfferTimedOut late = THREADLINE__ACD__V1__OFFER_TIMED_OUT__INIT;
    Threadline__Acd__V1__OfferRescinded back = THREADLINE__ACD__V1__OFFER_RESCINDED__INIT;
    char id[24], text[64];

    wire_offer_id(id, d->offer);
    (void)tl_str_put(text, sizeof(text), d->text);
    declined.offer_id = late.offer_id = back.offer_id = id;
    declined.agent_id = late.agent_id = back.agent_id = lent(d->agent->id.s);
    declined.reason = text;
    back.reason = lent(acd_cause_name(d->cause));
    if (d->kind == ACD_TURN_DOWN)
        e->event.offer_declined = OF_EVENT(e, declined, OFFER_DECLINED);
    else if (d->kind == ACD_TIME_OUT)
        e->event.offer_timed_out = OF_EVENT(e, late, OFFER_TIMED_OUT);
    else
        e->event.offer_rescinded = OF_EVENT(e, back, OFFER_RESCINDED);
    return tl_pb_pack(&e->event, out);
}

static int write_dequeued(struct envelope *e, const struct wire_scene *s,
                          const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__ContactDequeued q = THREADLINE__ACD__V1__CONTACT_DEQUEUED__INIT;
    char cause[64];

    (void)snprintf(cause, sizeof(cause), "%s%s%.*s", acd_cause_name(d->cause),
                   d->cause == ACD_INTERFLOW ? ":" : "",
                   d->cause == ACD_INTERFLOW ? (int)TL_LOWER(d->text.n, 40) : 0, d->text.s);
    q.queue = lent(queue_name(s->acd, d->contact->queue));
    q.cause = cause;
    q.waited_ms = d->lasted / 1000;
    e->event.contact_dequeued = OF_EVENT(e, q, CONTACT_DEQUEUED);
    return tl_pb_pack(&e->event, out);
}

static int write_agent(struct envelope *e, const struct wire_scene *s, const struct acd_decision *d,
                       struct tl_buf *out)
{
    Threadline__Acd__V1__AgentStateChanged a = THREADLINE__ACD__V1__AGENT_STATE_CHANGED__INIT;
    const struct acd_agent_profile *p = acd_profile(s->acd, d->agent_at);
    char *queues[64];

    a.agent_id = lent(d->agent->id.s);
    a.presence = (Threadline__Signaling__V1__AgentPresence)d->agent->presence;
    a.reason = lent(d->agent->reason.s);
    a.previous_ms = d->lasted / 1000;
    a.previous = (Threadline__Signaling__V1__AgentPresence)d->presence_was;
    a.display_name = lent(display_name(s->acd, d->agent_at));
    a.queues = queues;
    for (unsigned i = 0; p && i < p->n_queues && a.n_queues < TL_LEN(queues); i++)
        queues[a.n_queues++] = lent(queue_name(s->acd, p->queues[i]));
    e->event.agent_state_changed = OF_EVENT(e, a, AGENT_STATE_CHANGED);
    return tl_pb_pack(&e->event, out);
}

static int write_conversation_over(struct envelope *e, const struct wire_scene *s,
                                   const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Acd__V1__ContactReleased r = THREADLINE__ACD__V1__CONTACT_RELEASED__INIT;
    Threadline__Acd__V1__WrapUpStarted w = THREADLINE__ACD__V1__WRAP_UP_STARTED__INIT;
    Threadline__Acd__V1__WrapUpEnded x = THREADLINE__ACD__V1__WRAP_UP_ENDED__INIT;

    r.agent_id = w.agent_id = x.agent_id = lent(d->agent->id.s);
    r.queue = lent(queue_name(s->acd, d->contact->queue));
    r.talked_ms = x.wrap_up_ms = d->lasted / 1000;
    w.ends_at_us = d->contact->deadline + s->skew;
    x.by_timer = d->cause == ACD_BY_TIMER;
    if (d->kind == ACD_LET_GO)
        e->event.contact_released = OF_EVENT(e, r, CONTACT_RELEASED);
    else if (d->kind == ACD_START_WRAP)
        e->event.wrap_up_started = OF_EVENT(e, w, WRAP_UP_STARTED);
    else
        e->event.wrap_up_ended = OF_EVENT(e, x, WRAP_UP_ENDED);
    return tl_pb_pack(&e->event, out);
}

static int write_moved(struct envelope *e, const struct wire_scene *s, const struct acd_decision *d,
                       struct tl_buf *out)
{
    Threadline__Acd__V1__ContactMoved m = THREADLINE__ACD__V1__CONTACT_MOVED__INIT;

    m.queue = lent(queue_name(s->acd, d->contact->queue));
    m.ring = d->contact->ring;
    m.cause = lent(acd_cause_name(d->cause));
    if (d->agent)
        m.agent_id = lent(d->agent->id.s);
    e->event.contact_moved = OF_EVENT(e, m, CONTACT_MOVED);
    return tl_pb_pack(&e->event, out);
}

int wire_event(const struct wire_scene *s, const struct acd_decision *d, const struct wire_meta *m,
               struct tl_buf *out, const char **ret_name, struct tl_id *ret_key)
{
    struct envelope e;
    int err = -ENOENT;

    begin(&e, s, m, d->contact);
    switch (d->kind) {
    case ACD_ADMIT: err = write_queued(&e, s, d, out); break;
    case ACD_OFFER: err = write_offered(&e, s, d, out); break;
    case ACD_CONNECT: err = write_accepted(&e, s, d, out); break;
    case ACD_TAKE_BACK:
    case ACD_TIME_OUT:
    case ACD_TURN_DOWN: err = write_offer_over(&e, d, out); break;
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
    struct envelope e;
    struct acd_size size = acd_size(s->acd);

    begin(&e, s, m, NULL);
    o.instance = lent(instance);
    o.contacts = (int32_t)size.contacts;
    o.agents = (int32_t)size.agents;
    e.event.ownership_taken = OF_EVENT(&e, o, OWNERSHIP_TAKEN);
    return tl_pb_pack(&e.event, out);
}

int wire_policy_event(const struct wire_scene *s, const struct wire_meta *m, struct tl_buf *out)
{
    Threadline__Acd__V1__PolicyChanged p = THREADLINE__ACD__V1__POLICY_CHANGED__INIT;
    struct envelope e;

    begin(&e, s, m, NULL);
    p.policy_hash = lent(acd_policy(s->acd)->hash);
    p.queues = (int32_t)acd_policy(s->acd)->n_queues;
    p.agents = (int32_t)acd_policy(s->acd)->n_agents;
    e.event.policy_changed = OF_EVENT(&e, p, POLICY_CHANGED);
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

/* ---- pushes to the desk
 * -------------------------------------------------------------------------------- */

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

static int push_rescinded(const struct acd_decision *d, struct tl_buf *out)
{
    Threadline__Signaling__V1__ServerMessage m = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__INIT;
    Threadline__Signaling__V1__OfferRescinded r = THREADLINE__SIGNALING__V1__OFFER_RESCINDED__INIT;
    char id[24];

    wire_offer_id(id, d->offer);
    r.offer_id = id;
    r.contact_id = lent(d->contact->id.s);
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
    case ACD_TIME_OUT: return push_rescinded(d, out);
    case ACD_SHOW_AGENT: return push_agent_state(s, d, out);
    default: return -ENOENT;
    }
}

/* ---- feeds
 * ------------------------------------------------------------------------------------------------
 */

/* Row by row with the same tag: what a repeated field is on the wire. */
static int add_supply(const struct wire_scene *s, uint32_t queue, struct tl_buf *out)
{
    Threadline__Acd__V1__Supply m = THREADLINE__ACD__V1__SUPPLY__INIT;
    Threadline__Acd__V1__QueueSupply row = THREADLINE__ACD__V1__QUEUE_SUPPLY__INIT, *rows = &row;
    struct acd_supply supply;

    acd_supply(s->acd, queue, s->now, &supply);
    row.queue = lent(queue_name(s->acd, queue));
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
        if (acd_contact(s->acd, *at)->state == ACD_WAITING) {
            err = add_position(s, *at, out);
            ++*ret_rows;
        }
    return err;
}
