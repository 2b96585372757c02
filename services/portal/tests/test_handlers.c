/* The portal as a browser meets it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>
#include <tl_log.h>
#include <tl_metrics.h>

#include "../../kit/tests/client.h"
#include "folder.h"
#include "handlers.h"

#define NOW TL_SEC(1700000000)

static struct tl_loop *loop;
static struct tl_http *http;
static struct portal_handlers *handlers;
static struct client c;
static struct tl_token_key key;

static tl_time now(void)
{
    return NOW;
}

static int start(bool demo)
{
    const struct portal_settings set = {.origin = "http://127.0.0.1:18000",
                                        .sites = "",
                                        .site_key = demo ? &key : NULL,
                                        .claim_life = TL_SEC(300),
                                        .now = now};
    const struct tl_http_opts opts = {0};
    struct portal_files *files = NULL;

    make_site();
    tl_metrics_reset();
    tl_log_setup("portal", TL_ERROR);
    memset(key.bytes, 7, sizeof(key.bytes));
    if (tl_loop_new(&loop) || tl_http_new(&http, loop, &opts) || portal_files_load(&files, root) ||
        portal_handlers_new(&handlers, http, files, &set))
        return -1;
    client_open(&c, loop, tl_http_port(http));
    return 0;
}

static int setup(void **state)
{
    (void)state;
    return start(true);
}

static int setup_without_demo(void **state)
{
    (void)state;
    return start(false);
}

static int teardown(void **state)
{
    (void)state;
    client_close(&c);
    http = tl_http_free(http);
    handlers = portal_handlers_free(handlers);
    loop = tl_loop_free(loop);
    tl_metrics_reset();
    drop_site();
    return 0;
}

static void ask(const char *method, const char *path, const char *headers)
{
    char text[512];

    snprintf(text, sizeof(text), "%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n", method, path, headers);
    c.n = 0;
    client_say(&c, text);
}

static void a_page_comes_with_its_type_and_its_policy(void **state)
{
    (void)state;
    ask("GET", "/shop/product/ridge-2", "");
    assert_true(client_sees(&c, "<h1>A tent</h1>"));
    assert_true(client_sees(&c, "200 OK"));
    assert_true(client_sees(&c, "text/html; charset=utf-8"));
    assert_true(client_sees(&c, "Content-Security-Policy: default-src 'self'; script-src 'self';"));
    assert_true(client_sees(&c, "X-Content-Type-Options: nosniff"));
    assert_true(client_sees(&c, "Cache-Control: no-cache"));
}

static void a_hashed_file_is_kept_for_a_year_and_sent_packed(void **state)
{
    (void)state;
    ask("GET", "/assets/app-12.js", "Accept-Encoding: gzip, br\r\n");
    assert_true(client_sees(&c, PACKED));
    assert_true(client_sees(&c, "Content-Encoding: gzip"));
    assert_true(client_sees(&c, "immutable"));
    assert_true(client_sees(&c, "Vary: Accept-Encoding"));
    assert_true(client_sees(&c, "Access-Control-Allow-Origin: *"));
    ask("GET", "/assets/app-12.js", "");
    assert_true(client_sees(&c, "export const a = 1;"));
    assert_null(strstr(c.in, "Content-Encoding"));
}

static void what_the_browser_has_is_not_sent_again(void **state)
{
    char etag[64], header[96];
    const char *at;

    (void)state;
    ask("GET", "/", "");
    assert_true(client_sees(&c, "<h1>Start</h1>"));
    at = strstr(c.in, "ETag: ");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "ETag: %63s", etag), 1);
    snprintf(header, sizeof(header), "If-None-Match: %s\r\n", etag);
    ask("GET", "/", header);
    assert_true(client_sees(&c, "304 Not Modified"));
    client_wait(&c, TL_MSEC(50));
    assert_null(strstr(c.in, "<h1>"));
}

static void head_has_the_headers_only(void **state)
{
    (void)state;
    ask("HEAD", "/", "");
    assert_true(client_sees(&c, "200 OK"));
    assert_true(client_sees(&c, "Content-Length: 14"));
    client_wait(&c, TL_MSEC(50));
    assert_null(strstr(c.in, "<h1>"));
}

static void a_missing_page_is_said_kindly_and_with_404(void **state)
{
    (void)state;
    ask("GET", "/no/such/page", "");
    assert_true(client_sees(&c, "<h1>Nothing is here</h1>"));
    assert_true(client_sees(&c, "404 Not Found"));
    assert_true(client_sees(&c, "Cache-Control: no-store"));
    assert_true(client_sees(&c, "Content-Security-Policy"));
    ask("POST", "/", "Content-Length: 0\r\n");
    assert_true(client_sees(&c, "405"));
}

static void nothing_outside_the_folder_can_be_asked_for(void **state)
{
    static const char *const paths[] = {"/../../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
                                        "/..%2f..%2fetc/passwd",   "/.hidden",
                                        "/assets/..%5c..%5cx",     "//etc/passwd"};

    (void)state;
    for (size_t i = 0; i < TL_LEN(paths); i++) {
        client_close(&c);
        client_open(&c, loop, tl_http_port(http));
        ask("GET", paths[i], "");
        assert_true(client_sees(&c, "HTTP/1.1 4"));
        client_wait(&c, TL_MSEC(20));
        assert_null(strstr(c.in, "root:"));
        assert_null(strstr(c.in, "secret"));
    }
}

static void the_demo_shop_vouches_for_its_customer(void **state)
{
    struct tl_claims claims;
    struct tl_str token;
    char *at, *end;

    (void)state;
    ask("GET", "/v1/demo/claim?customer=demo-gold", "");
    assert_true(client_sees(&c, "\"tier\":\"gold\"}}"));
    assert_true(client_sees(&c, "Cache-Control: no-store"));
    at = strstr(c.in, "\"claim\":\"");
    assert_non_null(at);
    at += 9;
    end = strchr(at, '"');
    token = (struct tl_str){.s = at, .n = (size_t)(end - at)};
    assert_int_equal(tl_token_verify(&claims, &key, token, "identity", NOW + TL_SEC(299)), 0);
    assert_string_equal(claims.subject.s, "demo-gold");
    assert_string_equal(claims.tier, "gold");
    assert_int_equal(tl_token_verify(&claims, &key, token, "identity", NOW + TL_SEC(301)), -ETIME);
    assert_int_equal(tl_token_verify(&claims, &key, token, "visitor", NOW), -EPROTO);
}

static void nobody_else_is_vouched_for(void **state)
{
    (void)state;
    ask("GET", "/v1/demo/claim?customer=somebody", "");
    assert_true(client_sees(&c, "404 Not Found"));
    ask("GET", "/v1/demo/claim", "");
    assert_true(client_sees(&c, "404 Not Found"));
    assert_null(strstr(c.in, "claim\":"));
}

static void without_the_demo_there_is_no_claim(void **state)
{
    (void)state;
    ask("GET", "/v1/demo/claim?customer=demo-gold", "");
    assert_true(client_sees(&c, "404 Not Found"));
}

static void new_pages_are_served_after_a_reload(void **state)
{
    struct portal_files *files = NULL;

    (void)state;
    put("index.html", "<h1>New start</h1>");
    assert_int_equal(portal_files_load(&files, root), 0);
    portal_handlers_files(handlers, files);
    ask("GET", "/", "");
    assert_true(client_sees(&c, "<h1>New start</h1>"));
}

#define STORY(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_page_comes_with_its_type_and_its_policy),
        STORY(a_hashed_file_is_kept_for_a_year_and_sent_packed),
        STORY(what_the_browser_has_is_not_sent_again),
        STORY(head_has_the_headers_only),
        STORY(a_missing_page_is_said_kindly_and_with_404),
        STORY(nothing_outside_the_folder_can_be_asked_for),
        STORY(the_demo_shop_vouches_for_its_customer),
        STORY(nobody_else_is_vouched_for),
        cmocka_unit_test_setup_teardown(without_the_demo_there_is_no_claim, setup_without_demo,
                                        teardown),
        STORY(new_pages_are_served_after_a_reload),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
