/**
 * @file plane_client.h  The other end of plane.h's protocol: questions in order, answers in order.
 */
#ifndef MEDIA_ADAPTERS_PLANE_CLIENT_H
#define MEDIA_ADAPTERS_PLANE_CLIENT_H

#include <tl_loop.h>
#include <tl_str.h>

struct plane_client;

struct plane_ops {
    /** The plane died, or threw us out; what was asked ends with -ECONNRESET. */
    void (*lost)(void *arg);
    /** A plane answers; boot tells one life of it from another.  Borrowed. */
    void (*found)(void *arg, struct tl_str boot, struct tl_str note);
};

/** err: 0 with the words after "ok"; the plane's negative errno; -ECONNRESET.  Borrowed. */
typedef void plane_reply_fn(void *arg, int err, struct tl_str answer);

/** Connects in the background and for ever again.  0 or -ENOMEM. */
int plane_client_open(struct plane_client **ret, struct tl_loop *loop, const char *socket_path,
                      const struct plane_ops *ops, void *arg);
struct plane_client *plane_client_close(struct plane_client *c);
bool plane_client_ready(const struct plane_client *c);

/** Ask without the tag: "open %s".  fn may be NULL; never called inside this call. */
void plane_ask(struct plane_client *c, plane_reply_fn *fn, void *arg, const char *fmt, ...)
    TL_PRINTF(4, 5);

#endif
