/* The tree behind tl_yaml.h: parse.c builds it, read.c asks it. */
#ifndef KIT_YAML_H
#define KIT_YAML_H

#include <tl_yaml.h>

struct tl_yaml_node {
    const struct tl_yaml *doc;
    enum { NODE_SCALAR, NODE_MAP, NODE_SEQ } kind;
    int line;
    char *text; /* scalar */
    size_t n, cap;
    char **keys;                 /* map */
    struct tl_yaml_node **items; /* map, sequence */
};

struct tl_yaml {
    struct tl_yaml_node *root;
    char *name;
    char hash[13];
    size_t n_nodes;
};

#endif
