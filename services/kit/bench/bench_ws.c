/*
 * What a WebSocket costs: memory while idle, CPU for an echo beside 0, 2000 and 8000 idle ones, and
 * the same echo from a bare epoll loop in the same run.
 *
 * Three processes: the kit's server, the bare one, and this client.  CPU is what the kernel
 * accounts to the server's task (schedstat), so the client's share of the machine does not matter.
 * Pairs alternate; each figure is the median of their ratios.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_ws.h>
#include <unistd.h>

enum { ROUNDS = 10000, PAIRS = 5, IDLE_MOST = 10000, PAYLOAD = 128 };

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- the kit's server ---- */

/* About what a gateway remembers of a signed-in customer. */
struct session {
    char id[27], visitor[27], ticket[27];
    void *links[8];
    int64_t times[4];
};

static void echo(struct tl_ws *ws, struct tl_str m, bool binary)
{
    (void)tl_ws_send(ws, m, binary); /* the client notices */
}

static void on_close(struct tl_ws *ws, int code)
{
    (void)code;
    tl_free(tl_ws_arg(ws));
}

static const struct tl_ws_ops ops = {
    .on_message = echo, .on_close = on_close, .allow_binary = true};

static void on_request(void *arg, struct tl_http_req *req)
{
    struct session *s = tl_alloc(1, sizeof(*s));
    struct tl_ws *ws;

    (void)arg;
    if (s && tl_ws_accept(&ws, req, &ops, NULL, s))
        tl_free(s);
}

static void serve_kit(int tell)
{
    const struct tl_route route = {.method = "GET", .path = "/echo", .fn = on_request};
    struct tl_loop *loop = NULL;
    struct tl_http *http = NULL;
    uint16_t port;

    tl_log_setup("bench", TL_ERROR);
    if (tl_loop_new(&loop) || tl_http_new(&http, loop, &(struct tl_http_opts){0}) ||
        tl_http_route(http, &route))
        _exit(1);
    port = tl_http_port(http);
    if (write(tell, &port, sizeof(port)) != sizeof(port))
        _exit(1);
    tl_loop_run(loop);
}

/* ---- the bare server: epoll, one read, one write ---- */

static void answer_bare(int fd)
{
    uint8_t in[4096], *p = in;
    ssize_t n = recv(fd, in, sizeof(in), 0);

    if (n < 8) {
        close(fd);
        return;
    }
    /* One masked frame with a 16-bit length: unmask it, and send it back without. */
    tl_ws_mask(in + 8, (size_t)n - 8, in + 4, 0);
    p += 4;
    p[0] = in[0];
    p[1] = in[1] & 0x7f;
    p[2] = in[2];
    p[3] = in[3];
    if (send(fd, p, (size_t)n - 4, MSG_NOSIGNAL) < 0)
        close(fd);
}

static void serve_bare(int tell)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t at_n = sizeof(at);
    int listener = socket(AF_INET, SOCK_STREAM, 0), ep = epoll_create1(0), one = 1;
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = listener}, got[64];
    uint16_t port;

    if (bind(listener, (struct sockaddr *)&at, at_n) || listen(listener, 64) ||
        getsockname(listener, (struct sockaddr *)&at, &at_n) ||
        epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev))
        _exit(1);
    port = ntohs(at.sin_port);
    if (write(tell, &port, sizeof(port)) != sizeof(port))
        _exit(1);
    for (;;) {
        int n = epoll_wait(ep, got, 64, -1);

        for (int i = 0; i < n; i++) {
            if (got[i].data.fd != listener) {
                answer_bare(got[i].data.fd);
                continue;
            }
            ev.data.fd = accept(listener, NULL, NULL);
            (void)setsockopt(ev.data.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
            if (ev.data.fd < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, ev.data.fd, &ev))
                _exit(1);
        }
    }
}

/* ---- the client ---- */

struct server {
    pid_t pid;
    uint16_t port;
};

static struct server start(void (*serve)(int tell))
{
    struct server s;
    int pipes[2];

    if (pipe(pipes))
        die("pipe");
    s.pid = fork();
    if (s.pid < 0)
        die("fork");
    if (s.pid == 0) {
        serve(pipes[1]);
        _exit(0);
    }
    close(pipes[1]);
    if (read(pipes[0], &s.port, sizeof(s.port)) != sizeof(s.port))
        die("server");
    close(pipes[0]);
    return s;
}

static int open_to(const struct server *s, bool upgrade)
{
    static const char request[] =
        "GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(s->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    char text[1024];
    size_t n = 0;

    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)))
        die("connect");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (!upgrade)
        return fd;
    if (send(fd, request, sizeof(request) - 1, 0) < 0)
        die("send");
    while (n < 4 || memcmp(text + n - 4, "\r\n\r\n", 4) != 0) {
        ssize_t got = recv(fd, text + n, sizeof(text) - n, 0);

        if (got <= 0)
            die("upgrade");
        n += (size_t)got;
    }
    if (memcmp(text, "HTTP/1.1 101", 12) != 0)
        die("upgrade refused");
    return fd;
}

