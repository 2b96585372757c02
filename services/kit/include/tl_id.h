/**
 * @file tl_id.h  Ids: ULIDs that we make, and short text ids (agents, queues) that people choose.
 * Quiet half: time and randomness are arguments.
 * Source: ULID specification, github.com/ulid/spec: 48 bit milliseconds, 80 bit randomness,
 * Crockford base 32.
 */
#ifndef TL_ID_H
#define TL_ID_H

#include <tl_str.h>

#define TL_ID_MAX 39 /**< longest id [bytes] */

/** An id as a value: copy with =, compare with tl_id_eq.  Empty text: no id. */
struct tl_id {
    char s[TL_ID_MAX + 1];
};

/** 26 characters from a time [us since epoch] and 10 random bytes. */
struct tl_id tl_id_ulid(tl_time now, const uint8_t random[10]);

/** 0; -EINVAL: empty, longer than TL_ID_MAX, or a byte other than letters, digits and "-_." */
int tl_id_parse(struct tl_id *ret, struct tl_str text);

/** 0; -EINVAL unless 26 characters of Crockford base 32, first at most '7'. */
int tl_id_parse_ulid(struct tl_id *ret, struct tl_str text);

/** When a ULID was made [us since epoch, whole ms]; 0 if the text is none. */
tl_time tl_id_time(struct tl_str ulid);

#define TL_TRACE_ID_N     32 /**< W3C trace id [hex digits] */
#define TL_TRACE_PARENT_N 55 /**< W3C traceparent [bytes] */

/**
 * W3C trace id of a contact: the 128 bits of its ULID, so that all services give a contact's steps
 * the same trace, from the click to the hang-up, and nobody needs to carry it.  Terminated; empty:
 * the id is no ULID (then the step has no trace).
 * Source: W3C Trace Context, 3.2.2.3 (trace-id: 16 bytes, lower-case hex, not all zero).
 */
void tl_trace_id(char ret[TL_TRACE_ID_N + 1], struct tl_str contact_id);

/** Header value "00-<trace id>-<span>-01": the span is the random end of the event's ULID.
 *  False: one of them is no ULID, ret is empty. */
bool tl_trace_parent(char ret[TL_TRACE_PARENT_N + 1], struct tl_str contact_id,
                     struct tl_str event_id);

static inline bool tl_id_eq(const struct tl_id *a, const struct tl_id *b)
{
    return strcmp(a->s, b->s) == 0;
}

static inline bool tl_id_empty(const struct tl_id *id)
{
    return id->s[0] == '\0';
}

static inline struct tl_str tl_id_str(const struct tl_id *id)
{
    return tl_str(id->s);
}

#endif
