/* PostgreSQL for real: batches are transactions, a killed server is found again, a lock ends in
 * time. */
#include "resolver.h"
#include "server.h"

#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <tl_pg.h>

#include <cmocka.h>

static struct server server;
static struct tl_loop *loop;
static struct tl_pg *pg;
static char conninfo[200];

struct got {
    int n, err, rows;
    char text[64], state[6];
};

static void take(void *arg, int err, PGresult *const *res, int n, const char *sqlstate)
{
    struct got *g = arg;

    g->n++;
    g->err = err;
    snprintf(g->state, sizeof(g->state), "%s", sqlstate);
    if (n && PQntuples(res[n - 1])) {
        g->rows = PQntuples(res[n - 1]);
        snprintf(g->text, sizeof(g->text), "%s", PQgetvalue(res[n - 1], 0, 0));
    }
}

static struct got run(const char *sql)
{
    struct got g = {0};

    assert_int_equal(tl_pg_exec(pg, take, &g, sql, 0), 0);
    assert_int_equal(g.n, 0);
    assert_true(turn_until(loop, &g.n));
    return g;
}

static void a_batch_is_all_or_nothing(void **state)
{
    const char *p1[] = {"1", "one"}, *p2[] = {"2", NULL};
    const struct tl_pg_stmt good[] = {
        {.sql = "INSERT INTO t VALUES ($1, $2)", .n = 2, .params = p1},
        {.sql = "SELECT count(*) FROM t"},
    };
    const struct tl_pg_stmt bad[] = {
        {.sql = "INSERT INTO t VALUES ($1, $2)", .n = 2, .params = p2},
        {.sql = "INSERT INTO t VALUES ($1, $2)", .n = 2, .params = p1},
        {.sql = "SELECT 1"},
    };
    struct got g = {0};

    TL_UNUSED(state);
    assert_int_equal(run("CREATE TABLE t (id int PRIMARY KEY, name text)").err, 0);
    assert_int_equal(tl_pg_batch(pg, good, 2, take, &g), 0);
    assert_true(turn_until(loop, &g.n));
    assert_int_equal(g.err, 0);
    assert_string_equal(g.text, "1");
    g = (struct got){0};
    assert_int_equal(tl_pg_batch(pg, bad, 3, take, &g), 0);
    assert_true(turn_until(loop, &g.n));
    assert_int_equal(g.err, -EEXIST);
    assert_string_equal(g.state, "23505");
    assert_string_equal(run("SELECT count(*) FROM t").text, "1");
}

static void many_batches_share_few_connections(void **state)
{
    struct got g = {0};

    TL_UNUSED(state);
    for (int i = 0; i < 200; i++)
        assert_int_equal(tl_pg_exec(pg, take, &g, "SELECT $1::text", 1, "x"), 0);
    for (int i = 0; i < 2000 && g.n < 200; i++)
        turn_for(loop, TL_MSEC(2));
    assert_int_equal(g.n, 200);
    assert_int_equal(g.err, 0);
}

static void a_statement_that_hangs_ends_at_the_deadline(void **state)
{
    struct got slow = {0};

    TL_UNUSED(state);
    assert_int_equal(tl_pg_exec(pg, take, &slow, "SELECT pg_sleep(30)", 0), 0);
    assert_true(turn_until(loop, &slow.n));
    assert_int_equal(slow.err, -ETIMEDOUT);
    assert_string_equal(run("SELECT 'alive'").text, "alive");
}

