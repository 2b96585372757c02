/* From YAML to streams and shifts; see scenario.h. */
#include "scenario.h"
#include "textfile.h"
#include <adapters/policy_yaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <tl_mem.h>
#include <tl_yaml.h>

#define DAY        TL_HOUR(24)
#define MIDNIGHT   (DAY * 20000) /* some day; tl_time must be positive */
#define STREAMS    1000
#define STAFF_MOST 20000

static uint32_t find_queue(const struct acd_policy *p, const char *name)
{
    for (uint32_t i = 0; i < p->n_queues; i++)
        if (strcmp(p->queues[i].name.s, name) == 0)
            return i;
    return UINT32_MAX;
}

static uint32_t find_skill(const struct acd_policy *p, const char *name)
{
    for (uint32_t i = 0; i < p->n_skills; i++)
        if (strcmp(p->skills[i].s, name) == 0)
            return i;
    return UINT32_MAX;
}

static int read_dice(const struct tl_yaml_node *map, const char *key, const char *def,
                     bool may_be_never, struct dice *ret, struct tl_buf *why)
{
    const char *text = NULL;

    if (tl_yaml_read_text(map, key, def, &text, why))
        return -EINVAL;
    if (dice_parse(ret, tl_str(text)) || (ret->kind == DICE_NEVER && !may_be_never))
        return tl_yaml_complain(
            tl_yaml_get(map, key), key, why,
            "must be like exponential 180s, lognormal 180s 120s or always 60s%s",
            may_be_never ? ", or never" : "");
    return 0;
}

static int read_requires(const struct acd_policy *p, const struct tl_yaml_node *map,
                         struct floor_call *c, struct tl_buf *why)
{
    size_t n = tl_yaml_count(map);

    if (n > ACD_NEEDS_MAX)
        return tl_yaml_complain(map, "requires", why, "at most 8 skills");
    for (size_t i = 0; i < n; i++) {
        const char *name = tl_yaml_key(map, i);
        uint32_t skill = name ? find_skill(p, name) : UINT32_MAX;
        int64_t level = 1;
        if (skill == UINT32_MAX)
            return tl_yaml_complain(tl_yaml_item(map, i), "requires", why,
                                    "the rules have no such skill");
        if (tl_yaml_read_int(map, name, 0, 1, 5, &level, why))
            return -EINVAL;
        c->required[c->n_required++] = (struct acd_need){(uint16_t)skill, (uint8_t)level};
    }
    return 0;
}

static int read_channel(const struct tl_yaml_node *n, struct floor_call *c, struct tl_buf *why)
{
    static const char *const words[] = {
        [ACD_VIDEO] = "video", [ACD_VOICE] = "voice", [ACD_CHAT] = "chat",
        [ACD_PHONE] = "phone", [ACD_EMAIL] = "email", [ACD_CALLBACK] = "callback"};
    const char *word = NULL;

    if (tl_yaml_read_text(n, "channel", "voice", &word, why))
        return -EINVAL;
    for (unsigned i = 1; i < TL_LEN(words); i++)
        if (strcmp(word, words[i]) == 0) {
            c->channel = (enum acd_channel)i;
            return 0;
        }
    return tl_yaml_complain(tl_yaml_get(n, "channel"), "channel", why, "unknown word");
}

static int read_rate(const struct tl_yaml_node *n, struct traffic_stream *s, const char *path,
                     struct tl_buf *why)
{
    struct tl_buf file = TL_BUF(4096), text = TL_BUF(1024 * 1024);
    const char *curve = NULL;
    int64_t rate = 0;
    int err = -EINVAL;

