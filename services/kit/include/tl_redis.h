/**
 * @file tl_redis.h  Redis without blocking: commands, scripts, reconnection, a deadline for each
 * command.
 */
#ifndef TL_REDIS_H
#define TL_REDIS_H

#include <hiredis.h>
#include <tl_loop.h>
#include <tl_str.h>

struct tl_redis;

struct tl_redis_opts {
    const char *url;  /**< redis://127.0.0.1:18079 */
    const char *user; /**< ACL user, or NULL */
    const char *password;
    tl_dur timeout;         /**< for a command; 0: 200 ms, and 500 ms to connect */
    unsigned in_flight_max; /**< more are refused; 0: 10 000 */
};

/** Connects in the background and for ever again. */
int tl_redis_open(struct tl_redis **ret, struct tl_loop *loop, const struct tl_redis_opts *opts);
/** What is under way ends with -ECANCELED. */
struct tl_redis *tl_redis_close(struct tl_redis *r);
bool tl_redis_ready(const struct tl_redis *r);
void tl_redis_on_connect(struct tl_redis *r, tl_fn *fn, void *arg);

/** err: 0; -EIO: the server answered with an error (reply->str has it); -ETIMEDOUT and -ECONNRESET:
 * the outcome is unknown; -EAGAIN: was not sent.  reply is borrowed, NULL unless err is 0 or -EIO.
 */
typedef void tl_redis_fn(void *arg, int err, redisReply *reply);

/** hiredis format: %s text, %b bytes and size, %d.  fn may be NULL.  Called exactly once, never
 * inside this call.  0; -EAGAIN: not connected or too many under way (then fn is not called);
 * -ENOMEM. */
int tl_redis_cmd(struct tl_redis *r, tl_redis_fn *fn, void *arg, const char *fmt, ...);
int tl_redis_argv(struct tl_redis *r, tl_redis_fn *fn, void *arg, int argc, const char **argv,
                  const size_t *argvlen);

/** A Lua script, sent as EVALSHA and once as EVAL where the server does not know it.  Static
 * storage. */
struct tl_script {
    const char *text;
    char sha[41]; /**< filled at the first use */
};
int tl_redis_eval(struct tl_redis *r, struct tl_script *script, tl_redis_fn *fn, void *arg,
                  int n_keys, int argc, const char **argv, const size_t *argvlen);

#endif
