/*
 * The service itself on real NATS and Redis, with the settings of deploy/servers: an agent turns
 * ready -> the offer is on that agent's subject; processor time with 10 000 waiting and nobody
 * free; a standby's take-over with 10 000 agents and 100 000 waiting, until the first new offer.
 *
 * The first is measured by a plain socket that does not sleep (peer.h), from before its write to
 * after its read, and in turn with it by a service of ours: libnats, the loop, and for replies a
 * thread of libnats.
 *
 * One core is the ACD's, another one is Redis'.  NATS runs beside the ACD, and whoever measures
 * beside Redis: left to wander over both, the same took a quarter to a half longer.  The standby,
 * whose machine would be its own, may wander.
 *
 * usage: bench_dispatch [path of tl-acd [brief]]     last line: key=value figures
 * brief: only the first of the three.
 */
#include "../../kit/bench/cores.h"
#include "../../kit/tests/server.h"

#include "peer.h"
#include <dirent.h>
#include <tl_bus.h>
#include <tl_log.h>
#include <tl_mem.h>
#include <tl_pb.h>
#include <wire_pb.h>

#define AGENTS 10000
#define ROUNDS 3000

enum { SID_REPLY = 1, SID_PUSH };

struct bench {
    struct peer peer;
    struct tl_loop *loop;
    struct tl_bus *bus;
    struct tl_sub *pushes;
    bool plain; /* who asks: the socket, or the bus */
    struct tl_timer *patience;
    const char *program;
    struct server nats, redis;
    char dir[64];
    pid_t acd[2];
    struct tl_buf packed;
    unsigned sent, answered, refused;
    char contact[40], agent[40];
    tl_time offered_at;
    unsigned offers;
};

static void see_push(struct bench *b, const void *data, size_t n, tl_time at)
{
    Threadline__Signaling__V1__ServerMessage *s = NULL;

    if (TL_PB_UNPACK(threadline__signaling__v1__server_message, data, n, &s))
        exit(1);
    if (s->body_case == THREADLINE__SIGNALING__V1__SERVER_MESSAGE__BODY_OFFER) {
        b->offered_at = at;
        b->offers++;
        (void)tl_str_put(b->contact, sizeof(b->contact), tl_str(s->offer->contact_id));
    }
    tl_pb_free(s);
}

static void see_reply(struct bench *b, bool refused)
{
    b->answered++;
    b->refused += refused;
}

/* Whoever waits looks again. */
static void on_push(void *arg, const struct tl_msg *m)
{
    struct bench *b = arg;

    see_push(b, m->data, m->n, tl_clock_mono());
    tl_loop_stop(b->loop);
}

static void on_reply(void *arg, const struct tl_reply *r)
{
    struct bench *b = arg;

    see_reply(b, r->err != 0);
    tl_loop_stop(b->loop);
}

static void on_patience(void *arg)
{
    tl_loop_stop(((struct bench *)arg)->loop);
}

/* Sleeps until something came, or the patience is over: the processor belongs to the servers. */
static void sleep_a_while(struct bench *b)
{
    struct peer_msg m;

    if (!b->plain) {
        tl_timer_start(b->patience, TL_SEC(1));
        (void)tl_loop_run(b->loop);
    } else if (peer_next(&b->peer, &m, TL_SEC(1))) {
        if (m.sid == SID_PUSH)
            see_push(b, m.data, m.n, m.at);
        else
            see_reply(b, m.refused);
    }
}

static void command(struct bench *b, const char *method, const void *message)
{
    char subject[80];

    (void)snprintf(subject, sizeof(subject), "tl.cmd.acd.p0.%s", method);
    tl_buf_clear(&b->packed);
    if (tl_pb_pack(message, &b->packed))
        exit(1);
    if (b->plain)
        peer_request(&b->peer, subject, "_INBOX.peer", b->packed.p, b->packed.n);
    else if (tl_bus_request(b->bus, subject, b->packed.p, b->packed.n, TL_SEC(5), 1, on_reply, b))
        exit(1);
    b->sent++;
}

static bool settle(struct bench *b, unsigned most, tl_dur limit)
{
    tl_time end = tl_clock_mono() + limit;

    while (b->sent - b->answered > most && tl_clock_mono() < end)
        sleep_a_while(b);
    return b->sent - b->answered <= most;
}

