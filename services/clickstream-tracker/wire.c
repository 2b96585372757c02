/* Everything that knows the messages of proto/threadline/clickstream/v1. */
#include "wire.h"

#include <tl_mem.h>

#include "threadline/acd/v1/supply.pb-c.h"
#include "threadline/clickstream/v1/collect.pb-c.h"
#include "threadline/clickstream/v1/commands.pb-c.h"
#include "threadline/clickstream/v1/events.pb-c.h"
#include "threadline/clickstream/v1/store.pb-c.h"

#define PB(name)     Threadline__Clickstream__V1__##name
#define COMMON(name) Threadline__Common__V1__##name

/* protobuf-c wants plain char pointers; nothing is written through them. */
static char *lend(const char *s)
{
    return (char *)(uintptr_t)(s ? s : "");
}

/* ---- the request ---------------------------------------------------------------------------- */

static const struct {
    const char *type;
    enum clickstream_fact_kind kind;
} types[] = {
    {"page_view", CLICKSTREAM_PAGE_VIEWED},
    {"page_leave", CLICKSTREAM_PAGE_LEFT},
    {"basket", CLICKSTREAM_BASKET_CHANGED},
    {"heartbeat", CLICKSTREAM_HEARTBEAT},
    {"invitation_shown", CLICKSTREAM_INVITATION_SHOWN},
    {"invitation_dismissed", CLICKSTREAM_INVITATION_DISMISSED},
    {"invitation_accepted", CLICKSTREAM_INVITATION_ACCEPTED},
};

const char *clickstream_wire_type(enum clickstream_fact_kind kind)
{
    for (size_t i = 0; i < TL_LEN(types); i++)
        if (types[i].kind == kind)
            return types[i].type;
    return "";
}

static int complain(struct tl_buf *why, size_t event, const char *field, const char *reason)
{
    (void)tl_buf_printf(why, "/events/%zu%s%s: %s", event, *field ? "/" : "", field, reason);
    return -EINVAL;
}

static int read_basket(struct clickstream_basket *ret, const PB(CollectEvent) * e, size_t at,
                       struct tl_buf *why)
{
    struct clickstream_item *items = NULL;

    if (e->n_items > CLICKSTREAM_BASKET_MAX)
        return complain(why, at, "items", "more than 50");
    if (strlen(e->currency) > 3)
        return complain(why, at, "currency", "must be three letters");
    if (e->total_minor < 0)
        return complain(why, at, "total_minor", "must not be negative");
    if (e->n_items) {
        items = tl_alloc(e->n_items, sizeof(*items));
        if (!items)
            return -ENOMEM;
    }
    *ret =
        (struct clickstream_basket){.items = items, .n = e->n_items, .total_minor = e->total_minor};
    tl_str_put(ret->currency, sizeof(ret->currency), tl_str(e->currency));
    for (size_t i = 0; i < e->n_items; i++) {
        const COMMON(BasketItem) *from = e->items[i];

        if (!tl_str_put(items[i].sku, sizeof(items[i].sku), tl_str(from->sku)) ||
            !tl_str_put(items[i].name, sizeof(items[i].name), tl_str(from->name)))
            return complain(why, at, "items", "a sku or name is too long");
        items[i].quantity = from->quantity;
        items[i].unit_price_minor = from->unit_price_minor;
    }
    return 0;
}

static int read_url(struct clickstream_fact *f, const PB(CollectEvent) * e, size_t at,
                    struct tl_buf *why)
{
    f->url = tl_str(e->url);
    if (!f->url.n)
        return complain(why, at, "url", "is missing");
    if (f->url.n > CLICKSTREAM_URL_MAX)
        return complain(why, at, "url", "longer than 2048 bytes");
    return 0;
}

static int read_event(struct clickstream_request *r, const PB(CollectEvent) * e, size_t at,
                      struct tl_buf *why)
{
    struct clickstream_fact *f = &r->facts[at];
    size_t type = 0;

