/**
 * @file check.h  The invariants of the core, checked from scratch: for tests, random lives and
 * days.
 */
#ifndef ACD_CHECK_H
#define ACD_CHECK_H

#include <core/acd.h>

/** Every invariant; 0, or -EPROTO with a line about the first broken one.  O(contacts * agents). */
int acd_check(const struct acd *acd, char *line, size_t size);

#endif
