/*
 * A running service: what /healthz, /readyz and /metrics say, and what happens on SIGHUP.
 *
 * Liveness is progress: /healthz is answered by the loop itself, so an answer proves that it turns.
 * Readiness is truth: every need is asked at the moment of the question.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <tl_mem.h>
#include <unistd.h>

#include "../metrics/metrics.h"
#include "svc.h"

static void on_healthz(void *arg, struct tl_http_req *req)
{
    TL_UNUSED(arg);
    tl_http_reply(req, 200, "text/plain", "alive\n", 6);
}

bool svc_is_ready(const struct tl_svc *svc)
{
    if (svc->phase != SVC_RUNNING)
        return false;
    for (unsigned i = 0; i < svc->n_needs; i++)
        if (!svc->needs[i].ok(svc->needs[i].arg))
            return false;
    return true;
}

static void on_readyz(void *arg, struct tl_http_req *req)
{
    const struct tl_svc *svc = arg;
    struct tl_buf b = TL_BUF(4096);
    bool ready = svc_is_ready(svc);

    tl_buf_printf(&b, "{\"ready\":%s,\"draining\":%s,\"needs\":{", ready ? "true" : "false",
                  svc->phase == SVC_RUNNING ? "false" : "true");
    for (unsigned i = 0; i < svc->n_needs; i++) {
        const struct svc_need *need = &svc->needs[i];

        tl_buf_puts(&b, i ? "," : "");
        tl_buf_json_str(&b, tl_str(need->name));
        tl_buf_printf(&b, ":%s", need->ok(need->arg) ? "true" : "false");
    }
    tl_buf_puts(&b, "}}\n");
    tl_http_reply(req, ready ? 200 : 503, "application/json", b.p, b.n);
    tl_buf_done(&b);
}

static void on_metrics(void *arg, struct tl_http_req *req)
{
    struct tl_buf b = TL_BUF(16 * 1024 * 1024);

    TL_UNUSED(arg);
    if (tl_metrics_write(&b))
        tl_http_problem(req, 503, "Metrics do not fit", NULL, NULL);
    else
        tl_http_reply(req, 200, "text/plain; version=0.0.4", b.p, b.n);
    tl_buf_done(&b);
}

/* The process as seen from outside, in the names that Prometheus' dashboards expect. */
static void read_process(void *arg)
{
    struct tl_svc *svc = arg;
    struct rusage u;
    long pages = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    if (f) {
        if (fscanf(f, "%ld %ld", &pages, &resident) == 2)
            tl_metric_set(tl_gauge("process_resident_memory_bytes", NULL, "Resident memory."),
                          (double)resident * (double)sysconf(_SC_PAGESIZE));
        (void)fclose(f); /* was only read */
    }
    if (getrusage(RUSAGE_SELF, &u) == 0)
        tl_metric_set(tl_gauge("process_cpu_seconds_total", NULL, "CPU time used."),
                      (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                          (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
    tl_metric_set(svc->ready, svc_is_ready(svc));
}

int svc_routes(struct tl_svc *svc)
{
    const struct tl_route routes[] = {
        {.method = "GET", .path = "/healthz", .fn = on_healthz, .arg = svc},
        {.method = "GET", .path = "/readyz", .fn = on_readyz, .arg = svc},
        {.method = "GET", .path = "/metrics", .fn = on_metrics, .arg = svc},
    };
    char name[96];
    int err = 0;

    metrics_name(name, "ready");
    svc->ready = tl_gauge(name, NULL, "1: ready, 0: a need is missing or draining.");
    tl_metrics_on_read(read_process, svc);
    for (size_t i = 0; i < TL_LEN(routes) && !err; i++)
        err = tl_http_route(svc->http, &routes[i]);
    return err;
}

/* Says once what is missing, and once that it is back. */
void svc_watch(void *arg)
{
    struct tl_svc *svc = arg;
    bool ready = svc_is_ready(svc);

    for (unsigned i = 0; i < svc->n_needs; i++) {
        struct svc_need *need = &svc->needs[i];
        bool ok = need->ok(need->arg);

        if (need->was_ok && !ok)
            tl_warn("not ready: a need is missing", TL_S("need", need->name));
        need->was_ok = ok;
    }
    if (ready && !svc->ready_said)
        tl_info("ready", TL_I("port", tl_http_port(svc->http)));
    svc->ready_said = ready;
}

void svc_on_hup(void *arg)
{
    struct tl_svc *svc = arg;

    tl_info("reloading");
    for (unsigned i = 0; i < svc->reload.n; i++)
        svc->reload.at[i].fn(svc->reload.at[i].arg);
}

int tl_svc_run(struct tl_svc *svc)
{
    int rc;

    tl_info("started", TL_I("port", tl_http_port(svc->http)), TL_I("pid", getpid()));
    tl_timer_every(svc->watch, TL_SEC(1));
    svc_watch(svc);
    (void)tl_loop_run(svc->loop); /* until drain.c stops it */
    for (unsigned i = 0; i < svc->stop.n; i++)
        svc->stop.at[i].fn(svc->stop.at[i].arg);
    tl_info("stopped");
    rc = svc->exit_code;
    svc_free(svc);
    return rc;
}

void svc_free(struct tl_svc *svc)
{
    if (!svc)
        return;
    tl_http_free(svc->http);
    tl_redis_close(svc->redis);
    tl_bus_close(svc->bus);
    tl_timer_free(svc->watch);
    tl_timer_free(svc->drain_check);
    tl_timer_free(svc->drain_end);
    tl_loop_free(svc->loop);
    tl_buf_done(&svc->nats_password);
    tl_buf_done(&svc->redis_password);
    tl_metrics_reset(); /* its readers belong to this service */
    tl_free(svc);
}

/* ---- what main() asks for ------------------------------------------------------------------ */

struct tl_loop *tl_svc_loop(struct tl_svc *svc)
{
    return svc->loop;
}

struct tl_http *tl_svc_http(struct tl_svc *svc)
{
    return svc->http;
}

const char *tl_svc_config_dir(const struct tl_svc *svc)
{
    return svc->conf.config_dir;
}

static bool bus_ok(void *arg)
{
    return tl_bus_ready(arg);
}

static bool redis_ok(void *arg)
{
    return tl_redis_ready(arg);
}

static const char *text_or_null(const char *s)
{
    return s && *s ? s : NULL;
}

struct tl_bus *tl_svc_bus(struct tl_svc *svc)
{
    struct tl_bus_opts opts = {.url = svc->conf.nats_url,
                               .user = text_or_null(svc->conf.nats_user),
                               .password = text_or_null(svc->nats_password.p),
                               .name = svc->name};

    if (!opts.password)
        opts.user = NULL;
    if (!svc->bus && tl_bus_open(&svc->bus, svc->loop, &opts) == 0 &&
        tl_svc_need(svc, "nats", bus_ok, svc->bus))
        svc->bus = tl_bus_close(svc->bus);
    return svc->bus;
}

struct tl_redis *tl_svc_redis(struct tl_svc *svc)
{
    struct tl_redis_opts opts = {.url = svc->conf.redis_url,
                                 .user = text_or_null(svc->conf.redis_user),
                                 .password = text_or_null(svc->redis_password.p)};

    if (!svc->redis && tl_redis_open(&svc->redis, svc->loop, &opts) == 0 &&
        tl_svc_need(svc, "redis", redis_ok, svc->redis))
        svc->redis = tl_redis_close(svc->redis);
    return svc->redis;
}

int tl_svc_need(struct tl_svc *svc, const char *name, bool (*ok)(void *arg), void *arg)
{
    if (svc->n_needs == SVC_NEEDS)
        return -ENOSPC;
    svc->needs[svc->n_needs++] =
        (struct svc_need){.name = name, .ok = ok, .arg = arg, .was_ok = true};
    return 0;
}

static int hook_add(struct svc_hooks *hooks, struct svc_hook hook)
{
    if (hooks->n == SVC_HOOKS)
        return -ENOSPC;
    hooks->at[hooks->n++] = hook;
    return 0;
}

int tl_svc_on_drain(struct tl_svc *svc, tl_fn *fn, void *arg)
{
    return hook_add(&svc->drain, (struct svc_hook){.fn = fn, .arg = arg});
}

int tl_svc_drain_until(struct tl_svc *svc, bool (*idle)(void *arg), void *arg)
{
    return hook_add(&svc->drain, (struct svc_hook){.idle = idle, .arg = arg});
}

int tl_svc_on_stop(struct tl_svc *svc, tl_fn *fn, void *arg)
{
    return hook_add(&svc->stop, (struct svc_hook){.fn = fn, .arg = arg});
}

int tl_svc_on_reload(struct tl_svc *svc, tl_fn *fn, void *arg)
{
    return hook_add(&svc->reload, (struct svc_hook){.fn = fn, .arg = arg});
}
