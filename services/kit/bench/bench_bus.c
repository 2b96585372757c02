/*
 * What the bus costs: a request and its reply, a push one way, a stream of publishes, each through
 * a real nats-server; and a bare epoll echo in the same run, so that the figures can be compared
 * between machines.
 *
 * Processes: nats-server, a service of ours that answers and counts, a bare echo, and this client.
 * CPU is that of all threads of the service; the client and the servers share the machine with it.
 *
 * usage: bench_bus     last line: key=value figures
 */
#include "../tests/server.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <tl_bus.h>
#include <tl_log.h>

enum { REQUESTS = 20000, PUSHES = 5000, STREAM = 200000, PAYLOAD = 128, ROUNDS = 5 };

/* What the service tells us; in memory that both see. */
struct board {
    volatile int ready;
    volatile int pushes, streamed;
    tl_dur late[PUSHES]; /* of each push, from before its publish until the callback */
};

struct bench {
    struct server nats;
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct board *board;
    pid_t service, echo;
    int echo_fd;
    char url[64];
    tl_dur took[REQUESTS], asked_at;
    int asked, failed, published;
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void open_bus(struct bench *b, const char *name)
{
    struct tl_bus_opts opts = {.url = b->url, .name = name};

    if (tl_loop_new(&b->loop) || tl_bus_open(&b->bus, b->loop, &opts))
        die("bus");
    for (int i = 0; i < 500 && !tl_bus_ready(b->bus); i++)
        turn_for(b->loop, TL_MSEC(10));
    if (!tl_bus_ready(b->bus))
        die("connection");
}

/* ---- the service ----------------------------------------------------------------------------- */

static void on_request(void *arg, const struct tl_msg *m)
{
    (void)tl_bus_reply(((struct bench *)arg)->bus, m->reply, m->data, m->n); /* the client counts */
}

static void on_push(void *arg, const struct tl_msg *m)
{
    struct board *board = ((struct bench *)arg)->board;
    tl_time sent;

    memcpy(&sent, m->data, sizeof(sent));
    if (board->pushes < PUSHES)
        board->late[board->pushes] = tl_clock_mono() - sent;
    board->pushes++;
}

static void on_streamed(void *arg, const struct tl_msg *m)
{
    TL_UNUSED(m);
    ((struct bench *)arg)->board->streamed++;
}

static void serve(struct bench *b)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    open_bus(b, "service");
    if (tl_bus_subscribe(NULL, b->bus, "b.cmd", "service", on_request, b) ||
        tl_bus_subscribe(NULL, b->bus, "b.push.*", NULL, on_push, b) ||
        tl_bus_subscribe(NULL, b->bus, "b.stream", NULL, on_streamed, b))
        _exit(1);
    turn_for(b->loop, TL_MSEC(100));
    b->board->ready = 1;
    (void)tl_loop_run(b->loop);
}

/* ---- the bare echo: epoll, one read, one write ---- */

static void serve_echo(int listener)
{
    struct epoll_event ev = {.events = EPOLLIN}, got;
    int ep = epoll_create1(0), fd = accept(listener, NULL, NULL), one = 1;
    char text[4096];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev))
        _exit(1);
    while (epoll_wait(ep, &got, 1, -1) == 1) {
        ssize_t n = recv(fd, text, sizeof(text), 0);

        if (n <= 0 || send(fd, text, (size_t)n, MSG_NOSIGNAL) != n)
            _exit(0);
    }
}

