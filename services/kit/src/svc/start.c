/* From main() to a loop that can run: settings first, and nothing is opened while one is wrong. */
#include <arpa/inet.h>
#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <tl_mem.h>
#include <unistd.h>

#include "../http/http.h"
#include "svc.h"

enum { EXIT_CONFIG = 78 }; /* sysexits.h: EX_CONFIG */

/* The names of one service's common settings. */
struct names {
    char prefix[48];
    char port[64], address[64], nats_user[64], nats_password[80], redis_user[64],
        redis_password[80];
};

static void make_names(struct names *n, const char *service)
{
    char upper[40];

    (void)tl_str_put(upper, sizeof(upper), tl_str(service)); /* cut is fine */
    for (char *p = upper; *p; p++)
        *p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
    (void)snprintf(n->prefix, sizeof(n->prefix), "TL_%s_", upper);
    (void)snprintf(n->port, sizeof(n->port), "%sPORT", n->prefix);
    (void)snprintf(n->address, sizeof(n->address), "%sADDRESS", n->prefix);
    (void)snprintf(n->nats_user, sizeof(n->nats_user), "%sNATS_USER", n->prefix);
    (void)snprintf(n->nats_password, sizeof(n->nats_password), "%sNATS_PASSWORD_FILE", n->prefix);
    (void)snprintf(n->redis_user, sizeof(n->redis_user), "%sREDIS_USER", n->prefix);
    (void)snprintf(n->redis_password, sizeof(n->redis_password), "%sREDIS_PASSWORD_FILE",
                   n->prefix);
}

/* The common settings, then the service's own. */
static size_t make_table(struct tl_setting *t, const struct names *n, const char *service,
                         struct svc_common *c, const struct tl_setting *own, size_t n_own)
{
    const struct tl_setting common[] = {
        TL_SET_NUM(n->port, &c->port, 0, 0, 65535, "HTTP port; 0: any"),
        TL_SET_TEXT(n->address, &c->address, "127.0.0.1", "HTTP address to listen on"),
        TL_SET_TEXT("TL_PROXIES", &c->proxies, "127.0.0.0/8",
                    "networks whose X-Real-IP is believed, separated by spaces"),
        TL_SET_TEXT("TL_NATS_URL", &c->nats_url, "nats://127.0.0.1:18022", "NATS server"),
        TL_SET_TEXT(n->nats_user, &c->nats_user, service, "NATS user"),
        TL_SET_TEXT(n->nats_password, &c->nats_password_file, "", "file with its password"),
        TL_SET_TEXT("TL_REDIS_URL", &c->redis_url, "redis://127.0.0.1:18079", "Redis server"),
        TL_SET_TEXT(n->redis_user, &c->redis_user, "", "Redis ACL user; empty: default"),
        TL_SET_TEXT(n->redis_password, &c->redis_password_file, "", "file with its password"),
        TL_SET_TEXT("TL_CONFIG_DIR", &c->config_dir, "deploy/config", "folder of the YAML rules"),
        TL_SET_TEXT("TL_LOG_LEVEL", &c->log_level, "info", "debug, info, warn or error"),
        TL_SET_NUM("TL_DRAIN_S", &c->drain_s, 10, 1, 300, "seconds to finish after SIGTERM"),
    };
    size_t n_common = TL_LEN(common);

    n_own = TL_LOWER(n_own, SVC_SETTINGS - n_common);
    memcpy(t, common, sizeof(common));
    if (n_own)
        memcpy(t + n_common, own, n_own * sizeof(*own));
    return n_common + n_own;
}

/* A setting that nobody reads is a typing error. */
static int check_unknown(const struct tl_setting *t, size_t n, const char *prefix,
                         struct tl_buf *why)
{
    int err = 0;

    for (char **e = environ; *e; e++) {
        size_t name_n = strcspn(*e, "=");
        bool known = false;

        if (strncmp(*e, prefix, strlen(prefix)) != 0)
            continue;
        for (size_t i = 0; i < n && !known; i++)
            known = strlen(t[i].name) == name_n && strncmp(t[i].name, *e, name_n) == 0;
        if (!known) {
            tl_buf_printf(why, "%.*s: unknown setting (see --help)\n", (int)name_n, *e);
            err = -EINVAL;
        }
    }
    return err;
}

static int parse_level(const char *text, enum tl_level *ret)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    for (size_t i = 0; i < TL_LEN(names); i++)
        if (strcmp(text, names[i]) == 0) {
            *ret = (enum tl_level)i;
            return 0;
        }
    return -EINVAL;
}

static int load(struct svc_common *c, const struct tl_setting *t, size_t n, const char *prefix,
                enum tl_level *ret_level, struct tl_buf *why)
{
    struct http_proxies proxies;
    int err = tl_conf_load(t, n, why);

    if (check_unknown(t, n, prefix, why) && !err)
        err = -EINVAL;
    if (c->proxies && http_proxies_read(&proxies, c->proxies)) {
        tl_buf_printf(why, "TL_PROXIES: not networks like 10.0.0.0/8, between spaces, at most 8\n");
        err = -EINVAL;
    }
    if (c->log_level && parse_level(c->log_level, ret_level)) {
        tl_buf_printf(why, "TL_LOG_LEVEL: \"%.20s\" is not debug, info, warn or error\n",
                      c->log_level);
        err = -EINVAL;
    }
    return err;
}

