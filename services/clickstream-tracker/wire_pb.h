/**
 * @file wire_pb.h  What the wire files share: core types lent to messages.  Only they include it.
 */
#ifndef CLICKSTREAM_WIRE_PB_H
#define CLICKSTREAM_WIRE_PB_H

#include "wire.h"

#include "threadline/common/v1/types.pb-c.h"

#define PB(name)     Threadline__Clickstream__V1__##name
#define COMMON(name) Threadline__Common__V1__##name

/* protobuf-c wants plain char pointers; nothing is written through them. */
static inline char *lend(const char *s)
{
    return (char *)(uintptr_t)(s ? s : "");
}

/** A visit as a message, with room for its parts; valid while the visit is. */
struct clickstream_visit_message {
    COMMON(Visit) visit;
    COMMON(PageView) pages[CLICKSTREAM_PATH_MAX];
    COMMON(PageView) * page_rows[CLICKSTREAM_PATH_MAX];
    COMMON(Basket) basket;
    COMMON(BasketItem) items[CLICKSTREAM_BASKET_MAX];
    COMMON(BasketItem) * item_rows[CLICKSTREAM_BASKET_MAX];
};

void clickstream_wire_lend_basket(struct clickstream_visit_message *m,
                                  const struct clickstream_basket *b);
void clickstream_wire_lend_visit(struct clickstream_visit_message *m,
                                 const struct clickstream_visit *v);

#endif