    while (type < TL_LEN(types) && strcmp(types[type].type, e->type) != 0)
        type++;
    if (type == TL_LEN(types))
        return complain(why, at, "type", "is not one that we know");
    f->kind = types[type].kind;
    f->title = tl_str(e->title);
    f->at = e->at_ms > 0 && e->at_ms < INT64_MAX / 1000 ? e->at_ms * 1000 : 0;
    if (e->dwell_ms < 0 || e->dwell_ms > INT64_MAX / 1000)
        return complain(why, at, "dwell_ms", "out of range");
    f->dwell = TL_MSEC(e->dwell_ms);
    if (e->section[0] && tl_id_parse(&f->section, tl_str(e->section)))
        return complain(why, at, "section", "must be letters, digits, \"-_.\", at most 39");
    switch (f->kind) {
    case CLICKSTREAM_PAGE_VIEWED:
    case CLICKSTREAM_PAGE_LEFT:
    case CLICKSTREAM_HEARTBEAT: return read_url(f, e, at, why);
    case CLICKSTREAM_BASKET_CHANGED:
        f->basket = &r->baskets[at];
        return read_basket(&r->baskets[at], e, at, why);
    case CLICKSTREAM_INVITATION_SHOWN:
    case CLICKSTREAM_INVITATION_DISMISSED:
    case CLICKSTREAM_INVITATION_ACCEPTED:
        if (tl_id_parse(&f->invitation, tl_str(e->invitation_id)))
            return complain(why, at, "invitation_id", "is missing or malformed");
        return 0;
    }
    return -EINVAL;
}

int clickstream_wire_request(struct clickstream_request *ret, struct tl_str json,
                             struct tl_buf *why)
{
    PB(CollectRequest) *m = NULL;
    ProtobufCMessage *base = NULL;
    int err;

    memset(ret, 0, sizeof(*ret));
    err = tl_pb_from_json(&threadline__clickstream__v1__collect_request__descriptor, json, &base,
                          why);
    if (err)
        return err;
    ret->message = base;
    m = (PB(CollectRequest) *)base;
    ret->token = tl_str(m->token);
    ret->claim = tl_str(m->claim);
    ret->referrer = tl_str(m->referrer);
    if (m->n_events > CLICKSTREAM_EVENTS_MAX) {
        (void)tl_buf_puts(why, "/events: more than 50");
        return -EINVAL;
    }
    for (size_t i = 0; i < m->n_events; i++) {
        err = read_event(ret, m->events[i], i, why);
        if (err)
            return err;
        ret->n_facts = i + 1;
    }
    return 0;
}

void clickstream_wire_request_done(struct clickstream_request *r)
{
    for (size_t i = 0; i < TL_LEN(r->baskets); i++)
        r->baskets[i].items = tl_free(r->baskets[i].items);
    r->message = tl_pb_free(r->message);
}

int clickstream_wire_answer(struct tl_buf *out, const struct clickstream_answer *a)
{
    PB(CollectResponse) m = THREADLINE__CLICKSTREAM__V1__COLLECT_RESPONSE__INIT;
    PB(Invitation) inv = THREADLINE__CLICKSTREAM__V1__INVITATION__INIT;
    const struct clickstream_rule *rule = a->invitation.rule;

    m.visitor_id = lend(a->visitor_id);
    m.visit_id = lend(a->visit_id);
    m.token = lend(a->token);
    if (rule) {
        inv.id = lend(rule->id.s);
        inv.rule = lend(rule->name.s);
        inv.title = lend(rule->title);
        inv.text = lend(rule->text);
        inv.channels = (char **)(uintptr_t)a->invitation.channels;
        inv.n_channels = a->invitation.n_channels;
        m.invitation = &inv;
    }
    return tl_pb_to_json(&m, out);
}

/* ---- the visit ------------------------------------------------------------------------------ */

/* A visit as a message, with room for its parts; valid while the visit is. */
struct visit_message {
    COMMON(Visit) visit;
    COMMON(PageView) pages[CLICKSTREAM_PATH_MAX];
    COMMON(PageView) * page_rows[CLICKSTREAM_PATH_MAX];
    COMMON(Basket) basket;
    COMMON(BasketItem) items[CLICKSTREAM_BASKET_MAX];
    COMMON(BasketItem) * item_rows[CLICKSTREAM_BASKET_MAX];
};

static void lend_basket(struct visit_message *m, const struct clickstream_basket *b)
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

