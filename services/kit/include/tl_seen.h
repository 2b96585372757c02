/**
 * @file tl_seen.h  Which event ids have been dealt with: the newest n of them.  O(1).
 */
#ifndef TL_SEEN_H
#define TL_SEEN_H

#include <tl_id.h>

struct tl_seen;

int tl_seen_new(struct tl_seen **ret, size_t capacity);
struct tl_seen *tl_seen_free(struct tl_seen *s);
bool tl_seen_has(const struct tl_seen *s, struct tl_str id);
/** Remember an id once its message is acknowledged; the oldest is forgotten when full.  0 or
 * -EINVAL: too long. */
int tl_seen_add(struct tl_seen *s, struct tl_str id);

#endif
