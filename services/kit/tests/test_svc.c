/* A service's life: a child process that starts, answers, drains and ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <tl_svc.h>
#include <tl_ws.h>

#include "client.h"

static struct tl_loop *loop; /* of the test's own client */
static struct client c;
static char dir[64];

/* ---- the service under test ---- */

static struct {
    struct tl_svc *svc;
    struct tl_http_req *kept;
    struct tl_timer *slow;
    int64_t healthy;
    bool never_drains;
    bool leaves; /* when its need is missing */
} toy;

static bool is_healthy(void *arg)
{
    (void)arg;
    if (!toy.healthy && toy.leaves)
        tl_svc_leave(toy.svc);
    return toy.healthy;
}

static void toggle(void *arg)
{
    (void)arg;
    toy.healthy = !toy.healthy;
}

static void answer_kept(void *arg)
{
    (void)arg;
    tl_http_reply(toy.kept, 200, "text/plain", "kept its word", 13);
}

static void on_slow(void *arg, struct tl_http_req *req)
{
    (void)arg;
    toy.kept = req;
    tl_timer_start(toy.slow, TL_MSEC(300));
}

static void first_step(void *arg)
{
    (void)arg;
    puts("first step");
    tl_svc_drained(toy.svc); /* inside its own call */
}

static void second_step(void *arg)
{
    (void)arg;
    puts("second step");
    if (!toy.never_drains)
        tl_svc_drained(toy.svc);
}

static bool third_step(void *arg)
{
    static int asked;

    (void)arg;
    if (asked++ == 0)
        puts("third step waits");
    return asked == 3;
}

static void on_stop(void *arg)
{
    (void)arg;
    tl_timer_free(toy.slow);
    puts("stop");
}

static const struct tl_ws_ops ws_ops = {.message_max = 100};

static void on_ws(void *arg, struct tl_http_req *req)
{
    struct tl_ws *ws;

    (void)arg;
    (void)tl_ws_accept(&ws, req, &ws_ops, NULL, NULL); /* answers itself */
}

static int toy_main(int argc, char **argv)
{
    const char *secret;
    const struct tl_setting settings[] = {
        TL_SET_NUM("TL_TOY_HEALTHY", &toy.healthy, 1, 0, 1, "1: its need is there"),
        TL_SET_TEXT("TL_TOY_SECRET_FILE", &secret, "", "a secret"),
    };
    const struct tl_route routes[] = {{.method = "GET", .path = "/slow", .fn = on_slow},
                                      {.method = "GET", .path = "/ws", .fn = on_ws}};
    int rc = tl_svc_start(&toy.svc, argc, argv, "toy", settings, TL_LEN(settings));

    if (!toy.svc)
        return rc;
    if (tl_timer_new(&toy.slow, tl_svc_loop(toy.svc), answer_kept, NULL) ||
        tl_http_route(tl_svc_http(toy.svc), &routes[0]) ||
        tl_http_route(tl_svc_http(toy.svc), &routes[1]) ||
        tl_svc_need(toy.svc, "weather", is_healthy, NULL) ||
        tl_svc_on_reload(toy.svc, toggle, NULL) || tl_svc_on_drain(toy.svc, first_step, NULL) ||
        tl_svc_on_drain(toy.svc, second_step, NULL) ||
        tl_svc_drain_until(toy.svc, third_step, NULL) || tl_svc_on_stop(toy.svc, on_stop, NULL))
        return tl_svc_refuse(toy.svc, "out of memory");
    return tl_svc_run(toy.svc);
}

/* ---- running it ---- */

static char output[96];
static pid_t child;

static uint16_t free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static void spawn(const char *arg)
{
    char *argv[] = {"tl-toy", (char *)(uintptr_t)arg, NULL};
    int fd;

    (void)fflush(stdout);
    child = fork();
    assert_true(child >= 0);
    if (child)
        return;
    fd = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
        _exit(99);
    fd = toy_main(arg ? 2 : 1, argv);
    (void)fflush(stdout);
    exit(fd); /* the sanitizer looks for leaks */
}

