/* A treap: binary search tree by (key, tie), heap by heat; see tree.h. */
#include "tree.h"
#include <tl_mem.h>

int tree_pool_reserve(struct tree_pool *p, uint32_t n)
{
    uint32_t want = (n + 1023u) >> 10;

    if (want <= p->n_chunks)
        return 0;
    struct tree_chunk **chunks = tl_resize(p->chunks, want, sizeof(*chunks));
    if (!chunks)
        return -ENOMEM;
    p->chunks = chunks;
    while (p->n_chunks < want) {
        struct tree_chunk *c = tl_alloc(1, sizeof(*c));
        if (!c)
            return -ENOMEM;
        p->chunks[p->n_chunks++] = c;
    }
    return 0;
}

void tree_pool_done(struct tree_pool *p)
{
    for (uint32_t i = 0; i < p->n_chunks; i++)
        tl_free(p->chunks[i]);
    p->chunks = tl_free(p->chunks);
    p->n_chunks = 0;
}

static void set_next(const struct tree_pool *p, uint32_t h, uint32_t next)
{
    p->chunks[h >> 10]->next[h & 1023u] = next;
}

static uint32_t heat(const struct tree_pool *p, uint32_t h)
{
    uint64_t x =
        (tree_at(p, h)->tie + UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xbf58476d1ce4e5b9) + h;

    x ^= x >> 31;
    x *= UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(x >> 32);
}

static void replace(const struct tree_pool *p, struct tree *t, uint32_t up, uint32_t was,
                    uint32_t by)
{
    if (up == TREE_NONE)
        t->root = by;
    else if (tree_at(p, up)->left == was)
        tree_at(p, up)->left = by;
    else
        tree_at(p, up)->right = by;
    if (by != TREE_NONE)
        tree_at(p, by)->up = up;
}

/* h goes up over its parent; sizes of both are mended. */
static void rotate_up(const struct tree_pool *p, struct tree *t, uint32_t h)
{
    struct tree_node *n = tree_at(p, h);
    uint32_t u = n->up;
    struct tree_node *up = tree_at(p, u);
    uint32_t moved;

    replace(p, t, up->up, u, h);
    if (up->left == h) {
        moved = n->right;
        up->left = moved;
        n->right = u;
    } else {
        moved = n->left;
        up->right = moved;
        n->left = u;
    }
    if (moved != TREE_NONE)
        tree_at(p, moved)->up = u;
    up->up = h;
    up->size -= n->size - (moved == TREE_NONE ? 0 : tree_at(p, moved)->size);
    n->size += up->size - (moved == TREE_NONE ? 0 : tree_at(p, moved)->size);
}

/* Where the new node hangs: *ret_left tells on which side; *ret_before: whom it follows. */
static uint32_t leaf_for(const struct tree_pool *p, const struct tree *t, const struct tree_node *n,
                         bool *ret_left, uint32_t *ret_before)
{
    const struct tree_node *last = tree_at(p, t->last);
    uint32_t at = t->root, parent = TREE_NONE;

    *ret_left = false;
    *ret_before = t->last;
    if (tree_before(last->key, last->tie, n->key, n->tie))
        return t->last;
    *ret_before = TREE_NONE;
    while (at != TREE_NONE) {
        const struct tree_node *a = tree_at(p, at);
        parent = at;
        *ret_left = tree_before(n->key, n->tie, a->key, a->tie);
        *ret_before = *ret_left ? *ret_before : at;
        at = *ret_left ? a->left : a->right;
    }
    return parent;
}

void tree_add(const struct tree_pool *p, struct tree *t, uint32_t h, int64_t key, uint64_t tie)
{
    struct tree_node *n = tree_at(p, h);
    uint32_t before;
    bool left;

    *n = (struct tree_node){
        .left = TREE_NONE, .right = TREE_NONE, .up = TREE_NONE, .size = 1, .key = key, .tie = tie};
    if (t->root == TREE_NONE) {
        *t = (struct tree){h, h, h};
        set_next(p, h, TREE_NONE);
        return;
    }
    n->up = leaf_for(p, t, n, &left, &before);
    set_next(p, h, before == TREE_NONE ? t->first : tree_next(p, before));
    if (before != TREE_NONE)
        set_next(p, before, h);
    if (left) {
        tree_at(p, n->up)->left = h;
        if (t->first == n->up)
            t->first = h;
    } else {
        tree_at(p, n->up)->right = h;
        if (t->last == n->up)
            t->last = h;
    }
    for (uint32_t u = n->up; u != TREE_NONE; u = tree_at(p, u)->up)
        tree_at(p, u)->size++;
    for (uint32_t mine = heat(p, h); n->up != TREE_NONE && heat(p, n->up) < mine;)
        rotate_up(p, t, h);
}

/* Whom h follows; not asked of the first. */
static uint32_t previous(const struct tree_pool *p, uint32_t h)
{
    uint32_t at = tree_at(p, h)->left;

    if (at != TREE_NONE) {
        while (tree_at(p, at)->right != TREE_NONE)
            at = tree_at(p, at)->right;
        return at;
    }
    while (tree_at(p, tree_at(p, h)->up)->left == h)
        h = tree_at(p, h)->up;
    return tree_at(p, h)->up;
}

void tree_remove(const struct tree_pool *p, struct tree *t, uint32_t h)
{
    struct tree_node *n = tree_at(p, h);
    uint32_t before = t->first == h ? TREE_NONE : previous(p, h);

    if (before == TREE_NONE)
        t->first = tree_next(p, h);
    else
        set_next(p, before, tree_next(p, h));
    if (t->last == h)
        t->last = before;
    while (n->left != TREE_NONE && n->right != TREE_NONE) {
        bool l = heat(p, n->left) > heat(p, n->right);
        rotate_up(p, t, l ? n->left : n->right);
    }
    replace(p, t, n->up, h, n->left != TREE_NONE ? n->left : n->right);
    for (uint32_t u = n->up; u != TREE_NONE; u = tree_at(p, u)->up)
        tree_at(p, u)->size--;
}

uint32_t tree_rank(const struct tree_pool *p, const struct tree *t, int64_t key, uint64_t tie)
{
    uint32_t at = t->root, rank = 0;

    while (at != TREE_NONE) {
        const struct tree_node *a = tree_at(p, at);
        if (tree_before(a->key, a->tie, key, tie)) {
            rank += 1 + (a->left == TREE_NONE ? 0 : tree_at(p, a->left)->size);
            at = a->right;
        } else {
            at = a->left;
        }
    }
    return rank;
}
