/**
 * @file outbox.h  From the outbox of the store to JetStream: one after the other, in order.
 * An event leaves the outbox only after JetStream has it; a repeat has the same Nats-Msg-Id, so
 * JetStream drops it.  Only the replica that leads relays.
 */
#ifndef CV_OUTBOX_H
#define CV_OUTBOX_H

#include "adapters/store.h"
#include <tl_bus.h>

struct cv_outbox;

int cv_outbox_new(struct cv_outbox **ret, struct tl_loop *loop, struct tl_bus *bus,
                  struct cv_store *store);
struct cv_outbox *cv_outbox_free(struct cv_outbox *o);
/** Something may have been put in. */
void cv_outbox_kick(struct cv_outbox *o);
/** Nothing is under way and the last look found nothing. */
bool cv_outbox_idle(const struct cv_outbox *o);

#endif