/** Somebody who holds a lock for long, or is gone, costs the others half a second. */
static void a_lock_is_not_waited_for(void **state)
{
    const struct tl_pg_stmt holder[] = {
        {.sql = "UPDATE t SET name = 'held' WHERE id = 1"},
        {.sql = "SELECT pg_sleep(30)"},
    };
    struct got held = {0}, g;
    tl_time asked;

    TL_UNUSED(state);
    assert_int_equal(tl_pg_batch(pg, holder, 2, take, &held), 0);
    turn_for(loop, TL_MSEC(100));
    asked = tl_clock_mono();
    g = run("UPDATE t SET name = 'mine' WHERE id = 1");
    assert_int_equal(g.err, -EAGAIN);
    assert_string_equal(g.state, "55P03");
    assert_true(tl_clock_mono() - asked < TL_MSEC(900));
    assert_true(turn_until(loop, &held.n));
    assert_int_equal(held.err, -ETIMEDOUT);
    turn_for(loop, TL_MSEC(300));
    assert_string_equal(run("SELECT count(*) FROM pg_stat_activity"
                            " WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'")
                            .text,
                        "0"); /* the server has let go of it, too */
    assert_int_equal(run("UPDATE t SET name = 'mine' WHERE id = 1").err, 0);
}

static void a_killed_server_is_found_again(void **state)
{
    struct got g = {0};

    TL_UNUSED(state);
    server_kill(&server);
    for (int i = 0; i < 400 && tl_pg_ready(pg); i++)
        turn_for(loop, TL_MSEC(5));
    assert_false(tl_pg_ready(pg));
    server_start(&server);
    for (int i = 0; i < 2000 && !tl_pg_ready(pg); i++)
        turn_for(loop, TL_MSEC(5));
    assert_true(tl_pg_ready(pg));
    g = run("SELECT count(*) FROM t");
    assert_int_equal(g.err, 0);
    assert_string_equal(g.text, "1");
}

/* The server and its backends, which are its children. */
static void freeze(bool on)
{
    char cmd[120];

    snprintf(cmd, sizeof(cmd), "pkill -%s -P %d", on ? "STOP" : "CONT", (int)server.pid);
    assert_int_equal(system(cmd), 0);
    kill(server.pid, on ? SIGSTOP : SIGCONT);
}

static void a_silent_server_is_noticed_by_who_asks_nothing(void **state)
{
    TL_UNUSED(state);
    freeze(true);
    for (int i = 0; i < 1600 && tl_pg_ready(pg); i++)
        turn_for(loop, TL_MSEC(5));
    assert_false(tl_pg_ready(pg));
    freeze(false);
    for (int i = 0; i < 2000 && !tl_pg_ready(pg); i++)
        turn_for(loop, TL_MSEC(5));
    assert_true(tl_pg_ready(pg));
}

static void closing_ends_what_waits(void **state)
{
    struct got g = {0};

    TL_UNUSED(state);
    for (int i = 0; i < 10; i++)
        assert_int_equal(tl_pg_exec(pg, take, &g, "SELECT 1", 0), 0);
    pg = tl_pg_close(pg);
    assert_int_equal(g.n, 10);
    assert_int_equal(g.err, -ECANCELED);
}

/* PostgreSQL refuses to run as root: then it runs as the user that its package made. */
static const char *as_user(void)
{
    return getuid() == 0 && getpwnam("postgres")
               ? "setpriv --reuid postgres --regid postgres --init-groups "
               : "";
}

static bool find_bin(char *out, size_t size)
{
    FILE *f = popen("ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null | tail -n 1", "r");
    bool ok = f && fgets(out, (int)size, f);

    if (f)
        pclose(f);
    if (ok)
        out[strcspn(out, "\n")] = '\0';
    return ok;
}

static void on_connect(void *arg)
{
    ++*(int *)arg;
}

static void count(void *arg)
{
    ++*(int *)arg;
}

