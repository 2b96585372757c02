/* The 64 bit block of a zone file: moments of change and what holds from then on. */
#include "zone.h"
#include <errno.h>
#include <stdio.h>
#include <tl_mem.h>

#define FILE_MAX 65536

struct zone {
    uint32_t n;
    int32_t before; /* until the first change */
    int64_t *at;
    int32_t *ahead;
};

static int64_t big(const unsigned char *p, unsigned n)
{
    uint64_t v = p[0] & 0x80 ? ~UINT64_C(0) : 0;

    while (n--)
        v = v << 8 | *p++;
    return (int64_t)v;
}

struct counts {
    uint32_t utc, std, leap, times, types, chars;
};

/* Header at p: 44 bytes, six counts at its end. */
static bool read_counts(const unsigned char *p, size_t n, struct counts *c)
{
    if (n < 44 || memcmp(p, "TZif", 4) != 0)
        return false;
    c->utc = (uint32_t)big(p + 20, 4);
    c->std = (uint32_t)big(p + 24, 4);
    c->leap = (uint32_t)big(p + 28, 4);
    c->times = (uint32_t)big(p + 32, 4);
    c->types = (uint32_t)big(p + 36, 4);
    c->chars = (uint32_t)big(p + 40, 4);
    return c->times < 4096 && c->types > 0 && c->types < 256 && c->chars < 4096 && c->leap < 4096 &&
           c->utc <= c->types && c->std <= c->types;
}

static size_t block(const struct counts *c, size_t time_size)
{
    return c->times * (time_size + 1) + c->types * 6u + c->chars + c->leap * (time_size + 4) +
           c->std + c->utc;
}

static int parse(struct zone *z, const unsigned char *p, size_t n)
{
    struct counts c;

    if (!read_counts(p, n, &c) || p[4] < '2' || n < 44 + block(&c, 4))
        return -EBADMSG;
    p += 44 + block(&c, 4); /* the 32 bit block is for others */
    n -= 44 + block(&c, 4);
    if (!read_counts(p, n, &c) || n < 44 + block(&c, 8))
        return -EBADMSG;
    p += 44;
    const unsigned char *index = p + c.times * 8, *types = index + c.times;
    z->at = tl_alloc(c.times + 1, sizeof(*z->at));
    z->ahead = tl_alloc(c.times + 1, sizeof(*z->ahead));
    if (!z->at || !z->ahead)
        return -ENOMEM;
    z->before = (int32_t)big(types, 4);
    for (uint32_t i = 0; i < c.times; i++) {
        if (index[i] >= c.types)
            return -EBADMSG;
        z->at[i] = big(p + i * 8, 8);
        z->ahead[i] = (int32_t)big(types + index[i] * 6, 4);
    }
    z->n = c.times;
    return 0;
}

static bool name_ok(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!((*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') ||
              strchr("/_+-", *p)))
            return false;
    return *name && *name != '/';
}

int zone_load(struct zone **ret, const char *name)
{
    unsigned char *bytes = tl_alloc(FILE_MAX, 1);
    struct zone *z = tl_alloc(1, sizeof(*z));
    char path[200];
    FILE *f = NULL;
    int err = -ENOMEM;

    if (!bytes || !z)
        goto out;
    err = 0;
    if (strcmp(name, "UTC") == 0) /* also where there are no zone files */
        goto out;
    err = -ENOENT;
    if (!name_ok(name))
        goto out;
    (void)snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
    f = fopen(path, "rbe");
    if (!f)
        goto out;
    err = parse(z, bytes, fread(bytes, 1, FILE_MAX, f));
out:
    if (f)
        fclose(f);
    tl_free(bytes);
    if (err)
        z = zone_free(z);
    else
        *ret = z;
    return err;
}

struct zone *zone_free(struct zone *z)
{
    if (!z)
        return NULL;
    tl_free(z->at);
    tl_free(z->ahead);
    return tl_free(z);
}

int32_t zone_ahead(const struct zone *z, int64_t utc_s)
{
    uint32_t low = 0, high = z->n;

    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (z->at[mid] <= utc_s)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? z->ahead[low - 1] : z->before;
}
