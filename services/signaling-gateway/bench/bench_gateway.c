/*
 * What a session costs: memory while idle, CPU to relay one message from session to session beside
 * a bare epoll echo in the same run, the relay's latency with 1000 active sessions, and how long
 * 8000 clients take to come back when all of them are dropped at once.
 *
 * Processes: nats-server, redis-server, the gateway (wired as in main.c), a stand-in for
 * conversation that pushes what one session types to another, the bare echo, and this client.  CPU
 * is what the kernel accounts to all threads of the gateway (schedstat).
 */
#include "../../kit/tests/server.h"

#include <dirent.h>
#include <math.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_redis.h>

#include "adapters/edge.h"
#include "people.h"
#include "threadline/acd/v1/commands.pb-c.h"
#include "threadline/conversation/v1/commands.pb-c.h"

enum {
    ACTIVE = 1000,
    IDLE = 10000,
    STORM = 8000,
    PAIRS = 5,
    ROUNDS = 4000,
    BURST = 100,
    WORKERS = 4
};

static struct server nats, redis;
static char nats_url[64], redis_url[64];
static struct tl_token_key key = {{7}};

/* ---- processes --------------------------------------------------------------------------------
 */

struct process {
    pid_t pid;
    uint16_t port;
};

static struct process start(void (*serve)(int tell))
{
    struct process p;
    int pipes[2];

    if (pipe(pipes) || (p.pid = fork()) < 0)
        die("fork");
    if (p.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(pipes[1]);
        _exit(0);
    }
    close(pipes[1]);
    if (read(pipes[0], &p.port, sizeof(p.port)) != sizeof(p.port))
        die("server");
    close(pipes[0]);
    return p;
}

static void tell_port(int tell, uint16_t port)
{
    if (write(tell, &port, sizeof(port)) != sizeof(port))
        _exit(1);
}

static void start_servers(void)
{
    static char nats_port[16], redis_port[16];

    server_prepare(&nats);
    server_prepare(&redis);
    snprintf(nats_port, sizeof(nats_port), "%d", nats.port);
    snprintf(redis_port, sizeof(redis_port), "%d", redis.port);
    snprintf(nats_url, sizeof(nats_url), "nats://127.0.0.1:%d", nats.port);
    snprintf(redis_url, sizeof(redis_url), "redis://127.0.0.1:%d", redis.port);
    const char *n[] = {"/usr/sbin/nats-server", "-a", "127.0.0.1", "-p", nats_port, NULL};
    const char *r[] = {"redis-server", "--port", redis_port, "--bind",  "127.0.0.1",
                       "--save",       "",       "--dir",    redis.dir, NULL};
    memcpy(nats.argv, n, sizeof(n));
    memcpy(redis.argv, r, sizeof(r));
    server_start(&nats);
    server_start(&redis);
}

static const struct agents *no_agents(void *arg)
{
    TL_UNUSED(arg);
    return NULL;
}

static const struct wire_choices *no_choices(void *arg)
{
    static const struct wire_choices none;

    TL_UNUSED(arg);
    return &none;
}

static void serve_gateway(int tell)
{
    struct tl_loop *loop = NULL;
    struct tl_http *http = NULL;
    struct tl_bus *bus = NULL;
    struct tl_redis *r = NULL;
    struct store *store = NULL;
    struct tl_events *events = NULL;
    struct gateway *g = NULL;
    struct edge *e = NULL;
    struct gateway_opts o = {.key = &key,
                             .sockets = &edge_sockets,
                             .choices = no_choices,
                             .media_instance = "m1",
                             .grace = TL_SEC(30),
                             .id = tl_id_new()};

    tl_log_setup("signaling", TL_ERROR);
    if (tl_loop_new(&loop) || tl_http_new(&http, loop, &(struct tl_http_opts){0}) ||
        tl_bus_open(&bus, loop, &(struct tl_bus_opts){.url = nats_url, .name = "signaling"}) ||
        tl_redis_open(&r, loop, &(struct tl_redis_opts){.url = redis_url}) ||
        store_redis_new(&store, r, tl_id_str(&o.id)) ||
        tl_events_new(&events, bus, "signaling", "tl.bench.signaling"))
        _exit(1);
    o.loop = loop;
    o.bus = bus;
    o.store = store;
    o.events = events;
    if (gateway_new(&g, &o) || edge_new(&e, &(struct edge_opts){.loop = loop,
                                                                .http = http,
                                                                .gateway = g,
                                                                .store = store,
                                                                .key = &key,
                                                                .agents = no_agents,
                                                                .origins = ORIGIN}))
        _exit(1);
    while (!tl_bus_ready(bus) || !tl_redis_ready(r)) {
        (void)tl_loop_turn(loop);
        usleep(1000);
    }
    tell_port(tell, tl_http_port(http));
    tl_loop_run(loop);
}

