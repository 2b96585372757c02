/**
 * @file tl_str.h  Borrowed text: compare, cut, parse.  Nothing allocates.
 * Quiet half: a core may include it.
 */
#ifndef TL_STR_H
#define TL_STR_H

#include <string.h>
#include <tl_base.h>

#define TL_STR(literal) ((struct tl_str){.s = (literal), .n = sizeof(literal) - 1})

static inline struct tl_str tl_str(const char *s)
{
    return (struct tl_str){.s = s, .n = s ? strlen(s) : 0};
}

bool tl_str_eq(struct tl_str a, struct tl_str b);
/** ASCII case does not matter. */
bool tl_str_ieq(struct tl_str a, struct tl_str b);
bool tl_str_starts(struct tl_str s, struct tl_str prefix);
struct tl_str tl_str_trim(struct tl_str s);

/** Cuts the text up to sep off *rest; false when *rest is empty.  "a,,b" gives a, "", b. */
bool tl_str_split(struct tl_str *rest, char sep, struct tl_str *ret_part);

/** Words between spaces and commas have this one among them, letter for letter; never an empty. */
bool tl_str_listed(const char *list, struct tl_str word);

/** Whole text is a decimal integer within [min, max]: 0, else -EINVAL or -ERANGE. */
int tl_str_int(struct tl_str s, int64_t min, int64_t max, int64_t *ret);

/** Copies into dst[size], cut at size - 1 and always terminated; returns false if it was cut. */
bool tl_str_put(char *dst, size_t size, struct tl_str s);

/** Valid UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF) without NUL. */
bool tl_utf8_ok(const char *s, size_t n);

#endif
