#include "neighbours.c"

#include <unistd.h>

/* ---- open, close, ask ------------------------------------------------------------------- */

void world_open(struct world *w)
{
    static const struct neighbour all[] = {
        {.subject = "tl.cmd.clickstream.get_visit", .word = "visit"},
        {.subject = "tl.cmd.ivr.start_flow", .word = "route"},
        {.subject = "tl.cmd.acd.p0.enqueue", .word = "enqueue"},
        {.subject = "tl.cmd.acd.p0.dequeue", .word = "dequeue"},
        {.subject = "tl.cmd.acd.p0.release", .word = "release"},
        {.subject = "tl.cmd.acd.p0.complete_wrap_up", .word = "finish"},
        {.subject = "tl.cmd.acd.p0.get_agent", .word = "get_agent"},
        {.subject = "tl.cmd.acd.p0.list_contacts", .word = "list_acd"},
        {.subject = "tl.cmd.acd.p0.gathered", .word = "gathered"},
        {.subject = "tl.cmd.media.m1.prepare_contact", .word = "prepare"},
        {.subject = "tl.cmd.media.m1.connect_contact", .word = "connect"},
        {.subject = "tl.cmd.media.m1.hold_contact", .word = "hold"},
        {.subject = "tl.cmd.media.m1.release_contact", .word = "hang_up"},
        {.subject = "tl.cmd.media.m1.list_contacts", .word = "list_media"},
        {.subject = "tl.cmd.signaling.list_unknown", .word = "list_unknown"},
        {.subject = "tl.cmd.cobrowse.open_room", .word = "open_room"},
        {.subject = "tl.cmd.cobrowse.close_room", .word = "close_room"},
    };
    struct conversation_opts opts = {.media = "m1", .durable = true};

    *w = (struct world){.epoch = 1,
                        .wrap_up_ends_at = tl_clock_wall() + TL_SEC(60),
                        .answer = TL_BUF(1 << 20),
                        .acd_rows = TL_BUF(65536),
                        .media_rows = TL_BUF(65536)};
    assert_int_equal(tl_loop_new(&w->loop), 0);
    assert_int_equal(tl_bus_open_memory(&w->bus, w->loop), 0);
    assert_int_equal(store_memory_open(&w->store, w->loop), 0);
    memcpy(w->neighbours, all, sizeof all);
    for (size_t i = 0; i < TL_LEN(all); i++)
        assert_int_equal(
            tl_bus_subscribe(&w->neighbours[i].sub, w->bus, all[i].subject, NULL, on_neighbour, w),
            0);
    tl_bus_subscribe(&w->subs[0], w->bus, "tl.session.>", NULL, on_push, w);
    tl_bus_subscribe(&w->subs[1], w->bus, "tl.agent.>", NULL, on_push, w);
    tl_bus_subscribe(&w->subs[2], w->bus, "tl.events.conversation.>", NULL, on_event, w);
    tl_bus_subscribe(&w->subs[3], w->bus, "test.answer", NULL, on_answer, w);
    opts.loop = w->loop;
    opts.bus = w->bus;
    opts.store = w->store;
    rules_default(&opts.rules);
    assert_int_equal(conversation_new(&w->conv, &opts), 0);
    world_turn(w);
}

void world_close(struct world *w)
{
    assert_false(w->gap);
    w->conv = conversation_free(w->conv);
    for (size_t i = 0; i < TL_LEN(w->neighbours); i++)
        tl_sub_free(w->neighbours[i].sub);
    for (size_t i = 0; i < TL_LEN(w->subs); i++)
        tl_sub_free(w->subs[i]);
    store_close(w->store);
    tl_bus_close(w->bus);
    tl_loop_free(w->loop);
    tl_buf_done(&w->answer);
    tl_buf_done(&w->acd_rows);
    tl_buf_done(&w->media_rows);
}

void world_turn(struct world *w)
{
    for (int i = 0; i < 60; i++)
        (void)tl_loop_turn(w->loop);
}

void world_forget(struct world *w)
{
    w->pushes[0] = w->asked[0] = w->events[0] = '\0';
}

void world_hears(struct world *w, const char *pushes)
{
    tl_time end = tl_clock_mono() + TL_SEC(8);

    while (strcmp(w->pushes, pushes) != 0 && tl_clock_mono() < end) {
        (void)tl_loop_turn(w->loop);
        usleep(1000);
    }
    assert_words(w->pushes, pushes);
}

void world_ask_raw(struct world *w, const char *method, const void *data, size_t n)
{
    char subject[100];
    const struct tl_msg m = {
        .subject = tl_str(subject), .reply = "test.answer", .data = data, .n = n};

    (void)snprintf(subject, sizeof subject, "tl.cmd.conversation.%s", method);
    w->answered = false;
    w->code = -1;
    on_command(w->conv, &(struct tl_msg){
                            .subject = tl_str(subject), .reply = m.reply, .data = data, .n = n});
    world_turn(w);
}

