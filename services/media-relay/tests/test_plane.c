/**
 * @file test_plane.c  The plane's protocol, and real packets through its ports on the loopback.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plane/plane.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <tl_clock.h>
#include <tl_mem.h>
#include <unistd.h>

static struct plane plane;
static struct tl_buf answer;
static uint16_t first; /* of eight ports that are this process's own: tests run side by side */

/* before, the n-th port, after. */
static const char *with_port(const char *before, int n, const char *after)
{
    static char text[200];

    snprintf(text, sizeof text, "%s%d%s", before, first + n, after);
    return text;
}

static int set_up(void **state)
{
    (void)state;
    answer = TL_BUF(PLANE_MESSAGE);
    first = (uint16_t)(29200 + getpid() % 200 * 16); /* below the ports that clients get */
    return plane_init(&plane, first, (uint16_t)(first + 7));
}

static int tear_down(void **state)
{
    (void)state;
    plane_done(&plane);
    tl_buf_done(&answer);
    return 0;
}

static const char *ask(const char *text)
{
    plane_command(&plane, tl_str(text), tl_clock_mono(), &answer);
    return answer.p;
}

static int ask_port(const char *text)
{
    int port = 0;

    assert_int_equal(sscanf(ask(text), "%*s ok %d", &port), 1);
    return port;
}

static int far_end(uint16_t *ret_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 1};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    *ret_port = ntohs(at.sin_port);
    return fd;
}

static void send_rtp(int fd, int to, uint8_t pt, const char *text)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)to),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    uint8_t data[200];

    rtp_write(data, &(struct rtp_header){.pt = pt, .seq = 1, .ts = 960, .ssrc = 7});
    memcpy(data + RTP_HEADER, text, strlen(text));
    assert_true(sendto(fd, data, RTP_HEADER + strlen(text), 0, (struct sockaddr *)&at, sizeof at) >
                0);
}

static void two_far_ends_talk_through_the_plane(void **state)
{
    uint16_t port_a, port_b;
    int a = far_end(&port_a), b = far_end(&port_b), stranger = far_end(&(uint16_t){0});
    int at_a = ask_port("1 open a"), at_b = ask_port("2 open b");
    char text[100];
    uint8_t data[RTP_MAX];
    struct rtp_packet p;

    (void)state;
    snprintf(text, sizeof text, "3 peer a %d 111 0 126 110 1", port_a);
    assert_string_equal(ask(text), with_port("3 ok ", 0, ""));
    snprintf(text, sizeof text, "4 peer b %d 96 0 126 255 0", port_b);
    assert_string_equal(ask(text), with_port("4 ok ", 2, ""));
    assert_string_equal(ask("5 hear b leg:a"), "5 ok");
    send_rtp(stranger, at_a, 111, "let me in");
    send_rtp(a, at_a, 111, "hello");
    plane_port_read(&plane, 0, tl_clock_mono());
    assert_int_equal(recv(b, data, sizeof data, 0), RTP_HEADER + 5);
    assert_int_equal(rtp_parse(&p, data, RTP_HEADER + 5), RTP_FINE);
    assert_int_equal(p.pt, 96);
    assert_memory_equal(p.payload, "hello", 5);
    assert_int_equal(plane.table.legs[0].in.packets, 1); /* the kernel kept the stranger out */
    assert_true(at_b > at_a);
    close(a);
    close(b);
    close(stranger);
}

static void a_new_control_finds_everything(void **state)
{
    (void)state;
    ask("1 note janus=77");
    ask("2 open agent:a1");
    ask("3 open contact:c1");
    ask("4 label agent:a1 leg=L1 handle=5");
    ask("5 hear agent:a1 leg:contact:c1");
    assert_non_null(strstr(ask("6 hello 1"), " janus=77"));
    assert_string_equal(ask("7 list 0"),
                        with_port("7 leg 0 agent:a1 ", 0, " 0 leg:contact:c1 leg=L1 handle=5"));
    assert_string_equal(ask("8 list 1"), with_port("8 leg 1 contact:c1 ", 2, " 0 silence "));
    assert_string_equal(ask("9 list 2"), "9 ok");
    assert_string_equal(ask("10 stats"),
                        "10 ok\nagent:a1 0 0 0 -1 0 -1 0 0 0\ncontact:c1 0 0 0 -1 0 -1 0 0 0");
    assert_string_equal(ask("11 faults"), "11 ok 0 0 0 0 0 0");
}

