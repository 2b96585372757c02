/* Events on tl.clicks.>; their key is the visit. */
#include "wire_pb.h"

#include "threadline/clickstream/v1/events.pb-c.h"

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
    struct clickstream_visit_message m;

    clickstream_wire_lend_basket(&m, &v->basket);
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
