/*
 * Two small YAML files and a file of password hashes.  The YAML trees stay, because the choices
 * borrow their texts.
 */
#include "adapters/agents.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <tl_mem.h>
#include <tl_yaml.h>

struct agents {
    struct agents_agent *rows;
    size_t n;
    struct tl_yaml *choices_yaml;
    const char **texts; /* reason ids, reason labels, dispositions */
    struct wire_choices choices;
};

struct agents *agents_free(struct agents *a)
{
    if (!a)
        return NULL;
    tl_yaml_free(a->choices_yaml);
    tl_free(a->texts);
    tl_free(a->rows);
    return tl_free(a);
}

static struct agents_agent *find(const struct agents *a, struct tl_str id)
{
    for (size_t i = 0; i < a->n; i++)
        if (tl_str_eq(id, tl_id_str(&a->rows[i].id)))
            return &a->rows[i];
    return NULL;
}

const struct agents_agent *agents_find(const struct agents *a, struct tl_str id)
{
    return find(a, id);
}

const struct wire_choices *agents_choices(const struct agents *a)
{
    return &a->choices;
}

static int read_agent(struct agents *a, const struct tl_yaml_node *n, struct tl_buf *why)
{
    static const char *const keys[] = {"id", "display_name", "role", "password_hash", NULL};
    struct agents_agent row = {0};
    const char *id, *name, *role, *hash;

    if (!tl_yaml_is_map(n))
        return tl_yaml_complain(n, "agents", why, "must be a mapping");
    if (tl_yaml_known_keys(n, keys, why) || tl_yaml_read_text(n, "id", NULL, &id, why) ||
        tl_yaml_read_text(n, "display_name", NULL, &name, why) ||
        tl_yaml_read_text(n, "role", "agent", &role, why) ||
        tl_yaml_read_text(n, "password_hash", "", &hash, why))
        return -EINVAL;
    row.role = role_parse(tl_str(role));
    if (tl_id_parse(&row.id, tl_str(id)))
        return tl_yaml_complain(n, "id", why, "must be 1 to 39 letters, digits, - _ .");
    if (find(a, tl_str(id)))
        return tl_yaml_complain(n, "id", why, "\"%s\" is there twice", id);
    if (row.role != ROLE_AGENT && row.role != ROLE_SUPERVISOR)
        return tl_yaml_complain(n, "role", why, "must be agent or supervisor");
    if (!name[0] || !tl_str_put(row.name, sizeof(row.name), tl_str(name)))
        return tl_yaml_complain(n, "display_name", why, "must be 1 to 79 bytes");
    if (!tl_str_put(row.hash, sizeof(row.hash), tl_str(hash)))
        return tl_yaml_complain(n, "password_hash", why, "is too long");
    a->rows[a->n++] = row;
    return 0;
}

static int read_agents(struct agents *a, const char *dir, struct tl_buf *why)
{
    static const char *const keys[] = {"agents", NULL};
    const struct tl_yaml_node *list;
    struct tl_yaml *y = NULL;
    char path[512];
    int err;

    snprintf(path, sizeof(path), "%s/agents.yaml", dir);
    err = tl_yaml_load(&y, path, why);
    if (err)
        return err;
    err = tl_yaml_known_keys(tl_yaml_root(y), keys, why);
    list = tl_yaml_get(tl_yaml_root(y), "agents");
    if (!err && !tl_yaml_is_seq(list))
        err = tl_yaml_complain(tl_yaml_root(y), "agents", why, "must be a list");
    if (!err) {
        a->rows = tl_alloc(tl_yaml_count(list) + 1, sizeof(*a->rows));
        err = a->rows ? 0 : -ENOMEM;
    }
    for (size_t i = 0; !err && i < tl_yaml_count(list); i++)
        err = read_agent(a, tl_yaml_item(list, i), why);
    tl_yaml_free(y);
    return err;
}