    if (!tl_yaml_get(n, "curve")) {
        if (tl_yaml_read_int(n, "per_hour", 0, 1, 10000000, &rate, why))
            return -EINVAL;
        s->rows = tl_alloc(1, sizeof(*s->rows));
        if (!s->rows)
            return -ENOMEM;
        s->rows[0] = (struct traffic_row){0, (double)rate};
        s->n_rows = 1;
        return 0;
    }
    if (tl_yaml_get(n, "per_hour"))
        return tl_yaml_complain(n, "curve", why, "per_hour or curve, not both");
    if (!tl_yaml_read_text(n, "curve", NULL, &curve, why))
        err = textfile_beside(&file, path, curve);
    if (!err)
        err = textfile_read(&text, file.p, why);
    if (!err)
        err = traffic_curve(s, tl_buf_str(&text), file.p, why);
    tl_buf_done(&file);
    tl_buf_done(&text);
    return err;
}

static int read_stream(const struct acd_policy *p, const struct tl_yaml_node *n,
                       struct traffic_stream *s, const char *path, struct tl_buf *why)
{
    static const char *const keys[] = {"queue",    "channel",  "per_hour", "curve",
                                       "priority", "requires", "talk",     "wrap_up",
                                       "patience", "answer",   NULL};
    const char *queue = NULL;
    int64_t priority = 0;
    int err;

    if (!tl_yaml_is_map(n))
        return tl_yaml_complain(n, "traffic", why, "must be a list of mappings");
    err = tl_yaml_known_keys(n, keys, why);
    err |= tl_yaml_read_text(n, "queue", NULL, &queue, why);
    err |= tl_yaml_read_int(n, "priority", 0, -ACD_PRIORITY_MAX, ACD_PRIORITY_MAX, &priority, why);
    err |= read_channel(n, &s->like, why);
    err |= read_requires(p, tl_yaml_get(n, "requires"), &s->like, why);
    err |= read_dice(n, "talk", "exponential 180s", false, &s->talk, why);
    err |= read_dice(n, "wrap_up", "always 0s", false, &s->wrap_up, why);
    err |= read_dice(n, "patience", "never", true, &s->patience, why);
    err |= read_dice(n, "answer", "always 0s", false, &s->answer, why);
    if (err)
        return -EINVAL;
    s->like.priority = (int32_t)priority;
    s->like.queue = find_queue(p, queue);
    if (s->like.queue == UINT32_MAX)
        return tl_yaml_complain(tl_yaml_get(n, "queue"), "queue", why,
                                "the rules have no such queue");
    return read_rate(n, s, path, why);
}

static int read_traffic(struct scenario *s, const struct tl_yaml_node *list, const char *path,
                        struct tl_buf *why)
{
    size_t n = tl_yaml_count(list);
    int err = 0;

    if (!tl_yaml_is_seq(list) || n == 0 || n > STREAMS)
        return tl_yaml_complain(list ? list : tl_yaml_root(s->doc), "traffic", why,
                                "must be a list of 1 to 1000");
    s->traffic.streams = tl_alloc(n, sizeof(*s->traffic.streams));
    if (!s->traffic.streams)
        return -ENOMEM;
    s->traffic.n = n;
    for (size_t i = 0; i < n; i++) {
        int bad = read_stream(&s->policy, tl_yaml_item(list, i), &s->traffic.streams[i], path, why);
        err = bad ? bad : err;
    }
    return err;
}

/* ---- staff ---- */

struct row {
    const struct acd_agent_profile *like;
    int64_t count;
    tl_dur from, until;
};

static int read_row(const struct scenario *s, const struct tl_yaml_node *n, struct row *ret,
                    struct tl_buf *why)
{
    static const char *const keys[] = {"like", "count", "from", "until", NULL};
    const char *like = NULL;
    int err;

