/* From a YAML tree to plain arrays: names become indexes here, once, with the line of each mistake.
 */
#include "policy_yaml.h"
#include "zone.h"
#include <core/hours.h>
#include <stdlib.h>
#include <string.h>
#include <tl_mem.h>
#include <tl_yaml.h>

#define AGENTS_MAX 20000
#define OF_ONE_MAX 256 /* skills, or queues, of one agent */

struct calendar {
    const char *name;
    struct hours hours;
    struct zone *zone;
};

struct policy_file {
    struct acd_policy policy;
    struct tl_yaml *doc; /* display names point into it */
    struct acd_queue_policy *queues;
    struct tl_id *skills;
    struct acd_agent_profile *agents;
    struct calendar *calendars;
    uint32_t n_calendars;
    uint32_t *calendar_of; /* by queue; UINT32_MAX: always open */
    const char *partition;
    uint8_t capacity[ACD_LOADS];
    tl_dur wrap_up, offer_timeout;
};

static const char *const load_names[ACD_LOADS] = {"live", "chat", "email", "callback"};

static int complain(const struct tl_yaml_node *n, const char *key, struct tl_buf *why,
                    const char *reason)
{
    return tl_yaml_complain(n, key, why, "%s", reason);
}

/* Index of a word in a list of them, or -1. */
static int word_in(const char *word, const char *const *list, int n)
{
    for (int i = 0; i < n; i++)
        if (word && strcmp(word, list[i]) == 0)
            return i;
    return -1;
}

static int read_choice(const struct tl_yaml_node *map, const char *key, const char *const *list,
                       int n, int *ret, struct tl_buf *why)
{
    const char *word = list[0];
    int err = tl_yaml_read_text(map, key, list[0], &word, why);

    if (err)
        return err;
    *ret = word_in(word, list, n);
    return *ret < 0 ? complain(tl_yaml_get(map, key), key, why, "unknown word") : 0;
}

static int read_id(const struct tl_yaml_node *map, const char *key, struct tl_id *ret,
                   struct tl_buf *why)
{
    const char *text = NULL;
    int err = tl_yaml_read_text(map, key, NULL, &text, why);

    if (err)
        return err;
    if (tl_id_parse(ret, tl_str(text)))
        return complain(tl_yaml_get(map, key), key, why,
                        "must be 1 to 39 letters, digits, '-', '_' or '.'");
    return 0;
}

static uint32_t find_skill(const struct policy_file *p, const char *name)
{
    for (uint32_t i = 0; i < p->policy.n_skills; i++)
        if (name && strcmp(p->skills[i].s, name) == 0)
            return i;
    return UINT32_MAX;
}

static uint32_t find_queue(const struct policy_file *p, const char *name)
{
    for (uint32_t i = 0; i < p->policy.n_queues; i++)
        if (name && strcmp(p->queues[i].name.s, name) == 0)
            return i;
    return UINT32_MAX;
}

/* ---- capacity and interruptions ----------------------------------------------------------------
 */

static int read_capacity(const struct tl_yaml_node *map, uint8_t capacity[ACD_LOADS],
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
        int has = word_in(tl_yaml_key(map, i), load_names, ACD_LOADS);
        if (has < 0 || !tl_yaml_is_seq(list)) {
            err = complain(list, tl_yaml_key(map, i), why, "must be a load with a list of loads");
            continue;
        }
        for (size_t k = 0; k < tl_yaml_count(list); k++) {
            int comes = word_in(tl_yaml_text(tl_yaml_item(list, k)), load_names, ACD_LOADS);
            if (comes < 0)
                err = complain(tl_yaml_item(list, k), "interruptions", why, "unknown load");
            else
                p->policy.yields[has][comes] = true;
        }
    }
    return err;
}

/* ---- queues ------------------------------------------------------------------------------------
 */

/* {skill: level, ...} */
static int read_needs(const struct policy_file *p, const struct tl_yaml_node *map, const char *key,
                      struct acd_need *needs, uint8_t *ret_n, struct tl_buf *why)
{
    int err = 0;

