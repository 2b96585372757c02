/* The HTTP server: requests, their answers, and the traps of those that are answered later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include <tl_mem.h>

#include "http_server.h"

/* ---- what works --------------------------------------------------------------------------- */

static void a_request_is_answered_and_the_connection_kept(void **state)
{
    (void)state;
    client_say(&c, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(client_sees(&c, "200 OK"));
    assert_true(client_sees(&c, "hello"));
    client_say(&c, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain; charset=utf-8\r\n"
                   "Content-Length: 4\r\n\r\nping");
    assert_true(client_sees(&c, "201 Created"));
    assert_true(client_sees(&c, "X-Was: echoed"));
    assert_true(client_sees(&c, "ping"));
    client_say(&c, "GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(client_sees(&c, "404 Not Found"));
    c.n = 0;
    client_say(&c, "GET /things/special HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(client_sees(&c, "hello")); /* also after a 404; the literal route wins */
    assert_false(c.ended);
}

static void a_chunked_body_arrives_whole(void **state)
{
    (void)state;
    client_say(&c, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    client_say(&c, "2\r\nde\r\n0\r\n\r\n");
    assert_true(client_sees(&c, "abcde"));
}

static void a_body_that_memory_is_short_of_is_no_bad_input(void **state)
{
    (void)state;
    client_say(&c, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
                   "Transfer-Encoding: chunked\r\n\r\n");
    client_wait(&c, TL_MSEC(20));
    tl_mem_fail_after(0);
    client_say(&c, "3\r\nabc\r\n");
    assert_true(client_sees(&c, "503 Service Unavailable"));
    tl_mem_fail_after(-1);
    assert_true(client_ends(&c));
    assert_true(bad("body_large") == 0);
}

static void expect_100_continue_is_answered(void **state)
{
    (void)state;
    client_say(&c, "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
                   "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    assert_true(client_sees(&c, "HTTP/1.1 100 Continue"));
    client_say(&c, "ok");
    assert_true(client_sees(&c, "201 Created"));
}

static void paths_and_queries_are_decoded(void **state)
{
    (void)state;
    client_say(&c, "GET /things/a%20b?x=1&q=c%2Bd+e HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(client_sees(&c, "id=a b q=c+d e peer=127.0.0.1"));
    client_say(&c, "GET http://x/files/a/b.js HTTP/1.1\r\nHost: x\r\nX-Real-IP: 192.0.2.7\r\n\r\n");
    assert_true(client_sees(&c, "id=a/b.js q=(none) peer=192.0.2.7"));
}

/* A stranger cannot choose the address that counts for rates. */
static void only_a_proxy_tells_whom_it_speaks_for(void **state)
{
    static const char ask[] = "GET /things/x HTTP/1.1\r\nHost: x\r\nX-Real-IP: 192.0.2.7\r\n\r\n";
    struct tl_http *other;

    (void)state;
    client_say(&c, ask);
    assert_true(client_sees(&c, "peer=192.0.2.7"));
    assert_int_equal(tl_http_new(&other, loop, &(struct tl_http_opts){.proxies = "nonsense"}),
                     -EINVAL);
    assert_int_equal(tl_http_new(&other, loop, &(struct tl_http_opts){.proxies = "10.0.0.0/8"}), 0);
    assert_int_equal(tl_http_route(other, &routes[2]), 0);
    client_close(&c);
    client_open(&c, loop, tl_http_port(other));
    client_say(&c, ask);
    assert_true(client_sees(&c, "peer=127.0.0.1"));
    tl_http_free(other);
}

static void on_busy(void *arg, struct tl_http_req *req)
{
    if (arg)
        assert_int_equal(tl_http_add_header(req, "Retry-After", arg), 0);
    tl_http_problem(req, 429, "Busy", NULL, NULL);
}

/* Two of them would be none: "57, 1" is not a number. */
static void who_must_wait_hears_one_time(void **state)
{
    static char minute[] = "57";

    (void)state;
    assert_int_equal(
        tl_http_route(http, &(struct tl_route){"GET", "/busy", on_busy, NULL, 0, NULL}), 0);
    assert_int_equal(
        tl_http_route(http, &(struct tl_route){"GET", "/minute", on_busy, minute, 0, NULL}), 0);
    client_say(&c, "GET /busy HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(client_sees(&c, "Retry-After: 1\r\n"));
    c.n = 0;
    client_say(&c, "GET /minute HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(client_sees(&c, "Retry-After: 57\r\n"));
    assert_null(memmem(c.in, c.n, "Retry-After: 1\r\n", 16));
}

static void head_gets_the_length_without_the_body(void **state)
{
    (void)state;
    client_say(&c, "HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_true(client_ends(&c));
    assert_non_null(strstr(c.in, "Content-Length: 5"));
    assert_null(strstr(c.in, "hello"));
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    char *first, *late, *last;

    (void)state;
    client_say(&c, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /later HTTP/1.1\r\nHost: x\r\n\r\n"
                   "GET /things/9 HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!kept)
        client_turn(&c);
    assert_int_equal(tl_http_in_flight(http), 1);
    answer_kept(NULL);
    assert_true(client_sees(&c, "id=9"));
    first = strstr(c.in, "hello");
    late = strstr(c.in, "late");
    last = strstr(c.in, "id=9");
    assert_true(first && late && first < late && late < last);
    assert_int_equal(tl_http_in_flight(http), 0);
}

/* ---- the traps of suspended requests -------------------------------------------------------- */

/* Nothing but the kick wakes libmicrohttpd after a resume: without it this takes for ever. */
static void a_suspended_request_is_woken_by_its_answer(void **state)
{
    struct tl_timer *t = NULL;
    tl_time start = tl_clock_mono();

    (void)state;
    assert_int_equal(tl_timer_new(&t, loop, answer_kept, NULL), 0);
    for (int i = 0; i < 20; i++) {
        c.n = 0;
        client_say(&c, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
        while (!kept)
            client_turn(&c);
        tl_timer_start(t, TL_MSEC(5));
        assert_true(client_sees(&c, "late"));
    }
    assert_true(tl_clock_mono() - start < TL_SEC(2));
    tl_timer_free(t);
}

/* The answer's memory is ours when the peer vanished while suspended (found by the sanitizer). */
static void an_answer_to_a_vanished_peer_leaks_nothing(void **state)
{
    (void)state;
    client_say(&c, "GET /forgotten HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!kept)
        client_turn(&c);
    next_client();
    client_wait(&c, TL_MSEC(20));
    answer_kept(NULL);
    client_say(&c, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(client_sees(&c, "hello"));
    assert_int_equal(tl_http_in_flight(http), 0);
}

static void a_service_that_asks_hears_that_the_peer_is_gone(void **state)
{
    (void)state;
    client_say(&c, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!kept)
        client_turn(&c);
    next_client();
    for (int i = 0; i < 20000 && !gone; i++)
        client_turn(&c);
    assert_int_equal(gone, 1);
    assert_int_equal(tl_http_in_flight(http), 0);
}

static void an_unanswered_request_gets_504(void **state)
{
    (void)state;
    client_say(&c, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(client_sees(&c, "504 Gateway"));
    assert_int_equal(gone, 1);
    client_say(&c, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(client_sees(&c, "hello"));
}

static void an_answer_after_the_504_goes_nowhere(void **state)
{
    (void)state;
    client_say(&c, "GET /forgotten HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(client_sees(&c, "504 Gateway"));
    assert_int_equal(tl_http_in_flight(http), 0);
    answer_kept(NULL);
    assert_int_equal(tl_http_in_flight(http), 0);
    client_wait(&c, TL_MSEC(20));
    assert_null(strstr(c.in, "late"));
}

static void stopping_answers_what_is_open(void **state)
{
    (void)state;
    client_say(&c, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!kept)
        client_turn(&c);
    http = tl_http_free(http);
    assert_int_equal(gone, 1);
    assert_true(client_sees(&c, "503 Service"));
    assert_true(client_ends(&c));
}

static void quiesced_it_finishes_and_takes_no_more(void **state)
{
    struct client other;
    uint16_t port = tl_http_port(http);
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    (void)state;
    client_say(&c, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
    while (!kept)
        client_turn(&c);
    tl_http_quiesce(http);
    other.fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(other.fd, (struct sockaddr *)&at, sizeof(at)), -1);
    close(other.fd);
    answer_kept(NULL);
    assert_true(client_sees(&c, "late"));
    assert_true(client_ends(&c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_request_is_answered_and_the_connection_kept),
        T(a_chunked_body_arrives_whole),
        T(a_body_that_memory_is_short_of_is_no_bad_input),
        T(expect_100_continue_is_answered),
        T(paths_and_queries_are_decoded),
        T(only_a_proxy_tells_whom_it_speaks_for),
        T(who_must_wait_hears_one_time),
        T(head_gets_the_length_without_the_body),
        T(pipelined_requests_are_answered_in_order),
        T(a_suspended_request_is_woken_by_its_answer),
        T(an_answer_to_a_vanished_peer_leaks_nothing),
        T(a_service_that_asks_hears_that_the_peer_is_gone),
        T(an_unanswered_request_gets_504),
        T(an_answer_after_the_504_goes_nowhere),
        T(stopping_answers_what_is_open),
        T(quiesced_it_finishes_and_takes_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
