/* The pretended neighbours of a world: what they are told is written down, what they are asked they
 * answer as they were told to.  A part of world.c. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tl_mem.h>

static void note(char *where, size_t size, const char *word)
{
    size_t n = strlen(where);

    (void)snprintf(where + n, size - n, "%s%s", n ? " " : "", word);
}

/** As pack() below: the heap fails once at most. */
static void *unpacked(const ProtobufCMessageDescriptor *d, const struct tl_msg *m)
{
    ProtobufCMessage *p = NULL;

    if (tl_pb_unpack(d, m->data, m->n, &p))
        assert_int_equal(tl_pb_unpack(d, m->data, m->n, &p), 0);
    return p;
}

/* ---- what conversation pushes and tells ------------------------------------------------- */

static void on_push(void *arg, const struct tl_msg *m)
{
    static const char *const phases[] = {"?",    "WAITING", "RINGING", "CONNECTED",
                                         "HELD", "WRAP_UP", "ENDED"};
    struct world *w = arg;
    Threadline__Signaling__V1__ServerMessage *p =
        unpacked(&threadline__signaling__v1__server_message__descriptor, m);
    char word[80];
    char side = m->subject.s[3]; /* tl.session.x, tl.agent.x */

    if (p->body_case == THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_CONTACT_STATE) {
        (void)snprintf(word, sizeof word, "%c:%s", side, phases[p->contact_state->phase]);
        (void)tl_str_put(w->farewell, sizeof w->farewell, tl_str(p->contact_state->farewell));
    } else {
        if (p->body_case == THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_MESSAGE)
            (void)tl_str_put(w->line, sizeof w->line, tl_str(p->message->text));
        (void)snprintf(word, sizeof word, "%c:%s", side, tl_pb_which(p)->name);
    }
    note(w->pushes, sizeof w->pushes, word);
    tl_pb_free(p);
}

static void on_event(void *arg, const struct tl_msg *m)
{
    struct world *w = arg;
    Threadline__Conversation__V1__ConversationEvent *e =
        unpacked(&threadline__conversation__v1__conversation_event__descriptor, m);

    assert_non_null(tl_msg_header(m, "Nats-Msg-Id"));
    assert_string_equal(tl_msg_header(m, "Nats-Msg-Id"), e->meta->event_id);
    assert_string_equal(e->meta->producer, "conversation");
    w->gap |= e->meta->seq != w->last_seq + 1;
    w->last_seq = e->meta->seq;
    assert_true(e->thread_seq > 0);
    note(w->events, sizeof w->events, tl_pb_which(e)->name);
    tl_pb_free(e);
}

static void on_answer(void *arg, const struct tl_msg *m)
{
    struct world *w = arg;
    const char *code = tl_msg_header(m, "Nats-Service-Error-Code");

    assert_false(w->answered);
    w->answered = true;
    w->code = code ? atoi(code) : 0;
    tl_buf_clear(&w->answer);
    if (tl_buf_add(&w->answer, m->data, m->n)) {
        tl_buf_clear(&w->answer);
        assert_int_equal(tl_buf_add(&w->answer, m->data, m->n), 0);
    }
}

/* ---- the neighbours --------------------------------------------------------------------- */

/** One allocation may be meant to fail: for the service, not for its neighbours. */
static void pack(const void *message, struct tl_buf *out)
{
    if (tl_pb_pack(message, out)) {
        tl_buf_clear(out);
        assert_int_equal(tl_pb_pack(message, out), 0);
    }
}

static void say_route(struct world *w, struct tl_buf *out)
{
    Threadline__Ivr__V1__StartFlowResponse m = THREADLINE__IVR__V1__START_FLOW_RESPONSE__INIT;
    Threadline__Ivr__V1__Enqueue enqueue = THREADLINE__IVR__V1__ENQUEUE__INIT;
    Threadline__Ivr__V1__Close close = THREADLINE__IVR__V1__CLOSE__INIT;
    char *prompts[] = {"welcome"}, *skills[] = {"orders"};

    m.flow = "web@1";
    m.n_announcements = 1;
    m.announcements = prompts;
    m.music = "moh";
    enqueue.queue = "orders";
    enqueue.n_skills = 1;
    enqueue.skills = skills;
    close.cause = "closed_hours";
    close.message = "Back at nine.";
    if (w->flow_closes) {
        m.next_case = THREADLINE__IVR__V1__START_FLOW_RESPONSE__NEXT_CLOSE;
        m.close = &close;
    } else {
        m.next_case = THREADLINE__IVR__V1__START_FLOW_RESPONSE__NEXT_ENQUEUE;
        m.enqueue = &enqueue;
    }
    pack(&m, out);
}