static int read_reason(const struct tl_yaml_node *n, const char **ret_id, const char **ret_label,
                       struct tl_buf *why)
{
    if (!tl_yaml_is_map(n))
        return tl_yaml_complain(n, "not_ready_reasons", why, "must be mappings of id and label");
    if (tl_yaml_read_text(n, "id", NULL, ret_id, why) ||
        tl_yaml_read_text(n, "label", NULL, ret_label, why))
        return -EINVAL;
    return 0;
}

/* Only our two keys: the file is conversation's, which checks the rest. */
static int read_choices(struct agents *a, const char *dir, struct tl_buf *why)
{
    const struct tl_yaml_node *root, *reasons, *dispositions;
    size_t n, m;
    char path[512];
    int err;

    snprintf(path, sizeof(path), "%s/conversation.yaml", dir);
    err = tl_yaml_load(&a->choices_yaml, path, why);
    if (err == -ENOENT) {
        tl_buf_clear(why);
        return 0;
    }
    if (err)
        return err;
    root = tl_yaml_root(a->choices_yaml);
    reasons = tl_yaml_get(root, "not_ready_reasons");
    dispositions = tl_yaml_get(root, "dispositions");
    n = reasons ? tl_yaml_count(reasons) : 0;
    m = dispositions ? tl_yaml_count(dispositions) : 0;
    a->texts = tl_alloc(2 * n + m + 1, sizeof(*a->texts));
    if (!a->texts)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        err = read_reason(tl_yaml_item(reasons, i), &a->texts[i], &a->texts[n + i], why);
        if (err)
            return err;
    }
    for (size_t i = 0; i < m; i++) {
        a->texts[2 * n + i] = tl_yaml_text(tl_yaml_item(dispositions, i));
        if (!a->texts[2 * n + i])
            return tl_yaml_complain(dispositions, "dispositions", why, "must be texts");
    }
    a->choices = (struct wire_choices){.reason_ids = a->texts,
                                       .reason_labels = a->texts + n,
                                       .n_reasons = n,
                                       .dispositions = a->texts + 2 * n,
                                       .n_dispositions = m};
    return 0;
}

static int read_passwords(struct agents *a, const char *path, struct tl_buf *why)
{
    struct stat st;
    char line[512];
    int number = 0, err = 0;
    FILE *f = fopen(path, "re");

    if (!f || fstat(fileno(f), &st)) {
        err = -errno;
        (void)tl_buf_printf(why, "%s: cannot be read: %s\n", path, strerror(-err));
    } else if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        err = -EACCES;
        (void)tl_buf_printf(why, "%s: others can read it; chmod 600\n", path);
    }
    while (!err && fgets(line, sizeof(line), f)) {
        struct tl_str rest = tl_str_trim(tl_str(line)), user;
        struct agents_agent *row;

        number++;
        if (rest.n == 0 || rest.s[0] == '#')
            continue;
        if (!tl_str_split(&rest, ':', &user) || rest.n == 0 || rest.n >= sizeof(row->hash)) {
            (void)tl_buf_printf(why, "%s:%d: must be user:hash\n", path, number);
            err = -EINVAL;
            break;
        }
        row = find(a, user);
        if (row) /* somebody who is no agent any more may stay in the file */
            tl_str_put(row->hash, sizeof(row->hash), rest);
    }
    if (f)
        fclose(f);
    return err;
}

int agents_load(struct agents **ret, const char *dir, const char *passwords, struct tl_buf *why)
{
    struct agents *a = tl_alloc(1, sizeof(*a));
    int err = a ? 0 : -ENOMEM;

    if (!err)
        err = read_agents(a, dir, why);
    if (!err)
        err = read_choices(a, dir, why);
    if (!err && passwords && passwords[0])
        err = read_passwords(a, passwords, why);
    if (err) {
        agents_free(a);
        return err;
    }
    *ret = a;
    return 0;
}
