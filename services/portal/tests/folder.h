/** @file folder.h  A small built site in a temporary folder, for the tests. */
#ifndef PORTAL_TEST_FOLDER_H
#define PORTAL_TEST_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PACKED "\x1f\x8b packed by somebody"

static char root[64];

static inline void put(const char *name, const char *text)
{
    char path[160];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", root, name);
    f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static inline void make_folder(const char *name)
{
    char path[160];

    snprintf(path, sizeof(path), "%s/%s", root, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static inline void make_site(void)
{
    strcpy(root, "/tmp/tl-portal-XXXXXX");
    assert_non_null(mkdtemp(root));
    make_folder("shop");
    make_folder("assets");
    put("index.html", "<h1>Start</h1>");
    put("404.html", "<h1>Nothing is here</h1>");
    put("shop/product.html", "<h1>A tent</h1>");
    put("assets/app-12.js", "export const a = 1;");
    put("assets/app-12.js.gz", PACKED);
    put("assets/odd.js.gz", PACKED);
    put(".hidden", "secret");
}

static inline void drop_site(void)
{
    char command[96];

    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    assert_int_equal(system(command), 0);
}

#endif
