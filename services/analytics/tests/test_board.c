/* A day at the contact center, told to the board; each story ends with the numbers it must show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <tl_mem.h>

#include "core/board.h"

#define DAY TL_SEC(1700000000)

static struct tl_id id(const char *s)
{
    struct tl_id ret = {0};

    tl_str_put(ret.s, sizeof(ret.s), tl_str(s));
    return ret;
}

/* A line of a story: at a second of the day, something happens to a contact or an agent. */
struct line {
    int at_s;
    enum analytics_fact_kind kind;
    const char *who, *queue;
    int length_s;
    enum analytics_presence presence;
};

#define QUEUED(at, c, q)                   \
    {                                      \
        at, ANALYTICS_CONTACT_QUEUED, c, q \
    }
#define ACCEPTED(at, c, wait)                     \
    {                                             \
        at, ANALYTICS_OFFER_ACCEPTED, c, "", wait \
    }
#define ABANDONED(at, c, wait)                       \
    {                                                \
        at, ANALYTICS_CONTACT_ABANDONED, c, "", wait \
    }
#define FLOWED(at, c, wait)                           \
    {                                                 \
        at, ANALYTICS_CONTACT_FLOWED_OUT, c, "", wait \
    }
#define RELEASED(at, c, talk)                       \
    {                                               \
        at, ANALYTICS_CONTACT_RELEASED, c, "", talk \
    }
#define WRAPPED(at, c, wrap)                     \
    {                                            \
        at, ANALYTICS_WRAP_UP_ENDED, c, "", wrap \
    }
#define AGENT(at, a, q, p)                      \
    {                                           \
        at, ANALYTICS_AGENT_CHANGED, a, q, 0, p \
    }

static struct analytics_fact fact_of(const struct line *l)
{
    struct analytics_fact f = {
        .kind = l->kind, .at = DAY + TL_SEC(l->at_s), .length = TL_SEC(l->length_s)};

    if (l->kind == ANALYTICS_AGENT_CHANGED) {
        f.agent = id(l->who);
        f.presence = l->presence;
        f.queues[0] = id(l->queue);
        f.n_queues = l->queue[0] ? 1 : 0;
        tl_str_put(f.name, sizeof(f.name), tl_str(l->who));
    } else {
        f.contact = id(l->who);
        f.queue = id(l->queue);
    }
    return f;
}

static struct analytics_board *tell(const struct line *lines, size_t n)
{
    struct analytics_board *b = NULL;

    assert_int_equal(analytics_board_new(&b), 0);
    analytics_board_day(b, DAY);
    for (size_t i = 0; i < n; i++) {
        struct analytics_fact f = fact_of(&lines[i]);

        assert_int_equal(analytics_board_step(b, &f), 0);
    }
    return b;
}

static struct analytics_row row(const struct analytics_board *b, const char *queue, int at_s)
{
    struct analytics_row r;

    for (size_t i = 0; analytics_board_queue(b, i, DAY + TL_SEC(at_s), &r); i++)
        if (strcmp(r.queue.s, queue) == 0)
            return r;
    fail_msg("no queue %s", queue);
    return r;
}

static void a_morning_gives_its_numbers(void **state)
{
    static const struct line morning[] = {
        AGENT(0, "a1", "sales", ANALYTICS_READY),
        AGENT(0, "a2", "sales", ANALYTICS_NOT_READY),
        AGENT(0, "a3", "orders", ANALYTICS_READY),
        QUEUED(10, "c1", "sales"),
        ACCEPTED(14, "c1", 4),
        AGENT(14, "a1", "sales", ANALYTICS_BUSY),
        QUEUED(20, "c2", "sales"),
        QUEUED(21, "c3", "sales"),
        ABANDONED(24, "c3", 3), /* short */
        QUEUED(25, "c4", "sales"),
        ABANDONED(55, "c4", 30),
        RELEASED(114, "c1", 100),
        WRAPPED(134, "c1", 20),
        ACCEPTED(140, "c2", 120), /* not in time */
        QUEUED(150, "c5", "orders"),
        QUEUED(160, "c6", "sales"),
        FLOWED(170, "c6", 10),
    };
    struct analytics_board *b = tell(morning, TL_LEN(morning));
    struct analytics_row sales = row(b, "sales", 200), orders = row(b, "orders", 200), total;

    TL_UNUSED(state);
    assert_int_equal(sales.offered, 5);
    assert_int_equal(sales.answered, 2);
    assert_int_equal(sales.in_time, 1);
    assert_int_equal(sales.abandoned, 2);
    assert_int_equal(sales.short_abandoned, 1);
    assert_int_equal(sales.flowed_out, 1);
    assert_int_equal(sales.waiting, 0);
    assert_int_equal(sales.connected, 1);
    assert_int_equal(sales.staffed, 2);
    assert_int_equal(sales.idle, 0);
    assert_float_equal(sales.service_level, 1.0 / 3, 1e-9); /* c1 of c1, c2, c4 */
    assert_int_equal(sales.asa, TL_SEC(62));
    assert_int_equal(sales.aht, TL_SEC(120));
    assert_int_equal(orders.waiting, 1);
    assert_int_equal(orders.longest_wait, TL_SEC(50));
    assert_int_equal(orders.idle, 1);
    assert_float_equal(orders.service_level, 1, 0); /* nobody was kept waiting yet */
    analytics_board_total(b, DAY + TL_SEC(200), &total);
    assert_int_equal(total.offered, 6);
    assert_int_equal(total.waiting, 1);
    assert_int_equal(total.staffed, 3);
    analytics_board_free(b);
}

