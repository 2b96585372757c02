/* Lines: one for each distinct set of requirements of a queue and load, made when first needed and
 * kept.  Making one asks every agent once; after that, who fits is two words of bits away. */
#include "state.h"
#include <stdlib.h>
#include <tl_mem.h>

unsigned level_of(const struct acd *acd, uint32_t agent, uint32_t skill)
{
    uint32_t at = post_at(acd, agent)->profile;
    const struct acd_agent_profile *p = at == ACD_NONE ? NULL : &acd->policy->agents[at];
    unsigned low = 0, high = p ? p->n_skills : 0;

    while (low < high) {
        unsigned mid = (low + high) / 2;
        if (p->skills[mid].skill < skill)
            low = mid + 1;
        else
            high = mid;
    }
    return p && low < p->n_skills && p->skills[low].skill == skill ? p->skills[low].level : 0;
}

bool fits_needs(const struct acd *acd, uint32_t agent, uint32_t queue, const struct acd_need *needs,
                unsigned n)
{
    if (!bit_has(acd->queues[queue].members, agent))
        return false;
    for (unsigned i = 0; i < n; i++)
        if (level_of(acd, agent, needs[i].skill) < needs[i].least)
            return false;
    return true;
}

/* Ascending by skill, each once with its highest demand. */
static unsigned merge_needs(struct acd_need *needs, unsigned n)
{
    unsigned kept = 0;

    for (unsigned i = 1; i < n; i++)
        for (unsigned j = i; j > 0 && needs[j].skill < needs[j - 1].skill; j--) {
            struct acd_need swap = needs[j];
            needs[j] = needs[j - 1];
            needs[j - 1] = swap;
        }
    for (unsigned i = 0; i < n; i++) {
        if (kept && needs[kept - 1].skill == needs[i].skill) {
            needs[kept - 1].least = TL_HIGHER(needs[kept - 1].least, needs[i].least);
            continue;
        }
        needs[kept++] = needs[i];
    }
    return kept;
}

unsigned ring_needs(const struct acd *acd, const struct acd_contact *c, unsigned ring,
                    struct acd_need out[2 * ACD_NEEDS_MAX])
{
    const struct acd_queue_policy *q = queue_policy(acd, c->queue);
    unsigned n = 0;

    for (unsigned i = 0; i < c->n_required; i++)
        out[n++] = c->required[i];
    for (unsigned i = 0; i < q->n_required; i++)
        out[n++] = q->required[i];
    n = merge_needs(out, n);
    if (ring == 0)
        return n;

    const struct acd_ring *r = &q->rings[ring - 1];
    unsigned kept = 0;
    for (unsigned i = 0; i < n; i++) {
        bool drop = r->drop_all;
        for (unsigned k = 0; k < r->n_drop; k++)
            drop = drop || r->drop[k] == out[i].skill;
        if (drop)
            continue;
        out[kept] = out[i];
        out[kept].least = out[i].least > r->by ? (uint8_t)(out[i].least - r->by) : 1;
        kept++;
    }
    return kept;
}

static uint64_t hash_line(uint32_t queue, enum acd_load load, const struct acd_need *needs,
                          unsigned n)
{
    uint32_t words[2 + 2 * ACD_NEEDS_MAX] = {queue, (uint32_t)load};

    for (unsigned i = 0; i < n; i++)
        words[2 + i] = (uint32_t)needs[i].skill << 8 | needs[i].least;
    return ids_hash((struct tl_str){(const char *)words, (2 + n) * sizeof(words[0])});
}

static bool same_line(const struct line *l, uint32_t queue, enum acd_load load,
                      const struct acd_need *needs, unsigned n)
{
    if (l->queue != queue || l->load != load || l->n_needs != n)
        return false;
    for (unsigned i = 0; i < n; i++)
        if (l->needs[i].skill != needs[i].skill || l->needs[i].least != needs[i].least)
            return false;
    return true;
}

/* Room for twice the lines: heads, waiting sets and every agent's row. */
static int lines_grow(struct acd *acd)
{
    uint32_t cap = acd->lines_cap ? acd->lines_cap * 2 : 64, words = BITS_WORDS(cap);
    struct line **lines = tl_resize(acd->lines, cap, sizeof(*lines));
    uint64_t *waiting[ACD_LOADS] = {NULL}, *rows = NULL;
    int err = -ENOMEM;

    if (lines)
        acd->lines = lines;
    struct head *heads = tl_resize(acd->heads, cap, sizeof(*heads));
    if (heads)
        acd->heads = heads;
    rows = tl_alloc((size_t)words * (acd->words * 64), sizeof(*rows));
    for (int l = 0; l < ACD_LOADS; l++)
        waiting[l] = tl_alloc(words, sizeof(*waiting[l]));
    if (!lines || !heads || !rows || ids_reserve(&acd->line_ids, cap))
        goto out;
    for (int l = 0; l < ACD_LOADS; l++)
        if (!waiting[l])
            goto out;
    for (int l = 0; l < ACD_LOADS; l++) {
        if (acd->row_words)
            memcpy(waiting[l], acd->waiting[l], acd->row_words * sizeof(uint64_t));
        tl_free(acd->waiting[l]);
        acd->waiting[l] = waiting[l];
        waiting[l] = NULL;
    }
    for (uint32_t a = 0; a < acd->n_posts && acd->row_words; a++)
        memcpy(rows + (size_t)a * words, row_of(acd, a), acd->row_words * sizeof(uint64_t));
    tl_free(acd->rows);
    acd->rows = rows;
    rows = NULL;
    acd->row_words = words;
    acd->lines_cap = cap;
    err = 0;
out:
    for (int l = 0; l < ACD_LOADS; l++)
        tl_free(waiting[l]);
    tl_free(rows);
    return err;
}

