/*
 * Stories of people who come, go and come back.  A step is (second, what happened, what is
 * decided). Each story is also told with every allocation failing in turn, and random ones keep the
 * invariants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <tl_buf.h>
#include <tl_mem.h>

#include <cmocka.h>

#include "core/sessions.h"

#define GRACE TL_SEC(15)
#define IDLE  TL_SEC(1800)

/* Sockets are numbers. */
#define SOCKET(n) ((void *)(uintptr_t)(n))

struct step {
    int at_s;
    enum sessions_fact_kind kind;
    const char *session;
    const char *person; /* "ann": a customer; "@bob": an agent; "#eve": a supervisor */
    int socket;
    bool flag; /* OPENED: known; CLOSED: bye */
    const char *expected;
};

#define OPEN(s, who, n)       SESSION_OPENED, s, who, n, false
#define COMES_BACK(s, who, n) SESSION_OPENED, s, who, n, true
#define DROPS(s, n)           SESSION_CLOSED, s, "", n, false
#define SAYS_BYE(s, n)        SESSION_CLOSED, s, "", n, true
#define ADOPT(s, who, away_s) SESSION_ADOPTED, s, who, away_s, false
#define TAKEN(s)              SESSION_TAKEN, s, "", 0, false
#define TICK                  SESSION_TICK, "", "", 0, false
#define SAYS(s)               SESSION_TICK, s, "says", 0, false
#define IDLE_OUT(s, n)        SESSION_CLOSED, s, "idle", n, true
#define END            \
    {                  \
        -1, TICK, NULL \
    }

static const struct step a_reload_is_not_a_loss[] = {
    {0, OPEN("s1", "ann", 1), "greet s1 on 1"},
    {10, DROPS("s1", 1), "wait s1"},
    {12, OPEN("s1", "ann", 2), "greet s1 on 2 again after 2 s"},
    {40, TICK, ""},
    END};

static const struct step grace_ends[] = {{0, OPEN("s1", "ann", 1), "greet s1 on 1"},
                                         {10, DROPS("s1", 1), "wait s1"},
                                         {24, TICK, ""},
                                         {25, TICK, "end s1 lost"},
                                         {26, TICK, ""},
                                         END};

static const struct step leaving_for_good_needs_no_grace[] = {
    {0, OPEN("s1", "ann", 1), "greet s1 on 1"},
    {3, SAYS_BYE("s1", 1), "end s1 closed"},
    {4, DROPS("s1", 1), ""},
    END};

static const struct step newest_socket_counts[] = {
    {0, OPEN("s1", "ann", 1), "greet s1 on 1"},
    {1, OPEN("s1", "ann", 2), "drop 1, greet s1 on 2 again after 0 s"},
    {2, DROPS("s1", 1), ""},
    {2, SAYS_BYE("s1", 1), ""},
    {3, DROPS("s1", 2), "wait s1"},
    END};

static const struct step repeated_facts_are_harmless[] = {
    {0, OPEN("s1", "ann", 1), "greet s1 on 1"},
    {0, OPEN("s1", "ann", 1), ""},
    {1, DROPS("s1", 1), "wait s1"},
    {2, DROPS("s1", 1), ""},
    {16, TICK, "end s1 lost"},
    {17, DROPS("s1", 1), ""},
    {18, TAKEN("s1"), ""},
    END};

static const struct step an_agent_signs_in_and_out_once[] = {
    {0, OPEN("d1", "@bob", 1), "in bob, greet d1 on 1"},
    {1, OPEN("d2", "@bob", 2), "greet d2 on 2"},
    {2, SAYS_BYE("d1", 1), "end d1 closed"},
    {3, DROPS("d2", 2), "wait d2"},
    {18, TICK, "out bob lost, end d2 lost"},
    {19, OPEN("d3", "@bob", 3), "in bob, greet d3 on 3"},
    END};

