#include "rules_file.h"

#include <tl_str.h>

#define DAY TL_HOUR(24)

static const char *const top_keys[] = {
    "deadlines", "threads", "dispositions", "not_ready_reasons", "survey", "idle", NULL};
static const char *const deadline_keys[] = {"setup",   "longest_wait", "media", "longest_talk",
                                            "wrap_up", "grace",        NULL};
static const char *const thread_keys[] = {"look_back", NULL};
static const char *const idle_keys[] = {"customer", "warning", "question", "goodbye", NULL};
static const char *const survey_keys[] = {"question", NULL};
static const char *const reason_keys[] = {"id", "label", NULL};

static int read_deadlines(struct rules *r, const struct tl_yaml_node *n, struct tl_buf *why)
{
    int err = 0;

    err |= tl_yaml_known_keys(n, deadline_keys, why);
    err |= tl_yaml_read_dur(n, "setup", r->setup_max, TL_SEC(5), TL_MIN(10), &r->setup_max, why);
    err |= tl_yaml_read_dur(n, "longest_wait", r->wait_max, TL_SEC(10), DAY, &r->wait_max, why);
    err |= tl_yaml_read_dur(n, "media", r->media_max, TL_SEC(5), TL_MIN(10), &r->media_max, why);
    err |= tl_yaml_read_dur(n, "longest_talk", r->talk_max, TL_MIN(1), DAY, &r->talk_max, why);
    err |= tl_yaml_read_dur(n, "wrap_up", r->wrap_up_max, TL_SEC(1), DAY, &r->wrap_up_max, why);
    err |= tl_yaml_read_dur(n, "grace", r->grace, TL_SEC(1), TL_MIN(1), &r->grace, why);
    return err ? -EINVAL : 0;
}

/** A text that people read. */
static int read_words(const struct tl_yaml_node *n, const char *key, char *dst, size_t size,
                      struct tl_buf *why)
{
    const char *text;
    int err = tl_yaml_read_text(n, key, dst, &text, why);

    if (!err && !tl_str_put(dst, size, tl_str(text)))
        err = tl_yaml_complain(n, key, why, "is longer than %zu bytes", size - 1);
    return err;
}

static int read_idle(struct rules *r, const struct tl_yaml_node *n, struct tl_buf *why)
{
    int err = tl_yaml_known_keys(n, idle_keys, why);

    err |= tl_yaml_read_dur(n, "customer", r->idle_max, TL_SEC(10), DAY, &r->idle_max, why);
    err |= tl_yaml_read_dur(n, "warning", r->idle_warning, 0, DAY, &r->idle_warning, why);
    err |= read_words(n, "question", r->idle_question, sizeof r->idle_question, why);
    err |= read_words(n, "goodbye", r->idle_goodbye, sizeof r->idle_goodbye, why);
    if (!err && r->idle_warning >= r->idle_max)
        err = tl_yaml_complain(n, "warning", why, "must be shorter than customer");
    return err ? -EINVAL : 0;
}

static int read_dispositions(struct rules *r, const struct tl_yaml_node *root, struct tl_buf *why)
{
    const struct tl_yaml_node *n = tl_yaml_get(root, "dispositions");

    if (!tl_yaml_is_seq(n) || !tl_yaml_count(n))
        return tl_yaml_complain(n ? n : root, "dispositions", why, "must be a list of names");
    r->n_dispositions = 0;
    for (size_t i = 0; i < tl_yaml_count(n); i++) {
        const char *text = tl_yaml_text(tl_yaml_item(n, i));

        if (!text || !*text || i >= RULES_DISPOSITIONS_MAX ||
            !tl_str_put(r->dispositions[i], sizeof r->dispositions[i], tl_str(text)))
            return tl_yaml_complain(tl_yaml_item(n, i), "dispositions", why,
                                    "must be at most %d names of 1 to 39 bytes",
                                    RULES_DISPOSITIONS_MAX);
        if (rules_knows(r, text))
            return tl_yaml_complain(tl_yaml_item(n, i), "dispositions", why, "is there twice");
        r->n_dispositions++;
    }
    return 0;
}

/** The gateway shows them; here they are only checked. */
static int check_reasons(const struct tl_yaml_node *root, struct tl_buf *why)
{
    const struct tl_yaml_node *n = tl_yaml_get(root, "not_ready_reasons");
    const char *text;
    int err = 0;

    if (n && !tl_yaml_is_seq(n))
        return tl_yaml_complain(n, "not_ready_reasons", why, "must be a list");
    for (size_t i = 0; i < tl_yaml_count(n); i++) {
        const struct tl_yaml_node *item = tl_yaml_item(n, i);

        if (!tl_yaml_is_map(item)) {
            err |= tl_yaml_complain(item, "not_ready_reasons", why, "must have id and label");
            continue;
        }
        err |= tl_yaml_known_keys(item, reason_keys, why);
        err |= tl_yaml_read_text(item, "id", NULL, &text, why);
        err |= tl_yaml_read_text(item, "label", NULL, &text, why);
    }
    return err ? -EINVAL : 0;
}

static int read_rules(struct rules *r, const struct tl_yaml_node *root, struct tl_buf *why)
{
    const struct tl_yaml_node *n;
    int err = 0;

    if (!tl_yaml_is_map(root))
        return tl_yaml_complain(root, "", why, "must be a mapping");
    err |= tl_yaml_known_keys(root, top_keys, why);
    n = tl_yaml_get(root, "deadlines");
    if (n)
        err |= read_deadlines(r, n, why);
    n = tl_yaml_get(root, "threads");
    if (n) {
        err |= tl_yaml_known_keys(n, thread_keys, why);
        err |=
            tl_yaml_read_dur(n, "look_back", r->look_back, TL_MIN(1), 90 * DAY, &r->look_back, why);
    }
    n = tl_yaml_get(root, "idle");
    if (n)
        err |= read_idle(r, n, why);
    n = tl_yaml_get(root, "survey");
    if (n) {
        err |= tl_yaml_known_keys(n, survey_keys, why);
        err |= read_words(n, "question", r->survey_question, sizeof r->survey_question, why);
    }
    err |= read_dispositions(r, root, why);
    err |= check_reasons(root, why);
    return err ? -EINVAL : 0;
}

static int take(struct rules *ret, struct tl_yaml *y, struct tl_buf *why)
{
    struct rules r;
    int err;

    rules_default(&r);
    err = read_rules(&r, tl_yaml_root(y), why);
    if (!err)
        *ret = r;
    tl_yaml_free(y);
    return err;
}

int rules_load(struct rules *ret, const char *path, struct tl_buf *why)
{
    struct tl_yaml *y = NULL;
    int err = tl_yaml_load(&y, path, why);

    return err ? err : take(ret, y, why);
}

int rules_parse(struct rules *ret, struct tl_str text, const char *name, struct tl_buf *why)
{
    struct tl_yaml *y = NULL;
    int err = tl_yaml_parse(&y, text, name, why);

    return err ? err : take(ret, y, why);
}
