/* Junk, truncation and an empty heap at every decoder and encoder; and the rules' file. */
#include "rules_file.h"
#include "world.c"

#include <tl_log.h>
#include <tl_mem.h>
#include <unistd.h>

static const char *const methods[] = {"request_contact", "end_contact",      "post_message",
                                      "relay_typing",    "answer_survey",    "complete_wrap_up",
                                      "set_hold",        "cobrowse_consent", "cobrowse_ask",
                                      "get_snapshot",    "session_lost",     "list_waiting"};

static uint64_t dice = 7;

static uint8_t roll(void)
{
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (uint8_t)(dice >> 40);
}

static void nothing(void *arg, const struct queue_position *p)
{
    TL_UNUSED(arg);
    TL_UNUSED(p);
}

/** Everything that reads bytes of others; none may crash or leak. */
static void read_all(const void *data, size_t n)
{
    struct wire_command cmd;
    struct wire_acd_event event;
    struct contact_route route;
    struct tl_buf visit = TL_BUF(1 << 20);
    struct reconcile_seen *rows = NULL;
    struct reconcile_views views = {0};
    struct tl_id *ids = NULL;
    struct tl_id id;
    size_t count = 0;
    const char *why;
    char a[80], b[80], long_text[200];
    bool flag;
    tl_time at;

    for (size_t i = 0; i < TL_LEN(methods); i++) {
        if (wire_command(tl_str(methods[i]), data, n, &cmd, &why) == 0)
            wire_command_done(&cmd);
    }
    (void)wire_acd_event(data, n, &event);
    (void)wire_positions(data, n, nothing, NULL);
    (void)wire_route(data, n, &route, &flag, a, long_text);
    (void)wire_visit(data, n, a, &visit);
    (void)wire_released(data, n, &at);
    (void)wire_room(data, n, a, b);
    (void)wire_room_closed(data, n, &id, &flag);
    (void)wire_agent(data, n, a);
    (void)wire_acd_rows(data, n, &views);
    (void)wire_media_rows(data, n, &rows, &count);
    count = 0;
    (void)wire_unknown(data, n, &ids, &count);
    tl_free(ids);
    tl_free(rows);
    tl_free(views.acd);
    tl_buf_done(&visit);
}

/** A valid request, so that truncation and flips come close to what is let in. */
static void sample(struct tl_buf *out)
{
    Threadline__Conversation__V1__RequestContactRequest m =
        THREADLINE__CONVERSATION__V1__REQUEST_CONTACT_REQUEST__INIT;
    Threadline__Signaling__V1__RequestContact r = THREADLINE__SIGNALING__V1__REQUEST_CONTACT__INIT;
    Threadline__Common__V1__Actor actor = customer_actor("s1");

    r.request_id = "r1";
    r.channel = THREADLINE__COMMON__V1__CHANNEL__CHANNEL_VIDEO;
    r.section = "checkout";
    r.consent = true;
    m.actor = &actor;
    m.request = &r;
    pack(&m, out);
}

static void junk_is_only_refused(void **state)
{
    struct tl_buf good = TL_BUF(4096);
    uint8_t bytes[200];

    TL_UNUSED(state);
    sample(&good);
    for (size_t n = 0; n <= good.n; n++)
        read_all(good.p, n);
    for (int run = 0; run < 3000; run++) {
        size_t n = roll() % sizeof bytes;

        for (size_t i = 0; i < n; i++)
            bytes[i] = roll();
        read_all(bytes, n);
        memcpy(bytes, good.p, good.n);
        bytes[roll() % good.n] = roll();
        read_all(bytes, good.n);
    }
    tl_buf_done(&good);
}

static int request_with(const char *text, int channel, bool consent, const char **why)
{
    Threadline__Conversation__V1__RequestContactRequest m =
        THREADLINE__CONVERSATION__V1__REQUEST_CONTACT_REQUEST__INIT;
    Threadline__Signaling__V1__RequestContact r = THREADLINE__SIGNALING__V1__REQUEST_CONTACT__INIT;
    Threadline__Common__V1__Actor actor = customer_actor("s1");
    struct tl_buf b = TL_BUF(65536);
    struct wire_command cmd;
    int err;

    r.request_id = (char *)(uintptr_t)text;
    r.channel = (Threadline__Common__V1__Channel)channel;
    r.consent = consent;
    m.actor = &actor;
    m.request = &r;
    pack(&m, &b);
    err = wire_command(TL_STR("request_contact"), b.p, b.n, &cmd, why);
    wire_command_done(&cmd);
    tl_buf_done(&b);
    return err;
}

static void what_a_request_must_have(void **state)
{
    const char *why;

    TL_UNUSED(state);
    assert_int_equal(request_with("r1", 1, true, &why), 0);
    assert_int_equal(request_with("", 1, true, &why), -EINVAL);
    assert_int_equal(request_with("has space", 1, true, &why), -EINVAL);
    assert_int_equal(request_with("r1", 4, true, &why), -EINVAL);
    assert_int_equal(request_with("r1", 1, false, &why), -EINVAL);
    assert_string_equal(why, "consent is required");
    assert_int_equal(request_with("r1", 99, true, &why), -EBADMSG); /* no such enum value */
}

