/**
 * @file svc.h  What the files of the service's life share.
 *
 * start.c  settings, --help, --health, and everything opened
 * svc.c    running: health, readiness, reload
 * drain.c  the end
 */
#ifndef TL_SVC_INSIDE_H
#define TL_SVC_INSIDE_H

#include <tl_svc.h>

enum { SVC_NEEDS = 16, SVC_HOOKS = 16, SVC_SETTINGS = 96 };

struct svc_need {
    const char *name;
    bool (*ok)(void *arg);
    void *arg;
    bool was_ok;
};

struct svc_hook {
    tl_fn *fn; /**< NULL: idle is asked instead */
    bool (*idle)(void *arg);
    void *arg;
};

struct svc_hooks {
    struct svc_hook at[SVC_HOOKS];
    unsigned n;
};

/** What every service reads from its environment. */
struct svc_common {
    int64_t port, drain_s;
    const char *address, *nats_url, *nats_user, *nats_password_file, *redis_url, *redis_user,
        *redis_password_file, *config_dir, *log_level, *proxies;
};

struct tl_svc {
    char name[40];
    struct svc_common conf;
    struct tl_buf nats_password, redis_password;
    struct tl_loop *loop;
    struct tl_http *http;
    struct tl_bus *bus;
    struct tl_redis *redis;
    struct svc_need needs[SVC_NEEDS];
    unsigned n_needs;
    struct svc_hooks drain, stop, reload;
    struct tl_timer *watch; /**< looks at the needs once a second, to log what changes */
    bool ready_said;
    struct tl_metric *ready;
    /* the end */
    bool leaving; /**< the service asked for it */
    enum { SVC_RUNNING, SVC_FINISHING, SVC_STEPS, SVC_BUS, SVC_STOPPED } phase;
    unsigned step;                    /**< of drain */
    const struct svc_hook *waits_for; /**< the step whose idle() is asked; NULL: none */
    struct tl_timer *drain_check, *drain_end;
    tl_time finish_by; /**< requests and WebSockets that are open get until then */
    int exit_code;
};

int svc_routes(struct tl_svc *svc);
bool svc_is_ready(const struct tl_svc *svc);
void svc_watch(void *arg);
/** Opens nothing, frees everything. */
void svc_free(struct tl_svc *svc);

/** SIGTERM or SIGINT: drain; the second one ends the process at once. */
void svc_on_term(void *arg);
void svc_on_hup(void *arg);

#endif
