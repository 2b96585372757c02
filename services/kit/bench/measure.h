/*
 * What the kernel knows of a process, and the middle of many figures.
 */
#ifndef KIT_BENCH_MEASURE_H
#define KIT_BENCH_MEASURE_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "sockets.h"

/* CPU of all its threads so far, as the scheduler accounts it. */
static inline double cpu_us(pid_t pid)
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

static inline double resident(pid_t pid)
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

static inline int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts v. */
static inline double at_percent(double *v, size_t n, double percent)
{
    size_t at = (size_t)((double)n * percent / 100);

    qsort(v, n, sizeof(*v), by_size);
    return v[at < n ? at : n - 1];
}

static inline double load_now(void)
{
    double load = 0;

    return getloadavg(&load, 1) == 1 ? load : -1;
}

#endif
