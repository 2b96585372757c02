/* What comes in: the collect request (and its answer), GetVisit, the ACD's supply. */
#include "wire_pb.h"

#include <tl_mem.h>

#include "threadline/acd/v1/supply.pb-c.h"
#include "threadline/clickstream/v1/collect.pb-c.h"
#include "threadline/clickstream/v1/commands.pb-c.h"

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