static int help(const char *service, const struct tl_setting *t, size_t n)
{
    struct tl_buf out = TL_BUF(64 * 1024);

    tl_buf_printf(&out,
                  "usage: tl-%s [--help | --health]\n\n"
                  "Settings come from the environment:\n",
                  service);
    tl_conf_help(t, n, &out);
    fputs(out.p ? out.p : "", stdout);
    tl_buf_done(&out);
    return 0;
}

/* For container health checks: does the service on our port answer? */
static int health(const struct svc_common *c)
{
    static const char ask[] =
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)c->port)};
    struct timeval limit = {.tv_sec = 2};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char answer[16] = "";
    int rc = 1;

    if (fd < 0 || inet_pton(AF_INET, c->address, &at.sin_addr) != 1)
        goto out;
    if (at.sin_addr.s_addr == htonl(INADDR_ANY))
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)); /* Linux: cannot fail */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
        send(fd, ask, sizeof(ask) - 1, MSG_NOSIGNAL) == (ssize_t)sizeof(ask) - 1 &&
        recv(fd, answer, 12, MSG_WAITALL) == 12 && memcmp(answer, "HTTP/1.1 200", 12) == 0)
        rc = 0;
out:
    if (fd >= 0)
        close(fd);
    return rc;
}

static int read_secret(const char *path, struct tl_buf *ret, struct tl_buf *why)
{
    int err = path && *path ? tl_conf_secret(path, ret) : 0;

    if (err)
        tl_buf_printf(why, "%s: %s\n", path, strerror(-err));
    return err;
}

static int open_all(struct tl_svc *svc, struct tl_buf *why)
{
    struct tl_http_opts http = {.address = svc->conf.address,
                                .port = (uint16_t)svc->conf.port,
                                .proxies = svc->conf.proxies};
    int err = tl_loop_new(&svc->loop);

    /* Signals first: who finds the port open may send one. */
    if (!err)
        err = tl_loop_signal(svc->loop, SIGTERM, svc_on_term, svc);
    if (!err)
        err = tl_loop_signal(svc->loop, SIGINT, svc_on_term, svc);
    if (!err)
        err = tl_loop_signal(svc->loop, SIGHUP, svc_on_hup, svc);
    if (!err)
        err = tl_http_new(&svc->http, svc->loop, &http);
    if (err) {
        tl_buf_printf(why, "cannot listen on %s port %lld: %s\n", svc->conf.address,
                      (long long)svc->conf.port, strerror(-err));
        return err;
    }
    err = svc_routes(svc);
    if (!err)
        err = tl_timer_new(&svc->watch, svc->loop, svc_watch, svc);
    if (err)
        tl_buf_printf(why, "cannot start: %s\n", strerror(-err));
    return err;
}

static int complain(const char *name, struct tl_buf *why, int rc)
{
    fprintf(stderr, "tl-%s: %s", name, why->p ? why->p : "out of memory\n");
    tl_buf_done(why);
    return rc;
}

int tl_svc_start(struct tl_svc **ret, int argc, char **argv, const char *name,
                 const struct tl_setting *settings, size_t n)
{
    static struct names names; /* the table points into it */
    struct tl_setting table[SVC_SETTINGS];
    struct svc_common common = {0};
    struct tl_buf why = TL_BUF(16 * 1024);
    enum tl_level level = TL_INFO;
    struct tl_svc *svc;

    *ret = NULL;
    make_names(&names, name);
    n = make_table(table, &names, name, &common, settings, n);
    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        return help(name, table, n);
    if (argc > 1 && strcmp(argv[1], "--health") != 0) {
        tl_buf_printf(&why, "%.80s: unknown argument (see --help)\n", argv[1]);
        return complain(name, &why, EXIT_CONFIG);
    }
    if (load(&common, table, n, names.prefix, &level, &why))
        return complain(name, &why, EXIT_CONFIG);
    if (argc > 1)
        return health(&common);

    svc = tl_alloc(1, sizeof(*svc));
    if (!svc)
        return complain(name, &why, 1);
    (void)tl_str_put(svc->name, sizeof(svc->name), tl_str(name)); /* cut is fine */
    svc->conf = common;
    svc->nats_password = svc->redis_password = TL_BUF(4096);
    if (read_secret(common.nats_password_file, &svc->nats_password, &why) ||
        read_secret(common.redis_password_file, &svc->redis_password, &why)) {
        svc_free(svc);
        return complain(name, &why, EXIT_CONFIG);
    }
    (void)signal(SIGPIPE,
                 SIG_IGN); /* hiredis uses write(); a vanished peer is an error, not an end */
    tl_log_setup(name, level);
    if (open_all(svc, &why)) {
        svc_free(svc);
        return complain(name, &why, 1);
    }
    tl_buf_done(&why);
    *ret = svc;
    return 0;
}

int tl_svc_refuse(struct tl_svc *svc, const char *why)
{
    fprintf(stderr, "tl-%s: %s\n", svc->name, why);
    tl_error("cannot start", TL_S("why", why));
    svc_free(svc);
    return EXIT_CONFIG;
}