/* ---- a stand-in for conversation --------------------------------------------------------------
 */

static struct tl_bus *stand_in_bus;

static void on_snapshot(void *arg, const struct tl_msg *m)
{
    TL_UNUSED(arg);
    (void)tl_bus_reply(stand_in_bus, m->reply, "", 0);
}

static void on_get_agent(void *arg, const struct tl_msg *m)
{
    Threadline__Acd__V1__GetAgentResponse r = THREADLINE__ACD__V1__GET_AGENT_RESPONSE__INIT;
    Threadline__Signaling__V1__AgentState state = THREADLINE__SIGNALING__V1__AGENT_STATE__INIT;
    struct tl_buf out = TL_BUF(200);

    TL_UNUSED(arg);
    state.presence = THREADLINE__SIGNALING__V1__AGENT_PRESENCE__AGENT_PRESENCE_NOT_READY;
    r.state = &state;
    if (!tl_pb_pack(&r, &out))
        (void)tl_bus_reply(stand_in_bus, m->reply, out.p, out.n);
    tl_buf_done(&out);
}

static void push_message(const char *to, const char *id,
                         const Threadline__Signaling__V1__ServerMessage *push)
{
    struct tl_buf out = TL_BUF(1000);
    char subject[64];

    snprintf(subject, sizeof(subject), "tl.%s.%.26s", to, id);
    if (!tl_pb_pack(push, &out))
        (void)tl_bus_publish(stand_in_bus, subject, out.p, out.n);
    tl_buf_done(&out);
}

/* The gateway hears who talks with whom from the customer's contact_state. */
static void tell_connected(const char *session, char *contact)
{
    Threadline__Signaling__V1__ServerMessage push = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__INIT;
    Threadline__Signaling__V1__ContactState c = THREADLINE__SIGNALING__V1__CONTACT_STATE__INIT;
    Threadline__Common__V1__Person agent = THREADLINE__COMMON__V1__PERSON__INIT;

    agent.id = contact;
    c.contact_id = contact;
    c.phase = THREADLINE__SIGNALING__V1__CONTACT_PHASE__CONTACT_PHASE_CONNECTED;
    c.agent = &agent;
    push.body_case = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_CONTACT_STATE;
    push.contact_state = &c;
    push_message("session", session, &push);
}

/* The contact's id is the agent's id.  "on":false asks for the contact's state as well. */
static void on_typing(void *arg, const struct tl_msg *m)
{
    Threadline__Conversation__V1__RelayTypingRequest *r = NULL;
    Threadline__Signaling__V1__ServerMessage push = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__INIT;

    TL_UNUSED(arg);
    if (TL_PB_UNPACK(threadline__conversation__v1__relay_typing_request, m->data, m->n, &r))
        return;
    push.body_case = THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_TYPING;
    push.typing = r->typing;
    push_message("agent", r->typing->contact_id, &push);
    if (!r->typing->on)
        tell_connected(r->actor->session_id, r->typing->contact_id);
    (void)tl_bus_reply(stand_in_bus, m->reply, "", 0);
    tl_pb_free(r);
}

/* Events are acknowledged as JetStream would, so that none is sent again. */
static void on_event(void *arg, const struct tl_msg *m)
{
    static const char ack[] = "{\"stream\":\"EVENTS\",\"seq\":1}";

    TL_UNUSED(arg);
    (void)tl_bus_reply(stand_in_bus, m->reply, ack, sizeof(ack) - 1);
}

