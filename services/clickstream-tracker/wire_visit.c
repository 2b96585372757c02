/* Visits as messages, and back from the records that Redis keeps. */
#include "wire_pb.h"

#include <tl_mem.h>

#include "threadline/clickstream/v1/commands.pb-c.h"
#include "threadline/clickstream/v1/store.pb-c.h"

void clickstream_wire_lend_basket(struct clickstream_visit_message *m,
                                  const struct clickstream_basket *b)
{
    threadline__common__v1__basket__init(&m->basket);
    m->basket.total_minor = b->total_minor;
    m->basket.currency = lend(b->currency);
    m->basket.items = m->item_rows;
    m->basket.n_items = TL_LOWER(b->n, (size_t)CLICKSTREAM_BASKET_MAX);
    for (size_t i = 0; i < m->basket.n_items; i++) {
        COMMON(BasketItem) *to = m->item_rows[i] = &m->items[i];

        threadline__common__v1__basket_item__init(to);
        to->sku = lend(b->items[i].sku);
        to->name = lend(b->items[i].name);
        to->quantity = b->items[i].quantity;
        to->unit_price_minor = b->items[i].unit_price_minor;
    }
}

void clickstream_wire_lend_visit(struct clickstream_visit_message *m,
                                 const struct clickstream_visit *v)
{
    COMMON(Visit) *to = &m->visit;

    threadline__common__v1__visit__init(to);
    to->visit_id = lend(v->id.s);
    to->visitor_id = lend(v->visitor.s);
    to->customer_id = lend(v->customer.s);
    to->customer_name = lend(v->customer_name);
    to->tier = lend(v->tier);
    to->referrer = lend(v->referrer);
    to->user_agent_family = lend(v->browser);
    to->started_at_us = v->started_at;
    to->path = m->page_rows;
    to->n_path = v->n_path;
    for (size_t i = 0; i < v->n_path; i++) {
        const struct clickstream_page *from = &v->path[i];
        COMMON(PageView) *page = m->page_rows[i] = &m->pages[i];

        threadline__common__v1__page_view__init(page);
        page->url = lend(from->url);
        page->title = lend(from->title);
        page->section = lend(from->section.s);
        page->entered_at_us = from->entered_at;
        page->dwell_ms = from->dwell / 1000;
    }
    if (v->basket.n || v->basket.total_minor) {
        clickstream_wire_lend_basket(m, &v->basket);
        to->basket = &m->basket;
    }
}

int clickstream_wire_put_visit(struct tl_buf *out, const struct clickstream_visit *v)
{
    PB(StoredVisit) m = THREADLINE__CLICKSTREAM__V1__STORED_VISIT__INIT;
    PB(Given) given[CLICKSTREAM_GIVEN_MAX], *rows[CLICKSTREAM_GIVEN_MAX];
    struct clickstream_visit_message visit;

    clickstream_wire_lend_visit(&visit, v);
    m.visit = &visit.visit;
    m.seen_at_us = v->seen_at;
    m.pages_seen = v->pages_seen;
    m.given = rows;
    m.n_given = v->n_given;
    for (size_t i = 0; i < v->n_given; i++) {
        rows[i] = &given[i];
        threadline__clickstream__v1__given__init(rows[i]);
        rows[i]->invitation_id = lend(v->given[i].invitation.s);
        rows[i]->given_at_us = v->given[i].given_at;
        rows[i]->shown = v->given[i].shown;
    }
    return tl_pb_pack(&m, out);
}

/* Our own record: what does not fit any more is dropped, not refused. */
static void id_from(struct tl_id *ret, const char *s)
{
    if (tl_id_parse(ret, tl_str(s)))
        ret->s[0] = '\0';
}

static int take_path(struct clickstream_visit *v, const COMMON(Visit) * from)
{
    for (size_t i = 0; i < from->n_path && v->n_path < CLICKSTREAM_PATH_MAX; i++) {
        struct clickstream_page *p = &v->path[v->n_path++];

        p->url = tl_copy(from->path[i]->url, strlen(from->path[i]->url));
        p->title = tl_copy(from->path[i]->title, strlen(from->path[i]->title));
        if (!p->url || !p->title)
            return -ENOMEM;
        id_from(&p->section, from->path[i]->section);
        p->entered_at = from->path[i]->entered_at_us;
        p->dwell = tl_dur_of_ms(from->path[i]->dwell_ms);
    }
    return 0;
}

