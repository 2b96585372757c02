/* Invitation rules: each condition is one line of clickstream_rule_obstacle(). */
#include "rules.h"

static bool any_of(const struct tl_id *words, size_t n, struct tl_str word)
{
    for (size_t i = 0; i < n; i++)
        if (tl_str_eq(tl_id_str(&words[i]), word))
            return true;
    return n == 0;
}

static struct tl_str tier_of(const struct clickstream_visit *v)
{
    if (tl_id_empty(&v->customer))
        return TL_STR("anonymous");
    return v->tier[0] ? tl_str(v->tier) : TL_STR("standard");
}

static bool basket_enough(const struct clickstream_rule *r, const struct clickstream_basket *b)
{
    if (!r->basket_min_minor)
        return true;
    return b->total_minor >= r->basket_min_minor &&
           (!r->currency[0] || strcmp(r->currency, b->currency) == 0);
}

static bool cooling_down(const struct clickstream_rule *r, const struct clickstream_visitor *w,
                         tl_time now)
{
    return w->invited_at && now - w->invited_at < r->cool_down;
}

static bool channel_open(const struct clickstream_rule *r, const struct clickstream_channel *c,
                         const struct clickstream_supply *s, tl_time now)
{
    if (!s->at || now - s->at > CLICKSTREAM_SUPPLY_FRESH)
        return false;
    for (size_t i = 0; i < s->n; i++) {
        const struct clickstream_queue *q = &s->queue[i];

        if (!tl_id_eq(&q->name, &c->queue))
            continue;
        if (q->staffed <= 0)
            return false;
        return r->expected_wait_max < 0 ||
               (q->expected_wait >= 0 && q->expected_wait <= r->expected_wait_max);
    }
    return false;
}

static bool any_channel(const struct clickstream_rule *r, const struct clickstream_supply *s,
                        tl_time now)
{
    for (size_t i = 0; i < r->n_channels; i++)
        if (channel_open(r, &r->channels[i], s, now))
            return true;
    return false;
}

/* How long the page has been visible: the browser knows; before its first heartbeat it is 0. */
static tl_dur on_page(const struct clickstream_visit *v)
{
    const struct clickstream_page *p = clickstream_visit_page(v);

    return p ? p->dwell : 0;
}

static tl_dur on_site(const struct clickstream_visit *v)
{
    tl_dur sum = 0;

    for (size_t i = 0; i < v->n_path; i++)
        sum += v->path[i].dwell;
    return sum;
}

const char *clickstream_rule_obstacle(const struct clickstream_rule *r,
                                      const struct clickstream_visit *v,
                                      const struct clickstream_visitor *w,
                                      const struct clickstream_supply *s, tl_time now)
{
    const struct clickstream_page *page = clickstream_visit_page(v);

    if (!page)
        return "no page yet";
    if (!any_of(r->sections, r->n_sections, tl_id_str(&page->section)))
        return "another section";
    if (!any_of(r->tiers, r->n_tiers, tier_of(v)))
        return "another tier";
    if (!basket_enough(r, &v->basket))
        return "basket too small";
    if (v->pages_seen < r->pages_min)
        return "too few pages";
    if (on_page(v) < r->time_on_page)
        return "not long enough on the page";
    if (on_site(v) < r->time_on_site)
        return "not long enough on the site";
    if (clickstream_visitor_dismissed(w, &r->id))
        return "dismissed";
    if (clickstream_visit_has_given(v, &r->id, now))
        return "already given in this visit";
    if (cooling_down(r, w, now))
        return "cooling down";
    if (!any_channel(r, s, now))
        return "nobody to answer soon enough";
    return NULL;
}

bool clickstream_rules_offer(const struct clickstream_rules *rules, const struct tl_id *queue)
{
    for (size_t i = 0; rules && i < rules->n; i++)
        for (size_t c = 0; c < rules->rule[i].n_channels; c++)
            if (tl_id_eq(&rules->rule[i].channels[c].queue, queue))
                return true;
    return false;
}

void clickstream_rules_match(const struct clickstream_rules *rules,
                             const struct clickstream_visit *v,
                             const struct clickstream_visitor *visitor,
                             const struct clickstream_supply *supply, tl_time now,
                             struct clickstream_invitation *ret)
{
    *ret = (struct clickstream_invitation){0};
    for (size_t i = 0; i < rules->n; i++) {
        const struct clickstream_rule *r = &rules->rule[i];

        if (clickstream_rule_obstacle(r, v, visitor, supply, now))
            continue;
        ret->rule = r;
        for (size_t c = 0; c < r->n_channels; c++)
            if (channel_open(r, &r->channels[c], supply, now))
                ret->channels[ret->n_channels++] = r->channels[c].name;
        return;
    }
}
