/*
 * The floor: epoll, one recv, unmask, one send.  Either back to the same socket (echo), or to the
 * socket that was accepted before or after it (relay).
 */
#ifndef KIT_BENCH_BARE_H
#define KIT_BENCH_BARE_H

#include <sys/epoll.h>

#include "process.h"

#define BARE_MOST (256 * 1024)

static inline int bare_listen(uint16_t *ret_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t at_n = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(fd, (struct sockaddr *)&at, at_n) || listen(fd, 1024) ||
        getsockname(fd, (struct sockaddr *)&at, &at_n))
        _exit(1);
    *ret_port = ntohs(at.sin_port);
    return fd;
}

static inline int bare_accept(int listener, int ep)
{
    struct epoll_event ev = {.events = EPOLLIN};
    int one = 1, fd = accept(listener, NULL, NULL);

    ev.data.fd = fd;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) ||
        epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev))
        _exit(1);
    return fd;
}

/* A frame of 126 bytes and more; the first n are in. */
static inline void bare_pass_long(int from, int to, uint8_t *in, size_t n)
{
    struct tl_ws_head h;
    size_t head;

    if (tl_ws_head_parse(&h, in, n) != 1 || h.head_size + h.length > BARE_MOST)
        _exit(1);
    if (n < h.head_size + h.length &&
        recv(from, in + n, h.head_size + h.length - n, MSG_WAITALL) <= 0)
        _exit(1);
    tl_ws_mask(in + h.head_size, h.length, h.mask, 0);
    head = h.head_size - 4; /* without the mask */
    memmove(in + 4, in, head);
    in[5] &= 0x7f;
    if (send(to, in + 4, head + h.length, MSG_NOSIGNAL) < 0)
        close(to);
}

static inline void bare_pass(int from, int to)
{
    static uint8_t in[BARE_MOST];
    ssize_t n = recv(from, in, 4096, MSG_DONTWAIT);

    if (n < 6) {
        close(from);
        return;
    }
    if ((in[1] & 0x7f) >= 126) {
        bare_pass_long(from, to, in, (size_t)n);
        return;
    }
    tl_ws_mask(in + 6, (size_t)n - 6, in + 2, 0); /* shorter than 126 bytes */
    in[4] = in[0];
    in[5] = in[1] & 0x7f;
    if (send(to, in + 4, (size_t)n - 4, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        close(to);
}

static inline void bare_serve(int tell, bool relay)
{
    static int other[65536];
    uint16_t port;
    int listener = bare_listen(&port), ep = epoll_create1(0), last = -1;
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = listener}, got[1024];

    if (epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev))
        _exit(1);
    process_tell(tell, port);
    for (;;) {
        for (int i = 0, n = epoll_wait(ep, got, 1024, -1); i < n; i++) {
            int fd = got[i].data.fd, fresh;

            if (fd != listener) {
                bare_pass(fd, relay ? other[fd] : fd);
                continue;
            }
            fresh = bare_accept(listener, ep);
            if (last >= 0) {
                other[fresh] = last;
                other[last] = fresh;
            }
            last = last >= 0 ? -1 : fresh;
        }
    }
}

static inline void serve_bare_echo(int tell)
{
    bare_serve(tell, false);
}

static inline void serve_bare_relay(int tell)
{
    bare_serve(tell, true);
}

#endif