static const struct step a_sixth_desk_ends_the_first[] = {
    {0, OPEN("d1", "@bob", 1), "in bob, greet d1 on 1"},
    {0, OPEN("d2", "@bob", 2), "greet d2 on 2"},
    {0, OPEN("d3", "@bob", 3), "greet d3 on 3"},
    {0, OPEN("d4", "@bob", 4), "greet d4 on 4"},
    {0, OPEN("d5", "@bob", 5), "greet d5 on 5"},
    {0, OPEN("d6", "@bob", 6), "drop 1, end d1 superseded, greet d6 on 6"},
    END};

static const struct step supervisors_only_watch[] = {{0, OPEN("v1", "#eve", 1), "greet v1 on 1"},
                                                     {1, DROPS("v1", 1), "wait v1"},
                                                     {16, TICK, "end v1 lost"},
                                                     END};

static const struct step a_gateway_died[] = {
    {100, ADOPT("s1", "ann", 5), "wait s1"},
    {100, ADOPT("d1", "@bob", 5), "in bob, wait d1"},
    {101, ADOPT("s2", "cas", 99), "wait s2"},
    {101, TICK, "end s2 lost"},
    {104, COMES_BACK("d1", "@bob", 1), "greet d1 on 1 again after 9 s"},
    {110, TICK, "end s1 lost"},
    {111, ADOPT("d1", "@bob", 5), ""},
    END};

static const struct step after_a_restart_they_resume[] = {
    {0, COMES_BACK("s1", "ann", 1), "greet s1 on 1 again after 0 s"},
    {0, COMES_BACK("d1", "@bob", 2), "in bob, greet d1 on 2 again after 0 s"},
    END};

static const struct step it_lives_on_elsewhere[] = {
    {0, OPEN("s1", "ann", 1), "greet s1 on 1"},
    {5, TAKEN("s1"), "drop 1, forget s1"},
    {6, DROPS("s1", 1), ""},
    {7, OPEN("d1", "@bob", 2), "in bob, greet d1 on 2"},
    {8, TAKEN("d1"), "drop 2, forget d1"},
    {30, TICK, ""},
    END};

static const struct step the_longest_away_ends_first[] = {
    {0, OPEN("s1", "ann", 1), "greet s1 on 1"},
    {0, OPEN("s2", "cas", 2), "greet s2 on 2"},
    {0, OPEN("s3", "dee", 3), "greet s3 on 3"},
    {5, DROPS("s2", 2), "wait s2"},
    {6, DROPS("s1", 1), "wait s1"},
    {7, ADOPT("s4", "fay", 14), "wait s4"},
    {8, TICK, "end s4 lost"},
    {20, TICK, "end s2 lost"},
    {21, TICK, "end s1 lost"},
    END};

/* Looked at every 300 s. */
static const struct step who_says_nothing_is_asked_about[] = {
    {0, OPEN("s1", "ann", 1), "greet s1 on 1"},
    {300, TICK, ""},
    {1799, TICK, ""},
    {2099, TICK, "quiet s1 on 1"},
    {2100, TICK, ""},
    {2399, TICK, "quiet s1 on 1"},
    {2400, IDLE_OUT("s1", 1), "end s1 idle"},
    {9000, TICK, ""},
    END};

static const struct step a_word_is_enough[] = {{0, OPEN("s1", "ann", 1), "greet s1 on 1"},
                                               {1000, SAYS("s1"), ""},
                                               {2500, TICK, ""},
                                               {2800, TICK, "quiet s1 on 1"},
                                               {2801, SAYS("s1"), ""},
                                               {4600, TICK, ""},
                                               {4901, TICK, "quiet s1 on 1"},
                                               END};

static const struct step a_new_socket_is_a_word[] = {
    {0, OPEN("s1", "ann", 1), "greet s1 on 1"},
    {1790, OPEN("s1", "ann", 2), "drop 1, greet s1 on 2 again after 0 s"},
    {2090, TICK, ""},
    {3589, TICK, ""},
    {3889, TICK, "quiet s1 on 2"},
    {3890, DROPS("s1", 2), "wait s1"},
    {3891, SAYS("s1"), ""},
    {3905, TICK, "end s1 lost"},
    END};

static const struct step who_works_here_may_be_silent[] = {
    {0, OPEN("d1", "@bob", 1), "in bob, greet d1 on 1"},
    {0, OPEN("v1", "#eve", 2), "greet v1 on 2"},
    {9000, TICK, ""},
    END};

