/* What we say to browsers and to who asked us: pushes, cards, answers, snapshots. */
#include "wire_inner.h"

#include <threadline/conversation/v1/commands.pb-c.h>
#include <threadline/signaling/v1/client.pb-c.h>

typedef Threadline__Signaling__V1__ServerMessage Push;
typedef Threadline__Common__V1__Person Person;

/* ---- contact state and card ------------------------------------------------------------- */

/** The customer's view ends with the conversation, the agent's with the wrap-up. */
static int phase_for(const struct contact *c, enum contact_role viewer)
{
    switch (c->phase) {
    case PHASE_REQUESTED:
    case PHASE_ROUTED:
    case PHASE_WAITING: return THREADLINE__SIGNALING__V1__CONTACT_PHASE__CONTACT_PHASE_WAITING;
    case PHASE_RINGING: return THREADLINE__SIGNALING__V1__CONTACT_PHASE__CONTACT_PHASE_RINGING;
    case PHASE_CONNECTED: return THREADLINE__SIGNALING__V1__CONTACT_PHASE__CONTACT_PHASE_CONNECTED;
    case PHASE_HELD: return THREADLINE__SIGNALING__V1__CONTACT_PHASE__CONTACT_PHASE_HELD;
    case PHASE_WRAP_UP:
        return viewer == ROLE_CUSTOMER
                   ? THREADLINE__SIGNALING__V1__CONTACT_PHASE__CONTACT_PHASE_ENDED
                   : THREADLINE__SIGNALING__V1__CONTACT_PHASE__CONTACT_PHASE_WRAP_UP;
    case PHASE_ENDED: break;
    }
    return THREADLINE__SIGNALING__V1__CONTACT_PHASE__CONTACT_PHASE_ENDED;
}

struct state {
    Threadline__Signaling__V1__ContactState m;
    Person agent, customer;
};

static void fill_customer(Person *p, const struct contact *c)
{
    *p = (Person)THREADLINE__COMMON__V1__PERSON__INIT;
    p->id = wire_id(tl_id_empty(&c->customer) ? &c->visitor : &c->customer);
    p->display_name = wire_text(c->name[0] ? c->name : "Visitor");
    p->role = THREADLINE__COMMON__V1__ROLE__ROLE_CUSTOMER;
}

static void fill_state(struct state *s, const struct contact *c, enum contact_role viewer)
{
    Threadline__Signaling__V1__ContactState *m = &s->m;

    *m = (Threadline__Signaling__V1__ContactState)THREADLINE__SIGNALING__V1__CONTACT_STATE__INIT;
    m->contact_id = wire_id(&c->id);
    m->thread_id = wire_id(&c->thread);
    m->channel = (Threadline__Common__V1__Channel)c->channel;
    m->phase = (Threadline__Signaling__V1__ContactPhase)phase_for(c, viewer);
    m->outcome = (Threadline__Signaling__V1__ContactOutcome)c->outcome;
    m->since_us = c->since;
    m->media_instance = wire_id(&c->media);
    m->cobrowse_active = c->cobrowse_active;
    if (viewer != ROLE_CUSTOMER)
        m->wrap_up_ends_at_us = c->wrap_up_ends_at;
    else
        m->farewell = wire_text(c->farewell);
    if (c->phase >= PHASE_CONNECTED && !tl_id_empty(&c->agent)) {
        s->agent = (Person)THREADLINE__COMMON__V1__PERSON__INIT;
        s->agent.id = wire_id(&c->agent);
        s->agent.display_name = wire_text(c->agent_name[0] ? c->agent_name : c->agent.s);
        s->agent.role = THREADLINE__COMMON__V1__ROLE__ROLE_AGENT;
        m->agent = &s->agent;
    }
    fill_customer(&s->customer, c);
    m->customer = &s->customer;
}

