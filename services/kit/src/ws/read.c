/*
 * Bytes to frames to messages.
 *
 * All connections read into one buffer.  A message that lies in it whole is unmasked and handed
 * over there; only a message in pieces is copied.  Text is checked byte by byte as it comes, so
 * that a wrong one fails at once.
 */
#include <sys/socket.h>

#include "ws.h"

/* ---- messages ------------------------------------------------------------------------------- */

/* A bucket of tokens that fills at the allowed rate. */
static bool within_rate(struct tl_ws *ws)
{
    tl_time now = tl_loop_now(ws->host->loop);

    if (ws->ops->rate <= 0)
        return true;
    ws->tokens += (float)((double)(now - ws->paid_at) / 1e6 * ws->ops->rate);
    ws->tokens = TL_LOWER(ws->tokens, (float)TL_HIGHER(ws->ops->burst, 1));
    ws->paid_at = now;
    if (ws->tokens < 1)
        return false;
    ws->tokens -= 1;
    return true;
}

static void deliver(struct tl_ws *ws, struct tl_str message)
{
    bool binary = ws->op == TL_WS_BINARY;

    ws->op = 0;
    if (ws->state != WS_OPEN)
        return; /* we have said goodbye */
    if (!within_rate(ws))
        ws_fail(ws, TL_WS_POLICY, "rate");
    else if (ws->ops->on_message)
        ws->ops->on_message(ws, message, binary);
}

static bool text_ok(struct tl_ws *ws, const uint8_t *p, size_t n, bool last)
{
    if (ws->op != TL_WS_TEXT)
        return true;
    return tl_ws_utf8_step(&ws->utf8, p, n) && (!last || tl_ws_utf8_end(ws->utf8));
}

/* The next bytes of a data frame, unmasked in place. */
static void take_data(struct tl_ws *ws, uint8_t *p, size_t n)
{
    bool frame_ends = n == ws->frame_left, last = frame_ends && ws->frame_fin;
    struct tl_buf whole;

    if (ws->state == WS_FAILED) {
        ws->frame_left -= n;
        ws->in_frame = !frame_ends;
        return;
    }
    if (ws->frame_masked)
        tl_ws_mask(p, n, ws->frame_mask, ws->frame_at);
    ws->frame_at += n;
    ws->frame_left -= n;
    ws->in_frame = !frame_ends;
    if (!text_ok(ws, p, n, last)) {
        ws_fail(ws, TL_WS_BAD_DATA, "utf8");
        return;
    }
    if (last && !ws->message.n) {
        deliver(ws, (struct tl_str){(const char *)p, n});
        return;
    }
    if (tl_buf_add(&ws->message, p, n)) {
        ws_fail(ws, TL_WS_INTERNAL, "memory");
        return;
    }
    if (!last)
        return;
    whole = ws->message; /* the owner may end the connection while it looks at the message */
    ws->message = TL_BUF(whole.max);
    deliver(ws, tl_buf_str(&whole));
    tl_buf_done(&whole);
}

static bool too_many_pieces(struct tl_ws *ws, const struct tl_ws_head *h)
{
    unsigned most = ws->ops->fragments_max ? ws->ops->fragments_max : WS_FRAGMENTS;

    if (h->length)
        return !(h->op != TL_WS_CONT && h->fin) && ++ws->fragments > most;
    return !h->fin && ++ws->empties > WS_EMPTY_FRAGMENTS;
}

/* A data frame begins; one that fails is skipped like those after it. */
static void begin_data(struct tl_ws *ws, const struct tl_ws_head *h)
{
    ws->in_frame = true;
    ws->frame_left = h->length;
    ws->frame_fin = h->fin;
    if (ws->state == WS_FAILED)
        return;
    if (h->op != TL_WS_CONT)
        ws->fragments = ws->empties = 0;
    if ((h->op == TL_WS_CONT) != (ws->op != 0)) {
        ws_fail(ws, TL_WS_PROTOCOL_ERROR, "protocol");
    } else if (h->op == TL_WS_BINARY && !ws->ops->allow_binary) {
        ws_fail(ws, TL_WS_UNSUPPORTED, "binary");
    } else if (h->length > ws->message.max - ws->message.n) {
        ws_fail_lost(ws, TL_WS_TOO_BIG, "large"); /* it may never end */
    } else if (too_many_pieces(ws, h)) {
        ws_fail(ws, TL_WS_POLICY, "fragments");
    } else {
        if (h->op != TL_WS_CONT) {
            ws->op = (uint8_t)h->op;
            ws->utf8 = 0;
        }
        ws->frame_masked = h->masked;
        memcpy(ws->frame_mask, h->mask, 4);
        ws->frame_at = 0;
    }
}

/* Most messages are one frame that has come in one piece, and none is under way: nothing to keep.
 */
static bool is_whole(const struct tl_ws *ws, const struct tl_ws_head *h, size_t n)
{
    return h->fin && !ws->op && ws->state == WS_OPEN && h->length <= n - h->head_size &&
           (h->op == TL_WS_TEXT || (h->op == TL_WS_BINARY && ws->ops->allow_binary)) &&
           h->length <= ws_message_max(ws);
}

static void take_whole(struct tl_ws *ws, const struct tl_ws_head *h, uint8_t *p)
{
    size_t n = (size_t)h->length;
    uint32_t utf8 = 0;

    if (h->masked)
        tl_ws_mask(p, n, h->mask, 0);
    if (h->op == TL_WS_TEXT && !(tl_ws_utf8_step(&utf8, p, n) && tl_ws_utf8_end(utf8))) {
        ws_fail(ws, TL_WS_BAD_DATA, "utf8");
        return;
    }
    ws->op = (uint8_t)h->op;
    deliver(ws, (struct tl_str){(const char *)p, n});
}

