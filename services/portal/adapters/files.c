/* The built web folder in memory: one entry for each file, a packed twin (name.gz) hangs on the
 * entry of its original. */
#include "files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <tl_map.h>
#include <tl_mem.h>
#include <unistd.h>

struct item {
    struct tl_entry entry;
    struct portal_file file;
    char *name, *body, *gzip;
};

struct portal_files {
    struct tl_map items;
    size_t bytes;
};

static struct item *item_free(struct item *it)
{
    if (it) {
        tl_free(it->name);
        tl_free(it->body);
        tl_free(it->gzip);
    }
    return tl_free(it);
}

static void etag_of(char ret[24], const char *body, size_t n)
{
    unsigned char hash[16];
    char hex[17];

    crypto_generichash(hash, sizeof(hash), (const unsigned char *)body, n, NULL, 0);
    sodium_bin2hex(hex, sizeof(hex), hash, 8);
    snprintf(ret, 24, "\"%s\"", hex);
}

static int read_whole(int folder, const char *leaf, size_t most, char **ret, size_t *ret_n)
{
    int fd = openat(folder, leaf, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    size_t n = 0;
    char *p = NULL;
    int err = 0;

    if (fd < 0 || fstat(fd, &st))
        err = -errno;
    else if ((uint64_t)st.st_size > most)
        err = -EFBIG;
    else if (!(p = tl_alloc((size_t)st.st_size + 1, 1)))
        err = -ENOMEM;
    while (!err && n < (size_t)st.st_size) {
        ssize_t got = read(fd, p + n, (size_t)st.st_size - n);

        if (got <= 0)
            err = got < 0 ? -errno : -EIO; /* it became shorter while we read */
        else
            n += (size_t)got;
    }
    if (fd >= 0)
        close(fd);
    if (err) {
        tl_free(p);
        return err;
    }
    *ret = p;
    *ret_n = n;
    return 0;
}

static int add_file(struct portal_files *f, int folder, const char *leaf, const char *name)
{
    struct item *it = NULL;
    size_t n = 0;
    int err;

    if (f->items.n >= PORTAL_FILES_MAX)
        return -EMFILE;
    it = tl_alloc(1, sizeof(*it));
    if (!it || !(it->name = tl_copy(name, strlen(name)))) {
        err = -ENOMEM;
        goto out;
    }
    err = read_whole(folder, leaf, PORTAL_BYTES_MAX - f->bytes, &it->body, &n);
    if (err)
        goto out;
    it->file.name = it->name;
    it->file.body = (struct tl_str){.s = it->body, .n = n};
    etag_of(it->file.etag, it->body, n);
    err = tl_map_add(&f->items, &it->entry, tl_str(it->name));
    if (err)
        goto out;
    f->bytes += n;
    it = NULL;
out:
    item_free(it);
    return err;
}

static int add_folder(struct portal_files *f, int parent, const char *leaf, const char *prefix)
{
    int fd = openat(parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), err = 0;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *e;

    if (!dir) {
        err = -errno;
        if (fd >= 0)
            close(fd);
        return err;
    }
    while (!err && (e = readdir(dir))) {
        char name[512];
        struct stat st;

        if (e->d_name[0] == '.')
            continue;
        if (snprintf(name, sizeof(name), "%s%s", prefix, e->d_name) >= (int)sizeof(name) - 1)
            err = -ENAMETOOLONG;
        else if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW))
            err = -errno;
        else if (S_ISREG(st.st_mode))
            err = add_file(f, dirfd(dir), e->d_name, name);
        else if (S_ISDIR(st.st_mode) && strlen(name) + 1 < sizeof(name))
            err = add_folder(f, dirfd(dir), e->d_name, strcat(name, "/"));
    }
    closedir(dir);
    return err;
}

static struct item *find(const struct portal_files *f, struct tl_str name)
{
    struct tl_entry *e = tl_map_find(&f->items, name);

    return e ? TL_CONTAINER(e, struct item, entry) : NULL;
}

/* "a.js.gz" moves into "a.js" when that is there and the packed bytes look like gzip. */
static void pair_twins(struct portal_files *f)
{
    struct tl_entry *e = tl_map_next(&f->items, NULL), *next;

    for (; e; e = next) {
        struct item *it = TL_CONTAINER(e, struct item, entry), *plain;
        size_t n = strlen(it->name);

        next = tl_map_next(&f->items, e);
        if (n < 4 || strcmp(it->name + n - 3, ".gz") != 0)
            continue;
        plain = find(f, (struct tl_str){.s = it->name, .n = n - 3});
        if (!plain || it->file.body.n < 18 || memcmp(it->body, "\x1f\x8b", 2) != 0)
            continue;
        plain->gzip = it->body;
        plain->file.gzip = it->file.body;
        it->body = NULL;
        tl_map_remove(&f->items, e);
        item_free(it);
    }
}

int portal_files_load(struct portal_files **ret, const char *root)
{
    struct portal_files *f = tl_alloc(1, sizeof(*f));
    int err = f ? 0 : -ENOMEM;

    if (!err)
        err = add_folder(f, AT_FDCWD, root, "");
    if (!err)
        pair_twins(f);
    if (!err && !portal_files_get(f, "index.html"))
        err = -ENODATA;
    if (err) {
        portal_files_free(f);
        return err;
    }
    *ret = f;
    return 0;
}

struct portal_files *portal_files_free(struct portal_files *f)
{
    if (f) {
        struct tl_entry *e = tl_map_next(&f->items, NULL), *next;

        for (; e; e = next) {
            next = tl_map_next(&f->items, e);
            tl_map_remove(&f->items, e);
            item_free(TL_CONTAINER(e, struct item, entry));
        }
        tl_map_done(&f->items);
    }
    return tl_free(f);
}

const struct portal_file *portal_files_get(const struct portal_files *f, const char *name)
{
    const struct item *it = find(f, tl_str(name));

    return it ? &it->file : NULL;
}

size_t portal_files_count(const struct portal_files *f)
{
    return f->items.n;
}
