/**
 * @file outbox.h  From committed to published: events go to JetStream in order, and their entry
 * leaves the store's outbox once JetStream has all of it.
 */
#ifndef ACD_OUTBOX_H
#define ACD_OUTBOX_H

#include "adapters/store.h"
#include <tl_bus.h>

struct outbox;

int outbox_new(struct outbox **ret, struct tl_bus *bus, struct store *store);
struct outbox *outbox_free(struct outbox *o);
/** A committed event; copied.  entry names its commit (store_entry()); the events of one entry come
 *  one after the other.  0, -ENOMEM (it stays in the store), -EBADMSG. */
int outbox_add(struct outbox *o, const char *entry, const void *data, size_t n);
/** Events that JetStream does not have yet. */
size_t outbox_waiting(const struct outbox *o);

#endif