static const struct step *const stories[] = {
    a_reload_is_not_a_loss,
    grace_ends,
    leaving_for_good_needs_no_grace,
    newest_socket_counts,
    repeated_facts_are_harmless,
    an_agent_signs_in_and_out_once,
    a_sixth_desk_ends_the_first,
    supervisors_only_watch,
    a_gateway_died,
    after_a_restart_they_resume,
    it_lives_on_elsewhere,
    the_longest_away_ends_first,
    who_says_nothing_is_asked_about,
    a_word_is_enough,
    a_new_socket_is_a_word,
    who_works_here_may_be_silent,
};

static struct who who_is(const char *session, const char *person)
{
    struct who w = {.role = person[0] == '@'   ? ROLE_AGENT
                            : person[0] == '#' ? ROLE_SUPERVISOR
                                               : ROLE_CUSTOMER};

    tl_str_put(w.session.s, sizeof(w.session.s), tl_str(session));
    tl_str_put(w.subject.s, sizeof(w.subject.s), tl_str(person + (w.role != ROLE_CUSTOMER)));
    tl_str_put(w.name, sizeof(w.name), tl_str("Somebody"));
    tl_str_put(w.tier, sizeof(w.tier), tl_str("gold"));
    return w;
}

static void tell(struct tl_buf *out, const struct sessions_decision *d)
{
    if (out->n)
        tl_buf_puts(out, ", ");
    switch (d->kind) {
    case SESSION_GREET:
        tl_buf_printf(out, "greet %s on %d", d->who.session.s, (int)(uintptr_t)d->socket);
        if (d->resumed)
            tl_buf_printf(out, " again after %d s", (int)(d->away / TL_SEC(1)));
        break;
    case SESSION_DROP_SOCKET: tl_buf_printf(out, "drop %d", (int)(uintptr_t)d->socket); break;
    case SESSION_QUIET:
        tl_buf_printf(out, "quiet %s on %d", d->who.session.s, (int)(uintptr_t)d->socket);
        break;
    case SESSION_WAIT: tl_buf_printf(out, "wait %s", d->who.session.s); break;
    case SESSION_END: tl_buf_printf(out, "end %s %s", d->who.session.s, d->cause); break;
    case SESSION_FORGET: tl_buf_printf(out, "forget %s", d->who.session.s); break;
    case AGENT_SIGN_IN: tl_buf_printf(out, "in %s", d->who.subject.s); break;
    case AGENT_SIGN_OUT: tl_buf_printf(out, "out %s %s", d->who.subject.s, d->cause); break;
    }
}

static int step(struct sessions *s, const struct step *t, struct sessions_decisions *ret)
{
    struct who w = who_is(t->session, t->person);
    struct sessions_fact f = {.kind = t->kind,
                              .who = &w,
                              .session = tl_str(t->session),
                              .socket = SOCKET(t->socket),
                              .known = t->kind == SESSION_OPENED && t->flag,
                              .bye = t->flag,
                              .idle = strcmp(t->person, "idle") == 0,
                              .away = TL_SEC(t->socket)};

    if (strcmp(t->person, "says") == 0 && sessions_find(s, f.session))
        session_said(sessions_find(s, f.session), TL_SEC(t->at_s));
    return sessions_step(s, &f, TL_SEC(t->at_s), ret);
}

static void replay(const struct step *story)
{
    struct sessions *s = NULL;
    struct sessions_decisions ds;

    assert_int_equal(sessions_new(&s, GRACE, IDLE, 7, NULL), 0);
    for (const struct step *t = story; t->at_s >= 0; t++) {
        struct tl_buf out = TL_BUF(1000);

        assert_int_equal(step(s, t, &ds), 0);
        for (size_t i = 0; i < ds.n; i++)
            tell(&out, &ds.d[i]);
        assert_string_equal(out.p ? out.p : "", t->expected);
        tl_buf_done(&out);
    }
    sessions_free(s);
}

static void people_come_and_go(void **state)
{
    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(stories); i++)
        replay(stories[i]);
}

