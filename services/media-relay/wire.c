/**
 * @file wire.c  Every id is parsed here, so the core only sees ids that are ids.
 */
#include "wire.h"

#include <threadline/media/v1/commands.pb-c.h>
#include <tl_mem.h>
#include <tl_pb.h>

#define MEDIA(name) Threadline__Media__V1__##name
#define SIG(name)   Threadline__Signaling__V1__##name

static const struct {
    const char *name;
    const ProtobufCMessageDescriptor *request;
} methods[WIRE_METHODS] = {
    [WIRE_PREPARE_CONTACT] = {"prepare_contact",
                              &threadline__media__v1__prepare_contact_request__descriptor},
    [WIRE_OFFER_LEG] = {"offer_leg", &threadline__media__v1__offer_leg_request__descriptor},
    [WIRE_ANSWER_LEG] = {"answer_leg", &threadline__media__v1__answer_leg_request__descriptor},
    [WIRE_CLOSE_LEG] = {"close_leg", &threadline__media__v1__close_leg_request__descriptor},
    [WIRE_CONNECT_CONTACT] = {"connect_contact",
                              &threadline__media__v1__connect_contact_request__descriptor},
    [WIRE_HOLD_CONTACT] = {"hold_contact",
                           &threadline__media__v1__hold_contact_request__descriptor},
    [WIRE_RELEASE_CONTACT] = {"release_contact",
                              &threadline__media__v1__release_contact_request__descriptor},
    [WIRE_LIST_CONTACTS] = {"list_contacts",
                            &threadline__media__v1__list_contacts_request__descriptor},
};

const char *wire_method_name(enum wire_method method)
{
    return methods[method].name;
}

/* ---- commands ----------------------------------------------------------------------------- */

static bool need_id(struct tl_id *ret, const char *text)
{
    return tl_id_parse(ret, tl_str(text)) == 0;
}

static bool may_id(struct tl_id *ret, const char *text)
{
    return *text == '\0' || need_id(ret, text);
}

static const char *read_actor(struct legs_fact *f, const Threadline__Common__V1__Actor *a)
{
    if (!a)
        return "actor: missing";
    f->by_agent = a->role == THREADLINE__COMMON__V1__ROLE__ROLE_AGENT ||
                  a->role == THREADLINE__COMMON__V1__ROLE__ROLE_SUPERVISOR;
    if (!f->by_agent && a->role != THREADLINE__COMMON__V1__ROLE__ROLE_CUSTOMER)
        return "actor.role: neither customer nor agent";
    if (f->by_agent && !need_id(&f->agent, a->agent_id))
        return "actor.agent_id: not an id";
    if (!f->by_agent && !need_id(&f->session, a->session_id))
        return "actor.session_id: not an id";
    return NULL;
}

static const char *read_leg(struct legs_fact *f, const char *contact, const char *leg)
{
    if (!may_id(&f->contact, contact))
        return "contact_id: not an id";
    return need_id(&f->leg, leg) ? NULL : "leg_id: not an id";
}

static const char *read_prepare(struct wire_command *c, const MEDIA(PrepareContactRequest) * m)
{
    struct tl_buf names = TL_BUF(sizeof c->announcements - 1);
    struct tl_id name = {0};
    const char *why = NULL;

    c->fact.kind = LEGS_PREPARE;
    if (!need_id(&c->fact.contact, m->contact_id))
        return "contact_id: not an id";
    if (!may_id(&c->fact.thread, m->thread_id))
        return "thread_id: not an id";
    if (!need_id(&c->fact.session, m->customer_session_id))
        return "customer_session_id: not an id";
    if (!may_id(&name, m->music))
        return "music: not a name";
    (void)tl_str_put(c->music, sizeof c->music, tl_id_str(&name));
    for (size_t i = 0; i < m->n_announcements && !why; i++) {
        if (!need_id(&name, m->announcements[i]))
            why = "announcements: not a name";
        tl_buf_printf(&names, "%s%s", i ? " " : "", name.s);
    }
    if (names.err || m->n_announcements > 8)
        why = "announcements: too many";
    if (!why && names.n)
        memcpy(c->announcements, names.p, names.n + 1);
    tl_buf_done(&names);
    c->fact.text = c->music;
    c->fact.text2 = c->announcements;
    return why;
}

static const char *read_offer(struct wire_command *c, const MEDIA(OfferLegRequest) * m)
{
    const char *why = read_actor(&c->fact, m->actor);

    c->fact.kind = LEGS_OFFER;
    if (why || !m->offer)
        return why ? why : "offer: missing";
    switch (m->offer->kind) {
    case THREADLINE__SIGNALING__V1__LEG_KIND__LEG_KIND_AUDIO: c->fact.media = LEGS_AUDIO; break;
    case THREADLINE__SIGNALING__V1__LEG_KIND__LEG_KIND_CAMERA: c->fact.media = LEGS_CAMERA; break;
    case THREADLINE__SIGNALING__V1__LEG_KIND__LEG_KIND_SCREEN: c->fact.media = LEGS_SCREEN; break;
    default: return "offer.kind: a client offers audio, camera or screen";
    }
    c->sdp = m->offer->sdp;
    return read_leg(&c->fact, m->offer->contact_id, m->offer->leg_id);
}

