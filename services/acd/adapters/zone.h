/**
 * @file zone.h  How far a time zone is ahead of UTC, from the system's zone files.
 * Source: RFC 8536 (TZif).
 */
#ifndef ACD_ZONE_H
#define ACD_ZONE_H

#include <tl_str.h>

struct zone;

/** "Europe/Berlin", "UTC".  0, -ENOENT: no such zone, -EBADMSG: not a zone file, -ENOMEM. */
int zone_load(struct zone **ret, const char *name);
struct zone *zone_free(struct zone *z);
/** Seconds to add to UTC at this moment [s since 1970-01-01T00:00Z]. */
int32_t zone_ahead(const struct zone *z, int64_t utc_s);

#endif
