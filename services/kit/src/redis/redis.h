/**
 * @file redis.h  What the connection (redis.c) and its commands (command.c) share.
 */
#ifndef TL_REDIS_INSIDE_H
#define TL_REDIS_INSIDE_H

#include <async.h>
#include <tl_buf.h>
#include <tl_list.h>
#include <tl_redis.h>
#include <uv.h>

#define COMMAND_MAX ((size_t)512 << 20) /* the server's own bound for one argument */

struct command {
    struct tl_link link;
    struct tl_redis *r;
    tl_redis_fn *fn;
    void *arg;
    tl_time sent;             /**< TL_NEVER: ran out of time */
    struct tl_script *script; /**< may have to be sent again with its text */
    struct tl_buf text;       /**< of a script call, as it went out; body: behind the script */
    size_t body;
    int argc;
};

struct tl_redis {
    struct tl_loop *loop;
    redisAsyncContext *ac;
    struct tl_io *io;
    int watching;
    uv_prepare_t *writer; /**< runs before the loop sleeps, while something is unsent */
    bool writing;
    struct resolve *lookup; /**< under way */
    unsigned which;         /**< of the host's addresses: the next one after a failure */
    struct tl_timer *retry;
    struct tl_timer *deadline;
    struct tl_timer *pulse;
    tl_dur retry_after;
    struct tl_list in_flight; /**< oldest first: replies come in this order */
    struct tl_buf spare;      /**< memory of the last script call, for the next */
    char host[128];
    int port;
    char *user, *password;
    tl_dur timeout;
    unsigned in_flight_max;
    bool ready;
    bool closing;
    struct {
        tl_fn *fn;
        void *arg;
    } on_connect[8];
    int n_on_connect;
};

#endif
