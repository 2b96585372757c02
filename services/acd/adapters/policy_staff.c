/* Skills, teams and agents: what a team gives to all of its people; see policy_in.h. */
#include "policy_in.h"
#include <stdlib.h>
#include <string.h>
#include <tl_mem.h>

#define AGENTS_MAX 20000
#define OF_ONE_MAX 256 /* skills, or queues, of one agent */

/* ---- skills, teams, agents ---- */

int policy_read_skills(struct policy_file *p, const struct tl_yaml_node *list, struct tl_buf *why)
{
    size_t n = tl_yaml_count(list);
    int err = 0;

    if (list && (!tl_yaml_is_seq(list) || n > ACD_SKILLS_MAX))
        return policy_complain(list, "skills", why, "must be a list of at most 4000 names");
    p->skills = tl_alloc(n + 1, sizeof(*p->skills));
    if (!p->skills)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *name = tl_yaml_text(tl_yaml_item(list, i));
        if (!name || tl_id_parse(&p->skills[i], tl_str(name)) ||
            policy_find_skill(p, name) != UINT32_MAX)
            err =
                policy_complain(tl_yaml_item(list, i), "skills", why, "not a name, or there twice");
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
        uint32_t skill = policy_find_skill(p, tl_yaml_key(map, i));
        int64_t level = 1;
        unsigned at = 0;
        if (skill == UINT32_MAX) {
            err = policy_complain(tl_yaml_item(map, i), tl_yaml_key(map, i), why, "unknown skill");
            continue;
        }
        err |= tl_yaml_read_int(map, tl_yaml_key(map, i), 0, 1, 5, &level, why);
        while (at < g->n_skills && g->skills[at].skill != skill)
            at++;
        if (at == OF_ONE_MAX)
            return policy_complain(map, "skills", why, "at most 256");
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
        uint32_t queue = policy_find_queue(p, tl_yaml_text(tl_yaml_item(list, i)));
        unsigned at = 0;
        if (queue == UINT32_MAX) {
            err = policy_complain(tl_yaml_item(list, i), "queues", why, "unknown queue");
            continue;
        }
        while (at < g->n_queues && g->queues[at] != queue)
            at++;
        if (at == OF_ONE_MAX)
            return policy_complain(list, "queues", why, "at most 256");
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
        return policy_complain(n, "agents", why, "must be a list of mappings");
    memcpy(a->capacity, p->capacity, sizeof(a->capacity));
    err |= tl_yaml_known_keys(n, keys, why);
    err |= policy_read_id(n, "id", &a->id, why);
    err |= tl_yaml_read_text(n, "display_name", "", &a->display_name, why);
    err |= tl_yaml_read_text(n, "team", "", &team, why);
    if (err)
        return -EINVAL;
    const struct tl_yaml_node *t = find_team(teams, team);
    if (*team && !t)
        return policy_complain(n, "team", why, "unknown team");
    if (*team)
        (void)tl_id_parse(&a->team, tl_str(team)); /* a team's name was checked */
    err |= gather_skills(p, tl_yaml_get(t, "skills"), &g, why);
    err |= gather_queues(p, tl_yaml_get(t, "queues"), &g, why);
    err |= policy_read_capacity(tl_yaml_get(t, "capacity"), a->capacity, why);
    err |= gather_skills(p, tl_yaml_get(n, "skills"), &g, why);
    err |= gather_queues(p, tl_yaml_get(n, "queues"), &g, why);
    err |= policy_read_capacity(tl_yaml_get(n, "capacity"), a->capacity, why);
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
            policy_read_id(t, "name", &name, why))
            err = -EINVAL;
    }
    return err;
}

int policy_read_agents(struct policy_file *p, const struct tl_yaml_node *list,
                       const struct tl_yaml_node *teams, struct tl_buf *why)
{
    size_t n = tl_yaml_count(list);
    int err = check_teams(teams, why);

    if (err || (list && !tl_yaml_is_seq(list)) || n > AGENTS_MAX)
        return err ? err : policy_complain(list, "agents", why, "must be a list of at most 20000");
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
                bad = policy_complain(tl_yaml_item(list, i), "id", why, "is there twice");
        err = bad ? bad : err;
    }
    return err;
}
