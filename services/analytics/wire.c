/* Everything that knows messages: the envelopes of all services, the supply, the board. */
#include "wire.h"

#include <tl_mem.h>

#include "threadline/acd/v1/events.pb-c.h"
#include "threadline/acd/v1/supply.pb-c.h"
#include "threadline/analytics/v1/events.pb-c.h"
#include "threadline/clickstream/v1/events.pb-c.h"
#include "threadline/cobrowse/v1/events.pb-c.h"
#include "threadline/conversation/v1/events.pb-c.h"
#include "threadline/ivr/v1/events.pb-c.h"
#include "threadline/media/v1/events.pb-c.h"
#include "threadline/signaling/v1/events.pb-c.h"

#define ACD(name) Threadline__Acd__V1__##name
#define UI(name)  Threadline__Signaling__V1__##name

/* protobuf-c wants plain char pointers; nothing is written through them. */
static char *lend(const char *s)
{
    return (char *)(uintptr_t)s;
}

static void take_acd(struct analytics_event *ret, const ProtobufCMessage *m);
static void take_analytics(struct analytics_event *ret, const ProtobufCMessage *m);

static const struct {
    const char *service;
    const ProtobufCMessageDescriptor *envelope;
    void (*take)(struct analytics_event *ret, const ProtobufCMessage *m); /* NULL: no fact */
} envelopes[] = {
    {"acd", &threadline__acd__v1__acd_event__descriptor, take_acd},
    {"analytics", &threadline__analytics__v1__analytics_event__descriptor, take_analytics},
    {"clickstream", &threadline__clickstream__v1__clickstream_event__descriptor, NULL},
    {"cobrowse", &threadline__cobrowse__v1__cobrowse_event__descriptor, NULL},
    {"conversation", &threadline__conversation__v1__conversation_event__descriptor, NULL},
    {"ivr", &threadline__ivr__v1__ivr_event__descriptor, NULL},
    {"media", &threadline__media__v1__media_event__descriptor, NULL},
    {"signaling", &threadline__signaling__v1__signaling_event__descriptor, NULL},
};

/* ---- subjects ------------------------------------------------------------------------------- */

/* Cuts "tl.events.<svc>." or "tl.clicks." off and answers the service. */
static struct tl_str cut_service(struct tl_str *subject)
{
    struct tl_str part = {0};

    if (!tl_str_split(subject, '.', &part) || !tl_str_eq(part, TL_STR("tl")) ||
        !tl_str_split(subject, '.', &part))
        return (struct tl_str){0};
    if (tl_str_eq(part, TL_STR("clicks")))
        return TL_STR("clickstream");
    if (!tl_str_eq(part, TL_STR("events")) || !tl_str_split(subject, '.', &part))
        return (struct tl_str){0};
    return part;
}

struct tl_str analytics_wire_service(struct tl_str subject)
{
    return cut_service(&subject);
}

struct tl_str analytics_wire_key(struct tl_str subject)
{
    struct tl_str name;

    (void)cut_service(&subject);
    (void)tl_str_split(&subject, '.', &name); /* nothing left: no key */
    return tl_str_eq(subject, TL_STR("-")) ? (struct tl_str){0} : subject;
}

/* ---- events --------------------------------------------------------------------------------- */

/* An id that we cannot hold is no id: the fact then concerns nobody we know. */
static struct tl_id id_of(const char *s)
{
    struct tl_id id = {0};

    if (tl_id_parse(&id, tl_str(s)))
        id.s[0] = '\0';
    return id;
}

static void take_agent(struct analytics_fact *f, const ACD(AgentStateChanged) * m)
{
    f->kind = ANALYTICS_AGENT_CHANGED;
    f->agent = id_of(m->agent_id);
    f->presence = (enum analytics_presence)m->presence;
    f->reason = id_of(m->reason);
    tl_str_put(f->name, sizeof(f->name), tl_str(m->display_name));
    for (size_t i = 0; i < m->n_queues && f->n_queues < ANALYTICS_AGENT_QUEUES; i++)
        f->queues[f->n_queues++] = id_of(m->queues[i]);
}

/* Every other cause is our doing: no staff, the longest wait, another queue or partition, closed.
 */
static bool is_abandon(const char *cause)
{
    return strcmp(cause, "customer_left") == 0;
}

