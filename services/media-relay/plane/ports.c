/**
 * @file ports.c  Pairs of UDP sockets on the loopback.  Each is connected to the one Janus port it
 * talks with, so the kernel drops what comes from anywhere else.
 */
#include "plane/plane.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BURST = 32 }; /* packets of one leg before the others get their turn */

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int bound_socket(uint16_t port)
{
    struct sockaddr_in at = loopback(port);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0) {
        int err = -errno;

        close(fd);
        return err;
    }
    return fd;
}

static int bind_pair(struct plane_port *port, uint16_t number)
{
    int rtp = bound_socket(number), rtcp;

    if (rtp < 0)
        return rtp;
    rtcp = bound_socket((uint16_t)(number + 1));
    if (rtcp < 0) {
        close(rtp);
        return rtcp;
    }
    *port = (struct plane_port){rtp, rtcp, number};
    return 0;
}

int plane_port_open(struct plane *p, int slot)
{
    int pairs = (p->last - p->first + 1) / 2, err = -EADDRINUSE;

    for (int i = 0; i < pairs && err == -EADDRINUSE; i++) {
        uint16_t number = p->next;

        p->next = (uint16_t)(p->next + 2 + 1 > p->last ? p->first : p->next + 2);
        err = bind_pair(&p->ports[slot], number);
    }
    if (!err && p->watch)
        err = p->watch(p->arg, slot, &p->ports[slot]);
    if (err)
        plane_port_close(p, slot);
    return err;
}

void plane_port_close(struct plane *p, int slot)
{
    struct plane_port *port = &p->ports[slot];

    if (port->rtp_fd >= 0)
        close(port->rtp_fd);
    if (port->rtcp_fd >= 0)
        close(port->rtcp_fd);
    *port = (struct plane_port){-1, -1, 0};
}

/* Throw away what came before: it is from an earlier peer. */
static void drain(int fd)
{
    uint8_t junk[RTP_MAX + 1];

    for (int i = 0; i < 1024 && recv(fd, junk, sizeof junk, 0) >= 0; i++)
        ;
}

int plane_port_connect(struct plane *p, int slot, uint16_t peer)
{
    struct sockaddr_in to = loopback(peer);

    if (connect(p->ports[slot].rtp_fd, (struct sockaddr *)&to, sizeof to) < 0)
        return -errno;
    drain(p->ports[slot].rtp_fd);
    return 0;
}

void plane_port_disconnect(struct plane *p, int slot)
{
    struct sockaddr none = {.sa_family = AF_UNSPEC};

    /* Cannot fail on a UDP socket; if it did, packets would still be ignored without a peer. */
    (void)connect(p->ports[slot].rtp_fd, &none, sizeof none);
}

void plane_port_read(struct plane *p, int slot, int64_t now_us)
{
    uint8_t data[RTP_MAX + 1];

    for (int i = 0; i < BURST; i++) {
        ssize_t n = recv(p->ports[slot].rtp_fd, data, sizeof data, 0);

        if (n < 0 && errno == ECONNREFUSED)
            continue; /* the peer's port was closed a moment ago; the control will tell */
        if (n < 0)
            return;
        table_packet(&p->table, slot, data, (size_t)n, now_us);
    }
}

void plane_rtcp_read(struct plane *p, int slot)
{
    drain(p->ports[slot].rtcp_fd);
}

void plane_port_send(void *arg, int slot, const uint8_t *data, size_t n)
{
    struct plane *p = arg;

    if (send(p->ports[slot].rtp_fd, data, n, MSG_NOSIGNAL) < 0)
        p->send_errors++; /* a full socket or a closing peer: one packet is lost */
}
