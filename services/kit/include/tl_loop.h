/**
 * @file tl_loop.h  The one thread of a service: timers, file descriptors, signals, work from
 * elsewhere. A thin layer over libuv.  Everything but tl_loop_post() is for the loop's thread.
 */
#ifndef TL_LOOP_H
#define TL_LOOP_H

#include <tl_base.h>

struct uv_loop_s;
struct tl_loop;
struct tl_timer;
struct tl_io;

int tl_loop_new(struct tl_loop **ret);
/** Closes what is left on it; NULL is fine. */
struct tl_loop *tl_loop_free(struct tl_loop *loop);
/** Until tl_loop_stop(). */
int tl_loop_run(struct tl_loop *loop);
/** One turn without waiting (tests); returns true while anything is active. */
bool tl_loop_turn(struct tl_loop *loop);
void tl_loop_stop(struct tl_loop *loop);
struct uv_loop_s *tl_loop_uv(struct tl_loop *loop);

/** Monotonic [us], taken once per turn of the loop. */
tl_time tl_loop_now(struct tl_loop *loop);

typedef void tl_fn(void *arg);

/** Run fn on the loop thread; callable from any thread; order kept per caller.  0 or -ENOMEM. */
int tl_loop_post(struct tl_loop *loop, tl_fn *fn, void *arg);
/** Run fn later in this turn or at the start of the next, never inside this call. */
int tl_loop_defer(struct tl_loop *loop, tl_fn *fn, void *arg);
/** Run blocking work on a thread pool, then done on the loop thread. */
int tl_loop_work(struct tl_loop *loop, tl_fn *work, tl_fn *done, void *arg);

int tl_timer_new(struct tl_timer **ret, struct tl_loop *loop, tl_fn *fn, void *arg);
struct tl_timer *tl_timer_free(struct tl_timer *t);
/** Fires once after a while (rounded up to 1 ms); starting again moves it. */
void tl_timer_start(struct tl_timer *t, tl_dur after);
void tl_timer_every(struct tl_timer *t, tl_dur period);
void tl_timer_stop(struct tl_timer *t);
bool tl_timer_active(const struct tl_timer *t);

#define TL_READABLE 1
#define TL_WRITABLE 2
/** events: bits of the above; err: 0 or negative errno, with all asked-for bits set. */
typedef void tl_io_fn(void *arg, int events, int err);
int tl_io_new(struct tl_io **ret, struct tl_loop *loop, int fd, tl_io_fn *fn, void *arg);
/** Stops watching; does not close the fd. */
struct tl_io *tl_io_free(struct tl_io *io);
int tl_io_watch(struct tl_io *io, int events);

/** Watch a signal for the life of the loop. */
int tl_loop_signal(struct tl_loop *loop, int signum, tl_fn *fn, void *arg);

#endif