    *ret_n = 0;
    if (tl_yaml_count(map) > ACD_NEEDS_MAX)
        return complain(map, key, why, "at most 8 skills");
    for (size_t i = 0; i < tl_yaml_count(map); i++) {
        uint32_t skill = find_skill(p, tl_yaml_key(map, i));
        int64_t level = 1;
        if (skill == UINT32_MAX) {
            err = complain(tl_yaml_item(map, i), tl_yaml_key(map, i), why, "unknown skill");
            continue;
        }
        if (tl_yaml_read_int(map, tl_yaml_key(map, i), 0, 1, 5, &level, why))
            err = -EINVAL;
        needs[(*ret_n)++] = (struct acd_need){(uint16_t)skill, (uint8_t)level};
    }
    return err;
}

static int read_drop(const struct policy_file *p, const struct tl_yaml_node *n, struct acd_ring *r,
                     struct tl_buf *why)
{
    if (!n)
        return 0;
    if (tl_yaml_text(n) && strcmp(tl_yaml_text(n), "all") == 0) {
        r->drop_all = true;
        return 0;
    }
    if (!tl_yaml_is_seq(n) || tl_yaml_count(n) > ACD_NEEDS_MAX)
        return complain(n, "drop", why, "must be all, or a list of at most 8 skills");
    for (size_t i = 0; i < tl_yaml_count(n); i++) {
        uint32_t skill = find_skill(p, tl_yaml_text(tl_yaml_item(n, i)));
        if (skill == UINT32_MAX)
            return complain(tl_yaml_item(n, i), "drop", why, "unknown skill");
        r->drop[r->n_drop++] = (uint16_t)skill;
    }
    return 0;
}

static int read_rings(const struct policy_file *p, const struct tl_yaml_node *list,
                      struct acd_queue_policy *q, struct tl_buf *why)
{
    static const char *const keys[] = {"after", "by", "drop", NULL};
    int err = 0;

    if (list && (!tl_yaml_is_seq(list) || tl_yaml_count(list) > ACD_RINGS_MAX))
        return complain(list, "rings", why, "must be a list of at most 8");
    for (size_t i = 0; i < tl_yaml_count(list); i++) {
        const struct tl_yaml_node *n = tl_yaml_item(list, i);
        struct acd_ring *r = &q->rings[i];
        int64_t by = 0;
        if (tl_yaml_known_keys(n, keys, why) ||
            tl_yaml_read_dur(n, "after", -1, 0, TL_HOUR(24), &r->after, why) ||
            tl_yaml_read_int(n, "by", 0, 0, 4, &by, why) ||
            read_drop(p, tl_yaml_get(n, "drop"), r, why)) {
            err = -EINVAL;
            continue;
        }
        r->by = (uint8_t)by;
        if (i > 0 && r->after <= q->rings[i - 1].after)
            err = complain(n, "after", why, "must be later than in the ring before");
    }
    q->n_rings = (uint8_t)tl_yaml_count(list);
    return err;
}

static int read_queue(struct policy_file *p, const struct tl_yaml_node *n,
                      struct acd_queue_policy *q, struct tl_buf *why)
{
    static const char *const keys[] = {"name",     "choose",         "offer_timeout",
                                       "wrap_up",  "service_target", "handle_time",
                                       "max_wait", "max_waiting",    "preferred_timeout",
                                       "requires", "rings",          "overflow",
                                       "no_staff", "weight",         "manual",
                                       "closed",   "hours",          NULL};
    static const char *const choose[] = {"longest_idle", "least_occupied", "most_skilled",
                                         "round_robin"};
    static const char *const no_staff[] = {"wait", "close", "overflow"};
    int64_t max_waiting = 10000, weight = 1;
    int choice = 0, staff = 0, err = 0;