/* A line nobody stands in gives its place to a new one. */
static uint32_t line_reuse(struct acd *acd)
{
    for (uint32_t i = 0; i < acd->n_lines; i++) {
        struct line *l = acd->lines[i];
        if (l->users)
            continue;
        ids_remove(&acd->line_ids, l->hash, i);
        uint32_t *link = &acd->queues[l->queue].first_line;
        while (*link != i)
            link = &acd->lines[*link]->next_in_queue;
        *link = l->next_in_queue;
        return i;
    }
    return ACD_NONE;
}

static void find_fits(struct acd *acd, uint32_t at)
{
    struct line *l = acd->lines[at];

    l->staffed = l->ready = 0;
    memset(l->fits, 0, acd->words * sizeof(uint64_t));
    for (uint32_t a = 0; a < acd->n_posts; a++) {
        bool fit = fits_needs(acd, a, l->queue, l->needs, l->n_needs);
        bit_put(l->fits, a, fit);
        bit_put(row_of(acd, a), at, fit);
        l->staffed += fit && bit_has(acd->signed_in, a);
        l->ready += fit && bit_has(acd->ready, a);
    }
}

static uint32_t line_make(struct acd *acd, uint32_t queue, enum acd_load load,
                          const struct acd_need *needs, unsigned n, int *ret_err)
{
    uint32_t at = acd->n_lines;
    struct line *l = NULL;

    *ret_err = -ENOMEM;
    if (at == ACD_LINES_MAX) {
        at = line_reuse(acd);
        if (at == ACD_NONE) {
            *ret_err = -ENOSPC;
            return ACD_NONE;
        }
        l = acd->lines[at];
    } else {
        if (at == acd->lines_cap && lines_grow(acd))
            return ACD_NONE;
        l = tl_alloc(1, sizeof(*l));
        if (!l)
            return ACD_NONE;
        l->fits = tl_alloc(acd->words, sizeof(uint64_t));
        if (!l->fits) {
            tl_free(l);
            return ACD_NONE;
        }
        acd->lines[at] = l;
        acd->n_lines++;
    }
    l->queue = queue;
    l->load = load;
    l->users = 0;
    l->n_needs = (uint8_t)n;
    for (unsigned i = 0; i < n; i++)
        l->needs[i] = needs[i];
    l->tree = TREE_EMPTY;
    l->hash = hash_line(queue, load, needs, n);
    l->next_in_queue = acd->queues[queue].first_line;
    acd->queues[queue].first_line = at;
    ids_add(&acd->line_ids, l->hash, at);
    find_fits(acd, at);
    *ret_err = 0;
    return at;
}

uint32_t line_for(struct acd *acd, uint32_t queue, enum acd_load load, const struct acd_need *needs,
                  unsigned n, int *ret_err)
{
    uint64_t hash = hash_line(queue, load, needs, n);

    *ret_err = 0;
    ids_each(&acd->line_ids, hash, at)
    {
        if (same_line(acd->lines[at], queue, load, needs, n))
            return at;
    }
    if (n > ACD_NEEDS_MAX) {
        *ret_err = -ENOSPC;
        return ACD_NONE;
    }
    return line_make(acd, queue, load, needs, n, ret_err);
}

uint32_t ring_line(struct acd *acd, const struct acd_contact *c, unsigned ring, int *ret_err)
{
    struct acd_need needs[2 * ACD_NEEDS_MAX];
    unsigned n = ring_needs(acd, c, ring, needs);

    return line_for(acd, c->queue, acd_load_of((enum acd_channel)c->channel), needs, n, ret_err);
}

/* The head may be another: the dense copy and the waiting set follow. */
void line_changed(struct acd *acd, uint32_t at)
{
    struct line *l = acd->lines[at];
    bool waits = l->tree.first != TREE_NONE;

    if (waits) {
        const struct tree_node *n = tree_at(&acd->nodes, l->tree.first);
        acd->heads[at] = (struct head){n->key, n->tie};
    }
    bit_put(acd->waiting[l->load], at, waits && !queue_policy(acd, l->queue)->manual);
}

void lines_free(struct acd *acd)
{
    for (uint32_t i = 0; i < acd->n_lines; i++) {
        tl_free(acd->lines[i]->fits);
        tl_free(acd->lines[i]);
    }
    acd->lines = tl_free(acd->lines);
    acd->heads = tl_free(acd->heads);
    acd->rows = tl_free(acd->rows);
    for (int l = 0; l < ACD_LOADS; l++)
        acd->waiting[l] = tl_free(acd->waiting[l]);
    ids_done(&acd->line_ids);
    acd->n_lines = acd->lines_cap = acd->row_words = 0;
}
