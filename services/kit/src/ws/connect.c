/* Client side: connect, ask for the upgrade, check the answer (RFC 6455 4.1). */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <tl_clock.h>
#include <tl_mem.h>

#include "ws.h"

struct ws_client {
    void (*on_open)(struct tl_ws *ws);
    struct tl_buf request; /**< what is not sent yet */
    struct tl_buf answer;
    char accept_key[29];
    char protocol[64]; /**< asked for; empty: none */
};

struct ws_client *ws_client_free(struct ws_client *c)
{
    if (!c)
        return NULL;
    tl_buf_done(&c->request);
    tl_buf_done(&c->answer);
    return tl_free(c);
}

struct target {
    struct sockaddr_in at;
    struct tl_str host; /**< with port */
    struct tl_str path;
};

static int parse_url(const char *url, struct target *ret)
{
    struct tl_str rest = tl_str(url), host, name;
    int64_t port = 80;
    char text[64];

    if (!tl_str_starts(rest, TL_STR("ws://")))
        return -EINVAL;
    rest = tl_str(url + 5);
    host = (struct tl_str){rest.s, strcspn(rest.s, "/")};
    ret->path = host.n < rest.n ? tl_str(rest.s + host.n) : TL_STR("/");
    ret->host = host;
    if (!tl_str_split(&host, ':', &name))
        return -EINVAL;
    if (name.n < ret->host.n && tl_str_int(host, 1, 65535, &port))
        return -EINVAL;
    if (tl_str_eq(name, TL_STR("localhost")))
        name = TL_STR("127.0.0.1");
    ret->at = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (!tl_str_put(text, sizeof(text), name) || inet_pton(AF_INET, text, &ret->at.sin_addr) != 1)
        return -EINVAL;
    return 0;
}

static int make_request(struct ws_client *c, const struct target *t, const char *protocol)
{
    uint8_t nonce[16];
    char key[25];

    tl_random(nonce, sizeof(nonce));
    (void)EVP_EncodeBlock((unsigned char *)key, nonce, sizeof(nonce)); /* always 24 characters */
    if (!tl_ws_accept_key(c->accept_key, tl_str(key)))
        return -ENOMEM;
    tl_buf_printf(&c->request,
                  "GET %.*s HTTP/1.1\r\nHost: %.*s\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n",
                  (int)t->path.n, t->path.s, (int)t->host.n, t->host.s, key);
    if (protocol)
        tl_buf_printf(&c->request, "Sec-WebSocket-Protocol: %s\r\n", protocol);
    tl_buf_puts(&c->request, "\r\n");
    return c->request.err;
}

int tl_ws_connect(struct tl_ws **ret, struct tl_loop *loop, const char *url, const char *protocol,
                  const struct tl_ws_ops *ops, void (*on_open)(struct tl_ws *ws), void *arg)
{
    struct target t;
    struct ws_host *host;
    struct tl_ws *ws = NULL;
    struct ws_client *c;
    int err = parse_url(url, &t);

    if (err)
        return err;
    err = ws_client_host(&host, loop);
    if (err)
        return err;
    ws_enter(host);
    err = ws_new(&ws, host, ops, arg);
    if (err)
        goto out;
    ws->is_client = true;
    c = ws->client = tl_alloc(1, sizeof(*c));
    err = -ENOMEM;
    if (!c)
        goto out;
    c->on_open = on_open;
    c->request = c->answer = TL_BUF(WS_HANDSHAKE_MAX);
    if (protocol && !tl_str_put(c->protocol, sizeof(c->protocol), tl_str(protocol))) {
        err = -EINVAL;
        goto out;
    }
    err = make_request(c, &t, protocol);
    if (err)
        goto out;
    ws->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (ws->fd < 0 ||
        (connect(ws->fd, (struct sockaddr *)&t.at, sizeof(t.at)) < 0 && errno != EINPROGRESS)) {
        err = -errno;
        goto out;
    }
    err = ws_watch_first(ws);
    ws->end_by = tl_loop_now(loop) + WS_HANDSHAKE;
out:
    if (err && ws)
        tl_ws_abort(ws);
    else if (!err)
        *ret = ws;
    ws_leave(host);
    return err;
}