static void set_ready(struct bench *b, unsigned agent, bool ready)
{
    Threadline__Acd__V1__SetAgentStateRequest q =
        THREADLINE__ACD__V1__SET_AGENT_STATE_REQUEST__INIT;
    Threadline__Common__V1__Actor a = THREADLINE__COMMON__V1__ACTOR__INIT;

    (void)snprintf(b->agent, sizeof(b->agent), "a%u", agent);
    a.role = THREADLINE__COMMON__V1__ROLE__ROLE_AGENT;
    a.agent_id = b->agent;
    q.actor = &a;
    q.ready = ready;
    command(b, "set_agent_state", &q);
}

static void enqueue(struct bench *b, unsigned n, const char *queue)
{
    Threadline__Acd__V1__EnqueueRequest q = THREADLINE__ACD__V1__ENQUEUE_REQUEST__INIT;
    char id[32];

    (void)snprintf(id, sizeof(id), "contact-%u", n);
    q.contact_id = id;
    q.queue = (char *)(uintptr_t)queue;
    q.channel = THREADLINE__COMMON__V1__CHANNEL__CHANNEL_VIDEO;
    command(b, "enqueue", &q);
}

static void write_rules(const char *dir)
{
    char path[100];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/acd.yaml", dir);
    f = fopen(path, "w");
    if (!f)
        exit(1);
    fprintf(f, "lease: 10m\nqueues: [{name: busy, max_waiting: 1000000, wrap_up: 0s}, "
               "{name: zero, wrap_up: 0s}, {name: one, wrap_up: 0s}]\n"
               "teams: [{name: zero, queues: [zero]}, {name: one, queues: [one, busy]}, "
               "{name: rest, queues: [busy]}]\nagents:\n");
    for (int i = 0; i < AGENTS; i++)
        fprintf(f, "  - {id: a%d, team: %s}\n", i, i ? i == 1 ? "one" : "rest" : "zero");
    fclose(f);
}

enum { CORE_ACD, CORE_REDIS };

/* A platform's settings, which `make bench` has, are not this service's. */
static void forget_settings(void)
{
    for (char **e = environ; *e;) {
        char name[80];

        if (strncmp(*e, "TL_", 3) != 0 || sscanf(*e, "%79[^=]", name) != 1 || unsetenv(name))
            e++; /* else the next one stands here now */
    }
}

static pid_t start_acd(const struct bench *b, const char *name)
{
    char port[16], nats[64], redis[64];
    pid_t pid;

    (void)fflush(stdout); /* or the child says it again */
    pid = fork();

    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    use_cores(CORE_ACD, b->acd[0] ? CORE_REDIS : CORE_ACD); /* the standby wanders */
    forget_settings();
    (void)snprintf(port, sizeof(port), "%d", free_port());
    (void)snprintf(nats, sizeof(nats), "nats://127.0.0.1:%d", b->nats.port);
    (void)snprintf(redis, sizeof(redis), "redis://127.0.0.1:%d", b->redis.port);
    setenv("TL_ACD_PORT", port, 1);
    setenv("TL_NATS_URL", nats, 1);
    setenv("TL_REDIS_URL", redis, 1);
    setenv("TL_CONFIG_DIR", b->dir, 1);
    setenv("TL_ACD_INSTANCE", name, 1);
    setenv("TL_ACD_GATHER_S", "0", 1); /* nobody comes back */
    setenv("TL_LOG_LEVEL", "error", 1);
    if (!freopen("/dev/null", "w", stdout))
        _exit(1);
    execl(b->program, b->program, (char *)NULL);
    _exit(127);
}

/* All its threads. */
static double cpu_s(pid_t pid)
{
    char path[300];
    unsigned long long all = 0, ns;
    struct dirent *d;
    DIR *tasks;

    (void)snprintf(path, sizeof(path), "/proc/%d/task", pid);
    tasks = opendir(path);
    while (tasks && (d = readdir(tasks))) {
        (void)snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, d->d_name);
        FILE *f = *d->d_name == '.' ? NULL : fopen(path, "r");
        if (f && fscanf(f, "%llu", &ns) == 1)
            all += ns;
        if (f)
            fclose(f);
    }
    if (tasks)
        closedir(tasks);
    return (double)all / 1e9;
}

