/*
 * Events leave in order: packed when they happen, a window of them stored at a time, each sent
 * again until JetStream has it.  Numbers are given when an event is accepted, so a number that is
 * missing later is a lost event.
 */
#include <stdio.h>
#include <tl_clock.h>
#include <tl_events.h>
#include <tl_list.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>

#include "threadline/event/v1/meta.pb-c.h"

#define WAITING_MAX 10000
#define WINDOW      256 /* stores under way at once */

struct event {
    struct tl_link link;
    struct tl_events *e;
    char subject[200];
    char id[TL_ID_MAX + 1];
    char thread_id[TL_ID_MAX + 1];
    char contact_id[TL_ID_MAX + 1];
    const char *type; /* static: from the schema */
    tl_time occurred_at;
    struct tl_buf data;
    bool under_way;
};

struct tl_events {
    struct tl_bus *bus;
    struct tl_list waiting; /* oldest first; those under way are at the front */
    size_t under_way;
    bool closing; /* freed by its user; waits for the stores under way */
    struct tl_timer *again;
    char producer[64], prefix[64];
    struct tl_id boot;
    uint64_t seq;
    struct tl_metric *published, *dropped;
};

const char *tl_event_type(const void *envelope)
{
    const ProtobufCFieldDescriptor *f = tl_pb_which(envelope);

    return f && f->type == PROTOBUF_C_TYPE_MESSAGE
               ? ((const ProtobufCMessageDescriptor *)f->descriptor)->name
               : NULL;
}

int tl_event_send(struct tl_bus *bus, const char *nats_subject, const struct tl_event_head *head,
                  const void *data, size_t n, tl_stored_fn *done, void *arg)
{
    char when[32], traceparent[TL_TRACE_PARENT_N + 1];
    struct tl_header h[8];
    size_t k = 0;

    tl_clock_format(when, head->occurred_at);
    h[k++] = (struct tl_header){"ce_specversion", "1.0"};
    h[k++] = (struct tl_header){"ce_id", head->event_id};
    h[k++] = (struct tl_header){"ce_type", head->type};
    h[k++] = (struct tl_header){"ce_source", head->source};
    h[k++] = (struct tl_header){"ce_time", when};
    if (head->subject && *head->subject)
        h[k++] = (struct tl_header){"ce_subject", head->subject};
    h[k++] = (struct tl_header){"content-type", "application/protobuf"};
    if (head->contact_id &&
        tl_trace_parent(traceparent, tl_str(head->contact_id), tl_str(head->event_id)))
        h[k++] = (struct tl_header){"traceparent", traceparent};
    return tl_bus_store(bus, nats_subject, head->event_id, h, k, data, n, done, arg);
}

static void event_free(struct event *ev)
{
    tl_list_remove(&ev->e->waiting, &ev->link);
    tl_buf_done(&ev->data);
    tl_free(ev);
}

static void pump(struct tl_events *e);

static void events_release(struct tl_events *e)
{
    if (e->under_way == 0)
        tl_free(e);
}

static void on_stored(void *arg, int err)
{
    struct event *ev = arg;
    struct tl_events *e = ev->e;

    e->under_way--;
    ev->under_way = false;
    if (e->closing) {
        event_free(ev);
        events_release(e);
        return;
    }
    if (err == -ECANCELED)
        return; /* the bus closes */
    if (err) {
        if (tl_log_allow("event not stored"))
            tl_warn("event not stored: sending again", TL_S("type", ev->type), TL_E(err));
        if (!tl_timer_active(e->again))
            tl_timer_start(e->again, TL_MSEC(250));
        return;
    }
    tl_metric_add(e->published, 1);
    event_free(ev);
    pump(e);
}

static void pump(struct tl_events *e)
{
    tl_list_for_each (&e->waiting, link) {
        struct event *ev = TL_CONTAINER(link, struct event, link);
        const struct tl_event_head head = {.event_id = ev->id,
                                           .type = ev->type,
                                           .source = e->producer,
                                           .subject = ev->thread_id,
                                           .contact_id = ev->contact_id,
                                           .occurred_at = ev->occurred_at};

        if (ev->under_way)
            continue;
        if (e->under_way >= WINDOW)
            return;
        ev->under_way = true;
        e->under_way++;
        if (tl_event_send(e->bus, ev->subject, &head, ev->data.p, ev->data.n, on_stored, ev)) {
            ev->under_way = false;
            e->under_way--;
            tl_timer_start(e->again, TL_MSEC(250));
            return;
        }
    }
}