static void events_get_their_numbers_on_the_way_out(void **state)
{
    const struct contact_event e = {.kind = EVENT_ENDED, .by = ROLE_AGENT, .word = "hangup"};
    const struct contact c = {
        .id = {"c1"}, .thread = {"t1"}, .outcome = OUTCOME_COMPLETED, .waited = TL_SEC(2)};
    struct outbox_row row = {.boot = {"b1"}, .seq = 7, .thread_seq = 3};
    struct tl_buf packed = TL_BUF(4096), out = TL_BUF(4096);
    Threadline__Conversation__V1__ConversationEvent *m = NULL;
    const char *type = NULL;

    TL_UNUSED(state);
    assert_int_equal(wire_event(&e, &c, &(struct tl_id){"e1"}, 5, &packed), 0);
    row.payload = tl_buf_str(&packed);
    assert_int_equal(wire_numbered(&row, &out, &type), 0);
    assert_string_equal(type, "threadline.conversation.v1.ContactEnded");
    TL_PB_UNPACK(threadline__conversation__v1__conversation_event, out.p, out.n, &m);
    assert_string_equal(m->meta->event_id, "e1");
    assert_string_equal(m->meta->boot, "b1");
    assert_int_equal(m->meta->seq, 7);
    assert_int_equal(m->thread_seq, 3);
    assert_int_equal(m->contact_ended->waited_ms, 2000);
    tl_pb_free(m);
    row.payload = TL_STR("\xff");
    assert_int_equal(wire_numbered(&row, &out, &type), -EBADMSG);
    tl_buf_done(&packed);
    tl_buf_done(&out);
}

/** Every allocation of a journey fails in turn; afterwards the service works, and nothing leaks. */
static void out_of_memory_at_every_place(void **state)
{
    TL_UNUSED(state);
    for (int64_t n = 0; n < 400; n += 1 + n / 40) {
        struct world w;

        world_open(&w);
        (void)tl_mem_fail_after(n);
        (void)world_request(&w, "s1", "r1", 3, false);
        (void)tl_mem_fail_after(-1);
        for (int i = 0; i < 1000 && !w.answered; i++) { /* what was lost is asked for again */
            usleep(1000);
            world_turn(&w);
        }
        (void)world_request(&w, "s2", "r2", 3, false);
        assert_int_equal(w.code, 0);
        w.gap = false;
        world_close(&w);
    }
}

static void rules_are_read_or_refused_with_their_line(void **state)
{
    static const struct {
        const char *text, *complaint;
    } bad[] = {
        {"dispositions: [a, a]\n", "f:1: dispositions: is there twice"},
        {"threads: {}\n", "dispositions"},
        {"dispositions: []\n", "f:1: dispositions"},
        {"dispositions: [a]\ndeadlines: {setup: 1h}\n", "f:2: setup"},
        {"dispositions: [a]\ndeadlines: {set_up: 10s}\n", "f:2: set_up"},
        {"dispositions: [a]\nnot_ready_reasons: [{id: x}]\n", "f:2: label"},
        {"dispositions: [a]\nnot_ready_reasons: [x]\n", "f:2: not_ready_reasons"},
        {"dispositions: [a]\nwhat: 1\n", "f:2: what"},
        {"[1]\n", "must be a mapping"},
    };
    struct rules r;
    struct tl_buf why = TL_BUF(4096);

    TL_UNUSED(state);
    assert_int_equal(rules_parse(&r,
                                 TL_STR("dispositions: [a, b]\nthreads: {look_back: 2h}\n"
                                        "survey: {question: Well?}\n"),
                                 "f", &why),
                     0);
    assert_true(rules_knows(&r, "b"));
    assert_false(rules_knows(&r, "done"));
    assert_int_equal(r.look_back, TL_HOUR(2));
    assert_string_equal(r.survey_question, "Well?");
    for (size_t i = 0; i < TL_LEN(bad); i++) {
        tl_buf_clear(&why);
        assert_int_equal(rules_parse(&r, tl_str(bad[i].text), "f", &why), -EINVAL);
        if (!why.p || !strstr(why.p, bad[i].complaint))
            fail_msg("%zu: \"%s\" instead of \"%s\"", i, why.p ? why.p : "", bad[i].complaint);
        assert_true(rules_knows(&r, "b")); /* the old ones stay */
    }
    tl_buf_done(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(junk_is_only_refused),
        cmocka_unit_test(what_a_request_must_have),
        cmocka_unit_test(events_get_their_numbers_on_the_way_out),
        cmocka_unit_test(out_of_memory_at_every_place),
        cmocka_unit_test(rules_are_read_or_refused_with_their_line),
    };

    tl_log_setup("conversation", TL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