static void serve_stand_in(int tell)
{
    struct tl_loop *loop = NULL;
    struct tl_sub *sub;

    tl_log_setup("bench", TL_ERROR);
    if (tl_loop_new(&loop) ||
        tl_bus_open(&stand_in_bus, loop, &(struct tl_bus_opts){.url = nats_url, .name = "bench"}) ||
        tl_bus_subscribe(&sub, stand_in_bus, "tl.cmd.conversation.get_snapshot", NULL, on_snapshot,
                         NULL) ||
        tl_bus_subscribe(&sub, stand_in_bus, "tl.cmd.conversation.session_lost", NULL, on_snapshot,
                         NULL) ||
        tl_bus_subscribe(&sub, stand_in_bus, "tl.cmd.conversation.relay_typing", NULL, on_typing,
                         NULL) ||
        tl_bus_subscribe(&sub, stand_in_bus, "tl.cmd.acd.p0.heartbeat", NULL, on_snapshot, NULL) ||
        tl_bus_subscribe(&sub, stand_in_bus, "tl.cmd.acd.p0.get_agent", NULL, on_get_agent, NULL) ||
        tl_bus_subscribe(&sub, stand_in_bus, "tl.bench.signaling.>", NULL, on_event, NULL))
        _exit(1);
    while (!tl_bus_ready(stand_in_bus)) {
        (void)tl_loop_turn(loop);
        usleep(1000);
    }
    tell_port(tell, 1);
    tl_loop_run(loop);
}

/* ---- the bare echo: epoll, one read, unmask, one write -----------------------------------------
 */

static void serve_bare(int tell)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t at_n = sizeof(at);
    int listener = socket(AF_INET, SOCK_STREAM, 0), ep = epoll_create1(0);
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = listener}, got[64];

    if (bind(listener, (struct sockaddr *)&at, at_n) || listen(listener, 64) ||
        getsockname(listener, (struct sockaddr *)&at, &at_n) ||
        epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev))
        _exit(1);
    tell_port(tell, ntohs(at.sin_port));
    for (;;) {
        for (int i = 0, n = epoll_wait(ep, got, 64, -1); i < n; i++) {
            uint8_t in[4096];
            ssize_t m;

            if (got[i].data.fd == listener) {
                ev.data.fd = accept(listener, NULL, NULL);
                (void)epoll_ctl(ep, EPOLL_CTL_ADD, ev.data.fd, &ev);
                continue;
            }
            m = recv(got[i].data.fd, in, sizeof(in), 0);
            if (m < 6) {
                close(got[i].data.fd);
                continue;
            }
            tl_ws_mask(in + 6, (size_t)m - 6, in + 2, 0); /* shorter than 126 bytes */
            in[4] = in[0];
            in[5] = in[1] & 0x7f;
            if (send(got[i].data.fd, in + 4, (size_t)m - 4, MSG_NOSIGNAL) < 0)
                close(got[i].data.fd);
        }
    }
}

/* ---- measuring --------------------------------------------------------------------------------
 */

static double cpu_us(pid_t pid)
{
    char path[300];
    double sum = 0;
    struct dirent *d;
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    dir = opendir(path);
    if (!dir)
        die(path);
    while ((d = readdir(dir))) {
        unsigned long long ns = 0;
        FILE *f;

        snprintf(path, sizeof(path), "/proc/%d/task/%.20s/schedstat", pid, d->d_name);
        f = d->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (f && fscanf(f, "%llu", &ns) == 1)
            sum += (double)ns / 1000;
        if (f)
            (void)fclose(f);
    }
    closedir(dir);
    return sum;
}

