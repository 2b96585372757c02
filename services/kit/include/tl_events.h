/**
 * @file tl_events.h  Publishing events: the Meta header, CloudEvents headers, contiguous numbers,
 * and a bounded queue that sends in order, and again until JetStream has each one; what had to be
 * sent again may stand behind later ones, its number tells.  For services without a store of their
 * own; those with an outbox use tl_event_send() from it.
 */
#ifndef TL_EVENTS_H
#define TL_EVENTS_H

#include <tl_bus.h>
#include <tl_id.h>
#include <tl_pb.h>

struct tl_events;

/** producer: "media.m1", also the CloudEvents source; prefix: "tl.events.media". */
int tl_events_new(struct tl_events **ret, struct tl_bus *bus, const char *producer,
                  const char *prefix);
struct tl_events *tl_events_free(struct tl_events *e);

/**
 * Publish an envelope (a message with Meta as field 1 and one oneof).  Fills meta.event_id,
 * occurred_at_us if 0, producer, boot, seq, trace_id; packs at once, so the envelope may go.
 * Subject: <prefix>.<oneof field name>.<key>.
 *
 * @param key thread id, agent id or visit id; empty: "-"
 * @return 0, -ENOMEM, -EMSGSIZE, -ENOBUFS: 10 000 events wait already (counted; the gap will be
 * seen)
 */
int tl_events_emit(struct tl_events *e, ProtobufCMessage *envelope, const char *thread_id,
                   const char *contact_id, const char *key);
/** Events that JetStream does not have yet. */
size_t tl_events_waiting(const struct tl_events *e);

/** An event that is already packed (from an outbox): JetStream store with its CloudEvents headers.
 *  type: full name of the inner message.  As tl_bus_store(). */
struct tl_event_head {
    const char *event_id;
    const char *type;
    const char *source;
    const char *subject;    /**< thread id */
    const char *contact_id; /**< header traceparent follows from it; NULL or empty: none */
    tl_time occurred_at;
};
int tl_event_send(struct tl_bus *bus, const char *nats_subject, const struct tl_event_head *head,
                  const void *data, size_t n, tl_stored_fn *done, void *arg);

/** Full name of the inner message of an envelope: "threadline.acd.v1.ContactOffered"; NULL if none
 * is set. */
const char *tl_event_type(const void *envelope);

#endif
