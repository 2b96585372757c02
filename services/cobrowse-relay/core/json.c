/*
 * One state says what may come next; one bit for each level says whether it is an object.  Strings
 * are checked when they are passed, so json_char() may trust them.
 */
#include "core/json.h"
#include <math.h>
#include <stdlib.h>

enum state {
    VALUE,       /* a value */
    FIRST_VALUE, /* a value or ] */
    FIRST_KEY,   /* a key or } */
    NEXT_KEY,    /* a key */
    AFTER_VALUE, /* , or the end of what is open */
    DONE,
    BROKEN,
};

void json_init(struct json *j, struct tl_str text)
{
    j->p = text.s;
    j->end = text.s + text.n;
    j->text = (struct tl_str){0};
    j->depth = 0;
    j->state = VALUE;
}

static bool is_object(const struct json *j)
{
    size_t i = j->depth - 1;

    return j->in_object[i / 8] >> (i % 8) & 1;
}

static enum json_token broken(struct json *j)
{
    j->state = BROKEN;
    return JSON_BAD;
}

static enum json_token open_level(struct json *j, bool object)
{
    size_t i = j->depth;

    if (i >= JSON_DEPTH_MAX)
        return broken(j);
    j->depth++;
    j->in_object[i / 8] =
        (uint8_t)((j->in_object[i / 8] & ~(1u << (i % 8))) | (unsigned)object << (i % 8));
    j->state = object ? FIRST_KEY : FIRST_VALUE;
    j->p++;
    return object ? JSON_OBJECT : JSON_ARRAY;
}

static enum json_token close_level(struct json *j)
{
    enum json_token t = is_object(j) ? JSON_OBJECT_END : JSON_ARRAY_END;

    j->depth--;
    j->p++;
    j->state = j->depth ? AFTER_VALUE : DONE;
    return t;
}

static void skip_blanks(struct json *j)
{
    while (j->p < j->end && (*j->p == ' ' || *j->p == '\t' || *j->p == '\n' || *j->p == '\r'))
        j->p++;
}

static int hex4(const char *p)
{
    int v = 0;

    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

/* After "\u": how many bytes the escape has behind it (4, or 10 for a pair); 0: bad. */
static size_t unicode_escape(const char *p, const char *end)
{
    int v = end - p >= 4 ? hex4(p) : -1, low;

    if (v <= 0 || (v >= 0xdc00 && v <= 0xdfff))
        return 0;
    if (v < 0xd800 || v > 0xdbff)
        return 4;
    if (end - p < 10 || p[4] != '\\' || p[5] != 'u')
        return 0;
    low = hex4(p + 6);
    return low >= 0xdc00 && low <= 0xdfff ? 10 : 0;
}

/* At the opening quote; text is set to what lies between the quotes. */
static bool read_string(struct json *j)
{
    const char *p = ++j->p;

    while (p < j->end && *p != '"') {
        if ((unsigned char)*p < 0x20)
            return false;
        if (*p++ != '\\')
            continue;
        if (p == j->end)
            return false;
        if (*p == 'u') {
            size_t n = unicode_escape(p + 1, j->end);
            if (!n)
                return false;
            p += n;
        } else if (!strchr("\"\\/bfnrt", *p)) {
            return false;
        }
        p++;
    }
    if (p == j->end)
        return false;
    j->text = (struct tl_str){.s = j->p, .n = (size_t)(p - j->p)};
    j->p = p + 1;
    return true;
}

static const char *digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

static bool read_number(struct json *j)
{
    const char *start = j->p, *p = start, *q;

    if (p < j->end && *p == '-')
        p++;
    q = digits(p, j->end);
    if (q == p || (*p == '0' && q - p > 1))
        return false;
    p = q;
    if (p < j->end && *p == '.') {
        q = digits(p + 1, j->end);
        if (q == p + 1)
            return false;
        p = q;
    }
    if (p < j->end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < j->end && (*p == '+' || *p == '-'))
            p++;
        q = digits(p, j->end);
        if (q == p)
            return false;
        p = q;
    }
    j->text = (struct tl_str){.s = start, .n = (size_t)(p - start)};
    j->p = p;
    return j->text.n <= 64;
}

static enum json_token word(struct json *j, const char *text, enum json_token token)
{
    size_t n = strlen(text);

    if ((size_t)(j->end - j->p) < n || memcmp(j->p, text, n) != 0)
        return broken(j);
    j->p += n;
    return token;
}

