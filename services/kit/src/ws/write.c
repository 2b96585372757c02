/*
 * Messages to frames to the socket.
 *
 * What is sent inside a batch is written at its end, all frames of a connection in one call; what
 * is sent outside goes to the socket at once and without a copy.  Only what the socket did not take
 * is kept.
 */
#include <sys/socket.h>
#include <sys/uio.h>
#include <tl_clock.h>

#include "ws.h"

static const uint8_t *next_mask(struct ws_host *host)
{
    if (host->masks_left < 4) {
        tl_random(host->masks, sizeof(host->masks));
        host->masks_left = sizeof(host->masks);
    }
    host->masks_left -= 4;
    return host->masks + host->masks_left;
}

/* n bytes from the front of out were sent: how much of a frame is left at the front? */
static void move_front(struct tl_ws *ws, size_t n)
{
    size_t at = 0;

    while (n - at >= ws->first_left) {
        struct tl_ws_head h;

        at += ws->first_left;
        ws->first_left = 0;
        if (tl_ws_head_parse(&h, (const uint8_t *)ws->out.p + at, ws->out.n - at) != 1)
            break; /* that was the last frame */
        ws->first_left = h.head_size + h.length;
    }
    if (ws->first_left)
        ws->first_left -= n - at;
    tl_buf_eat(&ws->out, n);
    ws->moved = tl_loop_now(ws->host->loop);
}

/* All is written: what a state was waiting for. */
static void written(struct tl_ws *ws)
{
    struct tl_buf *spare = &ws->host->spare;

    if (!spare->p && ws->out.cap <= WS_SPARE) {
        *spare = ws->out;
        ws->out = TL_BUF(spare->max);
    } else {
        tl_buf_done(&ws->out);
    }
    if (ws->state == WS_LAST && !ws->is_client)
        ws_end(ws, ws->code, false);
}

void ws_flush(struct tl_ws *ws)
{
    bool waited = ws->watched & TL_WRITABLE;

    if (ws->fd < 0 || ws->state == WS_DEAD || ws->client)
        return;
    while (ws->out.n) {
        ssize_t n = send(ws->fd, ws->out.p, ws->out.n, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n == (ssize_t)ws->out.n)
            tl_buf_clear(&ws->out);
        else if (n > 0)
            move_front(ws, (size_t)n);
        else
            break; /* full, or dead: the loop tells, since whoever sends now may hold it still */
    }
    if (!ws->out.n)
        written(ws);
    else if (!waited)
        ws->moved = tl_loop_now(ws->host->loop);
    if (ws->state != WS_DEAD)
        ws_watch(ws);
}

static int keep(struct tl_ws *ws, const uint8_t *head, size_t head_n, const uint8_t *mask,
                const void *p, size_t n)
{
    struct ws_host *host = ws->host;
    size_t before = ws->out.n;

    if (!ws->out.p && host->spare.p) {
        ws->out = host->spare;
        host->spare = TL_BUF(ws->out.max);
    }
    if (tl_buf_add(&ws->out, head, head_n) || tl_buf_add(&ws->out, p, n)) {
        ws->out.n = before; /* no half frames */
        ws->out.err = 0;
        return -ENOMEM;
    }
    if (mask)
        tl_ws_mask((uint8_t *)ws->out.p + before + head_n, n, mask, 0);
    if (!before)
        ws->first_left = head_n + n;
    return 0;
}

/* Straight to the socket.  Returns how many bytes it took, or -ENOMEM if the rest of a begun frame
 * cannot be kept: then the connection cannot go on. */
