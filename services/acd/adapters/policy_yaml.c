/* From a YAML tree to plain arrays: names become indexes here, once, with the line of each mistake.
 * This file has what concerns everybody; queues and people have their own.
 */
#include "policy_in.h"
#include "zone.h"
#include <string.h>
#include <tl_mem.h>

static const char *const load_names[ACD_LOADS] = {"live", "chat", "email", "callback"};

int policy_complain(const struct tl_yaml_node *n, const char *key, struct tl_buf *why,
                    const char *reason)
{
    return tl_yaml_complain(n, key, why, "%s", reason);
}

/* Index of a word in a list of them, or -1. */
int policy_word(const char *word, const char *const *list, int n)
{
    for (int i = 0; i < n; i++)
        if (word && strcmp(word, list[i]) == 0)
            return i;
    return -1;
}

int policy_read_choice(const struct tl_yaml_node *map, const char *key, const char *const *list,
                       int n, int *ret, struct tl_buf *why)
{
    const char *word = list[0];
    int err = tl_yaml_read_text(map, key, list[0], &word, why);

    if (err)
        return err;
    *ret = policy_word(word, list, n);
    return *ret < 0 ? policy_complain(tl_yaml_get(map, key), key, why, "unknown word") : 0;
}

int policy_read_id(const struct tl_yaml_node *map, const char *key, struct tl_id *ret,
                   struct tl_buf *why)
{
    const char *text = NULL;
    int err = tl_yaml_read_text(map, key, NULL, &text, why);

    if (err)
        return err;
    if (tl_id_parse(ret, tl_str(text)))
        return policy_complain(tl_yaml_get(map, key), key, why,
                               "must be 1 to 39 letters, digits, '-', '_' or '.'");
    return 0;
}

uint32_t policy_find_skill(const struct policy_file *p, const char *name)
{
    for (uint32_t i = 0; i < p->policy.n_skills; i++)
        if (name && strcmp(p->skills[i].s, name) == 0)
            return i;
    return UINT32_MAX;
}

uint32_t policy_find_queue(const struct policy_file *p, const char *name)
{
    for (uint32_t i = 0; i < p->policy.n_queues; i++)
        if (name && strcmp(p->queues[i].name.s, name) == 0)
            return i;
    return UINT32_MAX;
}

/* ---- capacity and interruptions ---- */

int policy_read_capacity(const struct tl_yaml_node *map, uint8_t capacity[ACD_LOADS],
                         struct tl_buf *why)
{
    static const char *const keys[] = {"live", "chat", "email", "callback", NULL};
    int err = map ? tl_yaml_known_keys(map, keys, why) : 0;

    for (int l = 0; map && l < ACD_LOADS; l++) {
        int64_t n = capacity[l];
        if (tl_yaml_read_int(map, load_names[l], n, 0, ACD_CAPACITY_MAX, &n, why))
            err = -EINVAL;
        capacity[l] = (uint8_t)n;
    }
    return err;
}

static int read_interruptions(struct policy_file *p, const struct tl_yaml_node *map,
                              struct tl_buf *why)
{
    int err = 0;

    for (size_t i = 0; i < tl_yaml_count(map); i++) {
        const struct tl_yaml_node *list = tl_yaml_item(map, i);
        int has = policy_word(tl_yaml_key(map, i), load_names, ACD_LOADS);
        if (has < 0 || !tl_yaml_is_seq(list)) {
            err = policy_complain(list, tl_yaml_key(map, i), why,
                                  "must be a load with a list of loads");
            continue;
        }
        for (size_t k = 0; k < tl_yaml_count(list); k++) {
            int comes = policy_word(tl_yaml_text(tl_yaml_item(list, k)), load_names, ACD_LOADS);
            if (comes < 0)
                err = policy_complain(tl_yaml_item(list, k), "interruptions", why, "unknown load");
            else
                p->policy.yields[has][comes] = true;
        }
    }
    return err;
}

/* ---- the file ---- */

