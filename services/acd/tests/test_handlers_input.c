/* Bad input at the ACD's door, class by class: a named error to the sender, a count in the metric,
 * nothing changed, and the neighbour is served. */
#include "handlers_world.h"

static char *lend(const char *s)
{
    return (char *)(uintptr_t)s;
}

static double counted(const char *class_name)
{
    char labels[80];

    (void)snprintf(labels, sizeof(labels), "edge=\"nats\",class=\"%s\"", class_name);
    return tl_metric_value(tl_counter("tl_acd_bad_input_total", labels, ""));
}

/* Everything that somebody could see of the ACD, but for the clocks. */
struct seen {
    char text[2000];
    size_t n;
};

static void see(struct seen *s, const char *fmt, ...) TL_PRINTF(2, 3);
static void see(struct seen *s, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    s->n += (size_t)vsnprintf(s->text + s->n, sizeof(s->text) - s->n, fmt, ap);
    va_end(ap);
    assert_true(s->n < sizeof(s->text));
}

static void see_agent(struct world *w, struct seen *s, const char *id)
{
    Threadline__Acd__V1__GetAgentRequest q = THREADLINE__ACD__V1__GET_AGENT_REQUEST__INIT;
    Threadline__Acd__V1__GetAgentResponse *r = NULL;

    q.agent_id = lend(id);
    assert_int_equal(ask(w, "get_agent", &q), 0);
    assert_int_equal(
        TL_PB_UNPACK(threadline__acd__v1__get_agent_response, w->reply, w->reply_n, &r), 0);
    see(s, "%s %d %s %zu offers:", id, (int)r->state->presence, r->state->reason, r->n_offers);
    for (size_t i = 0; i < r->n_contact_ids; i++)
        see(s, " %s", r->contact_ids[i]);
    see(s, "\n");
    tl_pb_free(r);
}

static void look(struct world *w, struct seen *s)
{
    Threadline__Acd__V1__ListContactsRequest q = THREADLINE__ACD__V1__LIST_CONTACTS_REQUEST__INIT;
    Threadline__Acd__V1__ListContactsResponse *r = NULL;

    s->n = 0;
    assert_int_equal(ask(w, "list_contacts", &q), 0);
    assert_int_equal(
        TL_PB_UNPACK(threadline__acd__v1__list_contacts_response, w->reply, w->reply_n, &r), 0);
    for (size_t i = 0; i < r->n_contacts; i++)
        see(s, "%s %s %s %s\n", r->contacts[i]->contact_id, r->contacts[i]->state,
            r->contacts[i]->agent_id, r->contacts[i]->offer_id);
    tl_pb_free(r);
    see_agent(w, s, "a1");
    see_agent(w, s, "a2");
    see(s, "stored: %zu contacts, %zu agents\n", store_memory_count(w->store, 'c'),
        store_memory_count(w->store, 'a'));
}

static void refused(struct world *w, const char *method, const void *message, int code,
                    const char *reason, const char *class_name)
{
    struct seen before, after;
    double count = counted(class_name);
    int told;

    look(w, &before);
    told = ask(w, method, message);
    if (told != code || strcmp(w->reason, reason) != 0)
        fail_msg("%s: %d \"%s\" instead of %d \"%s\"", method, told, w->reason, code, reason);
    if (counted(class_name) != count + 1)
        fail_msg("%s %s: not counted as %s", method, reason, class_name);
    look(w, &after);
    assert_string_equal(before.text, after.text);
}

/* a1 is connected in C1 and C2 waits. */
static void busy(struct world *w)
{
    assert_int_equal(set_agent(w, "a1", true), 0);
    assert_int_equal(enqueue(w, "C1"), 0);
    assert_int_equal(accept_as(w, "a1", THREADLINE__COMMON__V1__ROLE__ROLE_AGENT, w->epoch), 0);
    assert_int_equal(enqueue(w, "C2"), 0);
}