static void a_contact_put_back_in_line_was_offered_once_and_keeps_its_time(void **state)
{
    static const struct line lines[] = {
        QUEUED(0, "c1", "sales"), QUEUED(30, "c1", "sales"), /* the agent did not answer */
    };
    struct analytics_board *b = tell(lines, TL_LEN(lines));
    struct analytics_row r = row(b, "sales", 40);

    TL_UNUSED(state);
    assert_int_equal(r.offered, 1);
    assert_int_equal(r.waiting, 1);
    assert_int_equal(r.longest_wait, TL_SEC(40));
    analytics_board_free(b);
}

static void an_agent_who_is_lost_does_not_make_the_contact_unanswered(void **state)
{
    static const struct line lines[] = {
        QUEUED(0, "c1", "sales"),  ACCEPTED(5, "c1", 5), RELEASED(60, "c1", 55),
        QUEUED(61, "c1", "sales"), WRAPPED(65, "c1", 5), /* the other agent's */
        ABANDONED(90, "c1", 90),
    };
    struct analytics_board *b = tell(lines, TL_LEN(lines));
    struct analytics_row r = row(b, "sales", 100);

    TL_UNUSED(state);
    assert_int_equal(r.offered, 1);
    assert_int_equal(r.answered, 1);
    assert_int_equal(r.abandoned, 0);
    assert_int_equal(r.waiting, 0);
    analytics_board_free(b);
}

static void another_queue_is_another_offer(void **state)
{
    static const struct line lines[] = {
        QUEUED(0, "c1", "sales"),   ACCEPTED(5, "c1", 5),  RELEASED(60, "c1", 55),
        QUEUED(61, "c1", "orders"), ACCEPTED(70, "c1", 9),
    };
    struct analytics_board *b = tell(lines, TL_LEN(lines));

    TL_UNUSED(state);
    assert_int_equal(row(b, "sales", 80).answered, 1);
    assert_int_equal(row(b, "orders", 80).offered, 1);
    assert_int_equal(row(b, "orders", 80).answered, 1);
    assert_int_equal(row(b, "orders", 80).connected, 1);
    analytics_board_free(b);
}

static void yesterday_does_not_count_but_who_waits_still_waits(void **state)
{
    static const struct line lines[] = {
        QUEUED(-100, "c1", "sales"), ACCEPTED(-90, "c1", 10),   QUEUED(-50, "c2", "sales"),
        ACCEPTED(10, "c2", 60),      QUEUED(-5, "c3", "sales"),
    };
    struct analytics_board *b = tell(lines, TL_LEN(lines));
    struct analytics_row r = row(b, "sales", 20);

    TL_UNUSED(state);
    assert_int_equal(r.offered, 0);
    assert_int_equal(r.answered, 1);
    assert_int_equal(r.connected, 2);
    assert_int_equal(r.longest_wait, TL_SEC(25));
    analytics_board_day(b, DAY + TL_HOUR(24));
    r = row(b, "sales", 20);
    assert_int_equal(r.answered, 0);
    assert_int_equal(r.waiting, 1);
    analytics_board_free(b);
}

static void agents_who_sign_out_leave_the_board(void **state)
{
    static const struct line lines[] = {
        AGENT(0, "b", "sales", ANALYTICS_READY),   AGENT(1, "a", "sales", ANALYTICS_BUSY),
        AGENT(2, "b", "sales", ANALYTICS_OFFLINE), AGENT(3, "a", "", ANALYTICS_READY),
        AGENT(1, "a", "sales", ANALYTICS_RINGING), /* late: older than what is known */
    };
    struct analytics_board *b = tell(lines, TL_LEN(lines));
    struct analytics_agent a;

    TL_UNUSED(state);
    assert_true(analytics_board_agent(b, 0, &a));
    assert_string_equal(a.id.s, "a");
    assert_int_equal(a.presence, ANALYTICS_READY);
    assert_int_equal(a.since, DAY + TL_SEC(3));
    assert_false(analytics_board_agent(b, 1, &a));
    analytics_board_free(b);
}