static int read_all(struct policy_file *p, const struct tl_yaml_node *root, struct tl_buf *why)
{
    static const char *const keys[] = {"version",   "partition",     "choose_contact", "fair",
                                       "ageing",    "retry_refused", "lease",          "rona_limit",
                                       "calendars", "capacity",      "interruptions",  "skills",
                                       "queues",    "teams",         "agents",         "look_back",
                                       NULL};
    static const char *const choose[] = {"priority", "ageing", "sla"};
    struct acd_policy *pol = &p->policy;
    int64_t version = 1, rona = 1;
    int choice = 0, err = 0;

    if (!tl_yaml_is_map(root))
        return policy_complain(root, "version", why, "the file must be a mapping");
    err |= tl_yaml_known_keys(root, keys, why);
    err |= tl_yaml_read_int(root, "version", 1, 1, 1, &version, why);
    err |= tl_yaml_read_text(root, "partition", "p0", &p->partition, why);
    err |= policy_read_choice(root, "choose_contact", choose, 3, &choice, why);
    err |= tl_yaml_read_bool(root, "fair", false, &pol->fair, why);
    err |= tl_yaml_read_dur(root, "ageing", TL_SEC(30), TL_SEC(1), TL_HOUR(1), &pol->ageing, why);
    err |= tl_yaml_read_dur(root, "retry_refused", TL_SEC(20), TL_SEC(1), TL_HOUR(1),
                            &pol->retry_refused, why);
    err |= tl_yaml_read_dur(root, "look_back", 0, 0, TL_HOUR(24 * 90), &pol->look_back, why);
    err |= tl_yaml_read_dur(root, "lease", TL_SEC(20), TL_SEC(3), TL_MIN(10), &pol->lease, why);
    err |= tl_yaml_read_int(root, "rona_limit", 1, 1, 100, &rona, why);
    err |= policy_read_capacity(tl_yaml_get(root, "capacity"), p->capacity, why);
    err |= read_interruptions(p, tl_yaml_get(root, "interruptions"), why);
    err |= policy_read_skills(p, tl_yaml_get(root, "skills"), why);
    err |= policy_read_calendars(p, tl_yaml_get(root, "calendars"), why);
    if (err)
        return err == -ENOMEM ? err : -EINVAL;
    pol->contact_choice = (enum acd_contact_choice)choice;
    pol->rona_limit = (uint8_t)rona;
    err = policy_read_queues(p, tl_yaml_get(root, "queues"), why);
    if (!err)
        err = policy_read_agents(p, tl_yaml_get(root, "agents"), tl_yaml_get(root, "teams"), why);
    return err;
}

static int finish(struct policy_file **ret, struct tl_yaml *doc, struct tl_buf *why)
{
    struct policy_file *p = tl_alloc(1, sizeof(*p));
    int err;

    if (!p) {
        tl_yaml_free(doc);
        return -ENOMEM;
    }
    p->doc = doc;
    p->capacity[ACD_LOAD_LIVE] = p->capacity[ACD_LOAD_EMAIL] = p->capacity[ACD_LOAD_CALLBACK] = 1;
    p->capacity[ACD_LOAD_CHAT] = 4;
    err = read_all(p, tl_yaml_root(doc), why);
    if (err) {
        policy_free(p);
        return err;
    }
    (void)tl_str_put(p->policy.hash, sizeof(p->policy.hash), tl_str(tl_yaml_hash(doc)));
    *ret = p;
    return 0;
}

int policy_load(struct policy_file **ret, const char *path, struct tl_buf *why)
{
    struct tl_yaml *doc = NULL;
    int err = tl_yaml_load(&doc, path, why);

    return err ? err : finish(ret, doc, why);
}

int policy_parse(struct policy_file **ret, struct tl_str text, const char *name, struct tl_buf *why)
{
    struct tl_yaml *doc = NULL;
    int err = tl_yaml_parse(&doc, text, name, why);

    return err ? err : finish(ret, doc, why);
}

struct policy_file *policy_free(struct policy_file *p)
{
    if (!p)
        return NULL;
    for (uint32_t i = 0; p->agents && i < p->policy.n_agents; i++) {
        tl_free((void *)(uintptr_t)p->agents[i].skills);
        tl_free((void *)(uintptr_t)p->agents[i].queues);
    }
    for (uint32_t i = 0; i < p->n_calendars; i++)
        zone_free(p->calendars[i].zone);
    tl_free(p->calendars);
    tl_free(p->calendar_of);
    tl_free(p->agents);
    tl_free(p->queues);
    tl_free(p->skills);
    tl_yaml_free(p->doc);
    return tl_free(p);
}

const struct acd_policy *policy_of(const struct policy_file *p)
{
    return &p->policy;
}

const char *policy_partition(const struct policy_file *p)
{
    return p->partition;
}

int policy_open(const struct policy_file *p, uint32_t queue, int64_t utc_s)
{
    uint32_t at = p->calendar_of[queue];

    if (at == UINT32_MAX)
        return -1;
    return hours_open(&p->calendars[at].hours, utc_s + zone_ahead(p->calendars[at].zone, utc_s));
}

bool policy_has_hours(const struct policy_file *p)
{
    return p->n_calendars > 0;
}
