/**
 * @file filter_page.h  The nodes of a shared page, for filter.c: an event is told node by node, and
 * changes the page only when all of it has passed.
 */
#ifndef COBROWSE_FILTER_PAGE_H
#define COBROWSE_FILTER_PAGE_H

#include "core/filter.h"

/** A new event begins; what was told of one that did not pass is forgotten. */
void filter_page_begin(struct filter_page *p);
/** The event brings, needs, removes a node; id: below 2^24.  False: too many, or out of memory. */
bool filter_page_brings(struct filter_page *p, uint32_t id, bool is_iframe);
bool filter_page_needs(struct filter_page *p, uint32_t id);
bool filter_page_removes(struct filter_page *p, uint32_t id);
/** full: the event is a whole picture.  FILTER_PASS, or FILTER_STRAY: nothing has changed. */
enum filter_verdict filter_page_commit(struct filter_page *p, bool full);
/** A node that the page has, and it is an iframe. */
bool filter_page_is_iframe(const struct filter_page *p, uint32_t id);

#endif
