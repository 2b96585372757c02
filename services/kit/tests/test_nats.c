/*
 * The connection to NATS against a server that misbehaves on purpose: it is this test, with a
 * socket, and says what a story needs.
 */
#include "server.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <tl_buf.h>
#include <tl_bus.h>
#include <tl_log.h>
#include <tl_mem.h>

#include <cmocka.h>

static struct tl_loop *loop;
static struct tl_bus *bus;
static int listener, conn;
static char url[128];
static struct tl_buf heard; /* what the client has said */

/* ---- the server ------------------------------------------------------------------------------ */

static int start_server(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);

    TL_UNUSED(state);
    tl_log_setup("test", TL_ERROR);
    heard = TL_BUF(64 << 20);
    conn = -1;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(listener, (struct sockaddr *)&at, n) || listen(listener, 8) ||
        getsockname(listener, (struct sockaddr *)&at, &n))
        return -1;
    snprintf(url, sizeof(url), "nats://127.0.0.1:%d", ntohs(at.sin_port));
    return tl_loop_new(&loop);
}

static int stop_server(void **state)
{
    TL_UNUSED(state);
    bus = tl_bus_close(bus);
    loop = tl_loop_free(loop);
    tl_buf_done(&heard);
    close(conn);
    close(listener);
    return 0;
}

static void say(const char *text, size_t n)
{
    assert_int_equal(send(conn, text, n, MSG_NOSIGNAL), n);
}

static void say_text(const char *text)
{
    say(text, strlen(text));
}

static void hear(void)
{
    static char some[65536];
    ssize_t n;

    while ((n = recv(conn, some, sizeof(some), MSG_DONTWAIT)) > 0)
        assert_int_equal(tl_buf_add(&heard, some, (size_t)n), 0);
}

/* Turn the loop until the client has said this. */
static bool hear_until(const char *text)
{
    for (int i = 0; i < 5000; i++) {
        hear();
        if (heard.n && memmem(heard.p, heard.n, text, strlen(text)))
            return true;
        turn_for(loop, TL_MSEC(1));
    }
    return false;
}

static bool take_client(tl_dur limit)
{
    tl_time end = tl_clock_mono() + limit;

    close(conn);
    conn = -1;
    tl_buf_clear(&heard);
    while (conn < 0 && tl_clock_mono() < end) {
        turn_for(loop, TL_MSEC(1));
        conn = accept(listener, NULL, NULL);
    }
    return conn >= 0;
}

static void open_bus(const char *to)
{
    const struct tl_bus_opts opts = {.url = to, .name = "test", .user = "u", .password = "p"};

    assert_int_equal(tl_bus_open(&bus, loop, &opts), 0);
}

static void welcome(void)
{
    assert_true(take_client(TL_SEC(5)));
    say_text("INFO {\"server_id\":\"x\",\"max_payload\":1048576}\r\n");
    assert_true(hear_until("PING\r\n"));
    assert_non_null(strstr(heard.p, "CONNECT {"));
    assert_non_null(strstr(heard.p, "\"user\":\"u\",\"pass\":\"p\""));
    assert_false(tl_bus_ready(bus));
    tl_buf_clear(&heard);
    say_text("PONG\r\n");
    for (int i = 0; i < 1000 && !tl_bus_ready(bus); i++)
        turn_for(loop, TL_MSEC(1));
    assert_true(tl_bus_ready(bus));
}

/* ---- stories ---- */

struct got {
    int n;
    size_t size;
    char text[64];
    struct tl_sub **end; /* freed inside the callback */
    bool close;          /* the bus, too */
};

static void take(void *arg, const struct tl_msg *m)
{
    struct got *g = arg;

    g->n++;
    g->size = m->n;
    snprintf(g->text, sizeof(g->text), "%s", (const char *)m->data);
    if (g->end)
        *g->end = tl_sub_free(*g->end);
    if (g->close)
        bus = tl_bus_close(bus);
}

static void a_message_in_pieces_arrives_whole(void **state)
{
    static const char bytes[] = "MSG a 1 2\r\nhi\r\nHMSG a 1 i.1 23 26\r\n"
                                "NATS/1.0\r\nX-Ray: on\r\n\r\nyou\r\nPING\r\n";
    struct got g = {0};

    TL_UNUSED(state);
    open_bus(url);
    assert_int_equal(tl_bus_subscribe(NULL, bus, "a", NULL, take, &g), 0); /* before it connects */
    welcome();
    assert_true(hear_until("SUB a  1\r\n"));
    for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
        say(&bytes[i], 1);
        turn_for(loop, TL_USEC(500));
    }
    assert_true(hear_until("PONG\r\n"));
    assert_int_equal(g.n, 2);
    assert_string_equal(g.text, "you");
}