    if (!tl_yaml_is_map(n))
        return complain(n, "queues", why, "must be a list of mappings");
    err |= tl_yaml_known_keys(n, keys, why);
    err |= read_choice(n, "choose", choose, 4, &choice, why);
    err |= read_choice(n, "no_staff", no_staff, 3, &staff, why);
    err |= tl_yaml_read_dur(n, "offer_timeout", TL_SEC(20), TL_SEC(1), TL_MIN(10),
                            &q->offer_timeout, why);
    err |= tl_yaml_read_dur(n, "wrap_up", TL_SEC(30), 0, TL_HOUR(8), &q->wrap_up, why);
    err |= tl_yaml_read_dur(n, "service_target", TL_SEC(20), TL_SEC(1), TL_HOUR(24),
                            &q->service_target, why);
    err |=
        tl_yaml_read_dur(n, "handle_time", TL_MIN(4), TL_SEC(1), TL_HOUR(24), &q->handle_time, why);
    err |= tl_yaml_read_dur(n, "max_wait", 0, 0, TL_HOUR(240), &q->max_wait, why);
    err |= tl_yaml_read_dur(n, "preferred_timeout", TL_SEC(30), 0, TL_HOUR(24),
                            &q->preferred_timeout, why);
    err |= tl_yaml_read_int(n, "max_waiting", 10000, 1, 4000000, &max_waiting, why);
    err |= tl_yaml_read_int(n, "weight", 1, 1, 100, &weight, why);
    err |= tl_yaml_read_bool(n, "manual", false, &q->manual, why);
    err |= tl_yaml_read_bool(n, "closed", false, &q->closed, why);
    err |= read_needs(p, tl_yaml_get(n, "requires"), "requires", q->required, &q->n_required, why);
    err |= read_rings(p, tl_yaml_get(n, "rings"), q, why);
    q->choice = (enum acd_agent_choice)choice;
    q->no_staff = (enum acd_no_staff)staff;
    q->max_waiting = (uint32_t)max_waiting;
    q->weight = (uint32_t)weight;
    q->overflow_to = UINT32_MAX;
    return err ? -EINVAL : 0;
}

static int read_hours(const struct policy_file *p, const struct tl_yaml_node *n, uint32_t *ret,
                      struct tl_buf *why)
{
    const char *name = "";
    int err = tl_yaml_read_text(n, "hours", "", &name, why);

    *ret = UINT32_MAX;
    if (err || !*name)
        return err;
    for (uint32_t i = 0; i < p->n_calendars; i++)
        if (strcmp(p->calendars[i].name, name) == 0)
            *ret = i;
    return *ret == UINT32_MAX ? complain(n, "hours", why, "unknown calendar") : 0;
}

/* After all names are known. */
static int read_overflow(const struct policy_file *p, const struct tl_yaml_node *n,
                         struct acd_queue_policy *q, struct tl_buf *why)
{
    static const char *const keys[] = {"after", "to", "partition", NULL};
    const struct tl_yaml_node *map = tl_yaml_get(n, "overflow");
    const char *to = NULL, *partition = NULL;

    if (!map)
        return q->no_staff == ACD_STAFF_OVERFLOW
                   ? complain(n, "no_staff", why, "overflow needs overflow: {to: queue}")
                   : 0;
    if (tl_yaml_known_keys(map, keys, why) ||
        tl_yaml_read_dur(map, "after", 0, 0, TL_HOUR(24), &q->overflow_after, why) ||
        tl_yaml_read_text(map, "to", "", &to, why) ||
        tl_yaml_read_text(map, "partition", "", &partition, why))
        return -EINVAL;
    if (*partition)
        return tl_id_parse(&q->interflow_to, tl_str(partition))
                   ? complain(map, "partition", why, "not a name")
                   : 0;
    q->overflow_to = find_queue(p, to);
    if (q->overflow_to == UINT32_MAX)
        return complain(map, "to", why, "unknown queue");
    return &p->queues[q->overflow_to] == q ? complain(map, "to", why, "is this queue itself") : 0;
}

static int read_queues(struct policy_file *p, const struct tl_yaml_node *list, struct tl_buf *why)
{
    size_t n = tl_yaml_count(list);
    int err = 0;

    if (!tl_yaml_is_seq(list) || n == 0 || n > ACD_QUEUES_MAX)
        return complain(list ? list : tl_yaml_root(p->doc), "queues", why,
                        "must be a list of 1 to 5000");
    p->queues = tl_alloc(n, sizeof(*p->queues));
    p->calendar_of = tl_alloc(n, sizeof(*p->calendar_of));
    if (!p->queues || !p->calendar_of)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct tl_yaml_node *at = tl_yaml_item(list, i);
        struct tl_id name;
        if (!tl_yaml_is_map(at) || read_id(at, "name", &name, why)) {
            err = -EINVAL;
        } else if (find_queue(p, name.s) != UINT32_MAX) {
            err = complain(at, "name", why, "is there twice");
        }
        p->queues[i].name = name;
        p->policy.n_queues++;
    }
    for (size_t i = 0; i < n && !err; i++) {
        err |= read_queue(p, tl_yaml_item(list, i), &p->queues[i], why);
        err |= read_overflow(p, tl_yaml_item(list, i), &p->queues[i], why);
        err |= read_hours(p, tl_yaml_item(list, i), &p->calendar_of[i], why);
    }
    p->policy.queues = p->queues;
    return err ? -EINVAL : 0;
}

