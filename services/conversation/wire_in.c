/* What the neighbours say: events of the ACD and cobrowse-relay, positions, answers. */
#include "wire_inner.h"

#include <tl_mem.h>

#include <threadline/acd/v1/commands.pb-c.h>
#include <threadline/acd/v1/events.pb-c.h>
#include <threadline/acd/v1/supply.pb-c.h>
#include <threadline/clickstream/v1/commands.pb-c.h>
#include <threadline/cobrowse/v1/commands.pb-c.h>
#include <threadline/cobrowse/v1/events.pb-c.h>
#include <threadline/ivr/v1/commands.pb-c.h>
#include <threadline/media/v1/commands.pb-c.h>
#include <threadline/signaling/v1/gateways.pb-c.h>

/* ---- the ACD's events ------------------------------------------------------------------- */

static int acd_fact(const Threadline__Acd__V1__AcdEvent *e, struct wire_acd_event *ret)
{
    struct contact_fact *f = &ret->fact;
    int err = 0;

    ret->is_fact = true;
    switch (e->event_case) {
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_OFFERED:
        f->kind = FACT_OFFERED;
        f->until = e->contact_offered->expires_at_us;
        err = wire_need_id(&f->offer, e->contact_offered->offer_id);
        return err ? err : wire_need_id(&f->agent, e->contact_offered->agent_id);
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_OFFER_ACCEPTED:
        f->kind = FACT_ACCEPTED;
        err = wire_need_id(&f->offer, e->offer_accepted->offer_id);
        return err ? err : wire_need_id(&f->agent, e->offer_accepted->agent_id);
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_OFFER_DECLINED:
        f->kind = FACT_OFFER_OVER;
        return wire_maybe_id(&f->offer, e->offer_declined->offer_id);
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_OFFER_TIMED_OUT:
        f->kind = FACT_OFFER_OVER;
        return wire_maybe_id(&f->offer, e->offer_timed_out->offer_id);
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_OFFER_RESCINDED:
        f->kind = FACT_OFFER_OVER;
        return wire_maybe_id(&f->offer, e->offer_rescinded->offer_id);
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_DEQUEUED:
        f->kind = FACT_DEQUEUED;
        (void)tl_str_put(ret->cause, sizeof ret->cause, tl_str(e->contact_dequeued->cause));
        f->cause = ret->cause;
        return 0;
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_RELEASED: f->kind = FACT_RELEASED; return 0;
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_WRAP_UP_ENDED:
        f->kind = FACT_WRAP_UP_TIMEOUT;
        return 0;
    default: ret->is_fact = false; return 0;
    }
}

int wire_acd_event(const void *data, size_t n, struct wire_acd_event *ret)
{
    Threadline__Acd__V1__AcdEvent *e = NULL;
    int err;

    *ret = (struct wire_acd_event){0};
    err = TL_PB_UNPACK(threadline__acd__v1__acd_event, data, n, &e);
    if (err)
        goto out;
    err = e->meta ? wire_maybe_id(&ret->contact, e->meta->contact_id) : -EBADMSG;
    if (err)
        goto out;
    ret->at = e->meta->occurred_at_us;
    if (e->event_case == THREADLINE__ACD__V1__ACD_EVENT__EVENT_AGENT_STATE_CHANGED) {
        err = wire_need_id(&ret->agent, e->agent_state_changed->agent_id);
        (void)tl_str_put(ret->agent_name, sizeof ret->agent_name,
                         tl_str(e->agent_state_changed->display_name));
        goto out;
    }
    ret->new_owner = e->event_case == THREADLINE__ACD__V1__ACD_EVENT__EVENT_OWNERSHIP_TAKEN;
    err = acd_fact(e, ret);
    if (!err && ret->is_fact && tl_id_empty(&ret->contact))
        err = -EBADMSG;
    ret->fact.epoch = e->epoch;
    ret->fact.seq = e->meta->seq;
out:
    tl_pb_free(e);
    return err;
}

