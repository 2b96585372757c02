/**
 * @file fakes.h  A Janus and a plane in the test's own process and loop.  The plane is the real one
 * with its sockets; the Janus says what Janus 1.1.2 says, its events before its acks.
 */
#ifndef MEDIA_TESTS_FAKES_H
#define MEDIA_TESTS_FAKES_H

#include "plane/plane.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <tl_clock.h>
#include <tl_ws.h>
#include <unistd.h>

/* ---- the plane ---------------------------------------------------------------------------- */

struct fake_plane {
    struct tl_loop *loop;
    struct plane plane;
    char path[64];
    int listener, client;
    struct tl_io *listen_io, *client_io;
    struct tl_buf answer;
};

static inline void fake_plane_drop(struct fake_plane *p)
{
    p->client_io = tl_io_free(p->client_io);
    if (p->client >= 0)
        close(p->client);
    p->client = -1;
}

static inline void fake_plane_read(void *arg, int events, int err)
{
    struct fake_plane *p = arg;
    char text[8192];
    ssize_t n;

    (void)events, (void)err;
    while (p->client >= 0 && (n = recv(p->client, text, sizeof text, MSG_DONTWAIT)) >= 0) {
        if (n == 0) {
            fake_plane_drop(p);
            return;
        }
        plane_command(&p->plane, (struct tl_str){text, (size_t)n}, tl_clock_mono(), &p->answer);
        (void)send(p->client, p->answer.p, p->answer.n, MSG_NOSIGNAL);
    }
}

static inline void fake_plane_accept(void *arg, int events, int err)
{
    struct fake_plane *p = arg;

    (void)events, (void)err;
    fake_plane_drop(p);
    p->client = accept4(p->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (p->client < 0 || tl_io_new(&p->client_io, p->loop, p->client, fake_plane_read, p) ||
        tl_io_watch(p->client_io, TL_READABLE))
        abort();
}

static inline void fake_plane_start(struct fake_plane *p, struct tl_loop *loop)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    p->loop = loop;
    p->client = -1;
    p->answer = TL_BUF(PLANE_MESSAGE);
    snprintf(p->path, sizeof p->path, "/tmp/tl-fake-plane-%d.sock", (int)getpid());
    memcpy(at.sun_path, p->path, sizeof p->path);
    (void)unlink(p->path);
    p->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (plane_init(&p->plane, 29100, 29163) ||
        bind(p->listener, (struct sockaddr *)&at, sizeof at) || listen(p->listener, 4) ||
        tl_io_new(&p->listen_io, loop, p->listener, fake_plane_accept, p) ||
        tl_io_watch(p->listen_io, TL_READABLE))
        abort();
}

/* Another plane at the same place: its seats and its boot are new. */
static inline void fake_plane_die(struct fake_plane *p)
{
    fake_plane_drop(p);
    plane_done(&p->plane);
    if (plane_init(&p->plane, 29100, 29163))
        abort();
}

static inline void fake_plane_stop(struct fake_plane *p)
{
    fake_plane_drop(p);
    tl_io_free(p->listen_io);
    close(p->listener);
    (void)unlink(p->path);
    plane_done(&p->plane);
    tl_buf_done(&p->answer);
}

/* ---- Janus -------------------------------------------------------------------------------- */

struct fake_janus {
    struct tl_http *http;
    struct tl_ws *ws;
    char url[64];
    uint64_t session, handles;
    bool forgets;        /* claim is refused: it was started anew */
    const char *refuse;  /* plugin request that gets an error */
    const char *swallow; /* plugin request that gets no answer but its ack */
    int refuse_attach;   /* so many times */
    struct tl_buf log;   /* what it was asked: "attach generate process detach " */
};

#define FAKE_GENERATED                                                                     \
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 29190 RTP/AVP 111 126\r\n" \
    "c=IN IP4 127.0.0.1\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:126 telephone-event/8000\r\n"

static inline void fake_send(struct fake_janus *j, json_t *m)
{
    char *text = json_dumps(m, 0);

    if (j->ws)
        (void)tl_ws_send(j->ws, tl_str(text), false);
    free(text);
    json_decref(m);
}

static inline void fake_event(struct fake_janus *j, uint64_t handle, const char *kind,
                              const char *reason)
{
    fake_send(j, json_pack("{s:s, s:I, s:I, s:s}", "janus", kind, "session_id",
                           (json_int_t)j->session, "sender", (json_int_t)handle, "reason", reason));
}

static inline json_t *fake_data(const char *request)
{
    if (strcmp(request, "generate") == 0)
        return json_pack("{s:s, s:{s:s, s:s, s:s}}", "nosip", "event", "result", "event",
                         "generated", "type", "offer", "sdp", FAKE_GENERATED);
    return json_pack("{s:s}", "result", "ok");
}

