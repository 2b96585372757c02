/* Asking the tree, and complaining as "file:line: key: reason". */
#include "yaml.h"

#include <string.h>

const struct tl_yaml_node *tl_yaml_root(const struct tl_yaml *y)
{
    return y->root;
}

const char *tl_yaml_hash(const struct tl_yaml *y)
{
    return y->hash;
}

bool tl_yaml_is_map(const struct tl_yaml_node *n)
{
    return n && n->kind == NODE_MAP;
}

bool tl_yaml_is_seq(const struct tl_yaml_node *n)
{
    return n && n->kind == NODE_SEQ;
}

const char *tl_yaml_text(const struct tl_yaml_node *n)
{
    return n && n->kind == NODE_SCALAR ? n->text : NULL;
}

int tl_yaml_line(const struct tl_yaml_node *n)
{
    return n ? n->line : 0;
}

size_t tl_yaml_count(const struct tl_yaml_node *n)
{
    return n ? n->n : 0;
}

const struct tl_yaml_node *tl_yaml_item(const struct tl_yaml_node *n, size_t i)
{
    return n && i < n->n ? n->items[i] : NULL;
}

const char *tl_yaml_key(const struct tl_yaml_node *n, size_t i)
{
    return tl_yaml_is_map(n) && i < n->n ? n->keys[i] : NULL;
}

const struct tl_yaml_node *tl_yaml_get(const struct tl_yaml_node *map, const char *key)
{
    for (size_t i = 0; tl_yaml_is_map(map) && i < map->n; i++)
        if (strcmp(map->keys[i], key) == 0)
            return map->items[i];
    return NULL;
}

int tl_yaml_complain(const struct tl_yaml_node *n, const char *key, struct tl_buf *why,
                     const char *fmt, ...)
{
    va_list ap;

    tl_buf_printf(why, "%s:%d: %s: ", n ? n->doc->name : "-", tl_yaml_line(n), key);
    va_start(ap, fmt);
    tl_buf_vprintf(why, fmt, ap);
    va_end(ap);
    tl_buf_putc(why, '\n');
    return -EINVAL;
}

int tl_yaml_read_text(const struct tl_yaml_node *map, const char *key, const char *def,
                      const char **ret, struct tl_buf *why)
{
    const struct tl_yaml_node *n = tl_yaml_get(map, key);

    if (!n && !def)
        return tl_yaml_complain(map, key, why, "is missing");
    if (n && !tl_yaml_text(n))
        return tl_yaml_complain(n, key, why, "must be text");
    *ret = n ? tl_yaml_text(n) : def;
    return 0;
}

int tl_yaml_read_int(const struct tl_yaml_node *map, const char *key, int64_t def, int64_t min,
                     int64_t max, int64_t *ret, struct tl_buf *why)
{
    const struct tl_yaml_node *n = tl_yaml_get(map, key);
    int err;

    if (!n && (def < min || def > max))
        return tl_yaml_complain(map, key, why, "is missing");
    if (!n) {
        *ret = def;
        return 0;
    }
    err = tl_yaml_text(n) ? tl_str_int(tl_str(tl_yaml_text(n)), min, max, ret) : -EINVAL;
    if (err == -ERANGE)
        return tl_yaml_complain(n, key, why, "must be from %lld to %lld", (long long)min,
                                (long long)max);
    return err ? tl_yaml_complain(n, key, why, "must be a whole number") : 0;
}

int tl_yaml_read_bool(const struct tl_yaml_node *map, const char *key, bool def, bool *ret,
                      struct tl_buf *why)
{
    const struct tl_yaml_node *n = tl_yaml_get(map, key);
    const char *text = tl_yaml_text(n);

    if (!n)
        *ret = def;
    else if (text && strcmp(text, "true") == 0)
        *ret = true;
    else if (text && strcmp(text, "false") == 0)
        *ret = false;
    else
        return tl_yaml_complain(n, key, why, "must be true or false");
    return 0;
}

/* "1h30m": numbers each with a unit, from the largest to the smallest. */
int tl_yaml_dur(const char *p, tl_dur *ret)
{
    static const struct {
        const char *name;
        tl_dur length;
    } units[] = {{"h", TL_HOUR(1)}, {"ms", TL_MSEC(1)}, {"m", TL_MIN(1)}, {"s", TL_SEC(1)}};
    tl_dur sum = 0, last = TL_NEVER;

    do {
        tl_dur n = 0;
        size_t u = 0, digits = strspn(p, "0123456789");

        if (digits == 0 || digits > 9)
            return -EINVAL;
        for (; digits; digits--)
            n = n * 10 + (*p++ - '0');
        while (u < TL_LEN(units) && strncmp(p, units[u].name, strlen(units[u].name)) != 0)
            u++;
        if (u == TL_LEN(units) || units[u].length >= last)
            return -EINVAL;
        p += strlen(units[u].name);
        last = units[u].length;
        sum += n * last;
    } while (*p);
    *ret = sum;
    return 0;
}

int tl_yaml_read_dur(const struct tl_yaml_node *map, const char *key, tl_dur def, tl_dur min,
                     tl_dur max, tl_dur *ret, struct tl_buf *why)
{
    const struct tl_yaml_node *n = tl_yaml_get(map, key);
    tl_dur d;

    if (!n && (def < min || def > max))
        return tl_yaml_complain(map, key, why, "is missing");
    if (!n) {
        *ret = def;
        return 0;
    }
    if (!tl_yaml_text(n) || tl_yaml_dur(tl_yaml_text(n), &d))
        return tl_yaml_complain(n, key, why,
                                "must be a length of time like 20s, 5m, 1h30m or 250ms");
    if (d < min || d > max)
        return tl_yaml_complain(n, key, why, "must be from %lld ms to %lld ms",
                                (long long)(min / 1000), (long long)(max / 1000));
    *ret = d;
    return 0;
}

int tl_yaml_known_keys(const struct tl_yaml_node *map, const char *const *keys, struct tl_buf *why)
{
    int err = 0;

    if (!tl_yaml_is_map(map))
        return tl_yaml_complain(map, "-", why, "must be a mapping");
    for (size_t i = 0; i < map->n; i++) {
        const char *const *k = keys;

        while (*k && strcmp(*k, map->keys[i]) != 0)
            k++;
        if (!*k)
            err = tl_yaml_complain(map->items[i], map->keys[i], why, "unknown key");
    }
    return err;
}