static void a_turn_of_the_loop_is_written_at_once(void **state)
{
    static char some[8192];

    TL_UNUSED(state);
    open_bus(url);
    welcome();
    for (int i = 0; i < 100; i++)
        assert_int_equal(tl_bus_publish(bus, "a", "hello", 5), 0);
    assert_int_equal(recv(conn, some, sizeof(some), MSG_DONTWAIT), -1); /* it waits for the turn */
    turn_for(loop, TL_MSEC(1));
    usleep(1000);
    assert_int_equal(recv(conn, some, sizeof(some), MSG_DONTWAIT), 100 * 16);
}

static void what_is_in_a_hurry_does_not_wait_for_the_end_of_the_turn(void **state)
{
    char some[64];

    TL_UNUSED(state);
    open_bus(url);
    welcome();
    assert_int_equal(tl_bus_publish(bus, "a", "hello", 5), 0);
    tl_bus_hurry(bus);
    usleep(1000);
    assert_int_equal(recv(conn, some, sizeof(some), MSG_DONTWAIT), 16);
    tl_bus_hurry(bus); /* with nothing to say */
    turn_for(loop, TL_MSEC(1));
    usleep(1000);
    assert_int_equal(recv(conn, some, sizeof(some), MSG_DONTWAIT), -1);
}

static void on_stored(void *arg, int err)
{
    *(int *)arg = err;
}

/* libnats does not say whom "no responders" is for: each store ends but those whose answer came. */
static void nobody_to_store_it_ends_every_store_at_once(void **state)
{
    int ends[3] = {1, 1, 1};
    char text[400], *inbox;
    tl_time from;

    TL_UNUSED(state);
    open_bus(url);
    welcome();
    for (int i = 0; i < 3; i++)
        assert_int_equal(tl_bus_store(bus, "t", "id", NULL, 0, "x", 1, on_stored, &ends[i]), 0);
    assert_true(hear_until("SUB _INBOX.test."));
    inbox = strstr(heard.p, "SUB ") + 4;
    snprintf(text, sizeof(text),
             "HMSG %.*s.s.2 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"
             "MSG %.*s.s.1 1 22\r\n{\"stream\":\"E\",\"seq\":1}\r\n",
             (int)strcspn(inbox, "*") - 3, inbox, (int)strcspn(inbox, "*") - 3, inbox);
    from = tl_clock_mono();
    say_text(text);
    while (ends[2] == 1 && tl_clock_mono() - from < TL_SEC(5))
        turn_for(loop, TL_MSEC(1));
    assert_true(tl_clock_mono() - from < TL_SEC(1)); /* the time-out is 2 s */
    assert_int_equal(ends[0], 0);
    assert_int_equal(ends[1], -EAGAIN);
    assert_int_equal(ends[2], -EAGAIN);
}

static void a_large_message_passes_and_too_large_a_one_is_dropped(void **state)
{
    static char body[900000];
    char head[64];
    struct got g = {0};
    size_t sent = 0, n;

    TL_UNUSED(state);
    open_bus(url);
    assert_int_equal(tl_bus_subscribe(NULL, bus, "a", NULL, take, &g), 0);
    welcome();
    (void)fcntl(conn, F_SETFL, O_NONBLOCK);
    memset(body, 'x', sizeof(body));
    for (size_t k = 0; k < 2; k++) {
        n = k ? 256 * 1024 : sizeof(body); /* the first is more than the bus takes by default */
        snprintf(head, sizeof(head), "MSG a 1 %zu\r\n", n);
        say_text(head);
        for (sent = 0; sent < n;) {
            ssize_t now = send(conn, body + sent, n - sent, MSG_NOSIGNAL);

            sent += now > 0 ? (size_t)now : 0;
            turn_for(loop, TL_USEC(100));
        }
        say_text("\r\n");
    }
    say_text("MSG a 1 5\r\nsmall\r\nPING\r\n");
    assert_true(hear_until("PONG\r\n"));
    assert_int_equal(g.n, 2);
    assert_string_equal(g.text, "small");
}

static void a_freed_subscription_hears_no_more_nor_does_its_successor(void **state)
{
    struct got first = {0}, second = {0};
    struct tl_sub *s = NULL;

    TL_UNUSED(state);
    open_bus(url);
    assert_int_equal(tl_bus_subscribe(&s, bus, "a", NULL, take, &first), 0);
    welcome();
    first.end = &s; /* inside its own callback, with more of it already here */
    say_text("MSG a 1 1\r\n1\r\nMSG a 1 1\r\n2\r\n");
    assert_true(hear_until("UNSUB 1"));
    assert_int_equal(tl_bus_subscribe(&s, bus, "b", "g", take, &second), 0);
    assert_true(hear_until("SUB b g 2\r\n"));
    say_text("MSG a 1 1\r\n3\r\nMSG b 2 2\r\nb1\r\nMSG c 99 1\r\nx\r\nPING\r\n");
    assert_true(hear_until("PONG\r\n"));
    assert_int_equal(first.n, 1);
    assert_int_equal(second.n, 1);
    assert_string_equal(second.text, "b1");
}