static void fill_chat(Threadline__Common__V1__ChatMessage *m, const struct contact_message *msg)
{
    *m = (Threadline__Common__V1__ChatMessage)THREADLINE__COMMON__V1__CHAT_MESSAGE__INIT;
    m->message_id = wire_id(&msg->id);
    m->contact_id = wire_id(&msg->contact);
    m->from_role = (Threadline__Common__V1__Role)msg->from;
    m->from_name = wire_text(msg->from_name);
    m->text = wire_text(msg->text);
    m->sent_at_us = msg->sent_at;
    m->client_ref = wire_text(msg->client_ref);
}

struct card {
    Threadline__Signaling__V1__ContactCard m;
    Person customer;
    Threadline__Common__V1__Visit *visit;
    Threadline__Common__V1__EarlierContact earlier[CARD_EARLIER_MAX];
    Threadline__Common__V1__EarlierContact *rows[CARD_EARLIER_MAX];
    Threadline__Common__V1__ChatMessage lines[CARD_LINES_MAX], *line_rows[CARD_LINES_MAX];
};

/** The lines of one earlier contact, from the n-th place on; returns the next free one. */
static int fill_lines(struct card *k, Threadline__Common__V1__EarlierContact *e,
                      const struct contact_history *h, int n)
{
    e->messages = &k->line_rows[n];
    for (int i = 0; i < h->n_lines && n < CARD_LINES_MAX; i++) {
        if (strcmp(h->lines[i].contact.s, e->contact_id) != 0)
            continue;
        fill_chat(&k->lines[n], &h->lines[i]);
        k->line_rows[n] = &k->lines[n];
        e->n_messages++;
        n++;
    }
    return n;
}

static void fill_history(struct card *k, const struct contact_history *h)
{
    Threadline__Signaling__V1__ContactCard *m = &k->m;
    int n = 0; /* of the lines */

    m->n_earlier = (size_t)TL_LOWER(h->n_earlier, CARD_EARLIER_MAX);
    m->earlier = k->rows;
    for (size_t i = 0; i < m->n_earlier; i++) {
        const struct earlier_contact *e = &h->earlier[i];

        k->rows[i] = &k->earlier[i];
        k->earlier[i] =
            (Threadline__Common__V1__EarlierContact)THREADLINE__COMMON__V1__EARLIER_CONTACT__INIT;
        k->earlier[i].contact_id = wire_id(&e->contact);
        k->earlier[i].thread_id = wire_id(&e->thread);
        k->earlier[i].channel = (Threadline__Common__V1__Channel)e->channel;
        k->earlier[i].started_at_us = e->at;
        k->earlier[i].agent_name = wire_text(e->agent_name);
        k->earlier[i].disposition = wire_text(e->disposition);
        k->earlier[i].note = wire_text(e->note);
        n = fill_lines(k, &k->earlier[i], h, n);
    }
}

/** Ends with tl_pb_free(k->visit).  A visit that cannot be read is left out: the card goes on. */
static void fill_card(struct card *k, const struct contact_card *card)
{
    const struct contact *c = card->contact;
    Threadline__Signaling__V1__ContactCard *m = &k->m;

    *m = (Threadline__Signaling__V1__ContactCard)THREADLINE__SIGNALING__V1__CONTACT_CARD__INIT;
    k->visit = NULL;
    if (card->history.visit.n && TL_PB_UNPACK(threadline__common__v1__visit, card->history.visit.s,
                                              card->history.visit.n, &k->visit) == 0)
        m->visit = k->visit;
    m->contact_id = wire_id(&c->id);
    m->thread_id = wire_id(&c->thread);
    m->channel = (Threadline__Common__V1__Channel)c->channel;
    fill_customer(&k->customer, c);
    m->customer = &k->customer;
    m->tier = wire_text(c->tier);
    m->known_customer = !tl_id_empty(&c->customer);
    m->section = wire_text(c->section);
    m->page_url = wire_text(c->page_url);
    m->queue = wire_id(&c->route.queue);
    m->requested_at_us = c->requested_at;
    m->cobrowse_consent = c->cobrowse_consent;
    fill_history(k, &card->history);
}