static void say_visit(struct tl_buf *out)
{
    Threadline__Clickstream__V1__GetVisitResponse m =
        THREADLINE__CLICKSTREAM__V1__GET_VISIT_RESPONSE__INIT;
    Threadline__Common__V1__Visit v = THREADLINE__COMMON__V1__VISIT__INIT;
    Threadline__Common__V1__PageView page = THREADLINE__COMMON__V1__PAGE_VIEW__INIT;
    Threadline__Common__V1__PageView *path[1] = {&page};

    page.url = "/shop/checkout";
    v.visit_id = "visit-1";
    v.customer_name = "Ada";
    v.n_path = 1;
    v.path = path;
    m.visit = &v;
    pack(&m, out);
}

static void say_room(struct tl_buf *out)
{
    Threadline__Cobrowse__V1__OpenRoomResponse m =
        THREADLINE__COBROWSE__V1__OPEN_ROOM_RESPONSE__INIT;

    m.customer_ticket = "ticket-c";
    m.agent_ticket = "ticket-a";
    pack(&m, out);
}

static void say_agent(struct tl_buf *out)
{
    Threadline__Acd__V1__GetAgentResponse m = THREADLINE__ACD__V1__GET_AGENT_RESPONSE__INIT;
    Threadline__Signaling__V1__AgentState s = THREADLINE__SIGNALING__V1__AGENT_STATE__INIT;

    s.agent_id = "agent-1";
    s.display_name = "Demo Agent 1";
    m.state = &s;
    pack(&m, out);
}

static void say_released(struct world *w, struct tl_buf *out)
{
    Threadline__Acd__V1__ReleaseResponse m = THREADLINE__ACD__V1__RELEASE_RESPONSE__INIT;

    m.wrap_up_ends_at_us = w->wrap_up_ends_at;
    pack(&m, out);
}

static void say_unknown(struct world *w, const struct tl_msg *q, struct tl_buf *out)
{
    Threadline__Signaling__V1__ListUnknownResponse m =
        THREADLINE__SIGNALING__V1__LIST_UNKNOWN_RESPONSE__INIT;
    Threadline__Signaling__V1__ListUnknownRequest *r =
        unpacked(&threadline__signaling__v1__list_unknown_request__descriptor, q);

    for (size_t i = 0; w->unknown && i < r->n_session_ids; i++)
        if (!strcmp(r->session_ids[i], w->unknown)) {
            m.unknown_session_ids = &r->session_ids[i];
            m.n_unknown_session_ids = 1;
        }
    pack(&m, out);
    tl_pb_free(r);
}

static void on_neighbour(void *arg, const struct tl_msg *m)
{
    struct world *w = arg;
    struct tl_buf out = TL_BUF(65536);
    struct neighbour *n = NULL;

    for (size_t i = 0; i < TL_LEN(w->neighbours) && w->neighbours[i].subject; i++) {
        if (tl_str_eq(m->subject, tl_str(w->neighbours[i].subject)))
            n = &w->neighbours[i];
    }
    assert_non_null(n);
    n->asked++;
    if (strncmp(n->word, "list", 4) && strcmp(n->word, "get_agent"))
        note(w->asked, sizeof w->asked, n->word);
    if (n->silent)
        return;
    if (n->refuse) {
        (void)tl_bus_refuse(w->bus, m->reply, n->refuse, "as told");
        return;
    }
    if (n->raves)
        (void)tl_buf_add(&out, "\xff", 1);
    else if (!strcmp(n->word, "route"))
        say_route(w, &out);
    else if (!strcmp(n->word, "visit"))
        say_visit(&out);
    else if (!strcmp(n->word, "open_room"))
        say_room(&out);
    else if (!strcmp(n->word, "get_agent"))
        say_agent(&out);
    else if (!strcmp(n->word, "release"))
        say_released(w, &out);
    else if (!strcmp(n->word, "list_acd"))
        (void)tl_buf_add(&out, w->acd_rows.p, w->acd_rows.n);
    else if (!strcmp(n->word, "list_media"))
        (void)tl_buf_add(&out, w->media_rows.p, w->media_rows.n);
    else if (!strcmp(n->word, "list_unknown"))
        say_unknown(w, m, &out);
    (void)tl_bus_reply(w->bus, m->reply, out.p, out.n);
    tl_buf_done(&out);
}

struct neighbour *world_neighbour(struct world *w, const char *word)
{
    for (size_t i = 0; i < TL_LEN(w->neighbours) && w->neighbours[i].word; i++) {
        if (!strcmp(w->neighbours[i].word, word))
            return &w->neighbours[i];
    }
    fail_msg("no neighbour does %s", word);
    return NULL;
}