static int reap(void)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static bool said(const char *text)
{
    static char all[64 * 1024];
    FILE *f = fopen(output, "r");
    size_t n;

    assert_non_null(f);
    n = fread(all, 1, sizeof(all) - 1, f);
    (void)fclose(f);
    all[n] = '\0';
    return strstr(all, text) != NULL;
}

static bool try_open(uint16_t port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool ok = connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;

    close(fd);
    return ok;
}

static uint16_t start(void)
{
    uint16_t port = free_port();
    char text[16];

    (void)snprintf(text, sizeof(text), "%u", port);
    setenv("TL_TOY_PORT", text, 1);
    spawn(NULL);
    for (int i = 0; i < 1000 && !try_open(port); i++)
        usleep(5000);
    client_open(&c, loop, port);
    return port;
}

static void ask(const char *path)
{
    char text[128];

    c.n = 0;
    (void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    client_say(&c, text);
}

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/test_svc.XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    (void)snprintf(output, sizeof(output), "%s/out", dir);
    memset(&toy, 0, sizeof(toy));
    memset(&c, 0, sizeof(c));
    c.fd = -1;
    unsetenv("TL_TOY_PORT");
    unsetenv("TL_TOY_HEALTHY");
    unsetenv("TL_TOY_SECRET_FILE");
    unsetenv("TL_LOG_LEVEL");
    setenv("TL_DRAIN_S", "2", 1);
    return tl_loop_new(&loop);
}

static int teardown(void **state)
{
    (void)state;
    client_close(&c);
    loop = tl_loop_free(loop);
    unlink(output);
    rmdir(dir);
    return 0;
}

/* ---- stories ---- */

static void help_prints_every_setting(void **state)
{
    (void)state;
    spawn("--help");
    assert_int_equal(reap(), 0);
    assert_true(said("TL_TOY_HEALTHY"));
    assert_true(said("1: its need is there (0 to 1; default 1)"));
    assert_true(said("TL_TOY_PORT"));
    assert_true(said("TL_DRAIN_S"));
}

static void wrong_settings_stop_the_start_and_are_named(void **state)
{
    static const char *const wrong[][3] = {
        {"TL_TOY_HEALTHY", "2", "TL_TOY_HEALTHY: \"2\" is not a whole number from 0 to 1"},
        {"TL_TOY_HEALTHY", "1x", "TL_TOY_HEALTHY"},
        {"TL_TOY_PORT", "70000", "TL_TOY_PORT"},
        {"TL_LOG_LEVEL", "loud", "TL_LOG_LEVEL"},
        {"TL_TOY_SECRET_FILE", "/nonexistent", "TL_TOY_SECRET_FILE"},
        {"TL_TOY_HELTHY", "1", "TL_TOY_HELTHY: unknown setting"},
    };

    for (size_t i = 0; i < TL_LEN(wrong); i++) {
        setenv(wrong[i][0], wrong[i][1], 1);
        spawn(NULL);
        unsetenv(wrong[i][0]);
        assert_int_equal(reap(), 78);
        assert_true(said(wrong[i][2]));
    }
    spawn("--hlep");
    assert_int_equal(reap(), 78);
    (void)state;
}

static void a_secret_that_others_can_read_stops_the_start(void **state)
{
    char path[80];
    int fd;

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/secret", dir);
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "s3cret\n", 7), 7);
    assert_int_equal(fchmod(fd, 0644), 0);
    close(fd);
    setenv("TL_TOY_SECRET_FILE", path, 1);
    spawn(NULL);
    assert_int_equal(reap(), 78);
    assert_true(said("TL_TOY_SECRET_FILE"));
    assert_false(said("s3cret"));
    unlink(path);
}