static void take_acd(struct analytics_event *ret, const ProtobufCMessage *base)
{
    const ACD(AcdEvent) *m = (const ACD(AcdEvent) *)base;
    struct analytics_fact *f = &ret->fact;

    f->contact = id_of(m->meta->contact_id);
    switch (m->event_case) {
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_QUEUED:
        f->kind = ANALYTICS_CONTACT_QUEUED;
        f->queue = id_of(m->contact_queued->queue);
        f->enqueued_at = m->contact_queued->enqueued_at_us;
        break;
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_OFFER_ACCEPTED:
        f->kind = ANALYTICS_OFFER_ACCEPTED;
        f->agent = id_of(m->offer_accepted->agent_id);
        f->length = tl_dur_of_ms(m->offer_accepted->waited_ms);
        break;
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_DEQUEUED:
        f->kind = is_abandon(m->contact_dequeued->cause) ? ANALYTICS_CONTACT_ABANDONED
                                                         : ANALYTICS_CONTACT_FLOWED_OUT;
        f->length = tl_dur_of_ms(m->contact_dequeued->waited_ms);
        break;
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_RELEASED:
        f->kind = ANALYTICS_CONTACT_RELEASED;
        f->length = tl_dur_of_ms(m->contact_released->talked_ms);
        break;
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_WRAP_UP_ENDED:
        f->kind = ANALYTICS_WRAP_UP_ENDED;
        f->length = tl_dur_of_ms(m->wrap_up_ended->wrap_up_ms);
        break;
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_AGENT_STATE_CHANGED:
        take_agent(f, m->agent_state_changed);
        break;
    default: break;
    }
    if (f->kind != ANALYTICS_NOTHING &&
        tl_id_empty(f->kind == ANALYTICS_AGENT_CHANGED ? &f->agent : &f->contact))
        f->kind = ANALYTICS_NOTHING;
    if (f->kind == ANALYTICS_CONTACT_QUEUED && tl_id_empty(&f->queue))
        f->kind = ANALYTICS_NOTHING;
}

static void take_analytics(struct analytics_event *ret, const ProtobufCMessage *base)
{
    const Threadline__Analytics__V1__AnalyticsEvent *m =
        (const Threadline__Analytics__V1__AnalyticsEvent *)base;

    if (m->event_case != THREADLINE__ANALYTICS__V1__ANALYTICS_EVENT__EVENT_GAP_FOUND)
        return;
    ret->is_gap = true;
    ret->gap = (struct analytics_gap){id_of(m->gap_found->producer), id_of(m->gap_found->boot),
                                      m->gap_found->first_missing, m->gap_found->last_missing};
}

/* Every envelope has Meta as its first field. */
static const Threadline__Event__V1__Meta *meta_of(const ProtobufCMessage *m)
{
    const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field(m->descriptor, 1);

    if (!f || f->descriptor != &threadline__event__v1__meta__descriptor)
        return NULL;
    return *(Threadline__Event__V1__Meta *const *)((const char *)m + f->offset);
}

static int take_meta(struct analytics_event *ret, const ProtobufCMessage *m)
{
    const Threadline__Event__V1__Meta *meta = meta_of(m);

    if (!meta || tl_id_parse(&ret->event_id, tl_str(meta->event_id)) ||
        tl_id_parse(&ret->producer, tl_str(meta->producer)) ||
        tl_id_parse(&ret->boot, tl_str(meta->boot)) || meta->seq == 0 || meta->occurred_at_us <= 0)
        return -EBADMSG;
    ret->seq = meta->seq;
    ret->fact.at = meta->occurred_at_us;
    return 0;
}

int analytics_wire_read(struct analytics_event *ret, struct tl_str subject, const void *data,
                        size_t n, const char **why)
{
    struct tl_str service = analytics_wire_service(subject);
    ProtobufCMessage *m = NULL;
    size_t i = 0;
    int err;

    memset(ret, 0, sizeof(*ret));
    while (i < TL_LEN(envelopes) && !tl_str_eq(tl_str(envelopes[i].service), service))
        i++;
    *why = "no service of ours";
    if (i == TL_LEN(envelopes))
        return -EBADMSG;
    err = tl_pb_unpack(envelopes[i].envelope, data, n, &m);
    *why = err == -EMSGSIZE ? "over a limit" : err ? "not a message of its schema" : "";
    if (err)
        return err;
    *why = "no event in its envelope";
    err = tl_pb_which(m) ? take_meta(ret, m) : -EBADMSG;
    if (err && tl_pb_which(m))
        *why = "its header (meta) is missing or incomplete";
    if (!err && envelopes[i].take)
        envelopes[i].take(ret, m);
    tl_pb_free(m);
    return err;
}

int analytics_wire_supply(struct analytics_board *board, const void *data, size_t n)
{
    ACD(Supply) *m = NULL;
    int err = TL_PB_UNPACK(threadline__acd__v1__supply, data, n, &m);

    for (size_t i = 0; !err && i < m->n_queues; i++) {
        const ACD(QueueSupply) *q = m->queues[i];
        struct analytics_fact f = {
            .kind = ANALYTICS_QUEUE_SUPPLY,
            .queue = id_of(q->queue),
            .length = q->expected_wait_ms < 0 ? -1 : tl_dur_of_ms(q->expected_wait_ms),
            .forecast = {.error = q->forecast_error,
                         .error_long = q->forecast_error_long,
                         .n = TL_HIGHER(q->forecasts, 0),
                         .n_long = TL_HIGHER(q->forecasts_long, 0)},
        };

        if (!tl_id_empty(&f.queue))
            err = analytics_board_step(board, &f);
    }
    tl_pb_free(m);
    return err;
}

/* ---- the board ------------------------------------------------------------------------------ */

static int64_t ms(tl_dur d)
{
    return d < 0 ? d : d / 1000;
}

