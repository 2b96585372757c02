/**
 * @file tl_list.h  Intrusive doubly linked list; the list owns nothing.
 * Quiet half: a core may include it.  All operations are O(1).
 */
#ifndef TL_LIST_H
#define TL_LIST_H

#include <tl_base.h>

struct tl_link {
    struct tl_link *prev, *next; /**< both NULL: in no list */
};

/** Head; an empty list points to itself. */
struct tl_list {
    struct tl_link head;
    size_t n;
};

static inline void tl_list_init(struct tl_list *l)
{
    l->head.prev = l->head.next = &l->head;
    l->n = 0;
}

static inline bool tl_link_used(const struct tl_link *k)
{
    return k->next != NULL;
}

static inline void tl_list_insert_before(struct tl_list *l, struct tl_link *at, struct tl_link *k)
{
    k->prev = at->prev;
    k->next = at;
    at->prev->next = k;
    at->prev = k;
    l->n++;
}

static inline void tl_list_append(struct tl_list *l, struct tl_link *k)
{
    tl_list_insert_before(l, &l->head, k);
}

static inline void tl_list_prepend(struct tl_list *l, struct tl_link *k)
{
    tl_list_insert_before(l, l->head.next, k);
}

static inline void tl_list_remove(struct tl_list *l, struct tl_link *k)
{
    k->prev->next = k->next;
    k->next->prev = k->prev;
    k->prev = k->next = NULL;
    l->n--;
}

static inline struct tl_link *tl_list_first(const struct tl_list *l)
{
    return l->n ? l->head.next : NULL;
}

static inline struct tl_link *tl_list_next(const struct tl_list *l, const struct tl_link *k)
{
    return k->next == &l->head ? NULL : k->next;
}

/** k may be removed in the body. */
#define tl_list_for_each(l, k)                                                               \
    for (struct tl_link *k = tl_list_first(l), *k##_next = k ? tl_list_next(l, k) : NULL; k; \
         k = k##_next, k##_next = k ? tl_list_next(l, k) : NULL)

#endif