static int take_basket(struct clickstream_visit *v, const COMMON(Basket) * from)
{
    size_t n = TL_LOWER(from->n_items, (size_t)CLICKSTREAM_BASKET_MAX);

    if (n) {
        v->basket.items = tl_alloc(n, sizeof(*v->basket.items));
        if (!v->basket.items)
            return -ENOMEM;
    }
    v->basket.n = n;
    v->basket.total_minor = from->total_minor;
    tl_str_put(v->basket.currency, sizeof(v->basket.currency), tl_str(from->currency));
    for (size_t i = 0; i < n; i++) {
        struct clickstream_item *to = &v->basket.items[i];

        tl_str_put(to->sku, sizeof(to->sku), tl_str(from->items[i]->sku));
        tl_str_put(to->name, sizeof(to->name), tl_str(from->items[i]->name));
        to->quantity = from->items[i]->quantity;
        to->unit_price_minor = from->items[i]->unit_price_minor;
    }
    return 0;
}

static int take_visit(struct clickstream_visit **ret, const PB(StoredVisit) * m)
{
    const COMMON(Visit) *from = m->visit;
    struct clickstream_who who = {.name = from->customer_name, .tier = from->tier};
    struct clickstream_visit *v = NULL;
    struct tl_id id;
    int err;

    id_from(&id, from->visit_id);
    id_from(&who.visitor, from->visitor_id);
    id_from(&who.customer, from->customer_id);
    err = clickstream_visit_new(&v, &id, &who, from->started_at_us);
    if (err)
        return err;
    err = clickstream_visit_origin(v, tl_str(from->referrer), from->user_agent_family);
    if (!err)
        err = take_path(v, from);
    if (!err && from->basket)
        err = take_basket(v, from->basket);
    if (err) {
        clickstream_visit_free(v);
        return err;
    }
    v->seen_at = m->seen_at_us;
    v->pages_seen = m->pages_seen;
    for (size_t i = 0; i < m->n_given && v->n_given < CLICKSTREAM_GIVEN_MAX; i++) {
        struct clickstream_given *g = &v->given[v->n_given++];

        id_from(&g->invitation, m->given[i]->invitation_id);
        g->given_at = m->given[i]->given_at_us;
        g->shown = m->given[i]->shown;
    }
    *ret = v;
    return 0;
}

int clickstream_wire_get_visit(struct clickstream_visit **ret, struct tl_str bytes)
{
    PB(StoredVisit) *m = NULL;
    int err;

    *ret = NULL;
    if (!bytes.n)
        return 0;
    err = TL_PB_UNPACK(threadline__clickstream__v1__stored_visit, bytes.s, bytes.n, &m);
    if (err)
        return err;
    err = m->visit ? take_visit(ret, m) : -EBADMSG;
    tl_pb_free(m);
    return err;
}

int clickstream_wire_put_visitor(struct tl_buf *out, const struct clickstream_visitor *w)
{
    PB(StoredVisitor) m = THREADLINE__CLICKSTREAM__V1__STORED_VISITOR__INIT;
    char *rows[CLICKSTREAM_DISMISSED_MAX];

    m.invited_at_us = w->invited_at;
    m.dismissed = rows;
    m.n_dismissed = w->n_dismissed;
    for (size_t i = 0; i < w->n_dismissed; i++)
        rows[i] = lend(w->dismissed[i].s);
    return tl_pb_pack(&m, out);
}

int clickstream_wire_get_visitor(struct clickstream_visitor *ret, struct tl_str bytes)
{
    PB(StoredVisitor) *m = NULL;
    int err;

    memset(ret, 0, sizeof(*ret));
    if (!bytes.n)
        return 0;
    err = TL_PB_UNPACK(threadline__clickstream__v1__stored_visitor, bytes.s, bytes.n, &m);
    if (err)
        return err;
    ret->invited_at = m->invited_at_us;
    for (size_t i = 0; i < m->n_dismissed && ret->n_dismissed < CLICKSTREAM_DISMISSED_MAX; i++)
        id_from(&ret->dismissed[ret->n_dismissed++], m->dismissed[i]);
    tl_pb_free(m);
    return 0;
}

int clickstream_wire_get_visit_response(struct tl_buf *out, const struct clickstream_visit *v)
{
    PB(GetVisitResponse) m = THREADLINE__CLICKSTREAM__V1__GET_VISIT_RESPONSE__INIT;
    struct clickstream_visit_message visit;

    clickstream_wire_lend_visit(&visit, v);
    m.visit = &visit.visit;
    return tl_pb_pack(&m, out);
}