static void open_all(struct bench *b)
{
    static char nats_port[16], redis_port[16], url[64], js[80];

    server_prepare(&b->nats);
    server_prepare(&b->redis);
    (void)snprintf(nats_port, sizeof(nats_port), "%d", b->nats.port);
    (void)snprintf(redis_port, sizeof(redis_port), "%d", b->redis.port);
    (void)snprintf(js, sizeof(js), "%s/js", b->nats.dir);
    const char *n[] = {"nats-server", "-a", "127.0.0.1", "-p", nats_port, "-js", "-sd", js, NULL};
    const char *r[] = {
        "redis-server", "--port",     redis_port,     "--bind", "127.0.0.1",     "--save",   "",
        "--dir",        b->redis.dir, "--appendonly", "yes",    "--appendfsync", "everysec", NULL};
    memcpy(b->nats.argv, n, sizeof(n));
    memcpy(b->redis.argv, r, sizeof(r));
    use_cores(CORE_ACD, CORE_ACD);
    server_start(&b->nats);
    use_cores(CORE_REDIS, CORE_REDIS);
    server_start(&b->redis);
    strcpy(b->dir, b->redis.dir);
    write_rules(b->dir);
    (void)snprintf(url, sizeof(url), "nats://127.0.0.1:%d", b->nats.port);
    const struct tl_bus_opts opts = {.url = url, .name = "bench"};
    const struct tl_stream stream = {
        .name = "EVENTS", .subjects = {"tl.events.>"}, .max_bytes = 1 << 30, .dedup = TL_MIN(2)};
    char why[256] = "";
    if (tl_bus_setup(&opts, &stream, 1, why) || tl_loop_new(&b->loop) ||
        tl_timer_new(&b->patience, b->loop, on_patience, b) ||
        tl_bus_open(&b->bus, b->loop, &opts) ||
        tl_bus_subscribe(&b->pushes, b->bus, "tl.agent.a1", NULL, on_push, b)) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
    while (!tl_bus_ready(b->bus))
        (void)tl_loop_turn(b->loop);
    peer_open(&b->peer, b->nats.port);
    peer_sub(&b->peer, "_INBOX.peer", SID_REPLY);
    peer_sub(&b->peer, "tl.agent.a0", SID_PUSH);
    b->acd[0] = start_acd(b, "one");
}

/* Until the service answers. */
static void wait_for_owner(struct bench *b)
{
    tl_time end = tl_clock_mono() + TL_SEC(30);

    do {
        if (tl_clock_mono() > end || waitpid(b->acd[0], NULL, WNOHANG) == b->acd[0]) {
            printf("%s does not answer: is another port, file or limit in its way?\n", b->program);
            exit(1);
        }
        turn_for(b->loop, TL_MSEC(20));
        b->sent = b->answered = b->refused = 0;
        set_ready(b, 0, false);
        (void)settle(b, 0, TL_SEC(5));
    } while (b->answered == 0 || b->refused);
}

static int by_time(const void *a, const void *b)
{
    tl_dur x = *(const tl_dur *)a, y = *(const tl_dur *)b;

    return x < y ? -1 : x > y;
}

/* One contact waits, the agent turns ready; then it is over and the agent pauses. */
static tl_dur dispatch_once(struct bench *b, unsigned n)
{
    Threadline__Acd__V1__DequeueRequest gone = THREADLINE__ACD__V1__DEQUEUE_REQUEST__INIT;
    const unsigned agent = b->plain ? 0 : 1, offers = b->offers;
    tl_time began, end;

    enqueue(b, n, b->plain ? "zero" : "one");
    (void)settle(b, 0, TL_SEC(5));
    began = tl_clock_mono();
    end = began + TL_SEC(5);
    set_ready(b, agent, true);
    while (b->offers == offers && tl_clock_mono() < end)
        sleep_a_while(b);
    tl_dur took = b->offered_at - began;
    (void)settle(b, 0, TL_SEC(5));
    set_ready(b, agent, false);
    gone.contact_id = b->contact;
    command(b, "dequeue", &gone);
    (void)settle(b, 0, TL_SEC(5));
    return took;
}

struct times {
    tl_dur took[ROUNDS];
    unsigned n;
};

static long times_at(const struct times *t, unsigned percent)
{
    return (long)t->took[t->n * percent / 100];
}

static void times_tell(struct times *t, const char *by)
{
    qsort(t->took, t->n, sizeof(t->took[0]), by_time);
    printf("ready -> offer on the agent's subject, asked and heard by %s: "
           "p50 %ld us, p99 %ld us (%u)\n",
           by, times_at(t, 50), times_at(t, 99), t->n);
}

