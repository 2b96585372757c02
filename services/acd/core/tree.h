/**
 * @file tree.h  Who is next: ordered sets of handles that know everybody's place.
 *
 * A treap with subtree sizes over nodes that live in a pool of their own (one node per handle, so
 * one handle is in one tree at a time), threaded: everybody knows who is next, in an array apart,
 * so that a walk reads a few bytes a step.  Its shape depends on handles and keys only: same
 * facts, same tree.  Adding at the end, taking the first and asking for it are O(1) expected apart
 * from the sizes on the outer spine; the rest is O(log n).  Nothing allocates but pool_reserve().
 */
#ifndef ACD_TREE_H
#define ACD_TREE_H

#include <tl_base.h>

#define TREE_NONE UINT32_MAX

/** Half a cache line.  The heap order of the treap is a hash of handle and tie. */
struct tree_node {
    uint32_t left, right, up, size;
    int64_t key;  /**< lower comes first, */
    uint64_t tie; /**< then lower tie */
};

struct tree_chunk {
    struct tree_node nodes[1024];
    uint32_t next[1024];
};

struct tree_pool {
    struct tree_chunk **chunks;
    uint32_t n_chunks;
};
#define TREE_BYTES (sizeof(struct tree_chunk) / 1024) /**< of a handle */

struct tree {
    uint32_t root, first, last;
};

#define TREE_EMPTY ((struct tree){TREE_NONE, TREE_NONE, TREE_NONE})

/** Room for handles below n.  0 or -ENOMEM. */
int tree_pool_reserve(struct tree_pool *p, uint32_t n);
void tree_pool_done(struct tree_pool *p);

static inline struct tree_node *tree_at(const struct tree_pool *p, uint32_t h)
{
    return &p->chunks[h >> 10]->nodes[h & 1023u];
}

/** TREE_NONE after the last. */
static inline uint32_t tree_next(const struct tree_pool *p, uint32_t h)
{
    return p->chunks[h >> 10]->next[h & 1023u];
}

void tree_add(const struct tree_pool *p, struct tree *t, uint32_t h, int64_t key, uint64_t tie);
void tree_remove(const struct tree_pool *p, struct tree *t, uint32_t h);
/** How many of the tree come before (key, tie). */
uint32_t tree_rank(const struct tree_pool *p, const struct tree *t, int64_t key, uint64_t tie);

static inline uint32_t tree_size(const struct tree_pool *p, const struct tree *t)
{
    return t->root == TREE_NONE ? 0 : tree_at(p, t->root)->size;
}

static inline bool tree_before(int64_t key_a, uint64_t tie_a, int64_t key_b, uint64_t tie_b)
{
    return key_a != key_b ? key_a < key_b : tie_a < tie_b;
}

#endif
