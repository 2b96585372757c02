/* See bar.h. */
#include "bar.h"
#include <stdio.h>
#include <unistd.h>

#define WIDTH 40

static int shown = -1;

void bar_show(const char *what, double share)
{
    static const char full[] = "########################################";
    int percent = share < 0 ? 0 : share > 1 ? 100 : (int)(100 * share);

    if (percent == shown || !isatty(STDERR_FILENO))
        return;
    shown = percent;
    fprintf(stderr, "\r%-10s [%-*.*s] %3d %%", what, WIDTH, percent * WIDTH / 100, full, percent);
    (void)fflush(stderr);
}

void bar_clear(void)
{
    if (shown >= 0)
        fprintf(stderr, "\r%*s\r", WIDTH + 24, "");
    shown = -1;
}
