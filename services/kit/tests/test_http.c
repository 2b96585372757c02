/* The HTTP server, met by a client that says exactly what it wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <tl_http.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_metrics.h>

#include "client.h"

static struct tl_loop *loop;
static struct tl_http *http;
static struct tl_http_req *kept; /* what /later got and has not answered */
static unsigned gone;
static struct client c;

static void on_hello(void *arg, struct tl_http_req *req)
{
    (void)arg;
    tl_http_reply(req, 200, "text/plain", "hello", 5);
}

static void on_echo(void *arg, struct tl_http_req *req)
{
    struct tl_str body = tl_http_body(req);

    (void)arg;
    assert_int_equal(tl_http_add_header(req, "X-Was", "echoed"), 0);
    assert_int_equal(tl_http_add_header(req, "X-Was", "no\r\nSet-Cookie: x"), -EINVAL);
    tl_http_reply(req, 201, "text/plain", body.s, body.n);
}

static void on_show(void *arg, struct tl_http_req *req)
{
    struct tl_str id = tl_http_param(req, "id"), q = tl_http_query(req, "q"),
                  peer = tl_http_peer(req);
    char text[512];
    int n = snprintf(text, sizeof(text), "id=%.*s q=%.*s%s peer=%.*s", (int)id.n, id.s, (int)q.n,
                     q.s ? q.s : "", q.s ? "" : "(none)", (int)peer.n, peer.s);

    (void)arg;
    tl_http_reply(req, 200, "text/plain", text, (size_t)n);
}

static void on_gone(void *arg)
{
    (void)arg;
    gone++;
    kept = NULL;
}

static void on_later(void *arg, struct tl_http_req *req)
{
    kept = req;
    if (arg)
        tl_http_on_gone(req, on_gone, NULL);
}

static void answer_kept(void *arg)
{
    (void)arg;
    tl_http_reply(kept, 200, "text/plain", "late", 4);
    kept = NULL;
}

static const struct tl_route routes[] = {
    {.method = "GET", .path = "/hello", .fn = on_hello},
    {.method = "POST", .path = "/echo", .fn = on_echo, .body_max = 16, .type = "text/plain"},
    {.method = "GET", .path = "/things/{id}", .fn = on_show},
    {.method = "GET", .path = "/things/special", .fn = on_hello},
    {.method = "GET", .path = "/files/{id*}", .fn = on_show},
    {.method = "GET", .path = "/later", .fn = on_later, .arg = &gone},
    {.method = "GET", .path = "/forgotten", .fn = on_later},
};

static int setup(void **state)
{
    const struct tl_http_opts opts = {.head_timeout = TL_MSEC(900),
                                      .body_timeout = TL_MSEC(900),
                                      .idle_timeout = TL_MSEC(1500),
                                      .answer_within = TL_MSEC(1500)};

    (void)state;
    gone = 0;
    kept = NULL;
    tl_metrics_reset();
    tl_log_setup("kit", TL_ERROR);
    if (tl_loop_new(&loop) || tl_http_new(&http, loop, &opts))
        return -1;
    for (size_t i = 0; i < TL_LEN(routes); i++)
        if (tl_http_route(http, &routes[i]))
            return -1;
    client_open(&c, loop, tl_http_port(http));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    client_close(&c);
    http = tl_http_free(http);
    loop = tl_loop_free(loop);
    tl_metrics_reset();
    return 0;
}

static double bad(const char *class_name)
{
    char labels[80];

    (void)snprintf(labels, sizeof(labels), "edge=\"http\",class=\"%s\"", class_name);
    return tl_metric_value(tl_counter("tl_kit_bad_input_total", labels, ""));
}

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
    client_close(&c);
    client_open(&c, loop, tl_http_port(http));
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
    client_close(&c);
    client_open(&c, loop, tl_http_port(http));
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

/* ---- bad input --------------------------------------------------------------------------------
 */

struct bad_case {
    const char *name, *bytes;
    const char *answer; /* start of the status line's code */
    const char *class_name;
};

#define HOST "Host: x\r\n"
#define POST "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"