void world_ask(struct world *w, const char *method, const void *message)
{
    struct tl_buf m = TL_BUF(1 << 20);

    pack(message, &m);
    world_ask_raw(w, method, m.p, m.n);
    tl_buf_done(&m);
}

/* ---- journeys --------------------------------------------------------------------------- */

Threadline__Common__V1__Actor customer_actor(const char *session)
{
    Threadline__Common__V1__Actor a = THREADLINE__COMMON__V1__ACTOR__INIT;

    a.role = THREADLINE__COMMON__V1__ROLE__ROLE_CUSTOMER;
    a.session_id = (char *)(uintptr_t)session;
    a.visitor_id = "visitor-1";
    return a;
}

Threadline__Common__V1__Actor agent_actor(const char *agent)
{
    Threadline__Common__V1__Actor a = THREADLINE__COMMON__V1__ACTOR__INIT;

    a.role = THREADLINE__COMMON__V1__ROLE__ROLE_AGENT;
    a.session_id = "session-of-agent";
    a.agent_id = (char *)(uintptr_t)agent;
    return a;
}

const char *world_request(struct world *w, const char *session, const char *request, int channel,
                          bool cobrowse)
{
    static char id[TL_ID_MAX + 1];
    Threadline__Conversation__V1__RequestContactRequest m =
        THREADLINE__CONVERSATION__V1__REQUEST_CONTACT_REQUEST__INIT;
    Threadline__Signaling__V1__RequestContact r = THREADLINE__SIGNALING__V1__REQUEST_CONTACT__INIT;
    Threadline__Common__V1__Actor actor = customer_actor(session);
    Threadline__Conversation__V1__RequestContactResponse *got = NULL;

    r.request_id = (char *)(uintptr_t)request;
    r.channel = (Threadline__Common__V1__Channel)channel;
    r.section = "checkout";
    r.visit_id = "visit-1";
    r.consent = true;
    r.cobrowse_consent = cobrowse;
    m.actor = &actor;
    m.request = &r;
    id[0] = '\0';
    world_ask(w, "request_contact", &m);
    if (w->code)
        return id;
    (void)tl_mem_fail_after(-1);
    assert_int_equal(TL_PB_UNPACK(threadline__conversation__v1__request_contact_response,
                                  w->answer.p, w->answer.n, &got),
                     0);
    (void)snprintf(id, sizeof id, "%s", got->accepted->contact_id);
    tl_pb_free(got);
    return id;
}

void world_acd_raw(struct world *w, const void *data, size_t n)
{
    (void)tl_bus_publish(w->bus, "tl.events.acd.x.y", data, n);
    world_turn(w);
}

void world_acd(struct world *w, enum acd_word word, const char *contact, const char *agent)
{
    Threadline__Acd__V1__AcdEvent e = THREADLINE__ACD__V1__ACD_EVENT__INIT;
    Threadline__Event__V1__Meta meta = THREADLINE__EVENT__V1__META__INIT;
    Threadline__Acd__V1__ContactOffered offered = THREADLINE__ACD__V1__CONTACT_OFFERED__INIT;
    Threadline__Acd__V1__OfferAccepted accepted = THREADLINE__ACD__V1__OFFER_ACCEPTED__INIT;
    Threadline__Acd__V1__OfferTimedOut over = THREADLINE__ACD__V1__OFFER_TIMED_OUT__INIT;
    Threadline__Acd__V1__ContactDequeued dequeued = THREADLINE__ACD__V1__CONTACT_DEQUEUED__INIT;
    Threadline__Acd__V1__ContactReleased released = THREADLINE__ACD__V1__CONTACT_RELEASED__INIT;
    Threadline__Acd__V1__WrapUpEnded wrapped = THREADLINE__ACD__V1__WRAP_UP_ENDED__INIT;
    struct tl_buf m = TL_BUF(65536);
    char offer[60];

    (void)snprintf(offer, sizeof offer, "offer-%s", agent);
    meta.contact_id = (char *)(uintptr_t)contact;
    meta.seq = ++w->seq;
    meta.occurred_at_us = tl_clock_wall();
    e.meta = &meta;
    e.epoch = w->epoch;
    offered.agent_id = accepted.agent_id = over.agent_id = (char *)(uintptr_t)agent;
    offered.offer_id = accepted.offer_id = over.offer_id = offer;
    offered.expires_at_us = meta.occurred_at_us + TL_SEC(20);
    dequeued.cause = "no_staff";
    wrapped.by_timer = true;
    switch (word) {
    case OFFERED:
        e.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_OFFERED;
        e.contact_offered = &offered;
        break;
    case ACCEPTED:
        e.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_OFFER_ACCEPTED;
        e.offer_accepted = &accepted;
        break;
    case OFFER_OVER:
        e.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_OFFER_TIMED_OUT;
        e.offer_timed_out = &over;
        break;
    case DEQUEUED:
        e.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_DEQUEUED;
        e.contact_dequeued = &dequeued;
        break;
    case RELEASED:
        e.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_CONTACT_RELEASED;
        e.contact_released = &released;
        break;
    case WRAP_UP_ENDED:
        e.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_WRAP_UP_ENDED;
        e.wrap_up_ended = &wrapped;
        break;
    }
    pack(&e, &m);
    world_acd_raw(w, m.p, m.n);
    tl_buf_done(&m);
}