/* A step that had no memory is told again and must then decide the same. */
static void memory_runs_out(void **state)
{
    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(stories); i++) {
        for (int fail = 0; fail < 12; fail++) {
            struct sessions *s = NULL;
            struct sessions_decisions ds;
            int err;

            assert_int_equal(sessions_new(&s, GRACE, IDLE, 7, NULL), 0);
            tl_mem_fail_after(fail);
            for (const struct step *t = stories[i]; t->at_s >= 0; t++) {
                struct tl_buf out = TL_BUF(1000);

                err = step(s, t, &ds);
                if (err) {
                    assert_int_equal(err, -ENOMEM);
                    tl_mem_fail_after(-1);
                    assert_int_equal(step(s, t, &ds), 0);
                }
                for (size_t k = 0; k < ds.n; k++)
                    tell(&out, &ds.d[k]);
                if (!out.err)
                    assert_string_equal(out.p ? out.p : "", t->expected);
                tl_buf_done(&out);
            }
            tl_mem_fail_after(-1);
            sessions_free(s);
        }
    }
}

/* ---- random ---- */

enum { SESSIONS = 12, AGENTS = 3 };

struct model {
    int socket[SESSIONS]; /* 0: none */
    bool lives[SESSIONS];
    tl_time since[SESSIONS]; /* away, or here and silent */
    tl_dur idle;
    bool in[AGENTS];
};

static int index_of(const char *id)
{
    return atoi(id + 1);
}

static void follow(struct model *m, const struct sessions_decision *d, tl_time now)
{
    int i = index_of(d->who.session.s);

    switch (d->kind) {
    case SESSION_GREET:
        assert_int_equal(d->resumed, m->lives[i]);
        m->lives[i] = true;
        m->socket[i] = (int)(uintptr_t)d->socket;
        m->since[i] = now;
        break;
    case SESSION_QUIET:
        assert_int_equal(d->who.role, ROLE_CUSTOMER);
        assert_int_equal(m->socket[i], (int)(uintptr_t)d->socket);
        assert_true(m->socket[i] && m->idle && now - m->since[i] >= m->idle);
        break;
    case SESSION_DROP_SOCKET:
        assert_int_equal(m->socket[i], (int)(uintptr_t)d->socket);
        m->socket[i] = 0;
        break;
    case SESSION_WAIT:
        m->socket[i] = 0;
        m->since[i] = now;
        m->lives[i] = true;
        break;
    case SESSION_END:
        assert_true(m->lives[i]);
        assert_null(d->session);
        if (strcmp(d->cause, "lost") == 0)
            assert_true(now - m->since[i] >= GRACE);
        m->lives[i] = false;
        m->socket[i] = 0;
        break;
    case SESSION_FORGET:
        m->lives[i] = false;
        m->socket[i] = 0;
        break;
    case AGENT_SIGN_IN: m->in[index_of(d->who.subject.s)] = true; break;
    case AGENT_SIGN_OUT:
        assert_true(m->in[index_of(d->who.subject.s)]);
        m->in[index_of(d->who.subject.s)] = false;
        break;
    }
}

static void check(const struct sessions *s, const struct model *m, tl_time now)
{
    size_t lives = 0, away = 0, looked_at = 0;

    for (int i = 0; i < SESSIONS; i++) {
        char id[16];
        struct session *x;

        snprintf(id, sizeof(id), "s%d", i);
        x = sessions_find(s, tl_str(id));
        assert_int_equal(x != NULL, m->lives[i]);
        if (!x)
            continue;
        lives++;
        away += m->socket[i] == 0;
        looked_at += m->socket[i] && m->idle && session_role(x) == ROLE_CUSTOMER;
        if (m->socket[i] && m->idle)
            assert_int_equal(session_quiet(x, now), now - m->since[i]);
        assert_ptr_equal(session_socket(x), SOCKET(m->socket[i]));
    }
    assert_int_equal(sessions_count(s), lives);
    assert_int_equal(sessions_away(s), away);
    assert_int_equal(sessions_next_wake(s) == TL_NEVER, away + looked_at == 0);
    assert_true(sessions_next_wake(s) > now - GRACE);
    for (const struct agent *a = sessions_next_agent(s, NULL); a; a = sessions_next_agent(s, a))
        assert_non_null(agent_next_session(a, NULL));
}

