/**
 * @file tl_yaml.h  Business rules in YAML: a tree that knows its line numbers, and readers that
 * complain as "file:line: key: reason".  At most 1 MiB, depth 16, 100 000 nodes; no aliases, no
 * duplicate keys.
 */
#ifndef TL_YAML_H
#define TL_YAML_H

#include <tl_buf.h>

struct tl_yaml;      /**< a document */
struct tl_yaml_node; /**< a mapping, a sequence or a scalar inside it */

/** Reads a file.  0; -ENOMEM; with the complaint in why: -EINVAL, or why it cannot be read
 * (-ENOENT, -EACCES, -EISDIR ...). */
int tl_yaml_load(struct tl_yaml **ret, const char *path, struct tl_buf *why);
/** The same from memory; name stands for the file in complaints. */
int tl_yaml_parse(struct tl_yaml **ret, struct tl_str text, const char *name, struct tl_buf *why);
struct tl_yaml *tl_yaml_free(struct tl_yaml *y);
const struct tl_yaml_node *tl_yaml_root(const struct tl_yaml *y);
/** SHA-256 of the text, first 12 hex digits: names this version of the rules. */
const char *tl_yaml_hash(const struct tl_yaml *y);

bool tl_yaml_is_map(const struct tl_yaml_node *n);
bool tl_yaml_is_seq(const struct tl_yaml_node *n);
/** Terminated text of a scalar; NULL for others. */
const char *tl_yaml_text(const struct tl_yaml_node *n);
int tl_yaml_line(const struct tl_yaml_node *n);
/** Items of a sequence or pairs of a mapping; NULL is an empty sequence. */
size_t tl_yaml_count(const struct tl_yaml_node *n);
const struct tl_yaml_node *tl_yaml_item(const struct tl_yaml_node *n, size_t i);
/** Key text of pair i of a mapping (its value is tl_yaml_item). */
const char *tl_yaml_key(const struct tl_yaml_node *n, size_t i);
/** Value of a key; NULL if absent. */
const struct tl_yaml_node *tl_yaml_get(const struct tl_yaml_node *map, const char *key);

/* Readers: 0 or -EINVAL with the complaint added to why.  A missing key gives the default when def
 * is non-NULL / in range, else it is a complaint. */
int tl_yaml_read_text(const struct tl_yaml_node *map, const char *key, const char *def,
                      const char **ret, struct tl_buf *why);
int tl_yaml_read_int(const struct tl_yaml_node *map, const char *key, int64_t def, int64_t min,
                     int64_t max, int64_t *ret, struct tl_buf *why);
int tl_yaml_read_bool(const struct tl_yaml_node *map, const char *key, bool def, bool *ret,
                      struct tl_buf *why);
/** Lengths of time: "20s", "5m", "1h30m", "250ms". */
int tl_yaml_read_dur(const struct tl_yaml_node *map, const char *key, tl_dur def, tl_dur min,
                     tl_dur max, tl_dur *ret, struct tl_buf *why);
/** Such a length of time in a text; -EINVAL: it is none. */
int tl_yaml_dur(const char *text, tl_dur *ret);
/** Complains of each key of the mapping that is not in the NULL-terminated list. */
int tl_yaml_known_keys(const struct tl_yaml_node *map, const char *const *keys, struct tl_buf *why);
/** "file:line: key: reason\n" */
int tl_yaml_complain(const struct tl_yaml_node *n, const char *key, struct tl_buf *why,
                     const char *fmt, ...) TL_PRINTF(4, 5);

#endif