/* ---- pushes ----------------------------------------------------------------------------- */

#define PUSH(member, CASE, value)                                            \
    Push push = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__INIT;             \
    push.body_case = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_##CASE; \
    push.member = (value)

int wire_state(const struct contact *c, enum contact_role viewer, struct tl_buf *out)
{
    struct state s;
    PUSH(contact_state, CONTACT_STATE, &s.m);

    fill_state(&s, c, viewer);
    return tl_pb_pack(&push, out);
}

int wire_card(const struct contact_card *card, struct tl_buf *out)
{
    struct card k;
    PUSH(contact_card, CONTACT_CARD, &k.m);
    int err;

    fill_card(&k, card);
    err = tl_pb_pack(&push, out);
    tl_pb_free(k.visit);
    return err;
}

int wire_progress(const struct queue_position *p, struct tl_buf *out)
{
    WIRE_MSG(Signaling__V1__QueueProgress, SIGNALING__V1__QUEUE_PROGRESS, m);
    PUSH(queue_progress, QUEUE_PROGRESS, &m);

    m.contact_id = wire_id(&p->contact);
    m.position = p->position;
    m.expected_wait_s = p->expected_wait_s;
    return tl_pb_pack(&push, out);
}

int wire_chat(const struct contact_message *msg, struct tl_buf *out)
{
    Threadline__Common__V1__ChatMessage m;
    PUSH(message, MESSAGE, &m);

    fill_chat(&m, msg);
    return tl_pb_pack(&push, out);
}

int wire_typing(const struct tl_id *contact, bool on, struct tl_buf *out)
{
    WIRE_MSG(Signaling__V1__Typing, SIGNALING__V1__TYPING, m);
    PUSH(typing, TYPING, &m);

    m.contact_id = wire_id(contact);
    m.on = on;
    return tl_pb_pack(&push, out);
}

int wire_survey(const struct tl_id *contact, const char *question, struct tl_buf *out)
{
    WIRE_MSG(Signaling__V1__Survey, SIGNALING__V1__SURVEY, m);
    PUSH(survey, SURVEY, &m);

    m.contact_id = wire_id(contact);
    m.question = wire_text(question);
    return tl_pb_pack(&push, out);
}

int wire_grant(const struct tl_id *contact, const char *ticket, struct tl_buf *out)
{
    WIRE_MSG(Signaling__V1__CobrowseGrant, SIGNALING__V1__COBROWSE_GRANT, m);
    PUSH(cobrowse_grant, COBROWSE_GRANT, &m);

    m.contact_id = wire_id(contact);
    m.ticket = wire_text(ticket);
    return tl_pb_pack(&push, out);
}

int wire_asked(const struct tl_id *contact, struct tl_buf *out)
{
    WIRE_MSG(Signaling__V1__CobrowseAsk, SIGNALING__V1__COBROWSE_ASK, m);
    PUSH(cobrowse_asked, COBROWSE_ASKED, &m);

    m.contact_id = wire_id(contact);
    return tl_pb_pack(&push, out);
}

int wire_stopped(const struct tl_id *contact, const char *reason, struct tl_buf *out)
{
    WIRE_MSG(Signaling__V1__CobrowseStopped, SIGNALING__V1__COBROWSE_STOPPED, m);
    PUSH(cobrowse_stopped, COBROWSE_STOPPED, &m);

    m.contact_id = wire_id(contact);
    m.reason = wire_text(reason);
    return tl_pb_pack(&push, out);
}

/* ---- answers to commands ---------------------------------------------------------------- */

int wire_accepted(const struct contact *c, struct tl_buf *out)
{
    WIRE_MSG(Conversation__V1__RequestContactResponse, CONVERSATION__V1__REQUEST_CONTACT_RESPONSE,
             m);
    WIRE_MSG(Signaling__V1__ContactAccepted, SIGNALING__V1__CONTACT_ACCEPTED, a);

    a.contact_id = wire_id(&c->id);
    a.thread_id = wire_id(&c->thread);
    a.media_instance = wire_id(&c->media);
    m.accepted = &a;
    return tl_pb_pack(&m, out);
}

