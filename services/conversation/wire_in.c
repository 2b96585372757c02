/* What others say: commands, events of the ACD, answers. */
#include "wire.h"

#include <tl_mem.h>
#include <tl_pb.h>

#include <threadline/acd/v1/commands.pb-c.h>
#include <threadline/acd/v1/events.pb-c.h>
#include <threadline/acd/v1/supply.pb-c.h>
#include <threadline/clickstream/v1/commands.pb-c.h>
#include <threadline/cobrowse/v1/commands.pb-c.h>
#include <threadline/cobrowse/v1/events.pb-c.h>
#include <threadline/conversation/v1/commands.pb-c.h>
#include <threadline/ivr/v1/commands.pb-c.h>
#include <threadline/media/v1/commands.pb-c.h>
#include <threadline/signaling/v1/gateways.pb-c.h>

_Static_assert((int)CHANNEL_VIDEO == THREADLINE__COMMON__V1__CHANNEL__CHANNEL_VIDEO, "channel");
_Static_assert((int)CHANNEL_PHONE == THREADLINE__COMMON__V1__CHANNEL__CHANNEL_PHONE, "channel");
_Static_assert((int)ROLE_CUSTOMER == THREADLINE__COMMON__V1__ROLE__ROLE_CUSTOMER, "role");
_Static_assert((int)ROLE_SYSTEM == THREADLINE__COMMON__V1__ROLE__ROLE_SYSTEM, "role");
_Static_assert((int)OUTCOME_FAILED ==
                   THREADLINE__SIGNALING__V1__CONTACT_OUTCOME__CONTACT_OUTCOME_FAILED,
               "outcome");

typedef Threadline__Common__V1__Actor Actor;

/* ---- fields ----------------------------------------------------------------------------- */

/** An id that must be there and be one. */
static int need_id(struct tl_id *ret, const char *text)
{
    return tl_id_parse(ret, tl_str(text)) ? -EBADMSG : 0;
}

/** Empty is fine. */
static int maybe_id(struct tl_id *ret, const char *text)
{
    *ret = (struct tl_id){0};
    return *text ? need_id(ret, text) : 0;
}

static int short_text(char *dst, size_t size, const char *text)
{
    return tl_str_put(dst, size, tl_str(text)) ? 0 : -EBADMSG;
}

static int take_actor(struct contact_actor *ret, const Actor *a)
{
    *ret = (struct contact_actor){0};
    if (!a || (int)a->role < ROLE_CUSTOMER || (int)a->role > ROLE_SYSTEM)
        return -EBADMSG;
    ret->role = (enum contact_role)a->role;
    if (maybe_id(&ret->session, a->session_id) || maybe_id(&ret->agent, a->agent_id) ||
        maybe_id(&ret->visitor, a->visitor_id) || maybe_id(&ret->customer, a->customer_id) ||
        short_text(ret->tier, sizeof ret->tier, a->tier))
        return -EBADMSG;
    if (ret->role == ROLE_CUSTOMER && tl_id_empty(&ret->session))
        return -EBADMSG;
    if ((ret->role == ROLE_AGENT || ret->role == ROLE_SUPERVISOR) && tl_id_empty(&ret->agent))
        return -EBADMSG;
    return 0;
}

/* ---- commands --------------------------------------------------------------------------- */

#define REQ(Type) const Threadline__Conversation__V1__##Type *m = cmd->owner

static int in_request_contact(struct wire_command *cmd, const char **why)
{
    REQ(RequestContactRequest);
    const Threadline__Signaling__V1__RequestContact *r = m->request;

    if (!r || take_actor(&cmd->actor, m->actor))
        return -EBADMSG;
    *why = "request_id must be an id";
    if (need_id(&cmd->request, r->request_id))
        return -EINVAL;
    *why = "visit_id and invitation_id must be ids";
    if (maybe_id(&cmd->visit, r->visit_id) || maybe_id(&cmd->invitation, r->invitation_id))
        return -EINVAL;
    *why = "channel must be video, voice or chat";
    if ((int)r->channel < CHANNEL_VIDEO || (int)r->channel > CHANNEL_CHAT)
        return -EINVAL;
    cmd->channel = (int)r->channel;
    *why = "consent is required";
    if (!r->consent)
        return -EINVAL;
    cmd->section = tl_str(r->section);
    cmd->page_url = tl_str(r->page_url);
    *why = "section or page_url is too long";
    if (cmd->section.n >= 64 || cmd->page_url.n > CONTACT_URL_MAX)
        return -EINVAL;
    cmd->consent = r->consent;
    cmd->cobrowse_consent = r->cobrowse_consent;
    return 0;
}

static int actor_and_contact(struct wire_command *cmd, const Actor *actor, const char *contact,
                             const char **why)
{
    if (take_actor(&cmd->actor, actor))
        return -EBADMSG;
    *why = "contact_id must be an id";
    return tl_id_parse(&cmd->contact, tl_str(contact)) ? -EINVAL : 0;
}

