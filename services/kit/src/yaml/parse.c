/* From YAML events to a tree: bounded in size, depth and number; no aliases, no duplicate keys, one
 * document. */
#include "yaml.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <tl_mem.h>
#include <yaml.h>

#define TEXT_MAX  (1u << 20)
#define DEPTH_MAX 16
#define NODES_MAX 100000

struct reader {
    struct tl_yaml *doc;
    yaml_parser_t parser;
    yaml_event_t event;
    bool have_event;
    struct tl_buf *why;
};

static int read_node(struct reader *r, struct tl_yaml_node **ret, int depth);

static int complain_at(struct reader *r, int line, const char *reason)
{
    tl_buf_printf(r->why, "%s:%d: -: %s\n", r->doc->name, line, reason);
    return -EINVAL;
}

static int next(struct reader *r)
{
    if (r->have_event)
        yaml_event_delete(&r->event);
    r->have_event = yaml_parser_parse(&r->parser, &r->event) == 1;
    if (r->have_event)
        return 0;
    return complain_at(r, (int)r->parser.problem_mark.line + 1,
                       r->parser.problem ? r->parser.problem : "cannot be read");
}

static struct tl_yaml_node *node_free(struct tl_yaml_node *n)
{
    if (!n)
        return NULL;
    for (size_t i = 0; i < n->n; i++) {
        if (n->keys)
            tl_free(n->keys[i]);
        node_free(n->items[i]);
    }
    tl_free(n->text);
    tl_free(n->keys);
    tl_free(n->items);
    return tl_free(n);
}

/* Room for one more child. */
static int grow(struct tl_yaml_node *n)
{
    size_t cap = n->cap ? n->cap * 2 : 4;
    void *items, *keys;

    if (n->n < n->cap)
        return 0;
    items = tl_resize(n->items, cap, sizeof(*n->items));
    if (!items)
        return -ENOMEM;
    n->items = items;
    if (n->kind == NODE_MAP) {
        keys = tl_resize(n->keys, cap, sizeof(*n->keys));
        if (!keys)
            return -ENOMEM;
        n->keys = keys;
    }
    n->cap = cap;
    return 0;
}

static int read_pair(struct reader *r, struct tl_yaml_node *map, int depth)
{
    int line = (int)r->event.start_mark.line + 1, err;
    char *key;

    if (r->event.type != YAML_SCALAR_EVENT)
        return complain_at(r, line, "a key must be plain text");
    if (tl_yaml_get(map, (const char *)r->event.data.scalar.value)) {
        tl_buf_printf(r->why, "%s:%d: %s: given twice\n", r->doc->name, line,
                      (const char *)r->event.data.scalar.value);
        return -EINVAL;
    }
    err = grow(map);
    if (err)
        return err;
    key = tl_copy((const char *)r->event.data.scalar.value, r->event.data.scalar.length);
    if (!key)
        return -ENOMEM;
    map->keys[map->n] = key;
    map->items[map->n++] = NULL; /* owned from here on, also when its value is bad */
    err = next(r);
    return err ? err : read_node(r, &map->items[map->n - 1], depth + 1);
}

static int read_children(struct reader *r, struct tl_yaml_node *n, int depth)
{
    yaml_event_type_t end = n->kind == NODE_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    int err;

    for (;;) {
        err = next(r);
        if (err)
            return err;
        if (r->event.type == end)
            return 0;
        if (n->kind == NODE_MAP) {
            err = read_pair(r, n, depth);
        } else {
            err = grow(n);
            if (!err) {
                n->items[n->n++] = NULL;
                err = read_node(r, &n->items[n->n - 1], depth + 1);
            }
        }
        if (err)
            return err;
    }
}

