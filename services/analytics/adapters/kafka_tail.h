/**
 * @file kafka_tail.h  What Kafka has already: the event ids at the end of our topics.
 *
 * A bridge that was killed leaves events that Kafka has and JetStream does not know of.  They come
 * again; whoever read the tail before drops them.
 */
#ifndef ANALYTICS_KAFKA_TAIL_H
#define ANALYTICS_KAFKA_TAIL_H

#include <tl_loop.h>
#include <tl_str.h>

struct analytics_tail;

/** Once for each record, on the loop. */
typedef void analytics_tail_fn(void *arg, struct tl_str topic, struct tl_str event_id);

/**
 * Reads the newest records of each partition of the topics threadline.*.v1, on a thread of its own,
 * again and again until it succeeds; then fn for each and done(arg).
 *
 * @param per_partition As many as can be unconfirmed at once
 * @return 0 or -ENOMEM
 */
int analytics_tail_read(struct analytics_tail **ret, struct tl_loop *loop, const char *brokers,
                        int per_partition, analytics_tail_fn *fn, tl_fn *done, void *arg);
/** Also while it reads: then done is not called. */
struct analytics_tail *analytics_tail_free(struct analytics_tail *t);

#endif
