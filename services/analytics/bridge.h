/**
 * @file bridge.h  One JetStream stream into Kafka: every event once, in order per key, and none
 * acknowledged before Kafka has it.
 *
 * Value: the envelope's bytes unchanged.  Topic: threadline.<service>.v1.  Key: thread, agent or
 * visit id, else the event id.  Headers: those of the message (CloudEvents, traceparent).
 */
#ifndef ANALYTICS_BRIDGE_H
#define ANALYTICS_BRIDGE_H

#include <tl_bus.h>

#include "sink.h"

struct analytics_bridge;

struct analytics_bridge_opts {
    const char *stream;  /**< "EVENTS" */
    const char *durable; /**< "analytics-kafka" */
    size_t window;       /**< event ids remembered, to drop what comes twice */
};

/** Most events between the stream and Kafka's confirmation.  Not more: nats-server 2.9 looks
 * through all of them, one by one, for each that it delivers again. */
#define ANALYTICS_UNCONFIRMED_MAX 512

/** 0 or negative errno. */
int analytics_bridge_new(struct analytics_bridge **ret, struct tl_loop *loop, struct tl_bus *bus,
                         const struct analytics_sink *sink,
                         const struct analytics_bridge_opts *opts);
/** Consume, as soon as the stream is there. */
void analytics_bridge_start(struct analytics_bridge *b);
/** What Kafka has not confirmed stays in the stream.  The sink must be closed before: it reports to
 * us. */
struct analytics_bridge *analytics_bridge_free(struct analytics_bridge *b);
/** Takes nothing new; what is on its way to Kafka finishes. */
void analytics_bridge_quiesce(struct analytics_bridge *b);
/** Events between the stream and Kafka's confirmation. */
size_t analytics_bridge_held(const struct analytics_bridge *b);
/** This event is in Kafka already (read back after a crash). */
void analytics_bridge_known(struct analytics_bridge *b, struct tl_str event_id);

#endif
