/* What the four believe about the same contacts, and how it is mended; which thread is whose. */
#include "core/reconcile.h"
#include "core/threads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>
#include <tl_buf.h>

#define NOW TL_SEC(1000)
#define OLD TL_SEC(900)

static char found[400];

static void note(void *arg, const struct reconcile_repair *r)
{
    size_t n = strlen(found);

    TL_UNUSED(arg);
    (void)snprintf(found + n, sizeof found - n, "%s%s:%s", n ? " " : "", r->contact.s,
                   r->fact.repair ? r->fact.repair
                   : r->tell      ? "told"
                                  : "owes");
    for (unsigned i = 0; r->fact.kind == FACT_MENDED && i < WORK_COUNT; i++) {
        if (r->fact.work & (1u << i)) {
            n = strlen(found);
            (void)snprintf(found + n, sizeof found - n, "+%s", contact_work_name(1u << i));
        }
    }
}

static const char *compare(struct reconcile_views v)
{
    found[0] = '\0';
    v.asked_at = NOW;
    v.acd_known = v.media_known = true;
    reconcile_compare(&v, note, NULL);
    return found;
}

#define OURS(id_, phase_, ...)                                                                     \
    {                                                                                              \
        .id = {id_}, .agent = {"a1"}, .version = 1, .phase = (phase_), .since = OLD, ##__VA_ARGS__ \
    }
#define ACD(id_, state_)                                                                 \
    {                                                                                    \
        .contact = {id_}, .agent = {"a1"}, .offer = {"o"}, .state = state_, .since = OLD \
    }
#define MEDIA(id_, agent_)                    \
    {                                         \
        .contact = {id_}, .agent = { agent_ } \
    }
#define SAY(ours, acd, media)                                \
    compare((struct reconcile_views){.ours = (ours),         \
                                     .n_ours = TL_LEN(ours), \
                                     .acd = (acd),           \
                                     .n_acd = TL_LEN(acd),   \
                                     .media = (media),       \
                                     .n_media = TL_LEN(media)})

static void a_new_reign_tells_everybody(void **state)
{
    struct reconcile_ours ours[] = {OURS("c3", PHASE_WAITING), OURS("c1", PHASE_CONNECTED)};
    struct reconcile_seen acd[] = {ACD("c1", "connected"), ACD("c3", "waiting")};
    struct reconcile_views v = {.ours = ours, .n_ours = 2, .acd = acd, .n_acd = 2};

    TL_UNUSED(state);
    assert_string_equal(compare(v), "");
    ours[0].since = NOW; /* also what happened just now */
    v.recovery = true;
    assert_string_equal(compare(v), "c1:told c3:told");
}

static void all_agree(void **state)
{
    struct reconcile_ours ours[] = {OURS("c3", PHASE_WAITING),
                                    OURS("c1", PHASE_CONNECTED, .audio = true),
                                    OURS("c2", PHASE_RINGING), OURS("c4", PHASE_WRAP_UP)};
    struct reconcile_seen acd[] = {ACD("c4", "wrapping"), ACD("c1", "connected"),
                                   ACD("c3", "waiting"), ACD("c2", "offered")};
    struct reconcile_seen media[] = {MEDIA("c1", "a1")};

    TL_UNUSED(state);
    assert_string_equal(SAY(ours, acd, media), "");
}

static void the_acd_knows_better(void **state)
{
    struct reconcile_ours ours[] = {OURS("c1", PHASE_WAITING), OURS("c2", PHASE_RINGING),
                                    OURS("c3", PHASE_RINGING), OURS("c4", PHASE_WAITING),
                                    OURS("c5", PHASE_WRAP_UP), OURS("c6", PHASE_WRAP_UP)};
    struct reconcile_seen acd[] = {ACD("c1", "offered"), ACD("c2", "waiting"),
                                   ACD("c3", "connected"), ACD("c5", "connected")};
    struct reconcile_seen media[1] = {MEDIA("c9", "")};

    TL_UNUSED(state);
    assert_string_equal(SAY(ours, acd, media),
                        "c1:offer_missed c2:ring_over c3:accept_missed c4:lost_by_acd+enqueue "
                        "c5:release_missed+release c6:wrap_up_over c9:stray_in_media+hang_up");
}

static void another_agent_talks(void **state)
{
    struct reconcile_ours ours[] = {OURS("c1", PHASE_CONNECTED)};
    struct reconcile_seen acd[] = {ACD("c1", "connected")}, media[1] = {MEDIA("c1", "a2")};

    TL_UNUSED(state);
    ours[0].agent = (struct tl_id){"a0"};
    assert_string_equal(SAY(ours, acd, media), "c1:accept_missed");
}