/* ---- calendars ---------------------------------------------------------------------------------
 */

static int read_calendar(struct calendar *c, const struct tl_yaml_node *n, struct tl_buf *why)
{
    static const char *const keys[] = {"name", "zone", "open", "holidays", NULL};
    const struct tl_yaml_node *open = tl_yaml_get(n, "open"),
                              *holidays = tl_yaml_get(n, "holidays");
    const char *zone = "UTC";
    int err = 0;

    if (!tl_yaml_is_map(n) || tl_yaml_known_keys(n, keys, why) ||
        tl_yaml_read_text(n, "name", NULL, &c->name, why) ||
        tl_yaml_read_text(n, "zone", "UTC", &zone, why))
        return -EINVAL;
    err = zone_load(&c->zone, zone);
    if (err)
        return err == -ENOMEM ? err : complain(n, "zone", why, "unknown time zone");
    for (size_t i = 0; i < tl_yaml_count(open); i++) {
        const char *windows = tl_yaml_text(tl_yaml_item(open, i)), *days = tl_yaml_key(open, i);
        if (!days || !windows || hours_add(&c->hours, tl_str(days), tl_str(windows)))
            return complain(tl_yaml_item(open, i), "open", why,
                            "must be like mon-fri: \"09:00-12:00,13:00-18:00\"");
    }
    for (size_t i = 0; i < tl_yaml_count(holidays); i++) {
        const char *date = tl_yaml_text(tl_yaml_item(holidays, i));
        if (!date || hours_add_holiday(&c->hours, tl_str(date)))
            return complain(tl_yaml_item(holidays, i), "holidays", why, "must be like 2026-12-25");
    }
    return 0;
}

static int read_calendars(struct policy_file *p, const struct tl_yaml_node *list,
                          struct tl_buf *why)
{
    size_t n = tl_yaml_count(list);
    int err = 0;

    if (list && (!tl_yaml_is_seq(list) || n > 100))
        return complain(list, "calendars", why, "must be a list of at most 100");
    p->calendars = tl_alloc(n + 1, sizeof(*p->calendars));
    if (!p->calendars)
        return -ENOMEM;
    for (size_t i = 0; i < n && !err; i++) {
        p->n_calendars++;
        err = read_calendar(&p->calendars[i], tl_yaml_item(list, i), why);
    }
    return err;
}

/* ---- skills, teams, agents
 * ------------------------------------------------------------------------ */

static int read_skills(struct policy_file *p, const struct tl_yaml_node *list, struct tl_buf *why)
{
    size_t n = tl_yaml_count(list);
    int err = 0;

    if (list && (!tl_yaml_is_seq(list) || n > ACD_SKILLS_MAX))
        return complain(list, "skills", why, "must be a list of at most 4000 names");
    p->skills = tl_alloc(n + 1, sizeof(*p->skills));
    if (!p->skills)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *name = tl_yaml_text(tl_yaml_item(list, i));
        if (!name || tl_id_parse(&p->skills[i], tl_str(name)) || find_skill(p, name) != UINT32_MAX)
            err = complain(tl_yaml_item(list, i), "skills", why, "not a name, or there twice");
        p->policy.n_skills++;
    }
    p->policy.skills = p->skills;
    return err;
}

struct gathered {
    struct acd_skill_of skills[OF_ONE_MAX];
    uint16_t queues[OF_ONE_MAX];
    uint16_t n_skills, n_queues;
};

static int gather_skills(const struct policy_file *p, const struct tl_yaml_node *map,
                         struct gathered *g, struct tl_buf *why)
{
    int err = 0;

