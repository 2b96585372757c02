/* A batch: copies of its statements, and what came back. */
#include "pg_in.h"

#include <stdlib.h>
#include <string.h>
#include <tl_mem.h>

void pg_batch_free(struct batch *b)
{
    for (int i = 0; i < b->n; i++) {
        struct stmt *s = &b->stmts[i];

        for (int k = 0; s->params && k < s->n; k++)
            tl_free(s->params[k]);
        tl_free(s->sql);
        tl_free(s->params);
        tl_free(s->lengths);
        tl_free(s->formats);
    }
    for (int i = 0; i < b->n_results; i++)
        PQclear(b->results[i]);
    tl_free(b->stmts);
    tl_free(b->results);
    tl_free(b);
}

void pg_batch_done(struct batch *b, int err)
{
    b->fn(b->arg, err, err ? NULL : b->results, err ? 0 : b->n_results, b->sqlstate);
    pg_batch_free(b);
}

static int stmt_copy(struct stmt *to, const struct tl_pg_stmt *from)
{
    to->sql = tl_copy(from->sql, strlen(from->sql));
    to->n = from->n;
    to->params = tl_alloc((size_t)from->n, sizeof(char *));
    to->lengths = tl_alloc((size_t)from->n, sizeof(int));
    to->formats = tl_alloc((size_t)from->n, sizeof(int));
    if (!to->sql || !to->params || !to->lengths || !to->formats)
        return -ENOMEM;
    for (int i = 0; i < from->n; i++) {
        if (!from->params[i])
            continue;
        to->formats[i] = from->formats ? from->formats[i] : 0;
        to->lengths[i] = to->formats[i] ? from->lengths[i] : (int)strlen(from->params[i]);
        to->params[i] = tl_copy(from->params[i], (size_t)to->lengths[i]);
        if (!to->params[i])
            return -ENOMEM;
    }
    return 0;
}

struct batch *pg_batch_new(struct tl_pg *pg, const struct tl_pg_stmt *stmts, int n, tl_pg_fn *fn,
                           void *arg)
{
    struct batch *b = tl_alloc(1, sizeof(*b));

    if (!b)
        return NULL;
    b->pg = pg;
    b->fn = fn;
    b->arg = arg;
    b->stmts = tl_alloc((size_t)n, sizeof(*b->stmts));
    b->results = tl_alloc((size_t)n, sizeof(*b->results));
    if (!b->stmts || !b->results)
        goto out_of_memory;
    b->n = n;
    for (int i = 0; i < n; i++)
        if (stmt_copy(&b->stmts[i], &stmts[i]))
            goto out_of_memory;
    return b;
out_of_memory:
    pg_batch_free(b);
    return NULL;
}