static void what_is_over_for_us_is_over(void **state)
{
    struct reconcile_ours ours[] = {OURS("c0", PHASE_WAITING)};
    struct reconcile_seen acd[] = {ACD("c0", "waiting"), ACD("x1", "waiting"),
                                   ACD("x2", "connected"), ACD("x3", "wrapping")};
    struct reconcile_seen media[] = {MEDIA("c0", "")};

    TL_UNUSED(state);
    assert_string_equal(SAY(ours, acd, media),
                        "x1:stray_in_acd+dequeue x2:stray_in_acd+dequeue x3:stray_in_acd+finish");
}

static void media_forgot(void **state)
{
    struct reconcile_ours ours[] = {
        OURS("c1", PHASE_CONNECTED, .audio = true), OURS("c2", PHASE_WAITING, .audio = true),
        OURS("c3", PHASE_HELD, .audio = true),
        OURS("c4", PHASE_CONNECTED, .audio = true, .owed = WORK_CONNECT)};
    struct reconcile_seen acd[] = {ACD("c1", "connected"), ACD("c2", "waiting"),
                                   ACD("c3", "connected"), ACD("c4", "connected")};
    struct reconcile_seen media[] = {MEDIA("c3", "a2")};

    TL_UNUSED(state);
    assert_string_equal(SAY(ours, acd, media),
                        "c1:lost_by_media+prepare+connect c2:lost_by_media+prepare "
                        "c3:lost_by_media+connect c4:owes");
}

static void news_under_way_are_no_difference(void **state)
{
    struct reconcile_ours ours[] = {OURS("c1", PHASE_RINGING), OURS("c2", PHASE_WAITING)};
    struct reconcile_seen acd[] = {ACD("c1", "waiting"), ACD("c2", "connected"),
                                   ACD("x1", "waiting")};
    struct reconcile_views v = {.ours = ours, .n_ours = 2, .acd = acd, .n_acd = 3};

    TL_UNUSED(state);
    ours[0].since = NOW - TL_SEC(1);
    acd[1].since = acd[2].since = NOW - TL_SEC(1);
    assert_string_equal(compare(v), "");
}

static void who_did_not_answer_is_not_compared(void **state)
{
    struct reconcile_ours ours[] = {OURS("c1", PHASE_RINGING, .owed = WORK_PREPARE)};
    struct reconcile_views v = {.ours = ours, .n_ours = 1, .asked_at = NOW};

    TL_UNUSED(state);
    found[0] = '\0';
    reconcile_compare(&v, note, NULL);
    assert_string_equal(found, "c1:owes");
}

/* ---- an ACD that has lost everything ---- */

static void places_in_line_are_given_back_oldest_first(void **state)
{
    struct reconcile_ours ours[] = {OURS("c1", PHASE_WAITING, .enqueued_at = TL_SEC(30)),
                                    OURS("c2", PHASE_RINGING, .enqueued_at = TL_SEC(20)),
                                    OURS("c4", PHASE_WAITING, .enqueued_at = TL_SEC(25)),
                                    OURS("c3", PHASE_WAITING, .enqueued_at = TL_SEC(25))};
    struct reconcile_seen acd[1] = {ACD("x1", "waiting")};
    struct reconcile_views v = {.ours = ours, .n_ours = 4, .acd = acd, .n_acd = 1};

    TL_UNUSED(state);
    assert_string_equal(compare(v),
                        "c2:lost_by_acd+enqueue c3:lost_by_acd+enqueue c4:lost_by_acd+enqueue "
                        "c1:lost_by_acd+enqueue x1:stray_in_acd+dequeue");
}

/** All who waited before the 950th second are back? */
static bool gathered(struct reconcile_ours *ours, size_t n, struct reconcile_seen *acd,
                     size_t n_acd)
{
    struct reconcile_views v = {.ours = ours,
                                .n_ours = n,
                                .acd = acd,
                                .n_acd = n_acd,
                                .acd_known = true,
                                .gathering = TL_SEC(950),
                                .asked_at = NOW};

    reconcile_compare(&v, note, NULL);
    return v.gathered;
}