/* In turn: what else the machine does meets both. */
static void measure_dispatch(struct bench *b, struct times *plain, struct times *bus)
{
    const unsigned warm = 100;

    for (unsigned i = 0; i < 2 * (warm + ROUNDS); i++) {
        b->plain = i % 2 == 0;
        struct times *t = b->plain ? plain : bus;
        tl_dur took = dispatch_once(b, i);
        if (i >= 2 * warm)
            t->took[t->n++] = took;
    }
    b->plain = false;
    times_tell(plain, "a plain socket that does not sleep");
    times_tell(bus, "a service of ours (libnats)");
}

/* The service that was built beside this program, unless another is named. */
static const char *beside(const char *self)
{
    static char path[512];
    const char *slash = strrchr(self, '/');

    (void)snprintf(path, sizeof(path), "%.*s/../../../tl-acd", slash ? (int)(slash - self) : 1,
                   slash ? self : ".");
    return path;
}

int main(int argc, char **argv)
{
    static struct bench b;
    static struct times plain, bus;
    unsigned kept;
    int rc = 1;
    double cpu;
    tl_time began;

    b.program = argc > 1 ? argv[1] : beside(argv[0]);
    if (access(b.program, X_OK)) {
        printf("not built: %s (make bench-acd builds it)\n", b.program);
        return 0;
    }
    tl_log_setup("bench", TL_ERROR);
    b.packed = TL_BUF(65536);
    open_all(&b);
    wait_for_owner(&b);
    measure_dispatch(&b, &plain, &bus);
    if (argc > 2) {
        kill(b.acd[0], SIGTERM);
        waitpid(b.acd[0], NULL, 0);
        rc = 0;
        goto out;
    }

    for (unsigned i = 0; i < 10000; i++) {
        enqueue(&b, 100000 + i, "busy");
        (void)settle(&b, 200, TL_SEC(5));
    }
    (void)settle(&b, 0, TL_SEC(5));
    turn_for(b.loop, TL_SEC(4)); /* events drain to JetStream */
    cpu = cpu_s(b.acd[0]);
    turn_for(b.loop, TL_SEC(10));
    cpu = (cpu_s(b.acd[0]) - cpu) / 10 * 100;
    printf("10 000 waiting, nobody free: %.2f %% of a core\n", cpu);

    for (unsigned i = 1; i < AGENTS; i++) { /* signed in, not ready: nobody takes them */
        set_ready(&b, i, false);
        (void)settle(&b, 200, TL_SEC(5));
    }
    for (unsigned i = 0; i < 90000; i++) {
        enqueue(&b, 200000 + i, "busy");
        (void)settle(&b, 400, TL_SEC(5));
    }
    (void)settle(&b, 0, TL_SEC(20));
    b.acd[1] = start_acd(&b, "two");
    turn_for(b.loop, TL_SEC(2));
    kept = b.offers;
    began = tl_clock_mono();
    kill(b.acd[0], SIGKILL);
    /* an agent keeps saying that it is ready until somebody listens */
    while (b.offers == kept && tl_clock_mono() - began < TL_SEC(20)) {
        set_ready(&b, 1, true);
        turn_for(b.loop, TL_MSEC(10));
    }
    printf("take-over with 10 000 agents and 100 000 waiting: first new offer after %ld ms\n",
           (long)(b.offered_at - began) / 1000);
    printf("dispatch_p50_us=%ld dispatch_p99_us=%ld dispatch_libnats_p50_us=%ld "
           "dispatch_libnats_p99_us=%ld idle_cpu_pct=%.2f takeover_ms=%ld\n",
           times_at(&plain, 50), times_at(&plain, 99), times_at(&bus, 50), times_at(&bus, 99), cpu,
           (long)(b.offered_at - began) / 1000);
    rc = b.offers > kept ? 0 : 1;
    kill(b.acd[1], SIGTERM);
    waitpid(b.acd[0], NULL, 0);
    waitpid(b.acd[1], NULL, 0);
out:
    tl_sub_free(b.pushes);
    tl_timer_free(b.patience);
    tl_bus_close(b.bus);
    tl_loop_free(b.loop);
    server_done(&b.nats);
    server_done(&b.redis);
    tl_buf_done(&b.packed);
    return rc;
}