static void health_readiness_and_metrics_are_answered(void **state)
{
    pid_t service;

    (void)state;
    start();
    service = child;
    ask("/healthz");
    assert_true(client_sees(&c, "alive"));
    ask("/readyz");
    assert_true(
        client_sees(&c, "{\"ready\":true,\"draining\":false,\"needs\":{\"weather\":true}}"));
    assert_non_null(strstr(c.in, "200 OK"));
    ask("/metrics");
    assert_true(client_sees(&c, "# TYPE tl_toy_ready gauge\ntl_toy_ready 1\n"));
    assert_true(client_sees(&c, "process_resident_memory_bytes"));
    assert_int_equal(kill(child, SIGPIPE), 0); /* hiredis writes to who has gone */
    ask("/healthz");
    assert_true(client_sees(&c, "alive"));
    spawn("--health");
    assert_int_equal(reap(), 0);
    setenv("TL_TOY_PORT", "1", 1);
    spawn("--health");
    assert_int_equal(reap(), 1);
    child = service;
    kill(child, SIGTERM);
    assert_int_equal(reap(), 0);
}

static void stop(int sig)
{
    kill(child, sig);
}

static void a_missing_need_is_said_and_heals(void **state)
{
    (void)state;
    start();
    stop(SIGHUP); /* the toy's reload turns its need off */
    usleep(100000);
    ask("/readyz");
    assert_true(
        client_sees(&c, "{\"ready\":false,\"draining\":false,\"needs\":{\"weather\":false}}"));
    assert_non_null(strstr(c.in, "503 Service Unavailable"));
    usleep(1100000);
    assert_true(said("\"msg\":\"not ready: a need is missing\",\"need\":\"weather\""));
    stop(SIGHUP);
    usleep(100000);
    ask("/readyz");
    assert_true(client_sees(&c, "{\"ready\":true"));
    stop(SIGTERM);
    assert_int_equal(reap(), 0);
}

static void sigterm_finishes_what_is_open_then_the_steps(void **state)
{
    uint16_t port = start();

    (void)state;
    ask("/slow");
    client_wait(&c, TL_MSEC(50));
    stop(SIGTERM);
    client_wait(&c, TL_MSEC(50));
    assert_false(try_open(port));
    assert_false(said("first step"));
    assert_true(client_sees(&c, "kept its word"));
    assert_int_equal(reap(), 0);
    assert_true(said("first step\nsecond step\nthird step waits\nstop\n"));
    assert_true(said("\"msg\":\"stopped\""));
}

static void sigterm_closes_websockets_with_1012(void **state)
{
    (void)state;
    start();
    client_say(&c, "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    assert_true(client_sees(&c, "101 Switching"));
    stop(SIGTERM);
    assert_true(client_sees(&c, "\x03\xf4restart"));
    client_send(&c, "\x88\x82\0\0\0\0\x03\xf4", 8);
    assert_true(client_ends(&c));
    assert_int_equal(reap(), 0);
}

static void a_drain_that_hangs_ends_in_time(void **state)
{
    tl_time begun;

    (void)state;
    toy.never_drains = true;
    start();
    begun = tl_clock_mono();
    stop(SIGTERM);
    assert_int_equal(reap(), 0);
    assert_true(tl_clock_mono() - begun < TL_SEC(4));
    assert_true(said("drain took too long"));
}

static void a_second_signal_does_not_wait(void **state)
{
    (void)state;
    toy.never_drains = true;
    start();
    stop(SIGTERM);
    usleep(300000);
    stop(SIGTERM);
    assert_int_equal(reap(), 1);
}

/* Asked at each look at its need, it leaves once, and drains. */
static void a_service_may_leave_by_itself(void **state)
{
    (void)state;
    toy.leaves = true;
    start();
    stop(SIGHUP); /* its need goes */
    usleep(100000);
    ask("/readyz");
    assert_int_equal(reap(), 0);
    assert_true(said("first step\nsecond step\nthird step waits\nstop\n"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(help_prints_every_setting),
        T(wrong_settings_stop_the_start_and_are_named),
        T(a_secret_that_others_can_read_stops_the_start),
        T(health_readiness_and_metrics_are_answered),
        T(a_missing_need_is_said_and_heals),
        T(sigterm_finishes_what_is_open_then_the_steps),
        T(sigterm_closes_websockets_with_1012),
        T(a_drain_that_hangs_ends_in_time),
        T(a_second_signal_does_not_wait),
        T(a_service_may_leave_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
