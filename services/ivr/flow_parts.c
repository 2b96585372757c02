/* The parts that steps of a flow are made of: names, texts, opening hours, conditions. */
#include "flow_parts.h"

int part_id(struct reader *r, const node *at, const char *key, const node *value, struct tl_id *ret)
{
    const char *text = tl_yaml_text(value);

    if (!text || tl_id_parse(ret, tl_str(text)))
        return tl_yaml_complain(value ? value : at, key, r->why,
                                "must be a name of letters, digits and -_.");
    return 0;
}

int part_list(struct reader *r, const node *at, const char *key, struct ivr_list *ret)
{
    const node *n = tl_yaml_get(at, key);
    int err = 0;

    ret->n = 0;
    if (!n)
        return 0;
    if (!tl_yaml_is_seq(n)) {
        ret->n = 1;
        return part_id(r, at, key, n, &ret->at[0]);
    }
    if (!tl_yaml_count(n) || tl_yaml_count(n) > IVR_LIST_MAX)
        return tl_yaml_complain(n, key, r->why, "must have 1 to %d names", IVR_LIST_MAX);
    for (size_t i = 0; !err && i < tl_yaml_count(n); i++)
        err = part_id(r, n, key, tl_yaml_item(n, i), &ret->at[ret->n++]);
    return err;
}

int part_string(struct reader *r, const node *at, const char *key, const char *def, char *dst,
                size_t size)
{
    const char *text;
    int err = tl_yaml_read_text(at, key, def, &text, r->why);

    if (!err && !tl_str_put(dst, size, tl_str(text)))
        err = tl_yaml_complain(at, key, r->why, "is longer than %zu bytes", size - 1);
    return err;
}

/* ---- opening hours ---------------------------------------------------------------------- */

static int read_minute(struct reader *r, const node *at, const char *key, int *ret)
{
    const char *text;
    struct tl_str rest, hour, minute;
    int64_t h, m;
    int err = tl_yaml_read_text(at, key, NULL, &text, r->why);

    if (err)
        return err;
    rest = tl_str(text);
    if (!tl_str_split(&rest, ':', &hour) || !tl_str_split(&rest, ':', &minute) || rest.n ||
        hour.n != 2 || minute.n != 2 || tl_str_int(hour, 0, 24, &h) ||
        tl_str_int(minute, 0, 59, &m) || h * 60 + m > 1440)
        return tl_yaml_complain(at, key, r->why, "must be a time of day, \"08:30\"");
    *ret = (int)(h * 60 + m);
    return 0;
}

static int read_days(struct reader *r, const node *at, unsigned *ret)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    struct ivr_list list;
    int err = part_list(r, at, "days", &list);

    *ret = list.n ? 0 : 0x7f;
    for (int i = 0; !err && i < list.n; i++) {
        unsigned bit = 0;

        for (unsigned d = 0; d < 7; d++)
            bit |= strcmp(list.at[i].s, names[d]) == 0 ? 1u << d : 0;
        if (!bit)
            err = tl_yaml_complain(at, "days", r->why, "must be mon, tue, wed, thu, fri, sat, sun");
        *ret |= bit;
    }
    return err;
}

int part_hours(struct reader *r, const node *all)
{
    static const char *const keys[] = {"days", "from", "to", "utc_offset_min", NULL};
    int err = 0;

    if (all && (!tl_yaml_is_map(all) || tl_yaml_count(all) > IVR_HOURS_MAX))
        return tl_yaml_complain(all, "hours", r->why, "must be at most %d named times",
                                IVR_HOURS_MAX);
    for (size_t i = 0; all && i < tl_yaml_count(all); i++) {
        const node *n = tl_yaml_item(all, i);
        struct ivr_hours *h = &r->f->hours[r->f->n_hours++];
        int64_t offset = 0;

        if (tl_id_parse(&h->name, tl_str(tl_yaml_key(all, i))) || !tl_yaml_is_map(n))
            return tl_yaml_complain(n, tl_yaml_key(all, i), r->why, "must have from and to");
        err |= tl_yaml_known_keys(n, keys, r->why);
        err |= read_days(r, n, &h->days);
        err |= read_minute(r, n, "from", &h->from_min);
        err |= read_minute(r, n, "to", &h->to_min);
        err |= tl_yaml_read_int(n, "utc_offset_min", 0, -720, 840, &offset, r->why);
        h->utc_offset_min = (int)offset;
        if (!err && h->from_min >= h->to_min)
            err = tl_yaml_complain(n, "to", r->why, "must be later than from");
    }
    return err ? -EINVAL : 0;
}

static int hours_index(struct reader *r, const node *at, const char *key, int *ret)
{
    struct tl_id name;
    int err;

    *ret = 0;
    if (!tl_yaml_get(at, key))
        return 0;
    err = part_id(r, at, key, tl_yaml_get(at, key), &name);
    for (int i = 0; !err && i < r->f->n_hours; i++) {
        if (tl_id_eq(&r->f->hours[i].name, &name))
            *ret = i + 1;
    }
    if (!err && !*ret)
        err = tl_yaml_complain(at, key, r->why, "names no hours");
    return err;
}

/* ---- conditions and ways out ------------------------------------------------------------ */

static int read_channels(struct reader *r, const node *at, unsigned *ret)
{
    static const char *const names[] = {"", "video", "voice", "chat", "phone"};
    struct ivr_list list;
    int err = part_list(r, at, "channel", &list);

    *ret = 0;
    for (int i = 0; !err && i < list.n; i++) {
        unsigned bit = 0;

        for (unsigned c = 1; c < TL_LEN(names); c++)
            bit |= strcmp(list.at[i].s, names[c]) == 0 ? 1u << c : 0;
        if (!bit)
            err = tl_yaml_complain(at, "channel", r->why, "must be video, voice, chat or phone");
        *ret |= bit;
    }
    return err;
}

int part_when(struct reader *r, const node *n, struct ivr_when *ret)
{
    static const char *const keys[] = {"section", "tier",   "channel", "known_customer",
                                       "open",    "closed", NULL};
    bool known;
    int err = 0;

    if (!tl_yaml_is_map(n) || !tl_yaml_count(n))
        return tl_yaml_complain(n, "when", r->why, "must be conditions");
    err |= tl_yaml_known_keys(n, keys, r->why);
    err |= part_list(r, n, "section", &ret->sections);
    err |= part_list(r, n, "tier", &ret->tiers);
    err |= read_channels(r, n, &ret->channels);
    err |= hours_index(r, n, "open", &ret->open);
    err |= hours_index(r, n, "closed", &ret->closed);
    if (tl_yaml_get(n, "known_customer")) {
        err |= tl_yaml_read_bool(n, "known_customer", false, &known, r->why);
        ret->known_customer = !err && known ? 1 : -1;
    }
    return err ? -EINVAL : 0;
}
