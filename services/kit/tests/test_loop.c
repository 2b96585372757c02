/* The loop: order, time, descriptors, signals, other threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the four above first */
#include <arpa/inet.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <tl_clock.h>
#include <tl_loop.h>
#include <unistd.h>

static struct tl_loop *loop;
static char said[256];

static void say(void *arg)
{
    strncat(said, arg, sizeof(said) - strlen(said) - 1);
}

static void say_and_stop(void *arg)
{
    say(arg);
    tl_loop_stop(loop);
}

static int setup(void **state)
{
    (void)state;
    said[0] = '\0';
    return tl_loop_new(&loop);
}

static int teardown(void **state)
{
    (void)state;
    loop = tl_loop_free(loop);
    return 0;
}

static void defer_again(void *arg)
{
    say(arg);
    assert_int_equal(tl_loop_defer(loop, say_and_stop, "c"), 0);
    say("-");
}

static void deferred_calls_run_in_order_and_never_inside(void **state)
{
    (void)state;
    assert_int_equal(tl_loop_defer(loop, say, "a"), 0);
    assert_int_equal(tl_loop_defer(loop, defer_again, "b"), 0);
    assert_string_equal(said, "");
    tl_loop_run(loop);
    assert_string_equal(said, "ab-c");
}

static void defer_from_timer(void *arg)
{
    (void)arg;
    assert_int_equal(tl_loop_defer(loop, say_and_stop, "d"), 0);
}

/* The trap: work queued in the timer phase waits for ever when poll sleeps. */
static void what_a_timer_defers_runs_at_once(void **state)
{
    struct tl_timer *t = NULL, *late = NULL;
    tl_time start = tl_clock_mono();

    (void)state;
    assert_int_equal(tl_timer_new(&t, loop, defer_from_timer, NULL), 0);
    assert_int_equal(tl_timer_new(&late, loop, say_and_stop, "late"), 0);
    tl_timer_start(t, TL_MSEC(1));
    tl_timer_start(late, TL_SEC(2));
    tl_loop_run(loop);
    assert_string_equal(said, "d");
    assert_true(tl_clock_mono() - start < TL_SEC(1));
    tl_timer_free(t);
    tl_timer_free(late);
}

static void timers_fire_in_order_and_never_early(void **state)
{
    struct tl_timer *a = NULL, *b = NULL, *never = NULL;
    tl_time start;

    (void)state;
    assert_int_equal(tl_timer_new(&a, loop, say, "a"), 0);
    assert_int_equal(tl_timer_new(&b, loop, say_and_stop, "b"), 0);
    assert_int_equal(tl_timer_new(&never, loop, say, "x"), 0);
    start = tl_clock_mono();
    tl_timer_start(b, TL_USEC(30500));
    tl_timer_start(a, TL_MSEC(50));
    tl_timer_start(a, TL_MSEC(10)); /* moved */
    tl_timer_start(never, TL_MSEC(1));
    tl_timer_stop(never);
    assert_false(tl_timer_active(never));
    assert_true(tl_timer_active(a));
    tl_loop_run(loop);
    assert_string_equal(said, "ab");
    assert_true(tl_clock_mono() - start >= TL_USEC(30500));
    tl_timer_free(a);
    tl_timer_free(b);
    tl_timer_free(never);
}

static void *post_three(void *arg)
{
    (void)arg;
    assert_int_equal(tl_loop_post(loop, say, "1"), 0);
    assert_int_equal(tl_loop_post(loop, say, "2"), 0);
    assert_int_equal(tl_loop_post(loop, say_and_stop, "3"), 0);
    return NULL;
}

static void other_threads_post_in_order(void **state)
{
    pthread_t other;

    (void)state;
    assert_int_equal(pthread_create(&other, NULL, post_three, NULL), 0);
    tl_loop_run(loop);
    pthread_join(other, NULL);
    assert_string_equal(said, "123");
}

static void work(void *arg)
{
    *(pthread_t *)arg = pthread_self();
}

static void worked(void *arg)
{
    assert_false(pthread_equal(*(pthread_t *)arg, pthread_self()));
    say_and_stop("done");
}

static void slow_work_runs_elsewhere_and_ends_here(void **state)
{
    pthread_t where = pthread_self();

    (void)state;
    assert_int_equal(tl_loop_work(loop, work, worked, &where), 0);
    tl_loop_run(loop);
    assert_string_equal(said, "done");
}