static void start_echo(struct bench *b)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    if (bind(listener, (struct sockaddr *)&at, n) || listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&at, &n))
        die("listen");
    b->echo = fork();
    if (b->echo == 0) {
        serve_echo(listener);
        _exit(0);
    }
    close(listener);
    b->echo_fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(b->echo_fd, (struct sockaddr *)&at, n))
        die("connect");
    (void)setsockopt(b->echo_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* ---- the client ------------------------------------------------------------------------------ */

/* Of all threads, also of those that ended [us]. */
static double cpu_us(pid_t pid)
{
    struct timespec t;
    clockid_t clock;

    if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
        die("clock");
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    tl_dur x = *(const tl_dur *)a, y = *(const tl_dur *)b;

    return (x > y) - (x < y);
}

static int by_ratio(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void ask(struct bench *b);

static void on_reply(void *arg, const struct tl_reply *r)
{
    struct bench *b = arg;

    b->failed += r->err != 0 || r->n != PAYLOAD;
    b->took[b->asked++] = tl_clock_mono() - b->asked_at;
    if (b->asked % (REQUESTS / ROUNDS))
        ask(b);
    else
        tl_loop_stop(b->loop);
}

static void ask(struct bench *b)
{
    static const char payload[PAYLOAD];

    b->asked_at = tl_clock_mono();
    if (tl_bus_request(b->bus, "b.cmd", payload, sizeof(payload), TL_SEC(5), 1, on_reply, b))
        die("request");
}

static double bare_cost(struct bench *b)
{
    double before = cpu_us(b->echo);
    char text[PAYLOAD] = {0};

    for (int i = 0; i < REQUESTS / ROUNDS; i++)
        if (send(b->echo_fd, text, sizeof(text), 0) != PAYLOAD ||
            recv(b->echo_fd, text, sizeof(text), MSG_WAITALL) != PAYLOAD)
            die("echo");
    return (cpu_us(b->echo) - before) / (REQUESTS / ROUNDS);
}

/* Median of the rounds' costs [us]; the ratio is that of each round's pair. */
static double requests(struct bench *b, double *ret_ratio, double *ret_client)
{
    double cost[ROUNDS], ratio[ROUNDS], client[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        double before = cpu_us(b->service), before_us = cpu_us(getpid());

        ask(b);
        (void)tl_loop_run(b->loop);
        client[i] = (cpu_us(getpid()) - before_us) / (REQUESTS / ROUNDS);
        cost[i] = (cpu_us(b->service) - before) / (REQUESTS / ROUNDS);
        ratio[i] = cost[i] / bare_cost(b);
    }
    qsort(cost, ROUNDS, sizeof(*cost), by_ratio);
    qsort(ratio, ROUNDS, sizeof(*ratio), by_ratio);
    qsort(client, ROUNDS, sizeof(*client), by_ratio);
    qsort(b->took, REQUESTS, sizeof(*b->took), by_size);
    *ret_ratio = ratio[ROUNDS / 2];
    *ret_client = client[ROUNDS / 2];
    return cost[ROUNDS / 2];
}

/* One at a time: the next one leaves when the service has seen the last. */
static double pushes(struct bench *b)
{
    double before = cpu_us(b->service);
    char payload[PAYLOAD] = {0};

    for (int i = 0; i < PUSHES; i++) {
        tl_time now = tl_clock_mono();

        memcpy(payload, &now, sizeof(now));
        if (tl_bus_publish(b->bus, "b.push.x", payload, sizeof(payload)))
            die("publish");
        while (b->board->pushes <= i) {
            (void)tl_loop_turn(b->loop);
            usleep(20);
        }
    }
    qsort(b->board->late, PUSHES, sizeof(*b->board->late), by_size);
    return (cpu_us(b->service) - before) / PUSHES;
}

/* As fast as they go, a thousand in each turn of the loop. */
static void publish_some(void *arg)
{
    static const char payload[PAYLOAD];
    struct bench *b = arg;

    for (int i = 0; i < 1000 && b->published < STREAM; i++)
        if (tl_bus_publish(b->bus, "b.stream", payload, sizeof(payload)) == 0)
            b->published++;
        else
            break; /* the server is behind: go on in the next turn */
    if (b->published < STREAM) {
        if (tl_loop_defer(b->loop, publish_some, b))
            die("defer");
    } else {
        tl_loop_stop(b->loop);
    }
}

int main(void)
{
    static struct bench b;
    static char port[8];
    double request_us, ratio, client_us, push_us, stream_cpu, publish_cpu;
    tl_time began;

    tl_log_setup("bench", TL_ERROR);
    (void)signal(SIGPIPE, SIG_IGN);
    b.board =
        mmap(NULL, sizeof(*b.board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (b.board == MAP_FAILED)
        die("mmap");
    server_prepare(&b.nats);
    (void)snprintf(port, sizeof(port), "%d", b.nats.port);
    (void)snprintf(b.url, sizeof(b.url), "nats://127.0.0.1:%d", b.nats.port);
    b.nats.argv[0] = "nats-server";
    b.nats.argv[1] = "-a";
    b.nats.argv[2] = "127.0.0.1";
    b.nats.argv[3] = "-p";
    b.nats.argv[4] = port;
    server_start(&b.nats);
    start_echo(&b);
    b.service = fork();
    if (b.service == 0)
        serve(&b);
    open_bus(&b, "client");
    for (int i = 0; i < 1000 && !b.board->ready; i++)
        usleep(10000);
    (void)bare_cost(&b); /* warm */

    request_us = requests(&b, &ratio, &client_us);
    push_us = pushes(&b);
    stream_cpu = cpu_us(b.service);
    publish_cpu = cpu_us(getpid());
    began = tl_clock_mono();
    publish_some(&b);
    (void)tl_loop_run(b.loop);
    publish_cpu = (cpu_us(getpid()) - publish_cpu) / STREAM;
    for (int i = 0; i < 20000 && b.board->streamed < STREAM; i++)
        turn_for(b.loop, TL_MSEC(1));
    stream_cpu = (cpu_us(b.service) - stream_cpu) / STREAM;
    printf("bus_request_p50_us=%lld bus_request_p99_us=%lld bus_request_failed=%d "
           "bus_request_service_cpu_us=%.1f bus_request_ratio_to_bare_epoll=%.2f "
           "bus_request_client_cpu_us=%.1f "
           "bus_push_p50_us=%lld bus_push_p99_us=%lld bus_push_service_cpu_us=%.1f "
           "bus_publish_per_s=%.0f bus_publish_cpu_us=%.2f bus_receive_cpu_us=%.2f bus_lost=%d\n",
           (long long)b.took[REQUESTS / 2], (long long)b.took[REQUESTS / 100 * 99], b.failed,
           request_us, ratio, client_us, (long long)b.board->late[PUSHES / 2],
           (long long)b.board->late[PUSHES / 100 * 99], push_us,
           STREAM / ((double)(tl_clock_mono() - began) / 1e6), publish_cpu, stream_cpu,
           STREAM - b.board->streamed);
    kill(b.service, SIGKILL);
    kill(b.echo, SIGKILL);
    tl_bus_close(b.bus);
    tl_loop_free(b.loop);
    server_done(&b.nats);
    return b.failed || b.board->streamed != STREAM;
}