static void a_slow_resolver_does_not_stop_the_loop(void **state)
{
    char by_name[200];
    struct tl_pg_opts opts = {.conninfo = by_name, .pool = 1};
    struct tl_pg *named = NULL, *nobody = NULL;
    struct tl_timer *tick = NULL;
    int there = 0, ticks = 0;

    TL_UNUSED(state);
    assert_int_equal(tl_timer_new(&tick, loop, count, &ticks), 0);
    tl_timer_every(tick, TL_MSEC(10));
    snprintf(by_name, sizeof(by_name), "host=slow.test port=%d dbname=postgres user=test",
             server.port);
    assert_int_equal(tl_pg_open(&named, loop, &opts), 0);
    tl_pg_on_connect(named, on_connect, &there);
    assert_true(turn_until(loop, &there));
    assert_true(ticks >= SLOW_US / 10000 / 2);
    tl_timer_free(tick);
    snprintf(by_name, sizeof(by_name), "host=nobody.test dbname=postgres");
    assert_int_equal(tl_pg_open(&nobody, loop, &opts), 0);
    turn_for(loop, TL_MSEC(300)); /* tries, and the loop goes on */
    assert_false(tl_pg_ready(nobody));
    tl_pg_close(nobody); /* perhaps in the middle of it */
    tl_pg_close(named);
}

static void an_address_where_nobody_listens_is_not_the_last(void **state)
{
    char by_name[200];
    struct tl_pg_opts opts = {.conninfo = by_name, .pool = 1};
    struct tl_pg *named = NULL;
    int there = 0;

    TL_UNUSED(state);
    snprintf(by_name, sizeof(by_name), "host=two.test port=%d dbname=postgres user=test",
             server.port);
    assert_int_equal(tl_pg_open(&named, loop, &opts), 0);
    tl_pg_on_connect(named, on_connect, &there);
    assert_true(turn_until(loop, &there));
    tl_pg_close(named);
}

static int start(void **state)
{
    static char bin[200], cmd[900];
    struct tl_pg_opts opts = {.conninfo = conninfo, .pool = 3, .timeout = TL_SEC(1)};

    TL_UNUSED(state);
    if (!find_bin(bin, sizeof(bin)))
        return -1;
    server_prepare(&server);
    snprintf(cmd, sizeof(cmd),
             "chmod 711 %s; mkdir %s/d; chown --reference=/var/lib/postgresql %s/d 2>/dev/null; "
             "%s %.*sinitdb -D %s/d -U test -A trust --no-sync >/dev/null 2>&1",
             server.dir, server.dir, server.dir, as_user(), (int)(strlen(bin) - strlen("postgres")),
             bin, server.dir);
    if (system(cmd) != 0)
        return -1;
    snprintf(cmd, sizeof(cmd), "exec %s%s -D %s/d -h 127.0.0.1 -p %d -k '' -F", as_user(), bin,
             server.dir, server.port);
    const char *argv[] = {"sh", "-c", cmd, NULL};
    memcpy(server.argv, argv, sizeof(argv));
    server_start(&server);
    snprintf(conninfo, sizeof(conninfo), "host=127.0.0.1 port=%d dbname=postgres user=test",
             server.port);
    if (tl_loop_new(&loop) || tl_pg_open(&pg, loop, &opts))
        return -1;
    for (int i = 0; i < 2000 && !tl_pg_ready(pg); i++)
        turn_for(loop, TL_MSEC(5));
    return tl_pg_ready(pg) ? 0 : -1;
}

static int stop(void **state)
{
    TL_UNUSED(state);
    pg = tl_pg_close(pg);
    turn_for(loop, TL_MSEC(20));
    loop = tl_loop_free(loop);
    server_done(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_all_or_nothing),
        cmocka_unit_test(many_batches_share_few_connections),
        cmocka_unit_test(a_slow_resolver_does_not_stop_the_loop),
        cmocka_unit_test(an_address_where_nobody_listens_is_not_the_last),
        cmocka_unit_test(a_statement_that_hangs_ends_at_the_deadline),
        cmocka_unit_test(a_lock_is_not_waited_for),
        cmocka_unit_test(a_killed_server_is_found_again),
        cmocka_unit_test(a_silent_server_is_noticed_by_who_asks_nothing),
        cmocka_unit_test(closing_ends_what_waits),
    };
    char bin[200];

    if (!find_bin(bin, sizeof(bin))) {
        printf("skipped: no PostgreSQL server on this machine\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, start, stop);
}