/* Random days: whatever is told, twice or out of order, the books balance. */
static void random_days_balance(void **state)
{
    TL_UNUSED(state);
    srand(11);
    for (int day = 0; day < 50; day++) {
        struct analytics_board *b = NULL;
        struct analytics_row r;

        assert_int_equal(analytics_board_new(&b), 0);
        analytics_board_day(b, DAY);
        for (int i = 0; i < 2000; i++) {
            struct line l = {i,
                             (enum analytics_fact_kind)(rand() % 9),
                             "",
                             "",
                             rand() % 100,
                             (enum analytics_presence)(rand() % 7)};
            char who[8], queue[8];
            struct analytics_fact f;

            snprintf(who, sizeof(who), "w%d", rand() % 40);
            snprintf(queue, sizeof(queue), "q%d", rand() % 3);
            l.who = who, l.queue = queue;
            f = fact_of(&l);
            assert_int_equal(analytics_board_step(b, &f), 0);
            if (rand() % 3 == 0)
                assert_int_equal(analytics_board_step(b, &f), 0); /* told twice */
            analytics_board_tick(b, f.at);
        }
        for (size_t i = 0; analytics_board_queue(b, i, DAY + TL_SEC(2000), &r); i++) {
            assert_true(r.answered + r.abandoned + r.flowed_out <= r.offered);
            assert_true(r.in_time <= r.answered && r.short_abandoned <= r.abandoned);
            assert_true(r.waiting >= 0 && r.connected >= 0 && r.idle <= r.staffed);
            assert_true(r.service_level >= 0 && r.service_level <= 1);
        }
        analytics_board_free(b);
    }
}

static void the_same_story_gives_the_same_board_when_it_is_told_again(void **state)
{
    static const struct line lines[] = {
        QUEUED(0, "c1", "sales"), ACCEPTED(5, "c1", 5),      RELEASED(60, "c1", 55),
        WRAPPED(70, "c1", 10),    QUEUED(80, "c2", "sales"), ABANDONED(95, "c2", 15),
    };
    struct line twice[2 * TL_LEN(lines)];
    struct analytics_board *once = tell(lines, TL_LEN(lines)), *b;
    struct analytics_row r, again;

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(lines); i++)
        twice[2 * i] = twice[2 * i + 1] = lines[i];
    b = tell(twice, TL_LEN(twice));
    r = row(once, "sales", 100);
    again = row(b, "sales", 100);
    assert_memory_equal(&r, &again, sizeof(r));
    analytics_board_free(once);
    analytics_board_free(b);
}

static void a_failed_allocation_changes_nothing(void **state)
{
    struct line queued = QUEUED(0, "c1", "sales"), agent = AGENT(0, "a1", "sales", ANALYTICS_READY);
    struct line *lines[] = {&queued, &agent};

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(lines); i++)
        for (int n = 0; n < 8; n++) {
            struct analytics_fact f = fact_of(lines[i]);
            struct analytics_board *b = NULL;
            struct analytics_row r;
            int err;

            assert_int_equal(analytics_board_new(&b), 0);
            tl_mem_fail_after(n);
            err = analytics_board_step(b, &f);
            tl_mem_fail_after(-1);
            analytics_board_total(b, DAY, &r);
            if (err) {
                assert_int_equal(err, -ENOMEM);
                assert_int_equal(r.waiting + r.offered, 0);
                assert_int_equal(analytics_board_step(b, &f), 0);
            }
            analytics_board_free(b);
        }
}

/* Read again after midnight, the evening counts no more; who was answered in it, was. */
static void who_was_answered_before_midnight_is_not_abandoned_after_it(void **state)
{
    static const struct line lines[] = {
        QUEUED(-3600, "c1", "sales"), ACCEPTED(-3590, "c1", 10),  QUEUED(-3600, "c2", "sales"),
        ACCEPTED(-3590, "c2", 10),    QUEUED(100, "c1", "sales"), ABANDONED(200, "c1", 100),
        RELEASED(100, "c2", 3690),    WRAPPED(160, "c2", 60),
    };
    struct analytics_board *b = tell(lines, TL_LEN(lines));
    struct analytics_row row;

    TL_UNUSED(state);
    assert_true(analytics_board_queue(b, 0, DAY + TL_SEC(4000), &row));
    assert_int_equal(row.offered, 0);
    assert_int_equal(row.answered, 0);
    assert_int_equal(row.abandoned, 0);
    assert_true(row.aht == TL_SEC(3750));
    analytics_board_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_answered_before_midnight_is_not_abandoned_after_it),
        cmocka_unit_test(a_morning_gives_its_numbers),
        cmocka_unit_test(a_contact_put_back_in_line_was_offered_once_and_keeps_its_time),
        cmocka_unit_test(an_agent_who_is_lost_does_not_make_the_contact_unanswered),
        cmocka_unit_test(another_queue_is_another_offer),
        cmocka_unit_test(yesterday_does_not_count_but_who_waits_still_waits),
        cmocka_unit_test(agents_who_sign_out_leave_the_board),
        cmocka_unit_test(random_days_balance),
        cmocka_unit_test(the_same_story_gives_the_same_board_when_it_is_told_again),
        cmocka_unit_test(a_failed_allocation_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
