/* Which file answers a path, and with which headers.  A path never reaches a file system: it is
 * cut, checked and then looked up among names that were read at start. */
#include "site.h"

#include <stdio.h>

static bool is_ok(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("-_./~+@", c);
}

static bool path_ok(struct tl_str path)
{
    struct tl_str part;

    if (path.n == 0 || path.s[0] != '/' || path.n >= PORTAL_NAME_MAX - 16)
        return false;
    for (size_t i = 0; i < path.n; i++)
        if (!path.s[i] || !is_ok(path.s[i]))
            return false;
    path.s++, path.n--;
    while (tl_str_split(&path, '/', &part))
        if (part.n == 0 || part.s[0] == '.')
            return false;
    return true;
}

static bool take(char *ret, struct tl_str stem, const char *end, portal_has_fn *has, void *arg)
{
    int n = snprintf(ret, PORTAL_NAME_MAX, "%.*s%s", (int)stem.n, stem.s, end);

    return n > 0 && n < PORTAL_NAME_MAX && has(arg, ret);
}

/* The text before the last slash; empty if there is none. */
static struct tl_str parent(struct tl_str path)
{
    while (path.n && path.s[path.n - 1] != '/')
        path.n--;
    if (path.n)
        path.n--;
    return path;
}

int portal_site_find(struct tl_str path, portal_has_fn *has, void *arg, char ret[PORTAL_NAME_MAX])
{
    char name[PORTAL_NAME_MAX];
    struct tl_str stem, last, up;

    if (!path_ok(path))
        return -EINVAL;
    stem = (struct tl_str){.s = path.s + 1, .n = path.n - 1};
    if (stem.n && stem.s[stem.n - 1] == '/')
        stem.n--;
    up = parent(stem);
    last =
        (struct tl_str){.s = stem.s + (up.n ? up.n + 1 : 0), .n = stem.n - (up.n ? up.n + 1 : 0)};

    if (last.n && memchr(last.s, '.', last.n)) {
        if (!take(name, stem, "", has, arg))
            return -ENOENT;
    } else if (stem.n == 0) {
        if (!take(name, TL_STR(""), "index.html", has, arg))
            return -ENOENT;
    } else if (!take(name, stem, ".html", has, arg) && !take(name, stem, "/index.html", has, arg) &&
               !(up.n && take(name, up, ".html", has, arg))) {
        return -ENOENT;
    }
    memcpy(ret, name, sizeof(name));
    return 0;
}

static bool ends(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n >= m && strcmp(name + n - m, end) == 0;
}

const char *portal_site_type(const char *name)
{
    static const struct {
        const char *end, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".txt", "text/plain; charset=utf-8"},
    };

    for (size_t i = 0; i < TL_LEN(types); i++)
        if (ends(name, types[i].end))
            return types[i].type;
    return "application/octet-stream";
}

const char *portal_site_cache(const char *name)
{
    if (strncmp(name, "assets/", 7) == 0)
        return "public, max-age=31536000, immutable";
    return "no-cache"; /* keep it, but ask whether it is still the same */
}

bool portal_site_shared(const char *name)
{
    return strcmp(name, "widget.js") == 0 || strncmp(name, "assets/", 7) == 0;
}

bool portal_site_origins(const char *sites)
{
    struct tl_str rest = tl_str(sites), one;

    if (rest.n > PORTAL_POLICY_MAX / 2)
        return false; /* the policy around it must fit */
    while (tl_str_split(&rest, ' ', &one)) {
        size_t scheme = tl_str_starts(one, TL_STR("https://"))  ? 8
                        : tl_str_starts(one, TL_STR("http://")) ? 7
                                                                : 0;

        if (!one.n)
            continue;
        if (!scheme || one.n == scheme)
            return false;
        for (size_t i = scheme; i < one.n; i++)
            if (strchr("/_~+@", one.s[i]) || (!is_ok(one.s[i]) && !strchr(":*[]", one.s[i])))
                return false;
    }
    return true;
}

int portal_site_policy(const char *name, const char *origin, const char *sites, char *ret,
                       size_t size)
{
    bool desk = strncmp(name, "desk/", 5) == 0;
    bool web = strncmp(origin, "http", 4) == 0;
    int n =
        snprintf(ret, size,
                 "default-src 'self'; script-src 'self'; style-src 'self'%s; img-src 'self' "
                 "data:%s%s; media-src 'self' blob:; connect-src 'self'%s%s; object-src 'none'; "
                 "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
                 desk ? " 'unsafe-inline'" : "", desk ? " blob: " : "", desk ? sites : "",
                 web ? " ws" : "", web ? origin + 4 : "");

    return n > 0 && (size_t)n < size ? 0 : -EMSGSIZE;
}

bool portal_site_matches(struct tl_str list, const char *etag)
{
    struct tl_str one;

    while (tl_str_split(&list, ',', &one)) {
        one = tl_str_trim(one);
        if (tl_str_starts(one, TL_STR("W/")))
            one.s += 2, one.n -= 2;
        if (tl_str_eq(one, TL_STR("*")) || tl_str_eq(one, tl_str(etag)))
            return true;
    }
    return false;
}

/* "q=0", "q=0.0", "q=0.000" */
static bool refused(struct tl_str parameters)
{
    struct tl_str one;

    while (tl_str_split(&parameters, ';', &one)) {
        one = tl_str_trim(one);
        if (!tl_str_starts(one, TL_STR("q=")) && !tl_str_starts(one, TL_STR("Q=")))
            continue;
        for (size_t i = 2; i < one.n; i++)
            if (one.s[i] != '0' && one.s[i] != '.')
                return false;
        return one.n > 2;
    }
    return false;
}

bool portal_site_gzip(struct tl_str list)
{
    struct tl_str one, coding;
    bool any = false;

    while (tl_str_split(&list, ',', &one)) {
        if (!tl_str_split(&one, ';', &coding))
            continue;
        coding = tl_str_trim(coding);
        if (tl_str_ieq(coding, TL_STR("gzip")))
            return !refused(one);
        if (tl_str_eq(coding, TL_STR("*")))
            any = !refused(one);
    }
    return any;
}
