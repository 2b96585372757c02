/**
 * @file tl_mem.h  The one door to the heap, so that tests can close it.
 * Quiet half: a core may include it.
 */
#ifndef TL_MEM_H
#define TL_MEM_H

#include <tl_base.h>

/** Zeroed memory for n objects of a size; NULL when out of memory or n * size overflows. */
void *tl_alloc(size_t n, size_t size);
/** As realloc() for n objects; new bytes are not zeroed; on NULL the old block is untouched. */
void *tl_resize(void *p, size_t n, size_t size);
/** A terminated copy of n bytes; NULL when out of memory. */
char *tl_copy(const char *s, size_t n);
/** Frees p, NULL is fine; returns NULL: x = tl_free(x). */
void *tl_free(void *p);

/**
 * Tests: let the next allocations succeed and then fail one.  n = 0 fails the next one, n < 0 never
 * fails. Returns how many allocations were made since the last call.  Counts the calling thread
 * only.
 */
uint64_t tl_mem_fail_after(int64_t n);

#endif