static inline void fake_message(struct fake_janus *j, const char *t, uint64_t handle,
                                const json_t *body)
{
    const char *request = json_string_value(json_object_get(body, "request"));
    bool answers = strcmp(request, "process") == 0 || strcmp(request, "joinandconfigure") == 0;
    bool offers = strcmp(request, "join") == 0, starts = strcmp(request, "start") == 0;
    json_t *m = json_pack("{s:s, s:s, s:I, s:I}", "janus", "event", "transaction", t, "session_id",
                          (json_int_t)j->session, "sender", (json_int_t)handle);
    json_t *data = fake_data(request);

    tl_buf_printf(&j->log, "%s ", request);
    if (j->refuse && strcmp(j->refuse, request) == 0)
        json_object_set_new(data, "error_code", json_integer(499));
    json_object_set_new(m, "plugindata", json_pack("{s:o}", "data", data));
    if (answers || offers)
        json_object_set_new(m, "jsep",
                            json_pack("{s:s, s:s}", "type", offers ? "offer" : "answer", "sdp",
                                      offers ? "the view" : "the answer"));
    if (j->swallow && strcmp(j->swallow, request) == 0)
        json_decref(m);
    else
        fake_send(j, m);
    fake_send(j, json_pack("{s:s, s:s}", "janus", "ack", "transaction", t));
    if ((answers || starts) && !j->refuse && !j->swallow)
        fake_event(j, handle, "webrtcup", "");
}

static inline void fake_success(struct fake_janus *j, const char *t, uint64_t id)
{
    fake_send(j, json_pack("{s:s, s:s, s:{s:I}}", "janus", "success", "transaction", t, "data",
                           "id", (json_int_t)id));
}

static inline void fake_on_message(struct tl_ws *ws, struct tl_str text, bool binary)
{
    struct fake_janus *j = tl_ws_arg(ws);
    json_t *m = json_loadb(text.s, text.n, 0, NULL);
    const char *kind = json_string_value(json_object_get(m, "janus"));
    const char *t = json_string_value(json_object_get(m, "transaction"));
    uint64_t handle = (uint64_t)json_integer_value(json_object_get(m, "handle_id"));

    (void)binary;
    if (strcmp(kind, "message") != 0)
        tl_buf_printf(&j->log, "%s ", kind);
    if (strcmp(kind, "claim") == 0 && j->forgets)
        fake_send(j, json_pack("{s:s, s:s, s:{s:i}}", "janus", "error", "transaction", t, "error",
                               "code", 458));
    else if (strcmp(kind, "create") == 0)
        fake_success(j, t, j->session = 7000 + ++j->handles);
    else if (strcmp(kind, "attach") == 0 && j->refuse_attach > 0 && j->refuse_attach--)
        fake_send(j, json_pack("{s:s, s:s, s:{s:i}}", "janus", "error", "transaction", t, "error",
                               "code", 460));
    else if (strcmp(kind, "attach") == 0)
        fake_success(j, t, ++j->handles);
    else if (strcmp(kind, "message") == 0)
        fake_message(j, t, handle, json_object_get(m, "body"));
    else
        fake_success(j, t, 0);
    json_decref(m);
}

static inline void fake_on_close(struct tl_ws *ws, int code)
{
    struct fake_janus *j = tl_ws_arg(ws);

    (void)code;
    if (j->ws == ws)
        j->ws = NULL;
}

static const struct tl_ws_ops fake_ws_ops = {
    .message_max = 1 << 20, .on_message = fake_on_message, .on_close = fake_on_close};

static inline void fake_upgrade(void *arg, struct tl_http_req *req)
{
    struct fake_janus *j = arg;

    (void)tl_ws_accept(&j->ws, req, &fake_ws_ops, "janus-protocol", j);
}

static inline void fake_janus_start(struct fake_janus *j, struct tl_loop *loop)
{
    const struct tl_route route = {.method = "GET", .path = "/", .fn = fake_upgrade, .arg = j};

    j->log = TL_BUF(1 << 20);
    if (tl_http_new(&j->http, loop, &(struct tl_http_opts){0}) || tl_http_route(j->http, &route))
        abort();
    snprintf(j->url, sizeof j->url, "ws://127.0.0.1:%u", tl_http_port(j->http));
}

/* The socket ends as with a kill; whoever connects next meets a Janus that knows nothing. */
static inline void fake_janus_die(struct fake_janus *j)
{
    j->forgets = true;
    if (j->ws)
        tl_ws_abort(j->ws);
    j->ws = NULL;
}

static inline void fake_janus_stop(struct fake_janus *j)
{
    if (j->ws)
        tl_ws_abort(j->ws);
    tl_http_free(j->http);
    tl_buf_done(&j->log);
}

#endif
