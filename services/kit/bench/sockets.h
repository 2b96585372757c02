/*
 * Clients of a service on plain sockets, blocking, as cheap as they can be: the bench's CPU must
 * not drown the service's on a small machine.
 */
#ifndef KIT_BENCH_SOCKETS_H
#define KIT_BENCH_SOCKETS_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <tl_ws_frame.h>
#include <unistd.h>

#define FRAME_HEAD 14

static inline void die(const char *what)
{
    perror(what);
    exit(1);
}

static inline int dial(uint16_t port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)))
        die("connect");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

static inline void say(int fd, const char *text, size_t n)
{
    if (send(fd, text, n, MSG_NOSIGNAL) != (ssize_t)n)
        die("send");
}

/* Until the buffer holds end, at the end of what has come. */
static inline size_t hear_until(int fd, char *buf, size_t size, const char *end)
{
    size_t n = 0, m = strlen(end);

    do {
        ssize_t got = recv(fd, buf + n, size - 1 - n, 0);
        if (got <= 0)
            die("recv");
        n += (size_t)got;
    } while (n < m || memcmp(buf + n - m, end, m) != 0);
    buf[n] = '\0';
    return n;
}

/* One frame's text; from the server: not masked. */
static inline size_t hear_frame(int fd, char *buf, size_t size)
{
    struct tl_ws_head h = {0};
    size_t n = 0;

    do {
        ssize_t got = recv(fd, buf + n, n < 2 ? 2 - n : 1, MSG_WAITALL);
        if (got <= 0)
            die("frame");
        n += (size_t)got;
    } while (tl_ws_head_parse(&h, (const uint8_t *)buf, n) == 0);
    if (h.length >= size || recv(fd, buf, h.length, MSG_WAITALL) != (ssize_t)h.length)
        die("frame too long");
    buf[h.length] = '\0';
    if (h.op == TL_WS_PING)
        return hear_frame(fd, buf, size); /* the bench is over before it matters */
    return h.length;
}

/* As a client sends it, masked; out has room for the text and FRAME_HEAD.  Returns its size. */
static inline size_t frame_write(uint8_t *out, enum tl_ws_op op, const char *text)
{
    const uint8_t mask[4] = {1, 2, 3, 4};
    size_t n = strlen(text), head = tl_ws_head_write(out, op, true, n, mask);

    memcpy(out + head, text, n);
    tl_ws_mask(out + head, n, mask, 0);
    return head + n;
}

static inline void say_frame(int fd, const char *text)
{
    uint8_t out[512];
    size_t n = frame_write(out, TL_WS_TEXT, text);

    say(fd, (char *)out, n);
}

/* Not dead, only quiet: the gateway ends who is not heard for 45 s. */
static inline void say_alive(int fd)
{
    uint8_t out[512];
    size_t n = frame_write(out, TL_WS_PONG, "");

    say(fd, (char *)out, n);
}

#endif
