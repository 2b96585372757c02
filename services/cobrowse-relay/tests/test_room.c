/*
 * Stories of one shared page.  A step is (second, who does what, what follows).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <tl_buf.h>

#include <cmocka.h>

#include "core/room.h"

#define C         ROOM_CUSTOMER
#define A         ROOM_AGENT
#define SOCKET(n) ((void *)(uintptr_t)(n))

struct step {
    double at_s;
    enum { JOIN, LEAVE, FRAME, TICK, OVER } what;
    enum room_role role;
    int socket;
    const char *frame;
    const char *expected;
};

#define JOINS(role, n)   JOIN, role, n, ""
#define LEAVES(role, n)  LEAVE, role, n, ""
#define SAYS(role, text) FRAME, role, 0, text
#define TIME             TICK, C, 0, ""
#define END                   \
    {                         \
        0, OVER, C, 0, "", "" \
    }

#define FULL(n) \
    "{\"t\":\"full\",\"seq\":" #n ",\"d\":{\"type\":2,\"data\":{\"node\":{\"type\":0,\"id\":1}}}}"
#define EV(n) "{\"t\":\"ev\",\"seq\":" #n ",\"d\":{\"type\":4,\"data\":{}}}"
#define SCRIPT(n)                                                                                 \
    "{\"t\":\"ev\",\"seq\":" #n ",\"d\":{\"type\":3,\"data\":{\"source\":0,\"adds\":[{\"node\":{" \
    "\"id\":9,\"tagName\":\"script\"}}]}}}"
#define STRAY(n)                \
    "{\"t\":\"ev\",\"seq\":" #n \
    ",\"d\":{\"type\":3,\"data\":{\"source\":0,\"texts\":[{\"id\":77}]}}}"
#define POINT "{\"t\":\"pointer\",\"x\":1,\"y\":2}"

static const struct step both_see_the_same_page[] = {
    {0, JOINS(C, 1), "peers need_full"}, {0, JOINS(A, 2), "peers"},   {1, SAYS(C, FULL(1)), "to 2"},
    {1, SAYS(C, EV(2)), "to 2"},         {1, SAYS(A, POINT), "to 1"}, {2, LEAVES(A, 2), "peers"},
    {2, LEAVES(A, 2), "was not here"},   {3, SAYS(C, EV(3)), ""},     END};

static const struct step a_late_agent_gets_everything_from_the_room[] = {
    {0, JOINS(C, 1), "peers need_full"},
    {1, SAYS(C, FULL(1)), ""},
    {1, SAYS(C, EV(2)), ""},
    {9, JOINS(A, 2), "peers replay 2 to 2"},
    {10, JOINS(A, 3), "replaced 2 peers replay 2 to 3"},
    {11, LEAVES(A, 2), "was not here"},
    {11, SAYS(C, EV(3)), "to 3"},
    END};

static const struct step a_gap_needs_a_new_picture[] = {{0, JOINS(C, 1), "peers need_full"},
                                                        {0, JOINS(A, 2), "peers"},
                                                        {0, SAYS(C, EV(1)), "gap"},
                                                        {1, SAYS(C, FULL(4)), "to 2"},
                                                        {1, SAYS(C, EV(5)), "to 2"},
                                                        {1, SAYS(C, EV(5)), "repeat"},
                                                        {1, SAYS(C, EV(7)), "gap need_full"},
                                                        {1, SAYS(C, EV(8)), "gap"},
                                                        {2, SAYS(C, FULL(9)), "to 2"},
                                                        {2, SAYS(C, EV(10)), "to 2"},
                                                        END};

static const struct step a_picture_that_does_not_come_is_asked_for_again[] = {
    {0, JOINS(C, 1), "peers need_full"},
    {1, TIME, ""},
    {5, TIME, "need_full"},
    {6, TIME, ""},
    {6, SAYS(C, FULL(1)), ""},
    {60, TIME, ""},
    END};

static const struct step three_strikes_end_it[] = {
    {0, JOINS(C, 1), "peers need_full"},
    {0, JOINS(A, 2), "peers"},
    {0, SAYS(C, FULL(1)), "to 2"},
    {1, SAYS(C, SCRIPT(2)), "script! need_full"},
    {1, SAYS(C, FULL(3)), "to 2"},
    {1, SAYS(A, EV(4)), "junk!"},
    {2, SAYS(C, "nonsense"), "junk! end bad_frames by customer"},
    END};

static const struct step an_unknown_node_is_no_strike[] = {
    {0, JOINS(C, 1), "peers need_full"},       {0, SAYS(C, FULL(1)), ""},
    {0, SAYS(C, STRAY(2)), "stray need_full"}, {1, SAYS(C, FULL(3)), ""},
    {1, SAYS(C, STRAY(4)), "stray need_full"}, {2, SAYS(C, FULL(5)), ""},
    {2, SAYS(C, STRAY(6)), "stray need_full"}, {3, SAYS(C, FULL(7)), ""},
    {3, SAYS(C, STRAY(8)), "stray need_full"}, END};

static const struct step a_new_page_begins_anew[] = {{0, JOINS(C, 1), "peers need_full"},
                                                     {0, JOINS(A, 2), "peers"},
                                                     {0, SAYS(C, FULL(1)), "to 2"},
                                                     {0, SAYS(C, EV(2)), "to 2"},
                                                     {1, LEAVES(C, 1), "peers"},
                                                     {2, JOINS(C, 3), "peers need_full"},
                                                     {2, SAYS(C, FULL(1)), "to 2"},
                                                     {2, SAYS(C, EV(2)), "to 2"},
                                                     END};

static const struct step an_hour_is_enough[] = {{0, JOINS(C, 1), "peers need_full"},
                                                {0, SAYS(C, FULL(1)), ""},
                                                {3599, TIME, ""},
                                                {3600, TIME, "end too_long"},
                                                END};

static const struct step *const stories[] = {
    both_see_the_same_page,    a_late_agent_gets_everything_from_the_room,
    a_gap_needs_a_new_picture, a_picture_that_does_not_come_is_asked_for_again,
    three_strikes_end_it,      an_unknown_node_is_no_strike,
    a_new_page_begins_anew,    an_hour_is_enough,
};

static int kept(const struct room *r)
{
    const void *at = NULL;
    struct tl_str f;
    int n = 0;

    while (room_kept_next(r, &at, &f))
        n++;
    return n;
}

static void tell(struct tl_buf *out, const struct room *r, const struct room_decision *d)
{
    if (d->replaced)
        tl_buf_printf(out, "replaced %d ", (int)(uintptr_t)d->replaced);
    if (d->tell_peers)
        tl_buf_puts(out, "peers ");
    if (d->replay_to)
        tl_buf_printf(out, "replay %d to %d ", kept(r), (int)(uintptr_t)d->replay_to);
    if (d->relay_to)
        tl_buf_printf(out, "to %d ", (int)(uintptr_t)d->relay_to);
    if (d->dropped)
        tl_buf_printf(out, "%s%s ", d->dropped, d->strike ? "!" : "");
    if (d->need_full)
        tl_buf_puts(out, "need_full ");
    if (d->end)
        tl_buf_printf(out, "end %s ", d->end);
    if (d->offender_is_set)
        tl_buf_printf(out, "by %s ", room_role_name(d->offender));
}

static struct room *a_room(const struct room_limits *limits)
{
    struct room_names names = {
        .contact = {"c1"}, .thread = {"t1"}, .session = {"s1"}, .agent = {"bob"}};
    struct room *r = NULL;

    assert_int_equal(room_new(&r, &names, limits ? limits : &room_limits_default, 0), 0);
    return r;
}

static void pages_are_shared(void **state)
{
    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(stories); i++) {
        struct room *r = a_room(NULL);

        for (const struct step *s = stories[i]; s->what != OVER; s++) {
            tl_time now = (tl_time)(s->at_s * 1e6);
            struct room_decision d = {0};
            struct tl_buf out = TL_BUF(500);
            bool was_here = true;

            switch (s->what) {
            case JOIN: d = room_join(r, s->role, SOCKET(s->socket), now); break;
            case LEAVE: was_here = room_leave(r, s->role, SOCKET(s->socket), &d); break;
            case FRAME: d = room_frame(r, s->role, tl_str(s->frame), now); break;
            case TICK: d = room_tick(r, now); break;
            case OVER: break;
            }
            if (was_here)
                tell(&out, r, &d);
            else
                tl_buf_puts(&out, "was not here");
            if (!tl_str_eq(tl_str_trim(tl_buf_str(&out)), tl_str(s->expected)))
                fail_msg("story %zu, %g s: \"%s\" instead of \"%s\"", i, s->at_s, out.p,
                         s->expected);
            tl_buf_done(&out);
        }
        room_free(r);
    }
}

static struct tl_str numbered(char *buf, size_t size, int seq)
{
    int n = snprintf(buf, size, "{\"t\":\"ev\",\"seq\":%d,\"d\":{\"type\":4,\"data\":{}}}", seq);

    return (struct tl_str){buf, (size_t)n};
}

static void too_fast_is_dropped_and_struck_once_a_second(void **state)
{
    struct room *r = a_room(NULL);
    struct room_decision d;
    int passed = 0, struck = 0;
    char buf[100];

    TL_UNUSED(state);
    (void)room_join(r, C, SOCKET(1), 0);
    (void)room_join(r, A, SOCKET(2), 0);
    (void)room_frame(r, C, tl_str(FULL(1)), 0);
    for (int i = 2; i < 1000; i++) {
        d = room_frame(r, C, numbered(buf, sizeof(buf), i), TL_MSEC(i) / 10);
        passed += d.relay_to != NULL;
        struck += d.strike;
        assert_null(d.end);
    }
    assert_in_range(passed, 399, 420);
    assert_int_equal(struck, 1);
    room_free(r);
}

static void big_frames_have_bounds(void **state)
{
    struct room_limits l = room_limits_default;
    struct tl_buf text = TL_BUF(1 << 22);
    struct room *r;

    TL_UNUSED(state);
    l.full_max = 2000;
    l.event_max = 200;
    l.kept_max = 3000;
    r = a_room(&l);
    (void)room_join(r, C, SOCKET(1), 0);
    tl_buf_puts(&text, "{\"t\":\"full\",\"seq\":1,\"d\":{\"type\":2,\"data\":{\"x\":\"");
    for (int i = 0; i < 1800; i++)
        tl_buf_putc(&text, 'x');
    tl_buf_puts(&text, "\",\"node\":{\"id\":1}}}}");
    assert_null(room_frame(r, C, tl_buf_str(&text), 1).dropped);
    assert_int_equal(kept(r), 1);
    for (int i = 0; i < 300; i++)
        tl_buf_putc(&text, ' ');
    assert_string_equal(room_frame(r, C, tl_buf_str(&text), 1).dropped, "too_big");
    tl_buf_clear(&text);
    tl_buf_puts(&text, EV(2));
    for (int i = 0; i < 200; i++)
        tl_buf_putc(&text, ' ');
    assert_string_equal(room_frame(r, C, tl_buf_str(&text), 1).dropped, "too_big");
    for (int seq = 2;; seq++) { /* until no more is kept: then a fresh picture is asked for */
        char buf[100];
        struct room_decision d = room_frame(r, C, numbered(buf, sizeof(buf), seq), TL_SEC(seq));
        assert_null(d.dropped);
        assert_true(seq < 100);
        if (d.need_full)
            break;
    }
    assert_int_equal(kept(r), 0);
    assert_null(room_join(r, A, SOCKET(2), TL_SEC(200)).replay_to);
    room_free(r);
    tl_buf_done(&text);
}

static void counts_are_kept_contents_are_not(void **state)
{
    struct room *r = a_room(NULL);

    TL_UNUSED(state);
    (void)room_join(r, C, SOCKET(1), 0);
    (void)room_frame(r, C, tl_str(FULL(1)), 0);
    (void)room_frame(r, A, tl_str(POINT), 0);
    assert_int_equal(room_frames(r), 2);
    assert_int_equal(room_bytes(r), strlen(FULL(1)) + strlen(POINT));
    assert_string_equal(room_names(r)->agent.s, "bob");
    assert_ptr_equal(room_socket(r, C), SOCKET(1));
    assert_null(room_socket(r, A));
    assert_int_equal(room_ends_at(r), TL_MIN(60));
    room_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_shared),
        cmocka_unit_test(too_fast_is_dropped_and_struck_once_a_second),
        cmocka_unit_test(big_frames_have_bounds),
        cmocka_unit_test(counts_are_kept_contents_are_not),
    };
    return cmocka_run_group_tests_name("room", tests, NULL, NULL);
}
