/**
 * @file bench_plane.c  What forwarding one packet costs, beside a bare recv/send loop in the same
 * run.
 *
 * Both sides do the same work: a sender fills the socket of one leg in bursts, the measured side
 * empties it and sends on to the next leg, the receiver throws away.  Only the measured side's CPU
 * time counts.  Several rounds in turn; the median of each is printed, and their ratio.
 *
 *     bench_plane [legs] [packets per round]
 */
#include "plane/plane.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <tl_mem.h>
#include <unistd.h>

enum { ROUNDS = 9, BURST = 32, PAYLOAD = 80 };

static int64_t cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A far end of a leg: sends to it and receives from it. */
static int far_end(uint16_t to, uint16_t *ret_port)
{
    struct sockaddr_in at = loopback(0), peer = loopback(to);
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) ||
        connect(fd, (struct sockaddr *)&peer, sizeof peer) ||
        getsockname(fd, (struct sockaddr *)&at, &n))
        abort();
    *ret_port = ntohs(at.sin_port);
    return fd;
}

struct bench {
    struct plane plane;
    int legs;
    int *far;
    uint16_t *seq;
    struct tl_buf answer;
    uint64_t received;
    int64_t now_us;
};

static void command(struct bench *b, const char *text)
{
    plane_command(&b->plane, tl_str(text), 0, &b->answer);
    if (!strstr(b->answer.p, "ok")) {
        fprintf(stderr, "%s: %s\n", text, b->answer.p);
        exit(1);
    }
}

static void set_up(struct bench *b, int legs)
{
    char text[128];

    b->legs = legs;
    b->answer = TL_BUF(PLANE_MESSAGE);
    b->far = tl_alloc((size_t)legs, sizeof *b->far);
    b->seq = tl_alloc((size_t)legs, sizeof *b->seq);
    if (plane_init(&b->plane, 31000, 31999))
        abort();
    for (int i = 0; i < legs; i++) {
        uint16_t port;

        snprintf(text, sizeof text, "1 open leg%d", i);
        command(b, text);
        b->far[i] = far_end(b->plane.ports[i].number, &port);
        snprintf(text, sizeof text, "1 peer leg%d %u 111 0 126 110 1", i, port);
        command(b, text);
    }
    for (int i = 0; i < legs; i++) {
        snprintf(text, sizeof text, "1 hear leg%d leg:leg%d", i, i ^ 1);
        command(b, text);
    }
}

static void fill(struct bench *b, int leg)
{
    uint8_t packet[RTP_HEADER + PAYLOAD] = {0};

    for (int i = 0; i < BURST; i++) {
        uint16_t seq = b->seq[leg]++;

        rtp_write(packet, &(struct rtp_header){111, false, seq, seq * 960u, (uint32_t)leg + 1});
        (void)send(b->far[leg], packet, sizeof packet, 0);
    }
}

static void empty(struct bench *b, int leg)
{
    uint8_t packet[RTP_MAX];

    while (recv(b->far[leg], packet, sizeof packet, 0) > 0)
        b->received++;
}

/* The yardstick: the same two system calls and nothing else. */
static void bare_loop(struct bench *b, int leg)
{
    uint8_t packet[RTP_MAX];
    ssize_t n;

    for (int i = 0;
         i < BURST && (n = recv(b->plane.ports[leg].rtp_fd, packet, sizeof packet, 0)) > 0; i++)
        (void)send(b->plane.ports[leg ^ 1].rtp_fd, packet, (size_t)n, MSG_NOSIGNAL);
}

/* CPU of one forwarded packet [ns]. */
static double round_of(struct bench *b, int packets, bool bare)
{
    int64_t spent = 0;
    uint64_t before = b->received;

    for (int done = 0; done < packets; done += BURST) {
        int leg = done / BURST % b->legs;
        int64_t began;

        fill(b, leg);
        b->now_us += 2000000; /* the flood guard counts by the second: each burst is in its own */
        began = cpu_ns();
        if (bare)
            bare_loop(b, leg);
        else
            plane_port_read(&b->plane, leg, b->now_us);
        spent += cpu_ns() - began;
        empty(b, leg ^ 1);
    }
    return (double)spent / (double)(b->received - before);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    int legs = argc > 1 ? atoi(argv[1]) / 2 * 2 : 400, packets = argc > 2 ? atoi(argv[2]) : 64000;
    double bare[ROUNDS], plane[ROUNDS];
    struct bench b = {0};

    if (legs < 2 || legs > 500 || packets < BURST)
        return 78;
    set_up(&b, legs);
    for (int i = 0; i < ROUNDS; i++) {
        bare[i] = round_of(&b, packets, true);
        plane[i] = round_of(&b, packets, false);
    }
    qsort(bare, ROUNDS, sizeof *bare, by_value);
    qsort(plane, ROUNDS, sizeof *plane, by_value);
    printf("plane_forward legs=%d packets=%llu bare_us=%.2f plane_us=%.2f ratio=%.2f\n", legs,
           (unsigned long long)b.received, bare[ROUNDS / 2] / 1000, plane[ROUNDS / 2] / 1000,
           plane[ROUNDS / 2] / bare[ROUNDS / 2]);
    for (int i = 0; i < legs; i++)
        close(b.far[i]);
    plane_done(&b.plane);
    tl_free(b.far);
    tl_free(b.seq);
    tl_buf_done(&b.answer);
    return 0;
}