static void a_callback_may_close_the_bus(void **state)
{
    struct got g = {.close = true};

    TL_UNUSED(state);
    open_bus(url);
    assert_int_equal(tl_bus_subscribe(NULL, bus, "a", NULL, take, &g), 0);
    welcome();
    say_text("MSG a 1 1\r\n1\r\nMSG a 1 1\r\n2\r\n");
    assert_true(turn_until(loop, &g.n));
    assert_int_equal(g.n, 1);
    assert_null(bus);
    turn_for(loop, TL_MSEC(5));
}

static void close_it(void *arg)
{
    ++*(int *)arg;
    bus = tl_bus_close(bus);
}

static void not_called(void *arg)
{
    TL_UNUSED(arg);
    fail();
}

static void who_hears_of_the_connection_may_close_the_bus(void **state)
{
    int n = 0;

    TL_UNUSED(state);
    open_bus(url);
    tl_bus_on_connect(bus, close_it, &n);
    tl_bus_on_connect(bus, not_called, NULL);
    assert_true(take_client(TL_SEC(5)));
    say_text("INFO {}\r\n");
    assert_true(hear_until("PING\r\n"));
    say_text("PONG\r\n");
    assert_true(turn_until(loop, &n));
    assert_int_equal(n, 1);
}

static void a_server_that_does_not_read_is_not_fed_without_end(void **state)
{
    static char body[64 * 1024];
    int sent = 0;

    TL_UNUSED(state);
    open_bus(url);
    welcome();
    while (sent < 2000 && tl_bus_publish(bus, "a", body, sizeof(body)) == 0)
        sent++;
    assert_in_range(sent, 200, 1000); /* 16 MiB and what the kernel holds */
    assert_int_equal(tl_bus_publish(bus, "a", body, sizeof(body)), -EAGAIN);
    /* When it reads again, everything is there and nothing is cut. */
    for (int i = 0; i < 3000 && heard.n < (size_t)sent * (sizeof(body) + 15); i++) {
        hear();
        say_text("PONG\r\n"); /* alive */
        turn_for(loop, TL_USEC(300));
    }
    for (size_t at = 0, i = 0; i < (size_t)sent; i++, at += sizeof(body) + 15) {
        assert_true(at + 13 <= heard.n);
        if (memcmp(heard.p + at, "PING\r\n", 6) == 0)
            at += 6;
        assert_memory_equal(heard.p + at, "PUB a 65536\r\n", 13);
    }
    assert_int_equal(tl_bus_publish(bus, "a", body, sizeof(body)), 0);
}

static void a_silent_cut_is_noticed_in_three_seconds(void **state)
{
    tl_time from;

    TL_UNUSED(state);
    open_bus(url);
    welcome();
    from = tl_clock_mono();
    while (tl_bus_ready(bus) && tl_clock_mono() - from < TL_SEC(5))
        turn_for(loop, TL_MSEC(10));
    assert_in_range(tl_clock_mono() - from, TL_SEC(2), TL_MSEC(4500));
    assert_int_equal(tl_bus_publish(bus, "a", "", 0), -EAGAIN);
    welcome(); /* it comes again by itself */
}

static void a_server_that_says_nothing_or_nonsense_is_tried_again(void **state)
{
    tl_time from;
    int mute;

    TL_UNUSED(state);
    open_bus(url);
    assert_true(take_client(TL_SEC(1))); /* accepted, and then nothing: 2 s of patience */
    mute = conn;
    conn = -1;
    from = tl_clock_mono();
    assert_true(take_client(TL_SEC(5)));
    close(mute);
    assert_in_range(tl_clock_mono() - from, TL_MSEC(1500), TL_MSEC(4500));
    say_text("HTTP/1.1 400 Bad Request\r\n\r\n");
    assert_true(take_client(TL_SEC(2)));
    say_text("INFO {\"tls_required\":true}\r\n"); /* never the password in clear text then */
    assert_true(take_client(TL_SEC(2)));
    say_text("INFO {}\r\n");
    assert_true(hear_until("PING\r\n"));
    say_text("-ERR 'Authorization Violation'\r\n");
    welcome();
    say_text("MSG a one 1\r\n1\r\n"); /* nonsense later, too */
    welcome();
}

