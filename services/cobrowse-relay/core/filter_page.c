/*
 * Which nodes the page has: a bit for each.  What an event brings, needs and removes is kept aside
 * until the whole event has passed.
 */
#include "core/filter_page.h"
#include <stdlib.h>
#include <tl_mem.h>

#define REFS_MAX (4 * FILTER_NODES_MAX)
#define WORD     64

struct filter_page {
    uint64_t *nodes;  /* a bit for each id of the page */
    uint64_t *frames; /* those that are iframes */
    size_t n_words;
    size_t n;        /* bits set in nodes */
    uint32_t *fresh; /* ids that the event brings; the top bit: it is an iframe */
    uint32_t *refs;  /* ids that must exist */
    uint32_t *gone;  /* ids that it removes */
    size_t n_fresh, n_refs, n_gone, room_fresh, room_refs, room_gone;
};

#define IS_IFRAME 0x80000000u

int filter_page_new(struct filter_page **ret)
{
    *ret = tl_alloc(1, sizeof(**ret));
    return *ret ? 0 : -ENOMEM;
}

struct filter_page *filter_page_free(struct filter_page *p)
{
    if (!p)
        return NULL;
    tl_free(p->nodes);
    tl_free(p->frames);
    tl_free(p->fresh);
    tl_free(p->refs);
    tl_free(p->gone);
    return tl_free(p);
}

size_t filter_page_nodes(const struct filter_page *p)
{
    return p->n;
}

static bool has(const uint64_t *bits, size_t n_words, uint32_t id)
{
    return id / WORD < n_words && bits[id / WORD] >> (id % WORD) & 1;
}

static bool push(uint32_t **list, size_t *n, size_t *room, size_t most, uint32_t id)
{
    if (*n == *room) {
        size_t more = *room ? TL_LOWER(*room * 2, most) : 64;
        uint32_t *grown = more > *room ? tl_resize(*list, more, sizeof(**list)) : NULL;
        if (!grown)
            return false;
        *list = grown;
        *room = more;
    }
    (*list)[(*n)++] = id;
    return true;
}

static bool make_room(struct filter_page *p, uint32_t id)
{
    size_t want = id / WORD + 1;
    uint64_t *nodes, *frames;

    if (want <= p->n_words)
        return true;
    want = TL_HIGHER(want, p->n_words * 2);
    nodes = tl_resize(p->nodes, want, sizeof(*nodes));
    if (nodes)
        p->nodes = nodes;
    frames = tl_resize(p->frames, want, sizeof(*frames));
    if (frames)
        p->frames = frames;
    if (!nodes || !frames)
        return false;
    memset(nodes + p->n_words, 0, (want - p->n_words) * sizeof(*nodes));
    memset(frames + p->n_words, 0, (want - p->n_words) * sizeof(*frames));
    p->n_words = want;
    return true;
}

static void put(struct filter_page *p, uint32_t id)
{
    uint32_t i = id & ~IS_IFRAME;
    uint64_t bit = (uint64_t)1 << (i % WORD);

    p->n += !(p->nodes[i / WORD] & bit);
    p->nodes[i / WORD] |= bit;
    if (id & IS_IFRAME)
        p->frames[i / WORD] |= bit;
    else
        p->frames[i / WORD] &= ~bit;
}

static void take(struct filter_page *p, uint32_t i)
{
    uint64_t bit = (uint64_t)1 << (i % WORD);

    p->n -= (p->nodes[i / WORD] & bit) != 0;
    p->nodes[i / WORD] &= ~bit;
    p->frames[i / WORD] &= ~bit;
}

static int by_id(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a & ~IS_IFRAME, y = *(const uint32_t *)b & ~IS_IFRAME;

    return (x > y) - (x < y);
}

/* Everything that the event refers to exists, or comes with it. */
static bool refs_exist(struct filter_page *p)
{
    bool sorted = false;

    for (size_t i = 0; i < p->n_refs; i++) {
        if (has(p->nodes, p->n_words, p->refs[i]))
            continue;
        if (!sorted && p->n_fresh)
            qsort(p->fresh, p->n_fresh, sizeof(*p->fresh), by_id);
        sorted = true;
        if (!p->n_fresh || !bsearch(&p->refs[i], p->fresh, p->n_fresh, sizeof(*p->fresh), by_id))
            return false;
    }
    return true;
}

enum filter_verdict filter_page_commit(struct filter_page *p, bool full)
{
    for (size_t i = 0; i < p->n_fresh; i++)
        if (!make_room(p, p->fresh[i] & ~IS_IFRAME))
            return FILTER_STRAY;
    if (full && p->n_words) {
        memset(p->nodes, 0, p->n_words * sizeof(*p->nodes));
        memset(p->frames, 0, p->n_words * sizeof(*p->frames));
        p->n = 0;
    }
    if (!full && (!refs_exist(p) || p->n + p->n_fresh > FILTER_NODES_MAX))
        return FILTER_STRAY;
    for (size_t i = 0; i < p->n_gone; i++)
        take(p, p->gone[i]);
    for (size_t i = 0; i < p->n_fresh; i++)
        put(p, p->fresh[i]);
    return FILTER_PASS;
}

void filter_page_begin(struct filter_page *p)
{
    p->n_fresh = p->n_refs = p->n_gone = 0;
}

bool filter_page_brings(struct filter_page *p, uint32_t id, bool is_iframe)
{
    return push(&p->fresh, &p->n_fresh, &p->room_fresh, FILTER_NODES_MAX,
                is_iframe ? id | IS_IFRAME : id);
}

bool filter_page_needs(struct filter_page *p, uint32_t id)
{
    return push(&p->refs, &p->n_refs, &p->room_refs, REFS_MAX, id);
}

bool filter_page_removes(struct filter_page *p, uint32_t id)
{
    return push(&p->gone, &p->n_gone, &p->room_gone, REFS_MAX, id);
}

bool filter_page_is_iframe(const struct filter_page *p, uint32_t id)
{
    return has(p->frames, p->n_words, id);
}
