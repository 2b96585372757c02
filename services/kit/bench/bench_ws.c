/*
 * What a WebSocket costs: memory while idle, CPU for an echo beside 0, 2000 and 8000 idle ones, and
 * the same echo from a bare epoll loop in the same run.
 *
 * Three processes: the kit's server and the bare one, which share a core, and this client.
 */
#include "bare.h"
#include "compare.h"

#include <sys/resource.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_ws.h>

enum { ROUNDS = 10000, REPEATS = 5, IDLE_MOST = 10000, PAYLOAD = 128 };

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

    tl_log_setup("bench", TL_ERROR);
    if (tl_loop_new(&loop) || tl_http_new(&http, loop, &(struct tl_http_opts){0}) ||
        tl_http_route(http, &route))
        _exit(1);
    process_tell(tell, tl_http_port(http));
    tl_loop_run(loop);
}

/* ---- the client ---- */

static int open_to(const struct process *s)
{
    static const char request[] =
        "GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    int fd = dial(s->port);
    char text[1024];

    say(fd, request, sizeof(request) - 1);
    (void)hear_until(fd, text, sizeof(text), "\r\n\r\n");
    if (memcmp(text, "HTTP/1.1 101", 12) != 0)
        die("upgrade refused");
    return fd;
}

struct echo {
    pid_t pid;
    int fd;
};

/* One message and its echo, n times, payload checked. */
static double pass(void *arg, unsigned n, unsigned at_once, double *ret_ms)
{
    const struct echo *e = arg;
    uint8_t out[14 + PAYLOAD], in[PAYLOAD + 4];
    const uint8_t mask[4] = {1, 2, 3, 4};
    size_t head = tl_ws_head_write(out, TL_WS_BINARY, true, PAYLOAD, mask);
    double before = cpu_us(e->pid);

    TL_UNUSED(at_once);
    TL_UNUSED(ret_ms);
    for (unsigned i = 0; i < n; i++) {
        memset(out + head, (int)i, PAYLOAD);
        tl_ws_mask(out + head, PAYLOAD, mask, 0);
        say(e->fd, (const char *)out, head + PAYLOAD);
        if (recv(e->fd, in, sizeof(in), MSG_WAITALL) != sizeof(in))
            die("recv");
        for (size_t k = 4; k < sizeof(in); k++)
            if (in[k] != (uint8_t)i)
                die("the echo differs");
    }
    return (cpu_us(e->pid) - before) / n;
}

static void go_on(void *arg)
{
    TL_UNUSED(arg); /* no limit of rate */
}

static double cost_now(struct echo *e)
{
    double costs[REPEATS];

    for (unsigned i = 0; i < REPEATS; i++)
        costs[i] = pass(e, ROUNDS, 1, NULL);
    return at_percent(costs, REPEATS, 50);
}

static void more_idle(const struct process *s, int *fds, unsigned *n, unsigned want)
{
    double before = cpu_us(s->pid);
    unsigned had = *n;

    while (*n < want)
        fds[(*n)++] = open_to(s);
    if (want > had)
        printf("ws_handshake_us_from_%u_to_%u=%.1f\n", had, want,
               (cpu_us(s->pid) - before) / (want - had));
    usleep(300000);
}

static void beside_idle(const struct process *kit, struct echo *e)
{
    static int idle[IDLE_MOST];
    static const unsigned steps[] = {0, 2000, 8000};
    double empty = resident(kit->pid), quiet, cost[TL_LEN(steps)];
    unsigned n = 0;

    for (size_t i = 0; i < TL_LEN(steps); i++) {
        more_idle(kit, idle, &n, steps[i]);
        cost[i] = cost_now(e);
        printf("ws_echo_us_with_%u_idle=%.2f\n", steps[i], cost[i]);
    }
    printf("ws_echo_growth_0_to_8000=%.2f\n", cost[TL_LEN(steps) - 1] / cost[0]);
    more_idle(kit, idle, &n, IDLE_MOST);
    printf("ws_idle_bytes_per_connection=%.0f (with a session of %zu B, %u connections)\n",
           (resident(kit->pid) - empty) / IDLE_MOST, sizeof(struct session), n);
    quiet = cpu_us(kit->pid);
    sleep(4);
    printf("ws_idle_cpu_percent=%.3f (%u connections, pings every 20 s not yet due)\n",
           (cpu_us(kit->pid) - quiet) / 4e6 * 100, n);
}

int main(void)
{
    struct rlimit limit = {20000, 20000};
    struct process kit, bare;
    struct echo echoes[2];
    struct compared c;

    use_core(CORE_LOAD);
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* if refused, opening fails and says so */
    kit = process_start(serve_kit);
    bare = process_start(serve_bare_echo);
    echoes[0] = (struct echo){kit.pid, open_to(&kit)};
    echoes[1] = (struct echo){bare.pid, dial(bare.port)};
    c = compare(&(struct side){pass, go_on, &echoes[0]}, &(struct side){pass, go_on, &echoes[1]},
                ROUNDS, 1, 1, NULL);
    printf("ws_echo_ratio_to_bare_epoll=%.2f (kit %.2f us, bare %.2f us, %d B, median of %d pairs, "
           "load %.1f)\n",
           c.ratio, c.cost, c.floor, PAYLOAD, PAIRS, load_now());
    beside_idle(&kit, &echoes[0]);
    process_end(&kit);
    process_end(&bare);
    return 0;
}