static void the_next_server_is_tried_and_names_are_found(void **state)
{
    char list[300];

    TL_UNUSED(state);
    snprintf(list, sizeof(list), "nats://127.0.0.1:1, localhost:%s", strrchr(url, ':') + 1);
    open_bus(list);
    /* localhost may be ::1 first, where nobody listens; then the next attempts find the other. */
    welcome();
}

/* Whatever allocation fails while it opens, subscribes and asks: an error or nothing, and no leak.
 */
static void no_memory_is_an_error_and_not_the_end(void **state)
{
    TL_UNUSED(state);
    for (int64_t n = 0; n < 40; n++) {
        const struct tl_bus_opts opts = {.url = url, .name = "test", .user = "u", .password = "p"};
        struct tl_sub *s = NULL;

        (void)tl_mem_fail_after(n);
        if (tl_bus_open(&bus, loop, &opts) == 0) {
            (void)tl_bus_subscribe(&s, bus, "a", "q", take, NULL);
            tl_sub_free(s);
            for (int k = 0; k < 20; k++)
                (void)tl_loop_turn(loop);
            bus = tl_bus_close(bus);
        }
        (void)tl_mem_fail_after(-1);
        turn_for(loop, TL_USEC(300));
        close(accept(listener, NULL, NULL));
    }
}

#define STORY(fn) cmocka_unit_test_setup_teardown(fn, start_server, stop_server)

static void flag_up(void *arg)
{
    *(int *)arg = 1;
}

static void what_is_on_its_way_when_a_drain_begins_still_arrives(void **state)
{
    struct got g = {0};
    int done = 0;

    TL_UNUSED(state);
    open_bus(url);
    assert_int_equal(tl_bus_subscribe(NULL, bus, "a", NULL, take, &g), 0);
    welcome();
    assert_true(hear_until("SUB a  1\r\n"));
    tl_bus_drain(bus, flag_up, &done);
    assert_true(hear_until("UNSUB 1"));
    say_text("MSG a 1 4\r\nlast\r\n");
    assert_true(hear_until("PING\r\n"));
    assert_int_equal(done, 0);
    for (int i = 0; i < 100 && !done; i++) {
        say_text("PONG\r\n");
        turn_for(loop, TL_MSEC(10));
    }
    assert_int_equal(done, 1);
    assert_int_equal(g.n, 1);
    assert_string_equal(g.text, "last");
}

static void a_refused_password_is_tried_again_for_ever(void **state)
{
    struct got g = {0};

    TL_UNUSED(state);
    open_bus(url);
    assert_int_equal(tl_bus_subscribe(NULL, bus, "a", NULL, take, &g), 0);
    for (int i = 0; i < 5; i++) {
        assert_true(take_client(TL_SEC(5)));
        say_text("INFO {}\r\n");
        assert_true(hear_until("PING\r\n"));
        say_text("-ERR 'Authorization Violation'\r\n");
    }
    welcome();
    assert_true(hear_until("SUB a  1\r\n"));
    say_text("MSG a 1 2\r\nhi\r\n");
    assert_true(turn_until(loop, &g.n));
}

static void a_url_that_is_none_is_refused(void **state)
{
    static const char *const wrong[] = {
        "", ",", "nats://a:4222,,nats://b:4222", "tls://a:4222", "nats://", "a:0", "a:b", "a:1:2"};

    TL_UNUSED(state);
    for (size_t i = 0; i < TL_LEN(wrong); i++)
        assert_int_equal(
            tl_bus_open(&bus, loop, &(struct tl_bus_opts){.url = wrong[i], .name = "x"}), -EINVAL);
    assert_null(bus);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_message_in_pieces_arrives_whole),
        STORY(a_turn_of_the_loop_is_written_at_once),
        STORY(what_is_in_a_hurry_does_not_wait_for_the_end_of_the_turn),
        STORY(nobody_to_store_it_ends_every_store_at_once),
        STORY(a_large_message_passes_and_too_large_a_one_is_dropped),
        STORY(a_freed_subscription_hears_no_more_nor_does_its_successor),
        STORY(a_callback_may_close_the_bus),
        STORY(who_hears_of_the_connection_may_close_the_bus),
        STORY(a_server_that_does_not_read_is_not_fed_without_end),
        STORY(a_silent_cut_is_noticed_in_three_seconds),
        STORY(a_server_that_says_nothing_or_nonsense_is_tried_again),
        STORY(the_next_server_is_tried_and_names_are_found),
        STORY(what_is_on_its_way_when_a_drain_begins_still_arrives),
        STORY(a_refused_password_is_tried_again_for_ever),
        STORY(a_url_that_is_none_is_refused),
        STORY(no_memory_is_an_error_and_not_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
