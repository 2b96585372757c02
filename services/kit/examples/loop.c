/* A timer, deferred work and slow work, on one loop. */
#include <stdio.h>
#include <tl_loop.h>
#include <unistd.h>

static struct tl_loop *loop;

static void slow(void *arg)
{
    (void)arg;
    usleep(1000); /* on another thread: the loop goes on meanwhile */
}

static void slow_done(void *arg)
{
    (void)arg;
    puts("slow work is done, stopping");
    tl_loop_stop(loop);
}

static void soon(void *arg)
{
    printf("soon: %s\n", (const char *)arg);
    if (tl_loop_work(loop, slow, slow_done, NULL))
        tl_loop_stop(loop);
}

static void on_timer(void *arg)
{
    (void)arg;
    puts("the timer fired");
    if (tl_loop_defer(loop, soon, "after the timer, before anything waits"))
        tl_loop_stop(loop);
}

int main(void)
{
    struct tl_timer *t = NULL;

    if (tl_loop_new(&loop) || tl_timer_new(&t, loop, on_timer, NULL))
        return 1;
    tl_timer_start(t, TL_MSEC(5));
    tl_loop_run(loop);
    tl_timer_free(t);
    tl_loop_free(loop);
    return 0;
}