    for (size_t i = 0; i < tl_yaml_count(map); i++) {
        uint32_t skill = find_skill(p, tl_yaml_key(map, i));
        int64_t level = 1;
        unsigned at = 0;
        if (skill == UINT32_MAX) {
            err = complain(tl_yaml_item(map, i), tl_yaml_key(map, i), why, "unknown skill");
            continue;
        }
        err |= tl_yaml_read_int(map, tl_yaml_key(map, i), 0, 1, 5, &level, why);
        while (at < g->n_skills && g->skills[at].skill != skill)
            at++;
        if (at == OF_ONE_MAX)
            return complain(map, "skills", why, "at most 256");
        g->skills[at] = (struct acd_skill_of){(uint16_t)skill, (uint8_t)level};
        g->n_skills = (uint16_t)(g->n_skills + (at == g->n_skills));
    }
    return err;
}

static int gather_queues(const struct policy_file *p, const struct tl_yaml_node *list,
                         struct gathered *g, struct tl_buf *why)
{
    int err = 0;

    for (size_t i = 0; i < tl_yaml_count(list); i++) {
        uint32_t queue = find_queue(p, tl_yaml_text(tl_yaml_item(list, i)));
        unsigned at = 0;
        if (queue == UINT32_MAX) {
            err = complain(tl_yaml_item(list, i), "queues", why, "unknown queue");
            continue;
        }
        while (at < g->n_queues && g->queues[at] != queue)
            at++;
        if (at == OF_ONE_MAX)
            return complain(list, "queues", why, "at most 256");
        g->queues[at] = (uint16_t)queue;
        g->n_queues = (uint16_t)(g->n_queues + (at == g->n_queues));
    }
    return err;
}

static int by_skill(const void *a, const void *b)
{
    return ((const struct acd_skill_of *)a)->skill - ((const struct acd_skill_of *)b)->skill;
}