    if (!tl_yaml_is_map(n))
        return tl_yaml_complain(n, "staff", why, "must be a list of mappings");
    err = tl_yaml_known_keys(n, keys, why);
    err |= tl_yaml_read_text(n, "like", NULL, &like, why);
    err |= tl_yaml_read_int(n, "count", 1, 1, STAFF_MOST, &ret->count, why);
    err |= tl_yaml_read_dur(n, "from", 0, 0, DAY, &ret->from, why);
    err |= tl_yaml_read_dur(n, "until", DAY, 0, DAY, &ret->until, why);
    if (err)
        return -EINVAL;
    if (ret->until <= ret->from)
        return tl_yaml_complain(n, "until", why,
                                "must be later than from (two rows over midnight)");
    for (uint32_t i = 0; i < policy_of(s->rules)->n_agents; i++)
        if (strcmp(policy_of(s->rules)->agents[i].id.s, like) == 0)
            ret->like = &policy_of(s->rules)->agents[i];
    return ret->like ? 0
                     : tl_yaml_complain(tl_yaml_get(n, "like"), "like", why,
                                        "the rules have no such agent");
}

static int by_time(const void *a, const void *b)
{
    const struct floor_shift *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->agent < y->agent ? -1 : x->agent > y->agent;
}

/* The shift on each day of the run; who works around the clock signs in once. */
static int add_shifts(struct scenario *s, uint32_t agent, tl_dur from, tl_dur until)
{
    tl_time end = TL_LOWER(s->traffic.until, MIDNIGHT + 1000 * DAY);
    size_t days = until - from == DAY ? 1 : (size_t)((end - MIDNIGHT) / DAY + 1);
    struct floor_shift *more = tl_resize(s->shifts, s->n_shifts + 2 * days, sizeof(*more));

    if (!more)
        return -ENOMEM;
    s->shifts = more;
    for (size_t d = 0; d < days; d++) {
        tl_time day = MIDNIGHT + (tl_dur)d * DAY;
        if (day + until <= s->start)
            continue;
        s->shifts[s->n_shifts++] =
            (struct floor_shift){TL_HIGHER(day + from, s->start), agent, FLOOR_READY};
        if (until - from < DAY)
            s->shifts[s->n_shifts++] = (struct floor_shift){day + until, agent, FLOOR_OFF};
    }
    return 0;
}

static int hire(struct scenario *s, const struct row *r, size_t row)
{
    uint32_t n = s->policy.n_agents;
    struct acd_agent_profile *more =
        tl_resize(s->agents, (size_t)n + (size_t)r->count, sizeof(*more));
    int err = 0;

    if (!more)
        return -ENOMEM;
    s->agents = more;
    for (int64_t i = 0; i < r->count && !err; i++) {
        struct acd_agent_profile *a = &s->agents[n + i];
        *a = *r->like;
        (void)snprintf(a->id.s, sizeof(a->id.s), "r%u.%u", (unsigned)row + 1, (unsigned)i + 1);
        err = add_shifts(s, n + (uint32_t)i, r->from, r->until);
    }
    s->policy.n_agents += (uint32_t)r->count;
    s->policy.agents = s->agents;
    return err;
}

static int read_staff(struct scenario *s, const struct tl_yaml_node *list, struct tl_buf *why)
{
    size_t n = tl_yaml_count(list);
    int err = 0;

    if (list && !tl_yaml_is_seq(list))
        return tl_yaml_complain(list, "staff", why, "must be a list of mappings");
    for (uint32_t i = 0; !list && i < s->policy.n_agents && !err; i++)
        err = add_shifts(s, i, 0, DAY);
    if (list)
        s->policy.n_agents = 0;
    for (size_t i = 0; i < n && !err; i++) {
        struct row r = {.count = 0};
        err = read_row(s, tl_yaml_item(list, i), &r, why);
        if (!err && s->policy.n_agents + r.count > STAFF_MOST)
            err = tl_yaml_complain(tl_yaml_item(list, i), "count", why, "more than 20000 agents");
        if (!err)
            err = hire(s, &r, i);
    }
    if (!err && s->n_shifts == 0)
        err = tl_yaml_complain(list ? list : tl_yaml_root(s->doc), "staff", why,
                               "nobody would be there");
    if (s->n_shifts)
        qsort(s->shifts, s->n_shifts, sizeof(*s->shifts), by_time);
    return err;
}