static void lend_row(UI(BoardQueue) * to, const struct analytics_row *r)
{
    threadline__signaling__v1__board_queue__init(to);
    to->queue = lend(r->queue.s);
    to->waiting = r->waiting;
    to->longest_wait_ms = ms(r->longest_wait);
    to->staffed = r->staffed;
    to->idle = r->idle;
    to->offered = r->offered;
    to->answered = r->answered;
    to->abandoned = r->abandoned;
    to->short_abandoned = r->short_abandoned;
    to->service_level = r->service_level;
    to->service_level_formula = lend(ANALYTICS_SL_FORMULA);
    to->asa_ms = ms(r->asa);
    to->aht_ms = ms(r->aht);
    to->expected_wait_ms = ms(r->expected_wait);
    to->connected = r->connected;
    to->forecast_error = r->forecast.error;
    to->forecasts = r->forecast.n;
    to->forecast_error_long = r->forecast.error_long;
    to->forecasts_long = r->forecast.n_long;
}

static void lend_agent(UI(AgentState) * to, const struct analytics_agent *a)
{
    threadline__signaling__v1__agent_state__init(to);
    to->agent_id = lend(a->id.s);
    to->presence = (UI(AgentPresence))a->presence;
    to->reason = lend(a->reason.s);
    to->since_us = a->since;
    to->display_name = lend(a->name);
}

struct board_message {
    struct analytics_row *rows;
    struct analytics_agent *agents;
    UI(BoardQueue) * queues;
    UI(BoardQueue) * *queue_rows;
    UI(AgentState) * states;
    UI(AgentState) * *state_rows;
    size_t n_rows, n_agents;
};

static void board_done(struct board_message *b)
{
    tl_free(b->rows);
    tl_free(b->agents);
    tl_free(b->queues);
    tl_free((void *)b->queue_rows);
    tl_free(b->states);
    tl_free((void *)b->state_rows);
}

static int board_alloc(struct board_message *b, const struct analytics_board *board, tl_time now)
{
    struct analytics_row row;
    struct analytics_agent agent;

    while (analytics_board_queue(board, b->n_rows, now, &row))
        b->n_rows++;
    while (analytics_board_agent(board, b->n_agents, &agent))
        b->n_agents++;
    b->rows = tl_alloc(b->n_rows + 1, sizeof(*b->rows));
    b->agents = tl_alloc(b->n_agents + 1, sizeof(*b->agents));
    b->queues = tl_alloc(b->n_rows + 1, sizeof(*b->queues));
    b->queue_rows = tl_alloc(b->n_rows + 1, sizeof(*b->queue_rows));
    b->states = tl_alloc(b->n_agents + 1, sizeof(*b->states));
    b->state_rows = tl_alloc(b->n_agents + 1, sizeof(*b->state_rows));
    return b->rows && b->agents && b->queues && b->queue_rows && b->states && b->state_rows
               ? 0
               : -ENOMEM;
}

int analytics_wire_board(struct tl_buf *out, const struct analytics_board *board, tl_time now)
{
    UI(Board) m = THREADLINE__SIGNALING__V1__BOARD__INIT;
    UI(BoardQueue) total;
    struct analytics_row total_row;
    struct board_message b = {0};
    int err = board_alloc(&b, board, now);

    for (size_t i = 0; !err && i < b.n_rows; i++) {
        (void)analytics_board_queue(board, i, now, &b.rows[i]); /* counted just now */
        b.queue_rows[i] = &b.queues[i];
        lend_row(&b.queues[i], &b.rows[i]);
    }
    for (size_t i = 0; !err && i < b.n_agents; i++) {
        (void)analytics_board_agent(board, i, &b.agents[i]); /* the same */
        b.state_rows[i] = &b.states[i];
        lend_agent(&b.states[i], &b.agents[i]);
    }
    if (!err) {
        analytics_board_total(board, now, &total_row);
        lend_row(&total, &total_row);
        m.at_us = now;
        m.total = &total;
        m.queues = b.queue_rows;
        m.n_queues = b.n_rows;
        m.agents = b.state_rows;
        m.n_agents = b.n_agents;
        err = tl_pb_pack(&m, out);
    }
    board_done(&b);
    return err;
}

int analytics_wire_emit_gap(struct tl_events *events, const struct analytics_gap *gap)
{
    Threadline__Analytics__V1__AnalyticsEvent e = THREADLINE__ANALYTICS__V1__ANALYTICS_EVENT__INIT;
    Threadline__Analytics__V1__GapFound found = THREADLINE__ANALYTICS__V1__GAP_FOUND__INIT;
    Threadline__Event__V1__Meta meta = THREADLINE__EVENT__V1__META__INIT;

    found.producer = lend(gap->producer.s);
    found.boot = lend(gap->boot.s);
    found.first_missing = gap->first;
    found.last_missing = gap->last;
    e.meta = &meta;
    e.event_case = THREADLINE__ANALYTICS__V1__ANALYTICS_EVENT__EVENT_GAP_FOUND;
    e.gap_found = &found;
    return tl_events_emit(events, &e.base, "", "", gap->producer.s);
}