static int by_number(const void *a, const void *b)
{
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

static const struct tl_yaml_node *find_team(const struct tl_yaml_node *teams, const char *name)
{
    for (size_t i = 0; i < tl_yaml_count(teams); i++) {
        const char *is = tl_yaml_text(tl_yaml_get(tl_yaml_item(teams, i), "name"));
        if (is && strcmp(is, name) == 0)
            return tl_yaml_item(teams, i);
    }
    return NULL;
}

static int keep(struct acd_agent_profile *a, struct gathered *g)
{
    struct acd_skill_of *skills = tl_alloc((size_t)g->n_skills + 1, sizeof(*skills));
    uint16_t *queues = tl_alloc((size_t)g->n_queues + 1, sizeof(*queues));

    a->skills = skills;
    a->queues = queues;
    if (!skills || !queues)
        return -ENOMEM;
    qsort(g->skills, g->n_skills, sizeof(*skills), by_skill);
    qsort(g->queues, g->n_queues, sizeof(*queues), by_number);
    memcpy(skills, g->skills, g->n_skills * sizeof(*skills));
    memcpy(queues, g->queues, g->n_queues * sizeof(*queues));
    a->n_skills = g->n_skills;
    a->n_queues = g->n_queues;
    return 0;
}

static int read_agent(const struct policy_file *p, const struct tl_yaml_node *n,
                      const struct tl_yaml_node *teams, struct acd_agent_profile *a,
                      struct tl_buf *why)
{
    static const char *const keys[] = {"id",     "display_name", "team", "skills",
                                       "queues", "capacity",     NULL};
    struct gathered g = {.n_skills = 0};
    const char *team = "";
    int err = 0;

    if (!tl_yaml_is_map(n))
        return complain(n, "agents", why, "must be a list of mappings");
    memcpy(a->capacity, p->capacity, sizeof(a->capacity));
    err |= tl_yaml_known_keys(n, keys, why);
    err |= read_id(n, "id", &a->id, why);
    err |= tl_yaml_read_text(n, "display_name", "", &a->display_name, why);
    err |= tl_yaml_read_text(n, "team", "", &team, why);
    if (err)
        return -EINVAL;
    const struct tl_yaml_node *t = find_team(teams, team);
    if (*team && !t)
        return complain(n, "team", why, "unknown team");
    if (*team)
        (void)tl_id_parse(&a->team, tl_str(team)); /* a team's name was checked */
    err |= gather_skills(p, tl_yaml_get(t, "skills"), &g, why);
    err |= gather_queues(p, tl_yaml_get(t, "queues"), &g, why);
    err |= read_capacity(tl_yaml_get(t, "capacity"), a->capacity, why);
    err |= gather_skills(p, tl_yaml_get(n, "skills"), &g, why);
    err |= gather_queues(p, tl_yaml_get(n, "queues"), &g, why);
    err |= read_capacity(tl_yaml_get(n, "capacity"), a->capacity, why);
    if (err)
        return -EINVAL;
    return keep(a, &g);
}

static int check_teams(const struct tl_yaml_node *teams, struct tl_buf *why)
{
    static const char *const keys[] = {"name", "queues", "skills", "capacity", NULL};
    int err = 0;

    for (size_t i = 0; i < tl_yaml_count(teams); i++) {
        const struct tl_yaml_node *t = tl_yaml_item(teams, i);
        struct tl_id name;
        if (!tl_yaml_is_map(t) || tl_yaml_known_keys(t, keys, why) ||
            read_id(t, "name", &name, why))
            err = -EINVAL;
    }
    return err;
}

static int read_agents(struct policy_file *p, const struct tl_yaml_node *list,
                       const struct tl_yaml_node *teams, struct tl_buf *why)
{
    size_t n = tl_yaml_count(list);
    int err = check_teams(teams, why);

    if (err || (list && !tl_yaml_is_seq(list)) || n > AGENTS_MAX)
        return err ? err : complain(list, "agents", why, "must be a list of at most 20000");
    p->agents = tl_alloc(n + 1, sizeof(*p->agents));
    if (!p->agents)
        return -ENOMEM;
    p->policy.agents = p->agents;
    for (size_t i = 0; i < n; i++) {
        int bad = read_agent(p, tl_yaml_item(list, i), teams, &p->agents[i], why);
        p->policy.n_agents++;
        if (bad == -ENOMEM)
            return bad;
        for (size_t k = 0; k < i && !bad; k++)
            if (tl_id_eq(&p->agents[k].id, &p->agents[i].id))
                bad = complain(tl_yaml_item(list, i), "id", why, "is there twice");
        err = bad ? bad : err;
    }
    return err;
}

/* ---- the file
 * ------------------------------------------------------------------------------------ */

static int read_all(struct policy_file *p, const struct tl_yaml_node *root, struct tl_buf *why)
{
    static const char *const keys[] = {"version",   "partition",     "choose_contact", "fair",
                                       "ageing",    "retry_refused", "lease",          "rona_limit",
                                       "calendars", "capacity",      "interruptions",  "skills",
                                       "queues",    "teams",         "agents",         NULL};
    static const char *const choose[] = {"priority", "ageing", "sla"};
    struct acd_policy *pol = &p->policy;
    int64_t version = 1, rona = 1;
    int choice = 0, err = 0;

    if (!tl_yaml_is_map(root))
        return complain(root, "version", why, "the file must be a mapping");
    err |= tl_yaml_known_keys(root, keys, why);
    err |= tl_yaml_read_int(root, "version", 1, 1, 1, &version, why);
    err |= tl_yaml_read_text(root, "partition", "p0", &p->partition, why);
    err |= read_choice(root, "choose_contact", choose, 3, &choice, why);
    err |= tl_yaml_read_bool(root, "fair", false, &pol->fair, why);
    err |= tl_yaml_read_dur(root, "ageing", TL_SEC(30), TL_SEC(1), TL_HOUR(1), &pol->ageing, why);
    err |= tl_yaml_read_dur(root, "retry_refused", TL_SEC(20), TL_SEC(1), TL_HOUR(1),
                            &pol->retry_refused, why);
    err |= tl_yaml_read_dur(root, "lease", TL_SEC(20), TL_SEC(3), TL_MIN(10), &pol->lease, why);
    err |= tl_yaml_read_int(root, "rona_limit", 1, 1, 100, &rona, why);
    err |= read_capacity(tl_yaml_get(root, "capacity"), p->capacity, why);
    err |= read_interruptions(p, tl_yaml_get(root, "interruptions"), why);
    err |= read_skills(p, tl_yaml_get(root, "skills"), why);
    err |= read_calendars(p, tl_yaml_get(root, "calendars"), why);
    if (err)
        return err == -ENOMEM ? err : -EINVAL;
    pol->contact_choice = (enum acd_contact_choice)choice;
    pol->rona_limit = (uint8_t)rona;
    err = read_queues(p, tl_yaml_get(root, "queues"), why);
    if (!err)
        err = read_agents(p, tl_yaml_get(root, "agents"), tl_yaml_get(root, "teams"), why);
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