static void any_order_keeps_the_invariants(void **state)
{
    uint32_t seed = 20261122;

    TL_UNUSED(state);
#define DICE(n) ((int)((seed = seed * 1664525u + 1013904223u) >> 8) % (n))
    for (int run = 0; run < 300; run++) {
        struct sessions *s = NULL;
        tl_dur idle = run % 2 ? TL_SEC(60) : 0;
        struct model m = {.idle = idle};
        tl_time now = TL_SEC(1000);
        int sockets = 0;

        assert_int_equal(sessions_new(&s, GRACE, idle, (uint64_t)run, NULL), 0);
        for (int i = 0; i < 400; i++) {
            struct sessions_decisions ds;
            char session[16], person[16];
            int n = DICE(SESSIONS);
            struct step t = {.session = session, .person = person};

            now += TL_MSEC(DICE(3000));
            snprintf(session, sizeof(session), "s%d", n);
            snprintf(person, sizeof(person), n % 2 ? "@a%d" : "v%d", n % 2 ? n % AGENTS : n);
            t.kind = (enum sessions_fact_kind)DICE(5);
            t.socket = t.kind == SESSION_OPENED    ? ++sockets
                       : t.kind == SESSION_ADOPTED ? 0
                       : DICE(4)                   ? m.socket[n]
                                                   : DICE(sockets + 1);
            t.flag = t.kind == SESSION_CLOSED && DICE(3) == 0;
            t.at_s = (int)(now / TL_SEC(1));
            now = TL_SEC(t.at_s);
            if (DICE(8) == 0 && m.lives[n] && m.socket[n]) {
                session_said(sessions_find(s, tl_str(session)), now);
                m.since[n] = now;
            }
            assert_int_equal(step(s, &t, &ds), 0);
            for (size_t k = 0; k < ds.n; k++)
                follow(&m, &ds.d[k], now);
            if (t.kind != SESSION_TICK)
                while (sessions_next_wake(s) <= now) {
                    t = (struct step){(int)(now / TL_SEC(1)), TICK, ""};
                    assert_int_equal(step(s, &t, &ds), 0);
                    assert_true(idle || ds.n > 0);
                    for (size_t k = 0; k < ds.n; k++)
                        follow(&m, &ds.d[k], now);
                }
            check(s, &m, now);
        }
        sessions_free(s);
    }
}

static void a_session_keeps_its_owner(void **state)
{
    struct sessions *s = NULL;
    struct sessions_decisions ds;
    struct who w = who_is("01M80E0JTTC04WTW78PCXF9GYJ", "01M80E0JTRNK8NP4EA00AW3ET4"), got;
    struct session *x;
    int mine;

    TL_UNUSED(state);
    memset(w.name, 'n', sizeof(w.name) - 1);
    memset(w.customer.s, 'c', TL_ID_MAX);
    memset(w.subject.s, 's', TL_ID_MAX);
    assert_int_equal(sessions_new(&s, GRACE, IDLE, 7, &mine), 0);
    assert_int_equal(
        sessions_step(
            s, &(struct sessions_fact){.kind = SESSION_OPENED, .who = &w, .socket = &mine}, 0, &ds),
        0);
    x = sessions_find(s, tl_id_str(&w.session));
    session_who(x, &got);
    assert_memory_equal(&got, &w, sizeof(w));
    assert_ptr_equal(sessions_owner(session_home(x)), &mine);
    session_watch(x, true);
    session_watch(x, true);
    assert_ptr_equal(sessions_next_watcher(s, NULL), x);
    assert_null(sessions_next_watcher(s, x));
    assert_int_equal(sessions_step(s,
                                   &(struct sessions_fact){.kind = SESSION_CLOSED,
                                                           .session = tl_id_str(&w.session),
                                                           .socket = &mine},
                                   0, &ds),
                     0);
    assert_null(sessions_next_watcher(s, NULL));
    sessions_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_come_and_go),
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(any_order_keeps_the_invariants),
        cmocka_unit_test(a_session_keeps_its_owner),
    };
    return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