static const char *read_answer(struct wire_command *c, const MEDIA(AnswerLegRequest) * m)
{
    const char *why = read_actor(&c->fact, m->actor);

    c->fact.kind = LEGS_ANSWER;
    if (why || !m->answer)
        return why ? why : "answer: missing";
    c->sdp = m->answer->sdp;
    return read_leg(&c->fact, m->answer->contact_id, m->answer->leg_id);
}

static const char *read_close(struct wire_command *c, const MEDIA(CloseLegRequest) * m)
{
    const char *why = read_actor(&c->fact, m->actor);

    c->fact.kind = LEGS_CLOSE;
    if (why || !m->close)
        return why ? why : "close: missing";
    return read_leg(&c->fact, m->close->contact_id, m->close->leg_id);
}

static const char *read_connect(struct wire_command *c, const MEDIA(ConnectContactRequest) * m)
{
    c->fact.kind = LEGS_CONNECT;
    c->fact.epoch = m->epoch;
    if (!need_id(&c->fact.contact, m->contact_id))
        return "contact_id: not an id";
    return need_id(&c->fact.agent, m->agent_id) ? NULL : "agent_id: not an id";
}

static const char *read_hold(struct wire_command *c, const MEDIA(HoldContactRequest) * m)
{
    c->fact.kind = LEGS_HOLD;
    c->fact.on = m->on;
    return need_id(&c->fact.contact, m->contact_id) ? NULL : "contact_id: not an id";
}

static const char *read_release(struct wire_command *c, const MEDIA(ReleaseContactRequest) * m)
{
    c->fact.kind = LEGS_RELEASE;
    return need_id(&c->fact.contact, m->contact_id) ? NULL : "contact_id: not an id";
}

static const char *read_command(struct wire_command *c, enum wire_method method)
{
    const void *m = c->message;

    switch (method) {
    case WIRE_PREPARE_CONTACT: return read_prepare(c, m);
    case WIRE_OFFER_LEG: return read_offer(c, m);
    case WIRE_ANSWER_LEG: return read_answer(c, m);
    case WIRE_CLOSE_LEG: return read_close(c, m);
    case WIRE_CONNECT_CONTACT: return read_connect(c, m);
    case WIRE_HOLD_CONTACT: return read_hold(c, m);
    case WIRE_RELEASE_CONTACT: return read_release(c, m);
    case WIRE_LIST_CONTACTS:
    case WIRE_METHODS: break;
    }
    return NULL;
}

int wire_decode(struct wire_command *ret, enum wire_method method, const void *data, size_t n,
                const char **ret_why)
{
    const char *why;
    int err;

    *ret = (struct wire_command){0};
    err = tl_pb_unpack(methods[method].request, data, n, &ret->message);
    if (err) {
        *ret_why = "not a message";
        return err == -ENOMEM ? err : -EBADMSG;
    }
    why = read_command(ret, method);
    if (!why)
        return 0;
    wire_command_done(ret);
    *ret_why = why;
    return -EINVAL;
}

void wire_command_done(struct wire_command *c)
{
    c->message = tl_pb_free(c->message);
}

/* ---- responses ---------------------------------------------------------------------------- */

int wire_empty(struct tl_buf *out)
{
    return tl_buf_add(out, "", 0); /* a message without fields has no bytes */
}

int wire_answer(struct tl_buf *out, const char *instance, const struct tl_id *contact,
                const struct tl_id *leg, const char *sdp)
{
    SIG(MediaAnswer) answer = THREADLINE__SIGNALING__V1__MEDIA_ANSWER__INIT;
    MEDIA(OfferLegResponse) response = THREADLINE__MEDIA__V1__OFFER_LEG_RESPONSE__INIT;

    answer.instance = (char *)instance;
    answer.contact_id = (char *)contact->s;
    answer.leg_id = (char *)leg->s;
    answer.sdp = (char *)sdp;
    response.answer = &answer;
    return tl_pb_pack(&response, out);
}

int wire_contacts(struct tl_buf *out, const struct legs *legs)
{
    MEDIA(ListContactsResponse) response = THREADLINE__MEDIA__V1__LIST_CONTACTS_RESPONSE__INIT;
    struct legs_view_of_contact *views = tl_alloc(LEGS_MAX_SEATS, sizeof *views);
    MEDIA(MediaContact) *messages = tl_alloc(LEGS_MAX_SEATS, sizeof *messages);
    MEDIA(MediaContact) **list = tl_alloc(LEGS_MAX_SEATS, sizeof *list);
    size_t at = 0;
    int err = -ENOMEM;

    if (!views || !messages || !list)
        goto out;
    for (size_t i = 0; i < LEGS_MAX_SEATS && legs_each_contact(legs, &at, &views[i]); i++) {
        threadline__media__v1__media_contact__init(&messages[i]);
        messages[i].contact_id = views[i].contact.s;
        messages[i].agent_id = views[i].agent.s;
        messages[i].customer_leg_up = views[i].customer_up;
        messages[i].agent_leg_up = views[i].agent_up;
        list[i] = &messages[i];
    }
    response.contacts = list;
    response.n_contacts = at;
    err = tl_pb_pack(&response, out);
out:
    tl_free(views);
    tl_free(messages);
    tl_free(list);
    return err;
}
