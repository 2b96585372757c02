/* The request target (RFC 9112 3.2): only origin-form and absolute-form are for us.  Pure. */
#include <string.h>

#include "http.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* One decoded byte at p, and how many characters it took; -1 if it may not be there. */
static int decode_byte(const char *p, const char *end, size_t *ret_took)
{
    int hi, lo;

    *ret_took = 1;
    if (*p != '%')
        return (unsigned char)*p > 0x20 && *p != 0x7f && *p != '#' ? (unsigned char)*p : -1;
    if (end - p < 3)
        return -1;
    hi = hex(p[1]);
    lo = hex(p[2]);
    if (hi < 0 || lo < 0)
        return -1;
    *ret_took = 3;
    return hi << 4 | lo;
}

static bool dots(const char *s, size_t n)
{
    return (n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.');
}

/* No segment may be "." or "..": whoever maps a path to a file relies on it. */
static bool climbs(struct tl_str path)
{
    struct tl_str part;

    while (tl_str_split(&path, '/', &part))
        if (dots(part.s, part.n))
            return true;
    return false;
}

int http_target_split(char *target, struct tl_str *ret_path, struct tl_str *ret_query)
{
    char *start = target, *end, *out;

    if (strncasecmp(target, "http://", 7) == 0) {
        start = strpbrk(target + 7, "/?");
        if (!start || *start == '?' || start == target + 7)
            return -EBADMSG;
    }
    if (*start != '/')
        return -EBADMSG;
    end = start + strcspn(start, "?");
    *ret_query = *end ? tl_str(end + 1) : (struct tl_str){.s = "", .n = 0};
    for (size_t i = 0; i < ret_query->n; i++)
        if ((unsigned char)ret_query->s[i] <= 0x20 || ret_query->s[i] == 0x7f ||
            ret_query->s[i] == '#')
            return -EBADMSG;

    out = start;
    for (char *p = start; p < end;) {
        size_t took;
        int c = decode_byte(p, end, &took);

        if (c <= 0 || c < 0x20 || c == 0x7f || (took == 3 && (c == '/' || c == '\\')))
            return -EBADMSG;
        *out++ = (char)c;
        p += took;
    }
    *ret_path = (struct tl_str){start, (size_t)(out - start)};
    return tl_utf8_ok(ret_path->s, ret_path->n) && !climbs(*ret_path) ? 0 : -EBADMSG;
}

int http_query_decode(struct tl_str in, char *out)
{
    const char *p = in.s, *end = in.s + in.n;
    char *at = out;

    while (p < end) {
        size_t took;
        int c = decode_byte(p, end, &took);

        if (c <= 0)
            return -EBADMSG;
        *at++ = took == 1 && c == '+' ? ' ' : (char)c;
        p += took;
    }
    return tl_utf8_ok(out, (size_t)(at - out)) ? (int)(at - out) : -EBADMSG;
}