/* ---- the file ---- */

static int read_all(struct scenario *s, const char *path, struct tl_buf *why)
{
    static const char *const keys[] = {"policy", "from", "for", "calls", "traffic", "staff", NULL};
    const struct tl_yaml_node *root = tl_yaml_root(s->doc);
    tl_dur from = 0, length = DAY;
    int64_t calls = INT64_MAX;
    int err;

    if (!tl_yaml_is_map(root))
        return tl_yaml_complain(root, "traffic", why, "the file must be a mapping");
    s->policy = *policy_of(s->rules);
    err = tl_yaml_known_keys(root, keys, why);
    err |= tl_yaml_read_dur(root, "from", 0, 0, DAY - TL_SEC(1), &from, why);
    err |= tl_yaml_read_dur(root, "for", DAY, TL_SEC(1), 1000 * DAY, &length, why);
    if (tl_yaml_get(root, "calls")) {
        err |= tl_yaml_read_int(root, "calls", 0, 1, INT64_C(10000000000), &calls, why);
        length = tl_yaml_get(root, "for") ? length : 100 * 365 * DAY;
    }
    if (err)
        return -EINVAL;
    s->start = MIDNIGHT + from;
    s->traffic.until = s->start + length;
    s->traffic.left = (uint64_t)calls;
    err = read_traffic(s, tl_yaml_get(root, "traffic"), path, why);
    return err ? err : read_staff(s, tl_yaml_get(root, "staff"), why);
}

static int finish(struct scenario **ret, struct scenario *s, const char *path, struct tl_buf *why)
{
    int err = read_all(s, path, why);

    if (err)
        scenario_free(s);
    else
        *ret = s;
    return err == -ENOMEM ? err : err ? -EINVAL : 0;
}

static int load_rules(struct scenario *s, const char *path, const char *policy, struct tl_buf *why)
{
    struct tl_buf file = TL_BUF(4096);
    const char *said = NULL;
    int err;

    if (!policy) {
        if (tl_yaml_read_text(tl_yaml_root(s->doc), "policy", "", &said, why))
            return -EINVAL;
        if (!*said)
            return tl_yaml_complain(tl_yaml_root(s->doc), "policy", why,
                                    "name the rules here, or give --policy FILE");
        err = textfile_beside(&file, path, said);
        if (err)
            return err;
        policy = file.p;
    }
    err = policy_load(&s->rules, policy, why);
    tl_buf_done(&file);
    return err;
}

int scenario_load(struct scenario **ret, const char *path, const char *policy, struct tl_buf *why)
{
    struct scenario *s = tl_alloc(1, sizeof(*s));
    int err = s ? tl_yaml_load(&s->doc, path, why) : -ENOMEM;

    if (!err)
        err = load_rules(s, path, policy, why);
    if (!err)
        return finish(ret, s, path, why);
    scenario_free(s);
    return err;
}

int scenario_parse(struct scenario **ret, struct tl_str text, const char *name, struct tl_str rules,
                   const char *rules_name, struct tl_buf *why)
{
    struct scenario *s = tl_alloc(1, sizeof(*s));
    int err = s ? tl_yaml_parse(&s->doc, text, name, why) : -ENOMEM;

    if (!err)
        err = policy_parse(&s->rules, rules, rules_name, why);
    if (!err)
        return finish(ret, s, name, why);
    scenario_free(s);
    return err;
}

struct scenario *scenario_free(struct scenario *s)
{
    if (!s)
        return NULL;
    traffic_done(&s->traffic);
    tl_free(s->shifts);
    tl_free(s->agents);
    if (s->rules)
        policy_free(s->rules);
    if (s->doc)
        tl_yaml_free(s->doc);
    return tl_free(s);
}
