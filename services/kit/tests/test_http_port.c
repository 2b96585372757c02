/* The HTTP server's door: whose it is, and how many pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <sys/resource.h>
#include <tl_http.h>
#include <tl_log.h>

#include "client.h"

enum { SELECT_CAN = 1020 }; /* where the library stops unless it is told otherwise */

static struct tl_loop *loop;
static struct client c;

static void on_hello(void *arg, struct tl_http_req *req)
{
    (void)arg;
    tl_http_reply(req, 200, "text/plain", "hello", 5);
}

static const struct tl_route hello = {.method = "GET", .path = "/hello", .fn = on_hello};

static int setup(void **state)
{
    (void)state;
    tl_log_setup("kit", TL_ERROR);
    return tl_loop_new(&loop);
}

static int teardown(void **state)
{
    (void)state;
    loop = tl_loop_free(loop);
    return 0;
}

static void allow_files(rlim_t n)
{
    struct rlimit lim;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &lim), 0);
    if (lim.rlim_cur >= n)
        return;
    lim.rlim_cur = n;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lim), 0);
}

static int neighbour(uint16_t port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

static void more_than_select_can_count_are_let_in(void **state)
{
    struct tl_http *http;
    int fds[SELECT_CAN + 80];

    (void)state;
    allow_files(2 * TL_LEN(fds) + 100);
    assert_int_equal(tl_http_new(&http, loop, &(struct tl_http_opts){0}), 0);
    assert_int_equal(tl_http_route(http, &hello), 0);
    for (size_t i = 0; i < TL_LEN(fds); i++) {
        fds[i] = neighbour(tl_http_port(http));
        tl_loop_turn(loop); /* the queue of the port is not without end */
    }
    client_open(&c, loop, tl_http_port(http));
    client_say(&c, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(client_sees(&c, "hello"));
    client_close(&c);
    for (size_t i = 0; i < TL_LEN(fds); i++)
        close(fds[i]);
    tl_http_free(http);
}

static void a_port_that_is_taken_is_not_shared(void **state)
{
    struct tl_http *first, *second = NULL;
    struct tl_http_opts opts = {0};

    (void)state;
    assert_int_equal(tl_http_new(&first, loop, &opts), 0);
    opts.port = tl_http_port(first);
    assert_int_equal(tl_http_new(&second, loop, &opts), -EADDRINUSE);
    tl_http_free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(more_than_select_can_count_are_let_in, setup, teardown),
        cmocka_unit_test_setup_teardown(a_port_that_is_taken_is_not_shared, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
