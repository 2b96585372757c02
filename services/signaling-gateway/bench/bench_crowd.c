/*
 * What many cost: memory of an idle session at 10 000, what 8000 idle ones add to a message of the
 * others, and how long 8000 clients take to be back when all of them are dropped at once.
 *
 * Growth compares two gateways in one run, one with the crowd and one without, in small slices by
 * turns; two bare echoes likewise, because sockets that are merely there cost the kernel's caches
 * something too.
 */
#include "roads.h"

enum { ACTIVE = 1000, IDLE = 10000, CROWD = 8000, WORKERS = 4 };

static struct person few[ACTIVE], active[ACTIVE], idle[IDLE];

static void add_pairs(struct road *r, const struct person *people)
{
    for (int way = 0; way < 2; way++)
        for (int i = 0; i < ACTIVE; i += 2)
            road_add_typing(r, people[i + way].fd, people[i + !way].fd, people[i].contact);
}

static void add_echoes(struct road *r, uint16_t port)
{
    for (int i = 0; i < ACTIVE; i++) {
        int fd = dial(port);

        road_add_typing(r, fd, fd, few[i].contact);
    }
}

/* Idle connections of a bare echo are held by a process of their own: descriptors are few. */
static pid_t crowd_of(uint16_t port)
{
    int done[2];
    char ready;
    pid_t pid;

    if (pipe(done) || (pid = fork()) < 0)
        die("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (int i = 0; i < IDLE; i++)
            if (idle[i].fd > 0)
                close(idle[i].fd);
        for (int i = 0; i < CROWD; i++)
            (void)dial(port);
        if (write(done[1], "", 1) == 1)
            pause();
        _exit(0);
    }
    if (read(done[0], &ready, 1) != 1)
        die("crowd");
    return pid;
}

static void growth(struct road *with, struct road *without, struct road *bare_with,
                   struct road *bare_without)
{
    struct compared c = road_compare(with, without, BURST, NULL), b;

    b = road_compare(bare_with, bare_without, BURST, NULL);
    printf("relay_growth_0_to_%d_idle=%.2f (%.2f us, without %.2f us; bare echo %.2f: %.2f us, "
           "without %.2f us; medians of %d pairs of %d messages, load %.1f)\n",
           CROWD, c.ratio, c.cost, c.floor, b.ratio, b.cost, b.floor, PAIRS, SLICE * SLICES,
           load_now());
}

/* Everybody's socket ends at once; four clients bring them back, each its share. */
static void storm(const struct process *gateway)
{
    double before = cpu_us(gateway->pid), began_load = load_now();
    pid_t workers[WORKERS];
    tl_time began;

    for (int i = 0; i < CROWD; i++)
        close(idle[i].fd);
    began = tl_clock_mono();
    for (int w = 0; w < WORKERS; w++) {
        workers[w] = fork();
        if (workers[w] == 0) {
            int http = dial(gateway->port);

            for (int i = w; i < CROWD; i += WORKERS)
                come(&idle[i], gateway->port, http, NULL);
            _exit(0);
        }
    }
    for (int w = 0, status; w < WORKERS; w++)
        if (waitpid(workers[w], &status, 0) < 0 || status)
            die("a worker failed");
    printf("storm_s=%.2f storm_cpu_us_per_client=%.0f (%d clients dropped at once, all back with "
           "their snapshot, load before %.1f)\n",
           (double)(tl_clock_mono() - began) / 1e6, (cpu_us(gateway->pid) - before) / CROWD, CROWD,
           began_load);
}

/* All leave; what stays of them after their grace? */
static void afterwards(const struct process *gateway, double empty)
{
    for (int i = 0; i < CROWD; i++)
        close(idle[i].fd);
    sleep(STAGE_GRACE_S + 25);
    printf("bytes_left_per_session=%.0f (a while after all had left)\n",
           (resident(gateway->pid) - empty) / IDLE);
}

int main(void)
{
    struct process gateway, other, bare, bare_other, keepers[3];
    struct road with = {0}, without = {0}, bare_with = {0}, bare_without = {0};
    double empty;
    pid_t crowd;

    (void)signal(SIGPIPE, SIG_IGN);
    if (!stage_set())
        return 0;
    gateway = process_start(serve_gateway);
    other = process_start(serve_gateway);
    bare = process_start(serve_bare_echo);
    bare_other = process_start(serve_bare_echo);
    with.pid = gateway.pid;
    without.pid = other.pid;
    bare_with.pid = bare.pid;
    bare_without.pid = bare_other.pid;
    come_in_pairs(active, ACTIVE, gateway.port);
    come_in_pairs(few, ACTIVE, other.port);
    add_pairs(&with, active);
    add_pairs(&without, few);
    add_echoes(&bare_with, bare.port);
    add_echoes(&bare_without, bare_other.port);

    empty = resident(gateway.pid);
    come_idle(idle, IDLE, gateway.port);
    sleep(2);
    printf("idle_bytes_per_session=%.0f (%d sessions)\n", (resident(gateway.pid) - empty) / IDLE,
           IDLE);
    for (int i = CROWD; i < IDLE; i++) {
        close(idle[i].fd);
        idle[i].fd = 0;
    }
    crowd = crowd_of(bare.port);
    keepers[0] = keep_alive(idle, CROWD);
    keepers[1] = keep_alive(active, ACTIVE);
    keepers[2] = keep_alive(few, ACTIVE);
    growth(&with, &without, &bare_with, &bare_without);
    (void)kill(crowd, SIGKILL);
    (void)waitpid(crowd, NULL, 0);
    for (size_t i = 0; i < TL_LEN(keepers); i++)
        process_end(&keepers[i]);
    storm(&gateway);
    afterwards(&gateway, empty);

    process_end(&gateway);
    process_end(&other);
    process_end(&bare);
    process_end(&bare_other);
    stage_clear();
    return 0;
}