static void on_again(void *arg)
{
    pump(arg);
}

int tl_events_new(struct tl_events **ret, struct tl_bus *bus, const char *producer,
                  const char *prefix)
{
    struct tl_events *e = tl_alloc(1, sizeof(*e));
    char labels[100];

    if (!e || tl_timer_new(&e->again, tl_bus_loop(bus), on_again, e)) {
        tl_free(e);
        return -ENOMEM;
    }
    e->bus = bus;
    tl_list_init(&e->waiting);
    tl_str_put(e->producer, sizeof(e->producer), tl_str(producer));
    tl_str_put(e->prefix, sizeof(e->prefix), tl_str(prefix));
    e->boot = tl_id_new();
    snprintf(labels, sizeof(labels), "producer=\"%s\"", producer);
    e->published = tl_counter("tl_events_published_total", labels, "events that JetStream has");
    e->dropped =
        tl_counter("tl_events_dropped_total", labels, "events refused because too many wait");
    *ret = e;
    return 0;
}

struct tl_events *tl_events_free(struct tl_events *e)
{
    if (!e)
        return NULL;
    e->closing = true;
    tl_timer_free(e->again);
    tl_list_for_each (&e->waiting, link) {
        struct event *ev = TL_CONTAINER(link, struct event, link);

        if (!ev->under_way)
            event_free(ev);
    }
    events_release(e);
    return NULL;
}

size_t tl_events_waiting(const struct tl_events *e)
{
    return e->waiting.n;
}

/* Meta is field 1 of every envelope: for the packing it points to what stands on our stack. */
static int pack(struct tl_events *e, struct event *ev, ProtobufCMessage *envelope)
{
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field(envelope->descriptor, 1);
    Threadline__Event__V1__Meta meta = THREADLINE__EVENT__V1__META__INIT, **at, *given;
    char trace_id[TL_TRACE_ID_N + 1];
    int err;

    if (!f || f->descriptor != &threadline__event__v1__meta__descriptor)
        return -EINVAL;
    at = (Threadline__Event__V1__Meta **)(void *)((char *)envelope + f->offset);
    given = *at;
    tl_trace_id(trace_id, tl_str(ev->contact_id));
    ev->occurred_at = given && given->occurred_at_us ? given->occurred_at_us : tl_clock_wall();
    meta.event_id = ev->id;
    meta.occurred_at_us = ev->occurred_at;
    meta.thread_id = ev->thread_id;
    meta.contact_id = ev->contact_id;
    meta.trace_id = trace_id;
    meta.producer = e->producer;
    meta.boot = e->boot.s;
    meta.seq = e->seq + 1;
    *at = &meta;
    err = tl_pb_pack(envelope, &ev->data);
    *at = given;
    return err;
}

int tl_events_emit(struct tl_events *e, ProtobufCMessage *envelope, const char *thread_id,
                   const char *contact_id, const char *key)
{
    const ProtobufCFieldDescriptor *f = tl_pb_which(envelope);
    struct tl_id id = tl_id_new();
    struct event *ev;
    int err;

    if (!f)
        return -EINVAL;
    if (e->waiting.n >= WAITING_MAX) {
        e->seq++; /* the hole tells that one is missing */
        tl_metric_add(e->dropped, 1);
        return -ENOBUFS;
    }
    ev = tl_alloc(1, sizeof(*ev));
    if (!ev)
        return -ENOMEM;
    ev->e = e;
    ev->data = TL_BUF(TL_PB_MAX);
    ev->type = tl_event_type(envelope);
    tl_str_put(ev->id, sizeof(ev->id), tl_id_str(&id));
    tl_str_put(ev->thread_id, sizeof(ev->thread_id), tl_str(thread_id ? thread_id : ""));
    tl_str_put(ev->contact_id, sizeof(ev->contact_id), tl_str(contact_id ? contact_id : ""));
    snprintf(ev->subject, sizeof(ev->subject), "%s.%s.%s", e->prefix, f->name,
             key && *key ? key : "-");
    err = pack(e, ev, envelope);
    if (err) {
        tl_buf_done(&ev->data);
        tl_free(ev);
        return err;
    }
    e->seq++;
    tl_list_append(&e->waiting, &ev->link);
    pump(e);
    return 0;
}