/* However many legs there are, each one's numbers arrive. */
static void stats_come_in_pages(void **state)
{
    static struct plane big;
    static const uint32_t random[3] = {1, 2, 3};
    char text[120];
    int legs = 0, pages = 0, from = 0;

    (void)state;
    assert_int_equal(plane_init(&big, 20000, 23999), 0);
    for (int i = 0; i < 2000; i++) {
        snprintf(text, sizeof text, "contact:01M80EK74EDD805EPV28WG%04d", i);
        assert_true(table_open(&big.table, text, random) >= 0);
    }
    while (from >= 0) {
        struct tl_str rest, line;

        snprintf(text, sizeof text, "1 stats %d", from);
        plane_command(&big, tl_str(text), tl_clock_mono(), &answer);
        rest = tl_buf_str(&answer);
        from = -1;
        pages++;
        while (tl_str_split(&rest, '\n', &line)) {
            legs += tl_str_starts(line, TL_STR("contact:"));
            if (tl_str_starts(line, TL_STR("more ")))
                from = atoi(line.s + 5);
        }
    }
    assert_int_equal(legs, 2000);
    assert_in_range(pages, 2, 4);
    plane_done(&big);
}

static void ports_are_given_back(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        char text[32];

        snprintf(text, sizeof text, "%d open leg%d", i, i);
        assert_int_equal(ask_port(text), first + 2 * i);
    }
    assert_string_equal(ask("5 open leg5"), "5 err 28 no port is free");
    assert_string_equal(ask("6 close leg2"), "6 ok");
    assert_int_equal(ask_port("7 open leg5"), first + 4);
}

/* A port that another program holds is passed over. */
static void a_taken_port_is_passed_over(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)(first + 1)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(ask_port("1 open a"), first + 2);
    close(fd);
}

/* On hold, a name that is not there must not leave the other party on the line. */
static void an_unknown_sound_is_never_the_old_route(void **state)
{
    struct ogg_sound sound = {
        .store = tl_alloc(3, 1), .frames = tl_alloc(1, sizeof *sound.frames), .n = 1};

    (void)state;
    sound.frames[0] = (struct ogg_frame){0, 3};
    ask("1 open a");
    ask("2 open b");
    ask("3 hear a leg:b");
    assert_string_equal(ask("4 hear a sound:moh"), "4 err 2 no such sound");
    assert_string_equal(ask("4 hear nix sound:moh"), "4 err 3 no such leg");
    assert_int_equal(plane.table.legs[0].hear.kind, HEAR_SILENCE);
    assert_int_equal(table_add_sound(&plane.table, "music", &sound), 0);
    ask("5 hear a leg:b");
    assert_non_null(strstr(ask("6 hear a sound:moh"), "err"));
    assert_int_equal(plane.table.legs[0].hear.kind, HEAR_SOUND);
    assert_non_null(strstr(ask("7 play a nix music"), "err"));
    assert_int_equal(plane.table.legs[0].playlist_n, 1);
}

static void nonsense_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "1",
        "1 dance",
        "1 hello 2",
        "1 peer a 5 1",
        "1 hear a",
        "1 hear a x",
        "1 hear a leg:",
        "1 hear a sound:nix",
        "1 play a nix",
        "1 close b",
        "1 label b",
        "1 list x",
        "1 peer a 0 1 2 3 4",
        "1 peer a 99999 1 2 3 4 5",
        "1 open ",
        "1 unpeer ",
    };
    char key[200];

    (void)state;
    ask("1 open a");
    for (size_t i = 0; i < TL_LEN(bad); i++)
        if (!strstr(ask(bad[i]), " err "))
            fail_msg("%s: %s", bad[i], answer.p);
    snprintf(key, sizeof key, "1 open %0150d", 1);
    assert_non_null(strstr(ask(key), " err "));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(two_far_ends_talk_through_the_plane),
        TEST(a_new_control_finds_everything),
        TEST(stats_come_in_pages),
        TEST(ports_are_given_back),
        TEST(a_taken_port_is_passed_over),
        TEST(an_unknown_sound_is_never_the_old_route),
        TEST(nonsense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
