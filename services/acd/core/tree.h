/**
 * @file tree.h  Who is next: ordered sets of handles that know everybody's place.
 *
 * A treap with subtree sizes over nodes that live in a pool of their own (one node per handle, so
 * one handle is in one tree at a time).  Its shape depends on handles and keys only: same facts,
 * same tree.  Adding at the end, taking the first and asking for it are O(1) expected apart from
 * the sizes on the outer spine; the rest is O(log n).  Nothing allocates but pool_reserve().
 */
#ifndef ACD_TREE_H
#define ACD_TREE_H

#include <tl_base.h>

#define TREE_NONE UINT32_MAX

struct tree_node {
    uint32_t left, right, up, size;
    uint32_t heat; /**< heap order of the treap */
    int64_t key;   /**< lower comes first, */
    uint64_t tie;  /**< then lower tie */
};

struct tree_pool {
    struct tree_node **chunks; /**< 1024 nodes each */
    uint32_t n_chunks;
};

struct tree {
    uint32_t root, first, last;
};

#define TREE_EMPTY ((struct tree){TREE_NONE, TREE_NONE, TREE_NONE})

/** Room for handles below n.  0 or -ENOMEM. */
int tree_pool_reserve(struct tree_pool *p, uint32_t n);
void tree_pool_done(struct tree_pool *p);

static inline struct tree_node *tree_at(const struct tree_pool *p, uint32_t h)
{
    return &p->chunks[h >> 10][h & 1023u];
}

void tree_add(const struct tree_pool *p, struct tree *t, uint32_t h, int64_t key, uint64_t tie);
void tree_remove(const struct tree_pool *p, struct tree *t, uint32_t h);
uint32_t tree_next(const struct tree_pool *p, uint32_t h);
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
