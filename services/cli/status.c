/* tl status: asks each service's /readyz. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli.h"

static const struct {
    const char *name, *port;
    bool optional; /* without it, it is not counted as down */
} services[] = {
    {"signaling-gateway", "TL_SIGNALING_PORT", false},
    {"media-relay", "TL_MEDIA_PORT", false},
    {"conversation", "TL_CONVERSATION_PORT", false},
    {"ivr", "TL_IVR_PORT", false},
    {"acd", "TL_ACD_PORT", false},
    {"acd (standby)", "TL_STANDBY_ACD_PORT", true},
    {"clickstream-tracker", "TL_CLICKSTREAM_PORT", false},
    {"cobrowse-relay", "TL_COBROWSE_PORT", false},
    {"analytics", "TL_ANALYTICS_PORT", false},
    {"portal", "TL_PORTAL_PORT", false},
};

/* Whole answer to GET path, cut at size; -1: nobody answers. */
static ssize_t http_get(int port, const char *path, char *buf, size_t size)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval limit = {.tv_sec = 1};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ssize_t n = -1, got = 0;
    char ask[256];

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
                     sizeof(limit)); /* else it blocks longer */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    snprintf(ask, sizeof(ask), "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n",
             path, port);
    if (!connect(fd, (struct sockaddr *)&to, sizeof(to)) &&
        send(fd, ask, strlen(ask), MSG_NOSIGNAL) > 0) {
        while (got < (ssize_t)size - 1 && (n = recv(fd, buf + got, size - 1 - (size_t)got, 0)) > 0)
            got += n;
        n = got > 0 ? got : -1;
    }
    close(fd);
    buf[got] = '\0';
    return n;
}

/* The body on one line, for a service that says what it lacks. */
static const char *body_of(char *answer)
{
    char *body = strstr(answer, "\r\n\r\n");

    if (!body)
        return "";
    for (char *p = body += 4; *p; p++)
        if (*p == '\r' || *p == '\n')
            *p = ' ';
    return body;
}

static bool show(size_t i, bool colour)
{
    const char *port = cli_env(services[i].port), *state = "ready", *hue = "32", *why = "";
    char answer[4096];
    ssize_t n = port ? http_get(atoi(port), "/readyz", answer, sizeof(answer)) : -1;
    int status = n > 12 ? atoi(answer + 9) : 0;

    if (!port) {
        state = "unknown", hue = "33", why = "its port is not set";
    } else if (n < 0) {
        state = services[i].optional ? "-" : "down", hue = services[i].optional ? "90" : "31";
    } else if (status != 200) {
        state = "not ready", hue = "33", why = body_of(answer);
    }
    printf("%-20s %6s  %s%s%s%-9s%s  %.*s\n", services[i].name, port ? port : "-",
           colour ? "\033[" : "", colour ? hue : "", colour ? "m" : "", state,
           colour ? "\033[0m" : "", 120, why);
    return status == 200 || services[i].optional;
}

int cli_status(int argc, char **argv)
{
    bool colour = isatty(STDOUT_FILENO), all = true;

    TL_UNUSED(argc);
    if (!cli_env("TL_SIGNALING_PORT"))
        return cli_fail(argv[0], "TL_SIGNALING_PORT is not set; in a checkout, run "
                                 "`. scripts/env.sh` first");
    printf("%-20s %6s  %-9s\n", "SERVICE", "PORT", "STATE");
    for (size_t i = 0; i < TL_LEN(services); i++)
        all = show(i, colour) && all;
    return all ? 0 : 1;
}
