/*
 * A NATS peer of one plain socket and no threads, for measuring: what it sends is written at once,
 * it does not sleep, and what comes is stamped when recv() returns it, so that hardly any of a
 * measured time is its own.  It knows as much of the protocol as a healthy server needs: PUB, SUB,
 * MSG, HMSG, PING.
 *
 * Source: https://docs.nats.io/reference/reference-protocols/nats-protocol
 */
#ifndef ACD_BENCH_PEER_H
#define ACD_BENCH_PEER_H

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <tl_clock.h>
#include <unistd.h>

struct peer_msg {
    unsigned sid;
    const char *data; /* until the next call */
    size_t n;
    bool refused; /* has headers: of the service's answers only a refusal has any */
    tl_time at;   /* when it was received */
};

struct peer {
    int fd;
    tl_time at; /* of the newest bytes */
    size_t from, to;
    char bytes[1 << 17];
};

static inline void peer_say(struct peer *p, const void *head, size_t n, const void *data, size_t m)
{
    struct iovec parts[] = {{(void *)(uintptr_t)head, n},
                            {(void *)(uintptr_t)data, m},
                            {(void *)(uintptr_t) "\r\n", m ? 2 : 0}};

    if (writev(p->fd, parts, 3) != (ssize_t)(n + m + (m ? 2 : 0)))
        exit(1); /* these few bytes always fit */
}

static inline void peer_sub(struct peer *p, const char *subject, unsigned sid)
{
    char line[200];
    int n = snprintf(line, sizeof(line), "SUB %s %u\r\n", subject, sid);

    peer_say(p, line, (size_t)n, NULL, 0);
}

static inline void peer_request(struct peer *p, const char *subject, const char *reply,
                                const void *data, size_t n)
{
    char line[200];
    int head =
        snprintf(line, sizeof(line), "PUB %s %s %zu\r\n%s", subject, reply, n, n ? "" : "\r\n");

    peer_say(p, line, (size_t)head, data, n);
}

/* Asleep, it would have to be woken, which takes a virtual machine as long as a third of the way
 * that is measured; it gives way to whoever wants the processor. */
static inline bool peer_wait(const struct peer *p, tl_time until)
{
    struct pollfd f = {.fd = p->fd, .events = POLLIN};

    while (poll(&f, 1, 0) == 0 && tl_clock_mono() < until)
        (void)sched_yield(); /* always 0 */
    return f.revents != 0;
}

/* More bytes; false: none came in time. */
static inline bool peer_read(struct peer *p, tl_time until)
{
    ssize_t n;

    if (p->from) {
        memmove(p->bytes, p->bytes + p->from, p->to - p->from);
        p->to -= p->from;
        p->from = 0;
    }
    if (!peer_wait(p, until))
        return false;
    n = recv(p->fd, p->bytes + p->to, sizeof(p->bytes) - 1 - p->to, 0);
    p->at = tl_clock_mono();
    if (n <= 0)
        exit(1);
    p->to += (size_t)n;
    p->bytes[p->to] = '\0';
    return true;
}

/* The next message; false: none came in time. */
static inline bool peer_next(struct peer *p, struct peer_msg *m, tl_dur patience)
{
    tl_time until = tl_clock_mono() + patience;

    for (;;) {
        char *line = p->bytes + p->from, *end = memchr(line, '\n', p->to - p->from), *last;
        if (!end) {
            if (!peer_read(p, until))
                return false;
            continue;
        }
        size_t head = (size_t)(end - line) + 1, n;
        if (strncmp(line, "MSG ", 4) != 0 && strncmp(line, "HMSG ", 5) != 0) {
            if (strncmp(line, "PING", 4) == 0)
                peer_say(p, "PONG\r\n", 6, NULL, 0);
            p->from += head;
            continue;
        }
        for (last = end; last[-1] != ' '; last--)
            ;
        n = strtoul(last, NULL, 10);
        if (p->to - p->from < head + n + 2) {
            if (!peer_read(p, until))
                return false;
            continue;
        }
        *m = (struct peer_msg){.data = line + head, .n = n, .refused = *line == 'H', .at = p->at};
        m->sid = (unsigned)strtoul(strchr(strchr(line, ' ') + 1, ' '), NULL, 10);
        p->from += head + n + 2;
        return true;
    }
}

static inline void peer_open(struct peer *p, int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    static const char hello[] =
        "CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true,\"name\":\"peer\"}\r\n";

    *p = (struct peer){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (connect(p->fd, (struct sockaddr *)&a, sizeof(a)) ||
        setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)))
        exit(1);
    peer_say(p, hello, sizeof(hello) - 1, NULL, 0);
}

#endif