/* The event that begins the node is in r->event. */
static int read_node(struct reader *r, struct tl_yaml_node **ret, int depth)
{
    int line = (int)r->event.start_mark.line + 1;
    struct tl_yaml_node *n;

    if (depth > DEPTH_MAX)
        return complain_at(r, line, "nested deeper than 16");
    if (++r->doc->n_nodes > NODES_MAX)
        return complain_at(r, line, "more than 100000 values");
    if (r->event.type == YAML_ALIAS_EVENT)
        return complain_at(r, line, "aliases are not allowed");
    n = tl_alloc(1, sizeof(*n));
    if (!n)
        return -ENOMEM;
    *ret = n;
    n->doc = r->doc;
    n->line = line;
    switch (r->event.type) {
    case YAML_SCALAR_EVENT:
        if (memchr(r->event.data.scalar.value, 0, r->event.data.scalar.length))
            return complain_at(r, line, "a NUL character");
        n->text = tl_copy((const char *)r->event.data.scalar.value, r->event.data.scalar.length);
        return n->text ? 0 : -ENOMEM;
    case YAML_MAPPING_START_EVENT: n->kind = NODE_MAP; return read_children(r, n, depth);
    case YAML_SEQUENCE_START_EVENT: n->kind = NODE_SEQ; return read_children(r, n, depth);
    default: return complain_at(r, line, "unexpected");
    }
}

static int read_document(struct reader *r)
{
    int err = next(r); /* stream start */

    if (!err)
        err = next(r);
    if (!err && r->event.type == YAML_STREAM_END_EVENT)
        return complain_at(r, 1, "the file is empty");
    if (!err)
        err = next(r); /* past document start */
    if (!err)
        err = read_node(r, &r->doc->root, 1);
    if (!err)
        err = next(r); /* document end */
    if (!err)
        err = next(r);
    if (!err && r->event.type != YAML_STREAM_END_EVENT)
        err = complain_at(r, (int)r->event.start_mark.line + 1, "more than one document");
    return err;
}

static void name_version(struct tl_yaml *y, struct tl_str text)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    EVP_Digest(text.s, text.n, digest, &n, EVP_sha256(), NULL);
    for (unsigned i = 0; i < 6 && i < n; i++)
        snprintf(y->hash + (size_t)i * 2, 3, "%02x", digest[i]);
}

int tl_yaml_parse(struct tl_yaml **ret, struct tl_str text, const char *name, struct tl_buf *why)
{
    struct reader r = {.why = why};
    int err = -ENOMEM;

    r.doc = tl_alloc(1, sizeof(*r.doc));
    if (!r.doc)
        return -ENOMEM;
    r.doc->name = tl_copy(name, strlen(name));
    if (!r.doc->name || !yaml_parser_initialize(&r.parser)) {
        tl_yaml_free(r.doc);
        return -ENOMEM;
    }
    if (text.n > TEXT_MAX) {
        err = complain_at(&r, 1, "larger than 1 MiB");
    } else {
        yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.s, text.n);
        err = read_document(&r);
    }
    if (r.have_event)
        yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    if (err) {
        tl_yaml_free(r.doc);
        return err;
    }
    name_version(r.doc, text);
    *ret = r.doc;
    return 0;
}

static int complain_of(struct tl_buf *why, const char *path, int err)
{
    tl_buf_printf(why, "%s:0: -: %s\n", path, strerror(-err));
    return err;
}

int tl_yaml_load(struct tl_yaml **ret, const char *path, struct tl_buf *why)
{
    struct tl_buf text = TL_BUF(TEXT_MAX + 1);
    FILE *f = fopen(path, "re");
    char chunk[4096];
    size_t n;
    int err;

    if (!f)
        return complain_of(why, path, -errno);
    while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0 && !text.err)
        tl_buf_add(&text, chunk, n);
    if (ferror(f))
        err = complain_of(why, path, -errno); /* a folder, say */
    else if (text.err == -EMSGSIZE)
        err = (tl_buf_printf(why, "%s:1: -: larger than 1 MiB\n", path), -EINVAL);
    else
        err = text.err ? text.err : tl_yaml_parse(ret, tl_buf_str(&text), path, why);
    fclose(f);
    tl_buf_done(&text);
    return err;
}

struct tl_yaml *tl_yaml_free(struct tl_yaml *y)
{
    if (y) {
        node_free(y->root);
        tl_free(y->name);
    }
    return tl_free(y);
}