/* ---- the answer ----------------------------------------------------------------------------- */

/* Value of a header in the answer; false unless it is there exactly once. */
static bool header(struct tl_str head, const char *name, struct tl_str *ret)
{
    struct tl_str line, key;
    unsigned n = 0;

    while (tl_str_split(&head, '\n', &line)) {
        if (!tl_str_split(&line, ':', &key) || !tl_str_ieq(key, tl_str(name)))
            continue;
        *ret = tl_str_trim(line);
        n++;
    }
    return n == 1;
}

static bool answer_ok(const struct ws_client *c, struct tl_str head)
{
    struct tl_str v;

    if (!tl_str_starts(head, TL_STR("HTTP/1.1 101")))
        return false;
    if (!header(head, "Upgrade", &v) || !tl_str_ieq(v, TL_STR("websocket")))
        return false;
    if (!header(head, "Connection", &v) || !tl_str_ieq(v, TL_STR("upgrade")))
        return false;
    if (!header(head, "Sec-WebSocket-Accept", &v) || !tl_str_eq(v, tl_str(c->accept_key)))
        return false;
    if (header(head, "Sec-WebSocket-Extensions", &v))
        return false; /* none was asked for */
    if (header(head, "Sec-WebSocket-Protocol", &v) != (c->protocol[0] != '\0'))
        return false;
    return !c->protocol[0] || tl_str_eq(v, tl_str(c->protocol));
}

static void opened(struct tl_ws *ws, size_t head_n)
{
    struct ws_client *c = ws->client;
    struct tl_buf early = c->answer;
    void (*on_open)(struct tl_ws *) = c->on_open;

    c->answer = TL_BUF(1);
    tl_buf_eat(&early, head_n);
    ws->client = ws_client_free(c);
    if (ws_open(ws, ws->fd)) {
        ws_end(ws, TL_WS_ABNORMAL, false);
    } else {
        ws_watch(ws);
        if (on_open)
            on_open(ws);
        if (ws->state != WS_DEAD && early.n)
            ws_feed(ws, (uint8_t *)early.p, early.n);
        if (ws->state != WS_DEAD)
            ws_dirty(ws);
    }
    tl_buf_done(&early);
}

static int send_request(struct tl_ws *ws)
{
    struct ws_client *c = ws->client;
    ssize_t n;

    if (!c->request.n)
        return 0;
    n = send(ws->fd, c->request.p, c->request.n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN ? 0 : -errno;
    tl_buf_eat(&c->request, (size_t)n);
    ws_watch(ws);
    return 0;
}

static int read_answer(struct tl_ws *ws)
{
    struct ws_client *c = ws->client;
    const char *end;
    size_t head_n;
    ssize_t n = recv(ws->fd, ws->host->scratch, WS_HANDSHAKE_MAX, MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    if (n == 0)
        return -ECONNRESET;
    if (tl_buf_add(&c->answer, ws->host->scratch, (size_t)n))
        return c->answer.err;
    end = memmem(c->answer.p, c->answer.n, "\r\n\r\n", 4);
    if (!end)
        return 0;
    head_n = (size_t)(end - c->answer.p) + 4;
    if (!answer_ok(c, (struct tl_str){c->answer.p, head_n}))
        return -EPROTO;
    opened(ws, head_n);
    return 0;
}

bool ws_client_asks(const struct ws_client *c)
{
    return c->request.n > 0;
}

void ws_client_io(struct tl_ws *ws, int events)
{
    int err = 0;

    if (events & TL_WRITABLE)
        err = send_request(ws);
    if (!err && (events & TL_READABLE))
        err = read_answer(ws);
    if (err && ws->state != WS_DEAD)
        ws_end(ws, TL_WS_ABNORMAL, false);
}