static double resident(pid_t pid)
{
    char path[64];
    long size, pages = 0;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%d/statm", pid);
    f = fopen(path, "r");
    if (!f || fscanf(f, "%ld %ld", &size, &pages) != 2)
        die(path);
    (void)fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double at_percent(double *v, size_t n, double percent)
{
    qsort(v, n, sizeof(*v), by_size);
    return v[(size_t)fmin((double)n - 1, (double)n * percent / 100)];
}

static struct person people[IDLE + ACTIVE];
static unsigned turn;

/* By the bus: in a spelling that is not passed from socket to socket. */
static bool by_bus;

static void typing_to(char *text, size_t size, const struct person *to)
{
    snprintf(text, size,
             by_bus ? "{\"id\":\"1\",\"typing\":{\"on\":true,\"contact_id\":\"%s\"}}"
                    : "{\"typing\":{\"contact_id\":\"%s\",\"on\":true}}",
             to->contact);
}

/* A pair becomes known: the first one goes by the bus. */
static void teach(struct person *from, struct person *to)
{
    char text[1024];

    snprintf(text, sizeof(text), "{\"id\":\"1\",\"typing\":{\"contact_id\":\"%s\",\"on\":false}}",
             to->contact);
    say_frame(from->fd, text);
    do
        (void)hear_frame(to->fd, text, sizeof(text));
    while (!strstr(text, "\"typing\"")); /* an agent hears of their state too */
    (void)hear_frame(from->fd, text, sizeof(text));
    (void)hear_frame(from->fd, text, sizeof(text)); /* ok and contact_state, in any order */
}

/* One message from session to session, without an id, so without an answer; each pair has its turn,
 * so nobody is over the rate limit. */
static double relay_once(void)
{
    struct person *from = &people[turn % (ACTIVE / 2) * 2], *to = from + 1;
    char text[512];
    tl_time began;

    turn++;
    typing_to(text, sizeof(text), to);
    began = tl_clock_mono();
    say_frame(from->fd, text);
    (void)hear_frame(to->fd, text, sizeof(text));
    if (!strstr(text, to->contact))
        die("not what was sent");
    began = tl_clock_mono() - began;
    if (by_bus)
        (void)hear_frame(from->fd, text, sizeof(text));
    return (double)began / 1000;
}

static double relay_cost(pid_t pid, double *latencies)
{
    double before = cpu_us(pid);

    for (unsigned i = 0; i < ROUNDS; i++)
        latencies[i] = relay_once();
    return (cpu_us(pid) - before) / ROUNDS;
}

static double echo_cost(const struct process *bare, const int *fds)
{
    double before = cpu_us(bare->pid);
    char text[512];

    for (unsigned i = 0; i < ROUNDS; i++) {
        typing_to(text, sizeof(text), &people[1]);
        say_frame(fds[i % ACTIVE], text);
        (void)hear_frame(fds[i % ACTIVE], text, sizeof(text));
    }
    return (cpu_us(bare->pid) - before) / ROUNDS;
}

/* The same with a hundred on their way at once. */
static double burst_cost(pid_t pid)
{
    double before = cpu_us(pid);
    char text[512];

    for (unsigned round = 0; round < ROUNDS / BURST; round++, turn += BURST) {
        for (unsigned i = 0; i < BURST; i++) {
            struct person *from = &people[(turn + i) % (ACTIVE / 2) * 2];
            typing_to(text, sizeof(text), from + 1);
            say_frame(from->fd, text);
        }
        for (unsigned i = 0; i < 2 * BURST; i++)
            if (by_bus || i % 2)
                (void)hear_frame(people[(turn + i / 2) % (ACTIVE / 2) * 2 + i % 2].fd, text,
                                 sizeof(text));
    }
    return (cpu_us(pid) - before) / ROUNDS;
}

static double echo_burst_cost(const struct process *bare, const int *fds)
{
    double before = cpu_us(bare->pid);
    char text[512];

    for (unsigned round = 0; round < ROUNDS / BURST; round++) {
        for (unsigned i = 0; i < BURST; i++) {
            typing_to(text, sizeof(text), &people[1]);
            say_frame(fds[(round * BURST + i) % ACTIVE], text);
        }
        for (unsigned i = 0; i < BURST; i++)
            (void)hear_frame(fds[(round * BURST + i) % ACTIVE], text, sizeof(text));
    }
    return (cpu_us(bare->pid) - before) / ROUNDS;
}

/* Everybody's socket ends at once; four clients bring them back, each its share. */
static double storm(uint16_t port)
{
    pid_t workers[WORKERS];
    tl_time began;

    for (int i = 0; i < STORM; i++)
        close(people[ACTIVE + i].fd);
    began = tl_clock_mono();
    for (int w = 0; w < WORKERS; w++) {
        workers[w] = fork();
        if (workers[w] == 0) {
            int http = dial(port);

            for (int i = w; i < STORM; i += WORKERS)
                come(&people[ACTIVE + i], port, http, NULL);
            _exit(0);
        }
    }
    for (int w = 0, status; w < WORKERS; w++)
        if (waitpid(workers[w], &status, 0) < 0 || status)
            die("a worker failed");
    return (double)(tl_clock_mono() - began) / 1e6;
}

int main(void)
{
    static double latency[ROUNDS], all[PAIRS * ROUNDS];
    double ratio[PAIRS], relays[PAIRS], echoes[PAIRS], empty, quiet, stormed;
    struct rlimit limit;
    struct process gateway, stand_in, bare;
    char token[TL_TOKEN_MAX + 1];
    int http, bare_fds[ACTIVE];

    if (!program_there("nats-server") || !program_there("redis-server")) {
        printf("not evaluated: nats-server and redis-server are needed\n");
        return 0;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit))
        die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* if too few, opening fails and says so */
    start_servers();
    stand_in = start(serve_stand_in);
    gateway = start(serve_gateway);
    bare = start(serve_bare);
    http = dial(gateway.port);
    for (int i = 0; i < ACTIVE; i += 2) {
        struct person *customer = &people[i], *agent = customer + 1;

        strcpy(agent->contact, tl_id_new().s);
        token_of(&key, NULL, token, sizeof(token));
        come(customer, gateway.port, http, token);
        token_of(&key, agent->contact, token, sizeof(token));
        come(agent, gateway.port, http, token);
        teach(customer, agent);
    }
    for (int i = 0; i < ACTIVE; i++)
        bare_fds[i] = dial(bare.port);
    (void)relay_cost(gateway.pid, latency); /* warm */
    (void)echo_cost(&bare, bare_fds);
    sleep(1);
    for (int i = 0; i < PAIRS; i++) {
        relays[i] = relay_cost(gateway.pid, latency);
        echoes[i] = echo_cost(&bare, bare_fds);
        ratio[i] = relays[i] / echoes[i];
        memcpy(all + i * ROUNDS, latency, sizeof(latency));
        sleep(1);
    }
    printf("relay_ratio_to_bare_epoll=%.2f (gateway %.2f us, bare %.2f us, median of %d)\n",
           at_percent(ratio, PAIRS, 50), at_percent(relays, PAIRS, 50),
           at_percent(echoes, PAIRS, 50), PAIRS);
    printf("relay_p50_ms=%.3f relay_p99_ms=%.3f (%d active sessions)\n",
           at_percent(all, TL_LEN(all), 50), at_percent(all, TL_LEN(all), 99), ACTIVE);
    for (int i = 0; i < PAIRS; i++) {
        relays[i] = burst_cost(gateway.pid);
        echoes[i] = echo_burst_cost(&bare, bare_fds);
        ratio[i] = relays[i] / echoes[i];
        sleep(1);
    }
    quiet = at_percent(relays, PAIRS, 50);
    printf("relay_burst_ratio_to_bare_epoll=%.2f (gateway %.2f us, bare %.2f us, %d at once)\n",
           at_percent(ratio, PAIRS, 50), at_percent(relays, PAIRS, 50),
           at_percent(echoes, PAIRS, 50), BURST);

    by_bus = true;
    for (int i = 0; i < PAIRS; i++) {
        relays[i] = burst_cost(gateway.pid);
        echoes[i] = echo_burst_cost(&bare, bare_fds);
        ratio[i] = relays[i] / echoes[i];
        sleep(1);
    }
    printf("relay_by_bus_burst_ratio_to_bare_epoll=%.2f (gateway %.2f us, bare %.2f us)\n",
           at_percent(ratio, PAIRS, 50), at_percent(relays, PAIRS, 50),
           at_percent(echoes, PAIRS, 50));
    by_bus = false;

    empty = resident(gateway.pid);
    for (int i = 0; i < IDLE; i++) {
        token_of(&key, NULL, token, sizeof(token));
        come(&people[ACTIVE + i], gateway.port, http, token);
    }
    sleep(2);
    printf("idle_bytes_per_session=%.0f (%d sessions)\n", (resident(gateway.pid) - empty) / IDLE,
           IDLE);
    for (int i = 0; i < PAIRS; i++)
        relays[i] = burst_cost(gateway.pid);
    printf("relay_growth_0_to_%d_idle=%.2f\n", IDLE, at_percent(relays, PAIRS, 50) / quiet);
    empty = cpu_us(gateway.pid);
    stormed = storm(gateway.port);
    printf("storm_s=%.2f storm_cpu_us_per_client=%.0f (%d clients dropped at once, all back with "
           "their "
           "snapshot)\n",
           stormed, (cpu_us(gateway.pid) - empty) / STORM, STORM);

    (void)kill(gateway.pid, SIGKILL);
    (void)kill(stand_in.pid, SIGKILL);
    (void)kill(bare.pid, SIGKILL);
    server_done(&nats);
    server_done(&redis);
    return 0;
}
