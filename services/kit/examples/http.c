/* An HTTP server that answers late, and a client of plain sockets that asks it. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <tl_http.h>
#include <unistd.h>

static struct tl_loop *loop;
static struct tl_timer *later;
static struct tl_http_req *kept;

static void answer(void *arg)
{
    (void)arg;
    if (kept)
        tl_http_reply(kept, 200, "text/plain", "late, but here\n", 15);
    kept = NULL;
}

static void on_gone(void *arg)
{
    (void)arg;
    kept = NULL; /* the client left: nothing to answer */
}

static void on_late(void *arg, struct tl_http_req *req)
{
    (void)arg;
    kept = req;
    tl_http_on_gone(req, on_gone, NULL);
    tl_timer_start(later, TL_MSEC(5));
}

/* Runs on another thread. */
static void ask(void *arg)
{
    static const char request[] = "GET /late HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(*(uint16_t *)arg),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char text[512];
    ssize_t n;

    if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
        send(fd, request, sizeof(request) - 1, 0) > 0)
        while ((n = recv(fd, text, sizeof(text), 0)) > 0)
            printf("%.*s", (int)n, text);
    close(fd);
}

static void asked(void *arg)
{
    (void)arg;
    tl_loop_stop(loop);
}

int main(void)
{
    const struct tl_route route = {.method = "GET", .path = "/late", .fn = on_late};
    struct tl_http *http = NULL;
    uint16_t port;

    if (tl_loop_new(&loop) || tl_timer_new(&later, loop, answer, NULL) ||
        tl_http_new(&http, loop, &(struct tl_http_opts){0}) || tl_http_route(http, &route))
        return 1;
    port = tl_http_port(http);
    if (tl_loop_work(loop, ask, asked, &port))
        return 1;
    tl_loop_run(loop);
    tl_http_free(http);
    tl_timer_free(later);
    tl_loop_free(loop);
    return 0;
}
