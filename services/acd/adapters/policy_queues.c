/* Queues with their rings, overflow and opening hours; see policy_in.h. */
#include "policy_in.h"
#include "zone.h"
#include <string.h>
#include <tl_mem.h>

/* ---- queues ---- */

/* {skill: level, ...} */
static int read_needs(const struct policy_file *p, const struct tl_yaml_node *map, const char *key,
                      struct acd_need *needs, uint8_t *ret_n, struct tl_buf *why)
{
    int err = 0;

    *ret_n = 0;
    if (tl_yaml_count(map) > ACD_NEEDS_MAX)
        return policy_complain(map, key, why, "at most 8 skills");
    for (size_t i = 0; i < tl_yaml_count(map); i++) {
        uint32_t skill = policy_find_skill(p, tl_yaml_key(map, i));
        int64_t level = 1;
        if (skill == UINT32_MAX) {
            err = policy_complain(tl_yaml_item(map, i), tl_yaml_key(map, i), why, "unknown skill");
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
        return policy_complain(n, "drop", why, "must be all, or a list of at most 8 skills");
    for (size_t i = 0; i < tl_yaml_count(n); i++) {
        uint32_t skill = policy_find_skill(p, tl_yaml_text(tl_yaml_item(n, i)));
        if (skill == UINT32_MAX)
            return policy_complain(tl_yaml_item(n, i), "drop", why, "unknown skill");
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
        return policy_complain(list, "rings", why, "must be a list of at most 8");
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
            err = policy_complain(n, "after", why, "must be later than in the ring before");
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
        return policy_complain(n, "queues", why, "must be a list of mappings");
    err |= tl_yaml_known_keys(n, keys, why);
    err |= policy_read_choice(n, "choose", choose, 4, &choice, why);
    err |= policy_read_choice(n, "no_staff", no_staff, 3, &staff, why);
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
    return *ret == UINT32_MAX ? policy_complain(n, "hours", why, "unknown calendar") : 0;
}

/* After all names are known. */
static int read_overflow(const struct policy_file *p, const struct tl_yaml_node *n,
                         struct acd_queue_policy *q, struct tl_buf *why)
{
    static const char *const keys[] = {"after", "to", "partition", "when", NULL};
    const struct tl_yaml_node *map = tl_yaml_get(n, "overflow");
    const char *to = NULL, *partition = NULL;

    if (!map)
        return q->no_staff == ACD_STAFF_OVERFLOW
                   ? policy_complain(n, "no_staff", why, "overflow needs overflow: {to: queue}")
                   : 0;
    if (tl_yaml_known_keys(map, keys, why) ||
        tl_yaml_read_dur(map, "after", 0, 0, TL_HOUR(24), &q->overflow_after, why) ||
        tl_yaml_read_text(map, "to", "", &to, why) ||
        tl_yaml_read_text(map, "partition", "", &partition, why) ||
        policy_read_condition(map, "when", &q->overflow_when, why))
        return -EINVAL;
    if (*partition)
        return tl_id_parse(&q->interflow_to, tl_str(partition))
                   ? policy_complain(map, "partition", why, "not a name")
                   : 0;
    q->overflow_to = policy_find_queue(p, to);
    if (q->overflow_to == UINT32_MAX)
        return policy_complain(map, "to", why, "unknown queue");
    return &p->queues[q->overflow_to] == q ? policy_complain(map, "to", why, "is this queue itself")
                                           : 0;
}

int policy_read_queues(struct policy_file *p, const struct tl_yaml_node *list, struct tl_buf *why)
{
    size_t n = tl_yaml_count(list);
    int err = 0;

    if (!tl_yaml_is_seq(list) || n == 0 || n > ACD_QUEUES_MAX)
        return policy_complain(list ? list : tl_yaml_root(p->doc), "queues", why,
                               "must be a list of 1 to 5000");
    p->queues = tl_alloc(n, sizeof(*p->queues));
    p->calendar_of = tl_alloc(n, sizeof(*p->calendar_of));
    if (!p->queues || !p->calendar_of)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct tl_yaml_node *at = tl_yaml_item(list, i);
        struct tl_id name;
        if (!tl_yaml_is_map(at) || policy_read_id(at, "name", &name, why)) {
            err = -EINVAL;
        } else if (policy_find_queue(p, name.s) != UINT32_MAX) {
            err = policy_complain(at, "name", why, "is there twice");
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

/* ---- calendars ---- */

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
        return err == -ENOMEM ? err : policy_complain(n, "zone", why, "unknown time zone");
    for (size_t i = 0; i < tl_yaml_count(open); i++) {
        const char *windows = tl_yaml_text(tl_yaml_item(open, i)), *days = tl_yaml_key(open, i);
        if (!days || !windows || hours_add(&c->hours, tl_str(days), tl_str(windows)))
            return policy_complain(tl_yaml_item(open, i), "open", why,
                                   "must be like mon-fri: \"09:00-12:00,13:00-18:00\"");
    }
    for (size_t i = 0; i < tl_yaml_count(holidays); i++) {
        const char *date = tl_yaml_text(tl_yaml_item(holidays, i));
        if (!date || hours_add_holiday(&c->hours, tl_str(date)))
            return policy_complain(tl_yaml_item(holidays, i), "holidays", why,
                                   "must be like 2026-12-25");
    }
    return 0;
}

int policy_read_calendars(struct policy_file *p, const struct tl_yaml_node *list,
                          struct tl_buf *why)
{
    size_t n = tl_yaml_count(list);
    int err = 0;

    if (list && (!tl_yaml_is_seq(list) || n > 100))
        return policy_complain(list, "calendars", why, "must be a list of at most 100");
    p->calendars = tl_alloc(n + 1, sizeof(*p->calendars));
    if (!p->calendars)
        return -ENOMEM;
    for (size_t i = 0; i < n && !err; i++) {
        p->n_calendars++;
        err = read_calendar(&p->calendars[i], tl_yaml_item(list, i), why);
    }
    return err;
}
