/*
 * The state of a visit.  The path holds the newest CLICKSTREAM_PATH_MAX pages in the order they
 * were entered; whatever comes in is copied before anything changes, so that a failed allocation
 * changes nothing.
 */
#include "visit.h"

#include <tl_mem.h>

int clickstream_visit_new(struct clickstream_visit **ret, const struct tl_id *id,
                          const struct clickstream_who *who, tl_time now)
{
    struct clickstream_visit *v = tl_alloc(1, sizeof(*v));

    if (!v)
        return -ENOMEM;
    v->id = *id;
    v->started_at = v->seen_at = now;
    clickstream_visit_identify(v, who);
    *ret = v;
    return 0;
}

static void page_done(struct clickstream_page *p)
{
    p->url = tl_free(p->url);
    p->title = tl_free(p->title);
}

struct clickstream_visit *clickstream_visit_free(struct clickstream_visit *v)
{
    if (!v)
        return NULL;
    for (size_t i = 0; i < v->n_path; i++)
        page_done(&v->path[i]);
    tl_free(v->basket.items);
    tl_free(v->referrer);
    return tl_free(v);
}

bool clickstream_visit_over(const struct clickstream_visit *v, tl_time now, tl_dur idle)
{
    return now - v->seen_at > idle;
}

void clickstream_visit_identify(struct clickstream_visit *v, const struct clickstream_who *who)
{
    v->visitor = who->visitor;
    v->customer = who->customer;
    tl_str_put(v->customer_name, sizeof(v->customer_name), tl_str(who->name));
    tl_str_put(v->tier, sizeof(v->tier), tl_str(who->tier));
}

int clickstream_visit_origin(struct clickstream_visit *v, struct tl_str referrer,
                             const char *browser)
{
    char *copy = tl_copy(referrer.s ? referrer.s : "", TL_LOWER(referrer.n, CLICKSTREAM_URL_MAX));

    if (!copy)
        return -ENOMEM;
    tl_free(v->referrer);
    v->referrer = copy;
    tl_str_put(v->browser, sizeof(v->browser), tl_str(browser));
    return 0;
}

struct tl_str clickstream_url_path(struct tl_str url)
{
    const char *hash = url.n ? memchr(url.s, '#', url.n) : NULL;

    if (hash)
        url.n = (size_t)(hash - url.s);
    for (size_t i = 0; i + 2 < url.n; i++) {
        if (url.s[i] == '/' || url.s[i] == '?')
            break; /* a path from here on: what looks like a scheme later is part of a query */
        if (memcmp(url.s + i, "://", 3) == 0) {
            const char *slash = memchr(url.s + i + 3, '/', url.n - i - 3);

            if (!slash)
                return TL_STR("/");
            return (struct tl_str){slash, url.n - (size_t)(slash - url.s)};
        }
    }
    return url;
}

const struct clickstream_page *clickstream_visit_page(const struct clickstream_visit *v)
{
    return v->n_path ? &v->path[v->n_path - 1] : NULL;
}

/* The newest entry that can have been looked at for so long: after a reload the old page's last
 * word may come when the new page of the same address is there. */
static struct clickstream_page *page_find(struct clickstream_visit *v, struct tl_str url,
                                          tl_dur dwell, tl_time now)
{
    const tl_dur on_the_way = TL_SEC(1);
    struct clickstream_page *newest = NULL;

    for (size_t i = v->n_path; i > 0; i--) {
        struct clickstream_page *p = &v->path[i - 1];

        if (!tl_str_eq(tl_str(p->url), url))
            continue;
        if (dwell <= now - p->entered_at + on_the_way)
            return p;
        if (!newest)
            newest = p;
    }
    return newest;
}

/* At most n bytes without cutting a UTF-8 character in two. */
static size_t utf8_cut(struct tl_str s, size_t n)
{
    if (s.n <= n)
        return s.n;
    while (n > 0 && ((unsigned char)s.s[n] & 0xC0) == 0x80)
        n--;
    return n;
}

/* The browser's clock is believed if it points into the last minutes and keeps the order. */
static tl_time entered_at(const struct clickstream_visit *v, tl_time at, tl_time now)
{
    const struct clickstream_page *last = clickstream_visit_page(v);

    if (at > now || at < now - TL_MIN(5))
        return now;
    return last && at < last->entered_at ? last->entered_at : at;
}