static void lend_visit(struct visit_message *m, const struct clickstream_visit *v)
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
        lend_basket(m, &v->basket);
        to->basket = &m->basket;
    }
}

int clickstream_wire_put_visit(struct tl_buf *out, const struct clickstream_visit *v)
{
    PB(StoredVisit) m = THREADLINE__CLICKSTREAM__V1__STORED_VISIT__INIT;
    PB(Given) given[CLICKSTREAM_GIVEN_MAX], *rows[CLICKSTREAM_GIVEN_MAX];
    struct visit_message visit;

    lend_visit(&visit, v);
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

/* ---- the bus -------------------------------------------------------------------------------- */

int clickstream_wire_get_visit_request(struct tl_id *ret_visit, struct tl_id *ret_visitor,
                                       const void *data, size_t n)
{
    PB(GetVisitRequest) *m = NULL;
    int err = TL_PB_UNPACK(threadline__clickstream__v1__get_visit_request, data, n, &m);

    if (err)
        return err;
    if (tl_id_parse(ret_visit, tl_str(m->visit_id)) ||
        tl_id_parse(ret_visitor, tl_str(m->visitor_id)))
        err = -EBADMSG;
    tl_pb_free(m);
    return err;
}

int clickstream_wire_get_visit_response(struct tl_buf *out, const struct clickstream_visit *v)
{
    PB(GetVisitResponse) m = THREADLINE__CLICKSTREAM__V1__GET_VISIT_RESPONSE__INIT;
    struct visit_message visit;

    lend_visit(&visit, v);
    m.visit = &visit.visit;
    return tl_pb_pack(&m, out);
}

int clickstream_wire_supply(struct clickstream_supply *ret, const struct clickstream_rules *rules,
                            const void *data, size_t n)
{
    Threadline__Acd__V1__Supply *m = NULL;
    int err = TL_PB_UNPACK(threadline__acd__v1__supply, data, n, &m);

    if (err)
        return err;
    ret->n = 0;
    for (size_t i = 0; i < m->n_queues && ret->n < CLICKSTREAM_QUEUES_MAX; i++) {
        struct clickstream_queue *q = &ret->queue[ret->n];

        if (tl_id_parse(&q->name, tl_str(m->queues[i]->queue)) ||
            !clickstream_rules_offer(rules, &q->name))
            continue;
        q->staffed = m->queues[i]->staffed;
        q->idle = m->queues[i]->idle;
        q->expected_wait =
            m->queues[i]->expected_wait_ms < 0 ? -1 : tl_dur_of_ms(m->queues[i]->expected_wait_ms);
        ret->n++;
    }
    tl_pb_free(m);
    return 0;
}

static int emit(struct tl_events *events, PB(ClickstreamEvent) * e,
                const struct clickstream_visit *v, tl_time now)
{
    Threadline__Event__V1__Meta meta = THREADLINE__EVENT__V1__META__INIT;

    meta.occurred_at_us = now;
    e->meta = &meta;
    e->visit_id = lend(v->id.s);
    e->visitor_id = lend(v->visitor.s);
    return tl_events_emit(events, &e->base, "", "", v->id.s);
}

#define INNER(field, FIELD)                                                       \
    e.event_case = THREADLINE__CLICKSTREAM__V1__CLICKSTREAM_EVENT__EVENT_##FIELD; \
    e.field = &field

int clickstream_wire_emit_started(struct tl_events *events, const struct clickstream_visit *v,
                                  tl_time now)
{
    PB(ClickstreamEvent) e = THREADLINE__CLICKSTREAM__V1__CLICKSTREAM_EVENT__INIT;
    PB(VisitStarted) visit_started = THREADLINE__CLICKSTREAM__V1__VISIT_STARTED__INIT;

    visit_started.referrer = lend(v->referrer);
    visit_started.user_agent_family = lend(v->browser);
    visit_started.customer_id = lend(v->customer.s);
    visit_started.tier = lend(v->tier);
    INNER(visit_started, VISIT_STARTED);
    return emit(events, &e, v, now);
}

static int emit_page_viewed(struct tl_events *events, const struct clickstream_visit *v,
                            tl_time now)
{
    PB(ClickstreamEvent) e = THREADLINE__CLICKSTREAM__V1__CLICKSTREAM_EVENT__INIT;
    PB(PageViewed) page_viewed = THREADLINE__CLICKSTREAM__V1__PAGE_VIEWED__INIT;
    const struct clickstream_page *p = clickstream_visit_page(v);

    page_viewed.url = lend(p->url);
    page_viewed.title = lend(p->title);
    page_viewed.section = lend(p->section.s);
    INNER(page_viewed, PAGE_VIEWED);
    return emit(events, &e, v, now);
}

static int emit_page_left(struct tl_events *events, const struct clickstream_visit *v,
                          const struct clickstream_fact *f, tl_time now)
{
    PB(ClickstreamEvent) e = THREADLINE__CLICKSTREAM__V1__CLICKSTREAM_EVENT__INIT;
    PB(PageLeft) page_left = THREADLINE__CLICKSTREAM__V1__PAGE_LEFT__INIT;
    struct tl_str path = clickstream_url_path(f->url);
    char url[CLICKSTREAM_URL_MAX + 1];

    tl_str_put(url, sizeof(url), path);
    page_left.url = url;
    page_left.dwell_ms = TL_LOWER(f->dwell, CLICKSTREAM_DWELL_MAX) / 1000;
    INNER(page_left, PAGE_LEFT);
    return emit(events, &e, v, now);
}

static int emit_basket(struct tl_events *events, const struct clickstream_visit *v, tl_time now)
{
    PB(ClickstreamEvent) e = THREADLINE__CLICKSTREAM__V1__CLICKSTREAM_EVENT__INIT;
    PB(BasketChanged) basket_changed = THREADLINE__CLICKSTREAM__V1__BASKET_CHANGED__INIT;
    struct visit_message m;

    lend_basket(&m, &v->basket);
    basket_changed.basket = &m.basket;
    INNER(basket_changed, BASKET_CHANGED);
    return emit(events, &e, v, now);
}

static int emit_invitation(struct tl_events *events, const struct clickstream_visit *v,
                           const struct clickstream_fact *f, const char *rule, tl_time now)
{
    PB(ClickstreamEvent) e = THREADLINE__CLICKSTREAM__V1__CLICKSTREAM_EVENT__INIT;
    PB(InvitationShown) invitation_shown = THREADLINE__CLICKSTREAM__V1__INVITATION_SHOWN__INIT;
    PB(InvitationDismissed)
    invitation_dismissed = THREADLINE__CLICKSTREAM__V1__INVITATION_DISMISSED__INIT;
    PB(InvitationAccepted)
    invitation_accepted = THREADLINE__CLICKSTREAM__V1__INVITATION_ACCEPTED__INIT;

    if (f->kind == CLICKSTREAM_INVITATION_SHOWN) {
        invitation_shown.invitation_id = lend(f->invitation.s);
        invitation_shown.rule = lend(rule);
        INNER(invitation_shown, INVITATION_SHOWN);
    } else if (f->kind == CLICKSTREAM_INVITATION_DISMISSED) {
        invitation_dismissed.invitation_id = lend(f->invitation.s);
        INNER(invitation_dismissed, INVITATION_DISMISSED);
    } else {
        invitation_accepted.invitation_id = lend(f->invitation.s);
        INNER(invitation_accepted, INVITATION_ACCEPTED);
    }
    return emit(events, &e, v, now);
}

int clickstream_wire_emit(struct tl_events *events, const struct clickstream_visit *v,
                          const struct clickstream_fact *f, const char *rule, tl_time now)
{
    switch (f->kind) {
    case CLICKSTREAM_PAGE_VIEWED: return emit_page_viewed(events, v, now);
    case CLICKSTREAM_PAGE_LEFT: return emit_page_left(events, v, f, now);
    case CLICKSTREAM_BASKET_CHANGED: return emit_basket(events, v, now);
    case CLICKSTREAM_HEARTBEAT: return 0;
    case CLICKSTREAM_INVITATION_SHOWN:
    case CLICKSTREAM_INVITATION_DISMISSED:
    case CLICKSTREAM_INVITATION_ACCEPTED: return emit_invitation(events, v, f, rule, now);
    }
    return 0;
}