static void what_is_not_there(void **state)
{
    Threadline__Acd__V1__EnqueueRequest q = contact("C3");
    Threadline__Acd__V1__SkillNeed need = THREADLINE__ACD__V1__SKILL_NEED__INIT, *needs = &need;
    Threadline__Acd__V1__TransferRequest move = THREADLINE__ACD__V1__TRANSFER_REQUEST__INIT;
    Threadline__Acd__V1__ReprioritiseRequest rank = THREADLINE__ACD__V1__REPRIORITISE_REQUEST__INIT;
    Threadline__Acd__V1__SetAgentStateRequest agent =
        THREADLINE__ACD__V1__SET_AGENT_STATE_REQUEST__INIT;
    Threadline__Acd__V1__GetAgentRequest get = THREADLINE__ACD__V1__GET_AGENT_REQUEST__INIT;
    Threadline__Acd__V1__ExplainRequest why = THREADLINE__ACD__V1__EXPLAIN_REQUEST__INIT;
    Threadline__Common__V1__Actor nobody = THREADLINE__COMMON__V1__ACTOR__INIT;
    struct world *w = *state;

    busy(w);
    q.queue = lend("nowhere");
    refused(w, "enqueue", &q, 404, "unknown queue", "unknown");
    q = contact("C3");
    need.skill = lend("flying");
    q.required = &needs;
    q.n_required = 1;
    refused(w, "enqueue", &q, 404, "unknown skill", "unknown");
    q = contact("C3");
    q.direct = true;
    q.preferred_agent_id = lend("nobody");
    refused(w, "enqueue", &q, 404, "unknown agent", "unknown");
    move.contact_id = lend("C2");
    move.agent_id = lend("nobody");
    refused(w, "transfer", &move, 404, "unknown agent", "unknown");
    move.contact_id = lend("C9");
    move.agent_id = lend("a1");
    refused(w, "transfer", &move, 404, "unknown contact", "unknown");
    rank.contact_id = lend("C9");
    refused(w, "reprioritise", &rank, 404, "unknown contact", "unknown");
    nobody.agent_id = lend("nobody");
    nobody.role = THREADLINE__COMMON__V1__ROLE__ROLE_AGENT;
    agent.actor = &nobody;
    refused(w, "set_agent_state", &agent, 404, "unknown agent", "unknown");
    get.agent_id = lend("nobody");
    refused(w, "get_agent", &get, 404, "unknown", "unknown");
    refused(w, "explain", &why, 404, "unknown", "unknown");
}

static void numbers_that_cannot_be(void **state)
{
    struct world *w = *state;
    Threadline__Acd__V1__EnqueueRequest q = contact("C3");
    Threadline__Acd__V1__SkillNeed need = THREADLINE__ACD__V1__SKILL_NEED__INIT;
    Threadline__Acd__V1__SkillNeed *needs[ACD_NEEDS_MAX + 1];
    Threadline__Acd__V1__ReprioritiseRequest rank = THREADLINE__ACD__V1__REPRIORITISE_REQUEST__INIT;
    static const int64_t times[] = {-1, INT64_MIN, INT64_MAX};
    static const int32_t priorities[] = {-1001, 1001, INT32_MIN, INT32_MAX};

    busy(w);
    for (size_t i = 0; i < TL_LEN(times); i++) {
        q.enqueued_at_us = times[i];
        refused(w, "enqueue", &q, 400, "value out of range", "out_of_range");
    }
    q = contact("C3");
    for (size_t i = 0; i < TL_LEN(priorities); i++) {
        q.priority = priorities[i];
        refused(w, "enqueue", &q, 400, "value out of range", "out_of_range");
        rank.contact_id = lend("C2");
        rank.priority = priorities[i];
        refused(w, "reprioritise", &rank, 400, "value out of range", "out_of_range");
    }
    q = contact("C3");
    q.channel = THREADLINE__COMMON__V1__CHANNEL__CHANNEL_UNSPECIFIED;
    refused(w, "enqueue", &q, 400, "value out of range", "out_of_range");
    q = contact("C3");
    for (size_t i = 0; i < TL_LEN(needs); i++)
        needs[i] = &need;
    q.required = needs;
    q.n_required = TL_LEN(needs);
    refused(w, "enqueue", &q, 400, "value out of range", "out_of_range");
    q = contact("");
    refused(w, "enqueue", &q, 400, "value out of range", "out_of_range");
    q = contact("an id that is longer than any id of this house may ever be");
    refused(w, "enqueue", &q, 400, "value out of range", "out_of_range");
}

static void the_same_id_with_other_content(void **state)
{
    struct world *w = *state;
    Threadline__Acd__V1__EnqueueRequest q = contact("C2");

    busy(w);
    assert_int_equal(ask(w, "enqueue", &q), 0); /* a repeat is none */
    q.channel = THREADLINE__COMMON__V1__CHANNEL__CHANNEL_CHAT;
    refused(w, "enqueue", &q, 409, "same id with other content", "conflict");
}