static void who_is_awaited(void **state)
{
    struct reconcile_ours waits[] = {OURS("c1", PHASE_WAITING, .enqueued_at = TL_SEC(900))};
    struct reconcile_ours others[] = {
        OURS("c1", PHASE_REQUESTED), OURS("c2", PHASE_CONNECTED), OURS("c3", PHASE_WRAP_UP),
        OURS("c4", PHASE_WAITING, .enqueued_at = TL_SEC(950)), /* later */
        OURS("c5", PHASE_ROUTED, .owed = WORK_ENQUEUE | WORK_PREPARE)};
    struct reconcile_seen back[] = {ACD("c1", "waiting")};
    struct reconcile_views silent = {
        .ours = others, .n_ours = 1, .gathering = TL_SEC(950), .gathered = true};
    struct reconcile_views content = {.ours = others, .n_ours = 1, .acd_known = true};

    TL_UNUSED(state);
    assert_true(gathered(others, TL_LEN(others), NULL, 0));
    assert_false(gathered(waits, 1, NULL, 0));
    assert_true(gathered(waits, 1, back, 1));
    waits[0].phase = PHASE_ROUTED; /* not repaired, but paid every second */
    waits[0].owed = WORK_ENQUEUE;
    assert_false(gathered(waits, 1, NULL, 0));
    waits[0].phase = PHASE_RINGING;
    waits[0].since = NOW; /* too young to be repaired, but awaited */
    assert_false(gathered(waits, 1, NULL, 0));
    reconcile_compare(&silent, note, NULL);
    assert_false(silent.gathered);
    reconcile_compare(&content, note, NULL);
    assert_false(content.gathered);
}

/* ---- sessions --------------------------------------------------------------------------- */

#define HERS(id_, session_, phase_, ...)                                                   \
    {                                                                                      \
        .id = {id_}, .session = {session_}, .version = 1, .phase = (phase_), .since = OLD, \
        .requested_at = OLD, ##__VA_ARGS__                                                 \
    }

static struct reconcile_missed kept[2][8];
static size_t n_kept;

/** One round after the other; unknown NULL: the gateways did not answer. */
static const char *ask(struct reconcile_ours *ours, size_t n, const char *unknown)
{
    static int turn;
    struct tl_id ids[4] = {0};
    struct reconcile_views v = {.ours = ours,
                                .n_ours = n,
                                .unknown = ids,
                                .sessions_known = unknown != NULL,
                                .before = kept[turn],
                                .n_before = n_kept,
                                .missed = kept[!turn],
                                .asked_at = NOW};

    for (const char *s = unknown; s && *s; s += strcspn(s, " "), s += strspn(s, " "))
        (void)tl_str_put(ids[v.n_unknown++].s, TL_ID_MAX + 1,
                         (struct tl_str){.s = s, .n = strcspn(s, " ")});
    found[0] = '\0';
    reconcile_compare(&v, note, NULL);
    if (v.sessions_known) {
        turn = !turn;
        n_kept = v.n_missed;
    }
    return found;
}

static void a_session_that_nobody_knows_is_lost_in_the_third_round(void **state)
{
    struct reconcile_ours ours[] = {HERS("c3", "s2", PHASE_HELD), HERS("c1", "s1", PHASE_WAITING),
                                    HERS("c2", "s2", PHASE_RINGING),
                                    HERS("c4", "s3", PHASE_CONNECTED)};

    TL_UNUSED(state);
    n_kept = 0;
    assert_string_equal(ask(ours, 4, "s2 s1"), "");
    assert_string_equal(ask(ours, 4, "s1 s2"), "");
    assert_string_equal(ask(ours, 4, "s2"), "c2:session_unknown c3:session_unknown");
    assert_string_equal(ask(ours, 4, "s2"), "c2:session_unknown c3:session_unknown");
    assert_string_equal(ask(ours, 4, "s1"), ""); /* s1 was known in between: from the beginning */
    assert_string_equal(ask(ours, 4, "s1"), "");
    assert_string_equal(ask(ours, 4, "s1"), "c1:session_unknown");
}

/** What was missed is found again, whatever the order of the places in line. */
static void sessions_are_counted_in_any_order(void **state)
{
    struct reconcile_ours ours[] = {HERS("c1", "s1", PHASE_WAITING, .enqueued_at = TL_SEC(30)),
                                    HERS("c2", "s1", PHASE_WAITING, .enqueued_at = TL_SEC(20)),
                                    HERS("c3", "s1", PHASE_WAITING, .enqueued_at = TL_SEC(10))};

    TL_UNUSED(state);
    n_kept = 0;
    assert_string_equal(ask(ours, 3, "s1"), "");
    assert_string_equal(ask(ours, 3, "s1"), "");
    assert_string_equal(ask(ours, 3, "s1"),
                        "c3:session_unknown c2:session_unknown c1:session_unknown");
}

static void no_answer_of_the_gateways_changes_nothing(void **state)
{
    struct reconcile_ours ours[] = {HERS("c1", "s1", PHASE_WAITING)};

    TL_UNUSED(state);
    n_kept = 0;
    assert_string_equal(ask(ours, 1, "s1"), "");
    assert_string_equal(ask(ours, 1, NULL), "");
    assert_string_equal(ask(ours, 1, "s1"), "");
    for (int i = 0; i < 5; i++)
        assert_string_equal(ask(ours, 1, NULL), ""); /* and mends nothing */
    assert_string_equal(ask(ours, 1, "s1"), "c1:session_unknown");
}

