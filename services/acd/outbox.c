/* A list of events in order, a window of them under way; an entry is done when its last event is.
 */
#include "outbox.h"
#include "wire.h"
#include <stdio.h>
#include <string.h>
#include <tl_events.h>
#include <tl_list.h>
#include <tl_log.h>
#include <tl_mem.h>

#define WINDOW 1024

struct entry {
    char name[44];
    size_t left; /* events JetStream does not have yet */
};

struct item {
    struct tl_link link;
    struct outbox *o;
    struct entry *entry;
    struct wire_event_head head;
    char subject[160];
    bool under_way, stored;
    size_t n;
    char data[];
};

struct outbox {
    struct tl_bus *bus;
    struct store *store;
    struct tl_timer *again;
    struct tl_list items;
    struct tl_link *next; /* first that is not under way; NULL: none */
    struct entry *last;
    size_t under_way;
    bool closing;
};

static void pump(struct outbox *o);

static void item_free(struct item *it)
{
    tl_list_remove(&it->o->items, &it->link);
    tl_free(it);
}

static void entry_stored(struct outbox *o, struct entry *e)
{
    struct tl_str name = tl_str(e->name);

    if (--e->left > 0)
        return;
    o->store->ops->published(o->store, &name, 1);
    if (o->last == e)
        o->last = NULL;
    tl_free(e);
}

static void free_if_done(struct outbox *o)
{
    if (o->under_way == 0)
        tl_free(o);
}

static void on_stored(void *arg, int err)
{
    struct item *it = arg;
    struct outbox *o = it->o;

    o->under_way--;
    it->under_way = false;
    if (o->closing) {
        if (it->entry && --it->entry->left == 0)
            tl_free(it->entry);
        item_free(it);
        free_if_done(o);
        return;
    }
    if (err) {
        if (tl_log_allow("acd outbox"))
            tl_warn("event not stored: sending again", TL_S("type", it->head.type), TL_E(err));
        if (!tl_timer_active(o->again))
            tl_timer_start(o->again, TL_MSEC(250));
        return;
    }
    if (o->next == &it->link)
        o->next = tl_list_next(&o->items, &it->link);
    entry_stored(o, it->entry);
    item_free(it);
    pump(o);
}

static int send_item(struct item *it)
{
    const struct tl_event_head head = {.event_id = it->head.id.s,
                                       .type = it->head.type,
                                       .source = "acd",
                                       .subject = it->head.thread.s,
                                       .contact_id = it->head.contact.s,
                                       .occurred_at = it->head.at};

    return tl_event_send(it->o->bus, it->subject, &head, it->data, it->n, on_stored, it);
}

static void pump(struct outbox *o)
{
    while (o->next && o->under_way < WINDOW) {
        struct item *it = TL_CONTAINER(o->next, struct item, link);
        if (!it->under_way) {
            if (send_item(it)) {
                tl_timer_start(o->again, TL_MSEC(250));
                return;
            }
            it->under_way = true;
            o->under_way++;
        }
        o->next = tl_list_next(&o->items, o->next);
    }
}

/* What failed is sent again, from the oldest on, so that order is kept as far as it can be. */
static void on_again(void *arg)
{
    struct outbox *o = arg;

    o->next = tl_list_first(&o->items);
    pump(o);
}

int outbox_new(struct outbox **ret, struct tl_bus *bus, struct store *store)
{
    struct outbox *o = tl_alloc(1, sizeof(*o));

    if (!o || tl_timer_new(&o->again, tl_bus_loop(bus), on_again, o)) {
        tl_free(o);
        return -ENOMEM;
    }
    o->bus = bus;
    o->store = store;
    tl_list_init(&o->items);
    *ret = o;
    return 0;
}

struct outbox *outbox_free(struct outbox *o)
{
    if (!o)
        return NULL;
    o->closing = true;
    o->again = tl_timer_free(o->again);
    tl_list_for_each (&o->items, k) {
        struct item *it = TL_CONTAINER(k, struct item, link);
        if (it->under_way)
            continue;
        if (--it->entry->left == 0)
            tl_free(it->entry);
        item_free(it);
    }
    free_if_done(o);
    return NULL;
}

int outbox_add(struct outbox *o, const char *entry, const void *data, size_t n)
{
    struct item *it = tl_alloc(1, sizeof(*it) + n);
    int err = -ENOMEM;

    if (!it)
        return err;
    err = wire_event_head(data, n, &it->head);
    if (err)
        goto out;
    if (!o->last || strcmp(o->last->name, entry) != 0) {
        struct entry *e = tl_alloc(1, sizeof(*e));
        err = -ENOMEM;
        if (!e)
            goto out;
        (void)tl_str_put(e->name, sizeof(e->name), tl_str(entry));
        o->last = e;
    }
    it->o = o;
    it->entry = o->last;
    it->entry->left++;
    it->n = n;
    memcpy(it->data, data, n);
    (void)snprintf(it->subject, sizeof(it->subject), "tl.events.acd.%s.%s", it->head.name,
                   tl_id_empty(&it->head.key) ? "-" : it->head.key.s);
    tl_list_append(&o->items, &it->link);
    if (!o->next)
        o->next = &it->link;
    pump(o);
    return 0;
out:
    tl_free(it);
    return err;
}

size_t outbox_waiting(const struct outbox *o)
{
    return o->items.n;
}