static double cpu_us(const struct server *s)
{
    char path[64];
    unsigned long long ns = 0;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/schedstat", s->pid);
    f = fopen(path, "r");
    if (!f || fscanf(f, "%llu", &ns) != 1)
        die(path);
    (void)fclose(f);
    return (double)ns / 1000;
}

static double resident(const struct server *s)
{
    char path[64];
    long size, pages = 0;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/statm", s->pid);
    f = fopen(path, "r");
    if (!f || fscanf(f, "%ld %ld", &size, &pages) != 2)
        die(path);
    (void)fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* CPU of the server for one message and its echo, payload checked. */
static double echo_cost(const struct server *s, int fd)
{
    uint8_t out[14 + PAYLOAD], in[PAYLOAD + 4];
    const uint8_t mask[4] = {1, 2, 3, 4};
    size_t head = tl_ws_head_write(out, TL_WS_BINARY, true, PAYLOAD, mask);
    double before = cpu_us(s);

    for (unsigned i = 0; i < ROUNDS; i++) {
        size_t n = 0;

        memset(out + head, (int)i, PAYLOAD);
        tl_ws_mask(out + head, PAYLOAD, mask, 0);
        if (send(fd, out, head + PAYLOAD, 0) < 0)
            die("send");
        while (n < sizeof(in)) {
            ssize_t got = recv(fd, in + n, sizeof(in) - n, 0);

            if (got <= 0)
                die("recv");
            n += (size_t)got;
        }
        for (size_t k = 4; k < sizeof(in); k++)
            if (in[k] != (uint8_t)i)
                die("the echo differs");
    }
    return (cpu_us(s) - before) / ROUNDS;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof(*v), by_size);
    return v[n / 2];
}

static void more_idle(const struct server *s, int *fds, unsigned *n, unsigned want)
{
    double before = cpu_us(s);
    unsigned had = *n;

    while (*n < want)
        fds[(*n)++] = open_to(s, true);
    if (want > had)
        printf("ws_handshake_us_from_%u_to_%u=%.1f\n", had, want,
               (cpu_us(s) - before) / (want - had));
    usleep(300000);
}

int main(void)
{
    static int idle[IDLE_MOST];
    static const unsigned steps[] = {0, 2000, 8000};
    struct rlimit limit = {20000, 20000};
    struct server kit, bare;
    double empty, at_most, quiet, cost[TL_LEN(steps)], ratio[PAIRS], kits[PAIRS], bares[PAIRS];
    unsigned n = 0;
    int kit_fd, bare_fd;

    (void)setrlimit(RLIMIT_NOFILE, &limit); /* if refused, opening fails and says so */
    (void)signal(SIGPIPE, SIG_IGN);
    kit = start(serve_kit);
    bare = start(serve_bare);
    kit_fd = open_to(&kit, true);
    bare_fd = open_to(&bare, false);

    (void)echo_cost(&kit, kit_fd); /* warm */
    (void)echo_cost(&bare, bare_fd);
    for (unsigned i = 0; i < PAIRS; i++) {
        kits[i] = echo_cost(&kit, kit_fd);
        bares[i] = echo_cost(&bare, bare_fd);
        ratio[i] = kits[i] / bares[i];
    }
    printf("ws_echo_ratio_to_bare_epoll=%.2f (kit %.2f us, bare %.2f us, %d B, median of %d)\n",
           median(ratio, PAIRS), median(kits, PAIRS), median(bares, PAIRS), PAYLOAD, PAIRS);

    empty = resident(&kit);
    for (size_t i = 0; i < TL_LEN(steps); i++) {
        more_idle(&kit, idle, &n, steps[i]);
        for (unsigned k = 0; k < PAIRS; k++)
            kits[k] = echo_cost(&kit, kit_fd);
        cost[i] = median(kits, PAIRS);
        printf("ws_echo_us_with_%u_idle=%.2f\n", steps[i], cost[i]);
    }
    printf("ws_echo_growth_0_to_8000=%.2f\n", cost[TL_LEN(steps) - 1] / cost[0]);

    more_idle(&kit, idle, &n, IDLE_MOST);
    at_most = resident(&kit);
    printf("ws_idle_bytes_per_connection=%.0f (with a session of %zu B, %u connections)\n",
           (at_most - empty) / IDLE_MOST, sizeof(struct session), n);
    quiet = cpu_us(&kit);
    sleep(4);
    printf("ws_idle_cpu_percent=%.3f (%u connections, pings every 20 s not yet due)\n",
           (cpu_us(&kit) - quiet) / 4e6 * 100, n);

    (void)kill(kit.pid, SIGKILL);
    (void)kill(bare.pid, SIGKILL);
    while (wait(NULL) > 0)
        ;
    return 0;
}