int wire_posted(const struct contact_message *msg, struct tl_buf *out)
{
    WIRE_MSG(Conversation__V1__PostMessageResponse, CONVERSATION__V1__POST_MESSAGE_RESPONSE, m);
    Threadline__Common__V1__ChatMessage chat;

    fill_chat(&chat, msg);
    m.message = &chat;
    return tl_pb_pack(&m, out);
}

/* Repeated fields of a message may be packed one after the other: their concatenation is the
 * message (protobuf encoding, "Last One Wins"). */
int wire_waiting(const struct contact *rows, int n, struct tl_buf *out)
{
    int err = 0;

    for (int i = 0; !err && i < n; i++) {
        const struct contact *c = &rows[i];
        WIRE_MSG(Conversation__V1__ListWaitingResponse, CONVERSATION__V1__LIST_WAITING_RESPONSE, m);
        WIRE_MSG(Conversation__V1__WaitingContact, CONVERSATION__V1__WAITING_CONTACT, w);
        Threadline__Conversation__V1__WaitingContact *one[1] = {&w};
        char *skills[CONTACT_LIST_MAX];

        w.contact_id = wire_id(&c->id);
        w.thread_id = wire_id(&c->thread);
        w.channel = (Threadline__Common__V1__Channel)c->channel;
        w.queue = wire_id(&c->route.queue);
        w.n_skills = wire_list(&c->route.skills, skills);
        w.skills = skills;
        w.priority = c->route.priority;
        w.enqueued_at_us = c->enqueued_at;
        m.n_contacts = 1;
        m.contacts = one;
        err = tl_pb_pack(&m, out);
    }
    return err;
}

int wire_snapshot_state(const struct contact *c, enum contact_role viewer, struct tl_buf *out)
{
    WIRE_MSG(Signaling__V1__Snapshot, SIGNALING__V1__SNAPSHOT, m);
    struct state s;
    Threadline__Signaling__V1__ContactState *one[1] = {&s.m};

    fill_state(&s, c, viewer);
    m.n_contacts = 1;
    m.contacts = one;
    return tl_pb_pack(&m, out);
}

int wire_snapshot_card(const struct contact_card *card, struct tl_buf *out)
{
    WIRE_MSG(Signaling__V1__Snapshot, SIGNALING__V1__SNAPSHOT, m);
    struct card k;
    Threadline__Signaling__V1__ContactCard *one[1] = {&k.m};
    int err;

    fill_card(&k, card);
    m.n_cards = 1;
    m.cards = one;
    err = tl_pb_pack(&m, out);
    tl_pb_free(k.visit);
    return err;
}

int wire_snapshot_message(const struct contact_message *msg, struct tl_buf *out)
{
    WIRE_MSG(Signaling__V1__Snapshot, SIGNALING__V1__SNAPSHOT, m);
    Threadline__Common__V1__ChatMessage chat;
    Threadline__Common__V1__ChatMessage *one[1] = {&chat};

    fill_chat(&chat, msg);
    m.n_messages = 1;
    m.messages = one;
    return tl_pb_pack(&m, out);
}

int wire_snapshot(struct tl_str pieces, struct tl_buf *out)
{
    WIRE_MSG(Conversation__V1__GetSnapshotResponse, CONVERSATION__V1__GET_SNAPSHOT_RESPONSE, m);
    Threadline__Signaling__V1__Snapshot *s = NULL;
    int err = TL_PB_UNPACK(threadline__signaling__v1__snapshot, pieces.s, pieces.n, &s);

    if (!err) {
        m.snapshot = s;
        err = tl_pb_pack(&m, out);
    }
    tl_pb_free(s);
    return err;
}
