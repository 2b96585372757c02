/**
 * @file outbox.h  From the outbox of the store to JetStream: one after the other, in order.
 * An event leaves the outbox only after JetStream has it; a repeat has the same Nats-Msg-Id, so
 * JetStream drops it.  Only the replica that leads relays.
 */
#ifndef CONVERSATION_OUTBOX_H
#define CONVERSATION_OUTBOX_H

#include "adapters/store.h"
#include <tl_bus.h>

struct outbox;

int outbox_new(struct outbox **ret, struct tl_loop *loop, struct tl_bus *bus, struct store *store);
struct outbox *outbox_free(struct outbox *o);
/** Something may have been put in. */
void outbox_kick(struct outbox *o);
/** Nothing is under way and the last look found nothing. */
bool outbox_idle(const struct outbox *o);

#endif
