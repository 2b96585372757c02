/**
 * @file client.h  A raw TCP client for the edge tests: it says exactly the bytes it is told and
 * turns the loop while it waits.
 */
#ifndef TL_TEST_CLIENT_H
#define TL_TEST_CLIENT_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <tl_clock.h>
#include <tl_loop.h>
#include <unistd.h>

struct client {
    struct tl_loop *loop;
    int fd;
    bool ended; /**< the server closed */
    char in[256 * 1024];
    size_t n;
};

static inline void client_open(struct client *c, struct tl_loop *loop, uint16_t port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;

    memset(c, 0, sizeof(*c));
    c->loop = loop;
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(c->fd, (struct sockaddr *)&at, sizeof(at)), 0);
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static inline void client_close(struct client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static inline void client_turn(struct client *c)
{
    ssize_t got;

    tl_loop_turn(c->loop);
    got = recv(c->fd, c->in + c->n, sizeof(c->in) - 1 - c->n, MSG_DONTWAIT);
    if (got > 0)
        c->n += (size_t)got;
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        c->ended = true;
    if (got <= 0)
        usleep(200);
    c->in[c->n] = '\0';
}

static inline void client_send(struct client *c, const void *p, size_t n)
{
    const char *at = p;

    while (n) {
        ssize_t put = send(c->fd, at, n, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (put < 0 && errno != EAGAIN)
            return; /* the server has closed: the test looks at what came back */
        if (put > 0) {
            at += put;
            n -= (size_t)put;
        }
        client_turn(c);
    }
}

static inline void client_say(struct client *c, const char *text)
{
    client_send(c, text, strlen(text));
}

/** Turns the loop for a while, at most until the server closes. */
static inline void client_wait(struct client *c, tl_dur most)
{
    tl_time end = tl_clock_mono() + most;

    while (!c->ended && tl_clock_mono() < end)
        client_turn(c);
}

/** Until text was received; false after 3 s or at the end of the connection. */
static inline bool client_sees(struct client *c, const char *text)
{
    tl_time end = tl_clock_mono() + TL_SEC(3);

    while (!memmem(c->in, c->n, text, strlen(text)) && !c->ended && tl_clock_mono() < end)
        client_turn(c);
    return memmem(c->in, c->n, text, strlen(text)) != NULL;
}

static inline bool client_ends(struct client *c)
{
    client_wait(c, TL_SEC(3));
    return c->ended;
}

#endif
