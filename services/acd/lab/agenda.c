/* A binary heap; see agenda.h. */
#include "agenda.h"
#include <tl_mem.h>

static bool sooner(const struct agenda_item *a, const struct agenda_item *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

int agenda_add(struct agenda *a, const struct agenda_item *item)
{
    struct agenda_item new = *item;
    size_t i = a->n;

    if (a->n == a->room) {
        size_t room = a->room ? a->room * 2 : 256;
        struct agenda_item *items = tl_resize(a->items, room, sizeof(*items));
        if (!items)
            return -ENOMEM;
        a->items = items;
        a->room = room;
    }
    new.order = a->order++;
    a->n++;
    for (; i > 0 && sooner(&new, &a->items[(i - 1) / 2]); i = (i - 1) / 2)
        a->items[i] = a->items[(i - 1) / 2];
    a->items[i] = new;
    return 0;
}

tl_time agenda_next(const struct agenda *a)
{
    return a->n ? a->items[0].at : TL_NEVER;
}

struct agenda_item agenda_pop(struct agenda *a)
{
    struct agenda_item top = a->items[0], last = a->items[--a->n];
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < a->n && sooner(&a->items[child + 1], &a->items[child]))
            child++;
        if (child >= a->n || !sooner(&a->items[child], &last))
            break;
        a->items[i] = a->items[child];
        i = child;
    }
    a->items[i] = last;
    return top;
}

void agenda_done(struct agenda *a)
{
    a->items = tl_free(a->items);
    a->n = a->room = 0;
}
