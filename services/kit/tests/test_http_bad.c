/* What wrong, large and slow requests get: an answer, a count, and nobody else is harmed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "http_server.h"

/* ---- bad input ---- */

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

        next_client();
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
        next_client();
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

    next_client();
    filler(text, "GET /hello HTTP/1.1\r\nHost: x\r\nA: ", 33 * 1024, "\r\n\r\n");
    client_say(&c, text);
    assert_true(client_sees(&c, "431 "));

    next_client();
    filler(text, "GET /hello HTTP/1.1\r\nHost: x\r\nA: ", 100 * 1024, "\r\n\r\n");
    client_say(&c, text);
    assert_true(client_sees(&c, "431 "));

    next_client();
    at = (size_t)sprintf(text, "GET /hello HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 100; i++)
        at += (size_t)sprintf(text + at, "A%d: b\r\n", i);
    strcpy(text + at, "\r\n");
    client_say(&c, text);
    assert_true(client_sees(&c, "431 "));

    next_client();
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