static void on_pipe(void *arg, int events, int err)
{
    char c = 0;

    assert_int_equal(err, 0);
    assert_int_equal(events, TL_READABLE);
    assert_int_equal(read(*(int *)arg, &c, 1), 1);
    say_and_stop((char[]){c, 0});
}

static void a_readable_descriptor_is_told(void **state)
{
    struct tl_io *io = NULL;
    int fds[2];

    (void)state;
    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    assert_int_equal(tl_io_new(&io, loop, fds[0], on_pipe, &fds[0]), 0);
    assert_int_equal(tl_io_watch(io, TL_READABLE), 0);
    assert_int_equal(write(fds[1], "r", 1), 1);
    tl_loop_run(loop);
    assert_string_equal(said, "r");
    tl_io_free(io);
    close(fds[0]);
    close(fds[1]);
}

static struct tl_io *refused;

static void on_refused(void *arg, int events, int err)
{
    int so_error = 0;
    socklen_t n = sizeof(so_error);

    assert_true(events & TL_WRITABLE);
    assert_true(err < 0);
    assert_int_equal(getsockopt(*(int *)arg, SOL_SOCKET, SO_ERROR, &so_error, &n), 0);
    assert_int_equal(so_error, ECONNREFUSED);
    refused = tl_io_free(refused); /* inside its own callback */
    say_and_stop("refused");
}

/* The trap: libuv reports EPOLLERR as a bad descriptor and stops, and a refused connection is never
 * noticed. */
static void a_refused_connection_is_told(void **state)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    int taken = socket(AF_INET, SOCK_STREAM, 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    (void)state;
    assert_int_equal(bind(taken, (struct sockaddr *)&a, sizeof(a)), 0); /* bound, not listening */
    assert_int_equal(getsockname(taken, (struct sockaddr *)&a, &n), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), -1);
    assert_int_equal(tl_io_new(&refused, loop, fd, on_refused, &fd), 0);
    assert_int_equal(tl_io_watch(refused, TL_READABLE | TL_WRITABLE), 0);
    tl_loop_run(loop);
    assert_string_equal(said, "refused");
    close(fd);
    close(taken);
}

static void a_signal_is_told(void **state)
{
    (void)state;
    assert_int_equal(tl_loop_signal(loop, SIGUSR1, say_and_stop, "usr1"), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    tl_loop_run(loop);
    assert_string_equal(said, "usr1");
}

static void now_stands_still_within_a_turn(void **state)
{
    tl_time a, b;

    (void)state;
    a = tl_loop_now(loop);
    usleep(2000);
    assert_int_equal(tl_loop_now(loop), a);
    tl_loop_turn(loop);
    b = tl_loop_now(loop);
    assert_true(b >= a + TL_MSEC(2));
}

static void freeing_the_loop_frees_what_is_left_on_it(void **state)
{
    struct tl_loop *l = NULL;
    struct tl_timer *t = NULL;
    struct tl_io *io = NULL;
    int fds[2];

    (void)state;
    assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
    assert_int_equal(tl_loop_new(&l), 0);
    assert_int_equal(tl_timer_new(&t, l, say, "x"), 0);
    tl_timer_every(t, TL_MSEC(1));
    assert_int_equal(tl_io_new(&io, l, fds[0], on_pipe, NULL), 0);
    assert_int_equal(tl_io_watch(io, TL_READABLE), 0);
    assert_int_equal(tl_loop_signal(l, SIGUSR2, say, "x"), 0);
    assert_int_equal(tl_loop_defer(l, say, "x"), 0);
    assert_int_equal(tl_loop_post(l, say, "x"), 0);
    assert_null(tl_loop_free(l));
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(deferred_calls_run_in_order_and_never_inside, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_a_timer_defers_runs_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(timers_fire_in_order_and_never_early, setup, teardown),
        cmocka_unit_test_setup_teardown(other_threads_post_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(slow_work_runs_elsewhere_and_ends_here, setup, teardown),
        cmocka_unit_test_setup_teardown(a_readable_descriptor_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_connection_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_signal_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(now_stands_still_within_a_turn, setup, teardown),
        cmocka_unit_test(freeing_the_loop_frees_what_is_left_on_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