static int page_viewed(struct clickstream_visit *v, const struct clickstream_fact *f, tl_time now)
{
    const struct clickstream_page *last = clickstream_visit_page(v);
    struct tl_str url = clickstream_url_path(f->url);
    struct clickstream_page p = {.section = f->section, .entered_at = entered_at(v, f->at, now)};

    if (last && last->dwell == 0 && f->at && last->entered_at == f->at &&
        tl_str_eq(tl_str(last->url), url))
        return 0; /* the same report once more */
    p.url = tl_copy(url.s, TL_LOWER(url.n, CLICKSTREAM_URL_MAX));
    p.title = tl_copy(f->title.s ? f->title.s : "", utf8_cut(f->title, CLICKSTREAM_TITLE_MAX));
    if (!p.url || !p.title) {
        page_done(&p);
        return -ENOMEM;
    }
    if (v->n_path == CLICKSTREAM_PATH_MAX) {
        page_done(&v->path[0]);
        memmove(&v->path[0], &v->path[1], sizeof(v->path) - sizeof(v->path[0]));
        v->n_path--;
    }
    v->path[v->n_path++] = p;
    v->pages_seen++;
    return 0;
}

static void page_looked_at(struct clickstream_visit *v, const struct clickstream_fact *f,
                           tl_time now)
{
    struct clickstream_page *p = page_find(v, clickstream_url_path(f->url), f->dwell, now);
    tl_dur dwell = TL_LOWER(f->dwell, CLICKSTREAM_DWELL_MAX);

    if (p && dwell > p->dwell)
        p->dwell = dwell;
}

static int basket_changed(struct clickstream_visit *v, const struct clickstream_basket *b)
{
    size_t n = TL_LOWER(b->n, (size_t)CLICKSTREAM_BASKET_MAX);
    struct clickstream_item *items = NULL;

    if (n) {
        items = tl_alloc(n, sizeof(*items));
        if (!items)
            return -ENOMEM;
        memcpy(items, b->items, n * sizeof(*items));
    }
    tl_free(v->basket.items);
    v->basket = *b;
    v->basket.items = items;
    v->basket.n = n;
    return 0;
}

static struct clickstream_given *given_find(const struct clickstream_visit *v,
                                            const struct tl_id *id)
{
    for (size_t i = 0; i < v->n_given; i++)
        if (tl_id_eq(&v->given[i].invitation, id))
            return (struct clickstream_given *)&v->given[i];
    return NULL;
}

static struct clickstream_given *given_add(struct clickstream_visit *v, const struct tl_id *id,
                                           tl_time now)
{
    struct clickstream_given *g = given_find(v, id);

    if (!g) {
        if (v->n_given == CLICKSTREAM_GIVEN_MAX) {
            memmove(&v->given[0], &v->given[1], sizeof(v->given) - sizeof(v->given[0]));
            v->n_given--;
        }
        g = &v->given[v->n_given++];
        *g = (struct clickstream_given){.invitation = *id};
    }
    g->given_at = now;
    return g;
}

static void dismissed_add(struct clickstream_visitor *visitor, const struct tl_id *id)
{
    if (clickstream_visitor_dismissed(visitor, id))
        return;
    if (visitor->n_dismissed == CLICKSTREAM_DISMISSED_MAX) {
        memmove(&visitor->dismissed[0], &visitor->dismissed[1],
                sizeof(visitor->dismissed) - sizeof(visitor->dismissed[0]));
        visitor->n_dismissed--;
    }
    visitor->dismissed[visitor->n_dismissed++] = *id;
}

int clickstream_visit_step(struct clickstream_visit *v, struct clickstream_visitor *visitor,
                           const struct clickstream_fact *f, tl_time now)
{
    int err = 0;

    switch (f->kind) {
    case CLICKSTREAM_PAGE_VIEWED: err = page_viewed(v, f, now); break;
    case CLICKSTREAM_PAGE_LEFT:
    case CLICKSTREAM_HEARTBEAT: page_looked_at(v, f, now); break;
    case CLICKSTREAM_BASKET_CHANGED: err = basket_changed(v, f->basket); break;
    case CLICKSTREAM_INVITATION_SHOWN:
    case CLICKSTREAM_INVITATION_ACCEPTED: given_add(v, &f->invitation, now)->shown = true; break;
    case CLICKSTREAM_INVITATION_DISMISSED:
        given_add(v, &f->invitation, now)->shown = true;
        dismissed_add(visitor, &f->invitation);
        break;
    }
    if (!err && now > v->seen_at)
        v->seen_at = now;
    return err;
}

void clickstream_visit_give(struct clickstream_visit *v, struct clickstream_visitor *visitor,
                            const struct tl_id *invitation, tl_time now)
{
    given_add(v, invitation, now);
    visitor->invited_at = now;
}

bool clickstream_visit_has_given(const struct clickstream_visit *v, const struct tl_id *invitation,
                                 tl_time now)
{
    const struct clickstream_given *g = given_find(v, invitation);

    return g && (g->shown || now - g->given_at < CLICKSTREAM_GIVE_AGAIN);
}

bool clickstream_visitor_dismissed(const struct clickstream_visitor *visitor,
                                   const struct tl_id *invitation)
{
    for (size_t i = 0; i < visitor->n_dismissed; i++)
        if (tl_id_eq(&visitor->dismissed[i], invitation))
            return true;
    return false;
}