static int in_end_contact(struct wire_command *cmd, const char **why)
{
    REQ(EndContactRequest);

    return actor_and_contact(cmd, m->actor, m->contact_id, why);
}

static int in_post_message(struct wire_command *cmd, const char **why)
{
    REQ(PostMessageRequest);

    if (!m->message)
        return -EBADMSG;
    cmd->text = tl_str(m->message->text);
    cmd->client_ref = tl_str(m->message->client_ref);
    *why = "text must have 1 to 4096 bytes, client_ref at most 63";
    if (!cmd->text.n || cmd->text.n > MESSAGE_TEXT_MAX || cmd->client_ref.n > 63)
        return -EINVAL;
    return actor_and_contact(cmd, m->actor, m->message->contact_id, why);
}

static int in_relay_typing(struct wire_command *cmd, const char **why)
{
    REQ(RelayTypingRequest);

    if (!m->typing)
        return -EBADMSG;
    cmd->on = m->typing->on;
    return actor_and_contact(cmd, m->actor, m->typing->contact_id, why);
}

static int in_answer_survey(struct wire_command *cmd, const char **why)
{
    REQ(AnswerSurveyRequest);

    if (!m->answer)
        return -EBADMSG;
    cmd->score = m->answer->score;
    *why = "score must be 0 to 5";
    if (cmd->score < 0 || cmd->score > 5)
        return -EINVAL;
    return actor_and_contact(cmd, m->actor, m->answer->contact_id, why);
}

static int in_complete_wrap_up(struct wire_command *cmd, const char **why)
{
    REQ(CompleteWrapUpRequest);

    if (!m->wrap_up)
        return -EBADMSG;
    cmd->disposition = tl_str(m->wrap_up->disposition);
    cmd->note = tl_str(m->wrap_up->note);
    *why = "disposition is too long, or note over 4096 bytes";
    if (cmd->disposition.n > 39 || cmd->note.n > MESSAGE_TEXT_MAX)
        return -EINVAL;
    return actor_and_contact(cmd, m->actor, m->wrap_up->contact_id, why);
}

static int in_set_hold(struct wire_command *cmd, const char **why)
{
    REQ(SetHoldRequest);

    if (!m->hold)
        return -EBADMSG;
    cmd->on = m->hold->on;
    return actor_and_contact(cmd, m->actor, m->hold->contact_id, why);
}

static int in_cobrowse_consent(struct wire_command *cmd, const char **why)
{
    REQ(CobrowseConsentRequest);

    if (!m->consent)
        return -EBADMSG;
    cmd->on = m->consent->granted;
    return actor_and_contact(cmd, m->actor, m->consent->contact_id, why);
}

static int in_cobrowse_ask(struct wire_command *cmd, const char **why)
{
    REQ(CobrowseAskRequest);

    return m->ask ? actor_and_contact(cmd, m->actor, m->ask->contact_id, why) : -EBADMSG;
}

static int in_get_snapshot(struct wire_command *cmd, const char **why)
{
    REQ(GetSnapshotRequest);

    TL_UNUSED(why);
    return take_actor(&cmd->actor, m->actor);
}

static int in_session_lost(struct wire_command *cmd, const char **why)
{
    REQ(SessionLostRequest);

    TL_UNUSED(why);
    cmd->cause = tl_str(m->cause);
    return take_actor(&cmd->actor, m->actor);
}

static int in_list_waiting(struct wire_command *cmd, const char **why)
{
    REQ(ListWaitingRequest);

    *why = "after_contact_id must be an id, limit 1 to 1000";
    cmd->limit = m->limit;
    return m->limit < 1 || m->limit > 1000 || maybe_id(&cmd->contact, m->after_contact_id) ? -EINVAL
                                                                                           : 0;
}

#define METHOD(snake) \
    &threadline__conversation__v1__##snake##_request__descriptor, in_##snake, #snake

static const struct {
    const ProtobufCMessageDescriptor *type;
    int (*in)(struct wire_command *cmd, const char **why);
    const char *name;
} methods[METHOD_COUNT] = {
    [METHOD_REQUEST_CONTACT] = {METHOD(request_contact)},
    [METHOD_END_CONTACT] = {METHOD(end_contact)},
    [METHOD_POST_MESSAGE] = {METHOD(post_message)},
    [METHOD_RELAY_TYPING] = {METHOD(relay_typing)},
    [METHOD_ANSWER_SURVEY] = {METHOD(answer_survey)},
    [METHOD_COMPLETE_WRAP_UP] = {METHOD(complete_wrap_up)},
    [METHOD_SET_HOLD] = {METHOD(set_hold)},
    [METHOD_COBROWSE_CONSENT] = {METHOD(cobrowse_consent)},
    [METHOD_COBROWSE_ASK] = {METHOD(cobrowse_ask)},
    [METHOD_GET_SNAPSHOT] = {METHOD(get_snapshot)},
    [METHOD_SESSION_LOST] = {METHOD(session_lost)},
    [METHOD_LIST_WAITING] = {METHOD(list_waiting)},
};