int wire_room_closed(const void *data, size_t n, struct tl_id *ret_contact, bool *ret_by_itself)
{
    Threadline__Cobrowse__V1__CobrowseEvent *e = NULL;
    const char *cause;
    int err = TL_PB_UNPACK(threadline__cobrowse__v1__cobrowse_event, data, n, &e);

    if (!err &&
        (!e->meta || e->event_case != THREADLINE__COBROWSE__V1__COBROWSE_EVENT__EVENT_ROOM_CLOSED))
        err = -EBADMSG;
    if (!err)
        err = wire_need_id(ret_contact, e->meta->contact_id);
    if (!err) {
        cause = e->room_closed->cause; /* ours are those of out_close_room() */
        *ret_by_itself = strcmp(cause, "stopped") != 0 && strcmp(cause, "contact_ended") != 0;
    }
    tl_pb_free(e);
    return err;
}

int wire_positions(const void *data, size_t n, void (*each)(void *, const struct queue_position *),
                   void *arg)
{
    Threadline__Acd__V1__Positions *m = NULL;
    int err = TL_PB_UNPACK(threadline__acd__v1__positions, data, n, &m);

    for (size_t i = 0; !err && i < m->n_rows; i++) {
        const Threadline__Acd__V1__Position *r = m->rows[i];
        struct queue_position p = {.position = r->position};

        err = wire_need_id(&p.contact, r->contact_id);
        p.expected_wait_s =
            r->expected_wait_ms < 0 ? -1 : (int)TL_LOWER((r->expected_wait_ms + 999) / 1000, 86400);
        if (!err)
            each(arg, &p);
    }
    tl_pb_free(m);
    return err;
}

/* ---- answers ---------------------------------------------------------------------------- */

static int take_list(struct contact_list *ret, char **texts, size_t n)
{
    int err = 0;

    if (n > CONTACT_LIST_MAX)
        return -EBADMSG;
    ret->n = (int)n;
    for (size_t i = 0; !err && i < n; i++)
        err = wire_need_id(&ret->at[i], texts[i]);
    return err;
}

int wire_route(const void *data, size_t n, struct contact_route *ret, bool *closed, char cause[40],
               char farewell[200])
{
    Threadline__Ivr__V1__StartFlowResponse *m = NULL;
    int err = TL_PB_UNPACK(threadline__ivr__v1__start_flow_response, data, n, &m);

    if (err)
        goto out;
    *ret = (struct contact_route){0};
    *closed = m->next_case == THREADLINE__IVR__V1__START_FLOW_RESPONSE__NEXT_CLOSE;
    err = wire_short_text(ret->flow, sizeof ret->flow, m->flow);
    if (!err)
        err = take_list(&ret->announcements, m->announcements, m->n_announcements);
    if (!err)
        err = wire_maybe_id(&ret->music, m->music);
    if (err)
        goto out;
    if (*closed) {
        (void)tl_str_put(cause, 40, tl_str(m->close->cause));
        (void)tl_str_put(farewell, 200, tl_str(m->close->message));
    } else if (m->next_case == THREADLINE__IVR__V1__START_FLOW_RESPONSE__NEXT_ENQUEUE) {
        ret->priority = m->enqueue->priority;
        err = wire_need_id(&ret->queue, m->enqueue->queue);
        if (!err)
            err = take_list(&ret->skills, m->enqueue->skills, m->enqueue->n_skills);
    } else {
        err = -EBADMSG;
    }
out:
    tl_pb_free(m);
    return err;
}

int wire_visit(const void *data, size_t n, char name[80], struct tl_buf *packed_visit)
{
    Threadline__Clickstream__V1__GetVisitResponse *m = NULL;
    int err = TL_PB_UNPACK(threadline__clickstream__v1__get_visit_response, data, n, &m);

    if (!err && !m->visit)
        err = -EBADMSG;
    if (!err) {
        (void)tl_str_put(name, 80, tl_str(m->visit->customer_name));
        err = tl_pb_pack(m->visit, packed_visit);
    }
    tl_pb_free(m);
    return err;
}

int wire_released(const void *data, size_t n, tl_time *ret_until)
{
    Threadline__Acd__V1__ReleaseResponse *m = NULL;
    int err = TL_PB_UNPACK(threadline__acd__v1__release_response, data, n, &m);

    if (!err)
        *ret_until = m->wrap_up_ends_at_us;
    tl_pb_free(m);
    return err;
}