static const struct bad_case bad_cases[] = {
    {"bare LF everywhere", "GET /hello HTTP/1.1\nHost: x\n\n", "400", "malformed"},
    {"bare LF in a header", "GET /hello HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", "400", "malformed"},
    {"bare LF at the end", "GET /hello HTTP/1.1\r\nHost: x\r\nA: b\r\n\n", "400", "malformed"},
    {"bare CR", "GET /hello HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", "400", "malformed"},
    {"folded header", "GET /hello HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", "400", "malformed"},
    {"space before colon", "GET /hello HTTP/1.1\r\nHost : x\r\n\r\n", "400", NULL},
    {"header without colon", "GET /hello HTTP/1.1\r\nHost: x\r\nA\r\n\r\n", "400", "malformed"},
    {"header without name", "GET /hello HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", "400", "malformed"},
    {"control character", "GET /hello HTTP/1.1\r\nHost: x\r\nA: \001\r\n\r\n", "400", "malformed"},
    {"control in the path", "GET /hello\001 HTTP/1.1\r\nHost: x\r\n\r\n", "400", "malformed"},
    {"NUL in the path", "GET /things/a%00b HTTP/1.1\r\nHost: x\r\n\r\n", "400", "malformed"},
    {"bad escape", "GET /things/%zz HTTP/1.1\r\nHost: x\r\n\r\n", "400", "malformed"},
    {"bad UTF-8 in the path", "GET /things/%ff HTTP/1.1\r\nHost: x\r\n\r\n", "400", "malformed"},
    {"climbing path", "GET /files/../etc HTTP/1.1\r\nHost: x\r\n\r\n", "400", "malformed"},
    {"climbing, encoded", "GET /files/%2e%2e/etc HTTP/1.1\r\nHost: x\r\n\r\n", "400", "malformed"},
    {"encoded slash", "GET /things/a%2fb HTTP/1.1\r\nHost: x\r\n\r\n", "400", "malformed"},
    {"fragment", "GET /hello#x HTTP/1.1\r\nHost: x\r\n\r\n", "400", "malformed"},
    {"no Host", "GET /hello HTTP/1.1\r\n\r\n", "400", NULL},
    {"two Hosts", "GET /hello HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400", "host"},
    {"two lengths", POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", "400", "smuggling"},
    {"length and chunks", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "400", "smuggling"},
    {"unknown encoding", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "501", "encoding"},
    {"chunks in 1.0", "POST /echo HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "400",
     "smuggling"},
    {"signed length", POST "Content-Length: +1\r\n\r\na", "400", "malformed"},
    {"length list", POST "Content-Length: 1, 1\r\n\r\na", "400", "malformed"},
    {"bad chunk", POST "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n", "400",
     "malformed"},
    {"unknown method", "BREW /hello HTTP/1.1\r\nHost: x\r\n\r\n", "501", "method_unknown"},
    {"method that is no token", "G@T /hello HTTP/1.1\r\nHost: x\r\n\r\n", "400", "malformed"},
    {"other version", "GET /hello HTTP/1.2\r\nHost: x\r\n\r\n", "505", "version"},
    {"HTTP/2.0", "GET /hello HTTP/2.0\r\nHost: x\r\n\r\n", "505", "version"},
    {"two spaces", "GET  /hello HTTP/1.1\r\nHost: x\r\n\r\n", "400", "malformed"},
    {"HTTP/0.9", "GET /hello\r\n\r\n", "400", "malformed"},
    {"body too large", POST "Content-Length: 17\r\n\r\n", "413", "body_large"},
    {"chunks too large",
     POST "Transfer-Encoding: chunked\r\n\r\n20\r\n"
          "12345678901234567890123456789012\r\n0\r\n\r\n",
     "413", "body_large"},
    {"body where none belongs", "GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na",
     "413", "body_large"},
    {"no length", POST "\r\n", "411", "length_missing"},
    {"wrong type",
     "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/html\r\n"
     "Content-Length: 1\r\n\r\na",
     "415", "type"},
    {"no type", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na", "415", "type"},
    {"unknown expectation", POST "Expect: miracles\r\nContent-Length: 1\r\n\r\na", "417", "expect"},
};

/* Each is refused on a connection of its own, counted, and a neighbour does not notice. */
static void bad_requests_get_their_answer(void **state)
{
    struct client *neighbour = malloc(sizeof(*neighbour));

    (void)state;
    assert_non_null(neighbour);
    client_open(neighbour, loop, tl_http_port(http));
    for (size_t i = 0; i < TL_LEN(bad_cases); i++) {
        const struct bad_case *k = &bad_cases[i];
        double before = k->class_name ? bad(k->class_name) : 0;

        client_close(&c);
        client_open(&c, loop, tl_http_port(http));
        client_say(&c, k->bytes);
        if (!client_sees(&c, "\r\n\r\n") || strncmp(c.in + 9, k->answer, 3) != 0)
            fail_msg("%s: wanted %s, got: %.60s", k->name, k->answer, c.in);
        if (k->class_name && bad(k->class_name) != before + 1)
            fail_msg("%s: not counted once as %s", k->name, k->class_name);
        neighbour->n = 0;
        client_say(neighbour, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_true(client_sees(neighbour, "hello"));
    }
    client_close(neighbour);
    free(neighbour);
}

static void a_nul_in_a_header_is_refused(void **state)
{
    static const char bytes[] = "GET /hello HTTP/1.1\r\nHost: x\r\nA: b\0c\r\nB: d\r\n\r\n";

    (void)state;
    client_send(&c, bytes, sizeof(bytes) - 1);
    assert_true(client_sees(&c, "400 Bad Request"));
}

/* libmicrohttpd ends these by itself, without an answer; the proxy in front answers 400. */
static void a_line_that_is_no_request_ends_the_connection(void **state)
{
    static const char *const lines[] = {"\026\003\001\002\r\n\r\n",
                                        "GET /hello  HTTP/1.1\r\nHost: x\r\n\r\n",
                                        "GET /he llo HTTP/1.1\r\nHost: x\r\n\r\n"};

    (void)state;
    for (size_t i = 0; i < TL_LEN(lines); i++) {
        client_close(&c);
        client_open(&c, loop, tl_http_port(http));
        client_say(&c, lines[i]);
        assert_true(client_ends(&c));
        assert_null(strstr(c.in, "200"));
    }
}

static void another_method_is_told_which_ones_fit(void **state)
{
    (void)state;
    client_say(&c, "DELETE /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(client_sees(&c, "405 Method Not Allowed"));
    assert_true(client_sees(&c, "Allow: GET\r\n"));
    assert_true(bad("method") == 1);
}

static void filler(char *out, const char *before, size_t n, const char *after)
{
    size_t at = strlen(before);

    memcpy(out, before, at);
    memset(out + at, 'a', n);
    memcpy(out + at + n, after, strlen(after) + 1);
}

static void large_heads_are_refused(void **state)
{
    static char text[128 * 1024];
    size_t at;

    (void)state;
    filler(text, "GET /things/", 8 * 1024, " HTTP/1.1\r\nHost: x\r\n\r\n");
    client_say(&c, text);
    assert_true(client_sees(&c, "414 "));

    client_close(&c);
    client_open(&c, loop, tl_http_port(http));
    filler(text, "GET /hello HTTP/1.1\r\nHost: x\r\nA: ", 33 * 1024, "\r\n\r\n");
    client_say(&c, text);
    assert_true(client_sees(&c, "431 "));

    client_close(&c);
    client_open(&c, loop, tl_http_port(http));
    filler(text, "GET /hello HTTP/1.1\r\nHost: x\r\nA: ", 100 * 1024, "\r\n\r\n");
    client_say(&c, text);
    assert_true(client_sees(&c, "431 "));

    client_close(&c);
    client_open(&c, loop, tl_http_port(http));
    at = (size_t)sprintf(text, "GET /hello HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 100; i++)
        at += (size_t)sprintf(text + at, "A%d: b\r\n", i);
    strcpy(text + at, "\r\n");
    client_say(&c, text);
    assert_true(client_sees(&c, "431 "));

    client_close(&c);
    client_open(&c, loop, tl_http_port(http));
    filler(text, "GET /hello HTTP/1.1\r\nHost: x\r\nA: ", 28 * 1024, "\r\n\r\n");
    client_say(&c, text);
    assert_true(client_sees(&c, "hello"));
}

static void drip(const char *first, const char *again)
{
    tl_time end = tl_clock_mono() + TL_SEC(4);

    client_say(&c, first);
    while (!c.ended && tl_clock_mono() < end) {
        client_wait(&c, TL_MSEC(100));
        if (!c.ended)
            client_say(&c, again);
    }
    assert_true(c.ended);
}

static void a_slow_head_gets_408(void **state)
{
    (void)state;
    drip("GET /hello HTTP/1.1\r\n", "A: b\r\n");
    assert_non_null(strstr(c.in, "408 Request Timeout"));
    assert_true(bad("slow") == 1);
}

static void a_slow_second_head_gets_408(void **state)
{
    (void)state;
    client_say(&c, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(client_sees(&c, "hello"));
    drip("GET /hello HTTP/1.1\r\n", "A: b\r\n");
    assert_non_null(strstr(c.in, "408 Request Timeout"));
}

static void a_slow_body_gets_408(void **state)
{
    (void)state;
    drip(POST "Content-Length: 16\r\n\r\n", "");
    assert_non_null(strstr(c.in, "408 Request Timeout"));
}

static void who_says_nothing_is_closed_without_a_word(void **state)
{
    (void)state;
    assert_true(client_ends(&c));
    assert_int_equal(c.n, 0);
    assert_true(bad("slow") == 0);
}

static void an_idle_connection_is_closed_without_a_word(void **state)
{
    (void)state;
    client_say(&c, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(client_sees(&c, "hello"));
    c.n = 0;
    client_wait(&c, TL_SEC(4));
    assert_true(c.ended);
    assert_int_equal(c.n, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

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
        T(bad_requests_get_their_answer),
        T(a_nul_in_a_header_is_refused),
        T(a_line_that_is_no_request_ends_the_connection),
        T(another_method_is_told_which_ones_fit),
        T(large_heads_are_refused),
        T(a_slow_head_gets_408),
        T(a_slow_second_head_gets_408),
        T(a_slow_body_gets_408),
        T(who_says_nothing_is_closed_without_a_word),
        T(an_idle_connection_is_closed_without_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
