/**
 * @file json.h  A strict JSON reader that goes through a text token by token and keeps nothing.
 * It allocates nothing and does not recurse.
 * Source: RFC 8259; also refused: \u0000 and lone surrogates (docs/limits.md).
 */
#ifndef COBROWSE_JSON_H
#define COBROWSE_JSON_H

#include <tl_str.h>

#define JSON_DEPTH_MAX 1100 /**< a browser's deepest page has 512 elements, two levels each */

enum json_token {
    JSON_BAD = -1,
    JSON_END = 0, /**< the text is one complete value */
    JSON_OBJECT,
    JSON_OBJECT_END,
    JSON_ARRAY,
    JSON_ARRAY_END,
    JSON_KEY,    /**< text: between the quotes, still escaped */
    JSON_STRING, /**< likewise */
    JSON_NUMBER, /**< text: as written */
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
};

struct json {
    const char *p, *end;
    struct tl_str text;
    size_t depth;
    unsigned state;
    uint8_t in_object[(JSON_DEPTH_MAX + 7) / 8];
};

/** text is UTF-8 and outlives the reader. */
void json_init(struct json *j, struct tl_str text);
/** Once it has returned JSON_BAD or JSON_END it goes on doing so. */
enum json_token json_next(struct json *j);

/** Escaped text -> plain text in buf, cut at size.  The result points into buf or into text. */
struct tl_str json_plain(struct tl_str text, char *buf, size_t size);
/** One character of an escaped text; *at moves on.  -1 at the end.  At most U+10FFFF. */
int32_t json_char(struct tl_str text, size_t *at);
/** A number token that is an integer within [min, max]. */
bool json_int(struct tl_str number, int64_t min, int64_t max, int64_t *ret);
/** A number token as a finite double. */
bool json_double(struct tl_str number, double *ret);

#endif