int wire_command(struct tl_str method, const void *data, size_t n, struct wire_command *ret,
                 const char **why)
{
    int err = -ENOSYS;

    *ret = (struct wire_command){0};
    *why = NULL;
    for (int i = 0; i < METHOD_COUNT; i++) {
        if (!tl_str_eq(method, tl_str(methods[i].name)))
            continue;
        ret->method = (enum wire_method)i;
        err = tl_pb_unpack(methods[i].type, data, n, (ProtobufCMessage **)&ret->owner);
        if (!err)
            err = methods[i].in(ret, why);
        break;
    }
    if (err)
        wire_command_done(ret);
    return err;
}

void wire_command_done(struct wire_command *cmd)
{
    cmd->owner = tl_pb_free(cmd->owner);
}

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
        err = need_id(&f->offer, e->contact_offered->offer_id);
        return err ? err : need_id(&f->agent, e->contact_offered->agent_id);
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_OFFER_ACCEPTED:
        f->kind = FACT_ACCEPTED;
        err = need_id(&f->offer, e->offer_accepted->offer_id);
        return err ? err : need_id(&f->agent, e->offer_accepted->agent_id);
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_OFFER_DECLINED:
        f->kind = FACT_OFFER_OVER;
        return maybe_id(&f->offer, e->offer_declined->offer_id);
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_OFFER_TIMED_OUT:
        f->kind = FACT_OFFER_OVER;
        return maybe_id(&f->offer, e->offer_timed_out->offer_id);
    case THREADLINE__ACD__V1__ACD_EVENT__EVENT_OFFER_RESCINDED:
        f->kind = FACT_OFFER_OVER;
        return maybe_id(&f->offer, e->offer_rescinded->offer_id);
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
    err = e->meta ? maybe_id(&ret->contact, e->meta->contact_id) : -EBADMSG;
    if (err)
        goto out;
    ret->at = e->meta->occurred_at_us;
    if (e->event_case == THREADLINE__ACD__V1__ACD_EVENT__EVENT_AGENT_STATE_CHANGED) {
        err = need_id(&ret->agent, e->agent_state_changed->agent_id);
        (void)tl_str_put(ret->agent_name, sizeof ret->agent_name,
                         tl_str(e->agent_state_changed->display_name));
        goto out;
    }
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
        err = need_id(ret_contact, e->meta->contact_id);
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

        err = need_id(&p.contact, r->contact_id);
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
        err = need_id(&ret->at[i], texts[i]);
    return err;
}

int wire_route(const void *data, size_t n, struct contact_route *ret, bool *closed, char cause[40])
{
    Threadline__Ivr__V1__StartFlowResponse *m = NULL;
    int err = TL_PB_UNPACK(threadline__ivr__v1__start_flow_response, data, n, &m);

    if (err)
        goto out;
    *ret = (struct contact_route){0};
    *closed = m->next_case == THREADLINE__IVR__V1__START_FLOW_RESPONSE__NEXT_CLOSE;
    err = short_text(ret->flow, sizeof ret->flow, m->flow);
    if (!err)
        err = take_list(&ret->announcements, m->announcements, m->n_announcements);
    if (!err)
        err = maybe_id(&ret->music, m->music);
    if (err)
        goto out;
    if (*closed) {
        (void)tl_str_put(cause, 40, tl_str(m->close->cause));
    } else if (m->next_case == THREADLINE__IVR__V1__START_FLOW_RESPONSE__NEXT_ENQUEUE) {
        ret->priority = m->enqueue->priority;
        err = need_id(&ret->queue, m->enqueue->queue);
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
        err = short_text(customer, 64, m->customer_ticket);
    if (!err)
        err = short_text(agent, 64, m->agent_ticket);
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

int wire_acd_rows(const void *data, size_t n, struct reconcile_seen **rows, size_t *ret_n)
{
    Threadline__Acd__V1__ListContactsResponse *m = NULL;
    int err = TL_PB_UNPACK(threadline__acd__v1__list_contacts_response, data, n, &m);

    if (!err)
        err = grow(rows, *ret_n, m->n_contacts);
    for (size_t i = 0; !err && i < m->n_contacts; i++) {
        const Threadline__Acd__V1__ContactRow *r = m->contacts[i];
        struct reconcile_seen *row = &(*rows)[*ret_n];

        *row = (struct reconcile_seen){.since = r->since_us};
        if (need_id(&row->contact, r->contact_id) || maybe_id(&row->agent, r->agent_id) ||
            maybe_id(&row->offer, r->offer_id) ||
            short_text(row->state, sizeof row->state, r->state))
            err = -EBADMSG;
        else
            (*ret_n)++;
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
        if (need_id(&row->contact, r->contact_id) || maybe_id(&row->agent, r->agent_id))
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
        err = need_id(&(*rows)[*ret_n], m->unknown_session_ids[i]);
        *ret_n += !err;
    }
    tl_pb_free(m);
    return err;
}