int wire_room(const void *data, size_t n, char customer[64], char agent[64])
{
    Threadline__Cobrowse__V1__OpenRoomResponse *m = NULL;
    int err = TL_PB_UNPACK(threadline__cobrowse__v1__open_room_response, data, n, &m);

    if (!err)
        err = wire_short_text(customer, 64, m->customer_ticket);
    if (!err)
        err = wire_short_text(agent, 64, m->agent_ticket);
    tl_pb_free(m);
    return err;
}

int wire_agent(const void *data, size_t n, char name[80])
{
    Threadline__Acd__V1__GetAgentResponse *m = NULL;
    int err = TL_PB_UNPACK(threadline__acd__v1__get_agent_response, data, n, &m);

    if (!err && !m->state)
        err = -EBADMSG;
    if (!err)
        (void)tl_str_put(name, 80, tl_str(m->state->display_name));
    tl_pb_free(m);
    return err;
}

static int grow(struct reconcile_seen **rows, size_t n, size_t more)
{
    struct reconcile_seen *p = more ? tl_resize(*rows, n + more, sizeof *p) : *rows;

    if (!p && more)
        return -ENOMEM;
    *rows = p;
    return 0;
}

int wire_acd_rows(const void *data, size_t n, struct reconcile_views *views)
{
    Threadline__Acd__V1__ListContactsResponse *m = NULL;
    int err = TL_PB_UNPACK(threadline__acd__v1__list_contacts_response, data, n, &m);

    if (!err)
        err = grow(&views->acd, views->n_acd, m->n_contacts);
    if (!err) {
        views->acd_epoch = m->epoch;
        views->gathering = m->gathering_since_us;
    }
    for (size_t i = 0; !err && i < m->n_contacts; i++) {
        const Threadline__Acd__V1__ContactRow *r = m->contacts[i];
        struct reconcile_seen *row = &views->acd[views->n_acd];

        *row = (struct reconcile_seen){.since = r->since_us};
        if (wire_need_id(&row->contact, r->contact_id) || wire_maybe_id(&row->agent, r->agent_id) ||
            wire_maybe_id(&row->offer, r->offer_id) ||
            wire_short_text(row->state, sizeof row->state, r->state))
            err = -EBADMSG;
        else
            views->n_acd++;
    }
    tl_pb_free(m);
    return err;
}

int wire_media_rows(const void *data, size_t n, struct reconcile_seen **rows, size_t *ret_n)
{
    Threadline__Media__V1__ListContactsResponse *m = NULL;
    int err = TL_PB_UNPACK(threadline__media__v1__list_contacts_response, data, n, &m);

    if (!err)
        err = grow(rows, *ret_n, m->n_contacts);
    for (size_t i = 0; !err && i < m->n_contacts; i++) {
        const Threadline__Media__V1__MediaContact *r = m->contacts[i];
        struct reconcile_seen *row = &(*rows)[*ret_n];

        *row = (struct reconcile_seen){0};
        if (wire_need_id(&row->contact, r->contact_id) || wire_maybe_id(&row->agent, r->agent_id))
            err = -EBADMSG;
        else
            (*ret_n)++;
    }
    tl_pb_free(m);
    return err;
}

int wire_unknown(const void *data, size_t n, struct tl_id **rows, size_t *ret_n)
{
    Threadline__Signaling__V1__ListUnknownResponse *m = NULL;
    struct tl_id *p;
    int err = TL_PB_UNPACK(threadline__signaling__v1__list_unknown_response, data, n, &m);

    if (!err && m->n_unknown_session_ids) {
        p = tl_resize(*rows, *ret_n + m->n_unknown_session_ids, sizeof *p);
        err = p ? 0 : -ENOMEM;
        *rows = p ? p : *rows;
    }
    for (size_t i = 0; !err && i < m->n_unknown_session_ids; i++) {
        err = wire_need_id(&(*rows)[*ret_n], m->unknown_session_ids[i]);
        *ret_n += !err;
    }
    tl_pb_free(m);
    return err;
}
