/* The one door to the heap.  A counter lets a test close it at any allocation. */
#include <stdlib.h>
#include <string.h>
#include <tl_mem.h>

static _Thread_local int64_t fail_after = -1;
static _Thread_local uint64_t made;

static bool refused(void)
{
    made++;
    if (fail_after < 0)
        return false;
    return fail_after-- == 0;
}

void *tl_alloc(size_t n, size_t size)
{
    return refused() ? NULL : calloc(n ? n : 1, size ? size : 1);
}

void *tl_resize(void *p, size_t n, size_t size)
{
    return refused() ? NULL : reallocarray(p, n ? n : 1, size ? size : 1);
}

char *tl_copy(const char *s, size_t n)
{
    char *copy = n < SIZE_MAX ? tl_alloc(n + 1, 1) : NULL;

    if (copy && n)
        memcpy(copy, s, n);
    return copy;
}

void *tl_free(void *p)
{
    free(p);
    return NULL;
}

uint64_t tl_mem_fail_after(int64_t n)
{
    uint64_t before = made;

    fail_after = n;
    made = 0;
    return before;
}
