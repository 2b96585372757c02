/*
 * Which core does what: the server that is measured has one, those who load it the other.  Left to
 * wander, a server shares its client's core in one run and is woken across cores in the next, and
 * that alone is worth a factor of four.
 */
#ifndef KIT_BENCH_CORES_H
#define KIT_BENCH_CORES_H

#include <sched.h>

enum { CORE_LOAD, CORE_SERVER };

/* Of this process and those that it starts from here on.  A machine with one core has no choice. */
static inline void use_cores(int first, int last)
{
    cpu_set_t these;

    CPU_ZERO(&these);
    for (int core = first; core <= last; core++)
        CPU_SET(core, &these);
    (void)sched_setaffinity(0, sizeof(these), &these);
}

static inline void use_core(int core)
{
    use_cores(core, core);
}

#endif
