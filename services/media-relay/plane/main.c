/**
 * @file main.c  tl-media-plane: one epoll loop over the ports, a 20 ms timer and the command
 * socket.
 *
 * It has no state that it could not lose, but losing it ends every audio leg, so it does as little
 * as possible: no bus, no JSON, no Janus, no configuration file.
 */
#include "core/ports.h"
#include "plane/plane.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <tl_clock.h>
#include <tl_conf.h>
#include <tl_log.h>
#include <unistd.h>

enum { CLIENTS = 8, TICK_NS = 20 * 1000 * 1000, MAX_LATE_TICKS = 5 };

/* What an epoll event is about: kind in the upper half, slot or fd in the lower one. */
enum kind { RTP, RTCP, TIMER, LISTENER, CLIENT, SIGNAL };

struct program {
    struct plane plane;
    int epoll, timer, listener, signals;
    int clients[CLIENTS]; /* fds, -1: free */
    struct tl_buf answer;
    bool stop;
};

static int watch(int epoll, int fd, enum kind kind, int value)
{
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = (uint64_t)kind << 32 | (uint32_t)value};

    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

static int watch_port(void *arg, int slot, const struct plane_port *port)
{
    struct program *g = arg;
    int err = watch(g->epoll, port->rtp_fd, RTP, slot);

    return err ? err : watch(g->epoll, port->rtcp_fd, RTCP, slot);
}

static int listen_at(const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    mode_t old;
    int err = 0;

    if (fd < 0)
        return -errno;
    if (!tl_str_put(at.sun_path, sizeof at.sun_path, tl_str(path))) {
        close(fd);
        return -ENAMETOOLONG;
    }
    (void)unlink(path); /* of an earlier life; if it cannot go, bind says so */
    old = umask(0177);  /* only our own user may command */
    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, CLIENTS) < 0)
        err = -errno;
    umask(old);
    if (err)
        close(fd);
    return err ? err : fd;
}

static void accept_client(struct program *g)
{
    int fd = accept4(g->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0)
        return;
    for (int i = 0; i < CLIENTS; i++) {
        if (g->clients[i] >= 0)
            continue;
        if (watch(g->epoll, fd, CLIENT, i) < 0)
            break;
        g->clients[i] = fd;
        return;
    }
    close(fd);
}

static void drop_client(struct program *g, int i)
{
    close(g->clients[i]);
    g->clients[i] = -1;
}

static void serve_client(struct program *g, int i)
{
    static char message[PLANE_MESSAGE];

    for (int burst = 0; burst < 64; burst++) {
        ssize_t n = recv(g->clients[i], message, sizeof message, 0);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            drop_client(g, i);
            return;
        }
        plane_command(&g->plane, (struct tl_str){message, (size_t)n}, tl_clock_mono(), &g->answer);
        if (send(g->clients[i], g->answer.p, g->answer.n, MSG_NOSIGNAL) < 0) {
            drop_client(g, i); /* it does not read: media must not wait for it */
            return;
        }
    }
}

static void tick(struct program *g)
{
    uint64_t times = 0;

    if (read(g->timer, &times, sizeof times) != sizeof times)
        return;
    if (times > MAX_LATE_TICKS)
        times = MAX_LATE_TICKS; /* after a stall: catch up a little, never a flood */
    while (times-- > 0)
        table_tick(&g->plane.table, tl_clock_mono());
}

static void handle(struct program *g, uint64_t what)
{
    int value = (int)(uint32_t)what;

    switch ((enum kind)(what >> 32)) {
    case RTP: plane_port_read(&g->plane, value, tl_clock_mono()); break;
    case RTCP: plane_rtcp_read(&g->plane, value); break;
    case TIMER: tick(g); break;
    case LISTENER: accept_client(g); break;
    case CLIENT:
        if (g->clients[value] >= 0)
            serve_client(g, value);
        break;
    case SIGNAL: g->stop = true; break;
    }
}

static int start_timer(void)
{
    struct itimerspec every = {{0, TICK_NS}, {0, TICK_NS}};
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

    if (fd < 0 || timerfd_settime(fd, 0, &every, NULL) < 0)
        return -errno;
    return fd;
}

static int block_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static int start(struct program *g, const char *socket_path)
{
    int err;

    g->epoll = epoll_create1(EPOLL_CLOEXEC);
    g->signals = block_signals();
    g->timer = start_timer();
    g->listener = listen_at(socket_path);
    if (g->epoll < 0 || g->signals < 0 || g->timer < 0)
        return -errno;
    if (g->listener < 0)
        return g->listener;
    err = watch(g->epoll, g->timer, TIMER, 0);
    if (!err)
        err = watch(g->epoll, g->listener, LISTENER, 0);
    if (!err)
        err = watch(g->epoll, g->signals, SIGNAL, 0);
    return err;
}

static void run(struct program *g)
{
    struct epoll_event events[64];

    while (!g->stop) {
        int n = epoll_wait(g->epoll, events, TL_LEN(events), -1);

        for (int i = 0; i < n; i++)
            handle(g, events[i].data.u64);
    }
}

int main(int argc, char **argv)
{
    const char *socket_path, *range, *sounds;
    const struct tl_setting settings[] = {
        TL_SET_TEXT("TL_MEDIA_PLANE_SOCKET", &socket_path, ".run/media/plane.sock",
                    "Unix socket for commands"),
        TL_SET_TEXT("TL_MEDIA_RTP_PORTS", &range, "22000-22999",
                    "UDP ports on the loopback, two for each leg, the first one even"),
        TL_SET_TEXT("TL_MEDIA_SOUNDS_DIR", &sounds, "build/media",
                    "folder with music and announcements (*.opus, mono, 20 ms frames)"),
    };
    struct program g = {.answer = TL_BUF(PLANE_MESSAGE),
                        .clients = {-1, -1, -1, -1, -1, -1, -1, -1}};
    struct tl_buf text = TL_BUF(8192);
    uint16_t first, last;
    int err, loaded;

    if (argc > 1) {
        tl_conf_help(settings, TL_LEN(settings), &text);
        printf("tl-media-plane: forwards the audio of media-relay\n%s", text.p);
        return strcmp(argv[1], "--help") == 0 ? 0 : 78;
    }
    if (tl_conf_load(settings, TL_LEN(settings), &text) || ports_parse(range, &first, &last)) {
        fprintf(stderr, "tl-media-plane: %s\n",
                text.n ? text.p : "TL_MEDIA_RTP_PORTS: not FIRST-LAST");
        return 78;
    }
    tl_log_setup("media-plane", TL_INFO);
    err = plane_init(&g.plane, first, last);
    if (err)
        goto out;
    g.plane.watch = watch_port;
    g.plane.arg = &g;
    loaded = plane_load_sounds(&g.plane, sounds);
    if (loaded < 0)
        tl_warn("no sounds: callers will hear silence", TL_E(loaded));
    err = start(&g, socket_path);
    if (err)
        goto out;
    tl_info("plane is up", TL_S("boot", g.plane.boot.s), TL_I("sounds", loaded),
            TL_I("legs_max", g.plane.table.cap));
    run(&g);
out:
    if (err)
        tl_error("plane cannot start", TL_E(err));
    plane_done(&g.plane);
    tl_buf_done(&g.answer);
    tl_buf_done(&text);
    return err ? 1 : 0;
}
