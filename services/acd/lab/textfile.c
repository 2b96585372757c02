/* See textfile.h. */
#include "textfile.h"
#include <stdio.h>
#include <string.h>

int textfile_read(struct tl_buf *out, const char *path, struct tl_buf *why)
{
    char part[65536];
    FILE *f = fopen(path, "rb");
    size_t n;
    int err = f ? 0 : -errno;

    while (f && !err && (n = fread(part, 1, sizeof(part), f)) > 0)
        err = tl_buf_add(out, part, n);
    if (f && !err && ferror(f))
        err = errno ? -errno : -EIO;
    if (f)
        (void)fclose(f); /* only read */
    if (err)
        (void)tl_buf_printf(why, "%s: %s\n", path,
                            err == -EMSGSIZE ? "is too large" : strerror(-err));
    return err;
}

int textfile_beside(struct tl_buf *out, const char *from, const char *path)
{
    const char *slash = strrchr(from, '/');

    if (slash && path[0] != '/')
        (void)tl_buf_add(out, from, (size_t)(slash - from) + 1);
    return tl_buf_puts(out, path);
}
