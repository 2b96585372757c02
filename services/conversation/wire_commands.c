/* tl.cmd.conversation.*: the commands as they arrive. */
#include "wire_inner.h"

#include <threadline/conversation/v1/commands.pb-c.h>

_Static_assert((int)CHANNEL_VIDEO == THREADLINE__COMMON__V1__CHANNEL__CHANNEL_VIDEO, "channel");
_Static_assert((int)CHANNEL_PHONE == THREADLINE__COMMON__V1__CHANNEL__CHANNEL_PHONE, "channel");
_Static_assert((int)ROLE_CUSTOMER == THREADLINE__COMMON__V1__ROLE__ROLE_CUSTOMER, "role");
_Static_assert((int)ROLE_SYSTEM == THREADLINE__COMMON__V1__ROLE__ROLE_SYSTEM, "role");
_Static_assert((int)OUTCOME_FAILED ==
                   THREADLINE__SIGNALING__V1__CONTACT_OUTCOME__CONTACT_OUTCOME_FAILED,
               "outcome");

typedef Threadline__Common__V1__Actor Actor;

static int take_actor(struct contact_actor *ret, const Actor *a)
{
    *ret = (struct contact_actor){0};
    if (!a || (int)a->role < ROLE_CUSTOMER || (int)a->role > ROLE_SYSTEM)
        return -EBADMSG;
    ret->role = (enum contact_role)a->role;
    if (wire_maybe_id(&ret->session, a->session_id) || wire_maybe_id(&ret->agent, a->agent_id) ||
        wire_maybe_id(&ret->visitor, a->visitor_id) ||
        wire_maybe_id(&ret->customer, a->customer_id) ||
        wire_short_text(ret->tier, sizeof ret->tier, a->tier))
        return -EBADMSG;
    if (ret->role == ROLE_CUSTOMER && tl_id_empty(&ret->session))
        return -EBADMSG;
    if ((ret->role == ROLE_AGENT || ret->role == ROLE_SUPERVISOR) && tl_id_empty(&ret->agent))
        return -EBADMSG;
    return 0;
}

#define REQ(Type) const Threadline__Conversation__V1__##Type *m = cmd->owner

static int in_request_contact(struct wire_command *cmd, const char **why)
{
    REQ(RequestContactRequest);
    const Threadline__Signaling__V1__RequestContact *r = m->request;

    if (!r || take_actor(&cmd->actor, m->actor))
        return -EBADMSG;
    *why = "request_id must be an id";
    if (wire_need_id(&cmd->request, r->request_id))
        return -EINVAL;
    *why = "visit_id and invitation_id must be ids";
    if (wire_maybe_id(&cmd->visit, r->visit_id) ||
        wire_maybe_id(&cmd->invitation, r->invitation_id))
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
    return take_actor(&cmd->actor, m->actor);
}

static int in_list_waiting(struct wire_command *cmd, const char **why)
{
    REQ(ListWaitingRequest);

    *why = "after_contact_id must be an id, limit 1 to 1000";
    cmd->limit = m->limit;
    return m->limit < 1 || m->limit > 1000 || wire_maybe_id(&cmd->contact, m->after_contact_id)
               ? -EINVAL
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