static void stale_epochs_and_offers(void **state)
{
    struct world *w = *state;
    Threadline__Acd__V1__AcceptRequest q = THREADLINE__ACD__V1__ACCEPT_REQUEST__INIT;
    Threadline__Acd__V1__DeclineRequest no = THREADLINE__ACD__V1__DECLINE_REQUEST__INIT;
    Threadline__Common__V1__Actor a = THREADLINE__COMMON__V1__ACTOR__INIT;

    busy(w);
    assert_int_equal(set_agent(w, "a2", true), 0); /* C2 rings there */
    a.role = THREADLINE__COMMON__V1__ROLE__ROLE_AGENT;
    a.agent_id = lend("a2");
    q.actor = no.actor = &a;
    q.offer_id = no.offer_id = w->offer_id;
    q.epoch = no.epoch = w->epoch - 1;
    refused(w, "accept", &q, 409, "old epoch", "old_epoch");
    refused(w, "decline", &no, 409, "old epoch", "old_epoch");
    q.epoch = no.epoch = w->epoch;
    for (int i = 0; i < 4; i++) {
        static const char *const ids[] = {"", "o", "o00000000000000zz", "offffffffffffffff"};
        q.offer_id = no.offer_id = lend(ids[i]);
        refused(w, "accept", &q, 409, "offer is no longer open", "stale_offer");
        refused(w, "decline", &no, 409, "offer is no longer open", "stale_offer");
    }
    a.agent_id = lend("a1"); /* somebody else's */
    q.offer_id = w->offer_id;
    refused(w, "accept", &q, 409, "offer is no longer open", "stale_offer");
}

static void who_may_not(void **state)
{
    struct world *w = *state;
    Threadline__Acd__V1__SetQueueOpenRequest open =
        THREADLINE__ACD__V1__SET_QUEUE_OPEN_REQUEST__INIT;
    Threadline__Acd__V1__PickRequest pick = THREADLINE__ACD__V1__PICK_REQUEST__INIT;
    Threadline__Acd__V1__DrainAgentRequest drain = THREADLINE__ACD__V1__DRAIN_AGENT_REQUEST__INIT;
    Threadline__Common__V1__Actor a = THREADLINE__COMMON__V1__ACTOR__INIT;

    busy(w);
    a.role = THREADLINE__COMMON__V1__ROLE__ROLE_CUSTOMER;
    a.agent_id = lend("a1");
    open.actor = pick.actor = drain.actor = &a;
    open.queue = lend("help");
    pick.contact_id = lend("C2");
    drain.agent_id = lend("a1");
    refused(w, "set_queue_open", &open, 403, "not yours", "forbidden");
    refused(w, "pick", &pick, 403, "not yours", "forbidden");
    refused(w, "drain_agent", &drain, 403, "not yours", "forbidden");
    a.role = THREADLINE__COMMON__V1__ROLE__ROLE_AGENT;
    a.agent_id = lend("a2"); /* another agent's shift */
    refused(w, "drain_agent", &drain, 403, "not yours", "forbidden");
    refused(w, "set_queue_open", &open, 403, "not yours", "forbidden");
}

static void bytes_that_are_no_message(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } junk[] = {{"\x0a\xff\xff", 3},
                {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11},
                {"\x0a\x02\xff\xfe", 4}};
    struct seen before, after;
    struct world *w = *state;

    busy(w);
    look(w, &before);
    for (size_t i = 0; i < TL_LEN(junk); i++) {
        double count = counted("malformed");
        w->replies = 0;
        assert_int_equal(tl_bus_request(w->bus, "tl.cmd.acd.p0.enqueue", junk[i].bytes, junk[i].n,
                                        TL_SEC(5), 1, on_reply, w),
                         0);
        turn(w);
        assert_int_equal(w->replies, 1);
        assert_int_equal(w->code, 400);
        assert_string_equal(w->reason, "malformed");
        assert_true(counted("malformed") > count);
    }
    look(w, &after);
    assert_string_equal(before.text, after.text);
    assert_int_equal(enqueue(w, "C3"), 0); /* the neighbour is served */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(what_is_not_there),
        STORY(numbers_that_cannot_be),
        STORY(the_same_id_with_other_content),
        STORY(stale_epochs_and_offers),
        STORY(who_may_not),
        STORY(bytes_that_are_no_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
