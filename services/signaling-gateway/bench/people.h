/* Clients of a gateway. */
#ifndef SIGNALING_BENCH_PEOPLE_H
#define SIGNALING_BENCH_PEOPLE_H

#include "../../kit/bench/sockets.h"

#include <tl_clock.h>
#include <tl_token.h>

#define ORIGIN "http://bench"

struct person {
    int fd;
    char session[27];
    char contact[27]; /* what the two of a pair have in common; also the agent's id */
    char resume[300];
};

/* http: a kept-alive connection.  bearer or resume. */
static inline void get_ticket(int http, const char *bearer, const char *resume, char ticket[40])
{
    char text[2048], body[600];
    int m = resume ? snprintf(body, sizeof(body), "{\"resume_token\":\"%s\"}", resume)
                   : snprintf(body, sizeof(body), "{}");
    int n = snprintf(text, sizeof(text),
                     "POST /v1/sessions HTTP/1.1\r\nHost: b\r\nOrigin: " ORIGIN "\r\n"
                     "Content-Type: application/json\r\n%s%s%sContent-Length: %d\r\n\r\n%s",
                     bearer ? "Authorization: Bearer " : "", bearer ? bearer : "",
                     bearer ? "\r\n" : "", m, body);
    const char *at;

    say(http, text, (size_t)n);
    (void)hear_until(http, text, sizeof(text), "}");
    at = strstr(text, "\"ticket\":\"");
    if (!at) {
        fprintf(stderr, "no ticket: %s\n", text);
        exit(1);
    }
    snprintf(ticket, 40, "%.26s", at + 10);
}

static inline void copy_field(const char *json, const char *name, char *out, size_t size)
{
    const char *at = strstr(json, name);
    size_t n;

    if (!at)
        die(name);
    at += strlen(name);
    n = strcspn(at, "\"");
    if (n >= size)
        die("field too long");
    memcpy(out, at, n);
    out[n] = '\0';
}

/* Ticket, upgrade, welcome, snapshot. */
static inline void come(struct person *p, uint16_t port, int http, const char *bearer)
{
    char ticket[40], text[8192];
    int n;

    get_ticket(http, bearer, bearer ? NULL : p->resume, ticket);
    p->fd = dial(port);
    n = snprintf(text, sizeof(text),
                 "GET /v1/ws HTTP/1.1\r\nHost: b\r\nOrigin: " ORIGIN "\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                 "Sec-WebSocket-Protocol: threadline.v1, ticket.%s\r\n\r\n",
                 ticket);
    say(p->fd, text, (size_t)n);
    for (n = 0; n < 4 || memcmp(text + n - 4, "\r\n\r\n", 4) != 0; n++)
        if (recv(p->fd, text + n, 1, 0) != 1)
            die("upgrade");
    if (memcmp(text, "HTTP/1.1 101", 12) != 0)
        die("upgrade refused");
    (void)hear_frame(p->fd, text, sizeof(text));
    copy_field(text, "\"session_id\":\"", p->session, sizeof(p->session));
    copy_field(text, "\"resume_token\":\"", p->resume, sizeof(p->resume));
    (void)hear_frame(p->fd, text, sizeof(text));
    if (!strstr(text, "\"snapshot\""))
        die("no snapshot");
}

/* A visitor, or an agent of that id. */
static inline void token_of(const struct tl_token_key *key, const char *agent, char *out,
                            size_t size)
{
    struct tl_claims c = {.name = "Somebody with a name",
                          .expires_at = tl_clock_wall() + TL_HOUR(1)};
    struct tl_buf token = TL_BUF(TL_TOKEN_MAX);

    strcpy(c.kind, agent ? "agent" : "visitor");
    strcpy(c.tier, agent ? "" : "gold");
    strcpy(c.role, agent ? "agent" : "");
    c.subject = tl_id_new();
    if (agent)
        tl_str_put(c.subject.s, sizeof(c.subject.s), tl_str(agent));
    if (tl_token_sign(&token, key, &c) || !tl_str_put(out, size, tl_buf_str(&token)))
        die("token");
    tl_buf_done(&token);
}

#endif
