/* Servers of a bench, each a process of its own that ends with it. */
#ifndef KIT_BENCH_PROCESS_H
#define KIT_BENCH_PROCESS_H

#include "cores.h"
#include "sockets.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

struct process {
    pid_t pid;
    uint16_t port;
};

/* serve() tells its port and never comes back. */
static inline struct process process_start(void (*serve)(int tell))
{
    struct process p;
    int pipes[2];

    if (pipe(pipes) || (p.pid = fork()) < 0)
        die("fork");
    if (p.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        use_core(CORE_SERVER);
        serve(pipes[1]);
        _exit(0);
    }
    close(pipes[1]);
    if (read(pipes[0], &p.port, sizeof(p.port)) != sizeof(p.port))
        die("server");
    close(pipes[0]);
    return p;
}

static inline void process_tell(int tell, uint16_t port)
{
    if (write(tell, &port, sizeof(port)) != sizeof(port))
        _exit(1);
}

static inline void process_end(const struct process *p)
{
    (void)kill(p->pid, SIGKILL);
    (void)waitpid(p->pid, NULL, 0);
}

#endif