static int put_now(struct tl_ws *ws, uint8_t *head, size_t head_n, const void *p, size_t n)
{
    struct iovec v[2] = {{head, head_n}, {(void *)(uintptr_t)p, n}};
    struct msghdr m = {.msg_iov = v, .msg_iovlen = n ? 2 : 1};
    ssize_t sent = sendmsg(ws->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    size_t took = sent > 0 ? (size_t)sent : 0, of_head = TL_LOWER(took, head_n);
    int err;

    if (took == head_n + n)
        return 0;
    err = keep(ws, head + of_head, head_n - of_head, NULL, (const char *)p + (took - of_head),
               n - (took - of_head));
    if (!err) {
        ws->moved = tl_loop_now(ws->host->loop);
        ws_watch(ws); /* as in ws_flush() */
    } else if (took) {
        (void)shutdown(ws->fd, SHUT_RDWR); /* half a frame is out: the loop finds the end */
    }
    return err;
}

int ws_put(struct tl_ws *ws, enum tl_ws_op op, const void *p, size_t n)
{
    struct ws_host *host = ws->host;
    const uint8_t *mask = ws->is_client ? next_mask(host) : NULL;
    uint8_t head[14];
    size_t head_n = tl_ws_head_write(head, op, true, n, mask);
    int err;

    if (!host->depth && !mask && !ws->out.n && ws->fd >= 0) {
        ws_enter(host);
        err = put_now(ws, head, head_n, p, n);
        ws_leave(host);
        return err;
    }
    err = keep(ws, head, head_n, mask, p, n);
    if (err)
        return err;
    ws_enter(host);
    ws_dirty(ws);
    ws_leave(host);
    return 0;
}

int ws_put_close(struct tl_ws *ws, int code, const char *reason, size_t n)
{
    char text[125];

    if (code == TL_WS_NO_STATUS)
        return ws_put(ws, TL_WS_CLOSE, NULL, 0);
    n = TL_LOWER(n, sizeof(text) - 2);
    text[0] = (char)(code >> 8);
    text[1] = (char)code;
    if (n)
        memcpy(text + 2, reason, n);
    return ws_put(ws, TL_WS_CLOSE, text, n + 2);
}

/* Unsent frames are dropped, but one that has begun must end before ours can follow. */
static void drop_queue(struct tl_ws *ws)
{
    ws->out.n = TL_LOWER(ws->out.n, ws->first_left);
}

static void end_within(struct tl_ws *ws, tl_dur within)
{
    ws->end_by = tl_loop_now(ws->host->loop) + within;
    ws_look_after(ws, within);
}

void ws_fail(struct tl_ws *ws, int code, const char *class_name)
{
    bool said = ws->state == WS_CLOSING_;

    if (ws->state > WS_CLOSING_)
        return;
    ws_enter(ws->host);
    ws_bad_input(class_name);
    ws->state = WS_FAILED;
    if (!said) {
        ws->code = (uint16_t)code;
        if (code == TL_WS_OVERLOAD)
            drop_queue(ws);
        end_within(ws, WS_CLOSING);
        (void)ws_put_close(ws, code, NULL, 0); /* out of memory: the socket just ends */
    }
    ws_dirty(ws);
    ws_leave(ws->host);
}

void ws_fail_lost(struct tl_ws *ws, int code, const char *class_name)
{
    ws->lost = true;
    ws_fail(ws, code, class_name);
    if (ws->state == WS_FAILED)
        ws_look_after(ws, WS_LINGER);
}

int tl_ws_send(struct tl_ws *ws, struct tl_str message, bool binary)
{
    size_t most = ws->ops->queue_max ? ws->ops->queue_max : 1024 * 1024;

    if (ws->state > WS_OPEN)
        return -EPIPE;
    if (ws->out.n + message.n > most) {
        ws_fail(ws, TL_WS_OVERLOAD, "slow_reader");
        return -ENOBUFS;
    }
    return ws_put(ws, binary ? TL_WS_BINARY : TL_WS_TEXT, message.s, message.n);
}

void tl_ws_close(struct tl_ws *ws, int code, const char *reason)
{
    if (ws->state > WS_OPEN)
        return;
    ws_enter(ws->host);
    ws->code = (uint16_t)code;
    if (ws->client) {
        ws_end(ws, code, false); /* nobody to shake hands with yet */
    } else {
        ws->state = WS_CLOSING_;
        end_within(ws, WS_CLOSING);
        (void)ws_put_close(ws, code, reason, reason ? strlen(reason) : 0); /* or it just ends */
    }
    ws_leave(ws->host);
}