static enum json_token scalar(struct json *j)
{
    j->state = j->depth ? AFTER_VALUE : DONE;
    switch (*j->p) {
    case '"': return read_string(j) ? JSON_STRING : broken(j);
    case 't': return word(j, "true", JSON_TRUE);
    case 'f': return word(j, "false", JSON_FALSE);
    case 'n': return word(j, "null", JSON_NULL);
    default: return read_number(j) ? JSON_NUMBER : broken(j);
    }
}

static enum json_token key(struct json *j)
{
    if (*j->p != '"' || !read_string(j))
        return broken(j);
    skip_blanks(j);
    if (j->p == j->end || *j->p != ':')
        return broken(j);
    j->p++;
    j->state = VALUE;
    return JSON_KEY;
}

enum json_token json_next(struct json *j)
{
    if (j->state == BROKEN)
        return JSON_BAD;
    skip_blanks(j);
    if (j->p == j->end)
        return j->state == DONE ? JSON_END : broken(j);
    switch ((enum state)j->state) {
    case AFTER_VALUE:
        if (*j->p == (is_object(j) ? '}' : ']'))
            return close_level(j);
        if (*j->p++ != ',')
            return broken(j);
        j->state = is_object(j) ? NEXT_KEY : VALUE;
        return json_next(j); /* once: the new state is another */
    case FIRST_KEY: return *j->p == '}' ? close_level(j) : key(j);
    case NEXT_KEY: return key(j);
    case FIRST_VALUE:
        if (*j->p == ']')
            return close_level(j);
        break;
    case VALUE: break;
    case DONE:
    case BROKEN: return broken(j);
    }
    if (*j->p == '{' || *j->p == '[')
        return open_level(j, *j->p == '{');
    return scalar(j);
}

/* ---- what is inside a token ---- */

static int32_t escaped(const char *p, size_t *used)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *at;
    int32_t v;

    if (*p != 'u') {
        at = strchr(from, *p);
        *used = 1;
        return at ? to[at - from] : *p;
    }
    v = hex4(p + 1);
    *used = 5;
    if (v >= 0xd800 && v <= 0xdbff) {
        *used = 11;
        v = 0x10000 + ((v - 0xd800) << 10) + (hex4(p + 7) - 0xdc00);
    }
    return v;
}

int32_t json_char(struct tl_str text, size_t *at)
{
    size_t used, more;
    unsigned char c;
    int32_t v;

    if (*at >= text.n)
        return -1;
    c = (unsigned char)text.s[(*at)++];
    if (c == '\\') {
        v = escaped(text.s + *at, &used);
        *at += used;
        return v;
    }
    more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
    v = more ? c & (0x3f >> more) : c;
    for (; more && *at < text.n; more--)
        v = v << 6 | ((unsigned char)text.s[(*at)++] & 0x3f);
    return v;
}

struct tl_str json_plain(struct tl_str text, char *buf, size_t size)
{
    size_t n = 0, at = 0;
    int32_t c;

    if (!text.n || !memchr(text.s, '\\', text.n))
        return text;
    while (n + 4 <= size && (c = json_char(text, &at)) >= 0) {
        if (c < 0x80) {
            buf[n++] = (char)c;
        } else if (c < 0x800) {
            buf[n++] = (char)(0xc0 | c >> 6);
            buf[n++] = (char)(0x80 | (c & 0x3f));
        } else if (c < 0x10000) {
            buf[n++] = (char)(0xe0 | c >> 12);
            buf[n++] = (char)(0x80 | (c >> 6 & 0x3f));
            buf[n++] = (char)(0x80 | (c & 0x3f));
        } else {
            buf[n++] = (char)(0xf0 | c >> 18);
            buf[n++] = (char)(0x80 | (c >> 12 & 0x3f));
            buf[n++] = (char)(0x80 | (c >> 6 & 0x3f));
            buf[n++] = (char)(0x80 | (c & 0x3f));
        }
    }
    return (struct tl_str){.s = buf, .n = n};
}

bool json_int(struct tl_str number, int64_t min, int64_t max, int64_t *ret)
{
    return tl_str_int(number, min, max, ret) == 0;
}

bool json_double(struct tl_str number, double *ret)
{
    char text[72];

    if (!tl_str_put(text, sizeof(text), number))
        return false;
    *ret = strtod(text, NULL);
    return isfinite(*ret);
}
