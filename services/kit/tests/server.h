/*
 * Real servers for adapter tests: started on a free loopback port with a data folder of their own,
 * killed at will, gone at the end.  A test that cannot find the program skips itself and says so.
 */
#ifndef KIT_TESTS_SERVER_H
#define KIT_TESTS_SERVER_H

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <tl_clock.h>
#include <tl_loop.h>
#include <unistd.h>

struct server {
    pid_t pid;
    int port;
    char dir[64];
    const char *argv[24];
};

static inline int free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0), port = 0;

    if (bind(fd, (struct sockaddr *)&a, n) == 0 && getsockname(fd, (struct sockaddr *)&a, &n) == 0)
        port = ntohs(a.sin_port);
    close(fd);
    return port;
}

static inline bool port_answers(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool ok = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;

    close(fd);
    return ok;
}

static inline bool program_there(const char *name)
{
    char cmd[200];

    snprintf(cmd, sizeof(cmd), "PATH=$PATH:/usr/sbin command -v %s >/dev/null 2>&1", name);
    return system(cmd) == 0;
}

static inline void server_prepare(struct server *s)
{
    memset(s, 0, sizeof(*s));
    s->port = free_port();
    strcpy(s->dir, "/tmp/tl-kit-test-XXXXXX");
    if (!mkdtemp(s->dir))
        abort();
}

/* argv is in s; returns when the port answers. */
static inline void server_start(struct server *s)
{
    s->pid = fork();
    if (s->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
            _exit(1);
        execvp(s->argv[0], (char *const *)(uintptr_t)s->argv);
        _exit(127);
    }
    for (int i = 0; i < 500 && !port_answers(s->port); i++)
        usleep(20000);
}

static inline void server_kill(struct server *s)
{
    if (s->pid > 0) {
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
    s->pid = 0;
}

static inline void server_done(struct server *s)
{
    char cmd[120];

    server_kill(s);
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", s->dir);
    if (s->dir[0] && system(cmd) != 0)
        fprintf(stderr, "could not remove %s\n", s->dir);
}

/* Turn the loop until *flag or 10 s have gone. */
static inline bool turn_until(struct tl_loop *loop, const volatile int *flag)
{
    tl_time end = tl_clock_mono() + TL_SEC(10);

    while (!*flag && tl_clock_mono() < end) {
        (void)tl_loop_turn(loop);
        usleep(200);
    }
    return *flag != 0;
}

static inline void turn_for(struct tl_loop *loop, tl_dur d)
{
    tl_time end = tl_clock_mono() + d;

    while (tl_clock_mono() < end) {
        (void)tl_loop_turn(loop);
        usleep(200);
    }
}

#endif