/* ---- control frames ------------------------------------------------------------------------- */

static void on_ping(struct tl_ws *ws, const uint8_t *p, size_t n)
{
    tl_time now = tl_loop_now(ws->host->loop);

    if (now - ws->second >= TL_SEC(1)) {
        ws->second = now;
        ws->pings = 0;
    }
    if (++ws->pings > WS_PINGS)
        ws_fail(ws, TL_WS_POLICY, "pings");
    else if (ws->state == WS_OPEN && ws->out.n < WS_SCRATCH)
        (void)ws_put(ws, TL_WS_PONG, p, n); /* out of memory: the peer may ask again */
}

static void on_close_frame(struct tl_ws *ws, const uint8_t *p, size_t n)
{
    unsigned code = n >= 2 ? (unsigned)(p[0] << 8 | p[1]) : TL_WS_NO_STATUS;
    uint32_t utf8 = 0;

    if (n == 1 || (n >= 2 && !tl_ws_code_ok(code)))
        ws_fail(ws, TL_WS_PROTOCOL_ERROR, "protocol");
    else if (n > 2 && (!tl_ws_utf8_step(&utf8, p + 2, n - 2) || !tl_ws_utf8_end(utf8)))
        ws_fail(ws, TL_WS_BAD_DATA, "utf8");
    if (ws->state == WS_OPEN) {
        ws->code = (uint16_t)code;
        (void)ws_put_close(ws, (int)code, NULL, 0); /* out of memory: the socket just ends */
        ws->end_by = tl_loop_now(ws->host->loop) + WS_CLOSING;
        ws_look_after(ws, WS_CLOSING);
    }
    ws->state = WS_LAST;
    ws_dirty(ws);
}

static void control(struct tl_ws *ws, const struct tl_ws_head *h, uint8_t *p)
{
    if (h->masked)
        tl_ws_mask(p, (size_t)h->length, h->mask, 0);
    if (h->op == TL_WS_CLOSE)
        on_close_frame(ws, p, (size_t)h->length);
    else if (h->op == TL_WS_PING && ws->state != WS_FAILED)
        on_ping(ws, p, (size_t)h->length);
}

/* ---- the stream ----------------------------------------------------------------------------- */

static bool listens(const struct tl_ws *ws)
{
    return ws->state == WS_OPEN || ws->state == WS_CLOSING_ ||
           (ws->state == WS_FAILED && !ws->lost);
}

/* One frame head at p, with the whole frame if it is a control frame.  Bytes used; 0: wait. */
static size_t take_head(struct tl_ws *ws, uint8_t *p, size_t n)
{
    struct tl_ws_head h;
    int r = tl_ws_head_parse(&h, p, n);

    if (r < 0 || (r > 0 && h.masked == ws->is_client)) {
        ws_fail_lost(ws, TL_WS_PROTOCOL_ERROR, "protocol");
        return 0;
    }
    if (r == 0)
        return 0;
    if (is_whole(ws, &h, n)) {
        take_whole(ws, &h, p + h.head_size);
        return h.head_size + (size_t)h.length;
    }
    if (h.op < TL_WS_CLOSE) {
        begin_data(ws, &h);
        return h.head_size;
    }
    if (n < h.head_size + h.length)
        return 0;
    control(ws, &h, p + h.head_size);
    return h.head_size + (size_t)h.length;
}

void ws_feed(struct tl_ws *ws, uint8_t *p, size_t n)
{
    ws->heard = tl_loop_now(ws->host->loop);
    while (listens(ws) && (n || (ws->in_frame && !ws->frame_left))) {
        size_t used;

        if (ws->in_frame) {
            used = (size_t)TL_LOWER((uint64_t)n, ws->frame_left);
            take_data(ws, p, used);
        } else {
            used = take_head(ws, p, n);
            if (!used)
                break;
        }
        p += used;
        n -= used;
    }
    if (listens(ws) && n && tl_buf_add(&ws->rest, p, n))
        ws_fail(ws, TL_WS_INTERNAL, "memory");
}

/* Put what was left over before what comes now. */
static size_t start_of_read(struct tl_ws *ws)
{
    size_t n = ws->rest.n;

    if (n)
        memcpy(ws->host->scratch, ws->rest.p, n);
    if (ws->rest.p) {
        tl_buf_done(&ws->rest);
        ws->rest = TL_BUF(WS_SCRATCH);
    }
    return n;
}

static void read_some(struct tl_ws *ws)
{
    /* A few rounds, so that one busy peer does not keep the others waiting. */
    for (int round = 0; round < 4 && ws->state != WS_DEAD; round++) {
        size_t before = start_of_read(ws);
        uint8_t *at = ws->host->scratch;
        ssize_t n = recv(ws->fd, at + before, WS_SCRATCH, MSG_DONTWAIT);

        if (n > 0)
            ws_feed(ws, at, before + (size_t)n);
        else if (before && tl_buf_add(&ws->rest, at, before))
            ws_fail(ws, TL_WS_INTERNAL, "memory");
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            ws_end(ws, ws->state == WS_OPEN ? TL_WS_ABNORMAL : ws->code, false);
        if (n < WS_SCRATCH)
            return;
    }
}

void ws_on_io(struct tl_ws *ws, int events)
{
    struct ws_host *host = ws->host;

    ws_enter(host);
    if (ws->client) {
        ws_client_io(ws, events);
    } else {
        if (events & TL_READABLE)
            read_some(ws);
        if (events & TL_WRITABLE)
            ws_flush(ws);
    }
    ws_leave(host);
}
