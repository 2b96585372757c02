/* Our own WebSocket client against our own server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <cmocka.h>

#include "ws_server.h"

static struct {
    struct tl_ws *ws;
    bool opened;
    int closed;
    char heard[64];
} mine;

static void mine_open(struct tl_ws *ws)
{
    mine.opened = true;
    assert_ptr_equal(tl_ws_arg(ws), &mine);
    assert_int_equal(tl_ws_send(ws, TL_STR("from the client"), false), 0);
}

static void mine_message(struct tl_ws *ws, struct tl_str m, bool binary)
{
    (void)ws;
    assert_false(binary);
    (void)tl_str_put(mine.heard, sizeof(mine.heard), m);
}

static void mine_close(struct tl_ws *ws, int code)
{
    (void)ws;
    mine.closed = code;
    mine.ws = NULL;
}

static const struct tl_ws_ops mine_ops = {.on_message = mine_message, .on_close = mine_close};

static void connect_mine(const char *path, const char *protocol)
{
    char url[64];

    memset(&mine, 0, sizeof(mine));
    (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%u%s", tl_http_port(http), path);
    assert_int_equal(tl_ws_connect(&mine.ws, loop, url, protocol, &mine_ops, mine_open, &mine), 0);
    assert_false(mine.opened);
}

static void turn_until(const bool *flag, const int *number)
{
    for (int i = 0; i < 15000 && !(flag && *flag) && !(number && *number); i++)
        client_turn(&c);
}

static void client_and_server_talk_and_part(void **state)
{
    bool heard = false;

    (void)state;
    connect_mine("/echo", "threadline.v1");
    turn_until(&mine.opened, &mine.closed);
    assert_true(mine.opened);
    for (int i = 0; i < 5000 && !heard; i++) {
        client_turn(&c);
        heard = mine.heard[0];
    }
    assert_string_equal(mine.heard, "from the client");
    tl_ws_close(mine.ws, TL_WS_NORMAL, "done");
    turn_until(NULL, &mine.closed);
    assert_int_equal(mine.closed, TL_WS_NORMAL);
    assert_int_equal(closed_with, TL_WS_NORMAL);

    connect_mine("/echo", "threadline.v1");
    turn_until(&mine.opened, NULL);
    tl_ws_close(last, TL_WS_GOING_AWAY, "bye");
    turn_until(NULL, &mine.closed);
    assert_int_equal(mine.closed, TL_WS_GOING_AWAY);
}

static void a_client_learns_that_it_cannot_connect(void **state)
{
    (void)state;
    connect_mine("/nowhere", NULL);
    turn_until(NULL, &mine.closed);
    assert_int_equal(mine.closed, TL_WS_ABNORMAL);

    connect_mine("/echo", "not.known.there");
    turn_until(NULL, &mine.closed);
    assert_int_equal(mine.closed, TL_WS_ABNORMAL);
    assert_false(mine.opened);

    memset(&mine, 0, sizeof(mine));
    assert_int_equal(
        tl_ws_connect(&mine.ws, loop, "ws://127.0.0.1:1/", NULL, &mine_ops, mine_open, &mine), 0);
    turn_until(NULL, &mine.closed);
    assert_int_equal(mine.closed, TL_WS_ABNORMAL);
    assert_int_equal(tl_ws_connect(&mine.ws, loop, "http://x/", NULL, &mine_ops, NULL, NULL),
                     -EINVAL);
}

static void a_client_may_give_up(void **state)
{
    (void)state;
    connect_mine("/echo", NULL);
    tl_ws_abort(mine.ws);
    connect_mine("/echo", NULL);
    turn_until(&mine.opened, NULL);
    tl_ws_abort(mine.ws);
    turn_until(NULL, &closed_with);
    assert_int_equal(mine.closed, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(client_and_server_talk_and_part),
        T(a_client_learns_that_it_cannot_connect),
        T(a_client_may_give_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
