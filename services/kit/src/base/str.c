/* Borrowed text: compare, cut, parse. */
#include <tl_str.h>

bool tl_str_eq(struct tl_str a, struct tl_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0);
}

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

bool tl_str_ieq(struct tl_str a, struct tl_str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.s[i]) != lower(b.s[i]))
            return false;
    return true;
}

bool tl_str_starts(struct tl_str s, struct tl_str prefix)
{
    return s.n >= prefix.n && tl_str_eq((struct tl_str){s.s, prefix.n}, prefix);
}

static bool space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct tl_str tl_str_trim(struct tl_str s)
{
    while (s.n && space(s.s[0]))
        s.s++, s.n--;
    while (s.n && space(s.s[s.n - 1]))
        s.n--;
    return s;
}

bool tl_str_split(struct tl_str *rest, char sep, struct tl_str *ret_part)
{
    const char *at;

    if (!rest->s || rest->n == 0)
        return false;
    at = memchr(rest->s, sep, rest->n);
    if (!at) {
        *ret_part = *rest;
        *rest = (struct tl_str){.s = rest->s + rest->n, .n = 0};
        return true;
    }
    *ret_part = (struct tl_str){.s = rest->s, .n = (size_t)(at - rest->s)};
    rest->n -= ret_part->n + 1;
    rest->s = at + 1;
    return true;
}

bool tl_str_listed(const char *list, struct tl_str word)
{
    while (*list) {
        size_t n = strcspn(list, " ,");

        if (n && tl_str_eq(word, (struct tl_str){list, n}))
            return true;
        list += n + (list[n] != '\0');
    }
    return false;
}

int tl_str_int(struct tl_str s, int64_t min, int64_t max, int64_t *ret)
{
    bool minus = s.n > 1 && s.s[0] == '-';
    __int128 value = 0;

    if (minus)
        s.s++, s.n--;
    if (s.n == 0)
        return -EINVAL;
    for (size_t i = 0; i < s.n; i++) {
        if (s.s[i] < '0' || s.s[i] > '9')
            return -EINVAL;
        if (value <= INT64_MAX) /* beyond it stays out of range */
            value = value * 10 + (s.s[i] - '0');
    }
    if (minus)
        value = -value;
    if (value < min || value > max)
        return -ERANGE;
    *ret = (int64_t)value;
    return 0;
}

bool tl_str_put(char *dst, size_t size, struct tl_str s)
{
    size_t n = s.n < size ? s.n : size - 1;

    if (n)
        memcpy(dst, s.s, n);
    dst[n] = '\0';
    return n == s.n;
}

/* Length of the well-formed sequence at p (RFC 3629, section 4), 0 if there is none. */
static size_t sequence(const unsigned char *p, size_t n)
{
    unsigned char a = p[0], low = 0x80, high = 0xBF;
    size_t len;

    if (a < 0x80)
        return a ? 1 : 0;
    if (a < 0xC2 || a > 0xF4)
        return 0;
    len = a < 0xE0 ? 2 : a < 0xF0 ? 3 : 4;
    if (n < len)
        return 0;
    if (a == 0xE0)
        low = 0xA0; /* overlong */
    else if (a == 0xED)
        high = 0x9F; /* surrogates */
    else if (a == 0xF0)
        low = 0x90; /* overlong */
    else if (a == 0xF4)
        high = 0x8F; /* above U+10FFFF */
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

bool tl_utf8_ok(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;

    while (n) {
        size_t len = sequence(p, n);

        if (!len)
            return false;
        p += len;
        n -= len;
    }
    return true;
}