static void whose_session_is_asked_for(void **state)
{
    struct reconcile_ours ours[] = {
        HERS("c1", "s", PHASE_REQUESTED), HERS("c2", "s", PHASE_ROUTED),
        HERS("c3", "s", PHASE_WAITING),   HERS("c4", "s", PHASE_RINGING),
        HERS("c5", "s", PHASE_CONNECTED), HERS("c6", "s", PHASE_HELD),
        HERS("c7", "s", PHASE_WRAP_UP),   HERS("c8", "s", PHASE_ENDED),
        HERS("c9", "", PHASE_CONNECTED)};
    struct tl_buf asked = TL_BUF(100);

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(ours); i++)
        if (reconcile_asks_session(&ours[i], NOW))
            tl_buf_puts(&asked, ours[i].id.s);
    assert_string_equal(asked.p, "c3c4c5c6");
    tl_buf_done(&asked);
    ours[2].requested_at = NOW - RECONCILE_SESSION_SETTLED;
    assert_false(reconcile_asks_session(&ours[2], NOW)); /* too young */
    n_kept = 0;
    for (int i = 0; i < RECONCILE_SESSION_MISSED; i++)
        assert_string_equal(ask(&ours[2], 1, "s"), "");
    ours[2].requested_at--;
    assert_true(reconcile_asks_session(&ours[2], NOW));
}

/* ---- threads ---------------------------------------------------------------------------- */

static const char *choose(const struct thread *threads, int n, const char *visitor,
                          const char *customer)
{
    static char out[100];
    struct tl_id v = {0}, c = {0};
    struct rules rules;
    struct thread_choice choice;
    size_t at;

    rules_default(&rules);
    (void)tl_str_put(v.s, sizeof v.s, tl_str(visitor));
    (void)tl_str_put(c.s, sizeof c.s, tl_str(customer));
    threads_choose(threads, n, &v, &c, &rules, TL_HOUR(100), &choice);
    at = (size_t)snprintf(out, sizeof out, "%s",
                          choice.join < 0 ? "new" : threads[choice.join].id.s);
    for (int i = 0; i < choice.n_link; i++)
        at += (size_t)snprintf(out + at, sizeof out - at, " +%s", threads[choice.link[i]].id.s);
    return out;
}

static void which_thread(void **state)
{
    const struct thread threads[] = {
        {.id = {"anon"}, .visitor = {"v1"}, .last_at = TL_HOUR(99)},
        {.id = {"older"}, .visitor = {"v1"}, .last_at = TL_HOUR(80)},
        {.id = {"ancient"}, .visitor = {"v1"}, .last_at = TL_HOUR(10)},
        {.id = {"ada"}, .visitor = {"v2"}, .customer = {"ada"}, .last_at = TL_HOUR(90)},
        {.id = {"bob"}, .visitor = {"v1"}, .customer = {"bob"}, .last_at = TL_HOUR(99) + 1},
    };

    TL_UNUSED(state);
    assert_string_equal(choose(threads, 0, "v1", ""), "new");
    assert_string_equal(choose(threads, 5, "v1", ""), "anon");
    assert_string_equal(choose(threads + 1, 2, "v1", ""), "older");
    assert_string_equal(choose(threads + 2, 1, "v1", ""), "new"); /* quiet for too long */
    /* the visitor turns out to be ada: her thread goes on, and the anonymous ones become hers */
    assert_string_equal(choose(threads, 5, "v1", "ada"), "ada +anon +older +ancient");
    assert_string_equal(choose(threads, 1, "v1", "ada"), "anon +anon");
    /* bob's thread is never ada's, though both used the browser */
    assert_string_equal(choose(threads + 4, 1, "v1", "ada"), "new");
    assert_string_equal(choose(threads + 4, 1, "v1", ""), "new");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_reign_tells_everybody),
        cmocka_unit_test(all_agree),
        cmocka_unit_test(the_acd_knows_better),
        cmocka_unit_test(another_agent_talks),
        cmocka_unit_test(what_is_over_for_us_is_over),
        cmocka_unit_test(media_forgot),
        cmocka_unit_test(news_under_way_are_no_difference),
        cmocka_unit_test(who_did_not_answer_is_not_compared),
        cmocka_unit_test(places_in_line_are_given_back_oldest_first),
        cmocka_unit_test(who_is_awaited),
        cmocka_unit_test(a_session_that_nobody_knows_is_lost_in_the_third_round),
        cmocka_unit_test(sessions_are_counted_in_any_order),
        cmocka_unit_test(no_answer_of_the_gateways_changes_nothing),
        cmocka_unit_test(whose_session_is_asked_for),
        cmocka_unit_test(which_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
