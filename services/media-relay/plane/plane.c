/**
 * @file plane.c  The plane's life: memory, and the sounds that it can play.
 */
#include "plane/plane.h"

#include <dirent.h>
#include <stdio.h>
#include <tl_clock.h>
#include <tl_mem.h>

enum { SOUND_FILE_MAX = 16 * 1024 * 1024 };

int plane_init(struct plane *p, uint16_t first, uint16_t last)
{
    int legs = (last - first + 1) / 2, err;

    *p = (struct plane){.first = first, .last = last, .next = first};
    if (legs < 1 || first % 2)
        return -EINVAL;
    err = table_init(&p->table, legs, plane_port_send, p);
    if (err)
        return err;
    p->ports = tl_alloc((size_t)legs, sizeof *p->ports);
    if (!p->ports) {
        table_done(&p->table);
        return -ENOMEM;
    }
    for (int i = 0; i < legs; i++)
        p->ports[i] = (struct plane_port){-1, -1, 0};
    p->boot = tl_id_new();
    return 0;
}

void plane_done(struct plane *p)
{
    for (int i = 0; i < p->table.cap; i++)
        plane_port_close(p, i);
    table_done(&p->table);
    p->ports = tl_free(p->ports);
}

static int read_file(const char *path, uint8_t **ret, size_t *ret_n)
{
    FILE *f = fopen(path, "rbe");
    uint8_t *data = NULL;
    size_t n = 0, cap = 0, got;
    int err = 0;

    if (!f)
        return -errno;
    do {
        if (n == cap) {
            uint8_t *more = cap < SOUND_FILE_MAX ? tl_resize(data, cap + 262144, 1) : NULL;

            if (!more) {
                err = -EFBIG;
                break;
            }
            data = more;
            cap += 262144;
        }
        got = fread(data + n, 1, cap - n, f);
        n += got;
    } while (got > 0);
    fclose(f);
    if (err) {
        tl_free(data);
        return err;
    }
    *ret = data;
    *ret_n = n;
    return 0;
}

/* One file becomes the sound of its name. */
static int load_sound(struct plane *p, const char *folder, const char *file, const char **why)
{
    char path[1024], name[64];
    struct ogg_sound sound;
    uint8_t *data = NULL;
    size_t n = 0;
    int err;

    *why = "cannot be read";
    snprintf(path, sizeof path, "%s/%s", folder, file);
    if (!tl_str_put(name, sizeof name, (struct tl_str){file, strlen(file) - strlen(".opus")}))
        return -ENAMETOOLONG;
    err = read_file(path, &data, &n);
    if (!err)
        err = ogg_read(&sound, data, n, why);
    tl_free(data);
    if (err)
        return err;
    err = table_add_sound(&p->table, name, &sound);
    if (err) {
        *why = "too many sounds";
        ogg_done(&sound);
    }
    return err;
}

int plane_load_sounds(struct plane *p, const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int loaded = 0;

    if (!dir)
        return -errno;
    while ((entry = readdir(dir))) {
        size_t n = strlen(entry->d_name);
        const char *why;

        if (n <= 5 || strcmp(entry->d_name + n - 5, ".opus") != 0)
            continue;
        if (load_sound(p, folder, entry->d_name, &why))
            fprintf(stderr, "%s/%s: %s\n", folder, entry->d_name, why);
        else
            loaded++;
    }
    closedir(dir);
    return loaded;
}