void world_owner(struct world *w)
{
    Threadline__Acd__V1__AcdEvent e = THREADLINE__ACD__V1__ACD_EVENT__INIT;
    Threadline__Event__V1__Meta meta = THREADLINE__EVENT__V1__META__INIT;
    Threadline__Acd__V1__OwnershipTaken taken = THREADLINE__ACD__V1__OWNERSHIP_TAKEN__INIT;
    struct tl_buf m = TL_BUF(65536);

    e.meta = &meta;
    e.epoch = ++w->epoch;
    e.event_case = THREADLINE__ACD__V1__ACD_EVENT__EVENT_OWNERSHIP_TAKEN;
    e.ownership_taken = &taken;
    pack(&e, &m);
    world_acd_raw(w, m.p, m.n);
    tl_buf_done(&m);
}

void world_end(struct world *w, Threadline__Common__V1__Actor actor, const char *contact)
{
    Threadline__Conversation__V1__EndContactRequest m =
        THREADLINE__CONVERSATION__V1__END_CONTACT_REQUEST__INIT;

    m.actor = &actor;
    m.contact_id = (char *)(uintptr_t)contact;
    world_ask(w, "end_contact", &m);
}

void world_wrap_up(struct world *w, const char *agent, const char *contact, const char *word)
{
    Threadline__Conversation__V1__CompleteWrapUpRequest m =
        THREADLINE__CONVERSATION__V1__COMPLETE_WRAP_UP_REQUEST__INIT;
    Threadline__Signaling__V1__CompleteWrapUp body =
        THREADLINE__SIGNALING__V1__COMPLETE_WRAP_UP__INIT;
    Threadline__Common__V1__Actor actor = agent_actor(agent);

    body.contact_id = (char *)(uintptr_t)contact;
    body.disposition = (char *)(uintptr_t)word;
    body.note = "all fine";
    m.actor = &actor;
    m.wrap_up = &body;
    world_ask(w, "complete_wrap_up", &m);
}

const char *world_talk(struct world *w, const char *session, bool cobrowse)
{
    char request[60];
    const char *id;

    (void)snprintf(request, sizeof request, "request-%s", session);
    id = world_request(w, session, request, 1, cobrowse);
    assert_int_equal(w->code, 0);
    world_acd(w, OFFERED, id, "agent-1");
    world_acd(w, ACCEPTED, id, "agent-1");
    return id;
}

static void keep(void *arg, int err, const struct contact *rows, int n)
{
    assert_int_equal(err, 0);
    assert_int_equal(n, 1);
    *(struct contact *)arg = rows[0];
}

struct contact world_contact(struct world *w, const char *id)
{
    struct contact c = {0};
    struct store_query q = {.kind = QUERY_ID, .limit = 1};

    (void)tl_str_put(q.id.s, sizeof q.id.s, tl_str(id));
    assert_int_equal(w->store->ops->list(w->store, &q, keep, &c), 0);
    world_turn(w);
    return c;
}

static void aged(void *arg, int err)
{
    TL_UNUSED(arg);
    assert_int_equal(err, 0);
}

void world_age(struct world *w, const char *id, tl_dur d)
{
    struct contact c = world_contact(w, id);
    struct store_change ch = {.contact = &c, .at = tl_clock_wall(), .due = TL_NEVER};

    c.requested_at -= d;
    if (c.unanswered_at) {
        c.unanswered_at -= d;
        ch.due = contact_due(&c, &w->conv->rules);
    }
    assert_int_equal(w->store->ops->commit(w->store, &ch, aged, NULL), 0);
    world_turn(w);
}

/* ---- for cmocka ------------------------------------------------------------------------- */

int world_setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    world_open(w);
    *state = w;
    return 0;
}

int world_teardown(void **state)
{
    world_close(*state);
    free(*state);
    return 0;
}
