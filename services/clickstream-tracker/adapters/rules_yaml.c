/* Reads every rule even after a complaint, so that one run shows all that is wrong. */
#include "rules_yaml.h"

#include <tl_mem.h>
#include <tl_yaml.h>

static const char *const top_keys[] = {"version", "invitations", NULL};
static const char *const rule_keys[] = {"id",       "rule", "title",     "text",
                                        "channels", "when", "cool_down", NULL};
static const char *const when_keys[] = {
    "section",      "tier",      "basket_min_minor",  "currency", "time_on_page",
    "time_on_site", "pages_min", "expected_wait_max", NULL};
static const char *const channel_names[] = {"video", "voice", "chat", NULL};

static int read_id(const struct tl_yaml_node *map, const char *key, const char *def,
                   struct tl_id *ret, struct tl_buf *why)
{
    const char *text;
    int err = tl_yaml_read_text(map, key, def, &text, why);

    if (!err && tl_id_parse(ret, tl_str(text)))
        err = tl_yaml_complain(map, key, why, "must be letters, digits, \"-_.\", at most 39");
    return err;
}

static int read_line(const struct tl_yaml_node *map, const char *key, char *ret, size_t size,
                     struct tl_buf *why)
{
    const char *text;
    int err = tl_yaml_read_text(map, key, NULL, &text, why);

    if (!err && !tl_str_put(ret, size, tl_str(text)))
        err = tl_yaml_complain(map, key, why, "longer than %zu bytes", size - 1);
    return err;
}

/* A word, or a list of words. */
static int read_words(const struct tl_yaml_node *map, const char *key, struct tl_id *ret,
                      size_t *ret_n, struct tl_buf *why)
{
    const struct tl_yaml_node *node = tl_yaml_get(map, key);
    size_t n = tl_yaml_is_seq(node) ? tl_yaml_count(node) : node ? 1 : 0;

    if (n > CLICKSTREAM_WORDS_MAX)
        return tl_yaml_complain(node, key, why, "more than %d words", CLICKSTREAM_WORDS_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct tl_yaml_node *word = tl_yaml_is_seq(node) ? tl_yaml_item(node, i) : node;
        const char *text = tl_yaml_text(word);

        if (!text || tl_id_parse(&ret[i], tl_str(text)))
            return tl_yaml_complain(word, key, why, "must be a word, or a list of words");
    }
    *ret_n = n;
    return 0;
}

static bool known_channel(const char *name)
{
    for (size_t i = 0; channel_names[i]; i++)
        if (strcmp(channel_names[i], name) == 0)
            return true;
    return false;
}

/* channels: {video: orders, chat: orders}: what is offered, and the queue that answers it. */
static int read_channels(const struct tl_yaml_node *rule, struct clickstream_rule *r,
                         struct tl_buf *why)
{
    const struct tl_yaml_node *map = tl_yaml_get(rule, "channels");
    int err = 0;

    if (!map || !tl_yaml_is_map(map) || !tl_yaml_count(map))
        return tl_yaml_complain(map ? map : rule, "channels", why,
                                "must map at least one channel to the queue that answers it");
    if (tl_yaml_count(map) > CLICKSTREAM_CHANNELS_MAX)
        return tl_yaml_complain(map, "channels", why, "more than %d", CLICKSTREAM_CHANNELS_MAX);
    for (size_t i = 0; i < tl_yaml_count(map); i++) {
        const char *name = tl_yaml_key(map, i), *queue = tl_yaml_text(tl_yaml_item(map, i));
        struct clickstream_channel *c = &r->channels[r->n_channels];

        if (!known_channel(name))
            err = tl_yaml_complain(map, name, why, "must be video, voice or chat");
        else if (!queue || tl_id_parse(&c->queue, tl_str(queue)))
            err = tl_yaml_complain(map, name, why, "must name a queue");
        else {
            tl_str_put(c->name, sizeof(c->name), tl_str(name));
            r->n_channels++;
        }
    }
    return err;
}

static int first_of(int a, int b)
{
    return a ? a : b;
}

static int read_when(const struct tl_yaml_node *rule, struct clickstream_rule *r,
                     struct tl_buf *why)
{
    const struct tl_yaml_node *when = tl_yaml_get(rule, "when");
    const char *currency = "";
    int err;

    if (!when || !tl_yaml_is_map(when))
        return tl_yaml_complain(when ? when : rule, "when", why, "must be a mapping of conditions");
    err = tl_yaml_known_keys(when, when_keys, why);
    err = first_of(err, read_words(when, "section", r->sections, &r->n_sections, why));
    err = first_of(err, read_words(when, "tier", r->tiers, &r->n_tiers, why));
    err = first_of(err, tl_yaml_read_int(when, "basket_min_minor", 0, 0, INT64_C(1) << 53,
                                         &r->basket_min_minor, why));
    err = first_of(err, tl_yaml_read_text(when, "currency", "", &currency, why));
    if (!tl_str_put(r->currency, sizeof(r->currency), tl_str(currency)))
        err = tl_yaml_complain(when, "currency", why, "must be three letters");
    err = first_of(
        err, tl_yaml_read_dur(when, "time_on_page", 0, 0, TL_HOUR(12), &r->time_on_page, why));
    err = first_of(
        err, tl_yaml_read_dur(when, "time_on_site", 0, 0, TL_HOUR(12), &r->time_on_site, why));
    err = first_of(err, tl_yaml_read_int(when, "pages_min", 0, 0, 1000, &r->pages_min, why));
    r->expected_wait_max = -1;
    if (tl_yaml_get(when, "expected_wait_max"))
        err = first_of(err, tl_yaml_read_dur(when, "expected_wait_max", 0, 0, TL_HOUR(12),
                                             &r->expected_wait_max, why));
    return err;
}

static int read_rule(const struct tl_yaml_node *node, struct clickstream_rule *r,
                     struct tl_buf *why)
{
    int err;

    if (!tl_yaml_is_map(node))
        return tl_yaml_complain(node, "invitations", why, "each must be a mapping");
    err = tl_yaml_known_keys(node, rule_keys, why);
    err = first_of(err, read_id(node, "id", NULL, &r->id, why));
    err = first_of(err, read_id(node, "rule", r->id.s[0] ? r->id.s : "rule", &r->name, why));
    err = first_of(err, read_line(node, "title", r->title, sizeof(r->title), why));
    err = first_of(err, read_line(node, "text", r->text, sizeof(r->text), why));
    err = first_of(err, read_channels(node, r, why));
    err = first_of(err, read_when(node, r, why));
    return first_of(
        err, tl_yaml_read_dur(node, "cool_down", 0, 0, TL_HOUR(24 * 30), &r->cool_down, why));
}

static int read_rules(const struct tl_yaml *y, struct clickstream_rules *rules, struct tl_buf *why)
{
    const struct tl_yaml_node *root = tl_yaml_root(y), *list = tl_yaml_get(root, "invitations");
    int64_t version;
    int err = tl_yaml_known_keys(root, top_keys, why);

    err = first_of(err, tl_yaml_read_int(root, "version", 1, 1, 1, &version, why));
    if (list && !tl_yaml_is_seq(list))
        return tl_yaml_complain(list, "invitations", why, "must be a list");
    if (tl_yaml_count(list) > CLICKSTREAM_RULES_MAX)
        return tl_yaml_complain(list, "invitations", why, "more than %d", CLICKSTREAM_RULES_MAX);
    for (size_t i = 0; i < tl_yaml_count(list); i++) {
        const struct tl_yaml_node *node = tl_yaml_item(list, i);

        err = first_of(err, read_rule(node, &rules->rule[i], why));
        for (size_t k = 0; k < i; k++)
            if (tl_id_eq(&rules->rule[k].id, &rules->rule[i].id))
                err = tl_yaml_complain(node, "id", why, "is used twice");
        rules->n = i + 1;
    }
    tl_str_put(rules->hash, sizeof(rules->hash), tl_str(tl_yaml_hash(y)));
    return err;
}

static int compile(struct clickstream_rules **ret, struct tl_yaml *y, struct tl_buf *why)
{
    struct clickstream_rules *rules = tl_alloc(1, sizeof(*rules));
    int err = rules ? read_rules(y, rules, why) : -ENOMEM;

    tl_yaml_free(y);
    if (err) {
        tl_free(rules);
        return err;
    }
    *ret = rules;
    return 0;
}

int clickstream_rules_load(struct clickstream_rules **ret, const char *path, struct tl_buf *why)
{
    struct tl_yaml *y = NULL;
    int err = tl_yaml_load(&y, path, why);

    return err ? err : compile(ret, y, why);
}

int clickstream_rules_parse(struct clickstream_rules **ret, struct tl_str text, const char *name,
                            struct tl_buf *why)
{
    struct tl_yaml *y = NULL;
    int err = tl_yaml_parse(&y, text, name, why);

    return err ? err : compile(ret, y, why);
}
